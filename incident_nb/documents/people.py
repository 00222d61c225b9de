"""Who is written to, who writes, and what either may be called: from the settings and the record."""

from __future__ import annotations

import re
from email.utils import getaddresses

from incident_nb.escape import printable
from incident_nb.models import Frozen
from incident_nb.policy import usable_calendar
from incident_nb.probes import vendors
from incident_nb.public import public_name
from incident_nb.record import Incident
from incident_nb.settings import Settings

NOBODY = "{Name}"


class People(Frozen):
    """The two sides of a letter.

    `greeting` is what it calls the reader (`{Name}` where nobody said), `to` the addresses with their names, `sender` and
    `email` who signs, with `title` and `company`. `automation` is the workflow's name as the client may read it, None where
    it may not; `service` is the third party's own name. `zone` is the client's time zone, `others` are the codes and names
    of all other clients. `unread`: what of the client's
    contact is no address.
    """

    client: str | None
    greeting: str
    to: tuple[tuple[str, str], ...]
    sender: str
    email: str | None
    title: str
    company: str
    automation: str | None
    service: str | None
    zone: str
    others: frozenset[str]
    unread: str = ""


def people_of(incident: Incident, settings: Settings, by: str) -> People:
    """Who writes to whom of an incident; `by` signs where the settings name no sender."""
    client = settings.clients.get(incident.client or "")
    others = settings.other_clients(incident.client)
    to, unread = _addresses(client.contact if client else None)
    greeting = (client.greeting if client else None) or next((name for name, _ in to if name), None)
    vendor = vendors.named(incident.subject.vendor or "")
    calendar, _ = usable_calendar(settings, incident.client)
    sender = settings.sender
    return People(
        client=incident.client,
        greeting=_line(greeting or (client.name if client else None) or NOBODY),
        to=to,
        sender=_line(sender.name or by),
        email=next((address for _, address in _addresses(sender.email)[0]), None),
        title=_line(sender.title),
        company=_line(sender.company),
        automation=None if incident.subject.shared else public_name(incident.subject.workflow, others),
        service=vendor.name if vendor else None,
        zone=calendar.time_zone if calendar else "UTC",
        others=others,
        unread=unread,
    )


def _addresses(text: str | None) -> tuple[tuple[tuple[str, str], ...], str]:
    """The names and addresses of a line such as `Maria Lopez <maria@example.com>, it@example.com`, and what is none of it."""
    line = _line(text or "")
    found = [(name, address) for name, address in getaddresses([line]) if name or address]
    good = tuple((name, address) for name, address in found if _ADDRESS.fullmatch(address))
    whole = len(good) == len(found) == line.count("@") and ";" not in line
    return good, "" if whole else line[:80]


_ADDRESS = re.compile(r"""[^\s@<>()\[\],;:\\"]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}""")


def _line(text: str) -> str:
    return " ".join(printable(text).split())
