"""Which clocks of incidents were met, and how long the steps took: over all rounds of an incident that came back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from incident_nb.incidents.events import Event, corrected, fold
from incident_nb.incidents.kinds.ending import Corrected, Reopened
from incident_nb.models import Cause, Severity
from incident_nb.policy.clocks import CLOCKS, ClientCalendar, Clock
from incident_nb.policy.load import load
from incident_nb.policy.timers import State, timers
from incident_nb.record import Incident
from incident_nb.review.model import ENOUGH_CASES, STEPS, Attained, Line, Spread, Step, Stood

_STOOD: dict[State, Stood] = {State.MET: "met", State.MISSED: "missed", State.NONE: "none"}


def stood(
    incident: Incident, now: datetime, calendar: ClientCalendar | None, rounds: Sequence[Incident] = ()
) -> dict[Clock, Stood]:
    """How each clock of an incident stands at `now`, over all its rounds: missed in one of them is missed.

    A reopening begins those clocks anew that the policy names (`reopening_restarts`); what they were before (`rounds`, as
    `earlier` gives them) counts where it was known by then, by the severity of that time. Empty where nobody has said how
    severe it is.
    """
    restarts = load().settings.reopening_restarts
    last = {clock: _stood(timer.state) for clock, timer in timers(incident, now, calendar=calendar).items()}
    ends = sorted(said.at for said in incident.reopened)
    ended = [
        {clock: _STOOD.get(timer.state, "none") for clock, timer in timers(was, end, calendar=calendar).items()}
        for was, end in zip(rounds, ends, strict=False)
    ]
    for clock in last.keys() & set(restarts):
        before = [one[clock] for one in ended if clock in one]
        if "missed" in before or (last[clock] == "none" and "met" in before):
            last[clock] = "missed" if "missed" in before else "met"
    return last


def _stood(state: State) -> Stood:
    return _STOOD.get(state, "running")


def earlier(events: Iterable[Event]) -> tuple[Incident, ...]:
    """The incident as it was when each of its rounds but the last one ended, folded from what had happened by then."""
    rows = sorted(events, key=lambda event: event.seq)
    stands = corrected(rows)
    ends = sorted(at for payload, at in stands.values() if isinstance(payload, Reopened))
    return tuple(
        fold(one for one in rows if one is rows[0] or one.kind == Corrected.kind or stands[one.seq].at < end)
        for end in ends
    )


def took(incident: Incident) -> dict[Step, timedelta]:
    """How long the steps took from the detection on, the time that the client was waited for left out.

    By the clock on the wall, whatever hours the client works. The first acknowledgement counts, the cause as it is
    accepted, and the resolution that lasted. What is on record from before the detection took no time.
    """
    known = {
        "acknowledge": min((said.at for said in incident.acknowledged), default=None),
        "diagnose": incident.cause.at if incident.cause and incident.cause.cause is not Cause.UNKNOWN else None,
        "resolve": incident.resolved_at,
    }
    return {step: _working(incident, at) for step in STEPS if (at := known[step]) is not None}


def waited(incident: Incident, now: datetime) -> timedelta:
    """How long the client was waited for until it was resolved, else until `now`."""
    spans = incident.waits(incident.detected_at, incident.resolved_at or now)
    return sum((end - begin for begin, end in spans), timedelta())


def _working(incident: Incident, until: datetime) -> timedelta:
    waits = (end - begin for begin, end in incident.waits(incident.detected_at, until))
    return max(until - incident.detected_at - sum(waits, timedelta()), timedelta())


def attained(lines: Sequence[Line]) -> tuple[Attained, ...]:
    """How often each clock was met: of all incidents first, then of each severity that has some."""
    found = []
    for severity, group in _groups(lines):
        for clock in CLOCKS:
            states = [line.clocks.get(clock, "none") for line in group]
            met, missed, running = (states.count(state) for state in ("met", "missed", "running"))
            found.append(Attained(clock=clock, severity=severity, met=met, missed=missed, running=running))
    return tuple(found)


def spreads(lines: Sequence[Line]) -> tuple[Spread, ...]:
    """How long each step took: of all incidents first, then of each severity that has some."""
    found = []
    for severity, group in _groups(lines):
        for step in STEPS:
            known = sorted((line.took[step], line.id) for line in group if step in line.took)
            worst, of = known[-1] if known else (None, None)
            found.append(
                Spread(
                    step=step, severity=severity, count=len(known), median=_median([time for time, _ in known]),
                    worst=worst, worst_id=of, to_come=len(group) - len(known),
                )
            )  # fmt: skip
    return tuple(found)


def _median(times: Sequence[timedelta]) -> timedelta | None:
    if len(times) < ENOUGH_CASES:
        return None
    return timedelta(seconds=median(time.total_seconds() for time in times))


def _groups(lines: Sequence[Line]) -> list[tuple[Severity | None, list[Line]]]:
    by = [(severity, [line for line in lines if line.severity is severity]) for severity in Severity]
    return [(None, list(lines)), *(pair for pair in by if pair[1])]
