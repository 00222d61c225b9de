"""The Friday report's line on a P3 incident (NOT-P3), in the client's words."""

from __future__ import annotations

from incident_nb.documents import client_facts as facts
from incident_nb.documents.people import people_of
from incident_nb.documents.plain import Flaw, flaws
from incident_nb.escape import printable
from incident_nb.models import Severity
from incident_nb.public import sentence_of
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.said import Section
from incident_nb.settings import Settings


def friday_line(incident: Incident, settings: Settings) -> str | None:
    """One line for the client's weekly report, free of internals; None where the incident is no P3 or covers several clients.

    What a person wrote is in it only where a client may read it (`friday_flaws`); else it is ours.
    """
    if incident.severity is not Severity.P3 or incident.subject.shared:
        return None
    people = people_of(incident, settings, "")
    cause = incident.cause.cause if incident.cause else None
    day = facts.moment(incident.detected_at, people).rpartition(",")[0]
    said = {name: facts.written(incident, name) for name in PARTS if not friday_flaws(incident, settings, name)}
    counted = facts.impact(incident, people)
    over = incident.is_resolved or incident.closed is not None
    words = said.get("what_happened") or sentence_of(cause, over=over)
    happened = said.get("impact") or ("" if flaws(counted) else counted)
    state = (
        "It is resolved." if incident.is_resolved else "It is closed." if incident.closed else "We are working on it."
    )
    line = f"“{people.automation}” workflow, {day}: " if people.automation else f"{day}: "
    told = " ".join(filter(None, (facts.sentence(words), facts.sentence(happened), state)))
    return " ".join(redact_text(printable(line + told), personal=True).split())


PARTS: tuple[Section, ...] = ("what_happened", "impact")


def friday_flaws(incident: Incident, settings: Settings, section: Section) -> list[Flaw]:
    """What a client should not read in the words that a person wrote for a section."""
    people = people_of(incident, settings, "")
    known = [name for name in (people.automation, people.service) if name]
    return flaws(facts.written(incident, section), others=people.others, known=known)
