"""Failures gathered into problems: one row a fingerprint, with count, times, onset, error rate and pattern."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import NamedTuple

import pandas as pd

from incident_nb.patterns.decided import Decisions
from incident_nb.patterns.fingerprint import MASKED, fingerprints
from incident_nb.patterns.onset import Onset, began, onset_of
from incident_nb.patterns.sequences import Sequence, Sequences
from incident_nb.patterns.shape import Pattern, shape_of

NEWEST_IDS = 100

GROUP_COLUMNS = [
    "fingerprint", "instance", "client", "workflow_id", "workflow", "node", "node_type", "cause", "detail",
    "confidence", "count", "execution_ids", "first_seen", "last_seen", "onset", "pattern", "error_rate", "message",
    "why", "period",
]  # fmt: skip


_OF_THE_NEWEST = ["instance", "client", "workflow_id", "workflow", "node", "node_type", "cause", "detail", "message"]


class _Told(NamedTuple):
    onset: Onset | None
    pattern: Pattern
    error_rate: float | None
    why: str
    period: str | None


def problems(failures: pd.DataFrame, decisions: Decisions | None = None) -> pd.DataFrame:
    """`failures` with two more columns: `fingerprint`, and `origin` (False: only passes on a sub-workflow's failure).

    The fingerprints are those after `decisions`, which people made.

    A failure at an Execute Workflow node is no origin when the child's own failure is among them.
    """
    passed_on = (failures["place"] == "subworkflow").to_numpy(dtype=bool, copy=True)
    if passed_on.any():
        called = failures.loc[passed_on, ["instance", "child_execution_id"]]
        there = failures["execution_id"].isin(called["child_execution_id"]).to_numpy()
        children = failures.loc[there, ["instance", "execution_id"]]
        known = set(zip(children["instance"].astype("str"), children["execution_id"], strict=True))
        child = zip(called["instance"].astype("str"), called["child_execution_id"], strict=True)
        passed_on[passed_on] = [key in known for key in child]
    found = fingerprints(failures)
    kept = failures.drop(columns=list(MASKED.values()), errors="ignore")
    return kept.assign(fingerprint=decisions.apply(failures, found) if decisions else found, origin=~passed_on)


def groups(
    failures: pd.DataFrame, runs: Sequences, executions: pd.DataFrame, zones: Mapping[str, tzinfo] | None = None
) -> pd.DataFrame:
    """One row a problem, most frequent first; columns as `GROUP_COLUMNS`, documented in docs/patterns.md.

    `failures` have the classifier's columns (cause, detail, confidence) and those of `problems`; `runs` are their
    `sequences`. `count`: failing executions. `execution_ids`: the newest 100. `first_seen`, `last_seen`: UTC. `onset`:
    an Onset. `error_rate`: share (0 to 1) of the runs that speak of the problem that failed with it, from the onset to
    the newest; None where `executions` hold no good runs at all, as an export of failures only. `period`: when it
    recurs, in the time zone of its client (`zones`; UTC for others), None where it does not.
    """
    has_successes = bool((executions["status"] == "success").any())
    origin = failures[failures["origin"]]
    number, names = pd.factorize(origin["fingerprint"])
    pairs = pd.DataFrame({"problem": number, "execution_id": origin["execution_id"].to_numpy(dtype=object)})
    ids = {
        int(problem): members.tolist()  # newest first, each once
        for problem, members in pairs.iloc[::-1].drop_duplicates().groupby("problem")["execution_id"]
    }
    newest = origin[["fingerprint", *_OF_THE_NEWEST]].drop_duplicates("fingerprint", keep="last")
    newest = newest.set_index("fingerprint").loc[names].astype(dict.fromkeys(_OF_THE_NEWEST, "object"))
    by_problem = origin[["confidence", "at"]].groupby(number)
    seen = by_problem["at"].agg(["min", "max"])
    table = newest.reset_index().assign(
        confidence=by_problem["confidence"].max().to_numpy(),
        count=[len(ids[problem]) for problem in range(len(names))],
        execution_ids=pd.Series([ids[problem][:NEWEST_IDS] for problem in range(len(names))], dtype="object"),
        first_seen=seen["min"].array,
        last_seen=seen["max"].array,
    )
    told = [
        _told(runs, str(name), int(count), pd.notna(first), has_successes, (zones or {}).get(client, UTC))
        for name, count, first, client in zip(
            table["fingerprint"], table["count"], table["first_seen"], table["client"], strict=True
        )
    ]
    for place, column in enumerate(_Told._fields):
        table[column] = pd.Series([row[place] for row in told], dtype="object")
    return table[GROUP_COLUMNS].sort_values(
        ["count", "last_seen"], ascending=[False, False], ignore_index=True, kind="stable"
    )


def _told(runs: Sequences, name: str, count: int, dated: bool, has_successes: bool, zone: tzinfo) -> _Told:
    """What the runs say of a problem, worked out once."""
    known = runs.known.get(name)
    if not isinstance(known, _Told):
        known = runs.known[name] = _shape_of(runs.parts[name], count, dated, has_successes, zone)
    return known


def _shape_of(runs: Sequence, count: int, dated: bool, has_successes: bool, zone: tzinfo) -> _Told:
    """Onset, pattern, error rate and the reasons, from the runs that speak of a problem."""
    found = began(runs.at, runs.failed, runs.again)
    if found:
        shape = shape_of(runs.at, runs.failed, runs.again, (found[0], found[-1]), zone)
        rate = float(runs.failed[found[0] :].mean()) if has_successes else None
        pattern, why, period = shape
    else:
        missing = "not over yet, or of no known workflow" if dated else "without times to order them by"
        why = f"{count} execution{'s' if count > 1 else ''}, {missing}"
        pattern, rate, period = "intermittent" if count > 1 else "one_off", None, None
    why = f"same workflow, node and error with its variable parts masked; {why}"
    return _Told(onset_of(runs.at, found) if found else None, pattern, rate, why, period)
