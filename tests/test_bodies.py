"""Errors that a service gives as the body of a good answer, each beside what only looks like one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from incident_nb import readers
from incident_nb.causes.label import label
from incident_nb.executions import ExecutionLog
from incident_nb.patterns import problems
from incident_nb.readers.bodies import error_in, listened_to
from tests.exports import SAMPLE, V1, Json, execution, lines, node, page, ran, write_sqlite

Read = Callable[..., ExecutionLog]


@pytest.fixture(params=["api", "sqlite"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    def read_rows(*rows: Json) -> ExecutionLog:
        path = tmp_path / "export"
        path.unlink(missing_ok=True)
        path.write_bytes(page(*rows)) if request.param == "api" else write_sqlite(path, rows)
        log = readers.read(str(path))
        assert log.skipped == () and len(log.executions) == len(rows)
        return log

    return read_rows


SAID: dict[str, tuple[Json, str, str | None]] = {
    "in capitals, status": ({"status": "ERROR", "message": "denied"}, "denied", None),
    "in capitals, failed": ({"status": "FAILED", "message": "denied"}, "denied", None),
    "in capitals, flag": ({"Success": False, "Message": "denied"}, "denied", None),
    "in capitals, error": ({"Error": "boom denied"}, "boom denied", None),
    "in capitals, errors": ({"Errors": ["a b"]}, "a b", None),
    "in capitals, number": ({"StatusCode": 401, "Message": "denied"}, "denied", "401"),
    "httpStatus": ({"httpStatus": 404, "message": "denied"}, "denied", "404"),
    "http_code": ({"http_code": 500, "message": "denied"}, "denied", "500"),
    "errorCode": ({"errorCode": 403, "message": "denied"}, "denied", "403"),
    "OpenWeather": ({"cod": "404", "message": "city not found"}, "city not found", "404"),
    "Slack": ({"ok": False, "error": "channel_not_found"}, "channel_not_found", None),
    "Slack, scope": ({"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "x"}, "missing_scope", None),
    "Telegram": ({"ok": False, "error_code": 403, "description": "bot was blocked"}, "bot was blocked", "403"),
    "GraphQL": ({"errors": [{"message": "Not authorised", "path": ["a"]}], "data": None}, "Not authorised", None),
    "GraphQL, in part": ({"errors": [{"message": "Throttled"}], "data": {"a": 1}}, "Throttled", None),
    "success false": ({"success": False, "message": "Quota exceeded"}, "Quota exceeded", None),
    "Cloudflare": (
        {"success": False, "errors": [{"code": 9109, "message": "Invalid access token"}], "messages": [], "result": None},
        "Invalid access token", None,
    ),
    "Pipedrive": ({"success": False, "error": "unauthorized access", "errorCode": 401}, "unauthorized access", "401"),
    "Google": (
        {"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}, "Quota exceeded", "429"
    ),
    "Stripe": ({"error": {"type": "card_error", "code": "x", "message": "Card declined"}}, "Card declined", None),
    "OAuth": ({"error": "invalid_grant", "error_description": "Token has been revoked"}, "invalid_grant", None),
    "Airtable": ({"error": {"type": "NOT_FOUND"}}, "NOT_FOUND", None),
    "Shopify": ({"errors": "[API] Invalid API key or access token"}, "[API] Invalid API key or access token", None),
    "Shopify, fields": ({"errors": {"title": ["can't be blank"]}}, "title: can't be blank", None),
    "SendGrid": ({"errors": [{"message": "Bad Request", "field": None, "help": None}]}, "Bad Request", None),
    "HubSpot": (
        {"status": "error", "message": "Contact does not exist", "correlationId": "a-b", "category": "OBJECT_NOT_FOUND"},
        "Contact does not exist", None,
    ),
    "Notion": ({"object": "error", "status": 400, "code": "validation_error", "message": "body failed"}, "body failed", "400"),
    "Spring": (
        {"timestamp": "2026-03-01", "status": 500, "error": "Internal Server Error", "message": "boom", "path": "/x"},
        "Internal Server Error", "500",
    ),
    "Nest": ({"statusCode": 404, "message": "Cannot GET /x", "error": "Not Found"}, "Not Found", "404"),
    "RFC 9457": ({"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "no access"}, "no access", "403"),
    "GitHub": ({"message": "Not Found", "documentation_url": "https://x.test", "status": "404"}, "Not Found", "404"),
    "WordPress": (
        {"code": "rest_no_route", "message": "No route was found", "data": {"status": 404}}, "No route was found", "404"
    ),
    "JSend": ({"status": "fail", "data": {"title": "A title is required"}}, "title: A title is required", None),
    "failed": ({"status": "failed", "message": "upstream timed out"}, "upstream timed out", None),
    "full response": (
        {"body": {"error": {"message": "gone"}}, "headers": {}, "statusCode": 410, "statusMessage": "Gone"}, "gone", "410"
    ),
    "full response, text": ({"body": "", "headers": {}, "statusCode": 503, "statusMessage": "Unavailable"}, "Unavailable", "503"),
    "full response, good status": (
        {"body": {"ok": False, "error": "not_in_channel"}, "headers": {}, "statusCode": 200}, "not_in_channel", None
    ),
    "true": ({"error": True, "message": "Something went wrong"}, "Something went wrong", None),
}  # fmt: skip


@pytest.mark.parametrize(("body", "message", "code"), SAID.values(), ids=SAID)
def test_error_as_a_body(read: Read, body: Json, message: str, code: str | None) -> None:
    log = read(execution(runs={"Hook": ran({}), "Call": ran(body)}, nodes=[node("Call")]))
    (row,) = log.failures.to_dict("records")
    assert log.executions["status"].tolist() == ["success"]
    assert (row["place"], row["node"], row["run"], row["items"]) == ("body", "Call", 0, 1)
    assert row["message"] == message
    assert (None if pd.isna(row["http_code"]) else row["http_code"]) == code


DATA: dict[str, Json] = {
    "an area code": {"code": "404", "description": "Toronto area"},
    "a film": {"title": "500 Days of Summer", "code": 500},
    "a postal code": {"type": "postal", "code": "501", "description": "Holtsville"},
    "an article": {"field": "price", "code": "450", "title": "Lamp"},
    "no error, as an object": {"error": {"code": 0, "message": "No error"}},
    "no error, as a text": {"code": 200, "message": "OK", "error": "No Error"},
    "success as a text": {"success": "true", "error": "No issues"},
    "success as a number": {"success": 1, "errors": ["deprecated"]},
    "200 as a code": {"code": 200, "errors": ["x y"], "message": "OK"},
    "0 as a code": {"code": 0, "msg": "ok", "errors": {"count": "zero"}},
    "successful": {"status": "SUCCESSFUL", "message": "ok", "errors": [{"message": "w"}]},
    "no error": {"error": None, "message": "stored"},
    "empty error": {"error": "", "errors": [], "message": "stored"},
    "error false": {"error": False, "message": "stored"},
    "empty object": {"error": {}, "errors": {}},
    "the word none": {"error": "none"},
    "numbers": {"errors": 3, "error": 0},
    "no errors in the lists": {"errors": {"title": []}, "message": "stored"},
    "success": {"success": True, "errors": ["one row was skipped"]},
    "good status": {"status": "ok", "error": "none of them"},
    "200": {"status": 200, "error": "no rows", "message": "fine"},
    "a failed payment": {"id": "pi_1", "amount": 500, "status": "failed", "error": {"message": "Card declined"}},
    "a list of builds": {"number": 7, "status": "failed", "message": "tests failed", "url": "https://ci.test"},
    "a build by its name": {"name": "nightly", "status": "failed", "message": "tests failed"},
    "a state that is polled": {"status": "failed"},
    "a row of a log": {"level": "error", "error": "ENOENT", "message": "no such file", "time": 1},
    "errors beside data": {"data": [{"id": 1}], "errors": [{"message": "row 2"}], "total": 1},
    "what was asked for is there": {"error": "partial", "data": [{"id": 1}]},
    "a code of a country": {"code": 404, "name": "Kenya", "region": "Africa"},
    "a code alone": {"code": 404},
    "a status of its own": {"status": 450},
    "an order": {"ok": False, "order": 7, "error": "no"},
    "nothing": {},
    "full response": {"body": {"id": 1}, "headers": {}, "statusCode": 200},
    "full response, text": {"body": "error", "headers": {}, "statusCode": 204},
    "statistics": {"errors": [{"count": 3}]},
}


@pytest.mark.parametrize("body", DATA.values(), ids=DATA)
def test_data_that_looks_like_an_error(read: Read, body: Json) -> None:
    assert read(execution(runs={"Call": ran(body)}, nodes=[node("Call")])).failures.empty


SLACK = {"ok": False, "error": "channel_not_found"}
SIGNED = {"credentials": {"slackApi": {"id": "c1", "name": "Slack"}}}

NODES: dict[str, tuple[Json, str | None]] = {
    "HTTP Request": (node("N"), "http"),
    "posting to a list of events": (
        node("N", parameters={"method": "POST", "url": "https://a.test/v1/events"}),
        "http",
    ),
    "GraphQL": (node("N", "n8n-nodes-base.graphql"), "http"),
    "reading a log": (node("N", parameters={"url": "https://a.test/v1/logs?level=error"}), None),
    "reading errors": (node("N", parameters={"url": "={{ $json.base }}/errors"}), None),
    "reading payments": (node("N", parameters={"url": "https://a.test/payments/7"}), None),
    "a service": (node("N", "n8n-nodes-base.slack", **SIGNED), "service"),
    "a community node": (node("N", "n8n-nodes-acme.acme", **SIGNED), "service"),
    "a trigger": (node("N", "n8n-nodes-base.slackTrigger", **SIGNED), None),
    "a webhook": (node("N", "n8n-nodes-base.webhook", **SIGNED), None),
    "a database": (node("N", "n8n-nodes-base.postgres", **SIGNED), None),
    "a sheet": (node("N", "n8n-nodes-base.googleSheets", **SIGNED), None),
    "a tracker of errors": (node("N", "n8n-nodes-base.sentryIo", **SIGNED), None),
    "code": (node("N", "n8n-nodes-base.code"), None),
    "nothing known": ({}, None),
    "odd": ({"type": 7, "parameters": [], "credentials": "x"}, "service"),
}


@pytest.mark.parametrize(("given", "how"), NODES.values(), ids=NODES)
def test_which_nodes_are_listened_to(read: Read, given: Json, how: str | None) -> None:
    assert listened_to(given) == how
    if "name" in given:
        found = read(execution(runs={"N": ran(SLACK)}, nodes=[given])).failures
        assert found["place"].tolist() == ["body"] * (how is not None)


DENIED: Json = {"ok": False, "error": "denied"}
ODD: dict[str, Json] = {
    "a clock that was set back": {**ran(DENIED), "executionTime": -5},
    "an item that is null": {**ran(), "data": {"main": [[None, {"json": DENIED}]]}},
    "a list for a body": {**ran(), "data": {"main": [[{"json": []}, {"json": DENIED}]]}},
}


@pytest.mark.parametrize("run", ODD.values(), ids=ODD)
def test_one_odd_value_does_not_end_the_search(read: Read, run: Json) -> None:
    log = read(execution(runs={"Hook": ran({}), "Call": run}, nodes=[node("Call")]))
    assert log.failures[["place", "message"]].values.tolist() == [["body", "denied"]]


def test_the_same_bodies_at_many_nodes_are_not_too_large(tmp_path: Path) -> None:
    """As filters pass them on, which n8n stores once."""
    kept = [{"json": {f"field {key}": f"{number} {key}" for key in range(12)}} for number in range(1_500)]
    names = [f"F{number}" for number in range(30)]
    row = execution(runs={name: ran(*kept) for name in names}, nodes=[node(name) for name in names])
    log = readers.read(str(write_sqlite(tmp_path / "db", [row])))
    assert log.executions["data"].tolist() == ["full"] and log.skipped == ()


def test_a_service_must_leave_no_doubt(read: Read) -> None:
    slack = node("Send", "n8n-nodes-base.slack", **SIGNED)
    for body in ({"error": {"message": "x"}}, {"ok": False}, {"status": 500, "message": "x"}, {"errors": ["x"]}):
        assert read(execution(runs={"Send": ran(body)}, nodes=[slack])).failures.empty


def test_equal_ones_of_a_node_are_counted_together(read: Read) -> None:
    other = {"ok": False, "error": "ratelimited"}
    runs = {"Call": [ran(SLACK, {"ok": True}, SLACK, other), ran({"ok": True})]}
    found = read(execution(runs=runs, nodes=[node("Call")])).failures
    told = found[["message", "items", "run"]].values.tolist()
    assert told == [["channel_not_found", 2, 0], ["ratelimited", 1, 0]]


def test_passed_on_by_the_next_request_it_counts_once(read: Read) -> None:
    runs = {"Call": ran(SLACK), "Next": ran(SLACK)}
    assert read(execution(runs=runs, nodes=[node("Call"), node("Next")])).failures["node"].tolist() == ["Call"]


def test_an_item_that_n8n_made_of_an_error_is_no_body(read: Read) -> None:
    going_on = node("Call", onError="continueRegularOutput")
    found = read(
        execution(
            runs={"Call": ran({"error": "402 - no"}, SLACK, {"success": False, "message": "x"})}, nodes=[going_on]
        )
    )
    assert found.failures[["place", "message"]].values.tolist() == [
        ["item", "402 - no"], ["item", "channel_not_found"], ["body", "x"]
    ]  # fmt: skip


def test_the_error_output_holds_items_and_the_other_outputs_bodies(read: Read) -> None:
    runs = {
        "Call": ran(data={"main": [[{"json": {"success": False, "message": "x"}}], [{"json": {"error": "402 - no"}}]]})
    }
    found = read(execution(runs=runs, nodes=[node("Call", onError="continueErrorOutput")])).failures
    assert sorted(found[["place", "message"]].values.tolist()) == [["body", "x"], ["item", "402 - no"]]


def test_bodies_of_a_failed_run_are_told_beside_its_error(read: Read) -> None:
    error = {"name": "Error", "message": "later", "node": node("Next")}
    runs = {"Call": ran(SLACK), "Next": ran(error=error)}
    found = read(execution(1, "error", runs=runs, nodes=[node("Call"), node("Next")], error=error)).failures
    assert found["place"].tolist() == ["body", "execution"]


def test_where_it_was_and_who_signed_in(read: Read) -> None:
    call = node("Call", parameters={"url": "https://api.acme.test/v2/x?key=1", "genericAuthType": "httpHeaderAuth"},
                credentials={"httpHeaderAuth": {"id": "c1", "name": "Acme"}})  # fmt: skip
    (row,) = read(execution(runs={"Call": ran(SLACK)}, nodes=[call])).failures.to_dict("records")
    assert (row["host"], row["url"], row["credential"]) == ("api.acme.test", "https://api.acme.test/v2/x", "Acme")
    assert row["node_type"] == "n8n-nodes-base.httpRequest"


def test_it_is_grouped_and_labelled_like_any_other(read: Read) -> None:
    body = {"error": {"code": 429, "message": "Too many requests"}}
    log = read(*(execution(number, runs={"Call": ran(body)}, nodes=[node("Call")]) for number in range(1, 4)))
    told = label(problems(log.failures))
    assert told["fingerprint"].nunique() == 1 and told["origin"].all()
    assert told["cause"].unique().tolist() == ["rate_limit"]


def test_redacted_like_any_other_text(read: Read) -> None:
    secret = "sk_" + "live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    (message,) = read(execution(runs={"Call": ran({"error": f"Invalid key {secret}"})}, nodes=[node("Call")])).failures[
        "message"
    ]
    assert secret not in message and "Invalid key" in message


WRONG: list[Any] = [
    None,
    True,
    -7,
    1.5,
    10**30,
    "",
    "text",
    [],
    [None, 7, "text"],
    {},
    {"a": {"b": [1]}},
    [[]],
    [{}],
    "4é4",
]
NAMES = [
    "error",
    "errors",
    "success",
    "ok",
    "status",
    "code",
    "statusCode",
    "message",
    "data",
    "body",
    "headers",
    "detail",
]


@pytest.mark.parametrize("name", NAMES)
def test_wrong_types_anywhere_say_something_or_nothing(read: Read, name: str) -> None:
    bodies = [
        {**base, name: value} for value in WRONG for base in ({}, SLACK, SAID["Google"][0], SAID["full response"][0])
    ]
    for body in bodies:
        assert all(isinstance(value, str) for value in error_in(body).values())
        error_in(body, "service")
    for body in bodies[::7]:
        read(execution(runs={"Call": ran(body)}, nodes=[node("Call")]))


@pytest.mark.parametrize(
    "items", [*WRONG, [{"json": 7}], [{"json": None}, {"json": [SLACK]}], [{"error": 7, "json": {}}]]
)
def test_items_of_wrong_types(read: Read, items: Any) -> None:
    for data in ({"main": [items]}, {"main": items}):
        read(execution(runs={"Call": ran(data=data)}, nodes=[node("Call", onError="continueRegularOutput")]))


@pytest.mark.parametrize("export", [SAMPLE, V1], ids=["2.x", "1.x"])
def test_real_executions_hold_none_and_both_forms_say_so(tmp_path: Path, export: Path) -> None:
    rows = lines(export)
    (tmp_path / "page.json").write_bytes(page(*rows))
    write_sqlite(tmp_path / "n8n.sqlite", rows)
    for name in ("page.json", "n8n.sqlite"):
        assert "body" not in readers.read(str(tmp_path / name)).failures["place"].tolist()


def test_what_the_quick_look_passes_over_the_whole_one_would_not_find(tmp_path: Path) -> None:
    # Whatever counts as an error by its rules must make a quiet run worth a look, in both forms.
    rows = [execution(number, runs={"Call": ran(body)}, nodes=[node("Call")])
            for number, (body, _, _) in enumerate(SAID.values(), 1)]  # fmt: skip
    write_sqlite(tmp_path / "a.sqlite", rows)
    (tmp_path / "a.json").write_text(json.dumps(rows))
    one, other = (readers.read(str(tmp_path / name)).failures.drop(columns="at") for name in ("a.sqlite", "a.json"))
    assert len(one) == len(rows)
    pd.testing.assert_frame_equal(one.astype(object), other.astype(object))
