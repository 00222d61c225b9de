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
from pandas.api.types import union_categoricals

from incident_nb.errors import OutputError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.files import write_atomic

_LATER = {"node_items", "node_ms"}
_KEY = ["instance", "execution_id"]
_UNFINISHED = ("running", "new", "waiting")
_RICH = {"missing": 0, "damaged": 1, "too_large": 2, "error_only": 3, "redacted": 4, "full": 5}


def write_log(folder: Path, log: ExecutionLog) -> None:
    """Writes the log's tables and snapshots into a folder that exists. Raises OutputError."""
    write_tables(folder, log)
    nodes = {key: snapshot.nodes for key, snapshot in log.snapshots.items()}
    write_atomic(folder / "snapshots.json", msgspec.json.encode(nodes))


def write_tables(folder: Path, log: ExecutionLog) -> None:
    """The same without the snapshots."""
    for name, columns in (("executions", EXECUTION_COLUMNS), ("failures", FAILURE_COLUMNS)):
        buffer = io.BytesIO()
        try:
            getattr(log, name)[list(columns)].to_parquet(buffer, index=False)
        except (ValueError, TypeError) as error:
            raise OutputError(f"could not write {folder / name}.parquet: {error}") from error
        write_atomic(folder / f"{name}.parquet", buffer.getvalue())


def read_log(folder: Path, skipped: Sequence[Skipped] = ()) -> ExecutionLog:
    """The log in a folder that `write_log` filled, but for what is active.

    Raises OSError, and ValueError where a table lacks a column.
    """
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
    runs = _stacked([log.executions for log in logs], EXECUTION_COLUMNS)
    part = np.repeat(np.arange(len(logs)), [len(log.executions) for log in logs])
    key = _keys(runs["instance"], runs["execution_id"])
    best, foreign = np.arange(len(runs)), np.array([], dtype=int)
    if len(again := np.flatnonzero(pd.Series(key).duplicated(keep=False))):
        flow = runs["workflow_id"].cat.codes.to_numpy()[again]
        first = pd.Series(flow).groupby(key[again]).transform("first").to_numpy()
        foreign, again = again[(flow >= 0) & (flow != first)], again[(flow < 0) | (flow == first)]
        ended = ~runs["status"].iloc[again].astype("str").isin(_UNFINISHED).to_numpy()
        rich = runs["data"].iloc[again].astype("str").map(_RICH).fillna(0).to_numpy()
        of_one = again[np.lexsort([again, part[again], rich, ended, key[again]])]
        last = np.append(key[of_one][1:] != key[of_one][:-1], True)
        best = np.delete(best, np.append(of_one[~last], foreign))
    failures = _stacked([log.failures for log in logs], FAILURE_COLUMNS)
    said = np.repeat(np.arange(len(logs)), [len(log.failures) for log in logs])
    both = _keys(
        pd.Series(union_categoricals([runs["instance"], failures["instance"]])),
        pd.concat([runs["execution_id"], failures["execution_id"]], ignore_index=True),
    )
    chosen = np.full(both.max(initial=-1) + 1, -1)
    chosen[both[: len(runs)][best]] = part[best]
    failures = failures[chosen[both[len(runs) :]] == said]
    snapshots = {key: snapshot for log in logs for key, snapshot in log.snapshots.items()}
    others = _foreign(runs["source"].iloc[foreign])
    runs = runs.iloc[best]
    used = set(runs["snapshot"].cat.categories[runs["snapshot"].cat.codes[lambda code: code >= 0].unique()])
    return ExecutionLog(
        _by_time(runs),
        _by_time(failures),
        {key: snapshot for key, snapshot in snapshots.items() if key in used},
        (*(part for log in logs for part in log.skipped), *others),
        {key: on for log in logs for key, on in log.active.items()},
    )


def _foreign(sources: pd.Series) -> list[Skipped]:
    """What is said of executions of another server, one word for each source."""
    counts = sources.astype("str").fillna("").value_counts()
    why = "ids of other executions: those of another n8n server need a name for it, write NAME=SOURCE"
    return [Skipped(str(source), "executions", f"{count:,} have {why}", int(count)) for source, count in counts.items()]


def _stacked(tables: Sequence[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    """The documented columns of all tables, one below the other, in their types."""
    found: dict[str, Any] = {}
    for name, kind in columns.items():
        parts = [table[name] if str(table[name].dtype) == kind else table[name].astype(kind) for table in tables]
        if kind == "category":
            parts = [part.cat.rename_categories(part.cat.categories.astype("str")) for part in parts]
            found[name] = union_categoricals(parts, sort_categories=True)
        else:
            found[name] = pd.concat(parts, ignore_index=True)
    return pd.DataFrame(found)


def _keys(instance: pd.Series, execution: pd.Series) -> np.ndarray[Any, Any]:
    """A number for each execution, the same for the same one."""
    ids, _ = pd.factorize(execution, use_na_sentinel=False)
    servers, names = pd.factorize(instance, use_na_sentinel=False)
    keys: np.ndarray[Any, Any] = ids.astype("int64") * max(1, len(names)) + servers
    return keys


def _by_time(table: pd.DataFrame) -> pd.DataFrame:
    """The rows sorted by time, their categories those that are used."""
    keys = ["at"] if table["at"].is_unique else ["at", *_KEY]  # as the readers sort theirs
    table = table.sort_values(keys, kind="stable", ignore_index=True)
    return table.assign(
        **{name: table[name].cat.remove_unused_categories() for name in table.select_dtypes("category")}
    )


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
