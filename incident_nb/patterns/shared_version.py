"""Failures that began with a version of the workflow: the first run of it lies where the failures begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.patterns.shared_sets import Found
from incident_nb.patterns.stretches import History, Stretch

FEWEST_FAILURES = 3
FEWEST_BEFORE = 5  # good runs of other versions before it, so that these are known to have worked
LEAST_RATE = 0.5  # of the version's runs
MOST_ELSEWHERE = 0.1  # of the runs of other versions
MOST_BY_CHANCE = 0.05  # that one of the workflow's changes falls where the failures begin


def by_version(history: History, failing: pd.DataFrame, parts: Sequence[Stretch]) -> list[Found]:
    """The versions that explain a workflow's failures, of the stretches that share nothing with other workflows."""
    found: dict[tuple[int, Any], Found] = {}
    runs_of = dict(iter(failing.groupby("workflow")["position"]))
    for part in sorted(parts, key=lambda part: -len(part.runs)):
        if len(part.runs) < FEWEST_FAILURES:
            continue
        failed = np.intersect1d(np.unique(runs_of[part.workflow].to_numpy()), part.runs)
        if one := _version(history, part, failed):
            found.setdefault((part.workflow, one.value), one)
    return list(found.values())


def _version(history: History, part: Stretch, failed: Any) -> Found | None:
    good = history.healthy(part.workflow, part.node)
    versions = pd.Series(history.snapshot[failed], dtype=object).dropna()
    if versions.empty:
        return None
    version = str(versions.mode().iloc[0])
    mine, well = history.snapshot[failed] == version, history.snapshot[good] == version
    kept = pd.notna(history.snapshot[good])
    other = good[kept & ~well]
    hits, misses = int(mine.sum()), int(well.sum())
    worked = other[other < failed[0]]
    elsewhere = len(failed) - hits
    if (
        hits < FEWEST_FAILURES or len(worked) < FEWEST_BEFORE or hits < LEAST_RATE * (hits + misses)
        or elsewhere > MOST_ELSEWHERE * (elsewhere + len(other))
    ):  # fmt: skip
        return None
    runs = np.union1d(good[kept], failed)
    first = runs[history.snapshot[runs] == version][0]
    begin, until = (int(one) for one in np.searchsorted(history.at[runs], [part.low, part.high], side="right"))
    changes = int((history.snapshot[runs[1:until]] != history.snapshot[runs[: until - 1]]).sum())
    chance = changes * max(1, until - begin) / max(1, until)
    if not part.low <= history.at[first] <= part.high or chance > MOST_BY_CHANCE:
        return None
    return Found(
        factor="version", value=(version,), failed=failed[mine], good=good[well], uncovered=failed[~mine],
        rest_failed=elsewhere, rest_good=len(other), since=part.at, not_before=part.low, not_after=part.high,
        chance=chance, stretches=(part.number,),
    )  # fmt: skip
