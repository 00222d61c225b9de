"""The stretch of a workflow's runs that its own past explains worst, and whether that can be chance.

Every run adds the log of how much likelier it is in a changed workflow than in the same one before; the stretch with the
greatest sum is the change (docs/patterns.md has the reasons).
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, log1p, sqrt
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
# Of the runs that are left out: what each run weighs, how far it is from what was to be expected, and the variance of that.
Weighing = Callable[[Array], tuple[Array, Array, Array]]

PAST_RUNS = 20  # runs before a change: fewer are no habit
PAST_S = 7 * 86_400.0  # and a whole week of them, so that a weekend has been seen
FEWEST = 4  # runs of a change
SHORTEST_S = 3 * 3_600.0  # a shorter lull is noise of the day
ALPHA = 0.005  # chance of a finding in a whole fleet that has none, for each kind of change
FURTHER = 1.5  # a change goes further than what the workflow did before in as many runs, by this factor
BECOMES = (0.9, 0.4)  # shares of runs that are looked for: nearly all, or many
PRIOR = 10.0  # runs that a workflow's whole past counts for beside those of the same hours
POSSIBLE = 2.0  # starts whose sum is at most this much below the best are possible, too
OVER = 6.0  # what good runs since must weigh for a change to be over: three where nearly all runs had changed
BLOCK = 50  # runs that may depend on each other, beside those of a whole day


class Change(NamedTuple):
    """A stretch of runs, from `start` to `end`, that may have begun with `earliest` already; `before`: all those before it.

    `margin`: how far its sum lies above what chance would reach once in 1/`ALPHA` fleets, as a share of that.
    """

    start: int
    end: int
    earliest: int
    margin: float
    goes_on: bool


def more_often(flags: Array, seconds: Array, tests: int) -> Change | None:
    """The stretch in which runs are flagged far more often than before. `tests`: how many series are looked at in all."""
    if int(flags.sum()) < FEWEST:
        return None
    context, marks = _context(seconds), flags.astype(float)
    return _best([_change(seconds, _by_share(marks, context, share), tests * len(BECOMES)) for share in BECOMES])


def moved(values: Array, seconds: Array, tests: int, size: float) -> Change | None:
    """The stretch in which `values` lie far from before: above by at least half of `size`, or below where it is negative."""
    values, size = np.sign(size) * values, abs(size)
    first = _first(seconds)
    if first is None or not _promising(values, first, size, _needed(len(values), tests)):
        return None
    return _change(seconds, _by_level(values, _context(seconds), size), tests)


def usual(values: Array, seconds: Array, outside: Array) -> Array:
    """What each value would be by those outside of a change: the median of the same hours and kind of day."""
    return _usual(values, _context(seconds), outside)


def _context(seconds: Array) -> Array:
    """The kind of day (of the week or of the weekend) and the quarter of it, UTC, as a code from 0 to 7."""
    day = (seconds // 86_400).astype(np.int64)
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    return weekend * 4 + (seconds % 86_400 // 21_600).astype(np.int64)


def _by_share(marks: Array, context: Array, share: float) -> Weighing:
    def weigh(outside: Array) -> tuple[Array, Array, Array]:
        seen = np.bincount(context[outside], minlength=8)
        marked = np.bincount(context[outside], marks[outside], minlength=8)
        overall = (marked.sum() + 1) / (seen.sum() + 2)
        of_kind = [np.repeat(part.reshape(2, 4).sum(axis=1), 4) for part in (marked, seen)]  # of the week, of weekends
        overall = (of_kind[0] + PRIOR * overall) / (of_kind[1] + PRIOR)
        usual = np.maximum((marked + PRIOR * overall) / (seen + PRIOR), 1 / (seen.sum() + 2))[context]
        becomes = np.maximum(share, usual)
        weights = np.where(marks > 0, np.log(becomes / usual), np.log((1 - becomes) / (1 - usual)))
        return weights, marks - usual, usual * (1 - usual)

    return weigh


def _by_level(values: Array, context: Array, size: float) -> Weighing:
    def weigh(outside: Array) -> tuple[Array, Array, Array]:
        off = values - _usual(values, context, outside)
        spread = max(1.4826 * float(np.median(np.abs(off[outside]))), size / 2)
        off = np.clip(off, -3 * spread, 3 * spread)
        spread = max(spread, float(off[outside].std()))
        return (size * off - size**2 / 2) / spread**2, off, np.full(len(off), spread**2)

    return weigh


def _usual(values: Array, context: Array, outside: Array) -> Array:
    medians = np.full(8, np.median(values[outside]))
    for codes in (np.arange(4), np.arange(4, 8), *np.arange(8)[:, None]):  # a kind of day, then its quarters
        same = values[outside & np.isin(context, codes)]
        if len(same) >= (PRIOR if len(codes) == 1 else PRIOR / 2):
            medians[codes] = np.median(same)
    return medians[context]


def _promising(values: Array, first: int, size: float, needed: float) -> bool:
    """Whether a closer look is worth its time: no more than the sums, without regard to hours and days."""
    for known in (values, values[: max(first, len(values) // 3)]):
        off = values - np.median(known)
        spread = max(float(np.median(np.abs(off[: len(known)]))) * 1.4826, size / 2)
        np.clip(off, -3 * spread, 3 * spread, out=off)
        if _densest((size * off - size**2 / 2) / spread**2, first, tail=False)[2] >= needed / 3:
            return True
    return False


def _first(seconds: Array) -> int | None:
    """The first run that has enough of a past for a change to begin with it; None where there is none."""
    if len(seconds) < PAST_RUNS + FEWEST:
        return None
    first = max(PAST_RUNS, int(np.searchsorted(seconds, seconds[0] + PAST_S)))
    return first if len(seconds) - first >= FEWEST else None


def _needed(count: int, tests: int) -> float:
    """What a sum must reach: any of `count` runs may begin a change, in any of `tests` series."""
    return log(count * tests / ALPHA)


def _change(seconds: Array, weigh: Weighing, tests: int) -> Change | None:
    """The change that goes on, else the one that is over, if it is beyond chance and beyond what was there before."""
    count, first = len(seconds), _first(seconds)
    if first is None:
        return None
    needed = _needed(count, tests)
    whole, begin = np.ones(count, dtype=bool), np.arange(count) < max(first, count // 3)
    found = [
        _judged(seconds, weigh, tail, outside, first, needed) for tail in (True, False) for outside in (whole, begin)
    ]
    return _best(found[:2]) or _best(found[2:])


def _judged(seconds: Array, weigh: Weighing, tail: bool, outside: Array, first: int, needed: float) -> Change | None:
    count, least = len(seconds), needed / 3
    for _ in range(4):  # what is usual is learnt again without the change, until both agree
        weights, off, variance = weigh(outside)
        start, end, score = _densest(weights, first, tail)
        if score < least:
            return None
        again = np.ones(count, dtype=bool)
        again[start : end + 1] = False
        if (again == outside).all():
            break
        outside, least = again, needed
    weights, off, variance = weigh(outside)
    # What was usual is known only as well as the runs outside tell it: the fewer they are, the less a difference says.
    known = outside.sum() / count
    clumped, blocks = _clumped(off[outside], variance[outside], seconds[outside])
    score = known * float(weights[start : end + 1].sum()) / clumped
    score = _by_few(score, blocks) if blocks and clumped > 1 + 2 * sqrt(2 / blocks) else score
    if score < needed or end - start + 1 < FEWEST or seconds[end] - seconds[start] < SHORTEST_S:
        return None
    sums = np.cumsum(weights[start:])
    if tail and sums.max() - sums[-1] > OVER:
        return None
    if float(off[start : end + 1].mean()) < FURTHER * _furthest(off, start, end):
        return None
    back = np.cumsum(weights[first : end + 1][::-1])[::-1]
    earliest = first + int(np.argmax(back >= back[start - first] - POSSIBLE))
    return Change(start, end, min(earliest, start), score / needed - 1, sums.max() - sums[-1] <= OVER)


def _densest(weights: Array, first: int, tail: bool) -> tuple[int, int, float]:
    """First and last run of the stretch with the greatest sum, from run `first` on, and the sum; `tail`: up to the last run."""
    sums = np.concatenate([[0.0], np.cumsum(weights[first:])])
    if tail:
        start = int(np.argmin(sums[:-1]))
        end = len(sums) - 2
        return first + start, first + end, float(sums[end + 1] - sums[start])
    gain = sums[1:] - np.minimum.accumulate(sums[:-1])
    end = int(np.argmax(gain))
    start = end - int(np.argmin(sums[end::-1]))
    return first + start, first + end, float(gain[end])


def _by_few(score: float, blocks: int) -> float:
    """What a sum is worth where how much days differ is itself told by so many of them only (Student's law for the normal)."""
    return blocks / 2 * log1p(2 * score / (blocks - 1)) if score > 0 else score


def _clumped(off: Array, variance: Array, seconds: Array) -> tuple[float, int]:
    """By how much days differ more than chance lets them: how many runs count as one, at least 1; and how many days told it."""
    a_day = len(off) * 86_400 / max(seconds[-1] - seconds[0], 86_400.0)
    off, most = off - off.mean(), (1.0, 0)
    for size in {int(np.clip(a_day, 4, BLOCK)), max(int(a_day), 4)}:
        blocks = len(off) // size
        if blocks >= 4:
            sums = off[: blocks * size].reshape(blocks, size).sum(axis=1)
            most = max(most, (float((sums**2).sum() / max(variance[: blocks * size].sum(), 1e-9)), blocks))
    return most


def _furthest(off: Array, start: int, end: int) -> float:
    """How far the runs before, or after, ever were from what is usual, in as many runs as the change has, at least 0."""
    most = 0.0
    for part in (off[:start], off[end + 1 :]):
        size = min(end - start + 1, max(len(part) // 3, 1))
        if len(part) >= FEWEST:
            sums = np.concatenate([[0.0], np.cumsum(part)])
            most = max(most, float((sums[size:] - sums[:-size]).max()) / size)
    return most


def _best(found: list[Change | None]) -> Change | None:
    return max((one for one in found if one), key=lambda one: one.margin, default=None)
