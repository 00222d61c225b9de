"""What reached a node: the items of one run, from an execution's data in the API's plain form or decoded by `flatted`.

n8n keeps the input of the node that it stopped at (`executionData.nodeExecutionStack`), the input of a model's or tool's
run (`inputOverride`), and for every other run where its items came from (`source`: node, output, run). Its packages
n8n-workflow (ITaskData, ISourceData, IExecuteData) and n8n-core (workflow-execute) say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

Json = dict[str, Any]

MOST_RUNS = 50  # of one node, when all its runs are asked for
_SECONDS_BELOW = 100_000_000_000  # a run that n8n rebuilt after a crash has its start in seconds


class NodeInput(NamedTuple):
    """The items at each of a node's inputs, and the nodes they came from; `why` says why there are none.

    `previous` has one name an input (None where n8n does not say). Nothing in it has passed the gate.
    """

    inputs: tuple[list[Any], ...] = ()
    previous: tuple[str | None, ...] = ()
    why: str | None = None

    @property
    def items(self) -> list[Any]:
        """The items of all inputs, one after another."""
        return [item for items in self.inputs for item in items]


class Step(NamedTuple):
    """One run of a node: how many items it gave, when it began (epoch milliseconds), how long it took, whether it failed."""

    node: str
    run: int
    items: int | None
    began_ms: float | None
    took_ms: float | None
    failed: bool
    child: str | None = None


def node_input(execution: Json, node: str, run: int | None = None) -> NodeInput:
    """What reached the last run of a node, or its run number `run`; works for good executions, too."""
    runs = runs_of(execution, node)
    if run is None and (stopped := _stopped_at(execution, node)) is not None:
        return stopped
    if not as_dict(as_dict(execution.get("data")).get("resultData")):
        return NodeInput(why=_no_data(execution))
    if not runs:
        return NodeInput(why=f"“{node}” has no run in it")
    found = runs[-1 if run is None or run >= len(runs) else run]
    override = as_dict(found.get("inputOverride"))
    sources = as_list(found.get("source"))
    if override:
        previous = as_dict(sources[0]).get("previousNode") if sources else None
        return _seen(_connections(override), (_name(previous),))
    if not any(as_dict(source).get("previousNode") for source in sources):
        return NodeInput(why=f"“{node}” started the execution: nothing reached it from another node")
    inputs, previous = [], []
    for source in map(as_dict, sources):
        name = _name(source.get("previousNode"))
        inputs.append(_given(execution, name, source) if name else [])
        previous.append(name)
    if all(items is None for items in inputs):
        return NodeInput(why="what the nodes before it gave was not kept")
    return _seen([items or [] for items in inputs], tuple(previous))


def all_inputs(execution: Json, node: str) -> list[NodeInput]:
    """What reached each of a node's runs, as far as it is known: the last `MOST_RUNS` of them."""
    count = len(runs_of(execution, node))
    found = [node_input(execution, node, number) for number in range(max(0, count - MOST_RUNS), count)]
    return [one for one in found if one.why is None]


def output(execution: Json, node: str) -> list[Any]:
    """The items that a node's last run gave, all outputs together."""
    runs = runs_of(execution, node)
    connections = _connections(as_dict(runs[-1].get("data"))) if runs else []
    return [item for items in connections for item in items]


def path(execution: Json) -> list[Step]:
    """The runs of an execution in the order in which n8n made them."""
    steps: list[tuple[float | None, Step]] = []
    for node, runs in as_dict(as_dict(as_dict(execution.get("data")).get("resultData")).get("runData")).items():
        for number, run in enumerate(map(as_dict, as_list(runs))):
            index = run.get("executionIndex")
            steps.append((index if isinstance(index, int) else None, _step(str(node), number, run)))
    indexed = all(index is not None for index, _ in steps)  # 1.x of old does not count them
    steps.sort(key=lambda step: (step[0] if indexed else step[1].began_ms) or 0)
    return [step for _, step in steps]


def runs_of(execution: Json, node: str) -> list[Json]:
    """The records of a node's runs."""
    result = as_dict(as_dict(execution.get("data")).get("resultData"))
    return [as_dict(run) for run in as_list(as_dict(result.get("runData")).get(node))]


def error_of(execution: Json, node: str) -> Json:
    """The error that a node's last run ended with; where it has none, the execution's, if it ended at this node."""
    runs = runs_of(execution, node)
    if runs and (own := as_dict(runs[-1].get("error"))):
        return own
    result = as_dict(as_dict(execution.get("data")).get("resultData"))
    return as_dict(result.get("error")) if not runs or result.get("lastNodeExecuted") == node else {}


def as_dict(value: Any) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _stopped_at(execution: Json, node: str) -> NodeInput | None:
    """The input that n8n kept of the node it stopped at, if it is this one."""
    stack = as_list(as_dict(as_dict(execution.get("data")).get("executionData")).get("nodeExecutionStack"))
    first = as_dict(stack[0]) if stack else {}
    if as_dict(first.get("node")).get("name") != node:
        return None
    source = first.get("source")
    if not isinstance(source, dict):
        return NodeInput(why=f"“{node}” started the execution: nothing reached it from another node")
    previous = [_name(as_dict(entry).get("previousNode")) for names in source.values() for entry in as_list(names)]
    return _seen(_connections(as_dict(first.get("data"))), tuple(previous))


def _seen(inputs: list[list[Any]], previous: tuple[str | None, ...]) -> NodeInput:
    first = next((as_dict(item) for items in inputs for item in items), {})
    if as_dict(first.get("redaction")).get("redacted") is True:
        return NodeInput(previous=previous, why="n8n redacted what the items held")
    return NodeInput(tuple(inputs), previous)


def _given(execution: Json, node: str, source: Json) -> list[Any] | None:
    """The items that one output of an earlier run gave; None where they were not kept."""
    runs = runs_of(execution, node)
    run = _number(source.get("previousNodeRun"))
    if run >= len(runs):
        return None
    data = as_dict(runs[run].get("data"))
    if not data:
        return None
    outputs = as_list(data.get("main")) if "main" in data else _connections(data)
    number = _number(source.get("previousNodeOutput"))
    return as_list(outputs[number]) if number < len(outputs) else []


def _connections(data: Json) -> list[list[Any]]:
    """The items at each place of all kinds of connection (`main`, `ai_tool`, ...)."""
    return [as_list(items) for places in data.values() for items in as_list(places)]


def _step(node: str, number: int, run: Json) -> Step:
    data, start, took = as_dict(run.get("data")), run.get("startTime"), run.get("executionTime")
    began = None
    if isinstance(start, int | float) and start > 0:
        began = start * 1000 if start < _SECONDS_BELOW else start
    child = as_dict(as_dict(run.get("metadata")).get("subExecution")).get("executionId")
    return Step(
        node, number, sum(map(len, _connections(data))) if data else None, began,
        took if isinstance(took, int | float) else None, bool(run.get("error") or run.get("redactedError")),
        str(child) if isinstance(child, str | int) else None,
    )  # fmt: skip


def _no_data(execution: Json) -> str:
    if execution.get("dataTooLargeToDisplay"):
        return "the execution's data is too large to be given out"
    return "the execution was saved without its data"


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def nodes_of(execution: Json) -> Iterator[Json]:
    """The nodes of the workflow as it was when the execution ran."""
    flow = as_dict(execution.get("workflowData"))
    return (node for node in as_list(flow.get("nodes")) if isinstance(node, dict))
