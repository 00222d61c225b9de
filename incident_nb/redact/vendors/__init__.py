"""Secrets known by their shape: a table row a vendor, and one search that finds the beginnings of all of them at once.

A row is `vendor | kind | prefixes | body`. The formats are those that vendors describe in their documentation and hand to
secret scanners; lengths are lower bounds, so that shortened and future keys are found too. A body is a sequence of items
separated by blanks: an alphabet's letter with a count (`h32`, `w20+`, `a14-24`), or literal text. A `?` at the end asks for a
body that is no slug of words and numbers, a `*` for one that mixes capitals, small letters and digits, too, where the prefix
alone says little. A row of kind `-` in `public` lets a key be that a shorter prefix would take for a secret.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ahocorasick import Automaton

from ..keys import jumbled
from . import ai, cloud, code, hooks, money, office, public, talk

ALPHABETS = {
    "d": "0-9",
    "h": "0-9a-fA-F",
    "l": "a-z0-9",
    "u": "A-Z0-9",
    "a": "A-Za-z0-9",
    "w": "A-Za-z0-9_-",
    "s": "A-Za-z0-9_.-",
    "b": "A-Za-z0-9+/=_-",
    "y": "A-Za-z0-9+/=_-",
    "p": "A-Za-z0-9_/",
    "q": "A-Za-z0-9_/@=&%.-",
    "t": "A-Za-z0-9%",
}
LONGEST_BODY = 400
"""As far as a body is looked at before it is known to be one; what then goes on in its alphabet belongs to it."""

_ITEM = re.compile(rf"([{''.join(ALPHABETS)}])(\d+)(?:(\+)|-(\d+))?")
_WORD = r"(?:[A-Za-z]?[a-z]*\d{0,4}|[A-Z]{1,12}\d{0,4}|\d{1,14}|\d{1,3}[a-z]{1,4})"
_MIXED = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=\D*\d)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A small word or several with marks between them, as functions and tests are called: in none of them anything is drawn by lot.
_NAME = re.compile(r"[A-Za-z]?[a-z]{0,12}(?:[-_.][A-Za-z]?[a-z]{0,12})*+")
_SLUG = re.compile(rf"{_WORD}(?:[-_./:=]{_WORD})*+")


@dataclass(frozen=True)
class Row:
    """One vendor's kind of key."""

    vendor: str
    kind: str
    prefixes: tuple[str, ...]
    body: str

    @cached_property
    def items(self) -> tuple[tuple[str, int, int | None], ...]:
        """The body as (alphabet or literal, least, most); a literal has the count 0, an open end None."""
        found = []
        for item in re.sub(r" [?*]\Z", "", self.body).split():
            if match := _ITEM.fullmatch(item):
                least = int(match[2])
                found.append((match[1], least, None if match[3] else int(match[4] or least)))
            else:
                found.append((item, 0, 0))
        return tuple(found)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What must follow one of the prefixes."""
        parts, last = [], len(self.items) - 1
        for index, (name, least, most) in enumerate(self.items):
            if not least:
                parts.append(re.escape(name))
                continue
            alphabet = f"[{ALPHABETS[name]}]"
            upper = LONGEST_BODY if most is None else most
            parts.append(f"{alphabet}{{{least},{upper}}}" + ("+" if index == last or most == least else ""))
            if index == last:
                parts.append("" if most is None else r"(?![A-Za-z0-9])")
        return re.compile("".join(parts))

    @cached_property
    def rest(self) -> re.Pattern[str]:
        """What goes on behind the pattern and belongs to the key: looked at only once it is known to be one."""
        name, _, most = self.items[-1]
        return re.compile(f"[{ALPHABETS[name]}]*+" if most is None else "")

    def fits(self, body: str) -> bool:
        """Whether a text that has the body's pattern may be a key: not all are that are words, numbers or ids."""
        if _NAME.fullmatch(body):
            return False
        if self.body[-1] not in "?*":
            return True
        if self.body[-1] == "*" and not (_MIXED.match(body) and jumbled(body)):
            return False
        return not (_SLUG.fullmatch(body) or _UUID.search(body))

    def example(self, draw: str = "7hKq2Zw9XvB4nR8sTdL3", least: bool = True) -> str:
        """A made-up key of this kind, its characters taken in turn from `draw` where the alphabet has them."""
        parts = [self.prefixes[0]]
        for name, low, high in self.items:
            letters = [c for c in draw * 2 + "0123456789abcdef" if re.match(f"[{ALPHABETS[name]}]", c)] if low else []
            size = low if least or high == low else (high or low + 9)
            parts.append("".join(letters[i % len(letters)] for i in range(size)) if low else name)
        return "".join(parts)


