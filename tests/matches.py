"""Texts that a pattern matches, made from the pattern itself: each of its alternatives once, the rest of it by lot."""

from __future__ import annotations

import random
import re
import re._constants as sre
import re._parser as parser
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

# What is drawn from where a pattern leaves much open.
POOL = "aeknorstxzABQTXZ0123456789 _-.,:;/\\+=~|@#$%&*!?()[]{}<>'\"`äßéжя中"
FRAMES = ("{}", " {}", "\n{}", "{} ", "a {} b", '"{}"')
TRIES = 100

_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    sre.CATEGORY_DIGIT: str.isdecimal,
    sre.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    sre.CATEGORY_SPACE: str.isspace,
    sre.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    sre.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    sre.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
Choices = dict[int, int]
Given = Mapping[str, tuple[str, ...]]


def matches(
    pattern: re.Pattern[str], given: Given | None = None, mean: str = "", seed: int = 1
) -> Iterator[tuple[str, Iterator[str]]]:
    """For each alternative of the pattern, what it says and texts that match by it, drawn when asked for.

    An alternative is a branch, or an optional part with words in it that is there or not. Groups in `given` have one of
    these texts. Of the characters that a class lets in, those in `mean` are taken where there are some.
    """
    tree = parser.parse(pattern.pattern, pattern.flags)
    groups = {tree.state.groupdict[name]: texts for name, texts in (given or {}).items() if name in pattern.groupindex}
    seen = set()
    for wanted, name in [({}, "any"), *_alternatives(tree, {})]:
        if name not in seen:
            seen.add(name)
            yield name, _texts(pattern, tree, partial(_Drawn, wanted, groups, mean, random.Random(seed)))


def _texts(pattern: re.Pattern[str], tree: Any, draw: Callable[[], _Drawn]) -> Iterator[str]:
    for _ in range(TRIES):
        drawn = draw()
        drawn.sequence(tree)
        framed = (frame.replace("{}", text) for frame in FRAMES for text in drawn.texts())
        yield from islice((text for text in framed if pattern.search(text)), 1)


def _alternatives(tree: Any, above: Choices) -> Iterator[tuple[Choices, str]]:
    """What has to be chosen for each alternative to be taken, and what it says."""
    for op, argument in tree:
        if op is sre.BRANCH:
            for number, branch in enumerate(argument[1]):
                chosen = {**above, id(argument): number}
                yield chosen, _words(branch)
                yield from _alternatives(branch, chosen)
        elif op in _REPEATS:
            low, _, body = argument
            chosen = {**above, id(argument): max(1, low)}
            if low == 0 and len(_words(body).replace(".", "")) > 1:
                yield {**above, id(argument): 0}, f"without {_words(body)}"
                yield chosen, _words(body)
            yield from _alternatives(body, chosen)
        elif op is sre.SUBPATTERN:
            yield from _alternatives(argument[3], above)
        elif op is sre.ATOMIC_GROUP:
            yield from _alternatives(argument, above)
        elif op is sre.ASSERT:
            yield from _alternatives(argument[1], above)


def _words(tree: Any) -> str:
    """The letters that a part of a pattern is made of, to tell it by."""
    return "".join(chr(argument) if op is sre.LITERAL else "." for op, argument in tree)[:30]


class _Drawn:
    """One text drawn from a pattern's tree."""

    def __init__(self, wanted: Choices, given: Mapping[int, tuple[str, ...]], mean: str, rng: random.Random) -> None:
        self.wanted, self.given, self.mean, self.rng = wanted, given, mean, rng
        self.parts: list[str] = []
        self.before: list[str] = []
        self.ahead: list[str] = []
        self.passed: list[str] = []
        self.groups: dict[int, str] = {}

    def texts(self) -> tuple[str, ...]:
        """The text, and what it may be followed by to have in it what was looked for ahead."""
        text = "".join((*self.before, *self.parts, *self.ahead))
        return (text, text + "".join(self.passed)) if self.passed else (text,)

    def add(self, text: str) -> None:
        if text:
            self.parts.append(text)
            self.passed += self.ahead
            self.ahead.clear()

    def sequence(self, tree: Any) -> None:
        for op, argument in tree:
            self.one(op, argument)

    def one(self, op: Any, argument: Any) -> None:
        if op is sre.LITERAL:
            self.add(chr(argument))
        elif op is sre.ANY:
            self.add(self.rng.choice("aZ3 -."))
        elif op is sre.NOT_LITERAL:
            self.add(self.pick([c for c in POOL if c != chr(argument)]))
        elif op is sre.IN:
            self.add(self.pick(_members(argument)))
        elif op is sre.BRANCH:
            branches = argument[1]
            self.sequence(branches[self.wanted.get(id(argument), self.rng.randrange(len(branches)))])
        elif op in _REPEATS:
            low, high, body = argument
            times = self.wanted.get(id(argument))
            if times is None:
                times = min(low + self.rng.choice((0, 0, 1, 1, 2, 5)), high if high is not sre.MAXREPEAT else low + 5)
            for _ in range(times):
                self.sequence(body)
        elif op is sre.SUBPATTERN:
            number, start = argument[0], len(self.parts)
            if number in self.given:
                self.add(self.rng.choice(self.given[number]))
            else:
                self.sequence(argument[3])
            if number is not None:
                self.groups[number] = "".join(self.parts[start:])
        elif op is sre.ATOMIC_GROUP:
            self.sequence(argument)
        elif op is sre.GROUPREF:
            self.add(self.groups.get(argument, ""))
        elif op is sre.GROUPREF_EXISTS:
            group, yes, no = argument
            self.sequence(yes if group in self.groups else no or ())
        elif op is sre.ASSERT:
            self.look(*argument)

    def look(self, direction: int, body: Any) -> None:
        """What a look ahead or behind asks for is put there if nothing else has to stand there."""
        inner = _Drawn(self.wanted, self.given, self.mean, self.rng)
        inner.groups = self.groups
        inner.sequence(body)
        if direction > 0:
            self.ahead.append(inner.texts()[0])
        elif not self.parts:
            self.before = [inner.texts()[0]]

    def pick(self, characters: list[str]) -> str:
        return self.rng.choice([c for c in characters if c in self.mean] or characters)


def _members(items: Any) -> list[str]:
    """Characters of a class: those that it names, and of the pool those that it lets in."""
    negated = items[0][0] is sre.NEGATE
    named = [chr(a) for op, a in items if op is sre.LITERAL]
    named += [chr(a[end]) for op, a in items if op is sre.RANGE for end in (0, 1)]

    def inside(c: str) -> bool:
        return any(
            (op is sre.LITERAL and ord(c) == a)
            or (op is sre.RANGE and a[0] <= ord(c) <= a[1])
            or (op is sre.CATEGORY and _CATEGORIES[a](c))
            for op, a in items
        )

    return [c for c in POOL if not inside(c)] if negated else [*named, *(c for c in POOL if inside(c))]
