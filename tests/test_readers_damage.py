"""Damaged and foreign input: what is whole is read, the rest is named, and nothing but our own errors comes out."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incident_nb import readers
from incident_nb.errors import SettingsError, SourceError
from incident_nb.executions import ExecutionLog
from incident_nb.readers.entities import KEY_VARIABLE
from incident_nb.readers.rows import whole_characters
from tests.exports import (
    KEY,
    Json,
    api_error,
    encrypt,
    execution,
    failed,
    node,
    page,
    ran,
    write_entities,
    write_sqlite,
)
from tests.test_readers import check_frames, ids, jsonl, put

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)
DEEP = 100_000

NOT_EXPORTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", r"is empty\. Export it again"),
    "blank": (b" \n\n", r"is empty\. Export it again"),
    "text": (b"Dear n8n, nothing works any more.", r"is no n8n export: neither JSON"),
    "image": (PNG, r"is no n8n export: neither JSON"),
    "zip of something": (b"PK\x03\x04" + bytes(40), r"is no n8n export: neither JSON"),
    "empty gzip": (gzip.compress(b""), r"is empty"),
    "image, gzipped": (gzip.compress(PNG), r"is no n8n export"),
    "error answer of the API": (b'{"message":"unauthorized"}', r"is JSON, but no n8n export: expected executions"),
    "empty object": (b"{}", r"is JSON, but no n8n export"),
    "package.json": (b'{"name":"x","version":"1.0.0","dependencies":{}}', r"is JSON, but no n8n export"),
    "orders with a status": (b'[{"id":5,"status":"paid"},{"id":6,"status":"open"}]', r"is JSON, but no n8n export"),
    "page of users": (b'{"data":[{"id":"u1","email":"a@b.test"}],"nextCursor":null}', r"is JSON, but no n8n export"),
    "foreign JSON lines": (b'{"id":1,"x":2}\n{"id":2,"x":3}\n', r"no execution could be read"),
    "list of numbers": (b"[1, 2, 3]", r"no execution could be read"),
    "broken from the start": (b'{"data":[{"id', r"no execution could be read"),
    "alert without an error": (b'{"execution":{"id":"1"},"workflow":{"id":"w"}}', r"is JSON, but no n8n export"),
    "gzip cut off": (gzip.compress(page(failed(1)))[:-40], r"no execution could be read from it\. Export it again"),
    "gzip cut off at once": (gzip.compress(page(failed(1)))[:9], r"is empty, or cut off\. Export it again"),
    "gzip with a wrong sum": (gzip.compress(page(failed(1)))[:-8] + bytes(8), r"compressed and damaged"),
    "zstd damaged": (zstandard.compress(page(failed(1)))[:8] + bytes(90), r"compressed and damaged"),
    "SQLite cut off": (b"SQLite format 3\x00" + bytes(40), r"Could not read .*Copy the database again"),
    "SQLite, all zeros": (b"SQLite format 3\x00" + bytes(4096), r"Could not read .*Copy the database again"),
}


@pytest.mark.parametrize(("content", "said"), NOT_EXPORTS.values(), ids=NOT_EXPORTS)
def test_what_is_no_export_says_so(tmp_path: Path, content: bytes, said: str) -> None:
    source = put(tmp_path / "given.json", content)
    with pytest.raises(SourceError, match=said) as caught:
        readers.read(source)
    assert source in str(caught.value)


def test_other_sqlite_database(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE cookies (id)")
    db.close()
    with pytest.raises(SourceError, match="no n8n database: it has no table execution_entity"):
        readers.read(str(path))


@pytest.mark.parametrize(
    "name", ["missing.json", "no/such/folder", "*.json", "a" * 5000, "nul\0byte", "~no-such-user-here/x", "nul\0*"]
)
def test_missing_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="Check the"):
        readers.read(name)


def test_folder_without_exports(tmp_path: Path) -> None:
    put(tmp_path / "notes.txt", "x")
    with pytest.raises(SourceError, match=r"No export found in the folder .*looked for \.json"):
        readers.read(str(tmp_path))


def test_bad_file_among_good_ones_is_named(tmp_path: Path) -> None:
    put(tmp_path / "a.json", page(failed(1)))
    put(tmp_path / "b.json", "")
    log = readers.read(str(tmp_path))
    assert ids(log) == ["1"]
    assert [(skipped.source, skipped.where) for skipped in log.skipped] == [(str(tmp_path / "b.json"), "whole file")]
    assert "is empty" in log.skipped[0].reason


def test_folder_of_bad_files_only_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "a.json", "")
    put(tmp_path / "b.json", PNG)
    with pytest.raises(SourceError, match=r"None of 2 files could be read\. The first: .*a\.json is empty"):
        readers.read(str(tmp_path))


# --- damage inside a file


@pytest.mark.parametrize("indent", [None, 2])
def test_page_cut_off_in_the_middle_of_a_row(tmp_path: Path, indent: int | None) -> None:
    tail = node("Other", parameters={"list": [{"id": 5, "status": "paid"}]})  # must not be taken for an execution
    rows = [failed(1), failed(2), execution(3, nodes=[node("Call"), tail])]
    whole = json.dumps({"data": rows, "nextCursor": None}, indent=indent)
    cut = whole.index('"customData"', whole.index('"id": "3"'))
    late = whole.index('"paid"') + 20
    for end in (cut, late):
        log = readers.read(put(tmp_path / "page.json", whole[:end]))
        assert ids(log) == ["1", "2"]
        (skipped,) = log.skipped
        start = whole.rindex("{", 0, whole.index('"id": "3"'))
        assert skipped.where == f"row 3, byte {start}"
        assert "cut off" in skipped.reason


def test_row_damaged_in_the_middle_of_a_page(tmp_path: Path) -> None:
    whole = page(failed(1), failed(2), failed(3)).decode()
    start = whole.index('{"id":"2"')
    log = readers.read(put(tmp_path / "page.json", whole[: start + 40] + "\x00\x00" + whole[start + 42 :]))
    assert ids(log) == ["1", "3"]
    assert [skipped.where for skipped in log.skipped] == [f"row 2, byte {start}"]


@pytest.mark.parametrize("cursor_first", [False, True])
@pytest.mark.parametrize("wrong", [{"status": 5}, {"id": ["2"]}, {"retryOf": {}}, {"startedAt": {}}])
def test_row_of_wrong_types(tmp_path: Path, wrong: Json, cursor_first: bool) -> None:
    rows = [failed(1), {**failed(2), **wrong}, failed(3)]
    content = {"nextCursor": None, "data": rows} if cursor_first else {"data": rows, "nextCursor": None}
    log = readers.read(put(tmp_path / "page.json", json.dumps(content)))
    assert ids(log) == ["1", "3"]
    (skipped,) = log.skipped
    assert skipped.where.startswith("row 2, byte ")
    assert "Expected" in skipped.reason


BAD_LINES = [b"{", b'{"id":', b"null", b'{"message":"x"}', b"\xff\xfe", b"{" * DEEP, page(failed(3))[:-100]]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
def test_bad_line_among_json_lines(tmp_path: Path, bad: bytes, place: int) -> None:
    content = jsonl([failed(1), failed(2)]).splitlines()
    if not place and bad[:1] != b"{":
        place = 1  # such a beginning makes it another kind of file
    content.insert(place, bad)
    log = readers.read(put(tmp_path / "e.jsonl", b"\n".join(content)))
    assert ids(log) == ["1", "2"]
    assert len(log.skipped) == 1


def test_zstd_cut_off_names_what_is_lost(tmp_path: Path) -> None:
    packer = zstandard.ZstdCompressor().compressobj()
    first = packer.compress(page(failed(1), failed(2))[:-30]) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    log = readers.read(put(tmp_path / "page.json.zst", first))
    assert (ids(log), [skipped.where[:5] for skipped in log.skipped]) == (["1"], ["row 2", "the e"])


def test_deeply_nested_data_does_not_crash(tmp_path: Path) -> None:
    row = json.dumps(failed(2))
    deep = row.replace('"version": 1', '"version": ' + "[" * DEEP + "]" * DEEP)
    assert deep != row
    log = readers.read(
        put(tmp_path / "page.json", f'{{"data":[{json.dumps(failed(1))},{deep},{json.dumps(failed(3))}]}}')
    )
    assert ids(log) == ["1", "3"]
    assert len(log.skipped) == 1


@pytest.mark.parametrize("depth", [150, 900])
def test_error_nested_as_deep_as_a_decoder_goes(tmp_path: Path, depth: int) -> None:
    inner: Json = {"message": "innermost"}
    for _ in range(depth):
        inner = {"cause": inner}
    log = readers.read(
        put(tmp_path / "page.json", page(failed(1), execution(2, "error", error={"message": "x", **inner})))
    )
    assert ids(log) == ["1", "2"]
    assert len(log.failures) == 2


def test_unknown_fields_everywhere(tmp_path: Path) -> None:
    def strewn(value: Any) -> Any:
        if isinstance(value, dict):
            more = {"zzzNew": {"deep": [1, None, {"x": "y"}]}, "zzzFlag": None}
            return {**{key: strewn(entry) for key, entry in value.items()}, **more}
        return [strewn(entry) for entry in value] if isinstance(value, list) else value

    row = failed(1)
    row["data"]["resultData"]["runData"]["Call"][0]["error"]["zzzNew"] = ["what", 1]
    new = json.loads(json.dumps(row))
    new["data"]["resultData"]["runData"] = {"Call": strewn(new["data"]["resultData"]["runData"]["Call"])}
    for name in ("startData", "executionData", "pushRef"):
        new["data"][name] = {"x": [1]}
    new = {**new, "zzzNew": {"a": []}, "workflowData": {**strewn(new["workflowData"])}}
    for content in (page(new), json.dumps(new).encode(), b'{"zzz":[1],' + page(new)[1:]):
        log = readers.read(put(tmp_path / "page.json", content))
        assert log.skipped == ()
        assert log.failures[["place", "node", "http_code"]].values.tolist() == [["execution", "Call", "401"]]


ODD_TEXTS = {
    "NUL": "before\0after",
    "half an emoji inside JSON": '{"a": "\\ud83d", "token": "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"}',
    "controls": "\x1b[31mred\x07\x7f\u202e",
    "long": "x" * 1_000_000,
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
@pytest.mark.parametrize("write", ["api", "sqlite"])
def test_odd_texts_are_kept_as_text(tmp_path: Path, text: str, write: str) -> None:
    error = api_error(message=text, description=text, node=node(text[:50], parameters={"note": text}))
    row = execution(1, "error", runs={text[:50]: ran(error=error)}, nodes=[node(text[:50])], error=error)
    path = tmp_path / "export"
    path.write_bytes(page(row)) if write == "api" else write_sqlite(path, [row])
    log = readers.read(str(path))
    assert (len(log.failures), log.skipped) == (1, ())
    kept = log.failures["message"][0]
    assert 0 < len(kept) <= 6000
    log.failures.to_parquet(tmp_path / "failures.parquet")


@pytest.mark.parametrize(
    "value", [b"9" * 40, b"9" * 5000, b"-1e400", b"1e308", b"NaN", b'"\xff\xfe"', b'"\\ud800"', b"true", b"[]", b"null"]
)
@pytest.mark.parametrize(
    "field", ["id", "startTime", "executionTime", "timestamp", "httpCode", "runs", "message", "stoppedAt"]
)
def test_odd_values_never_escape(tmp_path: Path, field: str, value: bytes) -> None:
    error = api_error(node=node("Call"))
    row = execution(
        1,
        "error",
        runs={"Call": ran(error=error)},
        nodes=[node("Call")],
        error=error,
        id="HERE" if field == "id" else "1",
    )
    if field == "stoppedAt":
        row["stoppedAt"] = "HERE"
    for holder in (error, row["data"]["resultData"]["runData"]["Call"][0]):
        if field in holder:
            holder[field] = "HERE"
    if field == "runs":
        row["data"]["resultData"]["runData"]["Call"] = "HERE"
    content = page(row, failed(2)).replace(b'"HERE"', value)
    assert value in content
    log = readers.read(put(tmp_path / "page.json", content))
    assert "2" in log.executions["execution_id"].tolist()
    assert len(log.executions) + len(log.skipped) >= 2
    check_frames(log)


@pytest.mark.parametrize("value", [7, 1.5, True, {"a": 1}, ["x"], ""])
@pytest.mark.parametrize("status", ["success", "error"])
def test_odd_names_of_the_last_node(tmp_path: Path, value: Any, status: str) -> None:
    row = execution(1, status, runs={"Hook": ran()})
    row["data"]["resultData"]["lastNodeExecuted"] = value
    log = readers.read(str(write_sqlite(tmp_path / "database.sqlite", [row, failed(2)])))
    assert ids(log) == ["1", "2"]
    check_frames(log)


@pytest.mark.parametrize("at", ["", "yesterday", "2026-13-45T99:00:00Z", "300000-01-01T00:00:00Z", "0001-01-01", "0"])
@pytest.mark.parametrize("status", ["error", "canceled"])
def test_odd_times_are_missing_times(tmp_path: Path, at: str, status: str) -> None:
    row = execution(1, status, startedAt=at, stoppedAt=at, settings={"executionTimeout": 1})
    log = readers.read(put(tmp_path / "page.json", page(row, failed(2))))
    assert ids(log) == ["1", "2"]
    check_frames(log)


# --- damage inside a database

FLATTED: dict[str, str] = {
    "no JSON": "[[[",
    "no list": '{"a":1}',
    "empty list": "[]",
    "root is a number": "[7]",
    "index nowhere": '[{"resultData":"99"}]',
    "negative index": '[{"resultData":"-1"},{}]',
    "text where an index should be": '[{"resultData":"error"}]',
    "deep": "[" * DEEP + "]" * DEEP,
    "cycle in the error": '[{"resultData":"1"},{"error":"2","runData":"4"},{"message":"3","cause":"2","extra":"2"},"boom",{}]',
}


def damaged_database(path: Path, data: str, status: str) -> ExecutionLog:
    write_sqlite(path, [failed(1), execution(2, status)])
    db = sqlite3.connect(path)
    db.execute("UPDATE execution_data SET data = ? WHERE executionId = 2", (data,))
    db.commit()
    db.close()
    return readers.read(str(path))


@pytest.mark.parametrize("status", ["success", "error"])
@pytest.mark.parametrize("data", FLATTED.values(), ids=FLATTED)
def test_damaged_stored_data_costs_only_its_own_details(tmp_path: Path, data: str, status: str) -> None:
    log = damaged_database(tmp_path / "database.sqlite", data, status)
    without_end = '"cause":"2"' in data  # it holds itself twice at every level
    assert log.executions["data"].tolist() == ["full", "too_large" if without_end else "damaged"]
    (skipped,) = log.skipped
    assert (skipped.where, skipped.source) == ("execution 2", str(tmp_path / "database.sqlite"))
    assert f"execution 2: {'errors of more than' if without_end else 'its data is damaged'}" in skipped.reason
    assert log.failures["place"].tolist() == ["execution"] + ["status"] * (status == "error")


@pytest.mark.parametrize("status", ["success", "error", "canceled"])
@pytest.mark.parametrize(
    "flow",
    [
        b"no JSON",
        b"[]",
        b'{"nodes":7,"settings":7}',
        b'{"nodes":[7,null],"settings":[7]}',
        b'{"nodes":[],"settings":{"x":"\xff"}}',
        b'{"nodes":[{"name":"\xff"}]}',
        b'{"name":7}',
        b'{"zzz":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"nodes":' + b"[" * DEEP + b"]" * DEEP + b"}",
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:30],
)
def test_damaged_snapshot_costs_no_execution(tmp_path: Path, flow: bytes, status: str) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", [failed(1), execution(2, status, runs={"Hook": ran()})])
    db = sqlite3.connect(path)
    db.execute("UPDATE execution_data SET workflowData = CAST(? AS TEXT) WHERE executionId = 2", (flow,))
    db.commit()
    db.close()
    log = readers.read(str(path))
    assert ids(log) == ["1", "2"]
    assert log.failures["place"].tolist() == ["execution"] + ["status"] * (status == "error")
    check_frames(log)


def test_cycle_that_touches_no_error_is_read(tmp_path: Path) -> None:
    data = '[{"resultData":"1","loop":"0"},{"error":"2","runData":"4","loop":"1"},{"message":"3"},"boom",{}]'
    log = damaged_database(tmp_path / "database.sqlite", data, "error")
    assert log.skipped == ()
    assert log.failures["message"].tolist()[1] == "boom"


def test_damaged_page_of_a_database_is_named(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", [failed(number) for number in range(1, 200)])
    content = bytearray(path.read_bytes())
    middle = len(content) * 3 // 4 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(content)
    log = readers.read(str(path))
    assert 0 < len(log.executions) < 199
    assert any("damaged" in skipped.reason for skipped in log.skipped)


def test_database_without_the_data_table_of_a_running_migration(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", [failed(1)])
    db = sqlite3.connect(path)
    db.execute("DROP TABLE execution_data")
    db.close()
    with pytest.raises(SourceError, match="no such table: execution_data"):
        readers.read(str(path))


def test_columns_of_other_types_are_taken_as_text(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", [failed(1)])
    db = sqlite3.connect(path)
    db.execute("UPDATE execution_entity SET startedAt = 17, stoppedAt = x'ff', mode = 3, retryOf = 4, workflowId = 5")
    db.execute("UPDATE workflow_entity SET name = 5")
    db.commit()
    db.close()
    log = readers.read(str(path))
    assert log.executions[["mode", "retry_of", "workflow_id"]].values.tolist() == [["3", "4", "5"]]
    assert log.executions["at"].isna().all()


# --- damage inside an entities export


@pytest.fixture
def entities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return write_entities(tmp_path / "entities", [failed(1), failed(2)])


@pytest.mark.parametrize(
    "damage", [lambda b: b[:50], lambda b: b"not base64!", lambda b: b[:40] + b[44:], lambda b: b"AAAA"]
)
def test_damaged_table_of_entities(entities: Path, damage: Callable[[bytes], bytes]) -> None:
    file = entities / "executionentity.jsonl"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(SettingsError, match=r"does not open executionentity\.jsonl of .*, or the file is damaged"):
        readers.read(str(entities))


def test_row_of_entities_without_an_id(entities: Path) -> None:
    put(
        entities / "executionentity.jsonl",
        encrypt(b'{"mode":"webhook"}\n{"id":2,"mode":"webhook","status":"error"}', KEY),
    )
    log = readers.read(str(entities))
    assert (ids(log), len(log.skipped)) == (["2"], 1)


def test_damaged_zip_of_entities(entities: Path, tmp_path: Path) -> None:
    path = tmp_path / "entities.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in entities.iterdir():
            archive.write(file, file.name)
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"entities\.zip is damaged or can't be read"):
        readers.read(str(path))


# --- any damage at all

PAGES = [
    page(failed(1), execution(2, runs={"Hook": ran({"a": 1})}), failed(3, mode="integrated")),
    jsonl(
        [
            failed(1),
            execution(2, runs={"Hook": ran({"error": "x"})}, nodes=[node("Hook", onError="continueRegularOutput")]),
        ]
    ),
]
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from([b"null", b"[]", b"{}", b'"', b"\\", b"}", b"]", b"-1", b"1e999", b',{"id":']),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid export after one to four cuts, replacements and insertions."""
    content = draw(st.sampled_from(PAGES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.one_of(st.just(start), st.integers(start, min(len(content), start + 12)), st.just(len(content))))
        content = content[:start] + draw(PIECES) + content[end:]
    return content


@given(content=mutated())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_ends_in_a_result_or_a_source_error(tmp_path: Path, content: bytes) -> None:
    source = put(tmp_path / "page.json", content)
    try:
        log = readers.read(source)
    except SourceError as error:
        assert source in str(error)
    else:
        check_frames(log)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=9),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data(), value=VALUES, form=st.sampled_from(["api", "sqlite"]))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere_costs_at_most_its_own_execution(
    tmp_path: Path, data: st.DataObject, value: Any, form: str
) -> None:
    row = json.loads(json.dumps(failed(1, settings={"executionTimeout": 1}, mode="integrated")))
    holder: Any = row["data"] if form == "sqlite" else row
    for _ in range(data.draw(st.integers(0, 7), label="depth")):
        deeper = [
            child
            for child in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(child, dict | list) and child
        ]
        holder = data.draw(st.sampled_from(deeper), label="into") if deeper else holder
    holder[data.draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))), label="at")] = (
        value
    )
    path = tmp_path / "export"
    path.unlink(missing_ok=True)
    path.write_bytes(page(row, failed(2))) if form == "api" else write_sqlite(path, [row, failed(2)])
    log = readers.read(str(path))
    assert "2" in log.executions["execution_id"].tolist()
    assert len(log.executions) + len(log.skipped) >= 2
    check_frames(log)


