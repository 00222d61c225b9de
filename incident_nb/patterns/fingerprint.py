"""When two failures are the same problem: the key they share, with everything that varies from run to run masked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

import pandas as pd

_KEPT = {"message": None, "description": 300}
MASKED = {"message": "masked_message", "description": "masked_description"}
"""The columns that `masked` gives; a log that was read by several processes may have them."""

# In order: what a later rule would tear apart comes first. Kept, because they tell problems apart: words, and quoted
# words that are codes (`"invalid_grant"`, `"ECONNREFUSED"`); a status that is named as one, or leads the text as n8n
# writes it (`404 - "..."`).
_OPEN, _CLOSE = "\"“‘`'", "\"”’`'"
_CODE = r"(?:[A-Za-z]+(?:_[A-Za-z]+)+|[A-Z]{3,})"
_STATUS = r"(?i:\b(?:code|status|http|error):?\s[1-5]\d\d\b)|^[1-5]\d\d(?= - )"
_MASKS: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\[(\w+):[0-9a-f]{6,}\]"), r"[\1]"),  # the gate's masks, reduced to their kind
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"\bhttps?://[^\s\"'<>)]+"), "<url>"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b"), "<email>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?"), "<date>"),
    (re.compile(r"\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"), "<date>"),
    (re.compile(r"\(item \d+\)|\[(?:condition \d+, )?item \d+\]|\[line \d+\]"), ""),
    (re.compile(rf"(?<!\w)[{_OPEN}](?!{_CODE}\\?[{_CLOSE}])(?=\S)[^{_CLOSE}\n]{{1,200}}[{_CLOSE}](?!\w)"), "<value>"),
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{8,}\b"), "<id>"),
    (re.compile(rf"(?P<kept>{_STATUS})|\b0x[0-9a-fA-F]+\b|\b\d[\d.,:]*"), lambda m: m["kept"] or "<n>"),
    (re.compile(r"\s+"), " "),
]

_PARTS = ["instance", "client", "workflow_id", "node", "error_name", "http_code", "message", "description"]


def mask(text: str | None) -> str:
    """`text` with ids, numbers, dates, addresses, e-mails, quoted values, UUIDs and hashes masked, on one line."""
    masked = text or ""
    for pattern, replacement in _MASKS:
        masked = pattern.sub(replacement, masked)
    return masked.strip()


def fingerprints(failures: pd.DataFrame) -> pd.Series:
    """The fingerprint of each failure: 12 hex digits; equal for the same problem, also after a key was rotated.

    Made of instance, client, workflow, node, error class (name and status) and the masked message and description,
    never of the cause, so that better signatures do not make new problems of old ones.
    """
    texts = failures if set(MASKED.values()) <= set(failures.columns) else failures.assign(**masked(failures))
    parts = [MASKED.get(name, name) for name in _PARTS]
    table = texts[parts].astype("object").where(texts[parts].notna(), "")
    keys = {row: _digest(*row) for row in table.drop_duplicates().itertuples(index=False, name=None)}
    return pd.Series([keys[row] for row in table.itertuples(index=False, name=None)], index=failures.index, dtype="str")


def masked(failures: pd.DataFrame) -> pd.DataFrame:
    """Message and description of each failure as they count in its fingerprint, under the names in `MASKED`."""
    found = {}
    for name, column in MASKED.items():
        codes, texts = pd.factorize(failures[name].astype("object").where(failures[name].notna(), ""))
        words = [mask(text)[: _KEPT[name]] for text in texts]
        found[column] = pd.Series(pd.Index(words, dtype="str").take(codes), index=failures.index, dtype="str")
    return pd.DataFrame(found, index=failures.index)


def fingerprint_of(failure: Mapping[str, str | None]) -> str:
    """The fingerprint of one failure, given as a row of the log's failures: the same as in a table, in less time."""
    return _key(*(failure.get(name) or "" for name in _PARTS))


def _key(*parts: str) -> str:
    *where, message, description = parts
    return _digest(*where, mask(message)[: _KEPT["message"]], mask(description)[: _KEPT["description"]])


def _digest(*told: str) -> str:
    return hashlib.sha256("\x1f".join(told).encode()).hexdigest()[:12]
