"""Pieces in, the ExecutionLog out that one process would have made of all of it.

The rules between readings of one execution are applied here, in the order of the sources, whenever each piece came.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.readers import limits
from incident_nb.readers.collect import BY_RICHNESS, ClientOf, active_of, newest
from incident_nb.readers.columns import Codes, Tables, Words, column, kind_of, plain, words
from incident_nb.readers.long_list import numbered
from incident_nb.readers.piece import CLAIMED, EXECUTIONS, FAILURES, OWN_WORKFLOW, UNSEEN, Note, Piece, unpacked
from incident_nb.readers.rows import WorkflowRow
from incident_nb.readers.tables import Gate, in_order

_UNFINISHED = ("running", "new", "waiting", None)
_TAKEN, _REPLACED, _LEFT = 2, 1, 0


class OddError(Exception):
    """What lies beyond a limit on the whole, or contradicts itself in three ways: one process has to read all of it."""


class Fates(NamedTuple):
    """What becomes of each row: taken, replaced by a fuller reading, or left; and what is said of those left.

    `clashes` are by row; `beyond` counts those above `limits.ROWS`.
    """

    kept: Codes
    clashes: dict[int, Skipped]
    beyond: int


def joined(pieces: Sequence[Piece], instance: str, client_of: ClientOf) -> ExecutionLog:
    """The pieces, in the order of what they were read from, as one log; failures keep the columns that were added.

    Raises OddError where only one process that reads all can tell what to keep.
    """
    if any(piece.odd for piece in pieces):
        raise OddError
    pieces = [_renumbered(piece) for piece in pieces]
    tables = [unpacked(piece.executions) for piece in pieces]
    sizes = [table.num_rows for table in tables]
    fates = _fates(tables, np.repeat([piece.before for piece in pieces], sizes))
    seen, taken = fates.kept >= _REPLACED, fates.kept == _TAKEN
    snapshots = _snapshots(pieces, words(tables, "snapshot"), seen)
    whole = _of_the_whole(pieces, tables, instance, client_of, seen)
    executions = _executions(tables, whole, taken)
    tables = [unpacked(piece.failures) for piece in pieces]
    failures = _failures(tables, sizes, whole, taken, executions["execution_id"])
    skipped = tuple(_skipped(pieces, sizes, fates))
    flows: dict[tuple[str, str], WorkflowRow] = {}
    for flow in (flow for piece in pieces for flow in piece.workflows):
        flows[instance, flow.workflow_id] = newest(flows.get((instance, flow.workflow_id)), flow)
    return ExecutionLog(in_order(executions), in_order(failures), snapshots, skipped, active_of(flows, whole.gate))


def _renumbered(piece: Piece) -> Piece:
    """The piece with its notes placed in the whole file."""
    if not piece.before:
        return piece
    notes = []
    for note in piece.notes:
        where = numbered(note.skipped.where, piece.before)
        notes.append(note._replace(skipped=replace(note.skipped, where=where)))
    return piece._replace(notes=notes)


def _fates(tables: Tables, before: Codes) -> Fates:
    """The rules that `Collector.add` has for executions read more than once, and for too many of them.

    `before`: how many executions of its file come before the part that each row is in.
    """
    ids = plain(tables, "execution_id")
    kept = np.full(len(ids), _TAKEN, dtype="int8")
    if pc.count_distinct(ids).as_py() == len(ids) <= limits.ROWS:
        return Fates(kept, {}, 0)
    codes, _ = pd.factorize(pd.Series(pd.array(ids.combine_chunks(), dtype="str")))
    kept[codes >= limits.ROWS] = _LEFT
    beyond = int((codes >= limits.ROWS).sum())
    again = np.flatnonzero(pd.Series(codes).duplicated(keep=False).to_numpy() & (codes < limits.ROWS))
    return Fates(kept, _decided(kept, codes, again, tables, before[again].tolist()), beyond)


def _decided(
    kept: Codes, codes: Codes, again: Codes, tables: Tables, before_its_part: Sequence[int]
) -> dict[int, Skipped]:
    """Decides between the readings of each execution that was read more than once, in the order of the sources."""
    told = np.asarray(plain(tables, "told"))[again]
    begun = plain(tables, "begun").take(again).to_pylist()
    wheres, ids = (plain(tables, name).take(again).to_pylist() for name in ("where", "execution_id"))
    flows, sources, statuses, states = (words(tables, name) for name in ("workflow_id", "source", "status", "data"))
    ended = np.array([*(word not in _UNFINISHED for word in statuses.words), False])[statuses.codes[again]]
    rich = np.array([BY_RICHNESS.index(word) for word in states.words])[states.codes[again]]
    clashes: dict[int, Skipped] = {}
    best: dict[int, int] = {}
    for one, row in enumerate(again.tolist()):
        before = best.setdefault(codes[row], one)
        if before == one:
            if told[one] & UNSEEN:
                raise OddError
            continue
        then, now = flows.codes[again[before]], flows.codes[row] if told[one] & OWN_WORKFLOW else -1
        named = then >= 0 and now >= 0 and flows.words[then] and flows.words[now]
        at, since = begun[before], begun[one]
        if (named and then != now) or (at is not None and since is not None and at != since):
            was = sources.words[sources.codes[again[before]]]
            reason = f"another execution {ids[one]} was read from {was}; "
            reason += "executions of another n8n server need a name for it: write NAME=SOURCE"
            where = numbered(wheres[one] or f"execution {ids[one]}", before_its_part[one])
            clashes[row] = Skipped(sources.words[sources.codes[row]], where, reason)
        elif (ended[before], rich[before]) < (ended[one], told[one] & CLAIMED):
            if told[one] & UNSEEN:
                raise OddError
            kept[again[before]] = _REPLACED
            best[codes[row]] = one
            continue
        kept[row] = _LEFT
    return clashes


def _snapshots(pieces: Sequence[Piece], used: Words, seen: Codes) -> dict[str, Snapshot]:
    found: dict[str, tuple[int, bytes]] = {}
    left = {used.words[code] for code in np.unique(used.codes[seen]) if code >= 0}
    for piece in pieces:
        found |= {name: snapshot for name, snapshot in piece.snapshots.items() if name in left and name not in found}
    if len(found) > limits.SNAPSHOTS or sum(size for size, _ in found.values()) > limits.SNAPSHOT_BYTES:
        raise OddError
    return {name: Snapshot(name, pickle.loads(nodes)) for name, (_, nodes) in found.items()}  # noqa: S301  our own


class _Whole(NamedTuple):
    """The columns that are told by all parts together, one code a row, still as n8n has them; `gate` cleans them."""

    columns: dict[str, Words]
    gate: Gate

    def category(self, name: str, rows: Codes) -> pd.Categorical:
        if name == "instance":
            return self.columns[name].where(rows).category(lambda text: text[: limits.NAME])
        if name == "source":
            return self.columns[name].where(rows).category(self.gate.__getitem__)
        return self.columns[name].where(rows).category(lambda text: self.gate[text][: limits.NAME])


def _of_the_whole(pieces: Sequence[Piece], tables: Tables, instance: str, client_of: ClientOf, seen: Codes) -> _Whole:
    """Names that a row lacks from other rows and from workflow lists, and each workflow's client."""
    flows, names, sources = (words(tables, name) for name in ("workflow_id", "workflow", "source"))
    lists = {flow.workflow_id: flow for piece in pieces for flow in piece.workflows}
    texts = names.words.copy()
    known = {word: code for code, word in enumerate(texts)}
    has_name = np.isin(names.codes, [code for word, code in known.items() if word])
    last = np.full(len(flows.words) + 1, -1)
    last[flows.codes[seen & has_name]] = names.codes[seen & has_name]  # of several, numpy keeps the last
    present, first = np.unique(flows.codes[seen], return_index=True)
    first_names = np.where(has_name, names.codes, -1)[seen][first]
    clients: dict[str, int] = {}
    client = np.full(len(flows.words) + 1, -1)
    for code, own in zip(present.tolist(), first_names.tolist(), strict=True):
        flow = flows.words[code] if code >= 0 else ""
        listed = lists.get(flow) or WorkflowRow(flow)
        if last[code] < 0 and listed.name:
            if listed.name not in known:
                known[listed.name] = len(texts)
                texts.append(listed.name)
            last[code] = known[listed.name]
        name = own if own >= 0 else last[code]
        told = WorkflowRow(listed.workflow_id, texts[name] if name >= 0 else listed.name, listed.tags, listed.project)
        if found := client_of(told):
            client[code] = clients.setdefault(found, len(clients))
    filled = np.where(has_name, names.codes, last[flows.codes])
    return _Whole(
        {
            "instance": Words(np.zeros(len(flows.codes), dtype="int8"), [instance]),
            "workflow_id": flows,
            "workflow": Words(filled, texts),
            "client": Words(client[flows.codes], list(clients)),
            "source": sources,
        },
        Gate(),
    )


