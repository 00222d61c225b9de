"""Each limit of the readers, made small: what lies beyond is refused by name or skipped and counted, the rest is read."""

# ruff: noqa: E501  the tables are read better in long lines

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from incident_nb import readers
from incident_nb.errors import SourceError
from incident_nb.executions import ExecutionLog
from incident_nb.readers import limits
from incident_nb.readers.entities import KEY_VARIABLE
from incident_nb.readers.unpack import Unpacker
from tests.exports import KEY, api_error, execution, failed, node, page, ran, write_entities, write_sqlite
from tests.test_readers import ROWS, check_frames, ids, jsonl, put

PACKERS = [gzip.compress, zstandard.compress]
PAGES = Path(__file__).parent.parent / "docs"


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_limits(**values: int) -> None:
        for name, value in values.items():
            assert hasattr(limits, name)
            monkeypatch.setattr(limits, name, value)

    return set_limits


def reasons(log: ExecutionLog) -> str:
    return "; ".join(part.reason for part in log.skipped)


NAMES = [
    name
    for name, value in vars(limits).items()
    if name.isupper() and isinstance(value, int) and not name.endswith("iB")
]


def test_every_limit_is_documented_with_its_figure() -> None:
    text = (PAGES / "sources.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| ([^|]+) \|", text))
    names = [name for name in NAMES if name not in ("KIB", "MIB", "GIB")]
    assert set(rows) == set(names)
    for name in names:
        value = getattr(limits, name)
        in_bytes = value >= limits.MIB and value % limits.MIB == 0
        assert rows[name].strip() == (limits.amount(value) if in_bytes else f"{value:,}"), name


# --- compressed files


@pytest.mark.parametrize("pack", PACKERS)
def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, limit: Callable[..., None], pack: Any) -> None:
    limit(UNPACKED_IN_MEMORY=1_000)
    with pytest.raises(SourceError, match=r"unpacks to more than 1000 bytes, the limit .* has no limit"):
        readers.read(put(tmp_path / "page.json", pack(page(*ROWS))))
    assert ids(readers.read(put(tmp_path / "plain.json", page(*ROWS)))) == ["1", "2"]


@pytest.mark.parametrize("pack", PACKERS)
def test_a_database_that_unpacks_to_too_much_is_refused(tmp_path: Path, limit: Callable[..., None], pack: Any) -> None:
    content = write_sqlite(tmp_path / "plain", ROWS).read_bytes()
    path = put(tmp_path / "database.sqlite.packed", pack(content))
    limit(UNPACKED_ON_DISK=len(content) - 1)
    with pytest.raises(SourceError, match="the limit for compressed files"):
        readers.read(path)
    limit(UNPACKED_ON_DISK=len(content), UNPACKED_IN_MEMORY=10)  # a database is not unpacked into memory
    assert ids(readers.read(path)) == ["1", "2"]


def test_no_space_to_unpack_a_database_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "database.gz", gzip.compress(write_sqlite(tmp_path / "plain", ROWS).read_bytes()))
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if mode == "wb":
            raise OSError(28, "No space left on device")
        return real(self, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SourceError, match=r"No space left on device\. Free some space there, or set TMPDIR"):
        readers.read(path)


@pytest.mark.parametrize("pack", PACKERS)
def test_a_bomb_is_refused_long_before_it_is_unpacked(tmp_path: Path, limit: Callable[..., None], pack: Any) -> None:
    limit(RATIO_FROM=4 * limits.MIB)
    packed = pack(bytes(8 * limits.MIB)) * 200  # gzip and zstd members one after another: 1.6 GB of zeros
    path = Path(put(tmp_path / "bomb.json", packed))
    with path.open("rb") as file:
        unpacker, taken = Unpacker(file, path), 0
        with pytest.raises(SourceError, match=r"more than 500 times its size"):
            for piece in unpacker.pieces():
                assert len(piece) <= limits.MIB
                taken += len(piece)
                unpacker.check(piece, limits.UNPACKED_IN_MEMORY)
    assert taken < 300 * limits.MIB  # what the file's first buffer of compressed bytes allows
    with pytest.raises(SourceError, match="no n8n export"):
        readers.read(str(path))


