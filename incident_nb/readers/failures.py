"""Every failure inside one execution's data, from each place where n8n keeps one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from incident_nb.readers.bodies import error_in, listened_to
from incident_nb.readers.error_object import Fields, error_fields
from incident_nb.readers.limits import Budget, TooLargeError
from incident_nb.readers.rows import text_or_none

Tree = dict[str, Any]

# A run that n8n rebuilt after a crash has its start in seconds; every other run in milliseconds.
_SECONDS_BELOW = 100_000_000_000
_CODE = "n8n-nodes-base.code"  # the only node whose errors carry a line number; they name no node
_CHILD_KEYS = ("child_execution_id", "child_workflow_id", "child_node")


def failures_in(data: Tree, nodes: dict[str, Tree], status: str | None, budget: Budget | None = None) -> list[Tree]:
    """One dict a failure: `place`, `node`, `node_type`, `run`, `items`, `at_ms`, error fields, `child_*`.

    `data` is the execution's data as a plain tree, `nodes` the workflow's nodes by name (may be empty). What n8n
    records twice, in the node's run and as the execution's error, comes once. `at_ms` is epoch milliseconds or None.
    Where there is more than `budget` allows, the first of them come and `budget.over` says so.
    """
    budget = budget or Budget()
    found: list[Tree] = []
    try:
        _collect(found, data, nodes, status, budget)
    except TooLargeError as error:
        budget.over = str(error)
    return found


def _collect(found: list[Tree], data: Tree, nodes: dict[str, Tree], status: str | None, budget: Budget) -> None:
    """Puts the failures of an execution into `found`, as far as the budget goes."""
    result = _dict(data.get("resultData"))
    last = text_or_none(result.get("lastNodeExecuted"))
    top = _dict(result.get("error")) or _redacted(result)
    if top.get("name") == "ManualExecutionCancelledError":
        return  # a person stopped it: nothing failed
    budget.weigh(top)
    for failure in _in_runs(_dict(result.get("runData")), nodes, last, top, budget):
        budget.take("errors")
        found.append(failure)
    if not top:
        return
    if status == "crashed":
        found[:] = [_crash(top, found, last, nodes)]
        return
    if not any(failure["place"] in ("execution", "trigger", "subworkflow") for failure in found):
        inner = _dict(top.get("node"))
        node = last if _is_subworkflow(top) else text_or_none(inner.get("name")) or last
        place = _place(top, nodes.get(node or "") or inner, True)
        found.append(_failure(place, node, None, top, nodes, top.get("timestamp")))


def _in_runs(runs: Tree, nodes: dict[str, Tree], last: str | None, top: Tree, budget: Budget) -> Iterator[Tree]:
    seen: dict[str, str] = {}
    origin = text_or_none(_dict(top.get("node")).get("name"))
    blamed = {name for name in (last, origin) if name}
    for node, entries in runs.items():
        for index, run in enumerate(map(_dict, _list(entries))):
            budget.take("node runs")
            error = _dict(run.get("error")) or _redacted(run)
            if error:
                if error is not top:  # n8n stores the error that ended the execution in both places
                    budget.weigh(error)
                inner = text_or_none(_dict(error.get("node")).get("name"))
                if inner and inner != node and inner in runs and not _is_subworkflow(error):
                    continue  # a root node repeats the error of the model or tool below it, which has its own run
                if node == origin and index == len(entries) - 1:
                    error = {**error, **top}  # of a model's or tool's error its own run keeps less
                ended = bool(top) and (node in blamed or inner in blamed)
                yield _failure(_place(error, nodes.get(node), ended), node, index, error, nodes, _ended_ms(run))
            yield from _in_items(node, index, run, nodes, seen, budget)
            yield from _in_bodies(node, index, run, nodes, seen, budget)
            for hint in _list(run.get("hints")):
                budget.take("items")
                if _dict(_dict(hint).get("group")).get("key") == "fieldNotFound":
                    warning = {"name": "FieldNotFound", "message": _dict(hint).get("message")}
                    budget.weigh(warning)
                    yield _failure("hint", node, index, warning, nodes, _ended_ms(run))


def _in_items(
    node: str, index: int, run: Tree, nodes: dict[str, Tree], seen: dict[str, str], budget: Budget
) -> Iterator[Tree]:
    """Errors that items carry because the node continues on failure, equal ones counted together.

    `seen` has the node that each error came from: nodes further down may pass the same item on.
    """
    how = on_error(nodes.get(node))
    if not how.startswith("continue"):
        return
    counted: dict[str, tuple[Tree, int]] = {}
    for outputs in _dict(run.get("data")).values():
        only_last = how == "continueErrorOutput"  # the output that n8n adds for errors
        for output in _list(outputs)[-1:] if only_last else _list(outputs):
            items = _list(output)
            budget.take("items", 1 + len(items))
            for item in items:
                error = _item_error(_dict(item))
                if error:
                    budget.weigh(error)
                    key = json.dumps(error, sort_keys=True, default=str)
                    counted[key] = (error, counted.get(key, (error, 0))[1] + 1)
    for key, (error, count) in counted.items():
        if seen.setdefault(key, node) == node:
            yield _failure("item", node, index, error, nodes, _ended_ms(run)) | {"items": count}


def _in_bodies(
    node: str, index: int, run: Tree, nodes: dict[str, Tree], seen: dict[str, str], budget: Budget
) -> Iterator[Tree]:
    """Errors that a service gave as the body of a good answer, equal ones counted together."""
    about = nodes.get(node) or {}
    how = listened_to(about)
    if how is None or _dict(run.get("error")):
        return
    continues = on_error(about).startswith("continue")
    counted: dict[str, tuple[Tree, int]] = {}
    for output in _list(_dict(run.get("data")).get("main")):
        items = _list(output)
        budget.take("items", 1 + len(items))
        for item in map(_dict, items):
            error = {} if continues and _item_error(item) else error_in(item.get("json"), how)
            if error:
                budget.weigh(error)
                key = json.dumps(error, sort_keys=True)
                counted[key] = (error, counted.get(key, (error, 0))[1] + 1)
    for key, (error, count) in counted.items():
        if seen.setdefault(key, node) == node:
            yield _failure("body", node, index, error, nodes, _ended_ms(run)) | {"items": count}


def _item_error(item: Tree) -> Tree:
    for error in (item.get("error"), _dict(item.get("json")).get("error")):
        if isinstance(error, str) and error:
            return {"message": error}
        if isinstance(error, dict) and (error.get("message") or error.get("description")):
            return error
    return {}


def on_error(node: Tree | None) -> str:
    """What the node does when it fails: `onError` in current versions, `continueOnFail` in older ones."""
    node = node or {}
    return str(node.get("onError") or ("continueRegularOutput" if node.get("continueOnFail") is True else ""))


def _place(error: Tree, node: Tree | None, ended: bool) -> str:
    if _is_subworkflow(error):
        return "subworkflow"
    if not ended:
        return "node"
    return "trigger" if _is_trigger(node) else "execution"


def _is_subworkflow(error: Tree) -> bool:
    return bool(error.get("errorResponse") and error.get("executionId"))


def _is_trigger(node: Tree | None) -> bool:
    kind = str((node or {}).get("type", "")).lower()
    return kind.endswith(("trigger", ".webhook", ".cron", ".interval", ".emailreadimap"))


def _crash(top: Tree, found: list[Tree], last: str | None, nodes: dict[str, Tree]) -> Tree:
    """n8n died under the run: its own error for that, at the node whose run it marked as crashed."""
    crashed = next((f for f in found if f["error_name"] == "NodeCrashedError"), None)
    node, at = (crashed["node"], crashed["at_ms"]) if crashed else (last, None)
    return _failure("crash", node, None, top, nodes, at)


def _failure(place: str, node: str | None, run: int | None, error: Tree, nodes: dict[str, Tree], at: Any) -> Tree:
    snapshot = _dict(nodes.get(node or ""))
    inner = _dict(error.get("node"))
    own_type = inner.get("type") if inner.get("name") == node else None
    fields: Fields = error_fields(error, snapshot)
    child = map(text_or_none, (error.get("executionId"), error.get("workflowId"), inner.get("name")))
    return {
        "place": place,
        "node": node,
        "node_type": text_or_none(snapshot.get("type") or own_type or (_CODE if "lineNumber" in error else None)),
        "run": run,
        "items": None,
        "at_ms": at if isinstance(at, int | float) else None,
        **fields,
        **dict(zip(_CHILD_KEYS, child if place == "subworkflow" else (None, None, None), strict=True)),
    }


def _ended_ms(run: Tree) -> float | None:
    start, took = run.get("startTime"), run.get("executionTime")
    if not isinstance(start, int | float) or start <= 0:
        return None
    scale = 1000 if start < _SECONDS_BELOW else 1
    return start * scale + (took if isinstance(took, int | float) else 0)


def _redacted(holder: Tree) -> Tree:
    """The little that n8n leaves of an error it redacted: type and status, in the shape of an error."""
    left = _dict(holder.get("redactedError"))
    return {"name": left.get("type"), "httpCode": left.get("httpCode")} if left else {}


def _dict(value: Any) -> Tree:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
