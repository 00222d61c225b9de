"""What rows of `workflows.CASES` are made of: makers of a workflow, and turns, which are what makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests_n8n import misbehave as m
from tests_n8n.nodes import Node, Workflow, call, called, fields, flow, http, nothing, webhook, with_credential
from tests_n8n.stage import Place

Build = Callable[[Place], Workflow]
Turn = Callable[[Place], None]

ORDER = '={{ JSON.stringify({ number: 1001, email: "kim@customer.test", total: "12,50" }) }}'


def gets(**how: Any) -> Build:
    """Webhook, then a GET of the service."""
    return lambda place: flow(place.title, webhook(place.hook), http(place.url, **how))


def sends(**how: Any) -> Build:
    """Webhook, then a POST of an order to the service."""
    return lambda place: flow(place.title, webhook(place.hook), http(place.url, "POST", body=ORDER, **how))


def gets_then(*more: Node, **how: Any) -> Build:
    """Webhook, a GET of the service, then further nodes."""
    return lambda place: flow(place.title, webhook(place.hook), http(place.url, **how), *more)


def takes(*more: Node) -> Build:
    """Webhook, then further nodes that work on what it got."""
    return lambda place: flow(place.title, webhook(place.hook), *more)


def signed(kind: str, data: dict[str, Any], *, select: bool = True) -> Build:
    """Webhook, then a GET with a credential of this kind, made for it."""

    def build(place: Place) -> Workflow:
        name = f"Service {place.number:02}"
        chosen = place.credential(kind, data, name) if select else ""
        return flow(place.title, webhook(place.hook), with_credential(http(place.url), kind, chosen, name))

    return build


def to(address: str) -> Build:
    """Webhook, then a GET of a fixed address; `{port}` is a port at which plain HTTP is spoken."""

    def build(place: Place) -> Workflow:
        port = place.url.split(":")[2].split("/")[0]
        return flow(place.title, webhook(place.hook), http(address.format(host=place.host, port=port)))

    return build


def calls_sub(place: Place) -> Workflow:
    """Webhook, then a sub-workflow; on 2.x that must be published, on 1.x it can't be activated."""
    place.kept["sub"] = place.n8n.create(flow(f"{place.title} lines", called(), fields(state="done"), nothing()))
    if place.n8n.version.startswith("2."):
        place.n8n.activate(place.kept["sub"])
    return flow(place.title, webhook(place.hook), call(place.kept["sub"]))


def calls_hook(place: Place) -> Workflow:
    """Webhook, then a POST to the webhook of another workflow of the same n8n."""
    hook = f"{place.hook}-next"
    place.kept["next"] = place.n8n.create(flow(f"{place.title} next", webhook(hook), fields(state="done")))
    place.n8n.activate(place.kept["next"])
    return flow(place.title, webhook(place.hook), http(f"{place.n8n.url}/webhook/{hook}", "POST", body=ORDER))


def answers(act: m.Act) -> Turn:
    """The service does that from now on."""
    return lambda place: place.answers(act)


def edited(build: Build) -> Turn:
    """Somebody edits the workflow."""
    return lambda place: place.edit(build(place))


def key_changed(place: Place) -> None:
    """The service wants another key from now on than the one in the credential."""
    place.answers(m.guarded("X-Api-Key", "key-for-tests-2"))


def package_gone(place: Place) -> None:
    """The community package of a node in the sub-workflow was uninstalled.

    In the workflow itself it leaves no execution: its webhook answers 400 (2.x) or 500 (1.x) before there is one.
    """
    place.n8n.rename_type(place.kept["sub"], "n8n-nodes-base.noOp", "n8n-nodes-acmecrm.acmeCrm")
