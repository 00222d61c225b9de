"""When each node of each workflow failed by one kind of cause: its stretches of failing, with how sure their ends are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.models import Cause
from incident_nb.patterns.factors import Factors, Ints

# Causes of a row show the same thing in several ways: a host that is down refuses, times out and answers 502.
FAMILIES: dict[str, frozenset[str]] = {
    "credentials": frozenset({Cause.CREDENTIALS}),
    "service": frozenset({Cause.RATE_LIMIT, Cause.TIMEOUT, Cause.NETWORK, Cause.EXTERNAL_OUTAGE, Cause.ENDPOINT_CRASH}),
    "contract": frozenset({Cause.EXTERNAL_API_CHANGED, Cause.DATA_FORMAT, Cause.WORKFLOW_CONFIG}),
    "house": frozenset({Cause.INFRASTRUCTURE, Cause.WORKFLOW_INACTIVE}),
    "unknown": frozenset({Cause.UNKNOWN}),
}
# Rates of a failing stretch: one of an outage, and one of a limit or a disturbance that hits some calls only. Normal is
# what docs/patterns.md says of the onset.
NORMAL, DENSE, SPARSE = 0.02, 0.7, 0.2
MOST_RATE = 0.98
POSSIBLE = 2.0  # an end that is less likely by a factor of e^2 still counts as possible
COST = 5.0  # of a stretch more: what choosing its two ends among a hundred runs gives by chance


def family_of(cause: object) -> str:
    """The row of `FAMILIES` that a cause is in."""
    return next((name for name, causes in FAMILIES.items() if cause in causes), "unknown")


@dataclass(frozen=True)
class History:
    """The runs that count, oldest first: over, begun neither by hand nor by an error. Instants are microseconds, UTC.

    `order`: the runs by workflow; those of workflow `w` are `order[bounds[w]:bounds[w + 1]]`.
    """

    at: Ints
    ids: np.ndarray[Any, Any]
    good: np.ndarray[Any, np.dtype[np.bool_]]
    snapshot: np.ndarray[Any, Any]
    factors: Factors
    order: Ints
    bounds: Ints
    newest: dict[tuple[int, str | None], Ints] = field(default_factory=dict)

    def of(self, workflow: int) -> Ints:
        """The runs of a workflow, oldest first."""
        return self.order[self.bounds[workflow] : self.bounds[workflow + 1]]

    @cached_property
    def groups_of(self) -> list[Ints]:
        """The groups of each workflow."""
        codes = self.factors.workflow
        order = np.argsort(codes, kind="stable")
        return np.split(order, np.searchsorted(codes[order], np.arange(1, len(self.factors.workflows))))

    def group_of_good(self, first: int, last: int) -> Ints:
        """The groups of the runs between two positions that went well."""
        part = slice(first, last)
        return self.factors.group[part][self.good[part]]

    def healthy(self, workflow: int, node: str | None) -> Ints:
        """The good runs of a workflow that got to a node, or may have."""
        key = (workflow, node)
        if key not in self.newest:
            whole = (workflow, None)
            if whole not in self.newest:
                runs = self.of(workflow)
                self.newest.clear()  # one workflow after the other is asked about
                self.newest[whole] = runs[self.good[runs]]
            runs = self.newest[whole]
            if node is not None:
                groups = self.groups_of[workflow]
                paths = (self.factors.paths[group] for group in groups)
                reached = np.array([not path or node in path for path in paths], dtype=bool)
                runs = runs[reached[np.searchsorted(groups, self.factors.group[runs])]]
            self.newest[key] = runs
        return self.newest[key]


class Failing(NamedTuple):
    """The failures of one node by one family of causes: `rows` of a table of failures, one a run, and those `runs`."""

    workflow: int
    node: str | None
    family: str
    rows: Ints
    runs: Ints


def by_node(failing: pd.DataFrame) -> Iterator[Failing]:
    """The failures of `failing` (as `stretches` takes them) by workflow, node and family of causes, oldest first."""
    workflow, position = (failing[name].to_numpy(dtype=np.int64) for name in ("workflow", "position"))
    node, nodes = pd.factorize(failing["node"].to_numpy(dtype=object), use_na_sentinel=False)
    family, families = pd.factorize(failing["family"])
    order = np.lexsort((np.arange(len(failing)), position, family, node, workflow))
    keys = np.stack([workflow, node, family])[:, order]
    first = np.flatnonzero(np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)]) if len(order) else order
    once = np.r_[True, np.diff(position[order]) != 0] if len(order) else np.zeros(0, dtype=bool)
    once[first] = True
    kept = order[once]
    for part in np.split(kept, np.searchsorted(np.flatnonzero(once), first[1:])) if len(first) else ():
        one = part[0]
        name = nodes[node[one]]
        yield Failing(
            int(workflow[one]), name if isinstance(name, str) else None, families[family[one]], part, position[part]
        )


@dataclass(eq=False)
class Stretch:
    """One stretch of failing at a node. `runs` are positions in the history; times are microseconds, UTC.

    It began after `low` and by `high`, `at` being its first failure, and was over after `last_low` and before `last_high`
    (the end of the records, where it goes on); `end`: its last failure. `weight`: its log likelihood ratio to chance.
    """

    number: int
    workflow: int
    node: str | None
    family: str
    fingerprint: str
    cause: str
    runs: Ints
    at: int
    low: int
    high: int
    end: int
    last_low: int
    last_high: int
    weight: float
    codes: dict[str, set[int]]


def stretches(history: History, failing: pd.DataFrame) -> list[Stretch]:
    """All stretches of failing. `failing`: one row a failure, oldest first, with `position` in the history, `workflow`
    (code), `node`, `family`, `fingerprint`, `cause`, and `codes`, the factors of the failing node."""
    found: list[Stretch] = []
    begin, over = (int(history.at[0]), int(history.at[-1])) if len(history.at) else (0, 0)
    fingerprints, causes, codes = (failing[name].to_numpy(dtype=object) for name in ("fingerprint", "cause", "codes"))
    for workflow, node, family, rows, runs in by_node(failing):
        good = history.healthy(workflow, node)
        before = np.searchsorted(good, runs)  # good runs before each failure
        at, at_good = history.at[runs], history.at[good]
        for first, last in _best(before):
            rate, weight = _likely(last - first + 1, int(before[last] - before[first]))
            reach = 1 + int(POSSIBLE / -log(1 - rate))  # good runs that a stretch of that rate may begin or end with
            sums = _sums(before[first : last + 1], rate)
            starts = np.flatnonzero(sums[-1] - sums + _gain(rate) >= sums[-1] - POSSIBLE)
            ends = np.flatnonzero(sums >= sums[-1] - POSSIBLE)
            below, above = int(before[first]) - reach, int(before[last]) + reach - 1
            found.append(
                Stretch(
                    number=len(found), workflow=workflow, node=node, family=family,
                    fingerprint=fingerprints[rows[last]], cause=causes[rows[last]], runs=runs[first : last + 1],
                    at=int(at[first]), low=int(at_good[below]) if below >= 0 else min(begin, int(at[first])),
                    high=int(at[first + starts[-1]]), end=int(at[last]), last_low=int(at[first + ends[0]]),
                    last_high=int(at_good[above]) if above < len(good) else over, weight=weight,
                    codes=_common(codes[rows[first : last + 1]]),
                )
            )  # fmt: skip
    return found


def _gain(rate: float) -> float:
    return log(rate / NORMAL)


def _sums(before: Ints, rate: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The sum of what failures and good runs weigh, up to each failure."""
    gain, loss = _gain(rate), log((1 - rate) / (1 - NORMAL))
    sums: np.ndarray[Any, np.dtype[np.float64]] = gain * np.arange(1, len(before) + 1) + loss * (before - before[0])
    return sums


