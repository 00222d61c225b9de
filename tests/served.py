"""An n8n's public API on loopback as far as reading goes: lists by cursor, single executions, workflows, a key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests import faulty
from tests.exports import Json, api_error, execution, node, ran
from tests.faulty import Asked, Server, answer, serving

KEY = "n8n-key-of-the-tests"


def failed(number: int, said: str = "No") -> Json:
    """An execution that failed at its node."""
    error = api_error(message=said, node=node("Call"))
    return execution(number, "error", runs={"Call": ran(error=error)}, nodes=[node("Call")], error=error)


def good(number: int, status: str = "success") -> Json:
    """An execution that did not."""
    return execution(number, status, runs={"Call": ran()}, nodes=[node("Call")])


@dataclass
class Kept:
    """What the server holds: executions by id, and what it does instead of answering, when `instead` gives something."""

    executions: dict[int, Json] = field(default_factory=dict)
    workflows: list[Json] = field(default_factory=list)
    per_page: int = 5
    health: dict[str, tuple[Any, int]] = field(default_factory=lambda: {"healthz": ({"status": "ok"}, 200)})
    instead: Callable[[Asked], faulty.Reply | None] = lambda _: None

    def add(self, *rows: Json) -> None:
        """Takes executions; one of the same id is replaced."""
        self.executions |= {int(row["id"]): row for row in rows}

    def reply(self, connection: Any, asked: Asked) -> None:
        """Answers a request as n8n does."""
        (self.instead(asked) or self._answer(asked))(connection, asked)

    def _answer(self, asked: Asked) -> faulty.Reply:
        parts = urlsplit(asked.path)
        if not parts.path.startswith("/api/"):
            return answer(*self.health.get(parts.path.lstrip("/"), ({"message": "not found"}, 404)))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if asked.headers.get("x-n8n-api-key") != KEY:
            return answer({"message": "unauthorized"}, 401)
        what, _, single = parts.path.removeprefix("/api/v1/").partition("/")
        if what == "workflows" and not single:
            return answer({"data": self.workflows, "nextCursor": None})
        if what == "workflows" and single:
            found = next((row for row in self.workflows if row["id"] == single), None)
            return answer(found) if found else answer({"message": "Not Found"}, 404)
        if what != "executions":
            return answer({"message": "not found"}, 404)
        strip = (lambda row: row) if query.get("includeData") == "true" else _without_data
        if single:
            found = self.executions.get(int(single))
            return answer(strip(found)) if found else answer({"message": "Not Found"}, 404)
        last = int(json.loads(base64.b64decode(query["cursor"]))["lastId"]) if "cursor" in query else 10**12
        left = [
            row
            for number, row in sorted(self.executions.items(), reverse=True)
            if number < last and (query["status"] == row["status"] if "status" in query else row["status"] != "running")
            if "workflowId" not in query or row["workflowId"] == query["workflowId"]
        ]
        some = left[: self.per_page]
        cursor = (
            base64.b64encode(json.dumps({"lastId": some[-1]["id"]}).encode()).decode() if left[len(some) :] else None
        )
        return answer({"data": [strip(row) for row in some], "nextCursor": cursor})


def _without_data(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "data"}


@contextmanager
def serving_n8n(kept: Kept) -> Iterator[Server]:
    """The server for as long as the block lasts."""
    with serving(kept.reply) as server:
        yield server
