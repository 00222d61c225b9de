"""What the records say for and against each cause. One small function a question; `LOOKS` lists them in order.

A piece of evidence multiplies the odds of the causes it names: above 1 it speaks for a cause, below 1 against it. The
factors are judgements, kept few and round, and stand beside the words they belong to; docs/diagnosis.md explains them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause, Evidence, Fact

C = Cause
SHOWN = 5
OUTAGE = (C.EXTERNAL_OUTAGE, C.NETWORK, C.ENDPOINT_CRASH, C.TIMEOUT)
# An address that answered before and is now not found, not allowed or gone was right: it changed, not the workflow.
GONE = ("404", "405", "410")


def evidence(scene: Scene) -> list[Evidence]:
    """All that the records say about one problem beyond the error record itself."""
    return [found for look in LOOKS for found in look(scene)]


def worked_before(scene: Scene) -> Iterator[Evidence]:
    """Did this node succeed before, with the same parameters, or was it changed in between?"""
    before, failing = scene.good_before, scene.sequence[scene.sequence["failed"].astype(bool)]
    if scene.node is None or failing.empty:
        return
    if before.empty:
        if scene.analysis.has_successes and len(failing) >= 3 and scene.passing.empty:
            count = len(scene.failed_here)
            text = f"No run in the window succeeded at “{scene.node}”: all {count} that got there failed."
            yield _history(text, failing, {C.WORKFLOW_CONFIG: 1.6}, "DX-1")
        return
    last, first = before.iloc[-1], scene.sequence.iloc[scene.onset.position if scene.onset else 0]
    change = _changed(scene, last["snapshot"], first["snapshot"])
    if change is None:
        return
    here, others = change
    told = f"“{scene.node}” last succeeded in execution {last['execution_id']} at {time_of(last['at'])}"
    ids = before.tail(1)
    if here:
        text = f"{told}; before the first failure, {first['execution_id']}, its {_list(here)} changed."
        rows, effects = pd.concat([ids, first.to_frame().T]), {C.WORKFLOW_CONFIG: 5.0, C.CREDENTIALS: 1.2}
        yield _history(text, rows, effects, "DX-5", at=first["at"])
    elif others:
        text = (
            f"{told} with the same parameters, but other nodes were changed before the first failure: {_list(others)}."
        )
        effects = {C.WORKFLOW_CONFIG: 1.5, C.DATA_FORMAT: 1.3}
        yield _history(text, ids, effects, "DX-5", at=first["at"])
    else:
        good = "1 good run" if len(before) == 1 else f"{len(before)} good runs"
        text = f"{told}, with the same parameters ({good} until then)."
        text += " No node's type, version, parameters or credentials changed."
        outside = {C.EXTERNAL_API_CHANGED: 3.0, C.CREDENTIALS: 1.3, C.EXTERNAL_OUTAGE: 1.2, C.ENDPOINT_CRASH: 1.2}
        if scene.members["http_code"].isin(GONE).all():
            outside |= {C.EXTERNAL_API_CHANGED: 9.0, C.WORKFLOW_CONFIG: 0.1}
        yield _history(text, ids, {C.WORKFLOW_CONFIG: 0.25, C.DATA_FORMAT: 1.2, **outside}, "DX-5")


def comes_and_goes(scene: Scene) -> Iterator[Evidence]:
    """Did runs succeed between the failures?"""
    good, bad = len(scene.good_between), int(scene.group["count"])
    if not good:
        failed = scene.failing_since["execution_id"].nunique()
        others = scene.passing["at"]
        meanwhile = (others.isna() | ((others >= scene.since) & (others <= scene.group["last_seen"]))).any()
        if bad >= 3 and scene.analysis.has_successes and scene.onset and failed >= 3 and not meanwhile:
            through = f" through “{scene.node}”" if scene.node else ""
            text = f"No run{through} went well between the first failure of the stretch and the last: {failed} failed."
            yield _history(
                text, scene.failing_since, {C.CREDENTIALS: 1.3, C.WORKFLOW_INACTIVE: 1.3, C.DATA_FORMAT: 0.9}, "DX-6"
            )
        return
    lasting = {C.CREDENTIALS: 0.5, C.WORKFLOW_INACTIVE: 0.5, C.EXTERNAL_API_CHANGED: 0.5, C.WORKFLOW_CONFIG: 0.7}
    passing = {C.RATE_LIMIT: 1.3, C.NETWORK: 1.2, C.TIMEOUT: 1.2, C.DATA_FORMAT: 1.3}
    text = f"{_runs(good)} of the same node succeeded between the first and the last failure."
    yield _history(text, scene.good_between, lasting | passing, "DX-6")


def same_credential(scene: Scene) -> Iterator[Evidence]:
    """Do others that share the node's credential fail too?"""
    newest = scene.members.iloc[-1]
    if pd.isna(newest["credential_id"]):
        return
    failing, good = scene.elsewhere("credential_id", newest["credential_id"])
    failing = failing[failing["cause"].isin([scene.group["cause"], C.CREDENTIALS])]
    name = newest["credential"] if pd.notna(newest["credential"]) else newest["credential_id"]
    flows = _names(failing)
    if flows and good.empty:
        text = (
            f"{_flows(flows)} with the same credential “{name}” fail{_s(flows)} as well: {_of_client(scene, failing)}."
        )
        yield _neighbours(text, failing, {C.CREDENTIALS: 3.0, C.RATE_LIMIT: 1.5, C.WORKFLOW_CONFIG: 0.4}, "DX-3")
    elif flows:
        text = f"{_flows(flows)} that use{_s(flows)} the credential “{name}” fail{_s(flows)} as well, "
        text += "while others succeed with it."
        yield _neighbours(text, failing, {C.CREDENTIALS: 1.2}, "DX-3")
    elif len(good):
        text = f"{_runs(len(good))} of other workflows used the credential “{name}” without failing in that time."
        yield _neighbours(text, good, {C.CREDENTIALS: 0.5, C.WORKFLOW_CONFIG: 1.2}, "DX-3")


