"""What followed what in an incident: its runs, and below them a row for each thing that happened, in the order of time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from incident_nb.plots.house import BLUE, FAINT, GRID, INK, Chart, canvas, drawable, shorten, when
from incident_nb.plots.scale import Scale, scale_of
from incident_nb.plots.strip import OUTCOMES, Key, outcomes_of

Happened = tuple[str, str, Sequence[datetime]]  # a kind (a key of KINDS), what it was, when (zone-aware)
Open = tuple[datetime, datetime, str]  # from when to when it was open, and how long in words

# kind of a row -> (its name in the legend, colour, marker)
KINDS: dict[str, tuple[str, str, str]] = {
    "change": ("change", "#CC79A7", "D"),
    "alert": ("alert", "#E69F00", "^"),
    "action": ("action", BLUE, "o"),
    "good": ("went well", "#009E73", "s"),
    "bad": ("went badly", "#D55E00", "X"),
}
ROW, REST = 0.235, 1.15  # inches: of a row, and of all that is no row
LETTERS = 92  # that fit into the plot's width
LONGEST_ALT = 390


def course(
    rows: Sequence[Happened],
    executions: pd.DataFrame,
    *,
    with_errors: Collection[Key] = (),
    onset: datetime | None = None,
    spans: Sequence[Open] = (),
    more: int = 0,
    title: str,
) -> Chart:
    """The chart of an incident's course: `rows` in order (one at least), the runs of that time above them.

    `executions` and `with_errors` are those of `execution_strip`; `spans` are the times in which the incident was open;
    `more` rows were left out. Times are zone-aware; the axis is UTC, and long stretches in which nothing happened are
    short on it. `Chart.data`: `at`, `kind` (of `KINDS`, or `run`), `what` (the row's text, or the run's outcome).
    """
    moments = [at for _, _, instants in rows for at in instants]
    moments += [at for begin, end, _ in spans for at in (begin, end)] + ([onset] if onset else [])
    scale = scale_of(moments)
    runs = outcomes_of(executions, with_errors).dropna(subset=["at"])
    first, last = scale.ends
    runs = runs[(runs["at"] >= first) & (runs["at"] <= last)].sort_values("at", ignore_index=True)
    lanes = [name for name in OUTCOMES if (runs["outcome"] == name).any()]

    top = len(lanes) + bool(spans)
    figure, axes = canvas(REST + ROW * (top + len(rows)), title)
    _frame(axes, scale, top + len(rows))
    labels = [*_runs(axes, scale, runs, lanes), *(_open(axes, scale, spans, len(lanes)) if spans else [])]
    many_days = len({at.astimezone(UTC).date() for at in moments}) > 1
    for place, (kind, text, instants) in enumerate(rows, start=top):
        _row(axes, scale, place, kind, text, instants)
        labels.append(_time(instants[0], many_days))
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
    if onset:
        axes.axvline(scale(onset), color=INK, lw=1.2, ls=(0, (4, 2)), zorder=2)
    used = [kind for kind in KINDS if any(kind == row[0] for row in rows)]
    marks = [Line2D([], [], ls="", marker=KINDS[k][2], color=KINDS[k][1], label=KINDS[k][0]) for k in used]
    dashed = [Line2D([], [], color=INK, lw=1.2, ls=(0, (4, 2)), label="onset")] if onset else []
    figure.legend(
        handles=[*marks, *dashed], loc="outside lower left", ncols=6, frameon=False, fontsize=8.5, labelcolor=INK,
        handletextpad=0.4, columnspacing=1.4,
    )  # fmt: skip
    points = [(at, kind, text) for kind, text, instants in rows for at in instants]
    points += [(at, "run", outcome) for at, outcome in zip(runs["at"], runs["outcome"], strict=True)]
    data = pd.DataFrame(points, columns=["at", "kind", "what"])
    return Chart(figure, data, _words(title, rows, runs, lanes, onset, more))


def _frame(axes: Axes, scale: Scale, count: int) -> None:
    """The axis of time, and the stretches that are short on it."""
    axes.set_xlim(0, 1)
    axes.set_ylim(count - 0.4, -0.6)
    ticks = scale.ticks()
    axes.set_xticks([place for place, _ in ticks], [label for _, label in ticks], fontsize=8.5)
    axes.tick_params(axis="x", length=3, color=GRID)
    axes.set_xlabel("time (UTC)", fontsize=8.5, color=FAINT)
    for begin, end in scale.gaps:
        axes.axvspan(scale(begin), scale(end), facecolor="#f1f4f7", edgecolor=GRID, hatch="////", lw=0, zorder=0)
        middle = (scale(begin) + scale(end)) / 2
        axes.annotate(
            _length(end - begin), (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", va="bottom", fontsize=8, color=FAINT,
        )  # fmt: skip


def _runs(axes: Axes, scale: Scale, runs: pd.DataFrame, lanes: Sequence[str]) -> list[str]:
    """The lanes of the runs; their labels."""
    labels = []
    for lane, name in enumerate(lanes):
        _, colour, marker = OUTCOMES[name]
        places = [scale(at) for at in runs.loc[runs["outcome"] == name, "at"]]
        marker, size = ("|", 60.0) if len(places) > 60 else (marker, 30.0)
        axes.scatter(
            places, [lane] * len(places), s=size, c=colour, marker=marker, alpha=0.75, linewidths=0.8, zorder=3
        )
        labels.append(f"{name}  {len(places):,}")
    return labels


def _open(axes: Axes, scale: Scale, spans: Sequence[Open], lane: int) -> list[str]:
    """The times in which the incident was open, as bars with their lengths; the lane's label."""
    for begin, end, words in spans:
        left, right = scale(begin), scale(end)
        axes.barh(lane, max(right - left, 0.004), left=left, height=0.62, color=BLUE, alpha=0.22, zorder=2)
        fits = (right - left) * LETTERS > len(words) + 1
        place, side = ((left + right) / 2, "center") if fits else (right + 0.006, "left")
        axes.text(place, lane, words, ha=side, va="center", fontsize=8, color=INK, zorder=4)
    return ["open"]


