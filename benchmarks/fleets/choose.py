"""Which workflow and node of a fleet a fault is given to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .faults import Truth
from .fleet import Flow, World

Act = Callable[[World, Any], Truth]
ANY = ("credentials", "network", "outage", "timeout", "api_changed", "data", "rate_limit")
TEST_ONLY = ("test",)
POLL, HOOK, DAILY = ("every",), ("hook",), ("daily",)


def a_flow(world: World, *kinds: str, fewest: int = 60, low: float = 0, high: float = np.inf) -> Flow:
    """A free workflow of these rhythms whose runs are between so many seconds apart; of any rhythm where there is none."""
    found = [flow for flow in world.idle(*kinds, fewest=fewest) if low <= flow.rhythm.gap <= high]
    return (found or world.idle(*kinds, fewest=20) or world.idle(fewest=20) or world.idle(fewest=8))[0]


def some_node(world: World, flow: Flow) -> int:
    """The fetching node mostly, or a later one that enough runs get to."""
    if world.rng.random() < 0.35 and len(flow.reached(len(flow.nodes) - 1)) >= 60:
        return int(world.rng.integers(flow.fetch, len(flow.nodes)))
    return flow.fetch


def failing_runs(world: World) -> int:
    """How many runs get to the node since it fails: few to many."""
    return int(np.exp(world.span(np.log(5), np.log(150))))


def rate_of(world: World, rate: Any) -> Any:
    """A rate, which a name stands for where the sets differ in it."""
    return world.words.rates[rate] if isinstance(rate, str) else rate
