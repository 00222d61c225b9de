"""DX-3: the credential that the failing node signs in with: is it there, was it changed, who else uses it, who mends it?

n8n 2.x tells of its credentials (name, type, dates, whose; never what is in them), 1.x does not. The records weigh
already whether others that share the credential fail; here only what n8n itself says weighs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes.credential_hints import GOOGLE, KINDS, REFUSED, hint
from incident_nb.probes.credential_users import users_of
from incident_nb.probes.moments import AT_ONCE, placed, span_of, time_of
from incident_nb.probes.target import (
    CouldNotLookError,
    Target,
    Tools,
    clean,
    could_not_look,
    found,
    running_nodes,
    seen,
)

C = Cause
GONE = {C.CREDENTIALS: 15.0}
# A key that was replaced right before the first failure explains a refusal, and one that hides itself as "not found".
CHANGED = {C.CREDENTIALS: 30.0, C.EXTERNAL_API_CHANGED: 0.1, C.WORKFLOW_CONFIG: 0.5}
CHANGED_BESIDES = {C.CREDENTIALS: 3.0}
REFUSALS = (None, "400", "401", "403", "404")
# Google's refresh tokens for an app in testing end after 7 days; runs may be hours apart.
TESTING = (timedelta(days=6, hours=22), timedelta(days=8))


class Signed(NamedTuple):
    """A credential as a node names it."""

    id: str
    name: str
    type: str


class Told(NamedTuple):
    """What n8n's own record of a credential says; `bad`: that it speaks of the problem, `why_not`: why it was not read."""

    facts: tuple[Evidence, ...] = ()
    bad: bool = False
    why_not: str | None = None


def look(target: Target, tools: Tools) -> Probed:
    """What n8n and the records tell of the failing node's credential, and of everything that uses it."""
    if target.node is None:
        return could_not_look("No failing node is known whose credential could be looked at.")
    signed = signed_with(target, tools)
    if signed is None:
        return clean(f"“{target.node}” signs in with no credential that n8n keeps.")
    record = _record(signed, target, tools)
    users, shared = users_of(signed.id, target, tools)
    words = " ".join(filter(None, (target.message, target.description, target.http_code)))
    row = hint(signed.type, words)
    about = f"“{target.node}” signs in with the credential “{signed.name}” ({signed.type or 'of an unknown type'})"
    facts = [seen(f"{about}."), *record.facts, *users]
    if row:
        facts.append(seen(f"{row.why} ({row.source})."))
    facts += _owner(signed, target, tools)
    refused = target.cause is C.CREDENTIALS
    todo = _step(signed, row.step if row else None, target) if refused or row or record.bad else ""
    step = f"{todo} {_link(signed, tools)}".strip()
    said = [*(fact.fact.text for fact in record.facts), f"{row.why}." if row else "", shared]
    summary = " ".join(filter(None, [f"{about}.", *said, record.why_not]))
    if record.bad or row:
        return found(summary, facts, next_look=step)
    if record.why_not:
        return could_not_look(summary, facts, next_look=step)
    return clean(summary, facts, next_look=step if refused else None)


def signed_with(target: Target, tools: Tools) -> Signed | None:
    """The credential of the failing node, by the record, by the run's snapshot or else by the live workflow; None: none.

    Raises CouldNotLookError, or what asking for the workflow raises, where no definition of the node is known.
    """
    if target.credential_id:
        return Signed(target.credential_id, target.credential or target.credential_id, target.credential_type or "")
    if target.node is None:
        return None
    node = target.nodes.get(target.node)
    if node is None and not target.nodes and target.workflow_id:
        node = _live_node(target, tools)
    if node is None:
        raise CouldNotLookError(
            f"With which credential “{target.node}” signs in is not known: no definition of the node is, in the records or n8n"
        )
    signed = node.get("credentials")
    for kind, entry in signed.items() if isinstance(signed, dict) else ():
        if isinstance(entry, dict) and entry.get("id"):
            return Signed(str(entry["id"]), str(entry.get("name") or entry["id"]), str(kind))
    return None


def renews_itself(kind: str) -> bool:
    """Whether n8n changes a credential of this type itself, with each token that it renews (credentials-helper.js)."""
    return "oauth2" in kind.lower()


def _live_node(target: Target, tools: Tools) -> Any:
    nodes = running_nodes(tools.workflow(target.workflow_id or ""))
    return next((node for node in nodes if node.get("name") == target.node), None)


def _ids(node: Any) -> list[str]:
    """The ids of the credentials that a node names."""
    signed = node.get("credentials")
    entries = signed.values() if isinstance(signed, dict) else ()
    return [str(one["id"]) for one in entries if isinstance(one, dict) and one.get("id")]


