"""A first draft of what the client is told, from the record: the procedure's sections, blanks where nobody knows yet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from incident_nb.models import Severity
from incident_nb.policy import load, usable_calendar
from incident_nb.policy.clocks import zone
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
            f"IMPACT\n{impact_of(incident, settings)}\n\nWe will write again as soon as it is resolved.\n"
        )
        return Draft(rule, "holding", "We are working on a problem with your workflow", text)
    sections = {
        "WHAT HAPPENED": BLANK, "IMPACT": impact_of(incident, settings), "RESOLUTION": incident.resolved[-1].text or BLANK,
        "DATA RECOVERY": recovery_of(incident),
        "PREVENTION": "\n".join(action.text for action in incident.prevention) or BLANK,
    }  # fmt: skip
    body = "\n\n".join(f"{heading}\n{words}" for heading, words in sections.items() if words)
    subject = (row.subject or "Resolved: {Brief Issue Description}").replace("{Brief Issue Description}", flow)
    opening = f"there was a problem with your “{flow}” workflow; it is resolved."
    return Draft(rule, "notice" if severity < Severity.P3 else "brief", subject, f"Hi {name},\n\n{opening}\n\n{body}\n")


def impact_of(incident: Incident, settings: Settings) -> str:
    """What was affected, in the client's words and time (IMPACT): a blank where nobody counted, or not this client's alone."""
    harm = incident.harm
    if harm is None or not harm.failed + harm.green or not {*harm.clients} <= {incident.client}:
        return BLANK
    begin = _local(harm.since, incident, settings)
    least = "At least " if harm.unseen else ""
    things = things_of(harm.items)
    runs = harm.failed + harm.green
    what = things or f"{runs:,} run{'s' * (runs > 1)} of the workflow"
    many = runs > 1 if not things else len(harm.items) > 1 or sum(harm.items.values()) > 1
    return f"{least}{what} {'were' if many else 'was'} not processed, from {begin} on."


def things_of(items: Mapping[str, int]) -> str:
    """What was counted, by name, as a sentence has it: `3 invoices and 1 order`."""
    return " and ".join(f"{count:,} {name if count > 1 else _one(name)}" for name, count in items.items())


def recovery_of(incident: Incident) -> str:
    """What was made up for (DATA RECOVERY); empty where nothing was, so that the section is left out."""
    harm, well = incident.harm, sum(one.state == "well" for one in incident.retries.values())
    if not well:
        return ""
    if harm is None or not {*harm.clients} <= {incident.client}:
        return BLANK
    of = f" of {harm.failed:,}" if harm.failed > well else ""
    runs = f"{well:,}{of} affected run{'s' * (well > 1 or bool(of))}"
    return f"We have had {runs} of the workflow done again, and {'they' if well > 1 else 'it'} went well."


def _local(at: datetime, incident: Incident, settings: Settings) -> str:
    calendar, _ = usable_calendar(settings, incident.client)
    name = calendar.time_zone if calendar else "UTC"
    there = at.astimezone(zone(name))
    return f"{there.day} {there:%B %Y, %H:%M}{' UTC' if name == 'UTC' else ''}"


def _one(name: str) -> str:
    """One of what a plural names."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-2] if name.endswith(("xes", "ches", "shes")) else name.removesuffix("s")
