"""Every shape of an n8n export that a user can have, and that all of them tell the same."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import zstandard

from incident_nb import readers, settings
from incident_nb.errors import SettingsError, SourceError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog
from incident_nb.readers.entities import KEY_VARIABLE
from incident_nb.readers.rows import WorkflowRow
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from tests.exports import (
    KEY,
    SAMPLE,
    V1,
    V1_COLUMNS,
    V2_COLUMNS,
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


@pytest.fixture(autouse=True)
def _fixed_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    with using(Redactor(SAMPLE_KEY)):
        yield


def put(path: Path, content: bytes | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def ids(log: ExecutionLog) -> list[str]:
    return sorted(log.executions["execution_id"], key=int)


def same_frame(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Equal but for where they were read and the names of snapshots, which depend on how a format spells the JSON."""
    left, right = (frame.drop(columns=["source", "snapshot"], errors="ignore").astype(object) for frame in (one, other))
    pd.testing.assert_frame_equal(left, right)


def jsonl(rows: list[Json]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows) + b"\n"


ROWS = [failed(1), execution(2, runs={"Hook": ran()})]

JSON_SHAPES: dict[str, bytes] = {
    "API page": page(*ROWS, cursor="eyJsYXN0SWQiOiIxIn0="),
    "page, cursor first": json.dumps({"nextCursor": None, "data": ROWS}).encode(),
    "page, indented": json.dumps({"data": ROWS}, indent=2).encode(),
    "page with a byte-order mark": b"\xef\xbb\xbf" + page(*ROWS),
    "bare array": json.dumps(ROWS).encode(),
    "bare array, indented": json.dumps(ROWS, indent=4).encode(),
    "JSON lines": jsonl(ROWS),
    "JSON lines with gaps": b"\r\n\n".join(json.dumps(row).encode() for row in ROWS),
    "pages as JSON lines": page(ROWS[0]) + b"\n" + page(ROWS[1]),
    "pages one after another": page(ROWS[0]) + page(ROWS[1]),
    "indented pages one after another": b"\n".join(json.dumps({"data": [row]}, indent=2).encode() for row in ROWS),
    "gzip": gzip.compress(page(*ROWS)),
    "gzip in two members": gzip.compress(jsonl(ROWS[:1])) + gzip.compress(jsonl(ROWS[1:])),
    "zstd": zstandard.compress(page(*ROWS)),
    "zstd in two frames": zstandard.compress(jsonl(ROWS[:1])) + zstandard.compress(jsonl(ROWS[1:])),
}


@pytest.mark.parametrize("content", JSON_SHAPES.values(), ids=JSON_SHAPES)
def test_json_shapes_tell_the_same(tmp_path: Path, content: bytes) -> None:
    log = readers.read(put(tmp_path / "no-ending-needed", content))
    assert ids(log) == ["1", "2"]
    assert log.skipped == ()
    assert log.failures[["execution_id", "place", "http_code"]].values.tolist() == [["1", "execution", "401"]]
    assert log.executions["source"].unique().tolist() == [str(tmp_path / "no-ending-needed")]


def test_single_execution(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "1.json", json.dumps(failed(1), indent=1)))
    assert (ids(log), len(log.failures)) == (["1"], 1)


def test_empty_page_is_an_empty_log_with_all_columns(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "page.json", page()))
    assert (len(log.executions), len(log.failures), log.skipped) == (0, 0, ())
    check_frames(log)


def test_editors_answer_for_one_execution_holds_the_stored_text(tmp_path: Path) -> None:
    row = failed(1)
    answer = {"data": {**row, "data": flatted(row["data"])}}
    log = readers.read(put(tmp_path / "editor.json", json.dumps(answer)))
    same_frame(log.failures, readers.read(put(tmp_path / "api.json", page(row))).failures)


def test_editors_list_has_names_and_no_data(tmp_path: Path) -> None:
    row = failed(1)
    listed = {name: row[name] for name in ("id", "workflowId", "mode", "status", "startedAt", "stoppedAt")}
    answer = {"data": {"results": [{**listed, "workflowName": "[ACME] Orders", "scopes": []}], "count": 1}}
    log = readers.read(put(tmp_path / "list.json", json.dumps(answer)))
    assert log.executions[["workflow", "status", "data"]].values.tolist() == [["[ACME] Orders", "error", "missing"]]
    assert log.failures["place"].tolist() == ["status"]


