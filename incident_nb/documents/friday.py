"""The Friday report's line on a P3 incident (NOT-P3), in the client's words."""

from __future__ import annotations

from incident_nb.models import Severity
from incident_nb.record import Incident
from incident_nb.settings import Settings


def friday_line(incident: Incident, settings: Settings) -> str | None:
    """One line for the client's weekly report, free of internals; None where the incident is no P3."""
    if incident.severity is not Severity.P3:
        return None
    return f"{incident.subject.workflow or 'An automation'} ({settings.clients.get(incident.client or '')})"
