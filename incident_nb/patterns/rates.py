"""How often each workflow fails, against the time before, and which problems are new or gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import erfc, exp, lgamma, sqrt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.distinct import distinct
from incident_nb.executions import ExecutionLog
from incident_nb.models import Window
from incident_nb.patterns.columns import RATE_COLUMNS, WHERE
from incident_nb.patterns.states import Floats, Ints
from incident_nb.patterns.window import window

NOT_ITS_OWN = ("manual", "error", "integrated")  # somebody tried, or another workflow's run began it
ENDED, FAILED = ("success", "error", "crashed"), ("error", "crashed")
# A change is told where, of all that are told so, no more than one in twenty is chance.
FALSE_SHARE = 0.05
# The two shares are compared by Fisher's exact test where fewer failures than this are expected in one of the windows.
EXACT_BELOW = 5
_Z = 1.959964  # of an interval of 95 %


def rates(
    log: ExecutionLog, since: datetime | None = None, until: datetime | None = None, seen: Window | None = None
) -> pd.DataFrame:
    """One row a workflow that ran from `since` to `until` (UTC; the newer half of what was read, if not said).

    Columns as `RATE_COLUMNS`; those that change come first, by the number of failures. Counted are runs that began on
    their own and ended well, with an error or by a crash; a retry is a run. `before_*` is the window before, of the same
    length: None where the log (`seen`: what it covers, where this is a part of it) does not reach back that far. `trend`
    is told by a test of two shares, Fisher's exact one where few failures are expected, corrected for the number of
    workflows (Benjamini and Hochberg); `p` is the test's own.
    """
    covers = seen or window(log)
    if covers.from_ is None or covers.to is None:
        return pd.DataFrame(columns=RATE_COLUMNS)
    until = until or covers.to
    since = since or covers.from_ + (until - covers.from_) / 2
    before = since - (until - since)
    reaches = before >= covers.from_
    table = _counted(log.executions, before if reaches else since, since, until)
    low, high = wilson(table["failed"].to_numpy(np.float64), table["runs"].to_numpy(np.float64))
    table = table.assign(rate=table["failed"] / table["runs"], rate_low=low, rate_high=high)
    comparable = (table["before_runs"] > 0).to_numpy() & reaches
    table["p"] = np.nan
    table.loc[comparable, "p"] = [
        two_shares(*(int(count) for count in row))
        for row in table.loc[comparable, ["failed", "runs", "before_failed", "before_runs"]].to_numpy()
    ]
    corrected = adjusted(table["p"].to_numpy())
    table["before_rate"] = table["before_failed"] / table["before_runs"].where(table["before_runs"] > 0)
    differ = corrected <= FALSE_SHARE
    rises = (table["rate"] > table["before_rate"]).to_numpy()
    table["trend"] = np.select([~comparable, differ & rises, differ], ["unknown", "rising", "falling"], "steady")
    table["why"] = [
        _why(row, share, int(comparable.sum()), reaches)
        for row, share in zip(table.to_dict("records"), corrected, strict=True)
    ]
    if not reaches:
        table[["before_runs", "before_failed", "before_rate"]] = None
    order = table.assign(_changed=table["trend"].isin(["rising", "falling"]))
    order = order.sort_values(["_changed", "failed", "runs"], ascending=False, kind="stable", ignore_index=True)
    return order[RATE_COLUMNS]


def _counted(executions: pd.DataFrame, before: datetime, since: datetime, until: datetime) -> pd.DataFrame:
    """The runs and failures of each workflow, in the window and in the one before it."""
    at, status = executions["at"], executions["status"]
    rows = np.flatnonzero(
        (at >= before) & (at <= until) & status.isin(ENDED) & ~executions["mode"].isin(NOT_ITS_OWN)
        & executions["workflow_id"].notna()
    )  # fmt: skip
    number, first = distinct(executions[["instance", "workflow_id"]].take(rows), ["instance", "workflow_id"])
    last = np.zeros(len(first), dtype=np.int64)
    last[number] = rows  # the newest name and client
    named = executions[WHERE].take(last).astype("object").reset_index(drop=True)
    now, failed = (at >= since).to_numpy()[rows], status.isin(FAILED).to_numpy()[rows]

    def count(kept: Any) -> Ints:
        return np.bincount(number[kept], minlength=len(first))

    told = named.where(named.notna(), None).assign(
        runs=count(now), failed=count(now & failed), before_runs=count(~now), before_failed=count(~now & failed)
    )
    return told[told["runs"] > 0].reset_index(drop=True)


def wilson(failed: Floats, runs: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of a share, after Wilson: never below 0 or above 1, and not empty where none failed."""
    share, z = failed / runs, _Z**2 / runs
    middle, half = (share + z / 2) / (1 + z), _Z * np.sqrt(share * (1 - share) / runs + z / (4 * runs)) / (1 + z)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def two_shares(failed: int, runs: int, failed_before: int, runs_before: int) -> float:
    """How likely two shares differ at least so much by chance alone (two-sided)."""
    whole, bad = runs + runs_before, failed + failed_before
    if bad in (0, whole):
        return 1.0
    if min(bad, whole - bad) * min(runs, runs_before) / whole >= EXACT_BELOW:
        share = bad / whole
        z = (failed / runs - failed_before / runs_before) / sqrt(share * (1 - share) * (1 / runs + 1 / runs_before))
        return erfc(abs(z) / sqrt(2))
    few, other = (failed, runs) if runs <= runs_before else (failed_before, runs_before)
    if bad > whole - bad:  # the rarer of the two outcomes is counted
        few, bad = other - few, whole - bad
    odds = [_hypergeometric(k, other, bad, whole) for k in range(max(0, bad + other - whole), min(bad, other) + 1)]
    mine = _hypergeometric(few, other, bad, whole)
    return min(sum(one for one in odds if one <= mine * (1 + 1e-7)), 1.0)


