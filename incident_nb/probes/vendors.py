"""The third parties that workflows talk to, and their status pages: the table, who is meant, what a page says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from incident_nb.http import Answer, RequestError, Session, origin
from incident_nb.probes.status_pages import FORMATS
from incident_nb.probes.status_reading import Incident, UnreadableError

TABLE = Path(__file__).with_name("vendors.toml")
MOST = 16_000_000  # Google Cloud's list of years of incidents takes several megabytes
WITHIN_S = 6.0
NEVER = "never"
LONGEST_TYPE = 200  # characters; n8n's own have 60 at most
_VARIANT = re.compile(r"(?:Trigger|Tool|HitlTool)+$")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Row):
    """A part of a vendor as its status page names it, and the node types and hosts that stand for it."""

    name: str
    nodes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class Vendor(_Row):
    """One row of vendors.toml.

    `page`: the status page for people; `format`: how it is read (`none`: no program can, and `note` says why). `ask`:
    the addresses to ask where they do not lie under `page`. `source`: where the endpoint or page is described;
    `checked`: the day on which it was asked live, or `never`.
    """

    name: str
    page: str
    format: str
    source: str
    checked: str
    ask: tuple[str, ...] = ()
    note: str | None = None
    nodes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether a program can read its page."""
        return self.format != "none"

    @property
    def needed(self) -> tuple[str, ...]:
        """The addresses without whose answers the page is not read."""
        base = self.page.rstrip("/")
        return self.ask or tuple(f"{base}{path}" for path in FORMATS[self.format].paths) if self.readable else ()

    @property
    def also(self) -> tuple[str, ...]:
        """Addresses that add planned maintenance."""
        base = self.page.rstrip("/")
        return tuple(f"{base}{path}" for path in FORMATS[self.format].also) if self.readable and not self.ask else ()


class Meant(NamedTuple):
    """A vendor, and the part of it that a node talks to (None: the row does not tell parts apart)."""

    vendor: Vendor
    part: str | None


class Page(NamedTuple):
    """What a status page said, and what of it could not be read (None: all was)."""

    incidents: list[Incident]
    missing: str | None


@cache
def table() -> tuple[Vendor, ...]:
    """All rows of vendors.toml."""
    return tuple(Vendor.model_validate(row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["vendor"])


def status_origins() -> frozenset[str]:
    """The origins of all status pages that can be read, to be allowed in a session."""
    return frozenset(origin(url) for vendor in table() for url in (*vendor.needed, *vendor.also))


def of_node(node_type: str | None) -> Meant | None:
    """The vendor that nodes of a type talk to; a trigger or tool is like its node. None for a node of no one vendor."""
    kinds = [node_type, _VARIANT.sub("", node_type)] if node_type and len(node_type) <= LONGEST_TYPE else []
    for kind in kinds:
        for vendor in table():
            for part in vendor.parts:
                if kind in part.nodes:
                    return Meant(vendor, part.name)
            if kind in vendor.nodes:
                return Meant(vendor, None)
    return None


def of_host(host: str | None) -> Meant | None:
    """The vendor that answers at a host; of several globs that fit, the longest one decides."""
    if not host:
        return None
    name = host.lower().rstrip(".")
    fits = [(len(glob), meant) for glob, meant in _globs() if fnmatchcase(name, glob)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


@lru_cache(maxsize=4096)  # of a million runs most have the same few hosts
def name_of(host: str | None, node_type: str | None) -> str | None:
    """The name of the vendor that answers at a host, else of the one that nodes of this type talk to."""
    meant = of_host(host) or of_node(node_type)
    return meant.vendor.name if meant else None


def named(name: str) -> Vendor | None:
    """The vendor of this name, however it is written."""
    return next((vendor for vendor in table() if vendor.name.casefold() == name.strip().casefold()), None)


def _globs() -> Iterator[tuple[str, Meant]]:
    for vendor in table():
        yield from ((glob, Meant(vendor, None)) for glob in vendor.hosts)
        for part in vendor.parts:
            yield from ((glob, Meant(vendor, part.name)) for glob in part.hosts)


def read(vendor: Vendor, session: Session) -> Page:
    """What the vendor's status page says now. Raises RequestError or UnreadableError, in words that name the page."""
    incidents: list[Incident] = []
    for url in vendor.needed:
        incidents += _asked(vendor, url, session)
    missing = None
    for url in vendor.also:
        try:
            incidents += _asked(vendor, url, session)
        except (RequestError, UnreadableError) as error:
            missing = f"Planned maintenance could not be read: {error}."
    return Page(list(dict.fromkeys(incidents)), missing)


def _asked(vendor: Vendor, url: str, session: Session) -> list[Incident]:
    answer = session.ask("GET", url, within=WITHIN_S, most=MOST)
    page = f"{vendor.name}'s status page ({origin(url)})"
    if answer.status != 200:
        raise UnreadableError(f"{page} {_refused(answer)}")
    try:
        return FORMATS[vendor.format].parse(answer.body)
    except UnreadableError as error:
        raise UnreadableError(f"{page} can't be read: {error}") from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise UnreadableError(f"{page} can't be read: it has another shape than its format says") from error


def _refused(answer: Answer) -> str:
    if answer.status in range(300, 400):
        place = origin(answer.headers.get("location", "")) or "another path"
        return f"sends us elsewhere ({place}), which is not followed"
    return f"answered with status {answer.status}"
