"""Made-up histories: runs of small workflows over time, as the public API gives them, read by the real readers."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from incident_nb.case import read_case
from incident_nb.executions import ExecutionLog
from incident_nb.settings import Settings

Json = dict[str, Any]

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
NOW = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOST = "api.shop.example"


def call(
    name: str = "Call", *, host: str = HOST, path: str = "/v1/orders", credential: str | None = "c1", **more: Any
) -> Json:
    """An HTTP Request node; `credential` is the id of the one it signs in with."""
    signed = {"httpHeaderAuth": {"id": credential, "name": f"Key {credential}"}} if credential else {}
    node = {
        "name": name,
        "type": "n8n-nodes-base.httpRequest",
        "typeVersion": 4,
        "parameters": {"url": f"https://{host}{path}"},
    }
    return {**node, "credentials": signed, **more}


def flow(number: int = 1, name: str | None = None, *nodes: Json) -> Json:
    """A workflow that starts by a schedule and makes one call, or has the given nodes after its trigger."""
    trigger = {"name": "Every hour", "type": "n8n-nodes-base.scheduleTrigger", "parameters": {}}
    return {
        "id": f"wf{number}",
        "name": name or f"[ACME] Flow {number}",
        "nodes": [trigger, *(nodes or (call(),))],
        "connections": {},
        "settings": {},
    }


def error(
    status: int | str | None = 401, message: str | None = None, description: str | None = None, **more: Any
) -> Json:
    """What n8n keeps of a refused request; its own sentence for the status where no other message is given."""
    own = {
        401: "Authorization failed - please check your credentials",
        404: "The resource you are requesting could not be found",
        405: "Method not allowed - please check you are using the right HTTP method",
        429: "The service is receiving too many requests from you",
        500: "The service was not able to process your request",
        502: "Bad gateway - the service failed to handle your request",
        504: "Gateway timed out - perhaps try again later?",
    }
    said: Json = {"name": "NodeApiError", "message": message or own.get(status), "description": description}  # type: ignore[call-overload]
    return {**said, **({"httpCode": str(status)} if status else {}), **more}


UNAUTHORISED = error(401, description="invalid token")
OUT_OF_MEMORY = {"name": "WorkflowCrashedError", "message": "Workflow did not finish, possible out-of-memory issue"}


def run(
    number: int,
    at: datetime = START,
    wrong: Json | None = None,
    of: Json | None = None,
    *,
    node: str | None = None,
    items: list[Json] | None = None,
    took: float = 2.0,
    **more: Any,
) -> Json:
    """One execution of the workflow `of` at `at`; `wrong` ended it at `node` (the last one, if not said).

    `items` are what that node gave on; `took` seconds.
    """
    of = of or flow()
    names = [entry["name"] for entry in of["nodes"]]
    last = node or names[-1]
    ran = names[: names.index(last) + 1]
    begun = int(at.timestamp() * 1000)
    runs: Json = {
        name: [
            {"startTime": begun, "executionTime": 100, "executionStatus": "success", "data": {"main": [[{"json": {}}]]}}
        ]
        for name in ran
    }
    result: Json = {"runData": runs, "lastNodeExecuted": last}
    if items is not None:
        runs[last][0]["data"]["main"] = [items]
    if wrong is not None:
        wrong = {**wrong, "node": next(entry for entry in of["nodes"] if entry["name"] == last)}
        runs[last][0] |= {"error": wrong, "executionStatus": "error"}
        del runs[last][0]["data"]
        result["error"] = wrong
    return {
        "id": str(number),
        "finished": wrong is None,
        "mode": "trigger",
        "status": "error" if wrong else "success",
        "startedAt": _time(at),
        "stoppedAt": _time(at + timedelta(seconds=took)),
        "workflowId": of["id"],
        "workflowData": of,
        "data": {"version": 1, "resultData": result},
        **more,
    }


def runs(
    pattern: str,
    of: Json | None = None,
    *,
    wrong: Json = UNAUTHORISED,
    first: int = 1,
    start: datetime = START,
    every: timedelta = HOUR,
    **more: Any,
) -> list[Json]:
    """One run a sign of `pattern`, `.` a good and `X` a failing one, `every` so often; ids count up from `first`."""
    return [
        run(first + place, start + place * every, wrong if sign == "X" else None, of, **more)
        for place, sign in enumerate(pattern)
    ]


def page(executions: list[Json]) -> str:
    """The executions as the public API gives them."""
    return json.dumps({"data": executions, "nextCursor": None})


def log_of(*executions: Json, settings: Settings | None = None) -> ExecutionLog:
    """The executions as the readers give them, clients by the settings' rules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.json"
        path.write_text(page(list(executions)))
        return read_case([str(path)], settings or Settings(), NOW).log


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
