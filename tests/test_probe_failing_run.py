"""DX-1: what the failing execution shows, in words, masked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from incident_nb import readers
from incident_nb.errors import IncidentNbError
from incident_nb.http import Allowed, Session
from incident_nb.logfile import merged
from incident_nb.models import Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.probes import Probe, ask_all, failing_run
from incident_nb.probes.target import Target, Tools
from incident_nb.readers.single import Executions
from incident_nb.settings import Settings
from tests.builders import NOW
from tests.exports import STARTED_MS, Json, api_error, execution, node, page, ran
from tests.served import KEY, Kept, serving_n8n

TOKEN = "sk_live_" + "51H8abcdefghijklmnop0123"
HOOK = [{"previousNode": "Hook", "previousNodeOutput": 0, "previousNodeRun": 0}]


def item(number: int = 1, **more: Any) -> Json:
    return {"id": number, "password": "hunter2hunter2", "note": f"paid with {TOKEN}", "mail": "jo@shop.example", **more}


def stopped(number: int = 9, *items: Json, **more: Any) -> Json:
    error = api_error(node=node("Call"), description=f"Invalid token {TOKEN}")
    runs = {
        "Hook": ran(*(items or (item(), item(2), item(3))), executionIndex=0, executionTime=3),
        "Call": ran(error=error, source=HOOK, executionIndex=1, executionTime=2500),
    }
    nodes = [node("Hook", "n8n-nodes-base.webhook"), node("Call")]
    return execution(number, "error", runs=runs, nodes=nodes, error=error, **more)


def at(hour: int, number: int, status: str = "success", **more: Any) -> Json:
    return execution(number, status, runs={"Hook": ran()}, startedAt=f"2026-03-01T{hour:02}:30:00.000Z", **more)


def target_of(rows: list[Json], folder: Path, **more: Any) -> Target:
    (folder / "page.json").write_bytes(page(*rows))
    log = readers.read(
        str(folder / "page.json"), client_of=lambda row: Settings().client_of(row.name, row.tags, row.project)
    )
    told = {"instance": "default", "workflow_id": "wf1", "node": "Call", "execution_id": "9"}
    return Target(log=log, now=NOW, **{**told, **more})  # type: ignore[arg-type]


def look(rows: list[Json], folder: Path, **more: Any) -> Probed:
    target = target_of(rows, folder, **more)
    with Session(Allowed(), budget_s=60) as session:
        tools = Tools(session, Settings(), execution_of=Executions(str(folder / "page.json")))
        probe = Probe("failing_run", "DX-1", "the failing execution", failing_run.look)
        return ask_all(target, tools, (probe,))[0]


def facts(answer: Probed) -> list[str]:
    return [piece.fact.text for piece in answer.evidence]


def test_error_way_input_and_earlier_runs(tmp_path: Path) -> None:
    rows = [at(7, 6), at(8, 7, "error"), at(9, 8), stopped(), at(11, 10)]
    answer = look(rows, tmp_path)
    assert answer.outcome is Outcome.FOUND
    failed, reached, way, first, second, before = facts(answer)
    assert failed.startswith("Execution 9 failed at “Call” on 2026-03-01 at 10:00:02 UTC: Authorization failed")
    assert "(Invalid token [" in failed and failed.endswith("[401].")
    assert reached == "“Call” got 3 items from “Hook”."
    assert way == "It went through 2 nodes: “Hook” (3 items, 3 ms), “Call” (failed, 2.5 s)."
    assert first.startswith("Item 1 of 3 that reached it, masked: id = 1; password = [")
    assert second.startswith("Item 2 of 3 that reached it, masked: id = 2;")
    told = "8 success (2026-03-01 09:30 UTC), 7 error (2026-03-01 08:30 UTC), 6 success (2026-03-01 07:30 UTC)"
    assert before == f"The 3 runs before it, newest first: {told}."
    assert answer.summary == " ".join([failed, reached, before])
    assert all(piece.effects == {} for piece in answer.evidence)
    assert TOKEN not in repr(answer) and "hunter2" not in repr(answer) and "jo@shop" not in repr(answer)


def test_a_sample_is_cut_only_after_it_was_masked() -> None:
    assert failing_run.masked({"password": "correct horse"})[0][1].startswith("[")
    wide = failing_run.masked({f"field_{number}": number for number in range(100)})
    assert len(wide) == failing_run.FIELDS
    long = dict(failing_run.masked({"text": "x " * 25 + f"key {TOKEN} and more", "list": [[1], {}, None, True, 5]}))
    assert len(long["text"]) == failing_run.VALUE and "key [" in long["text"] and "sk_" not in long["text"]
    assert long == {"text": long["text"], "list[0][0]": "1", "list[1]": "{}", "list[2]": "null"}
    assert failing_run.masked("just text") == [("value", "just text")]
    circle: Json = {"a": 1}
    circle["self"] = circle
    assert failing_run.masked(circle)[0] == ("a", "1")
    headers = {"headers": {"authorization": "Bearer abc", "x": "1"}, "params": {}, "query": {}, "body": {"n": 5}}
    assert failing_run.masked(failing_run._body_first({"json": headers}))[0] == ("body.n", "5")


def test_the_called_and_the_calling_execution_are_named(tmp_path: Path) -> None:
    child = stopped(9, data={"parentExecution": {"executionId": "5", "workflowId": "wf0"}}, mode="integrated")
    flow = {"id": "wf0", "name": "Caller", "nodes": [], "connections": {}, "settings": {}}
    error = {**api_error(), "executionId": "9", "workflowId": "wf1", "errorResponse": api_error()}
    ok = ran(metadata={"subExecution": {"executionId": "4", "workflowId": "wf1"}}, executionIndex=0)
    runs = {"First": ok, "Run it": ran(error=error, executionIndex=1)}
    parent = execution(5, "error", runs=runs, error=error) | {"workflowId": "wf0", "workflowData": flow}
    rows = [child, parent, at(9, 4)]
    assert "It was started by execution 5 of “Caller” (error)." in facts(look(rows, tmp_path))
    flow["name"] = "[BETA] Caller"
    foreign = "It was started by execution 5 of workflow wf0 of another client (error)."
    assert foreign in facts(look(rows, tmp_path, client="ACME"))
    told = facts(look(rows, tmp_path, execution_id="5", workflow_id="wf0", node="Run it"))
    assert "“First” called a sub-workflow, execution 4 of “[ACME] Orders” (success)." in told
    called = "It called a sub-workflow, execution 9 of “[ACME] Orders” (error), which failed."
    assert f"{called} It went through 2 nodes: “Hook” (3 items, 3 ms), “Call” (failed, 2.5 s)." in told
    lost = facts(look([parent], tmp_path, execution_id="5", workflow_id="wf0", node="Run it"))
    assert "It called a sub-workflow, execution 9, which failed." in lost


@pytest.mark.parametrize("read", [True, False], ids=["in the log", "from the server alone"])
def test_the_nodes_of_another_clients_workflow_are_not_named(tmp_path: Path, read: bool) -> None:
    child = stopped(9, mode="integrated")
    child["workflowData"]["name"] = "[BETA] Payroll"
    error = {**api_error(), "executionId": "9", "workflowId": "wf1", "errorResponse": api_error()}
    flow = {"id": "wf0", "name": "[ACME] Caller", "nodes": [], "connections": {}, "settings": {}}
    parent = execution(5, "error", runs={"Run it": ran(error=error)}, error=error)
    parent |= {"workflowId": "wf0", "workflowData": flow}
    kept = {"5": parent, "9": child}
    target = target_of(
        [*([child] if read else []), parent], tmp_path, execution_id="5", workflow_id="wf0", node="Run it"
    )
    with Session(Allowed(), budget_s=60) as session:
        tools = Tools(session, Settings(), execution_of=kept.get)
        told = [facts(failing_run.look(replace(target, client=client), tools)) for client in ("ACME", None)]
    for shown, theirs in zip(told, (False, True), strict=True):
        (called,) = [text for text in shown if text.startswith("It called a sub-workflow, execution 9")]
        assert ("“Hook”" in called) == theirs and ("BETA" in called) == (theirs and read)


def test_a_long_way_is_cut_at_its_beginning_and_says_so(tmp_path: Path) -> None:
    row = stopped()
    loop = [ran({}, executionIndex=number, executionTime=0) for number in range(30)]
    row["data"]["resultData"]["runData"] = {"Loop": loop, "Call": [ran(error=api_error(), executionIndex=30)]}
    (way,) = [text for text in facts(look([row], tmp_path)) if text.startswith("It went through")]
    assert way.startswith("It went through 2 nodes: 19 earlier runs of nodes, then “Loop” run 20 (1 item, 0 ms)")
    assert way.endswith("“Call” (failed, 500 ms).")


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a success that holds a failure": ({"status": "success"}, {}, "Execution 9 (success) holds a failure at “Call”"),
    "saved without data": (
        {"data": None}, {"message": "It broke", "http_code": "500"},
        "on 2026-03-01 at 10:00:02 UTC: It broke [500]. Its input is not known: the execution was saved without its data."),
    "no error record": ({"data": {}}, {}, "without an error record."),
    "a trigger": ({}, {"node": "Hook"}, "Its input is not known: “Hook” started the execution"),
    "without its end": ({"stoppedAt": None}, {}, "on 2026-03-01 at 10:00:00 UTC"),
    "without any time": ({"stoppedAt": None, "startedAt": None}, {}, "failed at “Call”: Authorization failed"),
    "no node known": ({}, {"node": None}, "“Call” got 3 items"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_there_is_left_out_or_said(case: str, tmp_path: Path) -> None:
    row, more, words = CASES[case]
    answer = look([{**stopped(), **row}], tmp_path, **more)
    assert answer.outcome is Outcome.FOUND and words in answer.summary
    assert "No earlier run of the workflow is known." in answer.summary


def test_objects_in_the_place_of_words_are_masked_too(tmp_path: Path) -> None:
    row = stopped()
    row["data"]["resultData"]["error"]["message"] = {"code": 7, "token": "abcdefgh12345678"}
    told = facts(look([row], tmp_path))[0]
    assert "UTC: code = 7; token = [" in told and "abcdefgh" not in told


def test_an_execution_of_the_same_id_on_another_server_is_not_the_failing_one(tmp_path: Path) -> None:
    target = target_of([at(8, 7), at(9, 8), stopped()], tmp_path)
    other = readers.Reading("other")
    other.add(page(at(3, 9)), "https://other.example.com")
    with Session(Allowed(), budget_s=60) as session:
        tools = Tools(session, Settings(), execution_of=Executions(str(tmp_path / "page.json")))
        answer = failing_run.look(replace(target, log=merged([other.log(), target.log])), tools)
    assert "The 2 runs before it, newest first: 8 success" in answer.summary


def test_an_execution_that_is_gone_is_no_health(tmp_path: Path) -> None:
    answer = look([at(9, 8)], tmp_path, execution_id="77")
    assert answer.outcome is Outcome.COULD_NOT_LOOK and "no n8n server is configured" in answer.summary
    assert look([at(9, 8)], tmp_path, execution_id=None).outcome is Outcome.COULD_NOT_LOOK


def test_live_from_a_server(tmp_path: Path) -> None:
    kept = Kept()
    kept.add(stopped())
    target = target_of([at(9, 8), stopped()], tmp_path)
    with serving_n8n(kept) as server, Session(Allowed(frozenset({server.url})), budget_s=60) as session:
        tools = Tools(session, Settings(), n8n=N8n("default", server.url, session, KEY))
        answer = failing_run.look(target, tools)
        assert answer.outcome is Outcome.FOUND and "“Call” got 3 items from “Hook”." in answer.summary
        gone = failing_run.look(target_of([at(9, 8)], tmp_path, execution_id="10"), tools)
    assert gone.outcome is Outcome.COULD_NOT_LOOK and "pruned, deleted or on another server" in gone.summary
    assert "The run before it" in gone.evidence[0].fact.text
    assert len([asked for asked in server.asked if "executions/9" in asked.path]) == 1


def test_an_error_of_ours_while_a_called_one_is_read_costs_only_that(tmp_path: Path) -> None:
    error = {**api_error(), "executionId": "33", "errorResponse": api_error()}
    row = execution(9, "error", runs={"Call": ran(error=error, startTime=STARTED_MS)}, error=error)

    def of(number: str) -> Any:
        if number == "33":
            raise IncidentNbError("no")
        return row

    target = target_of([row], tmp_path)
    with Session(Allowed(), budget_s=60) as session:
        answer = failing_run.look(target, Tools(session, Settings(), execution_of=of))
    assert "It called a sub-workflow, execution 33, which failed." in [piece.fact.text for piece in answer.evidence]
