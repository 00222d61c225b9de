"""Mutants of real n8n exports by the thousand, read and analysed in a process of its own.

    python -m fuzz [--count 20000] [--seed 20260301] [--start 0] [--seconds 1] [--memory 4096]

Each mutant may end as a log, with or without skipped parts, or be refused with an error of our own. A crash is any other
exception, more than `--seconds` of processor time for one mutant, or more than `--memory` MB of address space. What
crashed is printed with its seed and number: `python -m fuzz --seed SEED --start NUMBER --count 1` does it again.
`python -m fuzz --wrong-types` puts ten values of wrong types in the place of every value instead. Exit code 1 after a crash.
"""

from __future__ import annotations

import argparse
import collections
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fuzz import wrong

SEED = 20260301


@dataclass
class Run:
    """What has been seen so far."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    kinds: collections.Counter[str] = field(default_factory=collections.Counter)
    crashes: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    cpu: float = 0.0
    peak: float = 0.0
    early: float = 0.0
    late: float = 0.0

    @property
    def done(self) -> int:
        """How many mutants have ended."""
        return sum(self.outcomes.values())

    def end(self, item: dict[str, Any], ended: str, said: str | None, took: float = 0.0) -> None:
        """Counts a mutant; one that crashed is printed at once."""
        self.outcomes[ended] += 1
        self.kinds[item["kind"].split(", packed")[0].split(" of ")[-1]] += 1
        self.cpu += took
        name = f"mutant {item['number']} ({item['kind']}, {item['size']} bytes)"
        self.slowest = max(self.slowest, (took, name))
        if said is not None:
            self.crashes.append(name)
            tqdm.write(f"{ended}: {name}\n{said[-3000:]}", file=sys.stderr)


def work(options: argparse.Namespace, run: Run, bar: Any) -> None:
    """Runs worker after worker until all mutants are done: one that is killed goes on behind the mutant that killed it."""
    start, end = options.start, options.start + options.count
    while start < end:
        limits = [str(value) for value in (options.seed, start, end, options.memory, options.seconds)]
        command = [sys.executable, "-m", "fuzz.work", *limits]
        with (
            tempfile.TemporaryFile("w+") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as worker,
        ):
            assert worker.stdout
            item = None
            for line in worker.stdout:
                told = json.loads(line)
                if "number" in told:
                    item = told
                    continue
                assert item
                run.end(item, told["ended"], told["said"], told["took"])
                run.peak, run.late = max(run.peak, told["peak"]), told["now"]
                run.early = run.early or (told["now"] if run.done >= min(1000, options.count // 4) else 0.0)
                start, item = item["number"] + 1, None
                bar.update()
            if worker.wait() == 0:
                return
            errors.seek(0)
            said = errors.read()
            if item is None:
                raise SystemExit(f"The worker failed outside of a mutant:\n{said}")
            hung = worker.returncode == -signal.SIGPROF
            run.end(item, "HANG" if hung else f"KILLED {worker.returncode}", said, options.seconds)
            start = item["number"] + 1
            bar.update()


def report(options: argparse.Namespace, run: Run, seconds: float) -> None:
    """The figures of a run."""
    print(
        f"seed {options.seed}, mutants {options.start} to {options.start + run.done - 1}: {run.done} in {seconds:.0f} s"
    )
    for ended, count in run.outcomes.most_common():
        print(f"  {count:7}  {ended}")
    print("by kind: " + ", ".join(f"{kind} {count}" for kind, count in run.kinds.most_common()))
    print(
        f"processor time: {run.cpu / max(run.done, 1) * 1000:.0f} ms each; slowest {run.slowest[0]:.2f} s, {run.slowest[1]}"
    )
    print(f"memory: {run.peak:.0f} MB at the peak; {run.early:.0f} MB early on, {run.late:.0f} MB at the end")
    print(f"crashes: {len(run.crashes)}")
    for name in run.crashes:
        print(f"  {name}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1.0, help="processor time that one mutant may take")
    parser.add_argument("--memory", type=int, default=4096, help="MB of address space for the worker")
    parser.add_argument("--save", metavar="FILE", help="write the one mutant START to FILE and end")
    parser.add_argument("--wrong-types", action="store_true", help="every value by each of ten values of wrong types")
    options = parser.parse_args()
    if options.save:
        from fuzz.mutants import mutant

        Path(options.save).write_bytes(mutant(options.seed, options.start).content)
        return
    if options.wrong_types:
        raise SystemExit(wrong.main())
    print(f"seed {options.seed}")
    run, began = Run(), time.monotonic()
    with tqdm(total=options.count, unit=" mutants", mininterval=2) as bar:
        try:
            work(options, run, bar)
        except KeyboardInterrupt:
            bar.write("interrupted")
        finally:
            report(options, run, time.monotonic() - began)
    raise SystemExit(bool(run.crashes))


if __name__ == "__main__":
    main()
