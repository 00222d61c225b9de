"""Processes that write to one database at the same time, or are killed while they do.

    python -m tests.writers (write|open|close) WRITERS EVENTS PLACE...
    python -m tests.writers kill SEED MOMENTS PLACE...

Prints a JSON array with what came of each place or moment; what a process has to complain of goes to standard error.
Every process opens the database for itself, once all are there; nothing waits for a clock.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from incident_nb.errors import IncidentNbError, UsageError
from incident_nb.incidents import Payload, Records, payload_of
from incident_nb.record import Incident
from incident_nb.redact import SAMPLE_KEY, redact_tree, use_key
from tests.recorded import one, opened, sound

PATIENCE_S = 120


def place_of(text: str) -> Path | str:
    """A file, or an address."""
    return text if "://" in text else Path(text)


def event_of(writer: int, turn: int) -> Payload:
    """What a writer records at a turn: four kinds that change the state, each told apart by who wrote it when."""
    name = f"{writer}-{turn}"
    return (
        payload_of("occurred", {"execution_id": name}),
        payload_of("run_watched", {"execution_id": name, "good": True}),
        payload_of("ticked", {"row": f"RES-{writer + 1}", "text": name}),
        payload_of("note", {"text": f"{name}: looked at the log, nothing new"}),
    )[turn % 4]


def write(place: Path | str, writer: int, events: int) -> list[int]:
    """Adds so many events to INC-1."""
    records = Records(place)
    return [records.add(1, event_of(writer, turn), by=f"writer {writer}").version for turn in range(events)]


def open_(place: Path | str, writer: int, events: int) -> list[int]:
    """Opens so many incidents."""
    records = Records(place)
    return [records.open(opened(), by=f"writer {writer}").number for _ in range(events)]


def close(place: Path | str, writer: int, events: int) -> list[int]:
    """Closes as many incidents as are not closed yet; the numbers of those that it did close."""

    def check(incident: Incident) -> None:
        if incident.closed:
            raise UsageError("closed already")

    records = Records(place)
    done = []
    for number in range(1, events + 1):
        try:
            records.add(number, one("closed"), by=f"writer {writer}", check=check)
            done.append(number)
        except UsageError as error:
            assert str(error) == "closed already"
    return done


WORK: dict[str, Callable[[Path | str, int, int], list[int]]] = {
    "write": write, "open": open_, "close": close, "make": open_}  # fmt: skip


def together(work: str, place: Path | str, writers: int, events: int) -> dict[str, Any]:
    """What every writer gave, and the seconds from the start of all to the end of the last."""
    gate, start = os.pipe()
    children = []
    for writer in range(writers):
        answers, answer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(start)
                os.read(gate, 1)  # ends when the parent lets go
                made = json.dumps(WORK[work](place, writer, events)).encode()
                while made:
                    made = made[os.write(answer, made) :]
                os._exit(0)
            except IncidentNbError as error:
                sys.stderr.write(f"writer {writer}: {error}\n")
                sys.stderr.flush()
            finally:
                os._exit(1)
        os.close(answer)
        children.append((child, answers))
    began = time.perf_counter()
    os.close(start)
    gave = []
    for child, answers in children:
        with os.fdopen(answers, "rb") as reading:
            said = reading.read()
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        gave.append(json.loads(said) if ended == 0 else None)
    return {"seconds": time.perf_counter() - began, "gave": gave}


def endless(place: Path | str, reports: int) -> None:
    """Opens an incident and writes to it for ever: `.` before each statement and commit, `+` after each event."""

    def report(*_: Any) -> None:
        os.write(reports, b".")

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, report)
    records = Records(place)
    number = records.open(opened(), by="Kim").number
    turn = 0
    while True:
        records.add(number, event_of(0, turn), by="Kim")
        os.write(reports, b"+")
        turn += 1


def killed(place: Path | str, changes: int, turns: int) -> int:
    """Lets a writer be killed `turns` of an empty loop after its `changes`-th report; the number of events it had written."""
    reading, reports = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            endless(place, reports)
        finally:
            os._exit(1)
    os.close(reports)
    seen = b""
    try:
        while len(seen) < changes:
            assert select.select([reading], [], [], PATIENCE_S)[0], "the writer stands still"
            piece = os.read(reading, changes - len(seen))
            assert piece, "the writer ended by itself"
            seen += piece
        for _ in range(turns):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    while piece := os.read(reading, 65536):
        seen += piece
    os.close(reading)
    assert os.WTERMSIG(status) == signal.SIGKILL
    return seen.count(b"+")


def moments(seed: int, count: int, places: list[Path | str]) -> Iterator[dict[str, Any]]:
    """Kills a writer at so many moments in each database, and looks at what it leaves."""
    chance = random.Random(seed)
    for place in places:
        for moment in range(count):
            changes, turns = (
                chance.randint(1, 120) if moment else chance.randint(1, 20),
                int(10 ** chance.uniform(0, 5)),
            )
            written = killed(place, changes, turns)
            records = Records(place)
            numbers = [incident.number for incident in records.incidents()]
            assert numbers == list(range(len(numbers), 0, -1)), numbers
            for number in numbers[:2]:
                records.add(number, one("note"), by="Lee")  # waits for whatever a server is still about
                events = sound(records, number)
                assert [row.by for row in events if row.kind == "note" and row.by == "Lee"]
            mine = [row for row in records.events(numbers[0]) if row.by == "Kim"] if numbers else []
            records.close()
            assert len(mine) - 1 >= written or written == 0, (len(mine), written)
            yield {"changes": changes, "turns": turns, "written": written, "there": max(len(mine) - 1, 0)}


def main(arguments: list[str]) -> None:
    use_key(SAMPLE_KEY)
    redact_tree({"text": "loads what the gate needs before the first fork"})
    work, first, second, *places = arguments
    where = [place_of(text) for text in places]
    if work == "kill":
        told = list(moments(int(first), int(second), where))
    else:
        told = [together(work, place, int(first), int(second)) for place in where]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