def same_host(scene: Scene) -> Iterator[Evidence]:
    """Do others that talk to the same host fail too?"""
    newest = scene.members.iloc[-1]
    if pd.isna(newest["host"]):
        return
    failing, good = scene.elsewhere("host", newest["host"])
    failing = failing[failing["cause"].isin([scene.group["cause"], *OUTAGE])]
    flows = _names(failing)
    if flows and good.empty:
        text = f"{_flows(flows)} fail{_s(flows)} at {newest['host']} as well: {_of_client(scene, failing)}."
        yield _neighbours(text, failing, dict.fromkeys(OUTAGE, 2.0) | {C.WORKFLOW_CONFIG: 0.5}, "DX-4")
    elif len(good):
        text = f"{_runs(len(good))} of other workflows reached {newest['host']} without failing in that time."
        yield _neighbours(text, good, dict.fromkeys(OUTAGE, 0.6), "DX-4")


def everything(scene: Scene) -> Iterator[Evidence]:
    """Is all of n8n failing?"""
    runs, at = scene.analysis.own_runs, pd.Timestamp(scene.since)
    part = runs[(runs["instance"] == scene.group["instance"]) & (runs["at"] >= at) & ~scene.analysis.passed_on(runs)]
    part = part[(part["at"] <= scene.group["last_seen"] + pd.Timedelta(hours=1))]
    others = part[part["workflow_id"].astype("str") != str(scene.group["workflow_id"])]
    if not scene.analysis.has_successes or others.empty:
        return
    state = others.assign(ok=others["status"] == "success").groupby("workflow_id", observed=True)["ok"].max()
    down = int((~state.astype(bool)).sum())
    if len(state) >= 3 and down / len(state) >= 0.6:
        text = f"{down} of {len(state)} other workflows had no successful run in that time either."
        yield _neighbours(text, others.tail(SHOWN), {C.INFRASTRUCTURE: 4.0, C.NETWORK: 1.5}, "DX-6")
    elif len(state) - down >= 2:
        text = f"{len(state) - down} of {len(state)} other workflows that ran in that time succeeded: n8n as a whole works."
        yield _neighbours(text, others[others["status"] == "success"].tail(3), {C.INFRASTRUCTURE: 0.6}, "DX-6")


