"""`incident-nb incidents`, `init`, `report` and `investigate --incident`: the steps of an incident on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from incident_nb import cli
from incident_nb.errors import UsageError
from tests.builders import HOUR, page, runs

ALERT = "Workflow: [ACME] Flow 1\nNode: Call\nError: 401 Unauthorized"


class Ran:
    """A workspace and the command line in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        shown = self._capsys.readouterr()
        assert int(ended.value.code or 0) == code, shown.err
        assert "Traceback" not in shown.out + shown.err
        return shown.out if code == 0 else shown.err

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def ran(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ran:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("INCIDENT_NB_ENGINEER", "Robin")
    command = Ran(tmp_path / "ws", capsys)
    command("init", str(tmp_path / "ws"))
    monkeypatch.chdir(tmp_path / "ws")
    return command


def test_a_workspace_is_made_once(ran: Ran) -> None:
    assert "is there already" in ran("init", ".", code=2)
    assert (ran.folder / "incident-nb.toml").read_text().startswith("# The workspace")


def test_the_steps_of_an_incident(ran: Ran) -> None:
    opened = ran.json("incidents", "open", ALERT, "--offline")
    assert (opened["id"], opened["status"], opened["severity"]) == ("INC-1", "open", "P2")
    assert opened["clocks"]["respond"]["state"] == "running" and opened["now"].endswith("Z")
    assert ran.json("incidents", "ack", "1")["acknowledged"][0]["by"] == "Robin"
    assert "give a reason" in ran("incidents", "severity", "1", "P3", code=2)
    assert ran.json("incidents", "severity", "1", "p3", "--reason", "nobody waits for it")["severity"] == "P3"
    ran("incidents", "note", "1", "looked", "at", "it", "--at", "2026-11-26T03:00:00Z")
    ran("incidents", "record", "1", "cause_accepted", "cause=credentials", "detail=api_key")
    ran("incidents", "record", "1", "fixed", "what=a new key")
    assert "VER-1" in ran("incidents", "resolve", "1", code=2)
    reasons = [part for row in ("VER-1", "VER-2", "VER-3", "VER-4") for part in ("--open", f"{row}=tried by hand")]
    assert ran.json("incidents", "resolve", "1", *reasons)["open_items"]["VER-4"] == "tried by hand"
    assert ran.json("incidents", "reopen", "1", "it", "is", "back")["status"] != "resolved"
    told = ran("incidents", "show", "1")
    for words in ("INC-1", "looked at it", "Reopened: it is back", "severity P3 (P2 was suggested)", "QR-1", "VER-1"):
        assert words in told
    assert [event["kind"] for event in ran.json("incidents", "show", "1")["events"]].count("note") == 1
    assert ran("incidents", "list").startswith("INC-1")


def test_the_same_problem_takes_the_occurrence(ran: Ran) -> None:
    ran("incidents", "open", ALERT, "--offline")
    assert ran.json("incidents", "open", ALERT, "--offline")["occurrences"] == 2
    assert ran.json("incidents", "open", ALERT, "--offline", "--new")["id"] == "INC-2"
    assert len(ran.json("incidents", "list")) == 2


def test_from_a_file_and_with_words_of_ones_own(ran: Ran) -> None:
    (ran.folder / "alert.txt").write_text(ALERT)
    made = ran.json(
        "incidents", "open", "alert.txt", "--offline", "--title", "Key", "--client", "BRXT", "--source", "email",
        "--detected", "2026-11-26T01:00:00Z",
    )  # fmt: skip
    assert (made["title"], made["client"], made["source"], made["noticed"]) == ("Key", "BRXT", "email", True)
    assert made["detected_at"] == "2026-11-26T01:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["incidents", "show", "7"], "There is no INC-7"),
        (["incidents", "show", "seven"], "is no incident"),
        (["incidents", "open", "x", "--source", "pigeon"], "--source is slack"),
        (["incidents", "open", "x", "--detected", "yesterday"], "is no ISO 8601 time"),
        (["incidents", "resolve", "1", "--open", "VER-1"], "write it as ROW=REASON"),
        (["incidents", "record", "1", "pigeon"], "There is no event of the kind"),
        (["incidents", "record", "1", "fixed", "where=here"], "can't be recorded"),
        (["report", "7"], "There is no INC-7"),
        (["investigate", "--incident", "7"], "There is no INC-7"),
        (["investigate", "sample", "--incident", "1", "--execution", "5"], "Give one of"),
        (["investigate"], "Name a SOURCE"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(ran: Ran, arguments: list[str], words: str) -> None:
    ran("incidents", "open", ALERT, "--offline")
    assert words in ran(*arguments, code=2)


def test_without_a_workspace(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "incident-nb init DIR" in ran("incidents", "list", code=2)
    from incident_nb.case import open_case

    with pytest.raises(UsageError, match="incident-nb init DIR"):
        open_case("INC-1")


def test_to_another_record_and_back(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran("incidents", "open", ALERT, "--offline")
    ran("incidents", "note", "1", "looked at it")
    ran("incidents", "export", "1", "--out", str(tmp_path / "sent"))
    assert "already" in ran("incidents", "import", str(tmp_path / "sent"), code=2)
    ran("init", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path / "other")
    told = ran.json("incidents", "import", str(tmp_path / "sent"))
    assert told["id"] == "INC-1" and "looked at it" in [event["told"] for event in told["events"]]


def test_the_timeline_begins_when_it_was_detected(ran: Ran) -> None:
    ran("incidents", "open", ALERT, "--offline", "--detected", "2026-11-26T01:00:00Z")
    ran("incidents", "note", "1", "what came first", "--at", "2026-11-26T02:00:00Z")
    told = [event["kind"] for event in ran.json("incidents", "show", "1")["events"]]
    assert told[:2] == ["opened", "note"]
    assert "2026-11-26 01:00: Error detected" in ran("incidents", "show", "1")


def test_the_kinds_of_events_are_listed(ran: Ran) -> None:
    told = ran("incidents", "record", "1", "help")
    assert "cause_accepted" in told and "cause= detail= reason=" in told


def test_an_investigation_of_an_incident_is_on_its_record_and_in_its_report(ran: Ran) -> None:
    ran("incidents", "open", ALERT, "--offline")
    start = datetime.now(UTC).replace(microsecond=0) - 8 * HOUR
    (ran.folder / "export.json").write_text(page(runs("....XXX", start=start)))
    ran("investigate", "export.json", "--incident", "INC-1", "--out", "out")
    told = ran.json("incidents", "show", "1")
    assert told["subject"]["node"] == "Call" and [event["kind"] for event in told["events"]].count("diagnosed") == 1
    report = (ran.folder / "out" / "report.md").read_text(encoding="utf-8")
    assert "INC-1" in report and "Acknowledge it" in report
    assert (ran.folder / "out" / "case" / "record.jsonl").read_text().count("\n") == len(told["events"])
    ran("incidents", "ack", "1")
    ran("report", "INC-1", "--out", "again")
    assert "Acknowledged by Robin" in (ran.folder / "again" / "report.html").read_text(encoding="utf-8")
