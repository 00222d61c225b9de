"""An ExecutionLog as files in a folder, and several logs as one. What is in them has passed the gate when it was read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
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
    write_tables(folder, log)
    nodes = {key: snapshot.nodes for key, snapshot in log.snapshots.items()}
    write_atomic(folder / "snapshots.json", msgspec.json.encode(nodes))


def write_tables(folder: Path, log: ExecutionLog) -> None:
    """The same without the snapshots."""
    for name in ("executions", "failures"):
        buffer = io.BytesIO()
        try:
            getattr(log, name).to_parquet(buffer, index=False)
        except (ValueError, TypeError) as error:
            raise OutputError(f"could not write {folder / name}.parquet: {error}") from error
        write_atomic(folder / f"{name}.parquet", buffer.getvalue())


def read_log(folder: Path, skipped: Sequence[Skipped] = ()) -> ExecutionLog:
    """The log in a folder that `write_log` filled. Raises OSError, and ValueError where a table lacks a column."""
    nodes = msgspec.json.decode((folder / "snapshots.json").read_bytes(), type=dict[str, dict[str, Any]])
    snapshots = {key: Snapshot(key, value) for key, value in nodes.items()}
    return replace(read_tables(folder), snapshots=snapshots, skipped=tuple(skipped))


def read_tables(folder: Path) -> ExecutionLog:
    """The same without the snapshots."""
    return ExecutionLog(
        _table(folder / "executions.parquet", EXECUTION_COLUMNS), _table(folder / "failures.parquet", FAILURE_COLUMNS)
    )


def nothing() -> ExecutionLog:
    """A log without executions, for where none could be read."""
    runs, failures = (
        pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})
        for columns in (EXECUTION_COLUMNS, FAILURE_COLUMNS)
    )
    return ExecutionLog(runs, failures)


def merged(logs: Sequence[ExecutionLog]) -> ExecutionLog:
    """The logs as one, oldest reading first: each execution once, in the reading that says most, then in the newest.

    Executions whose id is that of another workflow's are those of another server: they are skipped and counted.
    """
    if len(logs) == 1:
        return logs[0]
    runs, failures = (_joined([getattr(log, name) for log in logs]) for name in ("executions", "failures"))
    same = runs[runs.duplicated(_KEY, keep=False)]
    ended = ~same["status"].isin(_UNFINISHED)
    rich = same["data"].astype("str").map({name: rank for rank, name in enumerate(_BY_RICHNESS)}).fillna(0)
    flows = same["workflow_id"].astype("str")
    first = flows.groupby([same["instance"].astype("str"), same["execution_id"]]).transform("first")
    foreign = same[flows.notna() & (flows != first)]
    best = same.assign(ended=ended, rich=rich).drop(foreign.index).sort_values(["ended", "rich", "part"], kind="stable")
    gone = same.drop(best.drop_duplicates(_KEY, keep="last").index)
    runs = runs.drop(gone.index)
    if len(gone) and len(failures):
        kept = failures.astype({"instance": "str"}).merge(
            gone[[*_KEY, "part"]].astype({"instance": "str"}), on=[*_KEY, "part"], how="left", indicator="where"
        )
        failures = failures[(kept["where"] == "left_only").to_numpy()]
    used = set(runs["snapshot"].dropna().unique())
    return ExecutionLog(
        _typed(runs, EXECUTION_COLUMNS),
        _typed(failures, FAILURE_COLUMNS),
        {key: one for log in logs for key, one in log.snapshots.items() if key in used},
        (*(part for log in logs for part in log.skipped), *_foreign(foreign)),
    )


def _foreign(rows: pd.DataFrame) -> list[Skipped]:
    """What is said of executions of another server, one word for each source."""
    counts = rows["source"].astype("str").fillna("").value_counts()
    why = "ids of other executions: those of another n8n server need a name for it, write NAME=SOURCE"
    return [Skipped(str(source), "executions", f"{count:,} have {why}", int(count)) for source, count in counts.items()]


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all tables, with a column `part` that says of which. Categories stay such: a million rows of one text
    are one text, as they were before."""
    columns = {}
    for name in tables[0].columns:
        values = [table[name] for table in tables if len(table)] or [tables[0][name]]
        if all(isinstance(one.dtype, pd.CategoricalDtype) for one in values):
            texts = [one.cat.set_categories(one.cat.categories.astype("str")) for one in values]
            columns[name] = pd.Series(pd.api.types.union_categoricals(texts, sort_categories=True))
        else:
            columns[name] = pd.concat(values, ignore_index=True)
    return pd.DataFrame(columns).assign(part=np.repeat(np.arange(len(tables)), [len(table) for table in tables]))


def _typed(table: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """The documented columns in their types, sorted by time."""
    keys = ["at"] if table["at"].is_unique else ["at", *_KEY]  # as the readers sort theirs
    plain = table[list(columns)].sort_values(keys, kind="stable", ignore_index=True)
    plain = plain.astype({name: kind for name, kind in columns.items() if str(plain[name].dtype) != kind})
    return plain.assign(
        **{name: plain[name].cat.remove_unused_categories() for name, kind in columns.items() if kind == "category"}
    )


def _table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    table = pd.read_parquet(path)
    for name in _LATER & columns.keys() - set(table.columns):  # written before there were such
        table[name] = pd.Series(None, index=table.index, dtype=columns[name])
    if missing := ", ".join(columns.keys() - set(table.columns)):
        raise ValueError(f"{path.name} has no column {missing}")
    table = table[list(columns)]
    for name in (name for name, kind in columns.items() if kind == "category" and not len(table[name].cat.categories)):
        table[name] = table[name].cat.set_categories(pd.Index([], dtype="str"))  # Parquet keeps no type of nothing
    return table
