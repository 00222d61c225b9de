"""Workflows that went quiet: one incident for each silence, none where quiet is right, and a note when they run again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.incidents import Records, payload_of
from incident_nb.settings import Settings
from incident_nb.watch.heartbeats import look
from tests.builders import HOUR, UNAUTHORISED, Json, flow, runs
from tests.faulty import Server, answer
from tests.served import KEY, Kept, serving_n8n
from tests.watched import kinds, lines, workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def kept() -> Kept:
    return Kept(per_page=50)


@pytest.fixture
def server(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__MAIN", KEY)
    with serving_n8n(kept) as running:
        yield running


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    return workspace(tmp_path, n8n={"main": {"url": server.url}})


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    open_now = Records(tmp_path / "record.db", clock=lambda: NOW)
    yield open_now
    open_now.close()


def beats(
    kept: Kept, number: int, count: int, *, until: float = 0, active: bool = True, first: int = 0, **more: Any
) -> None:
    """So many hourly runs of a workflow, the last one so many hours before noon; it is there, active or not."""
    of = flow(number)
    start = NOW - (until + count - 1) * HOUR
    kept.add(*runs("." * count, of, first=1000 * number + first, start=start, **more))
    kept.workflows = [row for row in kept.workflows if row["id"] != of["id"]]
    kept.workflows.append({**of, "active": active, "isArchived": False})


def quiet(records: Records, settings: Settings, now: datetime = NOW) -> list[tuple[str | None, str | None, bool]]:
    return [(one.workflow_id, one.incident, one.again) for one in look(records, settings, now)]


def test_a_silence_is_one_incident_and_one_line(kept: Kept, settings: Settings, records: Records) -> None:
    beats(kept, 1, 20, until=6)
    beats(kept, 2, 20)
    assert quiet(records, settings) == [("wf1", "INC-1", False)]
    assert quiet(records, settings) == [] == quiet(records, settings, NOW + timedelta(minutes=30))
    (incident,) = records.incidents()
    assert (incident.source, incident.client, incident.subject.workflow_id) == ("monitoring", "ACME", "wf1")
    assert "gone quiet" in incident.title and incident.severity is not None and incident.occurrences == 1
    ((about, number, text),) = lines(records)
    assert (about, number) == ("quiet", 1) and "ran every 60 minutes" in text and "2026-03-09 06:00" in text


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (20, {"until": 2}),  # not late enough
        (20, {"until": 6, "active": False}),  # switched off
        (5, {"until": 6}),  # too few to know its rhythm
        (20, {"until": 6, "mode": "webhook"}),  # others decide when it runs
        (20, {"until": 24 * 20}),  # no news
    ],
)
def test_near_misses(kept: Kept, settings: Settings, records: Records, count: int, more: dict[str, Any]) -> None:
    beats(kept, 2, 20)
    beats(kept, 1, count, **more)
    assert quiet(records, settings) == [] and records.incidents() == []


def test_a_rhythm_with_nights_is_known(kept: Kept, settings: Settings, records: Records) -> None:
    """Nine to five, seen in the morning: the gap is the one of each night."""
    of = flow(1)
    for day in range(5):
        kept.add(*runs("." * 9, of, first=1000 + 20 * day, start=NOW - (27 + 24 * day) * HOUR))
    kept.workflows.append({**of, "active": True})
    assert quiet(records, settings) == []


def test_archived_and_deleted_workflows_are_quiet_on_purpose(kept: Kept, settings: Settings, records: Records) -> None:
    beats(kept, 1, 20, until=6)
    beats(kept, 2, 20, until=6)
    kept.workflows[0]["isArchived"] = True
    del kept.workflows[1]
    assert quiet(records, settings) == []


def test_where_it_cannot_be_asked_whether_they_are_active_none_is_quiet(
    kept: Kept, settings: Settings, records: Records
) -> None:
    beats(kept, 1, 20, until=6)
    look(records, settings, NOW - 5 * HOUR)  # the archive has them
    kept.instead = lambda asked: answer({"message": "no"}, 403) if asked.path.startswith("/api/v1/workflows") else None
    (told,) = look(records, settings, NOW)
    assert told.workflow_id is None and "may not do that" in told.why and records.incidents() == []


@pytest.mark.parametrize("what", ["/api/v1/", "/api/v1/executions"])
def test_a_server_that_does_not_answer_makes_nobody_quiet(
    kept: Kept, settings: Settings, records: Records, what: str
) -> None:
    beats(kept, 1, 20, until=1)
    assert quiet(records, settings) == []
    kept.instead = lambda asked: answer({"message": "gone"}, 500) if asked.path.startswith(what) else None
    (told,) = look(records, settings, NOW + 10 * HOUR)
    assert told.why and records.incidents() == []


def test_when_it_runs_again_a_note_says_so_and_it_stays_open(kept: Kept, settings: Settings, records: Records) -> None:
    beats(kept, 1, 20, until=6)
    beats(kept, 2, 20)
    quiet(records, settings)
    later = NOW + 3 * HOUR
    beats(kept, 2, 4, until=-3, first=10_000)
    assert quiet(records, settings, later) == []
    kept.add(*runs(".", flow(1), first=50_000, start=NOW + 2 * HOUR))
    assert quiet(records, settings, later) == [("wf1", "INC-1", True)]
    assert quiet(records, settings, later) == [] == quiet(records, settings, later + HOUR)
    assert kinds(records, 1)[-1] == "note" and not records.get(1).is_resolved and records.get(1).closed is None
    assert [about for about, _, _ in lines(records)] == ["quiet"] * 2
    assert "runs again since 2026-03-09 14:00 UTC" in lines(records)[-1][2]


def test_a_second_silence_is_told_again_in_the_incident_that_is_open(
    kept: Kept, settings: Settings, records: Records
) -> None:
    beats(kept, 1, 20, until=6)
    quiet(records, settings)
    beats(kept, 1, 5, until=-6, first=10_000)
    assert quiet(records, settings, NOW + 6 * HOUR) == [("wf1", "INC-1", True)]
    assert quiet(records, settings, NOW + 20 * HOUR) == [("wf1", "INC-1", False)]
    assert records.get(1).occurrences == 2 and len(lines(records)) == 3


def test_once_closed_the_same_silence_is_not_told_again(kept: Kept, settings: Settings, records: Records) -> None:
    beats(kept, 1, 20, until=6)
    quiet(records, settings)
    records.add(1, payload_of("closed", {}), by="Anna", at=NOW)
    assert quiet(records, settings, NOW + HOUR) == [] and len(records.incidents()) == 1


def test_a_server_that_stopped_is_one_incident(kept: Kept, settings: Settings, records: Records) -> None:
    for number in range(1, 5):
        beats(kept, number, 20, until=6 + number)
    beats(kept, 5, 20)
    assert quiet(records, settings) == [(None, "INC-1", False)]
    assert quiet(records, settings) == [] and len(records.incidents()) == 1
    assert "4 of 5 workflows" in lines(records)[0][2]
    beats(kept, 5, 1, until=-1, first=5_000)  # the one that went on goes on
    assert quiet(records, settings, NOW + HOUR) == []
    for number in range(1, 5):
        beats(kept, number, 3, until=-2, first=10_000)
    beats(kept, 5, 3, until=-2, first=10_000)
    assert quiet(records, settings, NOW + 2 * HOUR) == [(None, "INC-1", True)]


def test_a_failure_of_the_same_workflow_is_no_silence(kept: Kept, settings: Settings, records: Records) -> None:
    """An incident of another problem hears nothing of the workflow's runs."""
    rows: list[Json] = runs("." * 19 + "X", flow(1), first=1000, start=NOW - 19 * HOUR, wrong=UNAUTHORISED)
    kept.add(*rows)
    kept.workflows.append({**flow(1), "active": True})
    from incident_nb.watch import reconcile

    assert len(reconcile.look(records, settings, NOW + timedelta(minutes=10))) == 1
    kept.add(*runs("..", flow(1), first=50_000, start=NOW + HOUR))
    assert quiet(records, settings, NOW + 2 * HOUR) == []
    assert "note" not in kinds(records, 1)
