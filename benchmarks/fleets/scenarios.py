"""The table of scenarios: a name, its family, what is wrong in words, and the function that does it and tells the truth.

The words of a pattern's truth are those of docs/patterns.md, without its thresholds: one_off, a single failing run; burst, a
dense stretch that is over; intermittent, failures with good runs between and no rhythm; recurring, failures at a rhythm
of the clock with good runs between; persistent, failing since an instant and until now; regression, it failed, was well for
days, and fails again. Where words allow two, both are right.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from incident_nb.executions import ExecutionLog

from . import clean, failing, quiet, thin, together
from .build import alarms, by_hand, fleet, log_of, noise
from .faults import Truth
from .fleet import World
from .words import SETS

NOISE = 0.3  # of all failures
LEAST_NOISE, MOST_NOISE = 5, 300
FAMILIES = ("onset", "pattern", "shared", "cross", "green", "silent", "slow", "clean")


class Scenario(NamedTuple):
    """A row of the table. `build`: options of the fleet; `before`: what is laid out differently before it runs; `act`: what
    goes wrong; `sets`: in which sets it is."""

    name: str
    family: str
    words: str
    act: Callable[[World, Any], Truth]
    before: Callable[[World], Any] | None = None
    build: Callable[[Any, np.random.Generator], dict[str, Any]] | None = None
    sets: tuple[str, ...] = ("dev", "test")


@dataclass(frozen=True)
class Made:
    """A fleet: its log, the instant it is seen from (seconds since 1970), and the truth about it."""

    scenario: Scenario
    seed: int
    world: World
    log: ExecutionLog
    truth: Truth


SCENARIOS = [Scenario(*row) for row in (*failing.ROWS, *quiet.ROWS, *together.ROWS, *thin.ROWS, *clean.ROWS)]


def chosen(which: str, family: str | None = None) -> list[Scenario]:
    """The scenarios of a set, or of one family of it; a name counts as a family of its own."""
    rows = [row for row in SCENARIOS if which in row.sets]
    return [row for row in rows if family in (None, row.family, row.name)]


def make(scenario: Scenario, which: str, seed: int) -> Made:
    """The fleet of a scenario; the same set and seed give the same fleet, and no two sets share one."""
    number = {"dev": 1, "test": 7919}[which]
    rng = np.random.default_rng([number, zlib.crc32(scenario.name.encode()), seed])
    words = SETS[which]
    world = fleet(words, rng, **(scenario.build(words, rng) if scenario.build else {}))
    given = scenario.before(world) if scenario.before else None
    world.run_all()
    truth = scenario.act(world, given)
    failing = sum(int(flow.kept[runs].sum()) for flow in world.flows for runs, *_ in flow.errors)
    wanted = int(np.clip(round(failing * NOISE / (1 - NOISE)), LEAST_NOISE, MOST_NOISE))
    noise(world, wanted)
    for flow in world.flows[:2]:
        by_hand(world, flow, int(rng.integers(1, 4)))
    if rng.random() < 0.5:
        alarms(world)
    return Made(scenario, seed, world, log_of(world), truth)
