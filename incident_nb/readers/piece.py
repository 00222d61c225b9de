"""One part read and judged in a process of its own: what it sends back, packed, for `joined` to make one log of.

All text in it has passed the gate, but ids and names of workflows and names of sources: which client a workflow is of is told
by its own name and by what another part says of it. `joined` puts them through the gate.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import pandas as pd
import pyarrow as pa

from incident_nb import redact
from incident_nb.errors import UsageError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, Skipped
from incident_nb.readers import limits
from incident_nb.readers.collect import BY_RICHNESS, Collector, another, gated, says_more
from incident_nb.readers.parts import Part
from incident_nb.readers.rows import Row, WorkflowRow
from incident_nb.readers.stored import EVERYTHING, Bounds
from incident_nb.readers.tables import Gate, frame, times
from incident_nb.redact import Redactor

Judge = Callable[[pd.DataFrame], pd.DataFrame]
"""Columns to add to a table of failures, of each failure's own record only: `judge(failures)` has the same index."""

RAW = ("workflow_id", "workflow", "source")
OF_THE_WHOLE = {*RAW, "instance", "client"}
_ALONG = {"at", "duration_s"}  # told by others
EXECUTIONS = {name: kind for name, kind in EXECUTION_COLUMNS.items() if name not in OF_THE_WHOLE | _ALONG}
FAILURES = {name: kind for name, kind in FAILURE_COLUMNS.items() if name not in OF_THE_WHOLE | {"execution_id"}}
_BLANK = dict.fromkeys(FAILURES)

# What `add` was told of a row before it was looked into, in one number: how much it said (the index in `BY_RICHNESS`),
# whether it named its workflow, and whether it was looked into at all.
CLAIMED, OWN_WORKFLOW, UNSEEN = 7, 8, 16


class Task(NamedTuple):
    """What is the same for all parts of a reading. `masks` holds the redaction key: it is shown and logged nowhere."""

    instance: str
    judge: Judge | None
    masks: Redactor
    bounds: Bounds = EVERYTHING


class Note(NamedTuple):
    """Something skipped. `row`: the execution that it is about, or before which it came (then `of_row` is False).

    `once`: noted for the first of those that it is true of, whatever part that is in.
    """

    row: int
    of_row: bool
    skipped: Skipped
    once: str | None = None


class Piece(NamedTuple):
    """What a part gives: tables as Arrow IPC, one row for every execution in it, also for those read twice.

    `snapshots` are (bytes of JSON, pickled) by digest; `later` the rows of notes beyond the first `PLACES_NAMED`, `unnamed`
    how many of no row. `refused` are the parts that could not be read, with why. `odd`: something in it is beyond a limit that
    is on the whole, so that only one process knows what to keep. `elements`: executions that were in it, wanted or not;
    `before`: those in the ranges of its file before it, by which places are numbered.
    """

    executions: bytes
    failures: bytes
    snapshots: dict[str, tuple[int, bytes]]
    workflows: list[WorkflowRow]
    notes: list[Note]
    later: list[int]
    unnamed: int
    refused: list[tuple[Part, UsageError]]
    odd: bool
    elements: int = 0
    before: int = 0


