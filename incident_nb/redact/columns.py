"""Secrets in tables: the column's name stands in a line above, in CSV and its like, in Markdown and in a terminal's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .keys import Test, key_rule, opaque, stand_in
from .personal import PERSONAL_KINDS
from .rules import MASK

_HEAD = re.compile(r"[\"']?[^\W\d_][\w.()/-]{0,29}(?: [\w()/-]{1,20}){0,2}[\"']?")
_RULER = re.compile(r"[\s|:+=-]+")
MOST_COLUMNS = 200
_ANY = PERSONAL_KINDS | {"password"}  # what need not look drawn by lot


def masked_columns(text: str, mask: Callable[[str, str], str], personal: bool) -> str:
    """The text with the cells masked that stand under the name of a secret. Rows have as many cells as the head has."""
    lines = text.split("\n")
    position, changed = 0, False
    while position < len(lines) - 1:
        found = _head(lines[position], personal)
        if found is None:
            position += 1
            continue
        mark, width, columns = found
        row = position + 1
        while row < len(lines):
            cells = lines[row].split(mark)
            if _RULER.fullmatch(lines[row]):
                row += 1
                continue
            if len(cells) != width:
                break
            for column in columns:
                cell = cells[column].strip().strip("\"'")
                kind, test = columns[column]
                known = kind in _ANY or opaque(cell)
                if len(cell) > 2 and known and not stand_in(cell) and not MASK.search(cell) and test(cell):
                    cells[column] = cells[column].replace(cell, mask(kind, cell))
                    changed = True
            lines[row] = mark.join(cells)
            row += 1
        position = max(row, position + 1)
    return "\n".join(lines) if changed else text


def _head(line: str, personal: bool) -> tuple[str, int, dict[int, tuple[str, Test]]] | None:
    """The mark between cells, their number, and the columns that hold secrets with their kinds, if the line is a head."""
    for mark in (",", ";", "\t", "|"):
        cells = line.split(mark)
        if not 2 <= len(cells) <= MOST_COLUMNS:
            continue
        names = [cell.strip() for cell in cells]
        if all(_HEAD.fullmatch(name) for name in names if name):
            columns = dict(_secret(names, personal))
            if columns:
                return mark, len(cells), columns
    return None


def _secret(names: list[str], personal: bool) -> Iterator[tuple[int, tuple[str, Test]]]:
    for column, name in enumerate(names):
        rule = key_rule(name.strip("\"'")) if name else None
        if rule and (personal or rule[0] not in PERSONAL_KINDS):
            yield column, rule
