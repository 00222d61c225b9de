"""The six steps of the procedure (QR-1 to QR-6) with their time boxes, and the time that an incident spent in each."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from incident_nb.models import Cause, Frozen
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy
from incident_nb.record import Incident

WORKED = 4
"""So many of the steps, from the first on, are work on the problem, one after the other; the rest tells of it."""


class Progress(StrEnum):
    """How far a step is. `to_come` is one that was passed over, too: the record went on without it."""

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
    cause accepted; the fix in place; resolved; the client told; the incident documented.

    No minute counts for two of the first four: a step whose mark comes after a later one's ended with that one, and none
    is running any more once a later one is done. No time spent are the waits for the client, the time from a workaround
    to the permanent fix, which has a date of its own, and what is told or written before the incident is resolved. A
    reopened incident counts from its reopening, one that was recorded afterwards from its first mark. Telling the client
    is not needed where the policy asks for no notice; what closing left open is not needed any more.
    """
    rules = policy or load()
    marks, told = _marks(incident, rules)
    begun = incident.began_at if incident.reopened else min([incident.opened_at, *filter(None, marks[:WORKED])])
    last, running, times = begun, False, []
    for place, (row, mark) in enumerate(zip(rules.steps, marks, strict=True)):
        later = [other for other in marks[place + 1 : WORKED] if other and other >= begun]
        began = ended = spent = None
        if mark:
            early = place >= WORKED and not marks[WORKED - 1]
            until = last if early else max(last, min([mark, *later]))
            progress, began, ended = Progress.DONE, min(last, mark), mark
            spent, last = _spent(incident, row.id, last, until), until
        elif incident.closed or (row.id == "QR-5" and not told):
            progress = Progress.NOT_NEEDED
        elif running or later:
            progress = Progress.TO_COME
        else:
            progress, began, running = Progress.RUNNING, last, True
            spent = _spent(incident, row.id, last, max(now, last))
        times.append(
            StepTime(
                id=row.id, action=row.action, box=row.time, minutes=row.minutes, progress=progress, began_at=began,
                ended_at=ended, spent=spent,
            )
        )  # fmt: skip
    return tuple(times)


def _marks(incident: Incident, policy: Policy) -> tuple[list[datetime | None], bool]:
    """When each step ended, and whether the client has to be told."""
    acknowledged = incident.since(incident.acknowledged)
    chosen = (incident.classified_at or incident.chosen.at) if incident.chosen else None
    found = incident.cause if incident.cause and incident.cause.cause is not Cause.UNKNOWN else None
    rule = policy.severity(incident.severity).notify if incident.severity else "not known yet"
    notice = incident.since(tuple(sent for sent in incident.notices if sent.kind != "holding"))
    documented = incident.documented.get("DOC-1")
    written = documented if documented and incident.since((documented,)) else None
    marks = [
        max(acknowledged.at, chosen) if acknowledged and chosen else None,
        found.at if found else None,
        incident.fixed.at if incident.fixed else None,
        incident.resolved_at,
        notice.at if notice else _ticked(incident, "FIN-4"),
        written.at if written else _ticked(incident, "FIN-5"),
    ]
    return marks, rule != "never" and (rule != "if noticed" or incident.noticed)


def _ticked(incident: Incident, row_id: str) -> datetime | None:
    tick = incident.ticks.get(row_id)
    return tick.at if tick and tick.done else None


def _spent(incident: Incident, step: str, begin: datetime, end: datetime) -> timedelta:
    """The time of a step: without the waits for the client, and for the third until the workaround, if it had one."""
    around = incident.workaround
    if step == "QR-3" and around and begin <= around.at < end:
        end = around.at
    return end - begin - sum((until - since for since, until in incident.waits(begin, end)), timedelta())
