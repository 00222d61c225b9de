"""The mutant of a seed and a number: always the same bytes, in one of the formats that the readers take."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from fuzz import corpus
from fuzz.mutate import ODD, bytes_of, stored_of, tree_of
from tests.exports import Json, flatted, write_sqlite

COLUMNS = {
    "execution_entity": (
        "workflowId",
        "mode",
        "status",
        "finished",
        "startedAt",
        "stoppedAt",
        "retryOf",
        "waitTill",
        "id",
    ),
    "execution_data": ("workflowData", "data", "executionId"),
    "workflow_entity": ("id", "name"),
    "tag_entity": ("name", "id"),
    "project": ("name",),
}


class Mutant(NamedTuple):
    """A file to read: what was done to which format, and its content."""

    kind: str
    content: bytes


def mutant(seed: int, number: int) -> Mutant:
    """The mutant `number` of a run with `seed`."""
    rng = random.Random(f"{seed}/{number}")
    ways, weights = zip(*WAYS.items(), strict=True)
    (way,) = rng.choices(ways, weights)
    kind, content = way(rng)
    if kind.split(",")[0] in corpus.JSON_FORMATS and rng.random() < 0.06:
        packer = rng.choice(list(corpus.PACKERS))
        content = corpus.PACKERS[packer](content)
        if rng.random() < 0.6:
            content, kind = bytes_of(content, content, rng), f"{kind}, packed and damaged again"
        kind = f"{packer} of {kind}"
    return Mutant(kind, content)


def _format(rng: random.Random) -> str:
    return rng.choices(list(corpus.JSON_FORMATS), (4, 1, 3, 1, 2, 1, 1))[0]


def _bytes(rng: random.Random) -> Mutant:
    name, other = _format(rng), _format(rng)
    content = corpus.JSON_FORMATS[name](corpus.some(rng))
    return Mutant(f"{name}, bytes", bytes_of(content, corpus.JSON_FORMATS[other](corpus.some(rng)), rng))


def _tree(rng: random.Random) -> Mutant:
    name, rows = _format(rng), corpus.some(rng)
    rows[0] = tree_of(rows[0], rng)
    try:
        return Mutant(f"{name}, tree", corpus.JSON_FORMATS[name](rows))
    except (
        RecursionError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
    ):  # no longer writable in this format
        return Mutant("array, tree", json.dumps([1]).encode())


def _document(rng: random.Random) -> Mutant:
    """The whole document as a tree, its page or list included."""
    name = _format(rng)
    content = corpus.JSON_FORMATS["page" if name == "jsonl" else name](corpus.some(rng))
    try:
        return Mutant("page, document", json.dumps(tree_of(json.loads(content), rng)).encode())
    except RecursionError:
        return Mutant("page, document", content)


def _stored(rng: random.Random) -> Mutant:
    """n8n's stored text with its indices led astray, as the editor's answer."""
    row = corpus.some(rng)[0]
    text = stored_of(flatted(row.get("data") or {}), rng)
    return Mutant("editor, stored text", json.dumps({"data": {**row, "data": text}}).encode())


def _database(rng: random.Random) -> Mutant:
    rows = list({row["id"]: row for row in corpus.some(rng)}.values())
    way = rng.choice(("bytes", "columns", "stored text", "tree"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "database.sqlite"
        if way == "tree":
            for part in ("data", "workflowData"):
                rows[0][part] = tree_of(rows[0].get(part) or {"a": 1}, rng)
            try:
                write_sqlite(path, rows, tag="client:acme")
            except (RecursionError, ValueError, TypeError, LookupError, AttributeError, OverflowError, sqlite3.Error):
                path.write_bytes(b"")
            return Mutant("sqlite, tree", path.read_bytes())
        write_sqlite(path, rows, tag="client:acme")
        if way == "bytes":
            content = path.read_bytes()
            return Mutant("sqlite, bytes", bytes_of(content, content, rng))
        db = sqlite3.connect(path)
        for _ in range(rng.randrange(1, 4)):
            table = "execution_data" if way == "stored text" else rng.choice(list(COLUMNS))
            column = "data" if way == "stored text" else rng.choice(COLUMNS[table])
            value = stored_of(flatted(rows[0].get("data") or {}), rng) if way == "stored text" else _scalar(rng)
            try:
                db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid % ? = 0", (value, rng.choice((1, 2))))
            except (sqlite3.Error, OverflowError, ValueError):
                continue
        db.commit()
        db.close()
        return Mutant(f"sqlite, {way}", path.read_bytes())


def _scalar(rng: random.Random) -> Any:
    value = rng.choice(ODD)
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) and rng.random() < 0.5 else value


def _entities(rng: random.Random) -> Mutant:
    rows = [row for row in corpus.some(rng) if isinstance(row.get("workflowData"), dict)]
    tables: dict[str, list[Json]] = corpus.plain_tables(rows)
    way = rng.choice(("tables", "zip", "plain text"))
    name = rng.choice([name for name, content in tables.items() if content])
    if way == "tables":
        tables[name] = tree_of(tables[name], rng)
    plain = corpus.lines_of(tables)
    if way == "plain text":
        plain[name] = bytes_of(plain[name], plain[name], rng)
    content = corpus.entities_of(plain)
    return Mutant(f"entities, {way}", bytes_of(content, content, rng) if way == "zip" else content)


WAYS = {_bytes: 40, _tree: 26, _document: 8, _stored: 9, _database: 12, _entities: 5}