def _executions(tables: Tables, whole: _Whole, taken: Codes) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, kind in EXECUTION_COLUMNS.items():
        if name in whole.columns:
            columns[name] = whole.category(name, taken)
        elif name in EXECUTIONS:
            columns[name] = column(tables, name, kind, taken)
        else:
            columns[name] = None
    table = pd.DataFrame(columns)
    table["at"] = table["started_at"].fillna(table["stopped_at"])
    table["duration_s"] = (table["stopped_at"] - table["started_at"]).dt.total_seconds()
    return table


def _failures(tables: Tables, sizes: list[int], whole: _Whole, taken: Codes, ids: pd.Series) -> pd.DataFrame:
    before = np.cumsum([0, *sizes])
    of = [
        np.asarray(table["row"].combine_chunks(), dtype="int64") + start
        for table, start in zip(tables, before, strict=False)
    ]
    rows = np.concatenate(of) if of else np.array([], dtype="int64")
    kept = taken[rows]
    rows = rows[kept]
    columns: dict[str, Any] = {}
    for name, kind in FAILURE_COLUMNS.items():
        if name in whole.columns:
            columns[name] = whole.category(name, rows)
        elif name == "execution_id":
            columns[name] = ids.array.take((np.cumsum(taken) - 1)[rows])
        else:
            columns[name] = column(tables, name, kind, kept)
    for field in tables[0].schema if tables else ():
        if field.name not in FAILURES and field.name != "row":
            columns[field.name] = column(tables, field.name, kind_of(field.type), kept)
    return pd.DataFrame(columns)


