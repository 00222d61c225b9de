"""The runs that speak of each problem, in order: those that failed with it and those that went well where it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.distinct import codes_of, distinct
from incident_nb.patterns.states import Flags, Ints

OVER = ("success", "error", "crashed", "canceled")
# A failed run that is tried again so soon and fails in the same way is the same event, not another one.
AT_ONCE = pd.Timedelta(minutes=10)


class Sequence(NamedTuple):
    """One problem's runs: their rows in the executions, when they began (microseconds UTC), and which failed.

    `again`: those of the failed that only tried a failed one once more, at once.
    """

    rows: Ints
    at: Ints
    failed: Flags
    again: Flags


class Sequences(Mapping[str, pd.DataFrame]):
    """For each problem, under its fingerprint, the runs that speak of it, oldest first; a table is made when asked for.

    Columns: `execution_id`, `at` (UTC), `failed`, `again` (see `Sequence`), `snapshot`. `parts` are the same as arrays,
    `known` what somebody has worked out of each and wants to keep.
    """

    def __init__(self, executions: pd.DataFrame, parts: dict[str, Sequence]) -> None:
        self._executions, self.parts = executions, parts
        self.known: dict[str, Any] = {}
        self._tables: dict[str, pd.DataFrame] = {}

    def __getitem__(self, fingerprint: str) -> pd.DataFrame:
        if fingerprint not in self._tables:
            part = self.parts[fingerprint]
            runs = self._executions[["execution_id", "at", "snapshot"]].take(part.rows)
            ids, snapshots = (runs[name].to_numpy(dtype=object) for name in ("execution_id", "snapshot"))
            columns = {"execution_id": ids, "at": runs["at"].array, "failed": part.failed, "again": part.again}
            self._tables[fingerprint] = pd.DataFrame({**columns, "snapshot": snapshots})
        return self._tables[fingerprint]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)


def sequences(failures: pd.DataFrame, executions: pd.DataFrame) -> Sequences:
    """For each problem, under its fingerprint, the runs that speak of it, oldest first.

    `failures` have the columns of `problems`. A failing run is one of the problem's own. A run speaks for health when it
    succeeded and got through the failing node; one that failed elsewhere, or there in another way, says nothing. Manual
    runs count only where the problem was seen in one.
    """
    runs = _Runs(executions, failures)
    origin = failures["origin"].to_numpy(dtype=bool)
    place, first = distinct(failures, ["instance", "workflow_id", "node"])
    problem, names = pd.factorize(failures["fingerprint"])
    at_node = _rows_by(place, runs.of_failures)
    # A fingerprint knows its place already, but for what was made by hand.
    both = place.astype(np.int64) * (len(names) + 1) + problem
    mine = _rows_by(np.where(origin, both, -1), runs.of_failures)
    places = failures[["instance", "workflow_id", "node"]].take(first).astype("object").to_numpy()
    parts: dict[str, list[Sequence]] = {}
    for key, rows in mine.items():
        if key >= 0:
            where, name = divmod(key, len(names) + 1)
            instance, workflow, node = places[where]
            speak = runs.that_speak(instance, workflow, node, rows, at_node[where])
            parts.setdefault(str(names[name]), []).append(speak)
    return Sequences(executions, {name: _together(found) for name, found in parts.items()})


def _together(parts: list[Sequence]) -> Sequence:
    """The runs of a problem in several places, which a person put together: a run that failed in one failed."""
    if len(parts) == 1:
        return parts[0]
    rows, first, which = np.unique(
        np.concatenate([part.rows for part in parts]), return_index=True, return_inverse=True
    )
    at = np.concatenate([part.at for part in parts])[first]
    failed, again = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    failed[which[np.concatenate([part.failed for part in parts])]] = True
    again[which[np.concatenate([part.again for part in parts])]] = True
    order = np.argsort(at, kind="stable")
    return Sequence(rows[order], at[order], failed[order], again[order])


def _rows_by(keys: Ints, rows: Ints) -> dict[int, Ints]:
    """The rows under each key, in their order."""
    if not len(keys):
        return {}
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    return {int(keys[part[0]]): rows[part] for part in np.split(order, edges)}


class _Runs:
    """The executions by workflow, as numbers of rows."""

    def __init__(self, executions: pd.DataFrame, failures: pd.DataFrame) -> None:
        self._table = executions
        instance, instances = codes_of(executions["instance"])
        workflow, workflows = codes_of(executions["workflow_id"])
        self._instances, self._workflows = _numbered(instances), _numbered(workflows)
        status, statuses = codes_of(executions["status"])
        mode, modes = codes_of(executions["mode"])
        self._good, self._manual = (
            status == statuses.get_indexer(["success"])[0],
            mode == modes.get_indexer(["manual"])[0],
        )
        self._at = pd.DatetimeIndex(executions["at"]).as_unit("us").asi8
        over = np.isin(status, [code for code in statuses.get_indexer(OVER) if code >= 0])
        self._speak = over & executions["at"].notna().to_numpy() & (instance >= 0) & (workflow >= 0)
        self._flow = instance.astype(np.int64) * (len(self._workflows) + 1) + workflow
        self.of_failures = self._rows_of(failures)
        self._paths: dict[int, frozenset[str]] = {}
        self._cut: dict[int, Ints] = {}

    def _rows_of(self, failures: pd.DataFrame) -> Ints:
        """The row of each failure's execution; -1 where it is not there. Ids are unique only on one server."""
        ids = self._table["execution_id"]
        hit = np.flatnonzero(ids.isin(failures["execution_id"].unique()).to_numpy())
        found = self._table[["instance", "execution_id"]].take(hit)
        keys = zip(found["instance"].astype("object"), found["execution_id"], strict=True)
        self._row_of = dict(zip(keys, hit.tolist(), strict=True))
        asked = zip(failures["instance"].astype("object"), failures["execution_id"], strict=True)
        return np.array([self._row_of.get(key, -1) for key in asked], dtype=np.int64)

    @cached_property
    def _by_flow(self) -> dict[int, Ints]:
        """The rows of the runs that are over and have a time, oldest first, of the workflows that hold failures."""
        rows = self.of_failures[self.of_failures >= 0]
        wanted = np.zeros(int(self._flow.max(initial=0)) + 2, dtype=bool)
        wanted[self._flow[rows[self._speak[rows]]]] = True
        wanted[-1] = False
        kept = np.flatnonzero(self._speak & wanted[self._flow])
        return _rows_by(self._flow[kept], kept)

    @cached_property
    def _tried(self) -> dict[int, int]:
        """The row of the failed run that a run tried again, at once."""
        retried = np.flatnonzero(self._table["retry_of"].notna().to_numpy())
        table = self._table[["instance", "retry_of"]].take(retried)
        keys = zip(table["instance"].astype("object"), table["retry_of"], strict=True)
        found = [(row, self._row_of.get(key, -1)) for row, key in zip(retried.tolist(), keys, strict=True)]
        rows, tried = np.array(found, dtype=np.int64).reshape(-1, 2).T
        both = (tried >= 0) & (tried != rows) & self._speak[rows] & self._speak[tried]
        rows, tried = rows[both], tried[both]
        passed = self._at[rows] - self._at[tried]
        soon = (passed >= 0) & (passed <= int(AT_ONCE / pd.Timedelta(microseconds=1)))
        return dict(zip(rows[soon].tolist(), tried[soon].tolist(), strict=True))

    def that_speak(self, instance: Any, workflow: Any, node: Any, failing: Ints, at_node: Ints) -> Sequence:
        """The runs that speak of a problem at `node`; rows: `failing` in this way, `at_node` in any way."""
        place = self._instances.get(instance, -1), self._workflows.get(workflow, -1)
        flow = place[0] * (len(self._workflows) + 1) + place[1]
        rows = (
            self._by_flow.get(int(flow), np.zeros(0, dtype=np.int64))
            if min(place) >= 0
            else np.zeros(0, dtype=np.int64)
        )
        failed = _among(rows, failing)
        good = self._good[rows] & ~_among(rows, at_node)
        if not pd.isna(node):
            good &= self._reached(str(node), rows)
        if not (failed & self._manual[rows]).any():
            good &= ~self._manual[rows]
        speaks = failed | good
        rows, failed = rows[speaks], failed[speaks]
        again = np.zeros(len(rows), dtype=bool)
        if self._tried:
            bad = set(rows[failed].tolist())
            again[failed] = [self._tried.get(row) in bad for row in rows[failed].tolist()]
        return Sequence(rows, self._at[rows], failed, again)

    def _reached(self, node: str, rows: Ints) -> Flags:
        """Whether each run got to the node; unknown (no data) counts as yes, since the run as a whole went well."""
        codes, paths = self._node_paths
        mine = codes[rows]
        seen = np.unique(mine)
        got = [code < 0 or node in self._path(int(code), paths) for code in seen]
        return np.array(got, dtype=bool)[np.searchsorted(seen, mine)]

    @cached_property
    def _node_paths(self) -> tuple[Ints, pd.Index]:
        return codes_of(self._table["nodes_run"])

    def _path(self, code: int, paths: pd.Index) -> frozenset[str]:
        if code not in self._paths:
            self._paths[code] = frozenset(str(paths[code]).split("\n"))
        return self._paths[code]


def _numbered(values: pd.Index) -> dict[Any, int]:
    return {value: number for number, value in enumerate(values.tolist())}


def _among(rows: Ints, some: Ints) -> Flags:
    """Whether each row, in order, is one of some others."""
    flags = np.zeros(len(rows), dtype=bool)
    if len(rows):
        at = np.minimum(np.searchsorted(rows, some), len(rows) - 1)
        flags[at[rows[at] == some]] = True
    return flags
