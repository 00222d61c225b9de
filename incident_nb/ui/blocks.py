"""What a panel shows, as plain blocks that one pair of templates draws: for eyes in JupyterLab, as text in a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from incident_nb.views import View

Tone = Literal["", "good", "bad", "warn", "muted", "next"]


class Line(NamedTuple):
    """One line of a list: its state in a word, what it says, and what that is based on."""

    state: str
    text: str
    more: str = ""
    tone: Tone = ""
    label: str = ""


@dataclass(frozen=True)
class Sheet:
    """Blocks one below the other; shows itself as a `View`."""

    blocks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def view(self) -> View:
        """The sheet as HTML and Markdown."""
        return View("sheet", {"blocks": self.blocks})

    def text(self, text: str, tone: Tone = "") -> Sheet:
        """Adds a paragraph."""
        return self._with(kind="text", text=text, tone=tone)

    def heading(self, text: str, mark: str | None = None) -> Sheet:
        """Adds a heading, with a severity before it."""
        return self._with(kind="heading", text=text, mark=mark)

    def subheading(self, text: str) -> Sheet:
        """Adds a heading of the third level, within a notebook's section."""
        return self._with(kind="subheading", text=text)

    def box(self, text: str, tone: Tone = "") -> Sheet:
        """Adds a time box."""
        return self._with(kind="box", text=text, tone=tone)

    def clocks(self, rows: Iterable[Line]) -> Sheet:
        """Adds labelled lines."""
        return self._with(kind="clocks", rows=list(rows))

    def items(self, rows: Iterable[Line]) -> Sheet:
        """Adds the lines of a checklist."""
        return self._with(kind="items", rows=list(rows))

    def code(self, text: str) -> Sheet:
        """Adds a command."""
        return self._with(kind="code", text=text, letter=False)

    def letter(self, text: str) -> Sheet:
        """Adds a message of several lines, as it is to be copied."""
        return self._with(kind="code", text=text, letter=True)

    def listing(self, rows: Iterable[str]) -> Sheet:
        """Adds sentences, one below the other."""
        return self._with(kind="listing", rows=list(rows))

    def links(self, rows: Iterable[tuple[str, str]]) -> Sheet:
        """Adds links to pages, each a label and an address that is known to be one; nothing where there is none."""
        kept = list(rows)
        return self._with(kind="links", rows=kept) if kept else self

    def fold(self, title: str, sheet: Sheet) -> Sheet:
        """Adds a sheet that is out of the way until somebody unfolds it."""
        return self._with(kind="fold", title=title, blocks=sheet.blocks)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str | tuple[str, str]]]) -> Sheet:
        """Adds a table; nothing where it has no rows. A cell is a text, or a text with the class that marks it."""
        kept = [list(row) for row in rows]
        return self._with(kind="table", head=list(head), rows=kept) if kept else self

    def _with(self, **block: Any) -> Sheet:
        return Sheet([*self.blocks, block])
