"""Third parties that incidents wait for: their recovery, worsening and silence about an end, told when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import pandas as pd
from sqlalchemy import select

from incident_nb.errors import IncidentNbError
from incident_nb.executions import ExecutionLog
from incident_nb.http import Allowed, Session, is_loopback, origin
from incident_nb.incidents import Records, engines, tables
from incident_nb.incidents.events import corrected
from incident_nb.incidents.kinds.diagnosing import Diagnosed, VendorWatched
from incident_nb.live import WORD, read_live
from incident_nb.models import Cause
from incident_nb.n8n import N8n
from incident_nb.outbox import store as outbox
from incident_nb.probes import Tools, vendors
from incident_nb.probes.vendors import Meant
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.said import VendorLevel, VendorSeen
from incident_nb.settings import Settings
from incident_nb.watch.memory import remembered
from incident_nb.watch.vendor_state import HostSeen, PageRead, Place, State, by_host, by_page, host, pages

BY = "incident-nb"
BUDGET_S = 40.0
SURE = 0.5  # of a diagnosis that nobody has accepted yet
BAD: tuple[VendorLevel, ...] = ("down", "degraded")
LONGEST = 1_000  # characters of a line
WORDS: dict[tuple[str, str], str] = {
    ("down", "degraded"): "is doing better, but it is not over",
    ("degraded", "down"): "has become worse",
    ("", "down"): "is down",
    ("", "degraded"): "is not well",
    ("", "up"): "has recovered",
}


class Seen(NamedTuple):
    """What changed at a third party (`vendor`: its name, or a host) that an incident waits for."""

    incident: int
    vendor: str
    level: VendorLevel
    eta: datetime | None
    text: str


class _Waits(NamedTuple):
    """An incident that waits for a third party, and what of it may be asked."""

    incident: Incident
    meant: Meant | None
    place: Place | None


class _AsBeforeError(Exception):
    """Nothing changed: another one was faster, or it is over."""


def look(records: Records, settings: Settings, now: datetime) -> list[Seen]:
    """What has changed since the last look at the third parties that open incidents wait for (DX-4, ESC-3).

    Those are incidents whose accepted cause is an external outage, or whose newest diagnosis says so with some confidence
    while none is accepted. Status page and host are told apart: each is compared with what it was itself, and a page that
    can't be read, or a host that could not be looked at, changes nothing. A page is asked once for all incidents, and
    again after `watch.vendors_s` seconds. Where an outage has no end that the page tells, and no cause is accepted, a line
    asks to confirm it; with an accepted cause that is owed anyway (`policy.duties`). `now` in any zone. Raises
    UnreachableError where the records can't be used.
    """
    waiting = list(_waiting(records, settings))
    if not waiting:
        return []
    with remembered(settings, "vendors") as memory:
        if memory is None:
            return []
        states = _ask(waiting, settings, now, memory)
    return [seen for one in waiting for seen in _tell(records, one.incident, states[one.incident.number], now)]


def _waiting(records: Records, settings: Settings) -> Iterator[_Waits]:
    likely = _diagnosed(records)

    @cache
    def log(instance: str) -> ExecutionLog | None:
        try:
            return read_live([f"{WORD}:{instance}"], settings, offline=True)
        except IncidentNbError:
            return None

    for incident in sorted(records.incidents(closed=False), key=lambda one: one.number):
        if incident.is_resolved or not _is_outage(incident, records, likely):
            continue
        about = incident.subject
        node_type, name = None, about.host
        if name is None and about.instance in settings.n8n and (known := log(str(about.instance))):
            node_type, name = _called(known, incident)
        meant = vendors.of_host(name) or vendors.of_node(node_type)
        if about.vendor and (row := vendors.named(about.vendor)) and (meant is None or meant.vendor is not row):
            meant = Meant(row, None)
        place = Place(name, about.instance, about.workflow_id) if name else None
        if meant or place:
            yield _Waits(incident, meant, place)


def _diagnosed(records: Records) -> set[int]:
    """The open incidents of which some diagnosis said that it is an outage."""
    event, row = tables.events, tables.incidents
    asked = (
        select(event.c.number, event.c.payload)
        .join(row, row.c.number == event.c.number)
        .where(row.c.is_open, event.c.kind == Diagnosed.kind)
    )
    with records.reading() as connection:
        return {n for n, said in connection.execute(asked) if said.get("cause") == Cause.EXTERNAL_OUTAGE}


def _is_outage(incident: Incident, records: Records, likely: set[int]) -> bool:
    """Whether it waits for a third party: by the accepted cause, else by its newest diagnosis."""
    if incident.cause is not None:
        return incident.cause.cause is Cause.EXTERNAL_OUTAGE
    if incident.number not in likely or any(one.cause is Cause.EXTERNAL_OUTAGE for one in incident.rejected):
        return False
    stands = corrected(records.events(incident.number))
    said = [one for _, (one, _) in sorted(stands.items()) if isinstance(one, Diagnosed)]
    return bool(said) and said[-1].cause is Cause.EXTERNAL_OUTAGE and said[-1].confidence >= SURE


def _called(log: ExecutionLog, incident: Incident) -> tuple[str | None, str | None]:
    """The node type and the host of an incident's failure, as the archive has them."""
    about, table = incident.subject, log.failures
    mine = table[table["execution_id"] == about.execution_id]
    at_node = mine[mine["node"] == about.node]
    for _, row in (at_node if len(at_node) else mine).iloc[::-1].iterrows():
        node_type, name = (None if pd.isna(row[column]) else str(row[column]) for column in ("node_type", "host"))
        return node_type, name
    return None, None


