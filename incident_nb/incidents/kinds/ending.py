"""How an incident ends, comes back, and how an entry is corrected."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from incident_nb.incidents.payload import Changes, Instant, Payload, Text, Words, waited, whole, without
from incident_nb.record import Incident
from incident_nb.said import Said, Watched


class Reopened(Payload):
    """It has come back."""

    kind: ClassVar[str] = "reopened"
    reason: Words

    def change(self, incident: Incident, said: Said) -> Changes:
        reopened = Said(at=said.at, by=said.by, text=self.reason)
        fresh: Changes = {"fixed": None, "watched": Watched(), "closed": None, "open_items": {}}
        return {"reopened": (*incident.reopened, reopened), **fresh, **without(incident, "VER-", "FIN-")}

    def told(self) -> str:
        return f"Reopened: {self.reason}"


class Corrected(Payload):
    """What event `seq` should have said (`payload`), or when it was (`at`); with neither it did not happen."""

    kind: ClassVar[str] = "corrected"
    seq: Annotated[int, Field(ge=1)]
    payload: Annotated[dict[str, Any] | None, BeforeValidator(whole)] = None
    happened_at: Instant | None = None
    reason: Words

    def told(self) -> str:
        return f"Entry {self.seq} corrected: {self.reason}"


class Closed(Payload):
    """The end: `open_items` are the rows of the closing checklist left open, each with the reason."""

    kind: ClassVar[str] = "closed"
    text: Text = ""
    open_items: dict[str, Words] = Field(default_factory=dict)

    def change(self, incident: Incident, said: Said) -> Changes:
        closed = Said(at=said.at, by=said.by, text=self.text)
        return {"closed": closed, "open_items": {**incident.open_items, **self.open_items}, **waited(incident, said)}

    def told(self) -> str:
        left = f" (left open: {', '.join(self.open_items)})" if self.open_items else ""
        return f"Closed{f': {self.text}' if self.text else ''}{left}"
