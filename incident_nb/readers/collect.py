"""Rows in, an ExecutionLog out: looks into each execution as deeply as it needs, and passes all text through the gate."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from incident_nb import redact
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.readers import limits
from incident_nb.readers.look import Flow, flow_of, from_status, look, watch_of
from incident_nb.readers.paths import Watch
from incident_nb.readers.rows import Row, WorkflowRow, place_of
from incident_nb.readers.tables import Gate, frame, in_order, times

ClientOf = Callable[[WorkflowRow], str | None]

_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
_READ_COLUMNS = {name: kind for name, kind in EXECUTION_COLUMNS.items() if name not in ("at", "duration_s")}
_BLANK_FAILURE = dict.fromkeys(FAILURE_COLUMNS)
_WITHOUT_A_RECORD = ("canceled", "error", "crashed")  # failures whose status may be all that is left
_NO_FLOW, _NO_WATCH = Flow(), Watch()
_SHARED = ("instance", "execution_id", "workflow_id", "workflow", "client")
BY_RICHNESS = ("missing", "damaged", "too_large", "error_only", "redacted", "full")


class Collector:
    """Takes rows one at a time and gives back one ExecutionLog; holds what is kept, never the input."""

    def __init__(self, client_of: ClientOf) -> None:
        self._client_of = client_of
        self._executions: dict[tuple[str, str], Row] = {}
        self._runs: defaultdict[tuple[str, str | None], list[Row]] = defaultdict(list)
        self._failures: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._flows: dict[str | None, tuple[bytes | None, Flow]] = {}
        self._snapshots: dict[bytes, tuple[str, dict[str, Any], Watch]] = {}
        self._workflows: dict[tuple[str, str], WorkflowRow] = {}
        self._damaged_flows: set[str] = set()
        self._snapshot_bytes = 0
        self._skipped: list[Skipped] = []
        self._unnamed = 0  # what was skipped beyond the places that are named
        self._beyond: Counter[str] = Counter()  # what lies beyond a limit on the whole, by reason

    def skip(self, skipped: Skipped) -> None:
        """Notes what a reader had to leave out."""
        if len(self._skipped) < limits.PLACES_NAMED:
            self._skipped.append(skipped)
        else:
            self._unnamed += skipped.rows

    def add_workflow(self, workflow: WorkflowRow, instance: str) -> None:
        """Notes a workflow's name, tags and project; the newest source wins."""
        before = self._workflows.get((instance, workflow.workflow_id))
        self._workflows[instance, workflow.workflow_id] = newest(before, workflow)

    def add(self, row: Row, instance: str, source: str) -> None:
        """Takes one execution. One seen before is kept in the form that says more; a clash of ids is skipped."""
        if not row.document and row.data == "full":
            row.data = "missing"
        key = (instance, row.execution_id)
        before = self._executions.get(key)
        if before is not None:
            if another(before.workflow_id, row.workflow_id) or another(before.started_at, row.started_at):
                reason = f"another execution {row.execution_id} was read from {before.source}; "
                reason += "executions of another n8n server need a name for it: write NAME=SOURCE"
                self.skip(Skipped(source, place_of(row), reason))
                return
            if says_more(before) >= says_more(row):
                return
            self._failures.pop(key, None)
        elif len(self._executions) >= limits.ROWS:
            self._beyond[f"more than {limits.ROWS:,} executions: read a shorter time at once"] += 1
            return
        row.instance, row.source = instance, source
        failures = self._look(row)
        row.flow = row.document = None
        self._executions[key] = row
        self._runs[instance, row.workflow_id].append(row)
        if failures:
            self._failures[key] = failures

    def _look(self, row: Row) -> list[dict[str, Any]]:
        """The failures of a row; fills in what its snapshot and its data say."""
        flow = self._flow(row)
        row.workflow = flow.name or row.workflow
        if row.workflow_id is None:
            row.workflow_id = flow.id
        failures: list[dict[str, Any]] = []
        beyond = None
        try:
            row.snapshot, nodes, watch = self._snapshot(flow.nodes)
            if row.document:
                failures, beyond = look(row, nodes, watch)
        except _DAMAGE as error:
            row.data, failures = "damaged", []
            reason = f"execution {row.execution_id}: its data is damaged: {_reason(error)}"
            self.skip(Skipped(row.source, place_of(row), reason))
        if beyond:
            row.data = "too_large"
            self.skip(Skipped(row.source, place_of(row), f"execution {row.execution_id}: {beyond}"))
        if not failures and row.status in _WITHOUT_A_RECORD:
            return from_status(row, flow.settings)
        return failures

    def _flow(self, row: Row) -> Flow:
        """The row's snapshot; most runs of a workflow repeat that of the run before to the letter."""
        snapshot, flow = self._flows.get(row.workflow_id, (None, _NO_FLOW))
        if row.flow != snapshot:
            flow, damaged = flow_of(row.flow)
            if damaged:
                self._damaged_flow(row)
            if len(self._flows) >= limits.FLOWS:
                self._flows.clear()
            self._flows[row.workflow_id] = (row.flow, flow)
        return flow

    def _damaged_flow(self, row: Row) -> str | None:
        """Notes a damaged snapshot, each once, and gives its digest; None for one that is noted already."""
        digest = hashlib.blake2b(
            row.flow or b"", digest_size=8, key=(row.workflow_id or "").encode("utf-8", "replace")[:64]
        ).hexdigest()
        if digest in self._damaged_flows:
            return None
        self._damaged_flows.add(digest)
        reason = f"execution {row.execution_id}: the workflow as it was then is damaged and not kept"
        self.skip(Skipped(row.source, place_of(row), reason))
        return digest

    def _snapshot(self, nodes: bytes) -> tuple[str | None, dict[str, Any], Watch]:
        if not nodes:
            return None, {}, _NO_WATCH
        found = self._snapshots.get(nodes)
        if found is None:
            if len(self._snapshots) >= limits.SNAPSHOTS or self._snapshot_bytes + len(nodes) > limits.SNAPSHOT_BYTES:
                most = f"{limits.SNAPSHOTS:,} versions of workflows or {limits.amount(limits.SNAPSHOT_BYTES)} of them"
                self._beyond[f"more than {most}: the rest was not kept, its executions are compared without"] += 1
                return None, {}, _NO_WATCH
            by_name = {str(node.get("name")): node for node in msgspec.json.decode(nodes) if isinstance(node, dict)}
            digest = hashlib.blake2b(nodes, digest_size=8).hexdigest()
            if len(by_name) > limits.NODES:
                self._beyond[f"a workflow of more than {limits.NODES:,} nodes: its nodes were not kept"] += 1
                by_name = {}
            self._snapshot_bytes += len(nodes)
            found = self._snapshots[nodes] = (digest, by_name, watch_of(by_name))
        return found

    def log(self) -> ExecutionLog:
        """All that was taken, through the gate, as the two documented DataFrames."""
        gate = Gate()
        self._name_workflows()
        executions = frame(self._executions.values(), attrgetter, _READ_COLUMNS, gate)
        executions["at"] = executions["started_at"].fillna(executions["stopped_at"])
        executions["duration_s"] = (executions["stopped_at"] - executions["started_at"]).dt.total_seconds()
        executions = executions[list(EXECUTION_COLUMNS)]
        rows, ends = [], []
        for key, found in self._failures.items():
            run = self._executions[key]
            shared = {name: getattr(run, name) for name in _SHARED}
            rows += [{**_BLANK_FAILURE, **failure, **shared, "at": failure.get("at_ms")} for failure in found]
            ends += [run.stopped_at] * len(found)
        failures = frame(rows, itemgetter, FAILURE_COLUMNS, gate)
        failures["at"] = failures["at"].fillna(times(ends).astype(FAILURE_COLUMNS["at"]))
        snapshots = {name: Snapshot(name, gated(nodes)) for name, nodes, _ in self._snapshots.values()}
        active = active_of(self._workflows, gate)
        return ExecutionLog(in_order(executions), in_order(failures), snapshots, tuple(self._all_skipped()), active)

    def _all_skipped(self) -> Iterator[Skipped]:
        yield from self._skipped
        if self._unnamed:
            yield Skipped("", "further places", "too many to be named one by one", self._unnamed)
        for reason, count in self._beyond.items():
            yield Skipped("", "beyond a limit", reason, count)

    def _name_workflows(self) -> None:
        """Fills in names that a row lacks from other rows and from workflow lists, and each workflow's client."""
        for (instance, workflow_id), runs in self._runs.items():
            known = self._workflows.get((instance, workflow_id or "")) or WorkflowRow(workflow_id or "")
            name = next((run.workflow for run in reversed(runs) if run.workflow), known.name)
            for run in runs:
                run.workflow = run.workflow or name
            client = self._client_of(WorkflowRow(known.workflow_id, runs[0].workflow, known.tags, known.project))
            for run in runs:
                run.client = client


