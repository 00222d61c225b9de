"""Is it safe to retry a failed execution? A verdict with its reason, from what n8n kept of it and the workflow as it is now.

A retry goes on at the node that failed, with all the items it had: nodes before it do not run again, and what the failing
node had written before it failed is written again (tests_n8n/test_replay.py shows it on real servers). n8n itself keeps
nobody from retrying twice, nor from retrying what was stopped, waits or crashed: so that is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from incident_nb.actions.ahead import differences, nodes_by_name, rerun, unmet, used_by
from incident_nb.actions.attempts import other_attempts
from incident_nb.actions.deeds import Deed, deed
from incident_nb.actions.refusals import Reach, reach
from incident_nb.actions.wording import listed, named
from incident_nb.models import Frozen
from incident_nb.readers.node_input import Json, as_dict, as_list, error_of, runs_of

Kind = Literal["safe", "safe_if_keyed", "needs_person", "not_possible"]
_NO_FAILURE = {
    "success": "The execution succeeded.",
    "running": "The execution is still running.",
    "new": "The execution has not begun.",
    "waiting": "The execution waits, and goes on by itself; a retry would run the rest a second time.",
    "canceled": "The execution was stopped, not failed: n8n kept no place to go on, and a retry would do nothing.",
    "crashed": "n8n crashed during the execution: a retry would begin again at the trigger, and run all nodes once more.",
}
_BY_HAND = ("manual", "cli", "evaluation", "chat")
_CALLS = "n8n-nodes-base.executeWorkflow"
_SAVED_NONE = "none"


class Verdict(Frozen):
    """Whether a retry is safe, why in one sentence, and what it would run.

    `safe`: the failing node wrote nothing. `safe_if_keyed`: what it writes again bears a key that tells the service so.
    `needs_person`: some of it may be written already. `not_possible`: there is nothing to go on with.
    `current`: the retry must load the workflow as it is now. `rerun`: the nodes that will run. `wrote`: the nodes that had
    run well and may have written, which only a whole new run would repeat. `parent`, `child`: the execution that called
    this one, or that failed in it: ask `linked` which of the two to retry. `doubts`: what else keeps it from being safe.
    """

    execution_id: str
    verdict: Kind
    reason: str
    current: bool = False
    why_current: str | None = None
    node: str | None = None
    items: int | None = None
    rerun: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    parent: str | None = None
    child: str | None = None
    retried: bool = False
    doubts: tuple[str, ...] = ()


def judge(
    execution: Json, workflow: Json | None, runs: Iterable[Json] = (), *, earlier_wrote_nothing: bool = False,
    keeps_good: bool = True,
) -> Verdict:  # fmt: skip
    """Whether `execution`, as n8n gives it with its data, can be retried safely.

    `workflow`: as n8n gives it now; None if it is gone. `runs`: the workflow's other executions, with or without data.
    An execution does not tell of retries that failed, nor of retries of its retries: without `runs` they stay unknown.
    `earlier_wrote_nothing`: that is known of all other attempts at it that came before. `keeps_good`: n8n keeps good
    executions of the workflow where its settings do not say.
    """
    name = str(execution.get("id"))
    if impossible := _impossible(execution, workflow):
        return Verdict(
            execution_id=name, verdict="not_possible", reason=impossible, parent=_parent(execution),
            retried=execution.get("retrySuccessId") is not None,
        )  # fmt: skip
    assert workflow is not None  # noqa: S101  `_impossible` has seen to it
    ran_as, stack = as_dict(execution.get("workflowData")), _stack(execution)
    start = list(dict.fromkeys(str(as_dict(entry.get("node")).get("name")) for entry in stack))
    failing, items = start[0], _items(stack[0])
    node = nodes_by_name(ran_as).get(failing) or as_dict(stack[0].get("node"))
    # On 2.x a draft may differ from what is live. Only what is live asks for the current version; the draft is what loads.
    live = as_dict(workflow.get("activeVersion"))
    changed = differences(ran_as, live if live.get("nodes") else workflow, rerun(ran_as, start))
    current, error, done = bool(changed), error_of(execution, failing), deed(node)
    ahead = rerun(workflow if current else ran_as, start)
    attempts = other_attempts(execution, runs)
    about: dict[str, Any] = {
        "execution_id": name, "node": failing, "items": items, "current": current, "rerun": ahead,
        "why_current": f"The workflow was changed since: {listed(changed)}." if current else None,
        "wrote": wrote(execution, failing), "parent": _parent(execution),
        "child": _text(error.get("executionId")) if node.get("type") == _CALLS else None,
    }  # fmt: skip
    if attempts.settled:
        return Verdict(verdict="not_possible", reason=attempts.settled, retried=attempts.went_well, **about)
    doubts = [
        *_doubts(execution, workflow, failing, ahead, current),
        *([attempts.doubt] if attempts.doubt else []),
        *_of_node(execution, node, done, error, items, ran_as, again=not earlier_wrote_nothing),
    ]
    kind, reason = _settled(node, done, reach(error, done), items)
    if kind == "safe_if_keyed" and current and (now := deed(nodes_by_name(workflow)[failing])).kind == "writes":
        kind, reason = "needs_person", f"“{failing}” wrote under a key when it ran; as it is now, {now.why}"
    if kind == "safe" and (untraced := _untraced(ran_as, workflow, ahead, keeps_good=keeps_good)):
        doubts.append(untraced)
    if doubts and kind in ("safe", "safe_if_keyed"):
        kind, reason = "needs_person", doubts[0]
    return Verdict(verdict=kind, reason=f"{reason}.", doubts=tuple(doubts), **about)


def _impossible(execution: Json, workflow: Json | None) -> str | None:
    """Why there is nothing to retry, if so."""
    status = execution.get("status")
    if status != "error":
        return _NO_FAILURE.get(str(status), "n8n does not say that the execution failed.")
    if execution.get("retrySuccessId") is not None:
        return f"It was retried with success already (execution {execution['retrySuccessId']}); n8n would do all of it again."
    if workflow is None:
        return "The workflow is gone, and its executions with it."
    if not as_dict(execution.get("data")):
        large = execution.get("dataTooLargeToDisplay")
        return f"The execution's data {'is too large to be judged' if large else 'was not saved, or is gone'}."
    stack = _stack(execution)
    names = [_text(as_dict(entry.get("node")).get("name")) for entry in stack]
    if not names or None in names:
        return "n8n kept no place to go on: a retry would do nothing, and be called a success."
    if not nodes_by_name(as_dict(execution.get("workflowData"))):
        return "The workflow that ran was not kept with the execution."
    there = nodes_by_name(workflow)
    if gone := [str(name) for name in names if name not in there]:
        return (
            f"{named(gone)} is no longer in the workflow, renamed or removed, so the current version can't go on there."
        )
    return None


def _doubts(execution: Json, workflow: Json, failing: str, ahead: tuple[str, ...], current: bool) -> list[str]:
    """What keeps a retry from being safe whatever the failing node did."""
    found = []
    result = as_dict(as_dict(execution.get("data")).get("resultData"))
    last = result.get("lastNodeExecuted")
    if last != failing:
        found.append(
            f"n8n would go on at “{failing}”, but the node it last ran is {f'“{last}”' if last else 'not known'}"
        )
    if execution.get("mode") in _BY_HAND:
        found.append("The run was started by hand, perhaps in part and with pinned data; start it by hand again")
    if workflow.get("isArchived"):
        found.append("The workflow is archived")
    if not current:
        return found
    nodes = nodes_by_name(workflow)
    if nodes[failing].get("disabled"):
        found.append(
            f"“{failing}” is switched off now: its items would pass it untouched, and the retry be called a success"
        )
    published = as_dict(workflow.get("activeVersion"))
    if published.get("nodes") and differences(published, workflow, ahead):
        found.append(
            "The retry would run the draft, which differs from the published version; publish or discard it first"
        )
    if workflow.get("active") is False and execution.get("mode") != "integrated":  # 1.x activates no sub-workflow
        found.append(
            "The workflow is stopped, and the retry would run what is saved of it, which differs from what ran; "
            "put it back or publish it first"
        )
    ran = as_dict(result.get("runData"))
    if missing := unmet(workflow, ahead, ran):
        found.append(f"As the workflow is now, it refers to {named(missing)}, which did not run in this execution")
    return found


def _of_node(execution: Json, node: Json, done: Deed, error: Json, items: int, flow: Json, *, again: bool) -> list[str]:
    """What about the failing node is not told by its operation and its error."""
    name, found = str(node.get("name")), []
    hung = {one: deed(nodes_by_name(flow)[one]) for one in used_by(flow, [name]) if one in nodes_by_name(flow)}
    if acting := [one for one, does in hung.items() if does.kind != "reads"]:
        found.append(f"“{name}” uses {named(acting)}, which may have written before it failed")
    if done.kind == "writes" and node.get("retryOnFail"):
        found.append(
            f"“{name}” tries again by itself, and an earlier try, of which n8n keeps nothing, may have written"
        )
    if again and done.kind == "writes" and execution.get("retryOf") is not None:
        found.append(f"This is a retry of execution {execution['retryOf']}, in which “{name}” may have written already")
    called = node.get("type") == _CALLS and _text(error.get("executionId")) is not None
    if called and (as_dict(node.get("parameters")).get("mode") != "once" and items > 1):
        found.append(f"“{name}” calls its sub-workflow once an item, and earlier calls may have gone well")
    return found


def _settled(node: Json, done: Deed, got: Reach, items: int) -> tuple[Kind, str]:
    """The verdict by what the node does and how far its call got."""
    name = f"“{node.get('name')}”"
    if done.kind == "reads":
        return "safe", f"{name} wrote nothing: {done.why}"
    if node.get("type") == _CALLS:
        if got.how == "unsent" and (items == 1 or as_dict(node.get("parameters")).get("mode") == "once"):
            return "safe", f"{name} never started its sub-workflow"
        return (
            "needs_person",
            f"{name} failed in its sub-workflow, which would run whole again, with all that it writes",
        )
    one = items == 1 or bool(node.get("executeOnce"))
    first = done.in_order and got.item == 0
    if done.single and got.how != "open" and (one or first):
        which = "" if one else " of the first item, and it takes them in order"
        return "safe", f"{name} wrote nothing: {got.words}{which}"
    if done.kind == "keyed":
        return "safe_if_keyed", f"{name} may have written already, but {done.why}"
    if not one:
        return (
            "needs_person",
            f"{name} had {items} items, of which some may be written already: {done.why}; {got.words}",
        )
    return "needs_person", f"{name} may have written already: {done.why}; {got.words}"


def _untraced(ran_as: Json, workflow: Json, ahead: tuple[str, ...], *, keeps_good: bool) -> str | None:
    """That a good retry would have left no trace, where it would have written something."""
    kept = [as_dict(flow.get("settings")).get("saveDataSuccessExecution") for flow in (ran_as, workflow)]
    nodes = nodes_by_name(workflow) | nodes_by_name(ran_as)
    hidden = _SAVED_NONE in kept or not (keeps_good or all(one == "all" for one in kept))
    if hidden and any(deed(nodes[name]).kind != "reads" for name in ahead if name in nodes):
        which = "keeps no good executions" if _SAVED_NONE in kept else "shows no good execution and may keep none"
        return f"The workflow {which}, so a retry that went well already would have left no trace"
    return None


def wrote(execution: Json, failing: str) -> tuple[str, ...]:
    """The nodes other than triggers that ended a run well and may have written in it."""
    nodes = nodes_by_name(as_dict(execution.get("workflowData")))
    ran = as_dict(as_dict(as_dict(execution.get("data")).get("resultData")).get("runData"))
    good = [
        str(name)
        for name in ran
        if any(not run.get("error") and as_list(run.get("source")) for run in runs_of(execution, str(name)))
    ]
    return tuple(
        name
        for name in good
        if deed(nodes.get(name, {})).kind != "reads" and (name != failing or len(runs_of(execution, name)) > 1)
    )


def _stack(execution: Json) -> list[Json]:
    kept = as_dict(as_dict(execution.get("data")).get("executionData")).get("nodeExecutionStack")
    return [as_dict(entry) for entry in as_list(kept)]


def _items(entry: Json) -> int:
    """How many items wait at all inputs of the node."""
    return sum(len(as_list(items)) for places in as_dict(entry.get("data")).values() for items in as_list(places))


def _parent(execution: Json) -> str | None:
    """The execution that called this one as its sub-workflow."""
    if execution.get("mode") != "integrated":
        return None
    data = as_dict(execution.get("data"))
    first = next(iter(as_dict(as_dict(data.get("resultData")).get("runData"))), "")
    own = [as_dict(run.get("metadata")).get("parentExecution") for run in runs_of(execution, first)[:1]]
    for one in (data.get("parentExecution"), *own):
        if (found := _text(as_dict(one).get("executionId"))) is not None:
            return found
    return None


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
