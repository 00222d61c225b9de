"""Loads the signatures from `signatures/*.toml` and says whether one fits a piece of evidence.

A signature is one TOML table:

    [[signature]]
    id = "google.invalid-grant"       # unique; the file's subject comes first
    cause = "credentials"             # models.Cause
    detail = "oauth_token"            # optional
    tier = "code"                     # how specific it is, see TIERS
    words = ["invalid_grant"]         # any of these: lower-case regular expressions, no nested repetition
    unless = ["..."]                  # optional; none of these, in text or trace
    codes = ["400", "4xx", "eauth"]   # any of these: HTTP status, status class or Node code
    names = ["typeerror"]             # any of these error class names
    nodes = ["google*", "gmail*"]     # any of these globs on the node type without its package
    hosts = ["*.googleapis.com"]      # any of these globs on the host
    field = "text"                    # where the words are looked for: text (default), message, service, trace
    procedure = ["RC-1"]              # optional; else the rows of the cause and detail in tables.toml
    examples = [...]                  # records (or bare messages) that must get this cause by this signature
    near_misses = [...]               # records, with the cause they get instead, that it must not fit

Every condition given must hold.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from incident_nb.causes.unwrap import Evidence
from incident_nb.models import Cause

TIERS = {"code": 5.0, "clear-status": 4.5, "sentence": 4.0, "family": 3.0, "status": 2.0, "hint": 1.0}
"""How much a match says. `code`: a machine code or sentence that has one meaning. `clear-status`: a status that is
seldom used for anything else (401, 429). `sentence`: telling wording. `family`: vague wording. `status`: a status that
many things share (400, 404, 500). `hint`: only where it happened."""

BORROWED = 0.5
"""What a rule for certain nodes loses where the record does not name its node."""

PLAIN = " _'\"-,:;=<>@#%&!~/"
"""Characters beside letters and digits that mean themselves in a regular expression."""


@dataclass(frozen=True, slots=True)
class Words:
    """One regular expression and a piece of plain text that any match of it must contain (empty: none known)."""

    pattern: re.Pattern[str]
    literal: str


def found(words: tuple[Words, ...], text: str) -> bool:
    """True if any matches somewhere in the text; the literal is looked for first because that is much faster."""
    for each in words:  # noqa: SIM110 - nearly all the time goes here, and any() is slower
        if each.literal in text and each.pattern.search(text):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Signature:
    """One rule that recognises an error record; the fields are those of the TOML table."""

    id: str
    cause: Cause
    detail: str | None
    tier: str
    words: tuple[Words, ...]
    unless: tuple[Words, ...]
    codes: frozenset[str]
    names: frozenset[str]
    nodes: re.Pattern[str] | None
    hosts: re.Pattern[str] | None
    field: str
    procedure: tuple[str, ...]
    examples: tuple[Any, ...]
    near_misses: tuple[Any, ...]

    def fits(self, evidence: Evidence) -> bool:
        """True if every condition holds for this evidence."""
        if self.codes and not self.codes & evidence.codes:
            return False
        if self.names and not self.names & evidence.names:
            return False
        if self.nodes and not self.nodes.match(evidence.node):
            return False
        if self.hosts and not (evidence.host and self.hosts.match(evidence.host)):
            return False
        text: str = getattr(evidence, self.field)
        if self.words and not found(self.words, text):
            return False
        return not (found(self.unless, evidence.text) or (evidence.trace and found(self.unless, evidence.trace)))

    def weight(self, evidence: Evidence) -> float:
        """How much a match of it says: the tier, and a little for each further condition that had to hold.

        A rule for certain nodes says less where the node is not known: its words are that service's, not everybody's.
        """
        conditions = sum(map(bool, (self.codes, self.names, self.hosts, self.nodes and evidence.node)))
        borrowed = bool(self.nodes) and not evidence.node
        return TIERS[self.tier] + (0.2 * conditions - BORROWED * borrowed) * bool(self.words)


@dataclass(frozen=True, slots=True)
class Tables:
    """`procedure`: rows of the procedure by `cause` or `cause.detail`. `confidence`: see the engine."""

    procedure: dict[str, tuple[str, ...]]
    confidence: dict[str, dict[str, float]]


@cache
def tables() -> Tables:
    """The small tables of `tables.toml`."""
    raw = _read(files("incident_nb.causes") / "tables.toml")
    return Tables({key: tuple(rows) for key, rows in raw["procedure"].items()}, raw["confidence"])


@cache
def signatures() -> tuple[Signature, ...]:
    """Every signature of `signatures/*.toml`, in the order of the files; loaded once."""
    folder = files("incident_nb.causes") / "signatures"
    sources = sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return tuple(_signature(row) for path in sources for row in _read(path).get("signature", []))


@lru_cache(maxsize=256)
def signatures_for(node: str) -> tuple[Signature, ...]:
    """Those that may fit a record of this node type: the others need not be tried."""
    return tuple(each for each in signatures() if each.nodes is None or each.nodes.match(node))


def _read(path: Any) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _signature(row: dict[str, Any]) -> Signature:
    cause, detail = Cause(row["cause"]), row.get("detail")
    rows = tables().procedure
    return Signature(
        id=row["id"],
        cause=cause,
        detail=detail,
        tier=row["tier"],
        words=tuple(_words(word) for word in row.get("words", ())),
        unless=tuple(_words(word) for word in row.get("unless", ())),
        codes=frozenset(row.get("codes", ())),
        names=frozenset(row.get("names", ())),
        nodes=_globs(row.get("nodes", ())),
        hosts=_globs(row.get("hosts", ())),
        field=row.get("field", "text"),
        procedure=tuple(row.get("procedure") or rows.get(f"{cause}.{detail}") or rows[cause]),
        examples=tuple(row.get("examples", ())),
        near_misses=tuple(row.get("near_misses", ())),
    )


def _words(pattern: str) -> Words:
    return Words(re.compile(pattern, re.MULTILINE), literal(pattern))


def _globs(globs: list[str] | tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(translate, globs))) if globs else None


def literal(pattern: str) -> str:
    """The longest plain text outside groups that every match of the pattern contains, or `""`."""
    kept: list[str] = []
    depth = i = 0
    while i < len(pattern):
        char, after = pattern[i], pattern[i + 1 : i + 2]
        if char == "|" and depth == 0:
            return ""
        plain = depth == 0 and (char.isalnum() or char in PLAIN) and after not in ("?", "*", "{")
        kept.append(char if plain else "\0")
        depth += (char == "(") - (char == ")")
        if char == "\\":
            i += 1
        elif char in "[{":
            i = pattern.index("]" if char == "[" else "}", i + 1 + (char == "["))
        i += 1
    return max("".join(kept).split("\0"), key=len)
