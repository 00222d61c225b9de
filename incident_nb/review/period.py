"""The period of a review: from one report to the next, in the client's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from incident_nb.errors import UsageError
from incident_nb.models import Frozen
from incident_nb.policy.tables import WEEKDAYS
from incident_nb.settings import ReviewSettings

Kind = Literal["week", "month", "quarter"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Period(Frozen):
    """A time from `since` up to, but without, `until` (UTC), seen in `zone` (IANA name).

    `name` is its short name, fit for a folder: 2026-W47, 2026-11, 2026-Q4, or its two days. `kind` is None where somebody
    chose the ends.
    """

    name: str
    kind: Kind | None = None
    since: datetime
    until: datetime
    zone: str

    def local(self, at: datetime) -> datetime:
        """The instant in the period's time zone."""
        return at.astimezone(ZoneInfo(self.zone))

    def has(self, at: datetime) -> bool:
        """Whether an instant (zone-aware) belongs to the period."""
        return self.since <= at < self.until


def last_period(kind: Kind, now: datetime, zone: str, settings: ReviewSettings) -> Period:
    """The last period of its kind that is over at `now` (zone-aware), in the client's time zone.

    A week ends on the day and at the time of `[review]` and is named by the ISO week that its last instant is in; months
    and quarters are those of the calendar.
    """
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    if kind == "week":
        end = today - timedelta(days=(today.weekday() - WEEKDAYS.index(settings.day)) % 7)
        if _instant(end, settings.at, local) > now:
            end -= timedelta(days=7)
        last = _instant(end, settings.at, local) - timedelta(microseconds=1)
        year, week, _ = last.astimezone(local).isocalendar()
        name, first, at = f"{year}-W{week:02d}", end - timedelta(days=7), settings.at
    else:
        length, at = (1 if kind == "month" else 3), time()
        end = date(today.year, today.month - (today.month - 1) % length, 1)
        first = _earlier(end, length)
        name = f"{first:%Y-%m}" if kind == "month" else f"{first.year}-Q{(first.month + 2) // 3}"
    return Period(name=name, kind=kind, since=_instant(first, at, local), until=_instant(end, at, local), zone=zone)


def chosen_period(since: datetime, until: datetime, zone: str) -> Period:
    """The period between two instants (zone-aware). Raises UsageError where it ends before it begins."""
    if since >= until:
        raise UsageError(
            f"The period {since.isoformat()} to {until.isoformat()} ends before it begins. "
            "Give an earlier --since or a later --until."
        )
    local = ZoneInfo(zone)
    # The last day is the one of the last instant that is in it.
    first, last = (at.astimezone(local).date() for at in (since, until - timedelta(microseconds=1)))
    return Period(name=f"{first}-to-{last}", since=since.astimezone(UTC), until=until.astimezone(UTC), zone=zone)


def parts_of(period: Period, *, days: int) -> list[datetime]:
    """The beginnings of the parts of so many days, counted back from the period's end, and that end (UTC).

    Single days are those of the client's calendar; longer parts begin at the time of day at which the period ends. The
    first part, and the last of the days, are shorter where they don't come out even.
    """
    local = ZoneInfo(period.zone)
    end = period.local(period.until)
    edges, day, at = [period.until], end.date(), end.time()
    if days == 1:
        day, at = day + timedelta(days=1), time()
    while edges[-1] > period.since:
        day -= timedelta(days=days)
        edge = max(_instant(day, at, local), period.since)
        edges += [edge] if edge < edges[-1] else []
    return edges[::-1]


def before(period: Period, *, weeks: int) -> Period:
    """The so many weeks that end with the period, where they begin before it; else the period itself."""
    local = ZoneInfo(period.zone)
    end = period.local(period.until)
    since = _instant(end.date() - timedelta(weeks=weeks), end.time(), local)
    return period.model_copy(update={"since": min(since, period.since)})


def _earlier(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _instant(day: date, at: time, local: ZoneInfo) -> datetime:
    # A time that a change of clocks skips is taken with the offset before it; one that comes twice, the first time.
    return datetime.combine(day, at, tzinfo=local).astimezone(UTC)