def alert(error: Json, **execution: object) -> bytes:
    about = {"id": "231", "url": "https://n8n.test/x", "error": error, "lastNodeExecuted": "Call", "mode": "webhook"}
    return json.dumps(
        {"execution": {**about, **execution}, "workflow": {"id": "wf1", "name": "[ACME] Orders"}}
    ).encode()


def test_alert_of_an_execution(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "alert.json", alert(api_error(node=node("Call")), retryOf="230")))
    row = log.executions.iloc[0]
    assert row[["execution_id", "workflow", "mode", "status", "retry_of", "data"]].tolist() == [
        "231",
        "[ACME] Orders",
        "webhook",
        "error",
        "230",
        "error_only",
    ]
    failure = log.failures.iloc[0]
    assert failure[["place", "node", "node_type", "http_code"]].tolist() == [
        "execution",
        "Call",
        node("Call")["type"],
        "401",
    ]
    assert failure["at"] == row["at"] == pd.Timestamp("2026-03-01T10:00:01.500Z")


def test_alert_of_a_caller_names_the_child(tmp_path: Path) -> None:
    inner = api_error(node=node("Render"), executionId="232", workflowId="wf9")
    log = readers.read(put(tmp_path / "alert.json", alert({**inner, "errorResponse": inner}, lastNodeExecuted="Sub")))
    columns = ["place", "node", "child_execution_id", "child_workflow_id", "child_node"]
    assert log.failures[columns].values.tolist() == [["subworkflow", "Sub", "232", "wf9", "Render"]]


def test_alert_of_a_trigger_gets_an_id_of_its_own(tmp_path: Path) -> None:
    poll = node("Feed", "n8n-nodes-base.rssFeedReadTrigger")
    workflow = {"id": "wf1", "name": "[ACME] Orders"}
    for hour in (1, 2):
        error = {"name": "NodeOperationError", "timestamp": hour * 3_600_000, "node": poll}
        put(
            tmp_path / f"{hour}.json",
            json.dumps({"trigger": {"error": error, "mode": "trigger"}, "workflow": workflow}),
        )
    log = readers.read(str(tmp_path))
    assert log.executions["execution_id"].nunique() == 2
    assert log.failures[["place", "node"]].values.tolist() == [["trigger", "Feed"]] * 2
    assert log.failures["at"].tolist() == [pd.Timestamp("1970-01-01T01:00Z"), pd.Timestamp("1970-01-01T02:00Z")]


def test_alert_of_a_crash_has_only_a_name(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "alert.json", alert({"name": "WorkflowCrashedError"})))
    assert log.executions["status"].tolist() == ["crashed"]
    assert log.failures[["place", "error_name"]].values.tolist() == [["crash", "WorkflowCrashedError"]]


def test_full_execution_replaces_its_alert_whatever_comes_first(tmp_path: Path) -> None:
    one = put(tmp_path / "a.json", alert(api_error(), id="1"))
    other = put(tmp_path / "b.json", page(failed(1)))
    for sources in ([one, other], [other, one]):
        log = readers.read(sources)
        assert log.executions["data"].tolist() == ["full"]
        assert len(log.failures) == 1


def test_finished_execution_replaces_the_running_one(tmp_path: Path) -> None:
    going = put(tmp_path / "a.json", page({**execution(1, "running"), "stoppedAt": None}))
    done = put(tmp_path / "b.json", page({**failed(1), "data": None}))
    assert readers.read([done, going]).executions["status"].tolist() == ["error"]


# --- workflows, clients, instances


def client_of(workflow: WorkflowRow) -> str | None:
    return settings.Settings(code_in_name=False).client_of(workflow.name, workflow.tags, workflow.project)


