"""Kills a process that writes investigations, at moments of chance, and looks at what it leaves.

`python -m tests.crash FOLDER SEED MOMENTS` prints one JSON object a moment and ends with 1 at the first that is wrong.
The writer reports every change it is about to make to the file system through a pipe. A moment is a number of such
reports and of turns of an empty loop after the last of them, so that the signal also falls between two changes, and
into one. Nothing waits for a clock.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import random
import select
import signal
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pyarrow.parquet as pq
from nbformat.v4 import new_markdown_cell

from incident_nb import notebook
from incident_nb.case import SAMPLE_NOW, Case, open_case, sample_case
from incident_nb.desk import paper
from incident_nb.desk.paper import check_folder, write_paper
from incident_nb.files import is_leftover, write_atomic
from incident_nb.resources import notebooks

CHANGES = ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir")
PATIENCE_S = 60


class Result:
    """A complete investigation with the number of its generation in every file; every other one has no picture."""

    def __init__(self) -> None:
        self.case = replace(sample_case(), unattended=True)
        self.executed = nbformat.read(notebooks() / "incident.ipynb", as_version=4)

    def notebook(self, generation: int) -> str:
        made = copy.deepcopy(self.executed)
        if generation % 2:
            for cell in made.cells:
                if cell.cell_type == "code":
                    cell.outputs = [shown for shown in cell.outputs if "image/png" not in shown.get("data", {})]
        made.cells.append(new_markdown_cell(f"The end of generation {generation}."))
        return nbformat.writes(made)

    def write(self, generation: int, out: Path) -> None:
        def run(_source: Path, output: Path, _parameters: Any, **_: Any) -> notebook.NotebookRun:
            write_atomic(output, self.notebook(generation))
            return notebook.NotebookRun("done", output, None, None, 0.0)

        paper.run_notebook = run  # type: ignore[assignment]
        case: Case = replace(self.case, now=SAMPLE_NOW + timedelta(minutes=generation))
        write_paper(case, out)


def writer(result: Result, out: Path, generations: Iterable[int], reports: int) -> None:
    """Writes one generation after the other, with a byte to `reports` before each change."""
    send = os.write

    def reporting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            send(reports, b".")
            return real(*args, **named)

        return call

    for name in CHANGES:
        setattr(os, name, reporting(getattr(os, name)))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    for generation in generations:
        result.write(generation, out)


def started(result: Result, out: Path, generations: Iterable[int]) -> tuple[int, int]:
    """A new process that writes, and the end of the pipe on which it reports."""
    reading, reports = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            writer(result, out, generations, reports)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(reports)
    return child, reading


def counted(result: Result, out: Path) -> int:
    """How many changes the first generation takes, and one after it; writes both."""
    child, reading = started(result, out, (0, 1))
    with os.fdopen(reading, "rb") as reports:
        changes = len(reports.read())
    assert os.waitpid(child, 0)[1] == 0
    return changes


def killed(result: Result, out: Path, generation: int, changes: int, turns: int) -> None:
    """Lets a writer be killed `turns` of an empty loop after it reported its `changes`-th change."""
    child, reading = started(result, out, itertools.count(generation))
    try:
        seen = 0
        while seen < changes:
            if not select.select([reading], [], [], PATIENCE_S)[0]:
                raise AssertionError("the writer stands still")
            piece = os.read(reading, changes - seen)
            if not piece:
                raise AssertionError("the writer ended by itself")
            seen += len(piece)
        for _ in range(turns):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(reading)
    assert os.WTERMSIG(status) == signal.SIGKILL


def final(folder: Path) -> Iterator[Path]:
    """What lies in `folder` under a final name."""
    for entry in sorted(folder.iterdir()):
        if not is_leftover(entry.name):
            yield entry
            if entry.is_dir():
                yield from final(entry)


def whole(path: Path) -> None:
    """Fails where a file is not readable from its first byte to its last, or not its owner's only."""
    if path.is_dir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        return
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    data = path.read_bytes()
    match path.suffix:
        case ".json":
            json.loads(data)
        case ".parquet":
            pq.read_table(path, use_threads=False)
        case ".ipynb":
            nbformat.validate(nbformat.reads(data.decode(), as_version=4))
        case ".html":
            assert data.startswith(b"<!DOCTYPE html>") and data.rstrip().endswith(b"</html>"), path
        case ".md":
            assert data.rstrip().rpartition(b"\n")[2].startswith(b"The end of generation "), path
        case ".png":
            assert data.startswith(b"\x89PNG") and data.endswith(b"IEND\xaeB`\x82"), path
        case _:
            raise AssertionError(f"an unknown file: {path}")


def told_by(diagnosis: Path) -> int:
    """The generation of a diagnosis: it is seen as many minutes later."""
    detected = json.loads(diagnosis.read_bytes())["severity"]["detected_at"]
    return round((datetime.fromisoformat(detected) - SAMPLE_NOW) / timedelta(minutes=1))


def generation_of(out: Path) -> int:
    """The generation that `out` holds; fails where it holds less than all of one, or something of another."""
    names = {str(path.relative_to(out)) for path in out.rglob("*")}
    generation = told_by(out / "diagnosis.json")
    end = f"The end of generation {generation}."
    case = ("case.json", "answers.json", "diagnosis.json", "executions.parquet", "failures.parquet", "snapshots.json")
    expected = {
        "case",
        "diagnosis.json",
        "investigation.ipynb",
        "report.html",
        "report.md",
        *(f"case/{n}" for n in case),
    }
    pictures = {name for name in names if name.startswith("report_files")}
    assert names - pictures == expected, names ^ expected
    assert len(pictures) == (0 if generation % 2 else 3), pictures  # the folder and the two charts in it
    assert told_by(out / "case" / "diagnosis.json") == generation
    assert open_case(str(out / "case")).now == SAMPLE_NOW + timedelta(minutes=generation)
    for name in ("investigation.ipynb", "report.html", "report.md"):
        assert end in (out / name).read_text(encoding="utf-8"), name
    return generation


def main(folder: Path, seed: int, moments: int) -> None:
    """Kills a writer at as many moments, each on top of what the last one left."""
    chance = random.Random(seed)
    result = Result()
    out = folder / "out"
    out.mkdir(mode=0o700)
    result.write(0, folder / "warm")  # what is loaded once is loaded before the first fork
    changes_of_two = counted(result, out)
    generation = 2
    for moment in range(moments):
        changes, turns = chance.randint(1, changes_of_two), int(10 ** chance.uniform(0, 5))
        killed(result, out, generation, changes, turns)
        left = [entry.name for entry in out.iterdir() if is_leftover(entry.name)]
        for path in final(out):
            whole(path)
        check_folder(out)  # what every command does first
        for path in out.rglob("*"):
            assert not is_leftover(path.name), f"still there: {path}"
            whole(path)
        now = generation_of(out)
        told = {"moment": moment, "changes": changes, "turns": turns, "left": left, "generation": now}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        assert now >= generation - 1, "an earlier result came back"
        generation = now + 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
