"""Secrets known by their shape: a table row a vendor, and one search that finds the beginnings of all of them at once.

A row is `vendor | kind | prefixes | body`. The formats are those that vendors describe in their documentation and hand to
secret scanners; lengths are lower bounds, so that shortened and future keys are found too. A body is a sequence of items
separated by blanks: an alphabet's letter with a count (`h32`, `w20+`, `a14-24`), or literal text. A `?` at the end asks for a
body that is no slug of words and numbers, where the prefix alone says little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from . import ai, cloud, code, money, office, talk

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
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
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
        for item in self.body.removesuffix(" ?").split():
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
        """Whether a text that has the body's pattern may be a key; slugs of words and numbers may not, if told so."""
        return not self.body.endswith("?") or not (_SLUG.fullmatch(body) or _UUID.search(body))

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


ROWS = tuple(row for family in (ai, cloud, code, money, office, talk) for row in rows(family.ROWS))

_BY_PREFIX: dict[str, list[Row]] = {}
for _row in ROWS:
    for _prefix in _row.prefixes:
        _BY_PREFIX.setdefault(_prefix, []).append(_row)


def _trie(words: list[str]) -> str:
    """The words as one pattern that shares beginnings and takes the longest that fits."""
    heads: dict[str, list[str]] = {}
    for word in words:
        if word:
            heads.setdefault(word[0], []).append(word[1:])
    if not heads:
        return ""
    if len(heads) == 1 and "" not in words:
        ((head, tails),) = heads.items()
        return re.escape(head) + _trie(tails)
    leaves = "".join(re.escape(head) for head, tails in heads.items() if tails == [""])
    branches = [re.escape(head) + _trie(tails) for head, tails in heads.items() if tails != [""]]
    if leaves:
        branches.append(f"[{leaves}]")
    pattern = branches[0] if len(branches) == 1 and "" not in words else f"(?:{'|'.join(branches)})"
    return pattern + ("?" if "" in words else "")


_PREFIX = _trie(sorted(_BY_PREFIX))
# A key starts where no word goes on; the n of an escaped line break, an escaped character and a colour are no words.
_PLAIN = re.compile(rf"(?<![A-Za-z0-9]){_PREFIX}")
_EITHER = re.compile(rf"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{{4}})|(?<=\[\dm)|(?<=\[\d\dm)){_PREFIX}")
# The rows of each prefix and of those that it begins with, the longest first.
_CANDIDATES = {
    whole: [(size, row, row.pattern) for size in range(len(whole), 0, -1) for row in _BY_PREFIX.get(whole[:size], ())]
    for whole in _BY_PREFIX
}


LONG_RUN = re.compile(r"[A-Za-z0-9_+~$-]{14}[A-Za-z0-9_+~$-]*+")
"""What every key has somewhere: most texts hold none, and keys are looked for only where one is."""
LEAD = 26
"""How far before such a run a key can begin."""


def may_hold(text: str) -> bool:
    """Whether a text can hold a key at all; the addresses of webhooks need no long run."""
    return LONG_RUN.search(text) is not None or "hook" in text


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each key in the text, in order."""
    pattern = _EITHER if "\\" in text or "\x1b" in text else _PLAIN
    if "hook" in text or "robot" in text or "maker." in text:
        yield from _found(pattern, text, 0, len(text))
        return
    position = 0
    for run in LONG_RUN.finditer(text):
        if run.end() > position:
            for found in _found(pattern, text, max(position, run.start() - LEAD), run.end()):
                yield found
                position = found[1]
            position = max(position, run.end() - LEAD)


_BINARY = re.compile(r"(?=[^A-Z]*(?:[A-Z][^A-Z]*){3})(?=\D*\d)[A-Za-z0-9+/]{24}")


def _in_base64(text: str, start: int) -> bool:
    """Whether what goes before is base64, as of a picture, in which any short beginning turns up by chance."""
    return start >= 24 and _BINARY.fullmatch(text, start - 24, start) is not None


def _found(pattern: re.Pattern[str], text: str, position: int, limit: int) -> Iterator[tuple[int, int, str]]:
    while hit := pattern.search(text, position, limit):
        start = hit.start()
        position = start + 1
        if len(hit[0]) <= 4 and text[start - 1 : start] in ("/", "+") and _in_base64(text, start):
            continue
        for size, row, body in _CANDIDATES[hit[0]]:
            match = body.match(text, start + size)
            if match and row.fits(match[0]):
                end = row.rest.match(text, match.end()).end()  # type: ignore[union-attr]  # it matches nothing, too
                while text[end - 1] in ".&%/@":  # a sentence ends, a URL goes on
                    end -= 1
                yield start, end, row.kind
                position = end
                break
