"""Where an incident's three clocks stand at an instant: running, at risk, met, missed, paused, or none at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from incident_nb.models import Frozen
from incident_nb.policy.clocks import ClientCalendar, Clock, deadlines
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy
from incident_nb.record import Incident, Said

CLOCKS: tuple[Clock, ...] = ("respond", "resolve", "notify")


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

    `left` is what is left until `due` (negative: how long ago it passed), frozen while it is paused or once it is met.
    `basis` says by which row and rule, and what a pause added.
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
    is waited for. A change of severity counts anew from detection; a reopening begins those clocks anew that the policy
    names (`reopening_restarts`). Rows SEV-P1 to SEV-P4.
    """
    rules = policy or load()
    if incident.severity is None:
        return {}
    return {clock: _timer(clock, incident, now.astimezone(UTC), calendar, rules) for clock in CLOCKS}


def _timer(clock: Clock, incident: Incident, now: datetime, calendar: ClientCalendar | None, policy: Policy) -> Timer:
    again = bool(incident.reopened) and clock in policy.settings.reopening_restarts
    since = incident.began_at if again else incident.detected_at
    waited = timedelta()
    due, basis = _due(clock, incident, since, waited, calendar, policy)
    paused = False
    for span in incident.waiting if clock == "resolve" else ():
        begin = max(span.since, since)
        if due is None or begin >= due or (span.until is not None and span.until <= begin):
            continue  # what had passed already is not saved by waiting afterwards
        paused = span.until is None
        waited += (span.until or max(now, begin)) - begin
        due, basis = _due(clock, incident, since, waited, calendar, policy)
    if waited:
        basis += f", {_span(waited)} of waiting for the client not counted"
    done = _done(clock, incident, since if again else None)
    seen_at = min(now, done) if done else now
    left = due - seen_at if due else None
    return Timer(
        clock=clock, state=_state(due, done, now, since, paused, policy), since=since, due=due, done=done, left=left,
        basis=basis,
    )  # fmt: skip


def _due(
    clock: Clock,
    incident: Incident,
    since: datetime,
    waited: timedelta,
    calendar: ClientCalendar | None,
    policy: Policy,
) -> tuple[datetime | None, str]:
    """The deadline when so much time is not counted, and the rule in words."""
    assert incident.severity is not None  # noqa: S101 - asked by the caller
    row = policy.severity(incident.severity)
    if clock == "resolve" and row.resolve == "scheduled" and incident.scheduled_for is not None:
        return incident.scheduled_for + waited, f"{row.id}, {row.resolution_target}: the date that was set"
    # A span of hours ends later by what was waited. The week's end is that of the week in which the work could begin.
    found = deadlines(incident.severity, since + waited, calendar=calendar, noticed=incident.noticed, policy=policy)
    if incident.reopened and since != incident.detected_at:
        return getattr(found, clock), found.basis[clock].replace("from detection", "from its reopening")
    return getattr(found, clock), found.basis[clock]


def _done(clock: Clock, incident: Incident, since: datetime | None) -> datetime | None:
    """When the clock was met; with `since` the first time from then on."""
    done: dict[Clock, tuple[Said, ...]] = {
        "respond": incident.acknowledged,
        "resolve": incident.resolved,
        "notify": incident.notices,
    }
    if since is None and clock == "resolve":
        # Not begun anew by a reopening: what counts is the resolution that lasted.
        return incident.resolved[-1].at if incident.is_resolved else None
    return next((said.at for said in done[clock] if since is None or said.at >= since), None)


def _state(
    due: datetime | None, done: datetime | None, now: datetime, since: datetime, paused: bool, policy: Policy
) -> State:
    if due is None:
        return State.MET if done else State.NONE
    if done is not None:
        return State.MET if done <= due else State.MISSED
    if paused:
        return State.PAUSED
    if now > due:
        return State.MISSED
    return State.AT_RISK if due - now <= (due - since) * policy.settings.at_risk_share else State.RUNNING


def _span(span: timedelta) -> str:
    minutes = round(span / timedelta(minutes=1))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    told = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in told if part) or "less than a minute"
