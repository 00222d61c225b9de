"""The error workflow on real n8n: it is made, set without touching more than that, and its alert arrives with the token."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import pytest

from incident_nb import cli
from incident_nb import error_workflow as ew
from tests_n8n.client import LOG, N8n
from tests_n8n.nodes import Workflow, flow, http, nothing, stop, webhook
from tests_n8n.wait import wait_for

TOKEN = f"alert-{token_hex(8)}"
ARRIVES_S = 60
CREDENTIAL = {
    "name": ew.CREDENTIAL,
    "type": "httpHeaderAuth",
    "data": {"name": "Authorization", "value": f"Bearer {TOKEN}"},
}
Run = Callable[..., SimpleNamespace]


@dataclass
class Receiver:
    """What came in, and what is answered: the next of `answers`, 202 once there is none left."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], Any]] = field(default_factory=list)

    def of(self, workflow: str) -> list[tuple[dict[str, str], Any]]:
        """What came about one workflow."""
        return [(head, body) for head, body in self.came if body.get("workflow", {}).get("id") == workflow]

    def wait(self, workflow: str, count: int, log: Path) -> list[tuple[dict[str, str], Any]]:
        """The same, once there are so many."""
        wait_for(lambda: len(self.of(workflow)) >= count or None, ARRIVES_S, f"{count} alerts of {workflow}", log)
        return self.of(workflow)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    there = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            there.came.append(({key.lower(): value for key, value in self.headers.items()}, json.loads(body)))
            self.send_response(there.answers.pop(0) if there.answers else 202)
            self.send_header("content-type", "application/json")
            self.send_header("location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there.url = f"http://127.0.0.1:{server.server_port}"
    yield there
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def credential(n8n: N8n) -> str:
    """The id of the credential with the token, which a person makes in n8n."""
    return str(n8n.api("POST", "/credentials", CREDENTIAL)["id"])


@pytest.fixture
def install(
    n8n: N8n,
    receiver: Receiver,
    credential: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command for this n8n, towards the receiver of the test."""
    assert credential
    (tmp_path / "incident-nb.toml").write_text(f'[n8n.default]\nurl = "{n8n.url}"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.api_key)

    def run(*given: str) -> SimpleNamespace:
        code = 0
        try:
            cli.main(
                ["n8n-error-workflow", "--install", "default", "--to", f"{receiver.url}/alerts/n8n", *given, "--json"]
            )
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in err and n8n.api_key not in out + err and TOKEN not in out + err
        told = json.loads(out)
        states = {row["workflow_id"]: row["state"] for row in told["plan"]["rows"]}
        return SimpleNamespace(code=code, err=err, states=states, steps=told["steps"], own=told["plan"]["own_id"])

    return run


def failing(name: str) -> Workflow:
    return flow(name, webhook(f"fails-{token_hex(4)}"), stop("Order 7 has no customer"))


def newer(n8n: N8n) -> bool:
    return n8n.version.startswith("2.")


def seen(n8n: N8n, workflow: str) -> dict[str, Any]:
    """What must stay as it was when a setting is changed."""
    found = n8n.api("GET", f"/workflows/{workflow}")
    keys = ["name", "nodes", "connections", "active", "isArchived"]
    keys += ["versionId", "activeVersionId", "nodeGroups"] if newer(n8n) else []
    rest = {key: value for key, value in found["settings"].items() if key != "errorWorkflow"}
    return {key: found.get(key) for key in keys} | {"settings": rest}


def error_workflow(n8n: N8n, workflow: str) -> Any:
    return n8n.api("GET", f"/workflows/{workflow}")["settings"].get("errorWorkflow")


def test_what_is_printed_can_be_imported(n8n: N8n, credential: str) -> None:
    made = n8n.api("POST", "/workflows", ew.workflow(ew.Wanted(to="http://127.0.0.1:8787/alerts/n8n")))
    nodes = {node["name"]: node for node in made["nodes"]}
    assert nodes["Send to incident-nb"]["credentials"]["httpHeaderAuth"]["id"] == credential
    n8n.api("DELETE", f"/workflows/{made['id']}")


def test_a_failure_arrives_with_the_token_and_only_the_setting_changed(
    n8n: N8n, install: Run, receiver: Receiver
) -> None:
    failed, idle = n8n.create(failing("Orders")), n8n.create(failing("Not in use"))
    n8n.activate(failed)
    before = {one: seen(n8n, one) for one in (failed, idle)}
    assert install("--workflow", failed, "--workflow", idle).states == {failed: "set", idle: "set"}
    assert error_workflow(n8n, failed) is None
    done = install("--workflow", failed, "--workflow", idle, "--yes")
    assert done.code == 0, done.steps
    assert {one: seen(n8n, one) for one in (failed, idle)} == before
    execution = n8n.run(failed)
    ((head, body),) = receiver.wait(failed, 1, n8n.folder / LOG)
    assert head["authorization"] == f"Bearer {TOKEN}" and body["execution"]["id"] == execution
    assert body["execution"]["error"]["message"] == "Order 7 has no customer"
    again = install("--workflow", failed, "--workflow", idle, "--yes")
    assert (again.code, again.steps, set(again.states.values())) == (0, [], {"done"})
    assert TOKEN not in json.dumps(n8n.api("GET", f"/workflows/{again.own}"))


def test_a_receiver_that_is_busy_or_sends_elsewhere_is_tried_again(n8n: N8n, install: Run, receiver: Receiver) -> None:
    failed = n8n.create(failing("Busy"))
    n8n.activate(failed)
    assert install("--workflow", failed, "--yes").code == 0
    receiver.answers = [503, 302]
    n8n.run(failed)
    assert len(receiver.wait(failed, 3, n8n.folder / LOG)) == 3


def test_slack_is_told_what_failed_when_the_receiver_refuses(n8n: N8n, receiver: Receiver, credential: str) -> None:
    """Slack itself is played by the receiver: its node's text is sent there by an HTTP Request node."""
    assert credential
    made = ew.workflow(ew.Wanted(to="http://127.0.0.1:9/alerts/n8n"))
    (send,) = (node for node in made["nodes"] if node["name"] == "Send to incident-nb")
    send |= {"maxTries": 2, "waitBetweenTries": 100}
    (slack,) = (node for node in made["nodes"] if node["name"] == "Tell Slack instead")
    text = slack["parameters"]["text"].removeprefix("=")
    stand_in = http(f"{receiver.url}/slack", "POST", body="={{ JSON.stringify({ text: $json.text }) }}")
    fields = {"assignments": {"assignments": [{"id": "1", "name": "text", "value": f"={text}", "type": "string"}]}}
    slack |= {"type": "n8n-nodes-base.set", "typeVersion": 3.4, "parameters": {**fields, "options": {}}}
    slack.pop("credentials")
    made["nodes"].append({**stand_in, "name": "Stand-in", "position": [900, 300]})
    made["connections"]["Stand-in"] = made["connections"][slack["name"]]
    made["connections"][slack["name"]] = {"main": [[{"node": "Stand-in", "type": "main", "index": 0}]]}
    own = n8n.create(made)
    if newer(n8n):
        n8n.activate(own)
    failed = n8n.create({**(row := failing("A <b> & c")), "settings": {**row["settings"], "errorWorkflow": own}})
    n8n.activate(failed)
    execution = n8n.run(failed)
    wait_for(lambda: receiver.came or None, ARRIVES_S, "the message to Slack", n8n.folder / LOG)
    told = receiver.came[0][1]["text"]
    assert "Workflow: A &lt;b&gt; &amp; c\nNode: Stop\nError: Order 7 has no customer\n" in told
    assert told.endswith(f"/workflow/{failed}/executions/{execution}")
    (ran,) = wait_for(lambda: n8n.ended(own) or None, ARRIVES_S, "the error workflow to end", n8n.folder / LOG)
    assert n8n.execution(ran)["status"] == "error"


def test_an_error_workflow_that_is_set_stays(n8n: N8n, install: Run) -> None:
    theirs = n8n.create(flow("Theirs", {**nothing(), "name": "Mail"}))
    made = failing("Has one")
    failed = n8n.create({**made, "settings": {**made["settings"], "errorWorkflow": theirs}})
    done = install("--workflow", failed, "--yes")
    assert (done.states, done.steps) == ({failed: "kept"}, [])
    assert error_workflow(n8n, failed) == theirs


def test_a_draft_is_not_published(n8n: N8n, install: Run) -> None:
    if not newer(n8n):
        pytest.skip("n8n 1.x has no drafts")
    failed = n8n.create(failing("Half edited"))
    n8n.activate(failed)
    edited = failing("Half edited")
    n8n.api("PUT", f"/workflows/{failed}?publishIfActive=false", edited)
    before = seen(n8n, failed)
    assert before["versionId"] != before["activeVersionId"]
    done = install("--workflow", failed, "--yes")
    assert (done.states, done.steps) == ({failed: "by_hand"}, [])
    assert seen(n8n, failed) == before and error_workflow(n8n, failed) is None
    # Why: as it is asked by default, n8n publishes the draft along with the setting.
    body = {key: before[key] for key in ("name", "nodes", "connections", "settings")}
    n8n.api("PUT", f"/workflows/{failed}?publishIfActive=false", body | {"settings": {"timezone": "UTC"}})
    assert seen(n8n, failed)["activeVersionId"] == before["activeVersionId"]
    n8n.api("PUT", f"/workflows/{failed}", body)
    assert seen(n8n, failed)["activeVersionId"] == before["versionId"]


def test_an_archived_workflow_is_left(n8n: N8n, install: Run) -> None:
    gone = n8n.create(failing("Gone"))
    n8n.rest("POST", f"/workflows/{gone}/archive")
    assert install("--workflow", gone, "--yes").states == {gone: "left"}


def test_what_the_api_refuses_changes_nothing(n8n: N8n) -> None:
    """What the plan relies on: no setting without nodes, none that n8n does not know, on either version."""
    workflow = n8n.create(failing("Refused"))
    whole = {key: n8n.api("GET", f"/workflows/{workflow}")[key] for key in ("name", "nodes", "connections", "settings")}
    before = seen(n8n, workflow)
    for wrong in (
        {"settings": {"timezone": "UTC"}},
        {key: value for key, value in whole.items() if key != "nodes"},
        whole | {"settings": {"newThing": 1}},
        whole | {"nodes": [{**whole["nodes"][0], "rewired": True}]},
    ):
        assert n8n.answer("PUT", f"/workflows/{workflow}", wrong).status == 400
    assert seen(n8n, workflow) == before


def test_2x_runs_no_error_workflow_that_is_not_published(n8n: N8n, install: Run, receiver: Receiver) -> None:
    failed = n8n.create(failing("Unheard"))
    n8n.activate(failed)
    own = install("--workflow", failed, "--yes").own or install("--workflow", failed).own
    if newer(n8n):
        n8n.deactivate(own)
    n8n.run(failed)
    if not newer(n8n):
        assert receiver.wait(failed, 1, n8n.folder / LOG)
        return
    said = f'Workflow "{own}" is not active and cannot be executed'
    wait_for(lambda: said in (n8n.folder / LOG).read_text() or None, ARRIVES_S, "n8n to say so", n8n.folder / LOG)
    assert not receiver.of(failed)
    back = install("--workflow", failed, "--yes")
    assert back.code == 0 and n8n.api("GET", f"/workflows/{own}")["active"]
