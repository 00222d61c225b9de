"""One execution by its id, whole and raw, out of any source that can be read, without building a log of the rest."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from incident_nb.errors import SourceError, UsageError
from incident_nb.models import NO_EXECUTION
from incident_nb.readers import database, limits
from incident_nb.readers.api import read_json
from incident_nb.readers.entities import is_entities, read_entities
from incident_nb.readers.files import expand, kind_of, named, opened
from incident_nb.readers.flatted import Flatted
from incident_nb.readers.plain import Plain
from incident_nb.readers.postgres import read_ids
from incident_nb.readers.rows import Row, whole_characters

_LINE_END = re.compile(rb"\n")
_IN_WORD = re.compile(rb"[\w-]")
_PIECE = 4 * limits.MIB


class Executions:
    """Executions of `sources` by id, as the public API gives one: call it with an id. Safe to use from several threads.

    `{id, status, mode, startedAt, stoppedAt, workflowId, retryOf, workflowData, data}`, plain, NOT through the gate;
    `data` is None where the source holds none. None for an id that no source has. `also`: ids that will be asked for,
    taken along in the same pass. Raises SourceError when no source could be read, or at `deadline` (monotonic seconds).
    """

    def __init__(
        self, sources: str | Sequence[str], *, also: Iterable[str] = (), deadline: float | None = None
    ) -> None:
        self._sources = [sources] if isinstance(sources, str) else list(sources)
        self._also, self._deadline = set(also), deadline
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, Any]] = {}
        self._complete: set[str] = set()  # of those kept, the ones with their nodes' data

    def __call__(self, execution_id: str) -> dict[str, Any] | None:
        """The execution, or None. One that lies in several files comes from one that holds its data."""
        with self._lock:
            if execution_id not in self._complete:
                self._look(execution_id)
            # What was asked for is kept by who asked; only what was taken along still waits.
            if execution_id in self._also:
                return self._kept.get(execution_id)
            self._complete.discard(execution_id)
            return self._kept.pop(execution_id, None)

    def _look(self, wanted: str) -> None:
        asked = [named(source, "")[1] for source in self._sources]
        files = list(dict.fromkeys(place for source in asked for place in expand(source)))
        # A database is asked by its key; and an archive names its files by their executions.
        files.sort(key=lambda place: isinstance(place, Path) and wanted not in place.stem)
        refused: list[UsageError] = []
        for place in files:
            try:
                for row in _rows(place, {wanted, *self._also} - self._complete):
                    self._keep(row)
            except UsageError as error:
                refused.append(error)
            if wanted in self._complete:
                return
            if self._deadline is not None and time.monotonic() > self._deadline:
                raise SourceError(f"Looking for execution {wanted[:40]} in {len(files):,} files took too long.")
        if refused and len(refused) == len(files):
            raise SourceError(f"None of {len(files)} files could be read. The first: {refused[0]}")

    def _keep(self, row: Row) -> None:
        found, before = whole(row), self._kept.get(row.execution_id)
        if found["data"] is not None and row.data == "full":
            self._complete.add(row.execution_id)
        elif before is not None and (before["data"] is not None or found["data"] is None):
            return  # no more than what is known already
        self._kept[row.execution_id] = found


def whole(row: Row) -> dict[str, Any]:
    """A row with its data and workflow decoded in full; `data` is None where there is none, or it is damaged or too large."""
    data, large = None, row.data == "too_large"
    if isinstance(row.document, bytes):
        large = large or len(row.document) > limits.DATA
        data = None if large else _decoded(row.document, row.flatted)
    return {
        "id": row.execution_id,
        "status": row.status,
        "mode": row.mode,
        "startedAt": _instant(row.started_at),
        "stoppedAt": _instant(row.stopped_at),
        "workflowId": row.workflow_id,
        "retryOf": row.retry_of,
        "workflowData": _decoded(row.flow, False) if row.flow else None,
        "data": data,
        **({"dataTooLargeToDisplay": True} if large else {}),
    }


def _rows(path: Path | str, wanted: set[str]) -> Iterator[Row]:
    """The wanted rows of a file or a database, with all that it holds of them."""
    if isinstance(path, str):
        yield from read_ids(path, sorted(wanted))
        return
    if path.is_dir():
        yield from _only(read_entities(path), wanted)
        return
    with opened(path) as found:
        kind = kind_of(found.content)
        if kind == "json":
            yield from _from_json(found.content, str(path), wanted)
        elif kind == "sqlite":
            yield from _from_database(found.place, str(path), wanted)
    if kind == "zip" and is_entities(path):
        yield from _only(read_entities(path), wanted)
    elif kind not in ("json", "sqlite"):
        raise SourceError(f"{path} is no n8n export that can be read.")


def _only(found: Iterable[Any], wanted: set[str]) -> Iterator[Row]:
    return (row for row in found if isinstance(row, Row) and row.execution_id in wanted)


def _from_json(content: memoryview, source: str, wanted: set[str]) -> Iterator[Row]:
    """Looks first where the ids stand in the text at all: most of a long export is never decoded."""
    made_up = any(one.startswith(NO_EXECUTION) for one in wanted)
    places = _places(content, wanted)
    first = next(places, None)
    if first is None and not made_up:
        return
    left = set(wanted)
    if first is not None and bytes(content[:64]).lstrip()[:1] == b"{" and _has(content, b"\n{"):
        for line in _lines_with(chain([first], places), content):
            with contextlib.suppress(SourceError):  # this line alone is nothing of n8n's; all of it may be
                for row in _only(read_json(line, source), left):
                    left.discard(row.execution_id)
                    yield _with_all(row)
            if not left:
                return
    for row in _only(read_json(content, source), left):
        yield _with_all(row)


def _places(content: memoryview, names: Iterable[str]) -> Iterator[int]:
    """Where any of the names stands as a word of its own, in order; piece by piece, since only bytes are searched fast."""
    words = [re.compile(re.escape(name.encode()) + rb"(?![\w-])") for name in names]
    overlap = max((len(word.pattern) for word in words), default=0) + 2
    for start in range(0, len(content), _PIECE):
        before = max(0, start - 1)  # the byte that tells whether a word begins here
        piece = bytes(content[before : start + _PIECE + overlap])
        found = (at.start() for word in words for at in word.finditer(piece) if at.start() <= _PIECE)
        yield from sorted(before + at for at in found if not at or not _IN_WORD.match(piece, at - 1))


def _has(content: memoryview, word: bytes) -> bool:
    pieces = range(0, len(content), _PIECE)
    return any(word in bytes(content[start : start + _PIECE + len(word)]) for start in pieces)


def _lines_with(places: Iterable[int], content: memoryview) -> Iterator[memoryview]:
    done = 0
    for place in places:
        if place >= done:
            start = _last_end(content, place, done)
            end = _LINE_END.search(content, place)
            done = end.end() if end else len(content)
            yield content[start:done]


def _last_end(content: memoryview, before: int, after: int) -> int:
    """Where the line begins in which `before` lies; `after` is known to be no later than that."""
    reach = 64 * limits.KIB
    while True:
        begin = max(after, before - reach)
        at = bytes(content[begin:before]).rfind(b"\n")
        if at >= 0 or begin == after:
            return begin + at + 1 if at >= 0 else after
        reach *= 4


def _with_all(row: Row) -> Row:
    """The row with all of its data: what a list is read into for a log has decoded a part of it."""
    return msgspec.structs.replace(row, document=row.document.json()) if isinstance(row.document, Plain) else row


def _from_database(place: Path, source: str, wanted: set[str]) -> Iterator[Row]:
    """The wanted executions of an n8n database, asked for by their key."""
    with contextlib.closing(database.connect(place, source)) as db:
        try:
            present = {row[1] for row in db.execute("PRAGMA table_info(execution_entity)")}
            if not present:
                raise SourceError(f"{source} is an SQLite file but no n8n database.")
            columns = ", ".join(f"e.{n}" if n in present else f"NULL AS {n}" for n in database.COLUMNS)
            alive = " AND e.deletedAt IS NULL" if "deletedAt" in present else ""
            bare = f"SELECT {columns} FROM execution_entity e WHERE e.id = ?{alive}"  # noqa: S608  names of our own
            data = "SELECT workflowData, data FROM execution_data WHERE executionId = ?"
            db.text_factory = bytes
            for one in sorted(wanted):
                for fields in db.execute(bare, (one,)).fetchall():
                    try:
                        flow, document = db.execute(data, (one,)).fetchone() or (None, None)
                        yield database.stored_row(fields, flow, document)
                    except sqlite3.DataError:  # longer than `limits.DATA`
                        yield database.stored_row(fields, None, None, "too_large")
        except sqlite3.DatabaseError as error:
            raise SourceError(f"Could not read {source}: {error}. Copy the database again.") from error


def _decoded(document: bytes, flatted: bool) -> Any:
    """A document as plain Python; None when it is damaged."""
    for text in (document, None):
        try:
            part = whole_characters(document) if text is None else text
            found = Flatted(part).tree() if flatted else msgspec.json.decode(part)
        except (ValueError, RecursionError, IndexError, TypeError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _instant(text: str | None) -> str | None:
    """A time of the database, which has no zone, as the API writes it."""
    return f"{text.replace(' ', 'T')}Z" if text and " " in text and not text.endswith("Z") else text
