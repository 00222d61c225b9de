"""A whole fleet drawn by chance, its background noise, and the ExecutionLog of what it did."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Snapshot

from .fleet import UNKNOWN, Flow, Node, Volume, World, layout
from .rhythms import DAY, HOUR, WORKDAYS, Rhythm
from .words import Wording, Words

SINGLES = ("data", "timeout", "outage", "network", "rate_limit")


def fleet(
    words: Words, rng: np.random.Generator, *, flows: int = 24, weeks: float = 4, instances: int = 0, clients: int = 0,
    now: float | None = None, weekly: int = 2, subs: bool = True,
) -> World:  # fmt: skip
    """A fleet laid out, its workflows not run yet. `subs`: whether one workflow is called by others."""
    day = pd.Timestamp(words.first_day).timestamp() + int(rng.integers(0, words.days)) * DAY
    now = now if now is not None else day + float(rng.uniform(6, 22)) * HOUR
    world = World(words, rng, now - weeks * 7 * DAY, now)
    names = [str(name) for name in rng.permutation(words.clients)][: clients or int(rng.integers(3, 9))]
    servers = ["main", "second", "eu"][: instances or int(rng.integers(1, 4))]
    house: dict[str, Any] = {}
    shops = {}
    for place, name in enumerate(names):
        world.zones[name] = world.pick(words.zones)
        shops[name] = {"keys": {}, "house": house, "own_host": f"api.{name.lower()}.example",
                       "instance": servers[place % len(servers)]}  # fmt: skip
    for number in range(flows):
        name = names[number] if number < len(names) else world.pick(names)
        instance = shops[name]["instance"] if rng.random() < 0.85 else world.pick(servers)
        layout(world, _rhythm(world, number, world.zones[name], weekly), name, instance, shops[name])
    if subs:
        _sub_workflow(world, names[0], shops[names[0]])
    return world


def _rhythm(world: World, number: int, zone: str, weekly: int) -> Rhythm:
    """The first ones are fixed, so that every fleet has some of each; the rest by chance."""
    pick, rng, polls = world.pick, world.rng, world.words.polls
    minute = int(rng.integers(0, 60))
    kinds = ("poll", "hour", "daily", "hook", "office", "hook", "hours", "poll", "daily")
    kind = kinds[number] if number < len(kinds) else pick(("poll", "hook", "hook", "daily", "hours", "hour", "office"))
    if len(kinds) <= number < len(kinds) + weekly:
        day = int(rng.integers(0, 5))
        return Rhythm("daily", zone, hours=(int(rng.integers(5, 20)),), minute=minute, days=(day,))
    if kind == "poll":
        return Rhythm("every", zone, minutes=polls[0] if number == 0 else pick(polls[1:]), minute=minute % 5)
    if kind == "hour":
        return Rhythm("every", zone, minutes=60, minute=minute)
    if kind == "hours":
        return Rhythm("every", zone, minutes=pick((120, 180, 240, 360)), minute=minute)
    if kind == "office":
        begin = int(rng.integers(7, 9))
        return Rhythm("office", zone, minutes=pick((15, 20, 30)), hours=(begin, begin + 10), days=WORKDAYS)
    if kind == "daily":
        hours = sorted({int(hour) for hour in rng.integers(0, 24, pick((1, 1, 1, 2, 3)))})
        return Rhythm("daily", zone, hours=tuple(hours), minute=minute, days=pick(((*range(7),), WORKDAYS)))
    per_day = float(np.exp(rng.uniform(np.log(6), np.log(200))))
    return Rhythm(
        "hook", zone, per_day=per_day, night=float(rng.uniform(0.02, 0.3)), weekend=float(rng.uniform(0.1, 0.9))
    )


def _sub_workflow(world: World, client: str, shop: dict[str, Any]) -> None:
    """Some workflows of one client call a sub-workflow of its own at their end."""
    mine = [flow for flow in world.flows if flow.client == client and flow.rhythm.gap <= DAY]
    parents = mine[: max(1, len(mine) // 2)]
    if not parents:
        return
    sub = layout(world, Rhythm("called"), client, parents[0].instance, shop)
    sub.volume, sub.fetch = Volume(), 1
    for node in sub.nodes:
        node.share = 1.0
    for parent in parents:
        if parent.instance == sub.instance:
            parent.nodes.append(Node("Call sub-workflow", "n8n-nodes-base.executeWorkflow", 150, 0, 0))
            parent.calls = sub


def noise(world: World, failures: int, *, among: list[Flow] | None = None) -> int:
    """About so many failures that have nothing to do with anything: singles, and a few that come now and then. Gives how many.

    They lie apart: a good run at least on either side, mostly many, and at most 2 % of a workflow's runs.
    """
    rng = world.rng
    places = [flow for flow in (among or world.flows) if not flow.busy and flow.rhythm.kind != "called"]
    rng.shuffle(places)
    made = 0
    for turn in range(300):
        if made >= failures or not places:
            break
        flow = places[turn % len(places)]
        node = int(rng.integers(flow.fetch, len(flow.nodes)))
        runs = flow.reached(node)
        most = min(failures - made, len(runs) // 50, 25)
        if len(runs) < 12 or any(node == other for _, other, *_ in flow.errors):
            continue
        count = 1 if most < 2 or rng.random() < 0.5 else int(rng.integers(2, most + 1))
        apart = runs[_apart(rng, len(runs), count)]
        said = world.pick(world.words.errors[world.pick(SINGLES)])
        world.fail(flow, apart, node, said)
        made += len(apart)
        if rng.random() < 0.3:  # somebody sends it again
            again = world.add(flow, flow.at[apart] + rng.uniform(600, 9000, len(apart)), "retry")
            flow.again[again] = apart
            late = flow.at[again] >= world.now
            flow.kept[again[late]] = False
    return made


def _apart(rng: np.random.Generator, of: int, count: int) -> np.ndarray:
    """So many positions by chance, at irregular distances of at least a twentieth of the mean one and of 6 runs."""
    for _ in range(50):
        found = np.sort(rng.integers(1, of - 1, count))
        if count < 2 or np.diff(found).min() >= 6:
            return found
    return found[:1]


def alarms(world: World) -> None:
    """An error workflow on every server, started for each failed run."""
    for instance in sorted({flow.instance for flow in world.flows}):
        failed = [
            (flow, int(run)) for flow in world.flows if flow.instance == instance
            for run in np.flatnonzero(np.isin(flow.status, ["error", "crashed"]) & (flow.mode != "manual"))
        ]  # fmt: skip
        nodes = [Node("Error Trigger", "n8n-nodes-base.errorTrigger", 1), Node("Alert", "n8n-nodes-base.code", 30)]
        flow = Flow(len(world.flows), world.token(), f"[INT] Alerts {instance}", "INT", instance, Rhythm("called"), nodes,
                    Volume(), versions=[(0.0, nodes)], busy=True)  # fmt: skip
        world.flows.append(flow)
        at = np.array([of.at[run] + of.ms[run, : of.last[run] + 1].sum() / 1000 + 0.1 for of, run in failed])
        for mine, parent in zip(world.add(flow, at, "error"), failed, strict=True):
            flow.caller[mine] = parent


def by_hand(world: World, flow: Flow, count: int = 3) -> None:
    """Somebody runs a workflow by hand now and then."""
    world.add(flow, world.rng.uniform(world.start, world.now, count), "manual")


def log_of(world: World) -> ExecutionLog:
    """What n8n kept of all runs, as the readers would give it; fills in the runs' ids."""
    for flow in world.flows:
        if flow.only_failures:
            flow.kept &= flow.status != "success"
        flow.kept &= (flow.at >= world.start) & (flow.at < world.now)
        for run, caller in enumerate(flow.caller):
            if caller and caller[0].calls is flow and caller[0].last[caller[1]] < len(caller[0].nodes) - 1:
                flow.kept[run] = False  # its caller failed before
    _number(world)
    parts = [_executions(world, flow) for flow in world.flows if flow.kept.any()]
    executions = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    failures = [row for flow in world.flows for row in _failures(world, flow)]
    snapshots = {
        version(flow, number): Snapshot(version(flow, number), {node.name: node.kept() for node in nodes})
        for flow in world.flows for number, (_, nodes) in enumerate(flow.versions)
    }  # fmt: skip
    order = np.argsort(executions["at"], kind="stable")
    runs = _typed({name: column[order] for name, column in executions.items()}, EXECUTION_COLUMNS)
    table = pd.DataFrame(failures, columns=list(FAILURE_COLUMNS), dtype=object)
    wrong = _typed({name: table[name].to_numpy() for name in table}, FAILURE_COLUMNS)
    return ExecutionLog(runs, wrong.sort_values("at", kind="stable", ignore_index=True), snapshots)


