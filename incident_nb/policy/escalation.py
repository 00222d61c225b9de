"""Who has to be told, and since when (ESC-1 to ESC-4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from incident_nb.models import Cause, Frozen, Severity
from incident_nb.policy.load import load
from incident_nb.policy.tables import Escalation, Policy
from incident_nb.record import Incident


class Duty(Frozen):
    """A rule of escalation that applies: `since` when (UTC), whom it names, and when it was done (None: it is owed).

    `why` is the situation in the procedure's words with what it is based on; `path` is what to do.
    """

    id: str
    why: str
    path: str
    to: str
    since: datetime
    done_at: datetime | None = None


def duties(incident: Incident, now: datetime, *, policy: Policy | None = None) -> tuple[Duty, ...]:
    """The escalations that apply to an incident at `now` (UTC), done or owed, in the procedure's order.

    ESC-1 counts calendar hours from detection, or from the newest reopening, and nothing pauses it. ESC-2 and ESC-4 follow
    from a fact that a person confirmed, ESC-3 from an outage whose end nobody knows: confirmed, or the accepted cause.
    """
    rules = policy or load()
    found = []
    for row in rules.escalation:
        since, basis = _since(row, incident, now)
        if since is None:
            continue
        to = rules.settings.escalate_to if "{escalate_to}" in row.path else "the client"
        path = row.path.replace("{escalate_to}", rules.settings.escalate_to)
        done = next((one.at for one in incident.escalated if one.row == row.id and one.at >= since), None)
        if row.id == "ESC-3" and done is None:
            done = next((sent.at for sent in incident.notices if sent.at >= since), None)
        found.append(Duty(id=row.id, why=f"{row.situation}: {basis}", path=path, to=to, since=since, done_at=done))
    return tuple(found)


def _since(row: Escalation, incident: Incident, now: datetime) -> tuple[datetime | None, str]:
    """From when the rule applies, and on what it is based; None where it does not."""
    if row.after_hours is not None:
        since = incident.began_at + timedelta(hours=row.after_hours)
        late = now if not incident.is_resolved else incident.resolved[-1].at
        applies = incident.severity in row.severities and late >= since
        return (since, f"since {since:%Y-%m-%d %H:%M} UTC") if applies else (None, "")
    if row.id == "ESC-2":
        return _fact(incident, "data_loss")
    if row.id == "ESC-4":
        return _fact(incident, "security")
    if row.id == "ESC-3":
        confirmed = incident.facts.get("outage_without_end")
        if confirmed is not None:
            return _fact(incident, "outage_without_end")
        if incident.cause and incident.cause.cause is Cause.EXTERNAL_OUTAGE and not incident.is_resolved:
            return incident.cause.at, "the accepted cause is an outage, and nobody has said that its end is known"
    return None, ""


def _fact(incident: Incident, name: str) -> tuple[datetime | None, str]:
    fact = next((fact for key, fact in incident.facts.items() if key == name), None)
    if fact is None or not fact.true:
        return None, ""
    return fact.at, f"confirmed by {fact.by}{f' ({fact.text})' if fact.text else ''}"


def paused_by(incident: Incident, others: list[Incident]) -> tuple[Incident, ...]:
    """The open incidents of lower severity, whose work stops while this P1 or P2 is worked on (ACK-3)."""
    if incident.severity not in (Severity.P1, Severity.P2) or incident.is_resolved or incident.closed:
        return ()
    lower = [
        other
        for other in others
        if other.number != incident.number and not other.closed and not other.is_resolved
        and (other.severity or Severity.P4) > incident.severity
    ]  # fmt: skip
    return tuple(sorted(lower, key=lambda other: (other.severity or Severity.P4, other.detected_at)))
