"""How a problem recurs: its pattern, from the sequence of runs since it began."""

from __future__ import annotations

from datetime import UTC, tzinfo
from math import exp, lgamma
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.patterns.onset import OVER, began, new_runs
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
# Single failures that have nothing to do with each other lie near together now and then. A stretch of them, and one that
# came back, is said where so many of a problem's failures would lie so near at most in so many cases. A fleet has some
# hundred problems, most of which are of one failure, or of many runs in which such a stretch is far less likely.
BURST_RUNS, BURST_CHANCE, BACK_CHANCE = 3, 0.05, 0.0005
# Share of the usual gap; how many of a hundred times that chance gives so few gaps may be so even; days.
EVEN, EVEN_CHANCE, EVENING = 0.02, 0.01, 1
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
    tried = int((flags & again).sum())
    if stretch is None or int(flags.sum()) - tried <= 1:
        more = f", and again the {tried} times it was tried once more" if tried else ""
        return Shape("one_off", f"1 of {len(flags) - tried} runs failed this way{more}")
    kept = new_runs(flags, again)
    position, end = (int(np.searchsorted(kept, run, side="right")) - 1 for run in stretch)
    return _shape(at[kept], flags[kept], (max(position, 0), max(end, 0)), zone)


def _shape(at: Ints, flags: Flags, stretch: tuple[int, int], zone: tzinfo) -> Shape:
    """The shape of runs none of which only tried another one again."""
    count, runs = int(flags.sum()), len(flags)
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
    alone = runs if flags.all() else int(np.argmin(flags))  # failures before the first good run
    if alone > 1 and at[alone - 1] - at[0] > EVENING * _DAY and not _evenly(at[:alone]):
        return _without_good(at, flags, alone, zone)
    back = _back(at, flags, position)
    if back and bad >= 2 and share >= DENSE_SHARE:
        others = runs - back.length - len(within), count - back.failed - bad
        chance = _by_chance(back.failed, back.length, *others) * _by_chance(bad, len(within), *others)
        if chance <= BACK_CHANCE:
            return Shape("regression", f"back after {back.good} good runs over {back.days:.1f} days; {since}")
    if flags.all():
        return Shape("persistent", f"all {count} runs that count failed, and no good one is there to compare with")
    if share >= PERSISTENT_SHARE and not good_after and len(within) > 1:
        return Shape("persistent", f"{since}, and none that counts has succeeded since")
    dense = share >= DENSE_SHARE and bad >= max(BURST_RUNS, MOST * count) and good_after >= AFTERWARDS_GOOD
    if dense and _by_chance(bad, len(within), runs - len(within), count - bad) <= BURST_CHANCE:
        return Shape("burst", f"{since}; {good_after} good runs since")
    if share >= PERSISTENT_SHARE and good_after < AFTERWARDS_GOOD and len(within) >= 3:
        return Shape("persistent", f"{since}; only {good_after} good runs since")
    return Shape("intermittent", f"{count} of {runs} runs failed, with good runs between")


def _without_good(at: Ints, flags: Flags, alone: int, zone: tzinfo) -> Shape:
    """Where of the older runs only failures were kept, as their uneven gaps tell: they say nothing of good ones between."""
    count, runs = int(flags.sum()), len(flags)
    told = f"{count} of {runs} runs failed, {alone} before the first good one that was read"
    if alone == runs:
        told = f"all {count} runs that count failed, and no good one is there to compare with"
    rest = began(at[alone:], flags[alone:])
    if rest and flags[alone:].sum() > 1:
        shape = _shape(at[alone:], flags[alone:], (rest[0], rest[-1]), zone)
        if shape.pattern != "intermittent":
            return shape._replace(why=f"{shape.why}; {alone} more failed before the first good run that was read")
    return Shape("intermittent", f"{told}; they come too unevenly for a workflow that fails every time")


def _by_chance(failed: int, length: int, others: int, strays: int) -> float:
    """How many times so many failures lie within so many runs, if those and `strays` are spread by chance over all runs.

    `others`: the runs beside these. Each failure may be the first of them, and the others fall where they like.
    """
    runs, bad = length + others - 1, failed + strays - 1
    near, hits = length - 1, failed - 1
    if hits <= 0 or hits * runs <= near * bad:
        return float(failed + strays)
    odds = _choose(near, hits) + _choose(runs - near, bad - hits) - _choose(runs, bad)
    term = total = exp(odds)
    for more in range(hits, min(near, bad)):
        term *= (near - more) * (bad - more) / ((more + 1) * (runs - near - bad + more + 1))
        total += term
        if term < 1e-6 * total:
            break
    return (failed + strays) * total


def _choose(of: int, some: int) -> float:
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)


def _evenly(at: Ints) -> bool:
    """Whether the gaps are one usual gap or multiples of it, as those of a schedule that fails every time."""
    if len(at) < 3:
        return False
    gaps = np.diff(at) / max(np.quantile(np.diff(at), 0.5, method="lower"), 1)
    off = float(np.abs(gaps - np.rint(gaps)).max())
    chance = (2 * off) ** (len(gaps) - 1)  # two gaps are multiples of one another now and then
    return bool((np.rint(gaps) >= 1).all() and off <= EVEN and chance <= EVEN_CHANCE)


class _Back(NamedTuple):
    """An earlier stretch, its runs and how many of them failed, and the good runs and days since."""

    failed: int
    length: int
    good: int
    days: float


def _back(at: Ints, flags: Flags, position: int) -> _Back | None:
    """The earlier stretch that a problem is back after; None where it is not back."""
    earlier = np.flatnonzero(flags[:position])
    far = np.diff(earlier) > TOGETHER
    if far.all():
        return None
    last = int(np.flatnonzero(~far)[-1])
    first = int(np.flatnonzero(far[:last])[-1]) + 1 if far[:last].any() else 0
    begin, end = int(earlier[first]), int(earlier[last + 1])
    between = flags[end + 1 : position]
    good, days = int((~between).sum()), float(at[position] - at[end]) / _DAY
    recovered = good >= RECOVERED_RUNS and good >= RECOVERED_SHARE * len(between) and days >= RECOVERED_DAYS
    return _Back(last + 2 - first, end - begin + 1, good, days) if recovered else None
