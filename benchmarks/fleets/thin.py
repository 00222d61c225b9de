"""Scenarios of workflows that run two or three times a week: one credential that nothing gets through with any more, and
what only looks like it. Some good runs, one to four failures a workflow, and other credentials refused now and then: too
little for what chance may give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .faults import Shared, Truth, between, lasting, said, stray
from .fleet import Flow, World
from .rhythms import DAY, Rhythm
from .together import Wired, others, several, usual

KIND, HOST = "n8n-nodes-base.googleSheets", "sheets.googleapis.com"


def _sheets(clients: int, count: int, one_key: bool = True) -> Callable[[World], Wired]:
    """Workflows that run on some days of the week and read a sheet, with one credential or with one each of the same name; others
    read sheets with credentials of their own."""

    def wire(world: World) -> Wired:
        flows = usual(world, clients, count, count)
        key = world.key("Sheets", "house", "googleSheetsOAuth2Api")
        for flow in flows:
            days = tuple(sorted(int(day) for day in world.rng.permutation(7)[: int(world.rng.integers(2, 4))]))
            hour, minute = int(world.rng.integers(0, 24)), int(world.rng.integers(0, 60))
            flow.rhythm = Rhythm("daily", flow.rhythm.zone, hours=(hour,), minute=minute, days=days)
            flow.nodes[0].type, flow.nodes[0].parameters = flow.rhythm.trigger
            flow.begins = world.now - world.span(15, 22) * DAY
            node = flow.nodes[flow.fetch]
            node.type, node.host, node.vendor = KIND, HOST, None
            node.key = key if one_key else world.key("Sheets", "house", "googleSheetsOAuth2Api")
        for flow in others(world, flows):
            node = flow.nodes[flow.fetch]
            node.type, node.host, node.vendor = KIND, HOST, None
            node.key = world.key("Sheets", flow.client, "googleSheetsOAuth2Api")
        return Wired(flows, "credential", key.id)

    return wire


def _strays(world: World, wired: Wired) -> None:
    """Other credentials are refused in single runs."""
    for flow in [flow for flow in world.idle("every", "hook", "office", fewest=40) if flow not in wired.flows][:8]:
        stray(world, flow, flow.fetch, said(world, "credentials"), world.now, int(world.rng.integers(1, 4)))


def _refused(days: tuple[float, float], *, stuck: bool = False, across: bool = True) -> Callable[[World, Wired], Truth]:
    """Refused since an instant; `stuck`: another workflow of the credential fails before it gets to use it."""

    def act(world: World, wired: Wired) -> Truth:
        _strays(world, wired)
        since = world.now - world.span(*days) * DAY
        while not all(len(between(flow, flow.fetch, since)) for flow in wired.flows):
            since -= DAY / 2
        text = said(world, "credentials")
        more, flows = [], wired.flows
        if stuck:
            *flows, last = flows
            last.nodes[-1].type, last.nodes[-1].key = KIND, last.nodes[last.fetch].key
            last.nodes[last.fetch].key = world.key("Sheets", last.client, "googleSheetsOAuth2Api")
            more = [lasting(world, last, last.fetch, said(world, "data"), since - DAY)]
        problems = [lasting(world, flow, flow.fetch, text, since) for flow in flows]
        return Truth([*problems, *more], [Shared([("credential", wired.value)], problems, across)])

    return act


def _last(flow: Flow) -> np.ndarray:
    """The last run that gets to the sheet."""
    return flow.reached(flow.fetch)[-1:]


def _one_each(*causes: str, alike: bool = True) -> Callable[[World, Wired], Truth]:
    """The last run of each workflow fails; `alike`: in the same words."""

    def act(world: World, wired: Wired) -> Truth:
        _strays(world, wired)
        text = said(world, *causes)
        for flow in wired.flows:
            flow.busy = True
            world.fail(flow, _last(flow), flow.fetch, text if alike else said(world, *causes))
        return Truth()

    return act


def _works_since(world: World, wired: Wired) -> Truth:
    """The last runs of two workflows are refused, and a third one used the credential well since."""
    text = said(world, "credentials")
    for flow in wired.flows:
        flow.busy = True
    _strays(world, wired)
    first, second, _ = sorted(wired.flows, key=lambda flow: flow.at[_last(flow)][0])
    world.fail(first, _last(first), first.fetch, text)
    world.fail(second, _last(second), second.fetch, text)
    return Truth()


ROWS: list[tuple[Any, ...]] = [
    ("thin_credential", "cross", "few runs of three clients, all refused with one credential", _refused((3, 6)),
     _sheets(3, 3), several(0, 4), ("dev",)),
    ("thin_two", "cross", "two workflows of two clients, one or two refused runs each", _refused((2, 4)), _sheets(2, 2),
     several(0, 4), ("dev",)),
    ("thin_one_client", "shared", "three workflows of one client", _refused((3, 6), across=False), _sheets(1, 3),
     several(0, 3), ("dev",)),
    ("thin_and_stuck", "cross", "a further workflow fails before it gets to the credential", _refused((3, 6), stuck=True),
     _sheets(3, 3), several(0, 4), ("dev",)),
    ("thin_works_since", "clean", "two last runs are refused, a third workflow's with that credential went well since",
     _works_since, _sheets(3, 3), several(0, 4), ("dev",)),
    ("thin_other_cause", "clean", "one credential, failures that have nothing to do with it", _one_each("data", alike=False),
     _sheets(3, 3), several(0, 4), ("dev",)),
    ("thin_other_keys", "clean", "credentials of one kind and name, each refused once in the same words",
     _one_each("credentials"), _sheets(3, 3, one_key=False), several(0, 4), ("dev",)),
]  # fmt: skip
