"""Where an incident's three clocks stand at an instant: running, at risk, met, missed, paused, or none at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from incident_nb.models import Frozen
from incident_nb.policy.clocks import (
    CLOCKS,
    ClientCalendar,
    Clock,
    add_working_time,
    counted_by,
    deadline,
    working_time,
)
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy, SeverityRow
from incident_nb.record import Incident
from incident_nb.said import Said


class State(StrEnum):
    """Where a clock stands. `at_risk` and `running` still have time, `missed` has none left, met or not."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    NONE = "none"


class Timer(Frozen):
    """One clock: from when it counts (`since`), until when (`due`, None for none), when it was met (`done`), all UTC.

    `left` is what is left until `due` (negative: how long ago it passed), frozen once it is met. While a clock is paused,
    `due` and `left` say how it would stand if the wait ended at that moment. `basis` says by which row and rule, and what
    a pause added.
    """

    clock: Clock
    state: State
    since: datetime
    due: datetime | None
    done: datetime | None
    left: timedelta | None
    basis: str

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.done is not None or self.due is None


def timers(
    incident: Incident, now: datetime, *, calendar: ClientCalendar | None = None, policy: Policy | None = None
) -> dict[Clock, Timer]:
    """The clocks of an incident as they stand at `now`; none where nobody has said how severe it is.

    Respond is met by acknowledging, resolve by the resolved event (a workaround does not stop it), notify by a notice
    that was sent (a holding notice or a brief e-mail counts: the client was told). Only resolve pauses, while the client
    is waited for: what was left when a wait began is left when it ends, in hours of the kind that the severity counts. A
    change of severity counts anew from detection; a reopening begins those clocks anew that the policy names
    (`reopening_restarts`). Closing ends them all. Rows SEV-P1 to SEV-P4.
    """
    rules = policy or load()
    if incident.severity is None:
        return {}
    row = rules.severity(incident.severity)
    upto = min(now, incident.closed.at) if incident.closed else now
    return {clock: _timer(clock, row, incident, upto.astimezone(UTC), calendar, rules) for clock in CLOCKS}


def _timer(
    clock: Clock, row: SeverityRow, incident: Incident, now: datetime, calendar: ClientCalendar | None, policy: Policy
) -> Timer:
    again = bool(incident.reopened) and clock in policy.settings.reopening_restarts
    since = incident.began_at if again else incident.detected_at
    done = _done(clock, incident, since if again else None)
    if clock == "notify" and row.notify == "if noticed":
        since = max(since, incident.noticed_at or since)
    first, basis = _due(clock, row, incident, since, again, calendar, policy)
    upto = min(now, done) if done else now
    counts = counted_by(row, calendar)
    due, waited, paused, begin = first, timedelta(), False, since
    if first and clock == "resolve":
        if row.resolve == "scheduled":
            begin = max(begin, incident.scheduled_at or begin)  # whoever set the date knew of the waits before
        due, waited = _moved(first, list(incident.waits(begin, upto)), counts)
        paused = incident.is_waiting and max(incident.waiting[-1].since, begin) < due
    if waited:
        told = f"{_span(waited, days=False)} of waiting in working hours" if counts else f"{_span(waited)} of waiting"
        basis += f", {told} for the client not counted"
    if incident.closed and due and not done and now <= due:
        due, basis = None, f"{basis}; closed before that"
    state = _state(due, done, now, paused)
    if state is State.RUNNING and first and due and _is_near(begin, first, due, now, counts, policy):
        state = State.AT_RISK
    return Timer(
        clock=clock, state=state, since=since, due=due, done=done, left=due - upto if due else None, basis=basis
    )


def _moved(
    due: datetime, waits: list[tuple[datetime, datetime]], counts: ClientCalendar | None
) -> tuple[datetime, timedelta]:
    """A deadline after the times that the client was waited for, and how much was not counted."""
    waited = timedelta()
    moved = due
    for begin, end in waits:
        if begin >= moved:
            break  # what had passed already is not saved by waiting afterwards
        waited += working_time(begin, end, counts) if counts else end - begin
        if waited:
            moved = add_working_time(due, waited, counts) if counts else due + waited
    return moved, waited


def _due(
    clock: Clock,
    row: SeverityRow,
    incident: Incident,
    since: datetime,
    again: bool,
    calendar: ClientCalendar | None,
    policy: Policy,
) -> tuple[datetime | None, str]:
    """The deadline if nobody waits for the client, and the rule in words."""
    date = incident.scheduled_for
    if clock == "resolve" and row.resolve == "scheduled" and date and not (again and date <= since):
        return date, f"{row.id}, {row.resolution_target}: the date that was set"
    due, basis = deadline(clock, row.severity, since, calendar=calendar, noticed=incident.noticed, policy=policy)
    return due, basis.replace("from detection", "from its reopening") if again else basis


def _done(clock: Clock, incident: Incident, since: datetime | None) -> datetime | None:
    """When the clock was met; with `since` the first time from then on."""
    if clock == "resolve":
        # Begun anew by a reopening or not: what counts is the resolution that lasted.
        return incident.resolved_at
    done: tuple[Said, ...] = incident.acknowledged if clock == "respond" else incident.notices
    return min((said.at for said in done if since is None or said.at >= since), default=None)


def _is_near(
    begin: datetime,
    first: datetime,
    due: datetime,
    now: datetime,
    counts: ClientCalendar | None,
    policy: Policy,
) -> bool:
    """Whether so little of the clock's own time is left that it is at risk; waiting and closed hours are no part of it."""
    whole, left = (
        (working_time(begin, first, counts), working_time(now, due, counts)) if counts else (first - begin, due - now)
    )
    return left <= whole * policy.settings.at_risk_share


def _state(due: datetime | None, done: datetime | None, now: datetime, paused: bool) -> State:
    if due is None:
        return State.MET if done else State.NONE
    if done is not None:
        return State.MET if done <= due else State.MISSED
    if paused:
        return State.PAUSED
    return State.MISSED if now > due else State.RUNNING


def _span(span: timedelta, *, days: bool = True) -> str:
    minutes = round(span / timedelta(minutes=1))
    whole_days, minutes = divmod(minutes, 24 * 60) if days else (0, minutes)
    hours, minutes = divmod(minutes, 60)
    told = [f"{whole_days} d" if whole_days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in told if part) or "less than a minute"
