"""Failed executions of an incident and what is to be done with each: the words of the plan, and the verdict on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from incident_nb.actions.attempts import family
from incident_nb.actions.sight import Sight
from incident_nb.actions.verdict import Verdict, judge
from incident_nb.incidents.kinds.recovering import Harmed
from incident_nb.models import Frozen
from incident_nb.readers.node_input import Json, as_dict

ALL_OVER = ("well", "failed")

MOST_ATTEMPTS = 20  # at the same work, beyond which a person looks

Do = Literal["retry", "keyed", "person", "apart", "with", "done", "going_on", "unsure"]


class Row(Frozen):
    """An affected execution, and what is to be done with it.

    `retry`: it would be retried. `keyed`: only if asked for (`keyed`), since what it writes again bears a key. `person`:
    somebody has to look, and name it. `apart`: it can't be retried; only a new run from its trigger would do it. `with`: it
    is done by the retry of its caller or sub-workflow. `done`, `going_on`: retried already. `unsure`: it was asked for, and
    nobody knows what came of it. `verdict` has the reasons; `why` is the one that counts. `asked_at`: when it was last asked
    for on behalf of this incident (UTC). `partner`: the verdict on the caller that it failed in, or on the sub-workflow's run
    that failed in it.
    """

    execution_id: str
    workflow_id: str
    workflow: str
    at: datetime
    do: Do
    why: str
    verdict: Verdict | None = None
    retry_id: str | None = None
    asked_at: datetime | None = None
    partner: Verdict | None = None
    partner_workflow_id: str | None = None


class Plan(Frozen):
    """What would be retried on a server, oldest first; `harm` is what was counted, `left_out` executions beyond `MOST`.

    `lacks`: what the server's executions lack, so that some may be missing here. `missed`: what did not run at all while
    workflows were stopped. `others`: executions that failed in another way.
    """

    number: int
    instance: str
    since: datetime
    fixed: bool
    rows: tuple[Row, ...]
    harm: Harmed
    left_out: int = 0
    lacks: str = ""
    missed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def of(self, *do: Do) -> tuple[Row, ...]:
        """The rows with which this is to be done."""
        return tuple(row for row in self.rows if row.do in do)


class Choice(Frozen):
    """What a person asked for: these executions whatever their verdict, and those whose writes bear a key."""

    executions: tuple[str, ...] = ()
    keyed: bool = False


def judged(execution_id: str, workflow_id: str, sight: Sight) -> Verdict:
    """Whether a retry of an execution is safe, as the server is now."""
    execution = sight.execution(execution_id)
    if execution is None:
        gone = "It is gone from n8n: pruned, or deleted."
        return Verdict(execution_id=execution_id, verdict="not_possible", reason=gone)
    workflow, runs = sight.workflow(workflow_id), sight.runs(workflow_id)
    kept = [as_dict(as_dict(flow).get("settings")) for flow in (workflow, execution.get("workflowData"))]
    told = all(one.get("saveDataSuccessExecution") in ("all", "none") for one in kept)
    return judge(
        execution, workflow, runs, earlier_wrote_nothing=_wrote_nothing(execution, workflow, runs, sight),
        keeps_good=told or sight.keeps_good(workflow_id),
    )  # fmt: skip


def _wrote_nothing(execution: Json, workflow: Json | None, runs: Sequence[Json], sight: Sight) -> bool:
    """Whether all other attempts at the same work are known to have written nothing where they failed."""
    others, before = {str(run.get("id")) for run in family(execution, runs)}, execution.get("retryOf")
    while before is not None and len(others) < MOST_ATTEMPTS:  # those that are older than the list
        others.add(str(before))
        before = as_dict(sight.execution(str(before))).get("retryOf")
    if len(others) >= MOST_ATTEMPTS:
        return False
    made = [sight.execution(name) for name in others]
    return all(one is not None and judge(one, workflow, earlier_wrote_nothing=True).verdict == "safe" for one in made)


def allowed(verdict: Verdict, name: str, choice: Choice) -> bool:
    """Whether an execution may be retried with this verdict."""
    if verdict.verdict == "not_possible":
        return False
    return (
        verdict.verdict == "safe" or name in choice.executions or (choice.keyed and verdict.verdict == "safe_if_keyed")
    )