WORKFLOW = {
    "id": "wf1",
    "name": "Orders",
    "active": True,
    "nodes": [node("Call")],
    "connections": {},
    "tags": [{"id": "t1", "name": "client:acme"}],
    "shared": [{"role": "workflow:owner", "project": {"name": "Acme Ltd"}}],
}


@pytest.mark.parametrize("content", [json.dumps({"data": [WORKFLOW]}), json.dumps([WORKFLOW]), json.dumps(WORKFLOW)])
def test_workflow_lists_give_names_tags_and_projects(tmp_path: Path, content: str) -> None:
    row = failed(1)
    row["workflowData"].pop("name")
    put(tmp_path / "executions.json", page(row))
    put(tmp_path / "workflows.json", content)
    seen: list[WorkflowRow] = []
    log = readers.read(str(tmp_path), client_of=lambda workflow: seen.append(workflow) or client_of(workflow))
    assert seen == [WorkflowRow("wf1", "Orders", ("client:acme",), "Acme Ltd")]
    for frame in (log.executions, log.failures):
        assert frame[["workflow", "client"]].values.tolist() == [["Orders", "acme"]]


def listed(folder: Path, active: bool | None) -> list[str]:
    told = WORKFLOW | {"active": active} if active is not None else {k: v for k, v in WORKFLOW.items() if k != "active"}
    return [put(folder / "w.json", json.dumps([told])), put(folder / "e.json", page(failed(1)))]


def in_sqlite(folder: Path, active: bool | None) -> list[str]:
    row = failed(1)
    row["workflowData"]["active"] = active
    path = write_sqlite(folder / "database.sqlite", [row])
    if active is None:
        with sqlite3.connect(path) as db:
            db.execute("ALTER TABLE workflow_entity DROP COLUMN active")
    return [str(path)]


def as_entities(folder: Path, active: bool | None) -> list[str]:
    row = failed(1)
    if active is not None:
        row["workflowData"]["active"] = active
    return [str(write_entities(folder / "entities", [row]))]


@pytest.mark.parametrize("active", [True, False, None])
@pytest.mark.parametrize("source", [listed, in_sqlite, as_entities])
def test_whether_a_workflow_is_active(
    tmp_path: Path,
    source: Callable[[Path, bool | None], list[str]],
    active: bool | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    found = {} if active is None else {("berlin", "wf1"): active}
    made = source(tmp_path, active)
    for spread in (None, readers.Spread(2)):
        log = readers.read(made, instance="berlin", spread=spread)
        assert log.active == found and len(log.executions) == 1


def test_a_source_that_does_not_say_what_is_active_erases_nothing(tmp_path: Path) -> None:
    told = listed(tmp_path / "one", False)
    silent = listed(tmp_path / "two", None)
    for spread in (None, readers.Spread(2)):
        assert readers.read([*told, *silent], spread=spread).active == {("default", "wf1"): False}


def test_a_long_list_of_something_else_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        readers.read(put(tmp_path / "numbers.json", json.dumps([*range(25_001)])))


def test_name_at_run_time_goes_before_the_name_of_today(tmp_path: Path) -> None:
    log = readers.read([put(tmp_path / "w.json", json.dumps([WORKFLOW])), put(tmp_path / "e.json", page(failed(1)))])
    assert log.executions["workflow"].tolist() == ["[ACME] Orders"]


def test_instance_is_in_every_row(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "e.json", page(*ROWS)), instance="berlin")
    assert set(log.executions["instance"]) == set(log.failures["instance"]) == {"berlin"}


def test_clashing_ids_of_two_servers_are_named(tmp_path: Path) -> None:
    one = put(tmp_path / "a.json", page(failed(1)))
    other = put(tmp_path / "b.json", page(failed(1, workflowId="wf2"), failed(2, workflowId="wf2")))
    log = readers.read([one, other])
    assert ids(log) == ["1", "2"]
    (skipped,) = log.skipped
    assert (skipped.source, skipped.where) == (other, "row 1")
    assert one in skipped.reason and "NAME=SOURCE" in skipped.reason


