"""Prints how fast exports are read, as ratios to peers measured in the same run.

    python benchmarks/read.py [--count 20000] [--repeat 7]

The peers of an API export: a bare typed msgspec pass over the same bytes, and `json.load` with `json_normalize`. Of an
SQLite file: the SQL scan with a `list[msgspec.Raw]` decode of every row. `read` is reading with the gate switched off,
`total` with it on; `analysis` (classifying, grouping, onsets) comes on top and is printed apart. Memory is measured in
a process of its own: what reading needs at its peak beyond the interpreter with its libraries.
"""

from __future__ import annotations

import argparse
import json
import mmap
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
from generate import write_api, write_sqlite

from incident_nb import readers, redact
from incident_nb.diagnose import analyse
from incident_nb.executions import ExecutionLog


class _Run(msgspec.Struct):
    startTime: float | None = None
    executionTime: float | None = None
    executionStatus: str | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


class _Result(msgspec.Struct):
    runData: dict[str, list[_Run]]
    lastNodeExecuted: str | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


class _Data(msgspec.Struct):
    resultData: _Result


class _Workflow(msgspec.Struct):
    id: str
    name: str
    nodes: msgspec.Raw


class _Execution(msgspec.Struct):
    id: str
    status: str
    mode: str
    startedAt: str
    stoppedAt: str
    workflowId: str
    data: _Data
    workflowData: _Workflow


class _Page(msgspec.Struct):
    data: list[_Execution]


def bare_json(path: Path) -> None:
    """A typed pass over the mapped file that decodes times, states, names and errors, and does nothing with them."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        page = msgspec.json.Decoder(_Page).decode(content)
        del page


def bare_sqlite(path: Path) -> None:
    """The SQL scan, each row's data split into its parts."""
    decoder = msgspec.json.Decoder(list[msgspec.Raw])
    db = sqlite3.connect(path)
    db.text_factory = bytes
    query = "SELECT e.*, d.workflowData, d.data FROM execution_entity e JOIN execution_data d ON d.executionId = e.id"
    for row in db.execute(query):
        decoder.decode(row[-1])
    db.close()


def normalize(path: Path) -> None:
    """What one writes first: the standard library and `json_normalize`."""
    with path.open() as file:
        pd.json_normalize(json.load(file)["data"])


def read(path: Path) -> ExecutionLog:
    """Reading as users get it, with the gate on."""
    return readers.read(str(path))


def read_ungated(path: Path) -> None:
    """Reading with the gate switched off, to tell its share."""
    text, tree = redact.redact_text, redact.redact_tree
    redact.redact_text, redact.redact_tree = (lambda value: value), (lambda value: value)
    try:
        read(path)
    finally:
        redact.redact_text, redact.redact_tree = text, tree


def peak_memory(path: Path) -> tuple[float, float]:
    """MB that reading needs at its peak beyond what the process had before, and MB of the two frames, in a process of its own."""
    code = (
        "import re, sys; from incident_nb import readers; import pandas, pyarrow;"
        "rss = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024; before = rss();"
        "log = readers.read(sys.argv[1]);"
        "frames = sum(t.memory_usage(deep=True).sum() for t in (log.executions, log.failures)) / 1e6;"
        "print(rss() - before, frames)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    peak, frames = map(float, done.stdout.split())
    return peak, frames


def fastest(jobs: dict[str, Callable[[Path], Any]], path: Path, rounds: int) -> dict[str, float]:
    """The fastest run of each job in seconds of processor time, in turns, so that a busy moment hits all alike.

    The gate starts cold each time.
    """
    seconds: dict[str, float] = {}
    for _ in range(rounds):
        for name, job in jobs.items():
            redact.use_key(redact.SAMPLE_KEY)
            start = time.process_time()
            job(path)
            seconds[name] = min(seconds.get(name, float("inf")), time.process_time() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        api, database = Path(folder) / "executions.json", Path(folder) / "database.sqlite"
        write_api(api, options.count)
        write_sqlite(database, options.count)
        for name, path, bare in (("API export", api, bare_json), ("SQLite", database, bare_sqlite)):
            log = read(path)
            jobs = {"bare": bare, "ungated": read_ungated, "gated": read}
            took = fastest(jobs, path, options.repeat)
            floor, without, total = took["bare"], took["ungated"], took["gated"]
            analysis = fastest({"analysis": lambda _, log=log: analyse(log)}, path, 2)["analysis"]
            peak, frames = peak_memory(path)
            size = path.stat().st_size / 1e6
            print(
                f"{name}: {options.count} executions, {len(log.failures)} failures, {size:.0f} MB; bare pass {floor:.2f} s"
            )
            print(f"  read     {without / floor:5.2f} x bare")
            print(f"  gate     {(total - without) / floor:5.2f} x bare")
            print(f"  total    {total / floor:5.2f} x bare ({total:.2f} s)")
            print(f"  analysis {analysis / floor:5.2f} x bare ({analysis:.2f} s)")
            print(
                f"  memory   {peak:.0f} MB at the peak, {peak / size:.2f} x the file; the frames hold {frames:.0f} MB"
            )
            if path is api:
                slow = fastest({"normalize": normalize}, path, 1)["normalize"]
                print(f"  json.load + json_normalize takes {slow / total:.0f} x the total ({slow:.1f} s)")


if __name__ == "__main__":
    main()
