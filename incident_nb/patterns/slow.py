"""Workflows, and nodes of them, that take longer than they did: since an instant, or more and more."""

from __future__ import annotations

from datetime import datetime
from math import erfc, log, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.changed import ALPHA, FEWEST, PAST_RUNS, Array, moved, usual
from incident_nb.patterns.columns import SLOW_COLUMNS, WHERE
from incident_nb.patterns.histories import History, histories

LONGER = log(1.5)  # half as long again
LONGER_S = 1.0  # and a second more: nobody waits for less
CARRIES = 0.6  # share of what is more that one node takes, to be named for it
BLOCKS, FEWEST_BLOCKS = 30, 12  # parts of equal time that a creep is looked for in, and those that hold runs at least
CREEP_S = 14 * 86_400.0  # two weeks, so that a week's course is no trend
SURE = 0.95


class Slower(NamedTuple):
    """A shape, its first run, the runs before and now that are compared, and how far beyond chance it is (0: just so)."""

    shape: str
    start: int
    before: Array
    now: Array
    margin: float


def slow(executions: pd.DataFrame, until: datetime, known: list[History] | None = None) -> pd.DataFrame:
    """One row a workflow that takes longer, newest first; columns as `SLOW_COLUMNS`. `node`: the one that it is due to.

    Good runs only. Longer runs that carry more items in proportion are no finding. `until`: zone-aware, the end of what is
    looked at. `known`: its `histories`, where they are at hand. Thresholds: docs/patterns.md.
    """
    past = [
        one
        for one in (histories(executions, until, PAST_RUNS + FEWEST) if known is None else known)
        if len(one.ids) >= PAST_RUNS + FEWEST
    ]
    tests = sum(2 * len(one.nodes) + 2 for one in past)
    rows = [row for one in past if (row := _of(one, tests))]
    table = pd.DataFrame(rows, columns=SLOW_COLUMNS).assign(since=lambda made: pd.to_datetime(made["since"], utc=True))
    return table.sort_values("since", ascending=False, ignore_index=True, kind="stable")


def _of(one: History, tests: int) -> dict[str, Any] | None:
    """What a workflow as a whole shows; else the first of its nodes that shows something by itself."""
    runs = np.flatnonzero(one.duration > 0)
    took = one.duration[runs]
    if (slower := _slower(took, one.seconds[runs], tests)) and (row := _row(one, runs, took, slower, None)):
        return row
    for column in _grown(one.ms):
        runs = np.flatnonzero(one.ms[:, column] > 0)
        took = one.ms[runs, column].astype(float) / 1000
        if (slower := _slower(took, one.seconds[runs], tests)) and (row := _row(one, runs, took, slower, int(column))):
            return row
    return None


