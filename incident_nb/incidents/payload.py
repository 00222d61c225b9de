"""What every kind of event has: values that are checked, what they change, and a line for the timeline."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, StringConstraints

from incident_nb.models import Frozen
from incident_nb.record import Incident
from incident_nb.said import Said, Subject

LONGEST_TEXT, LONGEST_NAME = 20_000, 300
LARGEST_NUMBER = 2**63 - 1  # of an incident, as databases count


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this is no time that a calendar has") from error


def whole(value: Any) -> Any:
    """Text without half characters, which nothing can store; also within lists and objects."""
    try:
        return _whole(value)
    except RecursionError as error:
        raise ValueError("this is nested too deeply") from error


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(entry) for key, entry in value.items()}
    return [_whole(entry) for entry in value] if isinstance(value, list) else value


def _only_known(subject: Any) -> Any:
    if isinstance(subject, dict) and (odd := sorted(map(str, subject.keys() - Subject.model_fields.keys()))):
        raise ValueError(f"a subject has no {odd[0]}")
    return subject


def _short(subject: Subject) -> Subject:
    for name, value in subject:
        longest = LONGEST_NAME if name == "fingerprint" else LONGEST_TEXT
        if value is not None and len(value) > longest:
            raise ValueError(f"{name} should have at most {longest} characters")
    return subject.model_copy(update=whole(dict(subject)))


Changes = dict[str, Any]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT), BeforeValidator(whole)]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT), BeforeValidator(whole)
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME), BeforeValidator(whole)
]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
About = Annotated[Subject, BeforeValidator(_only_known), AfterValidator(_short)]


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


def without(incident: Incident, *rows: str) -> Changes:
    """Rows of these tables (`VER-`) have to be gone through anew: neither begun nor ticked."""
    return {
        "begun": {row: said for row, said in incident.begun.items() if not row.startswith(rows)},
        "ticks": {row: tick for row, tick in incident.ticks.items() if not row.startswith(rows)},
    }
