"""The charts of a report: one house style, safe for colour-blind readers, readable in black and white print.

Colours are those of Okabe and Ito's palette; what differs by colour differs by shape and by place, too.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine

WIDTH = 7.6  # inches; at 100 CSS pixels an inch a chart fills the text width of a report
CSS_DPI, DENSITY = 100, 2
Key = tuple[str, str]  # of an execution: its instance and its id
INK, FAINT, GRID = "#1b2430", "#5d6875", "#dfe4ea"
BLUE, GREY = "#0072B2", "#8a939d"

# outcome of a run -> (n8n's statuses, colour, marker); the order is that of the lanes, from the top
OUTCOMES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "failed": (("error",), "#D55E00", "X"),
    "canceled or crashed": (("canceled", "crashed"), "#E69F00", "s"),
    "succeeded with errors": ((), "#CC79A7", "D"),
    "succeeded": (("success",), "#009E73", "o"),
    "not finished": (("running", "waiting", "new"), "#56B4E9", "^"),
    "other": ((), GREY, "v"),
}
_OUTCOME_OF = {status: outcome for outcome, (statuses, _, _) in OUTCOMES.items() for status in statuses}


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its figure, the plotted data, and what it shows in words with numbers (the text alternative).

    In a notebook it shows itself as PNG at double density; the words travel along as `text/plain` and as the image's
    `alt` in the output's metadata, which the report's template honours.
    """

    figure: Figure
    data: pd.DataFrame
    alt: str

    def png(self) -> bytes:
        """The chart as PNG at double density, without the date and software notes that would differ between runs."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=CSS_DPI * DENSITY, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        width, height = (round(side * CSS_DPI) for side in self.figure.get_size_inches())
        picture = {"alt": self.alt, "width": width, "height": height}
        return {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}, {"image/png": picture}


def execution_strip(
    executions: pd.DataFrame,
    *,
    onset: datetime | None = None,
    onset_range: tuple[datetime, datetime] | None = None,
    subject_executions: Collection[Key] = (),
    with_errors: Collection[Key] = (),
    title: str,
) -> Chart:
    """Every run of one workflow over time, one lane an outcome, with the onset as a line and its uncertainty as a band.

    `executions` has the columns `instance`, `execution_id`, `at`, `status` of `models.EXECUTION_COLUMNS`.
    `subject_executions` are ringed; `with_errors` are runs that n8n marked success although they hold a failure; both by
    instance and id. Times are zone-aware; the axis is UTC. `Chart.data`: `execution_id`, `at`, `outcome` (a key of
    `OUTCOMES`), `subject`; one row a run with a time.
    """
    runs = pd.DataFrame(
        {
            "execution_id": executions["execution_id"].astype(object),
            "at": pd.to_datetime(executions["at"], utc=True),
            "outcome": executions["status"].astype(object).map(_OUTCOME_OF).fillna("other"),
        }
    )
    keys = pd.Series([*zip(executions["instance"], executions["execution_id"], strict=True)], runs.index, dtype=object)
    hidden = keys.isin(set(with_errors)) & (runs["outcome"] == "succeeded")
    runs.loc[hidden, "outcome"] = "succeeded with errors"
    runs["subject"] = keys.isin(set(subject_executions))
    undated = int(runs["at"].isna().sum())
    runs = runs.dropna(subset=["at"]).sort_values("at", ignore_index=True)
    counts = _counts(runs)

    figure, axes = _canvas(1.15 + 0.34 * max(2, len(counts)), title)
    if counts:
        _draw_lanes(axes, runs, counts)
        _draw_time(axes, [*runs["at"], *(onset_range or ()), *([onset] if onset else [])])
        if onset_range:
            axes.axvspan(*map(_number, onset_range), color=INK, alpha=0.10, lw=0, zorder=1)
        if onset:
            _draw_onset(axes, onset)
    else:
        _say_empty(axes, "No runs of this workflow in what was read.")
    return Chart(figure, runs, _strip_words(title, runs, onset, onset_range, undated))


def cause_bars(groups: pd.DataFrame, *, title: str = "Failures by cause") -> Chart:
    """How many failures each root cause has, most first.

    `groups`: one row a group of failures, columns `cause`, `count`. `Chart.data`: `cause`, `count`, `groups`.
    """
    named = groups.assign(cause=groups["cause"].astype(object).fillna("not classified").astype(str))
    data = named.groupby("cause", sort=False)["count"].agg(count="sum", groups="size").reset_index()
    data = data.sort_values(["count", "cause"], ascending=[False, True], ignore_index=True)
    labels = [cause.replace("_", " ") for cause in data["cause"]]
    notes = [f"{count:,}" for count in data["count"]]
    grey = data["cause"].isin(["unknown", "not classified"])
    figure = _bars(title, labels, data["count"].tolist(), notes, grey.tolist())
    words = "; ".join(f"{label} {note}" for label, note in zip(labels, notes, strict=True)) or "no failures"
    return Chart(figure, data, f"{title}: {words}.")


def group_bars(groups: pd.DataFrame, *, limit: int = 12, title: str = "Groups of failures") -> Chart:
    """The largest groups of the same problem, most failures first, with their cause; the rest in one bar.

    `groups`: columns `workflow`, `node`, `cause`, `count`. `Chart.data`: `label`, `cause`, `count`; at most
    `limit` + 1 rows, the last one standing for all smaller groups.
    """
    ordered = groups.sort_values("count", ascending=False, kind="stable", ignore_index=True)
    text = ordered[["workflow", "node", "cause"]].astype(object).fillna("").astype(str)
    data = pd.DataFrame(
        {
            "label": [_label(workflow, node) for workflow, node in zip(text["workflow"], text["node"], strict=True)],
            "cause": text["cause"].str.replace("_", " ").replace("", "not classified"),
            "count": ordered["count"].astype("int64"),
        }
    )
    shown, rest = data.iloc[:limit], data.iloc[limit:]
    if len(rest):
        more = {"label": f"{len(rest):,} smaller groups", "cause": "", "count": int(rest["count"].sum())}
        shown = pd.concat([shown, pd.DataFrame([more])], ignore_index=True)
    notes = [f"{n:,}  {cause}".rstrip() for n, cause in zip(shown["count"], shown["cause"], strict=True)]
    grey = [not cause or cause == "unknown" for cause in shown["cause"]]
    figure = _bars(title, shown["label"].tolist(), shown["count"].tolist(), notes, grey)
    words = "; ".join(f"{label}: {note}" for label, note in zip(shown["label"], notes, strict=True)) or "no failures"
    return Chart(figure, shown, f"{title}: {words}.")


def _counts(runs: pd.DataFrame) -> dict[str, int]:
    """How many runs each outcome that occurs has, in the order of the lanes."""
    return {name: n for name in OUTCOMES if (n := int((runs["outcome"] == name).sum()))}


def _canvas(height: float, title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08), facecolor="white")
    axes = figure.add_subplot()
    heading = _drawable(_shorten(title, 80))
    figure.suptitle(heading, x=0.012, ha="left", fontsize=11, color=INK, weight="bold", parse_math=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(labelsize=9, length=0, colors=INK)
    axes.set_axisbelow(True)
    return figure, axes


def _draw_lanes(axes: Axes, runs: pd.DataFrame, counts: dict[str, int]) -> None:
    many = len(runs) > 600  # thousands of runs become thin strokes, see-through, so that their density shows
    size, alpha = (90.0, 0.4) if many else (52.0, 0.95) if len(runs) <= 60 else (26.0, 0.75)
    for lane, name in enumerate(counts):
        _, colour, marker = OUTCOMES[name]
        here = runs[runs["outcome"] == name]
        times = [_number(at) for at in here["at"]]
        marker = "|" if many and len(here) > 60 else marker
        axes.scatter(times, [lane] * len(here), s=size, c=colour, marker=marker, alpha=alpha, linewidths=0.6, zorder=2)
        ringed = [time for time, subject in zip(times, here["subject"], strict=True) if subject]
        axes.scatter(ringed, [lane] * len(ringed), s=150, facecolors="none", edgecolors=INK, linewidths=1.3, zorder=4)
    axes.set_yticks(range(len(counts)), [f"{name}  {n:,}" for name, n in counts.items()])
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.grid(axis="y", color=GRID, lw=0.8)


def _draw_time(axes: Axes, moments: list[datetime]) -> None:
    low, high = min(moments), max(moments)
    margin = max((high - low) * 0.03, timedelta(minutes=1) if high > low else timedelta(minutes=30))
    axes.set_xlim(_number(low - margin), _number(high + margin))
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set(fontsize=9, color=FAINT)
    axes.set_xlabel("time (UTC)", fontsize=9, color=FAINT)


def _draw_onset(axes: Axes, onset: datetime) -> None:
    at = _number(onset)
    axes.axvline(at, color=INK, lw=1.4, ls=(0, (4, 2)), zorder=3)
    low, high = axes.get_xlim()
    side, shift = ("left", 3) if at < (low + high) / 2 else ("right", -3)
    axes.annotate(
        f"onset {_when(onset)}", (at, 1), xycoords=("data", "axes fraction"), xytext=(shift, 3),
        textcoords="offset points", ha=side, va="bottom", fontsize=8.5, color=INK,
    )  # fmt: skip


def _bars(title: str, labels: list[str], values: list[int], notes: list[str], grey: list[bool]) -> Figure:
    figure, axes = _canvas(0.85 + 0.34 * max(2, len(labels)), title)
    if not labels:
        _say_empty(axes, "No failures in what was read.")
        return figure
    places = range(len(labels))
    bars = axes.barh(places, values, height=0.66, color=[GREY if plain else BLUE for plain in grey])
    for bar, note in zip(bars, notes, strict=True):
        end = (bar.get_width(), bar.get_y() + bar.get_height() / 2)
        axes.annotate(
            note, end, xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color=INK, parse_math=False
        )
    axes.set_yticks(places, [_drawable(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, max(values) * 1.3 or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure


def _say_empty(axes: Axes, words: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=10, color=FAINT)


def _label(workflow: str, node: str) -> str:
    """A group's name in at most 44 characters; the node keeps its part, since it says more."""
    node = _shorten(node, 22)
    workflow = _shorten(workflow, 41 - len(node))
    return " › ".join(part for part in (workflow, node) if part) or "unnamed"


def _shorten(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def _drawable(text: str) -> str:
    """The text without the emoji that the chart's font lacks, and with a box for each of its other missing letters."""
    known = get_font([findfont("DejaVu Sans")])
    kept = (
        letter if known.get_char_index(ord(letter)) else "" if category(letter)[0] in "SMC" else "□" for letter in text
    )
    return " ".join("".join(kept).split())


def _strip_words(
    title: str, runs: pd.DataFrame, onset: datetime | None, onset_range: tuple[datetime, datetime] | None, undated: int
) -> str:
    counts = _counts(runs)
    if not counts:
        return f"{title}: no runs of this workflow in what was read."
    each = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    first, last = _when(runs["at"].iloc[0]), _when(runs["at"].iloc[-1])
    words = f"{title}: {len(runs):,} {'run' if len(runs) == 1 else 'runs'} from {first} to {last} UTC; {each}."
    if onset:
        between = f", between {_when(onset_range[0])} and {_when(onset_range[1])}" if onset_range else ""
        words += f" Onset {_when(onset)} UTC{between}."
    if undated:
        words += f" {undated:,} more without a time."
    return words


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _number(moment: datetime) -> float:
    return float(date2num(moment))  # type: ignore[no-untyped-call]
