"""n8n's PostgreSQL database, 1.x and 2.x: read-only, as it was at one moment, and a piece at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from incident_nb.executions import Skipped
from incident_nb.readers import limits
from incident_nb.readers.database import COLUMNS, stored_row
from incident_nb.readers.postgres_server import Server, connected, psycopg, shown, why
from incident_nb.readers.rows import Row, WorkflowRow, place_of
from incident_nb.readers.stored import OPTIONAL, Bounds, Range, workflow_rows

# The server sends rows when they are asked for, in pieces of about so much. First come the rows without what makes them large.
ROWS = 2_000
BYTES = 16 * limits.MIB
PACKED = (
    8  # times its size in the table that a workflow has when it is unpacked, as a rule; execution data tells its own
)
_TIMES = ("startedAt", "stoppedAt", "waitTill")
_LARGE_PACKED = (
    limits.DATA // 256
)  # nothing unpacks to more than 255 times its size, so what is smaller is not too large
_BROKEN = ("22", "XX")  # classes of errors that lie in one row: what can't be decoded, and what is damaged on the disk


def read_postgres(
    address: str, source: str | None = None, ids: Range | None = None, *,
    since: datetime | None = None, until: datetime | None = None,
) -> Iterator[Row | WorkflowRow | Skipped]:  # fmt: skip
    """Workflows with their tags and projects, then every execution that n8n has not marked as deleted, by id.

    `source` is what it is called, host and database unless given. `since`, `until`, `ids`: only these executions, as
    `Bounds` says, and the workflows with the first of several ranges of ids. All is as it was when this reading began,
    whatever n8n does meanwhile. A row that the server can't give, and what a lost connection costs, are skipped and named.
    Raises SourceError when the server can't be reached, refuses, holds no n8n, or fails before the first row, with `ids`
    also later; MissingExtraError without its driver.
    """
    with connected(address) as server:
        place = source or shown(address)
        if ids is None or ids[0] is None:
            yield from workflow_rows(server.connection.execute, server.tables.sql, server.tables.names)
            if lacking := ", ".join(name for name in OPTIONAL if name not in server.tables.names):
                reason = "not there, or not to be read by this user: workflows come without their tags or projects"
                yield Skipped(place, f"table {lacking}", reason)
        last = None
        try:
            for found in _executions(server, place, Bounds(since, until, ids)):
                last = found
                yield found
        except psycopg().Error as error:
            if last is None or ids is not None:
                raise
            after = place_of(last) if isinstance(last, Row) else last.where
            yield Skipped(place, f"after {after}", f"the rest was not read: {why(error, address)}")


def read_ids(address: str, wanted: Iterable[str]) -> Iterator[Row]:
    """The executions of these ids, those that there are. Raises as `read_postgres` does."""
    numbers = [int(one) for one in wanted if one.isdecimal() and len(one) < 19]
    if not numbers:
        return
    with connected(address) as server:
        where = f"{Bounds().where(server.tables.columns) or ' WHERE true'} AND e.id = ANY(%s)"
        light = server.connection.execute(_light(server, where), [numbers]).fetchall()
        yield from (row for row in _with_data(server, light, shown(address)) if isinstance(row, Row))


def _executions(server: Server, source: str, bounds: Bounds) -> Iterator[Row | Skipped]:
    with server.connection.cursor(name="incident_nb") as cursor:
        cursor.execute(_light(server, bounds.where(server.tables.columns)))
        while light := cursor.fetchmany(ROWS):
            for piece in _pieces(light):
                yield from _with_data(server, piece, source)


def _light(server: Server, where: str) -> str:
    """The query for rows without their two big texts, but with the bytes of these, which the table knows unread."""
    tables, present = server.tables, server.tables.columns
    wanted = ", ".join(_column(name) if name in present else "NULL" for name in COLUMNS)
    return (
        f'SELECT {wanted}, octet_length(d.data::text), pg_column_size(d."workflowData")'  # noqa: S608  names from its list
        f' FROM {tables.sql("execution_entity")} e LEFT JOIN {tables.sql("execution_data")} d ON d."executionId" = e.id{where}'
        " ORDER BY e.id"
    )


def _column(name: str) -> str:
    """A column as SQLite would give it: times as text of n8n's form, which the session's zone makes UTC."""
    if name in _TIMES:
        return f"to_char(e.\"{name}\", 'YYYY-MM-DD HH24:MI:SS.MS')"
    return f'e."{name}"' if name in ("id", "finished") else f'e."{name}"::text'


def _pieces(light: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows in runs whose data is about `BYTES` together; what is too large to be asked for counts for nothing."""
    start, size = 0, 0
    for at, row in enumerate(light):
        weight = (row[-2] or 0) * (row[-2] is not None and row[-2] <= limits.DATA) + PACKED * (row[-1] or 0)
        if size and size + weight > BYTES:
            yield light[start:at]
            start, size = at, 0
        size += weight
    yield light[start:]


def _with_data(server: Server, light: Sequence[Any], source: str) -> Iterator[Row | Skipped]:
    """The rows with their data and workflows; one by one where the server can't give them together."""
    texts: dict[int, tuple[bytes | None, bytes | None]] = {}
    fits = [row[0] for row in light if (row[-2] or 0) <= limits.DATA and row[-1] is not None]
    try:
        texts = _texts(server, fits)
        broken: dict[int, str] = {}
    except psycopg().Error as error:
        if not _of_one_row(error):
            raise
        texts, broken = _one_by_one(server, fits)
    for *fields, size, _ in light:
        large = (size or 0) > limits.DATA
        row = stored_row(fields, *texts.pop(fields[0], (None, None)), "too_large" if large else "full")
        if fields[0] in broken:
            row.data = "damaged"
        yield row
        if large:
            reason = f"its data is larger than {limits.amount(limits.DATA)}: it was not looked at"
            yield Skipped(source, place_of(row), f"execution {row.execution_id}: {reason}")
        if why_not := broken.get(fields[0]):
            yield Skipped(
                source, place_of(row), f"execution {row.execution_id}: the server can't give its data: {why_not}"
            )


def _texts(server: Server, ids: Collection[int]) -> dict[int, tuple[bytes | None, bytes | None]]:
    """Workflow and data of these executions, as bytes: decoding two big texts only to parse their bytes is for nothing."""
    from psycopg.types.string import ByteaBinaryLoader

    if not ids:
        return {}
    flow = '"workflowData"'
    query = (
        f'SELECT "executionId", CASE WHEN pg_column_size({flow}) <= {_LARGE_PACKED} OR'  # noqa: S608
        f" octet_length({flow}::text) <= {limits.DATA} THEN {flow}::text END, data::text"
        f' FROM {server.tables.sql("execution_data")} WHERE "executionId" = ANY(%s)'
    )
    with server.connection.transaction(), server.connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("text", ByteaBinaryLoader)
        return {number: (workflow, data) for number, workflow, data in cursor.execute(query, [list(ids)])}


def _one_by_one(
    server: Server, ids: Collection[int]
) -> tuple[dict[int, tuple[bytes | None, bytes | None]], dict[int, str]]:
    """The same asked for singly, and why some could not be given."""
    texts: dict[int, tuple[bytes | None, bytes | None]] = {}
    broken: dict[int, str] = {}
    for number in ids:
        try:
            texts |= _texts(server, [number])
        except psycopg().Error as error:
            if not _of_one_row(error):
                raise
            broken[number] = why(error, "")
    return texts, broken


def _of_one_row(error: Exception) -> bool:
    return str(getattr(error, "sqlstate", None) or "").startswith(_BROKEN)
