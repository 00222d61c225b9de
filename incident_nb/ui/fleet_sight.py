"""What of a fleet could be looked at: which tables there are and why not, and from when on something is new."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from incident_nb.desk.told import span
from incident_nb.diagnose.going_on import standing
from incident_nb.patterns import new_since

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

WEEK, NIGHT = 7, 1  # days back from the window's end in which something counts as new


def looked(fleet: Fleet, kind: str) -> tuple[pd.DataFrame | None, str]:
    """A table of the chosen part; None where nobody could look, and why."""
    found = fleet.found
    table = {
        "rates": found.rates, "shared": found.shared, "silent": found.silent, "false_green": found.false_green,
        "slow": found.slow,
    }[kind]  # fmt: skip
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


class Told(NamedTuple):
    """What is new since an instant, and what went away: rows of `standing`. `since` is None where that can't be told."""

    days: int
    since: datetime | None
    new: pd.DataFrame
    gone: pd.DataFrame
    why: str


def news(fleet: Fleet) -> Told:
    """What is new since a week; where less than two weeks were read, since a day. `why`: why not a week, or not at all."""
    rows, seen = standing(fleet.found), fleet.whole.window
    none = rows.iloc[:0]
    if seen.to is None:
        return Told(0, None, none, none, "no execution that was read has a time")
    for days in (WEEK, NIGHT):
        found = new_since(fleet.found.groups, seen.to, days, seen)
        if found.new is not None:
            new = rows[rows["fingerprint"].isin(found.new)].sort_values("first_seen", ascending=False, kind="stable")
            gone = rows[rows["fingerprint"].isin(found.gone) & ~rows["open"].fillna(True).astype(bool)]
            gone = gone.sort_values("last_seen", ascending=False, kind="stable")
            why = "" if days == WEEK else f"What is new since last week can't be told: {_too_little(fleet)}."
            return Told(days, found.since, new, gone, why)
    return Told(0, None, none, none, f"what is new can't be told: {_too_little(fleet)}")


def _too_little(fleet: Fleet) -> str:
    seen = fleet.whole.window
    begins = max(filter(None, (seen.from_, seen.pruned_before)), default=None)
    read = span(seen.to - begins) if seen.to and begins else "nothing"
    return f"what was read is complete for {read}, and it takes twice the time that is looked at"
