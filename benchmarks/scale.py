"""How commands grow with an export: `python benchmarks/scale.py [--sizes 10000 100000 1000000] [--workers N] [--keep DIR]`.

For each size an SQLite file of made-up executions (5 % failed), and up to `--json` executions the same as an API export. Each row
is a whole process: its time by the clock, and the memory of it and of all its children at the peak (shared pages counted once),
beside the floor in the same run. For SQLite that is the scan with a `list[msgspec.Raw]` decode of every row's data, for the API
export the typed msgspec pass. Stages (`stages.py`) are seconds of the processor in one process. Peers read what they can:
`json_normalize`, DuckDB and Polars make a table of the executions, without failures, causes or the gate; they are left out
where they are not installed.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from generate import write_api, write_sqlite

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("incident-nb")
LOOK_S = 0.05  # how often memory is looked at
FLOORS = {
    "sqlite": "import read, sys, pathlib; read.bare_sqlite(pathlib.Path(sys.argv[1]))",
    "json": "import read, sys, pathlib; read.bare_json(pathlib.Path(sys.argv[1]))",
}
STAGES = {
    "read": "read, gate off", "gate": "redact", "classify": "classify", "group": "group: onsets, patterns",
    "survey": "shared, silent, green, slow, rates",
}  # fmt: skip
VERSIONS = ("pandas", "pyarrow", "msgspec", "orjson", "duckdb", "polars")
PEERS = {
    "json_normalize": "import json, sys, pandas as pd; pd.json_normalize(json.load(open(sys.argv[1]))['data'])",
    "DuckDB": (  # which sets aside several times as much as its largest object may have
        "import duckdb, os, sys; path = sys.argv[1]; most = os.path.getsize(path) + 1; duckdb.sql(\"SET memory_limit='16GB'\"); "
        "rows = f\"SELECT unnest(data) e FROM read_json('{path}', maximum_object_size={most})\"; "
        'print(duckdb.sql(f"SELECT e.status, count(*) FROM ({rows}) GROUP BY 1").fetchall())'
    ),
    "Polars": "import polars, sys; polars.read_json(sys.argv[1]).explode('data').unnest('data')['status'].value_counts()",
}


class Took(NamedTuple):
    """Seconds by the clock, and MB at the peak of a process with its children; None for one that failed."""

    seconds: float
    peak_mb: float | None


def run(*command: str | Path, folder: Path) -> Took | None:
    """A process at work until its end."""
    begun = perf_counter()
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(list(map(str, command)), stdout=said, stderr=subprocess.STDOUT, cwd=folder,
                                   env={**os.environ, "PYTHONPATH": str(HERE)})  # fmt: skip
        peak, over = [0.0], threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, peak, over))
        watch.start()
        failed = process.wait()
        seconds = perf_counter() - begun
        over.set()
        watch.join()
    return None if failed else Took(seconds, peak[0])


def _watch(process: int, peak: list[float], over: threading.Event) -> None:
    while not over.wait(LOOK_S):
        peak[0] = max(peak[0], sum(map(_pss_mb, _family(process))))


def _family(process: int) -> Iterator[int]:
    yield process
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _pss_mb(process: int) -> float:
    """A process's share of memory, MB: its own pages, and its part of those that it shares (Linux)."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    kept = {"Pss_Anon:", "Pss_Shmem:"}  # mapped files can be given back at any time
    return sum(int(line.split()[1]) for line in lines if line.split()[0] in kept) / 1024


def table(kind: str, path: Path, count: int, folder: Path, workers: list[int]) -> None:
    """The rows of one file."""
    size = path.stat().st_size / 1e6
    floor = run(sys.executable, "-c", FLOORS[kind], path, folder=folder)
    assert floor is not None, "the floor itself failed"
    print(f"\n{count:,} executions, {kind}, {size:,.0f} MB\n")
    print("| | s | times the floor | MB at the peak |\n| --- | --- | --- | --- |")
    rows: dict[str, tuple[str | Path, ...]] = {
        **{f"patterns, {n} worker{'s' * (n > 1)}": (COMMAND, "patterns", path, "--json", folder / "out.json", "--workers", str(n))
           for n in workers},
        "investigate": (COMMAND, "investigate", path, "--offline", "--now", "2030-01-01T00:00Z", "--json", folder / "out.json"),
    }  # fmt: skip
    if kind == "json":
        rows |= {name: (sys.executable, "-c", code, path) for name, code in PEERS.items()}
    _row("floor", floor, floor)
    stages = run(sys.executable, HERE / "stages.py", path, folder=folder)
    if stages is None:
        _row("stages", None, floor)
    else:
        took = json.loads((folder / "said.txt").read_text().splitlines()[-1])
        for number, (name, words) in enumerate(STAGES.items()):  # memory is that of all of them
            _row(words, Took(took[name], stages.peak_mb if number + 1 == len(STAGES) else None), floor)
    for name, command in rows.items():
        _row(name, run(*command, folder=folder), floor)


def _row(name: str, took: Took | None, floor: Took) -> None:
    if took is None:
        print(f"| {name} | not there, or failed | | |")
    else:
        peak = "" if took.peak_mb is None else f"{took.peak_mb:,.0f}"
        print(f"| {name} | {took.seconds:.1f} | {took.seconds / floor.seconds:.1f} | {peak} |", flush=True)


def machine() -> str:
    """What this runs on, and with which versions."""
    found = []
    for name in VERSIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, Python {platform.python_version()}, {', '.join(found)}"


def main() -> None:
    """Prints a table for each size and form."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument(
        "--json", type=int, default=100_000, help="up to how many executions an API export is made, too"
    )
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--keep", type=Path, help="where the made files are kept, and found again")
    given = options.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        kept = given.keep or Path(place)
        kept.mkdir(parents=True, exist_ok=True)
        for count in given.sizes:
            for kind, make in (("sqlite", write_sqlite), ("json", write_api)):
                if kind == "json" and count > given.json:
                    continue
                path = kept / f"{count}.{kind}"
                if not path.exists():
                    make(path, count)
                table(kind, path, count, Path(place), given.workers)


if __name__ == "__main__":
    main()
