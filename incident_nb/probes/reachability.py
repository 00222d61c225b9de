"""Whether a third party's host answers from here: name, connection, TLS and the days that its certificate has left.

Nothing is sent, and only a host that stands in the workflow's definition on our own n8n is looked at: one that only an
error text names may be anybody's choice.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import NamedTuple

from incident_nb import http
from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Evidence
from incident_nb.probes.target import Target, Tools, running_nodes, seen

C = Cause
WITHIN_S = 5.0
SOON = timedelta(days=14)
_HTTPS = re.compile(r"https://([A-Za-z0-9.-]+)(?::([0-9]{1,5}))?(?=[/?#\s\"'\\]|$)", re.IGNORECASE)

# What each way to fail says of the causes; it was seen from here, not from n8n, and so decides nothing by itself.
FAILED: dict[http.Reason, dict[Cause, float]] = {
    "dns": {C.NETWORK: 3.0, C.EXTERNAL_OUTAGE: 1.5},
    "refused": {C.NETWORK: 2.0, C.EXTERNAL_OUTAGE: 3.0},
    "reset": {C.NETWORK: 2.0, C.EXTERNAL_OUTAGE: 2.0},
    "timeout": {C.TIMEOUT: 2.0, C.EXTERNAL_OUTAGE: 2.0, C.NETWORK: 1.5},
    "tls": {C.NETWORK: 3.0, C.EXTERNAL_OUTAGE: 1.5},
}
EXPIRED = {C.NETWORK: 5.0, C.EXTERNAL_OUTAGE: 2.0}
REACHED = {C.NETWORK: 0.7}


class Reached(NamedTuple):
    """Whether a host answered (None: it was not looked at), in a sentence, and what that speaks for or against."""

    ok: bool | None
    text: str
    effects: dict[Cause, float]

    def fact(self, *, weighs: bool) -> Evidence:
        """It as evidence; what is seen now may have no weight."""
        return seen(self.text, self.effects if weighs else {})


def look_at(target: Target, tools: Tools) -> Reached:
    """Whether the host of the failure answers, if we may look."""
    if not target.host:
        return _not_looked("The records do not name the host that the node talks to.")
    if target.workflow_id is None:
        return _not_looked(f"{target.host} was not looked at: no workflow is known that names it.")
    try:
        workflow = tools.workflow(target.workflow_id)
    except IncidentNbError as error:
        words = str(error).strip().rstrip(".")
        return _not_looked(f"{target.host} was not looked at, since the workflow could not be read from n8n: {words}.")
    port = _port_in(workflow, target.host)
    if port is None:
        return _not_looked(f"{target.host} was not looked at: no https address in the workflow on n8n names it.")
    return _looked(target, port, min(WITHIN_S, tools.session.left))


def _not_looked(text: str) -> Reached:
    return Reached(None, text, {})


def _port_in(workflow: object, host: str) -> int | None:
    """The port at which the workflow's nodes address the host by https; None where none does."""
    for node in running_nodes(workflow):
        text = json.dumps(node.get("parameters"))
        for found in _HTTPS.finditer(text):
            if found[1].lower() == host.lower() and 0 < int(found[2] or 443) < 65536:
                return int(found[2] or 443)
    return None


def _looked(target: Target, port: int, within: float) -> Reached:
    host = target.host or ""
    try:
        timing = http.look(host, port, within=within)
    except http.RequestError as error:
        if error.reason not in FAILED:
            return _not_looked(f"{host} was not looked at: {error}.")
        effects = EXPIRED if error.reason == "tls" and "expired" in str(error) else FAILED[error.reason]
        return Reached(False, f"From here it can't be reached: {error}.", effects)
    text = f"From here {host} answers: connected after {timing.connect or 0:.1f} s, TLS after {timing.tls or 0:.1f} s"
    if timing.valid_until is not None:
        left = timing.valid_until - target.now
        soon = f", in {max(left.days, 0)} days" if left < SOON else ""
        text += f", its certificate is valid until {timing.valid_until:%Y-%m-%d %H:%M} UTC{soon}"
    return Reached(True, f"{text}.", REACHED)
