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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from incident_nb.archive.reader import SCHEMA, Progress, Reader, State
from incident_nb.errors import OutputError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.files import private_folder, staged, write_atomic
from incident_nb.logfile import merged, read_log, write_log
from incident_nb.n8n import N8n
from incident_nb.readers import Reading
from incident_nb.readers.collect import ClientOf

MOST_PARTS = 24  # more are made one


@dataclass(frozen=True)
class Update:
    """What an update brought: rows read, and why it ended before it had all; None if it has all.

    `newest`: whether all new ones were read, so that what lacks is older.
    """

    rows: int
    partial: str | None = None
    newest: bool = True
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
        """Reads into the archive what is new on the server, then what earlier times left, failures before the rest of it.

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
            reader = Reader(state, server, self.reading, partial(self._save, state), on_progress)
            why = reader.read_all()
            if len(state.parts) > MOST_PARTS:
                self._save(
                    state, [merged([read_log(self.folder / "parts" / part) for part in state.parts])], instead=True
                )
            self._clean(state)
            return Update(reader.rows, why, reader.newest, tuple(reader.skipped))

    def reading(self) -> Reading:
        """Takes documents for one part."""
        return Reading(self.name, self._client_of)

    def _state(self) -> State:
        try:
            told = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            left = told.pop("going_on", None)  # the one gap that earlier versions kept, with the newest id above it
            found = State(**told)
            if left:
                found.gaps.append({"cursor": left["cursor"], "until": left["until"]})
                found.newest = max(found.newest, left["top"])
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
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
