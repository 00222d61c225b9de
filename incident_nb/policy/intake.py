"""What a pasted Slack message or a client's e-mail says, as facts: families of English words, clause by clause."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from incident_nb.policy.facts import SeverityFacts

FILE = Path(__file__).with_name("words.toml")

Value = bool | int | str

CLAUSE = re.compile(r"(?<=[.!?;])\s+|\n+|\s+[-–—]+\s+|,?\s+(?:but|however|although|though|yet|whereas|while)\s+")
NEGATION = r"(?:no|not|never|none|nothing|nobody|without|cannot|neither|nor|\w+n't)"
NEGATION_BEFORE = re.compile(rf"\b{NEGATION}\b(?:[^\w,]+\w+){{0,4}}[^\w,]*$")
NEGATION_WITHIN = re.compile(rf"\b{NEGATION}\b")

# Two statements about one fact: the graver one is kept. It is true for every fact but these.
GRAVER_WHEN_FALSE = {"data_flowing", "intermittent", "within_sla"}

NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER = rf"(\d+|{'|'.join(NUMBER_WORDS)})"


@dataclass(frozen=True)
class Family:
    """One row of `words.toml`, ready to be looked for."""

    fact: str
    value: Value
    says: re.Pattern[str]
    unless: re.Pattern[str] | None
    negative: bool

    def states(self, clause: str) -> Value | None:
        """The value that a clause states for this family's fact, or None when it does not speak of it."""
        match = self.says.search(clause)
        if match is None or (self.unless and self.unless.search(clause)):
            return None
        if self.negative or not _negated(clause, match):
            return self.value
        return False if self.value is True else None


def facts_from_text(text: str) -> SeverityFacts:
    """The facts that an English text states; whatever it does not speak of stays unknown.

    It reads statements, not meaning: each clause on its own, negations included. Where two clauses contradict each
    other the graver one counts, since a person confirms the suggestion anyway.
    """
    stated: defaultdict[str, list[Value]] = defaultdict(list)
    for clause in clauses(text):
        for fact, value in _statements(clause):
            stated[fact].append(value)
    return SeverityFacts.model_validate({fact: _gravest(fact, values) for fact, values in stated.items()})


def clauses(text: str) -> list[str]:
    """The parts of a text that state one thing each: lower case, plain quotes, single spaces."""
    plain = text.lower().replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    return [" ".join(part.split()) for part in CLAUSE.split(plain) if part.strip()]


def _statements(clause: str) -> Iterator[tuple[str, Value]]:
    for family in families():
        value = family.states(clause)
        if value is not None:
            yield family.fact, value
    yield from _counts(clause)
    yield from _repeats(clause)


def _gravest(fact: str, values: list[Value]) -> Value:
    if fact == "cause":
        return values[0]
    return min(values) if fact in GRAVER_WHEN_FALSE else max(values)


def _negated(clause: str, match: re.Match[str]) -> bool:
    return bool(NEGATION_BEFORE.search(clause[: match.start()]) or NEGATION_WITHIN.search(match.group()))


IN_A_ROW = re.compile(rf"\b{NUMBER} (?:\w+ )?(?:times|runs|executions|failures) in a row\b|\b{NUMBER} consecutive\b")
SHARE = re.compile(rf"\b{NUMBER} (?:of|out of) (?:the |our |its |last |newest |all )*{NUMBER} (?:\w+ ){{0,2}}?(\w+)")
FAILS = re.compile(
    r"\b(?:fail\w*|down|stopped|crash\w*|tim\w+ ?-?outs?|missing|lost|dropped|skipped|errors?|errored)\b"
)


def _counts(clause: str) -> Iterator[tuple[str, Value]]:
    """Numbers of failures in a row, and shares: of workflows, of runs, of items."""
    if (row := IN_A_ROW.search(clause)) and FAILS.search(clause):
        yield "consecutive_failures", _number(row[1] or row[2])
    if (share := SHARE.search(clause)) is None:
        return
    part, whole, noun = _number(share[1]), _number(share[2]), share[3]
    bad = part if FAILS.search(clause) else whole - part
    if noun in ("workflows", "automations"):
        yield from (("workflows_down", bad), ("workflows_total", whole))
    elif noun in ("runs", "executions", "attempts", "calls", "requests"):
        yield from (("runs_since_onset", whole), ("successes_since_onset", whole - bad))
    elif re.fullmatch(_words()["record"], noun):
        yield "items_lost", bad


TWICE = re.compile(
    r"\b(?:duplicat\w+|twice|second copy|double[sd]?|doubling|two (?:identical|copies|times)|2x)\b"
    rf"|\b(?:sent|received|got|delivered|posted|created|charged)\b[^,;:]{{0,30}}\b{NUMBER} times\b"
)
NOT_TWICE = re.compile(
    r"\bduplicate (?:key|entry|value|check|detection)|\b(?:twice|doubled?) (?:as|a|per)\b|\bresponse times?\b"
    r"|\b(?:checked|tried|retried|failed|fails|ran|looked) (?:\w+ )?twice\b"
)
REPEATED = re.compile(
    r"\b(?:keeps?|every|again and again|over and over|repeated\w*|constantly|continu\w+|always|multiple|many|several"
    r"|dozens|hundreds|all day|ongoing|[2-9] times|\d{2,} times|(?:three|four|five|six|ten) times)\b"
)


def _repeats(clause: str) -> Iterator[tuple[str, Value]]:
    """Something that happened twice: how often (2 stands for "more than once"), and whether it was a mere message."""
    match = TWICE.search(clause)
    message = re.search(rf"\b{_words()['message']}\b", clause)
    record = re.search(rf"\b(?:{_words()['record']}|charged|paid|booked|invoiced|billed|refunded)\b", clause)
    if match is None or NOT_TWICE.search(clause) or not (message or record):
        return
    if _negated(clause, match):
        yield "duplicates", 0
        return
    yield "duplicates", 2 if REPEATED.search(clause) else 1
    yield "duplicate_of_record", message is None


def _number(text: str) -> int:
    return NUMBER_WORDS.index(text) + 1 if text in NUMBER_WORDS else int(text)


@cache
def families() -> tuple[Family, ...]:
    """The rows of `words.toml`, compiled once."""
    rows = tomllib.loads(FILE.read_text(encoding="utf-8"))["families"]
    return tuple(
        Family(
            fact=row["fact"],
            value=row["value"],
            says=_pattern(row["says"]),
            unless=_pattern(row["unless"]) if "unless" in row else None,
            negative=row.get("negative", False),
        )
        for row in rows
    )


@cache
def _words() -> dict[str, str]:
    words: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["words"]
    return words


def _pattern(alternatives: list[str]) -> re.Pattern[str]:
    joined = "|".join(alternatives)
    return re.compile(rf"\b(?:{re.sub(r'{([a-z_]+)}', lambda name: _words()[name[1]], joined)})\b")
