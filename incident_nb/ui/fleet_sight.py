"""What of a fleet could be looked at: which tables there are and why not, and from when on something is new."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from incident_nb.desk.told import span
from incident_nb.diagnose.going_on import standing

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

WEEK, NIGHT = 7, 1  # days back from the window's end in which something counts as new
TWICE = 2  # so many times as much has to be read, or what is new can't be told from what was not read

NOT_DONE = {
    "rates": "the rates of workflows were not worked out",
    "shared": "what failures share was not worked out",
    "silent": "the cadence of workflows was not worked out",
    "false_green": "what runs gave out was not worked out",
    "slow": "how long runs take was not worked out",
}


def looked(fleet: Fleet, kind: str) -> tuple[pd.DataFrame | None, str]:
    """A table of the chosen part; None where nobody could look, and why."""
    table: pd.DataFrame | None = getattr(fleet.found, kind)
    if table is None:
        return None, _lacks(fleet, kind) or NOT_DONE[kind]
    why = "" if len(table) else _lacks(fleet, kind)
    return (None, why) if why else (table, "")


def _lacks(fleet: Fleet, kind: str) -> str:
    """What the source lacks that this could be told by; "" for nothing."""
    runs = fleet.whole.log.executions
    if runs.empty:
        return "no executions were read"
    if kind != "shared" and not (runs["status"] == "success").any():
        return "the source holds failures only, and no run to compare them with"
    if kind == "false_green" and not (runs["data"] == "full").any():
        return "the source holds no data of its runs, so what they gave out is not known"
    if kind == "slow" and not runs["duration_s"].notna().any():
        return "no run in the source says how long it took"
    return ""


def items_known(fleet: Fleet) -> bool:
    """Whether the source says how many items nodes gave out in any run that went well."""
    runs = fleet.whole.log.executions
    return bool(runs.loc[runs["status"] == "success", "node_items"].notna().any())


class News(NamedTuple):
    """What is new since an instant, and what went away: rows of `standing`. `since` is None where that can't be told."""

    days: int
    since: datetime | None
    new: pd.DataFrame
    gone: pd.DataFrame
    why: str


def news(fleet: Fleet) -> News:
    """What is new since a week; where less than two weeks were read, since a day. `why`: why not a week, or not at all."""
    rows = standing(fleet.found)
    begins, ends, none = fleet.whole.window.from_, fleet.whole.window.to, rows.iloc[:0]
    if begins is None or ends is None:
        return News(0, None, none, none, "no execution that was read has a time")
    read = ends - begins
    days = next((each for each in (WEEK, NIGHT) if read >= TWICE * timedelta(days=each)), 0)
    if not days:
        return News(
            0, None, none, none, f"only {span(read)} were read, and what is new can't be told from what was not"
        )
    since = ends - timedelta(days=days)
    new = rows[rows["first_seen"] >= since].sort_values("first_seen", ascending=False, kind="stable")
    gone = rows[(rows["last_seen"] < since) & ~rows["open"].fillna(True).astype(bool)]
    gone = gone.sort_values("last_seen", ascending=False, kind="stable")
    why = "" if days == WEEK else f"What is new since last week can't be told: only {span(read)} were read."
    return News(days, since, new, gone, why)
