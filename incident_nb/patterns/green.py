"""Runs that n8n calls a success and that were none, told by what the same workflow did before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.changed import FEWEST, PAST_RUNS, Array, Change, more_often, moved
from incident_nb.patterns.columns import GREEN_COLUMNS, WHERE
from incident_nb.patterns.histories import History, histories

FEWER = float(np.log(2))  # half as many items, or fewer
SHORTER = float(np.log(2.5))  # a run of two fifths of its time, or less: faster services are good news
SHORTER_S = 1.0  # and of at least a second less
REST = 0.5  # of the share of runs that used to get something, or to get there: at most so much is left
HOLIDAYS_S = 4 * 86_400.0  # less work for so long, and then as before, is what public holidays look like
SURE, DEPLOYED = 0.95, 0.6  # confidence at most; after a change of the workflow, which may have been meant
_ERRORS = {"node": "swallowed_error", "item": "swallowed_error", "hint": "swallowed_error", "body": "error_body"}


class Finding(NamedTuple):
    """A change of one history: among the `runs` of it that speak (their places), those that are `bad`."""

    kind: str
    node: str | None
    change: Change
    runs: Array
    bad: Array
    before: float
    now: float


def false_greens(
    executions: pd.DataFrame, failures: pd.DataFrame, until: datetime, known: list[History] | None = None
) -> pd.DataFrame:
    """One row a workflow and thing that went wrong under a success, newest first; columns as `GREEN_COLUMNS`.

    Only what began in the records counts: what a workflow has always done is its habit. `until`: zone-aware, the end of
    what is looked at. `known`: its `histories`, where they are at hand. Thresholds: docs/patterns.md.
    """
    past = [
        one
        for one in (histories(executions, until, PAST_RUNS + FEWEST) if known is None else known)
        if len(one.ids) >= PAST_RUNS + FEWEST
    ]
    tests = sum(3 * len(one.nodes) + 1 for one in past)
    errors = _errors(failures, past)
    rows = [_row(one, found) for one in past for found in _found(one, errors.get(one.where[::2], {}), tests)]
    table = pd.DataFrame(rows, columns=GREEN_COLUMNS)
    for name in ("since", "not_before", "last_seen"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table.sort_values("since", ascending=False, ignore_index=True, kind="stable")


def _errors(failures: pd.DataFrame, past: list[History]) -> dict[tuple[Any, ...], dict[tuple[str, str], Array]]:
    """For each workflow, by kind and node, which of its good runs held such an error."""
    table = failures.loc[
        failures["place"].isin(list(_ERRORS)), ["instance", "workflow_id", "execution_id", "place", "node"]
    ]
    table = table[table["node"].notna()].astype("str")
    table["kind"] = table["place"].map(_ERRORS)
    table = table.drop_duplicates(["instance", "workflow_id", "execution_id", "kind", "node"])
    parts = {key: part for key, part in table.groupby(["instance", "workflow_id"])}
    found: dict[tuple[Any, ...], dict[tuple[str, str], Array]] = {}
    for one in past:
        if (part := parts.get(one.where[::2])) is not None:
            place = pd.Index(one.ids).get_indexer(part["execution_id"])
            mine = found.setdefault(one.where[::2], {})
            for (kind, node), rows in part.assign(place=place)[place >= 0].groupby(["kind", "node"]):
                flags = mine[str(kind), str(node)] = np.zeros(len(one.ids), dtype=bool)
                flags[rows["place"].to_numpy()] = True
    return found


def _found(one: History, errors: dict[tuple[str, str], Array], tests: int) -> Iterator[Finding]:
    """What changed in a workflow; of changes at the same time the one that says most, at the first node that shows it."""
    taken: list[Finding] = []
    for look in (_swallowed(one, errors, tests), _empty(one, tests), _fewer(one, tests), _shorter(one, tests)):
        for found in look:
            if not any(_overlap(found, other) for other in taken) and not _is_holiday(one, found):
                taken.append(found)
                yield found


def _is_holiday(one: History, found: Finding) -> bool:
    """Whether less came in for some days only; errors are none of a holiday's doing."""
    first, last = found.runs[found.change.start], found.runs[found.change.end]
    short = one.seconds[last] - one.seconds[first] < HOLIDAYS_S
    return bool(short and not found.change.goes_on and found.kind not in _ERRORS.values())


def _grew(flags: Array, change: Change) -> bool:
    """Whether the share of such runs grew by enough to speak of: that of the others is halved."""
    before, now = _shares(flags, change)
    return 1 - now <= REST * (1 - before)


def _swallowed(one: History, errors: dict[tuple[str, str], Array], tests: int) -> Iterator[Finding]:
    """Nodes that went on after an error, or took an error for an answer; error bodies first."""
    everything = np.arange(len(one.ids))
    for (kind, node), flags in sorted(errors.items()):
        if change := more_often(flags, one.seconds, tests):
            yield Finding(kind, node, change, everything, flags, *_shares(flags, change))


def _empty(one: History, tests: int) -> Iterator[Finding]:
    """Nodes that give out nothing where they used to give something. Those behind them do not run, and say nothing."""
    for column in np.flatnonzero((one.items == 0).sum(axis=0) >= FEWEST):
        runs = np.flatnonzero(~np.isnan(one.items[:, column]))
        items = one.items[runs, column]
        if (change := more_often(items == 0, one.seconds[runs], tests)) and _grew(items == 0, change):
            yield Finding("zero_items", one.nodes[column], change, runs, items == 0, *_middles(items, change))


