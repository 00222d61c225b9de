"""Reading spread over processes: the same log as one process reads, whoever is quicker, and whoever dies."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from incident_nb import cli, readers, redact
from incident_nb.causes.label import label
from incident_nb.diagnose import analyse
from incident_nb.diagnose.ahead import judge
from incident_nb.errors import SourceError, UnreachableError, UsageError
from incident_nb.executions import FAILURE_COLUMNS, ExecutionLog
from incident_nb.patterns import problems
from incident_nb.readers import Spread, limits, parts, spread
from incident_nb.readers.batch import read_batch
from incident_nb.readers.piece import Piece, Task
from incident_nb.settings import Settings
from tests.exports import Json, api_error, execution, failed, node, page, ran, write_sqlite
from tests.n8n_tables import made
from tests.postgres import Cluster

SETTINGS = Settings.model_validate({"clients": {"ACME": {"tags": ["the-acme"]}, "BOLT": {"workflows": ["Bolt*"]}}})
KEY = redact.Redactor(b"a key of tests")


def client_of(flow: Any) -> str | None:
    return SETTINGS.client_of(flow.name, flow.tags, flow.project)


def same(one: ExecutionLog, two: ExecutionLog) -> None:
    assert_frame_equal(one.executions, two.executions)
    assert_frame_equal(one.failures, two.failures)
    assert one.snapshots == two.snapshots
    assert list(one.snapshots) == list(two.snapshots)
    assert one.skipped == two.skipped


def in_pieces(
    files: Sequence[Path], *, order: Callable[[list[int]], None] = lambda _: None, judged: bool = False
) -> ExecutionLog:
    """The files read in parts by this process, the pieces coming in another order, and all through a pickle."""
    logs = []

    def engine(batches: Sequence[parts.Batch], task: Task) -> Iterator[tuple[int, Piece]]:
        places = list(range(len(batches)))
        order(places)
        for place in places:
            yield place, pickle.loads(pickle.dumps(read_batch(*pickle.loads(pickle.dumps((batches[place], task))))))

    ahead = partial(judge, own_hosts=SETTINGS.own_hosts) if judged else None
    logs.append(spread.read_spread(files, engine, ahead, "default", client_of, lambda *_: None))
    assert logs[0] is not None, "one process had to read it"
    return logs[0]


def alone(files: Sequence[Path]) -> ExecutionLog:
    return readers.read(list(map(str, files)), client_of=client_of)


@pytest.fixture(autouse=True)
def _masks() -> Iterator[None]:
    with redact.using(KEY):
        yield


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that a few rows are several."""
    monkeypatch.setattr(parts, "ROWS_A_PART", 7)
    monkeypatch.setattr(parts, "BYTES_A_PART", 40_000)
    monkeypatch.setattr(parts, "FILES_A_PART", 2)
    monkeypatch.setattr(parts, "FEW_ROWS", 7)


def rows(first: int, count: int, flow: str = "wf1", name: str | None = "[ACME] Orders") -> list[Json]:
    """Runs of a workflow, every third failing with words of its own that hold a secret."""
    found = []
    for number in range(first, first + count):
        at = f"2026-03-01T{number // 60 % 24:02d}:{number % 60:02d}"
        more = {"startedAt": f"{at}:00.000Z", "stoppedAt": f"{at}:05.500Z", "workflowId": flow}
        said = f"order {number}: Invalid API key provided: sk_live_{number:024x}"
        call = node("Call", parameters={"url": f"https://api{number % 2}.example.com/v1"})
        error = api_error(node=call, description=said)
        if number % 2:
            down = {"message": "Service unavailable - try again later", "httpCode": "503"}
            error = api_error(node=call, description=f"request {number:024x}", **down)
        nodes = [node("Start"), call]
        one = (
            execution(
                number, "error", runs={"Start": ran({}), "Call": ran(error=error)}, nodes=nodes, error=error, **more
            )
            if number % 3 == 0
            else execution(number, runs={"Start": ran({}), "Call": ran({}, {})}, nodes=nodes, **more)
        )
        one["workflowData"] = {**one["workflowData"], "id": flow, "name": name}
        found.append(one)
    return found


