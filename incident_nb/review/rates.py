"""How often a client's workflows failed over a period, by an execution log, and how often in as long a time before it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pandas as pd

from incident_nb.executions import ExecutionLog
from incident_nb.models import Window
from incident_nb.patterns import window
from incident_nb.review.model import Rate, Runs
from incident_nb.review.period import Period, parts_of

ENDED = ("success", "error", "crashed")
FAILED = ("error", "crashed")
NOT_ITS_OWN = ("manual", "error")  # somebody tried, or an error workflow ran for another one
HIDDEN = ("item", "body", "hint", "node")  # where a failure lies in a run that n8n calls a success
DAYS_OF_A_PART = ((15, 1), (100, 7), (400, 28))  # of a period of so many days at most


def runs_of(log: ExecutionLog, client: str, period: Period, seen: Window | None = None) -> Runs:
    """What the log says of a client's runs in the period, workflow by workflow.

    Counted are runs that ended well, with an error or by a crash; a retry is a run of its own. Left out are those begun by
    hand, error workflows, cancelled ones and those without a time. `seen`: what the log covers, where more was read than
    this part of it. The parts are those of the time that it covers: days, or weeks of a longer one. All times UTC.
    """
    covers = seen or window(log)
    covered = period
    if covers.from_ is not None and period.has(covers.from_):
        covered = period.model_copy(update={"since": covers.from_.astimezone(UTC)})
    edges = parts_of(covered, days=_days_of_a_part(covered))
    earlier = earliest(period)
    runs = _mine(log, client)
    runs = runs[(runs["at"] >= pd.Timestamp(earlier)) & (runs["at"] < pd.Timestamp(period.until))]
    reaches_back = covers.from_ is not None and covers.from_ <= earlier
    rates = [
        _rate(key, table, period, edges, reaches_back=reaches_back)
        for key, table in runs.groupby(["instance", "workflow_id"], observed=True)
    ]
    ran = sorted((one for one in rates if one.runs), key=lambda one: (-one.failed, -one.green, one.workflow))
    return Runs(
        since=_utc(covers.from_), until=_utc(covers.to), parts=tuple(edges), rates=tuple(ran), skipped=len(log.skipped)
    )


def earliest(period: Period) -> datetime:
    """From when on runs are looked at for the period (UTC): from as long a time before it."""
    return period.since - (period.until - period.since)


def _mine(log: ExecutionLog, client: str) -> pd.DataFrame:
    """The client's runs that count, with `failed` and `green` (n8n calls it a success, and it holds a failure)."""
    table = log.executions
    runs = table[
        (table["client"].astype("str") == client)
        & table["status"].isin(ENDED)
        & ~table["mode"].isin(NOT_ITS_OWN)
        & table["at"].notna()
        & table["workflow_id"].notna()
    ]
    hidden = log.failures[log.failures["place"].isin(HIDDEN)]
    keys = set(zip(hidden["instance"].astype("str"), hidden["execution_id"], strict=True))
    holds = [key in keys for key in zip(runs["instance"].astype("str"), runs["execution_id"], strict=True)]
    green = pd.Series(holds, index=runs.index, dtype=bool) & (runs["status"] == "success")
    return runs.assign(failed=runs["status"].isin(FAILED), green=green)


def _rate(
    key: tuple[str, str], table: pd.DataFrame, period: Period, edges: list[datetime], *, reaches_back: bool
) -> Rate:
    in_period = table["at"] >= pd.Timestamp(period.since)
    now, before = table[in_period], table[~in_period]
    parts = [
        now[(now["at"] >= pd.Timestamp(begin)) & (now["at"] < pd.Timestamp(end))] for begin, end in pairwise(edges)
    ]
    names = table["workflow"].dropna().astype("str")
    return Rate(
        instance=str(key[0]), workflow_id=str(key[1]), workflow=names.iloc[-1] if len(names) else str(key[1]),
        runs=len(now), failed=int(now["failed"].sum()), green=int(now["green"].sum()),
        parts=tuple((len(part), int(part["failed"].sum())) for part in parts),
        before=(len(before), int(before["failed"].sum())) if reaches_back else None,
    )  # fmt: skip


def _days_of_a_part(period: Period) -> int:
    length = (period.until - period.since).days
    return next((days for most, days in DAYS_OF_A_PART if length <= most), 91)


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None
