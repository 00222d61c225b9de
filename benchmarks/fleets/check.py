"""Whether a fleet holds what its truth says: told by the log alone, without the analysis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS

from .faults import Problem
from .scenarios import NOISE, Made

# What each class has at least: failing runs, and good ones after the last of them (None: not asked).
LEAST = {
    "one_off": (1, None),
    "burst": (3, 3),
    "intermittent": (3, None),
    "recurring": (4, None),
    "persistent": (2, 0),
    "regression": (4, 0),
}


def complaints(made: Made) -> list[str]:
    """What does not fit, in words; nothing where all does."""
    return [*_log(made), *_noise(made), *_failing(made), *_quiet(made)]


def _log(made: Made) -> Iterator[str]:
    runs, failures = made.log.executions, made.log.failures
    for table, kinds in ((runs, EXECUTION_COLUMNS), (failures, FAILURE_COLUMNS)):
        if {name: str(kind) for name, kind in table.dtypes.items()} != kinds:
            yield f"columns are not of the contract: {table.dtypes.to_dict()}"
        if not table["at"].is_monotonic_increasing:
            yield "rows are not in order of time"
    if runs.duplicated(["instance", "execution_id"]).any():
        yield "ids come twice"
    if runs["at"].max().timestamp() >= made.world.now or len(runs) < 3_000:
        yield f"{len(runs)} runs, the newest {runs['at'].max()}"
    if not set(runs["snapshot"]) <= set(made.log.snapshots):
        yield "a version without a snapshot"
    key = ["instance", "execution_id"]
    ends = failures["place"].isin(["execution", "crash", "subworkflow"])
    told = failures[ends].merge(runs[[*key, "status"]], on=key, how="left")
    if not told["status"].isin(["error", "crashed"]).all():
        yield "an error that ended a run which did not fail"
    if len(told.drop_duplicates(key)) != int(runs["status"].isin(["error", "crashed"]).sum()):
        yield "failed runs and errors that end runs differ in number"
    swallowed = failures[~ends].merge(runs[[*key, "status"]], on=key, how="left")
    if not (swallowed["status"] == "success").all():
        yield "a swallowed error in a run that is no success"


def _noise(made: Made) -> Iterator[str]:
    ours: set[tuple[str, str]] = set()
    for problem in _all_problems(made):
        ours |= {(problem.flow.instance, one) for one in problem.ids}
    quiet = {(part.flow.instance, part.flow.id) for part in made.truth.greens}
    rows = made.log.failures[made.log.failures["place"] != "subworkflow"]
    keys = list(zip(rows["instance"].astype(str), rows["execution_id"], rows["workflow_id"].astype(str), strict=True))
    faults = sum((one[0], one[1]) in ours or (one[0], one[2]) in quiet for one in keys)
    share = 1 - faults / len(keys)
    if faults > 20 and not NOISE * 0.4 < share < NOISE * 1.8:
        yield f"{share:.0%} of {len(keys)} failures are noise"


def _all_problems(made: Made) -> list[Problem]:
    return [*made.truth.problems, *(one for fault in made.truth.shared for one in fault.problems)]


def _failing(made: Made) -> Iterator[str]:
    for problem in made.truth.problems:
        flow = problem.flow
        name = f"{flow.rhythm.kind} every {flow.rhythm.gap / 60:.0f} min at node {problem.node}"
        failed = np.sort(flow.at[problem.runs[flow.kept[problem.runs]]])
        good = np.sort(flow.at[flow.reached(problem.node)])
        if len(failed) != len(problem.ids) or not len(failed):
            yield f"{name}: {len(failed)} failing runs"
            continue
        for pattern in problem.patterns:
            least, after = LEAST[pattern]
            if len(failed) < least or (pattern == "one_off" and len(failed) > 1):
                yield f"{name}: {pattern} with {len(failed)} failing runs"
            if after and (good > failed[-1]).sum() < after:
                yield f"{name}: {pattern} with {(good > failed[-1]).sum()} good runs since"
            if after == 0 and (good > failed[-1]).sum() > 4:
                yield f"{name}: {pattern}, but {(good > failed[-1]).sum()} good runs since"
            if pattern in ("recurring", "intermittent") and not ((good > failed[0]) & (good < failed[-1])).sum() >= 3:
                yield f"{name}: {pattern} without good runs between"
        if problem.onset is not None:
            first = failed[failed >= problem.onset]
            if not len(first):
                yield f"{name}: nothing failed since the onset"
            elif "regression" not in problem.patterns and (failed < problem.onset).any():
                yield f"{name}: it failed before the onset"
            elif not (good < problem.onset).any():
                yield f"{name}: no good run before the onset"
    for fault in made.truth.shared:
        if len(fault.problems) < 2:
            yield f"{fault.factors[0]} is shared by {len(fault.problems)} problems"
        if fault.across and len(fault.clients) < 2:
            yield f"{fault.factors[0]} concerns {fault.clients} alone"


def _quiet(made: Made) -> Iterator[str]:
    world, runs = made.world, made.log.executions
    for green in made.truth.greens:
        at = green.flow.at[green.flow.kept]
        if (at >= green.since).sum() < 4 or (at < green.since).sum() < 8:
            yield f"green: {(at >= green.since).sum()} runs since, {(at < green.since).sum()} before"
    for silent in made.truth.silents:
        mine = (runs["workflow_id"].astype(str) == silent.flow.id) & (
            runs["instance"].astype(str) == silent.flow.instance
        )
        newest = runs.loc[mine, "at"].max()
        if pd.isna(newest) or abs(newest.timestamp() - silent.last_run) > 1:
            yield f"silent: the newest run is {newest}"
        if world.now - silent.last_run < 1.2 * silent.flow.rhythm.gap:
            yield "silent: nothing is due yet"
    for slow in made.truth.slows:
        at = slow.flow.at[slow.flow.kept]
        since = slow.since or (world.start + world.now) / 2
        if (at >= since).sum() < 4 or (at < since).sum() < 8:
            yield f"slow: {(at >= since).sum()} runs since, {(at < since).sum()} before"
