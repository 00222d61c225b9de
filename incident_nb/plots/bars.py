"""How often something failed, as bars."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from incident_nb.plots.house import BLUE, GREY, INK, Chart, canvas, drawable, say_empty, shorten


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


def _bars(title: str, labels: list[str], values: list[int], notes: list[str], grey: list[bool]) -> Figure:
    figure, axes = canvas(0.85 + 0.34 * max(2, len(labels)), title)
    if not labels:
        say_empty(axes, "No failures in what was read.")
        return figure
    places = range(len(labels))
    bars = axes.barh(places, values, height=0.66, color=[GREY if plain else BLUE for plain in grey])
    for bar, note in zip(bars, notes, strict=True):
        end = (bar.get_width(), bar.get_y() + bar.get_height() / 2)
        axes.annotate(
            note, end, xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color=INK, parse_math=False
        )
    axes.set_yticks(places, [drawable(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, max(values) * 1.3 or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure


def _label(workflow: str, node: str) -> str:
    """A group's name in at most 44 characters; the node keeps its part, since it says more."""
    node = shorten(node, 22)
    workflow = shorten(workflow, 41 - len(node))
    return " › ".join(part for part in (workflow, node) if part) or "unnamed"
