"""What n8n held, kept: its executions in a folder that is brought up to date, since n8n prunes them.

    archive/NAME/state.json                      what counts, how far the list was read, which runs had not ended
    archive/NAME/day=2026-11-14/000001/          executions.parquet, failures.parquet: a part of that day (UTC)
    archive/NAME/day=none/000002/                runs that have not begun
    archive/NAME/snapshots/000001.parquet        versions of workflows, each once

A file is written once and counts as soon as the state names it; so a crash costs the pages since the last part, and the
next update goes on from there. What is known already is not written again, so that a day changes only when something of
it did; one that is over is made one part. All of it has passed the gate; what n8n sent is not kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from incident_nb.archive.days import NO_DAY, OLD, Days, day_of
from incident_nb.archive.reader import SCHEMA, Progress, Reader, State
from incident_nb.errors import OutputError, UsageError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.files import private_folder, write_atomic
from incident_nb.n8n import N8n
from incident_nb.readers import Reading
from incident_nb.readers.collect import ClientOf

MOST_PARTS = 24  # more of a day that goes on are made one, as are more packs of snapshots


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
        self._days = Days(self.folder)
        self._ids: set[str] | None = None  # of the snapshots that are there

    def is_empty(self) -> bool:
        """Whether nothing was ever read into it."""
        return not self._state().parts

    def log(self, since: datetime | None = None, until: datetime | None = None) -> ExecutionLog:
        """What the archive holds: all, or what began from `since` to `until` (zone-aware), and what has not begun.

        Only the days of that time are opened. Raises UsageError if there is nothing, or if it can't be read.
        """
        state = self._state()
        if not state.parts:
            raise UsageError(f"There is nothing in the archive {self.folder} yet. `incident-nb fetch` fills it.")
        while True:
            try:
                log = self._days.read(state.parts, state.snapshots, since, until)
                return replace(log, active={(self.name, name): on for name, on in state.active.items()})
            except (OSError, ValueError, KeyError, TypeError) as error:
                before, state = state, self._state()
                if state.written == before.written:  # else an update made other parts of these meanwhile
                    mend = "Move it away, and `incident-nb fetch` makes a new one."
                    raise UsageError(f"The archive {self.folder} can't be read: {error}. {mend}") from error

    def update(self, server: N8n, on_progress: Progress = lambda _: None) -> Update:
        """Reads into the archive what is new on the server, then what earlier times left, failures before the rest of it.

        Raises UnreachableError if nothing could be got at all, UsageError while another update runs or for another
        server's archive.
        """
        private_folder(self.folder)
        with self._locked():
            state = self._state()
            if state.origin not in ("", server.url):
                raise UsageError(
                    f"The archive {self.folder} is of {state.origin}, not of {server.url}. Give one another name."
                )
            state.origin = server.url
            self._days, self._ids = Days(self.folder), None  # what an update before this one knew may be known no more
            self._move_over(state)
            reader = Reader(state, server, self.reading, partial(self._save, state), on_progress)
            why = reader.read_all()
            self._compact(state)
            self._days.clean([*state.parts, *state.snapshots])
            return Update(reader.rows, why, reader.newest, tuple(reader.skipped))

    def reading(self) -> Reading:
        """Takes documents for one part."""
        return Reading(self.name, self._client_of)

    def _state(self) -> State:
        try:
            told = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
            left = told.pop("going_on", None)  # the one gap that earlier versions kept, with the newest id above it
            found = State(**{name: value for name, value in told.items() if name in State.__dataclass_fields__})
            if left:
                found.gaps.append({"cursor": left["cursor"], "until": left["until"]})
                found.newest = max(found.newest, left["top"])
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise UsageError(f"The archive's {self.folder / 'state.json'} can't be read: {error}.") from error
        if found.schema == 1:
            found.schema, found.parts = SCHEMA, [f"{OLD}/{part}" for part in found.parts]
        if found.schema != SCHEMA:
            raise UsageError(f"The archive {self.folder} has form {found.schema}; this version reads form {SCHEMA}.")
        return found

    def _save(self, state: State, logs: list[ExecutionLog]) -> None:
        """Writes parts and then the state that names them, so that they count together."""
        for log in logs:
            self._take(state, log, state.parts)
            self._begun(state, log)
        self._keep(state)

    def _begun(self, state: State, log: ExecutionLog) -> None:
        """Takes runs that have begun since out of those that had not."""
        waiting = [part for part in state.parts if part.startswith(NO_DAY)]
        begun = log.executions.loc[log.executions["at"].notna(), "execution_id"]
        left = self._days.read(waiting, ())
        gone = left.executions["execution_id"].isin(begun)
        if gone.any():
            state.parts = [part for part in state.parts if part not in waiting]
            self._take(state, replace(left, executions=left.executions[~gone]), state.parts, whole=True)

    def _take(self, state: State, log: ExecutionLog, there: Sequence[str], *, whole: bool = False) -> None:
        """Writes a log's rows and snapshots, which count with the next `_keep`."""
        if self._ids is None:
            self._ids = self._days.ids(state.snapshots)
        fresh = [one for key, one in log.snapshots.items() if key not in self._ids]
        self._ids |= log.snapshots.keys()
        state.written += 1
        state.snapshots += self._days.write_snapshots(fresh, state.written)
        state.parts += self._days.write(log, there, state.written, whole=whole)

    def _keep(self, state: State) -> None:
        write_atomic(self.folder / "state.json", json.dumps(vars(state), indent=1) + "\n")

    def _move_over(self, state: State) -> None:
        """Puts what an earlier version wrote into days. Until the state names these, it names the old parts."""
        old = [part for part in state.parts if day_of(part) == OLD]
        if old:
            state.parts = [part for part in state.parts if part not in old]
            self._take(state, self._days.read(old, ()), state.parts)
            self._keep(state)

    def _compact(self, state: State) -> None:
        """Makes one part of the parts of a day that is over, or that has many."""
        by_day: dict[str, list[str]] = {}
        for part in state.parts:
            by_day.setdefault(day_of(part), []).append(part)
        newest = max(by_day, key=lambda day: (day[:1].isdigit(), day), default="")
        before = state.written
        for day, parts in sorted(by_day.items()):
            if len(parts) > (MOST_PARTS if day == newest else 1):
                state.parts = [part for part in state.parts if part not in parts]
                self._take(state, self._days.read(parts, ()), state.parts, whole=True)
        if len(state.snapshots) > MOST_PARTS:
            state.written += 1
            packed = self._days.snapshots(state.snapshots)
            state.snapshots = self._days.write_snapshots(packed.values(), state.written)
        if state.written != before:
            self._keep(state)

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
