"""Scenarios in which nothing is wrong, however it looks: each puts one nasty habit of a real fleet into the light."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from .build import noise
from .faults import Truth, said
from .fleet import Flow, Volume, World
from .rhythms import DAY, HOUR, WORKDAYS, Rhythm
from .words import Words

Build = Callable[[Words, np.random.Generator], dict[str, Any]]


def nothing(_: World, __: Any) -> Truth:
    return Truth()


def at_hour(*hours: int, days: tuple[int, ...] = WORKDAYS, **more: Any) -> Build:
    """Seen at one of these hours (UTC) of one of these weekdays."""

    def build(words: Words, rng: np.random.Generator) -> dict[str, Any]:
        day = pd.Timestamp(words.first_day) + pd.Timedelta(days=int(rng.integers(0, words.days)))
        while day.weekday() not in days:
            day += pd.Timedelta(days=1)
        return {"now": day.timestamp() + (int(rng.choice(hours)) + float(rng.uniform(0, 1))) * HOUR, **more}

    return build


def on_date(date: Callable[[Words], str], *, spread: int = 10, **more: Any) -> Build:
    """Seen some days after a date."""

    def build(words: Words, rng: np.random.Generator) -> dict[str, Any]:
        return {"now": pd.Timestamp(date(words)).timestamp() + float(rng.uniform(0.3, spread)) * DAY, **more}

    return build


def of(**more: Any) -> Build:
    return lambda _, __: dict(more)


def _month_begin(words: Words) -> str:
    return f"{(pd.Timestamp(words.first_day) + pd.offsets.MonthBegin(1)):%Y-%m-%d}"


def retimed(flow: Flow, rhythm: Rhythm) -> None:
    flow.rhythm = rhythm
    flow.nodes[0].type, flow.nodes[0].parameters = rhythm.trigger


# --- what is laid out differently before the runs


def mostly_empty(world: World) -> None:
    for flow in world.flows:
        if flow.rhythm.kind in ("every", "office"):
            flow.volume = Volume(world.span(1.2, 4), empty=world.span(0.9, 0.99))


def quiet_weekends(world: World) -> None:
    for flow in world.flows:
        if flow.volume.mean > 1:
            flow.volume.weekend = world.span(0.0, 0.12)


def month_ends(world: World) -> None:
    for flow in world.flows:
        if flow.volume.mean > 1:
            flow.volume.month_end = world.span(3, 8)
            for node in flow.nodes:
                node.per_item = min(node.per_item, 0.5)


def grows(world: World) -> None:
    for flow in world.flows[::2]:
        if flow.volume.mean > 1:
            flow.volume.growth = world.span(1.4, 2.2)
            for node in flow.nodes:
                node.per_item = 0.0


def swings(world: World) -> None:
    for flow in world.flows:
        if flow.volume.mean > 1:
            flow.volume.spread = world.span(0.6, 1.0)


def seldom_anything(world: World) -> None:
    """Polls every few hours, and daily jobs, that hardly ever find something."""
    for flow in world.flows:
        if flow.rhythm.kind == "every" and flow.number % 2:
            retimed(
                flow,
                Rhythm("every", flow.rhythm.zone, minutes=world.pick((60, 120, 180, 360)), minute=flow.rhythm.minute),
            )
        if flow.rhythm.kind in ("every", "office", "daily"):
            flow.volume = Volume(world.span(1.2, 5), empty=world.span(0.85, 0.995))


def good_and_bad_days(world: World) -> None:
    """What comes in differs by day, and mostly there is nothing."""
    for flow in world.flows:
        if flow.rhythm.kind in ("every", "office"):
            flow.volume = Volume(world.span(0.1, 0.98), by_day=world.span(0.5, 1.2), weekend=world.span(0.1, 1))


def mondays(world: World) -> None:
    """What gathered over the weekend, at which there is little."""
    for flow in world.flows:
        if flow.volume.mean > 1:
            flow.volume.monday, flow.volume.weekend = world.span(2, 6), world.span(0.0, 0.3)


def heavy_tails(world: World) -> None:
    for flow in world.flows:
        if flow.volume.mean > 1:
            flow.volume.spread = world.span(0.8, 1.4)


def workdays(world: World) -> None:
    """Most schedules are of workdays, by the clocks of a country far away."""
    for flow in world.flows:
        if flow.rhythm.kind in ("every", "daily") and flow.number % 3:
            hours = tuple(sorted({int(hour) for hour in world.rng.integers(5, 21, int(world.rng.integers(1, 9)))}))
            retimed(flow, Rhythm("daily", flow.rhythm.zone, hours=hours, minute=flow.rhythm.minute, days=WORKDAYS))


def holiday(world: World) -> None:
    for _ in range(2):
        world.holidays.append(np.floor((world.now - world.span(4, 22) * DAY) / DAY) * DAY)


def maintenance(world: World) -> None:
    """Planned work on the servers: one night of all, one of one of them."""
    for instance in (None, world.flows[0].instance):
        begin = np.floor((world.now - world.span(3, 20) * DAY) / DAY) * DAY + world.span(0, 3) * HOUR
        world.closed.append((begin, begin + world.span(3, 9) * HOUR, instance))


def slow_day(world: World) -> None:
    begin = np.floor((world.now - world.span(4, 20) * DAY) / DAY) * DAY
    world.slow_days.append((begin, begin + DAY, world.span(2, 4)))


def slow_nights(world: World) -> None:
    """A backup makes everything slow in two hours of every night."""
    day = np.floor(world.start / DAY) * DAY
    while day < world.now:
        world.slow_days.append((day + HOUR, day + 3 * HOUR, 2.5))
        day += DAY


def newcomers(world: World) -> None:
    for flow in world.flows[3:15:3]:
        flow.begins = world.now - world.span(2, 14) * DAY


def six_days_ago(world: World) -> None:
    """Weekly workflows whose next run is due tomorrow."""
    day = (pd.Timestamp(world.now, unit="s") + pd.Timedelta(days=1)).weekday()
    for flow in world.flows[2:6]:
        retimed(flow, Rhythm("daily", "UTC", hours=(int(world.rng.integers(4, 20)),), minute=15, days=(day,)))


def monthly(world: World) -> None:
    """Run once or twice in the window, on the first of the month."""
    for flow in world.flows[2:5]:
        flow.rhythm = Rhythm("called")
        flow.nodes[0].type = "n8n-nodes-base.scheduleTrigger"
        flow.nodes[0].parameters = {"rule": {"interval": [{"field": "months", "triggerAtHour": 6}]}}


def _monthly_runs(world: World, _: Any) -> Truth:
    for flow in world.flows[2:5]:
        days = pd.date_range(
            pd.Timestamp(world.start, unit="s").normalize(), pd.Timestamp(world.now, unit="s"), freq="MS"
        )
        at = days.as_unit("s").asi8 + 6.0 * HOUR
        world.add(flow, at[(at > world.start) & (at < world.now)], "trigger")
    return Truth()


def rare_hooks(world: World) -> None:
    for flow in world.flows[::2]:
        if flow.rhythm.kind == "hook":
            retimed(flow, Rhythm("hook", flow.rhythm.zone, per_day=world.span(0.5, 4), night=0.05, weekend=0.2))


def bursty_hooks(world: World) -> None:
    """Some webhooks get their calls in heaps: an import, a campaign."""
    for flow in world.flows:
        if flow.rhythm.kind == "hook" and flow.number % 2:
            retimed(flow, Rhythm("hook", flow.rhythm.zone, per_day=3))


def _heaps(world: World, _: Any) -> Truth:
    for flow in world.flows:
        if flow.rhythm.kind == "hook" and flow.number % 2:
            begins = np.sort(world.rng.uniform(world.start, world.now - DAY, 7))
            at = np.concatenate([begin + np.sort(world.rng.uniform(0, 5400, 60)) for begin in begins])
            world.add(flow, at, "webhook")
    return Truth()


def same_ids(world: World) -> None:
    """Cloned servers: the same workflows' ids on two of them."""
    first = [flow for flow in world.flows if flow.instance == "main"]
    second = [flow for flow in world.flows if flow.instance == "second"]
    for one, other in zip(first, second, strict=False):
        other.id = one.id


