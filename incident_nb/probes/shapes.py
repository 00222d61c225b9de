"""What items look like without what they say: for each field its types, how often it is there, how often empty."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Path = tuple[str, ...]

ITEMS = 1_000  # looked at; of more, the first half of these and the last
ELEMENTS = 500  # of one list, likewise
KEYS = 300  # of one object; of more, the first
VALUES = 200_000  # in all
FIELDS = 2_000  # different ones
DEPTH = 16
NAME = 80  # characters that a field's name has at most; what is longer is data, and never cut before it was masked

ELEMENT, ANY, INNER = "[]", "{}", "(JSON)"  # INNER: what JSON in a text holds
HTML, XML, JSON, BROKEN = "a web page", "XML", "JSON", "damaged JSON"
INNER_TEXT = 500_000  # characters of JSON in a text that are read

# What a text looks like, the first that fits; only its beginning is looked at.
_FORMS = (
    (HTML, re.compile(r"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)),
    (XML, re.compile(r"\s*<\?xml\b", re.IGNORECASE)),
    (JSON, re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]\d])")),
    ("a number", re.compile(r"\s*[-+]?\d{1,3}(?:[,' ]?\d{3})*(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*|\s*[-+]?\d+(?:[.,]\d+)?\s*")),
    ("a date", re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}.{0,24})?")),
    ("an e-mail address", re.compile(r"[^\s@<>]+@[^\s@<>.]+(?:\.[^\s@<>.]+)+")),
    ("a web address", re.compile(r"https?://\S+", re.IGNORECASE)),
)  # fmt: skip
_WHOLE = {"a number", "a date", "an e-mail address", "a web address"}  # the text is nothing but that
_START = 600

# Keys that are data: ids, addresses, dates and numbers as keys. Only tried on short ones, as its time grows fast.
_DATA_KEY = re.compile(
    r"\d[\d.,:/ -]*|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-.+|[0-9a-fA-F]{16,}|.*@.*|\d{4}-\d{2}-\d{2}.*|\+?[\d ()-]{7,}|"
    r"(?=.*\d.*\d)[A-Za-z]{0,6}[-_:#]\d[\w-]*|(?=(?:.*\d){3})(?=.*[A-Za-z])[A-Za-z0-9]{12,}|https?://.*",
    re.DOTALL,
)
_MANY_ALIKE = 40  # keys of one object whose values are all objects, or all lists: a table by its keys


@dataclass
class Field:
    """What was seen at one path: how often, of which types; texts by what they look like; how many are empty."""

    seen: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    empty: int = 0

    @property
    def types(self) -> set[str]:
        """The types but null, which is a value that is not there."""
        return {kind for kind, count in self.kinds.items() if count} - {"null"}


@dataclass
class Shape:
    """The fields of some items by path; `left_out` says what of them was not looked at.

    A path is the names down to a field, `[]` for the elements of a list, `{}` for keys that are data, `(JSON)` for what
    JSON in a text holds. `pages`: the paths at which a web page stands, with the first of these pages. `cut`: it was not
    gone through to its end, so that a field that was not seen may be there.
    """

    items: int = 0
    fields: dict[Path, Field] = field(default_factory=dict)
    pages: dict[Path, str] = field(default_factory=dict)
    left_out: str | None = None
    cut: bool = False

    def holders(self, path: Path) -> int:
        """How many objects could hold the field at this path."""
        holder = self.fields.get(path[:-1])
        return holder.kinds["object"] if holder else 0


def of(items: Iterable[Any], index: int | None = None) -> Shape:
    """The shape of a node's items (their `json`); `index`: an item that is looked at in any case."""
    every = list(items)
    shape = Shape(len(every))
    waiting: list[tuple[Path, Any]] = [((), _json(item)) for item in reversed(_some(every, ITEMS))]
    if index is not None and ITEMS // 2 <= index < len(every) - ITEMS // 2:
        waiting.append(((), _json(every[index])))
    left, deep = VALUES, False
    while waiting and left > 0 and len(shape.fields) < FIELDS:
        left -= 1
        path, value = waiting.pop()
        inner = _note(shape, path, value)
        if inner is not None:
            waiting.append(((*path, INNER), inner))
            continue
        if isinstance(value, dict | list) and len(path) >= DEPTH:
            deep = True
            continue
        waiting += reversed(list(_inside(path, value)))
    shape.cut = bool(waiting)
    reasons = [
        (len(every) > ITEMS, f"only {ITEMS:,} of {len(every):,} items were looked at"),
        (shape.cut and left <= 0, f"only the first {VALUES:,} values were looked at"),
        (shape.cut and left > 0, f"only the first {FIELDS:,} fields were looked at"),
        (deep, f"nothing deeper than {DEPTH} levels was looked at"),
    ]
    shape.left_out = "; ".join(words for applies, words in reasons if applies) or None
    return shape


def told(path: Path) -> str:
    """A path as people write it: `data[].contact.email`."""
    text = ""
    for part in path:
        text += part if part in (ELEMENT, INNER) else f"{'.' if text else ''}{part[:NAME]}"
    return text or "the item"


@lru_cache(maxsize=10_000)
def is_data(key: str) -> bool:
    """Whether a key is data rather than a field's name."""
    return len(key) >= NAME or _DATA_KEY.fullmatch(key) is not None


def form_of(text: str) -> str:
    """What a text looks like: `a number`, `a date`, `a web page`, ...; empty for any other."""
    start = text[:_START]
    for name, pattern in _FORMS:
        if name in _WHOLE:
            if len(text) <= _START and pattern.fullmatch(start.strip()):
                return name
        elif pattern.match(start):
            return name
    return ""


def kind_of(value: Any) -> str:
    """The type of a value in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    for kind, name in ((int | float, "number"), (str, "text"), (dict, "object"), (list, "list")):
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _json(item: Any) -> Any:
    return item.get("json", {}) if isinstance(item, dict) else item


def _some(values: list[Any], most: int) -> list[Any]:
    """All of a list, or the first and the last of a long one."""
    return values if len(values) <= most else values[: most // 2] + values[-(most - most // 2) :]


def _note(shape: Shape, path: Path, value: Any) -> Any:
    """Counts a value; gives back what JSON in a text holds."""
    found = shape.fields.setdefault(path, Field())
    found.seen += 1
    kind, inner = kind_of(value), None
    found.kinds[kind] += 1
    if kind == "text":
        form = form_of(value)
        if form == JSON and len(value) <= INNER_TEXT:
            inner, form = _inner(value)
        found.forms[form] += 1
        found.empty += not value.strip()
        if form == HTML:
            shape.pages.setdefault(path, value[:20_000])
    elif kind in ("object", "list"):
        found.empty += not value
    return inner


def _inner(text: str) -> tuple[Any, str]:
    """What JSON in a text holds, and what the text is to be called."""
    try:
        return json.loads(text), JSON
    except (ValueError, RecursionError):
        return None, BROKEN if text.lstrip()[0] == "{" else ""


def _inside(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, list):
        for element in _some(value, ELEMENTS):
            yield (*path, ELEMENT), element
    elif isinstance(value, dict):
        table = len(value) >= _MANY_ALIKE and {kind_of(entry) for entry in value.values()} in ({"object"}, {"list"})
        for number, (key, entry) in enumerate(value.items()):
            if number >= KEYS:
                return
            yield (*path, ANY if table or is_data(str(key)) else str(key)), entry