def put(path: Path, *found: Any) -> Path:
    path.write_bytes(page(*found))
    return path


@pytest.fixture
def mix(tmp_path: Path) -> list[Path]:
    """A database, pages that repeat parts of it in other forms, workflow lists, and every kind of damage."""
    folder = tmp_path / "mix"
    folder.mkdir()
    known = rows(1, 40)
    write_sqlite(folder / "b.sqlite", known + rows(100, 30, "wf2", None), tag="the-acme")
    running = {**known[3], "status": "running", "stoppedAt": None, "data": None}
    put(
        folder / "a1.json",
        running,
        {**known[5], "data": None},
        {**rows(801, 1)[0], "data": None},
        *rows(200, 5, "wf3", "Bolt “x” key=sk_live_abcdefgh12345678"),
    )
    put(
        folder / "a2.json",
        {"id": "wf2", "name": "Named elsewhere", "nodes": [node("A")], "tags": [{"name": "client:zed"}]},
    )
    put(
        folder / "c1.json",
        known[3],
        {**known[6], "startedAt": "2026-03-02T00:00:00.000Z"},
        {**known[7], "workflowId": "wf9"},
    )
    put(folder / "c2.json", *rows(203, 5, "wf3", "Bolt other"), *known[8:12])
    put(folder / "c3.json", *rows(203, 5, "wf3", "Bolt other"), *known[8:12])
    (folder / "d1.json").write_bytes(page(*rows(300, 3))[:-200])
    (folder / "d2.json").write_bytes(b'{"data": [{"id": "1", "mo')
    (folder / "d3.json").write_bytes(b"")
    (folder / "d4.jsonl").write_bytes(b"\n".join(json.dumps(row).encode() for row in rows(400, 4)) + b"\n{broken\n")
    damaged = [{**row, "data": '[{"resultData":"9"}]'} for row in rows(500, 4)]
    put(folder / "e1.json", *damaged)
    put(folder / "e2.json", *damaged, *rows(500, 2))
    put(folder / "e3.json", {**failed(600), "workflowData": {"id": "wf1", "name": 5}}, *rows(601, 1))
    put(folder / "e4.json", {**failed(602), "workflowData": {"id": "wf1", "name": 5}}, *rows(603, 1))
    (folder / "f1.json.gz").write_bytes(gzip.compress(page(*rows(700, 6))))
    (folder / "f2.json.gz").write_bytes(gzip.compress(page(*rows(700, 6)))[:-30])
    alert = {
        "execution": {"id": "7", "error": {"message": "x", "timestamp": 1}},
        "workflow": {"id": "wf1", "name": "N"},
    }
    (folder / "g.json").write_text(json.dumps(alert))
    return sorted(folder.iterdir())


def test_a_mix_of_everything_is_the_same_in_pieces(mix: list[Path]) -> None:
    whole = alone(mix)
    assert len(parts.batches_of(mix)) > 15
    assert {"damaged", "missing", "full"} <= set(whole.executions["data"])
    assert any("another execution" in one.reason for one in whole.skipped)
    same(whole, in_pieces(mix))


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_and_of_completion(mix: list[Path], seed: int) -> None:
    files = mix.copy()
    random.Random(seed).shuffle(files)
    same(alone(files), in_pieces(files, order=random.Random(seed + 1).shuffle))


@pytest.mark.parametrize("count", [2, 4])
def test_worker_processes_give_the_same(mix: list[Path], count: int) -> None:
    told: list[tuple[int, int, str]] = []
    found = readers.read(
        list(map(str, mix)), client_of=client_of, spread=Spread(count), on_progress=lambda *one: told.append(one)
    )
    same(alone(mix), found)
    done = [one[0] for one in told[:-1]]
    assert done == sorted(done) and done[-1] == told[-2][1] > 0


