"""Makes n8n exports of any size for the benchmarks: the same made-up executions as an API page and as an SQLite file.

    python benchmarks/generate.py FILE [--count 20000] [--failing 0.05] [--small]

FILE ends in .sqlite or .json. A million take some minutes: of good executions only so many are made up anew, and the
others are those at another time; each failed one is made up by itself.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 1, tzinfo=UTC)
WORDS = (
    "order", "invoice", "lead", "contact", "shipment", "booking", "ticket", "payment", "report", "listing", "meter", "quote"
)  # fmt: skip
VERBS = ("Get", "Update", "Notify", "Check", "Map", "Send", "Merge", "Score")
ERRORS = [
    ("429", "The service is receiving too many requests from you", "Rate limit reached, retry in {n} s"),
    ("401", "Authorization failed - please check your credentials", "Invalid API key provided: sk_test_{h}"),
    ("ECONNABORTED", "The connection was aborted, perhaps the server is offline", None),
    (
        "422",
        "Your request is invalid or could not be processed by the service",
        "value {n} is not a valid phone number",
    ),
    ("503", "Service unavailable - try again later", "<html><body><h1>503</h1> request {h}</body></html>"),
]


POOL = 10_000  # good executions made up anew; far more than any cache of the readers can profit from


def executions(count: int, failing: float = 0.05, seed: int = 7, *, small: bool = False) -> Iterator[dict[str, Any]]:
    """`count` executions as the public API gives them, a share `failing` of them failed.

    They are about 7 kB each, of which 2.4 kB are the workflow, with one to three items a node; `small`: 2 kB of data.
    """
    rng = random.Random(seed)
    flows = [_workflow(number, rng) for number in range(150)]
    for number in range(count):
        flow = rng.choice(flows)
        started = START + timedelta(seconds=number * 60, milliseconds=rng.randrange(900))
        yield _execution(number + 1, flow, started, rng.random() < failing, rng, small=small)


def written(
    count: int, render: Callable[[dict[str, Any]], str], failing: float, *, small: bool
) -> Iterator[tuple[dict[str, Any], str]]:
    """`count` executions, each beside its text; those beyond `POOL` good ones are good ones of before at a time of their own.

    Of these only `id`, `startedAt` and `stoppedAt` of the execution are its own.
    """
    pool: list[tuple[dict[str, Any], str]] = []
    rng = random.Random(count)
    fresh = executions(POOL + int(count * failing * 2) + 1, failing, small=small)
    bad = executions(10**9, 1.0, seed=11, small=small)
    for number in range(1, count + 1):
        if len(pool) < POOL:
            run = next(fresh)
            if run["status"] == "success":
                pool.append((run, render(run)))
                yield pool[-1]
            else:
                yield run, render(run)
            continue
        run, text = (next(bad), "") if rng.random() < failing else rng.choice(pool)
        moved = moved_to(run, number)
        yield moved, at_that_time(text, run, moved) if text else render(at_that_time(run, run, moved))


def moved_to(run: dict[str, Any], number: int) -> dict[str, Any]:
    """The execution as the one of that number, with the time that it has by it."""
    started = datetime.fromisoformat(run["startedAt"])
    began = START + timedelta(seconds=(number - 1) * 60, microseconds=started.microsecond)
    stopped = began + (datetime.fromisoformat(run["stoppedAt"]) - started)
    return {**run, "id": str(number), "startedAt": _stamp(began), "stoppedAt": _stamp(stopped)}


def at_that_time(text: Any, run: dict[str, Any], moved: dict[str, Any]) -> Any:
    """The text of `run` with the id and the times of `moved`."""
    if not isinstance(text, str):
        return {**json.loads(at_that_time(json.dumps(text), run, moved)), "id": moved["id"]}
    second, other = (str(int(datetime.fromisoformat(one["startedAt"]).timestamp())) for one in (run, moved))
    for old, new in ((second, other), (run["startedAt"], moved["startedAt"]), (run["stoppedAt"], moved["stoppedAt"])):
        text = text.replace(old, new)
    return text.replace(f'{{"id":"{run["id"]}","finished"', f'{{"id":"{moved["id"]}","finished"', 1)


def _workflow(number: int, rng: random.Random) -> dict[str, Any]:
    """A workflow of an agency: five to seven nodes with names of their own, as people give them."""
    kinds = ["webhook", "set", "httpRequest", "if", "code", "slack", "googleSheets"][: rng.randrange(5, 8)]
    topic = f"{rng.choice(WORDS)} {rng.choice(WORDS)} {number}"
    signed = {"credentials": {"httpHeaderAuth": {"id": f"cred{number:04d}", "name": f"Key {number}"}}}
    nodes = [
        {
            "id": f"{rng.getrandbits(128):032x}",
            "name": f"{rng.choice(VERBS)} {topic} {index}",
            "type": f"n8n-nodes-base.{kind}",
            "typeVersion": 4.2,
            "position": [index * 220, 300],
            "parameters": {
                "url": f"https://api.{rng.choice(WORDS)}.example/v1/{rng.choice(WORDS)}",
                "options": {"timeout": 10_000},
            },
            **(signed if kind in ("httpRequest", "slack", "googleSheets") else {}),
        }
        for index, kind in enumerate(kinds)
    ]
    return {
        "id": f"wf{number:014d}",
        "name": f"[{rng.choice(['ACME', 'BOLT', 'CRUX'])}] {topic}",
        "nodes": nodes,
        "connections": {
            one["name"]: {"main": [[{"node": two["name"], "type": "main", "index": 0}]]} for one, two in pairwise(nodes)
        },
        "settings": {"executionOrder": "v1"},
    }


def _item(rng: random.Random, place: int, *, small: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"id": rng.getrandbits(40), "amount": round(rng.random() * 1000, 2)}
    if not small:
        body |= {
            "email": f"{rng.choice(WORDS)}{rng.randrange(999)}@example.com",
            "headers": {"authorization": f"Bearer {rng.getrandbits(160):040x}", "user-agent": "Client/2.3"},
            "text": " ".join(rng.choices(WORDS, k=14)),
        }
    return {"json": body, "pairedItem": {"item": place}}


def _execution(
    number: int, flow: dict[str, Any], started: datetime, failed: bool, rng: random.Random, *, small: bool
) -> dict[str, Any]:
    stamp = int(started.timestamp() * 1000)
    nodes = flow["nodes"]
    ran = nodes[: rng.randrange(3, len(nodes))] if failed else nodes
    runs: dict[str, Any] = {}
    usual = 1 + sum(map(ord, flow["id"])) % 2
    for index, node in enumerate(ran):
        source = (
            [{"previousNode": ran[index - 1]["name"], "previousNodeOutput": 0, "previousNodeRun": 0}] if index else []
        )
        runs[node["name"]] = [
            {
                "startTime": stamp + index,
                "executionIndex": index,
                "source": source,
                "hints": [],
                "executionTime": int(rng.lognormvariate(4, 1)),
                "executionStatus": "success",
                "data": {"main": [[_item(rng, place, small=small) for place in range(usual + (rng.random() < 0.1))]]},
            }
        ]
    result: dict[str, Any] = {"runData": runs, "lastNodeExecuted": ran[-1]["name"]}
    if failed:
        code, message, description = rng.choice(ERRORS)
        said = description.format(n=rng.randrange(1000), h=f"{rng.getrandbits(96):024x}") if description else None
        result["error"] = {
            "name": "NodeApiError",
            "httpCode": code,
            "message": message,
            "description": said,
            "timestamp": stamp,
            "node": ran[-1],
            "messages": [f"{code} - {said}"],
            "context": {},
            "stack": f"NodeApiError: {message}" + "\n    at Object.execute (node.ts:1:1)" * 8,
        }
        runs[ran[-1]["name"]][0].update(error=result["error"], executionStatus="error", data=None)
    return {
        "id": str(number),
        "finished": not failed,
        "mode": "webhook",
        "retryOf": None,
        "retrySuccessId": None,
        "status": "error" if failed else "success",
        "startedAt": _stamp(started),
        "stoppedAt": _stamp(started + timedelta(seconds=1)),
        "workflowId": flow["id"],
        "waitTill": None,
        "data": {
            "version": 1,
            "startData": {},
            "resultData": result,
            "executionData": {
                "contextData": {},
                "nodeExecutionStack": [],
                "metadata": {},
                "waitingExecution": {},
                "waitingExecutionSource": {},
                "runtimeData": {"version": 1, "establishedAt": stamp, "source": "webhook"},
            },
            "resumeToken": f"{rng.getrandbits(256):064x}",
        },
        "workflowData": flow,
        "customData": {},
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def write_api(path: Path, count: int, failing: float = 0.05, *, small: bool = False) -> None:
    """One public API page with all executions, compact as n8n writes it."""
    with path.open("w") as file:
        file.write('{"data":[')
        for index, (_, text) in enumerate(written(count, _json, failing, small=small)):
            file.write("," * bool(index) + text)
        file.write('],"nextCursor":null}')


# As n8n 2.x makes them; note that `executionId` is no alias of SQLite's row number, so that a join looks it up.
TABLES = """
CREATE TABLE workflow_entity (id varchar(36) PRIMARY KEY NOT NULL, name varchar(128) NOT NULL);
CREATE TABLE execution_entity (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, workflowId varchar(36) NOT NULL,
  finished boolean NOT NULL, mode varchar NOT NULL, retryOf varchar, retrySuccessId varchar, startedAt datetime,
  stoppedAt datetime, waitTill datetime, status varchar NOT NULL, deletedAt datetime(3), createdAt datetime(3) NOT NULL,
  storedAt varchar(2) NOT NULL DEFAULT 'db', tracingContext text, deduplicationKey varchar(255),
  jsonSizeBytes bigint NOT NULL DEFAULT 0, workflowVersionId varchar(36), binaryDataSizeBytes bigint NOT NULL DEFAULT 0,
  usedPrivateCredentials boolean NOT NULL DEFAULT FALSE);
