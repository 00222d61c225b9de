"""What each run had to do with: credentials, hosts, vendors, node types, and whose run it was, as codes to count by.

Worked out once for each different combination of workflow, snapshot and nodes that ran, however many runs have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from incident_nb.executions import Snapshot

Ints = np.ndarray[Any, np.dtype[np.int64]]
VendorOf = Callable[[str | None, str | None], str | None]
"""The third party behind a host, else behind a node type; None where there is no one."""

BY_NODE = ("credential", "host", "vendor", "node_type")
BY_RUN = ("workflow", "client", "instance")
KINDS = (*BY_NODE, *BY_RUN)

# Parameters that hold an address; one in other texts is what a node writes, not whom it calls.
_PLACE = re.compile(r"url|uri|host|endpoint|server|domain|address", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s\"'<>{}]+", re.IGNORECASE)
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,30}[a-z][\w-]{1,62}", re.IGNORECASE)
_DEEPEST = 6

Value = tuple[str, ...]
"""A factor's value: a workflow's instance and id, a credential's where its id is counted there, else one text."""

_BY_CHANCE = 16  # letters and digits of an id that n8n draws: the same on two servers is the same credential, imported


class Facts(NamedTuple):
    """What one node has to do with; hosts are empty where only an expression tells them."""

    credentials: tuple[Value, ...] = ()
    hosts: tuple[str, ...] = ()
    node_type: str | None = None


