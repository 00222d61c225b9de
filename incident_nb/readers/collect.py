"""Rows in, an ExecutionLog out: looks into each execution as deeply as it needs, and passes all text through the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pandas as pd

from incident_nb.models import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.readers.failures import failures_in
from incident_nb.readers.flatted import Flatted
from incident_nb.readers.rows import Row, WorkflowRow
from incident_nb.redact import redact_text, redact_tree

ClientOf = Callable[[WorkflowRow], str | None]

_KEPT_TEXT = 6_000
_QUIET = ("success", "waiting", "running", "new")
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_BY_RICHNESS = ("missing", "damaged", "too_large", "error_only", "redacted", "full")


class _Meta(msgspec.Struct):
    parentExecution: dict[str, Any] | None = None


class _Run(msgspec.Struct):
    metadata: _Meta | None = None


class _Result(msgspec.Struct):
    runData: dict[str, list[_Run]] = {}
    lastNodeExecuted: str | None = None


class _Data(msgspec.Struct):
    resultData: _Result = msgspec.field(default_factory=_Result)
    parentExecution: dict[str, Any] | None = None
    redactionInfo: dict[str, Any] | None = None


_shape = msgspec.json.Decoder(_Data)


class Collector:
    """Takes rows one at a time and gives back one ExecutionLog; holds what is kept, never the input."""

    def __init__(self, client_of: ClientOf) -> None:
        self._client_of = client_of
        self._executions: dict[tuple[str, str], dict[str, Any]] = {}
        self._failures: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._snapshots: dict[bytes, tuple[str, dict[str, Any]]] = {}
        self._workflows: dict[tuple[str, str], WorkflowRow] = {}
        self._skipped: list[Skipped] = []

    def skip(self, skipped: Skipped) -> None:
        """Notes what a reader had to leave out."""
        self._skipped.append(skipped)

    def add_workflow(self, workflow: WorkflowRow, instance: str) -> None:
        """Notes a workflow's name, tags and project; the newest source wins."""
        self._workflows[instance, workflow.workflow_id] = workflow

    def add(self, row: Row, instance: str, source: str) -> None:
        """Takes one execution. One seen before is kept in the form that says more; a clash of ids is skipped."""
        key = (instance, row.execution_id)
        before = self._executions.get(key)
        if before is not None:
            if row.workflow_id and before["workflow_id"] and before["workflow_id"] != row.workflow_id:
                reason = f"execution {row.execution_id} of another workflow was read from {before['source']}; "
                reason += "give exports of different n8n servers an instance name each (--instance)"
                self._skipped.append(Skipped(source, row.where, reason))
                return
            if _says_more(before["status"], before["data"]) >= _says_more(row.status, _state(row)):
                return
        kept = {
            "instance": instance,
            "execution_id": row.execution_id,
            "workflow_id": row.workflow_id,
            "workflow": row.workflow,
            "mode": row.mode,
            "status": row.status,
            "started_at": row.started,
            "stopped_at": row.stopped,
            "retry_of": row.retry_of,
            "data": _state(row),
            "source": source,
        }
        failures: list[dict[str, Any]] = []
        nodes: dict[str, Any] = {}
        try:
            kept["snapshot"], nodes = self._snapshot(row.nodes)
            if row.data:
                failures = _look(row, nodes, kept)
        except _DAMAGE as error:
            kept["data"], failures = "damaged", []
            self._skipped.append(
                Skipped(source, row.where, f"execution {row.execution_id}: its data is damaged: {_reason(error)}")
            )
        self._executions[key] = kept
        self._failures[key] = failures or _from_status(row, kept)

    def _snapshot(self, nodes: bytes | None) -> tuple[str | None, dict[str, Any]]:
        if not nodes or nodes == b"null":
            return None, {}
        digest = hashlib.blake2b(nodes, digest_size=8).digest()
        if digest not in self._snapshots:
            by_name = {str(node.get("name")): node for node in msgspec.json.decode(nodes) if isinstance(node, dict)}
            self._snapshots[digest] = (digest.hex(), by_name)
        return self._snapshots[digest]

    def log(self) -> ExecutionLog:
        """All that was taken, through the gate, as the two documented DataFrames."""
        clean = _Gate()
        names = {k: row["workflow"] for k, row in _by_workflow(self._executions.values()) if row["workflow"]}
        clients: dict[tuple[str, str], str | None] = {}
        for row in self._executions.values():
            key = (row["instance"], row["workflow_id"] or "")
            known = self._workflows.get(key) or WorkflowRow(key[1])
            row["workflow"] = row["workflow"] or names.get(key) or known.name
            if key not in clients:
                known = WorkflowRow(key[1], row["workflow"], known.tags, known.project)
                clients[key] = self._client_of(known)
            row["client"] = clients[key]
        executions = _frame(self._executions.values(), EXECUTION_COLUMNS, clean)
        executions["at"] = executions["started_at"].fillna(executions["stopped_at"])
        executions["duration_s"] = (executions["stopped_at"] - executions["started_at"]).dt.total_seconds()
        executions = executions.sort_values(["at", "instance", "execution_id"], kind="stable", ignore_index=True)
        shared = ("instance", "execution_id", "workflow_id", "workflow", "client")
        rows = [
            {**failure, **{name: row[name] for name in shared}, "at": failure.get("at_ms"), "_end": row["stopped_at"]}
            for key, row in self._executions.items()
            for failure in self._failures[key]
        ]
        failures = _frame(rows, FAILURE_COLUMNS, clean)
        ends = _times([row["_end"] for row in rows]).astype(FAILURE_COLUMNS["at"])
        failures["at"] = failures["at"].fillna(ends)
        failures = failures.sort_values(["at", "instance", "execution_id"], kind="stable", ignore_index=True)
        snapshots = {name: Snapshot(name, _gated(nodes)) for name, nodes in self._snapshots.values()}
        return ExecutionLog(executions, failures, snapshots, tuple(self._skipped))


