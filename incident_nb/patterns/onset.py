"""Since when: the change point of a workflow's success/failure sequence, with how far it can be off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import log

import numpy as np
import pandas as pd

# A stretch of failing is told from the normal state by these two rates. Between them a failure weighs about as much
# as three successes, so that a lucky run inside an outage does not end it and a stray error does not begin one.
NORMAL_RATE, FAILING_RATE = 0.02, 0.7
_FAILED = log(FAILING_RATE / NORMAL_RATE)
_WORKED = log((1 - FAILING_RATE) / (1 - NORMAL_RATE))
# Starts that are less likely than the best by a factor of e^2 still count as possible.
_POSSIBLE = 2.0


@dataclass(frozen=True)
class Onset:
    """When a problem began. `at` is the most likely first failing run; it may have begun after `not_before` (the last
    good run before the earliest possible start; None: the records begin later) and not after `not_after`. `position`,
    `end`: first and last run of the failing stretch in the sequence.
    """

    at: datetime
    not_before: datetime | None
    not_after: datetime
    position: int
    end: int


def onset(times: pd.Series, failed: pd.Series) -> Onset | None:
    """The onset of the latest failing stretch in a sequence of runs, oldest first; None where nothing failed.

    `times` are the runs' UTC instants, `failed` whether each held the failure in question. The stretch is the one
    with the greatest likelihood ratio of failing to normal that ends at or after the last failure's own stretch.
    """
    flags = failed.to_numpy(dtype=bool)
    if not flags.any():
        return None
    weights = np.where(flags, _FAILED, _WORKED)
    last = int(np.flatnonzero(flags)[-1])
    starts, scores = _starts(flags, weights, last)
    best = int(starts[np.argmax(scores)])
    possible = starts[scores >= scores.max() - _POSSIBLE]
    earliest, latest = int(possible[0]), int(possible[-1])
    before = np.flatnonzero(~flags[:earliest])
    return Onset(
        at=times.iloc[best].to_pydatetime(),
        not_before=times.iloc[int(before[-1])].to_pydatetime() if len(before) else None,
        not_after=times.iloc[latest].to_pydatetime(),
        position=best,
        end=last,
    )


def stretch_end(failed: pd.Series, run: int) -> int:
    """The position of the last failure of the stretch that the failing run at position `run` belongs to.

    The stretch begins where `onset` would have put it just after that run, and goes on for as long as its sum stays
    above nothing, to where it is greatest.
    """
    flags = failed.to_numpy(dtype=bool)
    weights = np.where(flags, _FAILED, _WORKED)
    starts, scores = _starts(flags, weights, run)
    begin = int(starts[np.argmax(scores)])
    sums = np.cumsum(weights[begin:])[run - begin :]
    over = np.flatnonzero(sums <= 0)
    return run + int(np.argmax(sums[: over[0]] if len(over) else sums))


def _starts(flags: np.ndarray, weights: np.ndarray, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a stretch that ends with the failure at `last` may begin (it must with a failure), and each one's score."""
    starts = np.flatnonzero(flags[: last + 1])
    return starts, np.cumsum(weights[: last + 1][::-1])[::-1][starts]
