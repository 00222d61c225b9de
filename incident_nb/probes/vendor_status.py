"""DX-4: is the third party's API down? Its status page for the time of the failures, and its host as seen from here.

A silent status page is not health: pages are written by people, late or never. So no incident counts as "clean" only
where the host was reached, too, and speaks a little against an outage. An incident speaks strongly for one, and the more,
the more of the failures fall into it and the surer it is about the part that the node talks to.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import NamedTuple

from incident_nb.http import RequestError
from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes import vendors
from incident_nb.probes.incidents import Hit, hits, weigh
from incident_nb.probes.reachability import Reached, look_at
from incident_nb.probes.status_pages import FORMATS
from incident_nb.probes.status_reading import UnreadableError
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, seen
from incident_nb.probes.vendors import Meant, Page, Vendor

C = Cause
AROUND = timedelta(minutes=15)
MOST_NAMED = 3
MOST_OF_CLIENT = 6
FULL_LIST = 20  # a list of so many that does not go back to the failures may have been cut off

# n8n's own nodes that only work on what they are given (n8n-nodes-base).
AT_HOME = frozenset((
    "aggregate", "code", "compareDatasets", "convertToFile", "crypto", "dateTime", "editImage", "errorTrigger",
    "executeWorkflow", "executeWorkflowTrigger", "executionData", "extractFromFile", "filter", "form",
    "formTrigger", "function", "functionItem", "html", "if", "itemLists", "limit", "manualTrigger", "markdown",
    "merge", "noOp", "removeDuplicates", "renameKeys", "respondToWebhook", "scheduleTrigger", "set", "sort",
    "splitInBatches", "splitOut", "stopAndError", "summarize", "switch", "wait", "webhook", "xml",
))  # fmt: skip


class Window(NamedTuple):
    """The time of the failures with a quarter of an hour around: what is asked of a page."""

    begin: datetime
    end: datetime

    def __str__(self) -> str:
        return f"between {_at(self.begin)} and {_at(self.end)} UTC"


class Asked(NamedTuple):
    """A page as it was read, or why it was not; `heard`: whether its host answered at all."""

    page: Page | None
    why: str | None
    heard: bool


def look(target: Target, tools: Tools) -> Probed:
    """What the vendor's status page says of the time of the failures, and whether its host answers from here."""
    meant = _meant(target)
    if meant is None and (inside := _inside(target, tools)):
        return clean(inside)
    if meant is None:
        return _without_vendor(target, tools)
    reached, asked = _side_by_side(meant.vendor, target, tools)
    where = f"{meant.vendor.name}: {meant.vendor.page}{f', {target.host}' if reached.ok is not None else ''}"
    answer = _of_page(target, meant, asked.page, reached) if asked.page else None
    if answer is None:
        told = asked.why or f"{meant.vendor.name}'s status page was not read."
        answer = _of_host(target, told, reached, heard=asked.heard)
    return answer.model_copy(update={"asked": where, "next_look": answer.next_look or f"Look at {meant.vendor.page}."})


def _inside(target: Target, tools: Tools) -> str | None:
    """In words, that the failing node talks to no third party; None where it may."""
    if tools.is_own(target.host):
        return f"“{target.node}” calls {target.host}, which is ours: no third party answers there."
    if target.host is None and (target.node_type or "").rpartition(".")[2] in AT_HOME:
        return f"“{target.node}” works inside n8n and calls no third party."
    return None


def _meant(target: Target) -> Meant | None:
    """The vendor by node type; by host where the host belongs to another one, as behind a node with a base URL."""
    by_node, by_host = vendors.of_node(target.node_type), vendors.of_host(target.host)
    if by_node and by_host and by_host.vendor is by_node.vendor:
        return by_node if by_node.part else by_host
    return by_host or by_node


