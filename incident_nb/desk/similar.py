"""Incidents that looked like this one, and what fixed them then: something to verify, not an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from incident_nb.documents.learning import learnings_in
from incident_nb.models import Cause
from incident_nb.patterns import Decisions, decisions_of
from incident_nb.record import Incident
from incident_nb.settings import Settings

SHOWN = 5


class Seen(NamedTuple):
    """An incident, or a learning file, that is alike: its name, when, which cause was accepted, what fixed it, why alike."""

    name: str
    at: datetime | None
    cause: str
    fix: str
    why: str


def seen_before(
    incident: Incident,
    others: Iterable[Incident],
    settings: Settings,
    now: datetime,
    causes: Sequence[tuple[Cause, str | None]] = (),
) -> tuple[Seen, ...]:
    """The incidents that were like this one, the likest first, then learning files that speak of it.

    Alike are those of the same problem (fingerprint), then those of the same client whose accepted cause is this one's, or
    one of `causes` while it has none. Only incidents that were fixed are of use; another client's are not shown, nor, but to
    its like, one that covers several clients. A learning file (DOC-2) is meant that names the problem, or one of these
    incidents; one whose fix was not seen to work for long at `now` says so.
    """
    wanted = [(incident.cause.cause, incident.cause.detail)] if incident.cause else list(causes)
    found = []
    decided = decisions_of(settings)
    for other in others:
        if other.number == incident.number or other.fixed is None or other.client != incident.client:
            continue
        if bool(other.subject.shared) != bool(incident.subject.shared):
            continue
        known = other.cause and (other.cause.cause, other.cause.detail)
        if same_problem(incident.subject.fingerprint, other.subject.fingerprint, decided):
            found.append((0, other, "the same problem"))
        elif known is not None and known in wanted and known[0] is not Cause.UNKNOWN:
            near = other.subject.workflow_id == incident.subject.workflow_id
            found.append((1 if near else 2, other, "the same cause" + (" in the same workflow" if near else "")))
    found.sort(key=lambda entry: (entry[0], -entry[1].detected_at.timestamp()))
    seen = [_seen(other, why) for _, other, why in found[:SHOWN]]
    return (*seen, *_learnt(incident, [other.id for _, other, _ in found], settings, now))


def same_problem(one: str | None, other: str | None, decided: Decisions) -> bool:
    """Whether two fingerprints are known and name one problem, or do after what people decided."""
    return one is not None and other is not None and decided.of(one) == decided.of(other)


def _seen(other: Incident, why: str) -> Seen:
    cause = (
        ", ".join(part.replace("_", " ") for part in (other.cause.cause, other.cause.detail) if part)
        if other.cause
        else ""
    )
    again = f"; it came back {len(other.reopened)} times" if other.reopened else ""
    return Seen(other.id, other.detected_at, cause, f"{other.fixed.text if other.fixed else ''}{again}", why)


def _learnt(incident: Incident, names: list[str], settings: Settings, now: datetime) -> list[Seen]:
    """The learning files that name the problem or one of the incidents, and how long their fix was not seen to work."""
    if settings.path is None:
        return []
    mark = incident.subject.fingerprint
    words = [*(decisions_of(settings).names(mark) if mark else ()), *names]
    found = []
    for learning in learnings_in(settings.placed(settings.documents.learnings)):
        if word := learning.names(words):
            since = (
                f"not confirmed since {learning.confirmed:%Y-%m-%d}"
                if learning.confirmed
                else "it does not say when it was confirmed"
            )
            stale = f" ({since}: check it first)" if learning.is_stale(now) else ""
            name = str(settings.documents.learnings / learning.path.name)
            found.append(Seen(name, None, "", f"{learning.title}{stale}", f"it names {word}"))
    return found[:SHOWN]
