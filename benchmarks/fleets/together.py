"""Scenarios of several workflows: what their failures share, within a client and across clients, with near misses beside."""

from __future__ import annotations

import collections
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .build import version, versions_at
from .faults import Problem, Shared, Truth, between, by_clock, lasting, said, shared, some
from .fleet import HTTP, Flow, Node, World
from .rhythms import DAY, HOUR
from .words import Wording

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Rates = float | str


@dataclass
class Wired:
    """Workflows made to share something before they run, and what."""

    flows: list[Flow]
    factor: str
    value: str


def usual(world: World, clients: int, fewest: int, most: int) -> list[Flow]:
    """Workflows that run at least daily, of so many clients, at least one of each; never the ones that call others."""
    rng = world.rng
    free = [flow for flow in world.flows if not flow.calls and flow.rhythm.kind != "called"
            and 600 <= flow.rhythm.gap <= DAY / 2]  # fmt: skip
    count = collections.Counter(flow.client for flow in free)
    names = sorted(count, key=lambda name: (-count[name], name))[:clients]
    mine = [flow for flow in free if flow.client in names]
    rng.shuffle(mine)
    first = [next(flow for flow in mine if flow.client == name) for name in names]
    rest = [flow for flow in mine if flow not in first]
    return (first + rest)[: max(len(first), int(rng.integers(fewest, most + 1)))]


def full(flow: Flow) -> None:
    """Its runs get to the fetching node in any case, and it calls by HTTP there."""
    node = flow.nodes[flow.fetch]
    node.type, node.vendor = HTTP, None


def _credential(clients: int, fewest: int = 2, most: int = 6, one_host: bool = False) -> Callable[[World], Wired]:
    """One credential, for one or two hosts; other workflows of the same clients call these hosts with other ones."""

    def wire(world: World) -> Wired:
        flows = usual(world, clients, fewest, most)
        hosts = [
            f"api.{world.pick(world.words.topics)}-hub.example",
            f"v2.{world.pick(world.words.topics)}-hub.example",
        ]
        key = world.key("Hub", flows[0].client, "httpHeaderAuth")
        for place, flow in enumerate(flows):
            full(flow)
            flow.nodes[flow.fetch].host, flow.nodes[flow.fetch].key = hosts[0 if one_host else place % 2], key
        for flow in others(world, flows):
            full(flow)
            flow.nodes[flow.fetch].host = world.pick(hosts)
            flow.nodes[flow.fetch].key = world.key("Hub", flow.client, "httpHeaderAuth")
        return Wired(flows, "credential", key.id)

    return wire


def others(world: World, flows: list[Flow], most: int = 4) -> list[Flow]:
    """Near misses: workflows of the same clients first, then of others."""
    clients = {flow.client for flow in flows}
    rest = [
        flow for flow in world.flows if flow not in flows and flow.rhythm.kind != "called" and flow.rhythm.gap <= DAY
    ]
    return sorted(rest, key=lambda flow: flow.client not in clients)[:most]


def _host(clients: int, fewest: int = 2, most: int = 7) -> Callable[[World], Wired]:
    """One host with a credential of each client; their other workflows use these credentials at another host."""

    def wire(world: World) -> Wired:
        flows = usual(world, clients, fewest, most)
        host = f"gate.{world.pick(world.words.topics)}-net.example"
        keys = {flow.client: world.key("Net", flow.client, "httpHeaderAuth") for flow in flows}
        for flow in flows:
            full(flow)
            flow.nodes[flow.fetch].host, flow.nodes[flow.fetch].key = host, keys[flow.client]
        for flow in others(world, flows, 5):
            full(flow)
            flow.nodes[flow.fetch].host = "files." + host.partition(".")[2]
            flow.nodes[flow.fetch].key = keys.get(flow.client) or world.key("Net", flow.client, "httpHeaderAuth")
        return Wired(flows, "host", host)

    return wire


def _vendor(clients: int) -> Callable[[World], Wired]:
    """Several products of one vendor, each with its own host and kind of node, with credentials of each workflow."""

    def wire(world: World) -> Wired:
        flows, family = usual(world, clients, 4, 7), world.words.family
        for place, flow in enumerate(flows):
            node = flow.nodes[flow.fetch]
            node.type, node.host = family.types[place % 3], family.hosts[place % 3]
            node.vendor, node.key = family.name, world.key(family.name, flow.client, family.credential)
        return Wired(flows, "vendor", family.name)

    return wire


