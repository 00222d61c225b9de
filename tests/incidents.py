"""Incidents for tests, folded from events as the record folds them, and the calendars of three time zones.

    incident_of(("acknowledged", 5), ("resolved", 90), severity="P1")

Minutes count from the detection, Monday 2026-11-23 10:00 UTC if nothing else is said.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from incident_nb.incidents.events import Event, fold, payload_of
from incident_nb.policy import ClientCalendar
from incident_nb.record import Incident

DETECTED = datetime(2026, 11, 23, 10, tzinfo=UTC)
ANNA, BEN = "Anna", "Ben"

Happened = tuple[str, float] | tuple[str, float, dict[str, Any]]
"""A kind of event, how many minutes after the detection it happened, and its values (`by` among them is who did it)."""

BERLIN = ClientCalendar(time_zone="Europe/Berlin")
SYDNEY = ClientCalendar(time_zone="Australia/Sydney")
NEW_YORK = ClientCalendar(time_zone="America/New_York")
OFFICE = (time(9), time(17))
BERLIN_OFFICE = BERLIN.model_copy(update={"working_hours": OFFICE})
SYDNEY_OFFICE = SYDNEY.model_copy(update={"working_hours": OFFICE})
NEW_YORK_OFFICE = NEW_YORK.model_copy(update={"working_hours": OFFICE})


def utc(text: str) -> datetime:
    """An instant from its text, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(minutes: float, detected: datetime = DETECTED) -> datetime:
    """So many minutes after the detection."""
    return detected + timedelta(minutes=minutes)


def between(first: str, then: str) -> float:
    """Minutes from one instant (text, UTC) to another."""
    return (utc(then) - utc(first)) / timedelta(minutes=1)


def events_of(
    *happened: Happened, severity: str | None = None, detected: datetime = DETECTED, number: int = 42, **opened: Any
) -> tuple[Event, ...]:
    """The events of an incident: opened at the detection, with a suggested severity if one is given, then the others.

    They are recorded in the order given, whenever they happened. `opened` are values of the first event.
    """
    first = {"title": "Invoices are not sent", "detected_at": detected.isoformat(), "client": "BAY", **opened}
    rows: list[Happened] = [("opened", 0, first)]
    if severity:
        rows.append(("severity_suggested", 0, {"severity": severity}))
    events = []
    for seq, (kind, minutes, *values) in enumerate([*rows, *happened], start=1):
        said = dict(values[0]) if values else {}
        by, at = said.pop("by", ANNA), after(minutes, detected)
        payload = payload_of(kind, said).model_dump(mode="json", exclude_defaults=True)
        events.append(Event(number=number, seq=seq, kind=kind, at=at, by=by, recorded_at=at, payload=payload))
    return tuple(events)


def incident_of(
    *happened: Happened, severity: str | None = None, detected: datetime = DETECTED, number: int = 42, **opened: Any
) -> Incident:
    """The incident that these events make; see `events_of`."""
    return fold(events_of(*happened, severity=severity, detected=detected, number=number, **opened))
