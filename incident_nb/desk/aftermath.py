"""What went well in an incident and what badly, what is not on record, and what is still to be done: facts, no opinions.

Each sentence follows from the record and the policy: time boxes (QR-1 to QR-6), clocks (SEV-P1 to SEV-P4), verification
(VER-4), the promised fix (WA-3), escalations (ESC-1 to ESC-4), relapses, retries, workflows that were stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from incident_nb.desk.standing import Standing
from incident_nb.desk.told import CLOCK_NAMES, span
from incident_nb.incidents import Event, Payload, fold
from incident_nb.incidents.events import corrected
from incident_nb.incidents.kinds.diagnosing import Diagnosed, named
from incident_nb.incidents.kinds.ending import Corrected, Reopened
from incident_nb.incidents.kinds.mending import Fixed, RunWatched
from incident_nb.policy import StepTime, load, step_times, timers
from incident_nb.policy.clocks import Clock
from incident_nb.policy.steps import Progress
from incident_nb.policy.timers import State, Timer
from incident_nb.record import Incident

PREVENTION = "prevention"
SHOWN = 5  # executions that a sentence names
_DONE: dict[Clock, str] = {"respond": "acknowledged", "resolve": "resolved", "notify": "the client told"}


class Point(NamedTuple):
    """One fact: what it is about, in words, whether it is `well`, and the rule or entry that it rests on."""

    about: str
    text: str
    well: bool
    basis: str = ""


class ToDo(NamedTuple):
    """Something that is still to be done: what, by whom and by when (None: nobody has said), and where it comes from."""

    what: str
    owner: str | None
    due: datetime | None
    late: bool
    basis: str


@dataclass(frozen=True)
class Aftermath:
    """`points` in the order of the procedure; `missing` are the blanks, each with its row; `left` what is to be done."""

    points: tuple[Point, ...]
    missing: tuple[tuple[str, str], ...]
    left: tuple[ToDo, ...]

    @property
    def well(self) -> tuple[Point, ...]:
        """What went well."""
        return tuple(point for point in self.points if point.well)

    @property
    def badly(self) -> tuple[Point, ...]:
        """What went badly."""
        return tuple(point for point in self.points if not point.well)


def aftermath(one: Standing, events: Sequence[Event]) -> Aftermath:
    """What the record says of how an incident went, as it stands at `one.now`."""
    incident = one.incident
    stands = corrected(events)
    said = [(now.at, now.payload) for _, now in sorted(stands.items()) if now.payload]
    points = chain(
        *(part for each in _rounds(one, events) for part in (_clocks(each), _boxes(each))),
        _cause(incident, said), _fixes(said), _verified(one), _relapses(incident), _promise(incident), _retries(incident),
        _stopped(one), _escalations(one), _client(incident), _prevented(incident),
    )  # fmt: skip
    return Aftermath(tuple(points), tuple(_missing(one)), tuple(_left(one)))


class _Round(NamedTuple):
    """The clocks and steps of an incident until it came back, or since; `when` says which, empty where it never did."""

    when: str
    timers: dict[Clock, Timer]
    steps: tuple[StepTime, ...]


def _rounds(one: Standing, events: Sequence[Event]) -> Iterator[_Round]:
    """Each time that it was worked on: a reopening begins clocks and steps anew, and what was before stays true."""
    stands = corrected(events)
    for event in sorted(events, key=lambda event: event.seq):
        payload, at = stands[event.seq]
        if isinstance(payload, Reopened):
            before = fold(other for other in events if other.seq < event.seq or other.kind == Corrected.kind)
            clocks = timers(before, at, calendar=one.calendar)
            which = f" {_when(at)}" if len(one.incident.reopened) > 1 else ""
            yield _Round(f"before it came back{which}", clocks, step_times(before, at))
    yield _Round("since it came back" if one.incident.reopened else "", one.timers, one.steps)


def _clocks(each: _Round) -> Iterator[Point]:
    for clock, timer in each.timers.items():
        if timer.state in (State.MET, State.MISSED) and timer.due:
            basis = timer.basis if "reopening" in timer.basis else _also(timer.basis, each.when)
            yield Point("clock", f"{CLOCK_NAMES[clock]}: {_kept(clock, timer)}", timer.state is State.MET, basis)


def _kept(clock: Clock, timer: Timer) -> str:
    gap = span(timer.left)
    if timer.done is None:
        return f"not met; {gap} late"
    took = f"{_DONE[clock]} after {span(timer.done - timer.since)}"
    return f"{took}, {gap} before the deadline" if timer.state is State.MET else f"{took}, {gap} too late"


def _boxes(each: _Round) -> Iterator[Point]:
    for step in each.steps:
        if step.spent is None or not (step.is_over or step.progress is Progress.DONE):
            continue
        not_ended = "not ended after " if step.progress is Progress.RUNNING else ""
        text = f"{step.action}: {not_ended}{span(step.spent)}, box {step.box}"
        yield Point("time box", text, not step.is_over, _also(step.id, each.when))


def _cause(incident: Incident, said: Sequence[tuple[datetime, Payload]]) -> Iterator[Point]:
    accepted = incident.cause
    before = [payload for at, payload in said if isinstance(payload, Diagnosed) and accepted and at <= accepted.at]
    if accepted is None or not before:
        return
    first = before[-1]
    right = first.cause is accepted.cause
    told = named(accepted.cause, accepted.detail)
    text = f"The checklist put the accepted cause first: {told} ({first.confidence:.0%})"
    if not right:
        text = (
            f"The checklist put {named(first.cause, first.detail)} first ({first.confidence:.0%}); accepted was {told}"
        )
    yield Point("cause", text, right, f"accepted by {accepted.by}")


def _fixes(said: Sequence[tuple[datetime, Payload]]) -> Iterator[Point]:
    fixes = [payload for _, payload in said if isinstance(payload, Fixed)]
    if len(fixes) > 1:
        yield Point("fix", f"It took {len(fixes)} fixes; the last one: {fixes[-1].what}", False)
    bad = [payload.execution_id for _, payload in said if isinstance(payload, RunWatched) and not payload.good]
    if bad:
        ids = tuple(dict.fromkeys(bad))
        runs = "1 run" if len(ids) == 1 else f"{len(ids)} runs"
        more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
        yield Point("runs", f"{runs} failed after a fix: execution {', '.join(ids[:SHOWN])}{more}", False, "VER-4")


def _verified(one: Standing) -> Iterator[Point]:
    incident = one.incident
    asked = next((row.runs for row in load().verification if row.runs), None)
    good = incident.watched.good
    if asked and good >= asked[0]:
        yield Point(
            "runs", f"{good} good runs in a row were watched; {asked[0]} to {asked[1]} are asked for", True, "VER-4"
        )
    for row, why in incident.open_items.items():
        if row.startswith("VER-"):
            label = next((item.label for item in one.verification if item.id == row), row)
            yield Point("verification", f"Resolved without “{label}”: {why}", False, row)


def _relapses(incident: Incident) -> Iterator[Point]:
    for again in incident.reopened:
        yield Point("relapse", f"It came back, reopened {_when(again.at)}: {again.text}", False, f"by {again.by}")


def _promise(incident: Incident) -> Iterator[Point]:
    around, fixed = incident.workaround, incident.fixed
    if around is None or fixed is None or fixed.at < around.at:
        return
    gap = span(around.due - fixed.at)
    kept = fixed.at <= around.due
    words = f"{gap} before the date that was set" if kept else f"{gap} after the date that was set"
    yield Point("permanent fix", f"In place {words}", kept, f"WA-3; until then: {around.text}")


def _retries(incident: Incident) -> Iterator[Point]:
    states = [retry.state for retry in incident.retries.values()]
    if well := states.count("well"):
        yield Point("retries", f"{well} of {len(states)} retried executions went well", True)
    if bad := states.count("failed"):
        yield Point("retries", f"{bad} of {len(states)} retried executions failed again", False)
    if unknown := states.count("asked") + states.count("never"):
        yield Point("retries", f"Of {unknown} retried executions it is not known that they ran", False)


def _stopped(one: Standing) -> Iterator[Point]:
    held = one.incident.held.values()
    back = [each for each in held if each.state == "restored"]
    if back:
        longest = max((each.at - each.since for each in back if each.since), default=None)
        after = f", the last after {span(longest)}" if longest is not None else ""
        yield Point("stopped", f"{_flows(len(back))} stopped and put back{after}", True)
    if still := one.incident.held_back:
        yield Point("stopped", f"{_flows(len(still))} stopped and not put back", False)


def _escalations(one: Standing) -> Iterator[Point]:
    due = {(duty.id, duty.done_at) for duty in one.duties}
    for said in one.incident.escalated:
        if (said.row, said.at) not in due:
            yield Point("escalation", f"{said.to} was told {_when(said.at)}", True, f"{said.row}, by {said.by}")
    for duty in one.duties:
        told = f"{duty.to[:1].upper()}{duty.to[1:]}"
        if duty.done_at is None:
            yield Point("escalation", f"{told} had to be told since {_when(duty.since)}, and was not", False, duty.id)
            continue
        gap = duty.done_at - duty.since
        when = f"{span(gap)} after it was due" if gap.total_seconds() >= 60 else "in time"
        yield Point("escalation", f"{told} was told {when}", True, f"{duty.id}: {duty.why}")


def _prevented(incident: Incident) -> Iterator[Point]:
    for action in incident.prevention:
        if action.done_at:
            kept = action.due is None or action.done_at <= action.due
            late = "" if kept or action.due is None else f", {span(action.done_at - action.due)} after its date"
            yield Point("prevention", f"Done {_when(action.done_at)}{late}: {action.text}", kept, action.owner or "")


def _client(incident: Incident) -> Iterator[Point]:
    first = min((sent.at for sent in incident.notices), default=None)
    noticed = incident.noticed_at or incident.detected_at
    if incident.noticed and (first is None or noticed <= first):
        yield Point("client", "The client noticed it before hearing of it from us", False)


def _missing(one: Standing) -> Iterator[tuple[str, str]]:
    """The blanks: what the procedure asks for and the record does not have."""
    incident = one.incident
    for item in one.closing:
        if item.is_open:
            why = incident.open_items.get(item.id)
            yield item.id, f"{item.label}: {f'left open, {why}' if why else item.basis}"
    ended = incident.is_resolved or incident.closed is not None
    for step in one.steps:
        if step.progress is Progress.TO_COME and ended:
            yield step.id, f"{step.action}: no entry says when it ended, so its time is not known"
    if incident.harm is None and incident.subject.workflow_id:
        yield "impact", f"What it did was not counted on n8n: incident-nb impact {incident.id}"
    if not one.timers:
        yield "clocks", "Nobody has said how severe it is, so no clock runs"
    for action in incident.prevention:
        lacks = " and ".join(filter(None, ("" if action.owner else "no owner", "" if action.due else "no date")))
        if lacks and not action.done_at:
            yield "DOC-1", f"“{action.text}” has {lacks}"


def _left(one: Standing) -> Iterator[ToDo]:
    incident, now = one.incident, one.now
    if incident.closed is None:
        yield ToDo(one.next_step, None, None, False, "next step")
    for duty in one.duties:
        if duty.done_at is None:
            yield ToDo(duty.path, None, duty.since, True, f"{duty.id}: {duty.why}")
    if one.promise:
        late = one.promise.state is State.MISSED
        yield ToDo(
            "Put the permanent fix in place", None, one.promise.due, late, f"WA-3; so far: {one.promise.meanwhile}"
        )
    if still := incident.held_back:
        yield ToDo(f"Put back {_flows(len(still))}", None, None, False, f"incident-nb restore {incident.id}")
    for action in (one for one in incident.prevention if not one.done_at):
        yield ToDo(action.text, action.owner, action.due, bool(action.due and action.due < now), PREVENTION)


def _also(basis: str, when: str) -> str:
    return f"{basis}; {when}" if when else basis


def _flows(count: int) -> str:
    return "1 workflow" if count == 1 else f"{count} workflows"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
