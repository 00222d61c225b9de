"""How an incident begins: opened, imported, acknowledged, its severity (step 1)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from incident_nb.incidents.payload import LARGEST_NUMBER, About, Changes, Instant, Name, Payload, Text, Words
from incident_nb.models import Severity
from incident_nb.record import Incident, Source
from incident_nb.said import Judged, Said, Subject

ORIGIN = "^[0-9a-f]{32}$"
Origin = Annotated[str, StringConstraints(pattern=ORIGIN)]


class Opened(Payload):
    """The first event: what is known at the beginning. `text` is what was pasted or sent, if anything.

    `origin` is drawn by lot when it is recorded, and the same wherever the incident is imported.
    """

    kind: ClassVar[str] = "opened"
    title: Name
    detected_at: Instant
    client: Name | None = None
    source: Source = "form"
    subject: About = Subject()
    noticed: bool = False
    recurring: bool = False
    text: Text = ""
    origin: Origin | None = None

    def change(self, incident: Incident, said: Said) -> Changes:
        return {
            "title": self.title, "detected_at": self.detected_at, "client": self.client, "source": self.source,
            "subject": self.subject, "noticed": self.noticed, "recurring": self.recurring, "last_seen": self.detected_at,
        }  # fmt: skip

    def told(self) -> str:
        where = {"slack": "Slack", "email": "e-mail", "monitoring": "monitoring", "form": "a form"}[self.source]
        return f"Error detected via {where}: {self.title}"


class Assigned(Payload):
    """Which client it is of, where that was not known or not right."""

    kind: ClassVar[str] = "assigned"
    client: Name

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"client": self.client}

    def told(self) -> str:
        return f"It is an incident of {self.client}"


class Imported(Payload):
    """It was brought here from another record, where it was number `incident` and had so many events."""

    kind: ClassVar[str] = "imported"
    incident: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    events: Annotated[int, Field(ge=1)]
    exported_at: Instant | None = None

    def told(self) -> str:
        when = f", exported {self.exported_at:%Y-%m-%d %H:%M} UTC" if self.exported_at else ""
        return f"Imported from another record, where it was INC-{self.incident} ({self.events} entries{when})"


class Acknowledged(Payload):
    """Somebody works on it from now on."""

    kind: ClassVar[str] = "acknowledged"

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"acknowledged": (*incident.acknowledged, said)}

    def told(self) -> str:
        return "Acknowledged"


class SeveritySuggested(Payload):
    """What the rules suggest, and why."""

    kind: ClassVar[str] = "severity_suggested"
    severity: Severity
    reasons: tuple[Words, ...] = ()

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"suggested": Judged(at=said.at, by=said.by, text="; ".join(self.reasons), severity=self.severity)}

    def told(self) -> str:
        return f"Severity {self.severity} suggested"


class SeverityChosen(Payload):
    """What a person chose, which may be the suggestion."""

    kind: ClassVar[str] = "severity_chosen"
    severity: Severity
    reason: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        chosen = Judged(at=said.at, by=said.by, text=self.reason, severity=self.severity)
        return {"chosen": chosen, "classified_at": min(incident.classified_at or said.at, said.at)}

    def told(self) -> str:
        return f"Severity {self.severity} chosen{f': {self.reason}' if self.reason else ''}"


class Noticed(Payload):
    """Whether the client noticed (SEV-P3)."""

    kind: ClassVar[str] = "noticed"
    noticed: bool = True

    def change(self, incident: Incident, said: Said) -> Changes:
        if self.noticed and incident.noticed:
            return {}
        return {"noticed": self.noticed, "noticed_at": said.at if self.noticed else None}

    def told(self) -> str:
        return "The client noticed" if self.noticed else "The client has not noticed"


class Scheduled(Payload):
    """The date by which it is to be resolved (SEV-P4)."""

    kind: ClassVar[str] = "scheduled"
    due: Instant

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"scheduled_for": self.due, "scheduled_at": said.at}

    def told(self) -> str:
        return f"Scheduled for {self.due:%Y-%m-%d %H:%M} UTC"
