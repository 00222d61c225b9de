"""Redaction of a stream of lines, as `incident-nb redact` does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from . import redact_text, redact_tree
from .encoded import document

Mode = Literal["text", "jsonl", "json"]


@dataclass
class Unread:
    """How many lines or documents were not the JSON they were said to be, and so were redacted as text."""

    count: int = 0


def redact_lines(lines: Iterable[str], mode: Mode = "text", unread: Unread | None = None) -> Iterator[str]:
    """The lines redacted, without line ends, in the same order; nothing is lost.

    `text`: line by line. `jsonl`: one JSON value a line, a string or a document. `json`: all lines are one document,
    and one value comes out. What does not parse is redacted as text and counted in `unread`.
    """
    unread = unread or Unread()
    if mode == "json":
        document = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
        yield _value(document.rstrip("\n"), unread, indent=2)
        return
    if mode == "text":
        # A private key spans lines; together with the lines around it, it is one text.
        yield from (redact_text(line, personal=True) for line in _blocks(lines))
        return
    for line in lines:
        stripped = line.rstrip("\r\n")
        yield _value(stripped, unread) if stripped.strip() else stripped


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """The lines without their ends, those of one private key held together."""
    block: list[str] = []
    for line in lines:
        block.append(line.rstrip("\r\n"))
        if _opens_key(block[0]) and "-----END" not in block[-1]:
            continue
        yield "\n".join(block)
        block = []
    if block:
        yield "\n".join(block)


def _opens_key(line: str) -> bool:
    return "-----BEGIN" in line and "PRIVATE KEY" in line


def _value(text: str, unread: Unread, indent: int | None = None) -> str:
    try:
        return json.dumps(redact_tree(document(text), personal=True), ensure_ascii=False, indent=indent)
    except (ValueError, RecursionError):
        unread.count += 1
        return redact_text(text, personal=True)