def test_what_is_judged_by_the_workers_is_what_an_analysis_finds(mix: list[Path]) -> None:
    whole, parted = alone(mix), in_pieces(mix, judged=True)
    assert {"judged_by", "cause", "masked_message"} <= set(parted.failures.columns)
    own = Settings.model_validate({"own_hosts": ["api1.example.com"]})
    for settings in (SETTINGS, own):
        one, two = analyse(whole, settings), analyse(parted, settings)
        assert_frame_equal(one.failures, two.failures)
        assert_frame_equal(one.groups, two.groups)
    assert set(analyse(whole, own).failures["cause"]) != set(analyse(whole, SETTINGS).failures["cause"])


def test_what_is_judged_is_not_judged_again(mix: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    parted = in_pieces(mix, judged=True)
    judged: list[int] = []
    monkeypatch.setattr(
        "incident_nb.causes.label.classify_many", lambda records, _: judged.extend([1 for _ in records])
    )
    monkeypatch.setattr("incident_nb.patterns.fingerprint.mask", lambda _: judged.append(2))
    problems(label(parted.failures, SETTINGS.own_hosts))
    assert judged == []


def test_a_small_source_starts_no_process(mix: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "processors", lambda: 2)
    assert spread.engine_of(Spread(), mix) is None
    assert spread.engine_of(Spread(2), mix) is not None
    monkeypatch.setattr(spread, "WORTH_IT", 1)
    assert spread.engine_of(Spread(), mix) is not None
    assert spread.engine_of(Spread(1), mix) is None


@pytest.mark.parametrize("count", [0, -1, 65])
def test_a_wrong_number_of_workers_is_refused(mix: list[Path], count: int) -> None:
    with pytest.raises(UsageError, match=r"from 1 to 64"):
        readers.read(str(mix[0]), spread=Spread(count))


def test_a_scheduler_without_dask_is_refused(mix: list[Path]) -> None:
    with pytest.raises(UsageError, match=r"--engine dask"):
        readers.read(str(mix[0]), spread=Spread(2, scheduler="tcp://127.0.0.1:1"))


def test_a_single_file_that_can_not_be_read_is_an_error_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"")
    with pytest.raises(SourceError, match="is empty") as ended:
        readers.read(str(path), spread=Spread(2))
    with pytest.raises(SourceError) as expected:
        readers.read(str(path))
    assert str(ended.value) == str(expected.value)
    (tmp_path / "y.json").write_bytes(b"[1]")
    with pytest.raises(SourceError, match="None of 2 files could be read"):
        readers.read(str(tmp_path), spread=Spread(2))


@pytest.mark.parametrize("place", [0.3, 0.6, 0.95])
def test_a_damaged_database_is_the_same(tmp_path: Path, place: float) -> None:
    path = write_sqlite(tmp_path / "a.sqlite", rows(1, 120))
    content = bytearray(path.read_bytes())
    start = int(len(content) * place) // 4096 * 4096
    content[start : start + 8192] = b"\xff" * 8192
    path.write_bytes(content)
    other = put(tmp_path / "b.json", *rows(1, 4))
    whole = alone([other, path])
    assert len(parts.batches_of([path])) > 5
    assert any("damaged" in one.reason or "malformed" in one.reason for one in whole.skipped)
    same(whole, in_pieces([other, path], order=lambda places: places.reverse()))


def test_ids_that_are_no_numbers_are_read_at_one_go(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "a.sqlite", rows(1, 60))
    db = sqlite3.connect(path)
    db.executescript(
        "CREATE TABLE o AS SELECT * FROM execution_entity; DROP TABLE execution_entity; ALTER TABLE o RENAME TO execution_entity"
    )
    db.close()
    assert [part.kind for batch in parts.batches_of([path]) for part in batch] == ["file"]
    same(alone([path]), in_pieces([path]))


def test_the_ranges_of_a_database_are_about_equal_and_whole(tmp_path: Path) -> None:
    path = write_sqlite(tmp_path / "a.sqlite", [*rows(5, 30), *rows(900, 31)])
    ids = [part.ids for batch in parts.batches_of([path]) for part in batch]
    assert ids[0][0] is None and ids[-1][1] is None
    assert all(one[1] + 1 == two[0] for one, two in pairwise(ids))
    counts = [
        sum((low or 0) <= number <= (high or 10**9) for number in [*range(5, 35), *range(900, 931)])
        for low, high in ids
    ]
    assert sum(counts) == 61 and len(set(counts[:-1])) == 1 and 0 < counts[-1] <= counts[0] <= 7