def _reason(error: Exception) -> str:
    """What a parser says of damage; Python's own errors may quote the data, which has not passed the gate."""
    return str(error) if isinstance(error, msgspec.DecodeError) else "not the shape that n8n gives it"


def _state(row: Row) -> str:
    return row.state if row.data or row.state != "full" else "missing"


def _says_more(status: str | None, data: str) -> tuple[bool, int]:
    """How much one reading of an execution tells: an end beats "still running", then the fuller data."""
    return status not in ("running", "new", "waiting", None), _BY_RICHNESS.index(data)


def _by_workflow(rows: Iterable[dict[str, Any]]) -> Iterable[tuple[tuple[str, str], dict[str, Any]]]:
    return (((row["instance"], row["workflow_id"] or ""), row) for row in rows)


def _look(row: Row, nodes: dict[str, Any], kept: dict[str, Any]) -> list[dict[str, Any]]:
    """Fills what the data says of the run into `kept`; gives back its failures. Quiet runs are not decoded in full."""
    data = row.data or b""
    stored = Flatted(data) if row.flatted else None
    if row.status in _QUIET and b'"error"' not in data and b'"fieldNotFound"' not in data:
        _shallow(stored, data, row, kept)
        return []
    tree = stored.tree() if stored else msgspec.json.decode(data)
    _redacted(tree.get("redactionInfo"), kept)
    result = tree.get("resultData") or {}
    runs = result.get("runData") or {}
    kept["last_node"], kept["nodes_run"] = result.get("lastNodeExecuted"), "\n".join(runs) or None
    first: dict[str, Any] = next((entries[0] for entries in runs.values() if entries), {})
    _parent(tree.get("parentExecution") or (first.get("metadata") or {}).get("parentExecution"), kept)
    return failures_in(tree, nodes, row.status)


