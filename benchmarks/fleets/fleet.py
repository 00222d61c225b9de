"""The made-up world: workflows with their nodes, credentials, hosts and volumes, the runs they make, and the log of them.

A workflow's runs are arrays with one entry a run, which faults change before `World.log` makes an ExecutionLog of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .rhythms import DAY, Rhythm, local_clock
from .words import Vendor, Wording, Words

UNKNOWN = -1  # items of a node that gave none out that n8n kept
HTTP = "n8n-nodes-base.httpRequest"


@dataclass(frozen=True)
class Key:
    """A credential."""

    kind: str
    id: str
    name: str


@dataclass
class Node:
    """A node. `share`: what part of its items it passes on (0: one whatever comes); `ms`, `per_item`: how long it takes."""

    name: str
    type: str
    ms: float = 20.0
    per_item: float = 0.0
    share: float = 1.0
    host: str | None = None
    path: str = "/"
    key: Key | None = None
    vendor: str | None = None
    note: str = ""  # differs between versions of a workflow
    off: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)

    def kept(self) -> dict[str, Any]:
        """As a snapshot keeps it."""
        parameters: dict[str, Any] = {**self.parameters, **({"notes": self.note} if self.note else {})}
        if self.type == HTTP:
            parameters |= {"method": "GET", "url": f"https://{self.host}{self.path}", "options": {}}
        return {
            "type": self.type, "type_version": 1, "parameters": parameters,
            "credentials": {self.key.kind: {"id": self.key.id, "name": self.key.name}} if self.key else None,
            "disabled": True if self.off else None, "on_error": None, "retry": {},
        }  # fmt: skip


@dataclass
class Volume:
    """How many items the first fetching node gets: `mean` a run on a workday, none in a share `empty` of the runs, at the
    weekend a share `weekend`, at a month's end `month_end` times, `growth` times from the window's begin to its end."""

    mean: float = 1.0
    empty: float = 0.0
    weekend: float = 1.0
    month_end: float = 1.0
    growth: float = 1.0
    spread: float = 0.0  # of the run's own mean, as log-normal sigma
    monday: float = 1.0  # times on Mondays
    by_day: float = 0.0  # of each day's mean, likewise: what comes in on one day comes from one source


@dataclass
class Flow:
    """A workflow and its runs."""

    number: int
    id: str
    name: str
    client: str
    instance: str
    rhythm: Rhythm
    nodes: list[Node]
    volume: Volume
    fetch: int = 1  # the position of the node that `volume` speaks of
    versions: list[tuple[float, list[Node]]] = field(default_factory=list)  # since when, the nodes then
    calls: Flow | None = None  # the sub-workflow that its last node calls
    begins: float = 0.0
    ends: float = np.inf
    only_failures: bool = False  # n8n is told not to keep its good runs
    busy: bool = False  # taken by a fault: no other fault and no noise may touch it
    at: np.ndarray = field(default_factory=lambda: np.array([]))
    mode: np.ndarray = field(default_factory=lambda: np.array([], dtype=object))
    status: np.ndarray = field(default_factory=lambda: np.array([], dtype=object))
    last: np.ndarray = field(default_factory=lambda: np.array([], dtype=int))
    items: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=int))
    ms: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    kept: np.ndarray = field(default_factory=lambda: np.array([], dtype=bool))
    caller: np.ndarray = field(default_factory=lambda: np.array([], dtype=object))  # (workflow, position) or None
    again: np.ndarray = field(default_factory=lambda: np.array([], dtype=int))  # position of the run it retries
    errors: list[tuple[np.ndarray, int, str, Wording, int | None]] = field(default_factory=list)
    children: dict[int, tuple[Flow, int, int]] = field(
        default_factory=dict
    )  # by run: who failed under it, its run, node
    ids: np.ndarray = field(default_factory=lambda: np.array([], dtype=object))

    def reached(self, node: int) -> np.ndarray:
        """Positions of the good runs, oldest first, that got to a node of their own accord."""
        hit = (self.last >= node) & (self.status == "success") & (self.mode != "manual") & self.kept
        found = np.flatnonzero(hit)
        return found[np.argsort(self.at[found], kind="stable")]


@dataclass
class World:
    """A fleet between two instants (seconds since 1970), with all that chance needs to make it."""

    words: Words
    rng: np.random.Generator
    start: float
    now: float
    flows: list[Flow] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)
    slow_days: list[tuple[float, float, float]] = field(default_factory=list)  # from, to, times
    closed: list[tuple[float, float, str | None]] = field(default_factory=list)  # from, to, instance or all
    holidays: list[float] = field(default_factory=list)  # the day's begin
    names: set[str] = field(default_factory=set)

    def token(self, length: int = 16) -> str:
        letters = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"))
        return "".join(letters[self.rng.integers(0, len(letters), length)])

    def pick(self, of: Any) -> Any:
        return of[int(self.rng.integers(0, len(of)))]

    def span(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def key(self, vendor: str, client: str, kind: str) -> Key:
        return Key(kind, self.token(), f"{vendor} {client}")

    def idle(self, *kinds: str, fewest: int = 60, deliver: bool = False) -> list[Flow]:
        """Workflows free for a fault, in chance order: of these rhythms, with at least so many runs to speak of."""
        free = [
            flow for flow in self.flows
            if not flow.busy and not flow.calls and flow.rhythm.kind != "called" and not flow.only_failures
            and flow.ends > self.now and flow.begins <= self.start and (not kinds or flow.rhythm.kind in kinds)
            and len(flow.reached(len(flow.nodes) - 1 if deliver else flow.fetch)) >= fewest
        ]  # fmt: skip
        self.rng.shuffle(free)
        return free

    # --- runs

    def run_all(self) -> None:
        """Lets every workflow run through the window."""
        for flow in self.flows:
            if flow.rhythm.kind != "called":
                at = flow.rhythm.times(max(self.start, flow.begins), min(self.now, flow.ends), self.rng)
                self.add(flow, self._open(flow, at), "webhook" if flow.rhythm.kind == "hook" else "trigger")
        for flow in self.flows:
            if flow.calls is not None:
                called = flow.reached(len(flow.nodes) - 1)
                lag = flow.ms[called, : len(flow.nodes) - 1].sum(axis=1) / 1000 + 0.05
                position = self.add(flow.calls, flow.at[called] + lag, "integrated")
                for mine, parent in zip(position, called, strict=True):
                    flow.calls.caller[mine] = (flow, int(parent))

    def _open(self, flow: Flow, at: np.ndarray) -> np.ndarray:
        for begin, end, instance in self.closed:
            if instance in (None, flow.instance):
                at = at[(at < begin) | (at >= end)]
        for day in self.holidays:
            if flow.rhythm.kind == "hook":
                at = at[(at < day) | (at >= day + DAY) | (self.rng.random(len(at)) < 0.12)]
        return at

    def add(self, flow: Flow, at: np.ndarray, mode: str) -> np.ndarray:
        """Appends runs at these instants; gives their positions."""
        count, before = len(at), len(flow.at)
        items = self._items(flow, at)
        last = np.where((items == 0).any(axis=1), (items == 0).argmax(axis=1), len(flow.nodes) - 1)
        ms = self._ms(flow, at, items)
        flow.at = np.concatenate([flow.at, at])
        flow.mode = np.concatenate([flow.mode, np.full(count, mode, dtype=object)])
        flow.status = np.concatenate([flow.status, np.full(count, "success", dtype=object)])
        flow.last = np.concatenate([flow.last, last.astype(int)])
        flow.items = np.concatenate([flow.items.reshape(before, len(flow.nodes)), items])
        flow.ms = np.concatenate([flow.ms.reshape(before, len(flow.nodes)), ms])
        flow.kept = np.concatenate([flow.kept, np.ones(count, dtype=bool)])
        flow.caller = np.concatenate([flow.caller, np.full(count, None, dtype=object)])
        flow.again = np.concatenate([flow.again, np.full(count, -1)])
        return np.arange(before, before + count)

    def _items(self, flow: Flow, at: np.ndarray) -> np.ndarray:
        rng, volume, count = self.rng, flow.volume, len(at)
        mean = np.full(count, volume.mean)
        _, days = local_clock(at, flow.rhythm.zone)
        mean *= np.where(days >= 5, volume.weekend, 1.0)
        mean *= np.where(days == 0, volume.monday, 1.0)
        if volume.by_day:
            days, day = np.unique(at // DAY, return_inverse=True)
            mean *= rng.lognormal(-(volume.by_day**2) / 2, volume.by_day, len(days))[day]
        if volume.month_end != 1:
            dates = (at / DAY).astype("int64").astype("datetime64[D]")
            left = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]") - dates
            mean *= np.where(left.astype(int) <= 2, volume.month_end, 1.0)
        for day in self.holidays:
            mean *= np.where((at >= day) & (at < day + DAY) & (volume.weekend < 1), volume.weekend, 1.0)
        mean *= volume.growth ** ((at - self.start) / (self.now - self.start))
        mean *= rng.lognormal(-(volume.spread**2) / 2, volume.spread, count) if volume.spread else 1.0
        fetched = np.ones(count, dtype=int) if volume.mean == 1 else rng.poisson(mean)
        fetched = np.where(rng.random(count) < volume.empty, 0, fetched)
        columns = []
        for position, node in enumerate(flow.nodes):
            if position < flow.fetch:
                given = np.ones(count, dtype=int)
            elif position == flow.fetch:
                given = fetched
            elif node.share == 0:
                given = np.minimum(columns[-1], 1)
            else:
                given = rng.binomial(columns[-1], node.share) if node.share < 1 else columns[-1]
            columns.append(given)
        return np.stack(columns, axis=1) if columns else np.zeros((count, 0), dtype=int)

    def _ms(self, flow: Flow, at: np.ndarray, items: np.ndarray) -> np.ndarray:
        base = np.array([node.ms for node in flow.nodes]) + items * np.array([node.per_item for node in flow.nodes])
        spread = np.array([0.35 if node.host or node.vendor else 0.2 for node in flow.nodes])
        ms = base * self.rng.lognormal(0, spread, items.shape)
        ms *= np.where(self.rng.random(items.shape) < 0.004, self.rng.uniform(3, 12, items.shape), 1.0)  # a slow answer
        for begin, end, times in self.slow_days:
            ms[(at >= begin) & (at < end)] *= times
        return ms

    # --- what goes wrong

    def fail(
        self, flow: Flow, runs: np.ndarray, node: int, said: Wording, status: str = "error", place: str = "execution"
    ) -> np.ndarray:
        """Ends these runs at a node with an error."""
        flow.status[runs] = status
        flow.last[runs] = node
        flow.items[runs, node] = UNKNOWN
        flow.ms[runs, node] = said.ms * self.rng.lognormal(0, 0.1, len(runs))
        flow.errors.append((runs, node, "crash" if status == "crashed" else place, said, None))
        return runs

    def swallow(self, flow: Flow, runs: np.ndarray, node: int, said: Wording, place: str) -> np.ndarray:
        """Puts an error into runs that go on and end well."""
        flow.errors.append((runs, node, place, said, 1 if place == "item" else None))
        return runs

    def deploy(self, flow: Flow, at: float, note: str = "", **changed: dict[str, Any]) -> None:
        """A new version of a workflow from an instant on; `changed`: fields of nodes by the nodes' names."""
        nodes = flow.versions[-1][1] if flow.versions else flow.nodes
        nodes = [replace(node, **changed.get(node.name, {})) for node in nodes]
        nodes[-1].note = note or f"edited {self.token(6)}"
        flow.versions.append((at, nodes))


