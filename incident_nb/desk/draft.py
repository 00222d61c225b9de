"""A first draft of what the client is told, from the record: the procedure's sections, blanks where nobody knows yet."""

from __future__ import annotations

from typing import NamedTuple

from incident_nb.models import Severity
from incident_nb.policy import load
from incident_nb.record import Incident
from incident_nb.said import Notice
from incident_nb.settings import Settings

BLANK = "[to be written]"


class Draft(NamedTuple):
    """A text for the client: by which rule, of which kind, subject and body; no text where none is to be sent."""

    rule: str
    kind: Notice
    subject: str
    text: str


def draft_of(incident: Incident, settings: Settings) -> Draft:
    """What the client is told as things stand: a holding notice until it is resolved, then the notice (NOT rows).

    It says nothing of causes, billing or internals: what a person does not write stays a blank that is pointed out.
    """
    severity = incident.severity or Severity.P3
    row = next(row for row in load().notifications if severity in row.severities)
    rule = f"{row.label} ({row.id})"
    if severity is Severity.P4 or (severity is Severity.P3 and not incident.noticed):
        return Draft(rule, "brief", "", "")
    client = settings.clients.get(incident.client or "")
    name = client.name if client and client.name else "{Name}"
    flow = incident.subject.workflow or "{Workflow Name}"
    if not incident.is_resolved:
        text = (
            f"Hi {name},\n\nsomething is not right with your “{flow}” workflow. We have seen it and are working on it.\n\n"
            f"IMPACT\n{BLANK}\n\nWe will write again as soon as it is resolved.\n"
        )
        return Draft(rule, "holding", "We are working on a problem with your workflow", text)
    sections = {
        "WHAT HAPPENED": BLANK, "IMPACT": BLANK, "RESOLUTION": incident.resolved[-1].text or BLANK, "DATA RECOVERY": "",
        "PREVENTION": "\n".join(action.text for action in incident.prevention) or BLANK,
    }  # fmt: skip
    body = "\n\n".join(f"{heading}\n{words}" for heading, words in sections.items() if words)
    subject = (row.subject or "Resolved: {Brief Issue Description}").replace("{Brief Issue Description}", flow)
    opening = f"there was a problem with your “{flow}” workflow; it is resolved."
    return Draft(rule, "notice" if severity < Severity.P3 else "brief", subject, f"Hi {name},\n\n{opening}\n\n{body}\n")
