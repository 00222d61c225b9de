"""Failures that come back at a regular time: the period in words, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from incident_nb.patterns import pattern_of

BERLIN = ZoneInfo("Europe/Berlin")
When = Callable[[pd.Timestamp], bool]


def schedule(days: float, minutes: int, start: str = "2026-03-02") -> pd.Series:
    """The runs of a workflow that runs every so many minutes, from a Monday on; the clock goes forward on 29 March."""
    return pd.Series(
        pd.date_range(start, periods=int(days * 1440 / minutes), freq=f"{minutes}min", tz="UTC", unit="us")
    )


def told(
    runs: pd.Series, when: When, zone: ZoneInfo = BERLIN, hit: float = 1.0, seed: int = 1
) -> tuple[str, str | None, str]:
    failed = np.array([bool(when(at)) for at in runs.dt.tz_convert(zone)])
    failed &= np.random.default_rng(seed).random(len(runs)) < hit
    return pattern_of(runs, pd.Series(failed), zone=zone)


PERIODS: list[tuple[str, pd.Series, When]] = [
    ("every day at 02:00", schedule(12, 60), lambda at: at.hour == 2),
    ("every day at 02:00", schedule(50, 60), lambda at: at.hour == 2),  # over the change of the clock
    ("every day at 00:00", schedule(20, 30), lambda at: (at.hour, at.minute) == (0, 0)),
    ("every day between 02:00 and 03:45", schedule(20, 15), lambda at: 2 <= at.hour < 4),
    ("every Monday", schedule(36, 60), lambda at: at.weekday() == 0),
    ("every Monday", schedule(60, 1440), lambda at: at.weekday() == 0),
    ("every Monday at 08:00", schedule(36, 60), lambda at: (at.weekday(), at.hour) == (0, 8)),
    ("every weekend", schedule(36, 60), lambda at: at.weekday() > 4),
    ("on the 1st of every month", schedule(150, 360), lambda at: at.day == 1),
    ("every 6 hours", schedule(8, 60), lambda at: at.hour % 6 == 0),
    ("every hour at :30", schedule(1, 10), lambda at: at.minute == 30),
]


@pytest.mark.parametrize(("period", "runs", "when"), PERIODS, ids=[f"{row[0]} of {len(row[1])}" for row in PERIODS])
def test_a_period_is_told_by_the_calendar(period: str, runs: pd.Series, when: When) -> None:
    found = told(runs, when)
    assert found[0] == "recurring"
    assert found[2] == period


def test_beats_that_were_missed_are_counted() -> None:
    found = told(schedule(30, 60), lambda at: at.hour == 2, hit=0.85)
    assert (found[0], found[2]) == ("recurring", "every day at 02:00")
    assert "26 of 28 such times did" in found[1]


def test_what_went_well_since_is_counted() -> None:
    runs = schedule(20, 60)
    found = told(runs, lambda at: at.hour == 2 and at < pd.Timestamp("2026-03-12T12:00Z"))
    assert "; 9 more since went well" in found[1]


@pytest.mark.parametrize(
    ("every", "period"),
    [(5, "about every 5 hours"), (30, "about every 30 hours"), (77, "about every 3.2 days")],
)
def test_a_steady_gap_without_a_place_in_the_calendar(every: int, period: str) -> None:
    runs = schedule(30, 60)
    failed = pd.Series(np.arange(len(runs)) % every == 3)
    assert pattern_of(runs, failed).period == period


def test_a_few_gaps_that_are_nearly_equal_are_no_period() -> None:
    """So many pairs of gaps are looked at in a fleet, and of each some kinds of period."""
    runs = schedule(20, 60)
    failed = pd.Series(np.isin(np.arange(len(runs)), np.cumsum([30, 60, 66, 57, 63])))
    assert pattern_of(runs, failed).pattern == "intermittent"
    steady = pd.Series(np.isin(np.arange(len(runs)), np.cumsum([30, 61, 62, 61, 62])))
    assert pattern_of(runs, steady).period == "about every 2.6 days"


def test_the_first_run_after_something_wore_off() -> None:
    rng = np.random.default_rng(4)
    at = np.cumsum(rng.exponential(40, 900) + 1)
    failed, last = np.zeros(len(at), dtype=bool), 0.0
    for run, minute in enumerate(at):
        if minute - last >= 9 * 60:
            failed[run], last = True, minute
    runs = pd.Series(pd.to_datetime("2026-03-02T00:00Z") + pd.to_timedelta(at, unit="m"))
    found = pattern_of(runs, pd.Series(failed))
    assert found.pattern == "recurring"
    assert found.period == "about every 9 hours, at the first run after them"


def test_the_first_run_after_a_time_of_every_half_day() -> None:
    rng = np.random.default_rng(4)
    at = np.cumsum(rng.exponential(180, 250) + 1)
    failed = np.append(False, np.diff((at - 9 * 60) // 720) > 0)
    runs = pd.Series(pd.to_datetime("2026-03-02T00:00Z") + pd.to_timedelta(at, unit="m"))
    found = pattern_of(runs, pd.Series(failed))
    assert (found.pattern, found.period) == ("recurring", "every 12 hours, at the first run after 09:00")


NONE: list[tuple[str, pd.Series, When]] = [
    ("persistent", schedule(20, 1440), lambda at: True),  # once a day, and every time
    ("persistent", schedule(20, 1440), lambda at: at.day > 5),
    ("persistent", schedule(6, 60), lambda at: at.day >= 4),
    ("burst", schedule(20, 60), lambda at: at.day == 9 and at.hour > 4),
    ("regression", schedule(20, 60), lambda at: at.day in (9, 21) and at.hour > 4),
]


@pytest.mark.parametrize(("pattern", "runs", "when"), NONE)
def test_what_has_no_period(pattern: str, runs: pd.Series, when: When) -> None:
    found = told(runs, when)
    assert (found[0], found[2]) == (pattern, None)


def test_chance_has_a_period_in_fewer_than_one_case_in_a_hundred() -> None:
    rng = np.random.default_rng(11)
    said = []
    for _ in range(400):
        runs = schedule(rng.integers(3, 30), int(rng.choice([15, 60, 360])))
        failed = rng.random(len(runs)) < rng.choice([0.02, 0.05, 0.1, 0.3])
        if failed.any():
            said.append(pattern_of(runs, pd.Series(failed)).pattern == "recurring")
    assert np.mean(said) < 0.01


def test_a_problem_that_came_back_after_a_stray_failure_only_is_no_regression() -> None:
    runs = schedule(10, 60)
    failed = pd.Series(np.arange(len(runs)) >= 230)
    assert pattern_of(runs, failed | (np.arange(len(runs)) == 20)).pattern == "persistent"
    assert pattern_of(runs, failed | np.isin(np.arange(len(runs)), [20, 22])).pattern == "regression"


def test_two_bursts_are_no_burst() -> None:
    runs = schedule(2, 60)
    failed = np.isin(np.arange(len(runs)), [3, 4, 5, 20, 21, 22])
    assert pattern_of(runs, pd.Series(failed)).pattern == "intermittent"
