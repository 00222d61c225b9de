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
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from incident_nb.causes.literals import literals
from incident_nb.causes.unwrap import Evidence
from incident_nb.models import Cause

TIERS = {"code": 5.0, "clear-status": 4.5, "sentence": 4.0, "family": 3.0, "status": 2.0, "hint": 1.0}
"""How much a match says. `code`: a machine code or sentence that has one meaning. `clear-status`: a status that is
seldom used for anything else (401, 429). `sentence`: telling wording. `family`: vague wording. `status`: a status that
many things share (400, 404, 500). `hint`: only where it happened."""

BORROWED = 0.5
"""What a rule for certain nodes loses where the record does not name its node."""

GRAM = 3
"""Length of the pieces of text by which the signatures that may fit are looked up."""


@dataclass(frozen=True, slots=True)
class Words:
    """One regular expression and pieces of plain text of which any match of it contains at least one (none: unknown)."""

    source: str
    literals: tuple[str, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when it is first needed: most never are."""
        return _compiled(self.source)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source, re.MULTILINE)


def found(words: Iterable[Words], text: str) -> bool:
    """True if any matches somewhere in the text; the literals are looked for first because that is much faster."""
    for each in words:
        for piece in each.literals or ("",):
            if piece in text:
                if each.pattern.search(text):
                    return True
                break
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

    def fits(self, evidence: Evidence, words: Iterable[Words] | None = None) -> bool:
        """True if every condition holds for this evidence; `words`: those of its own that may match (default: all)."""
        if self.codes and not self.codes & evidence.codes:
            return False
        if self.names and not self.names & evidence.names:
            return False
        if self.nodes and not self.nodes.match(evidence.node):
            return False
        if self.hosts and not (evidence.host and self.hosts.match(evidence.host)):
            return False
        text: str = getattr(evidence, self.field)
        if self.words and not found(self.words if words is None else words, text):
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


def rule_files() -> list[bytes]:
    """What stands in the files of all rules, for telling whether two processes have the same."""
    folder = files("incident_nb.causes")
    sources = sorted((folder / "signatures").iterdir(), key=lambda path: path.name)
    return [path.read_bytes() for path in (*sources, folder / "tables.toml") if path.name.endswith(".toml")]


@cache
def signatures() -> tuple[Signature, ...]:
    """Every signature of `signatures/*.toml`, in the order of the files; loaded once."""
    folder = files("incident_nb.causes") / "signatures"
    sources = sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    return tuple(_signature(row) for path in sources for row in _read(path).get("signature", []))


def candidates(evidence: Evidence) -> list[tuple[Signature, list[Words]]]:
    """Those that may fit, in the order of the files, each with the words of its own that may match.

    A word may match where a piece of its plain text occurs; that is looked up, because trying all would take long.
    """
    wordless, always, index = _index()
    text = f"{evidence.text}\n{evidence.trace}"
    pieces = {text[i : i + GRAM] for i in range(len(text))}
    pieces.update(char for char in set(text) if not char.isascii())
    live: defaultdict[int, list[Words]] = defaultdict(list)
    for entries in (always, *(index[piece] for piece in index.keys() & pieces)):
        for position, words in entries:
            live[position].append(words)
    known = signatures()
    return [
        (known[each], live[each]) for each in sorted(_may_fit(evidence.node, evidence.codes) & (live.keys() | wordless))
    ]


Entries = list[tuple[int, Words]]


@cache
def _index() -> tuple[frozenset[int], Entries, dict[str, Entries]]:
    """Positions of the signatures without words; the words that any text may match; the others by a piece of each text."""
    every = [(position, words) for position, each in enumerate(signatures()) for words in each.words]
    common = Counter(key for _, words in every for text in words.literals for key in _keys(text))
    always: Entries = []
    index: defaultdict[str, Entries] = defaultdict(list)
    for position, words in every:
        keys = [_keys(text) for text in words.literals]
        if not all(keys) or not keys:
            always.append((position, words))
            continue
        for each in {min(found_keys, key=lambda key: (common[key], key)) for found_keys in keys}:
            index[each].append((position, words))
    wordless = frozenset(position for position, each in enumerate(signatures()) if not each.words)
    return wordless, always, dict(index)


def _keys(text: str) -> list[str]:
    """The pieces by which a plain text can be looked up: any character that is not ASCII, else each run of GRAM."""
    foreign = [char for char in text if not char.isascii()]
    return foreign or [text[i : i + GRAM] for i in range(len(text) - GRAM + 1)]


@lru_cache(maxsize=1_024)
def _may_fit(node: str, codes: frozenset[str]) -> frozenset[int]:
    """Positions of the signatures that may fit a record of this node type with these codes."""
    return frozenset(
        position
        for position, each in enumerate(signatures())
        if (each.nodes is None or each.nodes.match(node)) and (not each.codes or each.codes & codes)
    )


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
    return Words(pattern, literals(pattern))


def _globs(globs: list[str] | tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(translate, globs))) if globs else None