def _ask(
    waiting: list[_Waits], settings: Settings, now: datetime, memory: dict[str, dict[str, object]]
) -> dict[int, dict[str, State]]:
    """How each incident's third party is, by its name and by its host."""
    every = timedelta(seconds=settings.watch.vendors_s)
    origins = {origin(server.url) for server in settings.n8n.values()} | vendors.status_origins()
    with Session(Allowed(frozenset(origins - {""})), budget_s=BUDGET_S) as session:
        wanted = [one.meant.vendor for one in waiting if one.meant]
        read = pages(wanted, memory.setdefault("pages", {}), session, now, every)
        tools = {name: _tools(name, settings, session) for name in settings.n8n}
        seen: dict[str, HostSeen] = {}
        for place in (one.place for one in waiting if one.place):
            asked = tools.get(place.instance or "")
            if asked and place.host not in seen and not asked.is_own(place.host):
                seen[place.host] = host(place, asked, memory.setdefault("hosts", {}), now, every)
    heard = any(page.heard for page in read.values())
    return {one.incident.number: dict(_states(one, read, seen, settings, now, heard=heard)) for one in waiting}


def _tools(name: str, settings: Settings, session: Session) -> Tools:
    try:
        return Tools(session, settings, n8n=N8n(name, settings.n8n[name].url, session))
    except IncidentNbError as error:
        return Tools(session, settings, no_n8n=str(error))


def _states(
    one: _Waits, read: dict[str, PageRead], seen: dict[str, HostSeen], settings: Settings, now: datetime, *, heard: bool
) -> Iterator[tuple[str, State]]:
    if one.meant:
        yield one.meant.vendor.name, by_page(one.meant, one.place and one.place.host, read[one.meant.vendor.name], now)
    if one.place and one.place.host in seen:
        server = settings.n8n[one.place.instance or ""]
        # The host is looked at only where n8n has just named it; an n8n elsewhere shows that the connection is well.
        away = not is_loopback(urlsplit(server.url).hostname)
        yield one.place.host, by_host(seen[one.place.host], heard=heard or away)


def _tell(records: Records, incident: Incident, states: dict[str, State], now: datetime) -> Iterator[Seen]:
    """Records and tells what is not as it was, as the incident stands at the moment of writing."""
    for name, state in ((redact_text(name), state) for name, state in states.items()):
        if not _is_other(incident.vendors.get(name), state):
            continue
        known: list[Incident] = []

        def check(found: Incident, name: str = name, state: State = state, known: list[Incident] = known) -> None:
            if found.is_resolved or found.closed or not _is_other(found.vendors.get(name), state):
                raise _AsBeforeError
            known.append(found)

        said = VendorWatched(vendor=name, level=state.level, eta=state.eta, text=state.text[:LONGEST])
        try:
            with records.at_once() as writing:
                engines.alone(writing.connection)
                made = writing.add(incident.number, said, by=BY, at=now, check=check)
                before = known[0].vendors.get(name)
                text, key = _told(name, before, state), f"INC-{incident.number} vendor {made.version}"
                outbox.put(writing.connection, key, incident=made.number, about="vendor", text=text, at=now)
                if _asks(known[0], before, state):
                    asked = f"Is no end in sight at {name}? Confirm outage_without_end: then the client has to be told (ESC-3)."
                    box = writing.connection
                    outbox.put(box, f"{key} ESC-3", incident=made.number, about="escalation", text=asked, at=now)
        except _AsBeforeError:
            continue
        yield Seen(incident.number, name, state.level, state.eta, text)


def _is_other(before: VendorSeen | None, state: State) -> bool:
    """Whether a state is news after the one that was told last; what is not known is none."""
    if state.level == "unknown":
        return False
    if before is None:
        return state.level in BAD
    return (before.level, before.eta) != (state.level, state.eta)


def _asks(incident: Incident, before: VendorSeen | None, state: State) -> bool:
    """Whether a person is to be asked if the outage has no end: once for each time that it has none."""
    endless = state.level in BAD and state.eta is None
    was = before is not None and before.level in BAD and before.eta is None
    return endless and not was and incident.cause is None and "outage_without_end" not in incident.facts


def _told(name: str, before: VendorSeen | None, state: State) -> str:
    old = before.level if before else ""
    words = WORDS.get((old, state.level)) or WORDS["", state.level]
    if old == state.level:
        words = "has changed what it says of an end"
    end = f"Back by {state.eta:%Y-%m-%d %H:%M} UTC, as it says." if state.eta else "It does not say until when."
    return f"{name} {words}. {state.text[:LONGEST]}.{f' {end}' if state.level in BAD else ''}".replace("..", ".")
