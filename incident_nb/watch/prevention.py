"""What was to be done so that it does not happen again, and was not by its date: called out once, also after closing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter

from incident_nb.incidents import Records
from incident_nb.incidents.kinds.telling import Reminded
from incident_nb.record import Incident
from incident_nb.said import Action
from incident_nb.watch.clocks import LONGEST, TOGETHER, Called, call


def look(records: Records, now: datetime) -> list[Called]:
    """The action items (DOC-1, Prevention) of all incidents whose date has passed; `now` in any zone.

    Each once for its date: a new date is another one. A date without a time means all of that day, UTC. Raises
    UnreachableError where the records can't be used.
    """

    def due(incident: Incident) -> list[Reminded]:
        return _due(incident, now.astimezone(UTC))

    late = [
        Called(one.number, what) for one in sorted(records.incidents(), key=attrgetter("number")) for what in due(one)
    ]
    return [one for first in range(0, len(late), TOGETHER) for one in call(records, late[first:][:TOGETHER], due, now)]


def _due(incident: Incident, now: datetime) -> list[Reminded]:
    late = [action for action in incident.prevention if action.due and action.done_at is None and _end(action) <= now]
    by_date = groupby(sorted(late, key=_end), key=attrgetter("due"))
    found = [Reminded(of="prevention", state="missed", due=at, text=_told(list(actions))) for at, actions in by_date]
    return [one for one in found if one.key not in incident.reminded]


def _end(action: Action) -> datetime:
    assert action.due is not None  # noqa: S101 (asked for)
    at = action.due.astimezone(UTC)
    return at + timedelta(days=1) if at.time() == time() else at


def _told(actions: list[Action]) -> str:
    what = "; ".join(f"{one.text}{f' ({one.owner})' if one.owner else ''}" for one in actions)
    return f"To prevent it, this was to be done and is not: {what}"[:LONGEST]
