"""What incidents of different workflows may share, so that they belong together: a credential, a host, a vendor."""

from __future__ import annotations

import hashlib
import re
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from incident_nb.alerts.alert import Alert
from incident_nb.models import Cause, ErrorRecord
from incident_nb.probes import vendors
from incident_nb.public import names_other
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import Settings

Kind = Literal["credential", "host", "vendor"]

# Of the workflow or of n8n: what is called has nothing to do with it, however many clients call the same.
_ITS_OWN = frozenset((Cause.DATA_FORMAT, Cause.WORKFLOW_CONFIG, Cause.WORKFLOW_INACTIVE, Cause.INFRASTRUCTURE))
_NAME = re.compile(r"(?:[\w-]{1,63}\.){1,30}[a-z][\w-]{1,62}")
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".svc", ".home.arpa")
_WORDS = {"credential": "the credential with the id {0} on the n8n server {1}", "host": "the host {0}", "vendor": "{0}"}


class Share(NamedTuple):
    """One thing that can be shared; `of` is a credential's id and its n8n server, a host, or a vendor's name."""

    kind: Kind
    of: tuple[str, ...]

    @property
    def words(self) -> str:
        """It in words. A credential goes by its id, since its name may be a client's."""
        return _WORDS[self.kind].format(*self.of)

    @property
    def title(self) -> str:
        """What an incident is called that covers all that share it."""
        return f"{self.words[0].upper()}{self.words[1:]} fails for several clients"

    @property
    def subject(self) -> Subject:
        """The subject of that incident, which shares this alone; its fingerprint is the same each time."""
        key = hashlib.sha256("\x1f".join(("shared", self.kind, *self.of)).encode()).hexdigest()[:12]
        known: dict[str, Any] = dict(
            zip(("credential_id", "instance") if self.kind == "credential" else (self.kind,), self.of, strict=True)
        )
        return Subject(shared=f"{self.kind}:{self.of[-1]}", fingerprint=key, **known)


def shares(subject: Subject, settings: Settings) -> tuple[Share, ...]:
    """What a subject may share with others, the most telling first: credential (with its n8n server), host, vendor.

    A vendor's hosts say no more than the vendor, unless they are our own. No host that means another machine to each
    who names it, and no n8n server, is shared.
    """
    found: list[Share] = []
    if subject.credential_id and subject.instance:
        found.append(Share("credential", (subject.credential_id, subject.instance)))
    host = public(subject.host)
    if host and not _is_n8n(host, subject, settings) and (_is_own(host, settings) or _vendor_at(host) is None):
        found.append(Share("host", (host,)))
    if subject.vendor:
        found.append(Share("vendor", (subject.vendor,)))
    return tuple(found)


def may_lie_outside(incident: Incident) -> bool:
    """Whether what an incident shares may be the reason for it: by the cause that was accepted, else by the suspected one."""
    return (incident.cause.cause if incident.cause else incident.subject.suspected) not in _ITS_OWN


@lru_cache(maxsize=4096)  # of thousands of open incidents most have the same few hosts
def public(host: str | None) -> str | None:
    """A host in one form, if it means the same machine to everybody: a name with a dot or an address of the public net."""
    name = (host or "").strip().lower().rstrip(".")
    try:
        return name if ip_address(name).is_global else None
    except ValueError:
        return name if len(name) <= 253 and _NAME.fullmatch(name) and not name.endswith(_INSIDE) else None


def vendor_of(host: str | None, node_type: str | None) -> str | None:
    """The third party that answers at a host, else the one that nodes of this type talk to, by `vendors.toml`."""
    meant = vendors.of_node(node_type)
    return _vendor_at(host) or (meant.vendor.name if meant else None)


def talked_to(alert: Alert, client: str | None, settings: Settings) -> dict[str, str | None]:
    """The fields of a Subject on what the failing node of an alert's client talked to and signed in with.

    Where the failure began in a sub-workflow, that is what counts. A credential's name that may be another client's, or
    may name one, is left out; its id stays.
    """
    called = alert.called.error if alert.called else ErrorRecord()
    host = _host(called) or _host(alert.error)
    name = alert.credential
    return {
        "credential_id": alert.credential_id,
        "credential": None if name is None or _names_another(name, client, settings) else name,
        "host": host,
        "vendor": vendor_of(host, called.node_type) or vendor_of(None, alert.error.node_type),
    }


@lru_cache(maxsize=4096)
def _vendor_at(host: str | None) -> str | None:
    meant = vendors.of_host(host)
    return meant.vendor.name if meant else None


def _host(error: ErrorRecord) -> str | None:
    return (error.host or _host_in(error.url) or "").lower() or None


def _host_in(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _is_n8n(host: str, subject: Subject, settings: Settings) -> bool:
    servers = (urlsplit(server.url).hostname for server in settings.n8n.values())
    return host == _host_in(subject.execution_url) or host in servers


def _is_own(host: str, settings: Settings) -> bool:
    return any(fnmatchcase(host, glob.lower()) for glob in settings.own_hosts)


def _names_another(text: str, client: str | None, settings: Settings) -> bool:
    """Whether a client is named in it that this one is not."""
    named = names_other(text, settings.other_clients(client)) is not None
    return named or settings.client_of(text) not in (None, client)
