"""Deadlines as the SEV rows define them. All instants below are UTC; 2026-11-23 is a Monday."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from incident_nb.errors import SettingsError, UsageError
from incident_nb.models import Severity
from incident_nb.policy import ClientCalendar, deadlines

SYDNEY = ClientCalendar(time_zone="Australia/Sydney")
BERLIN = ClientCalendar(time_zone="Europe/Berlin")
BERLIN_OFFICE = ClientCalendar(time_zone="Europe/Berlin", working_hours=("09:00", "17:00"))
NEW_YORK_OFFICE = ClientCalendar(time_zone="America/New_York", working_hours=("09:00", "17:30"))
CALCUTTA = ClientCalendar(time_zone="Asia/Kolkata")
SANTIAGO = ClientCalendar(time_zone="America/Santiago")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "Z")


@pytest.mark.parametrize(
    ("severity", "detected", "calendar", "respond", "resolve", "notify"),
    [
        # SEV-P1, SEV-P2: calendar hours whatever the client's hours
        ("P1", "2026-11-23T10:00", None, "2026-11-23T11:00", "2026-11-23T14:00", "2026-11-23T10:30"),
        ("P1", "2026-11-28T23:50", BERLIN_OFFICE, "2026-11-29T00:50", "2026-11-29T03:50", "2026-11-29T00:20"),
        ("P2", "2026-11-23T10:00", None, "2026-11-23T14:00", "2026-11-24T10:00", "2026-11-24T00:00"),
        ("P2", "2026-11-28T10:00", BERLIN_OFFICE, "2026-11-28T14:00", "2026-11-29T10:00", "2026-11-28T23:00"),
        ("P2", "2026-11-23T22:59", BERLIN, "2026-11-24T02:59", "2026-11-24T22:59", "2026-11-23T23:00"),
        ("P2", "2026-11-23T23:00", BERLIN, "2026-11-24T03:00", "2026-11-24T23:00", "2026-11-24T23:00"),
        ("P2", "2026-11-23T13:30", SYDNEY, "2026-11-23T17:30", "2026-11-24T13:30", "2026-11-24T13:00"),
        ("P2", "2026-11-23T10:00", CALCUTTA, "2026-11-23T14:00", "2026-11-24T10:00", "2026-11-23T18:30"),
        # ... across a change of the clocks: hours stay hours, the local day is 25 or 23 hours long
        ("P1", "2026-10-25T00:30", BERLIN, "2026-10-25T01:30", "2026-10-25T04:30", "2026-10-25T01:00"),
        ("P2", "2026-10-24T22:30", BERLIN, "2026-10-25T02:30", "2026-10-25T22:30", "2026-10-25T23:00"),
        ("P2", "2026-03-29T00:30", BERLIN, "2026-03-29T04:30", "2026-03-30T00:30", "2026-03-29T22:00"),
        # Chile skips the midnight that ends 2026-09-05: the day ends at the change, 04:00 UTC
        ("P2", "2026-09-05T20:00", SANTIAGO, "2026-09-06T00:00", "2026-09-06T20:00", "2026-09-06T04:00"),
        # SEV-P3: 24 hours, this week; every hour counts where no working hours are agreed
        ("P3", "2026-11-23T10:00", None, "2026-11-24T10:00", "2026-11-27T17:00", None),
        ("P3", "2026-11-23T10:00", BERLIN, "2026-11-24T10:00", "2026-11-27T16:00", None),
        ("P3", "2026-11-27T17:00", None, "2026-11-28T17:00", "2026-11-27T17:00", None),
        ("P3", "2026-11-27T17:01", None, "2026-11-28T17:01", "2026-12-04T17:00", None),
        ("P3", "2026-11-28T09:00", None, "2026-11-29T09:00", "2026-12-04T17:00", None),
        ("P3", "2026-11-27T05:30", SYDNEY, "2026-11-28T05:30", "2026-11-27T06:00", None),
        ("P3", "2026-11-27T06:30", SYDNEY, "2026-11-28T06:30", "2026-12-04T06:00", None),
        # ... the week's end after a change of the clocks (Berlin leaves summer time on Sunday 2026-10-25)
        ("P3", "2026-10-23T15:30", BERLIN, "2026-10-24T15:30", "2026-10-30T16:00", None),
        # ... 24 working hours of an eight-hour day are three working days
        ("P3", "2026-11-23T10:00", BERLIN_OFFICE, "2026-11-26T10:00", "2026-11-27T16:00", None),
        ("P3", "2026-11-27T15:00", BERLIN_OFFICE, "2026-12-02T15:00", "2026-11-27T16:00", None),
        ("P3", "2026-11-28T03:00", BERLIN_OFFICE, "2026-12-02T16:00", "2026-12-04T16:00", None),
        ("P3", "2026-10-23T13:00", BERLIN_OFFICE, "2026-10-28T14:00", "2026-10-23T15:00", None),
        ("P3", "2026-11-24T14:00", NEW_YORK_OFFICE, "2026-11-26T21:00", "2026-11-27T22:00", None),
        # SEV-P4: 48 hours, no date, no notice
        ("P4", "2026-11-23T10:00", None, "2026-11-25T10:00", None, None),
        ("P4", "2026-11-23T10:00", BERLIN_OFFICE, "2026-12-01T10:00", None, None),
    ],
)
def test_deadlines(severity, detected, calendar, respond, resolve, notify):
    found = deadlines(Severity(severity), utc(detected), calendar=calendar)
    expected = [text and utc(text) for text in (respond, resolve, notify)]
    assert [found.respond, found.resolve, found.notify] == expected
    for instant in (found.respond, found.resolve, found.notify):
        assert instant is None or instant.utcoffset() == timedelta(0)


def test_a_holiday_does_not_count_as_working_time():
    christmas = BERLIN_OFFICE.model_copy(update={"holidays": frozenset({date(2026, 12, 24), date(2026, 12, 25)})})
    assert deadlines(Severity.P3, utc("2026-12-23T08:00"), calendar=christmas).respond == utc("2026-12-29T16:00")
    assert deadlines(Severity.P3, utc("2026-12-23T08:00"), calendar=BERLIN_OFFICE).respond == utc("2026-12-25T16:00")
    # P1 does not know holidays, and neither does Friday 17:00
    assert deadlines(Severity.P1, utc("2026-12-25T08:00"), calendar=christmas).respond == utc("2026-12-25T09:00")
    assert deadlines(Severity.P3, utc("2026-12-23T08:00"), calendar=christmas).resolve == utc("2026-12-25T16:00")


def test_a_clock_change_inside_the_working_hours_is_counted():
    nights = ClientCalendar(time_zone="Europe/Berlin", working_hours=("00:00", "08:00"), working_days=range(7))
    # that Sunday has nine hours between midnight and 08:00: 8 + 9 + 7 = 24
    assert deadlines(Severity.P3, utc("2026-10-23T22:00"), calendar=nights).respond == utc("2026-10-26T06:00")
    # in spring it has seven: 8 + 7 + 8 + 1 = 24
    assert deadlines(Severity.P3, utc("2026-03-27T23:00"), calendar=nights).respond == utc("2026-03-30T23:00")


def test_other_working_days():
    gulf = ClientCalendar(time_zone="Asia/Riyadh", working_hours=("08:00", "16:00"), working_days={6, 0, 1, 2, 3})
    assert deadlines(Severity.P3, utc("2026-11-26T05:00"), calendar=gulf).respond == utc("2026-11-30T13:00")


def test_only_if_the_client_noticed():
    found = deadlines(Severity.P3, utc("2026-11-23T10:00"), calendar=SYDNEY, noticed=True)
    assert found.notify == utc("2026-11-23T13:00")
    assert deadlines(Severity.P4, utc("2026-11-23T10:00"), noticed=True).notify is None


def test_the_basis_says_how_each_deadline_came_about():
    found = deadlines(Severity.P3, utc("2026-11-23T10:00"), calendar=BERLIN_OFFICE)
    assert found.basis == {
        "respond": "SEV-P3, Within 24 hours: 24 working hours in Europe/Berlin",
        "resolve": "SEV-P3, This week: Friday 17:00 in Europe/Berlin",
        "notify": "SEV-P3, Only if client noticed: nobody said that the client noticed",
    }
    assert "1 hour from detection" in deadlines(Severity.P1, utc("2026-11-23T10:00")).basis["respond"]


def test_the_zone_of_the_detection_time_makes_no_difference():
    there = datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=11)))
    assert deadlines(Severity.P2, there, calendar=SYDNEY) == deadlines(
        Severity.P2, utc("2026-11-23T13:30"), calendar=SYDNEY
    )


def test_bad_input_is_explained():
    with pytest.raises(UsageError, match="no time zone"):
        deadlines(Severity.P1, datetime(2026, 11, 23, 10))  # noqa: DTZ001
    with pytest.raises(SettingsError, match="Mars/Olympus"):
        ClientCalendar(time_zone="Mars/Olympus")
    with pytest.raises(ValueError, match="opening time"):
        ClientCalendar(time_zone="UTC", working_hours=("17:00", "09:00"))
    with pytest.raises(ValueError, match="from 0"):
        ClientCalendar(time_zone="UTC", working_days={7})
