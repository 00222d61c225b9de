"""Makes the bundled sample and the tests' exports from a folder of real n8n exports, everything through the gate.

    python -m tests.make_data --data DIR

DIR holds `v2/api/executions-*.json.gz` and the other files that docs/sources.md describes, and in `postgres-v1` and
`postgres-v2` what `psql` says of n8n's tables there, and a few of their rows as CSV. Items that passed through the workflows
are emptied, since nothing here reads them; errors are kept.
"""

from __future__ import annotations

import argparse
import csv
import glob
import gzip
import json
import re
from pathlib import Path
from typing import Any

from incident_nb import redact
from incident_nb.readers.flatted import Flatted
from tests.exports import flatted

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "incident_nb" / "sample" / "executions.jsonl.gz"
FROM, TO = "2026-11-07", "2026-11-14T08:30"


def load(pattern: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in sorted(glob.glob(pattern)):
        data = Path(name).read_bytes()
        rows += json.loads(gzip.decompress(data) if name.endswith(".gz") else data)["data"]
    return rows


def slim(execution: dict[str, Any]) -> dict[str, Any]:
    """One execution without the items it carried, the stack of nodes it stopped at, and its tokens, through the gate."""
    data = execution["data"]
    for runs in data["resultData"]["runData"].values():
        for run in runs:
            for outputs in (run.get("data") or {}).values():
                for items in outputs:
                    for item in items or []:
                        body = item.get("json") or {}
                        item["json"] = {"error": body["error"]} if "error" in body else {}
    kept = {key: data[key] for key in ("version", "resultData", "parentExecution") if key in data}
    return redact.redact_tree({**execution, "data": kept})


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(lines.encode(), 9, mtime=0))
    print(f"{path.relative_to(HERE.parent)}: {len(rows)} executions, {path.stat().st_size / 1000:.0f} kB")


COLUMN = re.compile(r"^ (\w+) +\| ([^|]+?) +\|[^|]*\| (not null)? *\| ?(.*)$", re.MULTILINE)
TABLE = re.compile(r'^ *Table "public\.(\w+)"\n(.*?)(?=^ *Table |\Z)', re.MULTILINE | re.DOTALL)
TABLES = ("execution_entity", "execution_data", "workflow_entity", "tag_entity", "workflows_tags")


def postgres(folder: Path, target: Path) -> None:
    """n8n's own definitions of the tables that are read, and the rows of two of them, as statements."""
    told = dict(TABLE.findall((folder / "postgres-schema.txt").read_text()))
    lines = [definition(name, told[name]) for name in TABLES]
    flows: dict[str, str] = {}
    data = {row["executionId"]: row for row in table(folder / "execution_data.csv")}
    for row in table(folder / "execution_entity.csv"):
        lines.append(insert("execution_entity", {name: value for name, value in row.items() if value != ""}))
        stored = data[row["id"]]
        whole = {"data": Flatted(stored["data"].encode()).tree(), "workflowData": json.loads(stored["workflowData"])}
        whole = slim(whole)
        flows[whole["workflowData"]["id"]] = whole["workflowData"]["name"]
        parts = {
            "workflowData": json.dumps(whole["workflowData"], separators=(",", ":")),
            "data": flatted(whole["data"]),
        }
        lines.append(insert("execution_data", {**stored, **parts}))
    for number, (name, title) in enumerate(sorted(flows.items())):
        more = {"active": "t", "nodes": "[]", "connections": "{}", "versionId": f"{number:036}"}
        lines.append(insert("workflow_entity", {"id": name, "name": title, **more}))
        lines.append(insert("tag_entity", {"id": f"t{number}", "name": f"client:{title[1:5].lower()}"}))
        lines.append(insert("workflows_tags", {"workflowId": name, "tagId": f"t{number}"}))
    target.parent.mkdir(exist_ok=True)
    target.write_text("".join(f"{line};\n" for line in lines), encoding="utf-8")
    print(f"{target.relative_to(HERE.parent)}: {len(data)} executions, {target.stat().st_size / 1000:.0f} kB")


def definition(name: str, told: str) -> str:
    """CREATE TABLE of what `psql` says of a table, without the sequences and checks that others would have to be made for."""
    parts = []
    for column, kind, must, default in COLUMN.findall(told):
        told_default = f" DEFAULT {default.strip()}" if default.strip() and "nextval" not in default else ""
        parts.append(f'"{column}" {kind}{told_default}{" NOT NULL" * bool(must)}')
    parts += [f"PRIMARY KEY {key}" for key in re.findall(r"PRIMARY KEY, btree (\(.*?\))", told)]
    return f"CREATE TABLE {name} ({', '.join(parts)})"


def insert(name: str, row: dict[str, str]) -> str:
    columns = ", ".join(f'"{column}"' for column in row)
    values = ", ".join("'" + value.replace("'", "''") + "'" if value != "" else "NULL" for value in row.values())
    return f"INSERT INTO {name} ({columns}) VALUES ({values})"


def table(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    data = parser.parse_args().data
    redact.use_key(redact.SAMPLE_KEY)
    for version in ("v1", "v2"):
        postgres(Path(data) / f"postgres-{version}", HERE / "data" / "postgres" / f"{version}.sql")
    rows = load(f"{data}/v2/api/executions-0*.json*")
    write(SAMPLE, [slim(row) for row in rows if FROM <= (row["startedAt"] or row["stoppedAt"] or "") <= TO])
    write(HERE / "data" / "v1.jsonl.gz", [slim(row) for row in load(f"{data}/v1-sample/api/executions-0*.json*")])


if __name__ == "__main__":
    main()