def _number(world: World) -> None:
    """Ids count up on each server by when the runs began, also those that n8n did not keep."""
    for instance in sorted({flow.instance for flow in world.flows}):
        mine = [flow for flow in world.flows if flow.instance == instance]
        sizes = [len(flow.at) for flow in mine]
        rank = np.argsort(np.argsort(np.concatenate([flow.at for flow in mine]), kind="stable"), kind="stable")
        ids = (rank + int(world.rng.integers(1_000, 400_000))).astype(str).astype(object)
        for flow, part in zip(mine, np.split(ids, np.cumsum(sizes)[:-1]), strict=True):
            flow.ids = part


def version(flow: Flow, number: int) -> str:
    """The key of a version's snapshot: the same for the same nodes, as the readers make it."""
    nodes = {node.name: node.kept() for node in flow.versions[number][1]}
    return hashlib.blake2b(f"{flow.id} {json.dumps(nodes)}".encode(), digest_size=8).hexdigest()


def versions_at(flow: Flow, at: np.ndarray) -> np.ndarray:
    """The number of the version that ran at each instant."""
    return np.searchsorted([since for since, _ in flow.versions], at, side="right") - 1


def _executions(world: World, flow: Flow) -> dict[str, np.ndarray]:
    """The columns of a workflow's runs; times in microseconds since 1970."""
    kept = np.flatnonzero(flow.kept)
    names = [node.name for node in flow.nodes]
    paths = np.array(["\n".join(names[: end + 1]) for end in range(len(names))], dtype=object)
    last, at = flow.last[kept], flow.at[kept]
    items = [
        "\n".join("" if one == UNKNOWN else str(one) for one in row[: end + 1])
        for row, end in zip(flow.items[kept].tolist(), last.tolist(), strict=True)
    ]
    taken = np.maximum(np.rint(flow.ms[kept]), 0).astype(int)
    ms = ["\n".join(map(str, row[: end + 1])) for row, end in zip(taken.tolist(), last.tolist(), strict=True)]
    ran = np.arange(len(names)) <= last[:, None]
    took = (flow.ms[kept] * ran).sum(axis=1) / 1000 + world.rng.uniform(0.01, 0.06, len(kept))
    callers = [flow.caller[run] for run in kept]
    keys = np.array([version(flow, number) for number in range(len(flow.versions))], dtype=object)
    began = np.floor(at * 1e6).astype("int64")
    again = flow.again[kept]
    whole = {"instance": flow.instance, "workflow_id": flow.id, "workflow": flow.name, "client": flow.client,
             "data": "full", "source": "fleet"}  # fmt: skip
    return {
        **{name: np.full(len(kept), value, dtype=object) for name, value in whole.items()},
        "execution_id": flow.ids[kept], "mode": flow.mode[kept], "status": flow.status[kept], "started_at": began,
        "stopped_at": began + np.round(took * 1e6).astype("int64"), "at": began, "duration_s": np.round(took, 6),
        "retry_of": _objects([flow.ids[one] if one >= 0 else None for one in again]),
        "parent_execution_id": _objects([of[0].ids[of[1]] if of else None for of in callers]),
        "parent_workflow_id": _objects([of[0].id if of else None for of in callers]),
        "last_node": np.array(names, dtype=object)[last], "nodes_run": paths[last], "node_items": _objects(items),
        "node_ms": _objects(ms), "snapshot": keys[versions_at(flow, at)],
    }  # fmt: skip