def rows(table: str) -> Iterator[Row]:
    """The rows of a table such as `ai.ROWS`. A `|` within a prefix stands between two blanks as `||` would not."""
    for line in table.strip().splitlines():
        vendor, kind, prefixes, body = re.split(r"\s+\|\s+", line.strip(), maxsplit=3)
        yield Row(vendor, kind, tuple(prefixes.split()), body)


ROWS = tuple(row for family in (ai, cloud, code, hooks, money, office, talk) for row in rows(family.ROWS))

PUBLIC = tuple(rows(public.ROWS))
PUBLIC_PREFIXES = tuple(prefix for row in PUBLIC for prefix in row.prefixes)

_BY_PREFIX: dict[str, list[Row]] = {}
for _row in (*ROWS, *PUBLIC):
    for _prefix in _row.prefixes:
        _BY_PREFIX.setdefault(_prefix, []).append(_row)


_SEARCH = Automaton()
for _prefix in _BY_PREFIX:
    _SEARCH.add_word(_prefix, len(_prefix) - 1)
_SEARCH.make_automaton()
# A key starts where no word goes on; the n of an escaped line break, an escaped character and a colour are no words.
_WORD_CHARACTERS = frozenset(string.ascii_letters + string.digits)
_ESCAPED = re.compile(r"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|\[\d{1,2}m)\Z")
# The rows of each prefix and of those that it begins with, the longest first.
_CANDIDATES = {
    whole: [(size, row, row.pattern) for size in range(len(whole), 0, -1) for row in _BY_PREFIX.get(whole[:size], ())]
    for whole in _BY_PREFIX
}


_BINARY = re.compile(r"(?=[^A-Z]*(?:[A-Z][^A-Z]*){3})(?=\D*\d)[A-Za-z0-9+/]{24}")


def _in_base64(text: str, start: int) -> bool:
    """Whether what goes before is base64, as of a picture, in which any short beginning turns up by chance."""
    return start >= 24 and _BINARY.fullmatch(text, start - 24, start) is not None


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each key in the text, in order."""
    hits = set()
    for end, rest in _SEARCH.iter(text):
        start = end - rest
        if not start or text[start - 1] not in _WORD_CHARACTERS or _ESCAPED.search(text, max(0, start - 6), start):
            hits.add((start, -rest))
    position = 0
    # The longest at a place comes first, and its rows are those of the shorter ones, too.
    for start, rest in sorted(hits):
        if start < position:
            continue
        prefix = text[start : start - rest + 1]
        if len(prefix) <= 4 and text[start - 1 : start] in ("/", "+") and _in_base64(text, start):
            continue
        position = start + 1
        for size, row, body in _CANDIDATES[prefix]:
            match = body.match(text, start + size)
            if match and row.fits(match[0]) and (row.kind == "webhook" or len(set(match[0][:40].lower())) > 3):
                end = row.rest.match(text, match.end()).end()  # type: ignore[union-attr]  # it matches nothing, too
                while text[end - 1] in ".&%/@":  # a sentence ends, a URL goes on
                    end -= 1
                if row.kind != "-":
                    yield start, end, row.kind
                position = end
                break
