"""RSS 2.0 and Atom as status pages write them: entries in, incidents out.

A feed is a log of updates. Entries of one id are updates of one incident: the newest of them tells its state, and its
time is the end where that state is a last one.
"""

from __future__ import annotations

import re

# Only what declares entities is dangerous in XML, and needs a DOCTYPE for it: such a document is turned away first.
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import NamedTuple

from incident_nb.probes.status_reading import Incident, UnreadableError, decoded, name_of, time_of, what_it_is

_ATOM = "{http://www.w3.org/2005/Atom}"
_TAG = re.compile(r"<[^<>]{0,2000}>")
_DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>")
_STATES = r"resolved|completed|postmortem|monitoring|identified|investigating|in progress|scheduled|verifying|mitigated"
# Where pages name the state, they do so in front: "Status: Resolved", "Resolved - This incident has been resolved".
_STATE = re.compile(rf"\bstatus:\s*({_STATES})\b|\b({_STATES})\s*[-:–]", re.IGNORECASE)
_TITLE_OVER = re.compile(r"^\W*resolved\b", re.IGNORECASE)
_OVER = ("resolved", "completed", "postmortem")
_PLANNED = re.compile(r"\bmaintenance\b", re.IGNORECASE)


class Entry(NamedTuple):
    """One entry of a feed: the id of what it is about, title, text without tags, first and last time, categories."""

    id: str
    title: str
    text: str
    first: datetime | None
    last: datetime | None
    categories: tuple[str, ...]


def feed(body: bytes) -> list[Incident]:
    """A history: what is over, and what goes on."""
    entries: dict[str, list[Entry]] = {}
    for entry in _entries(body):
        entries.setdefault(entry.id or entry.title, []).append(entry)
    return [_incident(updates) for updates in entries.values()]


def azure(body: bytes) -> list[Incident]:
    """Azure's feed, which holds only what goes on; its categories are services and regions."""
    return [
        Incident(name_of(entry.title), entry.first or entry.last, None, "open", "unknown", entry.categories)
        for entry in _entries(body)
        if not _TITLE_OVER.match(entry.title)
    ]


def _incident(updates: list[Entry]) -> Incident:
    dated = [entry for entry in updates if entry.last]
    newest = max(dated, key=lambda entry: entry.last or 0, default=updates[0])
    times = [at for entry in updates for at in (entry.first, entry.last) if at]
    told = _STATE.search(newest.text)
    state = (told[1] or told[2]).lower() if told else "resolved" if _TITLE_OVER.match(newest.title) else ""
    # Without a state it is known only that something was told then; it must not seem to go on for ever.
    over = newest.last if state in _OVER or not state else None
    planned = any(_PLANNED.search(word) for word in (newest.title, *newest.categories))
    begun = min(times, default=None)
    return Incident(name_of(newest.title), begun, over, state, "unknown", newest.categories, planned)


def _entries(body: bytes) -> list[Entry]:
    root = _root(body)
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        return [_of_rss(item) for item in channel.iter("item")]
    if root.tag == f"{_ATOM}feed":
        return [_of_atom(entry) for entry in root.iter(f"{_ATOM}entry")]
    raise UnreadableError("it is XML, but neither RSS nor Atom")


def _of_rss(item: ET.Element) -> Entry:
    at = time_of(_text(item, "pubDate"))
    categories = tuple(name_of(one.text) for one in item.iter("category") if one.text)
    plain = _plain(_text(item, "description"))
    return Entry(_text(item, "guid") or _text(item, "link"), _text(item, "title"), plain, at, at, categories)


def _of_atom(entry: ET.Element) -> Entry:
    first, last = time_of(_text(entry, f"{_ATOM}published")), time_of(_text(entry, f"{_ATOM}updated"))
    categories = tuple(name_of(one.get("term")) for one in entry.iter(f"{_ATOM}category") if one.get("term"))
    plain = _plain(_text(entry, f"{_ATOM}content") or _text(entry, f"{_ATOM}summary"))
    return Entry(
        _text(entry, f"{_ATOM}id"), _text(entry, f"{_ATOM}title"), plain, first or last, last or first, categories
    )


def _text(element: ET.Element, name: str) -> str:
    found = element.find(name)
    return "".join(found.itertext()).strip() if found is not None else ""


def _plain(html: str) -> str:
    return " ".join(_TAG.sub(" ", html).split())


def _root(body: bytes) -> ET.Element:
    try:
        text = decoded(body)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("a document that declares entities")
        return ET.fromstring(_DECLARATION.sub("", text))  # noqa: S314
    except (ValueError, ET.ParseError) as error:
        raise UnreadableError(f"it is {what_it_is(body)} where a feed was expected") from error
