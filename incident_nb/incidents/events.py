"""An event of an incident, as it is kept, and the folding of events into the incident.

An event is never changed or removed. Whoever erred records a correction, and the incident is folded anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from incident_nb.errors import UsageError
from incident_nb.incidents.kinds import KINDS
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.payload import Payload
from incident_nb.incidents.upgrade import SCHEMA, lifted
from incident_nb.models import Frozen
from incident_nb.record import Incident, Said


class Event(Frozen):
    """One event as it is kept. `at`: when it happened; `recorded_at`: when it was written down; `by`: who did it (all UTC).

    `number` is the incident's, `seq` counts its events from 1.
    """

    number: int
    seq: int
    kind: str
    at: AwareDatetime
    by: str
    recorded_at: AwareDatetime
    schema_version: int = SCHEMA
    payload: dict[str, Any] = Field(default_factory=dict)


def payload_of(kind: str, values: dict[str, Any]) -> Payload:
    """The payload of a kind. Raises UsageError, naming the field, for values that this kind does not have."""
    if kind not in KINDS:
        raise UsageError(f"There is no event of the kind “{kind}”; there is {', '.join(sorted(KINDS))}.")
    try:
        return KINDS[kind].model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "it"
        raise UsageError(f"The event “{kind}” can't be recorded: {place}: {first['msg'].lower()}.") from error


def read(event: Event) -> Payload | None:
    """An event's payload in today's form, older ones lifted; None for a kind that only a newer version knows."""
    known = event.kind in KINDS and event.schema_version <= SCHEMA
    return payload_of(event.kind, lifted(event.kind, event.payload, event.schema_version)) if known else None


def begun(number: int, opened: Opened, said: Said) -> Incident:
    """The incident that an `opened` event begins; to be folded on."""
    return Incident(
        number=number, title=opened.title, detected_at=opened.detected_at, opened_at=said.at, last_seen=opened.detected_at,
        changed_at=said.at,
    )  # fmt: skip


def after(incident: Incident, event: Event, payload: Payload | None) -> Incident:
    """The incident after one more event that is no correction."""
    said = Said(at=event.at, by=event.by)
    changes = payload.change(incident, said) if payload else {}
    changed_at = max(incident.changed_at, event.recorded_at)
    return incident.model_copy(update={**changes, "version": event.seq, "changed_at": changed_at})


def fold(events: Iterable[Event]) -> Incident:
    """The incident that its events make, corrections heeded. Raises UsageError where the first one does not open it."""
    rows = sorted(events, key=lambda event: event.seq)
    payloads = {event.seq: read(event) for event in rows}
    at = {event.seq: event.at for event in rows}
    for event in rows:
        correction = payloads[event.seq]
        if isinstance(correction, Corrected) and correction.seq in payloads:
            at[correction.seq], payloads[correction.seq] = _corrected(
                correction, at[correction.seq], payloads[correction.seq]
            )
    first = payloads[rows[0].seq] if rows else None
    if not isinstance(first, Opened):
        raise UsageError("This record has no beginning: its first event does not open an incident.")
    incident = begun(rows[0].number, first, Said(at=at[rows[0].seq], by=rows[0].by))
    for event in rows:
        incident = after(incident, event.model_copy(update={"at": at[event.seq]}), payloads[event.seq])
    return incident


def _corrected(correction: Corrected, at: datetime, payload: Payload | None) -> tuple[datetime, Payload | None]:
    """When an event was, and what it says, as a correction has it; one that only puts the instant right keeps the rest."""
    if correction.payload is None and correction.happened_at is None:
        return at, None
    says = payload
    if correction.payload is not None and payload is not None:
        says = payload_of(payload.kind, correction.payload)
    return correction.happened_at or at, says
