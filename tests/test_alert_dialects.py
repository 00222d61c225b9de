"""Alerts in every dialect: what is read, what is refused and why, no secret left, the fingerprint of the execution."""

# ruff: noqa: E501  the tables are read better in long lines

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident_nb import readers
from incident_nb.alerts import alertmanager, generic, n8n_trigger, slack
from incident_nb.alerts.alert import GATED, TITLE, Alert, failures_of, fingerprint
from incident_nb.alerts.body import BODY, DEPTH, PARTS, BodyError
from incident_nb.causes.label import label
from incident_nb.diagnose.analyse import analyse
from incident_nb.diagnose.subject import execution_of, group_of_execution
from incident_nb.executions import FAILURE_COLUMNS
from incident_nb.models import ErrorRecord
from incident_nb.patterns import fingerprint_of, fingerprints
from incident_nb.readers.limits import NAME
from incident_nb.readers.rows import WorkflowRow
from incident_nb.readers.tables import KEPT_TEXT
from incident_nb.redact import SAMPLE_KEY, Redactor, using
from incident_nb.settings import Settings
from tests.exports import SAMPLE, V1, Json, api_error, lines, node

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
AT = datetime(2026, 11, 10, 9, 14, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)
URL = "https://automations.northbeam.test/workflow/UM9KYJk0gi8OnZYj/executions/17"
KEY = "sk-proj-4fA8kQ2mZ7xB1nC9vL3wT5yU6iO0pAs2dF4gH7jK"
PASSWORD = "Tr0ub4dor-and-3-horses"


@pytest.fixture(autouse=True)
def _sample_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