# --- what is done to the runs


def _switched_off(told: bool) -> Callable[[World, Any], Truth]:
    """A person switches a workflow off for good. `told`: the trigger is disabled in the version of a last run by hand."""

    def act(world: World, _: Any) -> Truth:
        truth = Truth()
        for flow in world.idle(fewest=30)[:2]:
            until = world.now - world.span(4, 12) * DAY
            flow.kept[flow.at >= until] = False
            flow.ends, flow.busy = until, True
            if told:
                world.deploy(flow, until + 1, **{flow.nodes[0].name: {"off": True}})
                world.add(flow, np.array([until + 60.0]), "manual")
            else:
                truth.spared.add(("silent", flow.id))
        return truth

    return act


def _deploys(world: World, _: Any) -> Truth:
    """New versions that change nothing of what happens."""
    for flow in world.idle()[:10]:
        for _turn in range(int(world.rng.integers(1, 4))):
            since = world.now - world.span(0.2, 20) * DAY
            world.deploy(flow, max(since, flow.versions[-1][0] + 1))
    return Truth()


def _pruned(world: World, _: Any) -> Truth:
    """n8n keeps the newest so many: of busy servers not much is left."""
    begin = world.now - world.span(6, 11) * DAY
    for flow in world.flows:
        flow.kept[flow.at < begin] = False
    return Truth()


