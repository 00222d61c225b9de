"""Values of wrong types in the place of every value of real documents, in every form in which they come."""

from __future__ import annotations

import copy
import json
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from fuzz import corpus
from fuzz.mutants import COLUMNS, Mutant
from fuzz.work import ANALYSED, DIAGNOSED, prepare, run
from tests.exports import Json, write_sqlite

VALUES: list[Any] = [None, True, -7, 1.5, 10**30, "", "text", [], [None, 7, "text"], {}, {"a": {"b": [1]}}]
GOOD_ID = "424242"

Path_ = tuple[str | int, ...]
Make = Callable[[], Mutant]


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The path of every value below this one."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(child, (*path, key))


def shape(path: Path_) -> Path_:
    """A path in which the names of nodes and the numbers of entries make no difference."""
    named = ("runData", "connections")
    return tuple("*" if isinstance(key, int) or (at and path[at - 1] in named) else key for at, key in enumerate(path))


def distinct(rows: list[Json]) -> dict[Path_, tuple[Json, Path_]]:
    """One example, row and path, of every shape of a path in the rows."""
    found: dict[Path_, tuple[Json, Path_]] = {}
    for row in rows:
        for path in places(row):
            found.setdefault(shape(path), (row, path))
    return found


def replaced(row: Json, path: Path_, value: Any) -> Json:
    """A copy of the row with `value` at the path."""
    changed = holder = copy.deepcopy(row)
    for key in path[:-1]:
        holder = holder[key]  # type: ignore[index]
    holder[path[-1]] = value  # type: ignore[index]
    return changed


def _documents(rows: list[Json], of: dict[Path_, tuple[Json, Path_]]) -> Iterator[Make]:
    good = {**rows[0], "id": GOOD_ID}
    for kind, (row, path) in of.items():
        for value in VALUES:
            name = ".".join(map(str, kind)) + f" = {value!r}"
            changed = partial(replaced, row, path, value)
            yield lambda n=name, c=changed: Mutant(f"page: {n}", corpus.page([c(), good]))
            if path[0] == "data" and len(path) > 1:
                yield lambda n=name, c=changed: Mutant(f"editor: {n}", corpus.editor([c()]))


def _alerts(rows: list[Json]) -> Iterator[Make]:
    body = json.loads(corpus.alert(rows))
    for whole in (body, {"trigger": body["execution"], "workflow": body["workflow"]}):
        for path in places(whole):
            for value in VALUES:
                name = f"alert: {'.'.join(map(str, path))} = {value!r}"
                yield lambda n=name, w=whole, p=path, v=value: Mutant(n, json.dumps(replaced(w, p, v)).encode())


def _columns(rows: list[Json]) -> Iterator[Make]:
    values = [json.dumps(value) if isinstance(value, dict | list) else value for value in VALUES]
    values[values.index(10**30)] = str(10**30)
    for table, columns in COLUMNS.items():
        for column in columns:
            for value in [*values, b"\xff\xfe", b"[]"]:
                yield partial(_database, rows, table, column, value)


def _database(rows: list[Json], table: str, column: str, value: Any) -> Mutant:
    with tempfile.TemporaryDirectory() as folder:
        path = write_sqlite(Path(folder) / "database.sqlite", rows, tag="client:acme")
        db = sqlite3.connect(path)
        with suppress(sqlite3.Error):  # a number is what the key of a table has to be
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 1", (value,))
            db.commit()
        db.close()
        return Mutant(f"sqlite: {table}.{column} = {value!r}", path.read_bytes())


def _tables(rows: list[Json]) -> Iterator[Make]:
    tables = corpus.plain_tables(rows)
    for name, content in tables.items():
        for key in content[0]:
            for value in VALUES:
                changed = {**tables, name: [{**content[0], key: value}, *content[1:]]}
                kind = f"entities: {name}.{key} = {value!r}"
                yield lambda k=kind, c=changed: Mutant(k, corpus.entities_of(corpus.lines_of(c)))


def mutants(every: int = 1) -> Iterator[Mutant]:
    """All of them, or one in so many."""
    rows = corpus.executions()
    failed = [row for row in rows if (row.get("data") or {}).get("resultData", {}).get("error")][:2]
    made = chain(_documents(rows, distinct(rows)), _alerts(failed), _columns(failed), _tables(failed))
    return (make() for make in islice(made, 0, None, every))


def main() -> int:
    """Runs them all; the number of crashes is the exit code, at most 1."""
    prepare()
    bad, slowest, done, began = 0, (0.0, ""), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for done, item in enumerate(tqdm(mutants(), unit=" documents", mininterval=2), 1):
            start = time.process_time()
            try:
                run(item, Path(folder) / "export", analysed=done % ANALYSED == 0, diagnosed=done % DIAGNOSED == 0)
            except Exception:  # what is looked for
                bad += 1
                tqdm.write(f"CRASH {item.kind}\n{traceback.format_exc()[-1500:]}", file=sys.stderr)
            slowest = max(slowest, (time.process_time() - start, item.kind))
    print(f"wrong types: {done} documents in {time.monotonic() - began:.0f} s, {bad} crashes")
    print(f"slowest: {slowest[0]:.2f} s, {slowest[1]}")
    return bool(bad)


if __name__ == "__main__":
    raise SystemExit(main())
