"""One update of an archive: which of n8n's lists are read, in which order, and how far each of them is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from incident_nb.errors import UnreachableError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.n8n import Listing, N8n, NotThereError
from incident_nb.readers import Reading

SCHEMA = 2
ROWS_A_PART = 2_000
MOST_OPEN = 500  # runs without an end that are asked for again
# n8n lists a run only once it has ended, unless it is asked for running ones: those may be older than what is read already.
OVERLAP = 100
OPEN = ("running", "waiting", "new")

Progress = Callable[[int], None]
Save = Callable[[list[ExecutionLog]], None]
"""Writes what was read as parts, together with the state."""


@dataclass
class State:
    """How far the archive is. Ids are n8n's, which count up.

    `parts` and `snapshots`: the files that count, `written`: how many numbers for such were given.
    `newest`: all up to it was read, but for the `gaps`: where lists broke off, newest first, each as the cursor of its next
    page and the id that it has to reach. `failing`: where the list of failing ones goes on, while not all of it was read.
    `open`: runs that had not ended. `active`: of the workflows that were there at the last look, whether each was active.
    """

    schema: int = SCHEMA
    origin: str = ""
    parts: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    written: int = 0
    newest: int = 0
    gaps: list[dict[str, Any]] = field(default_factory=list)
    failing: dict[str, Any] | None = None
    open: list[str] = field(default_factory=list)
    active: dict[str, bool] = field(default_factory=dict)


class Reader:
    """One update: which lists are read, in which order, and when a part is written."""

    def __init__(
        self, state: State, server: N8n, reading: Callable[[], Reading], save: Save, on_progress: Progress
    ) -> None:
        self._state, self._server, self._on_progress = state, server, on_progress
        self._new_reading, self._save = reading, save
        self._reading = reading()
        self._ids: set[str] = set()
        self.newest = False
        self.skipped: list[Skipped] = []

    @property
    def rows(self) -> int:
        """How many executions were read, each counted once."""
        return len(self._ids)

    def read_all(self) -> str | None:
        """Reads everything, what is new before what earlier times left; why it ended early, if it did."""
        self._read_workflows()
        partial = None
        try:
            for step in (self._read_open, self._read_new, self._read_running, self._read_failing, self._read_gaps):
                if partial := step():
                    break
                self.newest = self.newest or step == self._read_running
        except UnreachableError as error:
            if not self.rows:
                raise
            partial = str(error)
        self._flush()
        return partial

    def _read_workflows(self) -> None:
        """Names, tags, projects and states, which executions lack; without them the rest is worth having, too."""
        self._state.active = {}
        with contextlib.suppress(UnreachableError):
            for page in self._server.workflows():
                self._reading.add(page.content, self._server.url)

    def _read_new(self) -> str | None:
        """What came since the last time. In a new archive that is a page; the rest is a gap like others."""
        state = self._state
        first = state.newest == 0
        gap = {"cursor": None, "until": max(0, state.newest - OVERLAP)}
        partial = self._span(self._server.executions(), gap, pages=1 if first else None)
        if first and state.gaps:
            state.failing = {"cursor": None}
        return partial

    def _read_running(self) -> str | None:
        """The runs that have not ended: they are asked for by name the next time."""
        for status in OPEN[:2]:
            for page in self._server.executions(data=False, status=status):
                self._take(page.content, page.ids)
        return None

    def _read_failing(self) -> str | None:
        """The failing ones of a new archive before all others, while n8n still has them."""
        failing = self._state.failing
        if failing is None:
            return None
        listing = self._server.executions(status="error", cursor=failing["cursor"])
        for page in listing:
            self._take(page.content, page.ids)
            failing["cursor"] = page.cursor
            if self._reading.rows >= ROWS_A_PART:
                self._flush()
        self._name(listing)
        if listing.partial is None:
            self._state.failing = None
        return listing.partial

    def _read_gaps(self) -> str | None:
        """What lists that broke off have left, the newest first."""
        for gap in list(self._state.gaps):
            if partial := self._span(self._server.executions(cursor=gap["cursor"]), gap):
                return partial
        return None

    def _span(self, listing: Listing, gap: dict[str, Any], pages: int | None = None) -> str | None:
        """Reads a list, newest first, down to the id that the gap has to reach; what is left of it stays a gap.

        `pages`: how many at most.
        """
        top, whole = 0, False
        for number, page in enumerate(listing, 1):
            self._take(page.content, page.ids)
            ids = [int(name) for name in page.ids if name.isdigit()]
            top = max([top, *ids])
            gap["cursor"] = page.cursor
            whole = not ids or min(ids) <= gap["until"] or page.cursor is None
            if whole or number == pages:
                break
            if self._reading.rows >= ROWS_A_PART:
                self._keep(gap, top)
                self._flush()
        self._name(listing)
        if top:
            self._keep(gap, top)
        if whole:
            self._state.gaps = [one for one in self._state.gaps if one is not gap]
        return listing.partial

    def _keep(self, gap: dict[str, Any], top: int) -> None:
        """Notes that all up to the id `top` was read, but for this gap among others."""
        self._state.newest = max(self._state.newest, top)
        if not any(one is gap for one in self._state.gaps):
            self._state.gaps.insert(0, gap)

    def _name(self, listing: Listing) -> None:
        """Notes what came without its data."""
        for name, why in listing.skipped.items():
            self._reading.skip(f"execution {name}", why)

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
        self._state.active |= {name: on for (_, name), on in log.active.items()}
        if len(log.executions) or not self._state.parts:
            open_now = log.executions[log.executions["status"].isin(OPEN)]["execution_id"].tolist()
            self._state.open = list(dict.fromkeys([*self._state.open, *open_now]))
            self._save([log])
        else:
            self._save([])
        self._reading = self._new_reading()