class PartCollector(Collector):
    """Takes a part's rows and decides nothing between readings of one execution: what other parts hold may change that."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self._rows: list[Row] = []
        self._told: list[int] = []
        self._begun: list[int | None] = []
        self._found: list[tuple[int, list[dict[str, Any]]]] = []
        self._best: dict[str, int] = {}
        self._notes: list[Note] = []
        self._later: list[int] = []
        self._looking = self._odd = False
        self.elements = 0
        self._refused: list[tuple[Part, UsageError]] = []

    def skip(self, skipped: Skipped) -> None:
        row = len(self._rows)
        if len(self._notes) < limits.PLACES_NAMED:
            self._notes.append(Note(row, self._looking, skipped))
        elif self._looking:
            self._later.append(row)
        else:
            self._unnamed += skipped.rows

    def refuse(self, part: Part, error: UsageError) -> None:
        """Notes that a part could not be read, or not to its end."""
        self._refused.append((part, error))
        self.skip(Skipped(part.source, "whole file", str(error)))

    def add(self, row: Row, instance: str, source: str) -> None:
        if not row.document and row.data == "full":
            row.data = "missing"
        row.instance, row.source = instance, source
        told = BY_RICHNESS.index(row.data) + OWN_WORKFLOW * (row.workflow_id is not None)
        begun, position = _crc(row.started_at), len(self._rows)
        place = self._best.get(row.execution_id)
        best = None if place is None else self._rows[place]
        if best is None or place is None:
            self._best[row.execution_id] = position
        elif not another(best.workflow_id, row.workflow_id) and not another(best.started_at, row.started_at):
            if says_more(row) > says_more(best):
                self._best[row.execution_id] = position
            elif self._told[place] & told & OWN_WORKFLOW and begun is not None and begun == self._begun[place]:
                told |= UNSEEN  # nothing that another part holds could make it say more than this one
        if not told & UNSEEN:
            self._looking = True
            if failures := self._look(row):
                self._found.append((position, failures))
            self._looking = False
        row.flow = row.document = None
        self._rows.append(row)
        self._told.append(told)
        self._begun.append(begun)

    def _damaged_flow(self, row: Row) -> str | None:
        named = len(self._notes)
        digest = super()._damaged_flow(row)
        if digest and len(self._notes) > named:
            self._notes[-1] = self._notes[-1]._replace(once=digest)
        elif digest:
            self._odd = True  # which of the parts counts it can't be told any more
        return digest

    def piece(self, judge: Judge | None = None) -> Piece:
        """All that was taken, through the gate and judged."""
        gate, rows = Gate(), self._rows
        executions = frame(rows, attrgetter, EXECUTIONS, gate)
        columns = {name: _arrow(executions[name]) for name in EXECUTIONS}
        columns |= {name: _words([getattr(row, name) for row in rows]) for name in RAW}
        columns["told"] = pa.array(self._told, pa.uint8())
        columns["begun"] = pa.array(self._begun, pa.uint32())
        columns["where"] = pa.array([row.where or None for row in rows], pa.string())
        snapshots = {name: (len(raw), _clean(name, nodes)) for raw, (name, nodes, _) in self._snapshots.items()}
        return Piece(
            _packed(columns), _packed(self._failure_columns(gate, judge)), snapshots, list(self._workflows.values()),
            self._notes, self._later, self._unnamed, self._refused, self._odd or bool(self._beyond),
            self.elements,
        )  # fmt: skip

    def _failure_columns(self, gate: Gate, judge: Judge | None) -> dict[str, Any]:
        found = [{**_BLANK, **one, "at": one.get("at_ms")} for _, failures in self._found for one in failures]
        of = [row for row, failures in self._found for _ in failures]
        table = frame(found, itemgetter, FAILURES, gate)
        table["at"] = table["at"].fillna(times([self._rows[row].stopped_at for row in of]).astype(FAILURES["at"]))
        if judge is not None:
            table = table.assign(**judge(table))
        return {"row": pa.array(of, pa.int32()), **{name: _arrow(table[name]) for name in table}}


_cleaned: WeakKeyDictionary[Redactor, dict[str, bytes]] = WeakKeyDictionary()
_MOST_CLEANED = 5_000


def _clean(name: str, nodes: dict[str, Any]) -> bytes:
    """A snapshot through the gate, pickled: once in a process, however many parts it is in."""
    known = _cleaned.setdefault(redact.in_force(), {})
    if name not in known:
        if len(known) >= _MOST_CLEANED:
            known.clear()
        known[name] = pickle.dumps(gated(nodes))
    return known[name]


def unpacked(table: bytes) -> pa.Table:
    """A table of a piece."""
    with pa.ipc.open_stream(table) as stream:
        return stream.read_all()


def _packed(columns: dict[str, Any]) -> bytes:
    table, sink = pa.table(columns), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _arrow(column: pd.Series) -> Any:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        text = pd.api.types.is_string_dtype(column.dtype)
        return pa.array(column, pa.large_string() if text else None, from_pandas=True)
    codes = column.cat.codes.to_numpy("int32")
    words = pa.array(column.cat.categories.to_numpy(object), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words)


def _words(values: Sequence[str | None]) -> Any:
    return pa.array(values, pa.string()).dictionary_encode()


def _crc(text: str | None) -> int | None:
    """A time as n8n wrote it, as a number that is the same where `another` would take two for the same."""
    return zlib.crc32(text.replace("T", " ").rstrip("Z").encode()) if text else None
