"""Since when: the change point of a workflow's success/failure sequence, with how far it can be off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from incident_nb.patterns.states import Chain, Flags, Floats, Ints

CERTAIN = 0.95
# A single failure that so many good runs followed is over, and began and ended in its own run.
OVER = 3
# A single failure after a stretch of at least so many, which holds at least this share of all before, does not begin one.
STRETCH, EXPLAINED = 3, 0.8
# A change is as likely at any time, so that a long pause before a run is likelier to hold it than a short one: by as
# much as it is longer than the usual one, within these bounds.
LEAST_PAUSE, MOST_PAUSE = 0.1, 10.0


@dataclass(frozen=True)
class Onset:
    """When a problem began. `at` is the most likely first failing run; the change itself lies in 95 of 100 cases after
    `not_before` (the last good run before the earliest possible start; None: the records begin later) and not after
    `not_after`. `position`, `end`: first and last failing run of the stretch in the sequence.
    """

    at: datetime
    not_before: datetime | None
    not_after: datetime
    position: int
    end: int


def onset(times: pd.Series, failed: pd.Series, again: pd.Series | None = None) -> Onset | None:
    """The onset of the latest failing stretch in a sequence of runs, oldest first; None where nothing failed.

    `times` are the runs' UTC instants, `failed` whether each held the failure in question, `again` those that only tried
    a failed run once more and failed in the same way, which says nothing new.
    """
    at = pd.DatetimeIndex(times).as_unit("us")
    flags = np.asarray(failed, dtype=bool)
    found = began(at.asi8, flags, None if again is None else np.asarray(again, dtype=bool))
    return onset_of(at.asi8, found) if found else None


def onset_of(at: Ints, found: tuple[int, int | None, int, int]) -> Onset:
    """An onset from what `began` found; `at` are microseconds."""
    first, before, latest, end = found
    return Onset(
        at=_instant(at[first]), not_before=None if before is None else _instant(at[before]), not_after=_instant(at[latest]),
        position=first, end=end,
    )  # fmt: skip


def _instant(at: np.int64) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(at))


def stretch_end(failed: pd.Series, run: int, again: pd.Series | None = None) -> int:
    """The position of the last failure of the stretch that the failing run at position `run` belongs to.

    It is such that the runs up to it have an onset at `run` or before.
    """
    flags = np.asarray(failed, dtype=bool)
    kept = new_runs(flags, None if again is None else np.asarray(again, dtype=bool))
    mine = int(np.searchsorted(kept, run, side="right")) - 1  # of one that was tried again, the run that was
    while mine >= 0 and not flags[kept[mine]]:
        mine -= 1
    if mine < 0:
        return run
    end = max(run, int(kept[Chain(flags[kept]).lasts_from(mine)]))
    later = np.flatnonzero(flags[end + 1 :])
    if again is not None:  # with those that tried its last one again
        while len(later) and np.asarray(again, dtype=bool)[end + 1 + later[0]]:
            end += 1 + int(later[0])
            later = np.flatnonzero(flags[end + 1 :])
    return end


def began(at: Ints, flags: Flags, again: Flags | None = None) -> tuple[int, int | None, int, int] | None:
    """As `onset`, by positions: first failing run, last good one before it may have begun, latest start, last failure.

    `at` are microseconds.
    """
    bad = np.flatnonzero(flags)
    if not len(bad):
        return None
    kept = new_runs(flags, again)
    if flags[kept].sum() == 1 and len(flags) - bad[-1] > OVER:  # an event, not the beginning of something
        before = _good_before(flags, int(bad[0]))
        return int(bad[0]), before, int(bad[0]), int(bad[-1])
    found = _newest(at, flags, kept, bad)
    newest = int(kept[flags[kept]][-1])
    if found[0] < newest or bad[-1] == len(flags) - 1:
        return found
    # A single failure, and it went well since: where an earlier stretch explains nearly all others, it only came after it.
    earlier = kept[kept < newest]
    others = int(flags[earlier].sum())
    if others < STRETCH:
        return found
    main = _newest(at[:newest], flags[:newest], earlier, bad[bad < newest])
    explains = flags[earlier[earlier >= main[0]]].sum() >= EXPLAINED * others
    return (*main[:3], int(bad[-1])) if explains else found


def _newest(at: Ints, flags: Flags, kept: Ints, bad: Ints) -> tuple[int, int | None, int, int]:
    """As `began`, of the stretch of the last failure, whatever it is. `kept`: runs that say something new."""
    places, begun = Chain(flags[kept]).begun_by()
    runs = kept[places]
    first = int(bad[np.searchsorted(bad, runs[np.argmax(begun >= 0.5)])])
    low, high = _shortest(runs, np.diff(begun, prepend=0.0) * _pauses(at, runs))
    low, high = min(low, first), max(high, first)
    return first, _good_before(flags, low), high, int(bad[-1])


def _good_before(flags: Flags, run: int) -> int | None:
    """The position of the last good run before another."""
    good = np.flatnonzero(~flags[:run])
    return int(good[-1]) if len(good) else None


def new_runs(flags: Flags, again: Flags | None) -> Ints:
    """The positions of the runs that say something new; of failures that were all tried before the records, all."""
    kept = np.arange(len(flags)) if again is None else np.flatnonzero(~again)
    return kept if flags[kept].any() else np.arange(len(flags))


def _pauses(at: Ints, runs: Ints) -> Floats:
    """The pause before each of these runs against the usual one between all."""
    pause = (at[runs] - at[np.maximum(runs - 1, 0)]).astype(np.float64)
    usual = (at[-1] - at[0]) / max(len(at) - 1, 1)
    if usual <= 0:
        return np.ones(len(runs))
    shares: Floats = np.clip(pause / usual, LEAST_PAUSE, MOST_PAUSE)
    shares[runs == 0] = 1.0
    return shares


def _shortest(runs: Ints, weight: Floats) -> tuple[int, int]:
    """The first and last of the fewest neighbouring runs that hold 95 % of the weight."""
    total = np.cumsum(weight) / weight.sum()
    before = np.append(0.0, total[:-1])
    last = np.searchsorted(total, np.minimum(before + CERTAIN, total[-1]) - 1e-12)
    possible = before + CERTAIN <= total[-1] + 1e-12
    spans = np.where(possible, runs[last] - runs, np.iinfo(np.int64).max)
    ties = np.flatnonzero(spans == spans.min())
    best = int(ties[np.argmax(total[last[ties]] - before[ties])])
    return int(runs[best]), int(runs[last[best]])
