"""What each stage takes on one file in one process: `python benchmarks/stages.py FILE` prints seconds of processor time as JSON.

`read`: without the redaction gate, `gate`: what it adds, `classify`: a cause for every failure, `group`: fingerprints, runs that
speak, onsets, patterns, `survey`: what is shared, silent, falsely green, slower, and rates. Nothing is kept from one to the next
but what the next needs, and the gate starts cold.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import read

from incident_nb.case import Case
from incident_nb.causes.label import label
from incident_nb.diagnose import analyse, survey


def main() -> None:
    """Prints the seconds of each stage."""
    path, took = Path(sys.argv[1]), {}
    begun = process_time()
    read.read_ungated(path)
    took["read"] = process_time() - begun
    begun = process_time()
    log = read.read(path)
    took["gate"] = process_time() - begun - took["read"]
    took["classify"] = _seconds(lambda: label(log.failures))  # signatures loaded and compiled, which is once
    again = _seconds(lambda: label(log.failures))
    analysed = _seconds(lambda: analyse(log))
    took["group"] = analysed - again
    took["survey"] = _seconds(lambda: survey(Case(log, datetime(2030, 1, 1, tzinfo=UTC)))) - analysed
    print(json.dumps(took))


def _seconds(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


if __name__ == "__main__":
    main()
