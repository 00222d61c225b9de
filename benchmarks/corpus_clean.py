"""Lines and documents without any secret: they must come out of the gate unchanged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import corpus_personal as personal
import corpus_values as values
from corpus_places import render, rows


def _near_misses(rng: random.Random) -> Iterator[tuple[str, Any]]:
    """Numbers that look like a card or an IBAN and fail its checksum."""
    for scheme, prefix, length in personal.CARDS[:6]:
        for form in personal.card_forms(values.card(rng, prefix, length, valid=False))[:2]:
            yield f"card-like, wrong check digit ({scheme})", f"article {form} not found"
    for country, shape in personal.iban_shapes()[:14]:
        wrong = values.iban(rng, country, shape, valid=False)
        yield f"IBAN-like, wrong checksum ({country})", f"reference {wrong} is unknown"


def _generated(rng: random.Random) -> Iterator[tuple[str, Any]]:
    statuses = ("200 OK", "201 Created", "404 Not Found", "409 Conflict", "422 Unprocessable Entity", "503 Unavailable")
    nodes = ("Get orders", "Send review email", "Score lead", "Sync gate", "Insert patient", "Split shipments")
    for _ in range(25):
        clock = f"2026-11-{rng.randint(10, 22)}T{rng.randint(10, 23)}:{rng.randint(10, 59)}:{rng.randint(10, 59)}"
        node, number = rng.choice(nodes), rng.randint(1000, 99999)
        yield (
            "log line, generated",
            f"{clock}.{rng.randint(100, 999)}Z [info] {node}: {rng.randint(1, 900)} items ({number} ms)",
        )
        yield (
            "HTTP line, generated",
            f"HTTP/1.1 {rng.choice(statuses)} for /v1/orders/{number}?page={rng.randint(1, 40)}",
        )
        item = {
            "id": number,
            "sku": f"ACW-{rng.randint(1000, 9999)}",
            "qty": rng.randint(1, 9),
            "total": rng.randint(1, 900),
        }
        yield "item, generated", {"json": {**item, "updated_at": f"{clock}Z", "open": rng.random() < 0.5}}
        run = {
            "startTime": rng.randint(1793600000000, 1793700000000),
            "executionTime": number,
            "executionStatus": "success",
        }
        yield "run, generated", {node: [{**run, "source": [], "hints": []}]}
        name = values.pick(rng, values.B62, 16)
        yield (
            "workflow ids, generated",
            {"executionId": str(number), "workflowId": name, "error": {"message": "Timeout"}},
        )


def cases(rng: random.Random) -> Iterator[tuple[str, Any]]:
    base = rng.getrandbits(64)
    for name, kind, template in rows("clean.txt", 3):
        tree = json.loads(template) if kind == "J" else template
        for turn in range(3 if "«" in template else 1):
            yield name, render(random.Random(f"{base} {name} {turn}"), "tok", tree, name)[0]
    yield from _near_misses(rng)
    yield from _generated(rng)