@pytest.mark.parametrize("pack", PACKERS)
def test_members_and_frames_one_after_another_are_one_file(tmp_path: Path, pack: Any) -> None:
    first, second = jsonl(ROWS[:1]), jsonl(ROWS[1:])
    log = readers.read(put(tmp_path / "parts.jsonl.packed", pack(first) + pack(second)))
    assert (ids(log), log.skipped) == (["1", "2"], ())


def test_zeros_behind_a_gzip_file_and_frames_to_pass_over_are_no_damage(tmp_path: Path) -> None:
    log = readers.read(put(tmp_path / "padded.gz", gzip.compress(page(*ROWS)) + bytes(1024)))
    assert (ids(log), log.skipped) == (["1", "2"], ())
    passed_over = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    log = readers.read(put(tmp_path / "page.zst", zstandard.compress(page(*ROWS)) + passed_over))
    assert (ids(log), log.skipped) == (["1", "2"], ())


@pytest.mark.parametrize("level", [1, 19])
@pytest.mark.parametrize("checked", [True, False])
def test_a_zstd_file_cut_off_between_lines_says_so(tmp_path: Path, level: int, checked: bool) -> None:
    packer = zstandard.ZstdCompressor(level=level, write_checksum=checked).compressobj()
    content = packer.compress(jsonl(ROWS[:1])) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    whole = content + packer.compress(jsonl(ROWS[1:])) + packer.flush()
    assert readers.read(put(tmp_path / "whole.zst", whole)).skipped == ()
    log = readers.read(put(tmp_path / "cut.zst", content))
    assert (ids(log), [part.where for part in log.skipped]) == (["1"], ["the end"])


def test_a_gzip_file_cut_off_keeps_its_whole_rows(tmp_path: Path) -> None:
    content = gzip.compress(jsonl([failed(number) for number in range(1, 30)]), 1)
    log = readers.read(put(tmp_path / "cut.gz", content[:-100]))
    assert "1" in ids(log) and len(log.executions) < 29
    assert "the compressed file is cut off" in reasons(log)


def test_a_zstd_file_that_asks_for_too_much_memory_is_refused(tmp_path: Path, limit: Callable[..., None]) -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=23)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = put(tmp_path / "wide.zst", packed.compress(page(*ROWS)) + packed.flush())
    assert ids(readers.read(path)) == ["1", "2"]
    limit(ZSTD_WINDOW=limits.MIB)
    with pytest.raises(SourceError, match=r"compressed and damaged: .*memory"):
        readers.read(path)


# --- many files


def test_a_folder_or_glob_of_too_many_files_is_refused(tmp_path: Path, limit: Callable[..., None]) -> None:
    for number in range(1, 5):
        put(tmp_path / f"{number}.json", page(failed(number)))
    for kind in ("FILES", "FOLDER_ENTRIES"):
        limit(FILES=4, FOLDER_ENTRIES=4)
        assert ids(readers.read([str(tmp_path)])) == ["1", "2", "3", "4"]
        limit(**{kind: 3})
        for source in (str(tmp_path), str(tmp_path / "*.json")):
            with pytest.raises(SourceError, match=r"names more than .* Name a folder or glob that holds fewer"):
                readers.read(source)


def test_a_file_that_cannot_be_mapped_is_refused() -> None:
    path = Path("/proc/self/status")
    if path.exists():
        with pytest.raises(SourceError, match="Could not read /proc/self/status"):
            readers.read(str(path))


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


