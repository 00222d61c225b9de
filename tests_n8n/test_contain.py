"""Workflows stopped for an incident and put back on real n8n: exactly those that ran, in the version that ran."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb import cli
from incident_nb.desk import on_record
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import load
from tests.test_desk import NOW
from tests_n8n.client import N8n
from tests_n8n.nodes import Workflow, call, called, fields, flow, http, webhook, with_credential

Run = Callable[..., SimpleNamespace]


@pytest.fixture
def run(n8n: N8n, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in a workspace whose server this is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "incident-nb.toml").write_text(f'[n8n.default]\nurl = "{n8n.url}"\n')
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.api_key)

    def once(*given: str) -> SimpleNamespace:
        code = 0
        try:
            cli.main([*given])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and n8n.api_key not in out + err
        return SimpleNamespace(code=code, out=out, err=" ".join(err.split()))

    return once


def opened(workflow: str | None, credential: str | None = None) -> Incident:
    """An incident of this workflow, on record in the workspace."""
    subject = Subject(instance="default", workflow_id=workflow, credential_id=credential)
    return on_record(load(None)).open(Opened(title="Orders fails", detected_at=NOW, subject=subject))


def recorded(number: int = 1) -> Incident:
    """The incident as it is on record now."""
    return on_record(load(None)).records.get(number)


def as_it_is(n8n: N8n, workflow: str) -> tuple[bool, str | None, str]:
    """Whether a workflow is active, the version that runs, and the one that is saved."""
    found = n8n.api("GET", f"/workflows/{workflow}")
    return found["active"], found["activeVersionId"], found["versionId"]


def saved(n8n: N8n, workflow: str, value: str) -> None:
    """Saves another text in a workflow's Fields; on 2.x as a draft."""
    now = n8n.api("GET", f"/workflows/{workflow}")
    body: dict[str, Any] = {key: now[key] for key in ("name", "nodes", "connections", "settings")}
    node = next(one for one in body["nodes"] if one["name"] == "Fields")
    node["parameters"]["assignments"]["assignments"][0]["value"] = value
    n8n.api("PUT", f"/workflows/{workflow}{'?publishIfActive=false' if newer(n8n) else ''}", body)


def newer(n8n: N8n) -> bool:
    return n8n.version.startswith("2.")


def with_fields(name: str, credential: str | None = None) -> Workflow:
    """A workflow that runs, signing in with a credential if it is given."""
    asks = http("http://127.0.0.1:9/orders")
    asks = with_credential(asks, "httpHeaderAuth", credential, "Orders key") if credential else asks
    return flow(name, webhook(f"contain-{token_hex(4)}"), fields(value="one"), *([asks] if credential else []))


def test_a_credential_breaks_four_workflows_which_stop_and_run_again_as_they_did(n8n: N8n, run: Run) -> None:
    data = {"name": "Authorization", "value": "Bearer not-a-real-one"}
    name = f"orders {token_hex(4)}"
    key = str(n8n.api("POST", "/credentials", {"name": name, "type": "httpHeaderAuth", "data": data})["id"])
    four = [n8n.create(with_fields(f"[ACME] Orders {number}", key)) for number in range(4)]
    off = n8n.create(with_fields("[ACME] Not active", key))
    other = n8n.create(with_fields("[ACME] Another key"))
    for one in (*four, other):
        n8n.activate(one)
    saved(n8n, four[1], "two")  # on 2.x a draft, on 1.x what runs
    opened(four[0], key)
    before = {one: as_it_is(n8n, one) for one in (*four, off, other)}

    planned = run("contain", "INC-1", "--credential", key)
    assert planned.code == 0 and all(one in planned.out for one in four) and off not in planned.out + other
    assert {one: as_it_is(n8n, one) for one in before} == before, "a plan changed something"
    assert not recorded().held
    assert "Orders 1" in run("contain", "INC-1").out, "who else uses the credential is not told"

    done = run("contain", "INC-1", "--credential", key, "--yes")
    assert done.code == 0, done.err
    assert [as_it_is(n8n, one)[0] for one in four] == [False] * 4
    assert {one: as_it_is(n8n, one) for one in (off, other)} == {one: before[one] for one in (off, other)}
    held = recorded().held_back
    assert {one.workflow_id: (one.version, one.state) for one in held} == {
        one: (before[one][1], "stopped") for one in four
    }
    again = run("contain", "INC-1", "--workflow", four[0], "--yes")
    assert again.code == 0 and "nothing to stop" in again.err and len(recorded().held_back) == 4

    saved(n8n, four[2], "a draft made meanwhile")
    back = run("restore", "INC-1", "--yes")
    after = {one: as_it_is(n8n, one) for one in before}
    if newer(n8n):
        assert back.code == 0, back.err
        assert {one: after[one][:2] for one in before} == {one: before[one][:2] for one in before}
        assert after[four[2]][2] != before[four[2]][2], "the draft is gone"
        assert not recorded().held_back
    else:  # 1.x has no drafts: it would run what was saved, so that one waits for a person
        assert back.code == 1 and "saved anew" in back.err
        assert [after[one][0] for one in four] == [True, True, False, True]
        assert [one.workflow_id for one in recorded().held_back] == [four[2]]
        assert run("restore", "INC-1", "--changed", "--yes").code == 0
        assert as_it_is(n8n, four[2])[0] and not recorded().held_back
    assert after[off] == before[off] and after[other] == before[other]
    kinds = [event.kind for event in on_record(load(None)).records.events(1)]
    assert kinds[:4] == ["opened", "stopping", "stopped", "restored"]