@pytest.mark.parametrize(
    ("limit", "most"), [("ROWS", 60), ("PLACES_NAMED", 3), ("SNAPSHOTS", 2), ("SNAPSHOT_BYTES", 700), ("NODES", 1)]
)
def test_limits_on_the_whole_hold_for_all_parts_together(
    mix: list[Path], monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    before = alone(mix)
    monkeypatch.setattr(limits, limit, most)
    whole = alone(mix)
    assert whole.skipped != before.skipped
    same(whole, _by_real_rules(mix, monkeypatch))


def _by_real_rules(files: Sequence[Path], monkeypatch: pytest.MonkeyPatch) -> ExecutionLog:
    """The files as `read` reads them in parts, where only one process can tell what to keep also by that."""

    def engine(batches: Sequence[parts.Batch], task: Task) -> Iterator[tuple[int, Piece]]:
        yield from ((place, read_batch(batch, task)) for place, batch in enumerate(batches))

    monkeypatch.setattr(readers, "engine_of", lambda *_: engine)
    return readers.read(list(map(str, files)), client_of=client_of, spread=Spread())


@pytest.mark.parametrize("seed", range(25))
def test_readings_of_one_execution_are_decided_between_as_by_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    files = []
    for name in "abcdefg":
        found = []
        for number in chance.choices(range(8), k=chance.randrange(1, 9)):
            row = chance.choice([failed, execution])(number, workflowId=chance.choice(["wf1", "wf1", "wf2", None]))
            row["startedAt"] = chance.choice([row["startedAt"]] * 4 + [None, "2026-03-01T10:00:01.000Z"])
            row["status"] = chance.choice([row["status"]] * 4 + ["running", "waiting"])
            row["data"] = chance.choice([row["data"]] * 4 + [None, {"resultData": {"runData": {"A": [1, "error"]}}}])
            row["workflowData"] = chance.choice(
                [{**row["workflowData"], "name": chance.choice(["One", "Two", None])}] * 3
                + [None, {"id": 1, "name": 5}]
            )
            found.append(row)
        files.append(put(tmp_path / f"{name}.json", *found))
    same(alone(files), _by_real_rules(files, monkeypatch))


def test_most_double_readings_are_decided_without_a_second_reading(
    mix: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FILES_A_PART", 1_000)
    monkeypatch.setattr(parts, "BYTES_A_PART", 10**9)
    same(alone([*mix, *mix]), in_pieces([*mix, *mix]))


def test_a_worker_that_dies_is_told_and_its_part_is_read_again(
    mix: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tests.judges import die_once

    judge_ = partial(die_once, text="order 402:", mark=tmp_path / "died")
    found = readers.read(list(map(str, mix)), client_of=client_of, spread=Spread(2, judge=judge_))
    assert (tmp_path / "died").exists()
    same(alone(mix), found)
    (told,) = [record.getMessage() for record in caplog.records]
    assert "d4.jsonl" in told and "(2 files)" in told and "SIGKILL" in told and "memory" in told


def test_a_part_that_kills_twice_ends_the_reading_by_name(mix: list[Path]) -> None:
    from tests.judges import die

    with pytest.raises(
        UnreachableError, match=r"b\.sqlite, executions \d+ to \d+ failed twice: .*SIGKILL.*--workers 1"
    ):
        readers.read(list(map(str, mix)), spread=Spread(2, judge=partial(die, text="order 18:")))
    assert _workers() == []


def _workers() -> list[int]:
    """The worker processes of this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"worker_child" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue
    return found


def test_the_key_is_on_no_command_line_and_in_no_environment(mix: list[Path], tmp_path: Path) -> None:
    from tests.judges import look_around

    seen = tmp_path / "seen"
    seen.mkdir()
    with redact.using(redact.Redactor(b"a-key-to-be-found", ["a-known-secret-9"])):
        readers.read(list(map(str, mix)), spread=Spread(2, judge=partial(look_around, folder=seen)))
    written = [path.read_bytes() for path in seen.iterdir()]
    assert len(written) == 2
    assert not any(word in text for word in (b"a-key-to-be-found", b"a-known-secret-9") for text in written)


HANGING = """
import sys
from functools import partial
from itertools import pairwise
from pathlib import Path
from incident_nb import cli, readers, redact
from incident_nb.readers import parts
from tests.judges import hang
parts.FILES_A_PART = 1
redact.use_key(b"k")
readers.read(sys.argv[2:], spread=readers.Spread(2, judge=partial(hang, pipe=Path(sys.argv[1]))))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_killed_parent_end_all_processes(tmp_path: Path, how: signal.Signals) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    files = [put(tmp_path / f"{name}.json", *rows(first, 3)) for name, first in (("a", 1), ("b", 11))]
    root = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, str(pipe), *map(str, files)], cwd=root, start_new_session=True,
        stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip
    with pipe.open("rb", buffering=0) as said:
        heard = b""
        while len(heard) < 2:
            heard += said.read(1)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)
        else:
            process.kill()
        assert said.read(1) == b""  # nobody is left that could write
    assert process.wait() != 0


def test_the_command_says_the_same_with_workers(mix: list[Path], tmp_path: Path) -> None:
    said = []
    for options in ([], ["--workers", "2"]):
        target = tmp_path / f"found{len(said)}.json"
        line = ["patterns", str(mix[0].parent), *options, "--until", "2026-04-01", "--json", str(target)]
        with pytest.raises(SystemExit) as ended:
            cli.main(line)
        assert ended.value.code in (0, None)
        said.append(json.loads(target.read_text()))
    assert said[0] == said[1]
    assert len(said[0]["groups"]) > 5


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """Two servers whose ids are the same, each with a database and a page of executions that are in both."""
    found = []
    for server, flow in (("one", "wf1"), ("two", "wf9")):
        database = write_sqlite(tmp_path / f"{server}.sqlite", rows(1, 40, flow, f"[ACME] {server}"))
        found += [f"{server}={database}", f"{server}={put(tmp_path / f'{server}.json', *rows(30, 20, flow))}"]
    return found


def several(sources: list[str], processes: int | None, **bounds: Any) -> ExecutionLog:
    log = readers.read(sources, client_of=client_of, spread=Spread(processes) if processes else None, **bounds)
    return ExecutionLog(
        log.executions, log.failures[list(FAILURE_COLUMNS)], dict(sorted(log.snapshots.items())), log.skipped
    )


def test_several_servers_are_the_same_and_never_mixed(two: list[str]) -> None:
    whole = several(two, None)
    assert len(whole.executions) == 2 * 49 and set(whole.executions["instance"]) == {"one", "two"}
    same(whole, several(two, 2))


def test_a_source_that_can_not_be_read_keeps_no_other_server_back(two: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"")
    sources = [*two, f"three={tmp_path / 'x.json'}"]
    whole = several(sources, None)
    assert len(whole.executions) == 2 * 49 and ["is empty" in one.reason for one in whole.skipped] == [True]
    same(whole, several(sources, 2))


def test_only_the_time_that_is_asked_for_is_read_in_parts_too(two: list[str]) -> None:
    span = {"since": datetime(2026, 3, 1, 0, 10, tzinfo=UTC), "until": datetime(2026, 3, 1, 0, 20, tzinfo=UTC)}
    whole = several(two[:1], None, **span)
    assert len(whole.executions) == 11
    same(whole, several(two[:1], 2, **span))


def test_a_postgresql_database_is_one_part_of_many(two: list[str], tmp_path: Path, cluster: Cluster) -> None:
    url = made(cluster, rows=rows(100, 20, "wf7"))
    sources = [*two, f"three={url}"]
    whole = several(sources, None)
    assert len(whole.executions) == 2 * 49 + 20
    same(whole, several(sources, 2))
