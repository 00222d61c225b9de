"""The charts of a review: incidents by week, deadlines met, and how often each workflow failed over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from incident_nb.models import Severity
from incident_nb.plots.house import BLUE, FAINT, GRID, INK, Chart, Empty, canvas, drawable, shorten
from incident_nb.policy import CLOCKS
from incident_nb.review.model import Rate, Review
from incident_nb.review.views import met_words, share_words

# severity -> colour, hatch; the order is that of the pile, from below
GRADES: dict[Severity | None, tuple[str, str]] = {
    Severity.P1: ("#A61B1B", ""),
    Severity.P2: ("#E69F00", "//"),
    Severity.P3: (BLUE, ".."),
    Severity.P4: ("#B7C0CA", ""),
    None: ("#FFFFFF", ""),
}
STATES = {"met": ("#009E73", ""), "missed": ("#D55E00", "//"), "running": ("#FFFFFF", "")}
MOST_ROWS = 8  # workflows in one chart


def weeks(found: Review) -> Chart:
    """How many incidents were detected in each week up to the period's end, by severity.

    `Chart.data`: `week` (its beginning, UTC), `severity` (P1 to P4, or "not classified"), `count`; a row for each that
    there were any of.
    """
    title = "Incidents by week and severity"
    data = pd.DataFrame(
        [
            (week.since, str(grade or "not classified"), week.counts[grade])
            for week in found.weeks
            for grade in GRADES
            if week.counts.get(grade)
        ],
        columns=["week", "severity", "count"],
    )
    figure, axes = canvas(2.5, title)
    if data.empty:
        return Empty(figure, data, f"{title}: none in the {len(found.weeks)} weeks up to the period's end.")
    below = [0] * len(found.weeks)
    for grade, (colour, hatch) in GRADES.items():
        heights = [week.counts.get(grade, 0) for week in found.weeks]
        if any(heights):
            axes.bar(
                range(len(heights)), heights, bottom=below, width=0.62, color=colour, hatch=hatch, edgecolor=INK,
                linewidth=0.6, label=str(grade or "not classified"),
            )  # fmt: skip
            below = [low + height for low, height in zip(below, heights, strict=True)]
    _dates(axes, found, [week.since for week in found.weeks])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.set_ylim(0, max(below) * 1.12)
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_xlabel(f"week from ({found.period.zone})", fontsize=9, color=FAINT)
    _legend(axes)
    told = [f"{day}: {_listed(rows)}" for day, rows in _by_week(found, data)]
    return Chart(figure, data, f"{title}, by the day on which the week begins. {'; '.join(told)}; none in the others.")


def attainment(found: Review) -> Chart:
    """How often each clock was met, missed, or is running, in counts.

    `Chart.data`: `clock`, `state` (met, missed, running), `count`; a row for each, 0 among them.
    """
    title = "Deadlines met"
    all_of = {one.clock: one for one in found.attained if one.severity is None}
    data = pd.DataFrame(
        [(clock, state, getattr(all_of[clock], state)) for clock in CLOCKS for state in STATES],
        columns=["clock", "state", "count"],
    )
    figure, axes = canvas(1.9, title)
    if not data["count"].sum():
        return Empty(figure, data, f"{title}: there was none in this period.")
    for place, clock in enumerate(CLOCKS):
        left = 0
        for state, (colour, hatch) in STATES.items():
            count = getattr(all_of[clock], state)
            axes.barh(
                place, count, left=left, height=0.58, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.6,
                label=state if not place else None,
            )  # fmt: skip
            left += count
        axes.annotate(
            met_words(all_of[clock]), (left, place), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(CLOCKS)), list(CLOCKS))
    axes.set_ylim(len(CLOCKS) - 0.4, -0.6)
    axes.set_xlim(0, max(data.groupby("clock")["count"].sum()) * 1.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("incidents", fontsize=9, color=FAINT)
    _legend(axes)
    told = "; ".join(f"{clock} {met_words(all_of[clock])}" for clock in CLOCKS)
    return Chart(figure, data, f"{title}: {told}.")


def rates(found: Review) -> Chart:
    """The share of runs that failed in each part of the period, a row for each of the workflows that failed most.

    `Chart.data`: `workflow`, `since` (UTC), `runs`, `failed`, `share` (0 to 1; missing where nothing ran).
    """
    title = "Share of runs that failed"
    shown = [one for one in found.runs.rates if one.failed][:MOST_ROWS] if found.runs else []
    parts = found.runs.parts if found.runs else ()
    data = pd.DataFrame(
        [
            (one.workflow, since, runs, failed, failed / runs if runs else None)
            for one in shown
            for since, (runs, failed) in zip(parts, one.parts, strict=False)
        ],
        columns=["workflow", "since", "runs", "failed", "share"],
    )
    figure, axes = canvas(0.95 + 0.52 * max(2, len(shown)), title)
    if not shown:
        why = "No workflow failed." if found.runs and found.runs.rates else "No runs were counted."
        return Empty(figure, data, f"{title}: {why[0].lower()}{why[1:]}")
    for place, one in enumerate(shown):
        _row(axes, place, one)
    labels = [f"{drawable(shorten(one.workflow, 34))}\n{share_words(one.runs, one.failed)}" for one in shown]
    axes.set_yticks([place + 0.42 for place in range(len(shown))], labels, parse_math=False)
    axes.set_ylim(len(shown) + 0.05, -0.12)
    _dates(axes, found, list(parts[:-1]))
    axes.set_xlabel(
        f"from ({found.period.zone}); a full row is every run, a dot is none of them", fontsize=9, color=FAINT
    )
    told = "; ".join(f"{one.workflow}: {share_words(one.runs, one.failed)}{_worst(found, one)}" for one in shown)
    return Chart(figure, data, f"{title}: {told}.")


def _row(axes: Axes, place: int, one: Rate) -> None:
    """One workflow's bars, standing on a line of their own; a dot where it ran and nothing failed."""
    floor, height = place + 0.82, 0.72
    axes.axhline(floor, color=GRID, lw=0.8, zorder=1)
    for at, (runs, failed) in enumerate(one.parts):
        if failed:
            tall = height * failed / runs
            axes.bar(at, -tall, bottom=floor, width=0.62, color="#D55E00", edgecolor=INK, linewidth=0.6, zorder=2)
        elif runs:
            axes.plot(at, floor, marker="o", markersize=3.5, color=FAINT, zorder=3)


def _worst(found: Review, one: Rate) -> str:
    """The part in which most failed, where there are several."""
    ran = [(failed / runs, -at, failed, runs) for at, (runs, failed) in enumerate(one.parts) if runs]
    if len(ran) < 2 or not found.runs:
        return ""
    _, at, failed, runs = max(ran)
    return f", most from {_day(found, found.runs.parts[-at])} on ({failed} of {runs})"


def _dates(axes: Axes, found: Review, instants: Sequence[datetime]) -> None:
    step = max(1, -(-len(instants) // 9))
    places = range(0, len(instants), step)
    axes.set_xticks(list(places), [_day(found, instants[place]) for place in places])
    axes.set_xlim(-0.6, len(instants) - 0.4)


def _day(found: Review, at: datetime) -> str:
    return f"{found.period.local(at):%d %b}"


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5, fontsize=8.5, frameon=False, borderaxespad=0.1)


def _by_week(found: Review, data: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(_day(found, week), rows) for week, rows in data.groupby("week")]


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{count} {grade}" for grade, count in zip(rows["severity"], rows["count"], strict=True))