def body(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


# n8n's Error Trigger


def from_n8n(error: Json, flow: Json | None = None, **execution: Any) -> Json:
    about = {
        "id": "17",
        "url": URL,
        "error": error,
        "lastNodeExecuted": "Call",
        "mode": "webhook",
        "executionContext": {},
    }
    return {
        "execution": {**about, **execution},
        "workflow": flow or {"id": "UM9KYJk0gi8OnZYj", "name": "[BRXT] Review request"},
    }


def read_n8n(sent: Json, **more: Any) -> Alert:
    [alert] = n8n_trigger.read(body(sent), received=NOW, **more)
    return alert


def as_alert(row: Json) -> Json:
    """What n8n hands to an error workflow when this execution fails: words of errors of its own kind get lost."""
    result, flow = row["data"]["resultData"], row["workflowData"]
    about = {"error": result["error"], "mode": row["mode"]}
    if row["status"] == "crashed":
        about["error"] = {key: value for key, value in result["error"].items() if key not in ("message", "stack")}
    run = {"id": row["id"], "url": f"https://n8n.test/workflow/{row['workflowId']}/executions/{row['id']}"}
    last = {"lastNodeExecuted": result["lastNodeExecuted"]} if "lastNodeExecuted" in result else {}
    return {"execution": {**run, **about, **last}, "workflow": {"id": row["workflowId"], "name": flow["name"]}}


@pytest.mark.parametrize(("export", "passed_on"), [(V1, 3), (SAMPLE, 1)])
def test_an_alert_has_the_fingerprint_and_the_cause_of_its_execution(export: Path, passed_on: int) -> None:
    rules = Settings()
    rows = lines(export)
    names = {row["workflowId"]: row["workflowData"]["name"] for row in rows}

    def client_of(flow: WorkflowRow) -> str | None:
        return rules.client_of(flow.name or names.get(flow.workflow_id))

    analysis = analyse(readers.read(str(export), client_of=client_of), rules)
    alerts, keys, theirs = [], [], []
    for row in rows:
        if row["mode"] == "manual" or row["status"] not in ("error", "crashed") or not row["startedAt"]:
            continue  # a person's own run raises no alert; a trigger that fails loses the words of its error
        alert = read_n8n(as_alert(row))
        found = group_of_execution(analysis, execution_of(analysis.log.executions, row["id"], rules))
        assert found is not None
        group, where = found
        keys.append(group["fingerprint"])
        mine = analysis.failures["fingerprint"] == group["fingerprint"]
        theirs.append(analysis.failures[mine & (analysis.failures["execution_id"] == where)].iloc[-1]["signature"])
        alerts.append(alert)
    last = pd.concat([failures_of([alert], client_of).iloc[-1:] for alert in alerts], ignore_index=True)
    assert fingerprints(last).tolist() == keys
    assert [fingerprint(alert, fingerprint_of, client_of) for alert in alerts] == keys
    assert label(last)["signature"].tolist() == theirs
    alike, children = len(alerts), sum(alert.called is not None for alert in alerts)
    assert alike > 80
    assert children >= passed_on


def test_an_alert_of_n8n_holds_what_its_execution_does() -> None:
    error = api_error(
        name="NodeApiError", httpCode="401", timestamp=AT_MS, description="No scope",
        node=node("Call", credentials={"httpHeaderAuth": {"id": "c1", "name": "Front desk"}}, parameters={"url": "https://api.test/v1"}),
    )  # fmt: skip
    alert = read_n8n(from_n8n(error, retryOf="12"), instance="east", delivery_id="msg_1")
    assert (alert.dialect, alert.source, alert.instance, alert.place) == ("n8n", "monitoring", "east", "execution")
    assert (alert.workflow_id, alert.workflow, alert.node) == ("UM9KYJk0gi8OnZYj", "[BRXT] Review request", "Call")
    assert (alert.execution_id, alert.execution_url, alert.retry_of, alert.mode) == ("17", URL, "12", "webhook")
    assert (alert.at, alert.resolved, alert.delivery_id) == (AT, False, "msg_1")
    assert (alert.credential_id, alert.credential, alert.error.credential_type) == (
        "c1",
        "Front desk",
        "httpHeaderAuth",
    )
    assert (alert.error.http_code, alert.error.error_name, alert.error.host) == ("401", "NodeApiError", "api.test")
    assert (alert.error.description, alert.error.node_type) == ("No scope", "n8n-nodes-base.httpRequest")
    assert alert.title == "[BRXT] Review request: Authorization failed - please check your credentials"
    assert alert.text.splitlines() == [
        "Workflow: [BRXT] Review request",
        f"Execution: {URL}",
        "Node: Call",
        "Status: 401",
        "Error: Authorization failed - please check your credentials",
        "Description: No scope",
    ]


def test_a_failed_trigger_has_no_execution() -> None:
    error = {
        "name": "NodeOperationError",
        "timestamp": AT_MS,
        "node": node("Feed", "n8n-nodes-base.rssFeedReadTrigger"),
    }
    alert = read_n8n({"trigger": {"error": error, "mode": "trigger"}, "workflow": {"id": 7, "name": "Feed"}})
    assert (alert.execution_id, alert.place, alert.node, alert.workflow_id, alert.at) == (
        None,
        "trigger",
        "Feed",
        "7",
        AT,
    )
    assert failures_of([alert])["place"].tolist() == ["trigger"]
    assert read_n8n({"trigger": {"error": {"message": "x"}}, "workflow": {"id": 7}}).place == "trigger"


@pytest.mark.parametrize("extra", [{}, {"message": ""}, {"message": None}])
def test_a_crash_that_lost_its_words_gets_them_back(extra: Json) -> None:
    alert = read_n8n(from_n8n({"name": "WorkflowCrashedError", "timestamp": AT_MS, **extra}))
    assert (alert.place, alert.node) == ("crash", "Call")
    assert alert.error.message == "Workflow did not finish, possible out-of-memory issue"


def test_another_name_alone_gets_no_words() -> None:
    assert read_n8n(from_n8n({"name": "WorkflowCrashed"})).error == ErrorRecord(
        error_name="WorkflowCrashed", node="Call"
    )


def test_an_error_of_a_code_node_of_n8n_1_has_no_name() -> None:
    alert = read_n8n(
        from_n8n({"message": "x is not defined [line 3]", "description": "ReferenceError", "lineNumber": 3})
    )
    assert (alert.error.error_name, alert.node, alert.error.node_type) == (None, "Call", "n8n-nodes-base.code")
    assert alert.at == NOW


def test_the_example_that_n8n_shows_when_the_trigger_is_tried_out() -> None:
    shown = {"message": "Example Error Message", "stack": "Stacktrace"}
    sent = from_n8n(shown, id=231, lastNodeExecuted="Node With Error", mode="manual", retryOf="34")
    assert read_n8n(sent).title == "[BRXT] Review request: Example Error Message"
    assert read_n8n(sent).execution_id == "231"


def test_the_innermost_sub_workflow_is_where_it_began() -> None:
    inner = api_error(node=node("Render"), executionId="33", workflowId="wf3", httpCode="502")
    middle = {"message": "no", "node": node("Sub"), "executionId": "32", "workflowId": "wf2", "errorResponse": inner}
    outer = {**middle, "name": "NodeOperationError", "errorResponse": middle}
    alert = read_n8n(from_n8n(outer, lastNodeExecuted="Sub"))
    assert alert.called is not None
    assert (alert.called.execution_id, alert.called.workflow_id, alert.called.error.node) == ("33", "wf3", "Render")
    table = failures_of([alert], lambda flow: f"of {flow.workflow_id}")
    assert table[["place", "workflow_id", "node", "client", "execution_id", "child_execution_id"]].fillna("").values.tolist() == [
        ["subworkflow", "UM9KYJk0gi8OnZYj", "Sub", "of UM9KYJk0gi8OnZYj", "17", "33"],
        ["execution", "wf3", "Render", "of wf3", "33", ""],
    ]  # fmt: skip
    # The child's own alert is the same problem.
    own = read_n8n(from_n8n(inner, {"id": "wf3", "name": "Render"}, id="33", lastNodeExecuted="Render"))
    assert fingerprint(own, fingerprint_of) == fingerprint(alert, fingerprint_of)


def test_a_sub_workflow_without_its_node_leaves_it_at_the_caller() -> None:
    inner = {"message": "x is not defined [line 1]", "executionId": "33", "workflowId": "wf3"}
    alert = read_n8n(from_n8n({**api_error(), "errorResponse": inner, "executionId": "33"}))
    assert failures_of([alert])["place"].tolist() == ["subworkflow"]
    answer = read_n8n(from_n8n({**api_error(), "errorResponse": {"message": "the service's own"}}))
    assert (answer.called, answer.place) == (None, "execution")


def test_what_a_person_stopped_is_no_alert() -> None:
    stopped = from_n8n({"name": "ManualExecutionCancelledError", "reason": "manual"})
    assert n8n_trigger.read(body(stopped), received=NOW) == []


@pytest.mark.parametrize(
    ("said", "at"),
    [(AT_MS, AT), (AT_MS / 1.0, AT), (0, NOW), (-1, NOW), ("yesterday", NOW), (True, NOW), (10**30, NOW), (None, NOW),
     (int((NOW + timedelta(days=1)).timestamp() * 1000), NOW), ([AT_MS], NOW)],
)  # fmt: skip
def test_a_time_is_that_of_the_error_and_never_later_than_the_receipt(said: object, at: datetime) -> None:
    assert read_n8n(from_n8n(api_error(timestamp=said))).at == at


def test_failures_are_rows_of_a_log() -> None:
    table = failures_of([read_n8n(from_n8n(api_error())), read_n8n(from_n8n({"message": "x"}))])
    assert {name: str(kind) for name, kind in table.dtypes.items()} == {
        **FAILURE_COLUMNS, "at": "datetime64[us, UTC]"
    }  # fmt: skip
    assert list(failures_of([]).columns) == list(FAILURE_COLUMNS)


# Slack

LINES = f"""\
:rotating_light: *n8n error*
*Workflow:* [BRXT] Review request
*Node:* Send review email
*Error:* The service is receiving too many requests from you (item 0)
*Time:* 2026-11-10T09:14:00.000Z
*Execution:* <{URL}|Open in n8n>
"""


def event(**message: Any) -> Json:
    return {
        "token": "old", "team_id": "T1", "api_app_id": "A0OURS", "type": "event_callback", "event_id": "Ev08", "event_time": 1,
        "authorizations": [{"team_id": "T1", "user_id": "U0BOT", "is_bot": True}, {"user_id": "U1", "is_bot": False}],
        "event": {"type": "message", "channel": "C0ERR", "user": "U1", "ts": "1794302100.000100", "channel_type": "channel",
                  **message},
    }  # fmt: skip


def read_slack(**message: Any) -> Alert:
    got = slack.read(body(event(**message)), received=NOW, channels={"C0ERR"})
    assert got.ignored is None
    [alert] = got.alerts
    return alert


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


FIELDS = [{"type": "mrkdwn", "text": line} for line in LINES.splitlines()[1:]]
MESSAGES: dict[str, Json] = {
    "text": {"text": LINES},
    "a bot's": {"subtype": "bot_message", "bot_id": "B7", "text": LINES},
    "a section": {"text": "n8n error", "blocks": [section(LINES)]},
    "fields": {"text": "", "blocks": [{"type": "section", "fields": FIELDS}]},
    "a context": {"blocks": [{"type": "divider"}, {"type": "context", "elements": FIELDS}]},
    "Markdown": {"blocks": [{"type": "markdown", "text": LINES}]},
    "rich text": {"blocks": [rich(
        {"type": "text", "text": "Workflow: "}, {"type": "text", "text": "[BRXT] Review request\nNode: Send review email\n"},
        {"type": "text", "text": LINES.splitlines()[3] + "\nTime: 2026-11-10T09:14:00.000Z\nExecution: "},
        {"type": "link", "url": URL, "text": "Open in n8n"},
    )]},
    "a bare link": {"text": "\n".join(LINES.splitlines()[:5]), "blocks": [rich({"type": "link", "url": URL, "text": URL})]},
    "a button": {"blocks": [
        section("\n".join(LINES.splitlines()[:5])),
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": URL}]},
    ]},
    "a section's button": {"blocks": [{
        **section("\n".join(LINES.splitlines()[:5])), "accessory": {"type": "button", "text": {"text": "Open"}, "url": URL},
    }]},
    "an attachment": {"attachments": [{"fallback": "n8n error", "text": LINES}]},
    "an attachment's fields": {"text": "n8n error", "attachments": [{"title": "Failed", "title_link": URL, "fields": [
        {"title": "Workflow", "value": "[BRXT] Review request"}, {"title": "Node", "value": "Send review email"},
        {"title": "Error", "value": "The service is receiving too many requests from you (item 0)"},
        {"title": "Time:", "value": "2026-11-10T09:14:00.000Z"},
    ]}]},
    "an attachment's blocks": {"attachments": [{"fallback": "[no preview]", "blocks": [section(LINES)]}]},
    "only a fallback": {"attachments": [{"fallback": LINES}]},
}  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES)
def test_a_message_is_an_alert_wherever_its_words_are(case: str) -> None:
    alert = read_slack(**MESSAGES[case])
    assert (alert.dialect, alert.source, alert.instance, alert.delivery_id) == ("slack", "slack", None, "Ev08")
    assert (alert.workflow, alert.node, alert.at) == ("[BRXT] Review request", "Send review email", AT)
    assert (alert.execution_url, alert.execution_id, alert.workflow_id) == (URL, "17", "UM9KYJk0gi8OnZYj")
    assert alert.error.message.startswith("The service is receiving too many requests from you (item 0)")
    assert alert.text.count(URL) == 1
    assert "::" not in alert.text and "no preview" not in alert.text


