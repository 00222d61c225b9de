"""Scenarios of one failing workflow: since when, and in which pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import faults as do
from .choose import ANY, DAILY, HOOK, POLL, TEST_ONLY, Act, a_flow, failing_runs, rate_of, some_node
from .faults import (
    Problem,
    Truth,
    before_last,
    between,
    by_clock,
    every,
    first_after,
    in_middle,
    lasting,
    on_marks,
    said,
    stray,
)
from .fleet import World
from .rhythms import DAY, HOUR


def _since(
    kinds: tuple[str, ...], causes: tuple[str, ...], rate: Any = 1.0, *, low: float = 0, high: float = np.inf,
    fewest: int = 60, runs: int | None = None, patterns: tuple[str, ...] = ("persistent",),
) -> Act:  # fmt: skip
    """Failing since an instant; `rate` by name where the sets differ in it."""

    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=fewest, low=low, high=high)
        node = some_node(world, flow)
        count = runs or failing_runs(world)
        share = rate_of(world, rate)
        if share != 1.0:
            count = max(count, 24)
        since = before_last(world, flow, node, min(count, len(flow.reached(node)) // 2))
        return Truth([lasting(world, flow, node, said(world, *causes), since, share, patterns=patterns)])

    return act


def _deployed(world: World, _: Any) -> Truth:
    flow = a_flow(world)
    node = some_node(world, flow)
    since = before_last(world, flow, node, failing_runs(world))
    world.deploy(flow, since)
    return Truth([lasting(world, flow, node, said(world, "deploy"), since, patterns=("persistent",))])


def _stray_before(world: World, _: Any) -> Truth:
    """The same failure once, at least a tenth of the history before."""
    flow, text = a_flow(world, fewest=100), said(world, *ANY)
    node = some_node(world, flow)
    since = before_last(world, flow, node, min(failing_runs(world), len(flow.reached(node)) // 3))
    stray(world, flow, node, text, since)
    return Truth([lasting(world, flow, node, text, since, patterns=("persistent", "regression"))])


def _another_before(world: World, _: Any) -> Truth:
    """Other failures of the same node before, with another text."""
    flow = a_flow(world, fewest=100)
    node = some_node(world, flow)
    since = before_last(world, flow, node, min(failing_runs(world), len(flow.reached(node)) // 3))
    stray(world, flow, node, said(world, "data"), since, 3)
    return Truth([lasting(world, flow, node, said(world, "credentials", "outage"), since, patterns=("persistent",))])


def _two_nodes(world: World, _: Any) -> Truth:
    """The first node's outage is over; later another node of the workflow begins to fail."""
    flow = a_flow(world, fewest=120)
    node = len(flow.nodes) - 1 if len(flow.reached(len(flow.nodes) - 1)) >= 60 else flow.fetch
    begin = in_middle(world, flow, node, 0.2, 0.4)
    after = between(flow, node, begin)
    first = lasting(world, flow, flow.fetch, said(world, "outage"), begin, 1.0,
                    float(flow.at[after[min(15, len(after) // 4)]]), patterns=("burst",))  # fmt: skip
    since = before_last(world, flow, node, 20)
    return Truth([first, lasting(world, flow, node, said(world, "api_changed"), since, patterns=("persistent",))])


def _lucky_clump(world: World, _: Any) -> Truth:
    """Failing throughout, but for three good runs in a row in the middle."""
    flow = a_flow(world, fewest=120)
    since = before_last(world, flow, flow.fetch, 45)
    flow.busy = True
    runs = between(flow, flow.fetch, since)
    hit = np.concatenate([runs[:20], runs[23:]])
    world.fail(flow, hit, flow.fetch, said(world, *ANY))
    return Truth([Problem(flow, flow.fetch, hit, since, ("persistent",))])


def _at_weekend(world: World, _: Any) -> Truth:
    """It broke while nobody was there: before the first run of a Monday."""
    flow = a_flow(world, "office", "hook", fewest=100)
    monday = pd.Timestamp(world.now, unit="s").normalize() - pd.Timedelta(
        days=pd.Timestamp(world.now, unit="s").weekday()
    )
    since = monday.timestamp() - world.span(5, 40) * HOUR
    if len(between(flow, flow.fetch, since)) < 4:
        since -= 7 * DAY
    return Truth([lasting(world, flow, flow.fetch, said(world, *ANY), since, patterns=("persistent",))])


def _in_gap(world: World, _: Any) -> Truth:
    """It broke while the server was off."""
    flow = a_flow(world, "every", "hook", fewest=120, high=2 * HOUR)
    since = before_last(world, flow, flow.fetch, int(world.rng.integers(40, 120)))
    flow.kept[(flow.at >= since - 6 * HOUR) & (flow.at < since + 5 * HOUR)] = False
    return Truth([lasting(world, flow, flow.fetch, said(world, *ANY), since, patterns=("persistent",))])


def _pruned(world: World, _: Any) -> Truth:
    """n8n has thrown away what was before, all but a few runs."""
    flow = a_flow(world, "every", "hook", fewest=200)
    since = before_last(world, flow, flow.fetch, int(world.rng.integers(30, 150)))
    flow.kept[flow.at < since - 12 * flow.rhythm.gap] = False
    return Truth([lasting(world, flow, flow.fetch, said(world, *ANY), since, patterns=("persistent",))])


def _retried(world: World, _: Any) -> Truth:
    """Somebody tries failed runs again, in vain."""
    flow = a_flow(world, fewest=100)
    text, since = said(world, *ANY), before_last(world, flow, flow.fetch, 25)
    problem = lasting(world, flow, flow.fetch, text, since, patterns=("persistent",))
    tried = problem.runs[flow.at[problem.runs] < world.now - 1200][::3]
    again = world.add(flow, flow.at[tried] + world.span(60, 900), "retry")
    flow.again[again], flow.items[again] = tried, 1
    world.fail(flow, again, flow.fetch, text)
    problem.runs = np.concatenate([problem.runs, again])
    return Truth([problem])


def _below(world: World, _: Any) -> Truth:
    """A sub-workflow fails, and with it each run that called it; the callers' failures are no problems of their own."""
    sub = next(flow for flow in world.flows if flow.rhythm.kind == "called" and len(flow.at))
    node, text = sub.fetch, said(world, *ANY)
    problem = lasting(world, sub, node, text, before_last(world, sub, node, 40), patterns=("persistent",))
    for parent in world.flows:
        if parent.calls is sub:
            parent.busy = True
            mine = [int(run) for run in problem.runs if sub.caller[run] and sub.caller[run][0] is parent]
            failed = np.array([sub.caller[run][1] for run in mine], dtype=int)
            parent.children |= {int(run): (sub, child, node) for run, child in zip(failed, mine, strict=True)}
            world.fail(parent, failed, len(parent.nodes) - 1, text, place="subworkflow")
    return Truth([problem])


# --- pattern


def _single(*kinds: str, newest: bool = False) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=25)
        node = some_node(world, flow)
        runs = flow.reached(node)
        hit = runs[-1:] if newest else runs[[int(len(runs) * world.span(0.2, 0.9))]]
        flow.busy = True
        return Truth([Problem(flow, node, world.fail(flow, hit, node, said(world, *ANY)), None, ("one_off",))])

    return act


def _over(kinds: tuple[str, ...], causes: tuple[str, ...], low: int, high: int, rate: Any = 1.0, **more: Any) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=100)
        share = rate_of(world, rate)
        runs = int(world.rng.integers(low, high))
        dated = share == 1.0
        return Truth([do.outage(world, flow, flow.fetch, said(world, *causes), runs, share, patterns=("burst",), dated=dated,
                             **more)])  # fmt: skip

    return act


def _seldom(rate: str, *kinds: str) -> Act:
    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, *kinds, fewest=120)
        return Truth([do.now_and_then(world, flow, flow.fetch, said(world, *ANY), world.words.rates[rate])])

    return act


def _few(world: World, _: Any) -> Truth:
    """Three or four in the whole window, weeks apart."""
    flow = a_flow(world, fewest=150)
    runs = flow.reached(flow.fetch)
    hit = runs[(np.array([0.1, 0.32, 0.83, 0.91])[: int(world.rng.integers(3, 5))] * len(runs)).astype(int)]
    flow.busy = True
    text = said(world, "timeout", "outage", "network")
    return Truth([Problem(flow, flow.fetch, world.fail(flow, hit, flow.fetch, text), None, ("intermittent",))])


def _nightly(lucky: float = 0.0, whole_hour: bool = False) -> Act:
    """Every day in the same hour: the first run of it, or all of them."""

    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, "every", high=HOUR, fewest=300)
        hour = int(world.rng.integers(0, 6))
        hit = by_clock(flow, flow.fetch, "UTC", [hour])
        if not whole_hour:
            days = (flow.at[hit] // DAY).astype(int)
            hit = hit[np.unique(days, return_index=True)[1]]
        return Truth([on_marks(world, flow, flow.fetch, said(world, "timeout", "outage"), hit, lucky)])

    return act


def _on_weekday(whole_day: bool) -> Act:
    """Every week on the same day: its first run, or all of it. Over five weeks."""

    def act(world: World, _: Any) -> Truth:
        flow = a_flow(world, "every", "daily", low=HOUR if not whole_day else 2 * HOUR, high=DAY, fewest=25)
        days = [int(day) for day in world.rng.permutation(7)]
        hit = max((by_clock(flow, flow.fetch, "UTC", days=[day]) for day in days[:4]), key=len)
        if not whole_day:
            hit = hit[np.unique((flow.at[hit] // DAY).astype(int), return_index=True)[1]]
        return Truth([on_marks(world, flow, flow.fetch, said(world, "rate_limit", "data", "outage"), hit)])

    return act


def _every_hours(world: World, _: Any) -> Truth:
    flow = a_flow(world, "every", high=HOUR, fewest=300)
    since = in_middle(world, flow, flow.fetch, 0.05, 0.5)
    hit = first_after(flow, flow.fetch, every(world, world.pick(world.words.periods), since))
    return Truth([on_marks(world, flow, flow.fetch, said(world, "timeout", "rate_limit"), hit)])


def _every_hours_hook(world: World, _: Any) -> Truth:
    """A token that lasts for some hours: the first call after it ran out fails."""
    flow = a_flow(world, "hook", high=0.5 * HOUR, fewest=600)
    hit = first_after(flow, flow.fetch, every(world, max(world.words.periods[-1], 12), world.start + 2 * DAY))
    return Truth([on_marks(world, flow, flow.fetch, said(world, "credentials"), hit)])


def _third_day(world: World, _: Any) -> Truth:
    flow = a_flow(world, "every", "daily", high=DAY, fewest=25)
    marks = np.arange(world.start + world.span(0, 2) * DAY, world.now, 3 * DAY)
    return Truth([on_marks(world, flow, flow.fetch, said(world, "outage"), first_after(flow, flow.fetch, marks))])


def _again(stretches: int, rate: Any = 1.0, *kinds: str) -> Act:
    """It failed, was mended for days, and fails again; before the last time once or more."""

    def act(world: World, _: Any) -> Truth:
        flow, text = a_flow(world, *kinds, fewest=150, high=8 * HOUR), said(world, *ANY)
        share = rate_of(world, rate)
        flow.busy = True
        runs = flow.reached(flow.fetch)
        hits = []
        for turn in range(stretches):
            begin = int(len(runs) * (0.1 + 0.45 * turn / stretches + world.span(0, 0.08)))
            hits.append(runs[begin : begin + int(world.rng.integers(4, 12))])
        back = int(len(runs) * world.span(0.85, 0.95)) if len(runs) > 300 else len(runs) - 12
        since = float(world.rng.uniform(flow.at[runs[back - 1]] + 1, flow.at[runs[back]]))
        hits.append(some(runs[back:], share, world))
        hit = np.concatenate(hits)
        world.fail(flow, hit, flow.fetch, text)
        return Truth([Problem(flow, flow.fetch, hit, since, ("regression",))])

    def some(runs: np.ndarray, share: float, world: World) -> np.ndarray:
        found = runs[world.rng.random(len(runs)) < share]
        return found if len(found) >= 3 else runs[:3]

    return act


def five_weeks(_: Any, __: Any) -> dict[str, Any]:
    return {"weeks": 5}


ROWS: list[tuple[Any, ...]] = [
    ("credential_revoked", "onset", "a credential is refused since an instant", _since(POLL, ("credentials",), high=6 * HOUR)),
    ("endpoint_down", "onset", "a host is down since an instant", _since(POLL, ("network", "outage"), high=HOUR)),
    ("api_changed", "onset", "an API was changed under a webhook", _since(HOOK, ("api_changed",))),
    ("deploy_broke", "onset", "a new version of the workflow breaks a node", _deployed),
    ("half_fails", "onset", "half of the runs fail", _since((), ("timeout", "outage"), "half", fewest=150, patterns=())),
    ("most_fail", "onset", "most of the runs fail", _since((), ("timeout", "outage"), "most", fewest=150, patterns=())),
    ("nearly_all_fail", "onset", "nearly all of the runs fail", _since((), ANY, "nearly", fewest=150, patterns=())),
    ("gets_worse", "onset", "half fail at first, then all", _since((), ANY, (0.5, 1.0), fewest=150, patterns=())),
    ("daily_breaks", "onset", "a daily run fails since some days", _since(DAILY, ANY, fewest=20, runs=4)),
    ("office_breaks", "onset", "an office-hours poll fails", _since(("office",), ANY)),
    ("stray_before", "onset", "the same failure once before, long ago", _stray_before),
    ("another_before", "onset", "other failures of the same node before", _another_before),
    ("two_nodes", "onset", "one node's outage is over, another node fails now", _two_nodes),
    ("lucky_clump", "onset", "three good runs in the middle of it", _lucky_clump),
    ("at_weekend", "onset", "broke while nothing ran", _at_weekend),
    ("in_gap", "onset", "broke while the server was off", _in_gap),
    ("pruned_before", "onset", "what was before is pruned but for a few runs", _pruned),
    ("retried_in_vain", "onset", "failed runs were tried again in vain", _retried),
    ("below_others", "onset", "a sub-workflow fails, and with it those that call it", _below),
    ("hook_half", "onset", "half of a webhook's runs fail", _since(HOOK, ANY, "half", fewest=200, patterns=()), None, None,
     TEST_ONLY),
    ("single_stray", "pattern", "one failing run", _single("every", "hook")),
    ("single_daily", "pattern", "one failing run of a daily workflow", _single("daily")),
    ("single_newest", "pattern", "the newest run failed, for the first time", _single(newest=True)),
    ("short_outage", "pattern", "a short outage", _over(POLL, ("outage", "network"), 4, 12)),
    ("long_outage", "pattern", "a long outage that is over", _over((), ("outage", "credentials"), 15, 70)),
    ("partial_outage", "pattern", "most runs failed for a while", _over((), ("timeout", "rate_limit"), 12, 40, "most")),
    ("crashes", "pattern", "the server crashed for a while", _over((), ("infrastructure",), 4, 15, status="crashed")),
    ("seldom", "pattern", "a small share fails all the time", _seldom("seldom")),
    ("often", "pattern", "a larger share fails all the time", _seldom("often", "every", "hook")),
    ("few_and_far", "pattern", "three or four failures, far apart", _few),
    ("nightly", "pattern", "the first run of an hour fails every day", _nightly(), None, five_weeks),
    ("nightly_lucky", "pattern", "the same, but one in eight is lucky", _nightly(0.125), None, five_weeks),
    ("nightly_hour", "pattern", "every run of an hour fails every day", _nightly(whole_hour=True), None, five_weeks),
    ("weekday_first", "pattern", "the first run of a weekday fails every week", _on_weekday(False), None, five_weeks),
    ("weekday_all", "pattern", "every run of a weekday fails", _on_weekday(True), None, five_weeks),
    ("every_hours", "pattern", "a run fails every few hours", _every_hours),
    ("token_lasts_hours", "pattern", "the first call after some hours fails", _every_hours_hook),
    ("third_day", "pattern", "a run fails every third day", _third_day, None, five_weeks, TEST_ONLY),
    ("persistent_poll", "pattern", "fails since an instant until now", _since(POLL, ANY)),
    ("persistent_hook", "pattern", "fails since an instant until now", _since(HOOK, ANY)),
    ("back_again", "pattern", "mended for days, and back", _again(1)),
    ("back_twice", "pattern", "mended twice, and back", _again(2)),
    ("back_in_part", "pattern", "mended, and back for most of the runs", _again(1, "nearly", "every", "hook")),
    ("back_thrice", "pattern", "mended three times, and back", _again(3), None, None, TEST_ONLY),
]  # fmt: skip
