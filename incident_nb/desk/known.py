"""What an incident's case holds of the node that failed: whom it calls, how it is set up, what checks said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd

from incident_nb.case import open_case
from incident_nb.desk.folder import folder_of
from incident_nb.diagnose.subject import text
from incident_nb.errors import IncidentNbError
from incident_nb.executions import ExecutionLog
from incident_nb.models import Finding, Problem
from incident_nb.settings import Settings

Nodes = dict[str, dict[str, Any]]


class Known(NamedTuple):
    """The failing node as its case shows it; all of it has passed the gate.

    `nodes` are the workflow's nodes as the newest failing run saw them, `good_nodes` as the last good run before the
    problem did (as in a `Snapshot`; empty where not known). `at_once`: how many runs of the workflow went on side by side
    at most (None: not known). `findings`: what the checks found, by the row of the checklist.
    """

    node: str | None = None
    node_type: str | None = None
    host: str | None = None
    url: str | None = None
    credential_id: str | None = None
    credential: str | None = None
    nodes: Nodes = {}  # noqa: RUF012  never changed
    good_nodes: Nodes = {}  # noqa: RUF012
    at_once: int | None = None
    findings: dict[str, Finding] = {}  # noqa: RUF012


def known_of(log: ExecutionLog, problem: Problem | None, findings: Iterable[Finding] = ()) -> Known:
    """What a case's log and diagnosis hold of the problem's node."""
    found = {finding.check: finding for finding in findings}
    if problem is None:
        return Known(findings=found)
    failures = log.failures[log.failures["execution_id"].isin(problem.execution_ids)]
    failures = failures[failures["instance"].astype("str") == problem.instance]
    if problem.node:
        failures = failures[failures["node"].astype("str") == problem.node]
    if failures.empty:
        return Known(node=problem.node, node_type=problem.node_type, findings=found)
    newest = failures.iloc[-1]
    names = ("node", "node_type", "host", "url", "credential_id", "credential")
    runs = log.executions[log.executions["instance"].astype("str") == problem.instance]
    mine = runs[runs["workflow_id"].astype("str") == str(newest["workflow_id"])]
    failing = runs[runs["execution_id"] == newest["execution_id"]]
    good = (
        mine[(mine["status"] == "success") & (mine["at"] <= problem.last_good_before)]
        if problem.last_good_before
        else None
    )
    return Known(
        **{name: text(newest[name]) for name in names},
        nodes=_nodes(log, failing), good_nodes={} if good is None else _nodes(log, good), at_once=_at_once(mine),
        findings=found,
    )  # fmt: skip


def kept_of(settings: Settings, number: int) -> tuple[Known | None, str]:
    """What the newest case in an incident's folder holds, and why there is none (empty where there is one)."""
    why = "no case of it was made yet"
    try:
        folder = folder_of(settings, number)
        cases = [case for case in (folder / "case", folder / "report" / "case") if (case / "diagnosis.json").is_file()]
        newest = max(cases, key=lambda case: (case / "diagnosis.json").stat().st_mtime, default=None)
        if newest is None:
            return None, why
        said = json.loads((newest / "diagnosis.json").read_bytes())
        problem = Problem.model_validate(said["problem"]) if said["problem"] else None
        return known_of(open_case(str(newest)).log, problem, map(Finding.model_validate, said["findings"])), ""
    except (IncidentNbError, OSError, ValueError, LookupError, TypeError) as error:
        return None, f"its case can't be read ({type(error).__name__})"


def _nodes(log: ExecutionLog, runs: pd.DataFrame) -> Nodes:
    kept = runs["snapshot"].dropna()
    snapshot = log.snapshots.get(str(kept.iloc[-1])) if len(kept) else None
    return dict(snapshot.nodes) if snapshot else {}


def _at_once(runs: pd.DataFrame) -> int | None:
    """The most runs that went on at the same time."""
    both = runs[["started_at", "stopped_at"]].dropna()
    if both.empty:
        return None
    begun, ended = both["started_at"].sort_values().to_numpy(), both["stopped_at"].sort_values().to_numpy()
    going = begun.searchsorted(begun, side="right") - ended.searchsorted(begun, side="right")
    return int(max(1, going.max()))