def _fewer(one: History, tests: int) -> Iterator[Finding]:
    """Nodes that give out far fewer items, of the runs in which they give out some."""
    most, least = np.nanmax(one.items, axis=0, initial=0), np.nanmin(one.items, axis=0, initial=0)
    for column in np.flatnonzero((most > least) & (most > 1)):
        if column and np.array_equal(one.items[:, column], one.items[:, column - 1], equal_nan=True):
            continue  # it passes on what the node before gave
        runs = np.flatnonzero(one.items[:, column] > 0)
        items = one.items[runs, column].astype(float)
        if change := moved(np.log1p(items), one.seconds[runs], tests, -FEWER):
            before, now = _middles(items, change)
            if 2 * now <= before:
                yield Finding("fewer_items", one.nodes[column], change, runs, 2 * items <= before, before, now)


def _shorter(one: History, tests: int) -> Iterator[Finding]:
    """Runs in which a node does not run any more, or that are over much sooner."""
    told = np.flatnonzero(one.told)
    for column in np.flatnonzero(one.ran[told].sum(axis=0) < len(told) - FEWEST):
        absent = ~one.ran[told, column]
        if (change := more_often(absent, one.seconds[told], tests)) and _grew(absent, change):
            yield Finding("short_runs", one.nodes[column], change, told, absent, *_middles(one.duration[told], change))
    runs = np.flatnonzero(one.duration > 0)
    took = one.duration[runs]
    if change := moved(np.log(took), one.seconds[runs], tests, -SHORTER):
        before, now = _middles(took, change)
        if now <= before * np.exp(-SHORTER) and before - now >= SHORTER_S:
            yield Finding("short_runs", None, change, runs, took <= before / 2, before, now)


def _shares(flags: Array, change: Change) -> tuple[float, float]:
    return float(flags[: change.start].mean()), float(flags[change.start : change.end + 1].mean())


def _middles(values: Array, change: Change) -> tuple[float, float]:
    """The typical value before and since; not a number where none is known."""
    parts = (values[: change.start], values[change.start : change.end + 1])
    before, now = (float(np.median(part)) if len(part) else np.nan for part in (one[~np.isnan(one)] for one in parts))
    return before, now


def _overlap(found: Finding, other: Finding) -> bool:
    """Whether two changes lie in the same runs of a workflow, at least in part."""
    first, last = found.runs[found.change.earliest], found.runs[found.change.end]
    return bool(first <= other.runs[other.change.end] and other.runs[other.change.earliest] <= last)


def _row(one: History, found: Finding) -> dict[str, Any]:
    change, runs = found.change, found.runs
    stretch = runs[change.start : change.end + 1]
    bad = stretch[found.bad[change.start : change.end + 1]]
    since, before = int(bad[0] if len(bad) else stretch[0]), int(runs[max(change.earliest - 1, 0)])
    deployed = _deployed(one, before, since)
    sure = SURE - 0.35 / (1 + 2 * change.margin)
    return {
        **dict(zip(WHERE, one.where, strict=True)), "kind": found.kind, "node": found.node, "since": one.at(since),
        "not_before": one.at(before), "last_seen": one.at(int(bad[-1] if len(bad) else stretch[-1])), "runs": len(bad),
        "of": len(stretch), "before": found.before, "now": found.now,
        "confidence": round(min(sure, DEPLOYED) if deployed else sure, 2),
        "execution_ids": one.newest(bad if len(bad) else stretch),
        "why": f"{_said(found, len(bad), len(stretch))}{_past(found)}{'' if change.goes_on else '; over since'}{deployed}",
    }  # fmt: skip


def _said(found: Finding, bad: int, of: int) -> str:
    at = f"“{found.node}”"
    if found.kind == "zero_items":
        return f"{bad} of {of} runs got nothing at {at} and ended there as a success"
    if found.kind == "fewer_items":
        return f"{at} gave {found.now:,.0f} items a run, {found.before:,.0f} before"
    if found.kind == "swallowed_error":
        return f"{bad} of {of} runs went on after an error at {at} and count as a success"
    if found.kind == "error_body":
        return f"{bad} of {of} runs took an error for an answer at {at} and count as a success"
    if found.node:
        return f"{bad} of {of} runs ended as a success without {at}"
    return f"runs take {found.now:.3g} seconds, {found.before:.3g} before"


def _past(found: Finding) -> str:
    past = found.change.start
    if found.kind in ("fewer_items",) or (found.kind == "short_runs" and not found.node):
        return f" ({past:,} runs)"
    share = float(found.bad[:past].mean())
    return f"; in the {past:,} runs before {'none did' if not share else f'{share:.1%} did'}"


def _deployed(one: History, before: int, since: int) -> str:
    """A word on the change of the workflow that came with it, empty where there was none."""
    versions = one.version[max(before - 1, 0) : since + 2]
    changed = np.flatnonzero((np.diff(versions) != 0) & (versions[1:] >= 0) & (versions[:-1] >= 0))
    if not len(changed):
        return ""
    first = max(before - 1, 0) + int(changed[-1]) + 1
    return (
        f"; the workflow itself was changed: execution {one.ids[first]} ({one.at(first):%Y-%m-%d %H:%M} UTC) is the first "
        "of another version, so that it may be meant"
    )
