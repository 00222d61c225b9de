"""What is to be read cut into parts, each small, picklable, and readable by any process that sees the same files."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from incident_nb.errors import SourceError
from incident_nb.executions import Skipped
from incident_nb.readers import limits
from incident_nb.readers.api import read_json
from incident_nb.readers.database import id_ranges, read_sqlite
from incident_nb.readers.entities import is_entities, read_entities
from incident_nb.readers.files import Place, kind_of, opened, size_of, told
from incident_nb.readers.long_list import byte_ranges, read_range
from incident_nb.readers.postgres import read_postgres
from incident_nb.readers.rows import Row, WorkflowRow
from incident_nb.readers.stored import EVERYTHING, Bounds, Range

# A part is read at one go and held in memory, about 1 kB a row besides its file, which is mapped. So many rows or bytes
# take some seconds: long beside what a part costs in itself (30 ms), short beside all of it, so that no process is left
# alone with the last one.
ROWS_A_PART = 15_000
BYTES_A_PART = 96 * limits.MIB
BYTES_OF_JSON = 48 * limits.MIB  # of JSON a part is held in memory as it is
FILES_A_PART = 2_000
PARTS = 24  # of a database of middling size, so that the work can be shared out evenly
FEW_ROWS = 2_000


class NotThereError(SourceError):
    """The process that was to read a part does not see its file."""


class Part(NamedTuple):
    """What one process reads by itself: a file or folder (`file`), the executions of an SQLite file within `ids` (`sqlite`),
    those of a long JSON list between two bytes (`json`, the bytes as its `ids`), or a PostgreSQL database (`postgres`), which
    is never cut: all of it is to be of one moment.

    `address` is where it lies, `source` what it is called in words; `size` its bytes, for progress only.
    """

    kind: str
    address: str
    source: str
    size: int = 0
    ids: Range | None = None

    def __str__(self) -> str:
        if self.ids is None:
            return self.source
        low, high = self.ids
        if self.kind == "json":
            return f"{self.source}, from byte {low} to {high}"
        return f"{self.source}, executions {'from the first' if low is None else low} to {high or 'the last'}"


Batch = tuple[Part, ...]
"""Parts that one process reads together, in this order: many small files, or one part that is large."""


def batches_of(files: Iterable[Place]) -> list[Batch]:
    """The files as batches of about equal work, in order; a large database is several."""
    found: list[Batch] = []
    small: list[Part] = []
    for path in files:
        kind, ranges = _ranges(path)
        if ranges:
            found += [tuple(small)] * bool(small)
            small = []
            size = size_of(path) // len(ranges)
            found += [(Part(kind, str(path), str(path), size, ids),) for ids in ranges]
            continue
        small.append(whole(path))
        if sum(part.size for part in small) >= BYTES_A_PART or len(small) >= FILES_A_PART:
            found.append(tuple(small))
            small = []
    return [*found, *([tuple(small)] if small else [])]


def whole(place: Place) -> Part:
    """A file or a database as one part."""
    return Part("postgres" if isinstance(place, str) else "file", str(place), told(place), size_of(place))


def _ranges(path: Place) -> tuple[str, Sequence[Range]]:
    """What a plain SQLite file or a long JSON list is cut into, and which of them it is; nothing for what is none, or small."""
    size = size_of(path)
    if isinstance(path, str) or size < BYTES_A_PART or not path.is_file():
        return "file", []
    try:
        with path.open("rb") as file:
            kind = kind_of(memoryview(file.read(64)))
        if kind == "json":
            with opened(path) as found:
                return kind, byte_ranges(found.content, BYTES_OF_JSON)
    except (OSError, SourceError):
        return "file", []  # whoever reads it says so
    if kind != "sqlite":
        return "file", []

    def rows_a_part(rows: int) -> int:
        by_bytes = BYTES_A_PART * rows // size
        return min(ROWS_A_PART, max(1, by_bytes), max(rows // PARTS, FEW_ROWS))

    ranges = id_ranges(path, rows_a_part)
    return kind, ranges if len(ranges) > 1 else []


def rows_of(part: Part, bounds: Bounds = EVERYTHING) -> Iterator[Row | WorkflowRow | Skipped]:
    """What a part holds of what is wanted, still raw. Raises SourceError and its like as its reader does."""
    for found in READERS[part.kind](part, bounds):
        if wanted(found, bounds):
            yield found


def wanted(found: Row | WorkflowRow | Skipped, bounds: Bounds) -> bool:
    """Whether something that a reader found is asked for."""
    return not isinstance(found, Row) or bounds.holds(found)


def _of_file(part: Part, bounds: Bounds) -> Iterator[Row | WorkflowRow | Skipped]:
    path = Path(part.address)
    if path.is_dir():
        yield from read_entities(path)
        return
    with opened(path) as found:
        kind = kind_of(found.content)
        if kind == "json":
            yield from read_json(found.content, str(path))
        elif kind == "sqlite":
            yield from read_sqlite(found.place, str(path), since=bounds.since, until=bounds.until)
        if found.cut_off and kind in ("json", "sqlite"):
            yield Skipped(str(path), "the end", "the compressed file is cut off: what followed is lost")
    if kind == "zip" and is_entities(path):
        yield from read_entities(path)
    elif kind == "empty":
        raise SourceError(f"{path} is empty{', or cut off' * found.cut_off}. Export it again.")
    elif kind == "utf16":
        raise SourceError(
            f"{path} is text in UTF-16 or UTF-32, as PowerShell's `>` writes it; JSON is UTF-8. Convert it: "
            "iconv -f UTF-16 -t UTF-8 FILE > NEW"
        )
    elif kind not in ("json", "sqlite"):
        raise SourceError(f"{path} is no n8n export: neither JSON, an SQLite database nor an export:entities zip.")


def _of_sqlite(part: Part, bounds: Bounds) -> Iterator[Row | WorkflowRow | Skipped]:
    return read_sqlite(Path(part.address), part.source, part.ids, since=bounds.since, until=bounds.until)


def _of_json(part: Part, _bounds: Bounds) -> Iterator[Row | WorkflowRow | Skipped]:
    assert part.ids  # noqa: S101  it is a range
    with opened(Path(part.address)) as found:
        yield from read_range(found.content, part.ids, part.source)


def _of_postgres(part: Part, bounds: Bounds) -> Iterator[Row | WorkflowRow | Skipped]:
    return read_postgres(part.address, part.source, since=bounds.since, until=bounds.until)


READERS: dict[str, Callable[[Part, Bounds], Iterable[Row | WorkflowRow | Skipped]]] = {
    "file": _of_file, "sqlite": _of_sqlite, "json": _of_json, "postgres": _of_postgres,
}  # fmt: skip
"""Who reads each kind of part. Another kind is one more row."""


@contextmanager
def garbage_kept() -> Iterator[None]:
    """Rows pile up by the thousand and none is garbage: looking for cycles among them costs a tenth of the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