def _grown(ms: Array) -> Array:
    """The nodes that may take longer than they did: by the medians of the first third and of the newest runs."""
    if not ms.size:
        return np.array([], dtype=int)
    count = len(ms)
    known = np.nan_to_num(ms)  # a node that did not run took no time
    first = np.median(known[: count // 3], axis=0)
    last = np.max([np.median(known[-max(count // part, FEWEST) :], axis=0) for part in (3, 10, 40)], axis=0)
    return np.flatnonzero((last >= first * np.exp(LONGER)) & (last - first >= LONGER_S * 1000))


def _slower(took: Array, seconds: Array, tests: int) -> Slower | None:
    """How a series of seconds got longer, if it did."""
    if len(took) < PAST_RUNS + FEWEST:
        return None
    values, count = np.log(took), len(took)
    if creep := _creep(values, seconds, tests):
        third = count // 3
        return Slower("creep", creep[0], np.arange(third), np.arange(count - third, count), creep[1])
    step = moved(values, seconds, tests, LONGER)
    if step is None or not step.goes_on:
        return None
    return Slower("step", step.start, np.arange(step.start), np.arange(step.start, count), step.margin)


def _blocks(values: Array, seconds: Array) -> tuple[Array, Array, Array]:
    """Medians of parts of equal time, without the course of day and week; the middle of each; its first run."""
    off = values - usual(values, seconds, np.ones(len(values), dtype=bool)) + np.median(values)
    length = (seconds[-1] - seconds[0]) / BLOCKS
    bounds = np.searchsorted(seconds, seconds[0] + length * np.arange(1, BLOCKS))
    parts = np.split(off, bounds)
    begins = np.array([0, *bounds])
    enough = [place for place, part in enumerate(parts) if len(part)]
    medians = np.array([np.median(parts[place]) for place in enough])
    return medians, np.array(enough, dtype=float) + 0.5, begins[enough]


def _creep(values: Array, seconds: Array, tests: int) -> tuple[int, float] | None:
    """Where a steady rise begins, and how far it is beyond chance; None where there is none or a step fits better.

    The rise is Theil and Sen's line through the medians of equal parts, its chance Mann and Kendall's.
    """
    third = len(values) // 3
    if seconds[-1] - seconds[0] < CREEP_S or np.median(values[-third:]) - np.median(values[:third]) < LONGER / 2:
        return None
    medians, places, begins = _blocks(values, seconds)
    count = len(medians)
    if count < FEWEST_BLOCKS:
        return None
    first, then = np.triu_indices(count, 1)
    up = np.sign(medians[then] - medians[first])
    z = (float(up.sum()) - 1) / sqrt(count * (count - 1) * (2 * count + 5) / 18)
    chance = erfc(z / sqrt(2)) * tests / ALPHA
    slope = float(np.median((medians[then] - medians[first]) / (places[then] - places[first])))
    if chance > 1 or slope * (places[-1] - places[0]) < LONGER:
        return None
    lines = [_hinge(medians, places, begin) for begin in range(count - 4)]
    levels = min(medians[:part].var() * part + medians[part:].var() * (count - part) for part in range(1, count))
    best = int(np.argmin(lines))
    return None if levels < lines[best] else (int(begins[best]), -log(max(chance, 1e-9)) / 10)


def _hinge(medians: Array, places: Array, begin: int) -> float:
    """What is left of the medians by a line that is level up to a part and straight from then on."""
    rising = np.maximum(places - places[begin], 0)
    fit = np.column_stack([np.ones(len(places)), rising])
    solved = np.linalg.lstsq(fit, medians, rcond=None)[0]
    return float(((medians - fit @ solved) ** 2).sum())


def _row(one: History, runs: Array, took: Array, slower: Slower, node: int | None) -> dict[str, Any] | None:
    """The finding, unless it is too small or what the runs carry explains it."""
    before, now = took[slower.before], took[slower.now]
    middle = float(np.median(before)), float(np.median(now))
    more = log(middle[1] / middle[0])
    if more < LONGER or middle[1] - middle[0] < LONGER_S:
        return None
    load = _carried(one, runs[slower.before], runs[slower.now])
    if more - max(load, 0.0) < LONGER:
        return None
    due = node if node is not None else _due_to(one, runs[slower.before], runs[slower.now], middle[1] - middle[0])
    name = None if due is None else one.nodes[due]
    whose = f"“{name}” takes" if node is not None else "runs take"
    how = (
        f"longer and longer: {middle[1]:.3g} seconds of late" if slower.shape == "creep" else f"{middle[1]:.3g} seconds"
    )
    part = f", most of the difference at “{name}”" if name and node is None else ""
    carried = f", with {np.exp(load):.2g} times the items" if abs(load) > 0.1 else ""
    if due is not None and node is None:
        before, now = (_seconds_at(one, runs[part], due) for part in (slower.before, slower.now))
    p50 = float(np.median(before)), float(np.median(now))
    p95 = float(np.quantile(before, 0.95)), float(np.quantile(now, 0.95))
    return {
        **dict(zip(WHERE, one.where, strict=True)), "node": name, "shape": slower.shape,
        "since": one.at(int(runs[slower.start])), "p50_before": p50[0], "p50_now": p50[1], "p95_before": p95[0],
        "p95_now": p95[1], "runs": len(slower.now), "confidence": round(SURE - 0.35 / (1 + 2 * slower.margin), 2),
        "execution_ids": one.newest(runs[slower.now]),
        "why": f"{whose} {how}, {middle[0]:.3g} before ({len(slower.before):,} runs){part}{carried}",
    }  # fmt: skip


def _seconds_at(one: History, runs: Array, node: int) -> Array:
    found = one.ms[runs, node] / 1000
    known: Array = found[~np.isnan(found)]
    return known


def _carried(one: History, before: Array, now: Array) -> float:
    """The log of how many times the items the runs carry now: of all their nodes' together; 0 where it is not known."""
    known: Array = np.asarray((~np.isnan(one.items)).any(axis=1))
    first, then = before[known[before]], now[known[now]]
    if not len(first) or not len(then):
        return 0.0
    sums = [float(np.median(np.nansum(one.items[part], axis=1))) for part in (first, then)]
    return float(np.log1p(sums[1]) - np.log1p(sums[0]))


def _due_to(one: History, before: Array, now: Array, more: float) -> int | None:
    """The node that takes most of what is more, if one does."""
    if not one.ms.size:
        return None
    grown = [np.median(np.nan_to_num(one.ms[part]), axis=0) / 1000 for part in (before, now)]
    by = grown[1] - grown[0]
    best = int(np.argmax(by))
    return best if by[best] >= CARRIES * more and len(_seconds_at(one, before, best)) else None
