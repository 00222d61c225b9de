"""How well each factor tells the runs that failed in a set from those that went well in the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from incident_nb.patterns.factors import Ints
from incident_nb.patterns.stretches import History, Stretch

MOST_OF_A_WORKFLOW = 25.0  # runs of one workflow that count, so that a busy one does not speak for all
AS_GOOD = 1.0  # difference of log likelihood within which two factors explain as much as each other


@dataclass
class Ranked:
    """A value on a ground: runs that failed and went well with it, and what it explains (log likelihood)."""

    kind: str
    code: int
    value: tuple[str, ...]
    failed: int
    good: int
    rest_failed: int
    rest_good: int
    gain: float
    workflows: set[int]
    members: frozenset[int]

    @property
    def rate(self) -> float:
        return self.failed / (self.failed + self.good)

    @property
    def rest_rate(self) -> float:
        return self.rest_failed / max(1, self.rest_failed + self.rest_good)


class Ground:
    """The runs between two instants: those that failed in a set of stretches, and all that went well."""

    def __init__(self, history: History, parts: Sequence[Stretch], begin: int, end: int) -> None:
        self.history, self.parts = history, parts
        self.first = int(np.searchsorted(history.at, begin, side="left"))
        self.last = int(np.searchsorted(history.at, end, side="right"))
        facts = history.factors
        good = history.group_of_good(self.first, self.last)
        self.by_group = np.bincount(good, minlength=len(facts.paths))
        if (self.by_group[facts.known] > 0).any():  # runs of which nothing is known count as neither
            self.by_group = np.where(facts.known, self.by_group, 0)
        self.failed = sum(len(part.runs) for part in parts)
        per_workflow = np.bincount(facts.workflow, weights=self.by_group, minlength=len(facts.workflows))
        for part in parts:
            per_workflow[part.workflow] += len(part.runs)
        self.share = np.minimum(1.0, MOST_OF_A_WORKFLOW / np.maximum(per_workflow, 1.0))
        self.weighed = self.by_group * self.share[facts.workflow]

    def ranked(self, kinds: Sequence[str]) -> list[Ranked]:
        """All values that failures of the set have, the one that explains most first."""
        facts = self.history.factors
        all_good, all_weighed = int(self.by_group.sum()), float(self.weighed.sum())
        every = sum(len(part.runs) * self.share[part.workflow] for part in self.parts)
        found = []
        for kind in kinds:
            factor = facts.kinds[kind]
            good, weighed = factor.count(self.by_group), factor.count(self.weighed)
            mine: dict[int, list[Stretch]] = {}
            for part in self.parts:
                for code in part.codes.get(kind, ()):
                    mine.setdefault(code, []).append(part)
            for code, parts in mine.items():
                failed = sum(len(part.runs) for part in parts)
                heavy = sum(len(part.runs) * self.share[part.workflow] for part in parts)
                found.append(
                    Ranked(
                        kind, code, factor.values[code], failed, int(good[code]), self.failed - failed,
                        all_good - int(good[code]), _gain(heavy, float(weighed[code]), every, all_weighed),
                        {part.workflow for part in parts}, frozenset(part.number for part in parts),
                    )
                )  # fmt: skip
        return sorted(found, key=lambda one: -one.gain)

    def users(self, one: Ranked) -> set[int]:
        """The workflows that ran well with a value in that time."""
        facts = self.history.factors
        has = facts.kinds[one.kind].has(one.code, len(facts.paths)) & (self.by_group > 0)
        return set(facts.workflow[has].tolist())

    def good_with(self, one: Ranked) -> Ints:
        """The runs that went well with a value."""
        facts = self.history.factors
        has = facts.kinds[one.kind].has(one.code, len(facts.paths)) & (self.by_group > 0)
        window = np.arange(self.first, self.last)
        return window[self.history.good[window] & has[facts.group[window]]]


def preferred(ranked: Sequence[Ranked], order: Sequence[str]) -> Ranked:
    """Of those that explain as much as the best the one that comes first by its kind."""
    near = [one for one in ranked if one.gain >= ranked[0].gain - AS_GOOD]
    return min(near, key=lambda one: (order.index(one.kind), -one.gain))


def _gain(failed: float, good: float, every: float, all_good: float) -> float:
    """How much likelier two rates, with and without a value, make these runs than one rate does (logarithm)."""
    rest, rest_good = max(0.0, every - failed), max(0.0, all_good - good)
    if failed * (rest + rest_good) <= rest * (failed + good):
        return 0.0
    return _fit(failed, good) + _fit(rest, rest_good) - _fit(every, all_good)


def _fit(failed: float, good: float) -> float:
    whole = failed + good
    return sum(part * log(part / whole) for part in (failed, good) if part > 0)
