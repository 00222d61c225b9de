"""Which failed executions of an incident would be retried, and how: a verdict for each, what is apart, what was in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from incident_nb.actions.affected import Affected, Extent
from incident_nb.actions.contents import ITEMS, Things, things_at
from incident_nb.actions.fate import fate
from incident_nb.actions.linked import linked
from incident_nb.actions.missed import missed
from incident_nb.actions.sight import Sight
from incident_nb.actions.verdict import Verdict, judge
from incident_nb.desk import Desk
from incident_nb.errors import UsageError
from incident_nb.incidents.kinds.acting import key_of
from incident_nb.incidents.kinds.recovering import Harmed
from incident_nb.models import Frozen
from incident_nb.n8n import N8n
from incident_nb.readers.node_input import Json
from incident_nb.record import Incident
from incident_nb.said import Retry

MOST = 1_000  # executions of one plan; what is left is for the next one
ALL_OVER = ("well", "failed")

Do = Literal["retry", "keyed", "person", "apart", "with", "done", "going_on", "unsure"]
Progress = Callable[[int, int], None]


class Row(Frozen):
    """An affected execution, and what is to be done with it.

    `retry`: it would be retried. `keyed`: only if asked for (`keyed`), since what it writes again bears a key. `person`:
    somebody has to look, and name it. `apart`: it can't be retried; only a new run from its trigger would do it. `with`: it
    is done by the retry of its caller or sub-workflow. `done`, `going_on`: retried already. `unsure`: it was asked for, and
    nobody knows what came of it. `verdict` has the reasons; `why` is the one that counts. `asked_at`: when it was last asked
    for on behalf of this incident (UTC).
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


def plan(
    server: N8n, found: Extent, incident: Incident, now: datetime, choice: Choice | None = None, *, lacks: str = "",
    on_progress: Progress = lambda *_: None,
) -> Plan:  # fmt: skip
    """What is to be retried of what was affected, as the server is now. `now` in any zone.

    Raises UnreachableError where the server can't be asked, UsageError for an execution that was named and is none of it.
    """
    wanted = choice or Choice()
    known = {one.execution_id for one in found.executions}
    if wrong := [name for name in wanted.executions if name not in known]:
        raise UsageError(f"Execution {wrong[0]} is none of those that {incident.id} affected on {found.instance}.")
    mine = found.executions[:MOST]
    sight = Sight(server, found.since)
    verdicts: dict[str, Verdict] = {}
    harm = _Counted()
    for number, one in enumerate(mine):
        on_progress(number, len(mine))
        execution = sight.execution(one.execution_id)
        verdicts[one.execution_id] = judged(one.execution_id, one.workflow_id, sight)
        harm.add(one, verdicts[one.execution_id], execution and things_at(execution, _node(one, verdicts)))
    rows = _Rows(found, incident, sight, now, wanted, verdicts)
    return Plan(
        number=incident.number, instance=found.instance, since=found.since, fixed=incident.fixed is not None,
        rows=tuple(map(rows.row, mine)), harm=harm.told(found), left_out=len(found.executions) - len(mine), lacks=lacks,
        missed=tuple(missed(incident, found.instance, sight)), others=found.others,
    )  # fmt: skip


def judged(execution_id: str, workflow_id: str, sight: Sight) -> Verdict:
    """Whether a retry of an execution is safe, as the server is now."""
    execution = sight.execution(execution_id)
    if execution is None:
        gone = "It is gone from n8n: pruned, or deleted."
        return Verdict(execution_id=execution_id, verdict="not_possible", reason=gone)
    workflow = sight.workflow(workflow_id)
    nothing = _wrote_nothing(execution, workflow, sight)
    return judge(execution, workflow, sight.runs(workflow_id), earlier_wrote_nothing=nothing)


def _wrote_nothing(execution: Json, workflow: Json | None, sight: Sight) -> bool:
    """Whether all that an execution is a retry of is known to have written nothing where it failed."""
    seen = {str(execution.get("id"))}
    while (before := execution.get("retryOf")) is not None:
        earlier = None if str(before) in seen else sight.execution(str(before))
        if earlier is None or judge(earlier, workflow, earlier_wrote_nothing=True).verdict != "safe":
            return False
        seen.add(str(before))
        execution = earlier
    return True


def allowed(verdict: Verdict, name: str, choice: Choice) -> bool:
    """Whether an execution may be retried with this verdict."""
    if verdict.verdict == "not_possible":
        return False
    return (
        verdict.verdict == "safe" or name in choice.executions or (choice.keyed and verdict.verdict == "safe_if_keyed")
    )


def put_on_record(plan: Plan, desk: Desk) -> None:
    """Puts what was counted on record, unless that is what it says already."""
    known = desk.records.get(plan.number).harm
    if known is None or Harmed(**known.model_dump(exclude={"at", "by", "text"})) != plan.harm:
        desk.add(plan.number, Harmed.kind, **plan.harm.model_dump())


