"""n8n executions in, from anything a user can export, as one ExecutionLog. Formats: see docs/sources.md."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from incident_nb.errors import SourceError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.readers.api import read_json
from incident_nb.readers.collect import ClientOf, Collector
from incident_nb.readers.database import read_sqlite
from incident_nb.readers.entities import is_entities, read_entities
from incident_nb.readers.files import expand, kind_of, named, opened, size_of, told
from incident_nb.readers.postgres import read_postgres
from incident_nb.readers.rows import Row, WorkflowRow
from incident_nb.readers.stored import Bounds

__all__ = ["Reading", "read"]

Progress = Callable[[int, int, str], None]


def read(
    sources: str | Sequence[str],
    *,
    instance: str = "default",
    client_of: ClientOf = lambda _: None,
    on_progress: Progress | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ExecutionLog:
    """Everything that the named sources hold, as one ExecutionLog.

    A source is a file, a folder, a glob, or the address of a PostgreSQL database; see docs/sources.md for the formats.
    `instance` names the n8n server they came from, where a source does not say `NAME=SOURCE` itself. `client_of` gives a
    workflow's client, `on_progress` is told (bytes done, bytes in all, file). `since`, `until` (zone-aware): executions
    whose first known time lies outside are left out; a database is not even asked for them.
    What can't be read inside a source is in the log's `skipped`. Raises SourceError when a named file holds nothing
    readable, SettingsError without the key of an encrypted one; in a folder or glob such a file is skipped and named,
    unless nothing at all was readable.
    """
    with _garbage_kept():
        names = [sources] if isinstance(sources, str) else list(sources)
        collector, bounds = Collector(client_of), Bounds(since, until)
        asked = [named(name, instance) for name in names]
        files = [
            (place, server, len(found) == 1) for server, one in asked for found in [expand(one)] for place in found
        ]
        total, done = sum(size_of(place) for place, *_ in files), 0
        refused: list[UsageError] = []
        for place, server, alone in files:
            source = told(place)
            if on_progress:
                on_progress(done, total, source if isinstance(place, str) else place.name)
            try:
                for found in _rows(place, bounds):
                    _take(collector, found, server, source)
            except UsageError as error:
                if alone and len(names) == 1:
                    raise
                refused.append(error)
                collector.skip(Skipped(source, "whole source" if isinstance(place, str) else "whole file", str(error)))
            done += size_of(place)
        if on_progress:
            on_progress(total, total, "")
        if refused and len(refused) == len(files):
            raise SourceError(f"None of {len(files)} files could be read. The first: {refused[0]}")
        return collector.log()


class Reading:
    """Documents in, as a server gives them, and one ExecutionLog out."""

    def __init__(self, instance: str, client_of: ClientOf = lambda _: None) -> None:
        self._instance, self._collector, self.rows = instance, Collector(client_of), 0

    def add(self, document: bytes, source: str) -> None:
        """Takes the JSON of a page, a list or a single thing. Raises SourceError for what is nothing of n8n's."""
        for found in read_json(memoryview(document), source):
            self.rows += isinstance(found, Row)
            _take(self._collector, found, self._instance, source)

    def skip(self, where: str, reason: str, rows: int = 1) -> None:
        """Notes what could not be had."""
        self._collector.skip(Skipped(f"n8n “{self._instance}”", where, reason, rows))

    def log(self) -> ExecutionLog:
        """All that was taken, through the gate."""
        return self._collector.log()


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Rows pile up by the thousand and none is garbage: looking for cycles among them costs a tenth of the reading."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _rows(place: Path | str, bounds: Bounds) -> Iterable[Row | WorkflowRow | Skipped]:
    """What a file or a database holds of the executions that are wanted."""
    if isinstance(place, str):
        yield from read_postgres(place, since=bounds.since, until=bounds.until)
        return
    yield from (found for found in _in_file(place, bounds) if not isinstance(found, Row) or bounds.holds(found))


def _in_file(path: Path, bounds: Bounds) -> Iterable[Row | WorkflowRow | Skipped]:
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


def _take(collector: Collector, found: Row | WorkflowRow | Skipped, instance: str, source: str) -> None:
    if isinstance(found, Row):
        collector.add(found, instance, source)
    elif isinstance(found, WorkflowRow):
        collector.add_workflow(found, instance)
    else:
        collector.skip(Skipped(found.source or source, found.where, found.reason, found.rows))