def _record(signed: Signed, target: Target, tools: Tools) -> Told:
    """What n8n itself keeps of the credential, beside the onset."""
    try:
        record = tools.server().credential(signed.id)
    except IncidentNbError as error:
        told = f"{str(error).rstrip('.')}."
        return Told(why_not=f"Whether it is still there, and when it was changed, could not be looked at: {told}")
    if record is None:
        return _deleted(signed, target, tools)
    changed, made = time_of(record.get("updatedAt")), time_of(record.get("createdAt"))
    if changed is None or target.onset is None:
        return Told((seen("It is there."),))
    span, own = span_of(target, target.onset), renews_itself(str(record.get("type")))
    new = made is not None and abs(changed - made) <= AT_ONCE
    if own and not new:
        facts = [seen(f"n8n last renewed its token, or it was reconnected or edited, {placed(changed, span.onset)}.")]
        return Told((*facts, *_testing(signed, made, target)))
    what = f"It was {'made' if new else 'last changed'} {placed(changed, span.onset)}"
    if span.began <= changed <= span.onset:
        effects = CHANGED if target.http_code in REFUSALS else CHANGED_BESIDES
        return Told((seen(f"{what}, and no run is known to have gone well with it since.", effects),), bad=True)
    if target.last_seen and changed > target.last_seen:
        return Told((seen(f"{what}, and after the last one: somebody may have mended it. Try again."),))
    if changed > span.onset:
        return Told((seen(f"{what}, and the failures went on."),))
    return Told((seen(f"{what}."), *_testing(signed, made, target)))


def _deleted(signed: Signed, target: Target, tools: Tools) -> Told:
    """n8n 2.x answers that it has no such credential; one out of the key's reach would be refused instead."""
    gone = f"The credential “{signed.name}” no longer exists in n8n"
    try:
        node = _live_node(target, tools)
    except IncidentNbError as error:
        why = str(error).rstrip(".")
        return Told((seen(f"{gone}; whether “{target.node}” still names it could not be looked at: {why}."),), bad=True)
    if node is None:
        return Told((seen(f"{gone}, and “{target.node}” is not in the workflow any more."),), bad=True)
    named = _ids(node)
    if signed.id in named:
        text = f"“{target.node}” names the credential “{signed.name}”, which no longer exists in n8n."
        return Told((seen(text, GONE if target.current else {}),), bad=True)
    return Told((seen(f"{gone}; “{target.node}” names {'another one' if named else 'none'} by now."),))


def _testing(signed: Signed, made: Any, target: Target) -> list[Evidence]:
    """Google's seven days, where the credential is that old and Google refused to renew its token."""
    words = f"{target.message} {target.description}"
    if made is None or target.onset is None or not re.search(GOOGLE, signed.type, re.IGNORECASE):
        return []
    if not re.search(REFUSED, words, re.IGNORECASE) or not TESTING[0] <= target.onset - made <= TESTING[1]:
        return []
    text = f"It was made {placed(made, target.onset)}: as long as Google's tokens last for an app in testing."
    return [seen(text)]


def _owner(signed: Signed, target: Target, tools: Tools) -> list[Evidence]:
    """Whose the credential is in n8n: a project by its name, a person without one, another client's by neither."""
    shared: list[Any] = []
    with suppress(IncidentNbError):
        rows = tools.server().listing("credentials").rows()
        listed = next((row.get("shared") for row in rows if str(row.get("id")) == signed.id), None)
        shared = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    name = next((str(one.get("name")) for one in shared if one.get("role") == "credential:owner"), None)
    if name is None:
        return []
    if "@" in name:
        return [seen("In n8n it belongs to one person; they, or an owner of n8n, can change it.")]
    client = tools.settings.client_of(name, (), name)
    if target.client and client not in (None, target.client):
        return [seen("In n8n it belongs to a project of another client.")]
    return [seen(f"In n8n it belongs to the project “{name}”; its members can change it.")]


def _step(signed: Signed, step: str | None, target: Target) -> str:
    """What to do, and who: an account of the client's own only they can sign in to."""
    told = step or next(step for kind, _, step in KINDS if kind.search(signed.type))
    if renews_itself(signed.type) and target.client:
        told += f" If the account is {target.client}'s own, they have to sign in themselves."
    return told


def _link(signed: Signed, tools: Tools) -> str:
    """Where the credential is in n8n's editor (both versions: route `credentials/:credentialId?` of its home)."""
    if tools.n8n is None or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", signed.id):
        return "The credential is in n8n, under Credentials."
    return f"The credential: {tools.n8n.url}/home/credentials/{signed.id}"
