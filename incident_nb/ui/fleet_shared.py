"""What sets of failures have in common, in words; nothing of another client where the case is of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from incident_nb.ui.fleet_sight import looked
from incident_nb.ui.fleet_words import MOST, Cell, counted, day, muted, percent, rest, share, table, text, unseen
from incident_nb.views import View

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

NAMED = 4  # workflows of a set
IDS = 10  # that a row holds at most; as many may be more
_NAMES_OTHERS = ("client", "workflow", "instance", "version")  # factors whose value may be another client's


def shared(fleet: Fleet) -> View:
    """What sets of failures have in common, with lift and what speaks against it."""
    found, why = looked(fleet, "shared")
    if found is None:
        return unseen(why)
    rows = [_row(fleet, row) for row in found.head(MOST).itertuples()]
    return table(
        ("What they share", "Since", "Failed with it", "Without it", "Speaks against it", "Where"), rows,
        empty="No credential, host, vendor, version or time explains failures of more than one place.",
        note=rest(len(found) - len(rows), "set"),
    )  # fmt: skip


def _row(fleet: Fleet, row: Any) -> list[Cell]:
    told = words_of(fleet, row)
    lift = "" if pd.isna(row.lift) or not row.rest_failed else f"{row.lift:,.1f} times as often with it"
    between = "the beginning" if pd.isna(row.not_before) else day(row.not_before)
    interval = "" if pd.isna(row.not_after) else f"between {between} and {day(row.not_after)}"
    against: Cell = []
    if len(row.counterexamples):
        against.append((f"{_most(row.counterexamples)} with it went well: {', '.join(row.counterexamples[:2])}", ""))
    if len(row.uncovered):
        against.append((f"{_most(row.uncovered)} failed without it: {', '.join(row.uncovered[:2])}", ""))
    sure = f"{str(row.factor).replace('_', ' ')}, {percent(row.confidence)} sure"
    return [
        [(told.label, "strong"), *muted(sure), *muted(told.why)],
        [(day(row.since), "when"), *muted(interval)],
        [(share(row.failed, row.runs), ""), *muted(f"{percent(row.covers)} of the failures have it")],
        [(share(row.rest_failed, row.rest_runs) if row.rest_runs > 0 else percent(row.rest_rate), ""), *muted(lift)],
        against or [("nothing", "muted")],
        [(line, "") for line in told.where],
    ]


def _most(ids: Any) -> str:
    return f"{len(ids)}{' or more' if len(ids) >= IDS else ''}"


class Words(NamedTuple):
    """A set of failures in words: what it shares, why, and where."""

    label: str
    why: str
    where: list[str]


def words_of(fleet: Fleet, row: Any) -> Words:
    """A set in words. Where the case is one client's and the set is not, nothing of another client is named."""
    own = fleet.case.client
    clients, flows = [str(one) for one in row.clients], [str(one) for one in row.workflows]
    others = [one for one in clients if one != own] if own else []
    if not others:
        more = [f"and {len(flows) - NAMED:,} more"] if len(flows) > NAMED else []
        of = [", ".join(clients)] if len(clients) > 1 else []
        return Words(text(row.label) or text(row.value), text(row.why), [*of, *flows[:NAMED], *more] or ["not known"])
    known = {str(name) for name in fleet.whole.log.executions["workflow"].dropna().unique()}
    foreign = [*others, *(name for name in flows if name not in known)]
    label = text(row.label)
    if row.factor in _NAMES_OTHERS or any(name in label for name in foreign):
        label = f"the same {str(row.factor).replace('_', ' ')}"
    where = [name for name in flows if name in known][:NAMED]
    return Words(label, "", [*where, f"and {counted(len(others), 'other client')}"])
