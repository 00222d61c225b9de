"""A scale of time that makes long stretches in which nothing happened short, so that minutes can be told from days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from matplotlib.dates import date2num, num2date

LONG, SHARE = timedelta(hours=3), 0.4  # a gap of more than both, of all that is left, is made short
FEWEST = 3  # stretches that stay as they are: making one short has to be worth it for several others
WIDTH, EDGE = (
    0.14,
    0.05,
)  # of a gap that was made short, and of the room at both ends: of what is shown at its own length

STEPS = (
    *(timedelta(minutes=count) for count in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=count) for count in (1, 2, 3, 6, 12)),
    *(timedelta(days=count) for count in (1, 2, 7, 14, 28, 91, 364)),
)
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday


@dataclass(frozen=True)
class Scale:
    """Places from 0 to 1 for instants: linear between `knots`, each an instant (days) with its place.

    `gaps` are the stretches that were made short, as two instants (UTC).
    """

    knots: tuple[tuple[float, float], ...]
    gaps: tuple[tuple[datetime, datetime], ...]

    def __call__(self, at: datetime) -> float:
        """Where an instant lies."""
        days, places = zip(*self.knots, strict=True)
        return float(np.interp(_days(at), days, places))

    @property
    def ends(self) -> tuple[datetime, datetime]:
        """The first and the last instant that it shows (UTC)."""
        return _instant(self.knots[0][0]), _instant(self.knots[-1][0])

    def ticks(self, most: int = 8) -> list[tuple[float, str]]:
        """Places and labels of round instants in the stretches that are shown at their own length; the day where it changes."""
        found: list[tuple[float, str]] = []
        day = None
        short = {_days(begin) for begin, _ in self.gaps}
        for (begin, left), (end, right) in pairwise(self._stretches(short)):
            room = round(most * (right - left))
            if begin in short or room < 1:
                continue
            first, last = _instant(begin), _instant(end)
            step = next((step for step in STEPS if (last - first) / step <= room), STEPS[-1])
            at = first - (first - EPOCH) % step + step
            while at < last:
                if not found or self(at) - found[-1][0] >= 0.07:
                    label = f"{at:%H:%M}" if at.date() == day else f"{at:%H:%M}\n{at.day} {at:%b}"
                    found.append((self(at), label))
                    day = at.date()
                at += step
        return found

    def _stretches(self, short: set[float]) -> list[tuple[float, float]]:
        """The knots without those in the midst of a stretch of one measure."""
        edges = short | {_days(end) for _, end in self.gaps}
        return [knot for knot in self.knots if knot in (self.knots[0], self.knots[-1]) or knot[0] in edges]


def scale_of(moments: Sequence[datetime]) -> Scale:
    """The scale for these instants (zone-aware; one at least): all are in it, with some room at both ends."""
    known = sorted({at.astimezone(UTC) for at in moments})
    stretches = [*pairwise(known)]
    gaps: list[tuple[datetime, datetime]] = []
    while stretches:
        longest = max(stretches, key=lambda pair: pair[1] - pair[0])
        whole = sum((end - begin for begin, end in stretches), timedelta())
        length = longest[1] - longest[0]
        if length <= LONG or length <= whole * SHARE or len(stretches) <= FEWEST:
            break
        stretches.remove(longest)
        gaps.append(longest)
    shown = sum((end - begin for begin, end in stretches), timedelta()) or timedelta(hours=1)
    edge = max(shown * EDGE, timedelta(minutes=2))
    lengths = [(known[0] - edge, edge)]
    for begin, end in pairwise(known):
        lengths.append((begin, shown * WIDTH if (begin, end) in gaps else end - begin))
    lengths.append((known[-1], edge))
    total = sum((length for _, length in lengths), timedelta())
    knots, reached = [], timedelta()
    for begin, length in lengths:
        knots.append((_days(begin), reached / total))
        reached += length
    knots.append((_days(known[-1] + edge), 1.0))
    return Scale(tuple(knots), tuple(sorted(gaps)))


def _days(at: datetime) -> float:
    return float(date2num(at))  # type: ignore[no-untyped-call]


def _instant(days: float) -> datetime:
    found: datetime = num2date(days, tz=UTC)  # type: ignore[no-untyped-call]
    return found