@dataclass(frozen=True)
class Factor:
    """One kind of factor over all groups of runs: group `groups[i]` has the value `codes[i]` of `values`."""

    values: list[Value]
    groups: Ints
    codes: Ints

    def count(self, by_group: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """How many runs have each value, where `by_group` says how many there are of each group."""
        return np.bincount(self.codes, weights=by_group[self.groups], minlength=len(self.values))

    def has(self, code: int, groups: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether each of so many groups has the value."""
        flags = np.zeros(groups, dtype=bool)
        flags[self.groups[self.codes == code]] = True
        return flags


@dataclass(frozen=True)
class Factors:
    """What the runs of a table had to do with.

    `group`: each run's combination of workflow, client, snapshot and path, as a code. Of each group: `workflow` (a code
    into `workflows`), `client`, `known` (False: its nodes are not, so that nothing can be said of credential, host, vendor
    and node type), `paths` (the nodes that ran). `kinds`: the factors by name. `names`: what credentials and workflows are
    called.
    """

    group: Ints
    workflow: Ints
    workflows: list[Value]
    client: list[str | None]
    known: np.ndarray[Any, np.dtype[np.bool_]]
    paths: list[frozenset[str]]
    kinds: dict[str, Factor]
    names: dict[tuple[str, Value], str]
    vendor_of: VendorOf
    nodes: Nodes

    @cached_property
    def codes(self) -> dict[str, dict[Value, int]]:
        """Each factor's values with their codes."""
        return {kind: {value: code for code, value in enumerate(one.values)} for kind, one in self.kinds.items()}

    def of_failure(self, row: Mapping[str, Any], snapshot: str | None) -> dict[str, set[int]]:
        """The codes of what a failing node had to do with: by its own record, and by the workflow as the run saw it.

        `row`: instance, workflow_id, client, node, node_type, host and credential_id of a failure.
        """
        instance, client, node = row["instance"], row["client"], row["node"]
        facts = self.nodes.of(instance, snapshot, node) if node else Facts()
        kind = row["node_type"] or facts.node_type
        hosts = (
            {row["host"].lower()} if row["host"] else set(self.nodes.hosts(facts, instance, row["workflow_id"], node))
        )
        signed: set[Value] = (
            {credential_key(instance, row["credential_id"])} if row["credential_id"] else set(facts.credentials)
        )
        told: dict[str, set[Value]] = {
            "credential": signed,
            "host": {(host,) for host in hosts},
            "vendor": {(one,) for one in _vendors(hosts, kind, self.vendor_of)},
            "node_type": {(kind,)} if kind else set(),
            "workflow": {(instance, row["workflow_id"])},
            "client": {(client,)} if client else set(),
            "instance": {(instance,)},
        }
        return {
            kind: {self.codes[kind][value] for value in values if value in self.codes[kind]}
            for kind, values in told.items()
        }


def credential_key(instance: str, identity: str) -> Value:
    """A credential as a value. Ids that a server counts (1, 2, 3) mean something else on each."""
    return (identity,) if len(identity) >= _BY_CHANCE and not identity.isdigit() else (instance, identity)


class Nodes:
    """The nodes of all snapshots, each looked at once; and hosts that only failures name, under node and type."""

    def __init__(self, snapshots: Mapping[str, Snapshot], failures: pd.DataFrame) -> None:
        self._snapshots = snapshots
        self._facts: dict[tuple[str, str | None, str], Facts] = {}
        self.names: dict[tuple[str, Value], str] = {}
        self._at: dict[tuple[str, str, str], set[str]] = {}
        by_type: dict[str, set[str]] = {}
        columns = ["instance", "workflow_id", "node", "node_type", "host", "credential_id", "credential"]
        for row in _texts(failures, columns).drop_duplicates().itertuples(index=False, name=None):
            instance, workflow, node, kind, host, credential, name = row
            if host and node:
                self._at.setdefault((instance, workflow, node), set()).add(host.lower())
                by_type.setdefault(kind or "", set()).add(host.lower())
            if credential and name:
                self.names["credential", credential_key(instance, credential)] = name
        # A node that names no host calls the one that its type was seen to call, if that was always the same.
        self._of_type = {kind: hosts for kind, hosts in by_type.items() if len(hosts) == 1}

    def of(self, instance: str, snapshot: str | None, name: str) -> Facts:
        """What the node of this name had to do with in a snapshot."""
        key = (instance, snapshot, name)
        if key not in self._facts:
            found = self._snapshots.get(snapshot) if snapshot else None
            node = found.nodes.get(name) if found else None
            self._facts[key] = Facts() if node is None or node.get("disabled") else self._read(instance, node)
        return self._facts[key]

    def hosts(self, facts: Facts, instance: str, workflow: str, node: str) -> Iterable[str]:
        """The hosts that a node calls: by its parameters, else by its failures, else by those of its type."""
        known = facts.hosts or self._at.get((instance, workflow, node))
        return known or self._of_type.get(facts.node_type or "") or ()

    def _read(self, instance: str, node: Mapping[str, Any]) -> Facts:
        signed = node.get("credentials")
        entries = [one for one in signed.values() if isinstance(one, dict)] if isinstance(signed, dict) else []
        mine = [(credential_key(instance, str(one["id"])), one.get("name")) for one in entries if one.get("id")]
        self.names.update({("credential", key): str(name) for key, name in mine if name})
        kind = node.get("type")
        hosts = tuple(dict.fromkeys(_hosts(node.get("parameters"))))
        return Facts(tuple(key for key, _ in mine), hosts, kind if isinstance(kind, str) else None)


def factors(
    executions: pd.DataFrame, failures: pd.DataFrame, snapshots: Mapping[str, Snapshot], vendor_of: VendorOf
) -> Factors:
    """What each run of `executions` had to do with, row by row; `failures` add hosts and names that no snapshot tells.

    A run whose snapshot or path was not kept has a workflow, a client and an instance, and nothing else that is known.
    """
    columns = ["instance", "workflow_id", "client", "snapshot", "nodes_run"]
    code = np.zeros(len(executions), dtype=np.int64)
    for column in columns:
        codes, levels = _coded(executions[column])
        code = code * (len(levels) + 1) + codes + 1
        code, _ = pd.factorize(code) if column != columns[0] else (code, None)  # stays small, whatever is combined
    code = code.astype(np.int64) if len(code) else code
    first = np.zeros(int(code.max()) + 1 if len(code) else 0, dtype=np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    table = _texts(executions.iloc[first], [*columns, "workflow"])
    nodes = Nodes(snapshots, failures)
    found: dict[str, dict[int, Iterable[Value]]] = {kind: {} for kind in KINDS}
    workflow, workflows = pd.factorize(
        pd.Series(list(zip(table["instance"], table["workflow_id"], strict=True)), dtype=object)
    )
    known, paths = [], []
    names: dict[tuple[str, Value], str] = {}
    for group, row in enumerate(table.itertuples(index=False, name=None)):
        instance, flow, client, snapshot, path, name = row
        ran = path.split("\n") if path else []
        paths.append(frozenset(ran))
        known.append(bool(ran) and snapshot in snapshots)
        names["workflow", (instance, flow)] = name or flow
        found["workflow"][group], found["instance"][group] = [(instance, flow)], [(instance,)]
        found["client"][group] = [(client,)] if client else []
        if known[-1]:
            for kind, values in _of_path(nodes, instance, flow, snapshot, ran, vendor_of).items():
                found[kind][group] = values
    return Factors(
        group=code, workflow=workflow.astype(np.int64), workflows=list(workflows), client=list(table["client"]),
        known=np.array(known, dtype=bool), paths=paths, kinds={kind: _factor(of) for kind, of in found.items()},
        names={**names, **nodes.names}, vendor_of=vendor_of, nodes=nodes,
    )  # fmt: skip


def _of_path(
    nodes: Nodes, instance: str, flow: str, snapshot: str, ran: list[str], vendor_of: VendorOf
) -> dict[str, set[Value]]:
    told: dict[str, set[Value]] = {kind: set() for kind in BY_NODE}
    for name in ran:
        facts = nodes.of(instance, snapshot, name)
        hosts = set(nodes.hosts(facts, instance, flow, name))
        told["credential"].update(facts.credentials)
        told["host"].update((host,) for host in hosts)
        told["vendor"].update((one,) for one in _vendors(hosts, facts.node_type, vendor_of))
        if facts.node_type:
            told["node_type"].add((facts.node_type,))
    return told


def _vendors(hosts: Iterable[str], node_type: str | None, vendor_of: VendorOf) -> set[str]:
    found = {vendor_of(host, node_type) for host in hosts} or {vendor_of(None, node_type)}
    return {one for one in found if one}


def _factor(of: Mapping[int, Iterable[Value]]) -> Factor:
    pairs = [(group, value) for group, values in of.items() for value in sorted(values)]
    codes: dict[Value, int] = {}
    numbered = [codes.setdefault(value, len(codes)) for _, value in pairs]
    return Factor(
        list(codes), np.array([group for group, _ in pairs], dtype=np.int64), np.array(numbered, dtype=np.int64)
    )


def _hosts(parameters: Any, depth: int = 0, place: bool = False) -> Iterator[str]:
    """The hosts in the parameters that hold addresses."""
    if depth > _DEEPEST:
        return
    if isinstance(parameters, dict):
        for key, value in parameters.items():
            yield from _hosts(value, depth + 1, place or bool(_PLACE.search(str(key))))
    elif isinstance(parameters, list):
        for value in parameters:
            yield from _hosts(value, depth + 1, place)
    elif place and isinstance(parameters, str):
        text = parameters.removeprefix("=").strip()
        for url in _URL.findall(text) or ([f"//{text}"] if _HOST.fullmatch(text) else []):
            try:
                if host := urlsplit(url).hostname:
                    yield host.lower()
            except ValueError:
                continue


def _coded(column: pd.Series) -> tuple[Ints, Any]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(dtype=np.int64), column.cat.categories
    codes, levels = pd.factorize(column)
    return codes.astype(np.int64), levels


def _texts(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    part = table[columns].astype("object")
    return part.where(part.notna(), None)
