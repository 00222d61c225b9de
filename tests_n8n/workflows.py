"""Workflows that fail in known ways, all causes of docs/diagnosis.md: one row each in `CASES`."""

from __future__ import annotations

from incident_nb.models import Cause as C
from tests_n8n import misbehave as m
from tests_n8n.builders import (
    answers,
    calls_hook,
    calls_sub,
    edited,
    gets,
    gets_then,
    key_changed,
    package_gone,
    sends,
    signed,
    takes,
    to,
)
from tests_n8n.nodes import code, fields, flow, http, if_number_above, if_true, stop, webhook
from tests_n8n.stage import Case

EMAILS = "return $input.first().json.orders.map((o) => ({ json: { email: o.customer.email.toLowerCase() } }));"
LINES = "return $input.first().json.body.lines.map((line) => ({ json: line }));"
ENDLESS = "if ($input.first().json.body.forever) while (true) {}\nreturn $input.all();"
GREEDY = "const all = [];\nwhile (true) all.push(new Array(100000).fill(Math.random()));"
KEY = {"name": "X-Api-Key", "value": "key-for-tests-1"}

CREDENTIALS = (
    Case("header_key_replaced", C.CREDENTIALS, signed("httpHeaderAuth", KEY), key_changed),
    Case(
        "basic_auth_refused",
        C.CREDENTIALS,
        signed("httpBasicAuth", {"user": "shop", "password": "pass-for-tests"}),
        answers(m.BARE_401),
        good=0,
        bad=3,
    ),
    Case("token_expired", C.CREDENTIALS, signed("httpHeaderAuth", KEY), answers(m.EXPIRED)),
    Case("invalid_grant", C.CREDENTIALS, gets(), answers(m.INVALID_GRANT)),
    Case("scope_missing", C.CREDENTIALS, signed("httpHeaderAuth", KEY), answers(m.NO_SCOPE)),
    # Services such as GitHub answer 404 to a key that may no longer see something: one record can't tell.
    Case(
        "hidden_by_404",
        C.EXTERNAL_API_CHANGED,
        signed("httpHeaderAuth", KEY),
        answers(m.NOT_FOUND),
        also=(C.CREDENTIALS,),
    ),
    Case(
        "credential_deleted",
        C.CREDENTIALS,
        signed("httpHeaderAuth", KEY),
        lambda place: place.n8n.api("DELETE", f"/credentials/{place.kept['credential']}"),
        also=(C.WORKFLOW_CONFIG,),
    ),
)
RATE_LIMIT = (
    Case("too_many_requests", C.RATE_LIMIT, gets(), answers(m.TOO_MANY)),
    Case(
        "quota_in_a_good_answer",
        C.RATE_LIMIT,
        gets_then(if_true("={{ $json.ok === false }}"), stop("={{ $json.error }}")),
        answers(m.QUOTA_IN_200),
    ),
)
TIMEOUT = (
    # The good runs must fit in on a busy machine.
    Case("slow_service", C.TIMEOUT, gets(timeout=3000), answers(m.SLOW)),
    Case("gateway_timeout", C.TIMEOUT, gets(), answers(m.GATEWAY_TIMEOUT)),
    # n8n's time limit of a request ends with the answer's headers: a body that drips is stopped by the workflow's.
    Case(
        "dripping_service",
        C.TIMEOUT,
        lambda place: flow(place.title, webhook(place.hook), http(place.url, timeout=3000), executionTimeout=5),
        answers(m.DRIP),
    ),
    Case(
        "workflow_time_limit",
        C.TIMEOUT,
        lambda place: flow(place.title, webhook(place.hook), http(place.url), executionTimeout=5),
        answers(m.SLOW),
    ),
    Case(
        "endless_code",
        C.TIMEOUT,
        takes(code(ENDLESS)),
        bad=1,
        also=(C.WORKFLOW_CONFIG,),
        payloads=({"forever": False}, {"forever": True}),
    ),
)
NETWORK = (
    Case("refused", C.NETWORK, gets(), lambda place: place.service.close(place.host)),
    Case("no_such_host", C.NETWORK, to("http://orders.invalid/v1/orders"), good=0, bad=3, also=(C.WORKFLOW_CONFIG,)),
    Case("tls_to_a_plain_port", C.NETWORK, to("https://{host}:{port}/"), good=0, bad=3, also=(C.WORKFLOW_CONFIG,)),
    Case("reset", C.NETWORK, gets(), answers(m.HANG_UP)),
    Case("cut_off", C.NETWORK, gets(), answers(m.CUT_OFF)),
)
SERVERS = (
    Case("foreign_500", C.EXTERNAL_OUTAGE, gets(), answers(m.CRASHED)),
    Case("foreign_502", C.EXTERNAL_OUTAGE, gets(), answers(m.BAD_GATEWAY)),
    Case("foreign_503", C.EXTERNAL_OUTAGE, gets(), answers(m.UNAVAILABLE)),
    Case("foreign_maintenance", C.EXTERNAL_OUTAGE, sends(), answers(m.MAINTENANCE)),
    Case("own_500", C.ENDPOINT_CRASH, sends(), answers(m.TRACEBACK), own=True),
    Case("own_502", C.ENDPOINT_CRASH, gets(), answers(m.BAD_GATEWAY), own=True),
    Case("own_503", C.ENDPOINT_CRASH, gets(), answers(m.UNAVAILABLE), own=True),
)
API_CHANGED = (
    Case("retired_410", C.EXTERNAL_API_CHANGED, gets(), answers(m.GONE)),
    Case("not_allowed_405", C.EXTERNAL_API_CHANGED, sends(), answers(m.NOT_ALLOWED)),
    Case("gone_404", C.EXTERNAL_API_CHANGED, gets(), answers(m.NO_ROUTE)),
)
DATA_FORMAT = (
    Case("renamed_field", C.DATA_FORMAT, gets_then(code(EMAILS)), answers(m.RENAMED), also=(C.EXTERNAL_API_CHANGED,)),
    Case("list_missing", C.DATA_FORMAT, gets_then(code(EMAILS)), answers(m.NO_LIST), also=(C.EXTERNAL_API_CHANGED,)),
    Case(
        "page_for_json",
        C.DATA_FORMAT,
        gets(json=True),
        answers(m.page("Sign in to the shop")),
        also=(C.EXTERNAL_OUTAGE, C.CREDENTIALS, C.EXTERNAL_API_CHANGED),
    ),
    Case("cut_json", C.DATA_FORMAT, gets(), answers(m.CUT_JSON)),
    Case("empty_answer", C.DATA_FORMAT, gets_then(code(EMAILS)), answers(m.EMPTY), also=(C.EXTERNAL_OUTAGE,)),
    Case(
        "text_for_number",
        C.DATA_FORMAT,
        gets_then(if_number_above("={{ $json.orders[0].total }}", 10)),
        answers(m.TOTAL_AS_TEXT),
        also=(C.EXTERNAL_API_CHANGED,),
    ),
    Case(
        "stop_missing_field",
        C.DATA_FORMAT,
        takes(if_true("={{ !$json.body.customer }}"), stop("=Order {{ $json.body.number }} has no customer")),
        payloads=({"number": 7, "customer": "Kim"}, {"number": 8}),
    ),
    Case(
        "payload_without_lines", C.DATA_FORMAT, takes(code(LINES)), payloads=({"lines": [{"sku": "A1"}]}, {"items": []})
    ),
    Case("duplicate_409", C.DATA_FORMAT, sends(), answers(m.DUPLICATE)),
    Case("invalid_400", C.DATA_FORMAT, sends(), answers(m.INVALID)),
    Case("unprocessable_422", C.DATA_FORMAT, sends(), answers(m.UNPROCESSABLE)),
)
INACTIVE = (
    # 1.x runs deactivated sub-workflows, so there it is only a missing one that fails.
    Case(
        "sub_unpublished",
        C.WORKFLOW_INACTIVE,
        calls_sub,
        lambda place: place.n8n.deactivate(place.kept["sub"]),
        only="2.",
    ),
    Case(
        "sub_deleted",
        C.WORKFLOW_INACTIVE,
        calls_sub,
        lambda place: place.n8n.api("DELETE", f"/workflows/{place.kept['sub']}"),
    ),
    Case("hook_off", C.WORKFLOW_INACTIVE, calls_hook, lambda place: place.n8n.deactivate(place.kept["next"])),
)
CONFIG = (
    Case("no_url", C.WORKFLOW_CONFIG, takes(http("={{ $json.target }}")), good=0, bad=3),
    Case("wrong_path_from_the_start", C.WORKFLOW_CONFIG, gets(), answers(m.NO_ROUTE), good=0, bad=3),
    Case(
        "bad_expression",
        C.WORKFLOW_CONFIG,
        takes(fields(total="={{ $json.body.total }}")),
        edited(takes(fields(total="={{ $json.body.total + }}"))),
    ),
    Case(
        "node_gone",
        C.WORKFLOW_CONFIG,
        gets_then(fields(total="={{ $('Get orders').item.json.orders[0].total }}")),
        edited(gets_then(fields(total="={{ $('Get invoices').item.json.orders[0].total }}"))),
    ),
    Case(
        "undefined_name",
        C.WORKFLOW_CONFIG,
        gets_then(code(EMAILS)),
        edited(gets_then(code(EMAILS.replace("$input", "$inputs")))),
    ),
    Case(
        "code_that_does_not_parse",
        C.WORKFLOW_CONFIG,
        gets_then(code(EMAILS)),
        edited(gets_then(code(EMAILS.replace("));", ")")))),
    ),
    Case(
        "no_credential_selected",
        C.WORKFLOW_CONFIG,
        signed("httpHeaderAuth", KEY, select=False),
        good=0,
        bad=3,
        also=(C.CREDENTIALS,),
    ),
)
INFRASTRUCTURE = (
    Case("unknown_node_type", C.INFRASTRUCTURE, calls_sub, package_gone),
    Case(
        "out_of_memory",
        C.INFRASTRUCTURE,
        takes(code("return $input.all();")),
        edited(takes(code(GREEDY))),
        bad=1,
        also=(C.WORKFLOW_CONFIG,),
    ),
)
CASES = (
    *CREDENTIALS,
    *RATE_LIMIT,
    *TIMEOUT,
    *NETWORK,
    *SERVERS,
    *API_CHANGED,
    *DATA_FORMAT,
    *INACTIVE,
    *CONFIG,
    *INFRASTRUCTURE,
)
