"""What every kind of event has: values that are checked, what they change, and a line for the timeline."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, StringConstraints

from incident_nb.models import Frozen
from incident_nb.record import Incident, Said

Changes = dict[str, Any]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Payload(Frozen):
    """What a kind of event says, and what it changes (`change`). `told` is the event in a line, for a timeline."""

    model_config = ConfigDict(extra="forbid")
    kind: ClassVar[str]

    def change(self, incident: Incident, said: Said) -> Changes:  # noqa: ARG002 - for those that change something
        """The fields of the incident that become others; `said` holds the event's instant and recorder."""
        return {}

    def told(self) -> str:
        """The event in a few words."""
        raise NotImplementedError


def waited(incident: Incident, said: Said) -> Changes:
    """A wait that goes on ends here."""
    if not incident.is_waiting:
        return {}
    last = incident.waiting[-1]
    return {"waiting": (*incident.waiting[:-1], last.model_copy(update={"until": max(said.at, last.since)}))}