def _ask(vendor: Vendor, tools: Tools) -> Asked:
    if not vendor.readable:
        return Asked(None, f"{vendor.name}'s status page can't be read by a program. {vendor.note}.", False)
    try:
        return Asked(vendors.read(vendor, tools.session), None, True)
    except UnreadableError as error:
        return Asked(None, f"{error}.", True)
    except RequestError as error:
        heard = error.reason in ("tls", "reset", "too_large", "bad_answer")
        return Asked(None, f"{vendor.name}'s status page could not be read: {error}.", heard)


def _side_by_side(vendor: Vendor, target: Target, tools: Tools) -> tuple[Reached, Asked]:
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reach") as pool:
        reached = pool.submit(copy_context().run, look_at, target, tools)
        asked = _ask(vendor, tools)
        return reached.result(), asked


def _of_page(target: Target, meant: Meant, page: Page, reached: Reached) -> Probed:
    window = window_of(target)
    seen_there = hits(page.incidents, meant, target, window.begin, window.end)
    ours = [hit for hit in seen_there if weigh(hit, target)]
    extra = f" {page.missing}" if page.missing else ""
    host = reached.fact(weighs=target.current)
    if ours:
        best, rest = ours[0], [hit for hit in seen_there if hit is not ours[0]]
        # One incident has often several entries, and all speak of the same failures: the strongest one weighs.
        facts = [seen(_words(best, meant.vendor), weigh(best, target))]
        facts += [seen(_words(hit, meant.vendor)) for hit in rest[: MOST_NAMED - 1]]
        more = len(rest) - (MOST_NAMED - 1)
        told = " ".join(fact.fact.text for fact in facts) + (f" And {more} more." if more > 0 else "") + extra
        if reached.ok is not None:
            facts.append(host)
        step = f"Follow {meant.vendor.page}; tell the client if there is no end in sight, and wait for recovery."
        return found(told, facts, next_look=step)
    about = f" on {meant.part}" if meant.part else ""
    told = f"{meant.vendor.name}'s status page tells of no incident{about} {window}."
    if seen_there:
        others = " ".join(_words(hit, meant.vendor) for hit in seen_there[:MOST_NAMED])
        told = f"{meant.vendor.name}'s status page tells of no incident{about} that fits the failures. {others}"
    told += extra
    if doubt := _doubt(meant.vendor, page, target, window):
        return _of_host(target, f"{told} {doubt}", reached, heard=True)
    if reached.ok and target.current:
        return clean(f"{told} {reached.text}", [seen(told, {C.EXTERNAL_OUTAGE: 0.8}), host])
    return _of_host(target, f"{told} A silent status page is not health.", reached, heard=True)


def _doubt(vendor: Vendor, page: Page, target: Target, window: Window) -> str | None:
    """Why no incident on the page does not mean that there was none; None where it may."""
    kind = FORMATS[vendor.format]
    if not kind.telling:
        return "It may be empty for other reasons."
    if not kind.history and not target.current:
        return "It shows only what goes on now, and the failures are over."
    oldest = min((one.begun for one in page.incidents if one.begun), default=None)
    if kind.history and len(page.incidents) >= FULL_LIST and oldest and oldest > window.begin:
        return f"But its list goes back no further than {_at(oldest)} UTC."
    return None


def _of_host(target: Target, told: str, reached: Reached, *, heard: bool) -> Probed:
    """The answer where the page has none: what the look at the host gives.

    `heard`: something else answered from here, so that a host that does not is not due to our own connection.
    """
    if reached.ok is False and heard:
        return found(f"{told} {reached.text}", [seen(told), reached.fact(weighs=target.current)])
    if reached.ok is False:
        told = f"{told} {reached.text} Nothing else was reached either, so our own connection may be down."
        return could_not_look(told, [seen(told)])
    facts = [seen(told), reached.fact(weighs=target.current)] if reached.ok else [seen(told)]
    return could_not_look(f"{told} {reached.text}", facts)


