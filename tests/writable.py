"""An n8n on loopback that can also be written to, as 1.x and 2.x do it: workflows, drafts, credentials, retries."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from incident_nb.error_workflow.plan import NEWER_SETTINGS_KEYS, NODE_KEYS, SETTINGS_KEYS
from tests.exports import Json

KEY = "n8n-key-of-the-tests"
Reply = tuple[int, Any]


@dataclass
class Kept:
    """What the server holds; `newer`: it is 2.x. `instead` may answer in its place: given method, path, and the body.

    `wrong`: the error in which a retry of an execution ends (None: it goes well), given its id and whether it loads the
    workflow as it is now. `unlisted`: executions that are on no list, as those that wait for their turn.
    """

    newer: bool = True
    workflows: dict[str, Json] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=lambda: {"incident-nb alert token": "cred1"})
    instead: Callable[[str, str, Any], Reply | None] = lambda *_: None
    writes: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    published: list[tuple[str, str]] = field(default_factory=list)
    going_on: dict[str, list[Json]] = field(default_factory=dict)
    executions: dict[int, Json] = field(default_factory=dict)
    unlisted: set[int] = field(default_factory=set)
    wrong: Callable[[str, bool], Json | None] = lambda *_: None
    url: str = ""
    count: int = 0

    def add(self, name: str, *, draft: bool = False, active: bool = True, nodes: Any = None, **more: Any) -> str:
        """The id of a workflow that is there, published as it is, or with a `draft` that is not."""
        self.count += 1
        number = f"w{self.count}"
        nodes = nodes or [
            {"id": "1", "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": {}}
        ]
        self.workflows[number] = {
            "id": number, "name": name, "nodes": nodes, "connections": {}, "active": active, "isArchived": False,
            "versionId": f"{number}-2" if draft else f"{number}-1", "activeVersionId": f"{number}-1" if active else None,
            "settings": {"executionOrder": "v1"}, **({"nodeGroups": []} if self.newer else {}), **more,
        }  # fmt: skip
        return number

    def reply(self, method: str, path: str, body: Any) -> Reply:
        """The answer to a request, as n8n gives it."""
        parts = urlsplit(path)
        names = parts.path.removeprefix("/api/v1/").split("/")
        if (other := self.instead(method, parts.path, body)) is not None:
            return other
        query = {name: given[0] for name, given in parse_qs(parts.query).items()}
        if names == ["executions"]:
            more = self.going_on.get(query.get("status", ""), [])
            return 200, {"data": [*more, *self._listed(query)], "nextCursor": None}
        if names[0] == "executions":
            one = self.executions.get(int(names[1]))
            if one is None:
                return 404, {"message": "Not Found"}
            return self._retry(one, body) if names[2:] == ["retry"] else (200, one)
        if names == ["workflows"]:
            return (
                self._make(body)
                if method == "POST"
                else (200, {"data": [*self.workflows.values()], "nextCursor": None})
            )
        flow = self.workflows.get(names[1]) if names[0] == "workflows" and len(names) > 1 else None
        if flow is None:
            return 404, {"message": "Not Found"}
        match method, names[2:]:
            case "GET", []:
                return 200, flow
            case "GET", ["history"]:
                return (200, {"data": [], "nextCursor": None}) if self.newer else (404, {"message": "not found"})
            case "PUT", []:
                return self._put(flow, body, query)
            case "POST", ["activate"]:
                return self._activate(flow, body)
            case "POST", ["deactivate"]:
                flow |= {"active": False, "activeVersionId": None}
                return 200, flow
        return 405, {"message": "no"}

    def _listed(self, query: dict[str, str]) -> Iterator[Json]:
        """Executions, newest first: running ones only where they are asked for, and with what happened only then."""
        for _, row in sorted(self.executions.items(), reverse=True):
            wanted = query["status"] == row["status"] if "status" in query else row["status"] != "running"
            if int(row["id"]) in self.unlisted:
                continue
            if wanted and query.get("workflowId") in (None, row["workflowId"]):
                left_out = () if query.get("includeData") else ("data", "workflowData")
                yield {name: value for name, value in row.items() if name not in left_out}

    def _retry(self, one: Json, body: Any) -> Reply:
        """As n8n does it: the answer comes once the new execution has ended, however it ended."""
        if one["status"] == "success":
            return 409 if self.newer else 400, {"message": "The execution succeeded, so it cannot be retried."}
        number = max(self.executions) + 1
        wrong = self.wrong(one["id"], bool((body or {}).get("loadWorkflow")))
        made = copy.deepcopy(one) | {"id": str(number), "mode": "retry", "retryOf": one["id"], "retrySuccessId": None}
        result = made["data"]["resultData"]
        if wrong is None:
            made |= {"status": "success", "finished": True}
            result.pop("error", None)
            last = result["runData"][result["lastNodeExecuted"]][0]
            last.pop("error", None)
            last |= {"executionStatus": "success", "data": {"main": [[{"json": {"ok": True}}]]}}
            one["retrySuccessId"] = made["id"]
        else:
            result["error"] = {**wrong, "node": result["error"].get("node")}
        self.executions[number] = made
        return 200, made

    def _make(self, body: Json) -> Reply:
        if wrong := self._wrong(body):
            return 400, {"message": wrong}
        number = self.add(body["name"], active=False, nodes=self._resolved(body["nodes"]))
        self.workflows[number] |= {"connections": body["connections"], "settings": body["settings"]}
        return 200, self.workflows[number]

    def _put(self, flow: Json, body: Json, query: dict[str, str]) -> Reply:
        if query and not self.newer:
            return 400, {"message": "Unknown query parameter"}
        if wrong := self._wrong(body):
            return 400, {"message": wrong}
        if self.newer and flow["isArchived"]:
            return 400, {"message": "Cannot update an archived workflow."}
        nodes = self._resolved(body["nodes"])
        if nodes != flow["nodes"] or body["connections"] != flow["connections"] or not self.newer:
            flow["versionId"] += "x"
        flow |= {"name": body["name"], "nodes": nodes, "connections": body["connections"]}
        flow["settings"] = {**flow["settings"], **body["settings"]}
        publish = query.get("publishIfActive") != "false"
        if flow["active"] and publish and flow["activeVersionId"] != flow["versionId"]:
            flow["activeVersionId"] = flow["versionId"]
            self.published.append((flow["id"], flow["versionId"]))
        return 200, flow

    def _activate(self, flow: Json, body: Json) -> Reply:
        if flow["isArchived"] or not any(_starts(node) for node in flow["nodes"]):
            return 400, {"message": "has no node to start the workflow"}
        version = body["versionId"] if self.newer and body else flow["versionId"]
        if any(not given["id"] for node in flow["nodes"] for given in _credentials(node)):
            return 400, {"message": "Credential not configured"}
        flow |= {"active": True, "activeVersionId": version}
        self.published.append((flow["id"], version))
        return 200, flow

    def _resolved(self, nodes: list[Json]) -> list[Json]:
        nodes = copy.deepcopy(nodes)
        for given in (given for node in nodes for given in _credentials(node)):
            given["id"] = given["id"] or self.credentials.get(given["name"])
        return nodes

    def _wrong(self, body: Json) -> str | None:
        parts = {"name", "nodes", "connections", "settings"} | ({"nodeGroups"} if self.newer else set())
        known = NEWER_SETTINGS_KEYS if self.newer else SETTINGS_KEYS
        more = (
            set(body) - parts
            | set(body["settings"]) - known
            | {key for node in body["nodes"] for key in node} - NODE_KEYS
        )
        return f"must NOT have additional properties {more}" if more else None


def _starts(node: Json) -> bool:
    return not node["type"].endswith(("executeWorkflowTrigger", "errorTrigger"))


def _credentials(node: Json) -> list[Json]:
    return [] if node.get("disabled") else [*node.get("credentials", {}).values()]


@contextmanager
def serving(kept: Kept) -> Iterator[Kept]:
    """The server for as long as the block lasts; `kept.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.command != "GET":
                kept.writes.append((self.command, urlsplit(self.path).path.removeprefix("/api/v1/")))
                kept.bodies.append(raw.decode())
            status, told = kept.reply(self.command, self.path, json.loads(raw or b"null"))
            if self.headers["X-N8N-API-KEY"] != KEY:
                status, told = 401, {"message": "unauthorized"}
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
