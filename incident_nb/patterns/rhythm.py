"""When a workflow's next run should have begun: by its own schedule, else by the rhythm of the runs before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any, NamedTuple

import numpy as np

from incident_nb.n8n.schedules import FURTHEST, Rule, rules_of, times

Array = np.ndarray[Any, Any]

FEWEST = 8  # runs, before a cadence is believed
REGULAR = 2.0  # nine in ten gaps are no longer than this many times the median
CHANCE = 50  # runs, before calls that come by chance are counted on
LACKING = 20.0  # of these, before it is no chance: e^-20 for each, over thousands of workflows and hours
MISSED = 3.0  # median gaps without a run, before it counts as silent
LONGER = 1.5  # and longer than this many times its longest gap so far
SLACK_S = 300.0
WEEK_S, HOUR_S, DAY_S = 7 * 86_400, 3_600, 86_400
WEEKS = 3  # that a workflow's week must have been seen, before its hours are counted on
NEWEST_WEEKS = 8  # from which the week is learnt: habits change

KEEPS = 0.8  # share of its newest runs that a schedule must account for, and they for it
FITTING = 3  # runs, before that can be told
LOOKED_AT, LOOKED_AT_S = 200, 9 * 86_400.0  # newest runs that a schedule is compared with: a week and both its ends
NIGHTS_S = 2 * 86_400.0  # without a night among them they do not tell the time zone of the server
NEAR_S = 180.0  # a run begins at most so long after its time
ZONES_S = np.arange(-14, 14.25, 0.25) * 3_600.0  # a server's time zone is not in its workflows
CLOSED_S, CLOSED = 3_600.0, 10.0  # a server without any run for so long, and so many of its gaps, was off
LATE_S = 1_800.0  # how long a run by schedule may lack, at least; twice its time, at most a day


class Due(NamedTuple):
    """When a run should have begun and, `silent_from`, after when its lack counts (epoch seconds).

    `every`: typical gap in seconds. `missed`: runs that lack. `schedule`: in words, where it is by the trigger's own.
    """

    every: float
    at: float
    silent_from: float
    missed: int
    schedule: str | None = None


def closed(at: Array) -> Array:
    """From when to when a server was off, by all of its runs (epoch seconds, ascending): rows of two."""
    gaps = np.diff(at)
    if not len(gaps):
        return np.empty((0, 2))
    off = np.flatnonzero(gaps > max(CLOSED_S, CLOSED * float(np.median(gaps))))
    return np.column_stack([at[off], at[off + 1]])


def due(
    at: Array, until: float, nodes: Mapping[str, Mapping[str, Any]] | None = None, off: Array | None = None
) -> Due | None:
    """What was to be expected after runs at these times (epoch seconds, ascending); None where no rhythm is known.

    `nodes`: of the workflow as it ran last, by name; `off`: when its server was, as `closed` gives it. A schedule that its
    newest runs keep to decides; one that has too few runs to tell may only delay what the runs say; one that they do not
    keep to says nothing.
    """
    learnt = _by_week(at, until) or _by_gaps(at, until)
    if nodes is None or until - at[-1] < LATE_S or (learnt is not None and until - at[-1] < learnt.every):
        return learnt  # nothing lacks yet
    rules = rules_of(nodes.values())
    if not rules:
        return learnt
    zones = _kept(rules, at)
    if not zones:
        return learnt
    closed_at = np.empty((0, 2)) if off is None else off
    possible = [one for zone in zones if (one := _by_schedule(rules, at, until, zone, closed_at))]
    planned = max(possible, key=lambda one: one.silent_from, default=None)
    if len(at) >= FITTING and (at[-1] - _compared(at)[0] >= NIGHTS_S or not any(rule.local for rule in rules)):
        return planned
    return None if learnt is None or planned is None else max(learnt, planned, key=lambda one: one.silent_from)


def _by_gaps(at: Array, until: float) -> Due | None:
    gaps = np.diff(at)
    regular = gaps[gaps > 0]
    if len(regular) < FEWEST - 1:
        return None
    middle = float(np.median(regular))
    if np.quantile(regular, 0.9) > REGULAR * middle:
        return None
    late = at[-1] + max(MISSED * float(np.median(gaps)) + SLACK_S, LONGER * float(gaps.max()))
    return Due(middle, at[-1] + middle, late, int((until - at[-1]) / middle))


def _by_week(at: Array, until: float) -> Due | None:
    """By how many runs the same hours of the weeks before had: a night and a weekend without runs are no gap then."""
    weeks = min(NEWEST_WEEKS, int((at[-1] - at[0]) // WEEK_S)) if len(at) >= 2 * FEWEST else 0
    if weeks < WEEKS:
        return None
    newest = at[at > at[-1] - weeks * WEEK_S]
    hourly = np.bincount((newest % WEEK_S // HOUR_S).astype(int), minlength=WEEK_S // HOUR_S) / weeks
    gaps = np.diff(_expected(hourly, newest))
    if len(gaps) < 2 * FEWEST - 1 or np.quantile(gaps, 0.9) > REGULAR:
        return None
    return _lacking(newest, until, hourly, max(MISSED, LONGER * float(gaps.max())))


def by_chance(at: Array, until: float) -> Due | None:
    """What was to be expected of calls that come by chance, more or fewer by the hour and the kind of day."""
    weeks = min(NEWEST_WEEKS, int((at[-1] - at[0]) // WEEK_S)) if len(at) >= CHANCE else 0
    if not weeks:
        return None
    newest = at[at > at[-1] - weeks * WEEK_S]
    of_day = np.bincount((newest % WEEK_S // HOUR_S).astype(int), minlength=WEEK_S // HOUR_S).reshape(7, 24) / weeks
    hourly = np.empty_like(of_day)
    for days in ([0, 1, 4, 5, 6], [2, 3]):  # epoch weeks begin on a Thursday
        hourly[days] = of_day[days].mean(axis=0)
    hourly = hourly.ravel()
    gaps = np.diff(_expected(hourly, newest))
    return _lacking(newest, until, hourly, max(LACKING, LONGER * float(gaps.max(initial=0)))) if len(gaps) else None


def _expected(hourly: Array, moments: Array) -> Array:
    """How many runs were to be expected from 1970 to each moment, by those of each hour of a week."""
    counted = np.concatenate([[0.0], np.cumsum(hourly)])
    of_week = moments / HOUR_S % (WEEK_S // HOUR_S)
    hour = of_week.astype(int)
    found: Array = counted[-1] * (moments // WEEK_S) + counted[hour] + hourly[hour] * (of_week - hour)
    return found


def _lacking(at: Array, until: float, hourly: Array, enough: float) -> Due:
    """Since when a run lacks, and from when on as many lack as are `enough`."""
    ahead = np.append(at[-1] + np.arange(NEWEST_WEEKS * WEEK_S // HOUR_S * 4) * (HOUR_S / 4), until)
    missed = _expected(hourly, ahead) - _expected(hourly, at[-1:])
    late, begins = (ahead[min(int(np.searchsorted(missed[:-1], many)), len(ahead) - 2)] for many in (enough, 1.0))
    return Due(float(np.median(np.diff(at))), float(begins), float(late) + SLACK_S, int(missed[-1]))


def _fires(rules: list[Rule], begin: float, end: float, last: float | None) -> Array:
    """When the rules fire after `begin` up to `end`, as if the server's time were UTC."""
    first, anchor = (None if one is None else datetime.fromtimestamp(one, UTC) for one in (begin, last))
    assert first is not None  # noqa: S101
    found = (at.timestamp() for at in times(rules, None, first, anchor))
    return np.array(list(islice(takewhile(lambda at: at <= end, found), FURTHEST)))


