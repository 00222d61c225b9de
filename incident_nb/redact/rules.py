"""What a rule is, what a mask looks like, and where a token may start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, count
from operator import or_

from ahocorasick import Automaton

Judge = Callable[[re.Match[str]], str | None]
Anchor = Callable[[str, str], Iterable[int]]


_numbers = count()


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
    bit: int = field(default_factory=lambda: 1 << next(_numbers), init=False)

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


class Rules:
    """Rules that are tried one after the other."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self.bits = reduce(or_, (rule.bit for rule in self.rules))
        self._hinted: dict[int, tuple[Rule, ...]] = {}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def hinted(self, bits: int) -> tuple[Rule, ...]:
        """Those of the rules whose bits these are."""
        bits &= self.bits
        if bits not in self._hinted:
            self._hinted[bits] = tuple(rule for rule in self.rules if rule.bit & bits)
        return self._hinted[bits]


class Hints:
    """Which rules a text gives a hint of: one walk over the text finds the hints of all rules."""

    def __init__(self, *groups: Rules) -> None:
        words: dict[str, int] = {}
        self._always = 0
        for rule in chain.from_iterable(groups):
            for hint in rule.hints:
                words[hint] = words.get(hint, 0) | rule.bit
            if not rule.hints:
                self._always |= rule.bit
        # These turn up everywhere; whether one is there at all is all that need be known of it.
        self._marks = [(hint, bits) for hint, bits in words.items() if len(set(hint)) == 1]
        self._words = Automaton()
        for hint, bits in words.items():
            if len(set(hint)) > 1:
                self._words.add_word(hint, bits)
        self._words.make_automaton()

    def of(self, low: str) -> int:
        """The bits of the rules of which a text in lower case holds a hint, and of those without any."""
        found = self._always
        for mark, bits in self._marks:
            if mark in low:
                found |= bits
        for _, bits in self._words.iter(low):
            found |= bits
        return found


def at(*words: str) -> Anchor:
    """The anchor that finds the words in any case, in order."""
    search = Automaton()
    for word in words:
        search.add_word(word, len(word) - 1)
    search.make_automaton()

    def anchor(text: str, low: str) -> Iterable[int]:
        return sorted({end - size for end, size in search.iter(low if len(low) == len(text) else same_length(text))})

    return anchor


def same_length(text: str) -> str:
    """The text in lower case, but for the few letters whose small form is longer."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def anchored(kind: str | Judge, pattern: str, words: str, gate: str | None = None) -> Rule:
    """A rule whose pattern begins with one of the words (separated by `|`)."""
    hints = tuple(words.split("|"))
    return Rule(kind, re.compile(pattern), hints, re.compile(gate) if gate else None, at(*hints))


MASK = re.compile(r"\[[a-z][a-z_]{1,19}:[0-9a-f]{6}\]")
_LONGEST_MASK = 29


def bare(text: str) -> str:
    """The text without its masks: what is still to be judged of it."""
    return MASK.sub("", text) if "[" in text else text


def kind_of(mask: str) -> str:
    """The kind that a mask names: `api_key` of `[api_key:3f9a1c]`."""
    return mask[1:].partition(":")[0]


def mask_around(text: str, place: int) -> re.Match[str] | None:
    """The mask that a place is in, if it is in one."""
    opened = text.rfind("[", max(0, place - _LONGEST_MASK), place + 1)
    masked = MASK.match(text, opened) if opened >= 0 else None
    return masked if masked and masked.end() > place else None


def starting(first: str) -> str:
    """One character of the class where no word goes on before it; the n of an escaped line break is no part of a word.

    The class comes first, since the engine can skip to it; what precedes it is looked at afterwards.
    """
    return rf"{first}(?:(?<![A-Za-z0-9]{first})|(?<=\\[nrt]{first}))"
