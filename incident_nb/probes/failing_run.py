"""DX-1: the failing execution: its error, the way it took through nodes and sub-workflows, its input, the runs before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.models import Evidence, Probed
from incident_nb.probes.moments import time_of
from incident_nb.probes.parts import failing_run
from incident_nb.probes.shapes import NAME
from incident_nb.probes.target import Target, Tools, could_not_look, found, seen, shaped
from incident_nb.readers import limits
from incident_nb.readers.node_input import Json, NodeInput, Step, as_dict, error_of, node_input, path
from incident_nb.redact import redact_text, redact_tree

SAMPLED = 2  # items
FIELDS = 20  # of one item
VALUE = 60  # characters of a value that are shown, after it was masked
WORDS = 300  # of an error
STEPS = 12
BEFORE = 5


def look(target: Target, tools: Tools) -> Probed:
    """The failing execution in a few sentences; the details are facts that weigh nothing."""
    if target.execution_id is None:
        return could_not_look("No failing execution is known.")
    earlier = list(_earlier(target))
    try:
        execution = as_dict(tools.execution(target.execution_id))
    except IncidentNbError as refused:
        text = f"Execution {target.execution_id} can't be read: {str(refused).rstrip('.')}."
        return could_not_look(text, earlier, next_look="Look it up in n8n, if it has not been pruned there.")
    if not execution:
        return could_not_look(f"Execution {target.execution_id} is not in the source.", earlier)
    steps = path(execution)
    node = target.node or as_dict(as_dict(execution.get("data")).get("resultData")).get("lastNodeExecuted")
    error = error_of(execution, node) if isinstance(node, str) else {}
    got = (
        node_input(execution, node, failing_run(execution, node)) if isinstance(node, str) else NodeInput(why="no node")
    )
    failed = seen(_failed(target, execution, node, error), None, target.execution_id)
    facts = [failed, seen(_reached(node, got))]
    facts += [seen(text) for text in _way(steps, node)]
    facts += _related(target, tools, execution, error, steps)
    facts += [seen(text) for text in _sample(got)]
    facts += earlier
    summary = " ".join([failed.fact.text, facts[1].fact.text, *(fact.fact.text for fact in earlier[:1])])
    return found(summary, facts)


def _failed(target: Target, execution: Json, node: Any, error: Json) -> str:
    """When, where and with which words it failed."""
    at = time_of(execution.get("stoppedAt") or execution.get("startedAt"))
    when = f" on {at:%Y-%m-%d at %H:%M:%S} UTC" if at else ""
    where = f" at “{node}”" if isinstance(node, str) else ""
    status = execution.get("status")
    how = "failed" if status not in ("success", "canceled", "running", "waiting") else f"({status}) holds a failure"
    said = _cut(redact_text(_words(error.get("message")) or target.message or ""), WORDS)
    about = _cut(redact_text(_words(error.get("description")) or target.description or ""), WORDS)
    code = str(error.get("httpCode") or target.http_code or "")
    text = f"Execution {target.execution_id} {how}{where}{when}"
    text += f": {said}" if said else ", without an error record"
    text += f" ({about})" if about and about != said else ""
    text += f" [{code}]" if code and code not in said else ""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _reached(node: Any, got: NodeInput) -> str:
    if got.why:
        return f"Its input is not known: {got.why}."
    count = len(got.items)
    givers = ", ".join(f"“{name}”" for name in dict.fromkeys(got.previous) if name)
    items = f"{count} item{'s' * (count != 1)}"
    return f"“{node}” got {items}{f' from {givers}' if givers else ''}."


def _way(steps: list[Step], node: Any) -> Iterator[str]:
    """The nodes in the order in which they ran, with items and times."""
    if not steps:
        return
    shown = steps[-STEPS:]
    lead = f"{len(steps) - len(shown)} earlier runs of nodes, then " if len(steps) > len(shown) else ""
    total = len({step.node for step in steps})
    yield f"It went through {total} node{'s' * (total != 1)}: {lead}{', '.join(map(_step, shown))}."
    if isinstance(node, str) and node not in {step.node for step in steps}:
        yield f"“{node}” itself has no run in its record."


def _step(step: Step) -> str:
    run = f" run {step.run + 1}" if step.run else ""
    what = (
        "failed"
        if step.failed
        else "no data kept"
        if step.items is None
        else f"{step.items} item{'s' * (step.items != 1)}"
    )
    took = (
        ""
        if step.took_ms is None
        else f", {step.took_ms:,.0f} ms"
        if step.took_ms < 1000
        else f", {step.took_ms / 1000:.1f} s"
    )
    return f"“{step.node}”{run} ({what}{took})"


def _related(target: Target, tools: Tools, execution: Json, error: Json, steps: list[Step]) -> Iterator[Evidence]:
    """The execution that called this one, and those that it called; of a called one that failed, its way too."""
    data = as_dict(execution.get("data"))
    runs = as_dict(as_dict(data.get("resultData")).get("runData"))
    first = next((as_dict(entries[0]) for entries in runs.values() if isinstance(entries, list) and entries), {})
    parent = as_dict(data.get("parentExecution")) or as_dict(as_dict(first.get("metadata")).get("parentExecution"))
    if number := _id(parent.get("executionId")):
        yield seen(f"It was started by execution {number}{_known(target, number)}.", None, number)
    child = _id(error.get("executionId"))
    for step in [step for step in steps if step.child and step.child != child][-BEFORE:]:
        text = f"“{step.node}” called a sub-workflow, execution {step.child}{_known(target, str(step.child))}."
        yield seen(text, None, str(step.child))
    if child is None or child == target.execution_id:
        return
    text = f"It called a sub-workflow, execution {child}{_known(target, child)}, which failed."
    try:
        inner = as_dict(tools.execution(child))
    except IncidentNbError:
        inner = {}
    row = _row(target, child)
    client = row["client"] if row is not None and pd.notna(row["client"]) else None
    client = client or tools.client_of(shaped(inner.get("workflowData")) or {})
    way = [] if target.is_anothers(client) else _way(path(inner), None)  # the names of nodes are that client's, too
    yield seen(" ".join([text, *way]), None, child)


def _row(target: Target, number: str) -> pd.Series | None:
    """An execution of the same server as the log has it."""
    table = target.log.executions
    rows = table[table["execution_id"] == number]
    if target.instance is not None:
        rows = rows[rows["instance"].astype("str") == target.instance]
    return None if rows.empty else rows.iloc[0]


def _known(target: Target, number: str) -> str:
    """What the log says of another execution: its workflow and how it ended."""
    row = _row(target, number)
    if row is None:
        return ""
    known = pd.notna(row["workflow"])
    name = f" of {target.naming(row['workflow_id'], row['workflow'], row['client'])}" if known else ""
    return f"{name} ({row['status']})" if pd.notna(row["status"]) else name


def _sample(got: NodeInput) -> Iterator[str]:
    """A few items, masked: names and values of their first fields."""
    items = got.items
    for number, item in enumerate(items[:SAMPLED]):
        fields = [f"{name} = {value}" for name, value in masked(_body_first(item))]
        binary = as_dict(item.get("binary")) if isinstance(item, dict) else {}
        files = [
            f"file {name} ({_cut(str(as_dict(b).get('mimeType') or 'unknown type'), 40)})" for name, b in binary.items()
        ]
        shown = "; ".join([*fields, *files[:3]]) or "an empty object"
        yield f"Item {number + 1} of {len(items)} that reached it, masked: {shown}."


def _body_first(item: Any) -> Any:
    """An item's data; of a webhook's request first what was sent, then its headers."""
    value = item.get("json") if isinstance(item, dict) else item
    if isinstance(value, dict) and {"headers", "params", "query", "body"} <= value.keys():
        return {"body": value["body"], "query": value["query"], "params": value["params"], **value}
    return value


def masked(value: Any) -> list[tuple[str, str]]:
    """The first fields of a value as (path, masked text), each cut only after the gate has seen it whole."""
    left = [FIELDS]
    return [(_place(place), _cut(text, VALUE)) for place, text in _leaves((), redact_tree(_first(value, left, 0)))]


def _first(value: Any, left: list[int], depth: int) -> Any:
    """The value with no more than its first fields; texts stay whole, since half a secret has no shape."""
    if isinstance(value, dict) and depth < 12:
        kept: Json = {}
        for key, entry in value.items():
            if left[0] <= 0:
                break
            kept[str(key)[: limits.NAME]] = _first(entry, left, depth + 1)
        return kept
    if isinstance(value, list) and depth < 12:
        some = []
        for entry in value[:3]:
            if left[0] <= 0:
                break
            some.append(_first(entry, left, depth + 1))
        return some
    left[0] -= 1
    return value[: limits.TEXT] if isinstance(value, str) else None if isinstance(value, dict | list) else value


def _leaves(place: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from _leaves((*place, str(key)), entry)
    elif isinstance(value, list) and value:
        for number, entry in enumerate(value):
            yield from _leaves((*place, f"[{number}]"), entry)
    else:
        yield place, _scalar(value)


def _scalar(value: Any) -> str:
    """One value in one line; what is no text as JSON writes it."""
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _place(parts: tuple[str, ...]) -> str:
    return "".join(part if part.startswith("[") else f".{part[:NAME]}" for part in parts).lstrip(".") or "value"


def _earlier(target: Target) -> Iterator[Evidence]:
    """The runs of the workflow before the failing one, newest first."""
    table = target.log.executions
    if target.instance is not None:
        table = table[table["instance"].astype("str") == target.instance]
    rows = table[
        (table["workflow_id"].astype("str") == str(target.workflow_id)) & (table["execution_id"] != target.execution_id)
    ]
    mine = table[table["execution_id"] == target.execution_id]
    begun = mine["at"].iloc[0] if len(mine) else target.last_seen
    rows = rows[rows["at"] < begun] if begun is not None and pd.notna(begun) else rows
    rows = rows.sort_values("at", ascending=False).head(BEFORE)
    if rows.empty:
        yield seen("No earlier run of the workflow is known.")
        return
    told_runs = [
        f"{row.execution_id} {row.status if pd.notna(row.status) else 'of unknown status'} ({row.at:%Y-%m-%d %H:%M} UTC)"
        for row in rows.itertuples()
        if pd.notna(row.at)
    ]
    many = f"The {len(told_runs)} runs before it" if len(told_runs) > 1 else "The run before it"
    yield seen(f"{many}, newest first: {', '.join(told_runs)}.", None, *map(str, rows["execution_id"]))


def _words(value: Any) -> str:
    """A message in one line; some services' messages are objects."""
    if isinstance(value, list | dict):
        return "; ".join(f"{_place(place)} = {text}" for place, text in _leaves((), redact_tree(_first(value, [5], 0))))
    return " ".join(value[: limits.TEXT].split()) if isinstance(value, str) else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _id(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
