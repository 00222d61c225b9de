"""n8n's tables in a throw-away PostgreSQL: its own definitions with a few real rows, and rows made up by a test."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.string import TextLoader

from tests.exports import Json, flatted, stored
from tests.postgres import Cluster

FOLDER = Path(__file__).parent / "data" / "postgres"
PROJECTS = (
    "CREATE TABLE project (id character varying(36) PRIMARY KEY, name character varying(255) NOT NULL)",
    'CREATE TABLE shared_workflow ("workflowId" character varying(36), "projectId" character varying(36), role text)',
)
MORE = ("project", "shared_workflow")
KEYS = ("execution_entityid", "execution_dataexecutionId")
VERSIONS = ("v1", "v2")


def definitions(version: str) -> list[str]:
    """The statements that make n8n's tables."""
    return [line for line in _statements(version) if line.startswith("CREATE")] + list(PROJECTS)


def real_rows(version: str) -> list[str]:
    """The statements that put in what a real n8n wrote."""
    return [line for line in _statements(version) if line.startswith("INSERT")]


def _statements(version: str) -> list[str]:
    return (FOLDER / f"{version}.sql").read_text(encoding="utf-8").removesuffix(";\n").split(";\n")


def made(cluster: Cluster, version: str = "v2", rows: Iterable[Json] = (), *, real: bool = False) -> str:
    """The address of a new schema with n8n's tables, and these executions (of the public API's form) in them."""
    url = cluster.url(cluster.fresh())
    with psycopg.connect(url, autocommit=True) as db:
        for line in definitions(version) + (real_rows(version) if real else []):
            db.execute(line.encode())
        add(db, rows)
    return url


def add(db: psycopg.Connection[Any], rows: Iterable[Json]) -> None:
    """Puts executions into n8n's tables, and their workflows, each of which the project "Acme Ltd" owns."""
    db.execute("INSERT INTO project VALUES ('p1', 'Acme Ltd') ON CONFLICT DO NOTHING")
    for row in rows:
        flow, data = row.get("workflowData"), row.get("data")
        entity = {
            "workflowId": (flow or {}).get("id") or "wf1",
            **{k: v for k, v in stored(row).items() if v is not None},
        }
        insert(db, "execution_entity", {"createdAt": "2026-01-01", "finished": row["status"] == "success", **entity})
        if flow and not db.execute("SELECT 1 FROM workflow_entity WHERE id = %s", [flow["id"]]).fetchone():
            about = {"id": flow["id"], "name": flow["name"][:128], "active": True, "nodes": "[]", "connections": "{}"}
            insert(db, "workflow_entity", {**about, "versionId": "0" * 36})
            db.execute("INSERT INTO shared_workflow VALUES (%s, 'p1', 'workflow:owner')", [flow["id"]])
        if data:
            texts = {"workflowData": json.dumps(flow), "data": data if isinstance(data, str) else flatted(data)}
            insert(db, "execution_data", {"executionId": entity["id"], **texts})


def insert(db: psycopg.Connection[Any], table: str, row: Json) -> None:
    """One row into a table."""
    columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})".encode(), list(row.values()))


def to_sqlite(url: str, path: Path, tables: str = "") -> Path:
    """The same rows in an SQLite file as n8n makes one; `tables` is what stands before each table's name."""
    base = sqlite3.connect(path)
    with psycopg.connect(url) as db, closing(base):
        db.execute("SET timezone = 'UTC'")
        for name in ("execution_entity", "execution_data", "workflow_entity", "tag_entity", "workflows_tags", *MORE):
            db.adapters.register_loader("json", TextLoader)  # the text as it is
            rows = db.execute(f"SELECT * FROM {tables}{name}".encode())
            columns = [column.name for column in rows.description or ()]
            kinds = [f"{one} INTEGER PRIMARY KEY" if name + one in KEYS else one for one in columns]
            base.execute(f"CREATE TABLE {name} ({', '.join(kinds)})")
            marks = ", ".join("?" * len(columns))
            base.executemany(f"INSERT INTO {name} VALUES ({marks})", ([_plain(value) for value in row] for row in rows))
        base.commit()
    return path


def _plain(value: Any) -> Any:
    """A value as n8n writes it to SQLite."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds").removesuffix("+00:00")
    return value if value is None or isinstance(value, int | float | str) else str(value)
