"""One function a kind of fault: each changes the runs of a fleet and gives the truth about what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .build import wording
from .fleet import Flow, World
from .rhythms import HOUR, local_clock
from .words import Wording


@dataclass
class Problem:
    """Failures of one workflow at one node. `onset`: when it began, None where no instant is meant; `patterns`: the
    classes that its words allow, none where the class is not asked for."""

    flow: Flow
    node: int
    runs: np.ndarray
    onset: float | None = None
    patterns: tuple[str, ...] = ()

    @property
    def ids(self) -> set[str]:
        return set(self.flow.ids[self.runs[self.flow.kept[self.runs]]])


@dataclass
class Shared:
    """What the problems have in common: every (factor, value) that the data can't tell from the true one, which is first."""

    factors: list[tuple[str, str]]
    problems: list[Problem]
    across: bool = False  # whether its clients have to be told as well

    @property
    def clients(self) -> set[str]:
        return {problem.flow.client for problem in self.problems}


@dataclass
class Green:
    """Runs that n8n calls good and that were none."""

    flow: Flow
    kinds: tuple[str, ...]
    since: float


@dataclass
class Silent:
    flow: Flow
    last_run: float


@dataclass
class Slow:
    flow: Flow
    node: int | None
    shape: str
    since: float | None


@dataclass
class Truth:
    """All there is to be found in a fleet. `spared`: (table, workflow's id) about which nothing can be said for sure; a row
    there is neither right nor wrong."""

    problems: list[Problem] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    greens: list[Green] = field(default_factory=list)
    silents: list[Silent] = field(default_factory=list)
    slows: list[Slow] = field(default_factory=list)
    spared: set[tuple[str, str]] = field(default_factory=set)

    @property
    def clean(self) -> bool:
        return not (self.problems or self.shared or self.greens or self.silents or self.slows)


# --- when


def before_last(world: World, flow: Flow, node: int, runs: int) -> float:
    """An instant by chance between two runs, after which so many that get to the node are left."""
    at = flow.at[flow.reached(node)]
    place = max(1, len(at) - min(runs, len(at) - 2))
    return float(world.rng.uniform(at[place - 1] + 1, at[place]))


def in_middle(world: World, flow: Flow, node: int, low: float = 0.25, high: float = 0.7) -> float:
    """An instant in the middle of the workflow's history."""
    at = flow.at[flow.reached(node)]
    return before_last(world, flow, node, int(len(at) * (1 - world.span(low, high))))


def between(flow: Flow, node: int, since: float, until: float = np.inf) -> np.ndarray:
    runs = flow.reached(node)
    return runs[(flow.at[runs] >= since) & (flow.at[runs] < until)]


