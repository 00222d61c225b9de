"""Failures gathered into problems: one row a fingerprint, with count, times, onset, error rate and pattern."""

from __future__ import annotations

from typing import Any

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


def problems(failures: pd.DataFrame, executions: pd.DataFrame) -> pd.DataFrame:
    """`failures` with two more columns: `fingerprint`, and `origin` (False: only passes on a sub-workflow's failure).

    A failure at an Execute Workflow node is no origin when the child's own execution is in `executions`.
    """
    known = set(zip(executions["instance"].astype("str"), executions["execution_id"], strict=True))
    child = zip(failures["instance"].astype("str"), failures["child_execution_id"], strict=True)
    passed_on = pd.Series([key in known for key in child], index=failures.index) & (failures["place"] == "subworkflow")
    return failures.assign(fingerprint=fingerprints(failures), origin=~passed_on.astype(bool))


def groups(log: ExecutionLog, failures: pd.DataFrame) -> pd.DataFrame:
    """One row a problem, most frequent first; columns as `GROUP_COLUMNS`, documented in docs/patterns.md.

    `failures` are the log's, with the classifier's columns (cause, detail, confidence) and those of `problems`.
    `count`: failing executions. `execution_ids`: the newest 100. `first_seen`, `last_seen`: UTC. `onset`: an Onset.
    `error_rate`: share (0 to 1) of the workflow's runs that failed this way from the onset to the newest run, of the
    runs that got as far as the failing node; None where the source holds no other runs to compare with.
    """
    origin = failures[failures["origin"]]
    runs = dict(list(_finished(log.executions).groupby(["instance", "workflow_id"], observed=True)))
    rows = []
    for fingerprint, members in origin.groupby("fingerprint", sort=False):
        newest = members.sort_values("at").iloc[-1]
        where = (newest["instance"], newest["workflow_id"])
        sequence = run_sequence(runs.get(where), members, newest["node"])
        rows.append(_group(str(fingerprint), members, newest, sequence))
    table = pd.DataFrame(rows, columns=GROUP_COLUMNS)
    return table.sort_values(["count", "last_seen"], ascending=[False, False], ignore_index=True, kind="stable")


def run_sequence(runs: pd.DataFrame | None, members: pd.DataFrame, node: Any) -> pd.DataFrame:
    """The runs that speak of a problem, oldest first: `execution_id`, `at`, `failed`.

    Failing runs are those in `members`. A run speaks for health when it succeeded and got to the node; one that
    failed elsewhere says nothing. Manual runs count only where the problem was seen in one.
    """
    empty = pd.DataFrame({"execution_id": [], "at": [], "failed": []})
    if runs is None or runs.empty:
        return empty
    failing = runs["execution_id"].isin(members["execution_id"])
    reached = _reached(runs, node) & (runs["status"] == "success")
    manual = runs["mode"] == "manual"
    speaks = failing | (reached & ~manual) | (reached & manual & bool((failing & manual).any()))
    table = runs[speaks & runs["at"].notna()]
    return table.assign(failed=failing)[["execution_id", "at", "failed"]].reset_index(drop=True)


def _finished(executions: pd.DataFrame) -> pd.DataFrame:
    return executions[executions["status"].isin(_OVER)]


def _reached(runs: pd.DataFrame, node: Any) -> pd.Series:
    """Whether each run got to the node; unknown (no data) counts as yes, since the run as a whole went well."""
    if node is None or pd.isna(node):
        return pd.Series(True, index=runs.index)
    paths = runs["nodes_run"]
    hit = {path: str(node) in str(path).split("\n") for path in paths.dropna().unique()}
    return paths.map(hit).astype("object").fillna(True).astype(bool)


def _group(fingerprint: str, members: pd.DataFrame, newest: pd.Series, sequence: pd.DataFrame) -> dict[str, Any]:
    ids = members.sort_values("at", ascending=False)["execution_id"].drop_duplicates()
    began: Onset | None = onset(sequence["at"], sequence["failed"]) if len(sequence) else None
    pattern, why = pattern_of(sequence["at"], sequence["failed"]) if began else ("one_off", "no time is known for it")
    if not began and len(ids) > 1:
        pattern, why = "intermittent", f"{len(ids)} executions, without times to order them by"
    rate = None
    if began and not sequence["failed"].all():
        rate = float(sequence["failed"].iloc[began.position :].mean())
    elif began and len(sequence) > 1 and not _only_failures(sequence, members):
        rate = 1.0
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


def _only_failures(sequence: pd.DataFrame, members: pd.DataFrame) -> bool:
    return len(sequence) <= members["execution_id"].nunique()


def window(log: ExecutionLog) -> Window:
    """The time the log covers. `pruned_before` is set when ids show that older executions existed and are gone."""
    at = log.executions["at"].dropna()
    if at.empty:
        return Window()
    first = log.executions.loc[at.index[0], "execution_id"]
    pruned = at.min().to_pydatetime() if str(first).isdigit() and int(first) > 1 else None
    return Window(from_=at.min().to_pydatetime(), to=at.max().to_pydatetime(), pruned_before=pruned)