def _node_type(world: World) -> Wired:
    """A kind of node that calls nobody; an update of n8n broke it."""
    flows = usual(world, 3, 3, 6)
    kind = "n8n-nodes-base." + world.pick(("extractFromFile", "xml", "html", "crypto"))
    for flow in flows:
        flow.nodes[flow.fetch] = Node("Read file", kind, 60)
        flow.volume = replace(flow.volume, empty=0.0)
    return Wired(flows, "node_type", kind)


def _of_instance(world: World) -> Wired:
    names = sorted({flow.instance for flow in world.flows})
    name = names[-1]
    return Wired(
        [flow for flow in world.flows if flow.instance == name and flow.rhythm.kind != "called"], "instance", name
    )


def _of_client(world: World) -> Wired:
    """All of a client's workflows, on both servers, with different hosts."""
    names = sorted({flow.client for flow in world.flows})
    name = max(names, key=lambda one: sum(flow.client == one for flow in world.flows))
    mine = [flow for flow in world.flows if flow.client == name and flow.rhythm.kind != "called"]
    for place, flow in enumerate(mine):
        full(flow)
        flow.instance = ("main", "second")[place % 2]
        flow.nodes[flow.fetch].host = f"s{place}.{name.lower()}.example"
        flow.nodes[flow.fetch].key = world.key(f"Server {place}", name, "httpBasicAuth")
    return Wired(mine, "client", name)


def _breaks(causes: tuple[str, ...], rate: Rates = 1.0, *, over: bool = False, mixed: bool = False, across: bool = False,
            status: str = "error") -> Callable[[World, Wired], Truth]:  # fmt: skip
    """All that share it fail since one instant; `over`: for some hours only; `mixed`: each in its own words."""

    def act(world: World, wired: Wired) -> Truth:
        share = world.words.rates[rate] if isinstance(rate, str) else rate
        since = world.now - world.span(0.7, 2.4) * DAY
        hours = world.span(8, 20) * HOUR if over else np.inf
        for _ in range(4):  # a weekend may leave too few runs to speak of
            if sum(len(between(flow, flow.fetch, since, since + hours)) > 1 for flow in wired.flows) > 1:
                break
            since -= DAY
        until = since + hours
        text = said(world, *causes)
        problems = []
        for flow in wired.flows:
            mine: Wording = said(world, *causes) if mixed else text
            runs = between(flow, flow.fetch, since, until)
            if len(runs) < 2:
                if len(runs):  # too few to speak of, but it fails as well
                    flow.busy = True
                    world.fail(flow, runs, flow.fetch, mine, status)
                continue
            problems.append(lasting(world, flow, flow.fetch, mine, since, share, until, status=status))
        return Truth(problems, [shared(world, problems, wired.factor, wired.value, since, across)])

    return act


def _hour(world: World, _: Any) -> Truth:
    """Whatever runs in one hour of the night fails, most of the time: several clients, hosts and credentials."""
    hour = int(world.rng.integers(0, 5))
    problems = []
    since = world.now - world.span(9, 20) * DAY
    text = said(world, "timeout", "outage")
    for flow in usual(world, 3, 4, 7):
        hit = by_clock(flow, flow.fetch, "UTC", [hour])
        hit = some(world, hit[flow.at[hit] >= since], 0.8)
        flow.busy = True
        if len(hit) >= 3:
            problems.append(Problem(flow, flow.fetch, world.fail(flow, hit, flow.fetch, text)))
    return Truth(problems, [Shared([("hour", str(hour))], problems)])


def _weekday(world: World, _: Any) -> Truth:
    """Whatever of some workflows runs on one day of the week fails, most of the time."""
    day = int(world.rng.integers(0, 5))
    problems = []
    text = said(world, "rate_limit", "outage")
    for flow in usual(world, 3, 3, 6):
        hit = some(world, by_clock(flow, flow.fetch, "UTC", days=[day]), 0.8)
        flow.busy = True
        if len(hit) >= 3:
            keep = world.rng.random(len(hit)) < min(1.0, 250 / len(hit))
            problems.append(Problem(flow, flow.fetch, world.fail(flow, hit[keep], flow.fetch, text)))
    return Truth(problems, [Shared([("weekday", DAYS[day])], problems)])


