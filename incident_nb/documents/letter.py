"""What a client is told of an incident (NOT rows): the notice, a holding notice, a brief e-mail; as text and as Markdown."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from incident_nb.documents import client_facts as facts
from incident_nb.documents.people import People, people_of
from incident_nb.documents.plain import BLANK
from incident_nb.escape import markdown_text, printable
from incident_nb.models import Frozen, Severity
from incident_nb.policy import bill, load
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.resources import templates
from incident_nb.said import Notice, Section
from incident_nb.settings import Settings

# The headings of the policy (NOT-P12) by the sections of the record.
HEADINGS: dict[str, Section] = {
    "WHAT HAPPENED": "what_happened",
    "IMPACT": "impact",
    "RESOLUTION": "resolution",
    "DATA RECOVERY": "data_recovery",
    "PREVENTION": "prevention",
}


class Letter(Frozen):
    """A text for the client: by which rule, of which kind, and what it says; `why_not` where none is to be sent.

    `sections` are headings with their words, `[to be written]` where the record does not say and nobody wrote it.
    """

    rule: str
    kind: Notice
    people: People
    why_not: str = ""
    subject: str = ""
    opening: str = ""
    sections: tuple[tuple[str, str], ...] = ()
    ending: str = ""

    @property
    def text(self) -> str:
        """The letter as plain text, without its subject; empty where none is to be sent."""
        return "" if self.why_not else _rendered("letter.txt.j2", self)

    @property
    def markdown(self) -> str:
        """The same as Markdown, with the subject on top."""
        return "" if self.why_not else _rendered("letter.md.j2", self)


def letter_of(incident: Incident, settings: Settings, now: datetime, *, by: str = "") -> Letter:
    """What the client is told as things stand at `now`: a holding notice until it is resolved, then the notice (NOT rows).

    P4 is told to nobody, P3 only where the client noticed, and an incident over several clients to none of them: each has
    one of its own. While nobody has said how severe it is, it is taken for one that is told. `by` signs where the settings
    name no sender. It says nothing of who pays before BILL-4 allows it.
    """
    severity = incident.severity or Severity.P2
    row = next(row for row in load().notifications if severity in row.severities)
    people = people_of(incident, settings, by)
    rule = f"{row.label} ({row.id})"
    if why := _why_not(incident, severity):
        return Letter(rule=rule, kind="brief", people=people, why_not=why)
    flow = f"your “{people.automation}” workflow" if people.automation else "one of your workflows"
    if not incident.is_resolved:
        return _holding(incident, people, rule, flow, now)
    made = {
        "what_happened": facts.what_happened(incident, people),
        "impact": facts.impact(incident, people),
        "resolution": facts.resolution(incident),
        "data_recovery": facts.recovery(incident),
        "prevention": facts.prevention(incident),
    }
    said = {name: facts.written(incident, name) or made[name] for name in HEADINGS.values()}
    whole = next(row for row in load().notifications if row.sections)  # NOT-P12
    sections = tuple(
        (heading, _clean(said[HEADINGS[heading]] or BLANK))
        for heading in whole.sections
        if said[HEADINGS[heading]] is not None
    )
    brief = facts.written(incident, "subject") or facts.brief(incident, people) or BLANK
    paid = facts.billing(bill(incident, now, rate=settings.billing.rate))
    return Letter(
        rule=rule,
        kind="notice" if severity < Severity.P3 else "brief",
        people=people,
        subject=_line(str(whole.subject).replace("{Brief Issue Description}", brief)),
        opening=f"there was a problem with {flow}. It is resolved.",
        sections=sections,
        ending=" ".join(filter(None, (paid, "We go on watching it. If you see anything odd, answer this message."))),
    )


def _holding(incident: Incident, people: People, rule: str, flow: str, now: datetime) -> Letter:
    """That we know and are at work (WA-2), and until when the lasting repair is promised (WA-3)."""
    around = incident.workaround
    promised = (
        f"A lasting repair is planned by {facts.moment(around.due, people)}. " if around and around.due > now else ""
    )
    impact = facts.written(incident, "impact") or facts.impact(incident, people)
    return Letter(
        rule=rule, kind="holding", people=people,
        subject=_line(facts.written(incident, "subject") or f"We are working on a problem with {flow}"),
        opening=f"something is not right with {flow}. We have seen it and are working on it.",
        sections=(("IMPACT", _clean(impact or "We are finding out what is affected.")),),
        ending=f"{promised}We will write again as soon as it is resolved.",
    )  # fmt: skip


def _why_not(incident: Incident, severity: Severity) -> str:
    if incident.subject.shared:
        return "it covers several clients: each of them is told by its own incident"
    if incident.closed and not incident.is_resolved:
        return "it was closed without being resolved; if it is over, reopen and resolve it first"
    if severity is Severity.P4:
        return "no client is told of a P4; if this one has to be, it is no P4: choose another severity first"
    if severity is Severity.P3 and not incident.noticed:
        return "a P3 is mentioned in the next Friday report; it gets an e-mail only if the client noticed"
    return ""


def _clean(text: str) -> str:
    return redact_text(printable(text), personal=True).strip()


def _line(text: str) -> str:
    return " ".join(_clean(text).split())


def _rendered(template: str, letter: Letter) -> str:
    return _environment().get_template(template).render(letter=letter, people=letter.people).strip() + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(templates() / "documents"),
        autoescape=False,  # noqa: S701 - plain text and Markdown, the latter through a filter
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["md"] = lambda value: markdown_text(str(value))
    return made
