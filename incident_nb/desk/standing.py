"""How an incident stands at an instant: its clocks, steps, checklists and duties together, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incident_nb.desk.folder import sources_of
from incident_nb.models import Severity
from incident_nb.policy import (
    Bill,
    Duty,
    GateItem,
    Policy,
    Promise,
    StepTime,
    Timer,
    bill,
    closing,
    duties,
    load,
    paused_by,
    promised,
    step_times,
    timers,
    usable_calendar,
    verification,
)
from incident_nb.policy.clocks import ClientCalendar, Clock
from incident_nb.policy.timers import State
from incident_nb.record import Incident
from incident_nb.settings import Settings

CLOCK_WORDS: dict[Clock, str] = {"respond": "acknowledge it", "resolve": "resolve it", "notify": "tell the client"}


@dataclass(frozen=True)
class Standing:
    """An incident as it stands at `now` (UTC): everything that a screen, a table or a report says of it.

    `next_step` is what to do now, in a sentence, with the row that asks for it. `promise` is the permanent fix that is owed
    for a workaround (WA-3), `paused` are the incidents whose work stops for this one (ACK-3). `unread`: what is wrong with
    the client's calendar, which the clocks then leave out.
    """

    incident: Incident
    now: datetime
    calendar: ClientCalendar | None
    timers: dict[Clock, Timer]
    steps: tuple[StepTime, ...]
    verification: tuple[GateItem, ...]
    closing: tuple[GateItem, ...]
    duties: tuple[Duty, ...]
    bill: Bill
    promise: Promise | None
    paused: tuple[Incident, ...]
    next_step: str
    unread: str = ""

    @property
    def next_due(self) -> Timer | None:
        """The clock that ends first of those still open; None when none is."""
        return _next_due(self.timers, self.now)


def standing(
    incident: Incident, now: datetime, settings: Settings, others: Sequence[Incident] = (), policy: Policy | None = None
) -> Standing:
    """How an incident stands at `now`; `others` are those whose work it may stop."""
    rules = policy or load()
    calendar, unread = usable_calendar(settings, incident.client)
    clocks = timers(incident, now, calendar=calendar, policy=rules)
    verified = verification(incident, now, policy=rules)
    final = closing(incident, now, policy=rules)
    owed = duties(incident, now, policy=rules)
    promise = promised(incident, now, policy=rules)
    return Standing(
        incident=incident, now=now, calendar=calendar, timers=clocks, steps=step_times(incident, now, policy=rules),
        verification=verified, closing=final, duties=owed, bill=bill(incident, now, rate=settings.billing.rate, policy=rules),
        promise=promise, paused=paused_by(incident, list(others)), unread=unread,
        next_step=_next(incident, clocks, verified, final, owed, promise, rules, bool(sources_of(incident, settings))),
    )  # fmt: skip


def urgency(
    incident: Incident, clocks: dict[Clock, Timer], now: datetime
) -> tuple[bool, bool, datetime, Severity, int]:
    """What a board sorts by: what is resolved comes last, then what is owed soonest, then the gravest, then the oldest."""
    due = _next_due(clocks, now)
    first = due.due if due and due.due else now + timedelta(days=3650)
    paused = due is not None and due.state is State.PAUSED
    return incident.is_resolved, paused, first, incident.severity or Severity.P1, incident.number


def _next_due(clocks: dict[Clock, Timer], now: datetime) -> Timer | None:
    still = [timer for timer in clocks.values() if not timer.is_over]
    return min(still, key=lambda timer: timer.due or datetime.max.replace(tzinfo=now.tzinfo), default=None)


def _next(
    incident: Incident,
    clocks: dict[Clock, Timer],
    verified: tuple[GateItem, ...],
    final: tuple[GateItem, ...],
    owed: tuple[Duty, ...],
    promise: Promise | None,
    policy: Policy,
    at_hand: bool,
) -> str:
    """The first thing that is not done, in the order of the procedure; what is owed to people goes first.

    `at_hand`: its n8n server is among the settings.
    """
    if incident.closed:
        return "Nothing: it is closed."
    if not incident.since(incident.acknowledged):
        return "Acknowledge it (ACK-1)."
    if incident.chosen is None:
        return "Confirm the severity, or choose another one (ACK-2)."
    if duty := next((duty for duty in owed if duty.done_at is None), None):
        return f"{duty.path} ({duty.id}: {duty.why})."
    notify = clocks.get("notify")
    if notify and not notify.is_over and (notify.state in (State.AT_RISK, State.MISSED)):
        return f"Tell the client, with a holding notice if it is not resolved (NOT-P12; due {notify.due:%Y-%m-%d %H:%M} UTC)."
    if promise and promise.state is State.MISSED:
        return _put_in_place(incident, promise, policy)
    if incident.is_waiting:
        return f"Wait for the client: {incident.waiting[-1].why}."
    if incident.cause is None:
        return "Go through the checklist and accept a cause (DX-1 to DX-6)."
    if incident.fixed is None or promise:
        return _put_in_place(incident, promise, policy)
    if incident.held_back:
        count = len(incident.held_back)
        return f"Put back what was stopped: {count} workflow{'s' * (count != 1)} (incident-nb restore {incident.id})."
    if at_hand and incident.harm is None and incident.subject.workflow_id and not incident.is_resolved:
        return f"See what was affected, and retry what failed (incident-nb recover {incident.id})."
    if not incident.is_resolved:
        item = next((item for item in verified if item.is_open), None)
        return f"{item.label} ({item.id}: {item.basis})." if item else "Mark it as resolved: everything is verified."
    item = next((item for item in final if item.is_open), None)
    if item is None:
        return "Close it: the checklist is complete."
    by = f"; incident-nb documents {incident.id}" if item.id in ("FIN-4", "FIN-5", "FIN-7") else ""
    return f"{item.label} ({item.id}: {item.basis}{by})."


def _put_in_place(incident: Incident, promise: Promise | None, policy: Policy) -> str:
    cause = incident.cause
    rows = [row.id for row in policy.rows_for(cause.cause, cause.detail) if row.id.startswith("RES")] if cause else []
    where = ", ".join(rows) or "step 3"
    if promise is None:
        return f"Put the fix in place ({where}), or work around it (WA-1)."
    by = f"{promise.due:%Y-%m-%d %H:%M} UTC"
    if promise.state is State.MISSED:
        return f"The permanent fix is overdue since {by} (WA-3): put it in place ({where})."
    return f"Put the permanent fix in place by {by} ({where}; WA-3)."