def _without_vendor(target: Target, tools: Tools) -> Probed:
    """What is left where neither node nor host tells the vendor: those that the client depends on, and the host."""
    what = " and ".join(word for word in (target.node_type, target.host) if word) or "what failed"
    told = f"No status page is known for {what}."
    reached = look_at(target, tools)
    client = tools.settings.clients.get(target.client or "")
    listed = [vendors.named(name) for name in client.vendors] if client else []
    known = [vendor for vendor in listed if vendor and vendor.readable][:MOST_OF_CLIENT]
    unknown = [name for name, vendor in zip(client.vendors if client else (), listed, strict=True) if vendor is None]
    if unknown:
        told += f" vendors.toml has no row named {', '.join(f'“{name}”' for name in unknown)}."
    if not known:
        step = f"Set clients.{target.client or 'CODE'}.vendors, or look at the service's own status page."
        return _of_host(target, told, reached, heard=False).model_copy(update={"next_look": step})
    window, heard = window_of(target), False
    facts: list[Evidence] = []
    for vendor, asked in zip(known, _ask_all(known, tools), strict=True):
        heard = heard or asked.heard
        page = asked.page
        told_of = page.incidents if page else []
        for hit in hits(told_of, Meant(vendor, None), target, window.begin, window.end)[:MOST_NAMED]:
            if weigh(hit, target):
                facts.append(seen(_words(hit, vendor), {C.EXTERNAL_OUTAGE: 1.5} if not facts else {}))
        if page is None:
            told += f" {asked.why}"
    if facts:
        told += " Of the vendors that the client depends on: " + " ".join(fact.fact.text for fact in facts)
        return found(
            f"{told} Whether the node talks to it is not known.", facts, next_look=f"Look what {what} talks to."
        )
    told += (
        f" Those that the client depends on ({', '.join(v.name for v in known)}) tell of nothing that fits {window}."
    )
    return _of_host(target, told, reached, heard=heard)


def _ask_all(known: Sequence[Vendor], tools: Tools) -> list[Asked]:
    with ThreadPoolExecutor(max_workers=len(known), thread_name_prefix="vendor") as pool:
        asked = [pool.submit(copy_context().run, _ask, vendor, tools) for vendor in known]
        return [future.result() for future in asked]


def window_of(target: Target) -> Window:
    """From the first failing run to the last one, or to now while it goes on.

    Not from the last good run: an incident that was over before anything failed explains nothing.
    """
    begin = target.onset or target.first_seen or target.onset_not_before or target.now - timedelta(hours=1)
    end = target.now if target.current else target.last_seen or target.now
    return Window(begin - AROUND, max(begin, end) + AROUND)


def _words(hit: Hit, vendor: Vendor) -> str:
    """One incident as a sentence: what, how grave, when, on what, and how many of the failures fall into it."""
    one = hit.incident
    kind = (
        "maintenance"
        if one.maintenance
        else {"none": "no impact", "unknown": "impact not told"}.get(one.impact, one.impact)
    )
    if one.ended:
        when = (
            f"from {_at(one.begun)} to {_at(one.ended, one.begun)} UTC" if one.begun else f"until {_at(one.ended)} UTC"
        )
    else:
        when = f"since {_at(one.begun)} UTC, not over" if one.begun else "at a time it does not tell"
    state = f" ({one.state})" if one.state and not one.ended else ""
    parts = f", on {', '.join(one.parts[:4])}{' and more' if len(one.parts) > 4 else ''}" if one.parts else ""
    share = f": {hit.covered} of {hit.of} failures fall into it" if hit.of else ""
    return f"{vendor.name} tells of “{one.name}” ({kind}) {when}{state}{parts}{share}."


def _at(at: datetime | None, beside: datetime | None = None) -> str:
    if at is None:
        return "an unknown time"
    return f"{at:%H:%M}" if beside and beside.date() == at.date() else f"{at:%Y-%m-%d %H:%M}"
