"""By when the runs that are still missing will be in: by the workflow's schedule, else by when it ran before."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pandas as pd

from incident_nb.actions.runs_after import PRODUCTION
from incident_nb.actions.schedules import rules_of, zone_of
from incident_nb.actions.target import starts_of
from incident_nb.executions import ExecutionLog
from incident_nb.models import Frozen
from incident_nb.n8n.schedules import times
from incident_nb.readers.node_input import as_dict

Json = dict[str, Any]

WEEK = timedelta(days=7)
WEEKS = 4
FEWEST = 5  # runs, before anything is said of the next ones
NEWEST = 20
LATE, SLACK = 3.0, timedelta(minutes=5)  # median gaps without a run, after which the time before says nothing
_WHICH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth"}


class Estimate(Frozen):
    """By when the missing runs are to be expected (UTC; None: that can't be said), in a sentence with what it is based on."""

    at: datetime | None = None
    text: str


def expected(
    flow: Json | None,
    log: ExecutionLog,
    instance: str | None,
    workflow_id: str,
    now: datetime,
    *,
    missing: int,
    of: int,
) -> Estimate:
    """When the last of `missing` good runs is to be expected, the number `of` in a row. `flow`: the workflow as it is now."""
    runs = log.executions
    mine = runs[(runs["workflow_id"] == workflow_id) & runs["mode"].isin(PRODUCTION) & runs["at"].notna()]
    mine = mine if instance is None else mine[mine["instance"] == instance]
    at = mine["at"].sort_values().reset_index(drop=True)
    if flow is not None:
        if flow.get("active") is False and starts_of(flow):
            return Estimate(text="The workflow is not active: no run will come until it is activated.")
        if as_dict(flow.get("settings")).get("saveDataSuccessExecution") == "none":
            return Estimate(text="n8n keeps no good runs of this workflow (its settings say so): tell them by hand.")
        rules, zone = rules_of(flow), zone_of(flow)
        if rules and (zone is not None or not any(rule.local for rule in rules)):
            last = None if at.empty else at.iloc[-1].to_pydatetime()
            if then := next(islice(times(rules, zone, now, last), missing - 1, None), None):
                where = f", {zone.key}" if zone and any(rule.local for rule in rules) else ""
                words = " and ".join(dict.fromkeys(rule.words for rule in rules))
                return _told(then + _took(mine), of, now, f"its schedule: {words}{where}")
    return _by_history(at, mine, now, missing, of)


def _by_history(at: pd.Series, mine: pd.DataFrame, now: datetime, missing: int, of: int) -> Estimate:
    """By the same hours of the weeks before, else by the newest gaps."""
    if len(at) < FEWEST:
        return Estimate(text="Nothing can be said of when the next runs come: too few runs are known.")
    present, gaps = pd.Timestamp(now), at.diff().dropna()
    offsets = []
    for week in range(1, WEEKS + 1):
        start = present - week * WEEK
        later = at[(at > start) & (at < present)]
        if at.iloc[0] <= start and len(later) >= missing:
            offsets.append(later.iloc[missing - 1] - start)
    if len(offsets) > 1:
        then = now + pd.Series(offsets).median().to_pytimedelta()
        return _told(then + _took(mine), of, now, f"as in the {len(offsets)} weeks before")
    gap = gaps.tail(NEWEST).median()
    if present - at.iloc[-1] > LATE * gap + SLACK:
        last = f"{at.iloc[-1]:%Y-%m-%d %H:%M}"
        return Estimate(text=f"Nothing can be said of when the next runs come: the last one began at {last} UTC.")
    then = max(now, (at.iloc[-1] + missing * gap).to_pydatetime())
    return _told(then + _took(mine), of, now, f"of late it ran about every {_span(gap)}")


def _told(then: datetime, of: int, now: datetime, why: str) -> Estimate:
    day = "" if then.date() == now.date() else "%Y-%m-%d "
    which = _WHICH.get(of, f"{of}th")
    return Estimate(at=then, text=f"The {which} good run is to be expected by about {then:{day}%H:%M} UTC ({why}).")


def _took(mine: pd.DataFrame) -> timedelta:
    took = mine.loc[mine["status"] == "success", "duration_s"].median()
    return timedelta(seconds=0.0 if pd.isna(took) else float(took))


def _span(gap: pd.Timedelta) -> str:
    seconds = gap.total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size or (name == "minute" and seconds >= 45):
            number = round(seconds / size)
            return f"{number} {name}{'s' * (number != 1)}"
    return f"{round(seconds)} seconds"
