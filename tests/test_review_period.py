"""From when to when a review goes: weeks that end with the report, months, quarters, by the client's own calendar."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from incident_nb.errors import UsageError
from incident_nb.review.period import KINDS, Kind, before, chosen_period, last_period, parts_of
from incident_nb.settings import ReviewSettings
from tests.incidents import utc

FRIDAY = ReviewSettings()
MONDAY = ReviewSettings(day="Monday", at=time(0))


@pytest.mark.parametrize(
    ("kind", "now", "zone", "name", "since", "until"),
    [
        # a week ends on Friday 17:00 of the client, whatever day it is here
        ("week", "2026-11-20T16:00", "Europe/Berlin", "2026-W47", "2026-11-13T16:00", "2026-11-20T16:00"),
        ("week", "2026-11-20T15:59", "Europe/Berlin", "2026-W46", "2026-11-06T16:00", "2026-11-13T16:00"),
        ("week", "2026-11-20T06:00", "Australia/Sydney", "2026-W47", "2026-11-13T06:00", "2026-11-20T06:00"),
        ("week", "2026-11-20T05:59", "Australia/Sydney", "2026-W46", "2026-11-06T06:00", "2026-11-13T06:00"),
        ("week", "2026-11-26T23:00", "Europe/Berlin", "2026-W47", "2026-11-13T16:00", "2026-11-20T16:00"),
        # the week in which clocks change is an hour longer
        ("week", "2026-10-31T00:00", "Europe/Berlin", "2026-W44", "2026-10-23T15:00", "2026-10-30T16:00"),
        ("week", "2027-01-01T17:00", "UTC", "2026-W53", "2026-12-25T17:00", "2027-01-01T17:00"),
        ("month", "2026-11-30T22:59", "Europe/Berlin", "2026-10", "2026-09-30T22:00", "2026-10-31T23:00"),
        ("month", "2026-11-30T23:00", "Europe/Berlin", "2026-11", "2026-10-31T23:00", "2026-11-30T23:00"),
        ("month", "2027-01-15T00:00", "UTC", "2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("quarter", "2026-11-30T00:00", "UTC", "2026-Q3", "2026-07-01T00:00", "2026-10-01T00:00"),
        ("quarter", "2027-02-03T00:00", "America/New_York", "2026-Q4", "2026-10-01T04:00", "2027-01-01T05:00"),
    ],
)
def test_the_last_period_that_is_over(kind: Kind, now: str, zone: str, name: str, since: str, until: str) -> None:
    found = last_period(kind, utc(now), zone, FRIDAY)
    assert (found.name, found.since, found.until, found.zone) == (name, utc(since), utc(until), zone)


def test_a_week_may_be_one_of_the_calendar() -> None:
    found = last_period("week", utc("2026-11-25T12:00"), "Europe/Berlin", MONDAY)
    assert (found.since, found.until) == (utc("2026-11-15T23:00"), utc("2026-11-22T23:00"))
    assert found.name == "2026-W47"


@pytest.mark.parametrize(
    ("day", "at", "zone", "now", "name"),
    [
        ("Monday", time(0), "UTC", "2026-11-25T00:00", "2026-W47"),  # up to the end of Sunday the 22nd
        ("Monday", time(0, 1), "UTC", "2026-11-25T00:00", "2026-W48"),
        ("Monday", time(0), "America/New_York", "2027-01-04T05:00", "2026-W53"),  # ends on Sunday the 3rd there
        ("Sunday", time(0), "UTC", "2026-11-25T00:00", "2026-W47"),
        ("Monday", time(0), "Australia/Sydney", "2027-01-03T13:00", "2026-W53"),
    ],
)
def test_a_week_is_named_by_its_last_instant(day: Any, at: time, zone: str, now: str, name: str) -> None:
    assert last_period("week", utc(now), zone, ReviewSettings(day=day, at=at)).name == name


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_lies_between_two_periods(kind: Kind) -> None:
    """What happens once is in one report, and in no two."""
    at = datetime(2028, 5, 5, 5, tzinfo=UTC)
    found = last_period(kind, at, "America/New_York", FRIDAY)
    for _ in range(60):
        earlier = last_period(kind, found.until - timedelta(microseconds=1), "America/New_York", FRIDAY)
        assert earlier.until == found.since and earlier.name != found.name
        assert (
            found.has(found.since) and not found.has(found.until) and earlier.has(earlier.until - timedelta(seconds=1))
        )
        found = earlier


def test_a_chosen_period_is_named_by_its_days() -> None:
    found = chosen_period(utc("2026-10-31T23:00"), utc("2026-11-14T23:00"), "Europe/Berlin")
    assert (found.name, found.kind) == ("2026-11-01-to-2026-11-14", None)
    with pytest.raises(UsageError, match="ends before it begins"):
        chosen_period(utc("2026-11-02T00:00"), utc("2026-11-02T00:00"), "UTC")


def test_parts_end_with_the_period_and_begin_at_its_time_of_day() -> None:
    period = chosen_period(utc("2026-10-20T00:00"), utc("2026-11-06T16:00"), "Europe/Berlin")
    assert parts_of(period, days=7) == [
        utc("2026-10-20T00:00"), utc("2026-10-23T15:00"), utc("2026-10-30T16:00"), utc("2026-11-06T16:00"),
    ]  # fmt: skip


def test_days_are_those_of_the_clients_calendar() -> None:
    period = chosen_period(utc("2026-10-24T15:00"), utc("2026-10-26T16:00"), "Europe/Berlin")
    assert parts_of(period, days=1) == [
        utc("2026-10-24T15:00"), utc("2026-10-24T22:00"), utc("2026-10-25T23:00"), utc("2026-10-26T16:00"),
    ]  # fmt: skip  # the second one has 25 hours
    whole = chosen_period(utc("2026-10-24T22:00"), utc("2026-10-25T23:00"), "Europe/Berlin")
    assert parts_of(whole, days=1) == [whole.since, whole.until]


def test_the_weeks_before_are_added_only_where_the_period_is_shorter() -> None:
    week = last_period("week", utc("2026-11-20T16:00"), "Europe/Berlin", FRIDAY)
    assert before(week, weeks=8).since == utc("2026-09-25T15:00")
    year = chosen_period(utc("2026-01-01T00:00"), utc("2026-11-20T00:00"), "UTC")
    assert before(year, weeks=8) == year
