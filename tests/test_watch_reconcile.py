"""Failed executions of which n8n told nobody: which are found, and that none is counted twice, whatever comes first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.alerts import n8n_trigger
from incident_nb.desk.arrivals import Arrival, Arrivals, Outcome
from incident_nb.incidents import Records, payload_of
from incident_nb.settings import Settings
from incident_nb.watch import reconcile
from incident_nb.watch.memory import remembered
from incident_nb.watch.reconcile import Found, look
from tests.builders import OUT_OF_MEMORY, UNAUTHORISED, Json, error, flow, run
from tests.faulty import Server, answer
from tests.served import KEY, Kept, serving_n8n
from tests.watched import kinds, lines, workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def server(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY__MAIN", KEY)
    with serving_n8n(kept) as running:
        yield running


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    return workspace(tmp_path, n8n={"main": {"url": server.url}})


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    open_now = Records(place, clock=lambda: NOW)
    yield open_now
    open_now.close()


def failed(number: int, minutes: float, wrong: Json = UNAUTHORISED, **more: Any) -> Json:
    """A run that failed so many minutes before noon."""
    return run(number, NOW - minutes * MINUTE, wrong, took=0, **more)


def alert_body(execution: Json) -> bytes:
    """What n8n's Error Trigger hands on of a failed execution."""
    result, of = execution["data"]["resultData"], execution["workflowData"]
    begun = int(datetime.fromisoformat(execution["startedAt"]).timestamp() * 1000)
    about = {
        "id": execution["id"], "url": f"https://n8n.example.com/execution/{execution['id']}", "mode": execution["mode"],
        "error": {"timestamp": begun, **result["error"]}, "lastNodeExecuted": result["lastNodeExecuted"],
    }  # fmt: skip
    return json.dumps({"execution": about, "workflow": {"id": of["id"], "name": of["name"]}}).encode()


def alerted(
    records: Records, settings: Settings, *executions: Json, at: datetime = NOW, signed: bool = False
) -> list[Outcome]:
    """The alerts of failed executions, as the receiver takes them in: in one commit."""
    arrived = []
    for one in executions:
        body = alert_body(one)
        alerts = n8n_trigger.read(body, received=at, instance="main")
        key = f"standard:msg_{one['id']}" if signed else f"n8n:main:{one['id']}:digest"
        arrived.append(Arrival(alerts, "n8n", body, "digest", at, key))
    told = Arrivals(records, settings).take(arrived)
    return [one[0] for one in told if isinstance(one, list)]


def ids(found: list[Found]) -> list[str | None]:
    return [one.execution_id for one in found]


CHILD = flow(2, "[ACME] Child")


@pytest.mark.parametrize(
    ("executions", "expected"),
    [
        ([failed(1, 10)], ["1"]),
        ([failed(1, 2.5)], ["1"]),
        ([failed(1, 1.5)], []),  # it may still alert
        ([failed(1, 59)], ["1"]),
        ([failed(1, 61)], []),  # before the first look
        ([run(1, NOW - 10 * MINUTE)], []),
        ([failed(1, 10, mode="manual")], []),
        ([failed(1, 10, mode="webhook")], ["1"]),
        ([failed(1, 10, mode="retry", retryOf="0")], ["1"]),
        ([failed(1, 10, mode="error")], []),
        ([failed(1, 10, mode="cli")], []),
        ([failed(1, 10, OUT_OF_MEMORY, status="crashed")], ["1"]),
        ([failed(1, 10, OUT_OF_MEMORY, status="crashed", stoppedAt=None)], ["1"]),
        ([failed(1, 10, status="canceled")], []),
        ([failed(1, 10), failed(2, 9), failed(3, 8, error(500))], ["1", "2", "3"]),
        ([failed(1, 10, of=CHILD, mode="integrated")], ["1"]),  # nobody waited for it
    ],
)  # fmt: skip
def test_which_failures_are_found(
    kept: Kept, settings: Settings, tmp_path: Path, executions: list[Json], expected: list[str]
) -> None:
    records = Records(tmp_path / "record.db", clock=lambda: NOW)
    kept.add(*executions)
    assert ids(look(records, settings, NOW)) == expected
    assert look(records, settings, NOW) == []


def test_a_time_limit_is_found(kept: Kept, settings: Settings, records: Records) -> None:
    limited = {**flow(), "settings": {"executionTimeout": 60}}
    stopped = run(1, NOW - 10 * MINUTE, of=limited, took=60.5, status="canceled")
    by_hand = run(2, NOW - 10 * MINUTE, of=limited, took=20, status="canceled")
    kept.add(stopped, by_hand)
    assert ids(look(records, settings, NOW)) == ["1"]
    ((about, number, text),) = lines(records)
    assert (about, number) == ("silent", 1) and "time limit" in text and "execution 1" in text


