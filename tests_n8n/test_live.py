"""The toolkit's own client against real n8n: doctor, archive, and a diagnosis straight from the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from incident_nb import cli
from incident_nb.archive import Archive
from incident_nb.errors import UnreachableError
from incident_nb.http import Allowed, Session, origin
from incident_nb.n8n import N8n as Client
from tests_n8n.client import N8n
from tests_n8n.record import Record


@pytest.fixture
def command(
    n8n: N8n, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., SimpleNamespace]:
    """Runs the command line in a workspace whose one server is this n8n."""
    (tmp_path / "incident-nb.toml").write_text(f'own_hosts = []\n[n8n.default]\nurl = "{n8n.url}"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.api_key)

    def run(*arguments: str) -> SimpleNamespace:
        code = 0
        try:
            cli.main(list(arguments))
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and n8n.api_key not in out + err
        return SimpleNamespace(code=code, out=out, err=" ".join(err.split()))

    return run


def test_the_doctor_finds_it_well(command: Callable[..., SimpleNamespace], played: Record) -> None:
    assert played.listed
    ended = command("doctor", "--json")
    states = {row["what"]: row["state"] for row in json.loads(ended.out)}
    assert {name: state for name, state in states.items() if name.startswith("n8n")} == dict.fromkeys(
        ("n8n default", "n8n default: executions", "n8n default: workflows"), "ok"
    )
    assert ended.code == 0


def test_the_archive_holds_all_that_n8n_lists(
    command: Callable[..., SimpleNamespace], played: Record, tmp_path: Path
) -> None:
    first = command("fetch", "--json")
    assert (first.code, json.loads(first.out)[0]["partial"]) == (0, None)
    log = Archive(tmp_path / "archive", "default").log()
    assert set(played.listed) <= set(log.executions["execution_id"]) and not log.skipped
    ours = set(log.executions["execution_id"]) & set(played.listed)
    theirs = played.log.failures[played.log.failures["execution_id"].isin(ours)]
    mine = log.failures[log.failures["execution_id"].isin(ours)]
    key = ["execution_id", "node", "message", "http_code", "place"]
    assert sorted(map(str, mine[key].values.tolist())) == sorted(map(str, theirs[key].values.tolist()))
    again = command("fetch", "--json")
    assert json.loads(again.out)[0]["read"] < len(log.executions)


def test_a_workflow_is_diagnosed_straight_from_the_server(
    command: Callable[..., SimpleNamespace], played: Record
) -> None:
    name = next(name for name, runs in played.failed.items() if runs)
    ended = command("investigate", "n8n:default", "--workflow", played.workflows[name], "--json")
    found = json.loads(ended.out)
    assert ended.code == 0 and found["hypotheses"] and found["subject"]["workflow_id"] == played.workflows[name]


@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_is_said_to_be_wrong(n8n: N8n, key: str) -> None:
    with (
        Session(Allowed(frozenset({origin(n8n.url)}))) as session,
        pytest.raises(UnreachableError, match="refused the key"),
    ):
        list(Client("default", n8n.url, session, key or "x").executions())


def test_what_is_not_there(n8n: N8n) -> None:
    with Session(Allowed(frozenset({origin(n8n.url)}))) as session:
        client = Client("default", n8n.url, session, n8n.api_key)
        with pytest.raises(UnreachableError, match="has no execution 999999"):
            client.execution("999999")
        assert client.workflow("doesnotexist0000") is None
        assert client.health().status == client.health("healthz/readiness").status == 200
        assert b"n8n_version_info" in client.health("metrics").body
