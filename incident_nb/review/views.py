"""What a review shows of itself: each view is a pair of templates, for the notebook, the report and the terminal.

Times are in the client's time zone, which `summary` names.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from incident_nb.models import Cause, Severity
from incident_nb.policy import CLOCKS, load
from incident_nb.review.model import ENOUGH_CASES, ENOUGH_RUNS, STEPS, Attained, Rate, Review
from incident_nb.views import View

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
RISEN = 0.05  # a share of failing runs that differs by less is as before


def summary(found: Review) -> View:
    """Whose review, of when, as known when; and the few figures that matter most."""
    came = found.recurring
    return _view(
        "review_summary", found, open=[one for one in found.lines if one.is_open],
        back_open=sum(one.is_open for one in found.relapses),
        clocks=[one for one in found.attained if one.severity is None],
        resolved=next((one for one in found.spreads if one.severity is None and one.step == "resolve"), None),
        prevented=sum(one.is_prevented for one in came), most=_most(found),
    )  # fmt: skip


def _most(found: Review) -> tuple[Cause, int] | None:
    """The cause of more incidents than any other."""
    (cause, count), (_, second), *_ = (*found.by(lambda line: line.cause).items(), (None, 0), (None, 0))
    return (cause, count) if cause and count > max(second, 1) else None


def severities(found: Review) -> View:
    """How many incidents of each severity there were, how many of them are open, and how many came back."""
    rows = []
    for severity in (*Severity, None):
        lines = [line for line in found.lines if line.severity is severity]
        if severity or lines:
            rows.append((severity, lines))
    return _view("review_severities", found, rows=rows)


def causes(found: Review) -> View:
    """How many incidents each accepted cause has."""
    return _view("review_causes", found, rows=list(found.by(lambda line: line.cause).items()))


def clocks(found: Review) -> View:
    """How often each clock was met, by severity, and which incidents missed one (SEV-P1 to SEV-P4)."""
    rows: dict[Severity | None, list[Attained]] = {}
    for one in found.attained:
        rows.setdefault(one.severity, []).append(one)
    missed = [(line, [clock for clock in CLOCKS if line.clocks.get(clock) == "missed"]) for line in found.lines]
    return _view(
        "review_clocks", found, rows=list(rows.items()), missed=[pair for pair in missed if pair[1]],
        unclassified=sum(line.severity is None for line in found.lines),
    )  # fmt: skip


def times(found: Review) -> View:
    """How long it took to acknowledge, diagnose and resolve, by severity: the median and the worst."""
    rows: dict[Severity | None, list[Any]] = {}
    for one in found.spreads:
        rows.setdefault(one.severity, []).append(one)
    return _view("review_times", found, rows=list(rows.items()), steps=STEPS, enough=ENOUGH_CASES)


def runs(found: Review) -> View:
    """How often each workflow failed in the period, beside the time before it, and what the log does not cover."""
    rows = found.runs.rates if found.runs else ()
    return _view(
        "review_runs", found, runs=found.runs, rows=[(one, _trend(one)) for one in rows],
        green=any(one.green for one in rows), compared=any(one.before is not None for one in rows),
    )  # fmt: skip


def friday(found: Review) -> View:
    """The P3s to mention in the Friday report (NOT-P3)."""
    return _view("review_friday", found)


def recurring(found: Review) -> View:
    """The problems that came more than once, and whether what was to prevent them was done."""
    states = {"open": "open", "overdue": "overdue", "done": "done", "did_not_hold": "did not hold"}
    return _view("review_recurring", found, states=states)


def incidents(found: Review) -> View:
    """Each incident in a line, and those of before that are open."""
    return _view("review_incidents", found)


def hours(found: Review) -> View:
    """The hours by billing class (BILL-1 to BILL-3). For the house only."""
    return _view("review_hours", found, amount=amount_words)


def _view(name: str, found: Review, **more: Any) -> View:
    names = {row.severity: row.name for row in load().severities}

    def when(at: datetime | None) -> str:
        return f"{found.period.local(at):%a %d %b %Y, %H:%M}" if at else "not known"

    def short(at: datetime) -> str:
        return f"{found.period.local(at):%a\u00a0%d\u00a0%b, %H:%M}"

    def day(at: datetime | None) -> str:
        return f"{found.period.local(at):%d %b}" if at else "not known"

    def grade(severity: Severity | None) -> str:
        return f"{severity} {names[severity]}" if severity else "not classified"

    words = {"when": when, "short": short, "day": day, "grade": grade}
    return View(name, {"r": found, **words, "span": span_words, "met": met_words, "share": share_words, **more})


def amount_words(amount: float, rate: str) -> str:
    """An amount as the rate is written: $375.00 at $250/hr."""
    return _NUMBER.sub(f"{amount:,.2f}", rate.rpartition("/")[0] or rate, count=1)


def span_words(span: timedelta | None) -> str:
    """A duration in words, by its two largest units."""
    if span is None:
        return "not known"
    minutes = round(span / timedelta(minutes=1))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    told = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(told[:2]) or "under a minute"


def met_words(one: Attained) -> str:
    """How often a clock was met, as counts: a share of two cases says nothing."""
    told = f"{one.met} of {one.ended}" if one.ended else ""
    going_on = f"{one.running} running" if one.running else ""
    return ", ".join(filter(None, (told, going_on))) or "none asked for"


def share_words(runs: int, failed: int) -> str:
    """So many failed runs of so many; with the share where there are enough for one."""
    told = f"{failed:,} of {runs:,}"
    return f"{told} ({failed / runs:.0%})" if runs >= ENOUGH_RUNS else told


def _trend(one: Rate) -> str:
    """What became of a workflow's share of failing runs, in words."""
    if one.before is None:
        return "the log does not reach back"
    runs, failed = one.before
    if not runs:
        return "did not run before"
    told = f"before: {share_words(runs, failed)}"
    if min(runs, one.runs) < ENOUGH_RUNS:
        return told
    change = one.failed / one.runs - failed / runs
    how = "about as often" if abs(change) < RISEN else "more often" if change > 0 else "less often"
    return f"{how}; {told}"