@pytest.mark.parametrize("caller", ["error", "success", "running"])
def test_a_sub_workflow_is_told_by_its_caller(kept: Kept, settings: Settings, records: Records, caller: str) -> None:
    """One that ended well did not wait for it; of one that runs still it is not known yet."""
    child = failed(2, 10, of=CHILD, mode="integrated")
    child["data"]["parentExecution"] = {"executionId": "1", "workflowId": "wf1"}
    parent = failed(1, 10) if caller == "error" else run(1, NOW - 10 * MINUTE, status=caller)
    kept.add(parent, child)
    assert ids(look(records, settings, NOW)) == {"error": ["1"], "success": ["2"], "running": []}[caller]


def test_what_is_found_is_an_incident_as_its_alert_would_have_made(
    kept: Kept, settings: Settings, records: Records
) -> None:
    execution = failed(7, 10, error(401, description="invalid token sk-live-4242"))
    kept.add(execution)
    (found,) = look(records, settings, NOW)
    assert found == Found("main", "7", "INC-1", created=True)
    mine = records.get(1)
    other = Records(Path(str(settings.path)).parent / "other.db", clock=lambda: NOW)
    alerted(other, settings, execution)
    theirs = other.get(1)
    own = {"execution_url": None}  # n8n names its own address
    assert mine.subject.model_copy(update=own) == theirs.subject.model_copy(update=own)
    assert (mine.title, mine.client, mine.source, mine.severity) == (
        theirs.title,
        theirs.client,
        theirs.source,
        theirs.severity,
    )
    assert abs(mine.detected_at - theirs.detected_at) < timedelta(seconds=1)
    assert "7" in str(mine.subject.execution_url)


def test_an_alert_that_comes_late_counts_nothing_more(kept: Kept, settings: Settings, records: Records) -> None:
    one, two = failed(1, 10), failed(2, 9)
    kept.add(one, two)
    look(records, settings, NOW)
    assert records.get(1).occurrences == 2
    late = alerted(records, settings, one, two, at=NOW + MINUTE)
    assert [(outcome.incident, outcome.created, outcome.folded) for outcome in late] == [("INC-1", False, True)] * 2
    assert records.get(1).occurrences == 2 and len(records.incidents()) == 1
    alerted(records, settings, failed(3, 0), at=NOW + MINUTE)
    assert records.get(1).occurrences == 3


@pytest.mark.parametrize("signed", [True, False])
def test_what_alerted_before_is_not_found(kept: Kept, settings: Settings, records: Records, signed: bool) -> None:
    one, two = failed(1, 10), failed(2, 9)
    alerted(records, settings, one, two, signed=signed)
    kept.add(one, two)
    assert look(records, settings, NOW) == [] and records.get(1).occurrences == 2
    assert lines(records) == []


def test_what_failed_before_its_incident_was_resolved_does_not_bring_it_back(
    kept: Kept, settings: Settings, records: Records
) -> None:
    """Of alerts that are counted together the timeline names the newest run only."""
    many = [failed(number, 20 - number) for number in (1, 2, 3)]
    alerted(records, settings, *many, signed=True)
    records.add(1, payload_of("resolved", {}), by="Anna", at=NOW - 5 * MINUTE)
    kept.add(*many)
    assert look(records, settings, NOW) == []
    kept.add(failed(4, 4))
    assert [(one.execution_id, one.incident, one.created) for one in look(records, settings, NOW)] == [
        ("4", "INC-1", False)
    ]
    assert kinds(records, 1)[-2:] == ["reopened", "occurred"]


def test_an_alert_with_other_words_is_known_by_its_execution(kept: Kept, settings: Settings, records: Records) -> None:
    one = failed(1, 10)
    kept.add(failed(1, 10, error(500)))  # what n8n keeps of it says something else than its alert
    alerted(records, settings, one, signed=True)
    assert look(records, settings, NOW) == [] and len(records.incidents()) == 1


def test_another_servers_execution_of_the_same_id_is_another(kept: Kept, settings: Settings, records: Records) -> None:
    body = alert_body(failed(1, 10))
    alerts = n8n_trigger.read(body, received=NOW, instance="other")
    Arrivals(records, settings).take([Arrival(alerts, "n8n", body, "d", NOW, "n8n:other:1:d")])
    kept.add(failed(1, 10))
    assert [one.incident for one in look(records, settings, NOW)] == ["INC-2"]


