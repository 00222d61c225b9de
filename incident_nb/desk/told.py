"""An incident in words and as JSON: a line for a list, some lines for a terminal, the shape of `incidents --json`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from incident_nb.desk.similar import Seen
from incident_nb.desk.standing import CLOCK_WORDS, Standing
from incident_nb.incidents import KINDS, Event
from incident_nb.incidents.events import read
from incident_nb.incidents.kinds.diagnosing import Related
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.policy import Promise
from incident_nb.policy.clocks import Clock
from incident_nb.policy.steps import Progress
from incident_nb.policy.timers import State, Timer
from incident_nb.record import Incident
from incident_nb.said import Said

CLOCK_NAMES: dict[Clock, str] = {"respond": "Respond", "resolve": "Resolve", "notify": "Notify"}

SHOWN = 12  # of the newest events


def line(one: Standing) -> str:
    """One line of a list: name, severity, state, client, title, and which clock ends next."""
    incident = one.incident
    due = one.next_due
    told = timer_words(due) if due else "no clock runs"
    return (
        f"{incident.id:8} {incident.severity or '--'}  {incident.status:12} {incident.client or '-':10} {told:44} "
        f"{incident.title}"
    )


def timer_words(timer: Timer) -> str:
    """A clock in words: what is due, when, and how much is left."""
    what = CLOCK_WORDS[timer.clock]
    if timer.due is None:
        return f"{what}: no deadline"
    at = f"{timer.due:%Y-%m-%d %H:%M} UTC"
    if timer.state is State.MET:
        return f"{what}: met"
    if timer.state is State.PAUSED:
        return f"{what}: paused, {span(timer.left)} left"
    if timer.state is State.MISSED:
        return f"{what}: missed, was due {at}" if timer.done else f"{what}: {span(timer.left)} late"
    return f"{what} in {span(timer.left)}, by {at}{' (at risk)' if timer.state is State.AT_RISK else ''}"


def promise_words(promise: Promise, now: datetime) -> str:
    """When the permanent fix is due (WA-3), and how much is left at `now`."""
    left = span(promise.due - now)
    if promise.state is State.MISSED:
        return f"permanent fix: {left} late"
    near = " (at risk)" if promise.state is State.AT_RISK else ""
    return f"permanent fix in {left}, by {promise.due:%Y-%m-%d %H:%M} UTC{near}"


def row_words(row: str, incident: Incident) -> str:
    """When a row of a checklist was begun and done, and by whom: `begun 02:10, done 02:31 UTC (21 min), by anna`.

    Empty where it was neither; with the date where that is not the day of the detection.
    """
    begun, tick = incident.begun.get(row), incident.ticks.get(row)
    done = tick if tick and tick.done else None
    if begun and done and begun.at > done.at:
        begun = None

    def at(said: Said) -> str:
        return f"{said.at:%H:%M}" if said.at.date() == incident.detected_at.date() else f"{said.at:%Y-%m-%d %H:%M}"

    if done is None:
        return f"begun {at(begun)} UTC, by {begun.by}" if begun else ""
    first = f"begun {at(begun)}{'' if begun.by == done.by else f' by {begun.by}'}, " if begun else ""
    took = f" ({span(done.at - begun.at)})" if begun else ""
    return f"{first}done {at(done)} UTC{took}, by {done.by}{f': {done.text}' if done.text else ''}"


def span(time: timedelta | None) -> str:
    """A length of time in two units at most: 2 h 5 min."""
    if time is None:
        return ""
    minutes = round(abs(time) / timedelta(minutes=1))
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min"


def moment(event: Event) -> datetime:
    """Where an event stands in a timeline: when it happened; of the first one, when the incident was detected."""
    payload = read(event)
    return min(event.at, payload.detected_at) if isinstance(payload, Opened) else event.at


def told(event: Event) -> str:
    """What an event says in a line; one that only a newer version knows by its kind."""
    payload = read(event)
    return payload.told() if payload and event.kind in KINDS else event.kind.replace("_", " ")


def relations(incident: Incident, events: Sequence[Event]) -> list[str]:
    """The incidents that one has to do with, each with the reason; of many the newest, and how many there are more."""
    why = {one.incident: one.told() for one in map(read, events) if isinstance(one, Related)}
    told = [why.get(name, f"Related to {name}") for name in incident.related]
    return [f"… and {len(told) - SHOWN} more", *told[-SHOWN:]] if len(told) > SHOWN else told


def glance(one: Standing, events: Sequence[Event], alike: Sequence[Seen] = ()) -> list[tuple[str, str]]:
    """What a terminal shows: a label and its text a line, `#` for a heading."""
    incident = one.incident
    rows = [("#", f"{incident.id} {incident.title}"), ("state", _state(one)), ("next", one.next_step)]
    rows += [(timer.clock, timer_words(timer)) for timer in one.timers.values()]
    rows += [("WA-3", promise_words(one.promise, one.now))] if one.promise else []
    rows += (
        [("paused work", ", ".join(f"{other.id} ({other.severity or '--'})" for other in one.paused))]
        if one.paused
        else []
    )
    rows += [("owed", f"{duty.path} ({duty.id})") for duty in one.duties if duty.done_at is None]
    rows += [("related", words) for words in relations(incident, events)]
    rows.append(("#", "Steps"))
    for step in one.steps:
        spent = (
            f"{span(step.spent)} of {step.box}{', over its box' if step.is_over else ''}"
            if step.spent is not None
            else step.box
        )
        rows.append((step.id, f"{step.action}: {_progress(step.progress)}, {spent}"))
    for name, items in (("To verify", one.verification), ("To close", one.closing)):
        if name == "To verify" and incident.fixed is None:
            continue
        rows.append(("#", name))
        rows += [
            (
                item.id,
                f"{'done' if item.done else 'not needed' if not item.needed else 'open'}: {item.label} ({item.basis})",
            )
            for item in items
        ]
    if alike:
        rows.append(("#", "Seen before; verify it before you rely on it"))
        rows += [(seen.name, f"{seen.fix} ({seen.why})") for seen in alike]
    rows.append(("#", "What happened"))
    rows += [(f"{moment(event):%Y-%m-%d %H:%M}", f"{told(event)} [{event.by}]") for event in events[-SHOWN:]]
    return rows


def _state(one: Standing) -> str:
    incident = one.incident
    parts = [str(incident.status), f"severity {incident.severity or 'unknown'}"]
    if incident.suggested and incident.chosen and incident.suggested.severity is not incident.chosen.severity:
        parts[1] += f" ({incident.suggested.severity} was suggested)"
    parts += [f"client {incident.client}"] if incident.client else []
    parts += [f"{incident.occurrences} occurrences"] if incident.occurrences > 1 else []
    parts += [f"waiting for the client: {incident.waiting[-1].why}"] if incident.is_waiting else []
    return ", ".join(parts)


def _progress(progress: Progress) -> str:
    return {"to_come": "to come", "not_needed": "not needed"}.get(progress, str(progress))


def as_json(one: Standing, events: Sequence[Event] | None = None, alike: Sequence[Seen] = ()) -> dict[str, Any]:
    """The shape of `incidents … --json`: the record, what follows from it at `now`, and with `events` all of them, with what
    was `alike` before.
    """
    found = {
        **one.incident.model_dump(mode="json"),
        "id": one.incident.id,
        "status": str(one.incident.status),
        "severity": one.incident.severity,
        "now": _iso(one.now),
        "next_step": one.next_step,
        "clocks": {
            clock: {
                "state": str(timer.state), "due": _iso(timer.due), "done": _iso(timer.done), "basis": timer.basis,
                "left_s": None if timer.left is None else round(timer.left.total_seconds()),
            }
            for clock, timer in one.timers.items()
        },
        "steps": [step.model_dump(mode="json") for step in one.steps],
        "verification": [item.model_dump(mode="json") for item in one.verification],
        "closing": [item.model_dump(mode="json") for item in one.closing],
        "duties": [duty.model_dump(mode="json") for duty in one.duties],
        "promise": one.promise and one.promise.model_dump(mode="json"),
        "bill": one.bill.model_dump(mode="json"),
        "paused": [other.id for other in one.paused],
    }  # fmt: skip
    if events is not None:
        found["seen_before"] = [{**seen._asdict(), "at": _iso(seen.at)} for seen in alike]
        found["events"] = [{**event.model_dump(mode="json"), "told": told(event)} for event in events]
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
