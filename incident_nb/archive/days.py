"""An archive's tables on the disk: a folder a day, each with parts that count once the state names them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Snapshot
from incident_nb.files import private_folder, write_atomic
from incident_nb.logfile import merged, read_log, read_tables, write_tables

DAY = "day="
NO_DAY = "day=none"  # runs that have not begun
OLD = "parts"  # what earlier versions wrote: parts of any days, each with its snapshots
SNAPSHOTS = "snapshots"
# What of an execution can change after it was read; what is the same in all of it is not written again.
CHANGING = ["execution_id", "status", "data", "at", "stopped_at", "last_node", "snapshot", "client"]
_nodes = msgspec.json.Decoder(dict[str, object])


class Days:
    """The tables and snapshots below `folder`. It writes new files only, and removes none by itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, np.ndarray] = {}

    def write(self, log: ExecutionLog, there: Sequence[str], number: int, *, whole: bool = False) -> list[str]:
        """The names of new parts with the log's rows, one a day, of those that the parts `there` do not hold already.

        `whole`: also what they hold, since the new parts take their place.
        """
        names = []
        for day, rows in _by_day(log.executions):
            fresh = rows if whole else self._new(day, rows, there)
            if fresh.empty and (there or whole):
                continue
            part = f"{day}/{number:06}"
            private_folder(self.folder / day)
            private_folder(self.folder / part)
            failures = log.failures[log.failures["execution_id"].isin(fresh["execution_id"])]
            write_tables(self.folder / part, ExecutionLog(_trimmed(fresh), _trimmed(failures)))
            names.append(part)
        return names

    def read(
        self, parts: Sequence[str], packs: Sequence[str], since: datetime | None = None, until: datetime | None = None
    ) -> ExecutionLog:
        """The rows of these parts as one log, of `since` to `until`, or of no known time; only their days are opened."""
        wanted = [part for part in parts if _meets(part, since, until)]
        logs = [read_log(self.folder / part) if _is_old(part) else read_tables(self.folder / part) for part in wanted]
        log = merged(logs) if logs else ExecutionLog(_nothing(EXECUTION_COLUMNS), _nothing(FAILURE_COLUMNS))
        if since or until:
            log = _between(log, since, until)
        used = set(log.executions["snapshot"].dropna().unique())
        old = {key: one for key, one in log.snapshots.items() if key in used}
        return replace(log, snapshots=self.snapshots(packs, used - old.keys()) | old)

    def snapshots(self, packs: Iterable[str], wanted: Collection[str] | None = None) -> dict[str, Snapshot]:
        """The snapshots in these packs, all or those with `wanted` ids."""
        found: dict[str, Snapshot] = {}
        for pack in packs if wanted is None or wanted else ():
            table = pq.read_table(self.folder / f"{pack}.parquet")
            if wanted is not None:
                table = table.filter(pc.is_in(table["id"], pa.array(sorted(wanted), pa.string())))
            for key, nodes in zip(table["id"].to_pylist(), table["nodes"].to_pylist(), strict=True):
                found[key] = Snapshot(key, _nodes.decode(nodes))  # type: ignore[arg-type]
        return found

    def ids(self, packs: Iterable[str]) -> set[str]:
        """The ids of the snapshots in these packs."""
        return {
            key
            for pack in packs
            for key in pq.read_table(self.folder / f"{pack}.parquet", columns=["id"])["id"].to_pylist()
        }

    def write_snapshots(self, snapshots: Iterable[Snapshot], number: int) -> list[str]:
        """The name of a new pack with these snapshots; none for nothing."""
        rows = {one.id: msgspec.json.encode(one.nodes) for one in snapshots}
        if not rows:
            return []
        buffer = io.BytesIO()
        columns = {"id": pa.array(rows, pa.string()), "nodes": pa.array(rows.values(), pa.large_binary())}
        pq.write_table(pa.table(columns), buffer, compression="zstd")
        private_folder(self.folder / SNAPSHOTS)
        name = f"{SNAPSHOTS}/{number:06}"
        write_atomic(self.folder / f"{name}.parquet", buffer.getvalue())
        return [name]

    def clean(self, named: Collection[str]) -> None:
        """Removes what no state names: what a crash left, and what something newer took the place of."""
        for path in (
            *self.folder.glob(f"{DAY}*/*"),
            *self.folder.glob(f"{OLD}/*"),
            *self.folder.glob(f"{SNAPSHOTS}/*"),
        ):
            if path.stem.isdigit() and f"{path.parent.name}/{path.stem}" not in named:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        for folder in (*self.folder.glob(f"{DAY}*"), self.folder / OLD):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _new(self, day: str, rows: pd.DataFrame, there: Sequence[str]) -> pd.DataFrame:
        """Those of a day's rows that are not in its parts yet as they are now."""
        if day not in self._known:
            tables = [
                pd.read_parquet(self.folder / part / "executions.parquet", columns=CHANGING)
                for part in there
                if _day(part) == day
            ]
            self._known[day] = np.concatenate([np.array([], "uint64"), *map(_hashes, tables)])
        marks = _hashes(rows[CHANGING])
        fresh = ~np.isin(marks, self._known[day])
        self._known[day] = np.concatenate([self._known[day], marks[fresh]])
        return rows[fresh]


def day_of(part: str) -> str:
    """The day of a part, as 2026-11-14; none for runs that have not begun, parts for what earlier versions wrote."""
    return _day(part).removeprefix(DAY)


def _day(part: str) -> str:
    return part.partition("/")[0]


def _is_old(part: str) -> bool:
    return _day(part) == OLD


def _meets(part: str, since: datetime | None, until: datetime | None) -> bool:
    """Whether a part may hold something of that time."""
    if _is_old(part) or _day(part) == NO_DAY:
        return True
    day = day_of(part)
    return (since is None or day >= _date(since)) and (until is None or day <= _date(until))


def _date(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()


def _by_day(executions: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    days = (DAY + executions["at"].dt.strftime("%Y-%m-%d").astype("str")).fillna(NO_DAY)
    if executions.empty:
        return [(NO_DAY, executions)]
    return [(str(day), rows) for day, rows in executions.groupby(days.to_numpy(), sort=True)]


def _hashes(rows: pd.DataFrame) -> np.ndarray:
    """A number for each row, the same for the same values."""
    plain = rows.assign(**{name: rows[name].astype("str") for name in rows if rows[name].dtype == "category"})
    return np.asarray(pd.util.hash_pandas_object(plain, index=False), dtype="uint64")


def _trimmed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows without categories of others: a day does not carry the texts of all days."""
    categories = [name for name in table if table[name].dtype == "category"]
    return table.assign(**{name: table[name].cat.remove_unused_categories() for name in categories})


def _between(log: ExecutionLog, since: datetime | None, until: datetime | None) -> ExecutionLog:
    at = log.executions["at"]
    inside = at.isna() | ((at >= since if since else True) & (at <= until if until else True))
    runs = log.executions[inside].reset_index(drop=True)
    failures = log.failures[log.failures["execution_id"].isin(runs["execution_id"])].reset_index(drop=True)
    return replace(log, executions=_trimmed(runs), failures=_trimmed(failures))


def _nothing(columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in columns.items()})