@pytest.mark.parametrize("number", [1, 2])
def test_an_alert_that_comes_between_looking_and_writing(
    kept: Kept, settings: Settings, records: Records, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Of the very execution, or of another one with the same problem."""
    one = failed(1, 10)
    kept.add(one)
    real: Callable[..., Any] = reconcile._take

    def after_its_alert(*given: Any) -> Any:
        alerted(records, settings, failed(number, 9))
        return real(*given)

    monkeypatch.setattr(reconcile, "_take", after_its_alert)
    assert look(records, settings, NOW) == [] and records.get(1).occurrences == 1


def test_several_that_look_at_once_find_it_once(
    kept: Kept, server: Server, records: Records, place: Path | str, tmp_path: Path
) -> None:
    """Machines of their own, each with its own archive."""
    kept.add(*(failed(number, 30 - number, of=flow(number)) for number in range(1, 9)))
    many = [
        (Records(place, clock=lambda: NOW), workspace(tmp_path / str(number), n8n={"main": {"url": server.url}}))
        for number in range(3)
    ]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda one: look(one[0], one[1], NOW), many))
    assert sorted(int(str(one)) for some in found for one in ids(some)) == [*range(1, 9)]
    assert len(records.incidents()) == 8 == len(lines(records))
    assert all(one.occurrences == 1 for one in records.incidents())
    for one, _ in many:
        one.close()


def test_a_server_that_does_not_answer_is_a_result_and_nothing_is_lost(
    kept: Kept, settings: Settings, records: Records, tmp_path: Path
) -> None:
    """What failed meanwhile is found when it answers again, however long that took."""
    kept.add(run(1, NOW - 30 * MINUTE))
    assert look(records, settings, NOW) == []
    kept.instead = lambda _: answer({"message": "gone"}, 500)
    away = look(records, settings, NOW + 10 * MINUTE)
    assert [(one.instance, one.execution_id) for one in away] == [("main", None)] and "500" in away[0].why
    assert [one.execution_id for one in look(records, settings, NOW + timedelta(days=3))] == [None]
    kept.instead = lambda _: None
    kept.add(failed(2, -20), failed(3, -3 * 24 * 60, error(500)))
    later = NOW + timedelta(days=4)
    assert ids(look(records, settings, later)) == ["2", "3"]
    other = workspace(
        tmp_path / "b", n8n={"none": {"url": "http://127.0.0.1:9"}, "main": {"url": settings.n8n["main"].url}}
    )
    found = look(records, other, later)
    assert found[0].instance == "none" and "INCIDENT_NB_N8N_API_KEY__NONE" in found[0].why


def test_a_crash_that_is_known_late_is_found(kept: Kept, settings: Settings, records: Records) -> None:
    """n8n dates a run that it died under by its last node, and says so when it is back."""
    kept.add(run(1, NOW - 30 * MINUTE, status="running", stoppedAt=None))
    assert look(records, settings, NOW) == []
    kept.add(failed(1, 30, OUT_OF_MEMORY, status="crashed"))
    (found,) = look(records, settings, NOW + timedelta(hours=5))
    assert found.execution_id == "1"


def test_what_another_process_looks_at_is_left_to_it(kept: Kept, settings: Settings, records: Records) -> None:
    kept.add(failed(1, 10))
    with remembered(settings, "reconcile"):
        assert look(records, settings, NOW) == []
    assert ids(look(records, settings, NOW)) == ["1"]


@pytest.mark.parametrize(
    "left", ["", "{", "[]", '{"main": {"first": 1}}', '{"main": {"first": "2026-03-09", "last": "x"}}']
)
def test_a_memory_that_cannot_be_read_finds_nothing_twice(
    kept: Kept, settings: Settings, tmp_path: Path, left: str
) -> None:
    records = Records(tmp_path / "record.db", clock=lambda: NOW)
    kept.add(failed(1, 10))
    assert ids(look(records, settings, NOW)) == ["1"]
    (tmp_path / "watch" / "reconcile.json").write_text(left)
    records.add(1, payload_of("resolved", {}), by="Anna", at=NOW - 20 * MINUTE)
    assert look(records, settings, NOW + MINUTE) == []


def test_more_than_one_look_takes_in_is_left_for_the_next(
    kept: Kept, settings: Settings, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST", 2)
    kept.add(*(failed(number, 30 - number, of=flow(number)) for number in range(1, 6)))
    assert [ids(look(records, settings, NOW)) for _ in range(4)] == [["1", "2"], ["3", "4"], ["5"], []]


def test_what_is_left_after_days_without_the_server_is_found_too(
    kept: Kept, settings: Settings, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MOST", 2)
    assert look(records, settings, NOW) == []
    kept.add(*(failed(number, -60 * number, of=flow(number)) for number in range(1, 6)))
    later = NOW + timedelta(days=4)
    assert [ids(look(records, settings, later)) for _ in range(4)] == [["1", "2"], ["3", "4"], ["5"], []]
