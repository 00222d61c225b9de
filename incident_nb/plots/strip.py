"""Every run of a workflow over time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from incident_nb.plots.house import FAINT, GREY, GRID, INK, Chart, canvas, number, say_empty, when

Key = tuple[str, str]  # of an execution: its instance and its id

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
    runs = outcomes_of(executions, with_errors)
    runs["subject"] = _keys(executions).isin(set(subject_executions))
    undated = int(runs["at"].isna().sum())
    runs = runs.dropna(subset=["at"]).sort_values("at", ignore_index=True)
    counts = _counts(runs)

    figure, axes = canvas(1.15 + 0.34 * max(2, len(counts)), title)
    if counts:
        _draw_lanes(axes, runs, counts)
        _draw_time(axes, [*runs["at"], *(onset_range or ()), *([onset] if onset else [])])
        if onset_range:
            axes.axvspan(*map(number, onset_range), color=INK, alpha=0.10, lw=0, zorder=1)
        if onset:
            _draw_onset(axes, onset)
    else:
        say_empty(axes, "No runs of this workflow in what was read.")
    return Chart(figure, runs, _strip_words(title, runs, onset, onset_range, undated))


def outcomes_of(executions: pd.DataFrame, with_errors: Collection[Key] = ()) -> pd.DataFrame:
    """`execution_id`, `at` and `outcome` (a key of `OUTCOMES`) of these executions; see `execution_strip`."""
    runs = pd.DataFrame(
        {
            "execution_id": executions["execution_id"].astype(object),
            "at": pd.to_datetime(executions["at"], utc=True),
            "outcome": executions["status"].astype(object).map(_OUTCOME_OF).fillna("other"),
        }
    )
    hidden = _keys(executions).isin(set(with_errors)) & (runs["outcome"] == "succeeded")
    runs.loc[hidden, "outcome"] = "succeeded with errors"
    return runs


def _keys(executions: pd.DataFrame) -> pd.Series:
    pairs = [*zip(executions["instance"], executions["execution_id"], strict=True)]
    return pd.Series(pairs, executions.index, dtype=object)


def _counts(runs: pd.DataFrame) -> dict[str, int]:
    """How many runs each outcome that occurs has, in the order of the lanes."""
    return {name: n for name in OUTCOMES if (n := int((runs["outcome"] == name).sum()))}


def _draw_lanes(axes: Axes, runs: pd.DataFrame, counts: dict[str, int]) -> None:
    many = len(runs) > 600  # thousands of runs become thin strokes, see-through, so that their density shows
    size, alpha = (90.0, 0.4) if many else (52.0, 0.95) if len(runs) <= 60 else (26.0, 0.75)
    for lane, name in enumerate(counts):
        _, colour, marker = OUTCOMES[name]
        here = runs[runs["outcome"] == name]
        times = [number(at) for at in here["at"]]
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
    axes.set_xlim(number(low - margin), number(high + margin))
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.xaxis.get_offset_text().set(fontsize=9, color=FAINT)
    axes.set_xlabel("time (UTC)", fontsize=9, color=FAINT)


def _draw_onset(axes: Axes, onset: datetime) -> None:
    at = number(onset)
    axes.axvline(at, color=INK, lw=1.4, ls=(0, (4, 2)), zorder=3)
    low, high = axes.get_xlim()
    side, shift = ("left", 3) if at < (low + high) / 2 else ("right", -3)
    axes.annotate(
        f"onset {when(onset)}", (at, 1), xycoords=("data", "axes fraction"), xytext=(shift, 3),
        textcoords="offset points", ha=side, va="bottom", fontsize=8.5, color=INK,
    )  # fmt: skip


def _strip_words(
    title: str, runs: pd.DataFrame, onset: datetime | None, onset_range: tuple[datetime, datetime] | None, undated: int
) -> str:
    counts = _counts(runs)
    if not counts:
        return f"{title}: no runs of this workflow in what was read."
    each = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    first, last = when(runs["at"].iloc[0]), when(runs["at"].iloc[-1])
    words = f"{title}: {len(runs):,} {'run' if len(runs) == 1 else 'runs'} from {first} to {last} UTC; {each}."
    if onset:
        between = f", between {when(onset_range[0])} and {when(onset_range[1])}" if onset_range else ""
        words += f" Onset {when(onset)} UTC{between}."
    if undated:
        words += f" {undated:,} more without a time."
    return words
