"""What each stage takes on one file in one process: `python benchmarks/stages.py FILE` prints seconds of processor time as JSON.

`read`: without the redaction gate, `gate`: what it adds, `classify`: a cause for every failure, `group`: fingerprints, runs that
speak, onsets, patterns, `survey`: what is shared, silent, falsely green, slower, and rates. Nothing is kept from one to the next
but what the next needs, and the gate starts cold.
"""

from __future__ import annotations

import json
import sys
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
    begun = process_time()
    label(log.failures)
    took["classify"] = process_time() - begun
    begun = process_time()
    analyse(log)
    took["group"] = process_time() - begun - took["classify"]
    begun = process_time()
    survey(Case(log, datetime(2030, 1, 1, tzinfo=UTC)))
    took["survey"] = process_time() - begun - took["classify"] - took["group"]
    print(json.dumps(took))


if __name__ == "__main__":
    main()
