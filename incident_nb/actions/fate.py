"""What became of a retry that was asked for, by what the server shows now: nobody may have been told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from incident_nb.actions.sight import Sight
from incident_nb.readers.node_input import Json, as_dict, as_list
from incident_nb.said import Retry, RetryState

ARRIVED = timedelta(minutes=3)  # a request that n8n has not begun by then never came: we wait a minute for an answer
GOING_ON = ("running", "new", "waiting")
_KEEPS_ALL, _KEEPS_NONE = "all", "none"


class Fate(NamedTuple):
    """How it stands with a retry; `asked` means that nobody can say. `retry_id` is the execution that it made."""

    state: RetryState
    retry_id: str | None = None
    why: str = ""


def fate(retry: Retry, workflow_id: str, sight: Sight, now: datetime) -> Fate:
    """What became of a retry that was asked for. Raises UnreachableError.

    n8n writes a retry down when it begins, so one that is not there was never begun; but only where it would have left a
    trace, and once it had the time to arrive.
    """
    runs = sight.runs(workflow_id)
    made = [run for run in runs if _is_of(run, retry)]
    if made:
        return ended(made[0])
    workflow = sight.workflow(workflow_id)
    if why := _may_be_hidden(workflow, workflow_id, sight):
        return Fate("asked", why=why)
    if now - retry.at < ARRIVED:
        return Fate("asked", why=f"n8n shows none yet; it is sure {_minutes(ARRIVED)} after it was asked for")
    return Fate("never", why="n8n shows none, and would")


def ended(run: Json) -> Fate:
    """How a retry that the server shows stands."""
    number, status = str(run.get("id")), run.get("status")
    if status in GOING_ON:
        return Fate("going_on", number)
    return Fate("well", number) if status == "success" else Fate("failed", number)


def _is_of(run: Json, retry: Retry) -> bool:
    """Whether an execution is the retry that was asked for: none of those that were there before."""
    number = str(run.get("id"))
    return str(run.get("retryOf")) == retry.execution_id and number not in retry.known


def _may_be_hidden(workflow: Json | None, workflow_id: str, sight: Sight) -> str:
    """Why a retry could have been and not be seen."""
    if workflow is None:
        return "the workflow is gone, and its executions with it"
    kept = as_dict(workflow.get("settings"))
    good, bad = (kept.get(name) for name in ("saveDataSuccessExecution", "saveDataErrorExecution"))
    if _KEEPS_NONE in (good, bad):
        return "the workflow does not keep all its executions, so that it may have left no trace"
    if good != _KEEPS_ALL and not sight.keeps_good(workflow_id):
        return "it is not known whether this server keeps good executions, so that it may have left no trace"
    if any(_waits(as_dict(node)) for node in as_list(workflow.get("nodes"))):
        return "the workflow has a node that waits, and n8n 1.x lists not all that wait"
    return ""


def _waits(node: Json) -> bool:
    operation = as_dict(node.get("parameters")).get("operation")
    return str(node.get("type")).endswith(".wait") or str(operation).startswith("sendAndWait")


def _minutes(span: timedelta) -> str:
    return f"{span // timedelta(minutes=1)} minutes"
