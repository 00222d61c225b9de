"""Text from outside, written so that it shows as the text it is."""

from __future__ import annotations

import re


def markdown_text(text: str) -> str:
    """Plain text on one line of Markdown, shown as it is."""
    return re.sub(r"([\\`*_\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))
