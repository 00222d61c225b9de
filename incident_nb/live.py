"""The configured n8n servers as a source: `n8n`, `n8n:NAME`. What is new is read into the workspace's archive first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from incident_nb.archive import Archive, Update
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.files import scratch
from incident_nb.http import Allowed, Session, origin
from incident_nb.logfile import merged
from incident_nb.n8n import N8n
from incident_nb.readers.rows import WorkflowRow
from incident_nb.settings import Settings, load
from incident_nb.sign_in import SETTINGS

WORD = "n8n"
NEWEST = "the newest"
"""What of a server was skipped, where its newest executions could not be read."""
BUDGET_S = 120.0
"""How long an investigation reads from one server before it makes do with what it has. `fetch` has no such haste."""
FETCH_S = 6 * 3600.0
Progress = Callable[[int, int, str], None]
"""As of `readers.read`: done, of how many (0: not known), and what."""


def is_live(source: str) -> bool:
    """Whether a source names servers: `n8n` or `n8n:NAME`. A path is written `./n8n`."""
    return source == WORD or source.startswith(f"{WORD}:")


def named(source: str, settings: Settings) -> list[str]:
    """The names of the servers that a source means. Raises UsageError when none is configured, or not that one."""
    if not settings.n8n:
        raise UsageError(
            'No n8n server is configured. Put one into incident-nb.toml: [n8n.default] with url = "https://n8n.example.com".'
        )
    _, _, name = source.partition(":")
    if name and name not in settings.n8n:
        raise UsageError(f"There is no [n8n.{name}] in {settings.path}; there is {', '.join(settings.n8n)}.")
    return [name] if name else list(settings.n8n)


def source_of(name: str) -> str:
    """What a server is called where parts of it were skipped."""
    return f"n8n “{name}”"


def read_live(
    sources: list[str], settings: Settings, *, offline: bool = False, on_progress: Progress = lambda *_: None,
    since: datetime | None = None,
) -> ExecutionLog:  # fmt: skip
    """The executions of the servers that the sources mean, as one log; `offline`: as the archive has them. With `since`
    only what began then or later, or of which that is not known.

    A server that can't be asked is answered for by its archive, and the log's `skipped` says so. Raises UnreachableError
    for one that has none, UsageError for one that is not configured.
    """
    names = list(dict.fromkeys(name for source in sources for name in named(source, settings)))
    with _folder(settings) as folder:
        return merged([_one(name, folder, settings, offline, on_progress, since) for name in names])


def up_to_date(sources: list[str], settings: Settings, log: ExecutionLog) -> tuple[str, ...]:
    """Of the servers that the sources mean those that were just asked for their newest executions, and gave all of them."""
    lacking = {part.source for part in log.skipped if part.where == NEWEST}
    names = dict.fromkeys(name for source in sources for name in named(source, settings))
    return tuple(name for name in names if source_of(name) not in lacking)


def fetch(name: str, settings: Settings, folder: Path | None = None, on_progress: Progress = lambda *_: None) -> Update:
    """Brings the archive of one server up to date, however long that takes. Raises as `Archive.update` does."""
    place = archive_of(name, settings, folder)
    return _update(_archive(name, place.parent, settings), settings, FETCH_S, on_progress)


def archive_of(name: str, settings: Settings, folder: Path | None = None) -> Path:
    """Where the archive of a server is, in `folder` or in the workspace. Raises UsageError without either."""
    folder = folder or archive_folder(settings)
    if folder is None:
        raise UsageError("An archive needs a workspace: a folder with incident-nb.toml. Or name a folder with --to.")
    return folder / name


def archive_folder(settings: Settings) -> Path | None:
    """Where the workspace keeps its archives; None without a workspace."""
    return settings.path.parent / "archive" if settings.path else None


def session(settings: Settings, budget_s: float) -> Session:
    """Requests to the configured servers, and to nowhere else."""
    return Session(Allowed(frozenset(origin(server.url) for server in settings.n8n.values())), budget_s=budget_s)


def trusted(settings: Settings, *, came_along: bool) -> Settings:
    """The settings by which live systems may be asked: those of our own file, not those that came along with a case.

    Who made a case folder wrote its settings, and could name another address for the key, or code to be run. A run that
    we started ourselves is told which file is ours; else it is the nearest one.
    """
    if not came_along or settings.path is not None:
        return settings
    file = os.environ.get(SETTINGS)
    return load(Path(file) if file else None)


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """The workspace's archives; without a workspace a folder that is gone afterwards."""
    if kept := archive_folder(settings):
        yield kept
        return
    with scratch() as folder:
        yield folder


def _one(
    name: str, folder: Path, settings: Settings, offline: bool, on_progress: Progress, since: datetime | None
) -> ExecutionLog:
    archive = _archive(name, folder, settings)
    if offline:
        return archive.log(since)
    left_out: list[Skipped] = []
    lacks = NEWEST
    try:
        update = _update(archive, settings, BUDGET_S, on_progress)
        left_out += update.skipped
        partial = update.partial
        lacks = "older executions" if update.newest else lacks
    except UnreachableError as error:
        partial = str(error)
        if archive.is_empty():
            raise
    log = archive.log(since)
    if partial:
        left_out.append(Skipped(source_of(name), lacks, f"partial: {partial}"))
    return replace(log, skipped=(*log.skipped, *left_out))


def _archive(name: str, folder: Path, settings: Settings) -> Archive:
    def client_of(workflow: WorkflowRow) -> str | None:
        return settings.client_of(workflow.name, workflow.tags, workflow.project)

    return Archive(folder, name, client_of)


def _update(archive: Archive, settings: Settings, budget_s: float, on_progress: Progress) -> Update:
    with session(settings, budget_s) as asked:
        server = N8n(archive.name, settings.n8n[archive.name].url, asked)
        return archive.update(server, lambda rows: on_progress(rows, 0, f"{rows:,} executions of n8n “{archive.name}”"))