def test_sources_of_several_servers_are_named_in_one_go(tmp_path: Path) -> None:
    one = put(tmp_path / "a.json", page(failed(1)))
    other = put(tmp_path / "eu" / "b.json", page(failed(1, workflowId="wf2"), failed(2, workflowId="wf2")))
    log = readers.read([one, f"eu={Path(other).parent}", f"us-1={other}"], instance="main")
    found = log.executions[["instance", "execution_id", "workflow_id"]].astype("str").values.tolist()
    expected = [["main", "1", "wf1"], *([name, number, "wf2"] for name in ("eu", "us-1") for number in "12")]
    assert sorted(found) == sorted(expected) and not log.skipped
    assert log.failures["instance"].value_counts().to_dict() == {"eu": 2, "us-1": 2, "main": 1}


def test_what_looks_like_a_name_and_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "eu=b.json", page(failed(1)))
    put(tmp_path / "b.json", page(failed(2)))
    assert readers.read("eu=b.json").executions["instance"].tolist() == ["default"]
    assert readers.read("./eu=*.json").executions["instance"].tolist() == ["default"]
    assert readers.read("us=b.json").executions["instance"].tolist() == ["us"]
    for wrong in ("us=n8n", "us=n8n:main"):
        with pytest.raises(SourceError, match=f"has its name in the settings already. Write {wrong[3:]}"):
            readers.read(wrong)
    with pytest.raises(SourceError, match=r"no file, folder or match for c\.json"):
        readers.read("us=c.json")


def test_same_execution_in_two_files_counts_once(tmp_path: Path) -> None:
    put(tmp_path / "a.json", page(*ROWS))
    put(tmp_path / "b.json", page(*ROWS))
    log = readers.read(str(tmp_path))
    assert (ids(log), len(log.failures), log.skipped) == (["1", "2"], 1, ())


# --- folders and globs


def test_folder_glob_and_list(tmp_path: Path) -> None:
    put(tmp_path / "api" / "page-01.json", page(failed(1)))
    put(tmp_path / "api" / "deep" / "page-02.json.gz", gzip.compress(page(failed(2))))
    put(tmp_path / "notes.txt", "not looked at")
    write_sqlite(tmp_path / "database.sqlite", [failed(3)])
    assert ids(readers.read(str(tmp_path))) == ["1", "2", "3"]
    assert ids(readers.read(f"{tmp_path}/api/*.json")) == ["1"]
    assert ids(readers.read(f"{tmp_path}/**/page-*")) == ["1", "2"]
    assert ids(readers.read([f"{tmp_path}/api/*", f"{tmp_path}/*.sqlite"])) == ["1", "3"]


def test_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    put(tmp_path / "e.json", page(failed(1)))
    assert ids(readers.read("~/e.json")) == ["1"]


def test_progress_counts_bytes_up_to_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    put(tmp_path / "a.json", page(failed(1)))
    put(tmp_path / "b.json", page(failed(2)))
    size = (tmp_path / "a.json").stat().st_size
    readers.read(str(tmp_path), on_progress=lambda *step: told.append(step))
    assert told == [(0, 2 * size, "a.json"), (size, 2 * size, "b.json"), (2 * size, 2 * size, "")]


# --- SQLite


@pytest.mark.parametrize("columns", [V1_COLUMNS, V2_COLUMNS], ids=["n8n 1", "n8n 2"])
def test_sqlite_of_both_versions(tmp_path: Path, columns: str) -> None:
    path = write_sqlite(
        tmp_path / "database.sqlite", [*ROWS, failed(3, deletedAt="2026-03-02 00:00:00.000")], columns=columns
    )
    log = readers.read(str(path))
    assert (ids(log), log.skipped) == (["1", "2"], ())
    assert log.executions["started_at"].tolist() == [pd.Timestamp("2026-03-01T10:00:00Z")] * 2
    assert log.executions["duration_s"].tolist() == [2.5, 2.5]


