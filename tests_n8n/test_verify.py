"""A fix verified by the runs after it on real n8n: good ones are counted, false greens are not, and a relapse is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from incident_nb.desk import Desk, on_record
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import load
from tests_n8n.client import RUN_S, N8n
from tests_n8n.misbehave import CRASHED, QUOTA_IN_200, Service, reply
from tests_n8n.nodes import Workflow, call, called, flow, http, if_true, node, nothing, webhook
from tests_n8n.replaying import retry
from tests_n8n.test_contain import Run, newer, run
from tests_n8n.wait import wait_for

__all__ = ["run"]

ORDERS = reply([{"id": 1}, {"id": 2}])
NODE = "Get orders"


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as started:
        yield started


def desk() -> Desk:
    return on_record(load(None))


def recorded(number: int = 1) -> Incident:
    return desk().records.get(number)


def rows(number: int = 1) -> dict[str, tuple[bool, str]]:
    return {row.id: (row.done, row.basis) for row in desk().standing(number).verification}


def asks(service: Service, path: str) -> Workflow:
    """A workflow that asks a service where its webhook is told to, and else does not get to it."""
    return flow(
        f"[ACME] Orders {token_hex(2)}", webhook(f"verify-{token_hex(4)}"), if_true("={{ $json.body.go }}"),
        http(service.url(path)), nothing(),
    )  # fmt: skip


def failing(n8n: N8n, service: Service, path: str) -> str:
    """A workflow that is on record as INC-1, mended; it had a good run before and a failed one."""
    service.set(path, ORDERS)
    workflow = n8n.create(asks(service, path))
    n8n.activate(workflow)
    n8n.run(workflow, {"go": True})
    opened_at = datetime.now(UTC)
    service.set(path, CRASHED)
    failed = n8n.run(workflow, {"go": True})
    about = Subject(instance="default", workflow_id=workflow, node=NODE, execution_id=failed)
    number = desk().open(Opened(title="Orders fails", detected_at=opened_at, subject=about)).number
    desk().add(number, "severity_suggested", severity="P2")
    service.set(path, ORDERS)
    desk().add(number, "fixed", what="the service is up again")
    return workflow


def told(run: Run, *more: str) -> dict[str, Any]:
    shown = run("verify", "INC-1", *more, "--json")
    found: dict[str, Any] = json.loads(shown.out)
    assert shown.code == (0 if found["verified"] else 1), shown.err
    return found


def judged(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["execution_id"]: (one["judged"], one["text"]) for one in found["runs"]}


def test_good_runs_are_counted_to_three_and_false_greens_are_not(n8n: N8n, run: Run, service: Service) -> None:
    workflow = failing(n8n, service, "/orders")
    failed = str(recorded().subject.execution_id)
    assert judged(told(run)) == {}

    service.set("/orders", QUOTA_IN_200)
    error_body = n8n.run(workflow, {"go": True})
    service.set("/orders", reply([]))
    nothing_came = n8n.run(workflow, {"go": True})
    service.set("/orders", ORDERS)
    not_there = n8n.run(workflow, {"go": False})
    known = set(n8n.ended(workflow))
    retry(n8n, failed, False)
    replayed = wait_for(lambda: next(iter(set(n8n.ended(workflow)) - known), None), RUN_S, "the retry to end")
    seen = judged(told(run))
    for execution, why in (
        (error_body, "is an error: error “Daily quota exceeded"),
        (nothing_came, "got nothing at “Get orders”; in execution"),
        (not_there, "did not get to “Get orders”"),
        (replayed, f"replays execution {failed}, which went well"),
    ):
        assert n8n.execution(execution)["status"] == "success", "n8n calls it a success"
        assert seen[execution][0] == "not_counted" and why in seen[execution][1], seen[execution]
    assert recorded().watched.good == 0

    good = [n8n.run(workflow, {"go": True}) for _ in range(2)]
    assert told(run)["good"] == 2 and not rows()["VER-4"][0]
    good.append(n8n.run(workflow, {"go": True}))
    found = told(run)
    assert found["verified"] and recorded().watched.runs == tuple(good)
    assert rows()["VER-2"][0] and rows()["VER-4"][0]
    again = told(run)
    assert again["recorded"] == [] and recorded().watched.good == 3


def test_a_relapse_starts_the_count_again_and_opens_what_was_resolved(n8n: N8n, run: Run, service: Service) -> None:
    workflow = failing(n8n, service, "/orders")
    for _ in range(2):
        n8n.run(workflow, {"go": True})
    told(run, "--checked", "two orders are in the shop")
    desk().add(1, "ticked", row="VER-1")
    assert rows()["VER-1"][0] and rows()["VER-3"][0] and recorded().watched.good == 2
    service.set("/orders", CRASHED)
    bad = n8n.run(workflow, {"go": True})
    found = told(run)
    assert found["relapse"]["execution_id"] == bad and recorded().watched.good == 0
    for row in ("VER-1", "VER-2", "VER-3", "VER-4"):
        assert not rows()[row][0]
    assert f"execution {bad} failed again at “{NODE}”" in rows()["VER-3"][1]

    service.set("/orders", ORDERS)
    for _ in range(3):
        n8n.run(workflow, {"go": True})
    assert told(run)["verified"]
    desk().resolve(1, "done", {"VER-1": "seen", "VER-3": "seen"})
    service.set("/orders", CRASHED)
    again = n8n.run(workflow, {"go": True})
    found = told(run)
    assert found["reopened"] and not recorded().is_resolved
    assert f"execution {again} failed again at “{NODE}”" in recorded().reopened[-1].text
    assert run("verify", "INC-1").code == 2, "it is open, and no fix is in place"


def test_an_error_that_the_node_swallows_is_a_relapse(n8n: N8n, run: Run, service: Service) -> None:
    workflow = failing(n8n, service, "/orders")
    now = n8n.api("GET", f"/workflows/{workflow}")
    for one in now["nodes"]:
        if one["name"] == NODE:
            one["onError"] = "continueRegularOutput"
    n8n.api("PUT", f"/workflows/{workflow}", {key: now[key] for key in ("name", "nodes", "connections", "settings")})
    service.set("/orders", CRASHED)
    hidden = n8n.run(workflow, {"go": True})
    assert n8n.execution(hidden)["status"] == "success"
    verdict, why = judged(told(run))[hidden]
    assert verdict == "bad" and f"is marked a success, but failed again at “{NODE}”" in why


def test_a_failure_in_a_sub_workflow_is_a_failure(n8n: N8n, run: Run, service: Service) -> None:
    service.set("/orders", ORDERS)
    child = n8n.create(flow(f"[ACME] Child {token_hex(2)}", called(), http(service.url("/orders"))))
    if newer(n8n):
        n8n.activate(child)
    parent = n8n.create(flow(f"[ACME] Parent {token_hex(2)}", webhook(f"verify-{token_hex(4)}"), call(child)))
    n8n.activate(parent)
    about = Subject(instance="default", workflow_id=parent, node="Run sub-workflow")
    desk().open(Opened(title="Parent fails", detected_at=datetime.now(UTC), subject=about))
    desk().add(1, "fixed", what="x")
    good = n8n.run(parent)
    service.set("/orders", CRASHED)
    bad = n8n.run(parent)
    seen = judged(told(run))
    assert seen[good][0] == "good", seen
    assert seen[bad][0] == "bad" and f"(in its sub-workflow, at “{NODE}”)" in seen[bad][1], seen


def test_test_data_is_sent_only_when_confirmed_and_is_no_later_run(
    n8n: N8n, run: Run, service: Service, tmp_path: Path
) -> None:
    workflow = failing(n8n, service, "/orders")
    before = n8n.ended(workflow)
    (tmp_path / "data.json").write_text('{"go": true, "note": "not-for-eyes"}')
    shown = run("verify", "INC-1", "--send", "data.json")
    assert "go, note" in shown.out and "not-for-eyes" not in shown.out + shown.err and "Nothing was sent" in shown.err
    assert n8n.ended(workflow) == before and not rows()["VER-1"][0]
    run("verify", "INC-1", "--send", "data.json", "--yes")
    (began,) = wait_for(lambda: set(n8n.ended(workflow)) - set(before) or None, RUN_S, "the run to end")
    assert recorded().ticks["VER-1"].execution_id == began
    told(run)
    assert (recorded().watched.by_hand, recorded().watched.good) == (began, 0) and rows()["VER-2"][0]


def test_a_schedule_is_read_and_its_runs_are_counted(n8n: N8n, run: Run, service: Service) -> None:
    service.set("/orders", ORDERS)
    rule = {"rule": {"interval": [{"field": "seconds", "secondsInterval": 5}]}}
    trigger = node("Every 5 seconds", "scheduleTrigger", 1.2, rule)
    workflow = n8n.create(flow(f"[ACME] Polls {token_hex(2)}", trigger, http(service.url("/orders"))))
    about = Subject(instance="default", workflow_id=workflow, node=NODE)
    desk().open(Opened(title="Polls fails", detected_at=datetime.now(UTC), subject=about))
    desk().add(1, "fixed", what="x")
    assert "is not active" in told(run)["estimate"]["text"]
    n8n.activate(workflow)
    estimate = told(run)["estimate"]
    assert "its schedule: every 5 seconds" in estimate["text"]
    due = datetime.fromisoformat(estimate["at"])
    wait_for(lambda: len(n8n.ended(workflow)) >= 3 or None, RUN_S, "three runs")
    n8n.deactivate(workflow)
    found = told(run)
    assert found["good"] >= 3, found
    third = sorted(datetime.fromisoformat(n8n.execution(one)["startedAt"]) for one in n8n.ended(workflow))[2]
    assert abs((third - due).total_seconds()) < 20, "far from what was said"


def by_hand(n8n: N8n, workflow: str, pinned: dict[str, Any] | None = None) -> str:
    """The id of a run from the editor, which takes what is saved there, once it has ended."""
    saved = n8n.rest("GET", f"/workflows/{workflow}")
    if pinned:
        n8n.rest("PATCH", f"/workflows/{workflow}", {"pinData": pinned, "versionId": saved["versionId"]})
        saved["pinData"] = pinned
    body = {"workflowData": saved, "triggerToStartFrom": {"name": "Start"}, "startNodes": []}
    began = str(n8n.rest("POST", f"/workflows/{workflow}/run", body)["executionId"])
    return wait_for(lambda: began if began in n8n.ended(workflow) else None, RUN_S, "the run by hand to end")


def test_a_run_from_the_editor_stands_for_the_trigger_unless_the_node_was_pinned(
    n8n: N8n, run: Run, service: Service
) -> None:
    service.set("/orders", ORDERS)
    start = node("Start", "manualTrigger", 1, {})
    workflow = n8n.create(flow(f"[ACME] By hand {token_hex(2)}", start, http(service.url("/orders"))))
    about = Subject(instance="default", workflow_id=workflow, node=NODE)
    desk().open(Opened(title="By hand fails", detected_at=datetime.now(UTC), subject=about))
    desk().add(1, "fixed", what="x")
    pinned = by_hand(n8n, workflow, {NODE: [{"json": {"id": 1}}]})
    verdict, why = judged(told(run))[pinned]
    assert (verdict, "pinned data" in why) == ("not_counted", True) and not rows()["VER-1"][0]
    n8n.rest("PATCH", f"/workflows/{workflow}", {
        "pinData": {}, "versionId": n8n.rest("GET", f"/workflows/{workflow}")["versionId"]})  # fmt: skip
    good = by_hand(n8n, workflow)
    assert judged(told(run))[good][0] == "good"
    assert rows()["VER-1"] == rows()["VER-2"] == (True, f"execution {good}, begun by hand, went well")
    assert recorded().watched.good == 0