def test_what_a_text_repeats_for_old_programs_is_said_once() -> None:
    alert = read_slack(text="It is down", blocks=[section("*It* is down"), section("since nine")])
    assert alert.text == "It is down\nsince nine"
    assert (alert.title, alert.error) == ("It is down", ErrorRecord())


def test_a_message_without_a_time_in_it_counts_from_when_it_was_sent() -> None:
    assert read_slack(text="down").at == datetime.fromtimestamp(1794302100, UTC)
    assert read_slack(text="down", ts="nonsense").at == NOW


IGNORED: dict[str, tuple[Json, str]] = {
    "an edit": ({"subtype": "message_changed", "hidden": True, "message": {"text": LINES}}, "a message about a message or about the channel"),
    "an edit that is shown": ({"subtype": "message_changed", "text": LINES}, "a message about a message or about the channel"),
    "a deletion": ({"subtype": "message_deleted", "deleted_ts": "1"}, "a message about a message or about the channel"),
    "somebody joined": ({"subtype": "channel_join", "text": "<@U1> has joined"}, "a message about a message or about the channel"),
    "a hidden one": ({"text": LINES, "hidden": True}, "a message about a message or about the channel"),
    "an answer": ({"text": "on it", "thread_ts": "1794302000.000100"}, "an answer in a thread"),
    "another channel": ({"text": LINES, "channel": "C0CHAT"}, "a message in another channel"),
    "no channel": ({"text": LINES, "channel": None}, "a message in another channel"),
    "a reaction": ({"type": "reaction_added"}, "an event that is no message"),
    "a mention": ({"type": "app_mention", "text": LINES}, "an event that is no message"),
    "our app's": ({"text": LINES, "app_id": "A0OURS"}, "a message of our own"),
    "our app's, by its profile": ({"text": LINES, "bot_profile": {"app_id": "A0OURS"}}, "a message of our own"),
    "our bot user's": ({"text": LINES, "user": "U0BOT"}, "a message of our own"),
    "a bot that is ours": ({"subtype": "bot_message", "text": LINES, "bot_id": "B0OURS"}, "a message of our own"),
    "no words": ({"text": " ", "blocks": [{"type": "divider"}], "files": [{}]}, "a message without words"),
}  # fmt: skip


