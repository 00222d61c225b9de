"""The good runs of each workflow, oldest first, as arrays: when, how long, which nodes, with how many items."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.columns import WHERE
from incident_nb.patterns.noderuns import NodeRuns, node_runs

Array = np.ndarray[Any, Any]

# Runs that say nothing of what a workflow does by itself: by hand, for a test, of an error workflow; a retry begins in
# the middle.
NOT_ITS_OWN = ("manual", "retry", "error", "evaluation", "internal")
_COLUMNS = [*WHERE, "execution_id", "at", "duration_s", "snapshot", "nodes_run", "node_items", "node_ms"]


class History(NamedTuple):
    """One workflow's good runs, oldest first. Of `items` and `ms` each row is a run and each column a node of `nodes`.

    `where`: instance, client, workflow_id and workflow, as text or None. `seconds`: since 1970, UTC. `duration`: seconds.
    `version`: code of the workflow as it ran, -1 where not known. `nodes`: in the order in which they run. `ran`: whether
    a node ran; `told`: whether it is known which nodes did. `items`, `ms`: NaN where a node did not run or it is not known.
    """

    where: tuple[str | None, ...]
    ids: Array
    seconds: Array
    duration: Array
    version: Array
    nodes: tuple[str, ...]
    ran: Array
    told: Array
    items: Array
    ms: Array

    def at(self, run: int) -> pd.Timestamp:
        """When a run began."""
        return pd.Timestamp(float(self.seconds[run]), unit="s", tz="UTC").round("ms")

    def newest(self, runs: Array, most: int = 20) -> list[str]:
        """The ids of the newest of these runs, newest first."""
        return [str(name) for name in self.ids[runs[::-1][:most]]]


def histories(executions: pd.DataFrame, until: datetime, fewest: int = 1) -> list[History]:
    """The histories of all workflows with so many good runs of their own up to `until`."""
    keep = (executions["status"] == "success").to_numpy() & (executions["at"] <= until).to_numpy()
    keep &= ~executions["mode"].isin(NOT_ITS_OWN).to_numpy() & executions["workflow_id"].notna().to_numpy()
    rows = np.flatnonzero(keep)
    flow = _codes(executions["instance"])[rows].astype(np.int64) * 2**32 + _codes(executions["workflow_id"])[rows]
    _, flow, counts = np.unique(flow, return_inverse=True, return_counts=True)
    rows, flow = rows[counts[flow] >= fewest], flow[counts[flow] >= fewest]
    at = executions["at"].dt.tz_localize(None).to_numpy()[rows]
    order = np.lexsort((at, flow))
    table = executions[_COLUMNS].take(rows[order])
    starts = np.flatnonzero(np.diff(flow[order], prepend=-1))
    return list(_each(table, [*starts.tolist(), len(order)])) if len(order) else []


def _each(table: pd.DataFrame, bounds: list[int]) -> Iterator[History]:
    runs = node_runs(table)
    first = np.searchsorted(runs.position, bounds)
    seconds = table["at"].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
    duration = table["duration_s"].to_numpy(dtype=float)
    ids, version = table["execution_id"].to_numpy(dtype=object), _codes(table["snapshot"])
    newest = table.iloc[[end - 1 for end in bounds[1:]]][WHERE].astype("object")
    names = newest.where(newest.notna(), None).itertuples(index=False, name=None)
    for where, begin, end, low, high in zip(names, bounds[:-1], bounds[1:], first[:-1], first[1:], strict=True):
        mine = slice(begin, end)
        nodes, ran, items, ms = _matrices(runs, slice(low, high), begin, end - begin)
        yield History(
            tuple(None if name is None else str(name) for name in where), ids[mine], seconds[mine], duration[mine],
            version[mine], nodes, ran, np.asarray(ran.any(axis=1)), items, ms,
        )  # fmt: skip


def _matrices(runs: NodeRuns, part: slice, begin: int, count: int) -> tuple[tuple[str, ...], Array, Array, Array]:
    """Names, and by run and node whether it ran, its items and milliseconds."""
    node, row = runs.node[part], runs.position[part] - begin
    codes, column = np.unique(node, return_inverse=True)
    # A node's place is the mean of its places in the runs, relative to their lengths: runs differ in which nodes they reach.
    heads = np.flatnonzero(np.diff(row, prepend=-1))
    place = np.arange(len(row)) - np.repeat(heads, np.diff([*heads, len(row)])) if len(row) else row
    places = np.bincount(column, place, len(codes)) / np.maximum(np.bincount(column, minlength=len(codes)), 1)
    order = np.argsort(places, kind="stable")
    column = np.argsort(order)[column] if len(codes) else column
    ran = np.zeros((count, len(codes)), dtype=bool)
    items, ms = np.full((2, count, len(codes)), np.nan, dtype=np.float32)
    ran[row, column], items[row, column], ms[row, column] = True, runs.items[part], runs.ms[part]
    return tuple(str(name) for name in runs.names[codes[order]]), ran, items, ms


def _codes(column: pd.Series) -> Array:
    """A number for each distinct text, -1 for a missing one."""
    known = isinstance(column.dtype, pd.CategoricalDtype)
    codes: Array = column.cat.codes.to_numpy() if known else pd.factorize(column)[0]
    return codes.astype(np.int32)
