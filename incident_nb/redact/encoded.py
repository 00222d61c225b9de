"""What lies under an encoding: decoded, looked at, and masked when there is something to mask, else left as it was."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from ..escape import printable
from .keys import from_base64, user_and_password
from .rules import MASK, kind_of

Clean = Callable[[str], str]

_PERCENT_RUN = re.compile(r"(?<![\w.~%+*!@-])[\w.~%+*!@-]++")
_PERCENT_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
# Three groups of four that stand for printable ASCII; where in a group each letter can stand follows from its bits.
_BASE64 = re.compile(
    r"[I-Za-fCD](?<![A-Za-z0-9+/_-][A-Za-z])[C-HS-Xi-ny-z0-3oQg][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]"
    r"(?:[I-Za-fCD][C-HS-Xi-ny-z0-3oQg][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){2}[A-Za-z0-9+/_-]*+={0,2}"
)
_ENTITY = re.compile(r"&(?:quot|#34|#39|#x22|#x27|apos);")
_UNICODE = re.compile(r"\\{1,15}u([0-9a-fA-F]{4})")
# What a mail writes as a code: a line's end, its own sign, letters of other languages.
_QUOTED_CODE = re.compile(r"=(?:0D=0A|3D)(?![0-9a-fA-F]{3})|=[C-F][0-9A-F]=[89AB][0-9A-F]")
_QUOTED_RUN = re.compile(r"(?:=[0-9A-F]{2})++")
_SOFT_BREAK = re.compile(r"=\r?\n")
_JSON = re.compile(r"[{\[](?=\s{0,20}[\"{\[])|\"(?=(?:\\{1,15}\")?[{\[]\s{0,20}[\"{\[\\])")
MOST_DOCUMENTS = 12
_TYPE_AND_ID = re.compile(
    r"[A-Z]\w*:|(?i:gid|\w*cursor|\w*connection|offset|idx|page|node):|"
    r"(?:user|team|channel|file|message|usergroup):[A-Z][A-Z0-9]{7,11}\Z"
)


def percent(text: str, clean: Clean) -> str:
    """The text with its percent-encoded stretches looked into; twice encoded ones come back here through `clean`."""
    if not _PERCENT_CODE.search(text):
        return text

    def look(match: re.Match[str]) -> str:
        run = match[0]
        if "%" not in run or not _PERCENT_CODE.search(run):
            return run
        decoded = unquote_plus(run)
        masked = clean(decoded)
        return run if masked == decoded else masked

    return _PERCENT_RUN.sub(look, text)


def base64(text: str, clean: Clean, mask: Callable[[str, str], str]) -> str:
    """The text with stretches of base64 masked whole when what they hold has something to mask."""

    def look(match: re.Match[str]) -> str:
        run = match[0]
        decoded = from_base64(run)
        if decoded is None:
            return run
        if user_and_password(decoded) and not _TYPE_AND_ID.match(decoded):
            return mask("credential", run)
        masked = clean(decoded)
        if masked == decoded:
            return run
        found = MASK.search(masked)
        return mask(kind_of(found[0]) if found else "secret", run)

    return _BASE64.sub(look, text)


def undone(text: str, clean: Clean) -> str:
    """The text without escapes of HTML and JSON and without characters nobody sees, if that brings out something to mask."""
    plain = html.unescape(text) if _ENTITY.search(text) else text
    plain = printable(_UNICODE.sub(lambda match: chr(int(match[1], 16)), plain))
    if plain == text:
        return text
    masked = clean(plain)
    return text if masked == plain else masked


def quoted_printable(text: str, clean: Clean) -> str:
    """The text with a mail's codes and soft line breaks undone, if that brings out something to mask."""
    if not _QUOTED_CODE.search(text):
        return text
    try:
        plain = _QUOTED_RUN.sub(lambda run: bytes.fromhex(run[0].replace("=", "")).decode(), _SOFT_BREAK.sub("", text))
    except UnicodeDecodeError:
        return text
    masked = clean(plain)
    return text if masked == plain else masked


def document(text: str) -> Any:
    """What a text is in JSON. Raises ValueError also for an object that has a name twice: a tree would keep one value of it."""
    names = _Names()
    tree = json.loads(text, object_pairs_hook=names)
    if names.repeated:
        raise ValueError("a name stands twice in an object")
    return tree


class _Names:
    """Makes objects of their pairs, and knows whether one had a name twice."""

    def __init__(self) -> None:
        self.repeated = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(pairs)
        self.repeated = self.repeated or len(tree) < len(pairs)
        return tree


def documents(text: str, clean_tree: Callable[[object], object]) -> str:
    """The text with JSON documents in it, and JSON in a JSON string in it, redacted as trees.

    One that has a name twice is written anew with the last value of it, the one that readers take.
    """
    parts: list[str] = []
    copied = position = 0
    for _ in range(MOST_DOCUMENTS):
        start = _JSON.search(text, position)
        if start is None:
            break
        names = _Names()
        try:
            tree, end = json.JSONDecoder(object_pairs_hook=names).raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.start() + 1
            continue
        masked = clean_tree(tree)
        if masked != tree or names.repeated:
            parts += (text[copied : start.start()], json.dumps(masked, ensure_ascii=False))
            copied = end
        position = end
    return "".join(parts) + text[copied:] if parts else text
