"""What the live checks are told: the problem of an aim in plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from incident_nb.diagnose.aim import Aim
from incident_nb.diagnose.judged import known
from incident_nb.diagnose.scene import Scene
from incident_nb.diagnose.subject import text
from incident_nb.executions import ExecutionLog
from incident_nb.live import source_of
from incident_nb.models import Cause
from incident_nb.probes import Target

FAILING_IDS = 20


def target_of(aim: Aim) -> Target:
    """The subject's problem as probes take it; for a subject without failures its workflow, or everything."""
    subject, scene = aim.subject, aim.scene
    if scene is None:
        return Target(
            log=aim.analysis.log, now=aim.now, instance=subject.instance, client=subject.client,
            workflow_id=subject.workflow_id, workflow=subject.workflow, complete_until=_complete_until(aim, aim.analysis.log),
        )  # fmt: skip
    group, newest = scene.group, scene.members.iloc[-1]
    good = scene.good_before.iloc[-1] if len(scene.good_before) else None
    named = (
        "node_type",
        "message",
        "description",
        "http_code",
        "host",
        "url",
        "credential_id",
        "credential_type",
        "credential",
    )
    records: dict[str, Any] = {name: text(newest[name]) for name in named}
    return Target(
        log=scene.analysis.log, now=aim.now, instance=str(group["instance"]), client=text(group["client"]),
        workflow_id=text(group["workflow_id"]), workflow=text(group["workflow"]), node=scene.node,
        execution_id=str(newest["execution_id"]),
        good_execution_id=None if good is None else str(good["execution_id"]),
        failing_ids=tuple(dict.fromkeys(str(name) for name in scene.members["execution_id"].iloc[::-1]))[:FAILING_IDS],
        cause=Cause(group["cause"]), detail=text(group["detail"]),
        onset=scene.began, onset_not_before=scene.onset.not_before if scene.onset else None,
        first_seen=known(group["first_seen"]), last_seen=known(group["last_seen"]),
        goes_on=scene.goes_on and aim.later is None, complete_until=_complete_until(aim, scene.analysis.log),
        nodes=_nodes(scene, newest["execution_id"]), good_nodes={} if good is None else _of(scene, good["snapshot"]),
        **records,
    )  # fmt: skip


def _nodes(scene: Scene, execution_id: Any) -> dict[str, dict[str, Any]]:
    runs = scene.analysis.log.executions
    mine = runs[(runs["execution_id"] == execution_id) & (runs["instance"] == scene.group["instance"])]
    return _of(scene, mine["snapshot"].iloc[-1]) if len(mine) else {}


def _of(scene: Scene, name: Any) -> dict[str, dict[str, Any]]:
    snapshot = scene.snapshot(name) if pd.notna(name) else None
    return dict(snapshot.nodes) if snapshot else {}


def _complete_until(aim: Aim, log: ExecutionLog) -> dict[str, datetime]:
    """Until when each instance's runs are in the log: the present for what its server gave in whole, else its newest run.

    A log that was cut, since the problem came back, ends before the present; so does a list that broke off.
    """
    until: dict[str, datetime] = {}
    broke_off = {part.source for part in log.skipped if part.reason.startswith("partial")}
    for instance, runs in log.executions.groupby(log.executions["instance"].astype("str")):
        name = str(instance)
        from_server = bool(runs["source"].astype("str").str.startswith("http").all())
        newest = known(runs["at"].max())
        if from_server and log is aim.analysis.log and source_of(name) not in broke_off:
            until[name] = aim.now
        elif newest is not None:
            until[name] = newest
    return until