class _Rows:
    """What is to be done with each execution, those that belong together seen together."""

    def __init__(
        self,
        found: Extent,
        incident: Incident,
        sight: Sight,
        now: datetime,
        choice: Choice,
        verdicts: dict[str, Verdict],
    ) -> None:
        self.found, self.incident, self.sight, self.now = found, incident, sight, now
        self.choice, self.verdicts = choice, verdicts
        self.by_id = {one.execution_id: one for one in found.executions}
        self.callers = {one.child: one.execution_id for one in found.executions if one.child}

    def row(self, one: Affected) -> Row:
        do, why, retry_id = self._do(one)
        asked = self._asked(one)
        return Row(
            execution_id=one.execution_id, workflow_id=one.workflow_id, workflow=one.workflow, at=one.at, do=do, why=why,
            verdict=self.verdicts[one.execution_id], retry_id=retry_id, asked_at=asked.at if asked else None,
        )  # fmt: skip

    def _asked(self, one: Affected) -> Retry | None:
        return self.incident.retries.get(key_of(self.found.instance, one.execution_id))

    def _do(self, one: Affected) -> tuple[Do, str, str | None]:
        verdict, name = self.verdicts[one.execution_id], one.execution_id
        if (asked := self._asked(one)) and asked.state != "never":
            state = fate(asked, one.workflow_id, self.sight, self.now) if asked.state not in ALL_OVER else None
            told, retry_id, why = state or (asked.state, asked.retry_id, asked.text)
            if told == "well":
                return "done", "It was retried, and went well.", retry_id
            if told == "going_on":
                return "going_on", f"Its retry (execution {retry_id}) goes on.", retry_id
            if told == "asked" and name not in self.choice.executions:
                return "unsure", f"A retry was begun at {asked.at:%Y-%m-%d %H:%M} UTC: {why}.", None
            if told == "failed" and verdict.retried:
                return "apart", f"Its retry (execution {retry_id}) was called a success, and was none: {why}.", retry_id
        if one.green:
            return "apart", "n8n calls it a success and can't retry it; what failed in it is to be done anew.", None
        if (pair := self._pair(one)) and verdict.verdict != "not_possible":
            return self._linked(one, *pair)
        if verdict.retried:
            return "done", verdict.reason, None
        if verdict.verdict != "not_possible" and (caller := self._failed_caller(one)):
            return self._named(one, f"Its caller, execution {caller}, failed as well; look which of the two to retry.")
        return self._by(verdict, name)

    def _by(self, verdict: Verdict, name: str) -> tuple[Do, str, str | None]:
        if verdict.verdict == "not_possible":
            return "apart", verdict.reason, None
        if allowed(verdict, name, self.choice):
            return "retry", verdict.reason, None
        return ("keyed" if verdict.verdict == "safe_if_keyed" else "person"), verdict.reason, None

    def _pair(self, one: Affected) -> tuple[Affected, Affected] | None:
        """A caller and the sub-workflow that failed in it, one of which this is."""
        child = self.by_id.get(one.child or "")
        caller = self.by_id.get(self.callers.get(one.execution_id) or one.parent or "")
        if caller:
            return caller, one
        return (one, child) if child else None

    def _failed_caller(self, one: Affected) -> str | None:
        """The caller of a sub-workflow's run, where that failed and is none of those that were affected."""
        caller = self.sight.execution(one.parent) if one.parent and one.parent not in self.by_id else None
        return one.parent if caller and caller.get("status") != "success" else None

    def _linked(self, one: Affected, caller: Affected, child: Affected) -> tuple[Do, str, str | None]:
        named = [each.execution_id for each in (caller, child) if each.execution_id in self.choice.executions]
        if len(named) > 1:
            raise UsageError(
                f"Executions {named[0]} and {named[1]} do the same work, one called by the other. Name one of them."
            )
        if self._pair(caller) != (caller, child) or child.child in self.by_id:
            return self._named(
                one, "Several workflows that call one another failed; which of them to retry is for a person."
            )
        choice = linked(self.verdicts[caller.execution_id], self.verdicts[child.execution_id])
        if choice.execution_id is None or (named and named[0] != choice.execution_id):
            return self._named(one, choice.reason)
        if choice.execution_id != one.execution_id:
            return "with", f"It is done with execution {choice.execution_id}. {choice.reason}", None
        if choice.verdict == "safe" or self.choice.keyed or one.execution_id in self.choice.executions:
            return "retry", choice.reason, None
        return "keyed", choice.reason, None

    def _named(self, one: Affected, why: str) -> tuple[Do, str, str | None]:
        return ("retry" if one.execution_id in self.choice.executions else "person"), why, None


def _node(one: Affected, verdicts: dict[str, Verdict]) -> str:
    return verdicts[one.execution_id].node or one.node or ""


class _Counted:
    """What was in the affected executions, each thing once however often it failed."""

    def __init__(self) -> None:
        self.things: Things = {}
        self.plain = self.unseen = 0
        self.wrote: dict[str, int] = {}

    def add(self, one: Affected, verdict: Verdict, things: Things | None) -> None:
        for node in verdict.wrote:
            self.wrote[node] = self.wrote.get(node, 0) + 1
        if one.child is not None or one.retry_of is not None:
            return  # it is counted where it failed, and failed first
        if things is None:
            self.unseen += 1
        elif one.green:  # of its items only some failed, and which is not told
            self.plain += one.items or 1
        else:
            for name, ids in things.items():
                self.things.setdefault(name, set()).update(ids)

    def told(self, found: Extent) -> Harmed:
        counts = {name: len(ids) for name, ids in self.things.items()}
        if self.plain:
            counts[ITEMS] = counts.get(ITEMS, 0) + self.plain
        first = [one for one in found.executions if one.retry_of is None]
        green = sum(one.green for one in first)
        return Harmed(
            instance=found.instance, since=found.since, failed=len(first) - green, green=green,
            workflows=tuple(dict.fromkeys(one.workflow for one in found.executions)),
            clients=tuple(sorted({one.client for one in found.executions if one.client})),
            items=dict(sorted(counts.items(), key=lambda pair: -pair[1])), wrote=self.wrote, unseen=self.unseen,
        )  # fmt: skip
