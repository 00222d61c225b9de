"""An event of an incident, as it is kept, and the folding of events into the incident.

An event is never changed or removed. Whoever erred records a correction, and the incident is folded anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.incidents import upgrade
from incident_nb.incidents.kinds import KINDS
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.payload import Instant, Payload
from incident_nb.models import Frozen
from incident_nb.record import Incident
from incident_nb.said import Said


class Event(Frozen):
    """One event as it is kept. `at`: when it happened; `recorded_at`: when it was written down; `by`: who did it (all UTC).

    `number` is the incident's, `seq` counts its events from 1.
    """

    number: int
    seq: int = Field(ge=1)
    kind: str
    at: Instant
    by: str
    recorded_at: Instant
    schema_version: int = Field(default_factory=lambda: upgrade.SCHEMA, ge=1)
    payload: dict[str, Any] = Field(default_factory=dict)


def payload_of(kind: str, values: dict[str, Any]) -> Payload:
    """The payload of a kind. Raises UsageError, naming the field, for values that this kind does not have."""
    if kind not in KINDS:
        raise UsageError(f"There is no event of the kind “{_short(kind)}”; there is {', '.join(sorted(KINDS))}.")
    try:
        return KINDS[kind].model_validate(values)
    except ValidationError as error:
        raise UsageError(f"The event “{kind}” can't be recorded: {first_of(error)}.") from error


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong with some values, after the name of its field; without the value."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "it"
    said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    return f"{_short(place)}: {said[:1].lower()}{said[1:]}"


def read(event: Event) -> Payload | None:
    """An event's payload in today's form, older ones lifted; None for a kind that only a newer version knows."""
    return _lifted(event.kind, event.payload, event.schema_version)


def begun(event: Event, opened: Opened) -> Incident:
    """The incident that an `opened` event begins."""
    incident = Incident(
        number=event.number, title=opened.title, detected_at=opened.detected_at, opened_at=event.at,
        last_seen=opened.detected_at, changed_at=event.recorded_at,
    )  # fmt: skip
    return after(incident, event, opened)


def after(incident: Incident, event: Event, payload: Payload | None) -> Incident:
    """The incident after one more event that is no correction."""
    said = Said(at=event.at, by=event.by)
    changes = payload.change(incident, said) if payload else {}
    changed_at = max(incident.changed_at, event.recorded_at)
    return incident.model_copy(update={**changes, "version": event.seq, "changed_at": changed_at})


def fold(events: Iterable[Event]) -> Incident:
    """The incident that its events make, corrections heeded. Raises UsageError where the first one does not open it."""
    rows = sorted(events, key=lambda event: event.seq)
    stands = corrected(rows)
    first = stands[rows[0].seq].payload if rows else None
    if not isinstance(first, Opened):
        if rows and rows[0].schema_version > upgrade.SCHEMA:
            raise UsageError(f"INC-{rows[0].number} was written by a newer incident-nb. Update this one.")
        raise UsageError("This record has no beginning: its first event does not open an incident.")
    incident = begun(rows[0].model_copy(update={"at": stands[rows[0].seq].at}), first)
    for event in rows[1:]:
        now = stands[event.seq]
        incident = after(incident, event.model_copy(update={"at": now.at}), now.payload)
    return incident


class Stands(NamedTuple):
    """What an event says, and when it was, after all corrections; no payload where it counts for nothing."""

    payload: Payload | None
    at: datetime


def corrected(events: Iterable[Event]) -> dict[int, Stands]:
    """How each event stands after all corrections, by its number.

    A correction may itself be corrected or withdrawn, which is settled before it is heeded: hence from the newest event
    to the oldest. Of several corrections of one event the newest counts. What opened an incident can't be withdrawn.
    """
    stands: dict[int, Stands] = {}
    corrections: dict[int, list[tuple[Corrected, int]]] = {}  # by the event they are of, the newest first
    for event in sorted(events, key=lambda event: -event.seq):
        payload, at, version = read(event), event.at, event.schema_version
        for correction, written in reversed(corrections.get(event.seq, [])):
            if correction.payload is not None:
                payload, version = _lifted(event.kind, correction.payload, written), written
            elif correction.happened_at is None and event.kind != Opened.kind:
                payload = None
            at = correction.happened_at or at
        stands[event.seq] = Stands(payload, at)
        if isinstance(payload, Corrected) and payload.seq < event.seq:
            corrections.setdefault(payload.seq, []).append((payload, version))
    return stands


def _lifted(kind: str, values: dict[str, Any], version: int) -> Payload | None:
    known = kind in KINDS and version <= upgrade.SCHEMA
    return payload_of(kind, upgrade.lifted(kind, values, version)) if known else None


def _short(text: str) -> str:
    """A word from outside in a message."""
    plain = printable(text)
    return plain if len(plain) <= 60 else f"{plain[:60]}…"
