"""Every place where n8n keeps a failure, read from an API page and from a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from incident_nb import readers
from incident_nb.executions import ExecutionLog
from tests.exports import STARTED_MS, Json, api_error, execution, failed, node, page, ran, write_sqlite

Read = Callable[..., ExecutionLog]


@pytest.fixture(params=["api", "sqlite"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    def read_rows(*rows: Json) -> ExecutionLog:
        path = tmp_path / "export"
        if request.param == "sqlite":
            write_sqlite(path, rows)
        else:
            path.write_bytes(page(*rows))
        log = readers.read(str(path))
        assert log.skipped == ()
        assert len(log.executions) == len(rows)
        return log

    return read_rows


def only(log: ExecutionLog) -> dict[str, Any]:
    """The one failure, missing values as None."""
    assert len(log.failures) == 1
    row = log.failures.iloc[0]
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def continuing(name: str = "Call", **how: Any) -> Json:
    return node(name, **(how or {"onError": "continueRegularOutput"}))


def test_error_that_ended_the_execution(read: Read) -> None:
    request = {"method": "POST", "uri": "https://user:pw@api.acme.test:8443/v2/leads?key=1", "headers": {}, "body": {}}
    call = node("Call", credentials={"httpHeaderAuth": {"id": "c1", "name": "Acme key"}})
    error = api_error(node=call, context={"request": request}, stack="NodeApiError: no\n    at run")
    failure = only(
        read(execution(7, "error", runs={"Hook": ran({"a": 1}), "Call": ran(error=error)}, nodes=[call], error=error))
    )
    assert failure["at"] == pd.Timestamp(STARTED_MS + 1500, unit="ms", tz="UTC")
    stack = failure.pop("stack")
    assert stack.startswith('401 - "no"') and "at run" in stack
    expected = {
        "instance": "default",
        "execution_id": "7",
        "workflow_id": "wf1",
        "workflow": "[ACME] Orders",
        "place": "execution",
        "node": "Call",
        "node_type": "n8n-nodes-base.httpRequest",
        "run": 0,
        "items": None,
        "error_name": "NodeApiError",
        "http_code": "401",
        "message": "Authorization failed - please check your credentials",
        "description": "Invalid token",
        "host": "api.acme.test",
        "url": "https://api.acme.test:8443/v2/leads",
        "credential_type": "httpHeaderAuth",
        "credential_id": "c1",
        "credential": "Acme key",
        "child_execution_id": None,
    }
    assert {name: failure[name] for name in expected} == expected


def test_error_that_only_the_execution_has(read: Read) -> None:
    error = {"message": "x is not defined [line 3]", "description": "ReferenceError", "lineNumber": 3}
    log = read(
        execution(status="error", runs={"Code": ran()}, nodes=[node("Code", "n8n-nodes-base.code")], error=error)
    )
    failure = only(log)
    assert (failure["place"], failure["node"], failure["node_type"]) == ("execution", "Code", "n8n-nodes-base.code")
    assert failure["at"] == log.executions["stopped_at"][0]  # the error has no time of its own


def test_the_last_run_of_a_loop_is_the_one_that_failed(read: Read) -> None:
    error = api_error(node=node("Call"))
    failure = only(
        read(
            execution(
                status="error", runs={"Call": [ran(), ran(), ran(error=error)]}, nodes=[node("Call")], error=error
            )
        )
    )
    assert failure["run"] == 2


def test_node_error_that_did_not_end_the_execution(read: Read) -> None:
    runs = {"Call": ran(error=api_error(node=continuing())), "Next": ran({"a": 1})}
    failure = only(read(execution(runs=runs, nodes=[continuing(), node("Next")])))
    assert (failure["place"], failure["node"], failure["http_code"]) == ("node", "Call", "401")


ITEM = {"error": {"message": '402 - "quota used up"', "name": "AxiosError", "status": 402}}


@pytest.mark.parametrize("how", [{"onError": "continueRegularOutput"}, {"continueOnFail": True}])
def test_item_errors_of_a_node_that_continues(read: Read, how: Json) -> None:
    log = read(execution(runs={"Call": ran(ITEM, {"fine": 1}, ITEM)}, nodes=[continuing(**how)]))
    failure = only(log)
    assert log.executions["status"][0] == "success"
    assert (failure["place"], failure["items"], failure["http_code"]) == ("item", 2, "402")
    assert failure["message"] == '402 - "quota used up"'


@pytest.mark.parametrize("how", [{"onError": "stopWorkflow"}, {"continueOnFail": False}, {"continueOnFail": "yes"}])
def test_field_called_error_is_data_when_the_node_does_not_continue(read: Read, how: Json) -> None:
    code = node("Code", "n8n-nodes-base.code", **how)
    assert read(execution(runs={"Code": ran(ITEM)}, nodes=[code])).failures.empty


@pytest.mark.parametrize("value", [None, "", {}, [], False, 0, {"code": 7}, ["message"]])
def test_empty_or_foreign_field_called_error_is_data(read: Read, value: Any) -> None:
    assert read(execution(runs={"Call": ran({"error": value})}, nodes=[continuing()])).failures.empty


def test_error_output_holds_the_errors_and_the_other_outputs_data(read: Read) -> None:
    data = {"main": [[{"json": {"error": "a field of the service's answer"}}], [{"json": ITEM}]]}
    runs = {"Call": ran(data=data)}
    failure = only(read(execution(runs=runs, nodes=[continuing(onError="continueErrorOutput")])))
    assert (failure["http_code"], failure["items"]) == ("402", 1)


def test_error_beside_the_json_of_an_item(read: Read) -> None:
    items = [{"json": {}, "error": api_error()}, {"json": {"error": "plain words"}}]
    log = read(execution(runs={"Call": ran(*items)}, nodes=[continuing()]))
    assert set(log.failures["message"]) == {"Authorization failed - please check your credentials", "plain words"}


def test_item_that_later_nodes_pass_on_counts_once_but_every_run_of_a_loop_counts(read: Read) -> None:
    nodes = [continuing("Call"), continuing("Pass")]
    log = read(execution(runs={"Call": [ran(ITEM), ran(ITEM)], "Pass": ran(ITEM, ITEM)}, nodes=nodes))
    assert log.failures[["node", "run", "items"]].values.tolist() == [["Call", 0, 1], ["Call", 1, 1]]


def test_hint_that_a_field_was_not_found(read: Read) -> None:
    found = {"message": "The field 'permits' wasn't found in any input item", "group": {"key": "fieldNotFound"}}
    other = {"message": "Loop over items", "group": {"key": "another"}}
    splitter = node("Split", "n8n-nodes-base.splitOut")
    runs = {"Split": ran({}, hints=[other, found, {"message": "no group"}])}
    failure = only(read(execution(runs=runs, nodes=[splitter])))
    assert (failure["place"], failure["node"], failure["error_name"]) == ("hint", "Split", "FieldNotFound")
    assert failure["message"] == found["message"]


def test_failed_sub_workflow_names_the_child_and_its_node(read: Read) -> None:
    inner = api_error(node=node("Render"), executionId="52", workflowId="wf9")
    error = {**inner, "name": "NodeOperationError", "httpCode": None, "errorResponse": inner}
    caller = node("Sub", "n8n-nodes-base.executeWorkflow")
    failure = only(read(execution(51, "error", runs={"Sub": ran(error=error)}, nodes=[caller], error=error)))
    assert (failure["place"], failure["node"], failure["node_type"]) == ("subworkflow", "Sub", caller["type"])
    child = (failure["child_execution_id"], failure["child_workflow_id"], failure["child_node"])
    assert child == ("52", "wf9", "Render")


@pytest.mark.parametrize(
    "where",
    [
        {"data": {"parentExecution": {"executionId": "1", "workflowId": "wf0"}}},
        {"runs": {"Start": ran(metadata={"parentExecution": {"executionId": "1", "workflowId": "wf0"}})}},
    ],
)
@pytest.mark.parametrize("last", [ran(), ran(error=api_error())])
def test_sub_run_names_its_caller(read: Read, where: Json, last: Json) -> None:
    runs = {**where.get("runs", {"Start": ran()}), "Call": last}
    log = read(execution(mode="integrated", runs=runs, data=where.get("data")))
    assert log.executions.loc[0, ["parent_execution_id", "parent_workflow_id"]].tolist() == ["1", "wf0"]


def test_ai_sub_node_fails_once_and_keeps_what_its_root_node_knows(read: Read) -> None:
    model = node("Model", "@n8n/n8n-nodes-langchain.lmChatOpenAi")
    error = api_error(node=model, functionality="configuration-node", httpCode="429")
    bare = {name: error[name] for name in ("name", "message", "description", "timestamp")}
    chain = node("Chain", "@n8n/n8n-nodes-langchain.chainLlm")
    runs = {"Model": ran(error=bare), "Chain": ran(error=error)}
    failure = only(read(execution(status="error", runs=runs, nodes=[model, chain], error=error, last="Chain")))
    assert (failure["place"], failure["node"], failure["node_type"]) == ("execution", "Model", model["type"])
    assert (failure["http_code"], failure["stack"]) == ("429", '401 - "no"')


def test_trigger_that_failed_never_started(read: Read) -> None:
    poll = node("Feed", "n8n-nodes-base.rssFeedReadTrigger")
    error = {"name": "NodeOperationError", "message": "Feed not found", "node": poll, "cause": {"message": "404"}}
    run = {"startTime": 0, "executionTime": 0, "source": [], "error": error}
    log = read(execution(status="error", mode="trigger", runs={"Feed": run}, nodes=[poll], error=error, startedAt=None))
    failure = only(log)
    assert (failure["place"], failure["node"], failure["message"]) == ("trigger", "Feed", "Feed not found")
    assert pd.isna(log.executions["started_at"][0])
    assert failure["at"] == log.executions["at"][0] == log.executions["stopped_at"][0]


def test_crash_has_its_node_and_the_time_that_n8n_rebuilt_in_seconds(read: Read) -> None:
    runs = {
        "Hook": {"startTime": STARTED_MS // 1000, "executionTime": 0, "executionStatus": "success", "source": []},
        "Big": {
            "startTime": STARTED_MS // 1000 + 1,
            "executionTime": 0,
            "executionStatus": "crashed",
            "error": {"name": "NodeCrashedError", "message": "Node crashed, possible out-of-memory issue"},
        },
    }
    error = {"name": "WorkflowCrashedError", "message": "Workflow did not finish, possible out-of-memory issue"}
    failure = only(read(execution(status="crashed", runs=runs, nodes=[node("Hook"), node("Big")], error=error)))
    assert (failure["place"], failure["node"], failure["error_name"]) == ("crash", "Big", "WorkflowCrashedError")
    assert failure["at"] == pd.Timestamp(STARTED_MS + 1000, unit="ms", tz="UTC")


def test_crash_without_data_is_known_by_its_status(read: Read) -> None:
    log = read({**execution(status="crashed"), "data": None})
    assert only(log)["place"] == "status"
    assert log.executions["data"][0] == "missing"


@pytest.mark.parametrize(
    ("settings", "failures"),
    [
        ({"executionTimeout": 2}, ["canceled"]),  # it ran for 2.5 s
        ({"executionTimeout": 60}, []),  # stopped long before its own limit: by hand
        ({"executionTimeout": -1}, []),  # n8n's word for no limit
        ({"executionTimeout": "2"}, []),
        ({}, []),
    ],
)
def test_canceled_is_a_failure_only_when_its_own_limit_was_up(read: Read, settings: Json, failures: list[str]) -> None:
    log = read(execution(status="canceled", runs={"Hook": ran()}, settings=settings))
    assert log.failures["place"].tolist() == failures
    assert log.failures["error_name"].tolist() == ["ExecutionTimeout"] * len(failures)
    assert log.failures["node"].tolist() == ["Hook"] * len(failures)


def test_stopped_by_hand_is_no_failure(read: Read) -> None:
    error = {
        "name": "ManualExecutionCancelledError",
        "reason": "manual",
        "message": "The execution was cancelled manually",
    }
    assert read(execution(status="canceled", error=error, settings={"executionTimeout": 60})).failures.empty


def test_executions_saved_without_data(read: Read) -> None:
    log = read(
        {**execution(1), "data": None},
        {**execution(2, "error"), "data": None},
        {**execution(3, "canceled"), "data": None},
    )
    assert log.executions["data"].tolist() == ["missing"] * 3
    assert (only(log)["execution_id"], only(log)["place"], only(log)["message"]) == ("2", "status", None)


@pytest.mark.parametrize("status", ["running", "waiting", "new"])
def test_what_goes_on_has_not_failed(read: Read, status: str) -> None:
    log = read({**execution(status=status, runs={"Hook": ran()}), "stoppedAt": None})
    assert log.failures.empty
    assert log.executions["duration_s"].isna().all()


def test_redacted_by_n8n_keeps_type_and_status(read: Read) -> None:
    hidden = {"json": {}, "redaction": {"redacted": True, "reason": "user_requested"}}
    left = {"type": "NodeApiError", "httpCode": "429"}
    run = {**ran(hidden, executionStatus="error"), "redactedError": left}
    row = execution(status="error", runs={"Hook": ran(hidden), "Call": run}, nodes=[node("Call")])
    row["data"]["resultData"]["redactedError"] = left
    row["data"]["redactionInfo"] = {"isRedacted": True, "reason": "user_requested", "canReveal": True}
    log = read(row)
    failure = only(log)
    assert (failure["place"], failure["node"], failure["run"]) == ("execution", "Call", 0)
    assert (failure["error_name"], failure["http_code"], failure["message"]) == ("NodeApiError", "429", None)
    assert log.executions["data"].tolist() == ["redacted"]


def test_redacted_success_says_so(read: Read) -> None:
    info = {"isRedacted": True, "reason": "user_requested", "canReveal": True}
    log = read(execution(runs={"Hook": ran()}, data={"redactionInfo": info}))
    assert (log.executions["data"].tolist(), len(log.failures)) == (["redacted"], 0)


def test_retry_names_what_it_retries(read: Read) -> None:
    log = read(failed(1, retrySuccessId="2"), execution(2, mode="retry", retryOf="1"))
    assert log.executions["retry_of"].fillna("").tolist() == ["", "1"]
    assert log.failures["execution_id"].tolist() == ["1"]


def test_nodes_that_ran_are_listed_in_order(read: Read) -> None:
    log = read(execution(1, runs={"Hook": ran(), "Call": ran()}), failed(2))
    assert log.executions["nodes_run"].tolist() == ["Hook\nCall", "Call"]
    assert log.executions["last_node"].tolist() == ["Call", "Call"]


def test_too_large_to_display(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(page({**execution(1, "error"), "data": None, "dataTooLargeToDisplay": True}))
    log = readers.read(str(path))
    assert log.executions["data"].tolist() == ["too_large"]
    assert only(log)["place"] == "status"
