"""The sample's survey with rows in every table of it, made by hand as their columns are documented."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd

from incident_nb.diagnose import Survey
from incident_nb.patterns.columns import GREEN_COLUMNS, RATE_COLUMNS, SHARED_COLUMNS, SILENT_COLUMNS, SLOW_COLUMNS
from incident_nb.patterns.versions import versions

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KINDS = ("zero_items", "fewer_items", "swallowed_error", "error_body", "short_runs")
HOSTILE = "<img src=x onerror=alert(1)> **bold** | [link](http://evil.example)"


def whole(found: Survey, why: str = "40 of 41 runs since then, 2 of 96 before") -> Survey:
    """A row for each of a few workflows in every table; `why` stands in each of them."""
    runs = found.log.executions
    names = runs[["instance", "client", "workflow_id", "workflow"]].astype("object")
    places = names[names["client"] != "INT"].drop_duplicates("workflow_id").head(6)
    end = pd.Timestamp(found.window.to)
    where = [dict(zip(names.columns, row, strict=True)) for row in places.itertuples(index=False, name=None)]
    rates = [
        {"runs": 40, "failed": n * 4, "rate": n / 10, "rate_low": n / 15, "rate_high": n / 8,
         "before_runs": 38 if n % 2 else None, "before_failed": 2 if n % 2 else None, "before_rate": 0.05 if n % 2 else None,
         "trend": ("steady", "rising", "unknown", "falling")[n % 4], "p": 0.01, "why": why}
        for n, _ in enumerate(where)
    ]  # fmt: skip
    silent = [
        {"last_run": end - 30 * HOUR, "last_good": end - 30 * HOUR if n else pd.NaT, "every_s": 3600.0, "due": end - 29 * HOUR,
         "missed": 29, "overdue_s": 29 * 3600.0, "schedule": "every hour" if n else None,
         "state": ("active", "inactive", None)[n], "confidence": 0.9, "why": why}
        for n in range(3)
    ]  # fmt: skip
    green = [
        {"kind": kind, "node": "Get orders" if n % 2 else None, "since": end - DAY,
         "not_before": end - DAY - HOUR if n else pd.NaT, "last_seen": end,
         "runs": 40, "of": 41, "before": 0.9 if n > 1 else 25.0, "now": 0.0, "confidence": 0.97,
         "execution_ids": ["811", "810"], "why": why}
        for n, kind in enumerate(KINDS)
    ]  # fmt: skip
    slow = [
        {"node": "Fetch page" if n else None, "shape": ("creep", "step")[n], "since": end - DAY if n else pd.NaT,
         "p50_before": 1.4, "p50_now": 6.2, "p95_before": 30.0, "p95_now": 190.0, "runs": 120, "confidence": 0.9,
         "execution_ids": ["1"], "why": why}
        for n in range(2)
    ]  # fmt: skip
    return replace(
        found, rates=_frame(where, rates, RATE_COLUMNS), silent=_frame(where, silent, SILENT_COLUMNS),
        false_green=_frame(where, green, GREEN_COLUMNS), slow=_frame(where, slow, SLOW_COLUMNS),
        shared=shared(found, why),
    )  # fmt: skip


def shared(found: Survey, why: str = "6 of 6 runs with it failed since then") -> pd.DataFrame:
    """Two sets: a credential of several clients, and a host of one."""
    end = pd.Timestamp(found.window.to)
    many = found.groups[found.groups["message"].fillna("").str.contains("needs to be reconnected")]
    one = found.groups[found.groups["client"] == "CMPS"].head(2)
    rows = [
        {**_set(many, end, why), "factor": "credential", "label": "Google Sheets – Northbeam shared",
         "rest_rate": 0.04, "lift": 25.0, "uncovered": ["55"]},
        {**_set(one, end, why), "factor": "host", "label": "erp.example", "rest_rate": None, "lift": None,
         "counterexamples": [str(n) for n in range(10)]},
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=SHARED_COLUMNS)


def _set(groups: pd.DataFrame, end: pd.Timestamp, why: str) -> dict[str, Any]:
    return {
        "value": "c9", "cause": "credentials", "since": end - 2 * DAY, "not_before": end - 2 * DAY - HOUR,
        "not_after": end - 2 * DAY, "failed": 6, "runs": 6, "rate": 1.0, "covers": 1.0, "confidence": 0.98,
        "workflows": sorted(set(groups["workflow"].astype("str"))),
        "clients": sorted(set(groups["client"].dropna().astype("str"))),
        "problem": groups["fingerprint"].tolist(), "counterexamples": [], "uncovered": [], "others": [], "why": why,
    }  # fmt: skip


def _frame(where: list[dict[str, Any]], rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame([{**place, **row} for place, row in zip(where, rows, strict=False)]).reindex(columns=columns)


def with_versions(found: Survey, count: int = 2) -> Survey:
    """The survey with a new version of the first `count` failing workflows in the middle of their runs."""
    runs = found.log.executions.copy()
    runs["snapshot"] = runs["snapshot"].astype("object")
    for of in found.groups["workflow_id"].unique()[:count]:
        mine = runs.index[(runs["workflow_id"] == of) & (runs["mode"] != "manual")]
        runs.loc[mine, "snapshot"] = ["old"] * (len(mine) // 2) + ["new"] * (len(mine) - len(mine) // 2)
    changed = replace(found, log=replace(found.log, executions=runs))
    assert len(versions(changed.log.executions)) >= count
    return changed
