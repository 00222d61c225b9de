"""Failures at an hour of the day or on a weekday, told against the hours and days on which the workflow runs at all."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, lgamma
from typing import NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.factors import Ints
from incident_nb.patterns.shared_sets import HOUR_US, Found
from incident_nb.patterns.stretches import History, by_node

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FEWEST_TIMES = 3  # days on which it failed in that hour, or weeks on that day: one bad night is no hour of the day
LEAST_RATE = 0.5  # of the hours (days) of that name on which it ran
LEAST_COVERED = 0.75  # of the hours (days) on which it failed
MOST_BY_CHANCE = 0.005  # in all that was looked at: 24 hours and 7 days of every node that failed


class Cells(NamedTuple):
    """Hours or days on which a node failed, and those on which it ran and did not; which name each of them bears."""

    kind: str
    failed: Ints
    good: Ints
    names: int


def by_clock(history: History, failing: pd.DataFrame) -> list[Found]:
    """The hours and weekdays that explain failures, each with all workflows that fail then by the same kind of cause."""
    by_name: dict[tuple[str, int, str], list[tuple[Ints, Ints, Ints, float]]] = {}
    every = [one for one in by_node(failing) if len(one.runs) >= FEWEST_TIMES]
    for workflow, node, family, _, failed in every:
        if not _often(history.at[failed]):
            continue
        good = history.healthy(workflow, node)
        found = [one for cells in _cells(history.at[failed], history.at[good]) for one in _named(cells, len(every))]
        if found:
            chance, kind, name = min(found)
            by_name.setdefault((kind, name, family), []).append((failed, good, _code(history.at[failed], kind), chance))
    return [_found(history, kind, name, parts) for (kind, name, _), parts in by_name.items()]


def _found(history: History, kind: str, name: int, parts: list[tuple[Ints, Ints, Ints, float]]) -> Found:
    failed = np.unique(np.concatenate([runs[codes == name] for runs, _, codes, _ in parts]))
    outside = np.unique(np.concatenate([runs[codes != name] for runs, _, codes, _ in parts]))
    first, last = failed[0], failed[-1]
    good = np.unique(np.concatenate([runs for _, runs, _, _ in parts]))
    good = good[(good >= first) & (good <= last)]
    outside = outside[(outside >= first) & (outside <= last)]
    then = _code(history.at[good], kind) == name
    before = np.unique(np.concatenate([runs[_code(history.at[runs], kind) == name] for _, runs, _, _ in parts]))
    before = before[before < first]
    return Found(
        factor=kind, value=(str(name),), failed=failed, good=good[then], uncovered=outside, rest_failed=len(outside),
        rest_good=int((~then).sum()), since=int(history.at[first]),
        not_before=int(history.at[before[-1]]) if len(before) else None, not_after=int(history.at[first]),
        chance=max(chance for *_, chance in parts),
        label=DAYS[name] if kind == "weekday" else f"{name:02}:00 to {(name + 1) % 24:02}:00 UTC",
    )  # fmt: skip


def _code(at: Ints, kind: str) -> Ints:
    """The hour of the day, or the weekday from Monday on, of instants."""
    hours = at // HOUR_US
    return hours % 24 if kind == "hour" else (hours // 24 + 3) % 7  # 1970 began on a Thursday


def _often(at: Ints) -> bool:
    """Whether enough of the failures fell on one hour of the day, or on one weekday, to look any further."""
    hours, days = np.unique(at // HOUR_US), np.unique(at // (24 * HOUR_US))
    return (
        bool(len(hours)) and int(max(np.bincount((days + 3) % 7).max(), np.bincount(hours % 24).max())) >= FEWEST_TIMES
    )


def _cells(failed: Ints, good: Ints) -> Iterator[Cells]:
    for kind, size, names in (("hour", HOUR_US, 24), ("weekday", 24 * HOUR_US, 7)):
        bad = np.unique(failed // size)
        yield Cells(kind, bad, np.setdiff1d(good // size, bad), names)


def _named(cells: Cells, looks: int) -> Iterator[tuple[float, str, int]]:
    """The hours or days of a name on which it failed more than on others, each with how likely chance gives one."""
    size = HOUR_US if cells.kind == "hour" else 24 * HOUR_US
    bad, good = (_code(part * size, cells.kind) for part in (cells.failed, cells.good))
    for name in np.unique(bad):
        mine = cells.failed[bad == name]
        if len(mine) < FEWEST_TIMES:
            continue
        since, until = mine[0], mine[-1]
        near = (cells.good >= since) & (cells.good <= until)
        other = int(((bad != name) & (cells.failed >= since) & (cells.failed <= until)).sum())
        well, well_else = int((near & (good == name)).sum()), int((near & (good != name)).sum())
        rate, covered = len(mine) / (len(mine) + well), len(mine) / (len(mine) + other)
        chance = _fisher(len(mine), well, other, well_else) * cells.names * looks * 2
        if rate >= LEAST_RATE and covered >= LEAST_COVERED and chance <= MOST_BY_CHANCE:
            yield chance, cells.kind, int(name)


def _fisher(hit: int, missed: int, other: int, well: int) -> float:
    """The probability of at least so many hits, if failures fell on any hour or day on which it ran (Fisher)."""
    failed, mine, every = hit + other, hit + missed, hit + missed + other + well

    def ways(of: int, taken: int) -> float:
        return lgamma(of + 1) - lgamma(taken + 1) - lgamma(of - taken + 1)

    top = min(failed, mine)
    odds = (
        ways(mine, k) + ways(every - mine, failed - k) - ways(every, failed)
        for k in range(hit, top + 1)
        if failed - k <= every - mine
    )
    return min(1.0, sum(exp(one) for one in odds))
