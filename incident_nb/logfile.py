"""An ExecutionLog as files in a folder, and several logs as one. What is in them has passed the gate when it was read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from incident_nb.errors import OutputError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.files import write_atomic

_KEY = ["instance", "execution_id"]
_LATER = {"node_items", "node_ms"}
_UNFINISHED = ("running", "new", "waiting")
_BY_RICHNESS = ("missing", "damaged", "too_large", "error_only", "redacted", "full")


def write_log(folder: Path, log: ExecutionLog) -> None:
    """Writes the log's tables and snapshots into a folder that exists. Raises OutputError."""
    for name in ("executions", "failures"):
        buffer = io.BytesIO()
        try:
            getattr(log, name).to_parquet(buffer, index=False)
        except (ValueError, TypeError) as error:
            raise OutputError(f"could not write {folder / name}.parquet: {error}") from error
        write_atomic(folder / f"{name}.parquet", buffer.getvalue())
    nodes = {key: snapshot.nodes for key, snapshot in log.snapshots.items()}
    write_atomic(folder / "snapshots.json", msgspec.json.encode(nodes))


def read_log(folder: Path, skipped: Sequence[Skipped] = ()) -> ExecutionLog:
    """The log in a folder that `write_log` filled. Raises OSError, and ValueError where a table lacks a column."""
    nodes = msgspec.json.decode((folder / "snapshots.json").read_bytes(), type=dict[str, dict[str, Any]])
    return ExecutionLog(
        _table(folder / "executions.parquet", EXECUTION_COLUMNS),
        _table(folder / "failures.parquet", FAILURE_COLUMNS),
        {key: Snapshot(key, value) for key, value in nodes.items()},
        tuple(skipped),
    )


def nothing() -> ExecutionLog:
    """A log without executions, for where none could be read."""
    runs, failures = (
        pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})
        for columns in (EXECUTION_COLUMNS, FAILURE_COLUMNS)
    )
    return ExecutionLog(runs, failures)


def merged(logs: Sequence[ExecutionLog]) -> ExecutionLog:
    """The logs as one, oldest reading first: each execution once, in the reading that says most, then in the newest."""
    if len(logs) == 1:
        return logs[0]
    runs = pd.concat([log.executions.assign(part=part) for part, log in enumerate(logs)], ignore_index=True)
    ended = ~runs["status"].astype("str").isin(_UNFINISHED)
    rich = runs["data"].astype("str").map({name: rank for rank, name in enumerate(_BY_RICHNESS)}).fillna(0)
    best = runs.assign(ended=ended, rich=rich).sort_values(["ended", "rich", "part"], kind="stable")
    best = best.drop_duplicates(_KEY, keep="last")
    failures = pd.concat([log.failures.assign(part=part) for part, log in enumerate(logs)], ignore_index=True)
    kept = best[[*_KEY, "part"]].astype({"instance": "str", "execution_id": "str"})
    failures = failures.astype({"instance": "str", "execution_id": "str"}).merge(kept, on=[*_KEY, "part"])
    snapshots = {key: snapshot for log in logs for key, snapshot in log.snapshots.items()}
    used = set(best["snapshot"].dropna().astype("str"))
    return ExecutionLog(
        _typed(best, EXECUTION_COLUMNS),
        _typed(failures, FAILURE_COLUMNS),
        {key: snapshot for key, snapshot in snapshots.items() if key in used},
        tuple(part for log in logs for part in log.skipped),
    )


def _typed(table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """The documented columns in their types, sorted by time."""
    plain = table[list(columns)].sort_values("at", kind="stable", ignore_index=True)
    return plain.astype({name: kind for name, kind in columns.items() if str(plain[name].dtype) != kind})


def _table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    table = pd.read_parquet(path)
    for name in _LATER & columns.keys() - set(table.columns):  # written before there were such
        table[name] = pd.Series(None, index=table.index, dtype=columns[name])
    if missing := ", ".join(columns.keys() - set(table.columns)):
        raise ValueError(f"{path.name} has no column {missing}")
    table = table[list(columns)]
    for name in (name for name, kind in columns.items() if kind == "category" and not table[name].notna().any()):
        nothing = pd.Categorical([None] * len(table), categories=pd.Index([], dtype="str"))
        table[name] = pd.Series(nothing, index=table.index)  # Parquet keeps no type of nothing
    return table
