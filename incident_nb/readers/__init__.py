"""n8n executions in, from anything a user can export, as one ExecutionLog. Formats: see docs/sources.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from incident_nb.errors import SourceError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.readers.api import read_json
from incident_nb.readers.batch import take
from incident_nb.readers.collect import ClientOf, Collector
from incident_nb.readers.files import expand, size_of
from incident_nb.readers.parts import garbage_kept, rows_of, whole
from incident_nb.readers.rows import Row
from incident_nb.readers.spread import Spread, engine_of, read_spread

__all__ = ["Reading", "Spread", "read"]

Progress = Callable[[int, int, str], None]


def read(
    sources: str | Sequence[str],
    *,
    instance: str = "default",
    client_of: ClientOf = lambda _: None,
    on_progress: Progress | None = None,
    spread: Spread | None = None,
) -> ExecutionLog:
    """Everything that the named sources hold, as one ExecutionLog.

    A source is a file, a folder, or a glob; see docs/sources.md for the formats. `instance` names the n8n server the
    exports came from, `client_of` gives a workflow's client, `on_progress` is told (bytes done, bytes in all, file).
    `spread`: by which processes, this one if not said; the log is the same, and its failures have the judge's columns, too.
    What can't be read inside a source is in the log's `skipped`. Raises SourceError when a named file holds nothing
    readable, SettingsError without the key of an encrypted one; in a folder or glob such a file is skipped and named,
    unless nothing at all was readable.
    """
    names = [sources] if isinstance(sources, str) else list(sources)
    files = [(path, len(paths) == 1 == len(names)) for name in names for paths in [expand(name)] for path in paths]
    paths = [path for path, _ in files]
    told = on_progress or (lambda *_: None)
    if spread and (engine := engine_of(spread, paths)):
        log = read_spread(paths, engine, spread.judge, instance, client_of, told)
        if log is not None:
            told(1, 1, "")
            return log
    with garbage_kept():
        return _alone(files, instance, client_of, told)


def _alone(files: Sequence[tuple[Path, bool]], instance: str, client_of: ClientOf, told: Progress) -> ExecutionLog:
    """The files read by this process; what can't be read of one that is named alone is an error."""
    collector = Collector(client_of)
    total, done = sum(size_of(path) for path, _ in files), 0
    refused: list[UsageError] = []
    for path, alone in files:
        told(done, total, path.name)
        try:
            for found in rows_of(whole(path)):
                take(collector, found, instance, str(path))
        except UsageError as error:
            if alone:
                raise
            refused.append(error)
            collector.skip(Skipped(str(path), "whole file", str(error)))
        done += size_of(path)
    told(total, total, "")
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
            take(self._collector, found, self._instance, source)

    def skip(self, where: str, reason: str, rows: int = 1) -> None:
        """Notes what could not be had."""
        self._collector.skip(Skipped(f"n8n “{self._instance}”", where, reason, rows))

    def log(self) -> ExecutionLog:
        """All that was taken, through the gate."""
        return self._collector.log()
