"""A log with its failures judged and grouped, and what many questions to it need, worked out once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from incident_nb.distinct import distinct
from incident_nb.executions import ExecutionLog
from incident_nb.models import Window
from incident_nb.patterns.sequences import OVER as ENDED
from incident_nb.patterns.sequences import Sequences

RUN = ["instance", "workflow_id", "execution_id", "at", "mode", "status", "nodes_run"]
OVER = [*RUN, "snapshot"]


class Caller(NamedTuple):
    """The workflow of a run that failed because of its sub-workflow."""

    workflow_id: str | None
    workflow: str | None
    client: str | None


class Fleet(NamedTuple):
    """Workflows side by side: their ids, when each ran last, and when that was well (UTC without a zone, or NaT)."""

    ids: np.ndarray[Any, Any]
    last_run: np.ndarray[Any, Any]
    last_good: np.ndarray[Any, Any]


class FailedRuns(NamedTuple):
    """Runs of a workflow side by side: when each was (UTC without a zone), its id, and the nodes that ran, one a line."""

    at: np.ndarray[Any, Any]
    ids: np.ndarray[Any, Any]
    nodes_run: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Analysis:
    """A log with its failures judged (cause, detail, confidence, ...), fingerprinted, and grouped into problems."""

    log: ExecutionLog
    failures: pd.DataFrame
    groups: pd.DataFrame
    sequences: Sequences
    window: Window

    @cached_property
    def runs(self) -> Mapping[tuple[str, str], pd.DataFrame]:
        """The runs that are over, oldest first, under (instance, workflow_id); of their columns `OVER`."""
        runs = self.log.executions
        return ByWorkflow(runs, OVER, runs["status"].isin(ENDED).to_numpy())

    @cached_property
    def members(self) -> dict[str, pd.DataFrame]:
        """Each problem's failures, oldest first, under its fingerprint; those that only pass one on are left out."""
        origin = self.failures[self.failures["origin"]]
        return {str(key): table for key, table in origin.groupby("fingerprint")}

    @cached_property
    def own_runs(self) -> pd.DataFrame:
        """The runs that began on their own, by trigger, webhook or retry, and came to an end, oldest first: `RUN` of them."""
        runs = self.log.executions
        alone = ~runs["mode"].isin(["error", "manual", "integrated"])
        return runs.loc[alone & runs["status"].isin(["success", "error", "crashed"]), [*RUN, "client"]]

    def passed_on(self, runs: pd.DataFrame) -> pd.Series:
        """Whether each run failed because of its sub-workflow, whose own failure is in the log."""
        return among(runs, self.failures[~self.failures["origin"]])

    @cached_property
    def workflows(self) -> pd.DataFrame:
        """One row a workflow that ran on its own: instance, workflow_id, client, last_run, last_good (UTC, may be NaT)."""
        runs = self.own_runs
        number, first = distinct(runs, ["instance", "workflow_id"])
        keys = runs[["instance", "workflow_id"]].take(first).astype("object").reset_index(drop=True)
        table = pd.DataFrame({"at": runs["at"], "client": runs["client"], "number": number})
        table["good"] = table["at"].where(runs["status"] == "success")
        by = table.groupby("number")
        named = table.dropna(subset=["client"]).drop_duplicates("number").set_index("number")["client"].astype("object")
        client = named.reindex(range(len(first)))
        told = keys.assign(
            client=client.where(client.notna(), None).to_numpy(), last_run=by["at"].max(), last_good=by["good"].max()
        )
        return told.dropna(subset=["instance", "workflow_id"]).sort_values(
            ["instance", "workflow_id"], ignore_index=True
        )

    @cached_property
    def all_runs(self) -> Mapping[tuple[str, str], pd.DataFrame]:
        """Every run, also by hand or not at its end, under (instance, workflow_id); of its columns `RUN`."""
        return ByWorkflow(self.log.executions, RUN)

    @cached_property
    def failed_runs(self) -> dict[tuple[str, str], FailedRuns]:
        """The runs that ended in an error and left their way, those by hand apart, under (instance, workflow_id)."""
        runs = self.log.executions
        left = (runs["status"] == "error") & (runs["mode"] != "manual") & runs["nodes_run"].notna() & runs["at"].notna()
        parts = ByWorkflow(runs, ["at", "execution_id", "nodes_run"], left.to_numpy())
        return {key: _failed_runs(part) for key, part in parts.items()}

    @cached_property
    def failed_at(self) -> dict[tuple[str, str, str | None], set[str]]:
        """The ids of the runs that failed at a node, under (instance, workflow_id, node)."""
        table = self.failures[["instance", "workflow_id", "node", "execution_id"]].astype("object")
        found: dict[tuple[str, str, str | None], set[str]] = {}
        for instance, workflow, node, name in table.itertuples(index=False, name=None):
            found.setdefault((str(instance), str(workflow), _text(node)), set()).add(name)
        return found

    @cached_property
    def callers(self) -> dict[tuple[str, str], list[Caller]]:
        """Who failed because of a sub-workflow's run, under that run's (instance, execution_id)."""
        table = self.failures[self.failures["place"] == "subworkflow"]
        found: dict[tuple[str, str], list[Caller]] = {}
        for row in table[["instance", "child_execution_id", *Caller._fields]].itertuples(index=False):
            found.setdefault((str(row[0]), str(row[1])), []).append(Caller(*map(_text, row[2:])))
        return found

    @cached_property
    def alerted(self) -> set[tuple[str, str]]:
        """The (instance, execution_id) for which an error workflow ran."""
        runs = self.log.executions
        mine = runs.loc[runs["mode"] == "error", ["instance", "parent_execution_id"]].dropna()
        return set(zip(mine["instance"].astype("str"), mine["parent_execution_id"].astype("str"), strict=True))

    @cached_property
    def _fleets(self) -> dict[tuple[str, str | None], Fleet]:
        return {}

    def fleet(self, instance: str, client: str | None) -> Fleet:
        """The workflows of a client, or all of a server's, that ran on their own."""
        if (instance, client) not in self._fleets:
            table = self.workflows[self.workflows["instance"] == instance]
            table = table if client is None else table[table["client"] == client]
            last_run, last_good = (table[name].dt.tz_localize(None).to_numpy() for name in ("last_run", "last_good"))
            ids = table["workflow_id"].astype("str").to_numpy(object)
            self._fleets[instance, client] = Fleet(ids, last_run, last_good)
        return self._fleets[instance, client]

    @cached_property
    def grades(self) -> dict[int, tuple[Any, dict[str, Any]]]:
        """By policy, what `aim` has worked out of each problem, by fingerprint: the same for every question to this log."""
        return {}

    @cached_property
    def has_successes(self) -> bool:
        """Whether the source holds good runs at all; an export of failures only says nothing about health."""
        return bool((self.log.executions["status"] == "success").any())


