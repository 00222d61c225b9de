"""An incident on record in the few words of a report's first screen."""

from __future__ import annotations

from datetime import datetime, timedelta

from incident_nb.desk.standing import Standing
from incident_nb.desk.told import CLOCK_NAMES, span
from incident_nb.incidents.kinds.diagnosing import named
from incident_nb.models import Cause, Frozen, Severity
from incident_nb.policy.timers import State
from incident_nb.record import Incident, Status


class Brief(Frozen):
    """What a first screen says of the record. `over`: it is resolved or closed; empty texts are not known.

    `took`: the lengths of time from the onset to the resolution. `clocks`: name, state and words of each. `next_step` is None
    where nothing is left.
    """

    id: str
    title: str
    over: bool
    state: str
    took: str
    harm: str
    cause: str
    cause_by: str
    severity: Severity | None
    severity_by: str
    clocks: tuple[tuple[str, str, str], ...]
    next_step: str | None


def brief(one: Standing, onset: datetime | None = None) -> Brief:
    """The record in few words; `onset`: when the problem began, as the diagnosis has it."""
    incident = one.incident
    cause = incident.cause if incident.cause and incident.cause.cause is not Cause.UNKNOWN else None
    chosen, suggested = incident.chosen, incident.suggested
    by = f"Chosen by {chosen.by}" if chosen else "Suggested; nobody has confirmed it"
    if chosen and suggested and suggested.severity is not chosen.severity:
        by += f" ({suggested.severity} was suggested)"
    return Brief(
        id=incident.id, title=incident.title, over=incident.is_resolved or incident.closed is not None,
        state=_state(one), took=_took(one, onset), harm=_harm(incident),
        cause=named(cause.cause, cause.detail) if cause else "", cause_by=_accepted(incident) if cause else "",
        severity=incident.severity, severity_by=by if incident.severity else "",
        clocks=tuple(_clocks(one)), next_step=None if incident.closed else one.next_step,
    )  # fmt: skip


def duration(incident: Incident) -> timedelta | None:
    """From detection to the resolution that lasted (DOC-1); None where it is not resolved."""
    return incident.resolved_at - incident.detected_at if incident.resolved_at else None


def _state(one: Standing) -> str:
    incident = one.incident
    lasted = duration(incident)
    closed = incident.closed
    if lasted is not None:
        ended = f", closed {closed.at:%Y-%m-%d %H:%M} UTC" if closed else ""
        return f"Resolved {span(lasted)} after it was detected{ended}"
    if closed:
        return f"Closed {closed.at:%Y-%m-%d %H:%M} UTC without being resolved"
    words = {
        Status.OPEN: "nobody has acknowledged it", Status.ACKNOWLEDGED: "its cause is not known yet",
        Status.DIAGNOSED: "diagnosed, not fixed yet", Status.FIXED: "a fix is in place, not verified yet",
    }[incident.status]  # fmt: skip
    again = ", came back" if incident.reopened else ""
    return f"Open for {span(one.now - incident.detected_at)}{again}: {words}"


def _took(one: Standing, onset: datetime | None) -> str:
    """The instants in their order, each with the time since the detection."""
    incident = one.incident
    begun = incident.detected_at
    late = f", {span(begun - onset)} after its onset" if onset and onset < begun else ""
    parts = [f"Detected {begun:%Y-%m-%d %H:%M} UTC{late}"]
    first = min((said.at for said in incident.acknowledged), default=None)
    marks: list[tuple[str, datetime | None]] = [("acknowledged", first)]
    if incident.reopened:  # cause and fix are those of the last time, and would seem to have taken all of it
        done = [(one.at, "resolved") for one in incident.resolved] + [
            (one.at, "came back") for one in incident.reopened
        ]
        marks += [(what, at) for at, what in sorted(done)]
    else:
        marks += [("cause accepted", incident.cause.at if incident.cause else None)]
        marks += [("fixed", incident.fixed.at if incident.fixed else None), ("resolved", incident.resolved_at)]
    return "; ".join([*parts, *(f"{what} after {span(at - begun)}" for what, at in marks if at)]) + "."


def _harm(incident: Incident) -> str:
    harm = incident.harm
    if harm is None:
        return ""
    runs = f"{harm.failed:,} run{'s' * (harm.failed != 1)} failed"
    green = f", and {harm.green:,} only looked well" if harm.green else ""
    items = ", ".join(f"{count:,} {name}" for name, count in harm.items.items())
    return f"{runs}{green}{f' ({items})' if items else ''}."


def _accepted(incident: Incident) -> str:
    cause = incident.cause
    return f"Accepted by {cause.by}{f': {cause.text}' if cause.text else ''}" if cause else ""


def _clocks(one: Standing) -> list[tuple[str, str, str]]:
    rows = []
    for clock, timer in one.timers.items():
        if timer.due is None:
            words = "no deadline"
        elif timer.state is State.MET:
            words = f"met, {span(timer.left)} before it was due"
        elif timer.done:
            words = f"missed by {span(timer.left)}"
        elif timer.state is State.MISSED:
            words = f"missed, {span(timer.left)} late"
        else:
            words = f"by {timer.due:%a %d %b, %H:%M} UTC"
        rows.append((CLOCK_NAMES[clock].lower(), str(timer.state), words))
    return rows
