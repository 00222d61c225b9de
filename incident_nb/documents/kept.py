"""A document made anew without losing what a person wrote in it: part by part, told apart by digests of what we wrote."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

_FACT = re.compile(r"([A-Z][\w ]{0,30}):(?:\s|$)")


class Kept(NamedTuple):
    """A document made anew: its text, the parts that stay as a person wrote them, and whose newer form is not taken."""

    text: str
    kept: tuple[str, ...]


def parts_of(text: str) -> dict[str, str]:
    """The parts of a Markdown document by name, in their order: `#` its title, its facts (`Date`), its headings (`## …`).

    A heading within a fenced block is none. Of two parts of one name the second holds on to the first.
    """
    parts: dict[str, list[str]] = {}
    name, fenced, in_head = "#", False, True
    for line in text.split("\n") if text else ():  # what else ends a line is a person's own
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        heading = line[3:].strip() if line.startswith("## ") and not fenced else None
        if heading:
            name, in_head = f"## {heading}", False
        elif in_head and not fenced and (fact := _FACT.match(line)):
            name = fact[1]
        parts.setdefault(name, []).append(line)
    whole = {name: "\n".join(lines).strip("\n") for name, lines in parts.items()}
    return {name: part for name, part in whole.items() if part.strip()}


def digests_of(text: str) -> dict[str, str]:
    """What each part of a document said, as a digest that no blank at a line's end changes."""
    return {name: _digest(part) for name, part in parts_of(text).items()}


def made_anew(there: str, fresh: str, digests: Mapping[str, str]) -> Kept:
    """The document `fresh` with what a person changed since in the one that is `there`; `digests` are of what we wrote there.

    A part that a person changed, added or took out stays so. One that nobody touched becomes the fresh one.
    """
    mine, ours = parts_of(there), parts_of(fresh)
    result: dict[str, str] = {}
    kept = []
    for name, part in mine.items():
        untouched = digests.get(name) == _digest(part)
        if name in ours and (untouched or _digest(ours[name]) == _digest(part)):
            result[name] = ours[name]
        elif name in ours or not untouched:
            result[name] = part
            kept.append(name)
    order, taken_out = list(ours), digests.keys() - mine.keys()
    for place, name in enumerate(order):
        if name not in result and name not in taken_out:
            result = _after(result, [other for other in order[:place] if other in result], name, ours[name])
    return Kept("\n\n".join(filter(None, result.values())) + "\n", tuple(kept))


def difference(before: str, after: str, name: str) -> str:
    """What becomes different in a file, as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} (there)", f"{name} (anew)", lineterm=""
    )
    return "\n".join(lines)


def _after(parts: dict[str, str], before: list[str], name: str, part: str) -> dict[str, str]:
    """The parts with one more, behind the last of those that come before it."""
    if not before:
        return {name: part, **parts}
    result: dict[str, str] = {}
    for other, text in parts.items():
        result[other] = text
        if other == before[-1]:
            result[name] = part
    return result


def _digest(part: str) -> str:
    plain = "\n".join(line.rstrip() for line in part.strip().split("\n"))
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]