def _shallow(stored: Flatted | None, data: bytes, row: Row, kept: dict[str, Any]) -> None:
    if stored:
        root = stored.root
        result = stored.get(root, "resultData")
        runs = stored.get(result, "runData") or {}
        kept["last_node"] = stored.get(result, "lastNodeExecuted")
        _redacted(stored.get(root, "redactionInfo"), kept)
        parent = stored.get(root, "parentExecution")
        if parent is None and row.mode in ("integrated", "error"):
            first = stored.get(stored.get(runs, next(iter(runs), "")), 0)
            parent = stored.get(stored.get(first, "metadata"), "parentExecution")
        _parent({key: stored.get(parent, key) for key in parent or ()}, kept)
    else:
        seen = _shape.decode(data)
        runs = seen.resultData.runData
        kept["last_node"] = seen.resultData.lastNodeExecuted
        _redacted(seen.redactionInfo, kept)
        metas = (run.metadata for entries in runs.values() for run in entries[:1])
        _parent(seen.parentExecution or next((m.parentExecution for m in metas if m), None), kept)
    kept["nodes_run"] = "\n".join(runs) or None


def _redacted(info: Any, kept: dict[str, Any]) -> None:
    if isinstance(info, dict) and info.get("isRedacted") is True and kept["data"] == "full":
        kept["data"] = "redacted"


def _parent(parent: Any, kept: dict[str, Any]) -> None:
    if isinstance(parent, dict):
        kept["parent_execution_id"] = parent.get("executionId")
        kept["parent_workflow_id"] = parent.get("workflowId")


def _from_status(row: Row, kept: dict[str, Any]) -> list[dict[str, Any]]:
    """What the status alone tells, where the data holds no error: a time-out, or a failure without its record."""
    if row.status == "canceled":
        settings = msgspec.json.decode(row.settings) if row.settings else None
        limit = settings.get("executionTimeout") if isinstance(settings, dict) else None
        took = _seconds(row.started, row.stopped)
        if isinstance(limit, int | float) and limit > 0 and took is not None and took >= limit * 0.95:
            message = f"The execution was stopped after {took:.1f} s: the workflow's own time limit is {limit:g} s"
            return [
                {
                    "place": "canceled",
                    "node": kept.get("last_node"),
                    "error_name": "ExecutionTimeout",
                    "message": message,
                }
            ]
    if row.status in ("error", "crashed"):
        return [{"place": "status", "node": kept.get("last_node")}]
    return []


def _seconds(started: str | None, stopped: str | None) -> float | None:
    begin, end = _times([started, stopped])
    return None if pd.isna(begin) or pd.isna(end) else float((end - begin).total_seconds())


def _gated(nodes: dict[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = redact_tree(
        {
            name: {
                "type": node.get("type"),
                "parameters": node.get("parameters"),
                "credentials": node.get("credentials"),
                "disabled": node.get("disabled"),
                "on_error": node.get("onError") or ("continueRegularOutput" if node.get("continueOnFail") else None),
                "retry": {key: node[key] for key in ("retryOnFail", "maxTries", "waitBetweenTries") if key in node},
            }
            for name, node in nodes.items()
        }
    )
    return clean


class _Gate(dict[str, str]):
    """Each distinct text redacted once, then cut to what is kept: never the other way round."""

    def __missing__(self, text: str) -> str:
        # Half an emoji, cut off by a service inside its JSON, is no text that can be stored.
        self[text] = clean = redact_text(text)[:_KEPT_TEXT].encode("utf-8", "replace").decode()
        return clean


_OWN_WORDS = {"instance", "execution_id", "mode", "status", "data", "place", "snapshot"}


def _frame(rows: Iterable[dict[str, Any]], columns: dict[str, str], clean: _Gate) -> pd.DataFrame:
    rows = list(rows)
    frame: dict[str, Any] = {}
    for name, dtype in columns.items():
        values = [row.get(name) for row in rows]
        if dtype.startswith("datetime64"):
            frame[name] = _times(values).astype(dtype)
        elif dtype in ("str", "category"):
            texts = [None if v in (None, "") else str(v) if name in _OWN_WORDS else clean[str(v)] for v in values]
            frame[name] = pd.Series(texts, dtype="str").astype(dtype)
        else:
            frame[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(frame)


def _times(values: list[Any]) -> pd.Series:
    """UTC times from n8n's texts (with Z, or the database's without zone) or from epoch milliseconds."""
    if any(isinstance(value, int | float) for value in values):
        return pd.to_datetime(pd.Series(values, dtype="float64"), unit="ms", utc=True, errors="coerce").dt.round("ms")
    return pd.to_datetime(pd.Series(values, dtype="str"), utc=True, format="ISO8601", errors="coerce")
