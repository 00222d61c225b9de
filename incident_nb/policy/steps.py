"""The six steps of the procedure (QR-1 to QR-6) with their time boxes, and the time that an incident spent in each."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from incident_nb.models import Frozen
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy
from incident_nb.record import Incident


class Progress(StrEnum):
    """How far a step is."""

    TO_COME = "to_come"
    RUNNING = "running"
    DONE = "done"
    NOT_NEEDED = "not_needed"


class StepTime(Frozen):
    """One step: its time box (`minutes`: least and most), what was spent in it until `now`, and whether that is more."""

    id: str
    action: str
    box: str
    minutes: tuple[int, int]
    progress: Progress
    began_at: datetime | None = None
    ended_at: datetime | None = None
    spent: timedelta | None = None

    @property
    def is_over(self) -> bool:
        """Whether more time than the box has was spent."""
        return self.spent is not None and self.spent > timedelta(minutes=self.minutes[1])


def step_times(incident: Incident, now: datetime, *, policy: Policy | None = None) -> tuple[StepTime, ...]:
    """The six steps in their order, as the record tells them: nothing has to be started or stopped by hand.

    A step begins when the one before it has ended, and ends with its own mark: acknowledged and a severity chosen; a
    cause accepted; the fix in place; resolved; the client told; the incident documented. Waiting for the client is no
    time spent. A reopened incident counts from its reopening. Telling the client is not needed where the policy asks for
    no notice.
    """
    rules = policy or load()
    last = incident.began_at if incident.reopened else incident.opened_at
    times = []
    for row, (mark, needed) in zip(rules.steps, _marks(incident, rules), strict=True):
        shown = partial(StepTime, id=row.id, action=row.action, box=row.time, minutes=row.minutes)
        if not needed and mark is None:
            times.append(shown(progress=Progress.NOT_NEEDED))
            continue
        if mark is not None:
            began = min(last, mark)
            spent = mark - began - _waited(incident, began, mark, now)
            times.append(shown(progress=Progress.DONE, began_at=began, ended_at=mark, spent=spent))
            last = max(last, mark)
        elif times and any(one.progress is Progress.RUNNING for one in times):
            times.append(shown(progress=Progress.TO_COME))
        else:
            end = max(now, last)
            spent = end - last - _waited(incident, last, end, now)
            times.append(shown(progress=Progress.RUNNING, began_at=last, spent=spent))
    return tuple(times)


def _marks(incident: Incident, policy: Policy) -> list[tuple[datetime | None, bool]]:
    """When each step ended, and whether it is needed at all."""
    acknowledged = incident.since(incident.acknowledged)
    rule = policy.severity(incident.severity).notify if incident.severity else "never"
    told = rule != "never" and (rule != "if noticed" or incident.noticed)
    notice = incident.since(tuple(sent for sent in incident.notices if sent.kind != "holding"))
    begun = max(acknowledged.at, incident.chosen.at) if acknowledged and incident.chosen else None
    closed = incident.closed.at if incident.closed else None
    documented = incident.documented.get("DOC-1")
    return [
        (begun, True),
        (incident.cause.at if incident.cause else None, True),
        (incident.fixed.at if incident.fixed else None, True),
        (incident.resolved[-1].at if incident.is_resolved else None, True),
        (notice.at if notice else None, told),
        (documented.at if documented else closed, True),
    ]


def _waited(incident: Incident, begin: datetime, end: datetime, now: datetime) -> timedelta:
    """How long of a time the client was waited for."""
    spans = ((max(span.since, begin), min(span.until or now, end)) for span in incident.waiting)
    return sum((until - since for since, until in spans if until > since), timedelta())
