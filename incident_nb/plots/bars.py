"""How often something failed, as bars, the longest first: what few things make up most of it (Pareto)."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from incident_nb.plots.house import BLUE, FAINT, GREY, INK, Chart, canvas, drawable, place_words, say_empty

MOST = 0.8  # of all failures: the bars that make up so much are dark, the others pale
PALE = "#9cc3de"


def cause_bars(groups: pd.DataFrame, *, title: str = "Failures by cause") -> Chart:
    """How many failures each root cause has, most first, with the share of all that the first ones make up together.

    `groups`: one row a group of failures, columns `cause`, `count`. `Chart.data`: `cause`, `count`, `groups`, `together`
    (share of all failures that this one and those before it have, 0 to 1).
    """
    named = groups.assign(cause=groups["cause"].astype(object).fillna("not classified").astype(str))
    data = named.groupby("cause", sort=False)["count"].agg(count="sum", groups="size").reset_index()
    data = _together(data.sort_values(["count", "cause"], ascending=[False, True], ignore_index=True))
    labels = [cause.replace("_", " ") for cause in data["cause"]]
    notes = [f"{count:,}" for count in data["count"]]
    grey = data["cause"].isin(["unknown", "not classified"])
    figure = _bars(title, labels, data, notes, grey.tolist())
    words = "; ".join(f"{label} {note}" for label, note in zip(labels, notes, strict=True)) or "no failures"
    return Chart(figure, data, f"{title}: {words}.{_few(data, 'cause')}")


def group_bars(groups: pd.DataFrame, *, limit: int = 12, title: str = "Groups of failures") -> Chart:
    """The largest groups of the same problem, most failures first, with their cause; the rest in one bar.

    `groups`: columns `workflow`, `node`, `cause`, `count`. `Chart.data`: `label`, `cause`, `count`, `together` (as of
    `cause_bars`); at most `limit` + 1 rows, the last one standing for all smaller groups.
    """
    ordered = groups.sort_values("count", ascending=False, kind="stable", ignore_index=True)
    text = ordered[["workflow", "node", "cause"]].astype(object).fillna("").astype(str)
    data = pd.DataFrame(
        {
            "label": [
                place_words(workflow, node) for workflow, node in zip(text["workflow"], text["node"], strict=True)
            ],
            "cause": text["cause"].str.replace("_", " ").replace("", "not classified"),
            "count": ordered["count"].astype("int64"),
        }
    )
    shown, rest = data.iloc[:limit], data.iloc[limit:]
    few = _few(_together(data), "group")
    if len(rest):
        more = {"label": f"{len(rest):,} smaller groups", "cause": "", "count": int(rest["count"].sum())}
        shown = pd.concat([shown, pd.DataFrame([more])], ignore_index=True)
    shown = _together(shown)
    notes = [f"{n:,}  {cause}".rstrip() for n, cause in zip(shown["count"], shown["cause"], strict=True)]
    grey = [not cause or cause == "unknown" for cause in shown["cause"]]
    figure = _bars(title, shown["label"].tolist(), shown, notes, grey)
    words = "; ".join(f"{label}: {note}" for label, note in zip(shown["label"], notes, strict=True)) or "no failures"
    return Chart(figure, shown, f"{title}: {words}.{few}")


def _together(data: pd.DataFrame) -> pd.DataFrame:
    """The rows with what each one and those before it have of all failures."""
    return data.assign(together=data["count"].cumsum() / max(int(data["count"].sum()), 1))


def _few(data: pd.DataFrame, what: str) -> str:
    """How many of the rows make up most of it; nothing to say of one or none."""
    if len(data) < 2:
        return ""
    needed = int((data["together"] < MOST).sum()) + 1
    named = what if needed == 1 else f"{needed:,} {what}s"
    share = data["together"].iloc[needed - 1]
    return f" The first {named} of {len(data):,} {'makes' if needed == 1 else 'make'} up {share:.0%}."


def _bars(title: str, labels: list[str], data: pd.DataFrame, notes: list[str], grey: list[bool]) -> Figure:
    figure, axes = canvas(0.95 + 0.34 * max(2, len(labels)), title)
    if not labels:
        say_empty(axes, "No failures in what was read.")
        return figure
    places, values, together = range(len(labels)), data["count"].tolist(), data["together"].tolist()
    before = [0.0, *together[:-1]]
    colours = [GREY if plain else BLUE if reached < MOST else PALE for plain, reached in zip(grey, before, strict=True)]
    bars = axes.barh(places, values, height=0.66, color=colours)
    for bar, note in zip(bars, notes, strict=True):
        end = (bar.get_width(), bar.get_y() + bar.get_height() / 2)
        axes.annotate(
            note, end, xytext=(5, 0), textcoords="offset points", va="center", fontsize=9, color=INK, parse_math=False
        )
    if len(labels) > 1:
        for place, reached in zip(places, together, strict=True):
            axes.text(
                1.0, place, f"{reached:.0%}", transform=axes.get_yaxis_transform(), ha="right", va="center",
                fontsize=9, color=INK if before[place] < MOST else FAINT,
            )  # fmt: skip
        axes.annotate(
            "together", (1, 1), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", ha="right",
            va="bottom", fontsize=8.5, color=FAINT,
        )  # fmt: skip
    axes.set_yticks(places, [drawable(label) for label in labels], parse_math=False)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, max(values) * 1.55 or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    return figure