@pytest.mark.parametrize("case", IGNORED)
def test_a_message_that_is_no_alert_is_ignored(case: str) -> None:
    message, why = IGNORED[case]
    got = slack.read(body(event(**message)), received=NOW, channels={"C0ERR"}, own={"B0OURS"})
    assert (got.alerts, got.challenge, got.ignored) == ((), None, why)


def test_near_misses_of_what_is_ignored() -> None:
    for message in (
        {"thread_ts": "1794302100.000100"},
        {"bot_profile": {"app_id": "A0OTHER"}},
        {"user": None, "bot_id": "B1"},
    ):
        assert read_slack(text=LINES, **message).node == "Send review email"
    nobody = {**event(text=LINES, user=None), "api_app_id": None}
    assert len(slack.read(body(nobody), received=NOW).alerts) == 1
    anywhere = slack.read(body(event(text=LINES, channel="C0CHAT")), received=NOW)
    assert len(anywhere.alerts) == 1


def test_the_address_is_verified_by_the_challenge_as_it_came() -> None:
    sent = {
        "type": "url_verification",
        "token": "old",
        "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    }
    assert slack.read(body(sent), received=NOW) == slack.Delivery(challenge=sent["challenge"])
    other = slack.read(body({"type": "app_rate_limited"}), received=NOW)
    assert other.ignored == "a request of another type"


def form(**fields: str) -> bytes:
    sent = {
        "token": "old", "team_id": "T1", "channel_id": "C0ERR", "user_id": "U1", "user_name": "roadrunner", "command": "/incident",
        "text": LINES, "response_url": "https://hooks.slack.com/commands/T1/39/96rGlfmibIGl", "trigger_id": "398.474.803a0b",
    }  # fmt: skip
    return urlencode({**sent, **fields}).encode()


def test_a_command_is_who_said_what_where_and_an_alert() -> None:
    got = slack.read_command(form(), received=NOW)
    assert (got.command, got.user_id, got.channel_id, got.team_id) == ("/incident", "U1", "C0ERR", "T1")
    assert got.alert is not None
    assert (got.alert.node, got.alert.execution_id, got.alert.delivery_id) == (
        "Send review email",
        "17",
        "398.474.803a0b",
    )
    assert "hooks.slack.com" not in got.model_dump_json()


def test_a_command_without_a_text_is_no_alert() -> None:
    assert slack.read_command(form(text="  "), received=NOW).alert is None
    assert slack.read_command(form(text="ack INC-42"), received=NOW).text == "ack INC-42"


# Alertmanager


def notification(*alerts: Json, **more: Any) -> Json:
    return {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "nb", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am.test", "alerts": list(alerts), **more}  # fmt: skip


def firing(**more: Any) -> Json:
    return {
        "status": "firing",
        "labels": {"alertname": "ProbeFailure", "instance": "https://server.example.org:8443/health", "severity": "critical"},
        "annotations": {"summary": "Probe failure", "description": "Down for over 5m"},
        "startsAt": "2026-11-10T10:14:00.000000123+01:00", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.test/graph?g0.expr=up", "fingerprint": "1a30ba71cca2921f", **more,
    }  # fmt: skip


def read_am(*alerts: Json, **more: Any) -> list[Alert]:
    return alertmanager.read(body(notification(*alerts, **more)), received=NOW, instance="east", delivery_id="d1")


def test_several_alerts_in_one_notification() -> None:
    over = firing(status="resolved", endsAt="2026-11-10T09:20:00Z")
    other = firing(fingerprint="ffff", labels={"alertname": "Other"}, annotations={}, startsAt="2027-01-01T00:00:00Z")
    one, two, three = read_am(firing(), over, other)
    assert (one.dialect, one.instance, one.resolved, one.at, one.delivery_id) == (
        "alertmanager",
        "east",
        False,
        AT,
        "d1",
    )
    assert (one.error.message, one.error.description) == ("Probe failure", "Down for over 5m")
    assert (one.error.error_name, one.error.host, one.title) == ("ProbeFailure", "server.example.org", "Probe failure")
    assert one.problem == "1a30ba71cca2921f"
    assert "left out" not in one.text
    assert "severity: critical" in one.text.splitlines()
    assert "generator: http://prometheus.test/graph?g0.expr=up" in one.text.splitlines()
    assert (two.resolved, two.at) == (True, AT + timedelta(minutes=6))
    assert (three.title, three.error.description, three.at) == ("Other", None, NOW)
    # From firing to resolved it is one problem; another alert, or the same at another server, is another.
    keys = [fingerprint(alert, fingerprint_of) for alert in (one, two, three)]
    assert keys[0] == keys[1] != keys[2]
    assert fingerprint(one.model_copy(update={"instance": "west"}), fingerprint_of) != keys[0]


def test_labels_say_what_an_alert_is_about() -> None:
    labels = {"alertname": "WorkflowFailing", "n8n_instance": "west", "workflow_id": "wf1", "workflow_name": "Orders",
              "client": "ACME", "node_name": "Call", "execution_id": "17", "status_code": "502", "instance": "n8n-1:5678"}  # fmt: skip
    [alert] = read_am(firing(labels=labels, annotations={"description": "Failing", "execution_url": URL}))
    assert (alert.instance, alert.client, alert.workflow_id, alert.workflow) == ("west", "ACME", "wf1", "Orders")
    assert (alert.node, alert.execution_id, alert.execution_url) == ("Call", "17", URL)
    assert (alert.error.http_code, alert.error.host) == ("502", "n8n-1")
    assert (alert.title, alert.error.description) == ("Orders: Failing", None)


def test_an_older_alertmanager_without_fingerprints() -> None:
    bare = {key: value for key, value in firing().items() if key != "fingerprint"}
    changed = {**bare, "status": "resolved", "annotations": {"summary": "Probe failure, 6 m"}}
    other = {**bare, "labels": {**bare["labels"], "instance": "other"}}
    one, two, three = read_am(bare, changed, other)
    assert one.problem == two.problem != three.problem


def test_grafana_sends_the_same_shape_and_what_was_left_out_is_said() -> None:
    [alert] = read_am(firing(), version="1", truncatedAlerts=3, orgId=1)
    assert alert.text.endswith("note: Alertmanager left out 3 more alerts of this group.")


# Generic


def read_generic(**fields: Any) -> Alert:
    [alert] = generic.read(body(fields), received=NOW, instance="east")
    return alert


def test_every_field_of_the_schema_is_read() -> None:
    fields = {
        "message": "Timed out", "title": "Render is slow", "description": "after 30 s", "http_code": 504, "error_name": "Timeout",
        "stack": "at render", "host": "x.modal.run", "url": "https://x.modal.run/health", "credential_type": "httpHeaderAuth",
        "instance": "west", "client": "ACME", "workflow_id": 7, "workflow": "Orders", "node": "Call", "node_type": "n8n-nodes-base.code",
        "execution_id": 17, "execution_url": URL, "retry_of": "16", "mode": "webhook", "at": "2026-11-10T10:14:00+01:00",
        "resolved": True, "problem": "render-slow", "text": "All of it", "details": {"region": "eu", "tries": [1, 2], "none": None},
        "something else": {"a": [1]},
    }  # fmt: skip
    alert = read_generic(**fields)
    asked = {name: fields[name] for name in ErrorRecord.model_fields if name in fields}
    assert alert.error.model_dump(exclude_none=True) == {**asked, "http_code": "504"}
    assert (alert.instance, alert.client, alert.workflow_id, alert.workflow) == ("west", "ACME", "7", "Orders")
    assert (alert.execution_id, alert.execution_url, alert.retry_of, alert.mode) == ("17", URL, "16", "webhook")
    assert (alert.at, alert.resolved, alert.problem, alert.title) == (AT, True, "render-slow", "Render is slow")
    assert alert.text == "All of it\nregion: eu\ntries: [1, 2]"
    documented = {name for line in (generic.__doc__ or "").splitlines() if line.startswith("| `")
                  for name in line.split("|")[1].replace("`", "").replace(",", " ").split()}  # fmt: skip
    assert documented == set(fields) - {"something else"}


def test_one_field_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    alert = read_generic(title="Disk full")
    assert (alert.title, alert.error.message, alert.text, alert.instance) == (
        "Disk full",
        "Disk full",
        "Error: Disk full",
        "east",
    )
    assert (alert.at, alert.resolved) == (NOW, False)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert read_generic(message="Disk full", at="2026-11-10 09:14").at == AT
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_is_the_same_problem_without_a_workflow() -> None:
    def key(**fields: Any) -> str:
        return fingerprint(read_generic(**fields), fingerprint_of)

    first = key(message="Timed out after 30 s", workflow="Orders")
    assert key(message="Timed out after 31 s", workflow="Orders") == first
    assert key(title="Late again", message="Timed out after 30 s", workflow="Orders") == first
    for other in (
        {"workflow": "Bills"},
        {"node": "Call"},
        {"instance": "west"},
        {"client": "ACME"},
        {"message": "Refused"},
    ):
        assert key(**{"message": "Timed out after 30 s", "workflow": "Orders", **other}) != first
    said = [
        fingerprint(read_slack(text=text), fingerprint_of) for text in ("It is down", "It is down", "The disk is full")
    ]
    assert said[0] == said[1] != said[2]
    assert key(message="a", problem="p") == key(message="b", problem="p") != key(message="a", problem="q")


# What is refused

DIALECTS: dict[str, Callable[[bytes], object]] = {
    "n8n": lambda sent: n8n_trigger.read(sent, received=NOW),
    "slack": lambda sent: slack.read(sent, received=NOW, channels={"C0ERR"}),
    "command": lambda sent: slack.read_command(sent, received=NOW),
    "alertmanager": lambda sent: alertmanager.read(sent, received=NOW),
    "generic": lambda sent: generic.read(sent, received=NOW),
}
GOOD: dict[str, Json] = {
    "n8n": from_n8n(api_error(node=node("Call"), timestamp=AT_MS)),
    "slack": event(text=LINES, blocks=[section("more")], attachments=[{"text": "still more"}]),
    "alertmanager": notification(firing()),
    "generic": {"message": "Timed out", "details": {"a": {"b": 1}}},
}
NOT_JSON: dict[str, bytes] = {
    "nothing": b"", "a word": b"alert", "half": b'{"message": "x"', "two": b'{"message": "x"} {}', "NaN": b'{"message": "x", "a": NaN}',
    "infinity": b'{"message": "x", "a": -Infinity}', "too large a number": b'{"message": "x", "a": 1e999}',
    "too long a number": b'{"message": "x", "a": ' + b"1" * 200 + b"}", "a list": b"[]", "a text": b'"x"', "null": b"null",
    "a number": b"1", "bytes": b"\xff\xfe{\x00}\x00", "Latin-1": '{"message": "café"}'.encode("latin-1"),
    "single quotes": b"{'message': 'x'}", "deep lists": b'{"message": "x", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"message": "x", "a": ' + b'{"a": ' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "a level too deep": b'{"message": "x", "a": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "too many parts": b'{"message": "x", "a": [' + b"1," * PARTS + b"1]}", "too long": b'{"message": "' + b"x" * BODY + b'"}',
    "packed": gzip.compress(b'{"message": "x"}'),
}  # fmt: skip


@pytest.mark.parametrize("dialect", GOOD)
@pytest.mark.parametrize("case", NOT_JSON)
def test_a_body_that_is_no_object_within_limits_is_refused(dialect: str, case: str) -> None:
    with pytest.raises(BodyError, match=r"^The body "):
        DIALECTS[dialect](NOT_JSON[case])


def test_near_misses_of_a_bad_body_are_read() -> None:
    assert read_generic(message="x", a=[[1]] * 100)
    for sent in (
        b'\xef\xbb\xbf {"message": "x"}\n',
        b'{"message": "x", "message": "x"}',
        b'{"message": "x", "a": ' + b"[" * (DEPTH - 1) + b"]" * (DEPTH - 1) + b"}",
        b'{"message": "x", "a": ' + b"1" * 99 + b"}",
    ):
        assert generic.read(sent, received=NOW)[0].error.message == "x"
    # n8n writes what a service cut off as it came: half of an emoji.
    assert generic.read(rb'{"message": "cut \ud83d"}', received=NOW)[0].error.message == "cut \N{REPLACEMENT CHARACTER}"


REFUSED: list[tuple[str, Json, str]] = [
    ("n8n", {}, "An Error Trigger's output holds"),
    ("n8n", {"execution": {"error": {"message": "x"}}}, "An Error Trigger's output holds"),
    ("n8n", {"workflow": {"id": "1"}}, "An Error Trigger's output holds"),
    ("n8n", {"workflow": "x", "execution": {}}, "“workflow” is not an object"),
    ("n8n", {"workflow": {}, "execution": []}, "“execution” is not an object"),
    ("n8n", {"workflow": {}, "trigger": 1}, "“trigger” is not an object"),
    ("n8n", from_n8n({}), "There is no error in it"),
    ("n8n", {"workflow": {}, "execution": {"id": "1"}}, "There is no error in it"),
    ("n8n", {"workflow": {}, "execution": {"error": "x"}}, "“error” is not an object"),
    ("n8n", from_n8n({"message": "x"}, id=[1]), "“id” is not text or a whole number"),
    ("n8n", from_n8n({"message": "x"}, id=True), "“id” is not text or a whole number"),
    ("n8n", from_n8n({"message": "x"}, id=1.5), "“id” is not text or a whole number"),
    ("n8n", from_n8n({"message": "x"}, url={}), "“url” is not text"),
    ("n8n", from_n8n({"message": "x"}, mode=1), "“mode” is not text"),
    ("n8n", from_n8n({"message": "x"}, {"id": {}}), "“id” is not text or a whole number"),
    ("slack", {}, "“type” is missing"),
    ("slack", {"type": 1}, "“type” is not text"),
    ("slack", {"type": "url_verification"}, "“challenge” is missing"),
    ("slack", {"type": "url_verification", "challenge": ""}, "“challenge” is missing"),
    ("slack", {"type": "url_verification", "challenge": {}}, "“challenge” is not text"),
    ("slack", {"type": "url_verification", "challenge": "x" * 1001}, "“challenge” has more than 1,000 characters"),
    ("slack", {"type": "event_callback", "event_id": "Ev1"}, "“event” is missing"),
    ("slack", {"type": "event_callback", "event": [], "event_id": "Ev1"}, "“event” is not an object"),
    ("slack", {"type": "event_callback", "event": {}}, "“event_id” is missing"),
    ("slack", {**event(), "event_id": "Ev 1"}, "“event_id” is no id"),
    ("slack", {**event(), "event_id": "E" * 201}, "“event_id” is no id"),
    ("slack", event(text=1), "“text” is not text"),
    ("slack", event(text="x", thread_ts=1), "“thread_ts” is not text"),
    ("slack", event(text="x", bot_profile=[]), "“bot_profile” is not an object"),
    ("slack", event(text="x", a=[1] * slack.PARTS), f"more than {slack.PARTS:,} parts"),
    ("alertmanager", {}, "“version” is not 4"),
    ("alertmanager", notification(firing(), version="3"), "“version” is not 4"),
    ("alertmanager", notification(firing(), version=4), "“version” is not text"),
    ("alertmanager", notification(), "“alerts” is missing or empty"),
    ("alertmanager", {**notification(), "alerts": firing()}, "“alerts” is not a list"),
    ("alertmanager", {**notification(), "alerts": ["x"]}, "something that is no object"),
    ("alertmanager", notification(*[{}] * 1001), "“alerts” has more than 1,000 entries"),
    ("alertmanager", notification(firing(status="pending")), "neither firing nor resolved"),
    ("alertmanager", notification(firing(status=None)), "neither firing nor resolved"),
    ("alertmanager", notification(firing(labels={})), "“labels” of an alert is missing"),
    ("alertmanager", notification(firing(labels=[1])), "“labels” is not an object"),
    ("alertmanager", notification(firing(labels={"a": 1})), "“labels” holds a value that is no text"),
    ("alertmanager", notification(firing(annotations={"a": None})), "“annotations” holds a value that is no text"),
    ("alertmanager", notification(firing(annotations={"a": "x" * 20_001})), "“annotations” holds a text of more than"),
    ("alertmanager", notification(firing(labels={str(n): "x" for n in range(201)})), "“labels” has more than 200 entries"),
    ("alertmanager", notification(firing(startsAt=1)), "“startsAt” is not text"),
    ("alertmanager", notification(firing(), firing(fingerprint=1)), "“fingerprint” is not text"),
    ("alertmanager", notification(firing(), truncatedAlerts="3"), "“truncatedAlerts” is not a whole number"),
    ("generic", {}, "neither a “message” nor a “title”"),
    ("generic", {"message": "", "text": "x"}, "neither a “message” nor a “title”"),
    ("generic", {"message": ["x"]}, "“message” is not text"),
    ("generic", {"message": "x" * (GATED + 1)}, "“message” has more than 16,000 characters"),
    ("generic", {"message": "x", "workflow": "x" * (NAME + 1)}, "“workflow” has more than 1,000 characters"),
    ("generic", {"message": "x", "http_code": True}, "“http_code” is not text or a whole number"),
    ("generic", {"message": "x", "http_code": 5.5}, "“http_code” is not text or a whole number"),
    ("generic", {"message": "x", "resolved": "yes"}, "“resolved” is not true or false"),
    ("generic", {"message": "x", "resolved": 1}, "“resolved” is not true or false"),
    ("generic", {"message": "x", "at": "yesterday"}, "“at” is no time"),
    ("generic", {"message": "x", "at": AT_MS}, "“at” is not text"),
    ("generic", {"message": "x", "details": [1]}, "“details” is not an object"),
    ("generic", {"message": "x", "details": {"a": [1] * 200}}, "“details” has more than 200 entries"),
    ("generic", {"message": "x", "client": "x" * 301}, "“client” has more than 300 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "sent", "why"), REFUSED, ids=[f"{row[0]}: {row[2]}" for row in REFUSED])
def test_what_a_dialect_never_says_is_refused_with_the_reason(dialect: str, sent: Json, why: str) -> None:
    with pytest.raises(BodyError) as refused:
        DIALECTS[dialect](body(sent))
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"", "no slash command"), (b"text", "no form"), (b"command=%2Fincident&text=%FF", "no form"), ("text=é".encode(), "no form"),
        (b"&".join(b"a%d=1" % n for n in range(60)), "no form"), (form() + b"&text=again", "a field twice"),
        (form(command="/other"), "no slash command /incident"), (form(user_id=""), "“user_id” or “channel_id” is missing"),
        (form(channel_id="C 1"), "“channel_id” is no id"), (form(text="x" * 20_001), "more than 20,000 characters"),
        (b"a=" + b"x" * BODY, "longer than"), (body(event(text=LINES)), "no form"),
    ],
)  # fmt: skip
def test_what_is_no_command_is_refused_with_the_reason(sent: bytes, why: str) -> None:
    with pytest.raises(BodyError) as refused:
        slack.read_command(sent, received=NOW)
    assert why in str(refused.value)


def test_a_reason_quotes_nothing_of_the_body() -> None:
    for dialect in GOOD:
        for sent in (
            b'{"a": "' + KEY.encode(),
            body({KEY: KEY, "workflow": KEY, "type": [KEY], "version": KEY, "message": [KEY]}),
        ):
            with pytest.raises(BodyError) as refused:
                DIALECTS[dialect](sent)
            assert KEY not in str(refused.value)


# The gate

PLANTED: dict[str, Callable[[], object]] = {
    "n8n": lambda: read_n8n(from_n8n(
        api_error(
            message=f"Bad key {KEY}", description=f"Authorization: Bearer {KEY}", messages=[f'401 - "{{\\"api_key\\": \\"{KEY}\\"}}"'],
            stack=f"Error: {KEY}\n at x", context={"data": {"password": PASSWORD, "deep": [{"client_secret": PASSWORD}]}},
            node=node(f"Call {KEY}", parameters={"url": f"https://u:{PASSWORD}@api.test/v1?api_key={KEY}"}),
            errorResponse=api_error(message=f"Bad key {KEY}", node=node("In"), context={"data": {"password": PASSWORD}}, executionId="2"),
            executionId="2",
        ),
        {"id": KEY, "name": f"Orders {KEY}"}, url=f"{URL}?token={PASSWORD}", id=KEY, mode=KEY, retryOf=KEY,
    )),
    "slack": lambda: slack.read(body(event(
        text=f"key {KEY}", blocks=[section(f"password: {PASSWORD}"), rich({"type": "link", "url": f"https://a.test/?token={PASSWORD}"})],
        attachments=[{"title": KEY, "fields": [{"title": "Password", "value": PASSWORD}, {"title": "Node", "value": KEY}],
                      "blocks": [section(f"*Workflow:* {KEY}")]}],
    )), received=NOW),
    "command": lambda: slack.read_command(form(text=f"Error: password={PASSWORD} at node \"{KEY}\""), received=NOW),
    "alertmanager": lambda: read_am(firing(
        labels={"alertname": KEY, "password": PASSWORD, KEY: "x", "workflow": KEY, "node_name": KEY, "client": KEY, "instance": KEY},
        annotations={"summary": f"Bearer {KEY}", "api_token": PASSWORD, "execution_url": f"{URL}?token={PASSWORD}"},
        generatorURL=f"http://u:{PASSWORD}@prometheus.test/", fingerprint=KEY,
    )),
    "generic": lambda: read_generic(
        **dict.fromkeys(("message", "title", "description", "stack", "error_name", "host", "workflow", "workflow_id", "node", "client",
                         "execution_id", "mode", "problem", "text", "instance", "http_code", "node_type", "credential_type"), KEY),
        url=f"https://api.test/?api_key={KEY}", execution_url=f"https://u:{PASSWORD}@n8n.test/",
        details={"password": PASSWORD, "nested": {"client_secret": PASSWORD}, KEY: "x", "list": [{"name": "api_key", "value": PASSWORD}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", PLANTED)
def test_no_secret_is_left_in_an_alert(dialect: str) -> None:
    shown = repr(PLANTED[dialect]())
    assert "[" in shown and ":" in shown
    assert KEY not in shown
    assert PASSWORD not in shown


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def test_every_text_has_an_end() -> None:
    words = "a word " * 20_000
    sent = from_n8n(
        api_error(message=words, description=words, stack=words, name=words, node=node(words)),
        {"id": words, "name": words}, id=words, mode=words, url=f"https://n8n.test/{words}",
    )  # fmt: skip
    alert = read_n8n(sent)
    assert max(map(len, texts(alert.model_dump()))) == KEPT_TEXT
    assert len(alert.workflow or "") == len(alert.node or "") == NAME
    assert len(alert.title) == TITLE
    between = read_n8n(from_n8n({"message": words[: GATED - 1]}))
    assert len(between.error.message) == KEPT_TEXT
    long = read_slack(text=words, blocks=[section(f"{n} {words}") for n in range(20)])
    assert max(map(len, texts(long.model_dump()))) <= KEPT_TEXT


def test_a_secret_that_a_cut_goes_through_is_not_left_in_halves() -> None:
    # So many secrets that what is left of them all is shorter than what is kept, the last of them cut anywhere.
    many = " ".join(f"{KEY[:-6]}{n:06}" for n in range(2 * GATED // len(KEY)))
    for lead in range(0, len(KEY) + 1, 2):
        left = read_n8n(from_n8n({"message": "-" * lead + " " + many})).error.message
        assert len(left) < KEPT_TEXT
        assert KEY[:12] not in left


def test_a_detail_that_is_cut_was_redacted_before() -> None:
    for lead in range(1_900, 2_000, 5):
        alert = read_generic(message="x", details={"long": {"lead": "y " * (lead // 2), "client_secret": PASSWORD}})
        assert len(alert.text.splitlines()[-1]) <= len("long: ") + generic.DETAIL
        assert PASSWORD[:6] not in alert.text


def test_what_hides_in_a_secret_does_not_hide_it() -> None:
    for hidden in ("\u200b", "\x1b[0m", "\u00ad"):
        alert = read_n8n(from_n8n({"message": f"Bad key {KEY[:20]}{hidden}{KEY[20:]}"}))
        assert KEY[:20] not in alert.error.message


def test_what_would_control_a_terminal_is_shown_as_text() -> None:
    alert = read_n8n(from_n8n({"message": "\x1b[31mred\x1b[0m \x07 \u202eturned"}))
    assert alert.error.message == "red \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}turned"
    inside = read_n8n(from_n8n({"message": json.dumps({"password": PASSWORD, "note": "\u202eturned"})}))
    assert "\u202e" not in inside.error.message
    assert "\u202e" not in read_generic(message="x", details={"\u202ekey": "value"}).text


# Whatever comes

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20) | st.sampled_from(["message", "event_callback", "firing", "4", "http://[", "https://a.test:99999/", "{"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
STEPS = st.lists(st.integers(0, 30), min_size=1, max_size=6)


def put(tree: Any, steps: list[int], value: Any) -> Any:
    """The tree with one place of it, which the steps lead to, holding something else."""
    if not steps or not isinstance(tree, dict | list) or not tree:
        return value
    keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
    at = keys[steps[0] % len(keys)]
    changed = dict(tree) if isinstance(tree, dict) else list(tree)
    changed[at] = put(tree[at], steps[1:], value)
    return changed


@pytest.mark.parametrize("dialect", GOOD)
@settings(max_examples=100, deadline=None)
@given(steps=STEPS, value=ANYTHING)
def test_a_body_with_something_else_in_it_is_read_or_refused(dialect: str, steps: list[int], value: Any) -> None:
    with using(Redactor(SAMPLE_KEY)):
        try:
            got = DIALECTS[dialect](body(put(GOOD[dialect], steps, value)))
        except BodyError:
            return
        alerts = got.alerts if isinstance(got, slack.Delivery) else got
        assert isinstance(alerts, list | tuple)
        for alert in alerts:
            assert alert.at <= NOW and alert.title
            assert len(fingerprint(alert, fingerprint_of)) == 12


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=60, deadline=None)
@given(sent=st.binary(max_size=60) | ANYTHING.map(body))
def test_any_bytes_are_read_or_refused(dialect: str, sent: bytes) -> None:
    with using(Redactor(SAMPLE_KEY)):
        try:
            DIALECTS[dialect](sent)
        except BodyError as refused:
            assert str(refused).endswith(".")