def _failed_runs(part: pd.DataFrame) -> FailedRuns:
    at = part["at"].dt.tz_localize(None).to_numpy()
    return FailedRuns(at, part["execution_id"].to_numpy(object), part["nodes_run"].astype("object").to_numpy())


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)


class ByWorkflow(Mapping[tuple[str, str], pd.DataFrame]):
    """The rows of a table under (instance, workflow_id), of some of its columns; each part is made when it is asked for."""

    def __init__(self, table: pd.DataFrame, columns: list[str], kept: np.ndarray[Any, Any] | None = None) -> None:
        self._table, self._columns = table, columns
        rows = np.arange(len(table)) if kept is None else np.flatnonzero(kept)
        number, first = distinct(table, ["instance", "workflow_id"])
        keys = table[["instance", "workflow_id"]].take(first).astype("object").to_numpy()
        order = rows[np.argsort(number[rows], kind="stable")]
        parts = np.split(order, np.flatnonzero(np.diff(number[order])) + 1) if len(order) else []
        where = [(str(instance), str(workflow)) for instance, workflow in keys[[number[part[0]] for part in parts]]]
        self._rows = dict(zip(where, parts, strict=True))
        self._made: dict[tuple[str, str], pd.DataFrame] = {}

    def __getitem__(self, key: tuple[str, str]) -> pd.DataFrame:
        if key not in self._made:
            self._made[key] = self._table[self._columns].take(self._rows[key])
        return self._made[key]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def among(runs: pd.DataFrame, others: pd.DataFrame) -> pd.Series:
    """Whether each execution is one of those in another table; ids are unique only on one server."""
    if len(others) > len(runs):  # looking a few up among many would first gather the many
        others = others[others["execution_id"].isin(runs["execution_id"].unique())]
    found = runs["execution_id"].isin(others["execution_id"].unique()).to_numpy(dtype=bool, copy=True)
    if found.any():
        keys = set(zip(others["instance"].astype("str"), others["execution_id"], strict=True))
        same = runs.loc[found, ["instance", "execution_id"]]
        found[found] = [key in keys for key in zip(same["instance"].astype("str"), same["execution_id"], strict=True)]
    return pd.Series(found, index=runs.index, dtype=bool)


def within(
    log: ExecutionLog, since: datetime | None, until: datetime | None, client: str | None = None
) -> ExecutionLog:
    """The part of a log between two zone-aware instants, of one client; runs without a time are kept."""
    table = log.executions
    keep = pd.Series(True, index=table.index)
    if since is not None:
        keep &= ~(table["at"] < since)
    if until is not None:
        keep &= ~(table["at"] > until)
    if client is not None:
        keep &= table["client"].astype("str") == client
    if keep.all():
        return log
    kept = table[keep].reset_index(drop=True)
    failures = log.failures[among(log.failures, kept)].reset_index(drop=True)
    return replace(log, executions=kept, failures=failures)


def known(at: pd.Timestamp) -> datetime | None:
    """A table's time as a datetime; None where it is missing."""
    return None if pd.isna(at) else at.to_pydatetime()
