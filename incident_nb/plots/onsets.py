"""Problems over time: since when each one is, how exactly that is known, until when it was seen, and what changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from incident_nb.plots.house import FAINT, GRID, INK, RED, Chart, Empty, canvas, drawable, number, when

MOST = 14  # problems in one picture
OVER = "#7fb2d6"
_LEAST = timedelta(minutes=1)  # of an axis
ABOVE = 0.27  # of a row: a change stands above what it may have brought about
# what has changed -> colour, marker
CHANGES = {"version": ("#F0E442", "D", "new workflow version"), "record": ("#CC79A7", "^", "on record")}


def onset_chart(
    problems: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    since: datetime,
    until: datetime,
    limit: int = MOST,
    title: str = "Problems over time",
) -> Chart:
    """The problems with most failures as rows, the earliest first: onset, the time in which it may lie, last failure.

    `problems`: columns `label`, `note` (at its end), `workflow_id`, `instance`, `at`, `not_before` (missing: before what
    was read), `not_after`, `last_seen`, `open` (whether it goes on), `count`. `changes`: columns `instance`, `workflow_id`, `at`,
    `kind` (of `CHANGES`), `what`; each is drawn in the rows of its workflow. The axis is UTC, from `since` to `until`.
    `Chart.data`: `row`, `label`, `kind` (problem, or of `CHANGES`), `at`, `not_before`, `not_after`, `last_seen`, `open`.
    """
    dated = problems.dropna(subset=["at"])
    kept = dated.sort_values(["count", "last_seen"], ascending=False, kind="stable").head(limit)
    shown = kept.sort_values("at", kind="stable", ignore_index=True)
    data = _rows(shown, changes[(changes["at"] >= since) & (changes["at"] <= until)])
    figure, axes = canvas(1.3 + 0.3 * max(3, len(shown)), title)
    if shown.empty:
        return Empty(figure, data, f"{title}: there is no problem with a known onset.")
    axes.set_xlim(number(since), number(max(until, since + _LEAST)))
    for row in data.itertuples():
        _draw(axes, row, since, until)
    for place, note in enumerate(shown["note"]):
        axes.text(
            1.01, place, drawable(str(note)), transform=axes.get_yaxis_transform(), ha="left", va="center", fontsize=8.5,
            color=INK, parse_math=False,
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [drawable(str(label)) for label in shown["label"]], parse_math=False)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="y", color=GRID, lw=0.8)
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set(fontsize=9, color=FAINT)
    axes.set_xlabel("time (UTC)", fontsize=9, color=FAINT)
    _legend(figure, data)
    return Chart(figure, data, _words(title, data, len(dated) - len(shown)))


def _rows(shown: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """What is drawn, the problems first, then the changes in their workflows' rows."""
    columns = ["row", "label", "kind", "at", "not_before", "not_after", "last_seen", "open"]
    rows = shown.assign(row=range(len(shown)), kind="problem")
    own = rows[["row", "instance", "workflow_id"]].merge(changes, on=["instance", "workflow_id"])
    own = own.assign(label=own["what"]).reindex(columns=columns)
    parts = [part for part in (rows.reindex(columns=columns), own) if len(part)]
    data = pd.concat(parts, ignore_index=True) if parts else rows.reindex(columns=columns)
    for name in ("at", "not_before", "not_after", "last_seen"):
        data[name] = pd.to_datetime(data[name], utc=True)
    return data


def _draw(axes: Axes, row: Any, since: datetime, until: datetime) -> None:
    """A problem: a bar from onset to last failure (dotted on where it goes on), a bracket where it may have begun. A
    change: a mark.
    """
    if row.kind != "problem":
        colour, marker, _ = CHANGES[row.kind]
        axes.plot(
            number(row.at), row.row - ABOVE, marker=marker, markersize=6.5, color=colour, markeredgecolor=INK,
            markeredgewidth=0.8, zorder=5,
        )  # fmt: skip
        return
    began, ended = number(row.at), number(row.last_seen)
    axes.plot(
        [began, ended], [row.row, row.row], lw=7, solid_capstyle="butt", color=RED if row.open else OVER, zorder=2
    )
    if row.open:
        axes.plot([ended, number(until)], [row.row, row.row], lw=1.6, ls=(0, (1, 1.6)), color=RED, zorder=2)
    low = number(since if pd.isna(row.not_before) else row.not_before)
    high = max(number(row.not_after), began)
    if high > low:
        axes.plot([low, high], [row.row, row.row], lw=1.3, color=INK, zorder=3)
        edges = [high] if pd.isna(row.not_before) else [low, high]
        axes.plot(edges, [row.row] * len(edges), "|", markersize=8, color=INK, zorder=3)
    inside = RED if row.open else OVER
    axes.plot(began, row.row, "o", markersize=5.5, color=inside, markeredgecolor=INK, markeredgewidth=1.2, zorder=4)


def _legend(figure: Figure, data: pd.DataFrame) -> None:
    marks: list[Line2D] = [
        Line2D(
            [],
            [],
            marker="o",
            color=INK,
            markerfacecolor="white",
            lw=1.3,
            markersize=5,
            label="onset, and where it may lie",
        ),
    ]
    of = data[data["kind"] == "problem"]
    if of["open"].astype(bool).any():
        marks.append(Line2D([], [], color=RED, lw=7, label="no good run since"))
    if not of["open"].astype(bool).all():
        marks.append(Line2D([], [], color=OVER, lw=7, label="until its last failure"))
    marks += [
        Line2D([], [], marker=marker, color=colour, markeredgecolor=INK, lw=0, markersize=6.5, label=words)
        for kind, (colour, marker, words) in CHANGES.items()
        if (data["kind"] == kind).any()
    ]
    figure.legend(
        handles=marks, loc="outside lower left", ncols=5, fontsize=8.5, frameon=False, handlelength=1.4,
        columnspacing=1.2, borderaxespad=0.3,
    )  # fmt: skip


def _words(title: str, data: pd.DataFrame, more: int) -> str:
    of = data[data["kind"] == "problem"]
    told = "; ".join(f"{row.label} since {when(row.at)}{', goes on' if row.open else ''}" for row in of.itertuples())
    rest = f"; {more:,} with fewer failures are not drawn" if more else ""
    changed = len(data) - len(of)
    return f"{title}, UTC: {told}{rest}. {changed:,} {'change' if changed == 1 else 'changes'} beside them."
