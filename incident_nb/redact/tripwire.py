"""A last look at the bytes of an artefact: what must never be in it, in each of the ways in which it may be escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from .gate import Redactor
from .rules import MASK, kind_of

_PNG = re.compile(r"iVBORw0KGgo(?:[A-Za-z0-9+/=]|\\n)*+")
_MARKDOWN_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def tripped(redactor: Redactor, content: str) -> Iterator[tuple[int, str]]:
    """The line and the kind of each certain secret in an artefact's text, as it stands and with its escapes undone."""
    content = _PNG.sub("", content)
    for text in dict.fromkeys((content, html.unescape(content), _MARKDOWN_ESCAPE.sub(r"\1", content))):
        clean = redactor.certain(text)
        if clean != text:
            yield _place(text, clean)


def _place(text: str, clean: str) -> tuple[int, str]:
    """Where the two first differ: there the second one has a mask."""
    at = next((i for i, (one, two) in enumerate(zip(text, clean, strict=False)) if one != two), 0)
    mask = next((m for m in MASK.finditer(clean, max(0, at - 20)) if m.end() > at), None)
    return text.count("\n", 0, at) + 1, kind_of(mask[0]) if mask else "unknown"