def _likely(failed: int, good: int) -> tuple[float, float]:
    """A stretch's rate, and how much likelier it makes these runs than the normal rate does (logarithm)."""
    rate = max(min(failed / (failed + good), MOST_RATE), NORMAL * 1.5)
    return rate, failed * log(rate / NORMAL) + good * log((1 - rate) / (1 - NORMAL))


def _best(before: Ints) -> list[tuple[int, int]]:
    """Of the dense and the sparse stretches those that make the failures likelier, each costing something."""

    def worth(parts: list[tuple[int, int]]) -> float:
        return sum(_likely(b - a + 1, int(before[b] - before[a]))[1] - COST for a, b in parts)

    dense, sparse = list(_parts(before, DENSE)), list(_parts(before, SPARSE))
    return sparse if worth(sparse) > worth(dense) else dense


def _parts(before: Ints, rate: float) -> Iterator[tuple[int, int]]:
    """First and last failure of each stretch: from one on for as long as the sum stays above nothing, to its greatest."""
    gain, loss = _gain(rate), log((1 - rate) / (1 - NORMAL))
    counts = before.tolist()
    first = 0
    while first < len(counts):
        total = best = gain
        last = first
        for place in range(first + 1, len(counts)):
            total += loss * (counts[place] - counts[place - 1])
            if total <= 0:
                break
            total += gain
            if total >= best:
                best, last = total, place
        yield first, last
        first = last + 1


def _common(codes: np.ndarray[Any, Any]) -> dict[str, set[int]]:
    """The values that at least half of the failures have."""
    distinct = {id(one): one for one in codes}
    if len(distinct) == 1:
        return dict(codes[0])
    counts: Counter[tuple[str, int]] = Counter()
    for identity, count in Counter(map(id, codes)).items():
        for kind, values in distinct[identity].items():
            for value in values:
                counts[kind, value] += count
    found: dict[str, set[int]] = {}
    for (kind, value), count in counts.items():
        if 2 * count >= len(codes):
            found.setdefault(kind, set()).add(value)
    return found
