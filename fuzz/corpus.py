"""Exports to begin with, in every format: a few executions of a real n8n, and how each format writes them."""

from __future__ import annotations

import copy
import gzip
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

import zstandard

from tests.exports import KEY, SAMPLE, V1, Json, encrypt, flatted, lines, stored, write_entities, write_sqlite

LONGEST = 40_000  # characters of one execution; larger ones only make every mutant slower


@cache
def executions() -> list[Json]:
    """The committed exports of a real n8n, 1.x and 2.x, failures first; what is very large is left out."""
    every = [*lines(SAMPLE), *lines(V1)]
    small = [row for row in every if len(json.dumps(row)) < LONGEST]
    return sorted(small, key=lambda row: row["status"] == "success")


def some(rng: random.Random) -> list[Json]:
    """One to four executions, copied; half of them failures."""
    every = executions()
    bad = sum(row["status"] != "success" for row in every)
    picks = [
        rng.randrange(bad) if rng.random() < 0.5 else rng.randrange(len(every)) for _ in range(rng.randrange(1, 5))
    ]
    return [copy.deepcopy(every[pick]) for pick in picks]


def page(rows: list[Json]) -> bytes:
    """As the public API gives them."""
    return json.dumps({"data": rows, "nextCursor": None}, separators=(",", ":")).encode()


def array(rows: list[Json]) -> bytes:
    """A list, indented, as people save it."""
    return json.dumps(rows, indent=1).encode()


def json_lines(rows: list[Json]) -> bytes:
    """One execution a line."""
    return b"\n".join(json.dumps(row).encode() for row in rows) + b"\n"


def single(rows: list[Json]) -> bytes:
    """One execution as the API gives it."""
    return json.dumps(rows[0]).encode()


def editor(rows: list[Json]) -> bytes:
    """One execution as the editor fetches it: its data is a text in n8n's stored form."""
    return json.dumps({"data": {**rows[0], "data": flatted(rows[0].get("data") or {})}}).encode()


def alert(rows: list[Json]) -> bytes:
    """What an error workflow sends."""
    result = (rows[0].get("data") or {}).get("resultData") or {}
    result = result if isinstance(result, dict) else {}
    about = {"id": rows[0].get("id"), "mode": rows[0].get("mode"), "lastNodeExecuted": result.get("lastNodeExecuted")}
    error = result.get("error") or {"message": "it failed", "name": "NodeApiError"}
    flow = rows[0].get("workflowData")
    flow = flow if isinstance(flow, dict) else {}
    return json.dumps(
        {"execution": {**about, "error": error}, "workflow": {k: flow.get(k) for k in ("id", "name")}}
    ).encode()


def workflows(rows: list[Json]) -> bytes:
    """A list of workflows beside a page would be; here one alone, with tags and owners."""
    tags = {"tags": [{"id": "t", "name": "client:acme"}], "shared": [{"project": {"id": "p", "name": "Acme"}}]}
    flows = [{**row["workflowData"], **tags} for row in rows if isinstance(row.get("workflowData"), dict)]
    return json.dumps({"data": flows, "nextCursor": None}).encode()


def sqlite(rows: list[Json]) -> bytes:
    """A database file."""
    with tempfile.TemporaryDirectory() as folder:
        distinct = {str(row.get("id")): row for row in rows}
        return write_sqlite(Path(folder) / "database.sqlite", distinct.values(), tag="client:acme").read_bytes()


def entities(rows: list[Json]) -> bytes:
    """A zip of encrypted tables."""
    content = BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(write_entities(Path(folder), rows).iterdir()):
            archive.write(file, file.name)
    return content.getvalue()


def entities_of(tables: dict[str, bytes]) -> bytes:
    """A zip of tables given as plain JSON lines."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, plain in tables.items():
            archive.writestr(f"{name}.jsonl", encrypt(plain, KEY))
    return content.getvalue()


def lines_of(tables: dict[str, list[Json]]) -> dict[str, bytes]:
    """Tables as JSON lines."""
    return {table: b"\n".join(json.dumps(row).encode() for row in content) for table, content in tables.items()}


def plain_tables(rows: list[Json]) -> dict[str, list[Json]]:
    """The rows of the tables of an `export:entities`, to be changed before they are encrypted."""
    return {
        "workflowentity": [{"id": row["workflowData"]["id"], "name": row["workflowData"]["name"]} for row in rows],
        "tagentity": [{"id": "t1", "name": "client:acme"}],
        "workflows_tags": [{"workflowId": rows[0]["workflowData"]["id"], "tagId": "t1"}],
        "project": [{"id": "p1", "name": "Acme Ltd"}],
        "sharedworkflow": [{"workflowId": rows[0]["workflowData"]["id"], "projectId": "p1", "role": "workflow:owner"}],
        "executionentity": [stored(row) for row in rows],
        "executiondata": [
            {"executionId": int(row["id"]), "workflowData": row["workflowData"], "data": flatted(row.get("data") or {})}
            for row in rows
        ],
    }


JSON_FORMATS: dict[str, Callable[[list[Json]], bytes]] = {
    "page": page, "array": array, "jsonl": json_lines, "single": single, "editor": editor, "alert": alert,
    "workflows": workflows,
}  # fmt: skip
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstandard.compress}
