"""n8n workflows as JSON, one small function a node type; their parameters are the ones that both n8n 1.x and 2.x know."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import uuid4

Node = dict[str, Any]
Workflow = dict[str, Any]


def flow(name: str, *nodes: Node, **settings: Any) -> Workflow:
    """A workflow whose nodes follow one another."""
    pairs = pairwise(nodes)
    return {
        "name": name,
        "nodes": [{**node, "position": [220 * place, 0]} for place, node in enumerate(nodes)],
        "connections": {
            first["name"]: {"main": [[{"node": second["name"], "type": "main", "index": 0}]]} for first, second in pairs
        },
        "settings": {"executionOrder": "v1", **settings},
    }


def node(name: str, kind: str, version: float, parameters: Mapping[str, Any], **more: Any) -> Node:
    """Any node; `kind` without its package is one of n8n's own."""
    kind = kind if "." in kind else f"n8n-nodes-base.{kind}"
    made = {"id": str(uuid4()), "name": name, "type": kind, "typeVersion": version, "parameters": dict(parameters)}
    return {**made, **more}


def webhook(path: str) -> Node:
    """The trigger: a POST to /webhook/PATH, answered before the workflow runs.

    The easiest trigger on both versions: it needs no waiting as a schedule does, and what it starts is a production
    execution, which a run from the editor or the command line is not.
    """
    parameters = {"httpMethod": "POST", "path": path, "responseMode": "onReceived", "options": {}}
    return node("Webhook", "webhook", 2, parameters, webhookId=str(uuid4()))


def called() -> Node:
    """The trigger of a sub-workflow."""
    return node("When called", "executeWorkflowTrigger", 1.1, {"inputSource": "passthrough"})


def call(workflow: str) -> Node:
    """Execute Workflow: runs a sub-workflow and waits for it."""
    target = {"__rl": True, "value": workflow, "mode": "id"}
    parameters = {"workflowId": target, "workflowInputs": {"mappingMode": "defineBelow", "value": {}}, "options": {}}
    return node("Run sub-workflow", "executeWorkflow", 1.2, parameters)


def http(url: str, method: str = "GET", *, body: str = "", timeout: int = 0, json: bool = False, **more: Any) -> Node:
    """HTTP Request: `body` is a JSON expression, `timeout` in ms, `json` insists on a JSON answer."""
    options: dict[str, Any] = {"timeout": timeout} if timeout else {}
    if json:
        options["response"] = {"response": {"responseFormat": "json"}}
    parameters: dict[str, Any] = {"method": method, "url": url, "options": options}
    if body:
        parameters |= {"sendBody": True, "specifyBody": "json", "jsonBody": body}
    return node("Get orders" if method == "GET" else "Send order", "httpRequest", 4.2, parameters | more)


def with_credential(request: Node, kind: str, credential: str, name: str) -> Node:
    """The HTTP Request node with a generic credential; with an empty id none is selected."""
    parameters = {**request["parameters"], "authentication": "genericCredentialType", "genericAuthType": kind}
    chosen = {"credentials": {kind: {"id": credential, "name": name}}} if credential else {}
    return {**request, "parameters": parameters, **chosen}


def code(script: str, name: str = "Shape orders") -> Node:
    """Code, JavaScript, once for all items."""
    return node(name, "code", 2, {"jsCode": script})


def if_number_above(value: str, limit: int, *, strict: bool = True) -> Node:
    """IF: whether an expression's value is above a limit; strict about the type as n8n makes it by default."""
    options = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict" if strict else "loose", "version": 2}
    operator = {"type": "number", "operation": "gt"}
    condition = {"id": str(uuid4()), "leftValue": value, "rightValue": limit, "operator": operator}
    conditions = {"options": options, "conditions": [condition], "combinator": "and"}
    return node("Large order?", "if", 2.2, {"conditions": conditions, "options": {}})


def if_true(value: str) -> Node:
    """IF: whether an expression is true; what follows it in `flow` is the true branch."""
    options = {"caseSensitive": True, "leftValue": "", "typeValidation": "loose", "version": 2}
    operator = {"type": "boolean", "operation": "true", "singleValue": True}
    condition = {"id": str(uuid4()), "leftValue": value, "rightValue": "", "operator": operator}
    conditions = {"options": options, "conditions": [condition], "combinator": "and"}
    return node("Refused?", "if", 2.2, {"conditions": conditions, "looseTypeValidation": True, "options": {}})


def fields(**values: str) -> Node:
    """Edit Fields: text fields, which may be expressions."""
    assignments = [
        {"id": str(uuid4()), "name": name, "value": value, "type": "string"} for name, value in values.items()
    ]
    return node("Fields", "set", 3.4, {"assignments": {"assignments": assignments}, "options": {}})


def stop(message: str) -> Node:
    """Stop And Error."""
    return node("Stop", "stopAndError", 1, {"errorMessage": message})


def nothing() -> Node:
    """No Operation."""
    return node("Push to CRM", "noOp", 1, {})
