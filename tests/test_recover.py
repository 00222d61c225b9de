"""Failed executions retried: which, in which version, each once wherever it was cut off, and what was affected at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.actions import fate, recover
from incident_nb.desk import Desk, on_record
from incident_nb.documents.letter import letter_of
from incident_nb.errors import UnreachableError
from incident_nb.incidents import fold
from incident_nb.incidents.store import Writing
from incident_nb.models import Severity
from incident_nb.settings import load
from incident_nb.ui.resolution import Resolution
from tests.acting import CUTS, Clicked, Run, cut_off
from tests.builders import error, page
from tests.exports import Json
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

# Which


def test_a_plan_gives_each_its_verdict_and_changes_nothing(n8n: Kept, run: Run) -> None:
    orders = flow(n8n)
    execution(n8n, orders, -60, None)
    safe, many, unknown = (
        execution(n8n, orders, 1),
        execution(n8n, orders, 2, items=3),
        execution(n8n, orders, 3, SERVER),
    )
    execution(n8n, orders, 4, mode="manual")
    run(n8n)
    opened()
    told = run("recover", "INC-1")
    assert told.code == 0 and "Nothing was changed" in told.err
    for said in (f"To retry (1) {safe}", "For a person to look at", "had 3 items", "401", "executions failed"):
        assert said in told.out, said
    assert plan(run) == {"retry": [safe], "person": [many, unknown]}
    assert n8n.writes == [] and states() == {}


def test_only_with_yes_and_a_fix_those_that_are_safe_are_retried_in_order(
    n8n: Kept,
    run: Run,
    no_pauses: list[float],
) -> None:
    orders = flow(n8n)
    first, person, last = execution(n8n, orders, 1), execution(n8n, orders, 2, SERVER), execution(n8n, orders, 3)
    run(n8n)
    opened(fixed=False)
    told = run("recover", "INC-1", "--yes")
    assert told.code == 2 and "no fix is in place" in told.err and n8n.writes == []
    on_record(load(None)).add(1, "fixed", what="a new key")
    told = run("recover", "INC-1", "--per-minute", "20", "--yes")
    assert told.code == 0 and f"Execution {first} of Orders" in told.err, told.err
    assert retried(n8n) == [first, last] and states() == {first: "well", last: "well"} and no_pauses == [3.0]
    assert plan(run) == {"done": [first, last], "person": [person]}
    told = run("recover", "INC-1", "--yes")
    assert told.code == 0 and "nothing to retry" in told.err and len(retried(n8n)) == 2
    assert run("recover", "INC-1", "--execution", person, "--yes").code == 0
    assert retried(n8n) == [first, last, person] and len({one.retry_id for one in recorded().retries.values()}) == 3


def test_what_writes_under_a_key_is_retried_only_if_asked_for(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    header = {"parameters": [{"name": "Idempotency-Key", "value": "={{ $json.invoice_id }}"}]}
    orders["nodes"][1]["parameters"] |= {"sendHeaders": True, "headerParameters": header}
    keyed = execution(newer, orders, 1, SERVER)
    run(newer)
    opened()
    assert plan(run) == {"keyed": [keyed]}
    assert run("recover", "INC-1", "--yes").code == 0 and retried(newer) == []
    assert run("recover", "INC-1", "--keyed", "--yes").code == 0 and retried(newer) == [keyed]


def test_a_repaired_workflow_is_loaded_as_it_is_now_and_told(n8n: Kept, run: Run) -> None:
    orders = flow(n8n)
    execution(n8n, orders, 1)
    run(n8n)
    opened()
    orders["nodes"][1]["parameters"]["url"] = "https://api.test/v2/orders"
    told = run("recover", "INC-1")
    assert "with the workflow as it is now" in told.out and "parameter url" in told.out
    assert run("recover", "INC-1", "--yes").code == 0
    assert [json.loads(body) for body in n8n.bodies] == [{"loadWorkflow": True}]


def test_a_draft_is_not_run(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    one = execution(newer, orders, 1)
    published = json.loads(json.dumps(orders["nodes"]))
    published[1]["parameters"]["url"] = "https://api.test/v2/orders"
    orders |= {"activeVersion": {"nodes": published, "connections": orders["connections"]}, "versionId": "w1-2"}
    run(newer)
    opened()
    assert plan(run) == {"person": [one]} and "draft" in run("recover", "INC-1").out


def test_what_was_saved_of_a_stopped_workflow_is_not_run_before_that_is_put_back(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    one = execution(newer, orders, 1)
    run(newer)
    opened()
    assert run("contain", "INC-1", "--yes").code == 0
    assert plan(run) == {"retry": [one]}, "it is as it ran"
    draft = json.loads(json.dumps(orders["nodes"]))
    draft[1]["parameters"]["url"] = "https://api.test/v2/orders"
    orders |= {"nodes": draft, "versionId": "w1-2"}
    assert plan(run) == {"person": [one]} and "put it back or publish it first" in run("recover", "INC-1").out
    run("recover", "INC-1", "--yes")
    assert retried(newer) == []


def test_other_problems_and_other_times_are_left_out(n8n: Kept, run: Run) -> None:
    orders, bills = flow(n8n), flow(n8n, "Bills")
    execution(n8n, orders, -300)  # long over
    for at in range(-250, -10, 20):
        execution(n8n, orders, at, None)
    mine = execution(n8n, orders, 1)
    other = execution(n8n, orders, 2, error(422, "This field is missing"))
    theirs = execution(n8n, bills, 3)
    run(n8n)
    fingerprint = _fingerprint(mine)
    opened(fingerprint=fingerprint)
    assert plan(run) == {"retry": [mine]}
    assert f"another way since, and not counted here: execution {other}." in run("recover", "INC-1").out
    assert plan(run, "--workflow", "Orders") == {"retry": [mine, other]}
    assert plan(run, "--workflow", "Bills") == {"retry": [mine, theirs]}
    assert "No workflow with the id or name 'Nobody'" in run("recover", "INC-1", "--workflow", "Nobody").err
    assert "is none of those" in run("recover", "INC-1", "--execution", other).err


def _fingerprint(execution_id: str) -> str:
    from incident_nb.patterns import problems
    from incident_nb.watch.servers import read

    table = problems(read("default", load(None), datetime.now(UTC)).log.failures)
    return str(table.set_index("execution_id")["fingerprint"][execution_id])


def test_what_was_stopped_with_it_is_recovered_with_it_where_the_credential_is_the_same(n8n: Kept, run: Run) -> None:
    orders, bills, mails = flow(n8n), flow(n8n, "Bills"), flow(n8n, "Mails")
    mails["nodes"][1]["credentials"] = {"httpHeaderAuth": {"id": "c9", "name": "Other"}}
    mine, theirs, other = execution(n8n, orders, 1), execution(n8n, bills, 2), execution(n8n, mails, 3)
    run(n8n)
    opened(credential_id="c7")
    assert plan(run) == {"retry": [mine]}
    assert run("contain", "INC-1", "--all", "--yes").code == 0
    assert plan(run) == {"retry": [mine, theirs]} and other


def test_what_failed_elsewhere_before_the_incidents_own_did_is_recovered_and_what_was_over_is_not(
    n8n: Kept, run: Run
) -> None:
    orders, bills, mails = flow(n8n), flow(n8n, "Bills"), flow(n8n, "Mails")
    long_ago = execution(n8n, bills, -90)
    execution(n8n, orders, -60, None)
    over = execution(n8n, mails, -30)
    execution(n8n, mails, -20, None)
    first = execution(n8n, bills, -10)
    mine = execution(n8n, orders, 1)
    run(n8n)
    opened(credential_id="c7")
    assert plan(run) == {"retry": [mine]}
    assert run("contain", "INC-1", "--all", "--yes").code == 0
    assert plan(run) == {"retry": [first, mine]} and long_ago and over
    assert "Since" in run("impact", "INC-1").out and recorded().harm.since == BEGAN - 10 * MINUTE  # type: ignore[union-attr]
    assert run("recover", "INC-1", "--yes").code == 0 and retried(n8n) == [first, mine]


def test_of_a_caller_and_its_sub_workflow_one_is_retried(newer: Kept, run: Run) -> None:
    above, below = called(newer, 1)
    run(newer)
    opened("w1")
    assert plan(run) == {"retry": [above], "with": [below]}, "the caller began before the first failure"
    told = run("recover", "INC-1", "--execution", above, "--execution", below, "--yes")
    assert told.code == 2 and "do the same work" in told.err and newer.writes == []
    assert run("recover", "INC-1", "--yes").code == 0 and retried(newer) == [above]


def test_what_did_not_run_while_it_was_stopped_is_told(n8n: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    orders, hourly = flow(n8n), flow(n8n, "Hourly")
    rule = {"rule": {"interval": [{"field": "minutes", "minutesInterval": 10}]}}
    hourly["nodes"][0] = {
        "name": "Every 10",
        "type": "n8n-nodes-base.scheduleTrigger",
        "typeVersion": 1.2,
        "parameters": rule,
    }
    execution(n8n, orders, 1)
    run(n8n)
    opened()
    assert run("contain", "INC-1", "--all", "--yes").code == 0
    assert "Orders is stopped since" in run("recover", "INC-1").out
    assert run("restore", "INC-1", "--yes").code == 0
    span = {"since": datetime(2026, 11, 27, 1, tzinfo=UTC), "at": datetime(2026, 11, 27, 2, 1, tzinfo=UTC)}
    held = {key: one.model_copy(update=span) for key, one in recorded().held.items()}
    monkeypatch.setattr(
        "incident_nb.incidents.store.fold", lambda events: fold(events).model_copy(update={"held": held})
    )
    told = run("recover", "INC-1").out
    assert "Orders was stopped from" in told and "what “Hook” would have started meanwhile did not run" in told
    assert "6 runs of its schedule did not happen" in told, told


# What was affected


def test_what_was_affected_is_counted_once_and_kept(n8n: Kept, run: Run) -> None:
    orders = flow(n8n)
    one = execution(n8n, orders, 1, items=2)
    execution(
        n8n, orders, 2, items=[{"json": {"invoice_id": "i1-0"}}, {"json": {"body": {"orders": [{"id": 1}, {"id": 2}]}}}]
    )
    n8n.executions[9] = n8n.executions[1] | {"id": "9", "mode": "retry", "retryOf": one}
    run(n8n)
    opened()
    told = run("impact", "INC-1")
    assert told.code == 0 and "2 executions failed" in told.out and "2 invoices and 2 orders" in told.out, told.out
    harm = recorded().harm
    assert harm and (harm.failed, harm.items, harm.unseen) == (2, {"invoices": 2, "orders": 2}, 0)
    assert run("impact", "INC-1", "--json").code == 0
    assert [event.kind for event in on_record(load(None)).records.events(1)].count("harmed") == 1


def test_what_bears_no_number_is_not_counted_again_in_a_retry(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1, items=[{"json": {"subject": "Hello"}}])
    replay(newer, one, 2, None)
    run(newer)
    opened()
    assert run("impact", "INC-1").code == 0 and recorded().harm.items == {"items": 1}  # type: ignore[union-attr]


def test_what_was_affected_is_counted_from_an_export_as_well(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    execution(newer, orders, -60, None)
    execution(newer, orders, 1, items=2)
    execution(newer, orders, 2)
    run(newer)
    opened()
    by_server = run("impact", "INC-1", "--json").json
    Path("export.json").write_text(page(list(newer.executions.values())))
    newer.instead = lambda *_: (500, {})
    told = run("impact", "INC-1", "--from", "export.json", "--json")
    assert (
        told.code == 0
        and json.loads(told.json) == json.loads(by_server)
        and json.loads(told.json)["items"] == {"invoices": 3}
    )
    assert run("impact", "INC-1", "--from", "none.json").code != 0


def test_what_had_been_written_and_what_only_looked_well_is_told(newer: Kept, run: Run) -> None:
    orders = flow(newer)
    store = {**orders["nodes"][1], "name": "Store"}
    orders["nodes"].insert(1, store)
    orders["connections"] = {
        "Hook": {"main": [[{"node": "Store", "type": "main", "index": 0}]]},
        "Store": {"main": [[{"node": "Send", "type": "main", "index": 0}]]},
    }
    execution(newer, orders, 1)
    newer.executions[1]["data"]["resultData"]["runData"]["Store"][0]["source"] = [{"previousNode": "Hook"}]
    green = execution(newer, orders, 2, None)
    newer.executions[2]["data"]["resultData"]["runData"]["Send"][0]["data"]["main"] = [
        [{"json": {"error": "401 - invalid token"}}, {"json": {}}]
    ]
    newer.executions[2]["workflowData"]["nodes"][2]["onError"] = "continueRegularOutput"
    run(newer)
    opened()
    told = run("impact", "INC-1")
    assert "“Store” (1)" in told.out and recorded().harm.wrote == {"Store": 1}, told.out  # type: ignore[union-attr]
    assert green


# Done once, whatever happens


def test_two_that_fail_again_end_it(n8n: Kept, run: Run) -> None:
    orders = flow(n8n)
    ids = [execution(n8n, orders, at) for at in range(4)]
    n8n.wrong = lambda *_: error(401, "No token ghp_" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6")
    run(n8n)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "failed again" in told.err and "not tried" in told.err and "ghp_a1" not in told.err
    assert retried(n8n) == ids[:2] and states() == {ids[0]: "failed", ids[1]: "failed"}
    assert "ghp_a1" not in str(recorded().retries)
    n8n.wrong = lambda *_: None
    run("recover", "INC-1", "--yes")  # their retries are what can be retried now
    assert retried(n8n)[2:] == [*ids[2:], "5", "6"] or retried(n8n)[2:] == ["5", "6", *ids[2:]], retried(n8n)


def test_what_was_retried_by_hand_since_the_plan_is_not_retried(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)
    run(newer)
    opened()
    looks = []

    def by_hand(method: str, path: str, _: Any) -> None:
        looks.append(path)
        if path.endswith(f"/executions/{one}") and sum(each == path for each in looks) == 2:
            newer._retry(newer.executions[1], None)

    newer.instead = by_hand
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "can't be retried any more" in told.err and retried(newer) == []


def test_two_incidents_do_not_retry_the_same(n8n: Kept, run: Run) -> None:
    one = execution(n8n, flow(n8n), 1)
    run(n8n)
    opened()
    opened()
    assert run("recover", "INC-1", "--yes").code == 0
    n8n.executions[1]["retrySuccessId"] = None  # as where good executions are not kept
    n8n.executions = {1: n8n.executions[1]}
    told = run("recover", "INC-2", "--yes")
    assert told.code == 1 and "was retried for INC-1" in told.err and retried(n8n) == [one]


def test_one_that_another_process_began_meanwhile_is_not_begun_again(n8n: Kept, run: Run) -> None:
    one = execution(n8n, flow(n8n), 1)
    run(n8n)
    opened()

    def meanwhile(method: str, path: str, _: Any) -> None:
        if path.endswith("/w1") and "default/1" not in recorded().retries:
            on_record(load(None)).add(1, "retrying", instance="default", execution_id=one, workflow="Orders")

    desk = on_record(load(None))
    from incident_nb.actions import plans
    from incident_nb.actions.replays import Choice

    with plans.replaying(desk, 1) as (server, planned):
        n8n.instead = meanwhile
        (step,) = recover.recover(server, planned, desk, Choice(), recover.Pace())
    assert step.outcome == "not_done" and "just now" in step.told
    assert retried(n8n) == []


@pytest.mark.parametrize(
    ("refusal", "state"), [((409, {"message": "no"}), "never"), ((404, {"message": "Not Found"}), "never")]
)
def test_what_n8n_refuses_was_never_begun(newer: Kept, run: Run, refusal: Any, state: str) -> None:
    one = execution(newer, flow(newer), 1)
    newer.instead = lambda method, *_: refusal if method == "POST" else None
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "never begun" in told.err and states() == {one: state}
    newer.instead = lambda *_: None
    assert run("recover", "INC-1", "--yes").code == 0 and states() == {one: "well"}


def test_a_retry_that_outlasts_the_answer_is_followed_to_its_end(
    newer: Kept,
    run: Run,
    no_pauses: list[float],
) -> None:
    one = execution(newer, flow(newer), 1)

    def slow(method: str, path: str, _: Any) -> Any:
        if method == "POST":
            newer._retry(newer.executions[1], None)
            newer.executions[2] |= {"status": "running", "finished": False}
            newer.executions[1]["retrySuccessId"] = None
            return 504, {"message": "gateway timed out"}
        if path.endswith("/executions/2") and len(no_pauses) > 2:
            newer.executions[2] |= {"status": "success", "finished": True}
        return None

    newer.instead = slow
    run(newer)
    opened()
    assert run("recover", "INC-1", "--yes").code == 0
    assert states() == {one: "well"} and retried(newer) == [one] and no_pauses == [1.0, 2.0, 4.0]


def test_one_that_goes_on_for_long_is_seen_to_its_end_the_next_time(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)

    def slow(method: str, *_: Any) -> Any:
        if method != "POST":
            return None
        newer._retry(newer.executions[1], None)
        newer.executions[2] |= {"status": "running", "finished": False}
        newer.executions[1]["retrySuccessId"] = None
        return 200, newer.executions[2]

    newer.instead = slow
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "goes on" in told.err and states() == {one: "going_on"}
    assert plan(run) == {"going_on": [one]}
    newer.executions[2] |= {"status": "success", "finished": True}
    assert run("recover", "INC-1", "--yes").code == 0 and states() == {one: "well"} and retried(newer) == [one]


HIDING: list[tuple[Json, str]] = [
    ({"settings": {"saveDataSuccessExecution": "none"}}, "does not keep"),
    ({"settings": {}}, "not known whether this server keeps"),
    ({}, "5 minutes after"),
]


@pytest.mark.parametrize(("more", "said"), HIDING)
def test_one_that_nobody_can_tell_of_is_left_to_a_person(newer: Kept, run: Run, more: Json, said: str) -> None:
    orders = flow(newer, method="GET", **{key: value for key, value in more.items() if key == "settings"})
    one = execution(newer, orders, 1, node="Send")
    newer.instead = lambda method, *_: (502, "bad gateway") if method == "POST" else None
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and said in told.err and states() == {one: "asked"}, told.err
    newer.instead = lambda *_: None
    assert plan(run) == {"unsure": [one]}
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and len(retried(newer)) == 1 and said in told.err
    assert run("recover", "INC-1", "--execution", one, "--yes").code == 0
    assert len(retried(newer)) == 2 and states() == {one: "well"}


def test_with_evidence_that_it_would_be_seen_it_was_never_begun(newer: Kept, run: Run, sure: None) -> None:
    orders = flow(newer, settings={})
    execution(newer, orders, -60, None)
    one = execution(newer, orders, 1)
    newer.instead = lambda method, *_: (502, "bad gateway") if method == "POST" else None
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "never begun" in told.err and states() == {one: "never"}


def test_what_is_not_on_record_is_not_retried(newer: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    execution(newer, flow(newer), 1)
    run(newer)
    opened()

    def full(*_: Any, **__: Any) -> None:
        raise UnreachableError("the disk is full")

    monkeypatch.setattr(Writing, "add", full)
    assert run("recover", "INC-1", "--yes").code == 1 and newer.writes == []


def test_a_retry_that_only_looks_well_is_none(newer: Kept, run: Run) -> None:
    one = execution(newer, flow(newer), 1)

    def hollow(method: str, *_: Any) -> Any:
        if method == "POST":
            newer._retry(newer.executions[1], None)
            runs = newer.executions[2]["data"]["resultData"]["runData"]
            runs["Send"][0]["data"] = {"main": [[{"json": {"error": "quota exceeded"}}]]}
            return 200, newer.executions[2]
        return None

    newer.instead = hollow
    run(newer)
    opened()
    told = run("recover", "INC-1", "--yes")
    assert told.code == 1 and "quota exceeded" in told.err and states() == {one: "failed"}
    assert plan(run) == {"apart": [one]} and "was none" in run("recover", "INC-1").out


@pytest.mark.parametrize("over", ["resolved", "closed"])
def test_what_is_over_is_not_acted_on_unless_it_may_be(newer: Kept, run: Run, over: str) -> None:
    one = execution(newer, flow(newer), 1)
    run(newer)
    opened()
    desk = on_record(load(None))
    desk.add(1, "cause_accepted", cause="credentials")
    desk.choose(1, Severity.P3)
    desk.resolve(1, "a new key", {f"VER-{n}": "by hand" for n in range(1, 6)})
    if over == "closed":
        desk.close(1, "over", {f"FIN-{n}": "not needed" for n in range(1, 9)})
    told = run("recover", "INC-1", "--yes")
    assert (told.code, states()) == ((0, {one: "well"}) if over == "resolved" else (1, {})), told.err


def test_what_can_not_be_asked_is_said(newer: Kept, run: Run) -> None:
    execution(newer, flow(newer), 1)
    run(newer)
    opened()
    assert run("recover", "INC-1").code == 0  # the archive has it
    for broken in ((500, {"message": "oops"}), (200, "<html>"), (200, {"data": [None]}), (200, {"id": 1}), (401, {})):
        newer.instead = lambda *_, broken=broken: broken
        for command in ("recover", "impact"):
            told = run(command, "INC-1", *(("--yes",) if command == "recover" else ()))
            assert told.code != 0 and told.err.strip(), (broken, command)
    assert newer.writes == []


# From a notebook


@pytest.fixture
def notebook(n8n: Kept, run: Run, monkeypatch: pytest.MonkeyPatch) -> Clicked:
    orders = flow(n8n)
    execution(n8n, orders, 1)
    execution(n8n, orders, 2, SERVER)
    run(n8n)
    opened()
    monkeypatch.setattr(Desk, "diagnosed", lambda *_, **__: None)
    return Clicked(Resolution, load(None), datetime.now(UTC))


def test_a_button_retries_only_what_was_shown_and_confirmed_by_name(n8n: Kept, notebook: Clicked) -> None:
    assert "not shown before" in notebook.click("Retry them", To_retry_them="INC-1") and n8n.writes == []
    for typed in ("", "yes", "INC-2"):
        assert "Nothing was changed" in notebook.click("Retry them", To_retry_them=typed) and n8n.writes == []
    assert "Nothing was changed" in notebook.click("Show what would be retried") and n8n.writes == []
    n8n.workflows["w1"]["nodes"][1]["parameters"]["url"] = "https://api.test/v2"  # meanwhile
    assert "not shown before" in notebook.click("Retry them", To_retry_them="INC-1") and n8n.writes == []
    assert "Execution 1 of Orders" in notebook.click("Retry them", To_retry_them="inc-1")
    assert retried(n8n) == ["1"] and "1 retry: went well" in notebook.panel.sheet().view.markdown


def test_a_button_counts_what_was_affected_and_acts_on_nothing(n8n: Kept, notebook: Clicked) -> None:
    assert "Counted" in notebook.click("Count what was affected")
    assert n8n.writes == [] and recorded().harm.items == {"invoices": 2}  # type: ignore[union-attr]
    assert "2 invoices" in notebook.panel.sheet().view.markdown


def test_an_execution_that_is_named_is_retried_from_the_notebook(n8n: Kept, notebook: Clicked) -> None:
    notebook.part("Also these executions").value = "2"
    notebook.click("Show what would be retried")
    notebook.click("Retry them", To_retry_them="INC-1")
    assert retried(n8n) == ["1", "2"]


# What the client is told


def _notice(**harm: Any) -> str:
    desk = on_record(load(None))
    desk.add(1, "harmed", instance="default", since="2026-11-26T22:30:00Z", **{"failed": 3, **harm})
    return letter_of(recorded(), desk.settings, desk.clock()).text


def test_the_notice_says_what_was_affected_in_the_clients_words_and_time(newer: Kept, run: Run) -> None:
    run(newer)
    opened()
    desk = on_record(load(None))
    desk.choose(1, Severity.P2)
    assert "We are finding out what is affected." in letter_of(recorded(), desk.settings, desk.clock()).text
    assert "3 invoices were not processed, from 26 November 2026, 22:30 UTC on." in _notice(items={"invoices": 3})
    assert "At least 1 company and 2 orders were" in _notice(items={"companies": 1, "orders": 2}, unseen=1)
    assert "1 order was not" in _notice(items={"orders": 1}) and "3 runs of the workflow were" in _notice()
    told = _notice(items={"invoices": 3}, clients=["ACME"])
    assert "invoices" not in told, "another client's may be among them"
    for name, state in (("7", "well"), ("8", "failed")):
        desk.add(1, "retrying", instance="default", execution_id=name, workflow="Orders")
        desk.add(1, "retried", instance="default", execution_id=name, state=state)
    desk.resolve(1, "a new key", {f"VER-{n}": "by hand" for n in range(1, 6)})
    assert "1 of 3 affected runs of the workflow done again" in _notice()
    assert "DATA RECOVERY\n[to be written]" in _notice(clients=["ACME"])


# Cut off at any moment


@pytest.mark.parametrize(("how", "after"), CUTS, ids=[f"{how}-{'after' if after else 'before'}" for how, after in CUTS])
def test_wherever_it_is_cut_off_the_next_time_ends_it_right(n8n: Kept, run: Run, how: str, after: bool) -> None:
    orders = flow(n8n)
    run(n8n)
    at, went_on, number = 0, True, 0
    while went_on:
        at, number = at + 1, number + 1
        n8n.executions.clear()
        execution(n8n, orders, -60, None)
        ids = [execution(n8n, orders, minute) for minute in (1, 2)]
        kept = execution(n8n, orders, 3, SERVER)
        n8n.writes.clear()
        _anew(n8n, run)
        went_on = cut_off(at, after, how, run, "recover", "INC-1", "--yes")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fate, "ARRIVED", timedelta())
            told = run("recover", "INC-1", "--yes")
        assert told.code == 0, (at, told.err)
        assert sorted(retried(n8n)) == ids or (retried(n8n).count(ids[0]), retried(n8n).count(ids[1])) == (1, 1), (
            at,
            retried(n8n),
        )
        assert states() == dict.fromkeys(ids, "well"), (at, states())
        assert n8n.executions[int(kept)].get("retrySuccessId") is None
    assert at > 8


def _anew(n8n: Kept, run: Run) -> None:
    """A workspace without incidents and archive."""
    import shutil
    from pathlib import Path

    for path in Path.cwd().iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "incident-nb.toml":
            path.unlink()
    opened()
