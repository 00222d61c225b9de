"""How long a board takes to open, and what of it is reading: `python benchmarks/board.py [--incidents 5000] [--runs 5]`.

A record of 5,000 incidents, 2,000 of them open, then all. `opened` is the whole of it: the workspace's record opened, the
incidents read, timed and put in order, the board with its controls as JupyterLab gets it. `reading` and `timing` are
`Records.incidents(closed=False)` and `policy.timers` of each, beside the floor of reading the same bytes with the
database's driver alone, in the same run. The aim: a board opens within a second. PostgreSQL is measured where its
programs are, without the board.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg

from incident_nb.incidents import Event, Records, fold, payload_of, statements
from incident_nb.incidents.store import FILE
from incident_nb.policy import load, timers
from incident_nb.policy.calendars import calendar_of
from incident_nb.record import Incident
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from incident_nb.settings import FILE_NAME, Client, Settings
from incident_nb.ui.board import Board, OpenIncidents
from incident_nb.ui.panel import WIDGET
from tests.postgres import postgres, program

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AIM_S = 1.0
FLOOR = "SELECT state FROM incidents WHERE is_open"
SETTINGS = Settings(
    clients={
        "ACME": Client(time_zone="Europe/Berlin", hours="09:00-17:30", holidays=("DE",)),
        "SHOP": Client(time_zone="Australia/Sydney", hours="08:00-16:00", holidays=("AU-NSW",)),
        "BANK": Client(time_zone="America/New_York"),
    }
)
Found = TypeVar("Found")


def events_of(number: int, is_open: bool) -> list[Event]:
    """An incident as it comes: opened, judged, acknowledged, diagnosed, mended, and closed unless it is open."""
    chance = random.Random(number)
    began = NOW - timedelta(minutes=chance.randint(5, 6 * 24 * 60) if is_open else chance.randint(10_000, 500_000))
    subject = {
        "instance": "default", "workflow_id": f"wf{number % 400:016d}", "workflow": f"Orders of shop {number % 400}",
        "node": "HTTP Request", "execution_id": str(100_000 + number), "fingerprint": f"{number % 900:012x}",
        "execution_url": f"https://n8n.example.com/workflow/wf{number % 400}/executions/{100_000 + number}",
        "error": "Request failed with status code 504: the service did not answer in time, try again later",
    }  # fmt: skip
    rows: list[tuple[str, dict[str, Any]]] = [
        ("opened", {"title": f"Orders of shop {number % 400}: 504", "detected_at": began, "source": "slack", "subject": subject,
                    "client": chance.choice(["ACME", "SHOP", "BANK"])}),
        ("severity_suggested", {"severity": chance.choice(["P1", "P2", "P3", "P3", "P4"]), "reasons": ["SEV-X3: one workflow"]}),
        ("acknowledged", {}),
        ("severity_chosen", {"severity": chance.choice(["P2", "P3"]), "reason": "as suggested"}),
        ("diagnosed", {"headline": "The service is slow", "cause": "timeout", "confidence": 0.9, "case": "case"}),
        ("cause_accepted", {"cause": "timeout", "reason": "seen on its status page"}),
        *(("ticked", {"row": f"RES-{row}", "text": "done"}) for row in range(1, 4)),
        ("waiting_began", {"why": "their key"}),
        ("waiting_ended", {}),
        ("notified", {"subject": "We are on it"}),
        ("fixed", {"what": "a longer timeout"}),
        *(("run_watched", {"execution_id": str(run), "good": True}) for run in range(3)),
        ("resolved", {"text": "three good runs"}),
        ("closed", {}),
    ]  # fmt: skip
    if is_open:
        rows = rows[: chance.randint(1, len(rows) - 1)]
    at = [began + timedelta(minutes=3 * minute) for minute in range(len(rows))]
    return [
        Event(number=number, seq=seq, kind=kind, at=at[seq - 1], by="kim@agency.example", recorded_at=at[seq - 1],
              payload=payload_of(kind, values).model_dump(mode="json", exclude_defaults=True))
        for seq, (kind, values) in enumerate(rows, 1)
    ]  # fmt: skip


def fill(records: Records, incidents: int, is_open: Callable[[int], bool]) -> int:
    """Puts so many incidents into a record at once; how many events they have."""
    rows, lines = [], []
    for number in range(1, incidents + 1):
        events = events_of(number, is_open(number))
        rows.append({"number": number, "origin": f"{number:032x}", **statements.kept(fold(events))})
        lines += [statements.row(event) for event in events]
    with records._engine.begin() as connection:
        connection.execute(statements.BEGIN, rows)
        connection.execute(statements.ADD, lines)
    return len(lines)


class Took(NamedTuple):
    """Seconds by the clock, and of the processor: on a busy machine the latter tell more."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:.3f} s ({self.processor:.3f} s of the processor)"


