"""One execution's data looked into, as deeply as it needs: a quiet run's path, or everything that failed in it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pandas as pd

from incident_nb.readers import limits
from incident_nb.readers.bodies import listened_to
from incident_nb.readers.failures import failures_in, on_error
from incident_nb.readers.flatted import Flatted
from incident_nb.readers.limits import Budget, TooLargeError
from incident_nb.readers.paths import Path, Watch
from incident_nb.readers.plain import Plain
from incident_nb.readers.rows import Row, text_or_none, whole_characters
from incident_nb.readers.tables import times

_QUIET = ("success", "waiting", "running", "new")
# n8n 2.40's nodes that leave the warning `fieldNotFound` on a run; they share one helper for it.
_WARNING_NODES = (".splitOut", ".aggregate", ".summarize", ".sort", ".removeDuplicates", ".itemLists")
# Runs that another execution started say which in their first node's metadata.
_STARTED_BY_ANOTHER = ("integrated", "error")

_LONGEST = 10 * 366 * 86_400  # seconds; a longer time limit is none


class _Snapshot(msgspec.Struct, gc=False):
    id: str | int | None = None
    name: str | None = None
    nodes: msgspec.Raw = msgspec.Raw(b"")
    settings: Any = None


class Flow(NamedTuple):
    """The workflow snapshot inside an execution, its nodes still JSON (empty where there are none)."""

    id: str | None = None
    name: str | None = None
    nodes: bytes = b""
    settings: Any = None


_snapshot = msgspec.json.Decoder(_Snapshot)


def flow_of(snapshot: bytes | None) -> tuple[Flow, bool]:
    """The snapshot of a workflow taken apart, and whether it is damaged: then it is an empty one."""
    try:
        found = _snapshot.decode(whole_characters(snapshot)) if snapshot else _Snapshot()
    except (ValueError, RecursionError):  # it only adds to a row; damage there costs no row
        return Flow(), True
    nodes = bytes(found.nodes)
    return Flow(text_or_none(found.id), found.name, b"" if nodes == b"null" else nodes, found.settings), False


def watch_of(nodes: dict[str, Any]) -> Watch:
    """What to look for in a workflow's quiet runs."""
    warns = any(str(node.get("type")).endswith(_WARNING_NODES) for node in nodes.values())
    told = (name for name, node in nodes.items() if listened_to(node) or on_error(node).startswith("continue"))
    return Watch(warns, frozenset(told))


def look(row: Row, nodes: dict[str, Any], watch: Watch) -> tuple[list[dict[str, Any]], str | None]:
    """The failures in a row's data, and what of it was too much to be looked at; fills in what the data says of the run.

    Quiet runs are not built whole. `watch`: what of one makes it worth that. Raises ValueError and its like where the data
    is damaged.
    """
    document = row.document
    if isinstance(document, Plain):
        return _look(row, document, nodes, watch)
    read = Flatted if row.flatted else Plain
    try:
        return _look(row, read(document or b"null"), nodes, watch)
    except ValueError:
        mended = whole_characters(document or b"")
        if mended == document:
            raise
        return _look(row, read(mended), nodes, watch)


def _look(
    row: Row, data: Flatted | Plain, nodes: dict[str, Any], watch: Watch
) -> tuple[list[dict[str, Any]], str | None]:
    quiet = row.status in _QUIET
    try:
        path = data.path(watch, parent_in_runs=not quiet or row.mode in _STARTED_BY_ANOTHER)
    except TooLargeError as error:
        return [], str(error)
    _fill(row, path)
    if quiet and not path.suspect:
        return [], None
    size = data.size()
    if size > limits.DATA:
        return [], f"its data is larger than {limits.amount(limits.DATA)}: it was not looked at"
    budget = Budget(size)
    return failures_in(data.tree(), nodes, row.status, budget), budget.over


def _fill(row: Row, path: Path) -> None:
    row.nodes_run, row.node_items, row.node_ms, last, parent, redaction, _ = path
    row.last_node = last if type(last) is str else text_or_none(last)
    if (
        redaction is not None
        and isinstance(redaction, dict)
        and redaction.get("isRedacted") is True
        and row.data == "full"
    ):
        row.data = "redacted"
    if isinstance(parent, dict) and parent:
        row.parent_execution_id = text_or_none(parent.get("executionId"))
        row.parent_workflow_id = text_or_none(parent.get("workflowId"))


def from_status(row: Row, settings: Any) -> list[dict[str, Any]]:
    """What the status alone tells, where the data holds no error: a time-out, or a failure without its record."""
    if row.status == "canceled":
        limit = settings.get("executionTimeout") if isinstance(settings, dict) else None
        took = _seconds(row.started_at, row.stopped_at)
        if isinstance(limit, int | float) and took is not None and 0 < limit < _LONGEST and took >= limit * 0.95:
            message = f"The execution was stopped after {took:.1f} s: the workflow's own time limit is {limit:g} s"
            return [{"place": "canceled", "node": row.last_node, "error_name": "ExecutionTimeout", "message": message}]
    if row.status in ("error", "crashed"):
        return [{"place": "status", "node": row.last_node}]
    return []


def _seconds(started: str | None, stopped: str | None) -> float | None:
    begin, end = times([started, stopped])
    return None if pd.isna(begin) or pd.isna(end) else float((end - begin).total_seconds())