def _objects(values: list[Any]) -> np.ndarray:
    return np.array([*values, None], dtype=object)[:-1]


def _failures(world: World, flow: Flow) -> list[dict[str, Any]]:
    rows = []
    for runs, position, place, said, items in flow.errors:
        for run in runs[flow.kept[runs]]:
            node = flow.versions[versions_at(flow, flow.at[run : run + 1])[0]][1][position]
            ended = flow.at[run] + flow.ms[run, : position + 1].sum() / 1000
            message, description = (_said(world, text, node) for text in (said.message, said.description))
            own = Node(node.name, node.type) if place in ("crash", "subworkflow") else node
            below, its_run, its_node = flow.children.get(int(run), (None, 0, 0))
            rows.append({
                "instance": flow.instance, "execution_id": flow.ids[run], "workflow_id": flow.id, "workflow": flow.name,
                "client": flow.client, "at": int(ended * 1e6), "place": place,
                "node": node.name, "node_type": node.type, "run": 0, "items": items, "error_name": said.name,
                "http_code": said.code, "message": message, "description": description,
                "stack": f"{said.name}: {message}\n    at Object.execute (node.ts:1:1)",
                "host": own.host, "url": f"https://{own.host}{own.path}" if own.host else None,
                "credential_type": own.key.kind if own.key else None, "credential_id": own.key.id if own.key else None,
                "credential": own.key.name if own.key else None,
                "child_execution_id": below.ids[its_run] if below else None,
                "child_workflow_id": below.id if below else None,
                "child_node": below.nodes[its_node].name if below else None,
            })  # fmt: skip
    return rows


def _said(world: World, text: str | None, node: Node) -> str | None:
    if text is None:
        return None
    day = pd.Timestamp(world.now - world.span(0, 20) * DAY, unit="s")
    return text.format(
        host=node.host or "localhost", id=f"{int(world.rng.integers(16**11)):011x}7", n=int(world.rng.integers(2, 255)),
        stamp=f"{day:%Y-%m-%dT%H:%M:%S}Z", mail=f"user{int(world.rng.integers(999))}@mail.example",
    )  # fmt: skip


def _typed(columns: dict[str, np.ndarray], kinds: dict[str, str]) -> pd.DataFrame:
    """The frame with the columns and kinds of the contract; missing text is a missing value."""
    return pd.DataFrame({name: _column(columns[name], kind) for name, kind in kinds.items()})


def _column(values: np.ndarray, kind: str) -> pd.Series:
    if kind == "category":
        return pd.Series(pd.Categorical(pd.Series(values, dtype="str")))
    if kind.startswith("datetime"):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype="int64"), unit="us", utc=True)).astype(kind)
    return pd.Series(values, dtype="object").astype(kind) if kind == "Int64" else pd.Series(values, dtype=kind)


def wording(world: World, cause: str) -> Wording:
    """One of a cause's texts."""
    found: Wording = world.pick(world.words.errors[cause])
    return found
