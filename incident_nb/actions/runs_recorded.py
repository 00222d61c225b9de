"""What runs after a fix say, put on record: counted (VER-4), as a relapse, or as the reopening of what was resolved (VER-5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from incident_nb.actions.runs_after import Run, Seen
from incident_nb.desk import Desk
from incident_nb.desk.arrivals import Owe
from incident_nb.incidents import engines
from incident_nb.incidents.kinds.ending import Reopened
from incident_nb.incidents.kinds.mending import RunWatched
from incident_nb.incidents.store import Writing
from incident_nb.outbox import store as outbox
from incident_nb.policy import Policy, verification
from incident_nb.record import Incident
from incident_nb.said import Watched

BY = "incident-nb"


class Put(NamedTuple):
    """The executions that were put on record, a relapse among them, and whether the incident is open again for it."""

    recorded: tuple[str, ...] = ()
    relapse: Seen | None = None
    reopened: bool = False


class _PassedError(Exception):
    """It need not be written down any more: another look was faster, or somebody did something meanwhile."""


def window(policy: Policy) -> timedelta:
    """For how long after it was resolved an incident that fails again is the same one (VER-5)."""
    return timedelta(minutes=max(row.minutes or 0 for row in policy.verification))


def asked_for(policy: Policy) -> tuple[int, int]:
    """How many good runs in a row VER-4 asks for, at least and at most."""
    return next(row.runs for row in policy.verification if row.runs is not None)


def missing(incident: Incident, policy: Policy) -> int:
    """How many good runs are still to come (VER-4)."""
    return max(0, asked_for(policy)[0] - incident.watched.good)


def last_failed(watched: Watched, runs: Iterable[Run | Seen]) -> datetime | None:
    """When the newest failing run on record ended (UTC): by n8n's clock where it is among `runs`, else as the record has it."""
    ended = (one.ended if isinstance(one, Run) else one.at for one in runs if one.execution_id == watched.last_bad)
    return next(ended, watched.bad_at)


def put(desk: Desk, incident: Incident, seen: list[Seen], owe: Owe) -> Put:
    """Puts on record what counts, each with its line in the outbox; of runs that failed one after another the last one."""
    if incident.resolved_at is not None:
        since = incident.resolved_at
        failed = [one for one in seen if one.judged == "bad" and one.same and one.at <= since + window(desk.policy)]
        late = [one for one in failed if one.at > since or _was_missed(one, incident, seen)]
        return _reopen(desk, incident, late[0], owe) if late else Put()
    known = incident.watched
    fresh = [one for one in seen if one.judged in ("good", "bad") and one.execution_id not in known.told]
    failed_at = last_failed(known, seen)
    fresh = [one for one in fresh if failed_at is None or one.at > failed_at]
    last = {id(one) for _, some in groupby(fresh, key=lambda one: one.judged) for one in [*some][-1:]}
    fresh = [one for one in fresh if one.judged == "good" or id(one) in last]
    if not fresh:
        return Put()
    recorded, relapse = list[str](), None
    with desk.records.at_once() as writing:
        engines.alone(writing.connection)  # as who takes alerts in does, so that no two wait for each other
        for one in fresh:
            if _add(desk, writing, incident, one, seen):
                recorded.append(one.execution_id)
                relapse = one if one.judged == "bad" else relapse
    return Put(tuple(recorded), relapse)


def _was_missed(one: Seen, incident: Incident, seen: list[Seen]) -> bool:
    """Whether a run failed before it was resolved, after the good runs on which that rested, and nobody had seen it."""
    good_at = next((run.at for run in seen if run.execution_id == incident.watched.last_good), None)
    return good_at is not None and one.at > good_at and one.execution_id not in incident.watched.told


def _add(desk: Desk, writing: Writing, incident: Incident, one: Seen, seen: list[Seen]) -> bool:
    """Puts one run on record, and says whether it was one that counts still at the moment of writing."""
    states: list[Incident] = []
    least, most = asked_for(desk.policy)

    def still(now_is: Incident) -> None:
        states.append(now_is)
        watched, good = now_is.watched, one.judged == "good"
        passed = (
            now_is.fixed != incident.fixed or now_is.is_resolved or now_is.closed or one.execution_id in watched.told
        )
        failed_at = last_failed(watched, seen)
        passed = passed or bool(failed_at and one.at <= failed_at)
        if passed or (good and (bool(watched.by_hand) if one.by_hand else watched.good >= most)):
            raise _PassedError

    text = "" if one.text == "went well" else one.text
    said = RunWatched(
        execution_id=one.execution_id, good=one.judged == "good", by_hand=one.by_hand, text=text, began=one.began
    )
    now = desk.clock()
    try:
        after = writing.add(incident.number, said, by=BY, at=min(one.at, now), check=still)
    except _PassedError:
        return False
    before = states[-1].watched
    assert incident.fixed is not None  # noqa: S101
    key = f"{incident.id} verify {incident.fixed.at.isoformat()} {one.execution_id}"
    if not said.good and (before.runs or before.bad_at is None):
        words = (
            f"The fix does not hold: execution {one.execution_id} {one.text}. The good runs are counted anew (VER-4)."
        )
        outbox.put(writing.connection, key, incident=incident.number, about="verify", text=words, at=now)
    if before.good < least <= after.watched.good:
        left = [item.id for item in verification(after, now, policy=desk.policy) if item.is_open]
        then = f"Still open: {', '.join(left)}." if left else "Everything is verified: mark it as resolved."
        words = f"VER-4: {after.watched.good} good runs in a row since the fix, the last is {one.execution_id}. {then}"
        outbox.put(writing.connection, key, incident=incident.number, about="verify", text=words, at=now)
    return True


def _reopen(desk: Desk, incident: Incident, late: Seen, owe: Owe) -> Put:
    assert incident.resolved_at is not None  # noqa: S101
    minutes = round((late.at - incident.resolved_at) / timedelta(minutes=1))
    when = f"{minutes} minutes after it was resolved"
    at = min(late.at, desk.clock())
    if late.at <= incident.resolved_at:
        when, at = "which nobody had seen when it was resolved", desk.clock()
    why = f"execution {late.execution_id} {late.text}, {when} (VER-5)"

    def still(now_is: Incident) -> None:
        if now_is.resolved_at != incident.resolved_at:
            raise _PassedError  # an alert came first

    with desk.records.at_once() as writing:
        engines.alone(writing.connection)
        try:
            after = writing.add(incident.number, Reopened(reason=why), by=BY, at=at, check=still)
        except _PassedError:
            return Put()
        owe(writing, after, "reopened", desk.clock())
    return Put((late.execution_id,), late, True)


def say_reopened(writing: Writing, incident: Incident, _: str, at: datetime) -> None:
    """The line of an incident that is open again, where nobody else puts it in."""
    again = incident.reopened[-1]
    key = f"{incident.id} verify reopened {again.at.isoformat()}"
    outbox.put(writing.connection, key, incident=incident.number, about="reopened", text=again.text, at=at)
