"""Failures gathered into problems: one row a fingerprint, with count, times, onset, error rate and pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from incident_nb.models import ExecutionLog, Window
from incident_nb.patterns.fingerprint import fingerprints
from incident_nb.patterns.onset import Onset, onset
from incident_nb.patterns.shape import pattern_of

NEWEST_IDS = 100
_OVER = ("success", "error", "crashed", "canceled")

GROUP_COLUMNS = [
    "fingerprint", "instance", "client", "workflow_id", "workflow", "node", "node_type", "cause", "detail",
    "confidence", "count", "execution_ids", "first_seen", "last_seen", "onset", "pattern", "error_rate", "message",
    "why",
]  # fmt: skip


def problems(failures: pd.DataFrame) -> pd.DataFrame:
    """`failures` with two more columns: `fingerprint`, and `origin` (False: only passes on a sub-workflow's failure).

    A failure at an Execute Workflow node is no origin when the child's own failure is among them.
    """
    known = set(zip(failures["instance"].astype("str"), failures["execution_id"], strict=True))
    child = zip(failures["instance"].astype("str"), failures["child_execution_id"], strict=True)
    passed_on = pd.Series([key in known for key in child], index=failures.index) & (failures["place"] == "subworkflow")
    return failures.assign(fingerprint=fingerprints(failures), origin=~passed_on.astype(bool))


def sequences(failures: pd.DataFrame, executions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each problem, under its fingerprint, the runs that speak of it, oldest first.

    Columns: `execution_id`, `at` (UTC), `failed`, `snapshot`. A failing run is one of the problem's own. A run speaks
    for health when it succeeded and got to the failing node; one that failed elsewhere says nothing. Manual runs count
    only where the problem was seen in one.
    """
    runs = runs_by_workflow(executions)
    origin = failures[failures["origin"]]
    found = {}
    for (fingerprint, instance, workflow), members in origin.groupby(
        ["fingerprint", "instance", "workflow_id"], observed=True, sort=False, dropna=False
    ):
        found[str(fingerprint)] = _sequence(runs.get((instance, workflow)), members)
    return found


def runs_by_workflow(executions: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The runs that are over, oldest first, under (instance, workflow_id)."""
    columns = ["instance", "workflow_id", "execution_id", "at", "status", "mode", "nodes_run", "snapshot"]
    over = executions.loc[executions["status"].isin(_OVER), columns]
    return {key: table for key, table in over.groupby(["instance", "workflow_id"], observed=True)}


def _sequence(runs: pd.DataFrame | None, members: pd.DataFrame) -> pd.DataFrame:
    columns = ["execution_id", "at", "failed", "snapshot"]
    if runs is None:
        return pd.DataFrame({name: [] for name in columns})
    failing = runs["execution_id"].isin(set(members["execution_id"])).to_numpy()
    good = (runs["status"] == "success").to_numpy() & _reached(runs["nodes_run"], members["node"].iloc[-1])
    manual = (runs["mode"] == "manual").to_numpy()
    if not (failing & manual).any():
        good &= ~manual
    speaks = (failing | good) & runs["at"].notna().to_numpy()
    return runs.assign(failed=failing).loc[speaks, columns].reset_index(drop=True)


def _reached(paths: pd.Series, node: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each run got to the node; unknown (no data) counts as yes, since the run as a whole went well."""
    if node is None or pd.isna(node):
        return np.ones(len(paths), dtype=bool)
    hit = {path: str(node) in str(path).split("\n") for path in paths.dropna().unique()}
    return np.array([hit.get(path, True) for path in paths.astype("object")], dtype=bool)


def groups(failures: pd.DataFrame, runs: dict[str, pd.DataFrame], executions: pd.DataFrame) -> pd.DataFrame:
    """One row a problem, most frequent first; columns as `GROUP_COLUMNS`, documented in docs/patterns.md.

    `failures` have the classifier's columns (cause, detail, confidence) and those of `problems`; `runs` are their
    `sequences`. `count`: failing executions. `execution_ids`: the newest 100. `first_seen`, `last_seen`: UTC. `onset`:
    an Onset. `error_rate`: share (0 to 1) of the runs that speak of the problem that failed with it, from the onset to
    the newest; None where `executions` hold no good runs at all, as an export of failures only.
    """
    has_successes = bool((executions["status"] == "success").any())
    origin = failures[failures["origin"]]
    rows = [
        _group(str(name), table, runs[str(name)], has_successes)
        for name, table in origin.groupby("fingerprint", sort=False)
    ]
    table = pd.DataFrame(rows, columns=GROUP_COLUMNS)
    return table.sort_values(["count", "last_seen"], ascending=[False, False], ignore_index=True, kind="stable")


def _group(fingerprint: str, members: pd.DataFrame, sequence: pd.DataFrame, has_successes: bool) -> dict[str, Any]:
    newest = members.iloc[-1]
    ids = members["execution_id"].iloc[::-1].drop_duplicates()
    began: Onset | None = onset(sequence["at"], sequence["failed"]) if len(sequence) else None
    pattern, why = pattern_of(sequence["at"], sequence["failed"]) if began else ("one_off", "no time is known for it")
    if not began and len(ids) > 1:
        pattern, why = "intermittent", f"{len(ids)} executions, without times to order them by"
    rate = float(sequence["failed"].iloc[began.position :].mean()) if began and has_successes else None
    confidence = members["confidence"].max()
    return {
        "fingerprint": fingerprint,
        **{name: newest[name] for name in ("instance", "client", "workflow_id", "workflow", "node", "node_type")},
        **{name: newest[name] for name in ("cause", "detail")},
        "confidence": float(confidence) if pd.notna(confidence) else None,
        "count": len(ids),
        "execution_ids": ids.head(NEWEST_IDS).to_list(),
        "first_seen": members["at"].min(),
        "last_seen": members["at"].max(),
        "onset": began,
        "pattern": pattern,
        "error_rate": rate,
        "message": newest["message"],
        "why": f"same workflow, node and error with its variable parts masked; {why}",
    }


def window(log: ExecutionLog) -> Window:
    """The time the log covers. `pruned_before` is set when ids show that older executions existed and are gone."""
    at = log.executions["at"].dropna()
    if at.empty:
        return Window()
    first = log.executions.loc[at.index[0], "execution_id"]
    pruned = at.min().to_pydatetime() if str(first).isdigit() and int(first) > 1 else None
    return Window(from_=at.min().to_pydatetime(), to=at.max().to_pydatetime(), pruned_before=pruned)
