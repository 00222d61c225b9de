"""Secrets in tables: the column's name stands in a line above, in CSV and its like, in Markdown and in a terminal's tables."""

from __future__ import annotations

import re
from collections.abc import Callable

from .keys import Test, not_wordy
from .tables import Columns, kind_of, secret_columns

_HEAD = re.compile(r"[\"']?[^\W\d_][\w.()/-]{0,29}(?: [\w()/-]{1,20}){0,2}[\"']?")
_RULER = re.compile(r"[\s|:+=-]+")
_COPY = re.compile(r"(?i)\s{0,9}copy\s[^\s()]{1,120}\s?\((?P<columns>[^()]{1,4000})\)\sfrom\sstdin\b")
# A name in a line whose columns begin below each other, with the blanks before the next one.
_NAME = re.compile(r"(?P<name>[^\W\d_#][\w()/.%-]{0,29}(?: [\w()/.%-]{1,20}){0,2})(?:\s{2,}|\s?\Z)")
_CELL = re.compile(r"[^\s|]\S*+(?: \S++)*+")
_UNBROKEN = re.compile(r"\S++")
MOST_COLUMNS = 200

Mask = Callable[[str, str], str]
_Place = tuple[int, int, tuple[str, Test]]


def masked_columns(text: str, mask: Mask, personal: bool) -> str:
    """The text with the cells masked that stand under the name of a secret. Rows have as many cells as the head has."""
    lines = text.split("\n")
    position, changed = 0, False
    while position < len(lines) - 1:
        head = _head(lines[position])
        if head is not None:
            end, touched = _separated(lines, position + 1, head, mask, personal)
        elif "  " in lines[position].strip() and (
            places := _aligned_head(lines[position], lines[position - 1 : position])
        ):
            end, touched = _aligned(lines, position + 1, places, mask, personal)
        else:
            end, touched = position, False
        changed = changed or touched
        position = max(end, position + 1)
    return "\n".join(lines) if changed else text


def _separated(
    lines: list[str], row: int, head: tuple[str, int, Columns], mask: Mask, personal: bool
) -> tuple[int, bool]:
    """Masks in the rows whose cells a mark separates; the line after them, and whether there was something to mask."""
    mark, width, columns = head
    changed = False
    while row < len(lines):
        if _RULER.fullmatch(lines[row]):
            row += 1
            continue
        cells = lines[row].split(mark)
        if len(cells) != width:
            break
        for column, rule in columns.items():
            cell = cells[column].strip().strip("\"'")
            if kind := kind_of(rule, cell, personal):
                cells[column] = cells[column].replace(cell, mask(kind, cell))
                changed = True
        lines[row] = mark.join(cells)
        row += 1
    return row, changed


def _head(line: str) -> tuple[str, int, Columns] | None:
    """The mark between cells, their number, and the columns that hold secrets with their kinds, if the line is a head."""
    if "stdin" in line.lower() and (copy := _COPY.match(line)):
        names = copy["columns"].split(",")
        return "\t", len(names), secret_columns(names)
    for mark in (",", ";", "\t", "|"):
        cells = line.split(mark)
        if not 2 <= len(cells) <= MOST_COLUMNS:
            continue
        names = [cell.strip() for cell in cells]
        if all(_HEAD.fullmatch(name) for name in names if name):
            columns = secret_columns(names)
            if columns:
                return mark, len(cells), columns
    return None


def _aligned_head(line: str, before: list[str]) -> list[_Place]:
    """Where the columns of secrets begin and the next ones do, if the line is the head of a table in fixed widths.

    A line below another one of several columns is no head.
    """
    if before and "  " in before[0].strip():
        return []
    names: list[re.Match[str]] = []
    place, end = len(line) - len(line.lstrip()), len(line.rstrip())
    while place < end and (name := _NAME.match(line, place, end)):
        names.append(name)
        place = name.end()
    if place < end or not 2 <= len(names) <= MOST_COLUMNS:
        return []
    columns = secret_columns([name["name"] for name in names])
    ends = [name.start() for name in names[1:]] + [1 << 30]
    return [(names[column].start(), ends[column], rule) for column, rule in columns.items()]


def _aligned(lines: list[str], row: int, places: list[_Place], mask: Mask, personal: bool) -> tuple[int, bool]:
    """Masks in the rows below such a head: a cell begins where its name does."""
    changed = False
    while row < len(lines) and lines[row].strip():
        line = lines[row]
        for start, end, rule in reversed(places):
            cell = _CELL.match(line, start, end) if start == 0 or line[start - 1 : start] == " " else None
            if cell and line[end - 1 : end].strip() and len(line) > end:
                cell = _UNBROKEN.match(line, start)  # it goes on below the next name
            if cell and not_wordy(cell[0]) and (kind := kind_of(rule, cell[0], personal)):
                masked, rest = mask(kind, cell[0]).ljust(len(cell[0])), line[cell.end() :]
                room = min(len(masked) - len(cell[0]), len(rest) - len(rest.lstrip()) - 1)
                line = line[:start] + masked + rest[max(room, 0) :]
                changed = True
        lines[row] = line
        row += 1
    return row, changed
