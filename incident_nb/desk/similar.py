"""Incidents that looked like this one, and what fixed them then: something to verify, not an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from incident_nb.models import Cause
from incident_nb.record import Incident
from incident_nb.settings import Settings

SHOWN = 5
LEARNINGS = Path("learnings") / "ops"
_MOST_FILES, _MOST_BYTES = 500, 200_000


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
    causes: Sequence[tuple[Cause, str | None]] = (),
) -> tuple[Seen, ...]:
    """The incidents that were like this one, the likest first, then learning files that speak of it.

    Alike are those of the same problem (fingerprint), then those of the same client whose accepted cause is this one's, or
    one of `causes` while it has none. Only incidents that were fixed are of use; another client's are not shown, nor, but to
    its like, one that covers several clients. Learning
    files lie in `learnings/ops/` of the workspace; one is meant that names the problem, or one of these incidents.
    """
    wanted = [(incident.cause.cause, incident.cause.detail)] if incident.cause else list(causes)
    found = []
    for other in others:
        if other.number == incident.number or other.fixed is None or other.client != incident.client:
            continue
        if bool(other.subject.shared) != bool(incident.subject.shared):
            continue
        mine, known = incident.subject.fingerprint, other.cause and (other.cause.cause, other.cause.detail)
        if mine is not None and mine == other.subject.fingerprint:
            found.append((0, other, "the same problem"))
        elif known is not None and known in wanted and known[0] is not Cause.UNKNOWN:
            near = other.subject.workflow_id == incident.subject.workflow_id
            found.append((1 if near else 2, other, "the same cause" + (" in the same workflow" if near else "")))
    found.sort(key=lambda entry: (entry[0], -entry[1].detected_at.timestamp()))
    seen = [_seen(other, why) for _, other, why in found[:SHOWN]]
    return (*seen, *_learnt(incident, [other.id for _, other, _ in found], settings))


def _seen(other: Incident, why: str) -> Seen:
    cause = (
        ", ".join(part.replace("_", " ") for part in (other.cause.cause, other.cause.detail) if part)
        if other.cause
        else ""
    )
    again = f"; it came back {len(other.reopened)} times" if other.reopened else ""
    return Seen(other.id, other.detected_at, cause, f"{other.fixed.text if other.fixed else ''}{again}", why)


def _learnt(incident: Incident, names: list[str], settings: Settings) -> list[Seen]:
    """The learning files that name the problem or one of the incidents; what can't be read is passed over."""
    if settings.path is None:
        return []
    words = [word for word in (incident.subject.fingerprint, *names) if word]
    found = []
    for file in sorted((settings.path.parent / LEARNINGS).glob("*.md"))[:_MOST_FILES]:
        try:
            with file.open(encoding="utf-8", errors="replace") as text:
                held = text.read(_MOST_BYTES)
        except OSError:
            continue
        if word := next((word for word in words if word in held), None):
            title = next((line.lstrip("# ").strip() for line in held.splitlines() if line.startswith("#")), file.stem)
            found.append(Seen(f"{LEARNINGS / file.name}", None, "", title, f"it names {word}"))
    return found[:SHOWN]
