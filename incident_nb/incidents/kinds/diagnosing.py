"""What is learnt of an incident: its cause, its facts, that it happens again (step 2)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from incident_nb.incidents.payload import About, Changes, Instant, Name, Payload, Text, Words
from incident_nb.models import Cause
from incident_nb.record import Confirmed, Incident
from incident_nb.said import Accepted, Fact, Investigation, Said, Subject, VendorLevel, VendorSeen


class Diagnosed(Payload):
    """That the checklist was gone through, and what came first; `case` is the case's folder within the workspace."""

    kind: ClassVar[str] = "diagnosed"
    headline: Words
    cause: Cause
    detail: Name | None = None
    confidence: Annotated[float, Field(ge=0, le=1)]
    case: Name | None = None
    subject: About | None = None
    recurring: bool = False

    def change(self, incident: Incident, said: Said) -> Changes:
        known = {name: value for name, value in (self.subject or Subject()) if value is not None}
        return {
            "subject": incident.subject.model_copy(update=known),
            "recurring": incident.recurring or self.recurring,
        }

    def told(self) -> str:
        return f"Diagnosed: {self.headline}"


class Investigated(Payload):
    """That an unattended investigation ended, and with what: a report, or the reason why it did not come to its end."""

    kind: ClassVar[str] = "investigated"
    attempt: Annotated[int, Field(ge=1)]
    done: bool
    reason: Text = ""
    report: Name | None = None

    def change(self, incident: Incident, said: Said) -> Changes:
        ended = Investigation(
            at=said.at, by=said.by, text=self.reason, attempt=self.attempt, done=self.done, report=self.report
        )
        return {"investigated": ended}

    def told(self) -> str:
        where = f": {self.report}" if self.report else ""
        return f"Report written{where}" if self.done else f"The investigation failed ({self.reason}){where}"


class VendorWatched(Payload):
    """That a third party's state changed since it was last looked at (DX-4, ESC-3)."""

    kind: ClassVar[str] = "vendor_watched"
    vendor: Name
    level: VendorLevel
    eta: Instant | None = None
    text: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        seen = VendorSeen(at=said.at, by=said.by, text=self.text, level=self.level, eta=self.eta)
        return {"vendors": {**incident.vendors, self.vendor: seen}}

    def told(self) -> str:
        state = {"up": "is up", "degraded": "is degraded", "down": "is down", "unknown": "does not say how it is"}
        ends = f", back by {self.eta:%Y-%m-%d %H:%M} UTC as it says" if self.eta else ""
        return f"{self.vendor} {state[self.level]}{ends}{f': {self.text}' if self.text else ''}"


class CauseAccepted(Payload):
    """The cause that a person takes for the true one."""

    kind: ClassVar[str] = "cause_accepted"
    cause: Cause
    detail: Name | None = None
    reason: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        accepted = Accepted(at=said.at, by=said.by, text=self.reason, cause=self.cause, detail=self.detail)
        return {"cause": accepted, "rejected": tuple(one for one in incident.rejected if one.cause is not self.cause)}

    def told(self) -> str:
        return f"Root cause identified: {named(self.cause, self.detail)}{f' ({self.reason})' if self.reason else ''}"


class CauseRejected(Payload):
    """A cause that a person rules out, and why."""

    kind: ClassVar[str] = "cause_rejected"
    cause: Cause
    detail: Name | None = None
    reason: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        rejected = Accepted(at=said.at, by=said.by, text=self.reason, cause=self.cause, detail=self.detail)
        kept = None if incident.cause and incident.cause.cause is self.cause else incident.cause
        others = tuple(one for one in incident.rejected if one.cause is not self.cause)
        return {"rejected": (*others, rejected), "cause": kept}

    def told(self) -> str:
        return f"Ruled out: {named(self.cause, self.detail)} ({self.reason})"


class FactConfirmed(Payload):
    """A fact that an escalation hangs on, confirmed or denied by a person (ESC-2 to ESC-4)."""

    kind: ClassVar[str] = "fact_confirmed"
    fact: Confirmed
    true: bool = True
    text: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        fact = Fact(at=said.at, by=said.by, text=self.text, true=self.true)
        return {"facts": {**incident.facts, self.fact: fact}}

    def told(self) -> str:
        words = {
            "data_loss": "data was lost",
            "security": "this is a security incident",
            "outage_without_end": "a third party is out with no end in sight",
        }[self.fact]
        return f"{'Confirmed' if self.true else 'Denied'}: {words}{f' ({self.text})' if self.text else ''}"


class Occurred(Payload):
    """The same problem failed again."""

    kind: ClassVar[str] = "occurred"
    execution_id: Name | None = None
    count: Annotated[int, Field(ge=1)] = 1

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"occurrences": incident.occurrences + self.count, "last_seen": max(incident.last_seen, said.at)}

    def told(self) -> str:
        where = f" (execution {self.execution_id})" if self.execution_id else ""
        return f"It failed again{where}" if self.count == 1 else f"It failed {self.count} times more{where}"


class Related(Payload):
    """Another incident that has to do with this one."""

    kind: ClassVar[str] = "related"
    incident: Annotated[str, StringConstraints(pattern=r"^INC-\d+$")]
    why: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"related": tuple(dict.fromkeys((*incident.related, self.incident)))}

    def told(self) -> str:
        return f"Related to {self.incident}{f': {self.why}' if self.why else ''}"


def named(cause: Cause, detail: str | None) -> str:
    """A cause and its detail in words."""
    return ", ".join(part.replace("_", " ") for part in (cause, detail) if part)
