"""How many items each node gave out and how long it took, from every format, and where that is not known."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from incident_nb import readers
from incident_nb.executions import ExecutionLog
from incident_nb.readers.entities import KEY_VARIABLE
from incident_nb.readers.flatted import Flatted
from incident_nb.readers.levels import Known
from incident_nb.readers.limits import TooLargeError
from incident_nb.readers.paths import Watch, counts_of
from tests.exports import (
    KEY,
    SAMPLE,
    V1,
    Json,
    api_error,
    execution,
    failed,
    flatted,
    lines,
    node,
    page,
    ran,
    write_entities,
    write_sqlite,
)

Counts = list[tuple[str | None, str | None, str | None]]
FORMS = ["api", "array", "lines", "editor", "sqlite", "entities"]


@pytest.fixture(params=FORMS)
def read(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ExecutionLog]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    def read_rows(*rows: Json) -> ExecutionLog:
        path = tmp_path / "export"
        if request.param == "sqlite":
            write_sqlite(path, rows)
        elif request.param == "entities":
            write_entities(path, rows)
        elif request.param == "editor":
            path.mkdir()
            for row in rows:
                stored = {"data": {**row, "data": row["data"] and flatted(row["data"])}}
                (path / f"{row['id']}.json").write_text(json.dumps(stored))
        else:
            text = {"api": page(*rows).decode(), "array": json.dumps(rows), "lines": "\n".join(map(json.dumps, rows))}
            path.write_text(text[request.param])
        log = readers.read(str(path))
        assert log.skipped == () and len(log.executions) == len(rows)
        return log

    return read_rows


def counts(log: ExecutionLog) -> Counts:
    table = log.executions[["nodes_run", "node_items", "node_ms"]].astype("object")
    return list(table.where(table.notna(), None).itertuples(index=False, name=None))


def test_items_and_milliseconds_of_each_node_that_ran(read: Callable[..., ExecutionLog]) -> None:
    runs = {"Hook": ran({"a": 1}), "Split": ran({}, {}, {}, executionTime=7), "Drop": ran(executionTime=0)}
    assert counts(read(execution(runs=runs))) == [("Hook\nSplit\nDrop", "1\n3\n0", "500\n7\n0")]


def test_all_outputs_and_all_runs_are_summed(read: Callable[..., ExecutionLog]) -> None:
    item = {"json": {"a": 1}}
    fork = ran(data={"main": [[item], None, [item, item]]})
    runs = {"Loop": [ran({}, {}), ran({}, {}, executionTime=20), ran()], "If": [fork, fork], "End": ran({})}
    assert counts(read(execution(runs=runs))) == [("Loop\nIf\nEnd", "4\n6\n1", "1020\n1000\n500")]


def test_no_output_at_all_is_none_given(read: Callable[..., ExecutionLog]) -> None:
    runs = {"A": ran(data={"main": []}), "B": ran(data={"main": [None, None]})}
    assert counts(read(execution(runs=runs))) == [("A\nB", "0\n0", "500\n500")]


def test_what_is_not_known_is_an_empty_line(read: Callable[..., ExecutionLog]) -> None:
    model = ran(data={"ai_languageModel": [[{"json": {"a": 1}}]]})
    failing = ran(error=api_error(), data=None)
    runs = {"Hook": ran({}), "Model": model, "Call": failing, "Twice": [ran({}), failing]}
    assert counts(read(execution(status="error", runs=runs, error=api_error()))) == [
        ("Hook\nModel\nCall\nTwice", "1\n\n\n", "500\n500\n500\n1000")
    ]


def test_without_data_both_are_missing(read: Callable[..., ExecutionLog]) -> None:
    assert counts(read({**execution(runs={"A": ran({})}), "data": None}, execution(2, runs={}))) == [
        (None, None, None), (None, None, None)
    ]  # fmt: skip


def test_redacted_items_are_counted(read: Callable[..., ExecutionLog]) -> None:
    bare = {"json": {}, "redaction": {"redacted": True, "reason": "workflow_redaction_policy"}}
    info = {"isRedacted": True, "reason": "user_requested", "canReveal": True}
    log = read(execution(runs={"Hook": ran(bare, bare)}, data={"redactionInfo": info}))
    assert log.executions["data"].tolist() == ["redacted"]
    assert counts(log) == [("Hook", "2", "500")]


def test_one_line_a_node_whatever_its_name(read: Callable[..., ExecutionLog]) -> None:
    names = [
        "two\nlines",
        "Bearer abcdefghijklmnopqrstuvwxyz0123456789",
        "x" * 3000,
        *(f"Node {n} " * 4 for n in range(300)),
    ]
    (found,) = counts(read(execution(runs={name: ran({}) for name in names})))
    assert [str(column).count("\n") for column in found] == [len(names) - 1] * 3


WRONG: list[Any] = [None, True, -7, 1.5, 10**30, "", "text", [], [None, 7, "text"], {}, {"a": {"b": [1]}}]


@pytest.mark.parametrize("value", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("form", ["api", "sqlite"])
def test_wrong_types_cost_what_they_say_and_nothing_else(tmp_path: Path, form: str, value: Any) -> None:
    def put(runs: Json) -> tuple[str | None, str | None, str | None]:
        path = tmp_path / "export"
        path.unlink(missing_ok=True)
        row = execution(runs={"Hook": ran({}, {}), **runs, "End": ran({})})
        path.write_bytes(page(row)) if form == "api" else write_sqlite(path, [row])
        log = readers.read(str(path))
        assert log.skipped == () and log.executions["data"].tolist() == ["full"]
        return counts(log)[0]

    number = {-7: "", 1.5: "2"}.get(value, "") if isinstance(value, int | float) else ""
    assert put({"Odd": ran({}, executionTime=value)}) == ("Hook\nOdd\nEnd", "2\n1\n1", f"500\n{number}\n500")
    assert put({"Odd": ran(data=value)}) == ("Hook\nOdd\nEnd", "2\n\n1", "500\n500\n500")
    main = "0" if value == [] else ""
    assert put({"Odd": ran(data={"main": value})}) == ("Hook\nOdd\nEnd", f"2\n{main}\n1", "500\n500\n500")
    output = {None: "0"}.get(value, "") if value is None else str(len(value)) if isinstance(value, list) else ""
    assert put({"Odd": ran(data={"main": [value]})}) == ("Hook\nOdd\nEnd", f"2\n{output}\n1", "500\n500\n500")
    assert put({"Odd": ran(data={"main": [[value]]})}) == ("Hook\nOdd\nEnd", "2\n1\n1", "500\n500\n500")
    assert put({"Odd": [value]}) == ("Hook\nOdd\nEnd", "2\n\n1", "500\n\n500")


@pytest.mark.parametrize("export", [SAMPLE, V1], ids=["2.x", "1.x"])
def test_api_and_database_tell_the_same_of_real_executions(tmp_path: Path, export: Path) -> None:
    rows = lines(export)
    (tmp_path / "page.json").write_bytes(page(*rows))
    write_sqlite(tmp_path / "n8n.sqlite", rows)
    one, other = (readers.read(str(tmp_path / name)) for name in ("page.json", "n8n.sqlite"))
    assert dict(zip(one.executions["execution_id"], counts(one), strict=True)) == dict(
        zip(other.executions["execution_id"], counts(other), strict=True)
    )
    by_hand = {row["id"]: counts_of((row["data"] or {}).get("resultData", {}).get("runData")) for row in rows}
    found = dict(zip(one.executions["execution_id"], one.executions["node_items"].astype("object"), strict=True))
    assert {name: None if pd.isna(value) else value for name, value in found.items()} == {
        name: items or None for name, (_, items, _) in by_hand.items()
    }
    assert one.executions["node_items"].notna().sum() > 100


def test_equal_texts_of_different_levels_are_not_mixed_up() -> None:
    # The list of a node's runs and the list of its outputs are the same text here; each has its own meaning.
    first = Flatted(flatted(execution(runs={"A": ran({}, {})})["data"]).encode())
    second = Flatted(flatted(execution(runs={"A": [ran({}), ran({})]})["data"]).encode())
    for _ in range(2):
        assert [data.path(Watch(), parent_in_runs=False)[:3] for data in (first, second)] == [
            ("A", "2", "500"), ("A", "2", "1000")
        ]  # fmt: skip


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incident_nb.readers.levels._MOST_KEPT", 3)
    known = Known(bytes.upper)
    assert [known[bytes([65 + number])] for number in range(20)] == [bytes([65 + number]) for number in range(20)]
    assert len(known) <= 3
    assert known[b"a" * 5000] == b"A" * 5000 and b"a" * 5000 not in known


def test_parts_that_repeat_without_end_are_refused() -> None:
    many = 3_000
    names = {f"n{number}": "2" for number in range(many)}
    document = [
        {"resultData": "1"},
        {"runData": "3"},
        ["4"] * many,
        names,
        {"executionTime": 1, "data": "5"},
        {"main": "6"},
    ]
    document += [["7"], ["8"] * many, {"json": "9"}, {}]
    with pytest.raises(TooLargeError, match="again and again"):
        Flatted(json.dumps(document).encode()).path(Watch(), parent_in_runs=False)


def test_too_much_repetition_is_counted_as_too_large(tmp_path: Path) -> None:
    many = 3_000
    names = {f"n{number}": "2" for number in range(many)}
    document = [
        {"resultData": "1"},
        {"runData": "3"},
        ["4"] * many,
        names,
        {"executionTime": 1, "data": "5"},
        {"main": "6"},
    ]
    path = write_sqlite(tmp_path / "n8n.sqlite", [execution(1, runs={"A": ran({})}), failed(2)])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE execution_data SET data = ? WHERE executionId = 1", (json.dumps(document),))
    db.close()
    log = readers.read(str(path))
    assert dict(zip(log.executions["execution_id"], log.executions["data"], strict=True)) == {
        "1": "too_large",
        "2": "full",
    }
    assert [part.where for part in log.skipped] == ["execution 1"]


def test_nothing_of_a_quiet_run_is_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("incident_nb.readers.flatted.Flatted.tree", lambda self: pytest.fail("built a quiet run"))
    quiet = {
        "note": "error",
        "error": None,
        "errors": [],
        "success": True,
        "status": "paid",
        "code": 200,
        "data": {"x": 1},
    }
    path = write_sqlite(tmp_path / "n8n.sqlite", [execution(runs={"Call": ran(quiet)}, nodes=[node("Call")])])
    assert counts(readers.read(str(path))) == [("Call", "1", "500")]
