"""What a failing node got, place by place, beside what it got in good runs: its inputs, and the nodes it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from incident_nb.errors import IncidentNbError
from incident_nb.probes import shapes
from incident_nb.probes.shapes import Shape
from incident_nb.probes.target import Target, Tools
from incident_nb.readers.node_input import (
    Json,
    NodeInput,
    all_inputs,
    as_dict,
    as_list,
    error_of,
    node_input,
    nodes_of,
    output,
    runs_of,
)

GOOD_RUNS = 3
OTHERS = 3  # nodes that the failing one refers to by name
_REFERS_TO = re.compile(r"\$\(\s*[\"'`]([^\"'`]+)[\"'`]\s*\)|\$(?:node|items)[\[(]\s*[\"'`]([^\"'`]+)[\"'`]")
_CODE = ("jsCode", "pythonCode", "functionCode", "code", "query")


class Part(NamedTuple):
    """What the node got in one place, in the failing run and in each good one: an input, or another node's output."""

    name: str
    failing: Shape
    good: list[Shape]
    giver: str | None


class Runs(NamedTuple):
    """The failing execution, its failing node and that one's definition, and the good executions by id."""

    failing: Json
    node: str
    definition: Json
    good: dict[str, Json]


def good_runs(target: Target, tools: Tools, node: str) -> dict[str, Json]:
    """Up to three good executions in which the node ran, those before the trouble first; one that can't be had is passed
    over.
    """
    got: dict[str, Json] = {}
    for number in good_ids(target, node)[: GOOD_RUNS + 2]:
        if len(got) >= GOOD_RUNS or tools.session.left < 2:
            break
        try:
            execution = as_dict(tools.execution(number))
        except IncidentNbError:
            continue
        if all_inputs(execution, node):
            got[number] = execution
    return got


def good_ids(target: Target, node: str) -> list[str]:
    """The ids of good runs of the node, as the log tells them: the last one before the onset, the others before, those after."""
    table = target.log.executions
    named = f"\n{node}\n"
    rows = table[
        (table["workflow_id"].astype("str") == str(target.workflow_id))
        & (table["status"] == "success")
        & table["data"].astype("str").isin(["full", "nan"])
    ]
    if target.instance is not None:
        rows = rows[rows["instance"].astype("str") == target.instance]
    ran = [isinstance(names, str) and named in f"\n{names}\n" for names in rows["nodes_run"].astype("object")]
    rows = rows[pd.Series(ran, index=rows.index, dtype=bool)].sort_values("at", ascending=False)
    begun = target.onset or target.first_seen
    before = rows["at"] < begun if begun is not None else rows["at"].notna()
    ids = [*rows[before]["execution_id"], *rows[~before]["execution_id"][::-1]]
    first = [target.good_execution_id] if target.good_execution_id else []
    failures = target.log.failures
    # A success may hold a failure of the node, too, which it was told to go on after.
    soft = failures[failures["node"].astype("str") == node]
    if target.instance is not None:
        soft = soft[soft["instance"].astype("str") == target.instance]
    bad = {target.execution_id, *target.failing_ids, *map(str, soft["execution_id"])}
    return [one for one in dict.fromkeys([*first, *map(str, ids)]) if one not in bad]


def parts_of(runs: Runs) -> Iterator[Part]:
    """The node's inputs one by one, then what the nodes gave that it refers to by name."""
    run = failing_run(runs.failing, runs.node)
    got = node_input(runs.failing, runs.node, run)
    error = error_of(runs.failing, runs.node)
    index = as_dict(error.get("context")).get("itemIndex")
    before = _earlier(runs.failing, runs.node)
    for number, items in enumerate(got.inputs):
        good = [[*one.inputs[number]] for one in before if len(one.inputs) > number]
        by_run = [
            [
                item
                for one in all_inputs(execution, runs.node)
                if len(one.inputs) > number
                for item in one.inputs[number]
            ]
            for execution in runs.good.values()
        ]
        name = "its input" if len(got.inputs) == 1 else f"its input {number + 1}"
        shape = shapes.of(items, index if isinstance(index, int) else None)
        every = [shapes.of(items) for items in [*by_run, [item for items in good for item in items]] if items]
        yield Part(name, shape, every, got.previous[number] if number < len(got.previous) else None)
    for other in _referred(runs):
        items = output(runs.failing, other)
        good = [found for one in runs.good.values() if (found := output(one, other))]
        if items and good:
            yield Part(f"what “{other}” gave", shapes.of(items), [shapes.of(some) for some in good], other)


def failing_run(execution: Json, node: str) -> int | None:
    """Which run of the node failed: the last one with an error, of its own or in an item; None for the one it stopped at."""
    runs = runs_of(execution, node)
    if as_dict(as_dict(execution.get("data")).get("resultData")).get("error") and runs and runs[-1].get("error"):
        return None
    for number in reversed(range(len(runs))):
        data = [as_list(items) for places in as_dict(runs[number].get("data")).values() for items in as_list(places)]
        if runs[number].get("error") or any(
            as_dict(as_dict(i).get("json")).get("error") for some in data for i in some
        ):
            return number
    return None


def _earlier(execution: Json, node: str) -> list[NodeInput]:
    """The inputs of the node's runs in the same execution that went well: a loop tells what is usual by itself."""
    runs = runs_of(execution, node)
    good = [
        number for number, run in enumerate(runs) if not run.get("error") and run.get("executionStatus") == "success"
    ]
    last = failing_run(execution, node)
    good = [number for number in good if number != (len(runs) - 1 if last is None else last)][-GOOD_RUNS:]
    found = [node_input(execution, node, number) for number in good]
    return [one for one in found if one.why is None]


def _referred(runs: Runs) -> list[str]:
    previous = set(node_input(runs.failing, runs.node).previous)
    names = [one[0] or one[1] for text in texts(runs.definition) for one in _REFERS_TO.findall(text)]
    return [name for name in dict.fromkeys(names) if name not in previous and name != runs.node][:OTHERS]


def texts(definition: Json) -> list[str]:
    """The expressions and the code of a node."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = [("", definition.get("parameters"))]
    while waiting and len(found) < 1_000:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += ((key, entry) for entry in value)
        elif isinstance(value, str) and (key in _CODE or value.startswith("=") or "{{" in value):
            found.append(value[:100_000])
    return found


def definition(execution: Json, node: str) -> Json:
    return next((one for one in nodes_of(execution) if one.get("name") == node), {})
