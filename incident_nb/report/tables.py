"""pandas tables as Markdown: a notebook keeps them as HTML and as text whose columns break at the line's end."""

from __future__ import annotations

from html.parser import HTMLParser

from incident_nb.escape import markdown_text
from incident_nb.sanitise import clean_html


def markdown_table(fragment: str) -> str | None:
    """The pandas table in an HTML output as a Markdown table, or None if the output is something else.

    The levels of a column index are joined by a space. What pandas says under a shortened table is kept.
    """
    reader = _Reader()
    reader.feed(clean_html(fragment))
    if reader.tables != 1 or not reader.head or 'class="dataframe"' not in fragment:
        return None
    width = max(len(row) for row in reader.head + reader.body)
    rows = [row + [""] * (width - len(row)) for row in (_joined(reader.head), *reader.body)]
    rows.insert(1, ["---"] * width)
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{markdown_text(reader.rest)}" if reader.rest.strip() else table


def _joined(levels: list[list[str]]) -> list[str]:
    width = max(len(level) for level in levels)
    padded = [level + [""] * (width - len(level)) for level in levels]
    return [" ".join(name for name in names if name) for names in zip(*padded, strict=True)]


class _Reader(HTMLParser):
    """Collects the cells of cleaned HTML, in which every element is closed; `rest` is the text outside of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = 0
        self.head: list[list[str]] = []
        self.body: list[list[str]] = []
        self.rest = ""
        self._rows = self.body
        self._cell: str | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables += 1
        elif tag in ("thead", "tbody"):
            self._rows = self.head if tag == "thead" else self.body
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td") and self._rows:
            self._cell = ""
            span = dict(attrs).get("colspan") or ""
            self._span = min(int(span), 100) if span.isascii() and span.isdigit() else 1

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell += data
        else:
            self.rest += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._cell is not None:
            self._rows[-1] += [markdown_text(self._cell)] * self._span
            self._cell = None
