"""What is about to be recorded or imported: without secrets, without what does things where it is shown, not too long."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.incidents import upgrade
from incident_nb.incidents.events import Event, first_of, fold, payload_of, read
from incident_nb.incidents.kinds import KINDS
from incident_nb.incidents.kinds.ending import Corrected
from incident_nb.incidents.kinds.opening import ORIGIN, Opened
from incident_nb.incidents.payload import LONGEST_NAME, Instant, Payload
from incident_nb.redact import redact_text, redact_tree

LARGEST = 1_000_000  # characters of an entry's values as JSON; more belongs into a file

_NO_FORM = "it holds what JSON has no form for"
_KIND = re.compile("[a-z][a-z_]{0,39}")
_ORIGIN = re.compile(ORIGIN)
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
    except (ValueError, RecursionError) as error:  # bytes, a circle, no number
        raise UsageError(f"The event “{payload.kind}” can't be recorded: {_NO_FORM}.") from error
    _sized(payload.kind, values)
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


def may_correct(before: Sequence[Event], correction: Corrected) -> None:
    """Raises UsageError where a correction that comes after these events does not fit the one that it is of."""
    if not correction.seq <= len(before):
        raise UsageError(
            f"INC-{before[0].number} has no entry {correction.seq} that could be corrected; it has {len(before)}."
        )
    said = before[correction.seq - 1]
    if said.kind == Opened.kind and correction.payload is None and correction.happened_at is None:
        raise UsageError(f"Entry 1 opened INC-{said.number} and can't be withdrawn. Close the incident.")
    if said.kind == Corrected.kind and correction.payload is not None:
        aim = payload_of(Corrected.kind, correction.payload)
        if isinstance(aim, Corrected):
            may_correct(before[: said.seq - 1], aim)


def taken(events: Sequence[Event]) -> tuple[list[Event], str]:
    """Events that come from elsewhere as they may be kept here, and their incident's origin.

    Raises UsageError for what is no whole record of one incident that this version can read.
    """
    safe: list[Event] = []
    for one in events:
        if one.number != events[0].number:
            raise UsageError(f"It holds entries of two incidents, INC-{events[0].number} and INC-{one.number}.")
        if one.seq != len(safe) + 1:
            raise UsageError(f"Its entries are not in order: entry {one.seq} comes where entry {len(safe) + 1} should.")
        if (one.kind == Opened.kind) != (one.seq == 1):
            raise UsageError(
                f"Entry {one.seq} does not open it." if one.seq == 1 else f"Entry {one.seq} opens it anew."
            )
        if not _KIND.fullmatch(one.kind):
            raise UsageError(f"Entry {one.seq} is of no kind that there could be.")
        values = through_gate(one.payload)
        if one.kind in KINDS and one.schema_version == upgrade.SCHEMA:
            _fitting(one.kind, values)
        _sized(one.kind, values)
        correction = read(one)
        if isinstance(correction, Corrected):
            may_correct(safe, correction)
        safe.append(one.model_copy(update={"payload": values, "by": name_of(one.by)}))
    fold(safe)
    if not _ORIGIN.fullmatch(str(origin := safe[0].payload.get("origin"))):
        raise UsageError(
            f"INC-{safe[0].number} does not say where it was opened first, so it can't be told from others."
        )
    return safe, str(origin)


def _sized(kind: str, values: dict[str, Any]) -> None:
    """Raises UsageError for values that are too large, or that JSON has no form for."""
    try:
        size = len(json.dumps(values, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The event “{kind}” can't be recorded: {_NO_FORM}.") from error
    if size > LARGEST:
        raise UsageError(
            f"The event “{kind}” can't be recorded: it has {size} characters, and {LARGEST} are the most. Put the rest "
            "into a file."
        )


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
