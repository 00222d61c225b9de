"""The words of a fleet's views: a table with its sentence for nothing, and names, times and shares in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from incident_nb.desk.told import span
from incident_nb.models import Cause
from incident_nb.views import CAUSE_NAMES, View

if TYPE_CHECKING:
    from incident_nb.ui.fleet import Fleet

Cell = list[tuple[str, str]]  # lines, each with the class that marks it

MOST = 15  # rows of a table; what is below is told as a count


def table(
    head: Iterable[str], rows: Iterable[list[Cell]], *, empty: str, tone: str = "good", intro: str = "", note: str = ""
) -> View:
    """A table as a view; `empty`, in that tone, is what stands in its place where it has no rows."""
    facts = {"head": list(head), "rows": list(rows), "empty": empty, "tone": tone, "intro": intro, "note": note}
    return View("fleet_table", facts)


def unseen(why: str) -> View:
    """What stands where nobody could look."""
    return table((), (), empty=f"Not looked for: {why}.", tone="warn")


def place(fleet: Fleet, row: Any, node: Any = None) -> Cell:
    """Where something is: the workflow, its node, and the server where there are several."""
    cell: Cell = [(flow(row), "strong"), *plain(node)]
    log = fleet.whole.log.executions
    if text(row.instance) and _several(log["instance"]):
        cell.append((f"on {row.instance}", "muted"))
    return cell


def flow(row: Any) -> str:
    """A workflow's name, else its id."""
    return text(row.workflow) or text(row.workflow_id) or "no workflow named"


def problem(row: Any) -> str:
    """A problem's place in one line."""
    return " › ".join(filter(None, (flow(row), text(row.node))))


def cause(value: Any) -> str:
    """A cause by its name."""
    return CAUSE_NAMES[Cause(value)] if text(value) else "not classified"


def cause_within(value: Any) -> str:
    """A cause's name within a sentence."""
    name = cause(value)
    return name[:1].lower() + name[1:]


def _several(column: pd.Series) -> bool:
    return len(column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.unique()) > 1


def text(value: Any) -> str:
    """A table's value as text, "" where it is missing."""
    return "" if value is None or pd.isna(value) else str(value)


def plain(value: Any) -> Cell:
    """A line of a cell; none where there is nothing to say."""
    return [(text(value), "")] if text(value) else []


def muted(value: Any) -> Cell:
    """A line of less weight; none where there is nothing to say."""
    return [(text(value), "muted")] if text(value) else []


def counted(count: int, one: str, many: str = "") -> str:
    """So many of something."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def rest(count: int, what: str, less: str = "") -> str:
    """How many rows a table leaves out."""
    return (
        f"And {count:,} more {what if count == 1 else what + 's'}{f' with {less}' if less else ''}."
        if count > 0
        else ""
    )


def day(at: Any) -> str:
    """An instant, short, UTC."""
    return "not known" if pd.isna(at) else f"{at:%a\u00a0%d\u00a0%b\u00a0%H:%M}"


def percent(value: Any) -> str:
    """A share as a percentage, with a decimal where it is small."""
    if value is None or pd.isna(value):
        return "not known"
    return f"{value:.1%}" if 0 < value < 0.095 else f"{value:.0%}"


def share(part: Any, whole: Any) -> str:
    """So many of so many, with no place to break in."""
    return "not known" if pd.isna(part) or pd.isna(whole) else f"{int(part):,}\u00a0of\u00a0{int(whole):,}"


def seconds(value: Any) -> str:
    """A length of time: seconds below two minutes, else in words."""
    if value is None or pd.isna(value):
        return "not known"
    if value < 120:
        return f"{value:.2g}\u00a0s" if value < 10 else f"{value:.0f}\u00a0s"
    return span(timedelta(seconds=float(value))).replace(" ", "\u00a0")