def newest(before: WorkflowRow | None, told: WorkflowRow) -> WorkflowRow:
    """What the later of two sources says of a workflow; whether it is active, from the earlier where only that says it."""
    if before is None or told.active is not None:
        return told
    return replace(told, active=before.active)


def active_of(workflows: Mapping[tuple[str, str], WorkflowRow], gate: Gate) -> dict[tuple[str, str], bool]:
    """Whether workflows are active, where it is said, under instance and id as the tables have them."""
    told = {
        (gate[where][: limits.NAME], gate[name][: limits.NAME]): flow.active
        for (where, name), flow in workflows.items()
    }
    return {key: active for key, active in told.items() if active is not None}


def another(one: str | None, two: str | None) -> bool:
    """Whether two readings tell of two things; times may be written in the API's way and the database's."""
    return bool(one and two and one.replace("T", " ").rstrip("Z") != two.replace("T", " ").rstrip("Z"))


def _reason(error: Exception) -> str:
    """What a parser says of damage; Python's own errors may quote the data, which has not passed the gate."""
    return str(error) if isinstance(error, msgspec.DecodeError) else "not the shape that n8n gives it"


def says_more(row: Row) -> tuple[bool, int]:
    """How much one reading of an execution tells: an end beats "still running", then the fuller data."""
    return row.status not in ("running", "new", "waiting", None), BY_RICHNESS.index(row.data)


def gated(nodes: dict[str, Any]) -> dict[str, Any]:
    """Raw nodes by name as a snapshot keeps them: what of a node decides how it runs, through the gate."""
    clean: dict[str, Any] = redact.redact_tree(
        {
            name: {
                "type": node.get("type"),
                "type_version": node.get("typeVersion"),
                "parameters": node.get("parameters"),
                "credentials": node.get("credentials"),
                "disabled": node.get("disabled"),
                "on_error": node.get("onError") or ("continueRegularOutput" if node.get("continueOnFail") else None),
                "retry": {key: node[key] for key in ("retryOnFail", "maxTries", "waitBetweenTries") if key in node},
            }
            for name, node in nodes.items()
        }
    )
    return clean