def layout(world: World, rhythm: Rhythm, client: str, instance: str, shop: dict[str, Any]) -> Flow:
    """A workflow of one of four usual shapes, with the client's credentials and a volume that suits its rhythm."""
    number, pick = len(world.flows), world.pick
    topic = pick(world.words.topics)
    source: Vendor = pick(world.words.vendors)
    target: Vendor = pick([vendor for vendor in world.words.vendors if vendor is not source])
    host = pick([shop["own_host"], pick(world.words.hosts)])
    kind, parameters = rhythm.trigger
    begin = {"hook": "Webhook", "called": "When called"}.get(rhythm.kind, "Schedule")
    trigger = Node(begin, kind, 1.0, parameters=parameters)
    get = Node(f"Get {topic}", HTTP, world.span(80, 900), world.span(0, 4), host=host, path=f"/v1/{topic}",
               key=shop["keys"].setdefault(host, world.key(host, client, "httpHeaderAuth")))  # fmt: skip
    look = _native(world, f"Find {topic}", source, shop, client)
    shape = Node(pick(("Map fields", "Prepare", "Normalise")), "n8n-nodes-base.code", world.span(5, 40), 0.2)
    some = Node(
        pick(("New only", "Is it ours?", "Filter")), "n8n-nodes-base.filter", 3, 0.05, share=world.span(0.5, 0.95)
    )
    put = _native(world, f"{pick(('Save', 'Update', 'Create'))} {topic}", target, shop, client)
    tell = _native(world, "Tell the team", world.words.vendors[2], {"keys": shop["house"]}, "house", share=0)
    first = get if world.rng.random() < 0.6 else look
    nodes = [trigger, first, shape, some, put] if rhythm.kind != "hook" else [trigger, shape, first, put]
    if world.rng.random() < 0.4:
        nodes.append(tell)
    name = f"[{client}] {topic.capitalize()} {pick(('sync', 'intake', 'report', 'check', 'export'))}"
    while name in world.names:
        name += f" {len(world.names)}"
    world.names.add(name)
    volume, fetch = _volume(world, rhythm), 1
    if rhythm.kind in ("hook", "called"):
        volume, fetch = Volume(1.0 if world.rng.random() < 0.7 else world.span(2, 6)), len(nodes) - 1
        fetch = nodes.index(first)
        some.share = 1.0
    flow = Flow(number, world.token(), name, client, instance, rhythm, nodes, volume, fetch)
    flow.versions.append((0.0, nodes))
    world.flows.append(flow)
    return flow


def _native(world: World, name: str, vendor: Vendor, shop: dict[str, Any], client: str, share: float = 1.0) -> Node:
    key = shop["keys"].setdefault(vendor.name, world.key(vendor.name, client, vendor.credential))
    return Node(name, vendor.types[0], world.span(120, 700), world.span(0, 6), share, vendor.hosts[0], f"/v1/{name[:4]}",
                key, vendor.name)  # fmt: skip


def _volume(world: World, rhythm: Rhythm) -> Volume:
    """Frequent polls are empty most of the time or bring a few; rarer ones bring many."""
    span = world.span
    if rhythm.gap <= 1800:
        if world.rng.random() < 0.5:
            return Volume(span(1.5, 4), empty=span(0.6, 0.96))
        return Volume(span(5, 15), weekend=span(0.5, 1.0), spread=span(0.1, 0.4))
    return Volume(span(20, 120), weekend=span(0.35, 1.0), spread=span(0.1, 0.4))
