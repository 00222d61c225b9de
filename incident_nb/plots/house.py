"""What all charts have in common: one house style, safe for colour-blind readers, readable in black and white print.

Colours are those of Okabe and Ito's palette; what differs by colour differs by shape and by place, too.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from unicodedata import category

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from incident_nb.escape import markdown_text
from incident_nb.outputs import framed

WIDTH = 7.6  # inches; at 100 CSS pixels an inch a chart fills the text width of a report
CSS_DPI, DENSITY = 100, 2
INK, FAINT, GRID = "#1b2430", "#5d6875", "#dfe4ea"
COLOURS = 128
BLUE, GREY, RED = "#0072B2", "#8a939d", "#D55E00"


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
        """The chart as PNG at double density, with a palette, in which it takes a third of the room: reports are mailed.

        Without the date and software notes that would differ between runs.
        """
        raw, written = io.BytesIO(), io.BytesIO()
        self.figure.savefig(raw, format="rgba", dpi=CSS_DPI * DENSITY)
        width = round(self.figure.get_size_inches()[0] * CSS_DPI * DENSITY)
        height = len(raw.getvalue()) // (4 * width)  # as it was drawn: inches may be rounded either way
        drawn = Image.frombuffer("RGBA", (width, height), raw.getvalue(), "raw", "RGBA", 0, 1).convert("RGB")
        few = drawn.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(written, format="PNG", compress_level=6)
        return written.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        width, height = (round(side * CSS_DPI) for side in self.figure.get_size_inches())
        picture = {"alt": self.alt, "width": width, "height": height}
        return {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}, {"image/png": picture}


class Empty(Chart):
    """A chart without anything to draw: a page shows its sentence and no picture."""

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        told = {"text/html": framed(f"<p>{escape(self.alt)}</p>"), "text/markdown": markdown_text(self.alt)}
        return {**told, "text/plain": self.alt}, {}


def canvas(height: float, title: str) -> tuple[Figure, Axes]:
    """A figure of that height in inches with its title and one bare plot."""
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.08), facecolor="white")
    axes = figure.add_subplot()
    heading = drawable(shorten(title, 80))
    figure.suptitle(heading, x=0.012, ha="left", fontsize=11, color=INK, weight="bold", parse_math=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(labelsize=9, length=0, colors=INK)
    axes.set_axisbelow(True)
    return figure, axes


def say_empty(axes: Axes, words: str) -> None:
    """Says in the plot's middle that there is nothing to plot."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=10, color=FAINT)


def shorten(text: str, width: int) -> str:
    """The text in one line of so many characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def place_words(workflow: str, node: str) -> str:
    """A problem's place in at most 44 characters; the node keeps its part, since it says more."""
    node = shorten(node, 22)
    workflow = shorten(workflow, 41 - len(node))
    return " › ".join(part for part in (workflow, node) if part) or "unnamed"


def drawable(text: str) -> str:
    """The text without the emoji that the chart's font lacks, and with a box for each of its other missing letters."""
    known = get_font([findfont("DejaVu Sans")])
    kept = (
        letter if known.get_char_index(ord(letter)) else "" if category(letter)[0] in "SMC" else "□" for letter in text
    )
    return " ".join("".join(kept).split())


def when(moment: datetime) -> str:
    """An instant in words, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def number(moment: datetime) -> float:
    """An instant as matplotlib counts them."""
    return float(date2num(moment))  # type: ignore[no-untyped-call]
