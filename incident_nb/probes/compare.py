"""How the shape of a failing input differs from that of good ones: each differing field by name, expected and got."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import unescape
from itertools import islice
from typing import NamedTuple

from incident_nb.probes.shapes import ANY, BROKEN, ELEMENT, HTML, INNER, JSON, XML, Field, Path, Shape, told
from incident_nb.redact import redact_text

ALIKE = 0.6  # how alike two names are, from 0 to 1, of which one may have become the other
_STEADY = 3  # texts that all look the same before one that does not is worth a word
_FORMS_THAT_SPEAK = ("a number", "a date", "an e-mail address")
_NO_NAMES = (ELEMENT, ANY, INNER)
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,200})", re.IGNORECASE)
_PAGE_START = 20_000  # characters in which a title is looked for
_EXPLAINED = 50  # differences of which it is looked for what became of the field
_CANDIDATES = 20  # new fields that one that is missing is compared with
# What a request to a webhook brings along, which differs from caller to caller.
_WEBHOOK = {"headers", "params", "query", "body"}


class Difference(NamedTuple):
    """One field that differs: a clause in words, the names that error texts and expressions may know it by.

    `kind`: missing, type, null, empty, page, form (a text that looks otherwise, which is a weak sign).
    """

    kind: str
    path: Path
    text: str
    names: tuple[str, ...]


class Good(NamedTuple):
    """One path over all good runs: what was seen there, and whether it was there in every object that could hold it."""

    field: Field
    always: bool


def differences(failing: Shape, good: Sequence[Shape]) -> list[Difference]:
    """What the failing input lacks or has otherwise than every good one; what varies among good ones is no difference."""
    usual = _merged(good)
    pages = list(_pages(failing, usual))
    if pages:
        return pages
    if (bare := _nothing(failing, usual)) or (bare := _plain_text(failing, usual)):
        return [bare]
    new = [path for path in failing.fields if path not in usual and path[:-1] in usual and not _noise(path, failing)]
    found: list[Difference] = []
    for path in sorted(usual, key=lambda path: (len(path), path)):
        if not path or _noise(path, failing) or any(path[: len(above.path)] == above.path for above in found):
            continue
        found += list(_at(path, failing, usual, new if len(found) < _EXPLAINED else []))[:1]
    return found


def new_fields(failing: Shape, good: Sequence[Shape]) -> list[str]:
    """The fields that no good input had."""
    usual = _merged(good)
    return [told(p) for p in failing.fields if p not in usual and p[:-1] in usual and not _noise(p, failing)]


def title_of(page: str) -> str | None:
    """The title of a web page in one line."""
    found = _TITLE.search(page[:_PAGE_START])
    return redact_text(" ".join(unescape(found[1]).split()))[:80] or None if found else None


def page_in(shape: Shape) -> str | None:
    """The first web page among the values of a shape."""
    return next(iter(shape.pages.values()), None)


def _merged(good: Sequence[Shape]) -> dict[Path, Good]:
    every = {path for shape in good for path in shape.fields}
    merged = {}
    for path in every:
        total, always = Field(), True
        for shape in good:
            one, holders = shape.fields.get(path), shape.holders(path)
            if one:
                total.seen += one.seen
                total.kinds += one.kinds
                total.forms += one.forms
                total.empty += one.empty
            always = always and (one.seen if one else 0) >= holders
        merged[path] = Good(total, always)
    return merged


def _at(path: Path, failing: Shape, usual: dict[Path, Good], new: list[Path]) -> Iterator[Difference]:
    """What is wrong at one path, the gravest first."""
    good, mine, holders, name = usual[path], failing.fields.get(path), failing.holders(path), told(path)
    was = _what(good.field)
    folded = path[-1] in _NO_NAMES
    seen = mine.seen if mine else 0
    if not folded and good.always and seen < holders and not failing.cut:
        if now := _renamed(path, good.field, failing, usual, new):
            text = f"{name} ({was}) is missing{_part(seen, holders)}; there is a new field {told(now)}"
            yield Difference("missing", path, text, (path[-1], now[-1]))
        else:
            yield Difference("missing", path, f"{name} ({was}) is missing{_part(seen, holders)}", (path[-1],))
    if mine is None:
        return
    names = tuple(part for part in reversed(path) if part not in _NO_NAMES)[:1]
    other = mine.types - good.field.types
    if other and good.field.types:
        count = sum(mine.kinds[kind] for kind in other)
        text = f"{name} is {_what(mine, other)} instead of {was}{_part(mine.seen - count, mine.seen)}"
        yield Difference("type", path, text, names)
    if mine.kinds["null"] and not good.field.kinds["null"]:
        text = f"{name} is null{_part(mine.seen - mine.kinds['null'], mine.seen)}, and never was ({was})"
        yield Difference("null", path, text, names)
    if mine.empty and not good.field.empty and good.field.types and not other:
        text = f"{name} is {_empty(mine)}{_part(mine.seen - mine.empty, mine.seen)}, and never was"
        yield Difference("empty", path, text, names)
    if _form(good.field) == JSON and not other and (count := mine.forms.total() - mine.forms[JSON] - mine.empty) > 0:
        what = "damaged JSON" if mine.forms[BROKEN] else "no JSON any more"
        yield Difference("type", path, f"{name} is {what}{_part(mine.seen - count, mine.seen)}", names)
    form = _steady_form(good.field)
    if form and not other and mine.forms.total() > mine.forms[form] + mine.empty:
        count = mine.forms.total() - mine.forms[form]
        text = f"{name} no longer looks like {form}{_part(mine.seen - count, mine.seen)}, as it did in every good run"
        yield Difference("form", path, text, names)


def _pages(failing: Shape, usual: dict[Path, Good]) -> Iterator[Difference]:
    for path in failing.pages:
        if path in usual and usual[path].field.forms[HTML]:
            continue
        instead = f" instead of {_what(usual[path].field)}" if path in usual else ""
        if not instead and len(path) == 1 and (lost := _top(usual)):
            instead = f" instead of JSON with the field{'s' * (len(lost) > 1)} {', '.join(lost[:5])}"
        yield Difference("page", path, f"{told(path)} is an HTML page{instead}", (path[-1],) if path else ())


def _nothing(failing: Shape, usual: dict[Path, Good]) -> Difference | None:
    """Where all there was is gone: no item, or empty ones."""
    lost = _top(usual)
    if not lost or set(failing.fields) - {()}:
        return None
    had = f"they had {', '.join(lost[:8])}{' and others' * (len(lost) > 8)}"
    if failing.items == 0:
        return Difference("empty", (), f"no item reached it (before, {had})", ())
    empty = "its item is an empty object" if failing.items == 1 else f"its {failing.items} items are empty objects"
    return Difference("empty", (), f"{empty}, as an empty answer gives ({had} before)", tuple(lost))


def _plain_text(failing: Shape, usual: dict[Path, Good]) -> Difference | None:
    """Where one text stands in the place of all there was, as n8n's HTTP node gives what is no JSON."""
    mine = [path for path in failing.fields if len(path) == 1]
    if len(mine) != 1 or failing.fields[mine[0]].types != {"text"} or mine[0] in usual:
        return None
    lost = _top(usual)
    if not lost or any(usual[path].field.types == {"text"} for path in usual if len(path) == 1 and len(lost) == 1):
        return None
    forms = failing.fields[mine[0]].forms
    what = "XML" if forms[XML] else "JSON in a text" if forms[JSON] else "plain text"
    text = f"{told(mine[0])} is {what} instead of JSON with the field{'s' * (len(lost) > 1)} {', '.join(lost[:5])}"
    return Difference("type", mine[0], text, (mine[0][-1], *lost))


