"""What tests do with a running n8n: its public API, its internal one, workflows, and runs of them."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

from tests_n8n.ask import Answer, Refused, ask
from tests_n8n.wait import wait_for

OWNER = {"email": "owner@n8n.test", "firstName": "Olive", "lastName": "Owner", "password": "Only-for-tests-1"}
ENDED = ("success", "error", "crashed", "canceled")
RUN_S = 180
LOG = "n8n.log"


@dataclass
class N8n:
    """A running n8n server with the means to use it."""

    url: str
    version: str
    folder: Path
    api_key: str
    cookie: str
    group: int
    workflows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """What the public API answers to a request with the key; `path` follows /api/v1. Raises Refused."""
        return _good(f"{method} {path}", self.answer(method, path, body))

    def answer(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        """The public API's answer with its status and headers, also where it refuses; `key`: another API key.

        No header tells n8n's version. An unknown query parameter is ignored by 2.x and answered with 400 by 1.x.
        """
        return ask(method, f"{self.url}/api/v1{path}", body, {"X-N8N-API-KEY": self.api_key if key is None else key})

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """What the internal API, the editor's own, answers to the owner; `path` follows /rest. Raises Refused."""
        return _good(f"{method} {path}", ask(method, f"{self.url}/rest{path}", body, {"Cookie": self.cookie}))["data"]

    def key(self, *scopes: str) -> str:
        """A further API key that may do only this; 1.x without a licence lets it do everything all the same."""
        return _new_key(self.url, self.cookie, list(scopes))

    def create(self, workflow: dict[str, Any]) -> str:
        """The id of a new workflow."""
        made = self.api("POST", "/workflows", workflow)
        self.workflows[made["id"]] = workflow
        return str(made["id"])

    def activate(self, workflow: str) -> None:
        """Activates (on 2.x: publishes) a workflow, so that its triggers are on."""
        self.api("POST", f"/workflows/{workflow}/activate")

    def deactivate(self, workflow: str) -> None:
        """Deactivates (on 2.x: unpublishes) a workflow."""
        self.api("POST", f"/workflows/{workflow}/deactivate")

    def start(self, workflow: str, payload: Any = None) -> None:
        """Starts one production execution of an active workflow with a Webhook trigger."""
        hook = next(node for node in self.workflows[workflow]["nodes"] if node["type"] == "n8n-nodes-base.webhook")
        path = hook["parameters"]["path"]
        # With responseMode onReceived n8n answers before the workflow has run, so the answer says nothing of its end.
        _good(f"webhook {path}", ask("POST", f"{self.url}/webhook/{path}", payload or {}))

    def run(self, workflow: str, payload: Any = None) -> str:
        """The id of one new production execution, once it has ended, well or badly."""
        known = set(self.ended(workflow))
        self.start(workflow, payload)
        return wait_for(
            lambda: next(iter(set(self.ended(workflow)) - known), None),
            RUN_S,
            f"a run of workflow {workflow} to end",
            self.folder / LOG,
        )

    def kill(self) -> None:
        """Kills n8n and all that it started, as the kernel does when memory is short."""
        os.killpg(self.group, signal.SIGKILL)

    def rename_type(self, workflow: str, old: str, new: str) -> None:
        """Makes a workflow's nodes of one type nodes of another one, past the API.

        That is what uninstalling a community package comes to: neither version lets a workflow with an unknown type be
        activated, or be changed while it is active.
        """
        with closing(sqlite3.connect(self.folder / ".n8n" / "database.sqlite", timeout=60)) as base, base:
            for table, column in (("workflow_entity", "id"), ("workflow_history", "workflowId")):
                change = f"UPDATE {table} SET nodes = replace(nodes, ?, ?) WHERE {column} = ?"
                base.execute(change, (f'"{old}"', f'"{new}"', workflow))

    def ended(self, workflow: str) -> list[str]:
        """The ids of a workflow's newest executions that have ended, newest first."""
        page = self.api("GET", f"/executions?workflowId={workflow}&limit=20")
        return [str(run["id"]) for run in page["data"] if run["status"] in ENDED]

    def waiting(self, workflow: str) -> list[str]:
        """The ids of a workflow's executions that wait, as the editor lists them.

        1.x's public list leaves out what its process still holds, and a run that waits is among that or not, as it comes.
        """
        wanted = urlencode({"filter": json.dumps({"workflowId": workflow, "status": ["waiting"]})})
        return [str(run["id"]) for run in self.rest("GET", f"/executions?{wanted}")["results"]]

    def execution(self, execution: str) -> dict[str, Any]:
        """One execution with all its data."""
        found: dict[str, Any] = self.api("GET", f"/executions/{execution}?includeData=true")
        return found

    def pages(self, **query: str | int) -> Iterator[bytes]:
        """The pages of GET /executions, newest first, byte for byte; running executions come only when asked for.

        `limit` is at most 250: 1.x answers 400 to more, 2.x gives 250. A cursor is base64 of {"lastId", "limit"}; one
        that is no JSON is answered with 400, one with a wrong lastId with 500 (2.x) or 400 and an SQL error (1.x).
        """
        cursor = None
        while True:
            asked = urlencode({**query, **({"cursor": cursor} if cursor else {})})
            answer = self.answer("GET", f"/executions?{asked}")
            yield _bytes(f"GET /executions?{asked}", answer)
            cursor = json.loads(answer.content)["nextCursor"]
            if not cursor:
                return


def signed_in(url: str, version: str, folder: Path, group: int) -> N8n:
    """The server with its owner set up and signed in, and an API key that may do all that an owner's key can."""
    # On a folder that was used before the owner is there already.
    ask("POST", f"{url}/rest/owner/setup", OWNER)
    login = ask("POST", f"{url}/rest/login", {"emailOrLdapLoginId": OWNER["email"], "password": OWNER["password"]})
    _good("login", login)
    cookie = login.headers["Set-Cookie"].split(";")[0]
    scopes = _good("scopes", ask("GET", f"{url}/rest/api-keys/scopes", headers={"Cookie": cookie}))["data"]
    return N8n(url, version, folder, _new_key(url, cookie, scopes), cookie, group)


def _new_key(url: str, cookie: str, scopes: list[str]) -> str:
    # Labels must differ.
    body = {"label": f"for tests {token_hex(4)}", "expiresAt": None, "scopes": scopes}
    return str(_good("api-keys", ask("POST", f"{url}/rest/api-keys", body, {"Cookie": cookie}))["data"]["rawApiKey"])


def _good(what: str, answer: Answer) -> Any:
    if answer.status >= 400:
        raise Refused(what, answer)
    return answer.body


def _bytes(what: str, answer: Answer) -> bytes:
    _good(what, answer)
    return answer.content
