"""One mutant through everything that reads and analyses, and a worker process that does so for many."""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from fuzz.mutants import Mutant, mutant
from incident_nb import readers, redact
from incident_nb.diagnose import analyse, diagnose
from incident_nb.errors import UsageError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS
from incident_nb.readers.entities import KEY_VARIABLE
from tests.exports import KEY

NOW = datetime(2027, 2, 1, tzinfo=UTC)
# Analysing takes several times as long as reading: one mutant in so many is analysed, and one in so many diagnosed, too.
ANALYSED, DIAGNOSED = 3, 12


class Outcome(NamedTuple):
    """How a mutant ended: "read", "read, with skips", or "refused" with the error's class."""

    ended: str
    executions: int = 0
    skipped: int = 0


def run(item: Mutant, path: Path, *, analysed: bool = True, diagnosed: bool = False) -> Outcome:
    """Reads a mutant, and perhaps judges, groups and diagnoses what it holds. Raises whatever is not one of our own errors."""
    path.write_bytes(item.content)
    try:
        log = readers.read(str(path))
    except UsageError as error:
        assert str(path) in str(error) or KEY_VARIABLE in str(error), f"the message does not name the file: {error}"
        return Outcome(f"refused ({type(error).__name__})")
    for frame, columns in ((log.executions, EXECUTION_COLUMNS), (log.failures, FAILURE_COLUMNS)):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == columns
    assert len(log.executions) == log.executions.groupby(["instance", "execution_id"], observed=True).ngroups
    assert all(part.reason and part.where and part.rows >= 0 for part in log.skipped)
    analysis = analyse(log) if analysed or diagnosed else None
    if analysis and diagnosed:
        for frame in (log.executions, log.failures):
            pa.Table.from_pandas(frame)
        json.dumps(diagnose(analysis, now=NOW).as_json())
    return Outcome("read, with skips" if log.skipped else "read", len(log.executions), len(log.skipped))


def prepare() -> None:
    """A fixed redaction key, and the key of encrypted exports."""
    redact.use_key(redact.SAMPLE_KEY)
    os.environ[KEY_VARIABLE] = KEY


def main() -> None:
    """The worker: mutants START to END, one JSON line before each and one after it."""
    parser = argparse.ArgumentParser()
    for name in ("seed", "start", "end", "memory"):
        parser.add_argument(name, type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    prepare()
    # Over its time the process ends by this signal, after saying where it was.
    faulthandler.register(signal.SIGPROF, all_threads=False, chain=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        path = Path(folder) / "export"
        for number in range(20):  # imports, caches and the first look at every signature are no mutant's fault
            run(mutant(-1, number), path, diagnosed=True)
        resource.setrlimit(resource.RLIMIT_AS, (options.memory << 20, options.memory << 20))
        for number in range(options.start, options.end):
            item = mutant(options.seed, number)
            say(number=number, kind=item.kind, size=len(item.content))
            began = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, options.seconds)
            try:
                ended, *_ = run(item, path, analysed=number % ANALYSED == 0, diagnosed=number % DIAGNOSED == 0)
                said = None
            except Exception as error:  # what is looked for
                ended, said = f"CRASH {type(error).__name__}", traceback.format_exc()
            signal.setitimer(signal.ITIMER_PROF, 0)
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            say(ended=ended, said=said, took=time.process_time() - began, now=_resident(), peak=rss / 1024)


def say(**words: object) -> None:
    """One line for the parent."""
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _resident() -> float:
    """MB in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
