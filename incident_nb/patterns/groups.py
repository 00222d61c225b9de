"""Failures gathered into problems: one row a fingerprint, with count, times, onset, error rate and pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from incident_nb.executions import ExecutionLog
from incident_nb.models import Window
from incident_nb.patterns.fingerprint import MASKED, fingerprints
from incident_nb.patterns.onset import Onset, onset
from incident_nb.patterns.shape import pattern_of

NEWEST_IDS = 100
_OVER = ("success", "error", "crashed", "canceled")
_Flags = np.ndarray[Any, np.dtype[np.bool_]]

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
    found = failures.assign(fingerprint=fingerprints(failures), origin=~passed_on.astype(bool))
    return found.drop(columns=list(MASKED.values()), errors="ignore")


def sequences(failures: pd.DataFrame, executions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each problem, under its fingerprint, the runs that speak of it, oldest first.

    Columns: `execution_id`, `at` (UTC), `failed`, `snapshot`. A failing run is one of the problem's own. A run speaks
    for health when it succeeded and got through the failing node; one that failed elsewhere, or there in another way,
    says nothing. Manual runs count only where the problem was seen in one.
    """
    runs = {key: _Runs(table) for key, table in runs_by_workflow(executions).items()}
    columns = ["fingerprint", "origin", "execution_id", "instance", "workflow_id", "node"]
    keys = failures[columns].astype("object").where(failures[columns].notna(), None)
    members: dict[tuple[str, Any], set[str]] = {}
    at_node: dict[Any, set[str]] = {}
    for fingerprint, origin, execution, *place in keys.itertuples(index=False, name=None):
        at_node.setdefault(tuple(place), set()).add(execution)
        if origin:
            members.setdefault((fingerprint, tuple(place)), set()).add(execution)
    return {
        fingerprint: runs[place[:2]].that_speak(place[2], ids, at_node[place]) if place[:2] in runs else _NO_RUNS
        for (fingerprint, place), ids in members.items()
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

    def that_speak(self, node: str | None, failing: set[str], at_node: set[str]) -> pd.DataFrame:
        """The runs that speak of a problem at `node`; ids: `failing` in this way, `at_node` in any way."""
        failed = self._among(failing)
        good = self._good & self._reached(node) & ~self._among(at_node)
        if not (failed & self._manual).any():
            good &= ~self._manual
        speaks = failed | good
        columns = {"execution_id": self._ids[speaks], "at": self._at[speaks], "failed": failed[speaks]}
        return pd.DataFrame({**columns, "snapshot": self._snapshot[speaks]})

    def _among(self, ids: set[str]) -> _Flags:
        flags = np.zeros(len(self._ids), dtype=bool)
        flags[[self._position[name] for name in ids if name in self._position]] = True
        return flags

    def _reached(self, node: str | None) -> _Flags:
        """Whether each run got to the node; unknown (no data) counts as yes, since the run as a whole went well."""
        if node is None:
            return np.ones(len(self._ids), dtype=bool)
        hit = np.array([*(node in nodes for nodes in self._nodes), True])  # no path has the code -1
        reached: _Flags = hit[self._paths]
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
    told = [
        _shape_of(runs[name], len(ids[name]), pd.notna(seen), has_successes)
        for name, seen in zip(table["fingerprint"], table["first_seen"], strict=True)
    ]
    for column, values in zip(
        ("onset", "pattern", "error_rate", "why"), zip(*told, strict=True) if told else [()] * 4, strict=True
    ):
        table[column] = pd.Series(values, dtype="object")
    return table[GROUP_COLUMNS].sort_values(
        ["count", "last_seen"], ascending=[False, False], ignore_index=True, kind="stable"
    )


def _shape_of(
    runs: pd.DataFrame, count: int, dated: bool, has_successes: bool
) -> tuple[Onset | None, str, float | None, str]:
    """Onset, pattern, error rate and the reasons, from the runs that speak of a problem."""
    began: Onset | None = onset(runs["at"], runs["failed"]) if len(runs) else None
    if began:
        pattern, why = pattern_of(runs["at"], runs["failed"], began)
        rate = float(runs["failed"].to_numpy()[began.position :].mean()) if has_successes else None
    else:
        missing = "not over yet, or of no known workflow" if dated else "without times to order them by"
        why = f"{count} execution{'s' if count > 1 else ''}, {missing}"
        pattern, rate = "intermittent" if count > 1 else "one_off", None
    return began, pattern, rate, f"same workflow, node and error with its variable parts masked; {why}"


def window(log: ExecutionLog) -> Window:
    """The time the log covers. Whether n8n holds older executions, what was read does not tell."""
    at = log.executions["at"].dropna()
    return Window() if at.empty else Window(from_=at.min().to_pydatetime(), to=at.max().to_pydatetime())