def _version(back_and_forth: bool) -> Callable[[World, Any], Truth]:
    """Two nodes of a workflow fail, now the one and now the other, in a new version only."""

    def act(world: World, _: Any) -> Truth:
        flow = next(iter(flow for flow in world.idle("every", "hook", fewest=200) if flow.rhythm.gap <= 3 * HOUR))
        flow.busy = True
        since = world.now - world.span(3, 6) * DAY
        old = flow.versions[0][1]
        world.deploy(flow, since)
        bad = {1}
        if back_and_forth:  # taken back, and put in again
            for share in (0.35, 0.6):
                at = since + (world.now - since) * share
                flow.versions.append((at, old if share < 0.5 else flow.versions[1][1]))
        runs = between(flow, flow.fetch, since)
        made = versions_at(flow, flow.at[runs])
        hit = runs[np.isin(made, list({1, 3} if back_and_forth else bad))]
        later = min(flow.fetch + 1, len(flow.nodes) - 1)
        at_first = (world.rng.random(len(hit)) < 0.5) | (flow.last[hit] < later)
        problems = []
        fails = world.rng.random(len(hit)) < min(1.0, 200 / len(hit))
        for node, mine in ((flow.fetch, hit[at_first & fails]), (later, hit[~at_first & fails])):
            if len(mine) >= 2:
                problems.append(Problem(flow, node, world.fail(flow, mine, node, said(world, "deploy", "data"))))
        factors = [("version", version(flow, 1))]
        if not back_and_forth:
            factors.append(("workflow", flow.id))
        return Truth(problems, [Shared(factors, problems)])

    return act


def several(
    instances: int = 0, clients: int = 0, flows: int = 26
) -> Callable[[Any, np.random.Generator], dict[str, Any]]:
    """A fleet without sub-workflows, of so many servers and clients."""
    return lambda _, __: {"instances": instances, "clients": clients, "flows": flows, "subs": False}


TWO, THREE = several(2), several(2, 4)

ROWS: list[tuple[Any, ...]] = [
    ("one_credential", "shared", "a credential of one client is refused", _breaks(("credentials",)), _credential(1), several()),
    ("credential_in_part", "shared", "a credential is refused most of the time", _breaks(("rate_limit",), "nearly"),
     _credential(2), several()),
    ("credential_one_host", "shared", "one of several credentials for one host", _breaks(("credentials",)),
     _credential(1, 3, 6, one_host=True), several()),
    ("credential_for_hours", "shared", "a credential was refused for some hours", _breaks(("credentials",), over=True),
     _credential(2, 3, 6), several()),
    ("one_host", "shared", "a host of one client is down", _breaks(("network", "outage")), _host(1), several()),
    ("host_in_part", "shared", "a host answers now and then only", _breaks(("timeout",), "most"), _host(2), several()),
    ("host_in_many_words", "shared", "a host is down, each failure in its own words",
     _breaks(("network", "outage", "timeout"), mixed=True), _host(2, 4, 7), several()),
    ("one_vendor", "shared", "a vendor is down, several of its products", _breaks(("outage",)), _vendor(2), several()),
    ("one_node_type", "shared", "a kind of node is broken", _breaks(("deploy", "data")), _node_type, several()),
    ("new_version", "shared", "a workflow's new version fails at two nodes", _version(False)),
    ("version_and_back", "shared", "a version fails, the one before does not, both ran twice", _version(True)),
    ("one_instance", "shared", "a server has no memory left", _breaks(("infrastructure",), "nearly"), _of_instance,
     several(3, 3)),
    ("instance_crashes", "shared", "a server crashes for some hours",
     _breaks(("infrastructure",), "nearly", over=True, status="crashed"), _of_instance, several(3, 3)),
    ("one_client", "shared", "all of a client's servers refuse us", _breaks(("credentials", "network")), _of_client,
     several(2, 5)),
    ("one_hour", "shared", "what runs in an hour of the night fails", _hour, None, several()),
    ("one_weekday", "shared", "what runs on a weekday fails", _weekday, None, lambda _, __: {"subs": False, "weeks": 5}),
    ("credential_across", "cross", "a credential of several clients is refused", _breaks(("credentials",), across=True),
     _credential(3, 4, 8), THREE),
    ("credential_across_in_part", "cross", "the same, most of the time", _breaks(("rate_limit",), "nearly", across=True),
     _credential(3, 4, 8), THREE),
    ("host_across", "cross", "a host of several clients is down", _breaks(("outage", "network"), across=True),
     _host(3, 4, 8), THREE),
    ("host_across_for_hours", "cross", "it was for some hours", _breaks(("outage", "timeout"), over=True, across=True),
     _host(3, 5, 8), THREE),
    ("vendor_across", "cross", "a vendor of several clients is down", _breaks(("outage",), across=True), _vendor(3), THREE),
    ("host_slow_across", "cross", "a host of several clients times out in most runs",
     _breaks(("timeout",), "most", across=True), _host(2, 4, 8), THREE, ("test",)),
]  # fmt: skip
