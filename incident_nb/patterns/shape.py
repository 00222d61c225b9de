"""How a problem recurs: its pattern, from the sequence of runs since it began."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.onset import OVER, began
from incident_nb.patterns.period import period_of
from incident_nb.patterns.states import Flags, Ints

Pattern = Literal["one_off", "burst", "intermittent", "recurring", "persistent", "regression"]

# Thresholds of the classes, in runs and shares of runs; docs/patterns.md gives the table.
AFTERWARDS_GOOD = OVER
PERSISTENT_SHARE = 0.9
DENSE_SHARE = 0.5
MOST = 0.8
RECOVERED_RUNS, RECOVERED_DAYS, RECOVERED_SHARE = 5, 1, 0.9
TOGETHER = 3
EVEN, EVENING = 0.02, 1  # share of the usual gap; days
_DAY = 86_400_000_000


class Shape(NamedTuple):
    """A problem's pattern, why, in words with numbers, and the period of one that recurs (None else)."""

    pattern: Pattern
    why: str
    period: str | None = None


def pattern_of(times: pd.Series, failed: pd.Series, again: pd.Series | None = None, zone: tzinfo = UTC) -> Shape:
    """The pattern of one problem. Sequence as in `onset`, with at least one failure; `zone` is that of its schedule.

    one_off: one failing run. recurring: at a regular time, with good runs between. regression: it was there before, at
    least five runs and a day went well, and it is back. persistent: at least nine in ten runs failed since it began, and
    so did the last; where no run went well at all, they have to lie within a day or come evenly. burst: a dense stretch,
    over since at least three good runs. intermittent: anything else.
    """
    at = pd.DatetimeIndex(times).as_unit("us").asi8
    flags = np.asarray(failed, dtype=bool)
    repeated = np.zeros(len(flags), dtype=bool) if again is None else np.asarray(again, dtype=bool)
    stretch = began(at, flags, repeated)
    return shape_of(at, flags, repeated, (stretch[0], stretch[-1]) if stretch else None, zone)


def shape_of(at: Ints, flags: Flags, again: Flags, stretch: tuple[int, int] | None, zone: tzinfo = UTC) -> Shape:
    """As `pattern_of`, of microseconds and flags; `stretch` are the positions of its first and last failure."""
    count, runs = int(flags.sum()), len(flags)
    tried = int((flags & again).sum())
    if stretch is None or count - tried <= 1:
        more = f", and again the {tried} times it was tried once more" if tried else ""
        return Shape("one_off", f"1 of {runs - tried} runs failed this way{more}")
    position, end = stretch
    within = flags[position : end + 1]
    share, bad = float(within.mean()), int(within.sum())
    since = f"{bad} of {len(within)} runs failed from the first to the last failure of the stretch"
    good_after = int((~flags[end + 1 :]).sum())
    found = period_of(at, flags, zone)
    if found:
        beats = f"{count} failures {found.words}: {found.hit} of {found.beats} such times did, with good runs between"
        gone = f"; {found.good_since} more since went well" if found.good_since else ""
        return Shape("recurring", f"{beats}{gone}", found.words)
    back = _back(at, flags, position)
    if back and bad >= 2 and share >= DENSE_SHARE:
        return Shape("regression", f"back after {back[0]} good runs over {back[1]:.1f} days; {since}")
    alone = f"all {count} runs that count failed, and no good one is there to compare with"
    if flags[: end + 1].all() and at[end] - at[0] > EVENING * _DAY and not _evenly(at[: end + 1][~again[: end + 1]]):
        told = alone if flags.all() else f"{count} of {runs} runs failed, all before the first good one that was read"
        return Shape("intermittent", f"{told}; they come too unevenly for a workflow that fails every time")
    if flags.all():
        return Shape("persistent", alone)
    if share >= PERSISTENT_SHARE and not good_after and len(within) > 1:
        return Shape("persistent", f"{since}, and none that counts has succeeded since")
    if share >= DENSE_SHARE and len(within) >= 3 and good_after >= AFTERWARDS_GOOD and bad >= MOST * count:
        return Shape("burst", f"{since}; {good_after} good runs since")
    if share >= PERSISTENT_SHARE and good_after < AFTERWARDS_GOOD and len(within) >= 3:
        return Shape("persistent", f"{since}; only {good_after} good runs since")
    return Shape("intermittent", f"{count} of {runs} runs failed, with good runs between")


def _evenly(at: Ints) -> bool:
    """Whether the gaps are one usual gap or multiples of it, as those of a schedule that fails every time."""
    if len(at) < 3:
        return False
    gaps = np.diff(at) / max(np.quantile(np.diff(at), 0.5, method="lower"), 1)
    return bool((np.rint(gaps) >= 1).all() and (np.abs(gaps - np.rint(gaps)) <= EVEN).all())


def _back(at: Ints, flags: Flags, position: int) -> tuple[int, float] | None:
    """How many good runs, over how many days, lie between an earlier stretch and this one; None where it is not back."""
    earlier = np.flatnonzero(flags[:position])
    near = np.flatnonzero(np.diff(earlier) <= TOGETHER)
    if not len(near):
        return None
    last = int(earlier[near[-1] + 1])
    between = flags[last + 1 : position]
    good, days = int((~between).sum()), float(at[position] - at[last]) / _DAY
    recovered = good >= RECOVERED_RUNS and good >= RECOVERED_SHARE * len(between) and days >= RECOVERED_DAYS
    return (good, days) if recovered else None
