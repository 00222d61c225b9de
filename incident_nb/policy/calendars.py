"""A client's calendar, as its settings give it: time zone, working hours and days, public holidays and days off."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, time
from functools import lru_cache

from incident_nb.errors import SettingsError
from incident_nb.policy.clocks import ClientCalendar, public_holidays
from incident_nb.policy.tables import WEEKDAYS
from incident_nb.settings import Client, Settings


def calendar_of(settings: Settings, code: str | None) -> ClientCalendar | None:
    """The calendar of a client by its code; None for one that the settings do not have.

    Raises SettingsError for hours, days, a holiday or a time zone that nobody can read, naming the client.
    """
    client = settings.clients.get(code or "")
    if client is None:
        return None
    try:
        return _calendar(client)
    except SettingsError as error:
        raise SettingsError(f"In [clients.{code}]: {error}") from error


def usable_calendar(settings: Settings, code: str | None) -> tuple[ClientCalendar | None, str]:
    """The calendar of a client, and what is wrong with its settings ("" for nothing).

    A word that nobody can read must not keep an incident from being seen: without it only the time zone counts, or UTC.
    """
    try:
        return calendar_of(settings, code), ""
    except SettingsError as error:
        why = str(error)
    with suppress(SettingsError):
        return _made(settings.clients[code or ""].time_zone, None, tuple(WEEKDAYS), ()), why
    return None, why


def _calendar(client: Client) -> ClientCalendar:
    return _made(client.time_zone, client.hours, client.days, client.holidays)


@lru_cache(maxsize=256)
def _made(time_zone: str, hours: str | None, days: tuple[str, ...], days_off: tuple[str, ...]) -> ClientCalendar:
    if not days:
        raise SettingsError(
            "days is empty. Write the days on which the client works, like Mon; leave it out for Mon to Fri."
        )
    regions = tuple(entry for entry in days_off if not entry[:1].isdecimal())
    for region in regions:
        public_holidays(region)
    return ClientCalendar(
        time_zone=time_zone, working_hours=_hours(hours), working_days=frozenset(map(_day, days)), regions=regions,
        holidays=frozenset(_date(entry) for entry in days_off if entry[:1].isdecimal()),
    )  # fmt: skip


def _hours(text: str | None) -> tuple[time, time] | None:
    if text is None:
        return None
    opens, _, closes = text.replace("–", "-").partition("-")
    try:
        found = _time(opens.strip()), _time(closes.strip())
    except ValueError as error:
        raise SettingsError(f"hours {text!r} can't be read. Write them like 09:00-17:30.") from error
    if any(end.tzinfo for end in found):
        raise SettingsError(
            f"hours {text!r} can't be read: they are in the client's time_zone. Write them like 09:00-17:30."
        )
    if not found[0] < found[1]:
        raise SettingsError(f"hours {text!r} end before they begin. Write them like 09:00-17:30.")
    return found


def _time(text: str) -> time:
    return time.fromisoformat(f"0{text}" if text[1:2] == ":" else text)


def _day(name: str) -> int:
    fits = [number for number, day in enumerate(WEEKDAYS) if len(name) >= 3 and day.lower().startswith(name.lower())]
    if not fits:
        raise SettingsError(f"{name!r} is no day of the week. Write days like Monday or Mon.")
    return fits[0]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"The day off {text!r} is no date. Write it like 2026-12-24, or a region like AU-NSW."
        ) from error
