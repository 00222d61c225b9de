"""Which to retry where a sub-workflow failed and its caller with it: one of both at most, since the caller calls it anew."""

from __future__ import annotations

from incident_nb.actions.verdict import Kind, Verdict
from incident_nb.actions.wording import named
from incident_nb.models import Frozen


class Choice(Frozen):
    """Which of a parent and its child to retry, if any, and why."""

    execution_id: str | None
    verdict: Kind
    reason: str


def linked(parent: Verdict, child: Verdict) -> Choice:
    """Which of a failed execution and the failed sub-workflow run in it to retry: never both, for the parent calls it anew."""
    if parent.child != child.execution_id and child.parent != parent.execution_id:
        return _none("The two executions do not belong together.")
    if parent.retried or child.retried:
        return _none(
            "One of the two was retried with success already, so a retry of the other would do its work again."
        )
    unwritten = child.verdict == "safe" and not child.wrote
    if parent.verdict == "not_possible" or parent.doubts:
        return _none(f"The parent can't simply be retried: {parent.doubts[0] if parent.doubts else parent.reason}")
    if unwritten or (child.verdict == "safe_if_keyed" and not child.wrote):
        return Choice(
            execution_id=parent.execution_id, verdict=child.verdict,
            reason="The sub-workflow runs whole again and had written nothing before it failed"
            + (", its failing node under a key" if not unwritten else "")
            + "; the parent then goes on, which a retry of the sub-workflow alone would not make it do.",
        )  # fmt: skip
    if child.verdict in ("safe", "safe_if_keyed") and parent.rerun == (parent.node,):
        return Choice(
            execution_id=child.execution_id, verdict=child.verdict,
            reason=f"A retry of the parent would have {named(child.wrote)} write again; nothing comes after the call in the"
            " parent, so the sub-workflow alone does all that is left. The parent stays failed.",
        )  # fmt: skip
    if child.wrote:
        return _none(
            f"A retry of the parent would have {named(child.wrote)} write again, and after a retry of the sub-workflow alone"
            " the parent's later nodes would not run."
        )
    return _none(child.reason)


def _none(reason: str) -> Choice:
    return Choice(execution_id=None, verdict="needs_person", reason=reason if reason.endswith(".") else f"{reason}.")