def test_sqlite_has_tags_and_projects(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", ROWS, tag="client:acme")
    seen: list[WorkflowRow] = []
    log = readers.read(str(path), client_of=lambda workflow: seen.append(workflow) or client_of(workflow))
    assert seen == [WorkflowRow("wf1", "[ACME] Orders", ("client:acme",), "Acme Ltd")]
    assert log.active == {("default", "wf1"): True}
    assert log.executions["client"].tolist() == ["acme"] * 2


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstandard.compress)])
def test_compressed_sqlite_is_unpacked_privately_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"database.sqlite{ending}"
    path.write_bytes(pack(write_sqlite(tmp_path / "plain", ROWS).read_bytes()))
    (work := tmp_path / "work").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    modes: list[int] = []
    real = readers.parts.read_sqlite
    monkeypatch.setattr(
        readers.parts,
        "read_sqlite",
        lambda copy, source, **_: modes.append(copy.parent.stat().st_mode) or real(copy, source),
    )
    log = readers.read(str(path))
    assert (ids(log), log.executions["source"].unique().tolist()) == (["1", "2"], [str(path)])
    assert [stat.S_IMODE(mode) for mode in modes] == [0o700]
    assert list(work.iterdir()) == []


WRITER = """
import select, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("PRAGMA wal_autocheckpoint = 0")
add = "INSERT INTO execution_entity (workflowId, mode, status) VALUES ('wf1', 'webhook', 'success')"
say = lambda word: print(word, flush=True)
db.execute(add)
db.execute("BEGIN IMMEDIATE")
db.execute(add)
say("writing")
sys.stdin.readline()
db.execute("COMMIT")
say("committed")
while not select.select([sys.stdin], [], [], 0)[0]:
    db.execute(add)
say(db.execute("SELECT count(*) FROM execution_entity").fetchone()[0])
sys.stdin.readline()  # stop
sys.stdin.readline()  # leave
"""


