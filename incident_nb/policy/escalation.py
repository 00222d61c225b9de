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

    ESC-1 counts calendar hours from where the clock for resolving does, and nothing pauses it; whoever was told earlier
    needs no second call. ESC-2 and ESC-4 follow from a fact that a person confirmed, ESC-3 from an outage whose end
    nobody knows: confirmed, or the accepted cause; it is owed no more once the incident is resolved or closed.
    """
    rules = policy or load()
    over = incident.is_resolved or incident.closed is not None
    found = []
    for row in rules.escalation:
        since, basis = _since(row, incident, now, rules)
        if since is None:
            continue
        to = "the client" if row.id == "ESC-3" else rules.settings.escalate_to
        counts = _begin(incident, rules) if row.after_hours is not None else since
        told = [one.at for one in incident.escalated if one.row == row.id and one.at >= counts]
        if row.id == "ESC-3":
            told += [sent.at for sent in incident.notices if sent.at >= since]
        if row.id == "ESC-3" and over and not told:
            continue
        why = f"{row.situation}: {basis}"
        found.append(Duty(id=row.id, why=why, path=row.path, to=to, since=since, done_at=min(told, default=None)))
    return tuple(found)


def _begin(incident: Incident, policy: Policy) -> datetime:
    """From when the hours until an escalation count."""
    return incident.began_at if "resolve" in policy.settings.reopening_restarts else incident.detected_at


def _since(row: Escalation, incident: Incident, now: datetime, policy: Policy) -> tuple[datetime | None, str]:
    """From when the rule applies, and on what it is based; None where it does not."""
    if row.after_hours is not None:
        since = _begin(incident, policy) + timedelta(hours=row.after_hours)
        ended = incident.resolved_at or (incident.closed.at if incident.closed else None)
        late = ended > since if ended else now >= since
        applies = incident.severity in row.severities and late
        return (since, f"since {since:%Y-%m-%d %H:%M} UTC") if applies else (None, "")
    if row.id == "ESC-2":
        return _fact(incident, "data_loss")
    if row.id == "ESC-4":
        return _fact(incident, "security")
    if row.id == "ESC-3":
        if incident.facts.get("outage_without_end") is not None:
            return _fact(incident, "outage_without_end")
        if incident.cause and incident.cause.cause is Cause.EXTERNAL_OUTAGE:
            return incident.cause.at, "the accepted cause is an outage, and nobody has said that its end is known"
    return None, ""


def _fact(incident: Incident, name: str) -> tuple[datetime | None, str]:
    fact = next((fact for key, fact in incident.facts.items() if key == name), None)
    if fact is None or not fact.true:
        return None, ""
    return fact.at, f"confirmed by {fact.by}{f' ({fact.text})' if fact.text else ''}"


def paused_by(incident: Incident, others: list[Incident]) -> tuple[Incident, ...]:
    """The open incidents of lower severity, whose work stops while this P1 or P2 is worked on (ACK-3).

    One whose severity nobody has said is not among them: it has to be looked at first.
    """
    if incident.severity not in (Severity.P1, Severity.P2) or incident.is_resolved or incident.closed:
        return ()
    lower = [
        (other.severity, other.detected_at, other)
        for other in others
        if other.number != incident.number and not other.closed and not other.is_resolved
        and other.severity is not None and other.severity > incident.severity
    ]  # fmt: skip
    return tuple(other for *_, other in sorted(lower, key=lambda row: row[:2]))
