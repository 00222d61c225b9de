"""No execution is retried twice, and none that is not safe: what a review found could go wrong, each by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from incident_nb.actions import plans, recover, replay_plan
from incident_nb.actions.replays import Choice
from incident_nb.desk import on_record
from incident_nb.incidents.kinds.mending import Resolved
from incident_nb.settings import load
from tests.acting import Run
from tests.replays import (
    BEGAN,
    MINUTE,
    SERVER,
    called,
    execution,
    flow,
    opened,
    plan,
    recorded,
    replay,
    retried,
    states,
)
from tests.writable import Kept

pytestmark = pytest.mark.usefixtures("no_pauses")
SECRET = "ghp_" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6"
LOST = (504, {"message": "gateway timed out"})


def lose(n8n: Kept, answer: Any = LOST) -> None:
    """From now on retries get this answer, and nothing is begun."""
    n8n.instead = lambda method, *_: answer if method == "POST" else None


def test_all_attempts_count_and_not_only_those_before(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    replay(newer, one, 2, SERVER)  # this one may have written
    replay(newer, one, 3, None)
    run(newer)
    opened()
    assert "retry" not in plan(run)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_settings_that_it_ran_with_count_as_well(newer: Kept, run: Run, sure: None, method: str) -> None:
    orders = flow(newer, settings={"saveDataSuccessExecution": "none"}, method=method)
    one = execution(newer, orders, 1)
    orders["settings"] = {"saveDataSuccessExecution": "all"}
    lose(newer)
    run(newer)
    opened()
    for _ in range(2):
        run("recover", "INC-1", "--execution", one, "--yes")
        assert states() == {one: "asked"}
    run("recover", "INC-1", "--yes")
    assert len(retried(newer)) == 2, "each time by name"


def test_one_that_waits_for_its_turn_is_found_by_its_number(n8n: Kept, run: Run, sure: None) -> None:
    one = execution(n8n, flow(n8n), 1)

    def queued(method: str, *_: Any) -> Any:
        if method != "POST":
            return None
        n8n._retry(n8n.executions[1], None)
        n8n.executions[1]["retrySuccessId"] = None
        n8n.executions[2] |= {"status": "new", "finished": False}
        n8n.unlisted = {2}
        return LOST

    n8n.instead = queued
    run(n8n)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and states() == {one: "going_on"} and recorded().retries["default/1"].retry_id == "2"
    n8n.executions[2] |= {"status": "success", "finished": True}
    n8n.unlisted = set()
    assert run("recover", "INC-1", "--yes").code == 0 and states() == {one: "well"} and len(retried(n8n)) == 1


def test_where_too_much_is_on_no_list_nobody_can_tell(newer: Kept, run: Run, sure: None) -> None:
    orders = flow(newer)
    one = execution(newer, orders, 1)
    later = execution(newer, orders, (datetime.now(UTC) - BEGAN) / MINUTE, None)
    newer.executions[900] = newer.executions.pop(int(later)) | {"id": "900"}
    lose(newer)
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert "too many executions" in told.err and states() == {one: "asked"}


def test_a_refusal_that_may_come_late_is_none(older: Kept, run: Run) -> None:
    one = execution(older, flow(older), 1)

    def limit(method: str, *_: Any) -> Any:
        if method != "POST":
            return None
        replay(older, one, 2, SERVER, status="canceled", finished=False)
        return 400, {"message": "The execution was cancelled because it timed out"}

    older.instead = limit
    run(older)
    opened()
    assert run("recover", "INC-1", "--yes").code == 1 and states() == {one: "failed"}


def test_one_whose_number_is_known_was_begun_though_it_is_gone(newer: Kept, run: Run, sure: None) -> None:
    one = execution(newer, flow(newer), 1)

    def slow(method: str, *_: Any) -> Any:
        if method != "POST" or newer.executions.get(2):
            return None
        replay(newer, one, 2, None, status="running", finished=False)
        return 200, newer.executions[2]

    newer.instead = slow
    run(newer)
    opened()
    run("recover", "INC-1", "--yes")
    assert states() == {one: "going_on"}
    del newer.executions[2]
    told = run("recover", "INC-1", "--yes")
    assert "is gone from n8n" in told.err and len(retried(newer)) == 1


def test_its_number_is_on_record_as_soon_as_it_is_known(newer: Kept, run: Run, sure: None) -> None:
    one = execution(newer, flow(newer), 1)

    def slow(method: str, path: str, _: Any) -> Any:
        if method == "POST":
            replay(newer, one, 2, None, status="waiting")
            newer.unlisted = {2}
            return 200, newer.executions[2]
        return (502, {}) if path.endswith("/executions/2") else None

    newer.instead = slow
    run(newer)
    opened()
    for _ in range(2):
        run("recover", "INC-1", "--yes")
        assert states() == {one: "going_on"} and len(retried(newer)) == 1


def test_a_failed_retry_that_is_gone_is_not_forgotten(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    newer.wrong = lambda *_: SERVER
    run(newer)
    opened()
    run("recover", "INC-1", "--yes")
    del newer.executions[2]
    assert states() == {one: "failed"} and plan(run) == {"person": [one]}


def test_what_was_named_for_one_reason_is_not_retried_for_another(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1, SERVER)
    run(newer)
    opened()
    newer.wrong = lambda *_: SERVER
    desk, choice = on_record(load(None)), Choice(executions=(one,))
    with plans.replaying(desk, 1, choice) as (server, planned):
        run("recover", "INC-1", "--execution", one, "--yes")  # somebody else
        (step,) = recover.recover(server, planned, desk, choice, recover.Pace())
    assert step.outcome == "not_done" and retried(newer) == [one]


def test_what_a_caller_did_meanwhile_counts_for_its_sub_workflow(newer: Kept, run: Run) -> None:
    above, below = called(newer, 1, stores=True)
    run(newer)
    opened("w1")
    assert plan(run) == {"with": [above], "retry": [below]}
    desk = on_record(load(None))
    with plans.replaying(desk, 1) as (server, planned):
        newer._retry(newer.executions[int(above)], None)  # by hand
        (step,) = recover.recover(server, planned, desk, Choice(), recover.Pace())
    assert step.outcome == "not_done" and retried(newer) == []


def test_what_the_record_says_of_a_caller_counts_too(newer: Kept, run: Run) -> None:
    above, below = called(newer, 1, stores=True, settings={"saveDataSuccessExecution": "none"})
    run(newer)
    opened("w1")
    desk = on_record(load(None))
    desk.add(1, "retrying", instance="default", execution_id=above, workflow="Parent")
    desk.add(1, "retried", instance="default", execution_id=above, state="well", retry_id="9")
    assert below not in plan(run).get("retry", [])


def test_nothing_more_is_retried_once_the_fix_is_gone(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    ids = [execution(newer, orders, at) for at in range(1, 4)]
    run(newer)
    opened()
    desk = on_record(load(None))
    with plans.replaying(desk, 1) as (server, planned):
        steps = recover.recover(server, planned, desk, Choice(), recover.Pace())
        next(steps)
        desk.records.add(1, Resolved(), by="anna")
        desk.add(1, "reopened", reason="it fails again")
        assert "no longer in place" in next(steps).told
        list(steps)
    assert retried(newer) == ids[:1]


def test_where_good_runs_may_not_be_kept_a_retry_by_hand_could_be_hidden(newer: Kept, run: Run) -> None:
    orders = flow(newer, settings={})
    one = execution(newer, orders, 1)
    run(newer)
    opened()
    assert plan(run) == {"person": [one]}
    execution(newer, orders, 2, None)
    assert plan(run) == {"retry": [one]}


def test_what_another_incident_began_does_not_end_the_rest(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    one, two = execution(newer, orders, 1), execution(newer, orders, 2)
    run(newer)
    opened()
    opened()
    on_record(load(None)).add(1, "retrying", instance="default", execution_id=one, workflow="Orders")
    assert run("recover", "INC-2", "--yes").code == 1 and retried(newer) == [two]


def test_one_that_was_named_and_can_not_be_retried_is_told(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    newer.executions[1]["data"]["executionData"]["nodeExecutionStack"] = []
    run(newer)
    opened()
    told = run("recover", "INC-1", "--execution", one, "--yes")
    assert told.code == 1 and "no place to go on" in told.err


def test_what_is_beyond_a_plan_is_told(newer: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_plan, "MOST", 1)
    above, _ = called(newer, 1)
    execution(newer, newer.workflows["w1"], 2)
    run(newer)
    opened("w1")
    told = run("recover", "INC-1")
    assert told.code == 0 and "2 executions" in told.out and "not looked at" in told.out
    assert "is none of those" in run("recover", "INC-1", "--execution", "3").err and above


def test_names_of_nodes_pass_the_gate(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    orders["nodes"].insert(1, {**orders["nodes"][1], "name": f"Store {SECRET}"})
    ways = [["Hook", f"Store {SECRET}"], [f"Store {SECRET}", "Send"]]
    orders["connections"] = {one: {"main": [[{"node": two, "type": "main", "index": 0}]]} for one, two in ways}
    execution(newer, orders, 1)
    ran = newer.executions[1]["data"]["resultData"]["runData"]
    ran[f"Store {SECRET}"][0]["source"] = [{"previousNode": "Hook"}]
    run(newer)
    opened()
    for given in (("impact", "INC-1"), ("impact", "INC-1", "--json"), ("recover", "INC-1", "--json")):
        told = run(*given)
        assert told.code == 0 and SECRET not in told.out + told.err + told.json, given
    said = [event.payload for event in on_record(load(None)).records.events(1) if event.kind == "harmed"]
    assert len(said) == 1 and said[0]["wrote"] and SECRET not in str(said)


def test_a_retry_that_was_there_before_is_not_taken_for_ours(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    replay(newer, one, 2, SERVER)  # by hand
    lose(newer)
    run(newer)
    opened()
    run("recover", "INC-1", "--execution", one, "--yes")
    assert states() == {one: "asked"}


def test_what_the_record_calls_done_is_done_though_n8n_shows_nothing_of_it(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    run(newer)
    opened()
    desk = on_record(load(None))
    desk.add(1, "retrying", instance="default", execution_id=one, workflow="Orders")
    desk.add(1, "retried", instance="default", execution_id=one, state="well")
    assert plan(run) == {"done": [one]}
