"""Executions over weeks as the readers' tables have them, made by hand: one workflow at a time, at times of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS

START = pd.Timestamp("2026-06-01", tz="UTC")  # a Monday
NODES = ("Every hour", "Get orders", "Filter", "Send")
Array = np.ndarray[Any, Any]


def times(every: str = "1h", days: float = 42, jitter: float = 20, start: pd.Timestamp = START, seed: int = 0) -> Any:
    """Instants so often for so many days, each up to so many seconds late."""
    at = pd.date_range(start, start + pd.Timedelta(days=days), freq=every, inclusive="left", unit="us")
    return at + pd.to_timedelta(np.random.default_rng(seed).uniform(0, jitter, len(at)).round(3), unit="s")


def office(at: Any) -> Any:
    """Of these instants those of a working day's hours."""
    return at[(at.day_of_week < 5) & (at.hour >= 8) & (at.hour < 18)]


def history(
    at: Any,
    items: Any = 10,
    *,
    flow: str = "wf1",
    nodes: tuple[str, ...] = NODES,
    took: Any = 4.0,
    ms: dict[str, Any] | None = None,
    mode: Any = "trigger",
    status: Any = "success",
    version: Any = "v1",
    instance: str = "main",
    without: dict[str, Array] | None = None,
) -> pd.DataFrame:
    """One workflow's executions. `items`: what each node behind the first gives out, a number, one a run, or by node's name.

    Behind a node that gives out nothing none runs, as in n8n. `took`: seconds; `ms`: a node's, by name; `without`: which runs
    a node is left out of.
    """
    count, behind = len(at), len(nodes) - 1
    given = items if isinstance(items, dict) else dict.fromkeys(nodes[1:], items)
    matrix = np.column_stack(
        [np.ones(count, int), *(np.broadcast_to(given.get(name, 1), count).astype(int) for name in nodes[1:])]
    )
    ran = np.ones((count, behind + 1), dtype=bool)
    ran[:, 1:] = np.cumprod(matrix[:, :-1] > 0, axis=1).astype(bool)
    for name, left_out in (without or {}).items():
        ran[left_out, nodes.index(name)] = False
    took = np.broadcast_to(np.asarray(took, dtype=float), count)
    each = np.repeat((took * 1000 / len(nodes))[:, None], len(nodes), axis=1)
    for name, values in (ms or {}).items():
        each[:, nodes.index(name)] = values
    lines = [np.flatnonzero(row) for row in ran]
    columns = {
        "instance": instance, "workflow_id": flow, "workflow": f"[ACME] {flow}", "client": "ACME", "mode": mode, "status": status,
        "execution_id": [f"{flow}-{number}" for number in range(count)], "at": at, "started_at": at, "duration_s": took,
        "snapshot": version, "data": "full", "source": "by hand",
        "nodes_run": ["\n".join(nodes[node] for node in line) for line in lines],
        "node_items": ["\n".join(str(row[node]) for node in line) for row, line in zip(matrix, lines, strict=True)],
        "node_ms": ["\n".join(str(int(row[node])) for node in line) for row, line in zip(each, lines, strict=True)],
    }  # fmt: skip
    return pd.DataFrame({name: pd.Series(columns.get(name), index=range(count)) for name in EXECUTION_COLUMNS}).astype(
        EXECUTION_COLUMNS
    )


def fleet(*histories: pd.DataFrame) -> pd.DataFrame:
    """Workflows side by side, in the order of time."""
    together = pd.concat([one.astype("object") for one in histories]).sort_values(
        "at", kind="stable", ignore_index=True
    )
    return together.astype(EXECUTION_COLUMNS)


def errors(runs: pd.DataFrame, which: Array, place: str = "node", node: str = "Send") -> pd.DataFrame:
    """An error at a node in each of these runs."""
    hit = runs[which].reset_index(drop=True)
    columns = {name: hit[name] for name in ("instance", "execution_id", "workflow_id", "workflow", "client", "at")}
    columns |= {
        name: pd.Series([text] * len(hit)) for name, text in (("place", place), ("node", node), ("message", "no"))
    }
    empty = pd.Series([None] * len(hit))
    return pd.DataFrame({name: columns.get(name, empty) for name in FAILURE_COLUMNS}).astype(FAILURE_COLUMNS)


NO_ERRORS = errors(history(times(days=1)), np.zeros(24, dtype=bool))
