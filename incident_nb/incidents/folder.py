"""One incident as a folder that can be sent and kept, and brought into another record.

incident.json    what it folds to, and what the other file must hold
events.jsonl     its events, one a line, as they are kept
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from pydantic import ConfigDict, ValidationError

from incident_nb.errors import OutputError, SourceError, UsageError
from incident_nb.files import is_leftover, staged, write_atomic
from incident_nb.incidents import upgrade
from incident_nb.incidents.entries import LARGEST, instant, taken
from incident_nb.incidents.events import Event, first_of, fold
from incident_nb.incidents.store import Records
from incident_nb.record import Incident
from incident_nb.redact import sealed

HEAD, EVENTS = "incident.json", "events.jsonl"
FORMAT, VERSION = "incident-nb incident", 1
LARGEST_FILE = 32_000_000  # bytes; a record of a thousand entries has half a million
LARGEST_LINE = LARGEST + 10_000


class _Head(msgspec.Struct):
    """What is read of `incident.json`; the rest is for people."""

    format: str
    version: int
    origin: str
    exported_at: str
    events: int
    sha256: str


class _Line(Event):
    """A line of `events.jsonl`: nothing is guessed, and nothing passed over."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Export(NamedTuple):
    """What a folder holds: a whole incident that could be brought in."""

    events: tuple[Event, ...]
    exported_at: datetime


def put_into(records: Records, number: int, folder: Path, *, now: datetime) -> Path:
    """Writes an incident into `folder`, which may be missing, empty or an earlier export of the same incident.

    Both files or neither; 0600, and the folder 0700 where it is made. Raises UsageError for an incident that there is
    not, OutputError where the folder holds something else or can't be written.
    """
    events = records.events(number)
    origin = str(events[0].payload.get("origin"))
    _check_free(folder, origin)
    lines = "".join(f"{one.model_dump_json()}\n" for one in events)
    folded = fold(events)
    head = {
        "format": FORMAT, "version": VERSION, "schema_version": upgrade.SCHEMA, "id": folded.id, "origin": origin,
        "exported_at": now.isoformat(), "events": len(events), "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "incident": folded.model_dump(mode="json"),
    }  # fmt: skip
    with staged(folder, last=HEAD) as draft:
        write_atomic(draft / EVENTS, sealed(EVENTS, lines))
        write_atomic(draft / HEAD, sealed(HEAD, json.dumps(head, indent=2, ensure_ascii=False) + "\n"))
    return folder


def take_from(records: Records, folder: Path, *, by: str) -> Incident:
    """Brings the incident of an exported folder into the records, under the next number.

    Raises SourceError for a folder that holds no whole export, UsageError where the incident is there already; nothing
    is written then.
    """
    found = read(folder)
    return records.take(found.events, by=by, exported_at=found.exported_at)


def read(folder: Path) -> Export:
    """What an exported folder holds, checked. Raises SourceError for anything that is not whole and in order."""
    try:
        return _export(_head(_bytes(folder / HEAD)), _bytes(folder / EVENTS))
    except UsageError as error:
        why = str(error).rstrip(".")
        why = why if why.startswith("INC-") else f"{why[:1].lower()}{why[1:]}"
        raise SourceError(f"{folder} can't be imported: {why}. Nothing was changed.") from error


def _bytes(path: Path) -> bytes:
    """The content of a file of a folder: an ordinary one, no link, and no larger than such a file can be."""
    name = path.name
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UsageError(f"{name} is no ordinary file")
            with open(handle, "rb", closefd=False) as file:
                content = file.read(LARGEST_FILE + 1)
        finally:
            os.close(handle)
    except OSError as error:
        why = "it is a link, and links are not followed" if error.errno == errno.ELOOP else error.strerror
        raise UsageError(f"{name}: {why}") from error
    if len(content) > LARGEST_FILE:
        raise UsageError(f"{name} has more than {LARGEST_FILE // 1_000_000} MB")
    return content


def _head(content: bytes) -> _Head:
    try:
        head = msgspec.json.decode(content, type=_Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{HEAD} is damaged, or was written by another program") from error
    if head.format != FORMAT or head.version < 1:
        raise UsageError(f"{HEAD} was written by another program")
    if head.version > VERSION:
        raise UsageError(
            f"it was written by a newer incident-nb (its form is {head.version}, this one knows {VERSION})"
        )
    return head


def _export(head: _Head, lines: bytes) -> Export:
    if hashlib.sha256(lines).hexdigest() != head.sha256:
        raise UsageError(f"{EVENTS} is not the file that was exported: it was cut off or changed")
    events = []
    *full, rest = lines.split(b"\n")
    for number, line in enumerate(full, 1):
        if len(line) > LARGEST_LINE:
            raise UsageError(f"line {number} of {EVENTS} has more than {LARGEST_LINE} bytes")
        try:
            events.append(Event(**dict(_Line.model_validate_json(line))))
        except ValidationError as error:
            raise UsageError(f"line {number} of {EVENTS} is no event: {first_of(error)}") from error
    if rest:
        raise UsageError(f"the last line of {EVENTS} has no end")
    if len(events) != head.events or not events:
        raise UsageError(f"{EVENTS} has {len(events)} entries, and {head.events} were exported")
    _, origin = taken(events)
    if origin != head.origin:
        raise UsageError(f"{HEAD} and {EVENTS} are of two incidents")
    try:
        return Export(tuple(events), instant(datetime.fromisoformat(head.exported_at)))
    except (UsageError, ValueError) as error:
        raise UsageError(f"{HEAD} does not say when it was exported") from error


def _check_free(folder: Path, origin: str) -> None:
    """Raises OutputError for a folder that holds anything but an earlier export of the same incident."""
    try:
        names = {name for name in os.listdir(folder) if not is_leftover(name)}  # noqa: PTH208 (names, not paths)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"could not look into {folder}: {error.strerror}; choose another folder") from error
    if names == {HEAD, EVENTS}:
        with contextlib.suppress(UsageError):
            if _head(_bytes(folder / HEAD)).origin == origin:
                return
    if names:
        raise OutputError(
            f"could not export into {folder}: it holds something else; choose one that is empty or missing"
        )