def _skipped(pieces: Sequence[Piece], sizes: list[int], fates: Fates) -> Iterator[Skipped]:
    """What was left out, in the order of the sources, as `Collector` counts and names it."""
    named: list[Skipped] = []
    unnamed, start = 0, 0
    once: set[str] = set()
    clashes = sorted(fates.clashes.items())
    for piece, size in zip(pieces, sizes, strict=True):
        notes = [note for note in piece.notes if not note.of_row or fates.kept[start + note.row] >= _REPLACED]
        if {note.once for note in piece.notes} - {note.once for note in notes}:
            raise OddError
        later = sum(bool(fates.kept[start + row] >= _REPLACED) for row in piece.later)
        if (later or piece.unnamed) and len(named) + len(notes) < limits.PLACES_NAMED:
            raise OddError
        notes += [Note(row - start, True, skipped) for row, skipped in clashes if start <= row < start + size]
        for note in sorted(notes, key=lambda note: (note.row, note.of_row)):
            if note.once in once:
                continue
            once |= {note.once} if note.once else set()
            if len(named) < limits.PLACES_NAMED:
                named.append(note.skipped)
            else:
                unnamed += note.skipped.rows
        unnamed += later + piece.unnamed
        start += size
    yield from named
    if unnamed:
        yield Skipped("", "further places", "too many to be named one by one", unnamed)
    if fates.beyond:
        reason = f"more than {limits.ROWS:,} executions: read a shorter time at once"
        yield Skipped("", "beyond a limit", reason, fates.beyond)
