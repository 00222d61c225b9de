"""Makes the bundled sample and the tests' exports from a folder of real n8n exports, everything through the gate.

    python tests/make_data.py --data DIR

DIR holds `v2/api/executions-*.json.gz` and the other files that docs/sources.md describes. Items that passed through
the workflows are emptied, since nothing here reads them; errors are kept.
"""

from __future__ import annotations

import argparse
import glob
import gzip
import json
from pathlib import Path
from typing import Any

from incident_nb import redact

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    data = parser.parse_args().data
    redact.use_key(redact.SAMPLE_KEY)
    rows = load(f"{data}/v2/api/executions-0*.json*")
    write(SAMPLE, [slim(row) for row in rows if FROM <= (row["startedAt"] or row["stoppedAt"] or "") <= TO])
    write(HERE / "data" / "v1.jsonl.gz", [slim(row) for row in load(f"{data}/v1-sample/api/executions-0*.json*")])


if __name__ == "__main__":
    main()
