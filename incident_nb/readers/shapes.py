"""The shapes in which n8n's JSON comes, as typed structs that skip all that is not needed, and their decoders."""

from __future__ import annotations

import contextlib
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from incident_nb.models import NO_EXECUTION
from incident_nb.readers.plain import Told
from incident_nb.readers.rows import text_or_none


class Execution(msgspec.Struct, gc=False):
    """One execution, or one workflow: lists of both look alike, and a folder of exports holds both."""

    id: str | int | None = None
    status: str | None = None
    finished: bool | None = None
    mode: str | None = None
    startedAt: str | None = None
    stoppedAt: str | None = None
    waitTill: str | None = None
    workflowId: str | int | None = None
    workflowName: str | None = None
    retryOf: str | int | None = None
    workflowData: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    dataTooLargeToDisplay: bool | None = None
    name: str | None = None
    nodes: msgspec.Raw = msgspec.Raw(b"")
    tags: Any = None
    shared: Any = None
    active: Any = None
    errorOnly: bool = False


class _Typed(Execution, gc=False):
    """The same with its data decoded in the same pass: as the API gives it, or as the editor does, in a text."""

    data: Told | str | None = None  # type: ignore[assignment]


class _Named(msgspec.Struct):
    id: str | int | None = None
    name: str | None = None


class _Alert(msgspec.Struct):
    """What n8n hands to an error workflow: a failed execution, or a trigger that failed before there was one."""

    workflow: _Named
    execution: dict[str, Any] | None = None
    trigger: dict[str, Any] | None = None


class _Results(msgspec.Struct):
    results: list[Execution]


class _EditorList(msgspec.Struct):
    data: _Results


class _Inner(msgspec.Struct):
    data: Execution


class _Listed(msgspec.Struct):
    data: list[msgspec.Raw]


TYPED, RAWS = msgspec.json.Decoder(_Typed), msgspec.json.Decoder(list[msgspec.Raw])
ONE, INNER = msgspec.json.Decoder(Execution), msgspec.json.Decoder(_Inner)
ALERT, LISTED = msgspec.json.Decoder(_Alert), msgspec.json.Decoder(_Listed)
EDITOR_LIST = msgspec.json.Decoder(_EditorList)


def from_alert(alert: _Alert) -> Execution:
    """An alert's body as the execution it is about; of its data only the error is there."""
    about = alert.execution or alert.trigger or {}
    error = about.get("error")
    if not isinstance(error, dict):
        raise ValueError("no error in it")
    result = {"error": error, "lastNodeExecuted": about.get("lastNodeExecuted"), "runData": {}}
    data = msgspec.json.encode({"resultData": result})
    digest = hashlib.blake2b(data, digest_size=6).hexdigest()
    return Execution(
        id=text_or_none(about.get("id")) or f"{NO_EXECUTION}{digest}",
        status="crashed" if error.get("name") == "WorkflowCrashedError" else "error",
        mode=text_or_none(about.get("mode")),
        stoppedAt=_instant(error.get("timestamp")),
        workflowId=alert.workflow.id,
        workflowName=alert.workflow.name,
        retryOf=text_or_none(about.get("retryOf")),
        data=msgspec.Raw(data),
        errorOnly=True,
    )


def _instant(milliseconds: Any) -> str | None:
    with contextlib.suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
    return None
