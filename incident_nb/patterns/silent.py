"""Workflows that should have run and did not. No error workflow can tell of those, since nothing fails.

The judgement of a silence is made here for all who ask: the table of a fleet, the look at one incident, the watch.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.executions import Snapshot
from incident_nb.patterns.columns import SILENT_COLUMNS
from incident_nb.patterns.rhythm import Array, Due, by_chance, closed, due

MANY = 3  # silent workflows at once, and half of all regular ones: then it is n8n
STARTED = ("trigger", "webhook")  # modes of runs that a workflow's triggers began
SURE, LEARNT, CALLED, PERHAPS = 0.95, 0.85, 0.7, 0.5  # confidence by its schedule, by its rhythm, where others call it
# (who may have stopped to), and where an export may end there


class Silent(NamedTuple):
    """A workflow that stopped to run: its names, how often it ran, when last, since and until when it is missed (UTC)."""

    instance: str
    workflow_id: str
    name: str
    client: str | None
    every: pd.Timedelta
    last: pd.Timestamp
    since: pd.Timestamp
    until: pd.Timestamp
    due: pd.Timestamp
    missed: int
    schedule: str | None
    by_calls: bool = False


def silent(
    executions: pd.DataFrame,
    now: datetime,
    snapshots: Mapping[str, Snapshot] | None = None,
    active: Mapping[tuple[str, str], bool] | None = None,
    ends: Mapping[str, datetime] | None = None,
) -> pd.DataFrame:
    """One row a workflow that stopped, longest overdue first; columns as `SILENT_COLUMNS`.

    `now`: zone-aware. `ends`: until when the records of each instance are whole; where it is not said, that is its newest
    run, since an export may end there. `active`, under (instance, workflow_id): workflows that a person switched off are
    left out. Where most of an instance stopped, one row stands for it, without a workflow. Thresholds: docs/patterns.md.
    """
    runs = executions[(executions["at"] <= now).to_numpy() & executions["instance"].notna().to_numpy()]
    newest = runs.groupby(runs["instance"].astype("object"))["at"].max() if len(runs) else pd.Series(dtype=object)
    until = {str(name): _until(str(name), at, now, ends) for name, at in newest.items()}
    rows = []
    for instance, count, found in _by_instance(runs, until, snapshots or {}, STARTED):
        on = [one for one in found if (active or {}).get((instance, one.workflow_id)) is not False]
        rows += [_all_down(on, count)] if are_all_down(len(on), count) else [_row(one, active) for one in on]
    rows += _ended_early(runs, until, ends or {}, snapshots or {})
    table = pd.DataFrame(rows, columns=SILENT_COLUMNS)
    good = runs[(runs["status"] == "success").to_numpy()]
    by = [good["instance"].astype("object"), good["workflow_id"].astype("object")]
    last_good = good.groupby(by)["at"].max() if len(table) else pd.Series(dtype=object)
    keys = zip(table["instance"], table["workflow_id"], strict=True)
    table["last_good"] = [
        last_good.get(key, pd.NaT) if key[1] else last_good.get(key[0], pd.Series([pd.NaT])).max() for key in keys
    ]
    for name in ("last_run", "last_good", "due"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table.sort_values("overdue_s", ascending=False, ignore_index=True, kind="stable")


def silent_ones(
    runs: pd.DataFrame, ends: Mapping[str, pd.Timestamp], snapshots: Mapping[str, Snapshot] | None = None
) -> tuple[int, list[Silent]]:
    """How many workflows run regularly by their triggers, and those of them that have stopped to.

    `runs`: executions as in a log; `ends`: until when each instance's are in it (UTC); `snapshots`: a log's, for schedules.
    """
    found = list(_by_instance(runs, ends, snapshots or {}))
    return sum(count for _, count, _ in found), [one for _, _, silences in found for one in silences]


def are_all_down(silent: int, regular: int) -> bool:
    """Whether so many of the regular workflows have stopped that it is n8n, not each of them."""
    return silent >= MANY and silent * 2 >= regular


def told_of(one: Silent) -> str:
    """A silence in a sentence, with how many runs are missing."""
    of = f" ({one.client})" if one.client else ""
    return (
        f"“{one.name}”{of} ran every {_span(one.every)} and has not since {one.last:%Y-%m-%d %H:%M} UTC: "
        f"about {one.missed} runs are missing."
    )


def _by_instance(
    runs: pd.DataFrame,
    ends: Mapping[str, pd.Timestamp],
    snapshots: Mapping[str, Snapshot],
    modes: tuple[str, ...] = STARTED[:1],
) -> list[tuple[str, int, list[Silent]]]:
    """For each instance, how many workflows have a rhythm by which they start, and those that have stopped to."""
    last = _newest_versions(runs) if snapshots else {}
    off = {
        str(name): closed(np.sort(_seconds(mine["at"])))
        for name, mine in runs.groupby(runs["instance"].astype("object"))
    }
    runs = runs[(runs["mode"].isin(modes) & runs["at"].notna() & runs["workflow_id"].notna()).to_numpy()]
    if not len(runs):
        return []
    called = (runs["mode"] != "trigger").to_numpy()
    keys = [pd.factorize(runs[name])[0].astype(np.int64) for name in ("instance", "workflow_id")]
    seconds = _seconds(runs["at"])
    group = keys[0] * 2**32 + keys[1]
    order = np.lexsort((seconds, group))
    group, seconds, called = group[order], seconds[order], called[order]
    bounds = [*np.flatnonzero(np.diff(group, prepend=-1)).tolist(), len(group)]
    names = ["instance", "workflow_id", "workflow", "client"]
    newest = runs[names].iloc[order[[end - 1 for end in bounds[1:]]]].astype("object")
    newest = newest.where(newest.notna(), None)
    found: dict[str, tuple[int, list[Silent]]] = {}
    for row, begin, end in zip(newest.itertuples(index=False, name=None), bounds[:-1], bounds[1:], strict=True):
        instance, at = str(row[0]), seconds[begin:end]
        snapshot, until = snapshots.get(last.get(row[:2], "")), ends[instance].timestamp()
        by_calls = bool(called[begin:end].any())
        told = by_chance(at, until) if by_calls else due(at, until, snapshot.nodes if snapshot else None, off[instance])
        if told is None or (snapshot and _is_off(snapshot)):
            continue
        count, silences = found.get(instance, (0, []))
        if until > told.silent_from:
            silences.append(_silent(row, told, at[-1], ends[instance], by_calls))
        found[instance] = count + 1, silences
    return [(instance, count, silences) for instance, (count, silences) in found.items()]


def _newest_versions(runs: pd.DataFrame) -> dict[tuple[Any, ...], str]:
    """By instance and workflow the version that it ran in last, be it by hand."""
    keys = ["instance", "workflow_id"]
    known = runs.loc[runs["snapshot"].notna().to_numpy(), [*keys, "at", "snapshot"]].sort_values("at", kind="stable")
    newest = known[~known.duplicated(keys, keep="last")].astype({name: "object" for name in (*keys, "snapshot")})
    rows = newest[[*keys, "snapshot"]].itertuples(index=False, name=None)
    return {(instance, workflow_id): str(version) for instance, workflow_id, version in rows}


def _is_off(snapshot: Snapshot) -> bool:
    """Whether nothing can start a workflow by itself: a person has disabled all its triggers."""
    starts = [
        node for node in snapshot.nodes.values() if str(node.get("type")).lower().endswith(("trigger", "webhook"))
    ]
    return bool(starts) and all(node.get("disabled") for node in starts)


def _silent(row: tuple[Any, ...], told: Due, last: float, until: pd.Timestamp, by_calls: bool) -> Silent:
    instance, workflow_id, name, client = row
    return Silent(
        str(instance), str(workflow_id), str(name or workflow_id), None if client is None else str(client),
        pd.Timedelta(seconds=told.every), _at(last), _at(told.silent_from), until, _at(told.at), told.missed, told.schedule,
        by_calls,
    )  # fmt: skip


def _until(instance: str, newest: pd.Timestamp, now: datetime, ends: Mapping[str, datetime] | None) -> pd.Timestamp:
    known = (ends or {}).get(instance)
    return newest if known is None else min(pd.Timestamp(known), pd.Timestamp(now))


def _row(one: Silent, active: Mapping[tuple[str, str], bool] | None) -> dict[str, Any]:
    on = (active or {}).get((one.instance, one.workflow_id))
    by = f"its trigger starts it {one.schedule}" if one.schedule else f"it ran every {_span(one.every)}"
    by = f"it was called about every {_span(one.every)}" if one.by_calls else by
    last = f"the last run began at {one.last:%Y-%m-%d %H:%M} UTC"
    unknown = "" if on else "; whether somebody switched it off is not known"
    return {
        "instance": one.instance, "client": one.client, "workflow_id": one.workflow_id, "workflow": one.name,
        "last_run": one.last, "every_s": one.every.total_seconds(), "due": one.due, "missed": one.missed,
        "overdue_s": max((one.until - one.due).total_seconds(), 0.0), "schedule": one.schedule,
        "state": "active" if on else None, "confidence": SURE if one.schedule else CALLED if one.by_calls else LEARNT,
        "why": f"{by}, {last}: about {one.missed:,} runs are missing until {one.until:%Y-%m-%d %H:%M} UTC{unknown}",
    }  # fmt: skip


def _all_down(found: list[Silent], regular: int, *, perhaps: bool = False) -> dict[str, Any]:
    """One row for an instance most of which stopped; `perhaps`: its records may just end there."""
    last, first = max(found, key=lambda one: one.last), min(found, key=lambda one: one.due)
    clients = {one.client for one in found}
    or_else = "; or what was read of it ends there, while that of others goes on" if perhaps else ""
    return {
        "instance": last.instance, "client": clients.pop() if len(clients) == 1 else None, "workflow_id": None,
        "workflow": None, "last_run": last.last, "every_s": min(one.every for one in found).total_seconds(),
        "due": first.due, "missed": sum(one.missed for one in found),
        "overdue_s": max((first.until - first.due).total_seconds(), 0.0), "schedule": None, "state": None,
        "confidence": PERHAPS if perhaps else SURE,
        "why": f"{len(found)} of {regular} workflows that run regularly have stopped, the last of them at "
        f"{last.last:%Y-%m-%d %H:%M} UTC: it is n8n or what it runs on, not each of them{or_else}",
    }  # fmt: skip


def _ended_early(
    runs: pd.DataFrame,
    until: Mapping[str, pd.Timestamp],
    ends: Mapping[str, datetime],
    snapshots: Mapping[str, Snapshot],
) -> list[dict[str, Any]]:
    """Instances of which nothing at all is known any more, while there are runs of others: they stopped, or it ends there."""
    if len(until) < 2:
        return []
    last = max(until.values())
    runs = runs[~runs["instance"].isin(list(ends)).to_numpy()]  # those are known to be whole, and were judged by that
    found = _by_instance(runs, dict.fromkeys(until, last), snapshots)
    return [
        _all_down(silences, count, perhaps=True)
        for _, count, silences in found
        if silences and len(silences) == count and count >= MANY
    ]


def _seconds(at: pd.Series) -> Array:
    """Instants in seconds since 1970."""
    known: Array = at.dropna().dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
    return known


def _at(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(seconds, unit="s", tz="UTC").round("ms")


def _span(time: pd.Timedelta) -> str:
    minutes = time.total_seconds() / 60
    return (
        f"{minutes:.0f} minutes"
        if minutes < 90
        else f"{minutes / 60:.0f} hours"
        if minutes < 2880
        else f"{minutes / 1440:.0f} days"
    )
