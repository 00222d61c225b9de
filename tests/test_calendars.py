"""A client's calendar, read from the settings file; what is said of a value that can't be read."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from incident_nb.errors import SettingsError
from incident_nb.models import Severity
from incident_nb.policy import calendar_of, deadlines, usable_calendar
from incident_nb.settings import FILE_NAME, load
from tests.incidents import utc

WEEK = frozenset(range(5))


def calendar(folder: Path, text: str, code: str | None = "BAY"):
    (folder / FILE_NAME).write_text(
        f'[clients.ACME]\ntime_zone = "Europe/Berlin"\n[clients.BAY]\n{text}', encoding="utf-8"
    )
    return calendar_of(load(start=folder), code)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("", None),
        ('hours = "09:00-17:30"', (time(9), time(17, 30))),
        ('hours = "9:00-17:30"', (time(9), time(17, 30))),
        ('hours = "09:00 - 17:30"', (time(9), time(17, 30))),
        ('hours = "09:00–17:30"', (time(9), time(17, 30))),
        ('hours = "09-17"', (time(9), time(17))),
        ('hours = "00:00-23:59"', (time(0), time(23, 59))),
    ],
    ids=["none", "plain", "short", "blanks", "dash", "whole hours", "all day"],
)  # fmt: skip
def test_hours(tmp_path, text, hours):
    found = calendar(tmp_path, text)
    assert (found.working_hours, found.working_days, found.time_zone) == (hours, WEEK, "UTC")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", {0, 1, 2, 3, 4}),
        ('days = ["Monday", "Tuesday"]', {0, 1}),
        ('days = ["Sun", "Mon", "Tue", "Wed", "Thu"]', {6, 0, 1, 2, 3}),
        ('days = ["sat", "SUNDAY", "thurs"]', {5, 6, 3}),
        ('days = ["Wed", "Wednesday"]', {2}),
    ],
    ids=["none", "whole names", "short names", "any case", "twice"],
)
def test_days(tmp_path, text, days):
    assert calendar(tmp_path, text).working_days == days


@pytest.mark.parametrize(
    ("text", "day_off", "working_day"),
    [
        ('holidays = ["2026-12-24"]', date(2026, 12, 24), date(2026, 12, 25)),
        ("holidays = [2026-12-24]", date(2026, 12, 24), date(2026, 12, 25)),
        ('holidays = ["DE"]', date(2026, 12, 25), date(2026, 12, 24)),
        ('holidays = ["de"]', date(2026, 12, 25), date(2026, 12, 24)),
        ('holidays = ["DE-BY"]', date(2027, 1, 6), date(2027, 1, 5)),
        ('holidays = ["DE"]', date(2027, 1, 1), date(2027, 1, 6)),
        ('holidays = ["AU-NSW"]', date(2026, 10, 5), date(2026, 11, 3)),
        ('holidays = ["AU-VIC"]', date(2026, 11, 3), date(2026, 10, 5)),
        ('holidays = ["US"]', date(2026, 11, 26), date(2026, 11, 27)),
        ('holidays = ["US", "2026-11-27"]', date(2026, 11, 27), date(2026, 11, 30)),
        ('holidays = ["2026-11-27", "DE", "AU-NSW"]', date(2026, 10, 5), date(2026, 11, 26)),
        ("", date(2026, 11, 28), date(2026, 12, 25)),
    ],
    ids=[
        "date",
        "date of TOML",
        "DE",
        "small letters",
        "DE-BY",
        "DE not BY",
        "AU-NSW",
        "AU-VIC",
        "US",
        "US and a date",
        "several",
        "none",
    ],
)
def test_holidays(tmp_path, text, day_off, working_day):
    found = calendar(tmp_path, text)
    assert not found.works_on(day_off)
    assert found.works_on(working_day)


def test_whose_calendar_it_is(tmp_path):
    text = 'time_zone = "Australia/Sydney"\nhours = "09:00-17:00"'
    assert calendar(tmp_path, text).time_zone == "Australia/Sydney"
    assert calendar(tmp_path, text, "ACME").time_zone == "Europe/Berlin"
    assert calendar(tmp_path, text, "ACME").working_hours is None
    assert calendar(tmp_path, text, "bay") is None
    assert calendar(tmp_path, text, "ZED") is None
    assert calendar(tmp_path, text, None) is None


def test_the_deadlines_count_what_the_settings_say(tmp_path):
    text = 'time_zone = "Australia/Sydney"\nhours = "09:00-17:00"\ndays = ["Mon", "Tue", "Wed", "Thu"]\nholidays = ["AU-NSW"]'
    found = calendar(tmp_path, text)
    # Thursday 2026-10-01 09:00; Friday to Sunday and Labour Day are off; the clocks change on Sunday
    assert deadlines(Severity.P3, utc("2026-09-30T23:00"), calendar=found).respond == utc("2026-10-07T06:00")
    assert deadlines(Severity.P1, utc("2026-09-30T23:00"), calendar=found).respond == utc("2026-10-01T00:00")


HOURS, DAYS, DATE = (
    "Write them like 09:00-17:30",
    "Write days like Monday or Mon",
    "Write it like 2026-12-24, or a region like AU-NSW",
)
REGION = "Use a country's code such as DE, or one with a part of it such as AU-NSW"
WRONG = [
    ('hours = "nine to five"', "'nine to five' can't be read", HOURS),
    ('hours = "09:00 to 17:00"', "'09:00 to 17:00' can't be read", HOURS),
    ('hours = "09:00"', "'09:00' can't be read", HOURS),
    ('hours = ""', "'' can't be read", HOURS),
    ('hours = "09:00-24:00"', "'09:00-24:00' can't be read", HOURS),
    ('hours = "9am-5pm"', "'9am-5pm' can't be read", HOURS),
    ('hours = "09:00-12:00-17:00"', "'09:00-12:00-17:00' can't be read", HOURS),
    ('hours = "09:00+02:00-17:00"', "they are in the client's time_zone", HOURS),
    ('hours = "17:00-09:00"', "'17:00-09:00' end before they begin", HOURS),
    ('hours = "09:00-09:00"', "'09:00-09:00' end before they begin", HOURS),
    ('days = ["Mon", "Montag"]', "'Montag' is no day of the week", DAYS),
    ('days = ["Mo"]', "'Mo' is no day of the week", DAYS),
    ('days = [""]', "'' is no day of the week", DAYS),
    ('days = ["1"]', "'1' is no day of the week", DAYS),
    ("days = []", "days is empty", "like Mon"),
    ('holidays = ["2026-02-30"]', "'2026-02-30' is no date", DATE),
    ('holidays = ["24.12.2026"]', "'24.12.2026' is no date", DATE),
    ('holidays = ["2026-12"]', "'2026-12' is no date", DATE),
    ('holidays = ["XX"]', "No holidays are known for 'XX'", REGION),
    ('holidays = ["DE-XX"]', "No holidays are known for 'DE-XX'", REGION),
    ('holidays = ["Germany"]', "No holidays are known for 'Germany'", REGION),
    ('holidays = [""]', "No holidays are known for ''", REGION),
    ('holidays = ["DE", "AU_NSW"]', "No holidays are known for 'AU_NSW'", REGION),
    ('time_zone = "Sydney"', "There is no time zone 'Sydney'", "Use an IANA name such as Australia/Sydney"),
    ('time_zone = ""', "There is no time zone ''", "Use an IANA name such as Australia/Sydney"),
]


@pytest.mark.parametrize(("text", "what", "how"), WRONG, ids=[row[0] for row in WRONG])
def test_a_wrong_value_is_named_with_the_client_and_how_to_write_it(tmp_path, text, what, how):
    with pytest.raises(SettingsError) as caught:
        calendar(tmp_path, text)
    assert str(caught.value).startswith("In [clients.BAY]: ")
    assert what in str(caught.value)
    assert how in str(caught.value)
    assert calendar(tmp_path, text, "ACME").time_zone == "Europe/Berlin"  # other clients are not touched by it


@pytest.mark.parametrize("text", [row[0] for row in WRONG])
def test_without_a_readable_word_only_the_time_zone_counts(tmp_path, text):
    with pytest.raises(SettingsError) as caught:
        calendar(tmp_path, f'{text}\nname = "Bay"')
    settings = load(start=tmp_path)
    found, why = usable_calendar(settings, "BAY")
    assert why == str(caught.value)
    assert found is None if text.startswith("time_zone") else found.time_zone == "UTC" and found.working_hours is None
    assert usable_calendar(settings, "ACME") == (calendar_of(settings, "ACME"), "")
    assert usable_calendar(settings, "ZED") == (None, "")