def _only_failures(world: World, _: Any) -> Truth:
    """Of two workflows n8n keeps failed runs only; these failed three or four times, days apart."""
    for flow in world.idle("every", "hook", fewest=200)[:2]:
        runs = flow.reached(flow.fetch)
        share = np.array([0.07, 0.31, 0.58, 0.93])[: int(world.rng.integers(3, 5))]
        world.fail(flow, runs[(share * len(runs)).astype(int)], flow.fetch, said(world, "data", "timeout"))
        flow.only_failures = flow.busy = True
    return Truth()


def _old_failures_only(world: World, _: Any) -> Truth:
    """Before some day only failed runs were kept."""
    begin = world.now - world.span(10, 16) * DAY
    noise(world, 10)
    for flow in world.flows:
        flow.kept[(flow.at < begin) & (flow.status == "success")] = False
    return Truth()


def _newest_fail(world: World, _: Any) -> Truth:
    """The newest run of some workflows failed, each for the first time and for a reason of its own."""
    for flow, cause in zip(world.idle("every", "hook", fewest=100), ("data", "timeout", "network"), strict=False):
        flow.busy = True
        world.fail(flow, flow.reached(flow.fetch)[-1:], flow.fetch, said(world, cause))
    return Truth()


def _noisy(world: World, _: Any) -> Truth:
    noise(world, 60)
    return Truth()


def _timeouts(world: World, _: Any) -> Truth:
    """A request in some hundred takes too long, wherever it goes and whenever."""
    rate = world.span(0.003, 0.02)
    for flow in world.idle(fewest=1):
        runs = flow.reached(flow.fetch)
        hit = runs[world.rng.random(len(runs)) < rate]
        if len(hit):
            world.fail(flow, hit, flow.fetch, said(world, "timeout"))
    return Truth()


def _old_timeouts(world: World, given: Any) -> Truth:
    _timeouts(world, given)
    return _old_failures_only(world, given)


