"""Failed executions retried: which, in which version, each once wherever it was cut off, and what was affected at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_nb.actions import fate, recover
from incident_nb.desk import on_record
from incident_nb.errors import UnreachableError
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.incidents.store import Writing
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import load
from tests.acting import CUTS, Run, cut_off
from tests.builders import error
from tests.builders import run as made
from tests.exports import Json
from tests.writable import Kept

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
MINUTE = timedelta(minutes=1)
REFUSED, SERVER = error(401, description="invalid token"), error(500)
CREDENTIAL = {"httpHeaderAuth": {"id": "c7", "name": "Team key"}}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits; the pauses that there would have been."""
    pauses: list[float] = []
    pace = recover.Pace.__init__
    monkeypatch.setattr(
        recover.Pace, "__init__", lambda self, *given, **named: pace(self, *given, **{**named, "rest": pauses.append})
    )
    return pauses


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time enough has passed for whatever was under way to arrive."""
    monkeypatch.setattr(fate, "ARRIVED", timedelta())


def flow(n8n: Kept, name: str = "Orders", method: str = "POST", **more: Any) -> Json:
    """A workflow on the server: a webhook, and one node that sends."""
    parameters = {"method": method, "url": "https://api.test/orders", "options": {}}
    nodes = [
        {"name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": {}},
        {"name": "Send", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": parameters,
         "credentials": CREDENTIAL},
    ]  # fmt: skip
    ways = {"Hook": {"main": [[{"node": "Send", "type": "main", "index": 0}]]}}
    settings = {"executionOrder": "v1", "saveDataSuccessExecution": "all"}
    number = n8n.add(name, nodes=nodes, **{"settings": settings, **more})
    n8n.workflows[number]["connections"] = ways
    return n8n.workflows[number]


def execution(n8n: Kept, of: Json, minutes: float, wrong: Json | None = REFUSED, items: Any = 1, **more: Any) -> str:
    """The id of an execution that began so many minutes after `BEGAN`; a failing one has these items before its last node."""
    number = max(n8n.executions, default=0) + 1
    ran_as = {key: of[key] for key in ("id", "name", "nodes", "connections", "settings")}
    one = made(number, BEGAN + minutes * MINUTE, wrong, json.loads(json.dumps(ran_as)), **{"mode": "webhook", **more})
    if wrong is not None:
        last = one["data"]["resultData"]["lastNodeExecuted"]
        given = (
            [{"json": {"invoice_id": f"i{number}-{at}"}} for at in range(items)] if isinstance(items, int) else items
        )
        node = next(entry for entry in ran_as["nodes"] if entry["name"] == last)
        one["data"]["executionData"] = {
            "nodeExecutionStack": [
                {"node": node, "data": {"main": [given]}, "source": {"main": [{"previousNode": "Hook"}]}}
            ]
        }
    n8n.executions[number] = one
    return str(number)


def opened(workflow: str | None = "w1", *, fixed: bool = True, **subject: Any) -> None:
    """The next incident, of this workflow, with a fix in place."""
    about = Subject(instance="default", workflow_id=workflow, **subject)
    desk = on_record(load(None))
    incident = desk.open(Opened(title="Orders fails", detected_at=BEGAN + 5 * MINUTE, subject=about))
    if fixed:
        desk.add(incident.number, "fixed", what="a new key")


def recorded(number: int = 1) -> Incident:
    return on_record(load(None)).records.get(number)


def plan(run: Run, *given: str) -> dict[str, list[str]]:
    """What would be done with which executions."""
    told = run("recover", "INC-1", *given, "--json")
    assert told.code == 0, told.err
    rows = json.loads(told.json)["plan"]["rows"]
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["do"], []).append(row["execution_id"])
    return found


def retried(n8n: Kept) -> list[str]:
    """The executions that n8n was asked to retry, in order."""
    return [path.split("/")[1] for method, path in n8n.writes if method == "POST" and path.endswith("/retry")]


def states(number: int = 1) -> dict[str, str]:
    return {one.execution_id: one.state for one in recorded(number).retries.values()}


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
    assert plan(run, "--workflow", "Bills") == {"retry": [mine, theirs]} and other
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
    child, parent = flow(newer, "Child", method="GET"), flow(newer, "Parent")
    call = {"name": "Call", "type": "n8n-nodes-base.executeWorkflow", "typeVersion": 1.2,
            "parameters": {"workflowId": {"value": "w1"}, "mode": "once"}}  # fmt: skip
    parent["nodes"][1:] = [call]
    above = execution(
        newer, parent, 1, {**REFUSED, "errorResponse": {"message": "No"}, "executionId": "2", "workflowId": "w1"}
    )
    below = execution(newer, child, 1, mode="integrated")
    newer.executions[2]["data"]["parentExecution"] = {"executionId": above, "workflowId": "w2"}
    run(newer)
    opened("w1")
    assert plan(run) == {"retry": [above], "with": [below]}
    told = run("recover", "INC-1", "--execution", above, "--execution", below, "--yes")
    assert told.code == 2 and "do the same work" in told.err and newer.writes == []
    assert run("recover", "INC-1", "--yes").code == 0 and retried(newer) == [above]


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
    assert told.code == 0 and "2 executions failed" in told.out and "2 invoices, 2 orders" in told.out, told.out
    harm = recorded().harm
    assert harm and (harm.failed, harm.items, harm.unseen) == (2, {"invoices": 2, "orders": 2}, 0)
    assert run("impact", "INC-1", "--json").code == 0
    assert [event.kind for event in on_record(load(None)).records.events(1)].count("harmed") == 1


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
    assert told.code == 2 and "was retried for INC-1" in told.err and retried(n8n) == [one]


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
        with pytest.raises(Exception, match="just now"):
            list(recover.recover(server, planned, desk, Choice(), recover.Pace()))
    assert retried(n8n) == []


@pytest.mark.parametrize(
    ("refusal", "state"), [((400, {"message": "no"}), "never"), ((404, {"message": "Not Found"}), "never")]
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
    ({"waits": True}, "a node that waits"),
    ({}, "3 minutes after"),
]


@pytest.mark.parametrize(("more", "said"), HIDING)
def test_one_that_nobody_can_tell_of_is_left_to_a_person(newer: Kept, run: Run, more: Json, said: str) -> None:
    orders = flow(newer, method="GET", **{key: value for key, value in more.items() if key == "settings"})
    if "waits" in more:
        orders["nodes"].append({"name": "Wait", "type": "n8n-nodes-base.wait", "typeVersion": 1, "parameters": {}})
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
    assert run("recover", "INC-1", "--execution", one, "--yes").code in (0, 1)
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
    assert at > 12


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
