"""Text from outside, written so that it shows as the text it is."""

from __future__ import annotations

import re

# Control characters but tab and line breaks, and the marks that turn the direction of text: in a terminal or a page
# they do things, where a text should only say things.
_DOES_THINGS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text that can be stored and shown: half characters become question marks, what would control a terminal goes."""
    return _DOES_THINGS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()


def markdown_text(text: str) -> str:
    """Plain text on one line of Markdown, shown as it is."""
    return re.sub(r"([\\`*_\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))
