"""What a client is asked who has to sign in again, or to give access back (RES-1): plain words, without internals."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from incident_nb.desk.desk import ENGINEER
from incident_nb.desk.filled import Names
from incident_nb.documents.people import NOBODY, people_of
from incident_nb.escape import printable
from incident_nb.models import Cause, Frozen
from incident_nb.probes import vendors
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.resources import templates
from incident_nb.settings import Settings

KINDS = ("oauth_token", "permission")


class Request(Frozen):
    """A message to the client, to be sent by a person: to whom (None: not known), its subject and its text.

    `what`: what the client has to do, in a few words. `missing`: which blanks, in braces, have to be filled in, and why.
    """

    to: str | None
    subject: str
    text: str
    what: str
    missing: tuple[str, ...] = ()


def request_of(incident: Incident, settings: Settings, names: Names) -> Request | None:
    """What the client is asked where the accepted cause is a sign-in or a permission that ended (RES-1); None elsewhere.

    It names the client, the service by the name that our table of vendors has for it, and the automation where
    its name is plain words and names no other client. No node, credential, address, error or key has a place in it. An
    incident that covers several clients asks none of them: each has its own.
    """
    cause = incident.cause
    if cause is None or cause.cause is not Cause.CREDENTIALS or cause.detail not in KINDS or incident.subject.shared:
        return None
    client = settings.clients.get(incident.client or "")
    people = people_of(incident, settings, os.environ.get(ENGINEER, "").strip())
    flow, known = people.automation, people.greeting != NOBODY
    meant = vendors.named(names.vendor or "")
    service = meant.name if meant else None
    missing = [
        *([] if known else [f"{{Name}}: {_no_name(incident.client)}"]),
        *([] if service else ["{Service}: which service it is that lets nobody in is not on record"]),
        *([] if people.sender else [f"{{Your name}}: {ENGINEER} is not set, and the settings have no sender.name"]),
    ]
    words = {
        "name": people.greeting,
        "automation": f"your automation “{flow}”" if flow else "one of your automations",
        "service": service or "{Service}",
        "sender": people.sender or "{Your name}",
        "kind": cause.detail,
    }
    doing = "give our automation access to" if cause.detail == "permission" else "sign in again to"
    return Request(
        to=client.contact if client and client.contact else None,
        subject=_one_line(f"We need your help: please {doing} {service or '{Service}'}"),
        what="give access back" if cause.detail == "permission" else "sign in again",
        text=redact_text(_environment().get_template("sign_in_again.txt.j2").render(words)).strip() + "\n",
        missing=tuple(missing),
    )


def _no_name(code: str | None) -> str:
    return f"the settings have no clients.{code}.name" if code else "the incident names no client"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates() / "documents"),
        autoescape=False,  # noqa: S701 - plain text
        finalize=_one_line,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _one_line(value: Any) -> str:
    return " ".join(printable(str(value)).split())
