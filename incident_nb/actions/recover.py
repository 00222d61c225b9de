"""Failed executions retried for an incident: in order, not too fast, each once, with what came of it on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from incident_nb.actions import false_green, harm
from incident_nb.actions.fate import Fate, ended, fate
from incident_nb.actions.replays import ALL_OVER, Choice, Plan, Row, allowed, judged
from incident_nb.actions.sight import Sight
from incident_nb.actions.verdict import Verdict
from incident_nb.desk import Desk
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.incidents import engines, tables
from incident_nb.incidents.kinds.acting import key_of
from incident_nb.incidents.kinds.recovering import Retried, Retrying
from incident_nb.n8n import N8n
from incident_nb.n8n.answers import UNDONE
from incident_nb.n8n.workflows import Outcome, Step
from incident_nb.readers.node_input import as_dict
from incident_nb.record import Incident
from incident_nb.said import Retry

GIVE_UP = 2  # retries in a row that failed, or of which nobody knows: the fix does not hold, or the server is not there
NEVER_SENT = ("dns", "tls", "refused", "not_allowed")
LOOKS_S = (1.0, 2.0, 4.0, 8.0)  # between looks at a retry that goes on; the last one again and again

Rest = Callable[[float], Any]


class Pace:
    """So many retries a minute at most. `rest` is called with seconds; `longest_s`: how long one that goes on is waited for."""

    def __init__(self, per_minute: float = 30.0, longest_s: float = 600.0, rest: Rest = time.sleep) -> None:
        self.between_s, self.longest_s, self.rest = 60.0 / per_minute, longest_s, rest


def recover(server: N8n, plan: Plan, desk: Desk, choice: Choice, pace: Pace) -> Iterator[Step]:
    """Each execution as it was retried, or why not; what was begun before and never heard of comes first.

    Before n8n is asked it is on record that it will be, and no execution is retried that another incident retries. It can
    be done again: what was retried stays so. It ends where two in a row fail. Raises as `Desk.add`, and UsageError where no
    fix is in place.
    """
    if not plan.fixed:
        raise UsageError(
            f"INC-{plan.number}: no fix is in place yet, so a retry would fail as well. Put it on record first: "
            f'incident-nb incidents fix INC-{plan.number} "what was changed".'
        )
    harm.put_on_record(plan.number, plan.harm, desk)
    yield from _settled(server, plan, desk)
    for row in plan.rows:
        if row.do != "retry" and row.execution_id in choice.executions:
            yield _step(row, "not_done", row.why)
    bad = 0
    for number, row in enumerate(plan.of("retry")):
        if bad >= GIVE_UP:
            yield _step(
                row, "not_done", "not tried, since those before it did not go well; do it again once that is clear"
            )
            continue
        if number:
            pace.rest(pace.between_s)
        step = _retry(server, plan, row, desk, choice, pace)
        bad = 0 if step.outcome == "done" else bad + 1
        yield step


def _settled(server: N8n, plan: Plan, desk: Desk) -> Iterator[Step]:
    """What became of retries that were asked for and of which the record does not know the end."""
    incident = desk.records.get(plan.number)
    sight = Sight(server, plan.since)
    for row in plan.rows:
        asked = incident.retries.get(key_of(plan.instance, row.execution_id))
        if asked is None or asked.state in (*ALL_OVER, "never"):
            continue
        found = fate(asked, row.workflow_id, sight, desk.clock())
        if found.state == "asked" and row.do == "retry":
            continue  # somebody named it all the same: its turn tells
        if found.state == "asked":
            yield _step(row, "unsure", f"a retry was begun before, and {found.why}")
        elif found.state != asked.state:
            step = _recorded(server, plan, row, desk, found)
            anew = found.state == "never" and row.do == "retry"
            yield _step(row, "done", "begun before, and never reached n8n; now its turn comes") if anew else step
        else:
            yield _step(row, "unsure", f"its retry (execution {found.retry_id}) goes on")


def _retry(server: N8n, plan: Plan, row: Row, desk: Desk, choice: Choice, pace: Pace) -> Step:
    """Retries one, after a fresh look at it and at all other attempts."""
    try:
        sight = Sight(server, plan.since)
        now = judged(row.execution_id, row.workflow_id, sight)
        if changed := _changed(row, now, sight, choice):
            return _step(row, "not_done", changed)
        known = tuple(str(run["id"]) for run in sight.retries(row.workflow_id, row.execution_id))
    except UnreachableError as error:
        return _step(row, "unsure", f"not tried: {error}")
    try:
        asked = _intend(desk, plan, row, now, known)
    except UsageError as error:
        return _step(row, "not_done", str(error))
    found, said = None, ""
    try:
        answer = server.act(f"executions/{row.execution_id}/retry", {"loadWorkflow": now.current})
        if isinstance(answer, dict) and answer.get("id") is not None:
            found = ended(answer)
    except UnreachableError as error:
        if getattr(error, "status", None) in UNDONE or getattr(error, "reason", None) in NEVER_SENT:
            return _recorded(server, plan, row, desk, Fate("never", why=str(error)))
        said = f" {error}"
    return _followed(server, plan, row, desk, asked, found, said, pace)


def _followed(
    server: N8n, plan: Plan, row: Row, desk: Desk, asked: Retry, found: Fate | None, said: str, pace: Pace
) -> Step:
    """The retry to its end, or as far as it can be followed: what the server shows counts, not what it answered."""
    waited, looks = 0.0, 0
    while found is None or found.state == "going_on":
        if found is not None:
            if looks == 0:
                _record(plan, row, desk, found, "")  # its number is known from here on
            if waited >= pace.longest_s:
                return _step(row, "unsure", _words_of(found, ""))
            pause = LOOKS_S[min(looks, len(LOOKS_S) - 1)]
            waited, looks = waited + pause, looks + 1
            pace.rest(pause)
            asked = asked.model_copy(update={"retry_id": found.retry_id})
        try:
            found = fate(asked, row.workflow_id, Sight(server, plan.since), desk.clock())
        except UnreachableError as error:
            return _step(row, "unsure", f"it is not known what came of it: {said.strip() or error}; do it again later")
        if found.state == "asked":
            return _step(row, "unsure", f"it is not known what came of it: {found.why}.{said}")
    return _recorded(server, plan, row, desk, found, said)


def _recorded(server: N8n, plan: Plan, row: Row, desk: Desk, found: Fate, said: str = "") -> Step:
    """Puts on record what came of a retry, with the words of a failure."""
    told = found.why or said.strip()
    if found.state == "well" and (hollow := _hollow(server, row, found.retry_id)):
        found, told = found._replace(state="failed"), hollow
    elif found.state == "failed" and found.retry_id:
        told = _words(server, found.retry_id)
    _record(plan, row, desk, found, told)
    outcome: Outcome = "done" if found.state == "well" else "unsure" if found.state == "going_on" else "not_done"
    return _step(row, outcome, _words_of(found, told))


def _record(plan: Plan, row: Row, desk: Desk, found: Fate, told: str) -> None:
    desk.add(
        plan.number, Retried.kind, instance=plan.instance, execution_id=row.execution_id, state=found.state,
        retry_id=found.retry_id, text=told,
    )  # fmt: skip


def _words_of(found: Fate, told: str) -> str:
    if found.state == "never":
        return f"the retry was never begun: {told}"
    retried = f"retried as execution {found.retry_id}" if found.retry_id else "retried"
    if found.state == "failed":
        return f"{retried}, and failed again: {told}"
    return f"{retried}, and went well" if found.state == "well" else f"{retried}, which goes on; do it again later"


def _hollow(server: N8n, row: Row, retry_id: str | None) -> str:
    """Why a retry that n8n calls a success is none; empty where it is one, or not kept."""
    node = row.verdict.node if row.verdict else None
    if node is None or retry_id is None:
        return ""
    try:
        return false_green.hollow(server.plain_execution(retry_id), node, lambda: false_green.Before("", 0, 0))
    except UnreachableError:
        return ""


def _words(server: N8n, execution: str) -> str:
    """At which node and with what an execution failed; it passes the gate where it is recorded or shown."""
    try:
        data = as_dict(server.plain_execution(execution).get("data"))
    except UnreachableError:
        return "n8n does not say with what"
    result = as_dict(data.get("resultData"))
    error = as_dict(result.get("error"))
    node, message = result.get("lastNodeExecuted"), error.get("message")
    at = f"at “{node}”: " if node else ""
    return f"{at}{message}"[:500] if message else f"{at}n8n does not say with what"


def _changed(row: Row, now: Verdict, sight: Sight, choice: Choice) -> str | None:
    """Why it is not retried after all: something is not as it was when the plan was made."""
    planned = row.verdict
    if planned is None or now.verdict == "not_possible":
        return f"it can't be retried any more: {now.reason}"
    if now.current != planned.current:
        return "the workflow was changed since the plan was made; make it once more"
    if row.partner is not None and row.partner_workflow_id is not None:
        if judged(row.partner.execution_id, row.partner_workflow_id, sight) != row.partner:
            return (
                f"execution {row.partner.execution_id}, with which it goes, is not as it was; make the plan once more"
            )
    elif not allowed(now, row.execution_id, choice):
        return f"it is not as it was when the plan was made: {now.reason}"
    if now.verdict != "safe" and (now.reason, now.doubts) != (planned.reason, planned.doubts):
        return f"it is not as it was when the plan was made: {now.reason}"
    return None


def _intend(desk: Desk, plan: Plan, row: Row, verdict: Verdict, known: tuple[str, ...]) -> Retry:
    """Puts on record that it will be retried. Raises UsageError where another incident, or another process, does so already."""
    key = key_of(plan.instance, row.execution_id)
    said = Retrying(
        instance=plan.instance,
        execution_id=row.execution_id,
        workflow=row.workflow,
        current=verdict.current,
        known=known,
    )

    def check(incident: Incident) -> None:
        desk.allowed(incident, Retrying.kind, said)
        if incident.fixed is None:
            raise UsageError("the fix is no longer in place: the incident has come back")
        before = incident.retries.get(key)
        if before and before.state != "never" and before.at != row.asked_at:
            raise UsageError(
                f"Execution {row.execution_id} was retried by {before.by} just now. It was not retried again."
            )

    with desk.records.at_once() as writing:
        engines.alone(writing.connection)  # so that two incidents can't both begin it
        if other := _elsewhere(writing.connection, desk, plan, row.execution_id):
            raise UsageError(
                f"Execution {row.execution_id} was retried for INC-{other}; see there what came of it. It was not retried again."
            )
        made = writing.add(plan.number, said, by=desk.by, at=desk.clock(), check=check)
    return made.retries[key]


def _elsewhere(connection: Any, desk: Desk, plan: Plan, execution: str) -> int | None:
    """Another incident for which this execution was retried, unless that failed or was never begun."""
    events = tables.events
    asked = select(events.c.number, events.c.payload).where(
        events.c.kind == Retrying.kind, events.c.number != plan.number
    )
    wanted = {"instance": plan.instance, "execution_id": execution}
    for number in {number for number, said in connection.execute(asked) if wanted.items() <= said.items()}:
        made = desk.records.get(number).retries.get(key_of(plan.instance, execution))
        if made and made.state not in ("failed", "never"):
            return int(number)
    return None


def _step(row: Row, outcome: Outcome, told: str) -> Step:
    name = f"Execution {row.execution_id} of {row.workflow}"
    return Step(workflow_id=row.workflow_id, execution_id=row.execution_id, name=name, outcome=outcome, told=told)
