"""How long from an acknowledged alert to its report: `python benchmarks/alert_to_report.py [--runs 5]`.

Beside it stands the floor, in the same run and taking turns: a bare papermill run of a notebook of three cells that
imports pandas and matplotlib, with its own kernel, and nbconvert's HTML of it. All is measured in one process that has
its libraries loaded, as a worker has; the first turn of each is not counted.

`report` begins with an incident on record, made from a failure of the built-in sample, and ends when its folder is there:
executions read, diagnosed, the notebook run with its checks, the report in HTML and Markdown. `prepared` is the same
with a kernel made ahead, and made before the clock starts: a worker has time for that between two alerts.
The aims: at most 1.5 times the floor, and over 30 % saved by preparing.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import papermill
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from incident_nb.case import SAMPLE_NOW, sample_case
from incident_nb.desk import Desk
from incident_nb.desk.folder import case_of
from incident_nb.desk.intake import opened_by
from incident_nb.desk.paper import Ahead, write_paper
from incident_nb.diagnose import investigate, run_checks
from incident_nb.incidents import Records
from incident_nb.settings import Settings

AIM, AIM_SAVED = 1.5, 0.3
CELLS = (
    "import pandas as pd\nimport matplotlib.pyplot as plt",
    "table = pd.DataFrame({'runs': [3, 1, 4], 'failed': [1, 1, 3]})\ntable",
    "table.plot();",
)
READY_S = 120


def bare(folder: Path) -> None:
    """The floor: three cells run by papermill as it is, and exported by nbconvert as it is."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "in.ipynb")
    papermill.execute_notebook(folder / "in.ipynb", folder / "out.ipynb", progress_bar=False)
    shown, _ = HTMLExporter().from_filename(str(folder / "out.ipynb"))
    (folder / "report.html").write_text(shown, encoding="utf-8")


def incident(folder: Path) -> tuple[Records, int]:
    """A record with one incident: the gravest problem of the sample."""
    records = Records(folder / "record.db", clock=lambda: SAMPLE_NOW)
    desk = Desk(records, Settings(), by="benchmark", clock=lambda: SAMPLE_NOW)
    return records, desk.open(opened_by(investigate(sample_case()), SAMPLE_NOW), at=SAMPLE_NOW).number


def report(records: Records, number: int, folder: Path, options: dict[str, Any]) -> None:
    """What a job does from the incident on record to the written report."""
    case = case_of(records.get(number), Settings(), SAMPLE_NOW, ["sample"], unattended=True, offline=True)
    checks = run_checks(case, records_only=True)
    diagnosis = investigate(case, checks)
    kept = replace(case, answers=checks.answers, not_asked=checks.why_not)
    events = records.events(number)
    paper = write_paper(kept, diagnosis, folder / "report", record=events, analysis=checks.analysis, **options)
    assert paper.run.outcome == "done", paper.run.error
    assert (folder / "report" / "report.html").exists()


def timed(call: Callable[[Path], None]) -> float:
    """The seconds that a call takes in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        call(Path(folder))
        return time.perf_counter() - began


def measure(runs: int) -> dict[str, list[float]]:
    """The seconds of each way, taking turns."""
    took: dict[str, list[float]] = {"bare": [], "report": [], "prepared": []}
    ahead = Ahead(Settings(), offline=True)
    with tempfile.TemporaryDirectory() as place:
        records, number = incident(Path(place))
        for _ in range(runs + 1):
            took["bare"].append(timed(bare))
            took["report"].append(timed(lambda folder: report(records, number, folder, {})))
            ahead.make()
            assert ahead.wait(READY_S), "no kernel could be prepared"
            options = ahead.options()
            took["prepared"].append(timed(lambda folder, options=options: report(records, number, folder, options)))
            assert options["prepared"].used
        records.close()
    ahead.close()
    return {name: seconds[1:] for name, seconds in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    took = measure(runs)
    for name, seconds in took.items():
        each = " ".join(f"{one:.2f}" for one in sorted(seconds))
        print(
            f"{name:9} {median(seconds):6.2f} s, {median(seconds) / median(took['bare']):.2f} times the bare run  ({each})"
        )
    saved = 1 - median(took["prepared"]) / median(took["report"])
    ratio = median(took["prepared"]) / median(took["bare"])
    print(
        f"prepared: {ratio:.2f} times the bare run (aim: at most {AIM}), saves {saved:.0%} (aim: over {AIM_SAVED:.0%})"
    )
    print(f"load of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
