"""Times that n8n tells, and where they lie beside the onset, in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from incident_nb.probes.target import Target

BEFORE, NEAR = timedelta(days=7), timedelta(hours=24)
AT_ONCE = timedelta(seconds=5)  # between a new thing of n8n's and the second date that it notes for it


class Span(NamedTuple):
    """The times that changes are put against (UTC): how far back is looked, since when a change is near, since when it
    may have begun to fail (the last good run), the first failure, and now.
    """

    since: datetime
    near: datetime
    began: datetime
    onset: datetime
    until: datetime


def span_of(target: Target, onset: datetime) -> Span:
    """A week before the onset, and a day before the last good run; where none is known, before the day of the onset."""
    began = target.onset_not_before or onset - NEAR
    near = began - NEAR
    return Span(min(onset - BEFORE, near), near, began, onset, max(target.now, onset))


def time_of(text: object) -> datetime | None:
    """An ISO time of n8n's in UTC; None for what is none."""
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def placed(at: datetime, onset: datetime) -> str:
    """How long before or after the first failure, in one unit, and the time."""
    gap = at - onset
    return (
        f"{_length(abs(gap))} {'before' if gap < timedelta(0) else 'after'} the first failure ({at:%Y-%m-%d %H:%M} UTC)"
    )


def unplaced(text: str) -> str:
    """A sentence that begins with what `placed` says, without that."""
    return text.partition(" UTC): ")[2] or text


def _length(gap: timedelta) -> str:
    seconds = gap.total_seconds()
    for size, unit, least in ((86_400, "day", 2), (3_600, "hour", 2), (60, "minute", 1)):
        if seconds >= least * size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
