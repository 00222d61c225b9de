"""n8n's SQLite database file, 1.x and 2.x, read-only, also while n8n writes to it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from incident_nb.errors import SourceError
from incident_nb.executions import Skipped
from incident_nb.readers import limits
from incident_nb.readers.rows import DataState, Row, WorkflowRow, ended_as, place_of, text_or_none
from incident_nb.readers.stored import Bounds, Range, ranges, workflow_rows

COLUMNS = ("id", "workflowId", "mode", "status", "finished", "startedAt", "stoppedAt", "retryOf", "waitTill")


def read_sqlite(
    path: Path, source: str, ids: Range | None = None, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Row | WorkflowRow | Skipped]:
    """Workflows with their tags and projects, then every execution that n8n has not marked as deleted, by id.

    `source` is what the user calls it; `path` may be an unpacked copy. `since`, `until`, `ids`: only these executions, as
    `Bounds` says, and the workflows with the first of several ranges of ids. Raises SourceError when it is no n8n database,
    is locked, or is damaged before its first row, with `ids` also where it is damaged later.
    """
    with contextlib.closing(connect(path, source)) as db:
        try:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "execution_entity" not in tables:
                raise SourceError(f"{source} is an SQLite file but no n8n database: it has no table execution_entity.")
            for table in _NEEDED - tables:  # a view of that name could take for ever
                raise SourceError(_AGAIN.format(source, f"no such table: {table}"))
            if ids is None or ids[0] is None:
                yield from workflow_rows(db.execute, str, tables)
            yield from _executions(db, source, Bounds(since, until, ids))
        except sqlite3.DatabaseError as error:
            raise SourceError(_AGAIN.format(source, error)) from error


_AGAIN = "Could not read {}: {}. Copy the database again (with its -wal file)."
_NEEDED = {"execution_data", "workflow_entity"}
_text = partial(str, encoding="utf-8", errors="replace")


def connect(path: Path, source: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if _at_rest(path) else ''}"
    try:
        db = sqlite3.connect(address, uri=True, timeout=10)
        db.text_factory = _text
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limits.DATA)
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        raise SourceError(
            f"Could not open {source}: {error}. Copy it, with its -wal file, to a folder that you can write to."
        ) from error
    except sqlite3.DatabaseError as error:
        raise SourceError(_AGAIN.format(source, error)) from error
    return db


def _at_rest(path: Path) -> bool:
    """Whether nobody has it open: in WAL mode (said in bytes 18 and 19) a log lies beside a file in use.

    Read as such, SQLite needs no lock, so the folder may be read-only, and leaves no files of its own there.
    """
    with path.open("rb") as file:
        wal_mode = file.read(20)[18:] == b"\x02\x02"
    return wal_mode and not path.with_name(path.name + "-wal").exists()


def id_ranges(path: Path, size_of_part: Callable[[int], int]) -> list[Range]:
    """The ids of a database cut into ranges of about so many executions each; nothing where its ids are no plain numbers.

    `size_of_part` says for a number of executions how many a range is to have. The first range has no lower and the last no
    upper end, so that none is missed that n8n writes meanwhile.
    """
    try:
        with contextlib.closing(connect(path, str(path))) as db:
            keys = [row for row in db.execute("PRAGMA table_info(execution_entity)") if row[5]]
            if [(row[1], row[2].upper()) for row in keys] != [("id", "INTEGER")]:
                return []
            ((count,),) = db.execute("SELECT count(*) FROM execution_entity")
            step, starts = max(1, size_of_part(count)), list[int]()
            query = "SELECT id FROM execution_entity WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?"
            while found := db.execute(query, (starts[-1] if starts else -(2**63), step)).fetchone():
                starts.append(found[0])
    except (SourceError, sqlite3.DatabaseError):
        return []  # whoever reads it says so
    return ranges(starts)


def _executions(db: sqlite3.Connection, source: str, bounds: Bounds) -> Iterator[Row | Skipped]:
    present = {row[1] for row in db.execute("PRAGMA table_info(execution_entity)")}
    wanted = ", ".join(f"e.{name}" if name in present else f"NULL AS {name}" for name in COLUMNS)
    order = f"{bounds.where(present)} ORDER BY e.id"
    query = (
        f"SELECT {wanted}, d.workflowData, d.data FROM execution_entity e"  # noqa: S608
        f" LEFT JOIN execution_data d ON d.executionId = e.id {order}"
    )
    db.text_factory = bytes  # decoding the two big texts only to parse their bytes would double the work
    number = 0
    while True:
        try:
            for record in db.execute(f"{query} LIMIT -1 OFFSET {number}" if number else query):
                number += 1
                yield stored_row(record[:-2], *record[-2:])
            return
        except sqlite3.DataError:  # a row at hand or the one after it, which Python already asked for, is too large
            found = list(_one(db, query, f"SELECT {wanted} FROM execution_entity e {order}", number, source))  # noqa: S608
            if not found:
                return
            yield from found
            number += 1
        except sqlite3.DatabaseError as error:
            if not number or bounds.ids:
                raise
            yield Skipped(source, f"after row {number}", f"the rest of the table is damaged: {error}")
            return


def _one(db: sqlite3.Connection, query: str, bare: str, number: int, source: str) -> Iterator[Row | Skipped]:
    """The row at a place, without its data and workflow where these are larger than we take."""
    place = f"LIMIT 1 OFFSET {number}"
    try:
        for record in db.execute(f"{query} {place}").fetchall():
            yield stored_row(record[:-2], *record[-2:])
    except sqlite3.DataError:
        for fields in db.execute(f"{bare} {place}").fetchall():
            row = stored_row(fields, None, None, "too_large")
            yield row
            reason = f"execution {row.execution_id}: its data is larger than {limits.amount(limits.DATA)}"
            yield Skipped(source, place_of(row), f"{reason}: it was not looked at")


def stored_row(fields: Sequence[Any], flow: bytes | None, data: bytes | None, state: DataState = "full") -> Row:
    """A row as n8n's tables hold it; `fields` are those of `COLUMNS`, `flow` and `data` as stored (data is flatted)."""
    number, workflow, mode, status, finished, started, stopped, retry_of, wait_till = fields
    status = _words[status] if type(status) is bytes else text_or_none(status)
    return Row(
        execution_id=str(number) if type(number) is int else str(text_or_none(number)),
        workflow_id=_words[workflow] if type(workflow) is bytes else text_or_none(workflow),
        mode=_words[mode] if type(mode) is bytes else text_or_none(mode),
        status=status or ended_as(finished, stopped, wait_till),
        started_at=started.decode("utf-8", "replace") if type(started) is bytes else text_or_none(started),
        stopped_at=stopped.decode("utf-8", "replace") if type(stopped) is bytes else text_or_none(stopped),
        retry_of=text_or_none(retry_of) if retry_of is not None else None,
        flow=flow,
        document=data or None,
        flatted=True,
        data=state,
    )


class _Words(dict[bytes, str]):
    """Texts of which there are few, each as one object."""

    def __missing__(self, value: bytes) -> str:
        if len(self) >= _MOST_WORDS:
            self.clear()
        found = self[value] = value.decode("utf-8", "replace")
        return found


_MOST_WORDS = 20_000
_words = _Words()
