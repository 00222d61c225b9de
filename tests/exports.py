"""Made-up n8n exports for tests: executions as the public API gives them, and the same as a database or an entities export."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Json = dict[str, Any]

HERE = Path(__file__).parent
V1 = HERE / "data" / "v1.jsonl.gz"
SAMPLE = HERE.parent / "incident_nb" / "sample" / "executions.jsonl.gz"
STARTED, STOPPED = "2026-03-01T10:00:00.000Z", "2026-03-01T10:00:02.500Z"
STARTED_MS = 1_772_359_200_000
KEY = "a-made-up-key"


def lines(path: Path) -> list[Json]:
    """The executions of a committed export."""
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def node(name: str, kind: str = "n8n-nodes-base.httpRequest", **more: Any) -> Json:
    return {
        "id": f"id-{name}",
        "name": name,
        "type": kind,
        "typeVersion": 1,
        "position": [0, 0],
        "parameters": {},
        **more,
    }


def ran(*items: Json, error: Json | None = None, **more: Any) -> Json:
    """One run of a node, one second in, that took 500 ms and gave `items` on its first output."""
    run: Json = {
        "startTime": STARTED_MS + 1000,
        "executionTime": 500,
        "executionStatus": "success",
        "source": [],
        "hints": [],
    }
    run["data"] = {"main": [[item if "json" in item else {"json": item} for item in items]]}
    return {**run, **({"error": error, "executionStatus": "error"} if error else {}), **more}


def api_error(**more: Any) -> Json:
    """A refused HTTP request as NodeApiError has it."""
    said = {
        "message": "Authorization failed - please check your credentials",
        "description": "Invalid token",
        "httpCode": "401",
    }
    return {
        "name": "NodeApiError",
        "timestamp": STARTED_MS + 1500,
        "messages": ['401 - "no"'],
        "context": {},
        **said,
        **more,
    }


def execution(
    number: int | str = 1,
    status: str = "success",
    *,
    runs: Json | None = None,
    nodes: Iterable[Json] = (),
    error: Json | None = None,
    last: str | None = None,
    settings: Json | None = None,
    data: Json | None = None,
    **more: Any,
) -> Json:
    """One execution of "[ACME] Orders": `runs` by node name (one or a list), the workflow's `nodes`, its `error`."""
    every = {name: run if isinstance(run, list) else [run] for name, run in (runs or {}).items()}
    result: Json = {"runData": every, "lastNodeExecuted": last or next(reversed(runs or {"": 0})) or None}
    flow = {"id": "wf1", "name": "[ACME] Orders", "nodes": list(nodes), "connections": {}, "settings": settings or {}}
    return {
        "id": str(number),
        "finished": status == "success",
        "mode": "webhook",
        "retryOf": None,
        "retrySuccessId": None,
        "status": status,
        "startedAt": STARTED,
        "stoppedAt": STOPPED,
        "workflowId": "wf1",
        "waitTill": None,
        "customData": {},
        "workflowData": flow,
        "data": {"version": 1, "resultData": {**result, **({"error": error} if error else {})}, **(data or {})},
        **more,
    }


def failed(number: int | str = 1, **more: Any) -> Json:
    """An execution whose node Call was refused."""
    error = api_error(node=node("Call"))
    return execution(number, "error", runs={"Call": ran(error=error)}, nodes=[node("Call")], error=error, **more)


def page(*executions: Any, cursor: str | None = None) -> bytes:
    return json.dumps({"data": executions, "nextCursor": cursor}, separators=(",", ":")).encode()


def flatted(root: Any) -> str:
    """`root` as n8n stores it: a list of parts, in which a text inside an object or list is the index of a part.

    Equal texts are one part, and so is an object or list that stands in several places.
    """
    parts: list[Any] = []
    known: dict[str | int, str] = {}

    def refer(value: Any) -> Any:
        if not isinstance(value, str | dict | list):
            return value
        name = value if isinstance(value, str) else id(value)
        if name in known:
            return known[name]
        index = len(parts)
        parts.append(value)
        known[name] = str(index)
        if isinstance(value, str):
            return known[name]
        if isinstance(value, dict):
            parts[index] = {key: refer(entry) for key, entry in value.items()}
        else:
            parts[index] = [refer(entry) for entry in value]
        return str(index)

    refer(root)
    return json.dumps(parts)


