"""From a failing workflow on real n8n to a report and a message in Slack, with no hand on it."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_hex

import nbformat
import pytest

from incident_nb import cli
from incident_nb.record import Status
from tests.captured import webhook as slack
from tests.test_serve import TOKEN
from tests.unattended import Site, all_ended, jobs_of, site
from tests_n8n.client import LOG, N8n
from tests_n8n.nodes import flow, stop, webhook
from tests_n8n.wait import wait_for

REPORTED_S = 120


@pytest.fixture
def credential(n8n: N8n) -> str:
    """What a person does once in n8n: a header credential with the receiver's token; its name, which no other one has."""
    data = {"name": "Authorization", "value": f"Bearer {TOKEN}"}
    name = f"unattended {token_hex(4)}"
    n8n.api("POST", "/credentials", {"name": name, "type": "httpHeaderAuth", "data": data})
    return name


def served(at: Site) -> None:
    """Starts the receiver with its worker beside it, as `incident-nb serve` does."""
    at.part("serve", "--port", str(at.port))


def test_a_failing_workflow_becomes_a_report_and_a_message(
    n8n: N8n, credential: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f'[n8n.default]\nurl = "{n8n.url}"\n[clients.ACME]\nname_prefix = ["[ACME]"]\n'
    settings += (
        "[watch]\ngrace_s = 7200\n"  # failures of other tests, of which n8n told nobody, are not looked for here
    )
    secrets = {"INCIDENT_NB_N8N_API_KEY": n8n.api_key}
    with slack() as channel:
        secrets["INCIDENT_NB_SLACK_WEBHOOK"] = channel.url
        with site(tmp_path / "workspace", settings=settings, env=secrets) as at:
            served(at)
            monkeypatch.chdir(at.folder)
            monkeypatch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.api_key)
            failing = flow("[ACME] Orders", webhook(f"orders-{token_hex(4)}"), stop("Order 7 has no customer"))
            workflow = n8n.create(failing)
            n8n.activate(workflow)
            address = f"http://127.0.0.1:{at.port}/alerts/n8n"
            with pytest.raises(SystemExit) as ended:
                cli.main(
                    [
                        "n8n-error-workflow",
                        "--install",
                        "default",
                        "--to",
                        address,
                        "--workflow",
                        workflow,
                        "--credential",
                        credential,
                        "--yes",
                    ]
                )
            assert ended.value.code == 0

            execution = n8n.run(workflow)

            records = at.records()
            wait_for(lambda: jobs_of(records) or None, REPORTED_S, "the alert", n8n.folder / LOG)
            wait_for(lambda: all_ended(records) or None, REPORTED_S, "the report", tmp_path / "serve.log")
            (message,) = wait_for(lambda: channel.got or None, REPORTED_S, "the message", tmp_path / "serve.log")
            (incident,) = records.incidents()
            records.close()
    assert (incident.subject.execution_id, incident.subject.workflow_id) == (execution, workflow)
    assert (incident.client, incident.subject.node, incident.status) == ("ACME", "Stop", Status.OPEN)
    assert incident.investigated is not None and incident.investigated.done, incident.investigated
    home = at.folder / "incidents" / incident.id
    found = json.loads((home / "report" / "diagnosis.json").read_text())
    assert found["subject"]["execution_id"] == execution and found["hypotheses"]
    asked = {finding["check"]: finding for finding in found["findings"]}
    assert asked["DX-1"]["outcome"] == "found" and asked["DX-5"]["at"], "n8n itself was not asked"
    executed = nbformat.read(home / "report" / "investigation.ipynb", as_version=4)
    assert executed.metadata["incident_nb"]["outcome"] == "done"
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code" and cell.source.strip())
    for name in ("report.html", "report.md"):
        page = (home / "report" / name).read_text()
        assert "Order 7 has no customer" in page and "stopped before its end" not in page, name
    assert "Order 7 has no customer" in json.dumps(message) and incident.id in json.dumps(message)
    written = "".join(
        path.read_text("utf-8", "replace")
        for path in home.rglob("*")
        if path.suffix in (".html", ".md", ".json", ".ipynb")
    )
    for secret in (TOKEN, n8n.api_key, channel.url.rpartition("/")[2]):
        assert secret not in written + (tmp_path / "serve.log").read_text("utf-8", "replace")