CREATE TABLE execution_data (executionId int PRIMARY KEY NOT NULL, workflowData text NOT NULL, data text NOT NULL,
  workflowVersionId varchar(36));
"""
EXECUTION = (
    "INSERT INTO execution_entity (id, workflowId, finished, mode, startedAt, stoppedAt, createdAt, status)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
DATA = "INSERT INTO execution_data (executionId, workflowData, data) VALUES (?, ?, ?)"


def write_sqlite(path: Path, count: int, failing: float = 0.05, *, small: bool = False) -> None:
    """An SQLite file with n8n's tables, in WAL mode as n8n 2.x leaves it, data in the `flatted` format."""
    flows: dict[str, str] = {}
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(TABLES)
        for run, text in written(count, lambda run: flatted(run["data"]), failing, small=small):
            flow, number = run["workflowData"], int(run["id"])
            started, stopped = (run[key].replace("T", " ").rstrip("Z") for key in ("startedAt", "stoppedAt"))
            about = (number, flow["id"], run["finished"], run["mode"], started, stopped, started, run["status"])
            if flow["id"] not in flows:
                flows[flow["id"]] = _json(flow)
                db.execute("INSERT INTO workflow_entity VALUES (?, ?)", (flow["id"], flow["name"]))
            db.execute(EXECUTION, about)
            db.execute(DATA, (number, flows[flow["id"]], text))
    db.close()


def flatted(root: Any) -> str:
    """`root` as n8n stores it: one JSON array, breadth first, in which texts, lists and objects stand for their index."""
    waiting: list[Any] = [root]
    texts: dict[str, str] = {}

    def place(value: Any) -> Any:
        if isinstance(value, str) and value in texts:
            return texts[value]
        if not isinstance(value, str | dict | list):
            return value
        waiting.append(value)
        index = str(len(waiting) - 1)
        if isinstance(value, str):
            texts[value] = index
        return index

    parts: list[Any] = []
    for value in waiting:  # grows while it is walked
        if isinstance(value, dict):
            parts.append({key: place(entry) for key, entry in value.items()})
        elif isinstance(value, list):
            parts.append([place(entry) for entry in value])
        else:
            parts.append(value)
    return json.dumps(parts, separators=(",", ":"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--failing", type=float, default=0.05)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    write = write_sqlite if options.file.suffix == ".sqlite" else write_api
    write(options.file, options.count, options.failing, small=options.small)


if __name__ == "__main__":
    main()
