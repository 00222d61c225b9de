"""dbos at work in this process: a job is taken from the queue, what comes round comes, what is old is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from incident_nb.incidents import Records
from incident_nb.jobs import run
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.run import Round
from incident_nb.settings import Settings
from tests.test_desk import Clock
from tests.test_jobs import alerted, owes, queued
from tests.unattended import until


def test_a_job_is_done_a_round_comes_and_what_is_old_is_forgotten(
    place: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "incident-nb.toml").write_text("")
    records, came = Records(place), Event()
    jobs = Jobs(records, Settings(path=tmp_path / "incident-nb.toml"), worker="here-0", clock=Clock())
    monkeypatch.setattr(jobs, "look", lambda *_: None)
    monkeypatch.setattr(jobs, "put_on_record", lambda *_: True)

    def round_of(_: datetime) -> None:
        came.set()
        raise ValueError("the next one comes in any case")

    run.start(jobs, "here-0", [Round("often", "* * * * * *", round_of)])
    try:
        alerted(jobs, "1")
        until(lambda: queued(jobs) == "SUCCESS", 60, lambda: str(queued(jobs)))
        assert owes(jobs).state == "running" and not jobs.running
        assert came.wait(60)
        run.forget(datetime.now(UTC) + run.KEPT - timedelta(hours=1))
        assert queued(jobs) == "SUCCESS"
        run.forget(datetime.now(UTC) + run.KEPT + timedelta(hours=1))
        assert queued(jobs) is None
    finally:
        run.stop(5)
        jobs.close()
        records.close()