def _hypergeometric(hit: int, drawn: int, bad: int, whole: int) -> float:
    return exp(_choose(bad, hit) + _choose(whole - bad, drawn - hit) - _choose(whole, drawn))


def _choose(of: int, count: int) -> float:
    return lgamma(of + 1) - lgamma(count + 1) - lgamma(of - count + 1)


def adjusted(p: Floats) -> Floats:
    """What share of those told to differ, up to each, would be chance (Benjamini and Hochberg); missing ones stay so."""
    told = np.flatnonzero(~np.isnan(p))
    order = told[np.argsort(p[told], kind="stable")][::-1]
    share = p[order] * len(told) / np.arange(len(told), 0, -1)
    out = np.full(len(p), np.nan)
    out[order] = np.minimum(np.minimum.accumulate(share), 1.0)
    return out


def _why(row: dict[Any, Any], share: float, workflows: int, reaches: bool) -> str:
    interval = f"95 % interval {row['rate_low']:.1%} to {row['rate_high']:.1%}"
    now = f"{row['failed']} of {row['runs']} runs failed ({row['rate']:.1%}, {interval})"
    if not reaches:
        return f"{now}; what was read does not reach back to a time of the same length before"
    if not row["before_runs"]:
        return f"{now}; it did not run in the time of the same length before"
    before = f"{row['before_failed']} of {row['before_runs']} before ({row['before_rate']:.1%})"
    chance = f"p = {row['p']:.2g}, {share:.2g} when corrected for {workflows} workflow{'s' if workflows > 1 else ''}"
    words = {"rising": "more than", "falling": "fewer than", "steady": "not clearly other than"}[row["trend"]]
    return f"{now}, {words} {before}: {chance}"


class News(NamedTuple):
    """Which problems are new since an instant, and which went away: their fingerprints, and why in words.

    `new` is None where the source does not reach back far enough to say so.
    """

    since: datetime
    new: list[str] | None
    gone: list[str]
    why: str


def new_since(groups: pd.DataFrame, until: datetime, days: int = 7, seen: Window | None = None) -> News:
    """What of `groups` was first seen in the last `days` before `until`, and what was seen in as many before, but not since.

    `seen` is the time that the source covers. Nothing is called new unless that reaches back at least as long again. A
    problem of one execution does not go away: it is not listed as gone.
    """
    since = until - timedelta(days=days)
    before = since - timedelta(days=days)
    first, last = groups["first_seen"], groups["last_seen"]
    old = (last < since) & (last >= before) & (groups["count"] > 1)
    gone = [str(name) for name in groups.loc[old, "fingerprint"]]
    left = f"{len(gone)} of the {days} days before {'was' if len(gone) == 1 else 'were'} not seen since"
    start = None if seen is None else max(filter(None, (seen.from_, seen.pruned_before)), default=None)
    if start is None or start > before:
        reach = "" if start is None else f": it is complete from {start:%Y-%m-%d %H:%M} UTC on"
        told = f"what is new since {since:%Y-%m-%d %H:%M} UTC can't be told"
        return News(since, None, gone, f"{told}, as what was read does not reach back {2 * days} days{reach}; {left}")
    new = [str(name) for name in groups.loc[first >= since, "fingerprint"]]
    known = f"{len(new)} problem{'' if len(new) == 1 else 's'} first seen since {since:%Y-%m-%d %H:%M} UTC"
    return News(since, new, gone, f"{known}, in what was read from {start:%Y-%m-%d} on; {left}")
