"""Clocks that run out, people who have to be told, fixes that are overdue: each called out once, in the record and in Slack."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.incidents import Records, engines
from incident_nb.incidents.kinds.telling import Reminded
from incident_nb.outbox import store as outbox
from incident_nb.policy import Policy, duties, load, promised, timers, usable_calendar
from incident_nb.policy.clocks import ClientCalendar, Clock
from incident_nb.policy.timers import State, Timer
from incident_nb.record import Incident
from incident_nb.settings import Settings

BY = "incident-nb"
TOGETHER = 50  # events in one commit: alerts that come in wait as long as it takes
LONGEST = 1_000  # characters of a line, some of which people wrote
ASKED: dict[Clock, str] = {
    "respond": "acknowledging it",
    "resolve": "resolving it",
    "notify": "telling the client",
}

Due = Callable[[Incident], list[Reminded]]
Calendars = Callable[[str | None], tuple[ClientCalendar | None, str]]
_LOG = logging.getLogger("incident_nb.watch")


class Called(NamedTuple):
    """What was called out: of which incident, and what."""

    incident: int
    what: Reminded


class _PassedError(Exception):
    """It need not be called out any more: another one was faster, or somebody did what was due."""


def look(records: Records, settings: Settings, now: datetime, policy: Policy | None = None) -> list[Called]:
    """What was called out just now, of all incidents that are neither resolved nor closed; `now` in any zone.

    Clocks at risk or missed (SEV-P1 to SEV-P4), escalations owed (ESC-1 to ESC-4), the permanent fix of a workaround that
    is due soon or overdue (WA-3): once for each instant at which it is due, whoever looks and how often. A clock that stands
    still while the client is waited for says nothing. Raises UnreachableError where the records can't be used.
    """
    rules, calendar = policy or load(), cache(lambda client: usable_calendar(settings, client))

    def due(incident: Incident) -> list[Reminded]:
        return _due(incident, now.astimezone(UTC), calendar, rules)

    late = [
        Called(one.number, what)
        for one in sorted(records.incidents(closed=False), key=lambda one: one.number)
        for what in due(one)
    ]
    return [one for first in range(0, len(late), TOGETHER) for one in call(records, late[first:][:TOGETHER], due, now)]


def call(records: Records, late: list[Called], due: Due, now: datetime) -> list[Called]:
    """Those of these that are due still at the moment of writing, each with its line, in one commit."""
    called = []
    with records.at_once() as writing:
        engines.alone(writing.connection)  # as who takes alerts in does, so that no two wait for each other
        for one in late:

            def still(incident: Incident, what: Reminded = one.what) -> None:
                if what not in due(incident):
                    raise _PassedError

            try:
                writing.add(one.incident, one.what, by=BY, at=now, check=still)
            except _PassedError:
                continue
            about = "escalation" if one.what.of.startswith("ESC") else "reminded"
            key = f"INC-{one.incident} {one.what.key}"
            outbox.put(writing.connection, key, incident=one.incident, about=about, text=one.what.text, at=now)
            called.append(one)
    return called


def _due(incident: Incident, now: datetime, calendar: Calendars, policy: Policy) -> list[Reminded]:
    """What has to be called out of an incident and was not; nothing where its times can't be reckoned with.

    One such incident must not keep the others from being called out.
    """
    if incident.is_resolved or incident.closed:
        return []
    try:
        found = list(_calls(incident, now, *calendar(incident.client), policy))
    except (IncidentNbError, ArithmeticError, ValueError) as error:
        _LOG.warning("the clocks of %s can't be read: %s", incident.id, type(error).__name__)
        return []
    return [one for one in found if one.key not in incident.reminded]


def _calls(
    incident: Incident, now: datetime, calendar: ClientCalendar | None, unread: str, policy: Policy
) -> Iterator[Reminded]:
    doubt = " The client's calendar can't be read and is left out." if unread else ""
    for timer in timers(incident, now, calendar=calendar, policy=policy).values():
        if timer.due and not timer.is_over and timer.state in (State.AT_RISK, State.MISSED):
            yield Reminded(
                of=timer.clock, state="missed" if timer.state is State.MISSED else "at_risk", due=timer.due,
                text=_told(timer, timer.due) + doubt,
            )  # fmt: skip
    for duty in duties(incident, now, policy=policy):
        if duty.done_at is None:
            text = f"{duty.path} ({duty.id}). {duty.why}."
            yield Reminded(of=duty.id, state="owed", due=duty.since, text=text[:LONGEST])
    fix = promised(incident, now, policy=policy)
    if fix and fix.state is not State.RUNNING:
        late = fix.state is State.MISSED
        text = f"The permanent fix {'was' if late else 'is'} promised for {_at(fix.due)} and is not there{'' if late else ' yet'}"
        yield Reminded(
            of="workaround", state="missed" if late else "at_risk", due=fix.due,
            text=f"{text} (WA-3). So far: {fix.meanwhile}"[:LONGEST],
        )  # fmt: skip


def _told(timer: Timer, due: datetime) -> str:
    what = ASKED[timer.clock]
    if timer.state is State.MISSED:
        return f"The time for {what} ended at {_at(due)} ({timer.basis})."
    return f"The time for {what} ends at {_at(due)} ({timer.basis})."


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
