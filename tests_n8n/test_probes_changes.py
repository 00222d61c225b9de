"""DX-3 and DX-5 on real n8n: a workflow that somebody edits, and a credential that somebody deletes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from incident_nb.case import read_case
from incident_nb.http import Allowed, Session, origin
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import N8n as Client
from incident_nb.probes import PROBES, Target, Tools, ask_all
from incident_nb.settings import Settings
from tests_n8n.client import N8n
from tests_n8n.nodes import Workflow, flow, http, webhook, with_credential

ASK = tuple(probe for probe in PROBES if probe.name in ("credentials", "changes"))
KIND = "httpHeaderAuth"


def workflow(url: str, credential: str) -> Workflow:
    return flow("[ACME] Edited", webhook("edited"), with_credential(http(url), KIND, credential, "Key"))


def asked(n8n: N8n, target: Target) -> tuple[Probed, Probed]:
    with Session(Allowed(frozenset({origin(n8n.url)})), budget_s=60.0) as session:
        tools = Tools(session, Settings(), Client("default", n8n.url, session, n8n.api_key))
        credential, changes = ask_all(target, tools, ASK)
    return credential, changes


def failing(n8n: N8n, number: str, credential: str, folder: Path) -> Target:
    """The failure of the workflow as its own executions tell it, without what the nodes were."""
    page = folder / "page.json"
    page.write_text(json.dumps({"data": [n8n.execution(run) for run in n8n.ended(number)], "nextCursor": None}))
    now = datetime.now(UTC)
    log = read_case([str(page)], Settings(), now).log
    runs = log.executions
    good, bad = (runs[runs["status"] == status].iloc[-1] for status in ("success", "error"))
    return Target(
        log=log, now=now, instance=str(bad["instance"]), client="ACME", workflow_id=number, node="Get orders",
        execution_id=str(bad["execution_id"]), good_execution_id=str(good["execution_id"]),
        credential_id=credential, credential="Key", credential_type=KIND, onset=bad["at"].to_pydatetime(),
        onset_not_before=good["at"].to_pydatetime(), last_seen=bad["at"].to_pydatetime(), goes_on=True,
    )  # fmt: skip


def test_an_edit_is_found_with_what_it_changed_and_a_deleted_credential_is_missed(n8n: N8n, tmp_path: Path) -> None:
    data = {"name": "X-Api-Key", "value": "key-for-tests-3"}
    credential = str(n8n.api("POST", "/credentials", {"name": "Key", "type": KIND, "data": data})["id"])
    number = n8n.create(workflow(f"{n8n.url}/healthz", credential))
    n8n.activate(number)
    n8n.run(number)
    n8n.api("PUT", f"/workflows/{number}", workflow("http://127.0.0.1:9/gone", credential))
    n8n.run(number)
    # What moves `updatedAt`, and is no change.
    n8n.deactivate(number)
    n8n.activate(number)

    target = failing(n8n, number, credential, tmp_path)
    about, changes = asked(n8n, target)
    assert changes.outcome is Outcome.FOUND, changes.summary
    assert f"parameter url from “{n8n.url}/healthz” to “http://127.0.0.1:9/gone”" in changes.summary
    assert [piece.effects for piece in changes.evidence if piece.effects] == [{Cause.WORKFLOW_CONFIG: 3.0}]
    assert "after the first failure" not in changes.summary
    newer = n8n.version.startswith("2.")
    assert about.outcome is (Outcome.CLEAN if newer else Outcome.COULD_NOT_LOOK), about.summary
    assert "“[ACME] Edited” uses it in “Get orders”: last went well" in "".join(
        piece.fact.text for piece in about.evidence
    )

    n8n.api("DELETE", f"/credentials/{credential}")
    about, _ = asked(n8n, target)
    if newer:
        assert about.outcome is Outcome.FOUND and "no longer exists in n8n" in about.summary
    else:
        assert about.outcome is Outcome.COULD_NOT_LOOK and "n8n 1.x has no such question" in about.summary