def test_sqlite_while_another_process_writes_to_it(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", ROWS)
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as writer:
        assert writer.stdin and writer.stdout
        assert writer.stdout.readline() == "writing\n"
        assert len(readers.read(str(path)).executions) == 3  # what is in the log counts, what is not committed does not
        writer.stdin.write("commit\n")
        assert writer.stdout.readline() == "committed\n"
        seen = [len(log.executions) for log in (readers.read(str(path)) for _ in range(5)) if not log.skipped]
        writer.stdin.write("stop\n")
        last = int(writer.stdout.readline())
        assert len(readers.read(str(path)).executions) == last
        writer.stdin.write("leave\n")
    assert writer.returncode == 0
    assert len(seen) == 5 and seen == sorted(seen) and seen[0] >= 4 and seen[-1] <= last


def wal_copy(path: Path) -> Path:
    """A database as one copies it from a server at rest: in WAL mode, without the files beside it."""
    write_sqlite(path, ROWS)
    with contextlib.closing(sqlite_in_wal(path)):
        pass
    assert list(path.parent.iterdir()) == [path]
    return path


def sqlite_in_wal(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    return db


def test_reading_a_copied_database_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = wal_copy(tmp_path / "database.sqlite")
    before = path.read_bytes()
    assert ids(readers.read(str(path))) == ["1", "2"]
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


@contextlib.contextmanager
def powerless() -> Iterator[None]:
    """Without root's right to do anything: as the user nobody, if the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("mode", ["rollback", "wal"])
def test_database_in_a_folder_that_is_read_only(open_folder: Path, mode: str) -> None:
    path = open_folder / "database.sqlite"
    write_sqlite(path, ROWS) if mode == "rollback" else wal_copy(path)
    open_folder.chmod(0o555)
    with powerless():
        assert not os.access(open_folder, os.W_OK, effective_ids=True)
        log = readers.read(str(path))
    assert ids(log) == ["1", "2"]


def test_live_database_in_a_folder_that_is_read_only_says_what_to_do(open_folder: Path) -> None:
    path = open_folder / "database.sqlite"
    write_sqlite(path, ROWS)
    with contextlib.closing(sqlite_in_wal(path)) as db:
        db.execute("DELETE FROM execution_data")
        db.commit()
        (open_folder / "copy").mkdir()
        copy = open_folder / "copy" / path.name
        for ending in ("", "-wal"):
            copy.with_name(copy.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
    copy.parent.chmod(0o555)
    with powerless(), pytest.raises(SourceError, match=r"with its -wal file, to a folder that you can write to"):
        readers.read(str(copy))


@pytest.mark.parametrize("mode", [0o000, 0o200])
def test_unreadable_file(open_folder: Path, mode: int) -> None:
    path = Path(put(open_folder / "page.json", page(failed(1))))
    path.chmod(mode)
    with powerless(), pytest.raises(SourceError, match=r"Could not read .*page\.json: Permission denied\. Check"):
        readers.read(str(path))


def test_unreadable_folder(open_folder: Path) -> None:
    put(open_folder / "inner" / "page.json", page(failed(1)))
    (open_folder / "inner").chmod(0o000)
    with powerless():
        with pytest.raises(SourceError, match="Permission denied"):
            readers.read(str(open_folder / "inner" / "page.json"))
        with pytest.raises(SourceError, match=r"No export found|Permission denied"):
            readers.read(str(open_folder / "inner"))
    (open_folder / "inner").chmod(0o755)


# --- export:entities


@pytest.fixture
def entities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return write_entities(tmp_path / "entities", ROWS)


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


def test_entities_as_folder_zip_and_folder_with_the_zip(entities: Path, tmp_path: Path) -> None:
    archive = zipped(entities)
    put(tmp_path / "out" / "entities.zip", archive.read_bytes())
    for source in (entities, archive, tmp_path / "out"):
        log = readers.read(str(source), client_of=client_of)
        assert (ids(log), log.skipped) == (["1", "2"], ())
        assert log.executions["client"].tolist() == ["acme"] * 2
        assert log.failures["http_code"].tolist() == ["401"]


def test_entities_in_numbered_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    rows = [failed(number) for number in range(1, 24)]
    folder = write_entities(tmp_path / "entities", rows, a_file=2)
    assert (folder / "executiondata.12.jsonl").is_file()
    log = readers.read(str(folder))
    assert (len(log.executions), len(log.failures)) == (23, 23)


OPENSSL = (  # two rows as `openssl enc -aes-256-cbc -md md5 -base64 -A -pass pass:a-made-up-key` wrote them
    "U2FsdGVkX19tJ60ZRKmdYHsWvaZPmZj4dIgGMRsiBjppoPST9ohl4r73gfSPfSCv0w5ABoSnIzXUtEJ10Iz/cnuFVwE4u89pOBMLx4V9cjh8baTB3SLPPYE+1TqhsF4V"
)


def test_cipher_is_openssls(entities: Path) -> None:
    put(entities / "workflowentity.jsonl", OPENSSL)
    seen = [row for row in readers.parts.read_entities(entities) if isinstance(row, WorkflowRow)]
    assert [(row.workflow_id, row.name) for row in seen] == [("wf1", "[ACME] Orders"), ("wf2", "Stock")]


def test_entities_without_their_key_say_where_it_is(entities: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(SettingsError, match=rf"Set {KEY_VARIABLE} to that server's N8N_ENCRYPTION_KEY"):
        readers.read(str(entities))


def test_wrong_key_says_so_and_never_shows_it(entities: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "another-servers-key")
    with pytest.raises(SettingsError, match="another server's key") as caught:
        readers.read(str(entities))
    assert "another-servers-key" not in str(caught.value)


def test_entities_among_other_files_are_named_when_the_key_is_missing(
    entities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    archive = zipped(entities)
    put(archive.parent / "exports" / "page.json", page(failed(9)))
    archive.rename(archive.parent / "exports" / "entities-1.zip")
    log = readers.read(str(archive.parent / "exports"))
    assert ids(log) == ["9"]
    (skipped,) = log.skipped
    assert skipped.source.endswith("entities-1.zip") and KEY_VARIABLE in skipped.reason


def test_entities_without_history_say_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    log = readers.read(str(write_entities(tmp_path / "entities", ROWS, history=False)))
    assert log.executions.empty
    assert "--includeExecutionHistoryDataTables=true" in log.skipped[0].reason


# --- real exports of n8n, gated and emptied of items


@pytest.fixture(scope="module")
def as_api() -> ExecutionLog:
    with using(Redactor(SAMPLE_KEY)):
        return readers.read(str(V1))


@pytest.mark.parametrize("form", ["page", "sqlite 1", "sqlite 2", "entities"])
def test_real_executions_tell_the_same_in_every_form(
    as_api: ExecutionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    rows, path = lines(V1), tmp_path / "export"
    if form == "page":
        path.write_bytes(page(*rows))
    elif form == "entities":
        monkeypatch.setenv(KEY_VARIABLE, KEY)
        write_entities(path, rows)
    else:
        write_sqlite(path, rows, columns=V1_COLUMNS if form == "sqlite 1" else V2_COLUMNS)
    log = readers.read(str(path))
    assert log.skipped == ()
    assert (len(log.executions), len(log.failures)) == (232, len(as_api.failures))
    same_frame(log.executions, as_api.executions)
    same_frame(log.failures, as_api.failures)


@pytest.mark.parametrize("path", [V1, SAMPLE], ids=["n8n 1", "n8n 2"])
def test_every_failed_real_execution_has_its_failure(path: Path) -> None:
    log, rows = readers.read(str(path)), lines(path)
    assert sorted(log.executions["execution_id"]) == sorted(row["id"] for row in rows)
    bad = {row["id"] for row in rows if row["status"] in ("error", "crashed")}
    found = log.failures.groupby("execution_id").size()
    assert bad and bad <= set(found.index)
    assert found.loc[sorted(bad)].max() == 1  # what n8n notes in several places comes once
    ended = log.failures[log.failures["execution_id"].isin(bad)]
    assert not ended["place"].isin(["item", "node", "hint", "canceled", "status"]).any()
    assert ended[["node", "error_name"]].notna().any(axis=1).all()
    assert set(log.failures["place"]) >= {"execution", "subworkflow", "item"}
    check_frames(log)


def check_frames(log: ExecutionLog) -> None:
    """The documented columns, types, order and keys."""
    for frame, columns in ((log.executions, EXECUTION_COLUMNS), (log.failures, FAILURE_COLUMNS)):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == columns
        assert list(frame.columns) == list(columns)
        assert frame["at"].dropna().is_monotonic_increasing
        texts = frame.select_dtypes(include=["str", "category"])
        assert not (texts == "").any().any()
    assert not log.executions.duplicated(["instance", "execution_id"]).any()
    assert set(log.failures["execution_id"]) <= set(log.executions["execution_id"])
    assert set(log.executions["snapshot"].dropna()) <= set(log.snapshots)


def test_rows_are_sorted_by_time_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    times = {7: "2026-03-03T00:00:00.000Z", 5: None, 6: "2026-03-01T00:00:00.000Z", 8: "2026-03-02T00:00:00.000Z"}
    rows = [failed(number, startedAt=at, stoppedAt=at) for number, at in times.items()]
    log = readers.read(put(tmp_path / "page.json", page(*rows)))
    assert log.executions["execution_id"].tolist() == ["6", "8", "7", "5"]
    check_frames(log)


def test_snapshot_is_the_workflow_as_it_ran(tmp_path: Path) -> None:
    call = node(
        "Call", parameters={"url": "https://a.test"}, credentials={"k": {"id": "c1", "name": "Key"}}, retryOnFail=True
    )
    old = node("Call", continueOnFail=True, disabled=True)
    rows = [execution(1, nodes=[call]), execution(2, nodes=[call]), execution(3, nodes=[old])]
    log = readers.read(put(tmp_path / "page.json", page(*rows)))
    one, two, three = log.executions["snapshot"]
    assert one == two != three
    assert log.snapshots[one].nodes["Call"] == {
        "type": "n8n-nodes-base.httpRequest",
        "type_version": 1,
        "parameters": {"url": "https://a.test"},
        "credentials": {"k": {"id": "c1", "name": "Key"}},
        "disabled": None,
        "on_error": None,
        "retry": {"retryOnFail": True},
    }
    assert (log.snapshots[three].nodes["Call"]["disabled"], log.snapshots[three].nodes["Call"]["on_error"]) == (
        True,
        "continueRegularOutput",
    )


# --- nothing secret is kept

TOKEN = "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"
SECRETS = {
    "header": "Zx81-made-up-header-value",
    "cookie": "session-77c1f0aa-made-up",
    "query": "q8-made-up-query-key-0001",
    "body": "made-up-body-pass-0001",
    "parameter": "made-up-parameter-pass-0001",
    "userinfo": "made-up-userinfo-0001",
    "token": TOKEN,
    "person": "ann.example@acme-made-up.test",
}


def planted() -> Json:
    call = node(
        "Call",
        parameters={
            "url": f"https://bot:{SECRETS['userinfo']}@api.acme.test/v1/leads?api_key={SECRETS['query']}",
            "headerParameters": {"parameters": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}]},
            "options": {"password": SECRETS["parameter"]},
        },
    )
    request = {
        "method": "POST",
        "uri": f"https://bot:{SECRETS['userinfo']}@api.acme.test/v1/leads?api_key={SECRETS['query']}",
        "headers": {"authorization": f"Basic {SECRETS['header']}", "cookie": SECRETS["cookie"]},
        "body": {"password": SECRETS["body"], "email": SECRETS["person"]},
    }
    error = api_error(
        node=call,
        context={"request": request, "data": {"password": SECRETS["body"]}},
        message=f"Invalid API key provided: {TOKEN}",
        description=json.dumps({"error": "bad", "password": SECRETS["body"], "email": SECRETS["person"]}),
        messages=[f"401 - https://api.acme.test/v1?api_key={SECRETS['query']}"],
        stack=f"Error: {TOKEN}\n    at https://bot:{SECRETS['userinfo']}@api.acme.test/",
        cause={"message": f"Authorization: Bearer {TOKEN}", "config": {"headers": request["headers"]}},
    )
    hook = {"headers": request["headers"], "query": {"api_key": SECRETS["query"]}, "body": request["body"]}
    return execution(status="error", runs={"Hook": ran(hook), "Call": ran(error=error)}, nodes=[call], error=error)


@pytest.mark.parametrize("form", ["api", "sqlite"])
def test_no_secret_is_kept(tmp_path: Path, form: str) -> None:
    path = tmp_path / "export"
    path.write_bytes(page(planted())) if form == "api" else write_sqlite(path, [planted()])
    log = readers.read(str(path))
    kept = log.executions.to_csv() + log.failures.to_csv() + repr(log.snapshots) + repr(log.skipped)
    assert {name for name, secret in SECRETS.items() if secret in kept} == set()
    failure = log.failures.iloc[0]
    assert failure["url"] == "https://api.acme.test/v1/leads"
    assert "Invalid API key provided: [" in failure["message"]  # masked, not lost


@pytest.mark.parametrize("row", [failed(1), execution(1, runs={"Hook": ran()})], ids=["failed", "quiet"])
def test_damage_is_named_without_quoting_the_data(tmp_path: Path, row: Json) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", [row])
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE execution_data SET data = ?", (json.dumps([{"resultData": SECRETS["parameter"]}]),))
        db.commit()
    (skipped,) = readers.read(str(path)).skipped
    assert "execution 1: its data is damaged" in skipped.reason
    assert SECRETS["parameter"][:8] not in skipped.reason  # a part of it would be too much, too


@pytest.mark.parametrize("hidden", ["\u200b", "\x1b[0m", "\u00ad", "\u2060"])
@pytest.mark.parametrize("form", [str, lambda text: json.dumps({"said": text})], ids=["text", "JSON in a text"])
def test_what_nobody_sees_inside_a_secret_does_not_hide_it(
    tmp_path: Path, hidden: str, form: Callable[[str], str]
) -> None:
    secret = "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"
    said = form(f"Could not bill with {secret[:14]}{hidden}{secret[14:]}")
    error = api_error(message=said, node=node("Call"))
    run = execution(1, "error", runs={"Call": ran(error=error)}, nodes=[node("Call")], error=error)
    log = readers.read(put(tmp_path / "page.json", page(run)))
    kept = log.failures["message"].iloc[0]
    assert secret not in kept and secret[14:] not in kept and "[api_key:" in kept