def test_what_is_called_comes_back_before_what_calls_it(n8n: N8n, run: Run) -> None:
    child = n8n.create(flow(f"[ACME] Child {token_hex(2)}", called(), fields(value="one")))
    parent = n8n.create(flow(f"[ACME] Parent {token_hex(2)}", webhook(f"contain-{token_hex(4)}"), call(child)))
    if newer(n8n):
        n8n.activate(child)
    n8n.activate(parent)
    opened(child)
    planned = run("contain", "INC-1")
    assert "Parent" in planned.out and ("will fail" in planned.out) == newer(n8n)
    done = run("contain", "INC-1", "--workflow", parent, "--workflow", child, "--yes")
    assert done.code == 0 and not as_it_is(n8n, parent)[0] and not as_it_is(n8n, child)[0]
    assert len(recorded().held_back) == 1 + newer(n8n)
    back = run("restore", "INC-1", "--yes", "--json")
    assert back.code == 0, back.err
    order = [one["workflow_id"] for one in json.loads(back.out)["steps"]]
    assert order == ([child, parent] if newer(n8n) else [parent])
    assert as_it_is(n8n, parent)[0] and as_it_is(n8n, child)[0] == newer(n8n)


def test_what_runs_otherwise_by_then_stays_as_it_is(n8n: N8n, run: Run) -> None:
    mended, gone, archived = (n8n.create(with_fields(f"[ACME] {name} {token_hex(2)}")) for name in ("M", "G", "A"))
    for one in (mended, gone, archived):
        n8n.activate(one)
    opened(mended)
    assert run("contain", "INC-1", "--workflow", mended, "--workflow", gone, "--workflow", archived, "--yes").code == 0
    saved(n8n, mended, "the fix")
    n8n.activate(mended)  # a person publishes the fix
    n8n.api("DELETE", f"/workflows/{gone}")
    if newer(n8n):
        n8n.api("POST", f"/workflows/{archived}/archive")
    else:
        n8n.api("DELETE", f"/workflows/{archived}")
    now = as_it_is(n8n, mended)
    back = run("restore", "INC-1", "--yes")
    assert back.code == 0 and "another version" in back.err and "deleted or archived" in back.err, back.err
    assert as_it_is(n8n, mended) == now and not recorded().held_back


def test_a_stop_that_n8n_refuses_is_told(n8n: N8n, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    if not newer(n8n):
        pytest.skip("1.x lets every key do everything")
    flow_id = n8n.create(with_fields(f"[ACME] Orders {token_hex(2)}"))
    n8n.activate(flow_id)
    opened(flow_id)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.key("workflow:list", "workflow:read", "execution:list"))
    done = run("contain", "INC-1", "--yes")
    assert done.code == 1 and "may not do that" in done.err
    assert recorded().held["default/" + flow_id].state == "runs" and not recorded().held_back
    assert as_it_is(n8n, flow_id)[0]


def test_executions_that_go_on_are_told(n8n: N8n, run: Run) -> None:
    from tests_n8n.nodes import node

    waits = node("Wait", "wait", 1.1, {"amount": 4, "unit": "seconds"})
    flow_id = n8n.create(flow(f"[ACME] Slow {token_hex(2)}", webhook(f"contain-{token_hex(4)}"), waits))
    n8n.activate(flow_id)
    n8n.start(flow_id)
    opened(flow_id)
    assert "going on now" in run("contain", "INC-1", "--yes").out
    assert not as_it_is(n8n, flow_id)[0]
