"""Jobs: owed in the commit of the alert, done once on record however often they are begun, never left without an end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from sqlalchemy import select, text

from incident_nb import processes
from incident_nb.actions import verify
from incident_nb.desk import paper
from incident_nb.desk.arrivals import Arrival, Arrivals, Owe
from incident_nb.errors import OutputError, UnreachableError
from incident_nb.incidents import Records, payload_of, tables
from incident_nb.jobs import job, owed
from incident_nb.jobs.job import Jobs
from incident_nb.jobs.queue import id_of
from incident_nb.jobs.rounds import rounds_of
from incident_nb.jobs.sweep import sweep
from incident_nb.models import Cause
from incident_nb.settings import JobSettings, NotebookLimits, Settings
from incident_nb.watch import heartbeats, reconcile
from tests.test_desk import NOW, Clock
from tests.test_serve import failed

SHORT = NotebookLimits(cell_s=4, start_s=60, output_mb=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    made = Records(place)
    yield made
    made.close()


@pytest.fixture
def jobs(records: Records, tmp_path: Path, clock: Clock) -> Iterator[Jobs]:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "incident-nb.toml").write_text("")
    settings = Settings(path=workspace / "incident-nb.toml", jobs=JobSettings(cool_down_minutes=30))
    made = Jobs(records, settings, worker="here-0", clock=clock)
    yield made
    made.close()


def alerted(
    jobs: Jobs, *executions: str, node: str = "HubSpot", at: timedelta = timedelta(), owe: Owe | None = None
) -> list[str | None]:
    """Takes alerts in, in one commit: the incidents that they went into."""
    from incident_nb.alerts import n8n_trigger

    jobs.clock.now = NOW + at  # type: ignore[attr-defined]
    bodies = [failed(execution, node=node) for execution in executions]
    arrived = [
        Arrival(n8n_trigger.read(body, received=jobs.clock()), "n8n", body, f"d{node}{one}", jobs.clock())
        for one, body in zip(executions, bodies, strict=True)
    ]
    told = Arrivals(jobs.records, jobs.settings, owe or jobs.want).take(arrived)
    return [outcomes[0].incident for outcomes in told if isinstance(outcomes, list)]


def owes(jobs: Jobs, incident: int = 1) -> owed.Owed:
    with jobs.records.at_once() as writing:
        found = owed.of(writing.connection, incident)
    assert found is not None
    return found


def told(jobs: Jobs) -> list[tuple[str, int, str]]:
    """What is in the outbox: about, incident, text."""
    with jobs.records.reading() as connection:
        rows = connection.execute(select(tables.outbox).order_by(tables.outbox.c.number)).all()
    return [(row.about, row.incident, row.text) for row in rows]


def queued(jobs: Jobs, incident: int = 1, attempt: int = 1) -> str | None:
    return jobs.queue.states([(incident, attempt)]).get(id_of(incident, attempt))


def done(jobs: Jobs, incident: int = 1, attempt: int = 1) -> bool:
    """One attempt from its beginning to its end, as the queue makes it."""
    begun = jobs.begin(incident, attempt)
    assert begun is not None
    try:
        return jobs.put_on_record(incident, attempt, jobs.look(incident, attempt))
    finally:
        jobs.left(incident, attempt)


def home(jobs: Jobs, incident: int = 1) -> Path:
    assert jobs.settings.path is not None
    return jobs.settings.path.parent / "incidents" / f"INC-{incident}"


# What is owed


def test_an_alert_and_its_job_are_one_commit(jobs: Jobs) -> None:
    assert alerted(jobs, "1", "2", "3") == ["INC-1"] * 3
    found = owes(jobs)
    assert (found.attempt, found.state, found.why, found.failures) == (1, "waiting", "opened", 0)
    assert queued(jobs) == "ENQUEUED"
    assert [about for about, *_ in told(jobs)] == ["opened"]


def test_what_is_not_stored_is_not_owed_either(jobs: Jobs) -> None:
    def broken(*given: Any) -> None:
        jobs.want(*given)
        raise RuntimeError("the power went off")

    from incident_nb.alerts import n8n_trigger

    body = failed()
    arrival = Arrival(n8n_trigger.read(body, received=NOW), "n8n", body, "d", NOW)
    with pytest.raises(RuntimeError):
        Arrivals(jobs.records, jobs.settings, broken).take([arrival])
    assert jobs.records.incidents() == [] and told(jobs) == [] and queued(jobs) is None


def test_the_gravest_comes_first(jobs: Jobs) -> None:
    alerted(jobs, "1")
    jobs.records.add(1, payload_of("severity_chosen", {"severity": "P1"}), by="Kim")
    jobs.ask(1)
    assert owes(jobs).priority == 1 and owes(jobs).why == "asked" and owes(jobs).attempt == 2


def test_what_was_found_comes_after_the_alerts_of_its_severity(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    takes: list[Arrivals] = []
    for watched in (reconcile, heartbeats):
        monkeypatch.setattr(watched, "look", lambda *given: takes.append(given[3]))
    for one in rounds_of(jobs):
        if one.name in ("reconcile", "heartbeats"):
            one.do(NOW)
    assert len(takes) == 2
    for number, by in enumerate((takes[0].owe, takes[1].owe, jobs.want), start=1):
        alerted(jobs, str(number), node=f"Node {number}", owe=by)
    found, quiet, told_of = (owes(jobs, number).priority for number in (1, 2, 3))
    assert told_of < found == quiet < told_of + 2  # and before all that is less grave


def test_what_a_look_at_mended_workflows_opens_again_is_owed(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(verify, "look_all", lambda *given: asked.append(given))
    (one,) = (one for one in rounds_of(jobs) if one.name == "verify")
    one.do(NOW)
    ((records, settings, now, owe),) = asked
    assert (records, settings, now) == (jobs.records, jobs.settings, NOW) and jobs.untold.is_set()
    alerted(jobs, "1", owe=owe)
    assert owes(jobs).why == "opened"


@pytest.mark.parametrize(
    ("state", "minutes", "cause", "again"),
    [
        ("done", 31, False, True),
        ("done", 29, False, False),  # a storm goes on
        ("done", 31, True, False),  # somebody knows why
        ("set_aside", 31, False, True),
        ("running", 90, False, False),
        ("waiting", 90, False, False),
    ],
)
def test_an_incident_rests_before_it_is_investigated_again(
    jobs: Jobs, state: str, minutes: int, cause: bool, again: bool
) -> None:
    alerted(jobs, "1")
    with jobs.records.at_once() as writing:
        if state == "running":
            owed.begin(writing.connection, 1, 1, "here", NOW)
        elif state != "waiting":
            owed.end(writing.connection, 1, 1, state, NOW)
    if cause:
        jobs.records.add(1, payload_of("cause_accepted", {"cause": Cause.CREDENTIALS}), by="Kim")
    alerted(jobs, "2", "3", at=timedelta(minutes=minutes))
    assert (owes(jobs).attempt, owes(jobs).why) == ((2, "again") if again else (1, "opened"))
    assert queued(jobs, attempt=2) == ("ENQUEUED" if again else None)


def test_what_comes_back_is_investigated_at_once(jobs: Jobs) -> None:
    alerted(jobs, "1")
    with jobs.records.at_once() as writing:
        owed.end(writing.connection, 1, 1, "done", NOW)
    jobs.records.add(1, payload_of("resolved", {"text": "it runs"}), by="Kim", at=NOW)
    assert alerted(jobs, "2", at=timedelta(minutes=5)) == ["INC-1"]
    assert (owes(jobs).attempt, owes(jobs).why, owes(jobs).state) == (2, "reopened", "waiting")
    (about, _, text) = told(jobs)[-1]
    assert about == "reopened" and "failed again 5 minutes after" in text


# What is done


def test_a_job_ends_with_a_report_a_record_and_a_line_to_tell(jobs: Jobs) -> None:
    alerted(jobs, "1", "2")
    assert done(jobs)
    kept = jobs.records.get(1)
    assert kept.investigated is not None and kept.investigated.done and kept.investigated.attempt == 1
    assert kept.investigated.report == "incidents/INC-1/report"
    names = {path.name for path in (home(jobs) / "report").iterdir()}
    assert names >= {"report.html", "report.md", "investigation.ipynb", "diagnosis.json", "case"}
    found = json.loads((home(jobs) / "report" / "diagnosis.json").read_text())
    assert found["hypotheses"][0]["cause"] == "credentials"
    assert [event.payload["cause"] for event in jobs.records.events(1) if event.kind == "diagnosed"] == ["credentials"]
    assert (home(jobs) / "incident.ipynb").is_file() and (home(jobs) / "case" / "case.json").is_file()
    assert [about for about, *_ in told(jobs)] == ["diagnosed"]  # not that it was opened: that would come too late
    assert (owes(jobs).state, owes(jobs).failures) == ("done", 0) and not jobs.running
    assert not list((home(jobs) / ".work").iterdir())


def test_an_incident_that_holds_others_together_has_a_report_of_its_record(jobs: Jobs) -> None:
    """Two clients fail at one third party: an incident each, and one above them, which has no executions of its own."""
    from incident_nb.alerts import generic

    for number, client in enumerate(("ACME", "BRXT"), 1):
        body = json.dumps({
            "message": "503 - Service Unavailable", "client": client, "workflow": f"{client} orders", "node": "Send",
            "node_type": "n8n-nodes-base.slack", "http_code": "503", "host": "slack.com",
        }).encode()  # fmt: skip
        arrival = Arrival(generic.read(body, received=NOW), "generic", body, f"d{number}", NOW)
        Arrivals(jobs.records, jobs.settings, jobs.want).take([arrival])
    (above,) = (one for one in jobs.records.incidents() if one.subject.shared)
    assert owes(jobs, above.number).state == "waiting"
    assert done(jobs, incident=above.number)
    page = (home(jobs, above.number) / "report" / "report.md").read_text()
    assert "INC-1, INC-2" in page and "could not be made" not in page
    kept = jobs.records.get(above.number)
    assert kept.investigated is not None and kept.investigated.done and kept.cause is None
    assert not any(event.kind == "diagnosed" for event in jobs.records.events(above.number))


def test_one_that_comes_back_late_writes_nothing(jobs: Jobs) -> None:
    alerted(jobs, "1")
    assert jobs.begin(1, 1) is not None
    stopped = jobs.look(1, 1)
    jobs.clock.now = NOW + timedelta(minutes=5)  # type: ignore[attr-defined]
    assert [one.attempt for one in sweep(jobs, jobs.clock())] == [1]
    assert done(jobs, attempt=2)
    assert not list((home(jobs) / ".work").iterdir()), "what the lost attempt left is still there"
    before = (home(jobs) / "report" / "report.html").read_bytes(), jobs.records.events(1), told(jobs)
    assert not jobs.put_on_record(1, 1, stopped)
    jobs.failed(owes(jobs)._replace(attempt=1, failures=1), OutputError("late"))
    jobs.failed(owes(jobs)._replace(attempt=1, failures=3), OutputError("late"))
    jobs.left(1, 1)
    assert ((home(jobs) / "report" / "report.html").read_bytes(), jobs.records.events(1), told(jobs)) == before
    assert (owes(jobs).attempt, owes(jobs).state) == (2, "done")
    assert jobs.begin(1, 1) is None and jobs.begin(1, 2) is None


def test_a_step_that_is_made_twice_counts_once(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    alerted(jobs, "1")
    jobs.begin(1, 1)
    stopped = jobs.look(1, 1)
    replace = job._replace

    def dies(*given: Any) -> None:
        replace(*given)
        raise KeyboardInterrupt  # after the report was put in place, before the commit

    monkeypatch.setattr(job, "_replace", dies)
    with pytest.raises(KeyboardInterrupt):
        jobs.put_on_record(1, 1, stopped)
    monkeypatch.setattr(job, "_replace", replace)
    assert jobs.records.get(1).investigated is None
    assert jobs.put_on_record(1, 1, stopped)
    assert [event.kind for event in jobs.records.events(1)].count("investigated") == 1
    assert (home(jobs) / "report" / "report.html").is_file()


# What can't be done


def test_an_attempt_that_fails_comes_again_later_and_the_third_is_the_last(jobs: Jobs) -> None:
    alerted(jobs, "1")
    waits = []
    for attempt in (1, 2, 3):
        begun = jobs.begin(1, attempt)
        assert begun is not None and begun.failures == attempt
        jobs.failed(begun, UnreachableError("the disk is full, with password=hunter2hunter2"))
        jobs.left(1, attempt)
        now = owes(jobs)
        waits.append((now.state, now.attempt, round((now.due_at - jobs.clock()).total_seconds())))
    assert waits[:2] == [("waiting", 2, 20), ("waiting", 3, 120)]
    assert waits[2][:2] == ("set_aside", 3)
    assert queued(jobs, attempt=2) == queued(jobs, attempt=3) == "DELAYED" and queued(jobs, attempt=4) is None
    kept = jobs.records.get(1)
    assert kept.investigated is not None and not kept.investigated.done
    assert "the disk is full" in kept.investigated.text and "hunter2" not in kept.investigated.text
    page = (home(jobs) / "report" / "report.html").read_text()
    assert "The investigation could not be made" in page and "HubSpot" in page and "hunter2" not in page
    assert [about for about, *_ in told(jobs)] == ["set_aside"]
    jobs.ask(1)
    assert (owes(jobs).attempt, owes(jobs).failures) == (4, 0) and done(jobs, attempt=4)
    assert "could not be made" not in (home(jobs) / "report" / "report.html").read_text()


def test_a_job_that_takes_its_worker_with_it_is_set_aside(jobs: Jobs) -> None:
    alerted(jobs, "1")
    for _ in range(owed.TRIES):  # begun, and never heard of again; dbos takes it up anew
        assert jobs.begin(1, 1) is not None
    assert jobs.begin(1, 1) is None
    assert owes(jobs).state == "set_aside" and "3 times" in str(owes(jobs).error)
    assert (home(jobs) / "report" / "report.md").is_file()


def notebook(folder: Path, source: str) -> Path:
    """A notebook under the name of the incident's, which does something else."""
    folder.mkdir(exist_ok=True)
    cells = [new_code_cell('case: str = "sample"', metadata={"tags": ["parameters"]}), new_code_cell(source)]
    nbformat.write(new_notebook(cells=cells), folder / "incident.ipynb")
    return folder


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel died"),
        ("while True: pass", "limit of 4 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "limit of 4 s"),
        ("import subprocess; [print('x' * 10_000) for _ in range(1000)]", "showed more than the limit"),
        ("raise ValueError('no')", "ValueError: no"),
    ],
)
def test_a_notebook_that_does_not_end_well_ends_the_job_with_a_reason(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, why: str
) -> None:
    alerted(jobs, "1")
    alerted(jobs, "2", node="Slack")
    mine = set(processes.of_run(os.getpid(), None))
    with monkeypatch.context() as other:
        other.setattr(paper, "notebooks", lambda: notebook(tmp_path / "notebooks", source))
        other.setattr(jobs, "settings", jobs.settings.model_copy(update={"notebooks": SHORT}))
        assert done(jobs)
    kept = jobs.records.get(1)
    assert kept.investigated is not None and not kept.investigated.done and why in kept.investigated.text
    assert "The run stopped before its end" in (home(jobs) / "report" / "report.html").read_text()
    assert [event.payload["cause"] for event in jobs.records.events(1) if event.kind == "diagnosed"] == ["credentials"]
    assert ("failed", 1) in [(about, number) for about, number, _ in told(jobs)]
    assert owes(jobs).state == "done"
    assert set(processes.of_run(os.getpid(), None)) <= mine, "a process is still there"
    assert done(jobs, incident=2)
    assert jobs.records.get(2).investigated.done  # type: ignore[union-attr]


