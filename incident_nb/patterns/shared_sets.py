"""Stretches of failing that belong together, and which factor tells them best from everything that went well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np

from incident_nb.patterns.factors import Ints
from incident_nb.patterns.shared_ground import AS_GOOD, Ground, Ranked, preferred
from incident_nb.patterns.stretches import History, Stretch

# The more specific factor comes first where several explain the same failures as well as each other; what a cause is
# likely to lie with decides which that is.
_USUAL = ("credential", "host", "vendor", "node_type", "client", "instance")
ORDER = {
    "service": ("host", "vendor", "credential", "node_type", "client", "instance"),
    "contract": ("host", "vendor", "node_type", "credential", "client", "instance"),
    "house": ("instance", "client", "node_type", "credential", "host", "vendor"),
}
# What a cause is likely to lie with is looked for in the first place; any other factor is one of six that might fit.
LIKELY = {
    "credentials": ("credential",),
    "service": ("credential", "host", "vendor"),
    "contract": ("host",),
    "house": ("instance",),
}

HOUR_US = 3_600_000_000
SLACK_US = HOUR_US // 2  # what fails together begins and ends within half an hour, where runs are as dense as that
STRONGEST = 20.0  # of a stretch's weight no more than that counts where sets are looked for
FEWEST_WORKFLOWS, FEWEST_FAILURES = 2, 3
LEAST_RATE, LEAST_LIFT = 0.2, 3.0
LEAST_COVERED = 0.5  # of the set's failures
LEAST_WORKFLOWS = 0.5  # of the workflows that ran with it in that time
MOST_BY_CHANCE = 0.05  # sets like that in a whole survey in which nothing is shared
MOST_SETS_OF_A_VALUE, MOST_WEAK_SETS = 20, 3  # in all, and one after the other that chance gives as well
NEWEST = 10


@dataclass
class Found:
    """A factor that explains a set. `failed`, `good`, `uncovered`: positions of runs; instants are microseconds, UTC."""

    factor: str
    value: tuple[str, ...]
    failed: Ints
    good: Ints
    uncovered: Ints
    rest_failed: int
    rest_good: int
    since: int
    not_before: int | None
    not_after: int
    chance: float
    apart: bool = True
    others: list[str] = field(default_factory=list)
    stretches: tuple[int, ...] = ()
    label: str | None = None


def sets(history: History, parts: Sequence[Stretch]) -> list[Found]:
    """All sets of stretches, of at least two workflows, that a factor explains; the one that chance explains least first."""
    search = _Search(history, parts)
    seeds = sorted(search.seeds(), key=lambda seed: seed[0])
    search.clusters = list(dict.fromkeys(frozenset(part.number for part in cluster) for _, cluster in seeds))
    found, weak = [], set()
    for _, cluster in seeds:
        left = [part for part in cluster if part.number not in search.taken]
        numbers = tuple(sorted(part.number for part in left))
        if numbers in weak or len({part.workflow for part in left}) < FEWEST_WORKFLOWS:
            continue
        if one := search.best(left):
            found.append(one)
        else:
            weak.add(numbers)
    return found


class _Search:
    def __init__(self, history: History, parts: Sequence[Stretch]) -> None:
        self.history, self.parts = history, parts
        self.taken: set[int] = set()
        self.clusters: list[frozenset[int]] = []
        facts = history.factors
        self.users = {}
        for kind in _USUAL:
            factor = facts.kinds[kind]
            pairs = np.unique(np.stack([factor.codes, facts.workflow[factor.groups]]), axis=1)
            self.users[kind] = np.bincount(pairs[0].astype(np.int64), minlength=len(factor.values))
        span = (history.at[-1] - history.at[0]) / HOUR_US if len(history.at) else 0.0
        self.hours = max(1.0, float(span)) * max(1, len(facts.workflows))
        self.weights = {
            family: np.sort([part.weight for part in parts if part.family in (family, "unknown")])
            for family in {part.family for part in parts}
        }

    def seeds(self) -> Iterator[tuple[float, list[Stretch]]]:
        """Stretches that began and ended together and share a value, with how many such sets chance would give."""
        of_value: dict[tuple[str, int], list[Stretch]] = {}
        for part in self.parts:
            for kind in _USUAL:
                for code in part.codes.get(kind, ()):
                    of_value.setdefault((kind, code), []).append(part)
        spans, of_number = _Spans(self.parts), {part.number: part for part in self.parts}
        for (kind, code), mine in of_value.items():
            for family in sorted({part.family for part in mine}):
                alike = np.array([part.number for part in mine if part.family in (family, "unknown")], dtype=np.int64)
                weak = 0
                for numbers in spans.clusters(alike):
                    cluster = [of_number[number] for number in numbers.tolist()]
                    chance = self.chance(cluster, kind, code, family)
                    weak = weak + 1 if chance > MOST_BY_CHANCE else 0
                    if not weak:
                        yield chance, cluster
                    elif weak == MOST_WEAK_SETS:
                        break

    def chance(self, cluster: Sequence[Stretch], kind: str, code: int, family: str) -> float:
        """How many sets like this one a survey would show by chance.

        Other stretches as strong as these begin in a workflow at some rate; so many of the value's workflows have one
        that begins within the same time. The first is free; any of them, and any of its factors, could have been it.
        """
        strongest: dict[int, Stretch] = {}
        for part in cluster:
            if part.workflow not in strongest or part.weight > strongest[part.workflow].weight:
                strongest[part.workflow] = part
        ranked = sorted(strongest.values(), key=lambda part: -part.weight)
        every, own = self.weights[family], np.sort([part.weight for part in cluster])
        least = 1e9
        for count in range(FEWEST_WORKFLOWS, len(ranked) + 1):
            level = ranked[count - 1].weight
            inside = len(own) - int(np.searchsorted(own, level))
            others = len(every) - int(np.searchsorted(every, level)) - inside + 0.5
            wide = float(np.mean([part.high - part.low + 2 * SLACK_US for part in ranked[:count]])) / HOUR_US
            expected = (int(self.users[kind][code]) - 1) * others / self.hours * 2 * wide
            factors = 1 if kind in LIKELY.get(family, ()) else len(_USUAL)
            tests = (others + inside) * factors * (len(ranked) - 1)
            least = min(least, _at_least(count - 1, expected) * tests)
        return least

    def best(self, cluster: Sequence[Stretch]) -> Found | None:
        """The factor that explains best what began and ended together with a cluster; None where it is weak."""
        families = [part.family for part in cluster if part.family != "unknown"] or ["unknown"]
        family = max(sorted(set(families)), key=families.count)
        low, high = _joint([(part.low, part.high) for part in cluster])
        last_low, last_high = _joint([(part.last_low, part.last_high) for part in cluster])
        together = [
            part for part in self.parts
            if part.number not in self.taken and part.family in (family, "unknown")
            and _meets(part.low, part.high, low, high) and _meets(part.last_low, part.last_high, last_low, last_high)
        ]  # fmt: skip
        begin, end = min(part.at for part in cluster), max(part.end for part in cluster)
        ground = Ground(self.history, together, begin, end)
        ranked = ground.ranked(ORDER.get(family, _USUAL))
        wide = [one for one in ranked if len(one.workflows) >= FEWEST_WORKFLOWS]
        if not wide or ranked[0].gain > wide[0].gain + AS_GOOD:
            return None  # one workflow's own failures
        top = preferred(wide, ORDER.get(family, _USUAL))
        members = [part for part in together if top.code in part.codes.get(top.kind, ())]
        chance = self.chance(members, top.kind, top.code, family)
        rest = self._unexplained(top, together)
        top.rest_failed = sum(len(part.runs) for part in rest)
        covered = top.failed / (top.failed + top.rest_failed)
        if (
            chance > MOST_BY_CHANCE or top.failed < FEWEST_FAILURES or covered < LEAST_COVERED or top.rate < LEAST_RATE
            or not top.rest_good or top.rate < LEAST_LIFT * top.rest_rate
            or len(top.workflows) < LEAST_WORKFLOWS * len(ground.users(top) | top.workflows)
        ):  # fmt: skip
            return None
        self.taken.update(part.number for part in members)
        return self._found(ground, top, members, rest, [one for one in wide if one is not top], chance)

    def _unexplained(self, top: Ranked, together: Sequence[Stretch]) -> list[Stretch]:
        """What fails at the same time without the value, but for what shares another one: two things may break at once."""
        others = {number for cluster in self.clusters if cluster.isdisjoint(top.members) for number in cluster}
        return [part for part in together if part.number not in top.members and part.number not in others]

    def _found(
        self, ground: Ground, top: Ranked, members: Sequence[Stretch], rest: Sequence[Stretch],
        next_best: Sequence[Ranked], chance: float,
    ) -> Found:  # fmt: skip
        since = min(part.at for part in members)
        before = [part.low for part in members if part.low < since]
        known = self.history.factors
        others: list[str] = []
        apart = True
        for one in next_best:
            same = one.failed == top.failed and one.good == top.good and one.members == top.members
            words = f"{one.kind.replace('_', ' ')} {known.names.get((one.kind, one.value), one.value[-1])}"
            if same:
                apart = False
                others.insert(0, f"{words}: cannot be told apart")
            elif one.gain >= top.gain / 2:
                others.append(f"{words}: {one.failed:.0f} of {one.failed + one.good:.0f} runs")
        outside = [part.runs for part in rest]
        return Found(
            factor=top.kind, value=top.value, failed=np.unique(np.concatenate([part.runs for part in members])),
            good=ground.good_with(top), uncovered=np.unique(np.concatenate(outside)) if outside else np.empty(0, np.int64),
            rest_failed=top.rest_failed, rest_good=int(top.rest_good), since=since,
            not_before=max(before) if before and max(before) > self.history.at[0] else None,
            not_after=min(part.high for part in members), chance=chance, apart=apart, others=others[:5],
            stretches=tuple(part.number for part in members),
        )  # fmt: skip


class _Spans:
    """The stretches' ends as arrays, by number."""

    def __init__(self, parts: Sequence[Stretch]) -> None:
        most = max((part.number for part in parts), default=-1) + 1
        self.begin, self.end = np.zeros((2, most), dtype=np.int64), np.zeros((2, most), dtype=np.int64)
        self.weight, self.workflow = np.zeros(most), np.zeros(most, dtype=np.int64)
        for part in parts:
            self.begin[:, part.number], self.end[:, part.number] = (
                (part.low, part.high),
                (part.last_low, part.last_high),
            )
            self.weight[part.number], self.workflow[part.number] = min(part.weight, STRONGEST), part.workflow

    def clusters(self, numbers: Ints) -> Iterator[Ints]:
        """The stretches that may have begun at one instant and ended at one, the weightiest set first."""
        for _ in range(MOST_SETS_OF_A_VALUE):
            if not self._several(numbers):
                return
            cluster = self._pierced(self._pierced(numbers, self.begin), self.end)
            numbers = np.setdiff1d(numbers, cluster, assume_unique=True)
            if self._several(cluster):
                yield cluster

    def _several(self, numbers: Ints) -> bool:
        return len(np.unique(self.workflow[numbers])) >= FEWEST_WORKFLOWS

    def _pierced(self, numbers: Ints, spans: Ints) -> Ints:
        """Those whose spans hold the instant that the weightiest of them hold."""
        low, high = spans[0, numbers] - SLACK_US, spans[1, numbers] + SLACK_US
        weight = self.weight[numbers]
        by_low, by_high = np.argsort(low, kind="stable"), np.argsort(high, kind="stable")
        begun = np.concatenate([[0.0], np.cumsum(weight[by_low])])[np.searchsorted(low[by_low], low, side="right")]
        over = np.concatenate([[0.0], np.cumsum(weight[by_high])])[np.searchsorted(high[by_high], low, side="left")]
        at = low[int(np.argmax(begun - over))]
        held: Ints = numbers[(low <= at) & (at <= high)]
        return held


def _joint(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The time that all spans have in common, or the gap between them."""
    low, high = max(span[0] for span in spans), min(span[1] for span in spans)
    return min(low, high), max(low, high)


def _meets(low: int, high: int, begin: int, end: int) -> bool:
    return low - SLACK_US <= end and begin <= high + SLACK_US


def _at_least(count: int, expected: float) -> float:
    """The probability of at least so many of what happens so often on average (Poisson)."""
    if expected >= count:
        return 1.0
    term = exp(-expected)
    for number in range(1, count + 1):
        term *= expected / number
    total, number = 0.0, count
    while term > total * 1e-12 and number < count + 200:
        total += term
        number += 1
        term *= expected / number
    return min(1.0, total)
