"""Reads the tables of situations and puts secrets into them.

A row is `situation | sorts of secret | T or J | template`. In the template `«S»` is the secret, `«S:url»` (json, xml,
b64, basic, ...) an encoding of it, `⏎` a line end, and any field of `corpus_values` may stand beside it. `J` rows are
JSON and are filled string by string. A row without `«S»` plants what its own fields make.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import corpus_values as values
from corpus_values import TABLES, Secret

PLACE = re.compile(r"«S(?::(\w+))?»")


def rows(name: str, columns: int) -> list[list[str]]:
    out = []
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            row = [cell.strip() for cell in line.split(" | ", columns - 1)]
            if len(row) != columns:
                raise ValueError(f"{name}: {line!r} does not have {columns} columns")
            out.append(row)
    return out


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


ENCODE: dict[str, Callable[[str, str], str]] = {
    "json": lambda s, _: _json(s),
    "json2": lambda s, _: _json(_json(s)),
    "url": lambda s, _: quote(s, safe=""),
    "url2": lambda s, _: quote(quote(s, safe=""), safe=""),
    "form": lambda s, _: quote(s, safe="").replace("%20", "+"),
    "xml": lambda s, _: escape(s, {'"': "&quot;"}),
    "b64": lambda s, _: values.b64(s),
    "basic": lambda s, user: values.b64(f"{user}:{s}"),
    "b64json": lambda s, user: values.b64(json.dumps({"user": user, "password": s})),
    "urljson": lambda s, user: quote(json.dumps({"user": user, "password": s}), safe=""),
    "py": lambda s, _: repr(s)[1:-1],
    "spaced": lambda s, _: s.replace(" ", "-"),
}


def render(rng: random.Random, sort: str, template: Any, where: str) -> tuple[Any, Secret]:
    """The template, text or tree, with one secret of that sort; fields of the template itself are part of the secret."""
    value, user = values.opaque(rng, sort), rng.choice(values.USERS)
    forms: list[str] = []
    made: list[str] = []

    def encoded(match: re.Match[str]) -> str:
        form = ENCODE[match.group(1)](value, user) if match.group(1) else value
        forms.append(form)
        return form

    def one(text: str) -> str:
        # the secret goes in last: what it holds must not be taken for a field
        pieces, last = [], 0
        for match in PLACE.finditer(text):
            filled, parts = values.fill(rng, text[last : match.start()])
            made.extend(parts)
            pieces += [filled, encoded(match)]
            last = match.end()
        filled, parts = values.fill(rng, text[last:])
        made.extend(parts)
        return "".join([*pieces, filled]).replace("⏎", "\n")

    def walk(node: Any) -> Any:
        if isinstance(node, str):
            return one(node)
        if isinstance(node, dict):
            return {one(k): walk(v) for k, v in node.items()}
        return [walk(v) for v in node] if isinstance(node, list) else node

    document = walk(template)
    if forms:
        return document, Secret(value, tuple(dict.fromkeys([value, *forms])), where)
    return document, Secret(made[0] if made else "", tuple(dict.fromkeys(made)), where)


def situations(rng: random.Random, table: str) -> Iterator[tuple[str, Any, tuple[Secret, ...]]]:
    base = rng.getrandbits(
        64
    )  # every row draws from a source of its own, so that a new row leaves the others as they are
    for name, sorts, kind, template in rows(table, 4):
        for turn, sort in enumerate(sorts.split(",") * 2):
            own = random.Random(f"{base} {name} {turn}")
            document, secret = render(own, sort, json.loads(template) if kind == "J" else template, name)
            yield name, document, (secret,)
