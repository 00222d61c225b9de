"""How long from an acknowledged alert to its report: `python benchmarks/alert_to_report.py [--runs 5]`.

Beside it stands the floor, in the same run and taking turns: a bare papermill run of a notebook of three cells that
imports pandas and matplotlib, with its own kernel, and nbconvert's HTML of it. All is measured in one process that has
its libraries loaded, as a worker has; the first turn of each is not counted.

`report` begins when an alert of a failure of the built-in sample is acknowledged, and ends when its report is written and on
record: taken from the queue, executions read, diagnosed, the notebook run with its checks, the report in HTML and
Markdown. `prepared` is the same with a kernel made ahead, before the clock starts: a worker has time for that between two
alerts. The built-in sample is read in place of an n8n server.
The aims: at most 1.5 times the floor, and over 30 % saved by preparing.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import papermill
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from incident_nb.alerts import generic
from incident_nb.case import SAMPLE_NOW, sample_case
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.diagnose import investigate
from incident_nb.incidents import Records
from incident_nb.jobs import investigate as jobs_investigate
from incident_nb.jobs import run
from incident_nb.jobs.job import Jobs
from incident_nb.notebook_ahead import Ahead
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


class Worker:
    """A worker in this process, on a workspace of its own. What it reads in place of a server is the built-in sample."""

    def __init__(self, folder: Path) -> None:
        (folder / "incident-nb.toml").write_text("")
        self.settings = Settings(path=folder / "incident-nb.toml")
        self.records = Records(folder / "incidents" / "record.db")
        self.ahead = Ahead(self.settings, offline=True)  # as the sample is
        self.jobs = Jobs(self.records, self.settings, worker="benchmark", clock=lambda: SAMPLE_NOW)
        self.arrivals = Arrivals(self.records, self.settings, self.jobs.want)
        self.reported, self._sent = threading.Event(), 0
        made = investigate(sample_case())
        self.alert = {
            "workflow_id": made.subject.workflow_id, "workflow": made.subject.workflow,
            "execution_id": made.subject.execution_id, "node": made.problem and made.problem.node,
            "message": (made.problem and made.problem.message) or made.headline,
        }  # fmt: skip
        done = self.jobs.put_on_record

        def put_on_record(*given: Any) -> bool:
            kept = done(*given)
            self.reported.set()
            return kept

        self.jobs.put_on_record = put_on_record  # type: ignore[method-assign]
        jobs_investigate.sources_of = lambda *_: ["sample"]  # type: ignore[assignment]
        run.start(self.jobs, "benchmark", ())

    def prepare(self) -> None:
        """Has the next kernel ready, as a worker has that had a moment's rest."""
        self.ahead.make()
        assert self.ahead.wait(READY_S), "no kernel could be prepared"

    def report(self, ahead: bool) -> float:
        """The seconds from an alert that is acknowledged to its report, written and on record."""
        self._sent += 1
        self.jobs.ahead = self.ahead if ahead else None
        prepared = self.ahead.options()["prepared"] if ahead else None
        self.reported.clear()
        body = json.dumps({**self.alert, "problem": f"turn {self._sent}"}).encode()
        alerts = generic.read(body, received=SAMPLE_NOW)
        self.arrivals.take([Arrival(alerts, "generic", body, f"{self._sent}", SAMPLE_NOW)])
        began = time.perf_counter()
        assert self.reported.wait(READY_S), "no report came"
        took = time.perf_counter() - began
        ended = self.records.get(self._sent).investigated
        assert ended is not None and ended.done, ended
        assert prepared is None or prepared.used, "the kernel that was made ahead was not used"
        return took

    def close(self) -> None:
        """Ends it."""
        run.stop(5)
        self.ahead.close()
        self.jobs.close()
        self.records.close()


def timed(call: Callable[[Path], None]) -> float:
    """The seconds that a call takes in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        call(Path(folder))
        return time.perf_counter() - began


def measure(runs: int) -> dict[str, list[float]]:
    """The seconds of each way, taking turns."""
    took: dict[str, list[float]] = {"bare": [], "report": [], "prepared": []}
    with tempfile.TemporaryDirectory() as place:
        worker = Worker(Path(place))
        for _ in range(runs + 1):
            worker.prepare()  # first, since making one takes from whatever is measured meanwhile
            took["bare"].append(timed(bare))
            took["report"].append(worker.report(ahead=False))
            took["prepared"].append(worker.report(ahead=True))
        worker.close()
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
