"""Pasted alerts: error text, failing node, time and execution URL are read where they are there (ACK-4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from incident_nb.alerts.pasted import parse_pasted

URL = "https://automations.northbeam.test/workflow/UM9KYJk0gi8OnZYj/executions/17"
AT = datetime(2026, 11, 10, 9, 14, tzinfo=UTC)

SLACK_LINES = f"""\
:rotating_light: *n8n error*
*Workflow:* [BRXT] Review request
*Node:* Send review email
*Error:* The service is receiving too many requests from you (item 0)
User-rate limit exceeded.
*Time:* 2026-11-10T09:14:00.000Z
*Execution:* <{URL}|Open in n8n>
"""
SLACK_FIELDS = f"""\
*Workflow:*
[BRXT] Review request
*Failing node:*
`Send review email`
*Error message:*
> The service is receiving too many requests from you (item 0)
> User-rate limit exceeded.

*Timestamp:*
2026-11-10 10:14:00 +01:00
{URL}
"""
ONE_LINE = (
    f"Workflow: [BRXT] Review request | Node: Send review email | Error: The service is receiving too many requests "
    f"from you (item 0)\nUser-rate limit exceeded.\nTimestamp: 2026-11-10 09:14 UTC · Execution: {URL}"
)


@pytest.mark.parametrize("text", [SLACK_LINES, SLACK_FIELDS, ONE_LINE])
def test_labelled(text):
    alert = parse_pasted(text)
    assert alert.workflow == "[BRXT] Review request"
    assert alert.node == "Send review email"
    assert alert.error == ("The service is receiving too many requests from you (item 0)\nUser-rate limit exceeded.")
    assert alert.at == AT
    assert (alert.execution_url, alert.execution_id, alert.workflow_id) == (URL, "17", "UM9KYJk0gi8OnZYj")


@pytest.mark.parametrize(
    ("text", "node", "error"),
    [
        ('Workflow "Lead intake" failed at node "HubSpot": Forbidden - no scope', "HubSpot", "Forbidden - no scope"),
        ("Problem in node ‘Get many‘: The resource was not found", "Get many", "The resource was not found"),
        ("error in workflow 'Lead intake', node 'Map rows': value is: not a date", "Map rows", "value is: not a date"),
    ],
)
def test_sentences(text, node, error):
    alert = parse_pasted(text)
    assert (alert.node, alert.error) == (node, error)


@pytest.mark.parametrize(
    ("url", "execution", "workflow"),
    [
        ("https://n8n.example.test/workflow/aB3/executions/901", "901", "aB3"),
        ("https://n8n.example.test/n8n/workflow/12/executions/debug/901", "901", "12"),
        ("http://localhost:5678/execution/901", "901", None),
    ],
)
def test_execution_urls(url, execution, workflow):
    for text in (url, f"see <{url}|here>.", f"({url})", f"[run]({url})", f"It broke: {url}, please look"):
        alert = parse_pasted(text)
        assert (alert.execution_url, alert.execution_id, alert.workflow_id) == (url, execution, workflow)


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2026-11-10 20:14", "Australia/Sydney", AT),
        ("2026-11-10T04:14:00-05:00", "Australia/Sydney", AT),
        ("at 9:14 this morning", "UTC", None),
        ("2026-13-41 09:14", "UTC", None),
    ],
)
def test_times(text, zone, at):
    assert parse_pasted(text, time_zone=zone).at == at


@pytest.mark.parametrize("text", ["", "Thanks, all good now!", "https://n8n.example.test/workflow/aB3", "node"])
def test_no_alert_in_it(text):
    alert = parse_pasted(text)
    assert alert.model_dump(exclude={"text"}, exclude_none=True) == {}
    assert alert.text == text


def test_what_is_kept_has_passed_the_gate():
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    alert = parse_pasted(f"Node: Charge\nError: Invalid key {secret}\n{URL}?token={secret}")
    assert secret not in alert.model_dump_json()
    assert alert.error.startswith("Invalid key [")
    assert alert.execution_id == "17"
