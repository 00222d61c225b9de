"""Which workflow a failing node called, where n8n says that it is not active or does not exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from incident_nb.diagnose.evidence import time_of
from incident_nb.diagnose.scene import Scene
from incident_nb.models import Cause

# n8n keeps the id apart from its sentence; in a failure's technical text it is a line of its own.
_ID = re.compile(r"\d{1,9}|[A-Za-z0-9]{16}(?<!Error)")
_TRACE = re.compile(r"^\s+at ", re.MULTILINE)
_GONE = re.compile(r"does not exist|not found|could not be found", re.IGNORECASE)


@dataclass(frozen=True)
class Called:
    """A called workflow: its id, its name where one is known, its last run in the records, and whether it is gone."""

    id: str
    name: str | None
    last_run: pd.Series | None
    gone: bool

    @property
    def shown(self) -> str:
        """Its name in quotes, else its id."""
        return f"“{self.name or self.id}”"

    @property
    def told(self) -> str:
        """One sentence of what the records say of it."""
        who = f"{self.shown} ({self.id})" if self.name else f"the workflow with the id {self.id}"
        if self.last_run is None:
            return f"What it calls is {who}; the records hold no run of it."
        run = self.last_run
        return f"What it calls is {who}, last run in execution {run['execution_id']} at {time_of(run['at'])}."


def called(scene: Scene) -> Called | None:
    """The workflow that a failing node called in vain; None where the newest record does not say which."""
    newest = scene.members.iloc[-1]
    if newest["cause"] != Cause.WORKFLOW_INACTIVE or pd.isna(newest["stack"]):
        return None
    runs = scene.analysis.log.executions
    runs = runs[runs["instance"] == newest["instance"]]
    ids = runs["workflow_id"].astype("str")
    lines = [line.strip() for line in _TRACE.split(str(newest["stack"]))[0].splitlines()]
    number = next((line for line in lines if _ID.fullmatch(line)), None)
    if number is None:
        return None
    own = runs[(ids == number) & (runs["at"] <= newest["at"])]
    last = own.iloc[-1] if len(own) else None
    gone = bool(_GONE.search(str(newest["message"])))
    return Called(number, _name(scene, newest, runs[ids == number], number), last, gone)


def _name(scene: Scene, newest: pd.Series, own: pd.DataFrame, number: str) -> str | None:
    """Its name in its own runs, else as the calling node keeps it; not that of a client that was not asked for."""
    named = own[own["workflow"].notna()]
    if len(named):
        client = named["client"].iloc[-1]
        foreign = scene.only is not None and pd.notna(client) and client != scene.only
        return None if foreign else str(named["workflow"].iloc[-1])
    choice = _choice(scene, newest)
    name = choice.get("cachedResultName") if isinstance(choice, dict) and choice.get("value") == number else None
    return str(name) if name else None


def _choice(scene: Scene, newest: pd.Series) -> Any:
    """What the failing node's parameters say of the workflow to call."""
    run = scene.runs[scene.runs["execution_id"] == newest["execution_id"]]
    snapshot = scene.snapshot(run["snapshot"].iloc[-1]) if len(run) else None
    node = (snapshot.nodes if snapshot else {}).get(scene.node or "", {})
    parameters = node.get("parameters")
    return parameters.get("workflowId") if isinstance(parameters, dict) else None
