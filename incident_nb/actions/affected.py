"""The executions that an incident's problem did something to, since it began, from what a server keeps of its executions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import pandas as pd

from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.models import Frozen
from incident_nb.patterns import Decisions, onset, problems, sequences
from incident_nb.record import Incident
from incident_nb.watch.reconcile import ENDED_BY

UNCOUNTED = ("manual", "cli", "evaluation", "error")  # seen by whoever started them; error workflows only tell


class Affected(Frozen):
    """An execution that failed by the problem, or (`green`) was called a success all the same; `at` is UTC.

    `parent`, `child`: the execution that called it as a sub-workflow, and the one that failed in it. `retry_of`: the one
    that it was a retry of.
    """

    execution_id: str
    workflow_id: str
    workflow: str
    at: datetime
    client: str | None = None
    green: bool = False
    node: str | None = None
    items: int | None = None
    parent: str | None = None
    child: str | None = None
    retry_of: str | None = None


class Extent(Frozen):
    """What was affected on a server since the onset (UTC), oldest first.

    `others`: the ids of what failed in these workflows since in another way, which is not this incident's.
    """

    instance: str
    since: datetime
    executions: tuple[Affected, ...]
    others: tuple[str, ...] = ()


def extent(
    log: ExecutionLog,
    incident: Incident,
    instance: str,
    workflows: Iterable[str] = (),
    decided: Decisions | None = None,
) -> Extent:
    """What an incident's problem did on a server, as this log has it.

    Of the incident's own workflow those that hold its problem, by fingerprint; of those that were stopped for it those
    that failed with the same credential or host, where one is known, be it before the incident's own did; of `workflows`
    (ids) all that failed. With them go callers that failed by it and sub-workflows that failed in them. Runs by hand are
    left out, and what failed after the incident was resolved.
    `decided`: what people decided on problems. Raises UsageError where nobody knows which workflow.
    """
    failures, runs = (table[table["instance"] == instance] for table in (log.failures, log.executions))
    own, named = incident.subject.workflow_id, set(workflows)
    held = {one.workflow_id for one in incident.held.values() if one.instance == instance}
    if own is None and not named | held:
        raise UsageError(f"{incident.id} names no workflow. Name one with --workflow.")
    table = problems(failures, decided)
    ended = table["place"].isin(ENDED_BY)
    mine = table[table["workflow_id"] == own]
    key = incident.subject.fingerprint
    same = mine[mine["fingerprint"] == (decided.of(key) if decided and key else key)]
    same = same if len(same) else mine[ended.loc[mine.index]]
    known = sequences(table, runs)
    since, well = _since(same, known, incident)
    theirs = table[table["workflow_id"].isin(held - {own}) & ended]
    theirs = theirs[_alike(theirs, same, incident, since) & _of_this_time(theirs, known, since, well)]
    chosen = table[table["workflow_id"].isin(named) & ended & (table["at"] >= since)]
    found = pd.concat([same[same["at"] >= since], theirs, chosen])
    began = runs.loc[runs["execution_id"].isin(theirs["execution_id"]), "at"]
    since = min([since, *(at.to_pydatetime() for at in began)])
    late = table["at"] >= since
    ids = _family(set(found["execution_id"]), table)
    seen = runs[~runs["mode"].isin(UNCOUNTED)]
    if (over := incident.resolved_at) is not None:
        seen = seen[seen["at"] <= over]
    rows = seen[seen["execution_id"].isin(ids)]
    near = set(table.loc[table["workflow_id"].isin(held | {own}) & ended & late, "execution_id"]) - ids
    first = pd.concat([found, table]).drop_duplicates("execution_id").set_index("execution_id")
    return Extent(
        instance=instance, since=since, others=tuple(seen.loc[seen["execution_id"].isin(near), "execution_id"]),
        executions=tuple(_affected(row, first.loc[row["execution_id"]]) for _, row in rows.iterrows()),
    )  # fmt: skip


def _since(same: pd.DataFrame, known: Mapping[str, pd.DataFrame], incident: Incident) -> tuple[datetime, datetime]:
    """When the stretch of failing began in which the incident was detected, and the last good run before it.

    Both are its detection, where the log knows no better; the second one is the first, where there was no good run.
    """
    runs = known.get(str(same["fingerprint"].iloc[0])) if len(same) else None
    if runs is None or not len(runs):
        return incident.detected_at, incident.detected_at
    last = max(incident.detected_at, incident.fixed.at if incident.fixed else incident.detected_at)
    before = runs[runs["at"] <= last]
    begun = onset(before["at"], before["failed"], before["again"]) if len(before) else None
    since = min(begun.at, incident.detected_at) if begun else incident.detected_at
    good = before.loc[~before["failed"].astype(bool) & (before["at"] < since), "at"]  # an onset may be unsure of it
    return since, good.iloc[-1].to_pydatetime() if begun and len(good) else since


def _alike(theirs: pd.DataFrame, same: pd.DataFrame, incident: Incident, since: datetime) -> pd.Series:
    """Which failures of other workflows share what the incident's own have: the credential, else the host.

    Where neither is known, all since the incident's own began.
    """
    for column, known in (("credential_id", incident.subject.credential_id), ("host", incident.subject.host)):
        wanted = {*same[column].dropna(), *([known] if known else [])}
        if wanted:
            return theirs[column].isin(wanted)
    return theirs["at"] >= since


def _of_this_time(
    theirs: pd.DataFrame, known: Mapping[str, pd.DataFrame], since: datetime, well: datetime
) -> pd.Series:
    """Which failures of other workflows belong to this problem by their time: another one may have failed first.

    All since the incident's own began; before that, those after the last good run of its workflow (`well`) and of theirs.
    """

    def begins(fingerprint: str) -> datetime:
        runs = known.get(fingerprint)
        if runs is None:
            return since
        good = runs.loc[~runs["failed"].astype(bool) & (runs["at"] < since), "at"]
        return max(well, good.iloc[-1].to_pydatetime()) if len(good) else well

    return (theirs["at"] >= since) | (theirs["at"] > pd.to_datetime(theirs["fingerprint"].map(begins), utc=True))


def _family(ids: set[str], table: pd.DataFrame) -> set[str]:
    """The same, with callers that failed by one of them and sub-workflows that failed in one, at whatever depth."""
    pairs = table.loc[table["place"] == "subworkflow", ["execution_id", "child_execution_id"]].dropna()
    links = list(pairs.itertuples(index=False, name=None))
    while more := {one for pair in links if ids & set(pair) for one in pair} - ids:
        ids = ids | more
    return ids


def _affected(run: pd.Series, failure: pd.Series) -> Affected:
    def known(value: object) -> str | None:
        return None if pd.isna(value) else str(value)

    return Affected(
        execution_id=run["execution_id"], workflow_id=str(run["workflow_id"]),
        workflow=known(run["workflow"]) or str(run["workflow_id"]), at=run["at"].to_pydatetime(),
        client=known(run["client"]), green=run["status"] == "success", node=known(failure["node"]),
        items=None if pd.isna(failure["items"]) else int(failure["items"]),
        parent=known(run["parent_execution_id"]) if run["mode"] == "integrated" else None,
        child=known(failure["child_execution_id"]), retry_of=known(run["retry_of"]),
    )  # fmt: skip
