"""The message of an incident as Slack's Block Kit: all of it the first time, later what is new and what to do next.

What comes from outside stands in plain text objects, in which Slack sees no markup, on one line, escaped and cut; its
markup is for our own words and links. The limits are those of Slack's reference of blocks and of text objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from incident_nb.desk.standing import Standing
from incident_nb.desk.told import timer_words
from incident_nb.escape import printable, slack_text
from incident_nb.incidents import Event
from incident_nb.incidents.events import read
from incident_nb.incidents.kinds.diagnosing import Diagnosed, named
from incident_nb.outbox.links import links
from incident_nb.outbox.store import Line
from incident_nb.settings import Settings

SECTION, HEADER, FIELD, FIELDS, BLOCKS = 3000, 150, 2000, 10, 50
MOST_LINES, LONGEST_LINE = 9, 270  # with a title and a word on the rest below a section's limit
ERROR = 300  # as much as the error workflow tells

Message = dict[str, Any]
_ONE = re.compile("&(?:amp|lt|gt);|.", re.DOTALL)


class About(NamedTuple):
    """What a line is about, in words. `repeats`: the same words again are news. `names`: its text may name a workflow or
    a client. `covered`: a whole message says it anyway.
    """

    words: str
    repeats: bool = True
    names: bool = False
    covered: bool = False


ABOUT: dict[str, About] = {
    "opened": About("Opened", names=True, covered=True),
    "diagnosed": About("Diagnosed", repeats=False, names=True, covered=True),
    "failed": About("The investigation failed", repeats=False, names=True),
    "reopened": About("Back again", names=True),
    "reminded": About("Clock"),
    "escalation": About("To be told"),
    "vendor": About("Vendor", repeats=False),
    "silent": About("Failed without an alert", names=True),
    "quiet": About("Went quiet", names=True),
    "verify": About("Verification", names=True),
    "review": About("Review", names=True),
    "related": About("Related", repeats=False),
    "set_aside": About("Set aside", repeats=False),
    "asked": About("Asked for", covered=True),
}
"""Every kind of line. Another one is told by its name."""


def news(lines: Iterable[Line], said: Mapping[str, str]) -> list[Line]:
    """The lines that say something new: not what the line before them said, nor, where the kind is so, what was said last."""
    found: list[Line] = []
    newest = dict(said)
    for line in lines:
        repeated = newest.get(line.about) == line.text
        if repeated and (not _about(line).repeats or any(line[2:4] == other[2:4] for other in found)):
            continue
        newest[line.about] = line.text
        found.append(line)
    return found


def filled(lines: Iterable[Line], events: Sequence[Event]) -> list[Line]:
    """The lines, each that only says “diagnosed” with the cause that the newest diagnosis put first: what tells it from an
    earlier one. How sure it is does not, or each new look would be news.
    """
    found = _diagnosis(events)
    words = named(found.cause, found.detail) if found else "no cause was found"
    return [line._replace(text=words) if line.about == "diagnosed" and not line.text else line for line in lines]


def whole(one: Standing, events: Sequence[Event], lines: Sequence[Line], settings: Settings) -> Message:
    """All that has to be known of an incident: severity, whose it is, what failed, cause, deadlines, next step, links.

    One that holds several clients' together (`subject.shared`) names none of them.
    """
    incident, subject = one.incident, one.incident.subject
    title = f"{incident.severity or 'P?'} {incident.id}: {incident.title}"
    cause = f"Cause: {_cause(one, events)}"
    client = settings.clients.get(incident.client or "")
    facts: list[tuple[str, str | None]] = [("State", str(incident.status))]
    if subject.shared:
        facts += [("Client", "several"), ("Shared", subject.shared)]
    else:
        whose = f"{client.name} ({incident.client})" if client and client.name else incident.client
        facts += [("Client", whose or "not known"), ("Workflow", subject.workflow), ("Node", subject.node)]
    facts.append(("Failures", str(incident.occurrences)))
    error = "" if subject.shared or not subject.error else _line(subject.error)
    error = f"Error: {error[:ERROR]}{'…' if len(error) > ERROR else ''}" if error else ""
    clocks = [timer_words(timer) for timer in one.timers.values() if timer.due is not None]
    told = _listed([line for line in lines if not _about(line).covered], incident.detected_at, bool(subject.shared))
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(title, HEADER)},
        {"type": "section", "fields": [_plain(f"{name}: {text}", FIELD) for name, text in facts if text][:FIELDS]},
        *([_section(error)] if error else []),
        _section(cause),
        *([_section(*told)] if told else []),
        *([_section("Deadlines", *clocks)] if clocks else []),
        _section(f"Next: {one.next_step}"),
    ]
    return _message(title, [cause, *told, f"Next: {one.next_step}"], blocks, links(incident, settings))


def short(one: Standing, events: Sequence[Event], lines: Sequence[Line], settings: Settings) -> Message:
    """What is new of an incident that was told of before, and what to do next."""
    incident, found = one.incident, _diagnosis(events)
    title = f"{incident.id} {incident.severity or 'P?'} {incident.status}: {incident.title}"
    if found:
        words, sure = named(found.cause, found.detail), _sure(found)
        lines = [line._replace(text=sure) if line[2:4] == ("diagnosed", words) else line for line in lines]
    told = _listed(lines, one.now, bool(incident.subject.shared))
    blocks = [_section(title, *told), _section(f"Next: {one.next_step}")]
    return _message(title, [*told, f"Next: {one.next_step}"], blocks, links(incident, settings))


def loose(lines: Sequence[Line], now: datetime) -> Message:
    """Lines that are of no incident, or of one that is not on record here."""
    names = {f"INC-{line.incident}" for line in lines if line.incident is not None}
    title = " ".join(["incident-nb", *sorted(names)])
    told = _listed(lines, now, False)
    return _message(title, told, [_section(title, *told)], [])


def _message(title: str, told: Iterable[str], blocks: list[dict[str, Any]], places: Sequence[str]) -> Message:
    if places:
        words = {"type": "mrkdwn", "text": "  ".join(places)[:SECTION], "verbatim": True}
        blocks = [*blocks, {"type": "context", "elements": [words]}]
    # What a notification shows, and all there is where blocks are not.
    text = _cut(_line(" | ".join([title, *told])), SECTION)
    return {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False, "blocks": blocks[:BLOCKS]}


def _cause(one: Standing, events: Sequence[Event]) -> str:
    """The accepted cause, else what the newest diagnosis put first, with its confidence."""
    if accepted := one.incident.cause:
        return f"{named(accepted.cause, accepted.detail)}, accepted by {accepted.by}"
    found = _diagnosis(events)
    return _sure(found) if found else "not known yet"


def _diagnosis(events: Sequence[Event]) -> Diagnosed | None:
    """The newest diagnosis on record."""
    found = (read(event) for event in reversed(events) if event.kind == Diagnosed.kind)
    return next((one for one in found if isinstance(one, Diagnosed)), None)


def _sure(found: Diagnosed) -> str:
    return f"{named(found.cause, found.detail)} ({found.confidence:.0%} sure)"


def _listed(lines: Sequence[Line], now: datetime, shared: bool) -> list[str]:
    """A line for each thing that happened, the newest last; of many the newest. In a shared incident nobody is named."""
    left = len(lines) - MOST_LINES
    found = [f"{left} things more, which are in the record"] if left > 0 else []
    for line in lines[-MOST_LINES:]:
        about = _about(line)
        text = "" if shared and about.names else _line(line.text)
        when = f"{line.at:%H:%M}" if line.at.date() == now.date() else f"{line.at:%Y-%m-%d %H:%M}"
        found.append(f"{when} {about.words}{': ' if text else ''}{text}")
    return found


def _about(line: Line) -> About:
    return ABOUT.get(line.about) or About(line.about.replace("_", " ").capitalize(), names=True)


def _section(*texts: str) -> dict[str, Any]:
    """A section of one line, or of several that are cut so that all of them fit."""
    most = SECTION if len(texts) == 1 else LONGEST_LINE
    return {"type": "section", "text": _object("\n".join(_cut(_line(text), most) for text in texts))}


def _plain(text: str, most: int) -> dict[str, Any]:
    return _object(_cut(_line(text), most))


def _object(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _line(text: str) -> str:
    return " ".join(printable(text).split())


def _cut(text: str, most: int) -> str:
    """The text escaped, and no longer than `most`; no escape is cut in two.

    A character beyond 16 bits counts as two, since the reference does not say how characters are counted.
    """
    shown = slack_text(text)
    if len(shown) + sum(char > "\uffff" for char in shown) <= most:
        return shown
    size, kept = 1, []  # 1 for the dots
    for found in _ONE.finditer(shown):
        size += len(found[0]) + (found[0] > "\uffff")
        if size > most:
            break
        kept.append(found[0])
    return "".join(kept) + "…"
