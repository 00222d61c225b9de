"""Which endpoints of ours a workflow calls, and at which address each is asked how it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.http import is_loopback
from incident_nb.probes.target import Target, Tools, running_nodes
from incident_nb.settings import App

MOST_OTHERS = 4
# Where nodes keep the address that they call: HTTP Request, GraphQL, MCP client, models with an address of their own.
_KEYS = ("url", "endpoint", "endpointUrl", "sseEndpoint")
_OPTIONS = ("baseURL", "baseUrl")
_LITERAL = re.compile(r"=?\s*(https?)://([A-Za-z0-9.-]+)(:\d{1,5})?(?=[/?#]|\s*$)")


class Place(NamedTuple):
    """One endpoint: its host, the origin that is asked, the nodes that call it, and the Modal app behind it if mapped."""

    host: str
    base: str
    nodes: tuple[str, ...]
    app: App | None

    @property
    def on_modal(self) -> bool:
        return self.host.endswith(".modal.run") or self.app is not None


class Places(NamedTuple):
    """The failing node's endpoint, or None and why there is none to ask; the workflow's other endpoints of ours.

    `open`: the failing node may call one of ours all the same, which could not be found out. `host`: where it is known.
    """

    failing: Place | None
    others: tuple[Place, ...] = ()
    why_not: str = ""
    open: bool = False
    host: str | None = None


def places_of(target: Target, tools: Tools) -> Places:
    """The endpoints of ours in a workflow's definition: as it failed, and where that says too little, as it is now."""
    found, hidden = _of_nodes(_recorded(target), tools)
    read = bool(target.nodes)
    wanted = _wanted(target, found)
    if not read or (wanted and wanted not in found):
        live = _live(target, tools)
        read = read or bool(live)
        more, more_hidden = _of_nodes(live, tools)
        found, hidden = {**more, **found}, hidden or more_hidden
        wanted = _wanted(target, found)
    failing = _failing(wanted, found, target, tools)
    others = tuple(place for place in found.values() if failing is None or place.host != failing.host)[:MOST_OTHERS]
    if failing:
        return Places(failing, others)
    why, is_open = _why_not(wanted, target, tools, read, hidden)
    return Places(None, others, why, is_open, wanted)


def _wanted(target: Target, found: dict[str, Place]) -> str | None:
    """The host that the failing node calls: as its error says, else as its definition does."""
    if target.host:
        return target.host.lower()
    return next((host for host, place in found.items() if target.node in place.nodes), None)


def _failing(host: str | None, found: dict[str, Place], target: Target, tools: Tools) -> Place | None:
    if host is None:
        return None
    app = tools.settings.modal.apps.get(host)
    unread = Place(host, f"https://{host}", (target.node or "",), app) if app else None
    return found.get(host, unread)


def _why_not(host: str | None, target: Target, tools: Tools, read: bool, hidden: list[str]) -> tuple[str, bool]:
    """Why no endpoint of the failing node can be asked, and whether that leaves open if it is one of ours."""
    if target.node is None and target.host is None:
        return "no node failed", False
    node = f"“{target.node}”"
    if host and _ours(host, tools):
        return f"{host} stands in the error alone, in no definition that was read, and such a host is never asked", True
    if host:
        return f"{node} calls {host}, which is not among own_hosts", False
    if not read:
        return "the workflow's definition is not known", True
    if target.node in hidden:
        return f"the address that {node} calls is put together when it runs", True
    return f"{node} calls no endpoint of ours", False


def _of_nodes(nodes: Iterable[tuple[str, Any]], tools: Tools) -> tuple[dict[str, Place], list[str]]:
    """Each host of ours that the nodes call, and the nodes whose address is known only when they run."""
    found: dict[str, Place] = {}
    hidden = []
    for name, parameters in nodes:
        for address in _addresses(parameters):
            at = _LITERAL.match(address)
            if at is None:
                hidden.append(name)
                continue
            host = at[2].lower()
            if not _ours(host, tools):
                continue
            known = found.get(host)
            nodes_so_far = (*known.nodes, name) if known else (name,)
            found[host] = Place(host, _base(*at.groups()), nodes_so_far, tools.settings.modal.apps.get(host))
    return found, hidden


def _ours(host: str, tools: Tools) -> bool:
    """Whether a host is the agency's: by its name, or since the settings say which app is behind it."""
    return tools.is_own(host) or host in tools.settings.modal.apps


def _base(scheme: str, host: str, port: str | None) -> str:
    """The origin to ask: by https, except on loopback."""
    plain = scheme == "http"
    if is_loopback(host):
        return f"{scheme}://{host.lower()}{port or ''}"
    return f"https://{host.lower()}{'' if plain else port or ''}"


def _addresses(parameters: Any) -> Iterator[str]:
    if not isinstance(parameters, dict):
        return
    options = parameters.get("options")
    values = [parameters.get(key) for key in _KEYS]
    values += [options.get(key) for key in _OPTIONS] if isinstance(options, dict) else []
    yield from (value for value in values if isinstance(value, str) and value.strip())


def _recorded(target: Target) -> Iterator[tuple[str, Any]]:
    for name, node in target.nodes.items():
        if not node.get("disabled"):
            yield name, node.get("parameters")


def _live(target: Target, tools: Tools) -> list[tuple[str, Any]]:
    if target.workflow_id is None:
        return []
    try:
        workflow = tools.workflow(target.workflow_id)
    except IncidentNbError:
        return []  # no server to ask: what the records hold is all there is
    nodes = running_nodes(workflow)
    return [(str(node.get("name")), node.get("parameters")) for node in nodes if not node.get("disabled")]
