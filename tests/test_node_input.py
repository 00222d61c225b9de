"""What reached a node, in failing and good runs, with one input and several, and for models below an agent."""

from __future__ import annotations

from typing import Any

import pytest

from incident_nb.readers.flatted import Flatted
from incident_nb.readers.node_input import all_inputs, error_of, node_input, output, path
from tests.exports import STARTED_MS, Json, api_error, execution, flatted, ran


def source(name: str, output: int | None = 0, run: int | None = 0) -> Json:
    """Where a run's items came from; n8n leaves out zeros."""
    parts = {"previousNode": name, "previousNodeOutput": output, "previousNodeRun": run}
    return {key: value for key, value in parts.items() if value is not None}


def values(items: list[Any]) -> list[Any]:
    return [item["json"]["n"] for item in items]


LOOP = [ran({"n": 1}), ran({"n": 2}), ran({"n": 3})]
TWO_WAYS = {**ran(), "data": {"main": [[{"json": {"n": "yes"}}], [{"json": {"n": "no"}}]]}}

CASES: dict[str, tuple[Json, list[list[Any]], list[str | None]]] = {
    "from the one before": (
        {"A": ran({"n": 1}, {"n": 2}), "B": ran(source=[source("A")])}, [[1, 2]], ["A"],
    ),
    "zeros left out": ({"A": ran({"n": 1}), "B": ran(source=[source("A", None, None)])}, [[1]], ["A"]),
    "second output": ({"A": TWO_WAYS, "B": ran(source=[source("A", 1)])}, [["no"]], ["A"]),
    "an output that gave nothing": ({"A": ran({"n": 1}), "B": ran(source=[source("A", 3)])}, [[]], ["A"]),
    "the run that the loop was in": ({"A": LOOP, "B": ran(source=[source("A", 0, 1)])}, [[2]], ["A"]),
    "two inputs": (
        {"A": ran({"n": 1}), "C": ran({"n": 9}), "B": ran(source=[source("A"), source("C")])}, [[1], [9]], ["A", "C"],
    ),
    "two inputs, the first without items": (
        {"C": ran({"n": 9}), "B": ran(source=[None, source("C")])}, [[], [9]], [None, "C"],
    ),
    "a model below an agent": (
        {"B": {**ran(source=[source("Agent")]), "inputOverride": {"ai_languageModel": [[{"json": {"n": "hi"}}]]}}},
        [["hi"]], ["Agent"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("stored", [False, True], ids=["plain", "flatted"])
@pytest.mark.parametrize("case", CASES)
def test_the_items_are_those_that_the_run_was_given(case: str, stored: bool) -> None:
    runs, inputs, previous = CASES[case]
    row = execution(1, runs=runs)
    if stored:
        row["data"] = Flatted(flatted(row["data"]).encode()).tree()
    found = node_input(row, "B")
    assert found.why is None
    assert [values(items) for items in found.inputs] == inputs
    assert list(found.previous) == previous


def stack(name: str, source: Any, *inputs: list[Json]) -> Json:
    kept = {"node": {"name": name}, "data": {"main": [[{"json": one} for one in items] for items in inputs]}}
    return {"executionData": {"nodeExecutionStack": [{**kept, "source": source}]}}


def test_the_node_that_it_stopped_at_has_its_input_kept() -> None:
    runs = {"A": ran({"n": 1}), "B": ran(error=api_error(), source=[source("A")])}
    row = execution(1, "error", runs=runs, data=stack("B", {"main": [source("A")]}, [{"n": 7}, {"n": 8}]))
    assert values(node_input(row, "B").items) == [7, 8]
    assert values(node_input(row, "B", 0).items) == [1]
    other = execution(1, "error", runs=runs, data=stack("Z", {"main": [source("A")]}, [{"n": 7}]))
    assert values(node_input(other, "B").items) == [1]


REDACTED = {"json": {}, "redaction": {"redacted": True, "reason": "policy"}}
WHYS: dict[str, tuple[Json, str]] = {
    "trigger": (execution(1, runs={"B": ran({"n": 1})}), "“B” started the execution"),
    "trigger with an empty source": (execution(1, runs={"B": ran(source=[None])}), "“B” started the execution"),
    "trigger it stopped at": (execution(1, runs={"A": ran()}, data=stack("B", None, [{}])), "“B” started the"),
    "not run": (execution(1, runs={"A": ran()}), "“B” has no run in it"),
    "saved without data": (execution(1, runs={"A": ran()}) | {"data": None}, "saved without its data"),
    "redacted": (execution(1, runs={"A": ran(REDACTED), "B": ran(source=[source("A")])}), "n8n redacted"),
    "lost in a crash": (
        execution(1, runs={"A": {"startTime": 1}, "B": ran(source=[source("A")])}), "before it gave was not kept",
    ),
    "a source that never ran": (execution(1, runs={"B": ran(source=[source("X")])}), "before it gave was not kept"),
    "nonsense": ({"data": {"resultData": {"runData": {"B": [7]}}}}, "“B” started the execution"),
}  # fmt: skip


@pytest.mark.parametrize("case", WHYS)
def test_where_there_is_no_input_it_is_said_why(case: str) -> None:
    row, why = WHYS[case]
    found = node_input(row, "B")
    assert found.items == [] and why in (found.why or "")


def test_all_runs_of_a_node() -> None:
    runs = {"A": LOOP, "B": [ran({"n": run}, source=[source("A", 0, run)]) for run in range(3)]}
    row = execution(1, runs=runs)
    assert [values(one.items) for one in all_inputs(row, "B")] == [[1], [2], [3]]
    assert values(output(row, "B")) == [2]
    assert all_inputs(row, "A") == [] and output(row, "Z") == []


def test_the_path_is_in_the_order_in_which_n8n_ran_it() -> None:
    runs = {
        "A": [ran({"n": 1}, executionIndex=0), ran(executionIndex=2)],
        "B": ran({"n": 1}, {"n": 2}, executionIndex=1),
        "C": ran(executionIndex=3, error=api_error()),
    }
    steps = path(execution(1, "error", runs=runs))
    told = [(step.node, step.run, step.items, step.failed) for step in steps]
    assert told == [("A", 0, 1, False), ("B", 0, 2, False), ("A", 1, 0, False), ("C", 0, 0, True)]
    # Without indices the times tell; those that n8n rebuilt after a crash are in seconds.
    late = ran(startTime=STARTED_MS + 9000)
    rebuilt = {"executionStatus": "crashed", "startTime": STARTED_MS // 1000 + 1, "source": []}
    steps = path(execution(1, "crashed", runs={"Late": late, "Rebuilt": rebuilt}))
    assert [(step.node, step.items) for step in steps] == [("Rebuilt", None), ("Late", 0)]


OWN, ENDED = {"message": "its own"}, {"message": "of the execution"}
ERRORS: dict[str, tuple[Json, Json | None, str | None, Json]] = {
    "its own before the execution's": ({"B": ran(error=OWN)}, ENDED, "B", OWN),
    "another node ended the execution": ({"B": ran(error=OWN), "C": ran(error=ENDED)}, ENDED, "C", OWN),
    "it went well, and another one ended it": ({"B": ran(), "C": ran(error=ENDED)}, ENDED, "C", {}),
    "it has no error of its own, but ended it": ({"B": ran()}, ENDED, "B", ENDED),
    "it has no run": ({"A": ran()}, ENDED, "A", ENDED),
    "none at all": ({"B": ran()}, None, "B", {}),
}  # fmt: skip


@pytest.mark.parametrize(("runs", "error", "last", "expected"), ERRORS.values(), ids=ERRORS)
def test_whose_error_is_told(runs: Json, error: Json | None, last: str | None, expected: Json) -> None:
    row = execution(1, "error", runs=runs, error=error)
    row["data"]["resultData"]["lastNodeExecuted"] = last
    assert error_of(row, "B") == expected
