"""The tables of a fleet's problems: all, new, gone; how often workflows fail; which ones fail, run and take most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from incident_nb.diagnose.going_on import standing
from incident_nb.patterns.busiest import busiest as busiest_of
from incident_nb.ui.fleet_sight import looked, news
from incident_nb.ui.fleet_words import (
    MOST,
    Cell,
    cause,
    counted,
    day,
    muted,
    percent,
    place,
    rest,
    seconds,
    share,
    table,
    unseen,
)
from incident_nb.views import View, time_words

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

FEW, TOP = 8, 5  # problems that went away; workflows of each kind
_TRENDS = {"rising": "bad", "falling": "good"}


def problems(fleet: Fleet) -> View:
    """Every problem, most frequent first."""
    found, totals = fleet.found, fleet.found.totals
    rows = []
    for row in standing(found).head(MOST * 2).itertuples():
        over = "" if pd.isna(row.open) else "not over" if row.open else "over"
        rate = "" if row.error_rate is None or pd.isna(row.error_rate) else f"{row.error_rate:.0%} of its runs"
        rows.append(
            [
                [*place(fleet, row, row.node), *muted(_message(row.message))],
                [(cause(row.cause), "")],
                [(f"{row.count:,}", ""), *muted(rate)],
                [(str(row.pattern).replace("_", " "), ""), *muted(over)],
                [(day(row.began), "when"), (f"last {day(row.last_seen)}", "muted")],
            ]
        )
    of = f"{counted(totals['executions'], 'execution')} of {counted(totals['workflows'], 'workflow')}"
    return table(
        ("Problem", "Cause", "Runs", "Pattern", "Since"), rows, empty=f"Nothing failed in {of}.",
        note=rest(len(found.groups) - len(rows), "problem", "fewer runs"),
    )  # fmt: skip


def new(fleet: Fleet) -> View:
    """What is new since last week; where less was read, since the day before."""
    told = news(fleet)
    if told.since is None:
        return unseen(told.why)
    rows = [[*_which(fleet, row), [(day(row.first_seen), "when")], [(_now(row), "")]] for row in told.new.itertuples()]
    return table(
        ("Problem", "Cause", "Runs", "First seen", "Since then"), rows[:MOST],
        empty=f"Nothing fails that did not fail before {time_words(told.since)}.",
        intro=f"New since {time_words(told.since)}: {len(rows):,}.",
        note=" ".join(filter(None, (told.why, rest(len(rows) - MOST, "problem", "an earlier beginning")))),
    )  # fmt: skip


def gone(fleet: Fleet) -> View:
    """What failed before last week (where less was read, the day before), not since, and went well since it failed."""
    told = news(fleet)
    if told.since is None:
        return unseen(told.why)
    rows = [[*_which(fleet, row), [(day(row.last_seen), "when")], [(_now(row), "")]] for row in told.gone.itertuples()]
    return table(
        ("Problem", "Cause", "Runs", "Last seen", "Since then"), rows[:FEW], tone="",
        empty=f"No problem went away: none that failed before {time_words(told.since)} has gone well since.",
        intro=f"Gone since {time_words(told.since)}: {len(rows):,}.",
        note=rest(len(rows) - FEW, "problem", "an earlier end"),
    )  # fmt: skip


def rates(fleet: Fleet) -> View:
    """The workflows that failed, with rate, interval and trend."""
    found, why = looked(fleet, "rates")
    if found is None:
        return unseen(why)
    failing = found[found["failed"] > 0].sort_values(["rate_low", "failed"], ascending=False, kind="stable")
    rows: list[list[Cell]] = []
    for row in failing.head(MOST).itertuples():
        before = "not known" if pd.isna(row.before_rate) else share(row.before_failed, row.before_runs)
        interval = f"{percent(row.rate_low)} to {percent(row.rate_high)}"
        trend = str(row.trend)
        rows.append(
            [place(fleet, row), [(share(row.failed, row.runs), "")], [(percent(row.rate), ""), *muted(interval)],
             [(before, "")],
             [(trend if trend != "unknown" else "not known", _TRENDS.get(trend, "")),
              *muted(row.why if trend in _TRENDS else None)]]
        )  # fmt: skip
    return table(
        ("Workflow", "Failed", "Rate, 95% interval", "The time before", "Trend"), rows,
        empty=f"None of {counted(len(found), 'workflow')} failed.",
        note=rest(len(failing) - len(rows), "workflow", "smaller rates"),
    )  # fmt: skip


def busiest(fleet: Fleet) -> View:
    """Which workflows fail most, run most, take most time: the first of each."""
    found = busiest_of(fleet.found.log.executions)
    if found.empty:
        return table((), (), empty="No run that is over was read.", tone="warn")
    runs, failed = int(found["runs"].sum()), int(found["failed"].sum())
    most = found.sort_values(["runs", "failed"], ascending=False, kind="stable").head(TOP)
    takes = found.dropna(subset=["seconds"]).sort_values("seconds", ascending=False, kind="stable").head(TOP)
    columns = [
        [_with(fleet, row, f"{row.failed:,}", row.failed / failed) for row in found[found["failed"] > 0].head(TOP).itertuples()],
        [_with(fleet, row, f"{row.runs:,}", row.runs / runs) for row in most.itertuples()],
        [_with(fleet, row, seconds(row.seconds), row.share) for row in takes.itertuples()],
    ]  # fmt: skip
    rows = [[column[n] if n < len(column) else [("", "")] for column in columns] for n in range(max(map(len, columns)))]
    told = f"{counted(len(found), 'workflow')}: {counted(runs, 'run')} that are over, {failed:,} of them failed."
    return table(("Fail most", "Run most", "Take most time"), rows, empty="", intro=told)


def _with(fleet: Fleet, row: Any, figure: str, part: float) -> Cell:
    return [*place(fleet, row), *muted(f"{figure} ({percent(part)} of all)")]


def _which(fleet: Fleet, row: Any) -> list[Cell]:
    return [place(fleet, row, row.node), [(cause(row.cause), "")], [(f"{row.count:,}", "")]]


def _message(text: Any) -> str:
    line = " ".join(text.split()) if isinstance(text, str) and text.strip() else "no message was kept"
    return line if len(line) <= 110 else f"{line[:109]}…"


def _now(row: Any) -> str:
    """How a problem stands by the runs of its workflow since its last failure."""
    if pd.isna(row.open):
        return "the source holds no good runs to tell by"
    if row.good_since:
        return f"{share(row.good_since, row.runs_since)} {'run' if row.runs_since == 1 else 'runs'} went well"
    if not row.runs_since:
        return "its workflow has not run"
    return f"{'the one run' if row.runs_since == 1 else f'all {row.runs_since:,} runs'} failed in another way"