LOOKS: tuple[Callable[[Scene], Iterator[Evidence]], ...] = (
    worked_before,
    comes_and_goes,
    same_credential,
    same_host,
    everything,
)


def _changed(scene: Scene, good: Any, bad: Any) -> tuple[list[str], list[str]] | None:
    """What differs between two runs' workflows: the node's own settings, and other nodes. None where unknown."""
    before, after = scene.snapshot(good), scene.snapshot(bad)
    if before is None or after is None or scene.node is None:
        return None
    mine, now = before.nodes.get(scene.node), after.nodes.get(scene.node)
    if mine is None or now is None:
        return (["whole node"] if now else []), []
    old, new = mine.get("parameters") or {}, now.get("parameters") or {}
    if isinstance(old, dict) and isinstance(new, dict):
        here = [f"parameter {key}" for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    else:
        here = ["parameters"] if old != new else []
    kept = ("credentials", "type", "type_version", "on_error", "disabled", "retry")
    here += [key.replace("_", " ") for key in kept if mine.get(key) != now.get(key)]
    names = sorted({*before.nodes, *after.nodes} - {scene.node})
    return here, [name for name in names if before.nodes.get(name) != after.nodes.get(name)]


def _history(text: str, rows: pd.DataFrame, effects: dict[Cause, float], check: str, *, at: Any = None) -> Evidence:
    """`at`: when something had changed at the latest."""
    known = at.to_pydatetime() if pd.notna(at) else None
    fact = Fact(text=text, executions=newest_ids(rows), check=check, at=known)
    return Evidence(kind="history", fact=fact, effects=effects)


def _neighbours(text: str, rows: pd.DataFrame, effects: dict[Cause, float], check: str) -> Evidence:
    fact = Fact(text=text, executions=newest_ids(rows), check=check)
    return Evidence(kind="neighbours", fact=fact, effects=effects)


def newest_ids(rows: pd.DataFrame) -> tuple[str, ...]:
    """The newest few execution ids of a table that is sorted oldest first."""
    return tuple(dict.fromkeys(str(name) for name in rows["execution_id"].iloc[::-1]))[:SHOWN]


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _flows(names: list[str]) -> str:
    return "1 other workflow" if len(names) == 1 else f"{len(names)} other workflows"


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""


def time_of(at: Any) -> str:
    """A time in words, also one that is missing."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if pd.notna(at) else "an unknown time"


def _names(failing: pd.DataFrame) -> list[str]:
    """One name a workflow, its id where it has none; several may have the same."""
    flows = failing.drop_duplicates(["instance", "workflow_id"]).astype("object")
    return sorted(flows["workflow"].where(flows["workflow"].notna(), flows["workflow_id"]).dropna().astype("str"))


def _of_client(scene: Scene, failing: pd.DataFrame) -> str:
    """The workflows' names; where one client was asked for, only its own, and how many others there are."""
    if scene.only is None:
        return _list(_names(failing))
    client = failing["client"].astype("object").where(failing["client"].notna(), None)
    mine = client.map(lambda name: name == scene.only) if len(client) else client
    own, foreign = _names(failing[mine.astype(bool)]), len(_names(failing[~mine.astype(bool)]))
    return " and ".join(filter(None, [_list(own) if own else "", f"{foreign} of other clients" if foreign else ""]))


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
