"""One execution by its id, whole, out of every format that can be read."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from incident_nb.errors import SourceError
from incident_nb.readers import limits
from incident_nb.readers.node_input import node_input
from incident_nb.readers.single import Executions
from tests.exports import (
    KEY,
    Json,
    api_error,
    execution,
    flatted,
    node,
    page,
    ran,
    stored,
    write_entities,
    write_sqlite,
)

Write = Callable[[Path, list[Json]], Path]


def stopped(number: int, sent: object = "a", **more: object) -> Json:
    """An execution that stopped at its node Call, with the input that n8n kept of it."""
    error = api_error(node=node("Call"))
    waiting = {
        "node": node("Call"),
        "data": {"main": [[{"json": {"sent": sent, "number": number}}]]},
        "source": {"main": [{"previousNode": "Start", "previousNodeOutput": 0, "previousNodeRun": 0}]},
    }
    row = execution(
        number, "error", runs={"Start": ran({"sent": sent}), "Call": ran(error=error)},
        nodes=[node("Start", "n8n-nodes-base.webhook"), node("Call")], error=error, **more,
    )  # fmt: skip
    row["data"]["executionData"] = {"nodeExecutionStack": [waiting]}
    return row


def _file(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return folder / name

    return write


def _lines(rows: list[Json]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def _one_a_file(folder: Path, rows: list[Json]) -> Path:
    for number, row in enumerate(rows):
        _file(f"{number}.json", json.dumps(row).encode())(folder)
    return folder


def _editor(folder: Path, rows: list[Json]) -> Path:
    for row in rows:
        content = {"data": {**row, "data": flatted(row["data"])}}
        _file(f"run-{row['id']}.json", json.dumps(content).encode())(folder)
    return folder


def _zipped(folder: Path, rows: list[Json]) -> Path:
    tables = write_entities(folder / "tables", rows, a_file=1)
    with zipfile.ZipFile(folder / "entities.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in tables.iterdir():
            archive.write(file, file.name)
    return folder / "entities.zip"


WRITERS: dict[str, Write] = {
    "page": lambda folder, rows: _file("page.json", page(*rows))(folder),
    "list": lambda folder, rows: _file("list.json", json.dumps(rows, indent=2).encode())(folder),
    "byte order mark": lambda folder, rows: _file("bom.json", b"\xef\xbb\xbf" + page(*rows))(folder),
    "lines": lambda folder, rows: _file("lines.jsonl", _lines(rows))(folder),
    "pages as lines": lambda folder, rows: _file("p.jsonl", b"\n".join([page(rows[0]), page(*rows[1:])]))(folder),
    "gzip": lambda folder, rows: _file("page.json.gz", gzip.compress(page(*rows)))(folder),
    "zstd": lambda folder, rows: _file("lines.jsonl.zst", zstandard.compress(_lines(rows)))(folder),
    "folder": _one_a_file,
    "editor": _editor,
    "cut off": lambda folder, rows: _file("cut.json", page(*rows, rows[0])[:-400])(folder),
    "sqlite": lambda folder, rows: write_sqlite(folder / "database.sqlite", rows),
    "sqlite in gzip": lambda folder, rows: _file(
        "d.sqlite.gz", gzip.compress(write_sqlite(folder / "d.sqlite", rows).read_bytes())
    )(folder),
    "entities": write_entities,
    "zip of entities": _zipped,
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INCIDENT_NB_N8N_ENCRYPTION_KEY", KEY)


@pytest.mark.parametrize("form", WRITERS)
def test_an_execution_comes_whole_from_every_format(form: str, tmp_path: Path) -> None:
    rows = [stopped(31, "x"), stopped(3, "y"), stopped(131, "z"), stopped(1, "31")]
    source = WRITERS[form](tmp_path / "source" if form == "folder" else tmp_path, rows)
    find = Executions(str(source))
    for number, sent in ((3, "y"), (31, "x"), (131, "z")):
        found = find(str(number))
        assert found is not None
        assert (found["id"], found["status"], found["workflowId"]) == (str(number), "error", "wf1")
        assert found["startedAt"] == "2026-03-01T10:00:00.000Z"
        assert [entry["name"] for entry in found["workflowData"]["nodes"]] == ["Start", "Call"]
        assert node_input(found, "Call").items == [{"json": {"sent": sent, "number": number}}]
    assert find("13") is None


def test_the_file_that_holds_the_data_counts(tmp_path: Path) -> None:
    bare = stopped(7)
    del bare["data"]
    (tmp_path / "7-a.json").write_text(json.dumps(bare))
    assert (Executions(str(tmp_path))("7") or {})["data"] is None
    (tmp_path / "b.jsonl").write_bytes(_lines([stopped(6), stopped(7, "full")]))
    found = Executions(str(tmp_path))("7")
    assert found is not None and node_input(found, "Call").items[0]["json"]["sent"] == "full"


def test_what_was_asked_for_along_comes_from_the_same_pass(tmp_path: Path) -> None:
    source = tmp_path / "page.json"
    source.write_bytes(page(stopped(1), stopped(2), stopped(3)))
    find = Executions(str(source), also=["2", "3"])
    assert find("1") is not None
    source.unlink()
    assert (find("2") or {})["id"] == "2" and (find("3") or {})["id"] == "3"
    with pytest.raises(SourceError):
        find("1")  # not kept: whoever asked has it


def test_files_that_are_no_export_are_passed_over_unless_all_are(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"to": "do 5"}')
    with pytest.raises(SourceError, match="None of 1 files could be read"):
        Executions(str(tmp_path))("5")
    (tmp_path / "page.json").write_bytes(page(stopped(5)))
    assert Executions(str(tmp_path))("5") is not None
    with pytest.raises(SourceError, match="no file, folder or match"):
        Executions(str(tmp_path / "nothing"))("5")


def test_an_id_that_stands_elsewhere_in_the_text_is_no_execution(tmp_path: Path) -> None:
    source = tmp_path / "lines.jsonl"
    source.write_bytes(_lines([stopped(1, "77"), stopped(2, {"id": "77"}), stopped(3, [77])]))
    assert Executions(str(source))("77") is None
    assert Executions(str(source))("2") is not None


def test_deleted_executions_of_a_database_are_gone(tmp_path: Path) -> None:
    rows = [stopped(1), {**stopped(2), "deletedAt": "2026-03-01 11:00:00.000"}]
    assert stored(rows[1])["deletedAt"]
    find = Executions(str(write_sqlite(tmp_path / "d.sqlite", rows)))
    assert find("1") is not None and find("2") is None


@pytest.mark.parametrize("form", ["page", "lines", "sqlite", "entities"])
def test_data_beyond_the_limit_is_left_out_and_said(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DATA", 40_000)
    find = Executions(str(WRITERS[form](tmp_path, [stopped(1, "x" * 50_000), stopped(2)])))
    large, small = find("1"), find("2")
    assert large is not None and large["data"] is None and large["dataTooLargeToDisplay"]
    assert node_input(large, "Call").why == "the execution's data is too large to be given out"
    assert small is not None and small["data"] is not None


def test_looking_ends_at_the_deadline(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(page(stopped(number)))
    with pytest.raises(SourceError, match="took too long"):
        Executions(str(tmp_path), deadline=0.0)("99")


def test_half_characters_do_not_cost_the_execution(tmp_path: Path) -> None:
    source = tmp_path / "page.json"
    source.write_bytes(page(stopped(1, "HALF")).replace(b"HALF", rb"\ud83d"))
    found = Executions(str(source))("1")
    assert found is not None and node_input(found, "Call").items[0]["json"]["sent"] == "�"
