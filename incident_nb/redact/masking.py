"""What rules find in a text, masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .keys import cookies, not_wordy, without_scheme
from .personal import PERSONAL_KINDS
from .rules import MASK, Rule, mask_around

Mask = Callable[[str, str], str]


def replaced(text: str, found: Iterable[tuple[int, int, str]], mask: Mask) -> str:
    """The text with the stretches masked that a search found, in order: start, end and kind of each."""
    parts: list[str] = []
    copied = 0
    for start, end, kind in found:
        parts += (text[copied:start], mask(kind, text[start:end]))
        copied = end
    return "".join(parts) + text[copied:] if parts else text


# A mask, and who or what it is the secret of: user:[password:3f9a1c].
_LABELLED = re.compile(rf"(?:[\w.@+-]{{1,80}}[:=/%])?{MASK.pattern}")


def _end_of_masks(text: str, start: int, end: int) -> int:
    """The end of a stretch, moved behind a mask that it would cut in two."""
    cut = mask_around(text, end) if end < len(text) else None
    return cut.end() if cut and cut.start() >= start else end


def _unmasked(kind: str, secret: str) -> bool:
    """Whether there is something to mask: a secret that holds a mask is one only if what stands around that looks it."""
    if "[" not in secret or not MASK.search(secret):
        return True
    rest = _LABELLED.sub(" ", secret)
    return cookies(rest) if kind == "cookie" else any(not_wordy(piece) for piece in re.split(r"[\s;,&\"'|]+", rest))


def applied(rule: Rule, text: str, low: str | None, mask: Mask, personal: bool) -> str:
    """The text with what the rule finds masked, the same text if that is nothing; `low` is it in lower case."""
    search = rule.next_match(text, text.lower() if low is None else low)
    match = search(text, 0)
    if match is None:
        return text
    parts: list[str] = []
    copied = 0
    while match:
        start, end = match.span("s")
        if masked := mask_around(text, start) or mask_around(text, match.start()):
            position = masked.end()
        elif (kind := rule.kind if isinstance(rule.kind, str) else rule.kind(match)) and (
            personal or kind not in PERSONAL_KINDS
        ):
            end = _end_of_masks(text, start, end)
            scheme, secret = without_scheme(text[start:end])
            if secret and _unmasked(kind, secret):
                parts += (text[copied:start], scheme, mask(kind, secret))
                copied = end
            position = end
        else:
            # What follows the start may still be the beginning of a real one.
            position = max(start, match.start() + 1)
        match = search(text, position)
    return "".join(parts) + text[copied:] if parts else text
