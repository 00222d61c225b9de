"""The doctor: each thing that is wrong is named with its mend, and what is right is not complained about."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb import cli, doctor
from incident_nb.doctor import Check, examine
from incident_nb.http import Answer, Session
from incident_nb.settings import Settings, load
from tests import faulty
from tests.faulty import Asked, Server, answer
from tests.served import KEY, Kept, failed, serving_n8n

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def kept() -> Kept:
    held = Kept(
        instead=lambda asked: (
            answer({"status": "ok"}, date=http_date(datetime.now(UTC))) if "healthz" in asked.path else None
        )
    )
    held.add(failed(1), failed(2))
    return held


def http_date(at: datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.fixture
def server(kept: Kept) -> Iterator[Server]:
    with serving_n8n(kept) as serving:
        yield serving


@pytest.fixture
def settings(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "incident-nb.toml").write_text(
        f'[n8n.default]\nurl = "{server.url}"\n[sender]\nname = "Kim Park"\nemail = "kim@agency.example"\n'
        '[clients.ACME]\nname_prefix = ["[ACME]"]\ntime_zone = "Europe/Berlin"\ncontact = "ann@acme.example"\n'
    )
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    return load()


def found(settings: Settings, now: datetime = NOW) -> dict[str, Check]:
    return {check.what: check for check in examine(settings, now)}


@pytest.mark.parametrize(
    ("line", "what", "how"),
    [
        ('time_zone = "Sydney"', "no time zone 'Sydney'", "Use an IANA name"),
        ('hours = "nine to five"', "hours 'nine to five' can't be read", "Write them like 09:00-17:30"),
        ('holidays = ["DE", "XX"]', "No holidays are known for 'XX'", "Use a country's code"),
    ],
)
def test_a_calendar_that_cant_be_read_is_named(settings: Settings, line: str, what: str, how: str) -> None:
    assert settings.path
    with settings.path.open("a") as file:
        file.write(f'[clients.BAY]\nname_prefix = ["[BAY]"]\n{line}\n')
    check = found(load())["client BAY"]
    assert (check.state, check.told.startswith("In [clients.BAY]: ")) == ("failed", True)
    assert what in check.told and check.mend and check.mend.startswith(how)


def test_all_is_well(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit):
        cli.main(["fetch"])
    monkeypatch.setenv("INCIDENT_NB_SLACK_WEBHOOK", "https://hooks.slack.example/services/T0/B0/secret")
    checks = found(settings)
    assert {check.state for check in checks.values()} == {"ok"}, checks
    assert set(checks) == {
        *("settings", "redaction key", "client ACME", "letters", "slack", "cryptography"),
        *("n8n default", "n8n default: executions", "n8n default: workflows", "archive default"),
    }
    assert "2 executions, brought up to date within the hour" in checks["archive default"].told
    assert "https://hooks.slack.example:443;" in checks["slack"].told and "secret" not in checks["slack"].told


@pytest.mark.parametrize(
    ("clients", "state", "said"),
    [
        ('["ACME"]', "ok", "of ACME, every week, by a worker"),
        ('["ACME", "ACNE"]', "failed", "reviews are wanted of ACNE, and no such client is configured"),
    ],
)
def test_whose_reviews_are_wanted(settings: Settings, clients: str, state: str, said: str) -> None:
    assert settings.path
    with settings.path.open("a") as file:
        file.write(f"[review]\nclients = {clients}\n")
    check = found(load())["reviews"]
    assert (check.state, check.told) == (state, said)


def test_what_a_letter_would_lack_is_told_before_there_is_one(settings: Settings) -> None:
    assert settings.path
    text = settings.path.read_text().replace('name = "Kim Park"\n', "") + '[clients.BAY]\nname_prefix = ["[BAY]"]\n'
    settings.path.write_text(text)
    check = found(load())["letters"]
    assert (check.state, check.told) == (
        "warning", "no mail can be made ready: name under sender, contact under clients.BAY not set",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "state", "said"),
    [
        ("INCIDENT_NB_SLACK_WEBHOOK", "", "warning", "messages go to the log and outbox.jsonl"),
        ("INCIDENT_NB_SLACK_WEBHOOK_FILE", "gone", "failed", "can't be read"),
    ],
)
def test_where_messages_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, state: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    check = found(settings)["slack"]
    assert check.state == state and said in check.told


@pytest.mark.parametrize(
    ("status", "path", "what", "said"),
    [
        (401, "/executions", "n8n default: executions", "refused the key (INCIDENT_NB_N8N_API_KEY)"),
        (403, "/workflows", "n8n default: workflows", "may not do that"),
        (503, "/healthz", "n8n default", "not well (healthz: status 503)"),
        (404, "/workflows", "n8n default: workflows", "public API switched on"),
    ],
)
def test_a_server_that_refuses(settings: Settings, kept: Kept, status: int, path: str, what: str, said: str) -> None:
    usual = kept.instead
    kept.instead = lambda asked: answer({"message": "x"}, status) if path in asked.path else usual(asked)
    check = found(settings)[what]
    assert check.state == "failed" and said in check.told + (check.mend or "")


def test_a_server_that_is_away(settings: Settings, kept: Kept) -> None:
    kept.instead = lambda _: faulty.hang_up
    checks = found(settings)
    assert checks["n8n default"].state == "failed" and "n8n default: executions" not in checks


def test_executions_without_data(settings: Settings, kept: Kept) -> None:
    for row in kept.executions.values():
        del row["data"]
    check = found(settings)["n8n default: executions"]
    assert check.state == "warning" and "EXECUTIONS_DATA_SAVE_ON_ERROR" in (check.mend or "")


def test_no_executions(settings: Settings, kept: Kept) -> None:
    kept.executions.clear()
    assert found(settings)["n8n default: executions"].state == "warning"


def test_clocks_that_differ(settings: Settings, kept: Kept) -> None:
    assert "clock" not in found(settings)
    kept.instead = lambda asked: (
        answer({"status": "ok"}, date=http_date(datetime.now(UTC) - timedelta(hours=2)))
        if "healthz" in asked.path
        else None
    )
    check = found(settings)["clock"]
    assert check.state == "warning" and "72" in check.told and check.told.endswith(" s apart")


def test_a_doctor_that_began_long_before_the_server_answered_finds_no_other_clock(
    settings: Settings,
) -> None:
    assert "clock" not in found(settings, NOW - timedelta(minutes=7))


@pytest.mark.parametrize("date", ["", "soon", "Fri, 31 Dec 9999 23:59:59 -2359"])
def test_a_server_that_tells_no_time(settings: Settings, kept: Kept, date: str) -> None:
    kept.instead = lambda asked: answer({"status": "ok"}, date=date) if "healthz" in asked.path else None
    assert "clock" not in found(settings)


@pytest.mark.parametrize("body", ["<!doctype html>", b"[1]", b'{"id": '])
def test_an_execution_that_is_none_ends_no_doctor(settings: Settings, kept: Kept, body: Any) -> None:
    usual = kept.instead
    kept.instead = lambda asked: answer(body) if "/executions/2" in asked.path else usual(asked)
    checks = found(settings)
    assert checks["n8n default: executions"].state == "failed" and checks["n8n default: workflows"].state == "ok"
    assert "something else than execution 2" in checks["n8n default: executions"].told


@pytest.mark.parametrize(
    ("place", "open_to_all"),
    [
        ("http://127.0.0.1:9", False),
        ("http://localhost:9", False),
        ("http://[::1]:9", False),
        ("http://127.evil.example:9", True),
        ("http://localhost.evil.example:9", True),
        ("https://127.evil.example:9", False),
    ],
)
def test_a_key_travels_in_the_open_but_on_this_very_machine(
    place: str, open_to_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", KEY)
    monkeypatch.setattr(Session, "ask", lambda *_, **__: Answer(401, {}, b""))
    told = [check.told for check in examine(Settings.model_validate({"n8n": {"default": {"url": place}}}), NOW)]
    assert any("travels in the open" in words for words in told) == open_to_all


def test_a_missing_key(settings: Settings, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.delenv("INCIDENT_NB_N8N_API_KEY")
    check = found(settings)["n8n default"]
    assert check.state == "failed" and "put it into INCIDENT_NB_N8N_API_KEY" in check.told and server.asked == []


def test_an_old_archive_and_one_that_others_can_read(settings: Settings, tmp_path: Path) -> None:
    assert found(settings)["archive default"].told == "nothing was fetched yet"
    with pytest.raises(SystemExit):
        cli.main(["fetch"])
    old = found(settings, NOW + timedelta(days=3, hours=1))["archive default"]
    assert old.state == "warning" and "3 days ago" in old.told
    (tmp_path / "archive" / "default").chmod(0o755)
    assert found(settings)["archive default"].state == "failed"


def test_what_live_checks_read_of_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "code" / ".git").mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    (tmp_path / "code" / "models.py").write_text("")
    clients = {
        "GOOD": {"repository": "code", "models": {"Save": "models.py:Order"}, "vendors": ["Stripe"]},
        "HOME": {"repository": "~/code"},
        "NOBODY": {"repository": "~no-such-user-here/code"},
        "GONE": {"repository": "elsewhere"},
        "PLAIN": {"repository": "plain"},
        "WRONG": {"repository": "code", "models": {"Save": "other.py:Order"}, "vendors": ["No such vendor"]},
        "BARE": {"models": {"Save": "models.py:Order"}},
    }
    checks = found(Settings.model_validate({"clients": clients, "path": tmp_path / "incident-nb.toml"}))
    states = {name: row.state for name, row in checks.items() if name.count(":")}
    assert states == {
        "client GOOD: repository": "ok", "client HOME: repository": "ok", "client NOBODY: repository": "failed",
        "client GONE: repository": "failed", "client PLAIN: repository": "warning",
        "client WRONG: repository": "ok", "client WRONG: models": "failed", "client WRONG: vendors": "warning",
        "client BARE: models": "failed",
    }  # fmt: skip
    assert (
        "other.py" in checks["client WRONG: models"].told and "No such vendor" in checks["client WRONG: vendors"].told
    )


def test_modal_is_looked_at_where_its_apps_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apps = Settings.model_validate({"modal": {"apps": {"a.modal.run": "a"}}})
    beside = tmp_path / "beside"
    beside.mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("MODAL_CONFIG_PATH", str(tmp_path / "modal.toml"))
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    assert "modal" not in found(Settings())
    missing = found(apps)["modal"]
    assert (
        missing.state == "warning" and "not installed" in missing.told and "pip install modal" in (missing.mend or "")
    )
    (beside / "modal").touch(0o755)  # not on PATH, as in a virtual environment that is not active
    signed_out = found(apps)["modal"]
    assert signed_out.state == "warning" and "not signed in" in signed_out.told
    (tmp_path / "modal.toml").touch()
    assert found(apps)["modal"].state == "ok"


def test_clients_and_workspace() -> None:
    wrong = Settings.model_validate({"clients": {"ACME": {"time_zone": "Mars/Olympus"}, "BETA": {}}})
    checks = found(wrong)
    assert checks["client ACME"].state == "failed" and "Mars/Olympus" in checks["client ACME"].told
    assert checks["client BETA"].state == "warning"
    assert checks["settings"].state == checks["n8n"].state == "warning"


@pytest.mark.parametrize("zone", ["", "/etc", "../x", "Europe", "a\0b"])
def test_no_time_zone_ends_it(zone: str) -> None:
    checks = found(Settings.model_validate({"clients": {"ACME": {"time_zone": zone}}}))
    assert checks["client ACME"].state == "failed"


def test_an_extra_that_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda _: None)
    assert found(settings)["cryptography"].mend == 'pip install "incident-nb[entities]"'


@pytest.mark.parametrize("well", [True, False])
def test_the_command(
    settings: Settings, kept: Kept, capsys: pytest.CaptureFixture[str], well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def instead(asked: Asked) -> faulty.Reply | None:
        return answer({"status": "ok"}) if "healthz" in asked.path else None if well else answer({}, 401)

    kept.instead = instead
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])
    shown = " ".join(capsys.readouterr().out.split())
    assert bool(ended.value.code) is not well and KEY not in shown
    assert ("FAILED n8n default: executions: n8n “default”" in shown) is not well
    assert "look archive default: nothing was fetched yet Let a timer run" in shown


def test_as_json(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run: Callable[[list[str]], None] = cli.main
    with pytest.raises(SystemExit):
        run(["doctor", "--json"])
    import json

    rows = json.loads(capsys.readouterr().out)
    assert {tuple(row) for row in rows} == {("what", "state", "told", "mend")}
    assert SimpleNamespace(**rows[0]).what == "settings"
