"""How often the analysis of patterns tells the truth about made-up fleets whose faults are known.

    PYTHONPATH=. python benchmarks/fleet_patterns.py --set dev
    PYTHONPATH=. python benchmarks/fleet_patterns.py --set dev --family onset --seeds 5 --show

Each fleet is 24 to 60 workflows of some clients over weeks, 6,000 to 60,000 executions, with one fault and beside it
failures that have nothing to do with it, about 30 % of all; the clean ones hold such failures only. The scenarios are listed
in benchmarks/fleets (`failing.py`, `quiet.py`, `together.py`, `thin.py`, `clean.py`); `score.py` there says what counts as
right. The set `test` differs in seeds, rhythms, texts, numbers and some kinds of fault; of it only totals are printed.
`--family` takes a scenario's name as well, of `dev`. Every fleet is checked against its truth first, without the analysis
(`check.py`).
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import statistics
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fleets.check import complaints
from benchmarks.fleets.scenarios import FAMILIES, Scenario, chosen, make
from benchmarks.fleets.score import Mark, judge
from incident_nb.case import Case
from incident_nb.diagnose.survey import survey

AIMS = [
    ("onset", "onset within its interval", 0.95),
    ("onset, each of several", "the same, faults of several workflows", None),
    ("pattern", "pattern class right", 0.90),
    ("shared", "true shared factor first", 0.90),
    ("cross", "the same across clients, all named", 0.90),
    ("clean", "no finding on clean controls", 0.98),
    ("green", "false greens found", None),
    ("green, since", "  of these, since when right", None),
    ("silent", "silent stops found", None),
    ("silent, last run", "  of these, last run right", None),
    ("slow", "slow ones found", None),
    ("slow, shape", "  of these, shape right", None),
    ("slow, since", "  of steps, since when right", None),
]
ELSEWHERE = ("groups", "false_green", "silent", "slow", "shared")


class Look(NamedTuple):
    """The marks of one fleet, how many executions it has, the seconds that making and surveying it took, and what of it does
    not fit its truth."""

    marks: list[Mark]
    executions: int
    making: float
    surveying: float
    unfit: list[str]


def look(which: str, task: tuple[str, int]) -> Look:
    name, seed = task
    scenario = chosen(which, name)[0]
    begin = time.perf_counter()
    made = make(scenario, which, seed)
    between = time.perf_counter()
    case = Case(made.log, datetime.fromtimestamp(made.world.now, UTC))
    found = survey(case)
    took = time.perf_counter() - between
    return Look(judge(made, found), len(made.log.executions), between - begin, took, complaints(made))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="dev", choices=("dev", "test"))
    parser.add_argument("--family", help=f"one of {', '.join(FAMILIES)}, or a scenario's name")
    parser.add_argument("--seeds", type=int, default=3, help="fleets of each scenario")
    parser.add_argument("--show", action="store_true", help="each miss with its fleet and what was answered; dev only")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    asked = parser.parse_args()
    if asked.show and asked.set != "dev":
        parser.error("the misses of the held-out set are not shown, so that nothing is tuned to them")
    scenarios = chosen(asked.set, asked.family)
    if asked.set != "dev" and asked.family not in (None, *FAMILIES):
        parser.error("of the held-out set whole families are told only")
    if not scenarios:
        parser.error(f"no family or scenario '{asked.family}'")
    tasks = [(scenario.name, seed) for scenario in scenarios for seed in range(1, asked.seeds + 1)]
    with multiprocessing.get_context("forkserver").Pool(asked.jobs) as pool:
        answers = pool.map(partial(look, asked.set), tasks, chunksize=1)
    runs = sum(answer.executions for answer in answers)
    took = sum(answer.surveying for answer in answers)
    print(f"{asked.set}: {len(scenarios)} scenarios, {len(tasks)} fleets, {runs:,} executions; "
          f"made in {sum(answer.making for answer in answers):.0f} s, surveyed in {took:.0f} s")  # fmt: skip
    unfit = [(task, answer.unfit) for task, answer in zip(tasks, answers, strict=True) if answer.unfit]
    if unfit:
        print(f"{len(unfit)} fleets do not hold what their truth says" + (f": {unfit}" if asked.show else ""))
    report([mark for answer in answers for mark in answer.marks])
    if asked.show:
        for (name, seed), answer in zip(tasks, answers, strict=True):
            misses(chosen(asked.set, name)[0], seed, answer.marks)


def report(marks: list[Mark]) -> None:
    """The table of measures."""
    values = collections.defaultdict(list)
    for mark in marks:
        values[mark.measure].append(float(mark.value))
    print(f"\n{'':36}{'right':>13}{'share':>9}{'aim':>7}")
    for name, words, aim in AIMS:
        if values[name]:
            right, of = int(sum(values[name])), len(values[name])
            met = "" if aim is None else f"{aim:7.0%}{'' if right / of >= aim else '  missed'}"
            print(f"{words:36}{f'{right}/{of}':>13}{right / of:9.1%}{met}")
    if widths := values["onset, width"]:
        print(f"{'width of the onset, in runs':36}{'median':>13}{statistics.median(widths):9.0f}", end="")
        print(f"   nine in ten at most {sorted(widths)[int(0.9 * (len(widths) - 1))]:.0f}")
    if values["elsewhere, groups"]:
        print("\nsaid of workflows with nothing wrong, in fleets with a fault elsewhere")
        for name in ELSEWHERE:
            rows = values[f"elsewhere, {name}"]
            with_some = sum(count > 0 for count in rows)
            print(f"  {name:34}{f'{with_some}/{len(rows)}':>13} fleets, {int(sum(rows))} rows")


def misses(scenario: Scenario, seed: int, marks: list[Mark]) -> None:
    for mark in marks:
        wrong = mark.value > 0 if mark.measure.startswith("elsewhere") else mark.value == 0
        if wrong and mark.measure != "onset, width":
            print(f"{scenario.family}/{scenario.name} seed {seed}: {mark.measure}: {mark.note}")


if __name__ == "__main__":
    main()
