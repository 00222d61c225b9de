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


_OF_THE_NEWEST = ["instance", "client", "workflow_id", "workflow", "node", "node_type", "cause", "detail", "message"]


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
    runs = {key: _Runs(table) for key, table in runs_by_workflow(executions).items()}
    origin = failures[failures["origin"]]
    keys = origin[["fingerprint", "instance", "workflow_id", "node", "execution_id"]].astype("object")
    members: dict[tuple[str, Any, Any, Any], set[str]] = {}
    for *key, execution in keys.itertuples(index=False, name=None):
        members.setdefault(tuple(key), set()).add(execution)
    return {
        fingerprint: runs[instance, workflow].that_speak(node, ids) if (instance, workflow) in runs else _NO_RUNS
        for (fingerprint, instance, workflow, node), ids in members.items()
    }


def runs_by_workflow(executions: pd.DataFrame) -> dict[tuple[str, str], pd.DataFrame]:
    """The runs that are over, oldest first, under (instance, workflow_id)."""
    columns = ["instance", "workflow_id", "execution_id", "at", "status", "mode", "nodes_run", "snapshot"]
    over = executions.loc[executions["status"].isin(_OVER), columns]
    return {key: table for key, table in over.groupby(["instance", "workflow_id"], observed=True)}


class _Runs:
    """One workflow's runs as arrays, since a busy workflow is asked about once for each of its problems."""

    def __init__(self, table: pd.DataFrame) -> None:
        dated = table[table["at"].notna()]
        self._ids, self._at = dated["execution_id"].to_numpy(dtype=object), pd.DatetimeIndex(dated["at"])
        self._snapshot = dated["snapshot"].to_numpy(dtype=object)
        self._good = (dated["status"] == "success").to_numpy()
        self._manual = (dated["mode"] == "manual").to_numpy()
        self._paths, paths = pd.factorize(dated["nodes_run"].astype("object"))
        self._nodes = [set(str(path).split("\n")) for path in paths]
        self._position = {name: index for index, name in enumerate(self._ids)}

    def that_speak(self, node: Any, failing: set[str]) -> pd.DataFrame:
        """The runs that speak of a problem at `node`, whose failing runs have the ids `failing`."""
        failed = np.zeros(len(self._ids), dtype=bool)
        failed[[self._position[name] for name in failing if name in self._position]] = True
        good = self._good & self._reached(node)
        if not (failed & self._manual).any():
            good &= ~self._manual
        speaks = failed | good
        columns = {"execution_id": self._ids[speaks], "at": self._at[speaks], "failed": failed[speaks]}
        return pd.DataFrame({**columns, "snapshot": self._snapshot[speaks]})

    def _reached(self, node: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each run got to the node; unknown (no data) counts as yes, since the run as a whole went well."""
        if node is None or pd.isna(node):
            return np.ones(len(self._ids), dtype=bool)
        hit = np.array([*(str(node) in nodes for nodes in self._nodes), True])  # no path has the code -1
        reached: np.ndarray[Any, np.dtype[np.bool_]] = hit[self._paths]
        return reached


_NO_RUNS = pd.DataFrame({"execution_id": [], "at": [], "failed": [], "snapshot": []})


def groups(failures: pd.DataFrame, runs: dict[str, pd.DataFrame], executions: pd.DataFrame) -> pd.DataFrame:
    """One row a problem, most frequent first; columns as `GROUP_COLUMNS`, documented in docs/patterns.md.

    `failures` have the classifier's columns (cause, detail, confidence) and those of `problems`; `runs` are their
    `sequences`. `count`: failing executions. `execution_ids`: the newest 100. `first_seen`, `last_seen`: UTC. `onset`:
    an Onset. `error_rate`: share (0 to 1) of the runs that speak of the problem that failed with it, from the onset to
    the newest; None where `executions` hold no good runs at all, as an export of failures only.
    """
    has_successes = bool((executions["status"] == "success").any())
    origin = failures[failures["origin"]]
    ids: dict[str, dict[str, None]] = {}
    for name, execution in zip(origin["fingerprint"].iloc[::-1], origin["execution_id"].iloc[::-1], strict=True):
        ids.setdefault(name, {})[execution] = None  # newest first, each once
    shared = origin[["fingerprint", "confidence", "at", *_OF_THE_NEWEST]].astype(
        dict.fromkeys(_OF_THE_NEWEST, "object")
    )
    by_problem = shared.groupby("fingerprint", sort=False)
    table = by_problem[[*_OF_THE_NEWEST]].agg(lambda column: column.iloc[-1])
    table = table.assign(
        confidence=by_problem["confidence"].max(),
        count=[len(ids[name]) for name in table.index],
        execution_ids=[list(ids[name])[:NEWEST_IDS] for name in table.index],
        first_seen=by_problem["at"].min(),
        last_seen=by_problem["at"].max(),
    ).reset_index()
    told = [_shape_of(runs[name], len(ids[name]), has_successes) for name in table["fingerprint"]]
    for column, values in zip(
        ("onset", "pattern", "error_rate", "why"), zip(*told, strict=True) if told else [()] * 4, strict=True
    ):
        table[column] = pd.Series(values, dtype="object")
    return table[GROUP_COLUMNS].sort_values(
        ["count", "last_seen"], ascending=[False, False], ignore_index=True, kind="stable"
    )


def _shape_of(runs: pd.DataFrame, count: int, has_successes: bool) -> tuple[Onset | None, str, float | None, str]:
    """Onset, pattern, error rate and the reasons, from the runs that speak of a problem."""
    began: Onset | None = onset(runs["at"], runs["failed"]) if len(runs) else None
    if began:
        pattern, why = pattern_of(runs["at"], runs["failed"], began)
        rate = float(runs["failed"].to_numpy()[began.position :].mean()) if has_successes else None
    elif count > 1:
        pattern, why, rate = "intermittent", f"{count} executions, without times to order them by", None
    else:
        pattern, why, rate = "one_off", "no time is known for it", None
    return began, pattern, rate, f"same workflow, node and error with its variable parts masked; {why}"


def window(log: ExecutionLog) -> Window:
    """The time the log covers. `pruned_before` is set when ids show that older executions existed and are gone."""
    at = log.executions["at"].dropna()
    if at.empty:
        return Window()
    first = log.executions.loc[at.index[0], "execution_id"]
    pruned = at.min().to_pydatetime() if str(first).isdigit() and int(first) > 1 else None
    return Window(from_=at.min().to_pydatetime(), to=at.max().to_pydatetime(), pruned_before=pruned)