def _top(usual: dict[Path, Good]) -> list[str]:
    return [told(path) for path, good in sorted(usual.items()) if len(path) == 1 and good.always]


def _renamed(path: Path, was: Field, failing: Shape, usual: dict[Path, Good], new: list[Path]) -> Path | None:
    """The new field that the missing one may have become: of its type, under a like name, or the only one there."""
    here = (one for one in new if one[:-1] == path[:-1] and _same_kind(was, failing.fields[one]))
    beside = list(islice(here, _CANDIDATES))
    named = sorted(beside, key=lambda one: -_alike(path[-1], one[-1]))
    if named and _alike(path[-1], named[0][-1]) >= ALIKE:
        return named[0]
    speaking = [one for one in beside if _form(failing.fields[one]) == _form(was) != ""]
    inside = {one[len(path) :] for one in usual if one[: len(path)] == path and len(one) > len(path)}
    if inside:  # a list or object: is it what lies in it?
        for one in beside:
            mine = {below[len(one) :] for below in failing.fields if below[: len(one)] == one and len(below) > len(one)}
            if len(inside & mine) >= 0.5 * len(inside | mine):
                return one
    for candidates in (speaking, beside):
        if len(candidates) == 1:
            return candidates[0]
    moved = [
        one for one in failing.fields
        if one not in usual and one and one[-1] == path[-1] and _same_kind(was, failing.fields[one])
    ]  # fmt: skip
    return moved[0] if len(moved) == 1 else None


def _alike(one: str, other: str) -> float:
    """How alike two names are; the words of one may all be in the other."""
    words, others = _words(one), _words(other)
    if words and others and (words <= others or others <= words):
        return 1.0
    return SequenceMatcher(None, "".join(sorted(words)), "".join(sorted(others))).ratio()


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def _same_kind(one: Field, other: Field) -> bool:
    return bool(one.types & other.types) and (not _form(one) or not _form(other) or _form(one) == _form(other))


def _form(field: Field) -> str:
    """What all its texts look like; empty where they look like nothing in particular, or differ."""
    forms = [form for form, count in field.forms.items() if count]
    return forms[0] if len(forms) == 1 else ""


def _steady_form(field: Field) -> str:
    form = _form(field)
    return form if form in _FORMS_THAT_SPEAK and field.forms[form] >= _STEADY and field.types == {"text"} else ""


def _what(field: Field, kinds: set[str] | None = None) -> str:
    """The types of a field in words: `text that looks like a number`."""
    found = []
    for kind in sorted(kinds or field.types):
        texts = Counter({form: count for form, count in field.forms.items() if count})
        form = next(iter(texts)) if kind == "text" and len(texts) == 1 else ""
        found.append(f"{kind} that looks like {form}" if form else f"an {kind}" if kind == "object" else
                     f"a {kind}" if kind in ("list", "number") else kind)  # fmt: skip
    return " or ".join(found) or "null"


def _empty(field: Field) -> str:
    return {"text": "an empty text", "list": "an empty list", "object": "an empty object"}.get(
        next(iter(sorted(field.types)), ""), "empty"
    )


def _part(good: int, of: int) -> str:
    """That not all are concerned, in words."""
    return f" in {of - good} of {of}" if good else ""


def _noise(path: Path, failing: Shape) -> bool:
    """Whether a path lies in the headers of a webhook's request."""
    if len(path) < 2 or path[0] != "headers":
        return False
    return {one[0] for one in failing.fields if len(one) == 1} >= _WEBHOOK
