"""Reading spread over processes: the same log as one process reads, whoever is quicker, and whoever dies."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from incident_nb import readers, redact
from incident_nb.causes.label import label
from incident_nb.diagnose import analyse
from incident_nb.diagnose.ahead import judge
from incident_nb.errors import SourceError, UnreachableError, UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.patterns import problems
from incident_nb.readers import Spread, limits, parts, spread, workers
from incident_nb.readers.batch import read_batch
from incident_nb.readers.joined import joined
from incident_nb.readers.piece import Piece, Task
from incident_nb.settings import Settings
from tests.exports import Json, api_error, execution, failed, node, page, ran, write_sqlite

SETTINGS = Settings.model_validate({"clients": {"ACME": {"tags": ["the-acme"]}, "BOLT": {"workflows": ["Bolt*"]}}})
KEY = redact.Redactor(b"a key of tests")


def client_of(flow: Any) -> str | None:
    return SETTINGS.client_of(flow.name, flow.tags, flow.project)


def same(one: ExecutionLog, two: ExecutionLog) -> None:
    assert_frame_equal(one.executions, two.executions)
    assert_frame_equal(one.failures, two.failures)
    assert one.snapshots == two.snapshots
    assert list(one.snapshots) == list(two.snapshots)
    assert one.skipped == two.skipped


def in_pieces(
    files: Sequence[Path], *, order: Callable[[list[int]], None] = lambda _: None, judged: bool = False
) -> ExecutionLog:
    """The files read in parts by this process, the pieces coming in another order, and all through a pickle."""
    logs = []

    def engine(batches: Sequence[parts.Batch], task: Task) -> Iterator[tuple[int, Piece]]:
        places = list(range(len(batches)))
        order(places)
        for place in places:
            yield place, pickle.loads(pickle.dumps(read_batch(*pickle.loads(pickle.dumps((batches[place], task))))))

    ahead = partial(judge, own_hosts=SETTINGS.own_hosts) if judged else None
    logs.append(spread.read_spread(files, engine, ahead, "default", client_of, lambda *_: None))
    assert logs[0] is not None, "one process had to read it"
    return logs[0]


def alone(files: Sequence[Path]) -> ExecutionLog:
    return readers.read(list(map(str, files)), client_of=client_of)


@pytest.fixture(autouse=True)
def _masks() -> Iterator[None]:
    with redact.using(KEY):
        yield


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that a few rows are several."""
    monkeypatch.setattr(parts, "ROWS_A_PART", 7)
    monkeypatch.setattr(parts, "BYTES_A_PART", 6_000)
    monkeypatch.setattr(parts, "FILES_A_PART", 2)


def rows(first: int, count: int, flow: str = "wf1", name: str | None = "[ACME] Orders") -> list[Json]:
    """Runs of a workflow, every third failing with words of its own that hold a secret."""
    found = []
    for number in range(first, first + count):
        at = f"2026-03-01T{number // 60 % 24:02d}:{number % 60:02d}"
        more = {"startedAt": f"{at}:00.000Z", "stoppedAt": f"{at}:05.500Z", "workflowId": flow}
        error = api_error(
            node=node("Call"), description=f"order {number}: Invalid API key provided: sk_live_{number:024x}",
            httpCode="503" if number % 2 else "401",
        )  # fmt: skip
        nodes = [node("Start"), node("Call", parameters={"url": f"https://api{number % 4}.example.com/v1"})]
        one = (
            execution(number, "error", runs={"Start": ran({}), "Call": ran(error=error)}, nodes=nodes, error=error, **more)
            if number % 3 == 0
            else execution(number, runs={"Start": ran({}), "Call": ran({}, {})}, nodes=nodes, **more)
        )
        one["workflowData"] = {**one["workflowData"], "id": flow, "name": name}
        found.append(one)
    return found


def put(path: Path, *found: Any) -> Path:
    path.write_bytes(page(*found))
    return path


@pytest.fixture
def mix(tmp_path: Path) -> list[Path]:
    """A database, pages that repeat parts of it in other forms, workflow lists, and every kind of damage."""
    folder = tmp_path / "mix"
    folder.mkdir()
    known = rows(1, 40)
    write_sqlite(folder / "b.sqlite", known + rows(100, 30, "wf2", None), tag="the-acme")
    running = {**known[3], "status": "running", "stoppedAt": None, "data": None}
    put(folder / "a1.json", running, {**known[5], "data": None}, {**rows(800, 1)[0], "data": None}, *rows(200, 5, "wf3", "Bolt “x” key=sk_live_abcdefgh12345678"))
    put(folder / "a2.json", {"id": "wf2", "name": "Named elsewhere", "nodes": [node("A")], "tags": [{"name": "client:zed"}]})
    put(folder / "c1.json", known[3], {**known[6], "startedAt": "2026-03-02T00:00:00.000Z"}, {**known[7], "workflowId": "wf9"})
    put(folder / "c2.json", *rows(203, 5, "wf3", "Bolt other"), *known[8:12])
    put(folder / "c3.json", *rows(203, 5, "wf3", "Bolt other"), *known[8:12])
    (folder / "d1.json").write_bytes(page(*rows(300, 3))[:-200])
    (folder / "d2.json").write_bytes(b'{"data": [{"id": "1", "mo')
    (folder / "d3.json").write_bytes(b"")
    (folder / "d4.jsonl").write_bytes(b"\n".join(json.dumps(row).encode() for row in rows(400, 4)) + b"\n{broken\n")
    damaged = [{**row, "data": {"resultData": {"runData": {"A": [1, "error"]}}}} for row in rows(500, 4)]
    put(folder / "e1.json", *damaged)
    put(folder / "e2.json", *damaged, *rows(500, 2))
    put(folder / "e3.json", {**failed(600), "workflowData": {"id": "wf1", "name": 5}}, *rows(601, 1))
    put(folder / "e4.json", {**failed(602), "workflowData": {"id": "wf1", "name": 5}}, *rows(603, 1))
    (folder / "f1.json.gz").write_bytes(gzip.compress(page(*rows(700, 6))))
    (folder / "f2.json.gz").write_bytes(gzip.compress(page(*rows(700, 6)))[:-30])
    alert = {"execution": {"id": "7", "error": {"message": "x", "timestamp": 1}}, "workflow": {"id": "wf1", "name": "N"}}
    (folder / "g.json").write_text(json.dumps(alert))
    return sorted(folder.iterdir())


def test_a_mix_of_everything_is_the_same_in_pieces(mix: list[Path]) -> None:
    whole = alone(mix)
    assert len(parts.batches_of(mix)) > 15
    assert {"damaged", "missing", "full"} <= set(whole.executions["data"])
    assert any("another execution" in one.reason for one in whole.skipped)
    same(whole, in_pieces(mix))


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_files_and_of_completion(mix: list[Path], seed: int) -> None:
    files = mix.copy()
    random.Random(seed).shuffle(files)
    same(alone(files), in_pieces(files, order=random.Random(seed + 1).shuffle))