HALF = "cut off \ud83d here"


@pytest.mark.parametrize("where", ["description", "parameter", "item"])
@pytest.mark.parametrize("write", ["page", "lines", "sqlite"])
def test_half_a_character_costs_nothing(tmp_path: Path, where: str, write: str) -> None:
    said = api_error(description=HALF) if where == "description" else api_error()
    nodes = [node("Call", parameters={"note": HALF})] if where == "parameter" else [node("Call")]
    items = {"text": HALF} if where == "item" else {}
    row = execution(1, "error", runs={"Hook": ran(items), "Call": ran(error=said)}, nodes=nodes, error=said)
    rows = [row, failed(2)]
    if write == "sqlite":
        source = str(write_sqlite(tmp_path / "database.sqlite", rows))
    else:
        text = json.dumps({"data": rows}) if write == "page" else "\n".join(json.dumps(each) for each in rows)
        source = put(tmp_path / "export.json", text.encode())
    log = readers.read(source)
    assert ids(log) == ["1", "2"]
    assert log.skipped == ()
    assert log.executions["data"].tolist() == ["full", "full"]
    assert len(log.failures) == 2
    check_frames(log)


def test_a_whole_emoji_is_kept() -> None:
    both = rb'"\ud83d\ude00 and \\ud83d"'
    assert whole_characters(both) == both
    assert whole_characters(rb'"\ud83d and \ude00"') == rb'"\ufffd and \ufffd"'


def test_text_from_outside_controls_no_terminal(tmp_path: Path) -> None:
    said = api_error(message="\x1b]0;owned\x07\x1b[31mred\u202e", description="two\r\nlines\tand a tab")
    row = execution(1, "error", runs={"Call": ran(error=said)}, nodes=[node("Call")], error=said)
    failure = readers.read(put(tmp_path / "page.json", page(row))).failures.iloc[0]
    assert failure["message"] == "\ufffd]0;owned\ufffdred\ufffd"
    assert failure["description"] == "two\nlines\tand a tab"


def test_equal_ids_of_two_servers_are_told_apart_by_their_times(tmp_path: Path) -> None:
    put(tmp_path / "a.json", page(execution(1, "success", startedAt="2026-11-02T09:00:00.000Z")))
    put(tmp_path / "b.json", page(execution(1, "error", startedAt="2026-11-03T09:00:00.000Z")))
    log = readers.read(str(tmp_path))
    assert ids(log) == ["1"]
    assert [("another execution 1" in part.reason) for part in log.skipped] == [True]
