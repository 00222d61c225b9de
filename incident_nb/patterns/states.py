"""A sequence of runs as a chain of two kinds of state, normal and failing: when the newest stretch of failing began."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

# What is taken for granted before a run is seen. In the normal state a run fails at one of QUIET, whichever the
# workflow's own runs speak for. A stretch of failing has a rate of its own for as long as it lasts: most fail always but
# for a lucky run in a hundred, one in eight at any rate from 0.2 to 0.9. One run in 200 begins a stretch, which goes on
# for 50; one of 50 sequences begins within one. Lucky runs come together: two in five are followed by another one.
QUIET = (0.002, 0.01, 0.05)
QUIET_ODDS = (0.3, 0.55, 0.15)
RATES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
ODDS = (*(1 / 64 for _ in range(8)), 7 / 8)
LUCKY_AGAIN = 0.4
ENTERED, LEFT, FAILING_AT_FIRST = 1 / 200, 1 / 50, 1 / 50

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

_STAYED_FAILED = np.log(np.array(RATES) * (1 - LEFT))
_STAYED_WORKED = np.log((1 - np.array(RATES)) * (1 - LEFT))
_STAYED_LUCKY = np.log(np.maximum(1 - np.array(RATES), LUCKY_AGAIN) * (1 - LEFT))
_FIRST = np.outer(QUIET_ODDS, [1 - FAILING_AT_FIRST, *(FAILING_AT_FIRST * odds for odds in ODDS)])
# A stretch seemed over when at least so many good runs had made it so likely that the state was the normal one.
ENDED, ENDED_RUNS = 0.5, 4
_LONGEST = 24  # powers of two: the longest block of equal runs is one of 16 million
_NEAR = 40  # after so many good runs in a row a stretch is over, whatever its rate


class Chain:
    """The runs up to the last failure in blocks of equal ones, with the odds of each state at the end of each block.

    `odds` are by block, normal rate and state (the normal one, then one a failing rate), each block's scaled to 1 by
    its `scales`, a logarithm. `ends` are the positions of the blocks' last runs.
    """

    def __init__(self, flags: Flags) -> None:
        last = int(np.flatnonzero(flags)[-1])
        self.flags, self.good_since = flags[: last + 1], len(flags) - last - 1
        self.ends = np.append(np.flatnonzero(np.diff(self.flags)), last)
        self._bad = np.cumsum(self.flags)
        self._lucky = np.cumsum(~self.flags & np.append(False, ~self.flags[:-1]))
        self.odds, self.scales = np.empty((len(self.ends), *_FIRST.shape)), np.empty(len(self.ends))
        odds, scale, begin = _FIRST, 0.0, -1
        for block, end in enumerate(self.ends.tolist()):
            odds, more = _block(odds, bool(flags[end]), end - begin)
            scale, begin = scale + more, end
            self.odds[block], self.scales[block] = odds, scale

    def begun_by(self) -> tuple[Ints, Floats]:
        """How likely it is that the stretch of the last failure had begun by a run: positions, and shares of 1 that grow.

        Runs that are left out lie between two that hardly differ.
        """
        after = _before_good(self.good_since)
        last = len(self.ends) - 1
        whole = self._lasted(self.odds[:last], self.scales[:last], self.ends[:last], last, after)
        begun = np.append(whole, 1.0)
        places, shares = [self.ends], [begun]
        # Within a block the odds are worked out run by run where the stretch may have begun in it.
        inside = np.flatnonzero(np.diff(begun, prepend=0.0) > 1e-4)
        for block in inside.tolist():
            odds, scale, start = self._before(block)
            kind, length = bool(self.flags[self.ends[block]]), int(self.ends[block]) - start
            skipped = 0 if kind else max(0, length - _NEAR)
            if skipped:
                odds, more = _block(odds, kind, skipped)
                scale += more
            walked, scales = [odds], [scale]
            for step in range(min(length - skipped, _NEAR) - 1):
                odds, more = _after(walked[-1], _FAILED if kind else _WORKED if step + skipped else _LUCKY, 1)
                walked.append(odds)
                scales.append(scales[-1] + more)
            at = start + skipped + np.arange(1, len(walked))
            places.append(at)
            shares.append(
                self._lasted(np.array(walked[1:]).reshape(-1, *_FIRST.shape), np.array(scales[1:]), at, last, after)
            )
        order = np.argsort(found := np.concatenate(places), kind="stable")
        return found[order], np.maximum.accumulate(np.clip(np.concatenate(shares)[order], 0.0, 1.0))

    def lasts_from(self, run: int) -> int:
        """The last failure of the stretch that the failing run at position `run` belongs to.

        It ends where it seemed over before it came back, or where, seen from a later failure, that more likely began
        another one.
        """
        block = int(np.searchsorted(self.ends, run))
        odds, scale, start = (
            (_FIRST, 0.0, -1) if not block else (self.odds[block - 1], self.scales[block - 1], self.ends[block - 1])
        )
        odds, more = _block(odds, True, run - int(start))
        until = run
        for later in range(block, len(self.ends)):
            if not self.flags[self.ends[later]]:
                good = self.ends[later] - self.ends[later - 1]
                if (
                    later > block
                    and good >= ENDED_RUNS
                    and self.odds[later, :, 0].sum() >= ENDED * self.odds[later].sum()
                ):
                    break
            elif self.ends[later] > run:
                share = self._lasted(
                    odds[None], np.array([scale + more]), np.array([run]), later, np.ones(_FIRST.shape)
                )
                if share[0] < 0.5:
                    break
                until = int(self.ends[later])
        return until

    def _before(self, block: int) -> tuple[Floats, float, int]:
        """The odds of the states before a block, their scale, and the position of the run that they are of."""
        if not block:
            return _FIRST, 0.0, -1
        return self.odds[block - 1], float(self.scales[block - 1]), int(self.ends[block - 1])

    def _lasted(self, odds: Floats, scales: Floats, at: Ints, block: int, after: Floats) -> Floats:
        """How likely each run `at`, with these odds, is part of the one stretch that holds the end of a block."""
        end = int(self.ends[block])
        bad = self._bad[end] - self._bad[at]
        lucky = self._lucky[end] - self._lucky[at]
        good = end - at - bad - lucky
        stayed = bad[:, None] * _STAYED_FAILED + good[:, None] * _STAYED_WORKED + lucky[:, None] * _STAYED_LUCKY
        stayed += (scales - self.scales[block])[:, None]
        weight: Floats = (odds[:, :, 1:] * after[None, :, 1:] * np.exp(stayed)[:, None, :]).sum(axis=(1, 2))
        return weight / float((self.odds[block, :, 1:] * after[:, 1:]).sum())


_FAILED, _LUCKY, _WORKED = 0, 1, 2  # a run that failed, one that worked after one that had not, and after one that had


@cache
def _steps(kind: int) -> tuple[tuple[Floats, float], ...]:
    """What 1, 2, 4, 8 ... runs of one kind do to the odds of the states, each with the log of its scale."""
    size = 1 + len(RATES)
    moved = np.zeros((size, size))
    moved[0, 0], moved[0, 1:] = 1 - ENTERED, ENTERED * np.array(ODDS)
    moved[1:, 0] = LEFT
    moved[np.arange(1, size), np.arange(1, size)] = 1 - LEFT
    seen = np.array([[quiet, *RATES] for quiet in QUIET])
    matrix, scale = moved[None] * (seen if kind == _FAILED else 1 - seen)[:, None, :], 0.0
    if kind == _WORKED:  # within a stretch
        matrix[:, np.arange(1, size), np.arange(1, size)] = np.exp(_STAYED_LUCKY)
    powers = []
    for _ in range(_LONGEST):
        top = float(matrix.max())
        matrix, scale = matrix / top, scale + float(np.log(top))
        powers.append((matrix, scale))
        matrix, scale = matrix @ matrix, 2 * scale
    return tuple(powers)


def _block(odds: Floats, failed: bool, runs: int) -> tuple[Floats, float]:
    """The odds of the states after so many more runs that all failed or all worked, unlike the one before them."""
    if failed:
        return _after(odds, _FAILED, runs)
    odds, scale = _after(odds, _LUCKY, 1)
    if runs == 1:
        return odds, scale
    odds, more = _after(odds, _WORKED, runs - 1)
    return odds, scale + more


def _after(odds: Floats, kind: int, runs: int) -> tuple[Floats, float]:
    """The odds of the states after so many more runs of a kind, and the log of their scale."""
    scale, power, steps = 0.0, 0, _steps(kind)
    while runs:
        if runs & 1:
            matrix, more = steps[power]
            odds, scale = np.matmul(odds[:, None, :], matrix)[:, 0, :], scale + more
        runs, power = runs >> 1, power + 1
    top = float(odds.max())
    return odds / top, scale + float(np.log(top))


def _before_good(runs: int) -> Floats:
    """How well each state of a failing run goes with so many good runs that follow it, scaled."""
    odds, power, again = np.ones((*_FIRST.shape, 1)), 0, max(runs - 1, 0)
    while again:
        if again & 1:
            odds = _steps(_WORKED)[power][0] @ odds
        again, power = again >> 1, power + 1
    odds = _steps(_LUCKY)[0][0] @ odds if runs else odds
    return odds[:, :, 0] / float(odds.max())
