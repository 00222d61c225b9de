"""Prints how fast exports are read, as ratios to peers measured in the same run.

    python benchmarks/read.py [--count 20000] [--repeat 3]

Peers for the API export: a bare typed msgspec pass over the same bytes, and `json.load` with `json_normalize`. For SQLite:
the SQL scan with a `list[msgspec.Raw]` decode of every row. `total` adds classification, grouping and onset to reading.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
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
from incident_nb.readers import collect


class _Run(msgspec.Struct):
    error: Any = None


class _Result(msgspec.Struct):
    runData: dict[str, list[_Run]]
    lastNodeExecuted: str | None = None
    error: Any = None


class _Data(msgspec.Struct):
    resultData: _Result


class _Workflow(msgspec.Struct):
    id: str
    name: str


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
    """A typed pass that decodes what a reader can't do without and does nothing with it."""
    msgspec.json.Decoder(_Page).decode(path.read_bytes())


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


def total(path: Path) -> None:
    """Read, classify, group and find onsets."""
    analyse(readers.read(str(path)))


def gate(path: Path) -> None:
    """Reading with the gate switched off, to tell its share."""
    text, tree = collect.redact_text, collect.redact_tree
    collect.redact_text, collect.redact_tree = (lambda value: value), (lambda value: value)
    try:
        readers.read(str(path))
    finally:
        collect.redact_text, collect.redact_tree = text, tree


def best(job: Callable[[Path], Any], path: Path, repeat: int) -> float:
    """The fastest of `repeat` runs, in seconds; the gate starts cold each time."""
    seconds = []
    for _ in range(repeat):
        redact.use_key(redact.SAMPLE_KEY)
        start = time.perf_counter()
        job(path)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        api, database = Path(folder) / "executions.json", Path(folder) / "database.sqlite"
        write_api(api, options.count)
        write_sqlite(database, options.count)
        for name, path, bare in (("API export", api, bare_json), ("SQLite", database, bare_sqlite)):
            floor = best(bare, path, options.repeat)
            read = best(lambda p: readers.read(str(p)), path, options.repeat)
            without = best(gate, path, options.repeat)
            whole = best(total, path, options.repeat)
            print(f"{name}: {options.count} executions, {path.stat().st_size / 1e6:.0f} MB, bare pass {floor:.2f} s")
            print(f"  read {read / floor:.2f} x bare ({read:.2f} s), of it the gate {(read - without) / floor:.2f}")
            print(f"  total {whole / floor:.2f} x bare ({whole:.2f} s)")
            print(f"  peak memory so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
            if path is api:
                slow = best(normalize, path, 1)
                print(
                    f"  json.load + json_normalize: {slow:.1f} s, {slow / whole:.0f} x the total, {slow / read:.0f} x the read"
                )


if __name__ == "__main__":
    main()
