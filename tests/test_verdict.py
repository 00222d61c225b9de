"""Whether a retry is safe: one table of built executions with their near misses, then versions, attempts, parent and child."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest

from incident_nb.actions.linked import linked
from incident_nb.actions.verdict import Verdict, judge

Json = dict[str, Any]
BASE, CHAIN = "n8n-nodes-base.", "@n8n/n8n-nodes-langchain."
URL = "https://api.test/orders"


def node(kind: str = "httpRequest", name: str = "Send", **parameters: Any) -> Json:
    more = {key: parameters.pop(key) for key in ("retryOnFail", "executeOnce", "onError") if key in parameters}
    kind = kind if "." in kind else BASE + kind
    return {"name": name, "type": kind, "typeVersion": 2.7, "parameters": parameters, **more}


def post(url: str = URL, method: str = "POST", **more: Any) -> Json:
    return node(method=method, url=url, **more)


def keyed(name: str = "Idempotency-Key", value: str = "={{ $json.id }}", **more: Any) -> Json:
    return post(sendHeaders=True, headerParameters={"parameters": [{"name": name, "value": value}]}, **more)


def sql(query: str, kind: str = "postgres") -> Json:
    return node(kind, resource="database", operation="executeQuery", query=query)


def op(kind: str, done: str, **more: Any) -> Json:
    resource, _, operation = done.rpartition(".")
    return node(kind, operation=operation, **({"resource": resource} if resource else {}), **more)


def code(script: str) -> Json:
    return node("code", jsCode=script)


def error(code: str | None = None, message: str = "It failed", item: int | None = None, **more: Any) -> Json:
    return {
        "httpCode": code,
        "message": message,
        **({"context": {"itemIndex": item}} if item is not None else {}),
        **more,
    }


def flow(failing: Json, *others: Json, **more: Any) -> Json:
    """Webhook, Before, the failing node, After; others hang on nothing until `connections` says so."""
    nodes = [
        node("webhook", "Webhook"),
        node("noOp", "Before"),
        failing,
        post(URL + "/after") | {"name": "After"},
        *others,
    ]
    names = ["Webhook", "Before", str(failing["name"]), "After"]
    ways = {one: {"main": [[{"node": two, "type": "main", "index": 0}]]} for one, two in pairwise(names)}
    return copy.deepcopy({"id": "w", "nodes": nodes, "connections": ways, "settings": {}} | more)


def failed(failing: Json, wrong: Json, items: int = 1, ran_as: Json | None = None, **more: Any) -> Json:
    """An execution that failed at this node with that many items."""
    name = failing["name"]
    source = [{"previousNode": "Webhook"}]
    good = {"executionStatus": "success", "source": source, "data": {"main": [[{"json": {}}]]}}
    runs = {"Webhook": [{**good, "source": []}], "Before": [good], name: [{"error": wrong, "source": source}]}
    stack = [{"node": failing, "data": {"main": [[{"json": {"id": at}} for at in range(items)]]}, "source": None}]
    result = {"runData": runs, "lastNodeExecuted": name, "error": wrong}
    data = {"resultData": result, "executionData": {"nodeExecutionStack": stack}}
    return copy.deepcopy(
        {"id": "7", "status": "error", "mode": "webhook", "workflowData": ran_as or flow(failing), "data": data} | more
    )


def verdict(failing: Json, wrong: Json, items: int = 1, **more: Any) -> Verdict:
    execution = failed(failing, wrong, items, **more)
    return judge(execution, execution["workflowData"])


REFUSED, SERVER, LATE, NO_ONE = error("422"), error("500"), error("ECONNABORTED"), error("ECONNREFUSED")
SAFE, KEYED, PERSON, NOT = "safe", "safe_if_keyed", "needs_person", "not_possible"

CASES: list[tuple[Json, Json, int, str]] = [
    # What only reads is safe whatever happened, how many items there were.
    (post(method="GET"), SERVER, 3, SAFE),
    (post(method="HEAD"), LATE, 1, SAFE),
    (post("https://api.test/addresses?start=0", "GET"), LATE, 1, SAFE),
    (post("https://n8n.test/webhook/run", "GET"), LATE, 1, PERSON),
    (post("https://api.test/orders/7/cancel", "GET"), LATE, 1, PERSON),
    (post("https://api.test/x?action=pay", "GET"), LATE, 1, PERSON),
    (post("={{ $json.url }}", "GET"), LATE, 1, PERSON),
    (post(method="={{ $json.method }}"), SERVER, 1, PERSON),
    (op("googleSheets", "sheet.read"), error(), 9, SAFE),
    (op("googleSheets", "sheet.append"), error("429"), 1, PERSON),
    (op("notion", "databasePage.getAll"), SERVER, 2, SAFE),
    (op("notion", "databasePage.create"), SERVER, 1, PERSON),
    (op("notion", "={{ $json.what }}"), SERVER, 1, PERSON),
    (node("if"), error(message="Wrong type"), 5, SAFE),
    (node("stopAndError"), error(message="Rejected"), 1, SAFE),
    (op("removeDuplicates", "removeItemsSeenInPreviousExecutions"), error(), 1, PERSON),
    (node(CHAIN + "chainLlm"), error("429"), 4, SAFE),
    (node(CHAIN + "openAi", resource="image", operation="generate"), error("429"), 1, PERSON),
    # A single call that was refused, or never sent.
    (post(), REFUSED, 1, SAFE),
    (post(), error("401"), 1, SAFE),
    (post(), error(None, "Bad", messages=['400 - "{}"']), 1, SAFE),
    (post(), error(None, "Bad", messages=['500 - "{}"']), 1, PERSON),
    (post(), error("408"), 1, PERSON),
    (post(), error("409"), 1, PERSON),
    (post(), error("429"), 1, SAFE),
    (post(), error("429"), 6, PERSON),
    (post(), error("422", item=0), 6, PERSON),  # HTTP Request sends the others all the same
    (post(executeOnce=True), REFUSED, 6, SAFE),
    (post(retryOnFail=True), REFUSED, 1, PERSON),
    (post(options={"pagination": {"pagination": {}}}), REFUSED, 1, PERSON),
    (post(), NO_ONE, 1, SAFE),
    (post(), NO_ONE, 2, PERSON),
    (post(), error("ENOTFOUND", messages=["getaddrinfo ENOTFOUND api.test"], context={"request": {"uri": URL}}), 1, SAFE),
    (post(), error("ENOTFOUND", messages=["getaddrinfo ENOTFOUND b.test"], context={"request": {"uri": URL}}), 1, PERSON),
    (post(), error("ECONNREFUSED", "connect ECONNREFUSED 1.2.3.4:81", context={"request": {"uri": URL}}), 1, PERSON),
    (post(), error(None, "Credentials not found"), 1, SAFE),
    (post(), error(None, "SSL Issue: consider using the 'Ignore SSL issues' option"), 1, SAFE),
    # What may have been carried out.
    (post(), SERVER, 1, PERSON),
    (post(), LATE, 1, PERSON),
    (post(), error("ECONNRESET"), 1, PERSON),
    (post(), error("ETIMEDOUT"), 1, PERSON),
    (post(), error("504"), 1, PERSON),
    (post(), error(None, "Invalid JSON in response body"), 1, PERSON),
    (post(), {}, 1, PERSON),
    # Keys.
    (keyed(), LATE, 3, KEYED),
    (keyed("x-idempotency-key", "={{ $('Webhook').item.json.id }}"), SERVER, 1, KEYED),
    (keyed(value="abc"), LATE, 1, PERSON),
    (keyed(value="={{ $execution.id }}-{{ $json.id }}"), LATE, 1, PERSON),
    (keyed("X-Request-Source"), LATE, 1, PERSON),
    (keyed() | {"parameters": {**keyed()["parameters"], "sendHeaders": False}}, LATE, 1, PERSON),
    (post(sendHeaders=True, specifyHeaders="json", jsonHeaders='={"Idempotency-Key": "{{ $json.id }}"}'), LATE, 1, KEYED),
    (post(sendHeaders=True, specifyHeaders="json", jsonHeaders='{"Idempotency-Key": "1"}'), LATE, 1, PERSON),
    (post("=https://api.test/orders/{{ $json.id }}", "PUT"), LATE, 3, KEYED),
    (post("=https://api.test/orders/{{ $json.id }}", "DELETE"), SERVER, 1, KEYED),
    (post("=https://api.test/orders/{{ $json.id }}/send", "PUT"), LATE, 1, PERSON),
    (post("=https://api.test/orders/{{ $json.id }}", "PATCH"), LATE, 1, PERSON),
    (post("https://api.test/orders", "PUT"), LATE, 1, PERSON),
    (op("hubspot", "contact.upsert"), SERVER, 3, KEYED),
    (op("hubspot", "deal.create"), error("400"), 1, PERSON),  # more than one call, of which the first may have gone well
    (op("airtable", "record.upsert"), SERVER, 1, KEYED),
    (op("airtable", "record.create"), REFUSED, 1, SAFE),
    (op("airtable", "record.create"), SERVER, 1, PERSON),
    # Nodes that take their items in order.
    (op("airtable", "record.create"), error("422", item=0), 5, SAFE),
    (op("airtable", "record.create"), error("422", item=2), 5, PERSON),
    (op("airtable", "record.create"), REFUSED, 5, PERSON),
    (op("slack", "message.post"), error(message='Slack error response: "channel_not_found"'), 1, SAFE),
    (op("slack", "message.post"), error(message="socket hang up"), 1, PERSON),
    (op("slack", "file.upload"), error(message='Slack error response: "invalid_auth"'), 1, PERSON),
    # Queries.
    (sql("SELECT id, count(*) FROM t WHERE id = {{ $json.id }} GROUP BY id"), error(), 3, SAFE),
    (sql("SELECT settle(id) FROM t"), error(), 1, PERSON),
    (sql("SELECT 1; DELETE FROM t"), error(), 1, PERSON),
    (sql("={{ $json.query }}"), error(), 1, PERSON),
    (sql("INSERT INTO t VALUES (1)"), error(message='violates unique constraint "t"'), 1, SAFE),
    (sql("INSERT INTO t VALUES (1)"), error(message='violates unique constraint "t"'), 2, PERSON),
    (sql("INSERT INTO t VALUES (1)"), error(message="Connection terminated unexpectedly"), 1, PERSON),
    (sql("INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = 1"), error(message="terminated"), 3, KEYED),
    # Scripts, calls, and what nobody knows.
    (code("return items.map(i => ({json: {t: i.json.name.trim()}}));"), error(), 3, SAFE),
    (code("const r = /a/.exec(x); return [{json: {at: items[0].json.fetchedAt, r}}];"), error(), 1, SAFE),
    (code("await this.helpers.httpRequest({url}); return items;"), error(), 1, PERSON),
    (code("$getWorkflowStaticData('global').n = 1; return items;"), error(), 1, PERSON),
    (code(""), error(), 1, PERSON),
    (node("executeWorkflow", mode="once"), error(message="x", executionId="8"), 1, PERSON),
    (node("executeWorkflow", mode="once"), error(message="Workflow does not exist."), 3, SAFE),
    (node("executeWorkflow", mode="each"), error(message="Workflow does not exist."), 3, PERSON),
    (node("n8n-nodes-acme.crm", operation="get"), REFUSED, 1, PERSON),
    (node("scheduleTrigger"), error(), 1, PERSON),
]  # fmt: skip


@pytest.mark.parametrize(("failing", "wrong", "items", "expected"), CASES, ids=map(str, range(len(CASES))))
def test_what_the_node_does_and_how_far_it_got_decide(failing: Json, wrong: Json, items: int, expected: str) -> None:
    found = verdict(failing, wrong, items)
    assert found.verdict == expected, found.reason
    assert (found.node, found.items, found.current, found.execution_id) == ("Send", items, False, "7")
    assert found.rerun[:2] == ("Send", "After") and found.reason.endswith(".") and "\n" not in found.reason


READ = post(method="GET")


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        ({}, SAFE, "wrote nothing"),
        ({"status": "success"}, NOT, "succeeded"),
        ({"status": "crashed"}, NOT, "begin again at the trigger"),
        ({"status": "canceled"}, NOT, "stopped"),
        ({"status": "waiting"}, NOT, "waits"),
        ({"status": "running"}, NOT, "running"),
        ({"status": None}, NOT, "does not say"),
        ({"retrySuccessId": "9"}, NOT, "execution 9"),
        ({"data": None}, NOT, "not saved"),
        ({"data": None, "dataTooLargeToDisplay": True}, NOT, "too large"),
        ({"data": {"resultData": {"runData": {}}}}, NOT, "no place to go on"),
        ({"workflowData": None}, NOT, "not kept"),
        ({"mode": "manual"}, PERSON, "by hand"),
        ({"mode": "retry", "retryOf": "5"}, SAFE, "wrote nothing"),
    ],
)
def test_only_a_failure_with_its_data_can_be_retried(change: Json, expected: str, said: str) -> None:
    found = judge(failed(READ, SERVER) | change, flow(READ))
    assert found.verdict == expected and said in found.reason


def test_a_retry_of_a_writing_node_may_have_been_written_by_the_first_try() -> None:
    assert verdict(post(), REFUSED, mode="retry", retryOf="5").verdict == PERSON


def test_the_place_n8n_goes_on_at_must_be_the_one_that_failed() -> None:
    execution = failed(READ, SERVER)
    execution["data"]["resultData"]["lastNodeExecuted"] = "After"
    assert judge(execution, flow(READ)).verdict == PERSON


def test_a_model_with_a_tool_that_writes_needs_a_person() -> None:
    chain, ways = node(CHAIN + "agent"), {"ai_tool": [[{"node": "Send", "type": "ai_tool", "index": 0}]]}
    for kind, expected in (
        (CHAIN + "toolCalculator", SAFE),
        ("gmailTool", PERSON),
        (CHAIN + "memoryRedisChat", PERSON),
    ):
        ran = flow(chain, node(kind, "Tool"))
        ran["connections"]["Tool"] = ways
        found = judge(failed(chain, error("429"), ran_as=ran), ran)
        assert found.verdict == expected and found.rerun == ("Send", "After", "Tool")


def test_the_current_version_is_asked_for_only_where_it_matters() -> None:
    execution = failed(READ, SERVER)
    assert judge(execution, None).verdict == NOT
    assert judge(execution, flow(READ | {"name": "Sent"})).verdict == NOT
    repaired = judge(execution, flow(post(URL + "2", "GET")))
    assert (repaired.verdict, repaired.current) == (SAFE, True) and "parameter url" in str(repaired.why_current)
    after, before, ways, off = flow(READ), flow(READ), flow(READ), flow(READ)
    after["nodes"][3]["parameters"]["url"] = URL + "/other"
    before["nodes"][1]["parameters"]["note"] = "x"
    ways["connections"].pop("Send")
    assert [judge(execution, now).current for now in (after, before, ways)] == [True, False, True]
    assert judge(execution, ways).rerun == ("Send",)
    off["nodes"][2]["disabled"] = True
    assert (judge(execution, off).verdict, judge(execution, off).current) == (PERSON, True)
    assert judge(execution, flow(READ) | {"isArchived": True}).verdict == PERSON


def test_a_default_that_n8n_filled_in_is_no_change_and_an_option_taken_away_is() -> None:
    ran = post(method="GET", sendBody=False, options={"timeout": 800, "response": {"full": False}})
    now = post(method="GET", options={"timeout": 800, "response": {}})
    assert not judge(failed(ran, SERVER), flow(now)).current
    assert judge(failed(ran, SERVER), flow(post(method="GET", options={}))).current
    bare = post(method="GET", options={})
    assert judge(failed(bare, SERVER), flow(post(method="GET", options={"timeout": 5}))).current


def test_a_draft_is_what_a_retry_would_load() -> None:
    execution, new, other = failed(READ, SERVER), post(URL + "2", "GET"), post(URL + "3", "GET")
    for live, draft, expected in (
        (READ, READ, (SAFE, False)), (READ, new, (SAFE, False)), (new, new, (SAFE, True)), (new, other, (PERSON, True)),
    ):  # fmt: skip
        found = judge(execution, flow(draft) | {"activeVersion": flow(live)})
        assert (found.verdict, found.current) == expected


def test_a_key_must_be_there_in_the_version_that_runs() -> None:
    execution = failed(keyed(), LATE)
    assert judge(execution, flow(keyed(retryOnFail=True))).verdict == KEYED
    assert judge(execution, flow(post(sendHeaders=False))).verdict == PERSON
    # What n8n may have filled in is no change: the old version runs, with its key.
    assert (judge(execution, flow(post())).verdict, judge(execution, flow(post())).current) == (KEYED, False)


def test_a_node_that_did_not_run_can_not_be_referred_to() -> None:
    execution = failed(READ, SERVER)
    for name, expected in (("Before", SAFE), ("Added", PERSON)):
        now = flow(post(f"=https://api.test/{{{{ $('{name}').item.json.id }}}}", "GET"))
        assert judge(execution, now).verdict == expected


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([{"id": "8", "status": "error", "retryOf": "6"}], SAFE),
        ([{"id": "7", "status": "error"}], SAFE),
        ([{"id": "8", "status": "error", "retryOf": "7"}], PERSON),
        ([{"id": "8", "status": "error", "retryOf": 7}, {"id": "9", "status": "success", "retryOf": "8"}], NOT),
        ([{"id": "8", "status": "error", "retryOf": "7", "retrySuccessId": "9"}], NOT),
        ([{"id": "8", "status": "running", "retryOf": "7"}], NOT),
    ],
)
def test_other_attempts_count(runs: list[Json], expected: str) -> None:
    assert judge(failed(READ, SERVER), flow(READ), runs).verdict == expected


def test_a_good_retry_that_is_not_kept_leaves_no_trace() -> None:
    untraced = flow(READ, settings={"saveDataSuccessExecution": "none"})
    assert judge(failed(READ, SERVER, ran_as=untraced), untraced).verdict == PERSON
    untraced["nodes"][3] |= {"type": BASE + "noOp"}
    assert judge(failed(READ, SERVER, ran_as=untraced), untraced).verdict == SAFE


CALL = node("executeWorkflow", "Call", mode="once")
CALLED = {"executionId": "8", "message": "It failed"}


def pair(
    failing: Json, wrong: Json, *, wrote: bool = False, last: bool = False, **more: Any
) -> tuple[Verdict, Verdict]:
    """A parent's verdict and its child's; `wrote`: a node before the failing one wrote; `last`: nothing follows the call."""
    above, below = flow(CALL), flow(failing)
    if last:
        above["connections"].pop("Call")
    if wrote:
        below["nodes"][1] = post() | {"name": "Before"}
    child = failed(failing, wrong, ran_as=below, id="8", mode="integrated")
    child["data"]["parentExecution"] = {"executionId": "7"}
    return judge(failed(CALL, CALLED, ran_as=above, **more), above), judge(child, below)


@pytest.mark.parametrize(
    ("failing", "wrong", "how", "chosen"),
    [
        (READ, SERVER, {}, "7"),
        (post(), REFUSED, {}, "7"),
        (keyed(), LATE, {}, "7"),
        (READ, SERVER, {"wrote": True}, None),
        (READ, SERVER, {"wrote": True, "last": True}, "8"),
        (post(), LATE, {}, None),
        (post(), LATE, {"last": True}, None),
        (READ, SERVER, {"mode": "manual"}, None),
        (READ, SERVER, {"retrySuccessId": "9"}, None),
    ],
)
def test_one_of_parent_and_child_is_retried_or_none(failing: Json, wrong: Json, how: Json, chosen: str | None) -> None:
    parent, child = pair(failing, wrong, **how)
    assert child.parent == "7" and parent.verdict != SAFE
    found = linked(parent, child)
    assert found.execution_id == chosen and found.reason.endswith("."), found.reason
    assert (found.verdict in (SAFE, KEYED)) is (chosen is not None)


def test_strangers_and_retried_children_are_not_chosen() -> None:
    parent, child = pair(READ, SERVER)
    assert (parent.child, child.wrote) == ("8", ())
    stranger = child.model_copy(update={"execution_id": "99", "parent": "98"})
    assert linked(parent, stranger).execution_id is None
    assert linked(parent, child.model_copy(update={"retried": True})).execution_id is None
