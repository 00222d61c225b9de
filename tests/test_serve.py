"""The receiver: who is let in, what is stored before it is answered, and how alerts become incidents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from incident_nb.alerts.body import BODY
from incident_nb.desk import arrivals
from incident_nb.errors import SettingsError
from incident_nb.incidents import Records, deliveries, payload_of, tables
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.serve import Access, app_of
from incident_nb.serve.access import ALERT_SECRET, ALERT_TOKEN, SLACK_SECRET
from incident_nb.settings import Client, Settings, Slack
from tests.test_desk import NOW, Clock

TOKEN = "t0ken-of-the-tests"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
SLACK = "slack-secret-of-the-tests"
KEY = "sk-proj-4fA8kQ2mZ7xB1nC9vL3wT6yU8iO0p"


def failed(execution: str = "7", message: str = "401 - invalid token", node: str = "HubSpot", **more: Any) -> bytes:
    """What an Error Trigger sends of a failed execution."""
    error = {
        "message": message,
        "name": "NodeApiError",
        "httpCode": "401",
        "node": {"name": node, "type": "n8n-nodes-base.hubspot"},
    }
    run = {
        "id": execution, "url": f"https://n8n.example.com/workflow/wf1/executions/{execution}", "error": error,
        "lastNodeExecuted": node, "mode": "trigger",
    }  # fmt: skip
    return json.dumps({"execution": {**run, **more}, "workflow": {"id": "wf1", "name": "[ACME] Orders"}}).encode()


def signed(body: bytes, at: datetime, delivery: str = "msg_1", secret: bytes = b"k" * 32) -> dict[str, str]:
    """Headers of Standard Webhooks."""
    seconds = str(int(at.timestamp()))
    made = hmac.new(secret, f"{delivery}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": delivery, "webhook-timestamp": seconds, "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }  # fmt: skip


def slack_signed(body: bytes, at: datetime, secret: str = SLACK) -> dict[str, str]:
    seconds = str(int(at.timestamp()))
    made = hmac.new(secret.encode(), f"v0:{seconds}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": seconds, "x-slack-signature": f"v0={made}"}


BEARER = {"authorization": f"Bearer {TOKEN}"}
Receiver = Callable[..., TestClient]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(place: Path | str) -> Iterator[Records]:
    made = Records(place)
    yield made
    made.close()


@pytest.fixture
def receiver(records: Records, clock: Clock) -> Iterator[Receiver]:
    """Starts a receiver on the records; starting another one is a restart."""
    running: list[TestClient] = []

    def stop() -> None:
        for one in running:
            one.__exit__(None, None, None)
        running.clear()

    def start(access: Access | None = None, **settings: Any) -> TestClient:
        stop()
        given = access or Access((TOKEN,), (b"k" * 32,), (SLACK,))
        known = Settings(clients={"ACME": Client(name_prefix=("[ACME]",))}, **settings)
        app = app_of(known, records, given, clock=clock)
        client = TestClient(app, base_url="http://127.0.0.1:8787", raise_server_exceptions=False)
        running.append(client.__enter__())
        return running[0]

    yield start
    stop()


def test_an_alert_opens_an_incident_and_the_next_goes_into_it(receiver: Receiver, records: Records) -> None:
    http = receiver()
    first = http.post("/alerts/n8n", content=failed("7"), headers=BEARER)
    assert first.status_code == 202
    one = {"incident": "INC-1", "created": True, "folded": False, "duplicate": False}
    assert first.json() == {**one, "results": [one]}
    second = http.post("/alerts/n8n", content=failed("8"), headers=BEARER).json()
    assert (second["incident"], second["created"], second["folded"]) == ("INC-1", False, True)
    incident = records.get(1)
    assert (incident.occurrences, incident.client, incident.subject.execution_id) == (2, "ACME", "7")
    assert incident.title == "[ACME] Orders: 401 - invalid token" and incident.suggested
    other = http.post("/alerts/n8n", content=failed("9", node="Xero"), headers=BEARER).json()
    assert other["incident"] == "INC-2" and other["created"]


def test_the_same_alert_again_is_answered_as_the_first_time_also_after_a_restart(
    receiver: Receiver, records: Records, clock: Clock
) -> None:
    body = failed("7")
    for headers in (BEARER, signed(body, NOW)):
        first = receiver().post("/alerts/n8n", content=body, headers=headers).json()
        again = receiver().post("/alerts/n8n", content=body, headers=headers)
        assert again.status_code == 202
        assert (
            again.json()["duplicate"] and again.json() | {"duplicate": False} | {"results": first["results"]} == first
        )
    events = [event.kind for event in records.events(1)]
    assert events == ["opened", "severity_suggested", "occurred"]  # once by token, once signed: two senders


def test_a_delivery_id_with_another_body_is_refused(receiver: Receiver, records: Records) -> None:
    http = receiver()
    assert http.post("/alerts/n8n", content=failed("7"), headers=signed(failed("7"), NOW)).status_code == 202
    other = http.post("/alerts/n8n", content=failed("8"), headers=signed(failed("8"), NOW))
    assert other.status_code == 401 and records.get(1).occurrences == 1


BODY_OF = failed("7")
LATE, EARLY = timedelta(minutes=-5, seconds=-1), timedelta(minutes=5, seconds=1)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/alerts/n8n", {}),
        ("/alerts/n8n", {"authorization": "Bearer wrong"}),
        ("/alerts/n8n", {"authorization": f"Basic {TOKEN}"}),
        ("/alerts/n8n", {"authorization": f"Bearer {TOKEN}é"}),
        ("/alerts/n8n", signed(BODY_OF, NOW + LATE)),
        ("/alerts/n8n", signed(BODY_OF, NOW + EARLY)),
        ("/alerts/n8n", signed(BODY_OF + b" ", NOW)),
        ("/alerts/n8n", signed(BODY_OF, NOW, secret=b"x" * 32)),
        ("/alerts/n8n", signed(BODY_OF, NOW) | {"webhook-signature": "v1,?"}),
        ("/alerts/n8n", signed(BODY_OF, NOW) | {"webhook-timestamp": "soon"}),
        ("/alerts/n8n", signed(BODY_OF, NOW) | {"webhook-id": "msg_2"}),
        ("/alerts/n8n", {**BEARER, **signed(BODY_OF, NOW + LATE)}),
        ("/alerts/slack", BEARER),
        ("/alerts/slack", slack_signed(BODY_OF, NOW + LATE)),
        ("/alerts/slack", slack_signed(BODY_OF, NOW, "other")),
        ("/slack/command", slack_signed(BODY_OF + b"x", NOW)),
    ],
)  # fmt: skip
def test_who_may_not_send_is_refused_and_nothing_is_kept(
    receiver: Receiver, records: Records, path: str, headers: dict[str, str]
) -> None:
    sent = {name: value.encode("utf-8") for name, value in headers.items()}
    assert receiver().post(path, content=BODY_OF, headers=sent).status_code == 401
    assert not records.incidents()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/alerts/n8n", b"{", 400),
        ("/alerts/n8n", b"[]", 400),
        ("/alerts/n8n", b'{"workflow": {"id": "1"}}', 400),
        ("/alerts/n8n", b"[" * 100_000, 400),
        ("/alerts/generic", b"{}", 400),
        ("/alerts/alertmanager", b'{"alerts": 1}', 400),
        ("/alerts/n8n", b'"' + b"x" * BODY + b'"', 413),
        ("/alerts/nothing", b"{}", 404),
        (f"/alerts/n8n/{'x' * 65}", BODY_OF, 404),
        ("/alerts/n8n/a%20b", BODY_OF, 404),
    ],
)
def test_what_is_no_alert_is_refused_with_a_reason(receiver: Receiver, path: str, body: bytes, status: int) -> None:
    answer = receiver().post(path, content=body, headers=BEARER)
    assert answer.status_code == status
    assert path == "/alerts/nothing" or len(answer.json()["error"]) > 10


def test_without_a_token_only_this_machine_may_send(receiver: Receiver, records: Records) -> None:
    http = receiver(Access())
    for headers in (
        {"origin": "https://evil.example"}, {"host": "evil.example"}, {"sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1.evil.example:8787"}, signed(BODY_OF, NOW),
    ):  # fmt: skip
        assert http.post("/alerts/n8n", content=BODY_OF, headers=headers).status_code == 401
    assert not records.incidents()
    for host in ("127.0.0.1:8787", "localhost", "[::1]:8787"):
        assert http.post("/alerts/n8n", content=BODY_OF, headers={"host": host}).status_code == 202
    assert records.get(1).occurrences == 1  # one and the same delivery


def test_a_secret_in_an_alert_reaches_no_record_and_the_body_is_kept_apart(
    receiver: Receiver, records: Records
) -> None:
    body = failed(message=f"401 for Authorization: Bearer {KEY}")
    answer = receiver().post("/alerts/n8n", content=body, headers=BEARER)
    told = records.get(1).model_dump_json() + json.dumps([one.payload for one in records.events(1)])
    assert KEY not in told + answer.text and "[" in records.get(1).title
    with records.at_once() as writing:
        assert [one.body for one in deliveries.bodies(writing.connection, 1)] == [body]


def test_a_problem_that_comes_back_soon_reopens_and_later_opens_another(
    receiver: Receiver, records: Records, clock: Clock
) -> None:
    http = receiver()

    def send(execution: str) -> dict[str, Any]:
        answer: dict[str, Any] = http.post("/alerts/n8n", content=failed(execution), headers=BEARER).json()
        return answer

    send("1")
    for minutes, kind, values in ((5, "fixed", {"what": "a new key"}), (10, "resolved", {})):
        records.add(1, payload_of(kind, values), by="Kim", at=NOW + timedelta(minutes=minutes))
    clock.now = NOW + timedelta(minutes=70)
    assert send("2")["incident"] == "INC-1"
    assert not records.get(1).is_resolved and "60 minutes after" in records.get(1).reopened[0].text
    records.add(1, payload_of("resolved", {}), by="Kim", at=clock.now)
    clock.now += timedelta(minutes=61)
    assert send("3") | {"results": None} == {
        "incident": "INC-2", "created": True, "folded": False, "duplicate": False, "results": None
    }  # fmt: skip
    assert records.get(2).related == ("INC-1",) and records.get(2).recurring


def notification(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "receiver": "x", "alerts": list(alerts)}).encode()


def firing(name: str, status: str = "firing") -> dict[str, Any]:
    ends = "2026-11-23T09:59:00Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    return {
        "status": status, "labels": {"alertname": name}, "annotations": {"summary": f"{name} is down"},
        "startsAt": "2026-11-23T09:00:00Z", "endsAt": ends, "fingerprint": hashlib.md5(name.encode()).hexdigest()[:16],
    }  # fmt: skip


def test_alertmanager_sends_several_and_never_resolves(receiver: Receiver, records: Records) -> None:
    http = receiver()
    told = http.post("/alerts/alertmanager", content=notification(firing("a"), firing("b")), headers=BEARER).json()
    assert [one["incident"] for one in told["results"]] == ["INC-1", "INC-2"] and set(told) == {"results"}
    over = notification(firing("a", "resolved"), firing("never", "resolved"))
    told = http.post("/alerts/alertmanager", content=over, headers=BEARER).json()
    assert [one["incident"] for one in told["results"]] == ["INC-1", None]
    assert not records.get(1).is_resolved and records.events(1)[-1].kind == "note"


def event(text: str, event_id: str = "Ev1", channel: str = "C1") -> bytes:
    said = {"type": "message", "channel": channel, "user": "U1", "text": text, "ts": f"{NOW.timestamp():.6f}"}
    return json.dumps(
        {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": event_id, "event": said}
    ).encode()


def test_slack_events(receiver: Receiver, records: Records) -> None:
    http = receiver(slack=Slack(channels=("C1",)))

    def send(body: bytes) -> Any:
        answer = http.post("/alerts/slack", content=body, headers=slack_signed(body, NOW))
        assert answer.status_code == 200
        return answer.json()

    assert send(b'{"type": "url_verification", "challenge": "abc", "token": "x"}') == {"challenge": "abc"}
    message = event("Workflow: [ACME] Orders\nNode: HubSpot\nError: 401 invalid token")
    assert send(message)["incident"] == "INC-1"
    assert send(message)["duplicate"]
    assert records.get(1).source == "slack" and records.get(1).client == "ACME"
    assert send(event("lunch?", "Ev2", "C2"))["results"] == [] and len(records.incidents()) == 1
    http = receiver()
    assert send(event("Error: 500", "Ev3"))["ignored"] == "no channel is set in [slack]"


def command(text: str) -> bytes:
    return (
        f"command=%2Fincident&text={text.replace(' ', '+')}&user_id=U1&channel_id=C1&team_id=T1&trigger_id={abs(hash(text))}"
    ).encode()


def test_the_slash_command(receiver: Receiver, records: Records) -> None:
    http = receiver()

    def say(text: str) -> str:
        body = command(text)
        answer = http.post("/slack/command", content=body, headers=slack_signed(body, NOW))
        assert answer.status_code == 200 and answer.json()["response_type"] == "ephemeral"
        return str(answer.json()["text"])

    assert "/incident list" in say("help") and say("list") == "No incident is open."
    assert say("Error: 401 %3Cinvalid%3E token").startswith("INC-1 is open")
    assert say("list").startswith("*INC-1*") and "&lt;invalid&gt;" in say("show INC-1")
    assert "acknowledged" in say("ack 1") and records.get(1).acknowledged[0].by == "Slack user U1"
    assert "was acknowledged by" in say("ack INC-1") and "There is no INC-9" in say("show INC-9")
    assert say("note INC-1 they rotate keys") == "Noted in INC-1."
    assert records.events(1)[-1].payload["text"] == "they rotate keys"


def test_while_nothing_can_be_stored_senders_are_asked_to_come_again(
    receiver: Receiver, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = receiver()
    broken = OperationalError("INSERT", {}, Exception("database or disk is full"))

    def full(*_: Any, **__: Any) -> None:
        raise broken

    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "keep", full)
        answer = http.post("/alerts/n8n", content=failed(), headers=BEARER)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "disk" not in answer.text and not records.incidents()
    assert http.post("/alerts/n8n", content=failed(), headers=BEARER).json()["created"]


def test_one_alert_that_cannot_be_folded_does_not_hold_up_the_others(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = arrivals.classify

    def poisoned(record: Any, **more: Any) -> Any:
        if "poison" in record.message:
            raise ZeroDivisionError(record.message)
        return real(record, **more)

    monkeypatch.setattr(arrivals, "classify", poisoned)
    http = receiver()
    assert http.post("/alerts/n8n", content=failed("1", "poison"), headers=BEARER).status_code == 503
    assert "ZeroDivisionError" in caplog.text and "poison" not in caplog.text
    assert http.post("/alerts/n8n", content=failed("2"), headers=BEARER).json()["incident"] == "INC-1"


def test_health_and_metrics(receiver: Receiver, records: Records) -> None:
    http = receiver()
    with records.at_once() as writing:  # as a newer receiver leaves it that was started meanwhile
        writing.connection.execute(update(tables.versions).values(version=tables.VERSION + 1))
    assert http.get("/health").json() == {"status": "ok"}
    with records.at_once() as writing:
        assert writing.connection.execute(select(tables.versions.c.version)).scalar_one() == tables.VERSION + 1
    http.post("/alerts/n8n", content=failed(), headers=BEARER)
    http.post("/alerts/n8n", content=failed("8"), headers=BEARER)
    http.post("/alerts/n8n", content=b"{", headers=BEARER)
    told = http.get("/metrics").text
    for line in (
        'incident_nb_alerts_total{dialect="n8n",outcome="created"} 1.0',
        'incident_nb_alerts_total{dialect="n8n",outcome="folded"} 1.0',
        'incident_nb_deliveries_total{dialect="n8n",status="202"} 2.0',
        'incident_nb_deliveries_total{dialect="n8n",status="400"} 1.0',
    ):
        assert line in told
    assert "ACME" not in told


def test_secrets_come_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (ALERT_TOKEN, ALERT_SECRET, SLACK_SECRET):
        monkeypatch.delenv(name, raising=False)
    assert Access.from_environment().is_open
    (tmp_path / "token").write_text("new\nold\n")
    monkeypatch.setenv(f"{ALERT_TOKEN}_FILE", str(tmp_path / "token"))
    monkeypatch.setenv(ALERT_SECRET, SECRET)
    found = Access.from_environment()
    assert (found.tokens, found.keys, found.is_open) == (("new", "old"), (b"k" * 32,), False)
    monkeypatch.setenv(ALERT_SECRET, "short")
    with pytest.raises(SettingsError, match="whsec_"):
        Access.from_environment()
    monkeypatch.delenv(ALERT_SECRET)
    monkeypatch.setenv(f"{ALERT_TOKEN}_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="can't be read"):
        Access.from_environment()


def test_what_is_old_is_forgotten_and_incidents_stay(receiver: Receiver, records: Records, clock: Clock) -> None:
    http = receiver()
    http.post("/alerts/n8n", content=failed(), headers=BEARER)
    with records.at_once() as writing:
        assert len(list(deliveries.bodies(writing.connection))) == 1
    clock.now = NOW + timedelta(days=31)
    http.post("/alerts/n8n", content=failed("8"), headers=BEARER)
    with records.at_once() as writing:
        assert [one.body for one in deliveries.bodies(writing.connection)] == [failed("8")]
    assert records.get(1).occurrences == 2


def test_an_older_incident_that_is_open_takes_what_a_newer_one_does_not(receiver: Receiver, records: Records) -> None:
    http = receiver()
    http.post("/alerts/n8n", content=failed("1"), headers=BEARER)
    newer = records.open(
        Opened(title="by hand", detected_at=NOW, subject=records.get(1).subject), by="Kim", at=NOW
    ).number
    records.add(newer, payload_of("resolved", {}), by="Kim", at=NOW)
    assert http.post("/alerts/n8n", content=failed("2"), headers=BEARER).json()["incident"] == "INC-1"
