"""Receiver and workers as processes, while things break: killed, stopped and back late, never back, without disk, upgraded."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from incident_nb.incidents import Records
from incident_nb.jobs.owed import Owed
from tests.postgres import Cluster
from tests.unattended import ROOT, Part, Site, all_ended, jobs_of, send, site, sound, stormed, until

PATIENCE_S = 240
NO_ROOM = re.compile("disk is full|No space left")


def running(records: Records) -> list[Owed]:
    return [job for job in jobs_of(records) if job.state == "running"]


def ended(records: Records) -> None:
    until(lambda: all_ended(records), PATIENCE_S, lambda: str(jobs_of(records)))


def alerted(at: Site, alerts: int, problems: int) -> dict[int, str]:
    with httpx.Client() as http:
        return {number: send(http, at.port, number, problems) for number in range(alerts)}


@pytest.mark.parametrize(("kind", "workers"), [("sqlite", 1), ("postgresql", 2)])
def test_killed_at_random_moments_nothing_is_lost(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, workers: int
) -> None:
    url = None
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.url(cluster.fresh())
    with site(tmp_path / "workspace", workers=workers, url=url) as at:
        came = stormed(at, alerts=300, problems=4, kills=6, senders=6)
    assert came["done"] + came["set_aside"] == 4 and came["kills"] >= 3


@pytest.fixture
def shared(tmp_path: Path, cluster: Cluster) -> Iterator[Site]:
    """A receiver on PostgreSQL, with no worker yet."""
    with site(tmp_path / "workspace", url=cluster.url(cluster.fresh())) as at:
        at.receiver()
        yield at


def begun(at: Site, records: Records) -> tuple[Part, Owed]:
    """A worker that has begun an investigation, and which."""
    worker = at.worker()
    (job,) = until(lambda: running(records), PATIENCE_S, lambda: str(jobs_of(records)))
    return worker, job


def test_another_worker_takes_over_from_one_that_never_comes_back(shared: Site) -> None:
    told, records = alerted(shared, 6, 2), shared.records()
    gone, lost = begun(shared, records)
    gone.end(signal.SIGKILL)
    shared.worker("elsewhere")
    ended(records)
    sound(records, shared.folder, told, 2)
    (after,) = (job for job in jobs_of(records) if job.incident == lost.incident)
    records.close()
    assert after.attempt == 2


def test_one_that_was_stopped_and_returns_late_writes_nothing(shared: Site) -> None:
    told, records = alerted(shared, 1, 1), shared.records()
    stopped, lost = begun(shared, records)
    stopped.send(signal.SIGSTOP)
    shared.worker("elsewhere")
    ended(records)
    (job,) = jobs_of(records)
    assert (job.attempt, job.state) == (2, "done") and job.worker != lost.worker
    report = shared.folder / "incidents" / "INC-1" / "report" / "report.html"
    before, events = report.read_bytes(), records.events(1)
    stopped.send(signal.SIGCONT)
    schema = re.search(r"search_path%3D(\w+)", str(shared.url))
    assert schema is not None
    asked = f"SELECT status FROM {schema[1]}_dbos.workflow_status WHERE workflow_uuid = 'INC-1/1'"

    def status() -> bool:
        with records.engine.connect() as connection:
            return connection.exec_driver_sql(asked).scalar_one() == "SUCCESS"

    until(status, PATIENCE_S, lambda: "the one that came back did not end its attempt")
    assert report.read_bytes() == before and records.events(1) == events
    sound(records, shared.folder, told, 1)
    records.close()


def test_an_upgrade_finds_the_jobs_that_wait_and_the_one_that_was_at_work(tmp_path: Path) -> None:
    with site(tmp_path / "workspace") as at:
        at.receiver()
        told, records = alerted(at, 4, 2), at.records()
        old, _ = begun(at, records)
        old.end(signal.SIGKILL)
        newer = tmp_path / "newer"
        shutil.copytree(ROOT / "incident_nb", newer / "incident_nb", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("templates", "notebooks"):
            shutil.copytree(ROOT / name, newer / name)
        changed = newer / "incident_nb" / "jobs" / "run.py"
        text = changed.read_text()
        # Another code of the workflow, by which dbos would tell versions apart if it were left to it.
        changed.write_text(text.replace('return "not owed any more"', 'return "another attempt is owed"'))
        assert changed.read_text() != text
        at.env = {**at.env, "PYTHONPATH": str(newer)}
        at.worker()
        ended(records)
        sound(records, at.folder, told, 2)
        records.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room. Only root may make one, and not everywhere."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("a small file system can be mounted by root only")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Takes all room that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


def test_a_full_disk_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    refused: list[int] = []
    with site(small_disk / "workspace", logs=tmp_path) as at:
        at.receiver()
        told = alerted(at, 3, 1)
        records = at.records()
        filler = fill(small_disk)
        with httpx.Client() as http:

            def full(status: int) -> None:
                refused.append(status)
                if len(refused) == 3:
                    filler.unlink()

            told |= {number: send(http, at.port, number, 1, full) for number in (3, 4)}
        assert refused == [503] * 3
        begun(at, records)
        filler = fill(small_disk)
        until(lambda: NO_ROOM.search((tmp_path / "worker.log").read_text()), PATIENCE_S, lambda: "nobody noticed")
        filler.unlink()
        ended(records)
        sound(records, at.folder, told, 1)
        records.close()