def _row(axes: Axes, scale: Scale, place: int, kind: str, text: str, instants: Sequence[datetime]) -> None:
    """One thing that happened: a mark at each of its instants, and its words on the side that has more room."""
    _, colour, marker = KINDS[kind]
    places = [scale(at) for at in instants]
    axes.hlines(place, 0, places[-1], color=GRID, lw=0.8, zorder=1)
    axes.scatter(places, [place] * len(places), s=34, c=colour, marker=marker, linewidths=0.6, zorder=5)
    right, left = (1 - places[-1]) * LETTERS - 2, places[0] * LETTERS - 2
    line = drawable(text)
    on_right = right >= len(line) or right >= left
    words = shorten(line, max(12, int(right if on_right else left)))
    at, shift, side = (places[-1], 7, "left") if on_right else (places[0], -7, "right")
    axes.annotate(
        words, (at, place), xytext=(shift, 0), textcoords="offset points", ha=side, va="center", fontsize=8.5, color=INK,
        parse_math=False, zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.88},
    )  # fmt: skip


def _time(at: datetime, with_day: bool) -> str:
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%b %H:%M}" if with_day else f"{moment:%H:%M}"


def _length(gap: timedelta) -> str:
    hours = round(gap / timedelta(hours=1))
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} d"


def _words(
    title: str, rows: Sequence[Happened], runs: pd.DataFrame, lanes: Sequence[str], onset: datetime | None, more: int
) -> str:
    """What the chart shows, as far as a text alternative should go; every entry stands in the table of the timeline."""
    begins = f"{title}: {len(rows)} rows from {when(rows[0][2][0])} UTC on."
    begins += f" Onset {when(onset)}." if onset else ""
    counts = ", ".join(f"{int((runs['outcome'] == name).sum()):,} {name}" for name in lanes)
    begins += f" Runs of that time: {counts}." if counts else ""
    end = f" {more} more in the table of the timeline." if more else ""
    told = ""
    for number, (_, text, instants) in enumerate(rows):
        part = f" {_time(instants[0], True)} {shorten(text, 60)}{'.' if number == len(rows) - 1 else ';'}"
        if len(begins) + len(told) + len(part) + len(end) > LONGEST_ALT - 24:
            return f"{begins}{told} and {len(rows) - number} more.{end}"
        told += part
    return f"{begins}{told}{end}"
