"""What a rule is, what a mask looks like, and where a token may start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

Judge = Callable[[re.Match[str]], str | None]
Anchor = Callable[[str, str], Iterable[int]]


@dataclass(frozen=True)
class Rule:
    """A pattern whose group `s` is masked as `kind`; a judge looks at the match and names the kind, or None for none.

    `hints` are lower-case texts of which one must occur for the pattern to be tried: most strings hold none.
    With an `anchor` the pattern is tried where that says and not searched for: so most rules cost next to nothing.
    `gate` is a quick look that must find something, too.
    Patterns run in linear time: what is open is possessive or ends at what it can't match, all else is bounded.
    """

    kind: str | Judge
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    gate: re.Pattern[str] | None = None
    anchor: Anchor | None = None

    def next_match(self, text: str, low: str) -> Callable[[str, int], re.Match[str] | None]:
        """What finds the next match in this text (`low` in lower case) from a position on."""
        if self.anchor is None:
            return self.pattern.search
        places = iter(self.anchor(text, low))

        def search(text: str, position: int) -> re.Match[str] | None:
            for place in places:
                if place >= position and (match := self.pattern.match(text, place)):
                    return match
            return None

        return search


@dataclass(frozen=True)
class Rules:
    """Rules with one flat list of their hints: most texts hold none, and that is found out at once."""

    rules: tuple[Rule, ...]

    @cached_property
    def _flat(self) -> list[tuple[str, int]]:
        return [(hint, index) for index, rule in enumerate(self.rules) for hint in rule.hints]

    @cached_property
    def _always(self) -> set[int]:
        return {index for index, rule in enumerate(self.rules) if not rule.hints}

    def hinted(self, low: str) -> list[Rule]:
        """The rules of which a text in lower case holds a hint, and those without any."""
        found = {index for hint, index in self._flat if hint in low} | self._always
        return [self.rules[index] for index in sorted(found)] if found else []

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)


def at(*words: str) -> Anchor:
    """The anchor that finds the words in any case, in order."""

    def anchor(text: str, low: str) -> Iterable[int]:
        if len(low) != len(text):
            low = same_length(text)
        found: set[int] = set()
        for word in words:
            position = low.find(word)
            while position >= 0:
                found.add(position)
                position = low.find(word, position + 1)
        return sorted(found) if len(found) > 1 else found

    return anchor


def same_length(text: str) -> str:
    """The text in lower case, but for the few letters whose small form is longer."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def anchored(kind: str | Judge, pattern: str, words: str, gate: str | None = None) -> Rule:
    """A rule whose pattern begins with one of the words (separated by `|`)."""
    hints = tuple(words.split("|"))
    return Rule(kind, re.compile(pattern), hints, re.compile(gate) if gate else None, at(*hints))


MASK = re.compile(r"\[[a-z][a-z_]{1,19}:[0-9a-f]{6}\]")


def starting(first: str) -> str:
    """One character of the class where no word goes on before it; the n of an escaped line break is no part of a word.

    The class comes first, since the engine can skip to it; what precedes it is looked at afterwards.
    """
    return rf"{first}(?:(?<![A-Za-z0-9]{first})|(?<=\\[nrt]{first}))"
