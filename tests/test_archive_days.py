"""The archive on the disk: a folder a day, files that are written once, old forms, crashes, and what a window opens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from incident_nb import archive as archives
from incident_nb import logfile
from incident_nb.archive import Archive, days, reader
from incident_nb.errors import UsageError
from incident_nb.logfile import merged, write_log
from tests.exports import Json
from tests.faulty import Server
from tests.same import same_logs
from tests.served import Kept, failed, good, serving_n8n
from tests.test_archive import held, named, on_disk, update


def on(row: Json, day: int, **more: Any) -> Json:
    """An execution of a day in March, of a workflow's version of that day."""
    flow = {**row["workflowData"], "nodes": [{"name": "Call", "parameters": {"day": day}}]}
    at = {name: f"2026-03-{day:02}T10:00:{int(row['id']):02}.000Z" for name in ("startedAt", "stoppedAt")}
    return {**row, **at, "workflowData": flow, **more}


@pytest.fixture
def kept() -> Kept:
    """A server's 20 executions, two a day, of which the second failed."""
    held = Kept()
    held.add(*(on((good, failed)[number % 2 == 0](number), (number + 1) // 2) for number in range(1, 21)))
    return held


@pytest.fixture
def server(kept: Kept) -> Iterator[Server]:
    with serving_n8n(kept) as serving:
        yield serving


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here takes the current away."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def files(folder: Path) -> dict[str, int]:
    """Each file with its inode: a file that is written again is another one."""
    place = folder / "default"
    found = (path for path in place.rglob("*.parquet"))
    return {str(path.relative_to(place)): path.stat().st_ino for path in found}


def test_each_day_has_its_folder(server: Server, tmp_path: Path) -> None:
    update(server, tmp_path)
    place = tmp_path / "default"
    assert sorted(path.name for path in place.glob("day=*")) == [f"day=2026-03-{day:02}" for day in range(1, 11)]
    assert len(list(place.glob("day=*/*"))) == 10 and all(
        path.stat().st_mode & 0o077 == 0 for path in place.rglob("*/")
    )
    for path in place.glob("day=*/*/executions.parquet"):
        rows = pd.read_parquet(path)
        assert set(rows["at"].dt.strftime("day=%Y-%m-%d")) == {path.parent.parent.name} and len(rows) == 2
        assert rows["snapshot"].cat.categories.size == 1  # no texts of other days
        assert len(pd.read_parquet(path.with_name("failures.parquet"))) == 1


def test_a_day_is_written_again_only_when_something_of_it_changed(server: Server, kept: Kept, tmp_path: Path) -> None:
    """Each update reads a hundred executions again, and all of these are known."""
    assert reader.OVERLAP == 100
    update(server, tmp_path)
    before = files(tmp_path)
    update(server, tmp_path)
    assert files(tmp_path) == before
    kept.add(on(failed(21), 11))
    update(server, tmp_path)
    after = files(tmp_path)
    assert before.items() < after.items()
    assert {name.partition("/")[0] for name in after.keys() - before.keys()} == {"day=2026-03-11", "snapshots"}


def test_a_run_that_ended_changes_its_own_day(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.add(on(good(21, "running"), 4, stoppedAt=None))
    update(server, tmp_path)
    before = files(tmp_path)
    kept.add(on(failed(21), 4))
    update(server, tmp_path)
    after = files(tmp_path)
    assert {name.partition("/")[0] for name in before.keys() ^ after.keys()} == {"day=2026-03-04"}
    log = Archive(tmp_path, "default").log()
    assert log.executions.set_index("execution_id")["status"]["21"] == "error" and len(log.failures) == 11
    assert on_disk(tmp_path) == named(tmp_path)


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The days that are opened from now on."""
    found: list[str] = []
    real = days.read_tables
    monkeypatch.setattr(days, "read_tables", lambda path: found.append(path.parent.name) or real(path))
    return found


@pytest.mark.parametrize(
    ("since", "until", "first", "last"), [(8, None, 8, 10), (None, 3, 1, 3), (4, 6, 4, 6), (12, None, 12, 11)]
)
def test_a_window_opens_only_its_days(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: int | None, until: int | None, first: int, last: int
) -> None:  # fmt: skip
    update(server, tmp_path)
    asked = opened(monkeypatch)
    archive = Archive(tmp_path, "default")
    bounds = [datetime(2026, 3, day, 10, hour, tzinfo=UTC) if day else None for hour, day in enumerate((since, until))]
    log = archive.log(*bounds)
    wanted = [f"2026-03-{day:02}" for day in range(first, last + 1)]
    assert sorted(asked) == [f"day={day}" for day in wanted]
    assert sorted(set(log.executions["at"].dt.strftime("%Y-%m-%d"))) == wanted
    assert len(log.failures) == len(wanted) == len(log.snapshots) and set(log.executions["snapshot"]) == set(
        log.snapshots
    )
    whole = archive.log()
    assert len(whole.executions) == 20 and len(whole.snapshots) == 10


def test_a_window_begins_within_a_day(server: Server, tmp_path: Path) -> None:
    update(server, tmp_path)
    log = Archive(tmp_path, "default").log(datetime(2026, 3, 10, 10, 1, tzinfo=UTC))
    assert len(log.executions) == len(log.failures) == len(log.snapshots) == 0
    assert (
        log.executions.dtypes.astype("str").to_dict()
        == Archive(tmp_path, "default").log().executions.dtypes.astype("str").to_dict()
    )


def test_a_run_that_has_not_begun_moves_to_its_day(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.add(on(good(21, "new"), 2, startedAt=None, stoppedAt=None))
    update(server, tmp_path)
    since = datetime(2026, 3, 9, tzinfo=UTC)
    assert "21" in set(Archive(tmp_path, "default").log(since).executions["execution_id"])  # who knows when it will
    assert (tmp_path / "default" / "day=none").is_dir()
    kept.add(on(failed(21), 2))
    update(server, tmp_path)
    assert "21" not in set(Archive(tmp_path, "default").log(since).executions["execution_id"])
    assert held(tmp_path) == list(range(1, 22)) and not (tmp_path / "default" / "day=none").exists()


def test_an_n8n_without_executions(server: Server, kept: Kept, tmp_path: Path) -> None:
    kept.executions = {}
    update(server, tmp_path)
    assert held(tmp_path) == [] and not Archive(tmp_path, "default").is_empty()
    kept.add(on(good(1), 1))
    update(server, tmp_path)
    assert held(tmp_path) == [1]


def test_versions_of_workflows_are_kept_once(
    server: Server, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_PARTS", 3)
    for number in range(21, 27):
        kept.add(on(good(number), 9 + number % 3))  # two of three versions are known
        update(server, tmp_path)
    packs = list((tmp_path / "default" / "snapshots").iterdir())
    ids = [key for path in packs for key in pd.read_parquet(path)["id"]]
    log = Archive(tmp_path, "default").log()
    assert len(ids) == len(set(ids)) == len(log.snapshots) == 11 and len(packs) <= 3
    assert {one.nodes["Call"]["parameters"]["day"] for one in log.snapshots.values()} == set(range(1, 12))


def test_texts_stay_categories(server: Server, kept: Kept, tmp_path: Path) -> None:
    """However many days are joined, nothing becomes a column of single texts on the way."""
    update(server, tmp_path)
    made: list[str] = []
    real = pd.concat
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            logfile.pd, "concat", lambda tables, **more: made.append(tables[0].name) or real(tables, **more)
        )
        log = Archive(tmp_path, "default").log()
    assert made and not {"workflow", "nodes_run", "node_items", "source", "instance"} & set(made)
    for name in ("workflow", "nodes_run", "status"):
        assert log.executions[name].dtype == "category" and log.executions[name].cat.categories.is_monotonic_increasing


# --- archives of the first form


def old_form(server: Server, tmp_path: Path) -> Any:
    """The same executions as an earlier version kept them, in three parts; and the log that they are."""
    update(server, tmp_path / "new")
    log = Archive(tmp_path / "new", "default").log()
    state = json.loads((tmp_path / "new" / "default" / "state.json").read_text())
    place = tmp_path / "default"
    for number in range(3):
        ids = {str(one) for one in range(1, 21) if one % 3 == number}
        (part := place / "parts" / f"{number + 1:06}").mkdir(parents=True)
        tables = (
            table[table["execution_id"].isin(ids)].reset_index(drop=True) for table in (log.executions, log.failures)
        )
        write_log(part, logfile.ExecutionLog(*tables, log.snapshots))
    old = {key: state[key] for key in ("origin", "newest", "gaps", "failing", "open")}
    (place / "state.json").write_text(json.dumps({**old, "schema": 1, "parts": ["000001", "000002", "000003"]}))
    return log


def test_an_archive_of_the_first_form_is_read_and_moved_over(server: Server, kept: Kept, tmp_path: Path) -> None:
    log = old_form(server, tmp_path)
    same_logs(Archive(tmp_path, "default").log(), log)
    since = datetime(2026, 3, 9, tzinfo=UTC)
    assert len(Archive(tmp_path, "default").log(since).executions) == 4
    kept.add(on(failed(21), 11))
    update(server, tmp_path)
    assert held(tmp_path) == list(range(1, 22)) and not (tmp_path / "default" / "parts").exists()
    state = json.loads((tmp_path / "default" / "state.json").read_text())
    assert state["schema"] == 2 and all(part.startswith("day=2026-03-") for part in state["parts"])
    kept.executions.clear()  # n8n has pruned all of it
    same_logs(Archive(tmp_path, "default").log(until=datetime(2026, 3, 10, 12, tzinfo=UTC)), log)


def test_it_is_moved_over_even_if_the_server_is_away(server: Server, kept: Kept, tmp_path: Path) -> None:
    log = old_form(server, tmp_path)
    kept.instead = lambda _: lambda connection, asked: connection.close()
    with pytest.raises(Exception, match="n8n"):
        update(server, tmp_path)
    same_logs(Archive(tmp_path, "default").log(), log)
    assert not any(part.startswith("parts/") for part in named(tmp_path))


# --- crashes


def dying(patched: pytest.MonkeyPatch, at: int) -> list[int]:
    """From now on the process dies before its `at`th file is written."""
    count: list[int] = []
    real = logfile.write_atomic

    def write(*arguments: Any, **options: Any) -> Any:
        count.append(1)
        if len(count) == at:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    for module in (archives, days, logfile):
        patched.setattr(module, "write_atomic", write)
    return count


BEGIN = {"nobody": 1, "this version": 2, "an earlier version": 3}


@pytest.mark.parametrize("begun_by", BEGIN)
def test_a_crash_at_any_file_costs_nothing_that_was_there(
    server: Server, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun_by: str
) -> None:
    """Before one of three files: what was there is there still, and the next update has all, without leftovers."""
    monkeypatch.setattr(reader, "ROWS_A_PART", 4)
    monkeypatch.setattr(archives, "MOST_PARTS", 2)
    kept.executions = {number: row for number, row in kept.executions.items() if number > 14}
    begun = tmp_path / "begun"
    begun.mkdir()
    if begun_by == "an earlier version":
        kept.add(*(on(failed(number) if number % 2 else good(number), number) for number in range(1, 15)))
        old_form(server, begun)
    elif begun_by == "this version":
        update(server, begun)
        kept.add(on(good(21, "new"), 2, startedAt=None, stoppedAt=None), on(good(22, "running"), 3, stoppedAt=None))
        update(server, begun)
    before = set() if begun_by == "nobody" else set(held(begun))
    kept.add(on(failed(21), 2), on(failed(22), 3), on(good(23), 10), on(good(24), 11))
    for at in range(BEGIN[begun_by], 1000, 3):
        folder = tmp_path / f"dies-{at}"
        shutil.copytree(begun, folder)
        with pytest.MonkeyPatch.context() as patched:
            count = dying(patched, at)
            try:
                update(server, folder)
            except KeyboardInterrupt:
                pass
            else:
                assert len(count) < at
                break
        try:
            assert before <= set(held(folder)), at
        except UsageError:  # nothing was there
            assert not before and not named_or_none(folder)
        update(server, folder)
        assert held(folder) == sorted(before | set(range(15, 25))), at
        log = Archive(folder, "default").log()
        assert len(log.failures) == 5 + 7 * (begun_by == "an earlier version"), at
        assert set(log.executions["snapshot"]) == set(log.snapshots) and on_disk(folder) == named(folder), at
        shutil.rmtree(folder)
    assert at > 15


def named_or_none(folder: Path) -> list[str]:
    return named(folder) if (folder / "default" / "state.json").exists() else []


def test_who_reads_while_parts_are_made_one_has_all_of_them(
    server: Server, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(server, tmp_path)
    kept.add(on(failed(21), 4), on(good(22), 10))
    real: Callable[[Path], Any] = days.read_tables
    meanwhile = [True]

    def read(path: Path) -> Any:
        if meanwhile and path.parent.name == "day=2026-03-02":
            meanwhile.clear()
            update(server, tmp_path)
        return real(path)

    monkeypatch.setattr(days, "read_tables", read)
    log = Archive(tmp_path, "default").log()
    assert not meanwhile and len(log.executions) == 22


# --- logs of several servers as one


def test_executions_of_another_server_are_no_other_reading(server: Server, kept: Kept, tmp_path: Path) -> None:
    update(server, tmp_path)
    log = Archive(tmp_path, "default").log()
    flow = {**good(3)["workflowData"], "id": "wf-other"}
    kept.executions = {3: on(failed(3), 2, workflowId="wf-other", workflowData=flow), 30: on(good(30), 3)}
    update(server, tmp_path / "other")
    other = Archive(tmp_path / "other", "default").log()
    both = merged([log, other])
    assert len(both.executions) == 21 and len(both.failures) == 10
    assert both.executions.set_index("execution_id")["workflow_id"]["3"] == "wf1"
    (told,) = both.skipped
    assert told.rows == 1 and "NAME=SOURCE" in told.reason and told.source == server.url