@pytest.mark.parametrize(
    ("changed", "method", "said"),
    [
        ({"ZIP_MEMBERS": 2}, zipfile.ZIP_DEFLATED, "holds more than 2 tables"),
        ({"UNPACKED_IN_MEMORY": 1000}, zipfile.ZIP_DEFLATED, "1000 bytes of tables, the limit for export:entities"),
        ({"RATIO_FROM": 1000}, zipfile.ZIP_DEFLATED, "unpacks to more than 500 times its size"),
        ({}, zipfile.ZIP_BZIP2, "packed in a way that n8n does not use"),
        ({}, zipfile.ZIP_LZMA, "packed in a way that n8n does not use"),
    ],
)
def test_a_zip_beyond_a_limit_is_refused(
    tmp_path: Path, limit: Callable[..., None], monkeypatch: pytest.MonkeyPatch, changed: Any, method: int, said: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    limit(**changed)
    members = {"workflowentity.jsonl": bytes(3_000_000), "a.jsonl": b"", "b.jsonl": b""}
    with pytest.raises(SourceError, match=said):
        readers.read(zipped(tmp_path / "entities.zip", members, method))


def test_a_folder_of_entities_beyond_a_limit_is_refused(
    tmp_path: Path, limit: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    folder = write_entities(tmp_path / "entities", ROWS)
    assert ids(readers.read(str(folder))) == ["1", "2"]
    limit(ZIP_MEMBERS=3)
    with pytest.raises(SourceError, match="holds more than 3 tables"):
        readers.read(str(folder))


# --- one source


def test_executions_beyond_the_limit_are_counted(tmp_path: Path, limit: Callable[..., None]) -> None:
    limit(ROWS=2)
    log = readers.read(put(tmp_path / "page.json", page(*(failed(number) for number in range(1, 6)), failed(1))))
    assert ids(log) == ["1", "2"]
    assert [(part.rows, part.reason) for part in log.skipped] == [
        (3, "more than 2 executions: read a shorter time at once")
    ]


def test_snapshots_beyond_the_limit_cost_no_execution(tmp_path: Path, limit: Callable[..., None]) -> None:
    rows = [execution(number, nodes=[node(f"N{number}"), node("M")]) for number in range(1, 5)]
    path = put(tmp_path / "page.json", page(*rows))
    size = len(json.dumps(rows[0]["workflowData"]["nodes"], separators=(",", ":")))
    for changed in ({"SNAPSHOTS": 3}, {"SNAPSHOT_BYTES": 3 * size}):
        limit(SNAPSHOTS=50, SNAPSHOT_BYTES=1000 * size)
        limit(**changed)
        log = readers.read(path)
        assert (ids(log), len(log.snapshots), [part.rows for part in log.skipped]) == (["1", "2", "3", "4"], 3, [1])
        assert log.executions["snapshot"].isna().sum() == 1
    limit(SNAPSHOTS=50, SNAPSHOT_BYTES=1000 * size, NODES=1)
    log = readers.read(path)
    assert "a workflow of more than 1 nodes" in reasons(log)
    assert all(snapshot.nodes == {} for snapshot in log.snapshots.values())
    limit(NODES=5, FLOWS=1)  # how many are remembered changes nothing but the time
    assert readers.read(path).skipped == ()


def test_a_damaged_snapshot_is_named(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", ROWS)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE execution_data SET workflowData = '{' WHERE executionId = 2")
    db.close()
    log = readers.read(str(path))
    assert (ids(log), reasons(log)) == (["1", "2"], "execution 2: the workflow as it was then is damaged and not kept")


@pytest.mark.parametrize("good_at", [0, -1])
def test_a_file_of_damage_is_given_up_and_the_places_are_counted(
    tmp_path: Path, limit: Callable[..., None], good_at: int
) -> None:
    limit(BAD_PARTS=20, PLACES_NAMED=5)
    lines = [b"{" for _ in range(50)]
    lines[good_at] = jsonl([failed(1)]).strip()
    path = put(tmp_path / "lines.jsonl", b"\n".join(lines))
    if good_at:
        with pytest.raises(SourceError, match="no execution could be read"):
            readers.read(path)
        return
    log = readers.read(path)
    assert ids(log) == ["1"]
    assert len(log.skipped) == 6
    assert (log.skipped[-1].where, sum(part.rows for part in log.skipped)) == ("further places", 21)


def test_a_page_of_damage_is_given_up(tmp_path: Path, limit: Callable[..., None]) -> None:
    limit(BAD_PARTS=3)
    bad = [json.dumps(failed(number)).replace('"finished"', "finished") for number in range(2, 9)]
    rows = ",".join([json.dumps(failed(1)), *bad, json.dumps(failed(9))])
    log = readers.read(put(tmp_path / "page.json", f'{{"data":[{rows}]}}'))
    assert ids(log) == ["1"]
    assert "more than 20,000 damaged parts: the rest of the file was not read" in reasons(log)


def test_searching_a_damaged_file_again_and_again_has_an_end(tmp_path: Path) -> None:
    """Rows inside rows, none of which ends: each would be looked at up to the end of the file."""
    nested = '{"data":[' + json.dumps(failed(1)) + "," + '{"id":"2","x":[' * 150 + "0," * 20_000
    log = readers.read(put(tmp_path / "page.json", nested))
    assert ids(log) == ["1"]
    assert len(log.skipped) == 2


# --- one execution


@pytest.mark.parametrize("form", ["api", "sqlite"])
@pytest.mark.parametrize(
    "most", [3_000, 1_500]
)  # more than the column of a database may hold, or only too much to look into
def test_data_too_large_to_look_into(tmp_path: Path, limit: Callable[..., None], form: str, most: int) -> None:
    big = failed(2)
    big["data"]["resultData"]["runData"]["Call"][0]["data"] = {"main": [[{"json": {"text": "x" * 10_000}}]]}
    rows = [failed(1), big, failed(3)]
    path = tmp_path / "export"
    path.write_bytes(page(*rows)) if form == "api" else write_sqlite(path, rows)
    limit(DATA=2 * most)
    log = readers.read(str(path))
    assert log.executions.set_index("execution_id")["data"].to_dict() == {"1": "full", "2": "too_large", "3": "full"}
    assert log.failures.set_index("execution_id")["place"].to_dict()["2"] == "status"
    assert [part.rows for part in log.skipped] == [1]
    assert "its data is larger than" in reasons(log)
    check_frames(log)


def loop(runs: int) -> dict[str, Any]:
    """An execution whose node Call failed so many times and went on."""
    every = [ran(error=api_error(message=f"refused {number}")) for number in range(runs)]
    return execution(2, runs={"Call": every}, nodes=[node("Call", onError="continueRegularOutput")])


def test_more_errors_than_are_kept(tmp_path: Path, limit: Callable[..., None]) -> None:
    limit(FAILURES=5)
    log = readers.read(put(tmp_path / "page.json", page(failed(1), loop(9))))
    assert (log.failures["execution_id"] == "2").sum() == 5
    assert log.executions.set_index("execution_id")["data"].to_dict() == {"1": "full", "2": "too_large"}
    assert reasons(log) == "execution 2: more than 5 errors in one execution: the rest was not looked at"


def test_more_runs_than_are_looked_at(tmp_path: Path, limit: Callable[..., None]) -> None:
    limit(RUNS=5)
    nodes = {f"N{number}": "3" for number in range(50)}
    parts = [{"resultData": "1"}, {"runData": "2"}, nodes, ["4"] * 50, {"error": "5"}, {"message": "6"}, "boom"]
    log = stored_log(tmp_path / "database.sqlite", parts)
    assert 50 < (log.failures["execution_id"] == "2").sum() < 1_000
    assert "node runs in one execution: the rest was not looked at" in reasons(log)
    assert readers.read(put(tmp_path / "page.json", page(loop(60)))).skipped == ()  # so many are really there


def stored_log(path: Path, parts: list[Any], status: str = "error") -> ExecutionLog:
    write_sqlite(path, [failed(1), execution(2, status, nodes=[node("Call", onError="continueRegularOutput")])])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE execution_data SET data = ? WHERE executionId = 2", (json.dumps(parts),))
    db.close()
    return readers.read(str(path))


def ladder(first: int, rungs: int = 60) -> list[Any]:
    """Parts of which each holds the next one twice: a few kilobytes that are larger than the universe when written out."""
    return [[str(first + rung + 1)] * 2 for rung in range(rungs)] + ["end"]


LADDERS: dict[str, list[Any]] = {
    "cause": [{"resultData": "1"}, {"error": "2", "runData": "3"}, {"message": "4", "cause": "5"}, {}, "boom", *ladder(5)],
    "message": [{"resultData": "1"}, {"error": "2", "runData": "3"}, {"message": "4"}, {}, *ladder(4)],
    "error of a run": [
        {"resultData": "1"}, {"runData": "2"}, {"Call": "3"}, ["4"], {"error": "5"}, {"message": "6"}, *ladder(6),
    ],
    "items": [
        {"resultData": "1"}, {"runData": "2"}, {"Call": "3"}, ["4"] * 3000, {"data": "5"}, {"main": "6"}, ["7"] * 3000, ["8"] * 3000,
        {"json": "9"}, {"error": "10"}, "refused",
    ],
    "hints": [
        {"resultData": "1"}, {"runData": "2"}, {"Call": "3"}, ["4"] * 3000, {"hints": "5"}, ["6"] * 3000, {"group": "7"}, {"key": "8"},
        "fieldNotFound", "error",
    ],
    "text": [{"resultData": "1"}, {"error": "2", "runData": "3"}, {"message": "4"}, {}, ["5"] * 100_000, "x" * 10_000],
}  # fmt: skip


@pytest.mark.parametrize("parts", LADDERS.values(), ids=LADDERS)
def test_stored_data_that_repeats_itself_is_not_written_out(tmp_path: Path, parts: list[Any]) -> None:
    log = stored_log(tmp_path / "database.sqlite", parts)
    assert log.executions["data"].tolist() == ["full", "too_large"]
    assert len(log.skipped) == 1
    check_frames(log)


QUIET: dict[str, list[Any]] = {
    "last node": [{"resultData": "1"}, {"lastNodeExecuted": "2"}, *ladder(2)],
    "parent": [
        {"parentExecution": "1", "resultData": "2"}, {"executionId": "3", **{f"k{n}": "3" for n in range(5000)}}, {}, *ladder(3),
    ],
    "redaction": [{"resultData": "1", "redactionInfo": "2"}, {}, *ladder(2)],
}  # fmt: skip


@pytest.mark.parametrize("status", ["success", "error"])
@pytest.mark.parametrize("parts", QUIET.values(), ids=QUIET)
def test_what_is_no_error_may_repeat_itself(tmp_path: Path, parts: list[Any], status: str) -> None:
    log = stored_log(tmp_path / "database.sqlite", parts, status)
    assert ids(log) == ["1", "2"]
    check_frames(log)


def test_an_error_that_is_nested_too_deep_is_damage(tmp_path: Path) -> None:
    deep = [{"message": 7, "cause": str(4 + number)} for number in range(limits.DEPTH + 10)]
    log = stored_log(tmp_path / "d.sqlite", [{"resultData": "1"}, {"error": "3", "runData": "2"}, {}, *deep, {}])
    assert log.executions["data"].tolist() == ["full", "damaged"]
    assert f"nested deeper than {limits.DEPTH} levels" in reasons(log)


def test_the_tables_of_a_database_must_be_tables(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "database.sqlite", ROWS)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE execution_data")
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x, x FROM n"
        db.execute(f"CREATE VIEW execution_data (executionId, workflowData, data) AS {endless}")
    db.close()
    with pytest.raises(SourceError, match="no such table: execution_data"):
        readers.read(str(path))


# --- texts


def test_long_texts_and_names_are_cut(tmp_path: Path) -> None:
    name = "n" * 3_000
    said = api_error(message="m" * 300_000, node=node(name))
    row = execution(1, "error", runs={name: ran(error=said)}, nodes=[node(name)], error=said)
    failure = readers.read(put(tmp_path / "page.json", page(row))).failures.iloc[0]
    assert len(failure["node"]) == limits.NAME
    assert failure["message"] == "m" * 6_000


@pytest.mark.parametrize("most", range(40, 100))
def test_a_secret_at_the_cut_does_not_come_out_in_part(tmp_path: Path, limit: Callable[..., None], most: int) -> None:
    limit(TEXT=8 * most)
    secret = "sk-proj-4fA8kQ2mZ7xB1nC9vL3wT6yU0pRs"
    text = "w " * (4 * most - 10) + secret + " and more" * 100
    said = api_error(message=text)
    row = execution(1, "error", runs={"Call": ran(error=said)}, nodes=[node("Call")], error=said)
    kept = readers.read(put(tmp_path / "page.json", page(row))).failures["message"][0]
    assert "sk-proj" not in kept and secret[:12] not in kept
    assert kept.startswith("w w w")


@pytest.mark.parametrize("at", [-(10**15), 10**15, "0001-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z", -1, 10**13])
def test_times_that_no_execution_has_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: Any) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    from tests.exports import encrypt

    folder = write_entities(tmp_path / "entities", ROWS)
    rows = [{"id": 1, "mode": "webhook", "status": "error", "startedAt": at, "stoppedAt": at, "workflowId": "wf1"}]
    put(folder / "executionentity.jsonl", encrypt("\n".join(map(json.dumps, rows)).encode(), KEY))
    log = readers.read(str(folder))
    assert log.executions["started_at"].isna().all()
    check_frames(log)
