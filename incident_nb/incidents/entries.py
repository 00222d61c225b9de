"""What is about to be recorded: without secrets and without what does things where it is shown, and not too long."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.incidents.events import first_of, payload_of
from incident_nb.incidents.kinds import KINDS
from incident_nb.incidents.payload import LONGEST_NAME, Instant, Payload
from incident_nb.redact import redact_text, redact_tree

LARGEST = 1_000_000  # characters of an entry's values as JSON; more belongs into a file

_INSTANT = TypeAdapter[datetime](Instant)


class Entry(NamedTuple):
    """An event that has not got its number yet; `values` are the payload as it is kept."""

    payload: Payload
    values: dict[str, Any]
    by: str
    at: datetime | None


def entry(payload: Payload, by: str, at: datetime | None) -> Entry:
    """What will be kept of this. Raises UsageError, naming what is wrong, for what can't be kept."""
    try:
        given = payload.model_dump(mode="json", exclude_defaults=True)
        safe = _fitting(payload.kind, through_gate(given))
        values = safe.model_dump(mode="json", exclude_defaults=True)
        size = len(json.dumps(values, allow_nan=False))
    except (ValueError, RecursionError) as error:  # bytes, a circle, no number
        raise UsageError(
            f"The event “{payload.kind}” can't be recorded: it holds what JSON has no form for."
        ) from error
    if size > LARGEST:
        raise UsageError(
            f"The event “{payload.kind}” can't be recorded: it has {size} characters, and {LARGEST} are the most. Put "
            "the rest into a file."
        )
    return Entry(safe, values, name_of(by), instant(at) if at else None)


def through_gate(values: Any) -> Any:
    """JSON-like values as they may be kept."""
    return redact_tree(_plain(values))


def name_of(by: str) -> str:
    """Who recorded it, as it is kept. Raises UsageError where that says nothing."""
    name = redact_text(printable(by)).strip()
    if not name:
        raise UsageError("Nobody is named who records this. Say who it is.")
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def instant(at: datetime) -> datetime:
    """An instant as it is kept: UTC, whole milliseconds. Raises UsageError for one without a time zone."""
    try:
        utc = _INSTANT.validate_python(at)
    except ValidationError as error:
        raise UsageError(f"The time {at} can't be recorded: {first_of(error).partition(': ')[2]}.") from error
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {printable(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return printable(value) if isinstance(value, str) else value


def _fitting(kind: str, values: dict[str, Any]) -> Payload:
    """The payload of what came out of the gate; a text that has grown too long by its masks is cut."""
    try:
        return KINDS[kind].model_validate(values) if kind in KINDS else payload_of(kind, values)
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            if wrong["type"] == "string_too_long":
                *way, last = wrong["loc"]
                place: Any = values
                for step in way:
                    place = place[step]
                place[last] = f"{place[last][: wrong['ctx']['max_length'] - 1]}…"
    return payload_of(kind, values)
