"""What an unattended investigation reads: n8n, else the alerts; both, where n8n does not show what the alert tells of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incident_nb import display
from incident_nb.alerts.told_again import log_of, read_again
from incident_nb.case import Case
from incident_nb.diagnose import investigate
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS
from incident_nb.incidents.deliveries import Kept
from tests.test_desk import NOW
from tests.test_serve import failed

GENERIC = b'{"message": "ETIMEDOUT connecting to api.example.com", "workflow": "[ACME] Orders", "node": "Get"}'
TEXT = "Workflow: Orders\nNode: Get\nError: 401 - invalid token"
EVENT = {"type": "message", "channel": "C1", "text": TEXT}
SLACK = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": EVENT}).encode()
COMMAND = b"command=%2Fincident&user_id=U1&channel_id=C1&text=Orders+fails"


@pytest.mark.parametrize(
    ("dialect", "body", "node"),
    [
        ("n8n", failed("7"), "HubSpot"),
        ("generic", GENERIC, "Get"),
        ("slack", SLACK, "Get"),
        ("slack", COMMAND, None),
        ("telegram", b"{}", ...),
        ("generic", b"[", ...),  # what an older version may have taken
    ],
)
def test_kept_alerts_are_read_again(dialect: str, body: bytes, node: object) -> None:
    found = read_again([Kept(dialect, NOW, body)], "main")
    assert [one.node for one in found] == ([] if node is ... else [node])
    if dialect == "n8n":
        assert found[0].instance == "main"


def test_alerts_are_a_log_that_can_be_diagnosed(tmp_path: Path) -> None:
    kept = [Kept("n8n", NOW, failed("7")), Kept("n8n", NOW, failed("8")), Kept("n8n", NOW, failed("7"))]
    log = log_of(read_again(kept), lambda flow: "ACME" if flow.name == "[ACME] Orders" else None)
    assert list(log.executions.columns) == list(EXECUTION_COLUMNS)
    assert {name: str(kind) for name, kind in log.executions.dtypes.items()} == EXECUTION_COLUMNS
    assert {name: str(kind) for name, kind in log.failures.dtypes.items()} == FAILURE_COLUMNS
    assert log.executions["execution_id"].tolist() == ["7", "8"]
    assert set(log.executions["client"]) == {"ACME"} and set(log.executions["status"]) == {"error"}
    found = investigate(Case(log, NOW).save(tmp_path / "case"))
    assert found.problem is not None and found.problem.count == 2
    assert found.hypotheses[0].cause == "credentials"


def test_alerts_without_an_execution_get_names_of_their_own() -> None:
    log = log_of(read_again([Kept("generic", NOW, GENERIC), Kept("slack", NOW, SLACK)]))
    assert log.executions["execution_id"].tolist() == ["alert-1", "alert-2"]
    assert log.failures["execution_id"].tolist() == ["alert-1", "alert-2"]


@pytest.mark.parametrize(("body", "told"), [(GENERIC, "no execution is known"), (failed("7"), "ewest execution")])
def test_an_id_that_was_made_up_for_an_alert_is_shown_to_nobody(tmp_path: Path, body: bytes, told: str) -> None:
    dialect = "generic" if body == GENERIC else "n8n"
    found = investigate(Case(log_of(read_again([Kept(dialect, NOW, body)])), NOW).save(tmp_path / "case"))
    shown, causes = display.summary(found), display.causes(found)
    for text in (shown.html, shown.markdown, display.glance(found)):
        assert told in str(text) and "alert-1" not in str(text)
    assert "alert-1" not in causes.html + causes.markdown
    assert "\n- **Since:**" in shown.markdown
    assert [label for label, text in display.glance(found) if told in text] == ["Where"]


def test_no_alert_is_an_empty_log() -> None:
    log = log_of([])
    assert log.executions.empty and list(log.failures.columns) == list(FAILURE_COLUMNS)