def best(runs: int, call: Callable[[], Found]) -> tuple[Took, Found]:
    """The shortest of some runs, and what it gave."""
    took = []
    for _ in range(runs):
        began = time.perf_counter(), time.process_time()
        found = call()
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    return Took(*map(min, zip(*took, strict=True))), found


def timed(incidents: list[Incident]) -> int:
    """Where every clock of the incidents stands; how many there are."""
    policy = load()
    return sum(len(timers(one, NOW, calendar=calendar_of(SETTINGS, one.client), policy=policy)) for one in incidents)


def opened(settings: Settings) -> dict[str, Any]:
    """The board of a workspace, as a notebook gets it."""
    return Board(OpenIncidents(settings))._repr_mimebundle_()


def floor_of(place: Path | str) -> Callable[[], int]:
    """Reads the states of open incidents with the driver alone; the bytes."""

    def sqlite() -> int:
        connection = sqlite3.connect(place)
        try:
            return sum(len(state.encode()) for (state,) in connection.execute(FLOOR))
        finally:
            connection.close()

    def postgresql() -> int:
        with psycopg.connect(str(place)) as connection:
            return sum(len(state.encode()) for (state,) in connection.execute(FLOOR))

    return sqlite if isinstance(place, Path) else postgresql


def measure(name: str, place: Path | str, incidents: int, open_: int, runs: int) -> float:
    """The seconds of opening, with what was measured printed."""
    if isinstance(place, Path):
        place.parent.mkdir(parents=True)
    records = Records(place)
    events = fill(records, incidents, lambda number: number % incidents < open_)
    floor, size = best(runs, floor_of(place))
    reading, found = best(runs, lambda: records.incidents(closed=False))
    assert len(found) == open_
    timing, clocks = best(runs, lambda: timed(found))
    records.close()
    opening = Took(0.0, 0.0)
    if isinstance(place, Path):
        settings = SETTINGS.model_copy(update={"path": place.parent.parent / FILE_NAME})
        opening, shown = best(runs, lambda: opened(settings))
        assert WIDGET in shown
    together = reading.seconds + timing.seconds
    print(
        f"{name}, {open_} of {incidents} open, {events} events\n"
        f"  floor    {floor}, {size / 1e6:.1f} MB\n"
        f"  reading  {reading}, {reading.processor / floor.processor:.0f} times the floor\n"
        f"  timing   {timing}, {timing.processor / floor.processor:.0f} times the floor, {clocks} clocks\n"
        f"  together {together:.3f} s ({reading.processor + timing.processor:.3f} s of the processor)"
    )
    if opening.seconds:
        print(f"  opened   {opening}")
    return opening.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    shares = (asked.incidents * 2 // 5, asked.incidents)
    with using(Redactor(SAMPLE_KEY)):
        with tempfile.TemporaryDirectory() as folder:
            usual, full = (
                measure("SQLite", Path(folder) / str(n) / FILE, asked.incidents, n, asked.runs) for n in shares
            )
        if program("initdb"):
            with postgres() as cluster:
                for n in shares:
                    measure("PostgreSQL", cluster.url(cluster.fresh()), asked.incidents, n, asked.runs)
    print(f"a board opens in {usual:.2f} s with {shares[0]} open, in {full:.2f} s with all open (aim: {AIM_S} s)")


if __name__ == "__main__":
    main()