def _compared(at: Array) -> Array:
    """The newest runs, which a schedule must account for."""
    lately = at[at >= at[-1] - LOOKED_AT_S][-LOOKED_AT:]
    return lately if len(lately) >= FITTING else at[-FITTING:]


def _kept(rules: list[Rule], at: Array) -> list[float]:
    """How far the server's time may be from UTC, in seconds, by what its newest runs keep to; empty where they do not.

    Mostly it is one. Where clocks were changed of late, the last two days decide, which may leave two of them open.
    """
    newest = _compared(at)
    if len(newest) < FITTING:
        return [0.0]
    if not any(rule.local for rule in rules):
        fires = _fires(rules, newest[0], newest[-1] + 1, newest[0])
        return [0.0] if KEEPS <= (len(newest) - 1) / max(len(fires), 1) <= 1 / KEEPS else []
    spread = ZONES_S[-1] + HOUR_S
    fires = _fires(rules, newest[0] - spread - HOUR_S, newest[-1] + spread, newest[0])
    if not len(fires):
        return []
    fits = [(_fit(fires, newest, zone), zone) for zone in sorted(ZONES_S, key=abs)]
    fit, best = max(fits, key=lambda one: one[0])
    if fit < KEEPS:
        return []
    lately = newest[newest >= newest[-1] - NIGHTS_S]
    if len(lately) < FITTING:
        return [float(best)]
    either = [(_fit(fires, lately, zone), float(zone)) for zone in (best, best - HOUR_S, best + HOUR_S)]
    most = max(either)[0]
    return [zone for share, zone in either if share >= most]


def _fit(fires: Array, runs: Array, zone: float) -> float:
    """The share of runs that began at a time of the schedule, or of its times that have a run, whichever is less."""
    begins = runs - zone
    before = fires[np.maximum(np.searchsorted(fires, begins, side="right") - 1, 0)]
    hit = (begins - before >= 0) & (begins - before <= NEAR_S)
    within = ((fires >= begins[0] - NEAR_S) & (fires <= begins[-1])).sum()
    return float(min(hit.mean(), len(np.unique(before[hit])) / max(within, 1)))


def _by_schedule(rules: list[Rule], at: Array, until: float, zone: float, off: Array) -> Due | None:
    """By the times of its trigger; what fell into a time in which the server was off is made up for by nobody."""
    last = float(at[-1]) - zone
    fires = _fires(rules, last + 1, max(until - zone, last) + 40 * DAY_S, last)
    for begin, end in off - zone:
        fires = fires[(fires <= begin) | (fires >= end)]
    if len(fires) < 2:
        return None
    every = float(np.median(np.diff(fires[:12])))
    missed = int((fires <= until - zone).sum())
    if missed == len(fires):
        missed = int((until - zone - fires[0]) / every) + 1
    clocks = HOUR_S if any(rule.local for rule in rules) else 0  # they may have been changed since the last run
    late = fires[0] + zone + max(LATE_S, min(2 * every, DAY_S)) + clocks
    words = " and ".join(dict.fromkeys(rule.words for rule in rules))
    return Due(every, float(fires[0] + zone), float(late), missed, words)
