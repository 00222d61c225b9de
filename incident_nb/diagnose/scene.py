"""The part of a judged log that one problem concerns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from incident_nb.diagnose.judged import Analysis, among, known
from incident_nb.distinct import codes_of
from incident_nb.executions import Snapshot
from incident_nb.patterns import Onset
from incident_nb.patterns.sequences import Sequence


@dataclass(frozen=True)
class Scene:
    """Everything that may bear on one problem (a row of `Analysis.groups`).

    `only`: the client that the diagnosis was asked to keep to; other clients are then counted, never named.
    """

    analysis: Analysis
    group: pd.Series
    only: str | None = None

    @property
    def node(self) -> str | None:
        """The failing node's name; None where the record names none."""
        return None if pd.isna(self.group["node"]) else str(self.group["node"])

    @property
    def onset(self) -> Onset | None:
        """When the problem began, as the runs tell."""
        found = self.group["onset"]
        return found if isinstance(found, Onset) else None

    @property
    def began(self) -> datetime | None:
        """The first failing run of the stretch, or the first failure seen; None where no time is known."""
        return self.onset.at if self.onset else known(self.group["first_seen"])

    @property
    def since(self) -> datetime:
        """Since when to look for what goes with it: its beginning, or all of the window where that is not known."""
        return self.began or datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def earliest(self) -> datetime:
        """The last run that is certain to lie before the problem began; where none is known, its first failing run."""
        return self.onset.not_before if self.onset and self.onset.not_before else self.since

    @cached_property
    def members(self) -> pd.DataFrame:
        """The problem's failures, oldest first."""
        return self.analysis.members[str(self.group["fingerprint"])]

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The workflow's runs that are over, oldest first."""
        runs = self.analysis.runs.get(self._workflow)
        return self.analysis.log.executions.iloc[:0] if runs is None else runs

    @property
    def _workflow(self) -> tuple[str, str]:
        return str(self.group["instance"]), str(self.group["workflow_id"])

    @cached_property
    def sequence(self) -> pd.DataFrame:
        """The runs that speak of this problem: execution_id, at, failed, snapshot; oldest first."""
        return self.analysis.sequences[str(self.group["fingerprint"])]

    @property
    def spoken(self) -> Sequence:
        """The same as arrays, which are there without a table being made."""
        return self.analysis.sequences.parts[str(self.group["fingerprint"])]

    @cached_property
    def good_before(self) -> pd.DataFrame:
        """Good runs of the node before the onset."""
        at = self.onset.position if self.onset else 0
        return self.sequence.iloc[:at][~self.sequence["failed"].iloc[:at].astype(bool)]

    @cached_property
    def good_between(self) -> pd.DataFrame:
        """Good runs between the first and the last failure of the stretch."""
        if not self.onset:
            return self.sequence.iloc[:0]
        part = self.sequence.iloc[self.onset.position : self.onset.end + 1]
        return part[~part["failed"].astype(bool)]

    @cached_property
    def good_after(self) -> pd.DataFrame:
        """Good runs since the last failure."""
        part = self.sequence.iloc[self.onset.end + 1 :] if self.onset else self.sequence.iloc[:0]
        return part[~part["failed"].astype(bool)]

    @cached_property
    def goes_on(self) -> bool:
        """Whether nothing got past the node since the last failure: no good run, nor one that failed only later on."""
        if self.onset and not self.spoken.failed[self.onset.end + 1 :].all():
            return False
        runs = self.analysis.failed_runs.get(self._workflow)
        if runs is None or self.node is None or pd.isna(self.group["last_seen"]):
            return True
        later = runs.at > self.group["last_seen"].tz_localize(None).to_datetime64()
        ways: dict[str, set[str]] = {}
        for way, name in zip(runs.nodes_run[later], runs.ids[later], strict=True):
            ways.setdefault(way, set()).add(name)
        return all(ids <= self.failed_here for way, ids in ways.items() if self.node in way.split("\n"))

    @cached_property
    def failing_since(self) -> pd.DataFrame:
        """The problem's failures since the onset."""
        members, least = self.members, pd.Timestamp(self.since) - pd.Timedelta(seconds=1)
        since = members["at"].array >= least  # without an index, which costs more than comparing
        return members if since.all() else members[since]

    @cached_property
    def failed_here(self) -> set[str]:
        """The ids of the workflow's runs that failed at the node, in this way or another."""
        return self.analysis.failed_at.get((*self._workflow, self.node), set())

    @cached_property
    def passing(self) -> pd.DataFrame:
        """All other runs of the workflow that got to the node, or may have: manual, unfinished, failed later."""
        runs = self.analysis.all_runs.get(self._workflow, self.analysis.log.executions.iloc[:0])
        runs = runs[~runs["execution_id"].isin(self.failed_here)]
        return runs[self._got_there(runs["nodes_run"])]

    def _got_there(self, nodes_run: pd.Series) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each run got to the node; where that is not known, it may have."""
        codes, paths = codes_of(nodes_run)
        if self.node is None or not len(codes):
            return np.ones(len(codes), dtype=bool)
        seen, which = np.unique(codes, return_inverse=True)
        return np.array([code < 0 or self.node in str(paths[code]).split("\n") for code in seen], dtype=bool)[which]

    def snapshot(self, name: Any) -> Snapshot | None:
        """The workflow as a run saw it."""
        return self.analysis.log.snapshots.get(str(name)) if pd.notna(name) else None

    def elsewhere(self, column: str, value: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Other workflows that share a credential or host: their failures while it lasted, and their good runs."""
        failures, start = self.analysis.failures, pd.Timestamp(self.earliest) - pd.Timedelta(hours=1)
        same = failures[(failures[column] == value) & (failures["instance"] == self.group["instance"])]
        other_flow = same["workflow_id"].astype("str") != str(self.group["workflow_id"])
        failing = same[(same["at"] >= start) & other_flow & same["origin"]]
        if not self.good_after.empty:
            failing = failing[failing["at"] <= self.good_after["at"].iloc[0]]
        users = {name for name, snapshot in self.analysis.log.snapshots.items() if _uses(snapshot, column, str(value))}
        runs = self.analysis.log.executions
        good = runs[
            runs["snapshot"].isin(users)
            & (runs["status"] == "success")
            & (runs["at"] >= pd.Timestamp(self.since))
            & (runs["at"] <= self.group["last_seen"])
            & (runs["workflow_id"].astype("str") != str(self.group["workflow_id"]))
            & (runs["instance"] == self.group["instance"])
            & ~among(runs, failures)
        ]
        reached = [
            _reached(self.snapshot(row.snapshot), row.nodes_run, column, str(value)) for row in good.itertuples()
        ]
        return failing, good[reached] if len(good) else good


def _users(snapshot: Snapshot | None, column: str, value: str) -> Iterator[str]:
    for name, node in (snapshot.nodes if snapshot else {}).items():
        if column == "credential_id":
            signed = node.get("credentials")
            entries = signed.values() if isinstance(signed, dict) else ()
            if any(isinstance(entry, dict) and str(entry.get("id")) == value for entry in entries):
                yield name
        elif _host(node.get("parameters")) == value:
            yield name


def _host(parameters: Any) -> str | None:
    """The host that a node's parameters call; None where they name none, or only an expression tells it."""
    url = str(parameters.get("url", "")) if isinstance(parameters, dict) else ""
    with contextlib.suppress(ValueError):
        return urlsplit(url.removeprefix("=").strip()).hostname
    return None


def _uses(snapshot: Snapshot, column: str, value: str) -> bool:
    return next(_users(snapshot, column, value), None) is not None


def _reached(snapshot: Snapshot | None, nodes_run: Any, column: str, value: str) -> bool:
    ran = set(str(nodes_run).split("\n")) if pd.notna(nodes_run) else set()
    return any(name in ran for name in _users(snapshot, column, value))
