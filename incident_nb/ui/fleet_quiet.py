"""The tables of what goes wrong in a fleet without an error: silent stops, false greens, runs that take longer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from incident_nb.desk.told import span
from incident_nb.ui.fleet_sight import items_known, looked
from incident_nb.ui.fleet_words import MOST, Cell, day, muted, percent, place, rest, seconds, share, table, text, unseen
from incident_nb.views import View, time_words

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

KINDS = {
    "zero_items": "no items", "fewer_items": "fewer items", "swallowed_error": "went on after an error",
    "error_body": "an error as the answer", "short_runs": "unusually short",
}  # fmt: skip


def silent(fleet: Fleet) -> View:
    """Workflows that ran at a cadence and do not any more."""
    found, why = looked(fleet, "silent")
    if found is None:
        return unseen(why)
    rows: list[list[Cell]] = []
    for row in found.head(MOST).itertuples():
        good = "no good run was read" if pd.isna(row.last_good) else f"went well {day(row.last_good)}"
        late = "" if pd.isna(row.overdue_s) else f", {span(timedelta(seconds=float(row.overdue_s)))} late"
        rows.append(
            [place(fleet, row), [(f"every {seconds(row.every_s)}", ""), *muted(row.schedule)],
             [(day(row.last_run), "when"), *muted(good)],
             [(day(row.due), "when"), (f"{_number(row.missed)} missed{late}", "bad")],
             [(text(row.state) or "not known", "")], _sure(row)]
        )  # fmt: skip
    return table(
        ("Workflow", "Ran", "Last run", "Was due", "State", "How sure"), rows,
        empty=f"No workflow stopped: each that ran at a cadence kept it until {time_words(fleet.found.window.to)}.",
        note=rest(len(found) - len(rows), "workflow"),
    )  # fmt: skip


def false_green(fleet: Fleet) -> View:
    """Runs that n8n calls a success and that were none."""
    found, why = looked(fleet, "false_green")
    if found is None:
        return unseen(why)
    rows: list[list[Cell]] = []
    for row in found.head(MOST).itertuples():
        good = "no good run before it was read" if pd.isna(row.not_before) else f"last good {day(row.not_before)}"
        named = f"such as {', '.join(map(str, row.execution_ids[:2]))}" if len(row.execution_ids) else ""
        rows.append(
            [place(fleet, row, row.node), [(KINDS.get(row.kind, str(row.kind)), "")],
             [(day(row.since), "when"), *muted(good)], [(share(row.runs, row.of), ""), *muted(named)],
             [(_change(row.kind, row.before, row.now), "")], _sure(row)]
        )  # fmt: skip
    by = (
        "items, answers, errors that runs went on after, and run times"
        if items_known(fleet)
        else "errors and run times"
    )
    unknown = "" if items_known(fleet) else "How many items runs gave out, the source does not say."
    return table(
        ("Workflow", "What", "Since", "Runs", "Before → now", "How sure"), rows,
        empty=f"No success looks like none, by {by}.",
        note=" ".join(filter(None, (rest(len(found) - len(rows), "row"), unknown))),
    )  # fmt: skip


def slow(fleet: Fleet) -> View:
    """Workflows and nodes that take longer than they did."""
    found, why = looked(fleet, "slow")
    if found is None:
        return unseen(why)
    rows: list[list[Cell]] = [
        [place(fleet, row, row.node),
         [("bit by bit", "")] if pd.isna(row.since) else [("since", ""), (day(row.since), "when")],
         [(f"{seconds(row.p50_before)} → {seconds(row.p50_now)}", "")],
         [(f"{seconds(row.p95_before)} → {seconds(row.p95_now)}", "")], [(f"{row.runs:,}", "")], _sure(row)]
        for row in found.head(MOST).itertuples()
    ]  # fmt: skip
    return table(
        ("Workflow", "Slower", "Half of the runs within", "95% within", "Runs", "How sure"), rows,
        empty="Nothing takes longer than it did: run times of workflows and of their nodes were looked at.",
        note=rest(len(found) - len(rows), "row"),
    )  # fmt: skip


def _sure(row: Any) -> Cell:
    return [(percent(row.confidence), ""), *muted(row.why)]


def _number(value: Any) -> str:
    return "some" if pd.isna(value) else f"{int(value):,}"


def _change(kind: str, before: Any, now: Any) -> str:
    if pd.isna(before) or pd.isna(now):
        return "nothing to compare with"
    if kind == "short_runs":
        return f"{seconds(before)} → {seconds(now)}"
    if kind in ("swallowed_error", "error_body"):
        return f"{percent(before)} → {percent(now)} of runs"
    return f"{before:,.0f} → {now:,.0f} items"
