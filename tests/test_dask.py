"""Reading on a Dask cluster of two workers on loopback: the same log, also when a worker is killed half-way."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import distributed
import psutil
import pytest
from pandas.testing import assert_frame_equal

from incident_nb import readers, redact
from incident_nb.diagnose import analyse
from incident_nb.diagnose.ahead import judge
from incident_nb.errors import MissingExtraError, UnreachableError, UsageError
from incident_nb.readers import Spread, cluster, parts
from tests.exports import write_sqlite
from tests.judges import die, die_once
from tests.test_parts import SETTINGS, client_of, put, rows, same

KEY = b"a key that Dask's workers do not have"


@pytest.fixture(autouse=True)
def _small_parts_and_own_masks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(parts, "ROWS_A_PART", 20)
    monkeypatch.setattr(parts, "BYTES_A_PART", 40_000)
    monkeypatch.setattr(parts, "FILES_A_PART", 1)
    monkeypatch.setattr(parts, "FEW_ROWS", 20)
    with redact.using(redact.Redactor(KEY, ["known-secret-1"])):
        yield


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a cluster of two workers that the user has."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs="CRITICAL"
    ) as running:
        yield running.scheduler_address


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    folder = tmp_path / "exports"
    folder.mkdir()
    write_sqlite(folder / "b.sqlite", rows(1, 80), tag="the-acme")
    put(folder / "a.json", *rows(60, 10), *rows(200, 10, "wf2", "[BOLT] known-secret-1"))
    put(folder / "c.json", *rows(205, 10, "wf2", "[BOLT] known-secret-1"))
    (folder / "d.json").write_bytes(b"")
    return [str(folder)]


def test_a_cluster_gives_the_same(files: list[str], scheduler: str) -> None:
    spread = Spread(engine="dask", scheduler=scheduler, judge=partial(judge, own_hosts=SETTINGS.own_hosts))
    alone = readers.read(files, client_of=client_of)
    found = readers.read(files, client_of=client_of, spread=spread)
    assert_frame_equal(alone.executions, found.executions)
    assert (alone.snapshots, alone.skipped) == (found.snapshots, found.skipped)
    one, two = analyse(alone, SETTINGS), analyse(found, SETTINGS)
    assert_frame_equal(one.failures, two.failures)
    assert_frame_equal(one.groups, two.groups)
    assert found.executions["workflow"].astype("str").str.contains(r"\[secret:[0-9a-f]{6}\]").any()


def test_a_worker_killed_half_way_changes_nothing(files: list[str], scheduler: str, tmp_path: Path) -> None:
    mark = tmp_path / "died"
    spread = Spread(engine="dask", scheduler=scheduler, judge=partial(die_once, text="order 42:", mark=mark))
    found = readers.read(files, client_of=client_of, spread=spread)
    assert mark.exists()
    same(readers.read(files, client_of=client_of), found)


def test_a_cluster_of_its_own_is_on_loopback_without_a_dashboard_and_gone_afterwards(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    results = cluster._results

    def listening(*asked: Any) -> Any:
        mine = psutil.Process()
        for process in (mine, *mine.children(recursive=True)):
            heard.extend(one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN)
        port = asked[1].scheduler_info(-1)["services"]["dashboard"]
        for path in ("status", "info/main/workers.html", "json/counts.json", "metrics"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}")
        yield from results(*asked)

    monkeypatch.setattr(cluster, "_results", listening)
    with pytest.raises(UnreachableError, match=r"b\.sqlite, executions \d+ to \d+ failed twice"):
        readers.read(files, spread=Spread(2, engine="dask", judge=partial(die, text="order 42:")))
    assert len(heard) >= 3 and set(heard) == {"127.0.0.1"}
    left = [process for process in psutil.Process().children(recursive=True) if process.pid not in before]
    assert [one for one in left if "resource_tracker" not in " ".join(one.cmdline())] == []  # Python's own, for good


def test_without_dask_the_error_says_what_to_install(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'incident-nb\[dask\]'"):
        readers.read(files, spread=Spread(2, engine="dask"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "http://127.0.0.1:1"])
def test_a_scheduler_that_is_not_there_is_named(
    files: list[str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.5)
    with pytest.raises(UnreachableError, match=address):
        readers.read(files, spread=Spread(engine="dask", scheduler=address))


def test_a_cluster_without_workers_is_named(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_S", 2)
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as empty,
        pytest.raises(UnreachableError, match="has no workers"),
    ):
        readers.read(files, spread=Spread(engine="dask", scheduler=empty.scheduler_address))


def test_a_file_that_workers_do_not_see_is_an_error(
    files: list[str], scheduler: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    monkeypatch.setattr(parts, "whole", lambda path: parts.Part("file", str(elsewhere), "elsewhere.json"))
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **more: path == elsewhere or exists(path, **more))
    with pytest.raises(UsageError, match=r"does not see elsewhere\.json"):
        readers.read(files, spread=Spread(engine="dask", scheduler=scheduler))


def test_a_worker_of_another_version_is_refused(
    files: list[str], scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "version", lambda _: "0.0.0")
    with pytest.raises(UsageError, match=r"has incident-nb .*not this version"):
        readers.read(files, spread=Spread(engine="dask", scheduler=scheduler))
