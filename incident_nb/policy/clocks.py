"""When an incident has to be answered, resolved and told to the client: a pure function of severity and detection."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from incident_nb.errors import SettingsError, UsageError
from incident_nb.models import Frozen, Severity
from incident_nb.policy.load import load
from incident_nb.policy.tables import WEEKDAYS, Due, Policy, SeverityRow

Clock = Literal["respond", "resolve", "notify"]
CLOCKS: tuple[Clock, ...] = ("respond", "resolve", "notify")


class ClientCalendar(Frozen):
    """Where a client lives and when it works.

    `time_zone`: IANA name. `working_hours`: opening and closing time of day there, or None where none are agreed, and
    then every hour counts. `working_days`: 0 is Monday. `holidays`: dates on which nobody works. `regions`: countries, or
    parts of them, whose public holidays are days off, too, such as DE or AU-NSW.
    """

    time_zone: str
    working_hours: tuple[time, time] | None = None
    working_days: frozenset[int] = Field(default=frozenset(range(5)), min_length=1)
    holidays: frozenset[date] = frozenset()
    regions: tuple[str, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name

    @field_validator("working_hours")
    @classmethod
    def _opens_before_it_closes(cls, hours: tuple[time, time] | None) -> tuple[time, time] | None:
        if hours and not hours[0] < hours[1]:
            raise ValueError("the opening time has to come before the closing time of the same day")
        return hours

    @field_validator("working_days")
    @classmethod
    def _days_of_a_week(cls, days: frozenset[int]) -> frozenset[int]:
        if not days <= set(range(7)):
            raise ValueError("a working day is a number from 0 (Monday) to 6 (Sunday)")
        return days

    def works_on(self, day: date) -> bool:
        """Whether that local date is a working day."""
        if day.weekday() not in self.working_days or day in self.holidays:
            return False
        return not any(day in public_holidays(region) for region in self.regions)


class Deadlines(Frozen):
    """The three deadlines of an incident, UTC; None means that there is none (`basis` says why, for each of them)."""

    respond: datetime | None
    resolve: datetime | None
    notify: datetime | None
    basis: dict[Clock, str]


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises `SettingsError` for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"There is no time zone {name!r}. Use an IANA name such as Australia/Sydney.") from error


@lru_cache(maxsize=64)
def public_holidays(region: str) -> Container[date]:
    """The public holidays of a country (ISO 3166, DE) or a part of it (AU-NSW), as the library `holidays` has them.

    Raises SettingsError for a region that it does not know.
    """
    import holidays

    country, _, part = region.upper().partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except (NotImplementedError, KeyError) as error:
        raise SettingsError(
            f"No holidays are known for {region!r}. Use a country's code such as DE, or one with a part of it such as AU-NSW."
        ) from error


def deadlines(
    severity: Severity,
    detected_at: datetime,
    *,
    calendar: ClientCalendar | None = None,
    noticed: bool = False,
    policy: Policy | None = None,
) -> Deadlines:
    """The deadlines of the SEV row, counted from detection (any zone in, UTC out).

    P1 and P2 count every hour; P3 and P4 count the client's working hours where a calendar has some. "Immediately" is
    30 minutes, "same day" the midnight that ends the local day, "this week" Friday 17:00 local (detected later: the
    next Friday, a holiday or not), "scheduled" none until there is a date, "only if client noticed" the end of the
    local day if `noticed`. Without a calendar the local time is UTC. Figures: SEV-P1 to SEV-P4 and `[settings]` of the
    policy. Raises `UsageError` for a time without a zone.
    """
    due = {
        clock: deadline(clock, severity, detected_at, calendar=calendar, noticed=noticed, policy=policy)
        for clock in CLOCKS
    }
    return Deadlines(
        respond=due["respond"][0], resolve=due["resolve"][0], notify=due["notify"][0],
        basis={clock: basis for clock, (_, basis) in due.items()},
    )  # fmt: skip


def deadline(
    clock: Clock,
    severity: Severity,
    detected_at: datetime,
    *,
    calendar: ClientCalendar | None = None,
    noticed: bool = False,
    policy: Policy | None = None,
) -> tuple[datetime | None, str]:
    """One of the three, UTC, and its basis; all else as in `deadlines`."""
    if detected_at.utcoffset() is None:
        raise UsageError(f"The detection time {detected_at} has no time zone. Add one, such as Z for UTC.")
    rules = policy or load()
    row = rules.severity(severity)
    rule, label = {
        "respond": (row.respond, row.response_time),
        "resolve": (row.resolve, row.resolution_target),
        "notify": (row.notify, row.client_notification),
    }[clock]
    due, how = _due(
        rule, detected_at.astimezone(UTC), zone(calendar.time_zone if calendar else "UTC"),
        working=counted_by(row, calendar), noticed=noticed, policy=rules,
    )  # fmt: skip
    return due, f"{row.id}, {label}: {how}"


def _due(
    rule: Due, detected: datetime, local: ZoneInfo, *, working: ClientCalendar | None, noticed: bool, policy: Policy
) -> tuple[datetime | None, str]:
    """The instant that a rule asks for, UTC, and the rule in words."""
    settings = policy.settings
    if isinstance(rule, int | float):
        span = timedelta(hours=rule)
        if working:
            return add_working_time(detected, span, working), f"{_count(rule, 'working hour')} in {local.key}"
        return detected + span, f"{_count(rule, 'hour')} from detection, every hour counts"
    if rule == "immediately":
        minutes = settings.immediately_minutes
        return detected + timedelta(minutes=minutes), f"{_count(minutes, 'minute')} from detection"
    if rule == "this week":
        friday = _week_end(detected, local, WEEKDAYS.index(settings.week_ends_on), settings.week_ends_at)
        return friday, f"{settings.week_ends_on} {settings.week_ends_at:%H:%M} in {local.key}"
    if rule == "same day" or (rule == "if noticed" and noticed):
        day = detected.astimezone(local).date()
        return _instant(day + timedelta(days=1), time(), local), f"end of {day} in {local.key}"
    why = {"scheduled": "none until a date is set", "if noticed": "nobody said that the client noticed"}
    return None, why.get(rule, "the client is not told")


def _count(number: float, unit: str) -> str:
    return f"{number:g} {unit}{'' if number == 1 else 's'}"


def add_working_time(start: datetime, span: timedelta, calendar: ClientCalendar) -> datetime:
    """The instant, UTC, at which `span` of the calendar's working time has passed since `start` (zone-aware).

    Each day counts with its real length, so a change of the clocks inside the working hours is counted right.
    """
    if calendar.working_hours is None:
        return start.astimezone(UTC) + span
    local = zone(calendar.time_zone)
    opens, closes = calendar.working_hours
    now, left = start.astimezone(UTC), span
    day = start.astimezone(local).date()
    while True:
        if calendar.works_on(day):
            begin, end = max(now, _instant(day, opens, local)), _instant(day, closes, local)
            if begin + left <= end:
                return begin + left
            left -= max(end - begin, timedelta())
        day += timedelta(days=1)


def working_time(begin: datetime, end: datetime, calendar: ClientCalendar) -> timedelta:
    """How much of the calendar's working time lies between two instants (zone-aware); none where `end` is the earlier."""
    if calendar.working_hours is None:
        return max(end - begin, timedelta())
    local = zone(calendar.time_zone)
    opens, closes = calendar.working_hours
    day, last, found = begin.astimezone(local).date(), end.astimezone(local).date(), timedelta()
    while day <= last:
        if calendar.works_on(day):
            first, final = max(begin, _instant(day, opens, local)), min(end, _instant(day, closes, local))
            found += max(final - first, timedelta())
        day += timedelta(days=1)
    return found


def counted_by(row: SeverityRow, calendar: ClientCalendar | None) -> ClientCalendar | None:
    """The calendar whose working hours the deadlines of this severity count; None where they count every hour."""
    return calendar if row.hours == "client" and calendar and calendar.working_hours else None


def _week_end(detected: datetime, local: ZoneInfo, weekday: int, at: time) -> datetime:
    day = detected.astimezone(local).date()
    day += timedelta(days=(weekday - day.weekday()) % 7)
    end = _instant(day, at, local)
    return end if detected <= end else _instant(day + timedelta(days=7), at, local)


@lru_cache(maxsize=4096)  # a board asks for the same days thousands of times
def _instant(day: date, at: time, local: ZoneInfo) -> datetime:
    # A wall time that a clock change skips is taken with the offset before it, which is the moment of the change for
    # a skipped midnight; one that comes twice is taken the first time. Both are what fold=0 means.
    return datetime.combine(day, at, tzinfo=local).astimezone(UTC)
