"""The reviews that are due by the settings' `[review]`: each client's, once for each period that is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.incidents import Records
from incident_nb.outbox import store as outbox
from incident_nb.review.gather import folder_of, gather, read_runs, zone_of
from incident_nb.review.kept import Material
from incident_nb.review.paper import is_made, write_review
from incident_nb.review.period import Period, last_period
from incident_nb.settings import Settings
from incident_nb.watch.memory import remembered

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=6)

_LOG = logging.getLogger("incident_nb.jobs")


class Made(NamedTuple):
    """A review that was made, or why it was not; it is tried again then."""

    client: str
    period: str
    why: str = ""


def look(records: Records, settings: Settings, now: datetime, write: Callable[..., Any] = write_review) -> list[Made]:
    """The reviews that were due and missing at `now` (UTC), made with nobody at hand.

    What is in the workspace counts as made: a review appears there whole or not at all. Of the past only the last period of
    each kind is made. Two workers of one workspace make none twice: while one looks, the other does nothing. One that
    failed is told in the log and tried again, after a quarter of an hour first, then after twice as long, and so on up to
    six hours. A line says where it lies. Raises OutputError where the workspace can't be written into, UnreachableError
    where the records can't be used.
    """
    due = [one for one in _periods(settings, now) if not is_made(folder_of(settings, *one))]
    if not due:
        return []
    with remembered(settings, "reviews") as memory:
        if memory is None:
            return []
        waiting = {key for key, kept in memory.items() if _until(kept) > now}
        for gone in memory.keys() - {_key(*one) for one in due}:
            del memory[gone]
        # Another worker may have made it meanwhile.
        mine = [one for one in due if _key(*one) not in waiting and not is_made(folder_of(settings, *one))]
        if not mine:
            return []
        incidents, runs = records.incidents(), read_runs(settings, now)
        gathered = partial(gather, incidents, settings, runs=runs, events=records.events)
        return [_make(client, period, gathered, records, settings, now, memory, write) for client, period in mine]


def _periods(settings: Settings, now: datetime) -> list[tuple[str, Period]]:
    """What there ought to be by now: clients and periods."""
    asked = settings.review
    return [
        (client, last_period(kind, now, zone_of(settings, client), asked))
        for client in dict.fromkeys(asked.clients)
        for kind in dict.fromkeys(asked.every)
    ]


def _make(
    client: str, period: Period, gathered: Callable[..., Material], records: Records, settings: Settings, now: datetime,
    memory: dict[str, Any], write: Callable[..., Any],
) -> Made:  # fmt: skip
    key, folder = _key(client, period), folder_of(settings, client, period)
    try:
        write(gathered(client=client, period=period, now=now), folder, whole=True)
    except Exception as error:  # whatever it was, the others must not suffer for it
        # The words of an error that nobody foresaw may quote a client's data.
        why = str(error) if isinstance(error, IncidentNbError) else type(error).__name__
        tries = _tries(memory.get(key)) + 1
        wait = min(FIRST_WAIT * 2 ** min(tries - 1, 10), LONGEST_WAIT)
        memory[key] = {"tries": tries, "until": (now + wait).isoformat()}
        _LOG.warning("the review of %s could not be made and is tried again after %s: %s", key, wait, why)
        return Made(client, period.name, why)
    memory.pop(key, None)
    owner = settings.clients.get(client)
    where = folder.relative_to(settings.path.parent) if settings.path else folder
    text = f"The review of {owner.name if owner and owner.name else client} for {period.name} is written: {where}/review.html"
    with records.at_once() as writing:
        outbox.put(writing.connection, f"review {key}", incident=None, about="review", text=text, at=now)
    return Made(client, period.name)


def _key(client: str, period: Period) -> str:
    return f"{client}/{period.name}"


def _tries(kept: Any) -> int:
    tries = kept.get("tries") if isinstance(kept, dict) else 0
    return tries if isinstance(tries, int) and tries > 0 else 0


def _until(kept: Any) -> datetime:
    """Until when it is not tried again; what can't be read keeps nobody waiting."""
    try:
        until = datetime.fromisoformat(kept["until"])
    except (TypeError, ValueError, LookupError):
        return datetime.min.replace(tzinfo=UTC)
    return until if until.tzinfo else datetime.min.replace(tzinfo=UTC)