def some(world: World, runs: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """A share of the runs by chance."""
    return runs[world.rng.random(len(runs)) < rate]


# --- failing


def lasting(
    world: World, flow: Flow, node: int, said: Wording, since: float, rate: float | tuple[float, float] = 1.0,
    until: float = np.inf, patterns: tuple[str, ...] = (), status: str = "error", dated: bool = True,
) -> Problem:  # fmt: skip
    """Failing from an instant on, at a rate or at one that goes from the first to the second."""
    flow.busy = True
    runs = between(flow, node, since, until)
    share = np.linspace(*rate, len(runs)) if isinstance(rate, tuple) else np.full(len(runs), rate)
    hit = some(world, runs, share)
    if len(hit) < 2:
        hit = runs[:2]
    world.fail(flow, hit, node, said, status)
    return Problem(flow, node, hit, since if dated else None, patterns)


def stray(world: World, flow: Flow, node: int, said: Wording, before: float, count: int = 1) -> np.ndarray:
    """So many failures at the node well before an instant, apart from each other."""
    runs = between(flow, node, world.start, before)
    runs = runs[2 : max(3, len(runs) - max(8, len(runs) // 10))]
    hit = runs[np.unique(np.linspace(len(runs) // 4, len(runs) - 1, count).astype(int))]
    return world.fail(flow, hit, node, said)


def outage(world: World, flow: Flow, node: int, said: Wording, runs: int, rate: float = 1.0, **more: Any) -> Problem:
    """A dense stretch in the middle that is over."""
    begin = in_middle(world, flow, node)
    after = between(flow, node, begin)
    until = float(flow.at[after[min(runs, len(after) - 1)]]) - 1
    return lasting(world, flow, node, said, begin, rate, until, **more)


def now_and_then(world: World, flow: Flow, node: int, said: Wording, rate: float) -> Problem:
    """Failing at a low rate over the whole window."""
    flow.busy = True
    runs = flow.reached(node)
    hit = some(world, runs, rate)
    if len(hit) < 3:
        hit = runs[np.sort(world.rng.choice(len(runs), 3, replace=False))]
    return Problem(flow, node, world.fail(flow, hit, node, said), None, ("intermittent",))


def first_after(flow: Flow, node: int, marks: np.ndarray) -> np.ndarray:
    """The first run after each of these instants."""
    runs = flow.reached(node)
    place = np.unique(np.searchsorted(flow.at[runs], marks))
    return runs[place[place < len(runs)]]


def on_marks(world: World, flow: Flow, node: int, said: Wording, hit: np.ndarray, lucky: float = 0.0) -> Problem:
    """Failing in these runs, of which a share is lucky."""
    flow.busy = True
    hit = hit[world.rng.random(len(hit)) >= lucky]
    return Problem(flow, node, world.fail(flow, hit, node, said), None, ("recurring",))


def by_clock(flow: Flow, node: int, zone: str, hours: Sequence[int] = range(24), days: Sequence[int] = range(7)) -> Any:
    """The runs that get to the node in these hours of these days by a zone's clock."""
    runs = flow.reached(node)
    hour, day = local_clock(flow.at[runs], zone)
    return runs[np.isin(hour, list(hours)) & np.isin(day, list(days))]


def every(world: World, hours: float, since: float) -> np.ndarray:
    """Instants so many hours apart."""
    return np.arange(since + world.span(0, hours) * HOUR, world.now, hours * HOUR)


# --- what failures share

# What a node, or its workflow, is told apart by.
FACTORS = ("credential", "host", "vendor", "node_type", "instance", "client", "workflow")


def of_node(flow: Flow, node: int, factor: str) -> str | None:
    """The value of a factor at a node."""
    here = flow.nodes[node]
    values: dict[str, str | None] = {
        "credential": here.key.id if here.key else None, "host": here.host, "vendor": here.vendor,
        "node_type": here.type, "instance": flow.instance, "client": flow.client, "workflow": flow.id,
    }  # fmt: skip
    return values[factor]


def users(world: World, factor: str, value: str, since: float) -> set[int]:
    """The workflows that had runs since an instant which got to a node with the factor's value."""
    return {
        flow.number for flow in world.flows if flow.rhythm.kind != "called"
        for node in range(1, len(flow.nodes))
        if of_node(flow, node, factor) == value and (flow.at[flow.last >= node] >= since).any()
    }  # fmt: skip


def shared(
    world: World, problems: list[Problem], factor: str, value: str, since: float, across: bool = False
) -> Shared:
    """The truth of a shared fault, with the factors that have the same workflows."""
    mine = users(world, factor, value, since)
    factors = [(factor, value)]
    for other in FACTORS:
        values = {of_node(problem.flow, problem.node, other) for problem in problems}
        only = values.pop()
        if not values and only is not None and other != factor and users(world, other, only, since) == mine:
            factors.append((other, only))
    return Shared(factors, problems, across)


# --- falsely green


def no_items(world: World, flow: Flow, node: int, since: float, rate: float = 1.0) -> Green:
    """The node gives nothing out since an instant."""
    flow.busy = True
    runs = some(world, between(flow, node, since), rate)
    flow.items[runs, node] = 0
    flow.last[runs] = node
    return Green(flow, ("zero_items",), since)


def fewer_items(world: World, flow: Flow, since: float, share: float) -> Green:
    """The first fetching node gives out only a share of what it used to, since an instant."""
    flow.busy = True
    runs = between(flow, flow.fetch, since)
    part = flow.items[np.ix_(runs, range(flow.fetch, len(flow.nodes)))]
    flow.items[np.ix_(runs, range(flow.fetch, len(flow.nodes)))] = np.where(
        part > 1, np.maximum(world.rng.binomial(part, share), 1), part
    )
    return Green(flow, ("fewer_items",), since)


def swallowed(world: World, flow: Flow, node: int, said: Wording, since: float, place: str, rate: Any = 1.0) -> Green:
    """Errors of a node that goes on (`item`, `node`), or in the body of a good answer (`body`), since an instant."""
    flow.busy = True
    runs = between(flow, node, since)
    runs = some(world, runs, np.linspace(*rate, len(runs)) if isinstance(rate, tuple) else rate)
    world.swallow(flow, runs, node, said, place)
    return Green(flow, ("error_body",) if place == "body" else ("swallowed_error",), since)


def short(flow: Flow, since: float, share: float = 0.04) -> Green:
    """The runs take a small part of the time that they used to, since an instant."""
    flow.busy = True
    runs = between(flow, flow.fetch, since)
    flow.ms[runs] *= share
    return Green(flow, ("short_runs",), since)


# --- silent, slow


def stops(flow: Flow, since: float) -> Silent:
    """No run begins any more from an instant on."""
    flow.busy = True
    flow.kept[flow.at >= since] = False
    return Silent(flow, float(flow.at[flow.kept].max()))


def slower(flow: Flow, node: int, since: float, times: float) -> Slow:
    """A node takes so many times as long from an instant on."""
    flow.busy = True
    flow.ms[flow.at >= since, node] *= times
    return Slow(flow, node, "step", since)


def creeps(world: World, flow: Flow, node: int | None, times: float) -> Slow:
    """A node, or all of them, takes longer and longer, so many times as long at the end."""
    flow.busy = True
    factor = times ** ((flow.at - world.start) / (world.now - world.start))
    if node is None:
        flow.ms *= factor[:, None]
    else:
        flow.ms[:, node] *= factor
    return Slow(flow, node, "creep", None)


def said(world: World, *causes: str) -> Wording:
    """A text of one of these causes."""
    return wording(world, world.pick(causes))
