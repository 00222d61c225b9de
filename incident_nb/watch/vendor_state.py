"""How third parties are now: their status pages and hosts, asked once for all who wait for them, and not too often."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from incident_nb.http import RequestError, Session
from incident_nb.logfile import nothing
from incident_nb.probes import Target, Tools, vendors
from incident_nb.probes.incidents import Hit, hits, weigh
from incident_nb.probes.reachability import look_at
from incident_nb.probes.status_pages import FORMATS
from incident_nb.probes.status_reading import Incident, UnreadableError
from incident_nb.probes.vendors import Meant, Vendor
from incident_nb.said import VendorLevel

JITTER = timedelta(seconds=10)  # by which a schedule may come early
AT_ONCE = 8
TRIES = 2  # of a host before it counts as out of reach: one lost packet is no outage
MENDED = ("monitoring",)  # a fix is in place, as the page says, and is watched
NAMED = 3


_Kept = TypeVar("_Kept", "PageRead", "HostSeen")


class State(NamedTuple):
    """How a third party is, when it means to be back (UTC; None where it does not say), and in which words it is told."""

    level: VendorLevel
    eta: datetime | None
    text: str


class PageRead(BaseModel):
    """A status page as it was read at an instant (UTC): what goes on by its word, or why it can't be read (`why`).

    `heard`: its host answered at all.
    """

    at: datetime
    incidents: list[Incident] = []
    why: str = ""
    heard: bool = True


class HostSeen(BaseModel):
    """Whether a host was reached at an instant (UTC), in words; None where it was not looked at."""

    at: datetime
    ok: bool | None
    text: str


class Place(NamedTuple):
    """A host that a workflow talks to, and the workflow that names it: only such a host is looked at."""

    host: str
    instance: str | None
    workflow_id: str | None


def pages(
    wanted: Iterable[Vendor], memory: dict[str, Any], session: Session, now: datetime, every: timedelta
) -> dict[str, PageRead]:
    """Each vendor's page by the vendor's name: as it was read last, if that is not long ago, else as it reads now."""
    rows = {vendor.name: vendor for vendor in wanted}
    kept = {name: page for name in rows if (page := _kept(PageRead, memory.get(name), now, every))}
    stale = [vendor for name, vendor in rows.items() if name not in kept]
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="vendor") as pool:
        asked = [pool.submit(copy_context().run, partial(_read, vendor, session, now)) for vendor in stale]
        fresh = {vendor.name: future.result() for vendor, future in zip(stale, asked, strict=True)}
    memory |= {name: page.model_dump(mode="json") for name, page in fresh.items()}
    return {**kept, **fresh}


def host(place: Place, tools: Tools, memory: dict[str, Any], now: datetime, every: timedelta) -> HostSeen:
    """Whether a host answers from here: as it was seen last, if that is not long ago, else as it is now."""
    if known := _kept(HostSeen, memory.get(place.host), now, every):
        return known
    target = Target(log=nothing(), now=now, host=place.host, instance=place.instance, workflow_id=place.workflow_id)
    for _ in range(TRIES):
        reached = look_at(target, tools)
        if reached.ok is not False:
            break
    seen = HostSeen(at=now, ok=reached.ok, text=reached.text)
    memory[place.host] = seen.model_dump(mode="json")
    return seen


def by_page(meant: Meant, host: str | None, page: PageRead, now: datetime) -> State:
    """How the part of a vendor that is meant is, by the vendor's own word.

    `down`: an incident of major or critical impact goes on. `degraded`: any other, one about a part of which it is not known
    whether it is ours, one that is being watched after its fix, or maintenance. `up`: the page tells of nothing that goes
    on. `unknown`: it can't be read, or may be empty for other reasons.
    """
    if page.why:
        return State("unknown", None, page.why)
    target = Target(log=nothing(), now=now, host=host, goes_on=True, last_seen=now)
    ours = [hit for hit in hits(page.incidents, meant, target, now, now) if weigh(hit, target)]
    if not ours and not FORMATS[meant.vendor.format].telling:
        return State("unknown", None, "its page is empty, which may have other reasons")
    if not ours:
        return State("up", None, f"{meant.vendor.page} tells of nothing that goes on")
    ends = [hit.incident.ended for hit in ours]
    eta = max(end for end in ends if end) if all(ends) else None
    named = "; ".join(_named(hit) for hit in ours[:NAMED])
    return State("down" if any(map(_is_grave, ours)) else "degraded", eta, f"{meant.vendor.page} tells of {named}")


def by_host(seen: HostSeen, *, heard: bool) -> State:
    """How a host is as seen from here. `heard`: something else answered, so that our own connection is not what is down."""
    if seen.ok is None or (seen.ok is False and not heard):
        return State("unknown", None, seen.text)
    return State("up" if seen.ok else "down", None, seen.text)


def _is_grave(hit: Hit) -> bool:
    one = hit.incident
    grave = one.impact in ("major", "critical") and not one.maintenance and one.state.lower() not in MENDED
    return grave and hit.fits in ("ours", "perhaps")


def _named(hit: Hit) -> str:
    one = hit.incident
    said = [word for word in ("maintenance" if one.maintenance else f"{one.impact} impact", one.state) if word]
    since = f" since {one.begun:%Y-%m-%d %H:%M} UTC" if one.begun else ""
    return f"“{one.name}” ({', '.join(said)}){since}"


def _read(vendor: Vendor, session: Session, now: datetime) -> PageRead:
    if not vendor.readable:
        return PageRead(at=now, why=f"{vendor.name}'s status page can't be read by a program", heard=False)
    try:
        page = vendors.read(vendor, session)
    except UnreadableError as error:
        return PageRead(at=now, why=str(error))
    except RequestError as error:
        return PageRead(at=now, why=str(error), heard=error.reason in ("tls", "reset", "too_large", "bad_answer"))
    going_on = [one for one in page.incidents if one.ended is None or one.ended >= now]
    return PageRead(at=now, incidents=going_on)


def _kept(kind: type[_Kept], value: Any, now: datetime, every: timedelta) -> _Kept | None:
    """What was remembered, if it can be read and is not old."""
    try:
        found = kind.model_validate(value)
    except ValidationError:
        return None
    return found if timedelta() <= now - found.at < every - JITTER else None
