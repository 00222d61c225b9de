"""An investigation becomes owed: in the commit of what makes it so, and with its place in the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from incident_nb.incidents import Records
from incident_nb.incidents.store import Writing
from incident_nb.jobs import owed
from incident_nb.jobs.queue import Queue
from incident_nb.models import Severity
from incident_nb.outbox import store as outbox
from incident_nb.record import Incident
from incident_nb.settings import Settings

UNREPORTED = timedelta(seconds=90)  # after which Slack is told of an incident whose report is not there yet

# The lower number goes first. Between two lies what was found without an alert: a first look may find an hour's failures.
_PRIORITY = {Severity.P1: 1, Severity.P2: 3, None: 5, Severity.P3: 7, Severity.P4: 9}


def present() -> datetime:
    """Now."""
    return datetime.now(UTC)


class Owing:
    """Puts into the queue what is owed to incidents. It loads nothing that only an investigation needs."""

    def __init__(self, records: Records, settings: Settings, *, clock: Callable[[], datetime] = present) -> None:
        self.records, self.settings, self.clock = records, settings, clock
        self.queue = Queue(records)

    def want(self, writing: Writing, incident: Incident, why: str, at: datetime, *, found: bool = False) -> None:
        """Makes an investigation owed, in the caller's transaction. `again` counts after a time of rest only, and while
        nobody has accepted a cause: a storm is one investigation. What was `found` comes after the alerts of its severity.
        """
        now = self.clock()
        known = owed.of(writing.connection, incident.number)
        if known is not None and why == "again":
            rest = timedelta(minutes=self.settings.jobs.cool_down_minutes)
            ended = known.ended_at if known.state in ("done", "set_aside") else None
            if ended is None or now - ended < rest or incident.cause is not None:
                return
        attempt = self._put(writing, incident, why, now, found=found)
        if why == "opened":
            outbox.put(
                writing.connection, f"{incident.id} opened", incident=incident.number, about="opened", at=at,
                due=now + UNREPORTED,
            )  # fmt: skip
        elif why == "reopened":
            outbox.put(
                writing.connection, f"{incident.id} reopened {attempt}", incident=incident.number, about="reopened",
                text=incident.reopened[-1].text, at=at, due=now,
            )  # fmt: skip

    def ask(self, number: int) -> None:
        """Makes an investigation owed because a person asks for it."""
        with self.records.at_once() as writing:
            self._put(writing, self.records.get(number), "asked", self.clock())

    def close(self) -> None:
        """Lets go of the database."""
        self.queue.close()

    def _put(self, writing: Writing, incident: Incident, why: str, now: datetime, *, found: bool = False) -> int:
        priority = _PRIORITY[incident.severity] + found
        attempt = owed.want(writing.connection, incident.number, why, priority, now)
        self.queue.put(writing.connection, incident.number, attempt, priority)
        return attempt
