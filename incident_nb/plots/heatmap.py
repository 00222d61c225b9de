"""When something fails: runs by weekday and hour, with the share of them that failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from incident_nb.patterns.rates import wilson
from incident_nb.plots.house import FAINT, INK, RED, Chart, Empty, canvas

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
QUIET = "#eef2f6"  # runs, none of which failed
_HEAT = LinearSegmentedColormap.from_list("heat", ["#fbe9dc", RED, "#7a2f00"])
_DARK = 0.42  # from here on a number is white


def heat_map(runs: pd.DataFrame, *, zone: str = "UTC", title: str = "Failures by weekday and hour") -> Chart:
    """How many runs of each weekday and hour failed, beside how many there were, in that time zone (IANA name).

    `runs`: columns `at` (zone-aware) and `failed`. The number in a field is the count of failed runs; the darker it is,
    the larger is the share that failed at the least (lower end of its 95 % interval), so that one failure of one run
    is paler than nine of ten. `Chart.data`: `weekday` (0 is Monday), `hour`, `runs`, `failed`, `share` (0 to 1, missing
    where nothing ran); 168 rows, or none where nothing ran at all.
    """
    dated = runs.dropna(subset=["at"])
    local = dated["at"].dt.tz_convert(zone)
    field = (local.dt.day_of_week * 24 + local.dt.hour).to_numpy(dtype="int64")
    ran = np.bincount(field, minlength=168)
    failed = np.bincount(field, weights=dated["failed"].to_numpy(dtype=float), minlength=168).astype("int64")
    data = pd.DataFrame(
        {
            "weekday": np.repeat(np.arange(7), 24),
            "hour": np.tile(np.arange(24), 7),
            "runs": ran,
            "failed": failed,
            "share": np.divide(failed, ran, out=np.full(168, np.nan), where=ran > 0),
        }
    )
    figure, axes = canvas(3.15, title)
    if dated.empty:
        return Empty(figure, data.iloc[:0], f"{title}: no runs with a time were read.")
    if not failed.sum():
        return Empty(figure, data, f"{title}: none of {len(dated):,} runs failed.")
    _draw(axes, data)
    axes.set_xlabel(
        f"hour of the day ({zone}); number: runs that failed; darker: a larger share; ·: nothing ran",
        fontsize=9, color=FAINT,
    )  # fmt: skip
    return Chart(figure, data, _words(title, data, zone))


def _draw(axes: Axes, data: pd.DataFrame) -> None:
    least = at_least(data["failed"].to_numpy(), data["runs"].to_numpy()).reshape(7, 24)
    ran, failed = (data[name].to_numpy().reshape(7, 24) for name in ("runs", "failed"))
    axes.imshow(
        np.where(ran > 0, 0, np.nan), cmap=LinearSegmentedColormap.from_list("quiet", [QUIET, QUIET]), aspect="auto"
    )
    axes.imshow(np.where(failed > 0, least, np.nan), cmap=_HEAT, vmin=0, vmax=0.8, aspect="auto")
    for (day, hour), count in np.ndenumerate(failed):
        if count:
            shade = "white" if least[day, hour] > _DARK else INK
            size = 8 if count < 1000 else 6.5
            axes.text(hour, day, f"{count}", ha="center", va="center", fontsize=size, color=shade)
        elif not ran[day, hour]:
            axes.text(hour, day, "·", ha="center", va="center", fontsize=8, color=FAINT)
    axes.set_xticks(range(24), [f"{hour:02d}" for hour in range(24)], fontsize=8)
    axes.set_yticks(range(7), [f"{DAYS[day][:3]}  {failed[day].sum():,} of {ran[day].sum():,}" for day in range(7)])
    axes.set_xticks(np.arange(-0.5, 24), minor=True)
    axes.set_yticks(np.arange(-0.5, 7), minor=True)
    axes.grid(which="minor", color="white", lw=1.5)
    axes.tick_params(which="minor", length=0)
    axes.spines["bottom"].set_visible(False)


def at_least(failed: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """The share that failed at the least: the lower end of Wilson's 95 % interval, 0 where nothing ran."""
    low, _ = wilson(failed.astype(float), np.maximum(runs, 1).astype(float))
    return np.where(runs > 0, low, 0.0)


def _words(title: str, data: pd.DataFrame, zone: str) -> str:
    least = at_least(data["failed"].to_numpy(), data["runs"].to_numpy())
    worst = data.assign(least=least)[data["failed"] > 0].sort_values(["least", "failed"], ascending=False).head(3)
    told = "; ".join(
        f"{DAYS[row.weekday]} {row.hour:02d}:00, {row.failed:,} of {row.runs:,}" for row in worst.itertuples()
    )
    return (
        f"{title} ({zone}): {data['failed'].sum():,} of {data['runs'].sum():,} runs failed. "
        f"The largest shares of the runs: {told}."
    )
