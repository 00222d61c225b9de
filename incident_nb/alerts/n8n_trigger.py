"""What n8n's Error Trigger hands to an error workflow, sent on as it is; n8n 1.x and 2.x."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incident_nb.alerts.alert import Alert, alert, instant
from incident_nb.alerts.body import BodyError, Json, document, name_in, part
from incident_nb.models import ErrorRecord
from incident_nb.readers.failures import failures_in

DEEPEST = 20  # sub-workflows called by sub-workflows

# Errors that lose their words on their way to an error workflow, and n8n's own sentence for each.
LOST = {"WorkflowCrashedError": "Workflow did not finish, possible out-of-memory issue"}

_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def read(body: bytes, *, received: datetime, instance: str = "default", delivery_id: str | None = None) -> list[Alert]:
    """The alert of a failed execution, or of a trigger that failed before there was one; `received` where n8n names no time.

    None at all for an execution that a person stopped. Raises BodyError for what no Error Trigger sends.
    """
    sent = document(body)
    flow, run = part(sent, "workflow", dict), part(sent, "execution", dict)
    about = run or part(sent, "trigger", dict)
    if flow is None or about is None:
        raise BodyError("An Error Trigger's output holds “workflow”, and “execution” or “trigger”; this does not.")
    error = part(about, "error", dict)
    if not error:
        raise BodyError("There is no error in it.")
    failure = _failure(error, name_in(about, "lastNodeExecuted"))
    if failure is None:
        return []
    known = {
        "instance": instance, "workflow_id": name_in(flow, "id"), "workflow": name_in(flow, "name"),
        "execution_id": name_in(about, "id"), "execution_url": part(about, "url", str), "mode": part(about, "mode", str),
        "retry_of": name_in(about, "retryOf"), "place": "trigger" if run is None else failure["place"],
        "credential_id": failure["credential_id"], "credential": failure["credential"],
    }  # fmt: skip
    at = instant(error.get("timestamp"))
    return [
        alert("n8n", known, _record(failure), called=_called(error), at=at, received=received, delivery_id=delivery_id)
    ]


def _failure(error: Json, last: str | None) -> Json | None:
    """The failure as the readers take it from an execution that ended with this error; None where nothing failed."""
    lost = LOST.get(error["name"]) if isinstance(error.get("name"), str) else None
    whole = {**error, "message": error.get("message") or lost}
    result = {"error": whole, "lastNodeExecuted": last, "runData": {}}
    try:
        found = failures_in({"resultData": result}, {}, "crashed" if lost else "error")
    except _DAMAGE as damage:
        raise BodyError("The error in it is not as n8n writes it.") from damage
    return found[0] if found else None


def _record(failure: Json) -> Json:
    return {name: value for name, value in failure.items() if name in ErrorRecord.model_fields}


def _called(error: Json) -> Json | None:
    """The innermost of the sub-workflows' failures that an error passes on, with the ids of its run; None for its own."""
    inner: Any = error
    for _ in range(DEEPEST):
        deeper = inner.get("errorResponse")
        if not isinstance(deeper, dict) or not deeper.get("executionId"):
            break
        inner = deeper
    failure = None if inner is error else _failure(inner, None)
    if failure is None:
        return None
    ids = {"execution_id": name_in(inner, "executionId"), "workflow_id": name_in(inner, "workflowId")}
    return {**ids, **_record(failure)}
