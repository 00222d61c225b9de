"""What is to be done with each affected execution: retried, left to a person, apart, or done already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from incident_nb.actions.affected import Affected
from incident_nb.actions.fate import fate
from incident_nb.actions.linked import linked
from incident_nb.actions.replays import ALL_OVER, Choice, Do, Row, allowed
from incident_nb.actions.sight import Sight
from incident_nb.actions.verdict import Verdict
from incident_nb.errors import UsageError
from incident_nb.incidents.kinds.acting import key_of
from incident_nb.record import Incident
from incident_nb.said import Retry


class Decided:
    """What is to be done with each execution, those that belong together seen together."""

    def __init__(
        self,
        mine: Sequence[Affected],
        instance: str,
        incident: Incident,
        sight: Sight,
        now: datetime,
        choice: Choice,
        verdicts: dict[str, Verdict],
    ) -> None:
        self.instance, self.incident, self.sight, self.now = instance, incident, sight, now
        self.choice, self.verdicts = choice, verdicts
        self.by_id = {one.execution_id: one for one in mine}
        self.callers = {one.child: one.execution_id for one in mine if one.child}

    def row(self, one: Affected) -> Row:
        """An execution, and what is to be done with it."""
        do, why, retry_id = self._do(one)
        asked, partner = self._asked(one), self._partner(one)
        return Row(
            execution_id=one.execution_id, workflow_id=one.workflow_id, workflow=one.workflow, at=one.at, do=do, why=why,
            verdict=self.verdicts[one.execution_id], retry_id=retry_id, asked_at=asked.at if asked else None,
            partner=self.verdicts[partner.execution_id] if partner else None,
            partner_workflow_id=partner.workflow_id if partner else None,
        )  # fmt: skip

    def _asked(self, one: Affected) -> Retry | None:
        return self.incident.retries.get(key_of(self.instance, one.execution_id))

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
            if told == "failed" and not self._is_there(one, retry_id):
                gone = f"Its retry (execution {retry_id}) failed and is gone from n8n, and with it what it wrote."
                return self._named(one, gone)
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

    def _partner(self, one: Affected) -> Affected | None:
        """The other one of such a pair."""
        pair = self._pair(one)
        return next((each for each in pair if each is not one), None) if pair else None

    def _is_there(self, one: Affected, retry_id: str | None) -> bool:
        return any(str(run.get("id")) == retry_id for run in self.sight.runs(one.workflow_id))

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
        other = caller if one is child else child
        if (asked := self._asked(other)) and asked.state != "never":
            return self._named(
                one, f"Execution {other.execution_id}, with which it goes, was retried; look what is left."
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