V1_COLUMNS = (
    "id INTEGER PRIMARY KEY AUTOINCREMENT, workflowId varchar(36), finished boolean, mode varchar, retryOf varchar, "
    "retrySuccessId varchar, startedAt datetime, stoppedAt datetime, waitTill datetime, status varchar, "
    "deletedAt datetime(3), createdAt datetime(3)"
)
V2_COLUMNS = (
    V1_COLUMNS + ", storedAt varchar(2) DEFAULT 'db', tracingContext text, deduplicationKey varchar(255), "
    "jsonSizeBytes bigint DEFAULT 0, workflowVersionId varchar(36), binaryDataSizeBytes bigint DEFAULT 0"
)
_TABLES = """
CREATE TABLE workflow_entity (id varchar(36) PRIMARY KEY, name varchar(128), nodes text, active boolean);
CREATE TABLE execution_data (executionId int PRIMARY KEY, workflowData text, data text);
CREATE TABLE tag_entity (id varchar(36) PRIMARY KEY, name varchar(24));
CREATE TABLE workflows_tags (workflowId varchar(36), tagId varchar(36));
CREATE TABLE project (id varchar(36) PRIMARY KEY, name varchar(255));
CREATE TABLE shared_workflow (workflowId varchar(36), projectId varchar(36), role text);
"""
_KEPT = (
    "id",
    "workflowId",
    "finished",
    "mode",
    "retryOf",
    "retrySuccessId",
    "startedAt",
    "stoppedAt",
    "status",
    "deletedAt",
)


def stored(row: Json) -> Json:
    """The columns of execution_entity for one execution: times in UTC without a zone."""
    times = {name: row[name].replace("T", " ").rstrip("Z") for name in ("startedAt", "stoppedAt") if row.get(name)}
    return {**{name: row.get(name) for name in _KEPT}, **times, "id": int(row["id"])}


def write_sqlite(path: Path, rows: Iterable[Json], *, columns: str = V2_COLUMNS, tag: str | None = None) -> Path:
    """A database as n8n has it; `tag` is put on the workflow wf1, which the project "Acme Ltd" owns."""
    db = sqlite3.connect(path)
    db.executescript(f"CREATE TABLE execution_entity ({columns});{_TABLES}")
    for row in rows:
        flow, data = row.get("workflowData"), row.get("data")
        entity = stored(row)
        names, marks = ", ".join(entity), ", ".join("?" * len(entity))
        db.execute(f"INSERT INTO execution_entity ({names}) VALUES ({marks})", tuple(entity.values()))
        if flow:
            about = flow["id"], flow["name"], flow.get("active", True)
            db.execute("INSERT OR REPLACE INTO workflow_entity VALUES (?, ?, '[]', ?)", about)
        if data:
            db.execute("INSERT INTO execution_data VALUES (?, ?, ?)", (entity["id"], json.dumps(flow), flatted(data)))
    if tag:
        db.execute("INSERT INTO tag_entity VALUES ('t1', ?)", (tag,))
        db.execute("INSERT INTO workflows_tags VALUES ('wf1', 't1')")
        db.execute("INSERT INTO project VALUES ('p1', 'Acme Ltd')")
        db.execute("INSERT INTO shared_workflow VALUES ('wf1', 'p1', 'workflow:owner')")
    db.commit()
    db.close()
    return path


def write_entities(
    folder: Path, rows: Iterable[Json], *, key: str = KEY, history: bool = True, a_file: int = 500
) -> Path:
    """A folder as `n8n export:entities` writes it, `a_file` rows to a file."""
    folder.mkdir(exist_ok=True)
    rows = list(rows)
    flows = {row["workflowData"]["id"]: row["workflowData"] for row in rows}
    tables: dict[str, list[Json]] = {
        "workflowentity": [
            {key: flow[key] for key in ("id", "name", "active") if key in flow} for flow in flows.values()
        ],
        "tagentity": [{"id": "t1", "name": "client:acme"}],
        "workflows_tags": [{"workflowId": "wf1", "tagId": "t1"}],
        "project": [{"id": "p1", "name": "Acme Ltd"}],
        "sharedworkflow": [{"workflowId": "wf1", "projectId": "p1", "role": "workflow:owner"}],
    }
    if history:
        tables["executionentity"] = [stored(row) for row in rows]
        tables["executiondata"] = [
            {"executionId": int(row["id"]), "workflowData": row["workflowData"], "data": flatted(row["data"])}
            for row in rows
            if row.get("data")
        ]
    for table, content in tables.items():
        for number, start in enumerate(range(0, max(len(content), 1), a_file)):
            text = "\n".join(map(json.dumps, content[start : start + a_file]))
            name = f"{table}.jsonl" if not number else f"{table}.{number + 1}.jsonl"
            (folder / name).write_bytes(encrypt(text.encode(), key))
    return folder


def encrypt(plain: bytes, key: str) -> bytes:
    """What `openssl enc -aes-256-cbc -md md5 -base64 -A` gives, which is n8n's own cipher."""
    salt, blocks = os.urandom(8), [b""]
    for _ in range(3):
        blocks.append(hashlib.md5(blocks[-1] + key.encode() + salt).digest())
    padding = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(blocks[1] + blocks[2]), modes.CBC(blocks[3])).encryptor()
    return base64.b64encode(b"Salted__" + salt + cipher.update(plain + bytes([padding]) * padding) + cipher.finalize())
