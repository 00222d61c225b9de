"""What the tests of retries share: workflows that send each item to a service that counts, and retries of their runs."""

from __future__ import annotations

import json
from typing import Any

from tests_n8n.ask import Answer
from tests_n8n.client import N8n
from tests_n8n.misbehave import CRASHED, Act, Behaviour, Request, Service, reply
from tests_n8n.nodes import Node, Workflow, http, node

OK = reply({"ok": True})
THREE = {"rows": [{"n": 1}, {"n": 2}, {"n": 3}]}
Json = dict[str, Any]


def send(name: str, url: str, **more: Any) -> Node:
    """An HTTP Request node that posts each item."""
    return {**http(url, "POST", body="={{ JSON.stringify($json) }}"), "name": name, **more}


def rows() -> Node:
    """Split Out: the rows that were sent to the webhook, as items."""
    return node("Rows", "splitOut", 1, {"fieldToSplitOut": "body.rows", "options": {}})


def keep() -> Node:
    """Edit Fields: the number of each row again, after another node's answer took its place."""
    number = {"id": "1", "name": "n", "value": "={{ $('Rows').item.json.n }}", "type": "number"}
    return node("Keep", "set", 3.4, {"assignments": {"assignments": [number]}, "options": {}})


def refuse_second(request: Request) -> Behaviour:
    """Takes every item but the second."""
    return CRASHED if json.loads(request.body).get("n") == 2 else OK


def slowly(act: Act) -> Act:
    """The same, a second later."""

    def later(request: Request) -> Behaviour:
        found = act(request) if callable(act) else act
        return Behaviour(found.status, found.body, found.headers, wait=1.0)

    return later


def sent(service: Service, path: str) -> list[Any]:
    """The numbers of the items that reached a path, in order of their numbers: n8n sends them at once."""
    bodies = [json.loads(request.body or b"{}") for request in service.requests if request.path == path]
    return sorted(body.get("n") or 0 for body in bodies)


def counts(service: Service, *paths: str) -> list[int]:
    """How many requests came to each path."""
    return [sum(request.path == path for request in service.requests) for path in paths]


def retry(n8n: N8n, execution: str, current: bool | None = None) -> Answer:
    """What n8n answers to a retry; `current`: with the workflow as it is now; None: no body at all."""
    body = None if current is None else {"loadWorkflow": current}
    return n8n.answer("POST", f"/executions/{execution}/retry", body)


def retried(n8n: N8n, execution: str, current: bool | None = False) -> Json:
    """The new execution that a retry made, as n8n answers it."""
    answer = retry(n8n, execution, current)
    assert answer.status == 200, answer.body
    found: Json = answer.body
    assert (found["mode"], str(found["retryOf"])) == ("retry", execution)  # 1.x gives the number that was in the path
    return found


def stack(execution: Json) -> list[tuple[str, int]]:
    """The nodes at which n8n would go on, each with the number of its items."""
    kept = execution["data"]["executionData"]["nodeExecutionStack"]
    return [(entry["node"]["name"], len(entry["data"]["main"][0])) for entry in kept]


def changed(workflow: Workflow, names: dict[str, str] | None = None, **urls: str) -> Workflow:
    """The workflow with other addresses at some nodes, and with other names of nodes."""
    new: Workflow = json.loads(json.dumps(workflow))
    for one in new["nodes"]:
        if one["name"] in urls:
            one["parameters"]["url"] = urls[one["name"]]
    for old, name in (names or {}).items():
        new = json.loads(json.dumps(new).replace(f'"{old}"', f'"{name}"'))
    return new
