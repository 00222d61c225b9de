"""What a pasted text becomes: a draft of an incident, with what could not be known said plainly (ACK-1, ACK-4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb.desk.intake import take_in
from incident_nb.incidents import Records
from incident_nb.models import Severity
from incident_nb.settings import Client, Server, Settings
from tests.served import KEY, Kept, failed, good, serving_n8n

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
CLIENTS = {"ALDER": Client(name="Alder Homes"), "BRXT": Client(name="Brixton Ltd")}
SETTINGS = Settings(clients=CLIENTS)
SLACK = """n8n APP  03:12
:rotating_light: *Workflow failed*
Workflow: [ALDER] Listings sync
Node: Get listings
Error: 401 Unauthorized - the token sk_live_4eC39HqLyjWDarjtT1zdp7dc has expired
Time: 2026-11-26T03:12:00Z"""
EMAIL = """From: Mia <mia@alder.example>
Subject: Leads not arriving

Hi team, since this morning all workflows stopped at Alder Homes."""


@pytest.mark.parametrize(
    ("text", "source", "client", "title", "severity"),
    [
        (SLACK, "slack", "ALDER", "[ALDER] Listings sync: 401 Unauthorized - the token [api_key:", Severity.P2),
        (EMAIL, "email", "ALDER", "Leads not arriving", Severity.P1),
        ("Everything is down, all workflows stopped", "form", None, "Everything is down", Severity.P1),
        ("BRXT: a comment in a workflow is outdated", "form", "BRXT", "BRXT: a comment", Severity.P4),
        ("Alder Homes and Brixton Ltd call", "form", None, "Alder Homes and", None),
        ("", "form", None, "An incident without words", None),
    ],
)
def test_what_is_read_from_a_text(text: str, source: str, client: str | None, title: str, severity: Any) -> None:
    draft = take_in(text, SETTINGS, NOW)
    assert (draft.source, draft.client) == (source, client)
    assert draft.title.startswith(title), draft.title
    assert (draft.suggestion.suggested if draft.suggestion else None) == severity
    assert draft.noticed is (source == "email")
    assert "sk_live" not in repr(draft)


def test_what_the_text_says_of_the_failure() -> None:
    draft = take_in(SLACK, SETTINGS, NOW)
    assert draft.detected_at == datetime(2026, 11, 26, 3, 12, tzinfo=UTC)
    assert (draft.subject.workflow, draft.subject.node) == ("[ALDER] Listings sync", "Get listings")
    assert draft.unknown == ("The execution was not fetched: the text names no execution's address.",)


def test_what_nobody_knows_is_said() -> None:
    told = " ".join(take_in("It broke", SETTINGS, NOW).unknown)
    for words in (
        "which workflow failed",
        "at which node",
        "what the error was",
        "the present is taken",
        "Whose workflow",
    ):
        assert words in told
    assert take_in("It broke", SETTINGS, NOW).detected_at == NOW


def test_a_time_to_come_is_not_when_it_was_detected() -> None:
    draft = take_in("It broke. Time: 2026-12-01T00:00:00Z", SETTINGS, NOW)
    assert draft.detected_at == NOW


def test_answers_change_the_suggestion() -> None:
    text = "One endpoint times out now and then"
    assert take_in(text, SETTINGS, NOW).suggestion.suggested is Severity.P3  # type: ignore[union-attr]
    worse = take_in(text, SETTINGS, NOW, answers={"data_loss_risk": True})
    assert worse.suggestion and worse.suggestion.suggested is Severity.P1


class TestFetching:
    """The execution that an address names, from the configured server with the same origin."""

    @pytest.fixture
    def kept(self) -> Kept:
        kept = Kept()
        begun = datetime.now(UTC) - timedelta(hours=2)
        for number in range(1, 6):
            row = (failed if number == 5 else good)(number)
            row["startedAt"] = row["stoppedAt"] = (begun + number * timedelta(minutes=10)).isoformat()
            for run in row["data"]["resultData"]["runData"]["Call"]:
                run["startTime"] = int((begun + number * timedelta(minutes=10)).timestamp() * 1000)
            kept.add(row)
        return kept

    def test_an_address_alone_is_enough(self, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        result = kept.executions[5]["data"]["resultData"]
        for error in (result["error"], result["runData"]["Call"][0]["error"]):
            error["node"]["credentials"] = {"httpHeaderAuth": {"id": "c7", "name": "Key of another client"}}
        with serving_n8n(kept) as server:
            settings = Settings(n8n={"default": Server(url=server.url)}, clients={"ACME": Client(name="Acme")})
            draft = take_in(f"{server.url}/workflow/wf1/executions/5", settings, datetime.now(UTC))
        assert draft.diagnosis and draft.diagnosis.problem and draft.log is not None
        assert (draft.subject.instance, draft.subject.workflow, draft.subject.node) == (
            "default",
            "[ACME] Orders",
            "Call",
        )
        assert (draft.subject.credential_id, draft.subject.credential) == ("c7", None)
        assert draft.subject.fingerprint and draft.client == "ACME" and draft.title == "[ACME] Orders: No"
        assert draft.detected_at < datetime.now(UTC) - timedelta(hours=1) and draft.unknown == ()

    def test_a_stranger_is_never_asked(self, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        with serving_n8n(Kept()) as ours, serving_n8n(kept) as stranger:
            settings = Settings(n8n={"default": Server(url=ours.url)})
            draft = take_in(f"see {stranger.url}/workflow/wf1/executions/5", settings, NOW)
            assert stranger.asked == [] and ours.asked == []
        assert draft.diagnosis is None and "is on none of the n8n servers" in draft.unknown[0]

    @pytest.mark.parametrize("trouble", ["gone", "no key", "away", "offline"])
    def test_what_can_not_be_fetched_is_said_and_nothing_is_lost(
        self, kept: Kept, trouble: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if trouble != "no key":
            monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
        with serving_n8n(kept) as server:
            url = server.url
            settings = Settings(n8n={"default": Server(url=url)})
            text = f"{SLACK}\n{url}/workflow/wf1/executions/{99 if trouble == 'gone' else 5}"
            if trouble != "away":
                draft = take_in(text, settings, NOW, offline=trouble == "offline")
        if trouble == "away":
            draft = take_in(text, settings, NOW)
        assert draft.unknown and draft.unknown[0].startswith("The execution was not fetched: ")
        assert draft.subject.node == "Get listings" and draft.subject.execution_id == (
            "99" if trouble == "gone" else "5"
        )


def test_an_open_incident_of_the_same_problem_is_offered(tmp_path: Path) -> None:
    records = Records(tmp_path / "record.db")
    first = records.open(take_in(SLACK, SETTINGS, NOW).opened, by="me")
    again = take_in(SLACK.replace("03:12", "03:40"), SETTINGS, NOW, records=records)
    assert [one.id for one in again.alike] == [first.id]
    other_node = take_in(SLACK.replace("Get listings", "Save listing"), SETTINGS, NOW, records=records)
    other_flow = take_in(SLACK.replace("Listings sync", "Leads"), SETTINGS, NOW, records=records)
    assert other_node.alike == () and other_flow.alike == ()
    assert take_in("It broke", SETTINGS, NOW, records=records).alike == ()
