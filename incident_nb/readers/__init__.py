"""n8n executions in, from anything a user can export, as one ExecutionLog. Formats: see docs/sources.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from incident_nb.errors import SourceError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.logfile import merged
from incident_nb.readers.api import read_json
from incident_nb.readers.batch import take
from incident_nb.readers.collect import ClientOf, Collector
from incident_nb.readers.files import Place, expand, named, size_of
from incident_nb.readers.files import told as called
from incident_nb.readers.parts import garbage_kept, rows_of, whole
from incident_nb.readers.piece import Judge
from incident_nb.readers.rows import Row
from incident_nb.readers.spread import Engine, Spread, engine_of, read_spread
from incident_nb.readers.stored import Bounds

__all__ = ["Reading", "Spread", "read"]

Progress = Callable[[int, int, str], None]


class _Asked(NamedTuple):
    """A file or database that is to be read: of which server, and whether it is all that was named."""

    place: Place
    server: str
    alone: bool


def read(
    sources: str | Sequence[str],
    *,
    instance: str = "default",
    client_of: ClientOf = lambda _: None,
    on_progress: Progress | None = None,
    spread: Spread | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ExecutionLog:
    """Everything that the named sources hold, as one ExecutionLog.

    A source is a file, a folder, a glob, or the address of a PostgreSQL database; see docs/sources.md for the formats.
    `instance` names the n8n server they came from, where a source does not say `NAME=SOURCE` itself. `client_of` gives a
    workflow's client, `on_progress` is told (bytes done, bytes in all, file). `spread`: by which processes, this one if not
    said; the log is the same, and its failures have the judge's columns, too. `since`, `until` (zone-aware): executions
    whose first known time lies outside are left out; a database is not even asked for them.
    What can't be read inside a source is in the log's `skipped`. Raises SourceError when a named file holds nothing
    readable, SettingsError without the key of an encrypted one; in a folder or glob such a file is skipped and named,
    unless nothing at all was readable.
    """
    names = [sources] if isinstance(sources, str) else list(sources)
    asked = [
        _Asked(place, server, len(found) == 1 == len(names))
        for server, source in (named(name, instance) for name in names)
        for found in [expand(source)]
        for place in found
    ]
    told, bounds = on_progress or (lambda *_: None), Bounds(since, until)
    places = [one.place for one in asked]
    if spread and (engine := engine_of(spread, places)):
        log = _in_parts(asked, engine, spread.judge, client_of, told, bounds)
        if log is not None:
            told(1, 1, "")
            return log
    with garbage_kept():
        return _alone(asked, client_of, told, bounds)


def _in_parts(
    asked: Sequence[_Asked], engine: Engine, judge: Judge | None, client_of: ClientOf, told: Progress, bounds: Bounds
) -> ExecutionLog | None:
    """What was asked for, read server by server in parts; None where only one process can tell what to keep or to say."""
    servers = list(dict.fromkeys(one.server for one in asked))
    logs = []
    for server in servers:
        mine = [one.place for one in asked if one.server == server]
        try:
            log = read_spread(mine, engine, judge, server, client_of, told, bounds)
        except UsageError:
            if len(servers) == 1:
                raise
            return None  # of several sources one that can't be read is skipped, with a word on it
        if log is None:
            return None
        logs.append(log)
    return merged(logs)


def _alone(asked: Sequence[_Asked], client_of: ClientOf, told: Progress, bounds: Bounds) -> ExecutionLog:
    """What was asked for, read by this process; what can't be read of one that is named alone is an error."""
    collector = Collector(client_of)
    total, done = sum(size_of(one.place) for one in asked), 0
    refused: list[UsageError] = []
    for place, server, alone in asked:
        source = called(place)
        told(done, total, source if isinstance(place, str) else place.name)
        try:
            for found in rows_of(whole(place), bounds):
                take(collector, found, server, source)
        except UsageError as error:
            if alone:
                raise
            refused.append(error)
            collector.skip(Skipped(source, "whole source" if isinstance(place, str) else "whole file", str(error)))
        done += size_of(place)
    told(total, total, "")
    if refused and len(refused) == len(asked):
        raise SourceError(f"None of {len(asked)} files could be read. The first: {refused[0]}")
    return collector.log()


class Reading:
    """Documents in, as a server gives them, and one ExecutionLog out."""

    def __init__(self, instance: str, client_of: ClientOf = lambda _: None) -> None:
        self._instance, self._collector, self.rows = instance, Collector(client_of), 0

    def add(self, document: bytes, source: str) -> None:
        """Takes the JSON of a page, a list or a single thing. Raises SourceError for what is nothing of n8n's."""
        for found in read_json(memoryview(document), source):
            self.rows += isinstance(found, Row)
            take(self._collector, found, self._instance, source)

    def skip(self, where: str, reason: str, rows: int = 1) -> None:
        """Notes what could not be had."""
        self._collector.skip(Skipped(f"n8n “{self._instance}”", where, reason, rows))

    def log(self) -> ExecutionLog:
        """All that was taken, through the gate."""
        return self._collector.log()
