"""Failed executions on an n8n that can be acted on, and what is asked of it for an incident: for the tests of retries."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from incident_nb.actions import fate, recover
from incident_nb.desk import on_record
from incident_nb.incidents.kinds.opening import Opened
from incident_nb.record import Incident
from incident_nb.said import Subject
from incident_nb.settings import load
from tests.acting import Run
from tests.builders import error
from tests.builders import run as made
from tests.exports import Json
from tests.writable import Kept

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
MINUTE = timedelta(minutes=1)
REFUSED, SERVER = error(401, description="invalid token"), error(500)
CREDENTIAL = {"httpHeaderAuth": {"id": "c7", "name": "Team key"}}


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nothing waits; the pauses that there would have been."""
    pauses: list[float] = []
    pace = recover.Pace.__init__
    monkeypatch.setattr(
        recover.Pace, "__init__", lambda self, *given, **named: pace(self, *given, **{**named, "rest": pauses.append})
    )
    return pauses


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time enough has passed for whatever was under way to arrive."""
    monkeypatch.setattr(fate, "ARRIVED", timedelta())


def flow(n8n: Kept, name: str = "Orders", method: str = "POST", **more: Any) -> Json:
    """A workflow on the server: a webhook, and one node that sends."""
    parameters = {"method": method, "url": "https://api.test/orders", "options": {}}
    nodes = [
        {"name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": {}},
        {"name": "Send", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": parameters,
         "credentials": CREDENTIAL},
    ]  # fmt: skip
    ways = {"Hook": {"main": [[{"node": "Send", "type": "main", "index": 0}]]}}
    settings = {"executionOrder": "v1", "saveDataSuccessExecution": "all"}
    number = n8n.add(name, nodes=nodes, **{"settings": settings, **more})
    n8n.workflows[number]["connections"] = ways
    return n8n.workflows[number]


def execution(n8n: Kept, of: Json, minutes: float, wrong: Json | None = REFUSED, items: Any = 1, **more: Any) -> str:
    """The id of an execution that began so many minutes after `BEGAN`; a failing one has these items before its last node."""
    number = max(n8n.executions, default=0) + 1
    ran_as = {key: of[key] for key in ("id", "name", "nodes", "connections", "settings")}
    one = made(number, BEGAN + minutes * MINUTE, wrong, json.loads(json.dumps(ran_as)), **{"mode": "webhook", **more})
    if wrong is not None:
        last = one["data"]["resultData"]["lastNodeExecuted"]
        given = (
            [{"json": {"invoice_id": f"i{number}-{at}"}} for at in range(items)] if isinstance(items, int) else items
        )
        node = next(entry for entry in ran_as["nodes"] if entry["name"] == last)
        one["data"]["executionData"] = {
            "nodeExecutionStack": [
                {"node": node, "data": {"main": [given]}, "source": {"main": [{"previousNode": "Hook"}]}}
            ]
        }
    n8n.executions[number] = one
    return str(number)


def opened(workflow: str | None = "w1", *, fixed: bool = True, **subject: Any) -> None:
    """The next incident, of this workflow, with a fix in place."""
    about = Subject(instance="default", workflow_id=workflow, **subject)
    desk = on_record(load(None))
    incident = desk.open(Opened(title="Orders fails", detected_at=BEGAN + 5 * MINUTE, subject=about))
    if fixed:
        desk.add(incident.number, "fixed", what="a new key")


def recorded(number: int = 1) -> Incident:
    return on_record(load(None)).records.get(number)


def plan(run: Run, *given: str) -> dict[str, list[str]]:
    """What would be done with which executions."""
    told = run("recover", "INC-1", *given, "--json")
    assert told.code == 0, told.err
    rows = json.loads(told.json)["plan"]["rows"]
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["do"], []).append(row["execution_id"])
    return found


def retried(n8n: Kept) -> list[str]:
    """The executions that n8n was asked to retry, in order."""
    return [path.split("/")[1] for method, path in n8n.writes if method == "POST" and path.endswith("/retry")]


def states(number: int = 1) -> dict[str, str]:
    return {one.execution_id: one.state for one in recorded(number).retries.values()}


def replay(n8n: Kept, of: str, number: int, wrong: Json | None, **more: Any) -> str:
    """A retry of an execution that somebody made by hand, and how it ended (None: as the execution itself)."""
    one = copy.deepcopy(n8n.executions[int(of)])
    one |= {"id": str(number), "mode": "retry", "retryOf": of, "retrySuccessId": None, **more}
    if wrong is not None:
        result = one["data"]["resultData"]
        result["error"] = {**wrong, "node": result["error"].get("node")}
        result["runData"][result["lastNodeExecuted"]][0]["error"] = result["error"]
    n8n.executions[number] = one
    return str(number)


def called(n8n: Kept, minutes: float, *, stores: bool = False, **parent: Any) -> tuple[str, str]:
    """A caller and the run of its sub-workflow that failed in it, a little later; one that `stores` wrote before it failed."""
    child, above = flow(n8n, "Child", method="POST" if stores else "GET"), flow(n8n, "Parent", **parent)
    if stores:
        child["nodes"].insert(1, {**child["nodes"][1], "name": "Store"})
        child["connections"] = {
            "Hook": {"main": [[{"node": "Store", "type": "main", "index": 0}]]},
            "Store": {"main": [[{"node": "Send", "type": "main", "index": 0}]]},
        }
    call = {"value": child["id"]}
    above["nodes"][1:] = [
        {"name": "Call", "type": "n8n-nodes-base.executeWorkflow", "typeVersion": 1.2,
         "parameters": {"workflowId": call, "mode": "once"}}
    ]  # fmt: skip
    above["connections"] = {"Hook": {"main": [[{"node": "Call", "type": "main", "index": 0}]]}}
    number = max(n8n.executions, default=0) + 1
    wrong = {**REFUSED, "errorResponse": {"message": "No"}, "executionId": str(number + 1), "workflowId": child["id"]}
    first = execution(n8n, above, minutes, wrong)
    second = execution(n8n, child, minutes + 0.1, mode="integrated")
    data = n8n.executions[int(second)]["data"]
    data["parentExecution"] = {"executionId": first, "workflowId": above["id"]}
    if stores:
        data["resultData"]["runData"]["Store"][0]["source"] = [{"previousNode": "Hook"}]
    return first, second