def _tried_again(world: World, _: Any) -> Truth:
    """Single failures that somebody, or n8n, tries again at once, once or twice, half of the times in vain."""
    for flow in world.idle()[:8]:
        wording = said(world, world.pick(("outage", "rate_limit", "timeout", "network")))
        runs = flow.reached(flow.fetch)[:-2]
        hit = np.sort(world.rng.choice(runs, min(len(runs) // 40 + 1, 12), replace=False))
        world.fail(flow, hit, flow.fetch, wording)
        for later in (30, 200):
            again = world.add(flow, flow.at[hit] + later + world.rng.uniform(0, 20, len(hit)), "retry")
            flow.again[again] = hit
            world.fail(flow, again[world.rng.random(len(again)) < 0.5], flow.fetch, wording)
    return Truth()


def _heavy_durations(world: World, _: Any) -> Truth:
    """Answers take long now and then, and on some days all of them do."""
    for flow in world.flows:
        day = (np.maximum(flow.at - world.start, 0) // DAY).astype(int)
        of_day = world.rng.lognormal(0, world.span(0.05, 0.25), int(day.max(initial=0)) + 1)[day]
        flow.ms *= world.rng.lognormal(0, world.span(0.3, 1.0), flow.ms.shape) * of_day[:, None]
    return Truth()


def _by_hand(world: World, _: Any) -> Truth:
    """Somebody builds and tries workflows: many runs by hand, two of which fail."""
    for flow in world.idle()[:6]:
        begin = world.now - world.span(1, 18) * DAY
        runs = world.add(flow, begin + np.sort(world.rng.uniform(0, 3600, 25)), "manual")
        world.deploy(flow, max(begin + 1800, flow.versions[-1][0] + 1))
        world.fail(flow, runs[[7]], flow.fetch, said(world, "data", "deploy"))
    return Truth()


def _dropped_to_hourly(world: World, _: Any) -> Truth:
    """A person lets a poll run four times less often: a new version says so."""
    for flow in world.idle("every", fewest=300)[:2]:
        since = world.now - world.span(3, 12) * DAY
        minutes = flow.rhythm.minutes * 4
        slower = Rhythm("every", flow.rhythm.zone, minutes=minutes, minute=flow.rhythm.minute)
        later = np.flatnonzero(flow.at >= since)
        later = later[np.argsort(flow.at[later])]
        flow.kept[np.setdiff1d(later, later[::4])] = False
        world.deploy(flow, since, **{flow.nodes[0].name: {"parameters": slower.trigger[1]}})
        flow.busy = True
    return Truth()


def everything(world: World) -> None:
    for habit in (quiet_weekends, month_ends, holiday, maintenance, slow_day, newcomers):
        habit(world)


def _all_of_it(world: World, given: Any) -> Truth:
    _deploys(world, given)
    _by_hand(world, given)
    _newest_fail(world, given)
    return Truth()


NIGHT, SUNDAY = at_hour(1, 2, 3, 4), at_hour(9, 14, 20, days=(6,))

ROWS: list[tuple[Any, ...]] = [
    (name, "clean", words, act, before, build, *sets)
    for name, words, act, before, build, *sets in [
        ("plain", "a usual fleet", nothing, None, None),
        ("empty_polls", "polls that are empty nearly always", nothing, mostly_empty, None),
        ("sunday", "seen on a Sunday, nothing to do since Friday", nothing, quiet_weekends, SUNDAY),
        ("monday_morning", "seen early on a Monday", nothing, quiet_weekends, at_hour(4, 5, 6, days=(0,))),
        ("at_night", "seen at night", nothing, None, NIGHT),
        ("after_month_end", "seen just after a month's end with its peak", nothing, month_ends,
         on_date(_month_begin, spread=3)),
        ("month_end_amid", "a month's end in the middle", nothing, month_ends, on_date(_month_begin, spread=15)),
        ("growth", "clients' volumes grow", nothing, grows, None),
        ("wild_swings", "item counts swing widely", nothing, swings, None),
        ("holidays", "two holidays", nothing, holiday, None),
        ("maintenance", "planned work with the servers off", nothing, maintenance, None),
        ("idle_deploys", "new versions that change nothing", _deploys, None, None),
        ("slow_day", "one slow day", nothing, slow_day, None),
        ("slow_nights", "slow hours every night", nothing, slow_nights, None),
        ("clocks_change", "the change of clocks in the window", nothing, None, on_date(lambda words: words.change_of_clocks)),
        ("newcomers", "new workflows", nothing, newcomers, None),
        ("off_and_told", "switched off by a person, whose last version says so", _switched_off(True), None, None),
        ("off_untold", "switched off, which the records do not say", _switched_off(False), None, None),
        ("weekly_due_tomorrow", "weekly workflows that ran six days ago", nothing, six_days_ago, None),
        ("monthly", "workflows that run once a month", _monthly_runs, monthly, of(weeks=5)),
        ("rare_hooks", "webhooks with a call now and then", nothing, rare_hooks, None),
        ("heaps", "webhooks whose calls come in heaps", _heaps, bursty_hooks, None),
        ("pruned", "a week left of four", _pruned, None, None),
        ("only_failures", "of some workflows only failed runs are kept", _only_failures, None, None),
        ("old_failures_only", "of what is old only failed runs are kept", _old_failures_only, None, None),
        ("large", "sixty workflows", nothing, None, of(flows=60, weeks=3)),
        ("newest_fail", "the newest run of some workflows failed", _newest_fail, None, None),
        ("noisy", "many single failures", _noisy, None, None),
        ("by_hand", "somebody builds and tries workflows", _by_hand, None, None),
        ("same_ids", "two servers with the same ids", nothing, same_ids, of(instances=2)),
        ("less_often", "a person lets polls run less often", _dropped_to_hourly, None, None),
        ("everything", "all of it at once", _all_of_it, everything, of(weeks=5)),
        ("seldom_anything", "rare polls and daily jobs that hardly find anything", nothing, seldom_anything, None, ("dev",)),
        ("good_and_bad_days", "days differ in what comes in", nothing, good_and_bad_days, None, ("dev",)),
        ("good_days_few_weeks", "the same, and not much of it was read", nothing, good_and_bad_days, of(weeks=2), ("dev",)),
        ("mondays", "item counts have a week's course", nothing, mondays, of(weeks=2), ("dev",)),
        ("heavy_tails", "item counts have heavy tails", nothing, heavy_tails, None, ("dev",)),
        ("workdays", "most schedules are of workdays", nothing, workdays, None, ("dev",)),
        ("timeouts", "timeouts here and there", _timeouts, None, of(flows=40), ("dev",)),
        ("old_timeouts", "the same, of what is old only failed runs are kept", _old_timeouts, None, None, ("dev",)),
        ("tried_again", "failed runs are tried again at once", _tried_again, None, None, ("dev",)),
        ("heavy_durations", "durations have heavy tails", _heavy_durations, None, None, ("dev",)),
        ("sunday_night", "seen on a Sunday night", nothing, quiet_weekends, at_hour(1, 22, 23, days=(6,)), ("test",)),
        ("two_weeks", "a short history", nothing, quiet_weekends, of(weeks=2), ("test",)),
    ]
]  # fmt: skip
