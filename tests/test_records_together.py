"""Many processes on one database: nothing is lost, nothing doubled, and a killed one leaves nothing half."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import stamina

from incident_nb.incidents import Records, payload_of
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.postgres import Cluster
from tests.recorded import opened, sound

ROOT = Path(__file__).parent.parent
WRITERS, EVENTS = 8, 500


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


def run(*arguments: Any) -> Any:
    """What the writers tell; fails where one of them has anything to complain of."""
    command = [sys.executable, "-m", "tests.writers", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[-3000:]
    return json.loads(done.stdout)


def test_eight_processes_write_four_thousand_events_to_one_incident(place: Path | str) -> None:
    records = Records(place)
    number = records.open(opened(), by="Kim").number
    records.add(number, payload_of("fixed", {"what": "a new key"}), by="Kim")
    (told,) = run("write", WRITERS, EVENTS, place)
    # Every writer was told another number after each of its events; together they are all numbers there are.
    assert sorted(seq for gave in told["gave"] for seq in gave) == list(range(3, WRITERS * EVENTS + 3))
    events = sound(records, number)[2:]
    assert len(events) == WRITERS * EVENTS
    for writer in range(WRITERS):
        mine = [event for event in events if event.by == f"writer {writer}"]
        assert [event.seq for event in mine] == told["gave"][writer]
        turns = [str(event.payload.get("execution_id") or event.payload["text"]).partition(":")[0] for event in mine]
        assert turns == [f"{writer}-{turn}" for turn in range(EVENTS)]
    incident = records.get(number)
    assert incident.occurrences == 1 + WRITERS * EVENTS // 4
    assert incident.watched.good == WRITERS * EVENTS // 4
    assert {row: tick.text for row, tick in incident.ticks.items()} == {
        f"RES-{writer + 1}": f"{writer}-{EVENTS - 2}" for writer in range(WRITERS)
    }
    records.close()
    seconds = told["seconds"]
    print(f"\n{len(events)} events by {WRITERS} processes in {seconds:.1f} s: {len(events) / seconds:.0f} a second")


def test_processes_that_open_at_once_get_different_numbers(place: Path | str) -> None:
    Records(place).close()
    (told,) = run("open", WRITERS, 10, place)
    assert sorted(number for gave in told["gave"] for number in gave) == list(range(1, 10 * WRITERS + 1))
    records = Records(place)
    for number in range(1, 10 * WRITERS + 1):
        assert len(sound(records, number)) == 1
    records.close()


def test_processes_that_make_the_database_at_once_make_one(tmp_path: Path, cluster: Cluster) -> None:
    files = [tmp_path / f"{turn}" / "record.db" for turn in range(4)]
    for told in run("open", WRITERS, 1, *files, *(cluster.url(cluster.fresh()) for _ in range(4))):
        assert sorted(number for gave in told["gave"] for number in gave) == list(range(1, WRITERS + 1))


def test_whoever_meets_another_one_that_makes_the_database_waits_for_it(tmp_path: Path) -> None:
    path, locked = tmp_path / "record.db", threading.Event()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(path, timeout=60).execute("PRAGMA journal_mode=WAL")  # however long one is ready to wait
    hooks = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([lambda _: locked.set()])
    try:
        with ThreadPoolExecutor(1) as pool:
            made = pool.submit(Records, path)
            assert locked.wait(30)
            other.execute("COMMIT")
            assert made.result().incidents() == []
    finally:
        stamina.instrumentation.set_on_retry_hooks(hooks)
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    made.result().close()
    other.close()


def test_of_two_that_close_what_is_open_one_does(place: Path | str) -> None:
    records = Records(place)
    for _ in range(30):
        records.open(opened(), by="Kim")
    (told,) = run("close", 2, 30, place)
    assert sorted(number for gave in told["gave"] for number in gave) == list(range(1, 31))
    for number in range(1, 31):
        assert [event.kind for event in sound(records, number)] == ["opened", "closed"]
    assert records.incidents(closed=False) == []
    records.close()


def test_a_killed_writer_leaves_a_record_that_is_whole(tmp_path: Path, cluster: Cluster) -> None:
    files = [tmp_path / f"{turn}" / "record.db" for turn in range(4)]
    told = run("kill", 20261127, 10, *files, *(cluster.url(cluster.fresh()) for _ in range(4)))
    # The moments fell where they should: some while the database was made, most among the events.
    assert len(told) == 80
    assert any(moment["there"] == 0 for moment in told)
    assert sum(moment["there"] > 3 for moment in told) > 20
