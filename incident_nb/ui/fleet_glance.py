"""The first screen of a fleet: what is not over, new, silent, falsely green, slower, what it shares, by what it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from incident_nb.diagnose.going_on import standing
from incident_nb.patterns import window_words
from incident_nb.ui.fleet_shared import words_of
from incident_nb.ui.fleet_sight import WEEK, Told, items_known, looked, news
from incident_nb.ui.fleet_words import cause_within, counted, day, flow, percent, problem, share
from incident_nb.views import View, time_words

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

NAMED = 3  # of each kind on a first screen


class Card(NamedTuple):
    """One question with its answer in a few words, and the names that matter most."""

    label: str
    value: str
    lines: list[str]


def glance(fleet: Fleet) -> View:
    """The first screen."""
    rows, told, totals = standing(fleet.found), news(fleet), fleet.found.totals
    seen = fleet.found.window
    counts = (
        f"{totals['failed']:,} of {counted(totals['executions'], 'execution')} of "
        f"{counted(totals['workflows'], 'workflow')} failed, {time_words(seen.from_)} to {time_words(seen.to)}."
    )
    cards = [_going(rows), _new(told), _shared(fleet), _silent(fleet), _green(fleet), _slow(fleet)]
    facts = {
        "scope": scope(fleet), "headline": headline(fleet, rows, told), "counts": counts, "cards": cards,
        "window": window(fleet), "bad": bool(len(_open(rows))) or bool(_without_error(fleet)),
    }  # fmt: skip
    return View("fleet_glance", facts)


def headline(fleet: Fleet, rows: pd.DataFrame, told: Told) -> str:
    """All of it in a sentence."""
    parts = []
    if rows["open"].notna().any():
        going = len(_open(rows))
        parts.append(f"{going:,} {'is' if going == 1 else 'are'} not over" if going else "all are over")
    if told.since is not None and len(rows):
        new = len(told.new)
        parts.append(f"{new or 'none'} {'is' if new == 1 else 'are'} new in {_span(told.days)}")
    failed = (
        f"{counted(len(rows), 'problem')}{': ' if parts else ''}{', '.join(parts)}" if len(rows) else "Nothing failed"
    )
    quiet = _without_error(fleet)
    return f"{failed}{'; without an error: ' if quiet else ''}{', '.join(quiet)}."


def scope(fleet: Fleet) -> str:
    """What is looked at, in words."""
    choice, parts = fleet.choice, []
    if client := choice.client or fleet.case.client:
        parts.append(f"client {client}")
    if choice.workflow:
        names = fleet.found.log.executions["workflow"].dropna().astype("str")
        parts.append(f"workflow {names.iloc[-1] if len(names) else choice.workflow[1]}")
    if choice.cause:
        parts.append(f"cause {cause_within(choice.cause)}")
    if choice.since:
        parts.append(f"since {time_words(choice.since)}")
    return f"Only {', '.join(parts)}" if parts else "All that was read"


def window(fleet: Fleet) -> str:
    """The time that was read, what may be missing of it, and what could not be read."""
    seen, skipped = fleet.whole.window, len(fleet.whole.skipped)
    if seen.from_ is None:
        return "No execution with a time was read."
    unread = f" {counted(skipped, 'part')} of the source could not be read." if skipped else ""
    return f"{window_words(seen)} “First seen”, “new” and “since” are told from what was read.{unread}"


def _open(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["open"].fillna(False).astype(bool)]


def _without_error(fleet: Fleet) -> list[str]:
    found = fleet.found
    tables = ((found.silent, "silent"), (found.false_green, "falsely green"), (found.slow, "slower"))
    return [f"{len(table):,} {words}" for table, words in tables if len(table)]


def _going(rows: pd.DataFrame) -> Card:
    label = "Not over: no good run since"
    if len(rows) and not rows["open"].notna().any():
        return Card(label, "not known", ["the source holds failures only, and no good run to tell by"])
    going = _open(rows).sort_values(["count", "last_seen"], ascending=False, kind="stable")
    if going.empty:
        return Card(label, "nothing", ["every workflow went well after it failed" if len(rows) else "nothing failed"])
    lines = [
        f"{problem(row)}: {cause_within(row.cause)}, since {day(row.began)}, {row.count:,}\u00a0×"
        for row in going.head(NAMED).itertuples()
    ]
    return Card(label, counted(len(going), "problem"), lines)


def _new(told: Told) -> Card:
    if told.since is None:
        return Card("New", "not known", [told.why])
    lines = [
        f"{problem(row)}: {cause_within(row.cause)}, {day(row.first_seen)}" for row in told.new.head(NAMED).itertuples()
    ]
    value = counted(len(told.new), "problem") if len(told.new) else "nothing"
    return Card(f"New in {_span(told.days)}", value, [*lines, f"{counted(len(told.gone), 'problem')} went away"])


def _shared(fleet: Fleet) -> Card:
    (table, why), label = looked(fleet, "shared"), "What failures share"
    if table is None:
        return Card(label, "not known", [why])
    if table.empty:
        return Card(label, "nothing", ["no one thing explains failures of more than one place"])
    first = next(table.itertuples())
    told, factor = words_of(fleet, first), str(first.factor).replace("_", " ")
    lines = [f"{factor}: {share(first.failed, first.runs)} runs with it failed since {day(first.since)}"]
    if not pd.isna(first.rest_rate):
        lines.append(f"{percent(first.rest_rate)} without it")
    if told.where[0] != "not known":
        lines.append(told.where[0] if told.where[0].startswith("and ") else f"in {told.where[0]}")
    if len(table) > 1:
        lines.append(f"and {counted(len(table) - 1, 'other set')}")
    return Card(label, told.label, lines)


def _silent(fleet: Fleet) -> Card:
    def line(row: Any) -> str:
        missed = "" if pd.isna(row.missed) else f", {int(row.missed):,} missed"
        return f"{flow(row)}: last run {day(row.last_run)}{missed}"

    return _card(fleet, "silent", "Silent", "workflow", "each that ran at a cadence kept it", line)


def _green(fleet: Fleet) -> Card:
    def line(row: Any) -> str:
        return f"{problem(row)}: {share(row.runs, row.of)} runs since {day(row.since)}"

    nothing = "no success looks like none" if items_known(fleet) else "by errors and run times; items are not known"
    return _card(fleet, "false_green", "Falsely green", "place", nothing, line)


def _slow(fleet: Fleet) -> Card:
    def line(row: Any) -> str:
        return f"{problem(row)}: {'bit by bit' if pd.isna(row.since) else f'since {day(row.since)}'}"

    return _card(fleet, "slow", "Slower", "place", "nothing takes longer than it did", line)


def _card(fleet: Fleet, kind: str, label: str, what: str, nothing: str, line: Callable[[Any], str]) -> Card:
    """One of the three that no error tells of, with one of three answers."""
    table, why = looked(fleet, kind)
    if table is None:
        return Card(label, "not known", [why])
    if table.empty:
        return Card(label, "nothing", [nothing])
    return Card(label, counted(len(table), what), [line(row) for row in table.head(NAMED).itertuples()])


def _span(days: int) -> str:
    return f"the last {days} days" if days == WEEK else "the last 24 hours"
