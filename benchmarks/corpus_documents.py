"""Whole n8n executions in the API's form, failing and successful, with secrets planted where real ones have them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import corpus_values as values
from corpus_failures import FAILURES, Planter, node, webhook_item
from corpus_values import Secret

START = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)


def execution(p: Planter, number: int, name: str, workflow: str, make: Any, ok: bool) -> dict[str, Any]:
    failing, error, extra = make(p)
    resume = p.opaque("resume token", "hex64")
    body = {"order": 48800 + number, "customer": {"email": p.mail("webhook body")}, **extra}
    if p.rng.random() < 0.4:
        body["client_secret"] = p.opaque("webhook body key")
    item = {"json": webhook_item(p, body), "pairedItem": {"item": 0}}
    trigger = node(
        p.rng, "Webhook", "webhook", {"httpMethod": "POST", "path": "orders", "authentication": "headerAuth"}
    )
    begin = START + timedelta(hours=number, minutes=p.rng.randint(0, 50))
    stamp, millis = begin.isoformat(timespec="milliseconds").replace("+00:00", "Z"), int(begin.timestamp() * 1000)
    base = {"startTime": millis, "executionIndex": 0, "hints": [], "executionTime": 235, "source": []}
    runs = {"Webhook": [{**base, "executionStatus": "success", "data": {"main": [[item]]}}]}
    outcome = {"data": {"main": [[{"json": {"ok": True, **extra}}]]}} if ok else {"error": error}
    last = {
        **base,
        "executionIndex": 1,
        "source": [{"previousNode": "Webhook"}],
        "executionStatus": "success" if ok else "error",
    }
    runs[failing["name"]] = [{**last, **outcome}]
    stack = (
        [] if ok else [{"node": failing, "data": {"main": [[item]]}, "source": {"main": [{"previousNode": "Webhook"}]}}]
    )
    result = {"runData": runs, "lastNodeExecuted": failing["name"], **({} if ok else {"error": error})}
    link = {"Webhook": {"main": [[{"node": failing["name"], "type": "main", "index": 0}]]}}
    return {
        "id": str(9000 + number),
        "finished": ok,
        "mode": "webhook",
        "retryOf": None,
        "retrySuccessId": None,
        "status": "success" if ok else "error",
        "createdAt": stamp,
        "startedAt": stamp,
        "stoppedAt": stamp,
        "workflowId": workflow,
        "waitTill": None,
        "storedAt": "db",
        "data": {
            "version": 1,
            "startData": {},
            "resultData": result,
            "executionData": {"contextData": {}, "nodeExecutionStack": stack, "metadata": {}},
            "resumeToken": resume,
        },
        "customData": {},
        "workflowData": {
            "id": workflow,
            "name": f"[ACW] {name}",
            "nodes": [trigger, failing],
            "connections": link,
            "settings": {"executionOrder": "v1"},
        },
    }


def cases(rng: random.Random) -> Iterator[tuple[str, dict[str, Any], tuple[Secret, ...]]]:
    """Eight executions of each of nine workflows, two of them successful."""
    workflows = {name: values.pick(rng, values.B62, 16) for name in FAILURES}
    number = 0
    for turn in range(8):
        for name, make in FAILURES.items():
            number += 1
            p = Planter(rng)
            made = execution(p, number, name, workflows[name], make, ok=turn in (1, 4))
            text = json.dumps(made, ensure_ascii=False)  # a successful run leaves out what its error would have held
            yield name, made, tuple(s for s in p.planted if s.value in text or any(part in text for part in s.parts))
