"""Scenarios of one workflow that fails without an error: falsely green, silent, slow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import faults as do
from .choose import DAILY, HOOK, POLL, TEST_ONLY, Act, a_flow, rate_of, some_node
from .faults import Problem, Truth, before_last, in_middle, said
from .fleet import Flow, World
from .rhythms import DAY, HOUR, Rhythm

# --- falsely green


def _full(world: World, *kinds: str, low: float = 0, high: float = np.inf) -> Flow:
    """A workflow whose runs bring items nearly always."""
    found = [flow for flow in world.idle(*kinds, fewest=20) if flow.volume.empty < 0.2 and flow.volume.mean >= 4
             and low <= flow.rhythm.gap <= high]  # fmt: skip
    found = found or [flow for flow in world.idle(fewest=20) if flow.volume.empty < 0.2 and flow.volume.mean >= 4]
    return found[0]


def fill(world: World) -> None:
    """Before the runs: half of the frequent polls bring items every time."""
    for flow in world.flows:
        if flow.rhythm.kind in ("every", "office") and flow.volume.mean < 5 and flow.number % 2 == 0:
            flow.volume.mean, flow.volume.empty, flow.volume.spread = world.span(6, 18), 0.0, 0.2


def _recently(world: World, flow: Flow, node: int) -> float:
    """An instant before at least a day, and eight runs, of what comes now."""
    at = flow.at[flow.reached(node)]
    days = world.span(1.2, 6)
    since = min(world.now - days * DAY, float(at[-8]))
    return float(np.clip(since, at[len(at) // 2], at[-4]))


def _nothing(kinds: tuple[str, ...], rate: Any = 1.0, where: str = "fetch", **more: Any) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = _full(world, *kinds, **more)
        names = [node.type.rpartition(".")[2] for node in flow.nodes]
        node = flow.fetch if where == "fetch" or "filter" not in names else names.index("filter")
        share = rate_of(world, rate)
        return Truth(greens=[do.no_items(world, flow, node, _recently(world, flow, node), share)])

    return act


def _fewer(drop: int, *kinds: str) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = _full(world, *kinds)
        return Truth(greens=[do.fewer_items(world, flow, _recently(world, flow, flow.fetch), world.words.drops[drop])])

    return act


def _swallows(place: str, cause: str, rate: Any = 1.0, *kinds: str) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=60)
        node = some_node(world, flow)
        share = rate_of(world, rate)
        since = before_last(world, flow, node, int(world.rng.integers(15, max(16, len(flow.reached(node)) // 4))))
        return Truth(greens=[do.swallowed(world, flow, node, said(world, cause), since, place, share)])

    return act


def lengthen(world: World) -> None:
    """Before the runs: fetching takes long, so that a short run stands out."""
    for flow in world.flows:
        flow.nodes[flow.fetch].ms = world.span(4_000, 40_000)


def _shorter(*kinds: str) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=60)
        since = before_last(world, flow, flow.fetch, int(world.rng.integers(15, 60)))
        return Truth(greens=[do.short(flow, since)])

    return act


# --- silent


def _stops(kinds: tuple[str, ...], fewest: int, low: float, high: float, most: float = 0.3) -> Act:
    """No run since, for so many gaps of its own at least, and at least `fewest` that should have been."""

    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, low=low, high=high, fewest=20 if high > 3 * HOUR else 60)
        at = np.sort(flow.at)
        left = int(np.clip(world.rng.integers(fewest, 3 * fewest), fewest, max(fewest, len(at) * most)))
        return Truth(silents=[do.stops(flow, float(at[-left]) - 1)])

    return act


def weeklies(world: World) -> None:
    """Before the runs: a weekly workflow whose run should have been yesterday or two days ago."""
    flow = world.flows[2]
    day = pd.Timestamp(world.now, unit="s") - pd.Timedelta(days=2)
    flow.rhythm = Rhythm("daily", flow.rhythm.zone, hours=(9,), minute=20, days=(day.weekday(),))
    flow.nodes[0].type, flow.nodes[0].parameters = flow.rhythm.trigger


def _weekly_stops(world: World, _: Any) -> Truth:
    flow = world.flows[2]
    at = np.sort(flow.at)
    return Truth(silents=[do.stops(flow, float(at[-1]) - 1)])


def _stops_after_failing(world: World, _: Any) -> Truth:
    """It fails some times, and then does not even begin any more."""
    flow = a_flow(world, "every", high=2 * HOUR, fewest=100)
    runs = flow.reached(flow.fetch)
    problem = Problem(flow, flow.fetch, world.fail(flow, runs[-40:-30], flow.fetch, said(world, "credentials")))
    return Truth([problem], silents=[do.stops(flow, float(flow.at[runs[-30]]) - 1)])


def _two_stop(world: World, _: Any) -> Truth:
    """Two of different rhythms, since different instants."""
    first = _stops(POLL, 30, 0, HOUR)(world, None).silents
    return Truth(silents=[*first, *_stops(HOOK, 60, 0, 0.6 * HOUR)(world, None).silents])


# --- slow


def plain_durations(world: World) -> None:
    """Before the runs: the fetching node makes most of the time, and volume little of it."""
    for flow in world.flows:
        flow.nodes[flow.fetch].ms = world.span(2_000, 9_000)
        for node in flow.nodes:
            node.per_item *= 0.2


def _step(times: int, *kinds: str, deployed: bool = False, fewest: int = 100) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=fewest)
        since = in_middle(world, flow, flow.fetch, 0.4, 0.8)
        if deployed:
            world.deploy(flow, since)
        return Truth(slows=[do.slower(flow, flow.fetch, since, world.words.slower[times])])

    return act


def _creep(whole: bool, times: float, *kinds: str) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=80)
        return Truth(slows=[do.creeps(world, flow, None if whole else flow.fetch, times)])

    return act


ROWS: list[tuple[Any, ...]] = [
    ("poll_empty", "green", "a poll gets nothing any more", _nothing(POLL, high=HOUR), fill),
    ("report_empty", "green", "a daily report is empty", _nothing(DAILY), fill),
    ("rare_empty", "green", "a poll of every few hours gets nothing", _nothing(POLL, low=HOUR), fill),
    ("filter_empty", "green", "a filter lets nothing through", _nothing((), where="filter"), fill),
    ("mostly_empty", "green", "most runs get nothing any more", _nothing(POLL, "nearly"), fill),
    ("office_empty", "green", "an office-hours poll gets nothing", _nothing(("office",)), fill),
    ("far_fewer", "green", "far fewer items", _fewer(0, "every", "daily"), fill),
    ("half_as_many", "green", "half as many items", _fewer(1, "every"), fill),
    ("items_swallowed", "green", "items carry errors", _swallows("item", "data")),
    ("node_swallowed", "green", "a node goes on after its error", _swallows("node", "outage", "nearly")),
    ("item_sometimes", "green", "items carry errors in most runs", _swallows("item", "credentials", "most", "hook", "every")),
    ("bad_body", "green", "good answers with an error in them", _swallows("body", "body")),
    ("bad_body_mostly", "green", "mostly so", _swallows("body", "body", "most")),
    ("more_and_more_bad", "green", "items carry errors in more and more runs", _swallows("item", "data", (0.3, 1.0)), None,
     None, TEST_ONLY),
    ("short_runs", "green", "runs take a small part of the time", _shorter(), lengthen),
    ("short_hook_runs", "green", "a webhook's runs do", _shorter("hook"), lengthen),
    ("poll_stops", "silent", "a poll does not begin any more", _stops(POLL, 25, 0, HOUR)),
    ("hourly_stops", "silent", "an hourly workflow does not", _stops(POLL, 8, HOUR, 3 * HOUR)),
    ("hours_stop", "silent", "one of every few hours does not", _stops(POLL, 4, 2 * HOUR, 12 * HOUR)),
    ("daily_stops", "silent", "a daily one does not", _stops(DAILY, 3, 6 * HOUR, DAY)),
    ("office_stops", "silent", "an office-hours poll does not", _stops(("office",), 30, 0, HOUR)),
    ("weekly_stops", "silent", "a weekly one missed its day, two days ago", _weekly_stops, weeklies),
    ("hook_stops", "silent", "a busy webhook gets nothing", _stops(HOOK, 120, 0, 0.3 * HOUR)),
    ("quieter_hook_stops", "silent", "a webhook of some calls a day gets nothing", _stops(HOOK, 60, 0.3 * HOUR, 1.5 * HOUR)),
    ("fails_then_stops", "silent", "fails for a while, then does not begin", _stops_after_failing),
    ("two_stop", "silent", "two workflows do not begin any more", _two_stop, None, None, TEST_ONLY),
    ("much_slower", "slow", "a node takes several times as long since an instant", _step(0), plain_durations),
    ("slower", "slow", "a node takes nearly twice as long since an instant", _step(1, "every", "hook"), plain_durations),
    ("slower_by_deploy", "slow", "since a new version", _step(0, deployed=True), plain_durations),
    ("daily_slower", "slow", "a daily run takes longer", _step(0, "daily", fewest=20), plain_durations),
    ("creeps", "slow", "the whole workflow takes longer and longer", _creep(True, 2.5), plain_durations),
    ("node_creeps", "slow", "a node takes longer and longer", _creep(False, 3.0), plain_durations),
    ("daily_creeps", "slow", "a daily run takes longer and longer", _creep(False, 3.5, "daily"), plain_durations),
    ("hook_creeps", "slow", "a webhook's runs take longer and longer", _creep(True, 2.2, "hook"), plain_durations),
]  # fmt: skip
