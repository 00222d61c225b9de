"""Whether failures come back at a regular time: the period in words, by the calendar or by a steady gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache
from math import lgamma, log

import numpy as np
import pandas as pd

from incident_nb.patterns.states import Flags, Ints

# A period is said where at least four of its beats failed (three of a day or longer ones), and seven in ten of those that
# ran; where eight in ten of the failures lie on it, and the workflow ran well between; and where the runs are 100 times as
# likely by it as by chance, each kind of period and each of its phases counted as one of those that could have been.
BEATS, BEATS_OF_A_DAY, HIT, COVERED, TIMES_AS_LIKELY = 4, 3, 0.7, 0.8, 100.0
# The gaps between failures with no place in the calendar may differ from their usual length, or multiples, by this share.
REGULAR = 0.15
_STRAYS = 1  # earlier failures that may have come before what is regular
_MOST = 20_000  # runs, for what has to be tried half hour by half hour
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH_DAY = 3  # 1970-01-01 was a Thursday
_US, _HOUR, _DAY = 60_000_000, 60, 1440


@dataclass(frozen=True)
class Period:
    """A period in words, such as `every day at 02:00`, how many of its beats failed, of how many that ran."""

    words: str
    hit: int
    beats: int
    good_since: int


@dataclass(frozen=True)
class _Kind:
    """One kind of period: time in cells of some minutes, `phases` of which make a cycle; at most `widest` of them fail."""

    cell: int
    phases: int
    widest: int
    words: Callable[[Ints, int, int], str]
    moved: bool = False  # cells are laid such that the usual minute of a failure is in the middle of one


def period_of(at: Ints, flags: Flags, zone: tzinfo = UTC) -> Period | None:
    """The period of the failures among these runs; None where they have none. `at`: microseconds UTC, oldest first."""
    bad = np.flatnonzero(flags)
    if len(bad) < BEATS_OF_A_DAY or flags.all():
        return None
    clock = pd.DatetimeIndex(at.astype("datetime64[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    minutes = clock.as_unit("us").asi8 // _US
    for first in bad[: 1 + min(_STRAYS, len(bad) // 4)]:
        part = slice(int(first), None)
        usual = _middle(minutes[part][flags[part]])
        found = [_on_calendar(minutes[part], flags[part], kind, usual) for kind in _KINDS]
        best = max((one for one in found if one), key=lambda one: one[0], default=None)
        if best:
            return best[1]
    since = slice(int(bad[0]), None)
    passed = at[since] // _US
    steady = _steady(passed, flags[since]) or _wears_off(passed, flags[since])
    if steady or len(passed) > _MOST:
        return steady
    return _first_after(minutes[since], flags[since])


def _on_calendar(minutes: Ints, flags: Flags, kind: _Kind, usual: int) -> tuple[float, Period] | None:
    """How much likelier the runs are by this kind of period (a logarithm), and the period; None where it is none."""
    shift = usual - kind.cell // 2 if kind.moved else 0
    bad = _distinct((minutes[flags] - shift) // kind.cell)
    begin, width = _arc(_phases(bad, kind)[0], kind)
    least = BEATS_OF_A_DAY if kind.cell * kind.phases >= _DAY else BEATS
    if width > kind.widest or len(bad) < least:
        return None
    cell = (minutes - shift) // kind.cell
    cells = _distinct(cell)
    failed = np.zeros(len(cells), dtype=bool)
    failed[np.searchsorted(cells, bad)] = True
    phases, cycles = _phases(cells, kind)
    on = (phases - begin) % kind.phases < width
    beat = cycles - (phases < begin)  # an arc over the cycle's end is one beat
    hits, ran = _distinct(beat[on & failed]), _distinct(beat[on])
    if len(hits) < least:
        return None
    beats = ran[(ran >= hits[0]) & (ran <= hits[-1])]
    within = (beat >= hits[0]) & (beat <= hits[-1])
    inside, outside = on & within, ~on & within
    likelier = _likelier(failed[inside], failed[outside]) - log(kind.phases * kind.widest * len(_KINDS))
    if (
        len(hits) / len(beats) < HIT
        or failed[inside].mean() < HIT
        or (on & failed).sum() < COVERED * len(bad)
        or (~failed[outside]).sum() < len(beats) - 1
        or likelier < log(TIMES_AS_LIKELY)
    ):
        return None
    words = kind.words(minutes[flags & on[np.searchsorted(cells, cell)]], begin, width)
    full = cells[on] < cell[-1]  # the newest may have run only in part
    return likelier, Period(words, len(hits), len(beats), len(_distinct(beat[on][full & (beat[on] > hits[-1])])))


def _steady(minutes: Ints, flags: Flags) -> Period | None:
    """A steady gap between failures; neighbouring ones are one."""
    bad = np.flatnonzero(flags)
    bad = bad[np.append(True, np.diff(bad) > 1)]
    if len(bad) < BEATS + 1:
        return None
    gaps = np.diff(minutes[bad]).astype(float)
    usual = float(np.median(gaps))
    runs = usual / max(float(minutes[-1] - minutes[0]) / max(len(minutes) - 1, 1), 1e-9)
    if usual <= 0 or runs < 1.5:
        return None
    times = np.maximum(np.round(gaps / usual), 1)
    usual = float(gaps.sum() / times.sum())
    beats, off = int(times.sum()) + 1, float((np.abs(gaps - times * usual) / usual).max())
    # Of gaps of any length so many would be as near to a multiple of one by chance, as one of many kinds of period.
    chance = max(2 * off, 1 / runs) ** (len(gaps) - 1) * len(_KINDS)
    if off > REGULAR or len(bad) / beats < HIT or chance > 1 / TIMES_AS_LIKELY:
        return None
    since = int((minutes[-1] - minutes[bad[-1]] + REGULAR * usual) // usual)
    return Period(f"about every {_length(usual)}", len(bad), beats, since)


def _wears_off(minutes: Ints, flags: Flags) -> Period | None:
    """The first run to fail that comes so long after the last failure, as where something lasts so long once renewed."""
    bad = np.flatnonzero(flags)
    last = bad[np.maximum(np.searchsorted(bad, np.arange(len(flags))) - 1, 0)]
    passed = (minutes - minutes[last])[1:]
    failed = flags[1:]
    waits = np.sort(passed[failed])
    good = np.sort(passed[~failed])
    late = len(good) - np.searchsorted(good, waits)  # good runs that came as late
    best = int(np.argmax(np.arange(len(waits), 0, -1) - late))
    wait, hit = int(waits[best]), len(waits) - best
    since = int(minutes[-1] - minutes[bad[-1]] >= wait and not flags[-1])
    words = f"about every {_length(wait)}, at the first run after them"
    return _told_apart(words, hit, hit + int(late[best]), best, len(good) - int(late[best]), len(waits), since)


def _first_after(minutes: Ints, flags: Flags) -> Period | None:
    """The first run to fail after a time that comes every few hours, as where something runs out then."""
    found = []
    for hours in (24, 12, 8, 6):
        length, bad = hours * _HOUR, int(flags.sum())
        beats = (minutes[-1] - minutes[0]) / length + 2
        if not BEATS <= COVERED * bad <= beats or bad < HIT * HIT * beats:
            continue  # there are more of them than such times, or far fewer
        phase = np.arange(0, length, _HOUR // 2)[:, None]
        first = np.diff((minutes[None, :] - phase) // length, axis=1) > 0
        hit, ran = first[:, flags[1:]].sum(axis=1), first.sum(axis=1)
        best = int(np.argmax(2 * hit - ran))
        missed = int(flags[1:].sum()) - int(hit[best])
        words = f"every {hours} hours, at the first run after {_clock(int(phase[best, 0]))}"
        words = words.replace("every 24 hours", "every day")
        good = len(flags) - 1 - int(ran[best]) - missed
        found.append(_told_apart(words, int(hit[best]), int(ran[best]), missed, good, 4 * len(phase), 0))
    return next((one for one in found if one), None)


def _told_apart(words: str, hit: int, beats: int, missed: int, good: int, ways: int, since: int) -> Period | None:
    """The period, where it tells the failing runs from the others; `ways`: how many there were to choose it from."""
    likelier = _likelier(np.arange(beats) < hit, np.arange(missed + good) < missed) - log(ways * len(_KINDS))
    right = hit >= max(BEATS, HIT * beats, COVERED * (hit + missed)) and good >= hit
    return Period(words, hit, beats, since) if right and likelier >= log(TIMES_AS_LIKELY) else None


def _likelier(inside: Flags, outside: Flags) -> float:
    """How much likelier (log) two rates of failing are, high inside and low outside, than one that may be any."""
    hit, miss = int(inside.sum()), int((~inside).sum())
    stray, good = int(outside.sum()), int((~outside).sum())
    apart = _beta(hit + 4, miss + 1) - _beta(4, 1) + _beta(stray + 1, good + 30) - _beta(1, 30)
    return apart - (_beta(hit + stray + 0.5, miss + good + 1) - _beta(0.5, 1))


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _distinct(values: Ints) -> Ints:
    """The different values, in order; they are nearly so already, but for the hour that a clock is put back."""
    changed = values[np.concatenate(([True], values[1:] != values[:-1]))] if len(values) else values
    return changed if (changed[1:] > changed[:-1]).all() else np.unique(changed)


def _phases(cells: Ints, kind: _Kind) -> tuple[Ints, Ints]:
    """Each cell's place in its cycle, and the cycle's number."""
    if kind.cell == _DAY and kind.phases == 31:
        days = cells.astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        return (days - months.astype("datetime64[D]")).astype(np.int64), months.astype(np.int64)
    if kind.phases in (7, 168):  # weeks begin on a Monday
        cells = cells + _EPOCH_DAY * (kind.phases // 7)
    return cells % kind.phases, cells // kind.phases


def _arc(phases: Ints, kind: _Kind) -> tuple[int, int]:
    """Where the shortest part of the cycle begins that holds enough of the failures, and how wide it is."""
    counts = np.bincount(phases, minlength=kind.phases)
    twice = np.concatenate(([0], counts, counts)).cumsum()
    places, widths = _places(kind.phases, kind.widest)
    held = twice[places + widths] - twice[places]
    enough = np.flatnonzero(held.max(axis=1) >= COVERED * len(phases))
    if not len(enough):
        return 0, kind.phases
    most = held[enough[0]]
    best = np.flatnonzero(most == most.max())
    return int(best[np.argmax(counts[best])]), int(enough[0]) + 1


@cache
def _places(phases: int, widest: int) -> tuple[Ints, Ints]:
    return np.arange(phases)[None, :], np.arange(1, widest + 1)[:, None]


def _middle(minutes: Ints) -> int:
    """The usual minute of the hour, on the circle."""
    angle = minutes % _HOUR * (2 * np.pi / _HOUR)
    middle = np.arctan2(np.sin(angle).mean(), np.cos(angle).mean()) * _HOUR / (2 * np.pi)
    return round(float(middle)) % _HOUR


def _clock(minute: int) -> str:
    return f"{minute // _HOUR % 24:02}:{minute % _HOUR:02}"


def _at(minutes: Ints) -> str:
    """The time of day of failures that lie close together, in words."""
    of_day = minutes % _DAY
    middle = int(np.median(of_day))
    if of_day.max() - of_day.min() > _DAY // 2:  # around midnight
        of_day = (of_day + _DAY // 2) % _DAY
        middle = (int(np.median(of_day)) + _DAY // 2) % _DAY
    low, high = np.percentile(of_day, [10, 90])
    if high - low <= 5:
        return f"at {_clock(middle)}"
    start = (int(low) + middle - int(np.median(of_day))) % _DAY
    return f"between {_clock(start)} and {_clock((start + int(high - low)) % _DAY)}"


def _each_day(minutes: Ints, _begin: int, _width: int) -> str:
    return f"every day {_at(minutes)}"


def _each_week(_minutes: Ints, begin: int, width: int) -> str:
    last = (begin + width - 1) % 7
    if width == 1:
        return f"every {_DAYS[begin]}"
    return "every weekend" if (begin, width) == (5, 2) else f"every {_DAYS[begin]} to {_DAYS[last]}"


def _each_week_at(minutes: Ints, _begin: int, _width: int) -> str:
    day = int(np.median((minutes // _DAY + _EPOCH_DAY) % 7))
    return f"every {_DAYS[day]} {_at(minutes)}"


def _each_month(_minutes: Ints, begin: int, width: int) -> str:
    first = begin % 31 + 1
    return (
        f"on the {_nth(first)} of every month"
        if width == 1
        else (f"on the {_nth(first)} to {_nth((begin + width - 1) % 31 + 1)} of every month")
    )


def _nth(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day not in (11, 12, 13) else 0, "th")
    return f"{day}{ending}"


def _each_hour(minutes: Ints, _begin: int, _width: int) -> str:
    return f"every hour at :{_middle(minutes):02}"


def _each(hours: int) -> Callable[[Ints, int, int], str]:
    return lambda _minutes, _begin, _width: f"every {hours} hours"


def _length(minutes: float) -> str:
    for name, size in (("days", _DAY), ("hours", _HOUR)):
        if minutes >= 2 * size:
            return f"{minutes / size:.1f} {name}".replace(".0 ", " ")
    return f"{minutes:.0f} minutes"


_KINDS = (
    _Kind(_HOUR, 24, 8, _each_day, moved=True),
    _Kind(_DAY, 7, 2, _each_week),
    _Kind(_HOUR, 168, 3, _each_week_at, moved=True),
    _Kind(_DAY, 31, 3, _each_month),
    _Kind(5, 12, 2, _each_hour),
    *(_Kind(_HOUR, hours, 1, _each(hours), moved=True) for hours in (2, 3, 4, 6, 8, 12)),
)