# What is lost


def test_a_silent_worker_loses_its_job_and_one_with_signs_of_life_does_not(jobs: Jobs) -> None:
    alerted(jobs, "1")
    jobs.begin(1, 1)
    assert sweep(jobs, NOW + timedelta(seconds=59)) == []
    with jobs.records.at_once() as writing:
        owed.beat(writing.connection, [(1, 1)], NOW + timedelta(seconds=50))
    assert sweep(jobs, NOW + timedelta(seconds=100)) == []
    assert [(one.incident, one.attempt) for one in sweep(jobs, NOW + timedelta(seconds=111))] == [(1, 1)]
    assert (owes(jobs).attempt, owes(jobs).state, owes(jobs).failures) == (2, "waiting", 1)
    assert sweep(jobs, NOW + timedelta(seconds=112)) == []
    with jobs.records.at_once() as writing:
        owed.beat(writing.connection, [(1, 1)], NOW + timedelta(seconds=120))  # late
    assert owes(jobs).beat_at is None


def test_what_lost_its_place_in_the_queue_gets_another(jobs: Jobs) -> None:
    alerted(jobs, "1")
    alerted(jobs, "2", node="Slack")
    assert sweep(jobs, NOW + timedelta(hours=1)) == [], "a long queue is no loss"
    table = (
        "workflow_status" if jobs.queue.engine.dialect.name == "sqlite" else f'"{jobs.queue.schema}".workflow_status'
    )
    with jobs.queue.engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET status = 'ERROR' WHERE workflow_uuid = 'INC-1/1'"))
    assert [one.incident for one in sweep(jobs, NOW + timedelta(hours=1))] == [1]
    assert (owes(jobs).attempt, queued(jobs, attempt=2), owes(jobs, 2).attempt) == (2, "ENQUEUED", 1)
