"""The date that was set for the permanent fix of a workaround (WA-3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from incident_nb.models import Frozen
from incident_nb.policy.load import load
from incident_nb.policy.tables import Policy
from incident_nb.policy.timers import State
from incident_nb.record import Incident

NEAR = timedelta(days=1)  # of a promise of months a quarter would be weeks


class Promise(Frozen):
    """A permanent fix that was promised: when (`due`, UTC), what was done so far, and how near it is.

    `state` is running, at risk (a quarter of its time is left, and a day at most) or missed.
    """

    due: datetime
    meanwhile: str
    state: State


def promised(incident: Incident, now: datetime, *, policy: Policy | None = None) -> Promise | None:
    """The permanent fix that is still owed at `now` (UTC) for the newest workaround (WA-3).

    None where there was no workaround, where a fix came after it, or where the incident is resolved or closed.
    """
    around, fixed = incident.workaround, incident.fixed
    if around is None or incident.is_resolved or incident.closed or (fixed and fixed.at >= around.at):
        return None
    near = min((around.due - around.at) * (policy or load()).settings.at_risk_share, NEAR)
    left = around.due - now
    state = State.MISSED if left <= timedelta() else State.AT_RISK if left <= near else State.RUNNING
    return Promise(due=around.due, meanwhile=around.text, state=state)
