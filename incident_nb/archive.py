"""What n8n held, kept: its executions in a folder that is brought up to date, since n8n prunes them.

    archive/NAME/state.json      which parts count, how far the list was read, which runs had not ended
    archive/NAME/parts/000001/   executions.parquet, failures.parquet, snapshots.json

A part appears whole and counts once the state names it; so a crash costs the pages since the last part, and the next
update goes on from there. All of it has passed the gate; what n8n sent is not kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from incident_nb.errors import OutputError, UnreachableError, UsageError
from incident_nb.files import private_folder, staged, write_atomic
from incident_nb.logfile import merged, read_log, write_log
from incident_nb.models import ExecutionLog, Skipped
from incident_nb.n8n import Listing, N8n, NotThereError
from incident_nb.readers import Reading
from incident_nb.readers.collect import ClientOf

SCHEMA = 1
ROWS_A_PART = 2_000
MOST_PARTS = 24  # more are made one
MOST_OPEN = 500  # runs without an end that are asked for again
# n8n lists a run only once it has ended, unless it is asked for running ones: those may be older than what is read already.
OVERLAP = 100
OPEN = ("running", "waiting", "new")

Progress = Callable[[int], None]


@dataclass
class State:
    """How far the archive is. Ids are n8n's, which count up.

    `newest`: all up to it was read. `going_on`: where a list broke off, as the cursor of its next page, the newest id of
    what is being read and the id that it has to reach. `open`: runs that had not ended.
    """

    schema: int = SCHEMA
    origin: str = ""
    parts: list[str] = field(default_factory=list)
    newest: int = 0
    going_on: dict[str, Any] | None = None
    open: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Update:
    """What an update brought: rows read, and why it ended before it had all; None if it has all."""

    rows: int
    partial: str | None = None
    skipped: tuple[Skipped, ...] = ()


class Archive:
    """The archive of the server `name` below `folder`."""

    def __init__(self, folder: Path, name: str, client_of: ClientOf = lambda _: None) -> None:
        self.folder, self.name = folder / name, name
        self._client_of = client_of

    def log(self) -> ExecutionLog:
        """All that the archive holds. Raises UsageError if there is nothing, or if it can't be read."""
        state = self._state()
        if not state.parts:
            raise UsageError(f"There is nothing in the archive {self.folder} yet. `incident-nb fetch` fills it.")
        try:
            return merged([read_log(self.folder / "parts" / part) for part in state.parts])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"The archive {self.folder} can't be read: {error}. Move it away, and `incident-nb fetch` makes a new one."
            ) from error

    def update(self, server: N8n, on_progress: Progress = lambda _: None) -> Update:
        """Reads what is new on the server into the archive, failures first where it is new itself.

        Raises UnreachableError if nothing could be got at all, UsageError while another update runs or for another
        server's archive.
        """
        private_folder(self.folder / "parts")
        with self._locked():
            state = self._state()
            if state.origin not in ("", server.url):
                raise UsageError(
                    f"The archive {self.folder} is of {state.origin}, not of {server.url}. Give one another name."
                )
            state.origin = server.url
            reader = _Reader(self, state, server, on_progress)
            partial = reader.read_all()
            if len(state.parts) > MOST_PARTS:
                self._save(
                    state, [merged([read_log(self.folder / "parts" / part) for part in state.parts])], instead=True
                )
            self._clean(state)
            return Update(reader.rows, partial, tuple(reader.skipped))

    def reading(self) -> Reading:
        """Takes documents for one part."""
        return Reading(self.name, self._client_of)

    def _state(self) -> State:
        try:
            found = State(**json.loads((self.folder / "state.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"The archive's {self.folder / 'state.json'} can't be read: {error}.") from error
        if found.schema != SCHEMA:
            raise UsageError(f"The archive {self.folder} has form {found.schema}; this version reads form {SCHEMA}.")
        return found

    def _save(self, state: State, logs: list[ExecutionLog], instead: bool = False) -> None:
        """Writes parts and then the state that names them, so that they count together."""
        names = []
        taken = {path.name for path in (self.folder / "parts").iterdir()} | set(state.parts)
        for log in logs:
            number = max((int(name) for name in taken if name.isdigit()), default=0) + 1
            name = f"{number:06}"
            taken.add(name)
            with staged(self.folder / "parts" / name) as draft:
                write_log(draft, log)
            names.append(name)
        state.parts = names if instead else [*state.parts, *names]
        write_atomic(self.folder / "state.json", json.dumps(vars(state), indent=1) + "\n")

    def _clean(self, state: State) -> None:
        """Removes parts that no state names: what a crash or a merge left."""
        for path in (self.folder / "parts").iterdir():
            if path.name.isdigit() and path.name not in state.parts:
                shutil.rmtree(path, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with (self.folder / ".lock").open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise UsageError(
                        f"The archive {self.folder} is being brought up to date by another process."
                    ) from error
                yield
        except OSError as error:
            raise OutputError(f"could not write into {self.folder}: {error.strerror or error}") from error


class _Reader:
    """One update: which lists are read, in which order, and when a part is written."""

    def __init__(self, archive: Archive, state: State, server: N8n, on_progress: Progress) -> None:
        self._archive, self._state, self._server, self._on_progress = archive, state, server, on_progress
        self._reading = archive.reading()
        self._ids: set[str] = set()
        self.skipped: list[Skipped] = []

    @property
    def rows(self) -> int:
        """How many executions were read, each counted once."""
        return len(self._ids)

    def read_all(self) -> str | None:
        """Reads everything; why it ended early, if it did."""
        state = self._state
        self._read_workflows()
        steps: list[Callable[[], str | None]] = [self._read_open, self._read_new, self._read_running]
        if state.going_on is not None:
            steps.insert(1, self._go_on)
        elif state.newest == 0:
            steps.insert(0, self._read_failing)
        partial = None
        try:
            for step in steps:
                if partial := step():
                    break
        except UnreachableError as error:
            if not self.rows:
                raise
            partial = str(error)
        self._flush()
        return partial

    def _read_workflows(self) -> None:
        """Names, tags and projects, which executions lack; without them the rest is worth having, too."""
        with contextlib.suppress(UnreachableError):
            for page in self._server.workflows():
                self._reading.add(page.content, self._server.url)

    def _read_failing(self) -> str | None:
        """The failing ones before all others, while n8n still has them."""
        listing = self._server.executions(status="error")
        for page in listing:
            self._take(page.content, page.ids)
            if self._reading.rows >= ROWS_A_PART:
                self._flush()
        return listing.partial

    def _read_new(self) -> str | None:
        return self._span(self._server.executions(), 0, max(0, self._state.newest - OVERLAP))

    def _read_running(self) -> str | None:
        """The runs that have not ended: they are asked for by name the next time."""
        for status in OPEN[:2]:
            for page in self._server.executions(data=False, status=status):
                self._take(page.content, page.ids)
        return None

    def _go_on(self) -> str | None:
        going = self._state.going_on or {}
        return self._span(self._server.executions(cursor=going["cursor"]), going["top"], going["until"])

    def _span(self, listing: Listing, top: int, until: int) -> str | None:
        """Reads a list, newest first, down to the id `until`, and notes after each part how to go on."""
        for page in listing:
            self._take(page.content, page.ids)
            ids = [int(name) for name in page.ids if name.isdigit()]
            top = max(top, *ids) if ids else top
            if not ids or min(ids) <= until or page.cursor is None:
                break
            if self._reading.rows >= ROWS_A_PART:
                self._state.going_on = {"cursor": page.cursor, "top": top, "until": until}
                self._flush()
        for name, why in listing.skipped.items():
            self._reading.skip(f"execution {name}", why)
        if listing.partial:
            self._state.going_on = {"cursor": listing.cursor, "top": top, "until": until} if top else None
            return listing.partial
        self._state.going_on = None
        self._state.newest = max(self._state.newest, top)
        return None

    def _read_open(self) -> str | None:
        """The runs that had not ended when they were read."""
        left: list[str] = []
        asked, later = self._state.open[:MOST_OPEN], self._state.open[MOST_OPEN:]
        for name in asked:
            try:
                document = self._server.execution(name)
            except NotThereError:
                continue
            except UnreachableError:
                left.append(name)
                continue
            self._take(document, (name,))
        self._state.open = [*left, *later]
        return None

    def _take(self, document: bytes, ids: Sequence[str]) -> None:
        self._reading.add(document, self._server.url)
        self._ids.update(ids)
        self._on_progress(self.rows)

    def _flush(self) -> None:
        """Writes what was read as a part."""
        log = self._reading.log()
        self.skipped += log.skipped
        if len(log.executions) or not self._state.parts:
            open_now = log.executions[log.executions["status"].isin(OPEN)]["execution_id"].tolist()
            self._state.open = list(dict.fromkeys([*self._state.open, *open_now]))
            self._archive._save(self._state, [log])
        else:
            self._archive._save(self._state, [])
        self._reading = self._archive.reading()
