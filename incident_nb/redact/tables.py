"""Secrets in tables whose rows are no lines: the values of SQL's INSERT under their columns, and the cells of HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .keys import NO_VALUES, Test, key_rule, not_wordy, opaque, stand_in
from .personal import PERSONAL_KINDS
from .rules import MASK

Mask = Callable[[str, str], str]
Columns = dict[int, tuple[str, Test]]
_Change = tuple[int, int, str]

_INSERT = re.compile(
    r"(?i:insert|replace)\s{1,5}(?:(?i:ignore|or)\s{1,3}(?:\w{2,9}\s{1,3})?)?(?i:into)\s{1,5}[^()\n']{1,200}\((?P<columns>[^()']{1,4000})\)"
    r"[^()']{0,80}?(?i:values)(?=\s{0,20}(?:\\n\s{0,20})?\()"
)
# A literal in quotes, a mark, or what is neither. A backslash before a quote that ends a value escapes nothing.
_PIECE = re.compile(r"'(?P<s>(?:[^'\\]|''|\\(?!'\s{0,3}[,)])[\s\S]|\\)*+)(?:'|\Z)|(?P<mark>[(),;])|[^'(),;]++")
_HASHES = re.compile(r"(?i)(?:md5|sha\w{0,6}|password|old_password|encrypt|crypt|hashbytes|encode)\Z")

_ROW = re.compile(r"<tr\b[^<>]{0,300}>(?P<row>(?:[^<]|<(?!\\?/?tr\b|\\?/table\b))*+)", re.IGNORECASE)
_CELL = re.compile(
    r"<(?P<tag>t[hd])\b[^<>]{0,300}>(?P<cell>(?:[^<]|<(?!\\?/?t[hdr]\b|\\?/table\b))*+)",
    re.IGNORECASE,
)
_TEXT = re.compile(r"(?:^|(?<=>))[^<>]*[^<>\s][^<>]*")
LONGEST_NAME = 60
_STATES = frozenset(("set", "never", "always", "changed", "unchanged", "active", "locked", "valid", "not set", "n/a"))


def masked_tables(text: str, low: str, mask: Mask, personal: bool) -> str:
    """The text with the values masked that belong to the name of a secret; `low` is the text in small letters."""
    if "into" in low and "values" in low:
        text = _replaced(text, _of_inserts(text, mask, personal))
    if "<tr" in low:
        text = _replaced(text, _of_html(text, mask, personal))
    return text


def _replaced(text: str, changes: Iterator[_Change]) -> str:
    parts: list[str] = []
    copied = 0
    for start, end, new in changes:
        parts += (text[copied:start], new)
        copied = end
    return "".join(parts) + text[copied:] if parts else text


def kind_of(rule: tuple[str, Test], value: str, personal: bool) -> str | None:
    """The kind of a value under the name of a secret: of a password any is one, of another secret one that looks it."""
    kind, test = rule
    if kind in PERSONAL_KINDS and not personal:
        return None
    known = kind == "password" or kind in PERSONAL_KINDS or opaque(value)
    known = known and value.lower() not in NO_VALUES and value.lower() not in _STATES
    fits = len(value) > 2 and known and not stand_in(value) and not MASK.search(value) and test(value)
    return kind if fits else None


def secret_columns(names: list[str]) -> Columns:
    """Which columns hold secrets, by their names."""
    rules = ((column, key_rule(name.strip("\"'`[]\\ \n\t"))) for column, name in enumerate(names))
    return {column: rule for column, rule in rules if rule}


def _of_inserts(text: str, mask: Mask, personal: bool) -> Iterator[_Change]:
    """The values of all rows of each INSERT."""
    position = 0
    while insert := _INSERT.search(text, position):
        position = insert.end()
        columns = secret_columns(insert["columns"].split(","))
        if not columns:
            continue
        depth = column = 0
        word = ""
        for piece in _PIECE.finditer(text, position):
            position = piece.end()
            mark = piece["mark"]
            if mark == "(":
                depth += 1
                column = column if depth > 1 else 0
            elif mark == ")":
                depth -= 1
            elif mark == "," and depth == 1:
                column += 1
            elif not mark and depth:
                yield from _value(piece, depth, word, columns.get(column), mask, personal)
            elif mark == ";" or not (mark or re.fullmatch(r"(?:\s|\\[nrt])*+", piece[0])):
                break
            word = piece[0].rstrip()[-20:] if not mark else word if mark == "(" else ""


def _value(
    piece: re.Match[str], depth: int, word: str, rule: tuple[str, Test] | None, mask: Mask, personal: bool
) -> Iterator[_Change]:
    """What becomes of one value, or of an argument of the function that hashes it."""
    if rule is None:
        return
    if piece["s"] is None:
        bare = piece[0].strip()
        if depth == 1 and rule[0] == "password" and re.fullmatch(r"\d{4,20}", bare):
            start = piece.start() + piece[0].index(bare)
            yield start, start + len(bare), f"'{mask('password', bare)}'"
        return
    if depth > 1 and not (_HASHES.search(word) and not_wordy(piece["s"])):
        return
    if kind := kind_of(rule, piece["s"], personal):
        yield *piece.span("s"), mask(kind, piece["s"])


def _of_html(text: str, mask: Mask, personal: bool) -> Iterator[_Change]:
    """The cells of HTML under the name of a secret, and those beside it."""
    head: Columns = {}
    width = 0
    for row in _ROW.finditer(text):
        cells = [(cell["tag"].lower(), cell) for cell in _CELL.finditer(text, *row.span("row"))]
        words = [_words(cell["cell"]) for _, cell in cells]
        named = secret_columns([word if len(word) <= LONGEST_NAME else "" for word in words])
        if len(cells) == 2 and 0 in named and cells[1][0] == "td" and 1 not in named:
            told = cells[0][0] == "th" or words[0].endswith(":") or "<" in cells[0][1]["cell"] or not_wordy(words[1])
            if told and not re.search(r"\s", words[1]):
                yield from _cell(cells[1][1], named[0], mask, personal)
        elif named and len(cells) > 1 and all(len(word) <= LONGEST_NAME for word in words):
            head, width = named, len(cells)
        elif head and len(cells) == width:
            for column, rule in head.items():
                yield from _cell(cells[column][1], rule, mask, personal)


def _words(cell: str) -> str:
    """A cell's text without its elements."""
    return " ".join(_TEXT.findall(cell)).strip()


def _cell(cell: re.Match[str], rule: tuple[str, Test], mask: Mask, personal: bool) -> Iterator[_Change]:
    """What becomes of a cell whose text is a secret."""
    for found in _TEXT.finditer(cell["cell"]):
        value = found[0].strip()
        if kind := kind_of(rule, value, personal):
            start = cell.start("cell") + found.start() + found[0].index(value)
            yield start, start + len(value), mask(kind, value)
