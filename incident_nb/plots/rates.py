"""How often each workflow fails, with how exactly that is known, beside the time before."""

from __future__ import annotations

import pandas as pd

from incident_nb.plots.house import BLUE, FAINT, GREY, GRID, INK, Chart, Empty, canvas, drawable, shorten

MOST = 12  # workflows in one picture
ARROWS = {"rising": "↑ rising", "falling": "↓ falling", "steady": "steady", "unknown": ""}


def rate_chart(rates: pd.DataFrame, *, limit: int = MOST, title: str = "Share of runs that failed") -> Chart:
    """The workflows that fail most: share of failed runs with its 95 % interval, and that of the window before.

    `rates`: columns as `patterns.columns.RATE_COLUMNS`. First come those of which it is sure that much fails (by the
    lower end). `Chart.data`: `workflow`, `runs`, `failed`, `rate`, `rate_low`, `rate_high`, `before_rate` (missing where
    nothing is known of it), `trend`.
    """
    names = ["workflow", "runs", "failed", "rate", "rate_low", "rate_high", "before_rate", "trend"]
    failing = rates[rates["failed"] > 0].sort_values(["rate_low", "failed"], ascending=False, kind="stable")
    data = failing[names].head(limit).reset_index(drop=True)
    figure, axes = canvas(1.0 + 0.34 * max(2, len(data)), title)
    if data.empty:
        return Empty(figure, data, f"{title}: no workflow failed; {len(rates):,} ran.")
    for place, row in enumerate(data.itertuples()):
        low, high = float(row.rate_low), float(row.rate_high)
        axes.plot([low, high], [place, place], lw=2, color=BLUE, solid_capstyle="butt", zorder=2)
        axes.plot([low, high], [place, place], "|", markersize=8, color=BLUE, zorder=2)
        if not pd.isna(row.before_rate):
            axes.plot(
                float(row.before_rate), place, "D", markersize=5.5, color="white", markeredgecolor=GREY,
                markeredgewidth=1.4, zorder=3, label="the time before",
            )  # fmt: skip
        axes.plot(float(row.rate), place, "o", markersize=6, color=BLUE, zorder=4, label="this window")
        axes.text(
            1.02, place, f"{row.failed:,} of {row.runs:,}  {ARROWS.get(str(row.trend), '')}".rstrip(),
            transform=axes.get_yaxis_transform(), ha="left", va="center", fontsize=9, color=INK,
        )  # fmt: skip
    axes.set_yticks(range(len(data)), [drawable(shorten(str(name), 44)) for name in data["workflow"]], parse_math=False)
    axes.set_ylim(len(data) - 0.4, -0.6)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.grid(color=GRID, lw=0.8)
    axes.set_xlabel("share of runs that failed, with the 95% interval", fontsize=9, color=FAINT)
    handles, labels = axes.get_legend_handles_labels()
    if "the time before" in labels:
        one_each = dict(zip(labels, handles, strict=True))
        axes.legend(
            one_each.values(), one_each.keys(), loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=8.5,
            frameon=False, borderaxespad=0.1,
        )  # fmt: skip
    return Chart(figure, data, _words(title, data, len(failing) - len(data)))


def _words(title: str, data: pd.DataFrame, more: int) -> str:
    told = "; ".join(
        f"{row.workflow}: {row.failed:,} of {row.runs:,} ({row.rate:.0%}, {row.rate_low:.0%} to {row.rate_high:.0%})"
        + ("" if row.trend == "unknown" else f", {row.trend}")
        for row in data.itertuples()
    )
    return f"{title}: {told}{f'; {more:,} more workflows failed' if more else ''}."
