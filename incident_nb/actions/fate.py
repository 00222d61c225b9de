"""What became of a retry that was asked for, by what the server shows now: nobody may have been told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from incident_nb.actions.attempts import GOING_ON
from incident_nb.actions.sight import Sight
from incident_nb.readers.node_input import Json, as_dict
from incident_nb.said import Retry, RetryState

# A request that n8n has not begun by then never came: we wait a minute for an answer. Clocks of machines that share
# records have to agree to the rest of it.
ARRIVED = timedelta(minutes=5)
_KEEPS_ALL, _KEEPS_NONE = "all", "none"


class Fate(NamedTuple):
    """How it stands with a retry; `asked` means that nobody can say. `retry_id` is the execution that it made."""

    state: RetryState
    retry_id: str | None = None
    why: str = ""


def fate(retry: Retry, workflow_id: str, sight: Sight, now: datetime) -> Fate:
    """What became of a retry that was asked for. Raises UnreachableError.

    n8n writes a retry down when it begins, so one that is not there was never begun: but only once it had the time to
    arrive, where it would have left a trace, and where all that is on no list was asked for.
    """
    if retry.retry_id is not None:
        made = sight.status(retry.retry_id)
        gone = f"its retry, execution {retry.retry_id}, is gone from n8n, and how it ended nobody knows"
        return ended(made) if made else Fate("asked", retry.retry_id, gone)
    for run in sight.runs(workflow_id):
        if _is_of(run, retry):
            return ended(run)
    if why := _leaves_no_trace(retry, workflow_id, sight):
        return Fate("asked", why=why)
    if now - retry.at < ARRIVED:
        minutes = ARRIVED // timedelta(minutes=1)
        return Fate("asked", why=f"n8n shows none yet; it is sure {minutes} minutes after it was asked for")
    hidden = sight.unlisted(retry.at)
    if hidden is None:
        return Fate("asked", why="too many executions are on none of n8n's lists to look for it among them")
    for run in hidden:
        if _is_of(run, retry):
            return ended(run)
    return Fate("never", why="n8n shows none, and would")


def ended(run: Json) -> Fate:
    """How a retry that the server shows stands."""
    number, status = str(run.get("id")), run.get("status")
    if status in GOING_ON:
        return Fate("going_on", number)
    return Fate("well", number) if status == "success" else Fate("failed", number)


def _is_of(run: Json, retry: Retry) -> bool:
    """Whether an execution is the retry that was asked for: none of those that were there before."""
    return str(run.get("retryOf")) == retry.execution_id and str(run.get("id")) not in retry.known


def _leaves_no_trace(retry: Retry, workflow_id: str, sight: Sight) -> str:
    """Why a retry could have been and be gone: by the workflow's settings now, and by those that it ran with."""
    workflow, execution = sight.workflow(workflow_id), sight.execution(retry.execution_id)
    if workflow is None or execution is None:
        return "the workflow or the execution is gone, and with it what it could be told by"
    for flow in (workflow, as_dict(execution.get("workflowData"))):
        kept = as_dict(flow.get("settings"))
        good, bad = (kept.get(name) for name in ("saveDataSuccessExecution", "saveDataErrorExecution"))
        if _KEEPS_NONE in (good, bad):
            return "the workflow does not keep all its executions, so that it may have left no trace"
        if good != _KEEPS_ALL and not sight.keeps_good(workflow_id):
            return "it is not known whether this server keeps good executions, so that it may have left no trace"
    return ""
