"""Who was told what: the client, whoever is escalated to, the documents (steps 5 and 6)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from incident_nb.incidents.payload import Changes, Instant, Name, Payload, Text, Words
from incident_nb.record import Incident
from incident_nb.said import Action, Billed, Escalated, Notice, Paid, Said, Section, Sent, Written
from incident_nb.said import Waived as Left


class Notified(Payload):
    """A text went to the client."""

    kind: ClassVar[str] = "notified"
    notice: Notice = "notice"
    subject: Text = ""
    to: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        sent = Sent(at=said.at, by=said.by, text=self.subject, kind=self.notice, to=self.to)
        return {"notices": (*incident.notices, sent)}

    def told(self) -> str:
        words = {"notice": "notice", "holding": "holding notice", "brief": "brief e-mail"}[self.notice]
        return f"Client told by {words}{f': {self.subject}' if self.subject else ''}"


class EscalatedTo(Payload):
    """Somebody was told, as a rule of escalation asks."""

    kind: ClassVar[str] = "escalated"
    row: Annotated[str, StringConstraints(pattern=r"^ESC-\d+$")]
    to: Name

    def change(self, incident: Incident, said: Said) -> Changes:
        told = Escalated(at=said.at, by=said.by, row=self.row, to=self.to)
        return {"escalated": (*incident.escalated, told)}

    def told(self) -> str:
        return f"Escalated to {self.to} ({self.row})"


class Reminded(Payload):
    """That a clock came near its end or passed it, or that somebody has to be told: called out once for each `due`."""

    kind: ClassVar[str] = "reminded"
    of: Annotated[str, StringConstraints(pattern=r"^(respond|resolve|notify|workaround|prevention|ESC-\d)$")]
    state: Literal["at_risk", "missed", "owed"]
    due: Instant
    text: Text = ""

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.of} {self.state} {self.due:%Y-%m-%dT%H:%M:%SZ}"

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"reminded": tuple(dict.fromkeys((*incident.reminded, self.key)))}

    def told(self) -> str:
        words = {"at_risk": "at risk", "missed": "missed", "owed": "owed"}
        return (
            f"{self.of} {words[self.state]} (due {self.due:%Y-%m-%d %H:%M} UTC){f': {self.text}' if self.text else ''}"
        )


class BillingClassified(Payload):
    """Who pays, as a person confirmed it (BILL-1 to BILL-3), and for how many hours."""

    kind: ClassVar[str] = "billing_classified"
    row: Annotated[str, StringConstraints(pattern=r"^BILL-[1-3]$")]
    hours: Annotated[float, Field(ge=0, le=10_000)] | None = None
    reason: Text = ""
    uses: Paid | None = None

    def change(self, incident: Incident, said: Said) -> Changes:
        billed = Billed(at=said.at, by=said.by, text=self.reason, row=self.row, hours=self.hours, uses=self.uses)
        return {"billing": billed}

    def told(self) -> str:
        uses = {"allocation": ", from the allocation", "rate": ", at the rate", None: ""}[self.uses]
        return f"Billing classified: {self.row}{'' if self.hours is None else f', {self.hours:g} h'}{uses}"


class BillingApproved(Payload):
    """The client approved billable hours (BILL-4); `text` says who and how."""

    kind: ClassVar[str] = "billing_approved"
    text: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"approved": Said(at=said.at, by=said.by, text=self.text)}

    def told(self) -> str:
        return f"Billable hours approved: {self.text}"


class Prevention(Payload):
    """An action item that keeps it from happening again; the same words again give it an owner or a date."""

    kind: ClassVar[str] = "prevention"
    text: Words
    owner: Name | None = None
    due: Instant | None = None

    def change(self, incident: Incident, said: Said) -> Changes:
        known = {name: value for name, value in (("owner", self.owner), ("due", self.due)) if value is not None}
        if any(one.text == self.text for one in incident.prevention):
            more = (one.model_copy(update=known) if one.text == self.text else one for one in incident.prevention)
            return {"prevention": tuple(more)}
        return {"prevention": (*incident.prevention, Action(text=self.text, owner=self.owner, due=self.due))}

    def told(self) -> str:
        return f"To prevent it: {self.text}{f' ({self.owner})' if self.owner else ''}"


class Prevented(Payload):
    """An action item, by its words, is done."""

    kind: ClassVar[str] = "prevented"
    action: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        done = {"done_at": said.at}
        actions = (one.model_copy(update=done) if one.text == self.action else one for one in incident.prevention)
        return {"prevention": tuple(actions)}

    def told(self) -> str:
        return f"Done to prevent it: {self.action}"


class Worded(Payload):
    """What a person wrote for a section of the client's notice, in place of the draft; no text: the draft again."""

    kind: ClassVar[str] = "worded"
    section: Section
    text: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        others = {name: one for name, one in incident.worded.items() if name != self.section}
        return {
            "worded": {**others, self.section: said.model_copy(update={"text": self.text})} if self.text else others
        }

    def told(self) -> str:
        return f"Notice, {self.section.replace('_', ' ')}: {self.text or 'the draft again'}"


class Waived(Payload):
    """Why something that a document lacks, by name, is left as it is; `found`: what it was then, as a digest."""

    kind: ClassVar[str] = "waived"
    gap: Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,40}$")]
    reason: Words
    found: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16})?$")] = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        left = Left(at=said.at, by=said.by, text=self.reason, found=self.found)
        return {"waived": {**incident.waived, self.gap: left}}

    def told(self) -> str:
        return f"Left as it is: {self.gap.replace('_', ' ')} ({self.reason})"


class Documented(Payload):
    """A document was written (DOC-1, DOC-2); `path` is relative to the workspace.

    `sections` are digests of what was written under each heading: they tell what a person changed afterwards.
    """

    kind: ClassVar[str] = "documented"
    row: Literal["DOC-1", "DOC-2"] = "DOC-1"
    path: Name
    sections: dict[Name, Name] = Field(default_factory=dict)

    def change(self, incident: Incident, said: Said) -> Changes:
        written = Written(at=said.at, by=said.by, text=self.path, sections=self.sections)
        return {"documented": {**incident.documented, self.row: written}}

    def told(self) -> str:
        return f"{'Incident' if self.row == 'DOC-1' else 'Learning file'} documented: {self.path}"


class Note(Payload):
    """A note for the timeline."""

    kind: ClassVar[str] = "note"
    text: Words

    def told(self) -> str:
        return self.text
