"""What followed what: an incident's changes, onset, alerts and actions as rows in the order of time, for a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from incident_nb.desk.standing import CLOCK_WORDS, Standing
from incident_nb.incidents import Event, Payload
from incident_nb.incidents.events import corrected
from incident_nb.incidents.kinds.acting import Restored, Stopped, Stopping
from incident_nb.incidents.kinds.diagnosing import Occurred
from incident_nb.incidents.kinds.mending import RunWatched
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.kinds.recovering import Retried
from incident_nb.models import Diagnosis
from incident_nb.policy.timers import State
from incident_nb.probes.moments import unplaced

Kind = Literal["change", "alert", "action", "good", "bad"]
MOST = 28  # rows that can be read in one picture
# Kinds of events that are something done or seen; what is not listed here stands in the timeline's table only. Those with
# a smaller number stay where there is no room for all.
_SHOWN: dict[str, tuple[Kind, int]] = {
    "opened": ("alert", 0), "occurred": ("alert", 1), "acknowledged": ("action", 0), "severity_chosen": ("action", 3),
    "cause_accepted": ("action", 0), "fact_confirmed": ("alert", 2), "vendor_watched": ("alert", 4),
    "worked_around": ("action", 1), "waiting_began": ("action", 3), "waiting_ended": ("action", 3),
    "stopped": ("action", 1), "restored": ("action", 1), "fixed": ("action", 0), "run_watched": ("good", 2),
    "retried": ("action", 2), "resolved": ("good", 0), "reopened": ("bad", 0), "notified": ("action", 2),
    "escalated": ("action", 2), "closed": ("good", 2),
}  # fmt: skip


class Row(NamedTuple):
    """Something that happened: its kind, what it was in words, and when (UTC, in order); several times in one row."""

    kind: Kind
    text: str
    at: tuple[datetime, ...]
    weight: int = 0


def chronicle(events: Sequence[Event], one: Standing | None, diagnosis: Diagnosis) -> tuple[list[Row], int]:
    """The rows, oldest first, corrections heeded, and how many were left out for want of room.

    Changes come from the row DX-5 of the checklist, the onset and the runs beside it from the diagnosis, a clock that was
    missed from the policy. Of failures seen again, retries and runs that were watched there is one row for each outcome.
    """
    rows = [*_told(events), *_late(one), *_counted(one, diagnosis), *_changed(diagnosis), *_began(diagnosis)]
    kept = sorted(rows, key=lambda row: (row.weight, row.at[0]))[:MOST]
    return sorted(kept, key=lambda row: (row.at[0], row.weight)), len(rows) - len(kept)


def _told(events: Sequence[Event]) -> Iterator[Row]:
    """What the record tells."""
    stands = corrected(events)
    again: list[datetime] = []
    failed_again = 0
    retries: dict[str, list[datetime]] = {}
    watched: list[datetime] = []
    names: dict[str, str] = {}  # of the workflows that were stopped, by id
    for event in sorted(events, key=lambda event: (stands[event.seq].at, event.seq)):
        payload, at = stands[event.seq]
        if isinstance(payload, Stopping):
            names |= {one.workflow_id: one.workflow for one in payload.workflows}
        if payload is None or event.kind not in _SHOWN:
            continue
        kind, weight = _SHOWN[event.kind]
        if isinstance(payload, Occurred):
            again.append(at)
            failed_again += payload.count
        elif isinstance(payload, Retried):
            retries.setdefault(payload.state, []).append(at)
        elif isinstance(payload, RunWatched) and payload.good:
            watched.append(at)
        else:
            if watched and event.kind in ("fixed", "reopened"):
                yield _watched(watched)
                watched = []
            if isinstance(payload, RunWatched):
                kind, weight = "bad", 1
            when = min(at, payload.detected_at) if isinstance(payload, Opened) else at
            yield Row(kind, _words(payload, event.by, names), (when,), weight)
    if watched:
        yield _watched(watched)
    if again:
        times = "once more" if failed_again == 1 else f"{failed_again} times more"
        yield Row("alert", f"It failed {times}", tuple(again), 1)
    for state, instants in retries.items():
        words, kind = _CAME[state]
        what = "1 retry" if len(instants) == 1 else f"{len(instants)} retries"
        yield Row(kind, f"{what}: {words}", tuple(instants), 2)


_CAME: dict[str, tuple[str, Kind]] = {
    "well": ("went well", "good"), "failed": ("failed again", "bad"), "going_on": ("still going on", "action"),
    "never": ("never begun", "bad"),
}  # fmt: skip


def _watched(instants: Sequence[datetime]) -> Row:
    runs = "1 run" if len(instants) == 1 else f"{len(instants)} runs"
    return Row("good", f"{runs} watched after the fix went well", tuple(instants), 2)


def _words(payload: Payload, by: str, names: Mapping[str, str]) -> str:
    if isinstance(payload, Stopped | Restored):
        payload = payload.model_copy(update={"workflows": tuple(names.get(one, one) for one in payload.workflows)})
    text = payload.told()
    return f"{text} by {by}" if payload.kind == "acknowledged" else text


def _late(one: Standing | None) -> Iterator[Row]:
    for clock, timer in one.timers.items() if one else ():
        if timer.state is State.MISSED and timer.due:
            yield Row("bad", f"Deadline missed: {CLOCK_WORDS[clock]}", (timer.due,), 1)


def _counted(one: Standing | None, diagnosis: Diagnosis) -> Iterator[Row]:
    """Since when failures were counted on the server, where the diagnosis puts the onset elsewhere (it came back)."""
    harm, problem = one.incident.harm if one else None, diagnosis.problem
    if harm and (problem is None or harm.since != problem.onset):
        yield Row("bad", "The first failure that was counted as its own", (harm.since,), 0)


def _changed(diagnosis: Diagnosis) -> Iterator[Row]:
    seen = set()
    for finding in diagnosis.findings:
        for fact in finding.evidence:
            if finding.check == "DX-5" and fact.at and (key := (fact.at, fact.text)) not in seen:
                seen.add(key)
                text = unplaced(fact.text).rstrip(".")
                yield Row("change", f"{text[:1].upper()}{text[1:]}", (fact.at,), 1)


def _began(diagnosis: Diagnosis) -> Iterator[Row]:
    problem = diagnosis.problem
    if problem is None:
        return
    if problem.last_good_before:
        yield Row("good", "Last good run before it", (problem.last_good_before,), 3)
    if problem.onset:
        yield Row("bad", "Onset: the first failing run", (problem.onset,), 0)
    if problem.last_seen and problem.last_seen != problem.onset:
        yield Row("bad", "Newest failing run in the case", (problem.last_seen,), 3)
