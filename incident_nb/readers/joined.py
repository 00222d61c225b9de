"""Pieces in, the ExecutionLog out that one process would have made of all of it.

The rules between readings of one execution are applied here, in the order of the sources, whenever each piece came.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog, Skipped, Snapshot
from incident_nb.readers import limits
from incident_nb.readers.collect import BY_RICHNESS, ClientOf
from incident_nb.readers.piece import CLAIMED, EXECUTIONS, FAILURES, OWN_WORKFLOW, UNSEEN, Note, Piece, unpacked
from incident_nb.readers.rows import WorkflowRow
from incident_nb.readers.tables import Gate, categorical, in_order

Codes = np.ndarray[Any, np.dtype[Any]]
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
    sizes = _sizes(pieces)
    fates = _fates(pieces, sizes)
    seen, taken = fates.kept >= _REPLACED, fates.kept == _TAKEN
    snapshots = _snapshots(pieces, seen)
    whole = _of_the_whole(pieces, instance, client_of, seen)
    executions = _executions([piece.executions for piece in pieces], whole, taken)
    failures = _failures([piece.failures for piece in pieces], sizes, whole, taken, executions["execution_id"])
    skipped = tuple(_skipped(pieces, sizes, fates))
    return ExecutionLog(in_order(executions), in_order(failures), snapshots, skipped)


def _sizes(pieces: Sequence[Piece]) -> list[int]:
    return [unpacked(piece.executions, ["told"]).num_rows for piece in pieces]


class _Words(NamedTuple):
    """A column of few different texts: a code a row (-1: missing) into `words`."""

    codes: Codes
    words: list[str]

    def where(self, kept: Codes) -> _Words:
        return _Words(self.codes[kept], self.words)

    def category(self, clean: Callable[[str], str] = str) -> pd.Categorical:
        """As a categorical of what is used of it."""
        used = np.flatnonzero(np.bincount(self.codes[self.codes >= 0], minlength=len(self.words)))
        again = np.full(len(self.words) + 1, -1)
        again[used] = np.arange(len(used))
        return categorical(again[self.codes], [self.words[place] for place in used], clean)


def _words(tables: Sequence[bytes], name: str) -> _Words:
    """One column of all pieces; equal texts get one code."""
    known: dict[str, int] = {}
    found = []
    for table in tables:
        column = unpacked(table, [name]).column(0).combine_chunks()
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        places = np.array([*(known.setdefault(word, len(known)) for word in column.dictionary.to_pylist()), -1])
        found.append(places[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)].astype("int32"))
    return _Words(np.concatenate(found) if found else np.array([], dtype="int32"), list(known))


def _plain(tables: Sequence[bytes], name: str) -> Any:
    """One column of all pieces as an Arrow array."""
    chunks = [chunk for table in tables for chunk in unpacked(table, [name]).column(0).chunks]
    return pa.chunked_array(chunks, None if chunks else pa.null())


def _fates(pieces: Sequence[Piece], sizes: list[int]) -> Fates:
    """The rules that `Collector.add` has for executions read more than once, and for too many of them."""
    tables = [piece.executions for piece in pieces]
    ids = _plain(tables, "execution_id")
    kept = np.full(len(ids), _TAKEN, dtype="int8")
    if pc.count_distinct(ids).as_py() == len(ids) <= limits.ROWS:
        return Fates(kept, {}, 0)
    codes, _ = pd.factorize(pd.Series(pd.array(ids.combine_chunks(), dtype="str")))
    kept[codes >= limits.ROWS] = _LEFT
    beyond = int((codes >= limits.ROWS).sum())
    again = np.flatnonzero(pd.Series(codes).duplicated(keep=False).to_numpy() & (codes < limits.ROWS))
    return Fates(kept, _decided(kept, codes, again, tables), beyond)


def _decided(kept: Codes, codes: Codes, again: Codes, tables: Sequence[bytes]) -> dict[int, Skipped]:
    """Decides between the readings of each execution that was read more than once, in the order of the sources."""
    told = np.asarray(_plain(tables, "told"))[again]
    begun = _plain(tables, "begun").take(again).to_pylist()
    wheres, ids = (_plain(tables, name).take(again).to_pylist() for name in ("where", "execution_id"))
    flows, sources, statuses, states = (_words(tables, name) for name in ("workflow_id", "source", "status", "data"))
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
            reason += "exports of different n8n servers have to be read one by one, each with its --instance"
            where = wheres[one] or f"execution {ids[one]}"
            clashes[row] = Skipped(sources.words[sources.codes[row]], where, reason)
        elif (ended[before], rich[before]) < (ended[one], told[one] & CLAIMED):
            if told[one] & UNSEEN:
                raise OddError
            kept[again[before]] = _REPLACED
            best[codes[row]] = one
            continue
        kept[row] = _LEFT
    return clashes


def _snapshots(pieces: Sequence[Piece], seen: Codes) -> dict[str, Snapshot]:
    found: dict[str, tuple[int, bytes]] = {}
    used = _words([piece.executions for piece in pieces], "snapshot")
    left = {used.words[code] for code in np.unique(used.codes[seen]) if code >= 0}
    for piece in pieces:
        found |= {name: snapshot for name, snapshot in piece.snapshots.items() if name in left and name not in found}
    if len(found) > limits.SNAPSHOTS or sum(size for size, _ in found.values()) > limits.SNAPSHOT_BYTES:
        raise OddError
    return {name: Snapshot(name, pickle.loads(nodes)) for name, (_, nodes) in found.items()}  # noqa: S301  our own


class _Whole(NamedTuple):
    """The columns that are told by all parts together, one code a row, still as n8n has them; `gate` cleans them."""

    columns: dict[str, _Words]
    gate: Gate

    def category(self, name: str, rows: Codes) -> pd.Categorical:
        if name == "instance":
            return self.columns[name].where(rows).category(lambda text: text[: limits.NAME])
        if name == "source":
            return self.columns[name].where(rows).category(self.gate.__getitem__)
        return self.columns[name].where(rows).category(lambda text: self.gate[text][: limits.NAME])


def _of_the_whole(pieces: Sequence[Piece], instance: str, client_of: ClientOf, seen: Codes) -> _Whole:
    """Names that a row lacks from other rows and from workflow lists, and each workflow's client."""
    tables = [piece.executions for piece in pieces]
    flows, names, sources = (_words(tables, name) for name in ("workflow_id", "workflow", "source"))
    lists = {flow.workflow_id: flow for piece in pieces for flow in piece.workflows}
    known = {word: code for code, word in enumerate(names.words)}
    named = seen & np.isin(names.codes, [code for word, code in known.items() if word])
    last = np.full(len(flows.words) + 1, -1)
    last[flows.codes[named]] = names.codes[named]  # of several, numpy keeps the last
    present, first = np.unique(flows.codes[seen], return_index=True)
    first_names = names.codes[seen][first]
    clients: dict[str, int] = {}
    client = np.full(len(flows.words) + 1, -1)
    for code, own in zip(present.tolist(), first_names.tolist(), strict=True):
        flow = flows.words[code] if code >= 0 else ""
        listed = lists.get(flow) or WorkflowRow(flow)
        if last[code] < 0 and listed.name:
            last[code] = known.setdefault(listed.name, len(known))
        words = list(known)
        name = words[own] if own >= 0 and words[own] else words[last[code]] if last[code] >= 0 else listed.name
        if found := client_of(WorkflowRow(listed.workflow_id, name, listed.tags, listed.project)):
            client[code] = clients.setdefault(found, len(clients))
    lacking = ~np.isin(names.codes, [code for word, code in known.items() if word])
    filled = np.where(lacking, last[flows.codes], names.codes)
    return _Whole(
        {
            "instance": _Words(np.zeros(len(flows.codes), dtype="int8"), [instance]),
            "workflow_id": flows,
            "workflow": _Words(filled, list(known)),
            "client": _Words(client[flows.codes], list(clients)),
            "source": sources,
        },
        Gate(),
    )


def _executions(tables: Sequence[bytes], whole: _Whole, taken: Codes) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, kind in EXECUTION_COLUMNS.items():
        if name in whole.columns:
            columns[name] = whole.category(name, taken)
        elif name in EXECUTIONS:
            columns[name] = _column(tables, name, kind, taken)
        else:
            columns[name] = None
    table = pd.DataFrame(columns)
    table["at"] = table["started_at"].fillna(table["stopped_at"])
    table["duration_s"] = (table["stopped_at"] - table["started_at"]).dt.total_seconds()
    return table


def _failures(
    tables: Sequence[bytes], sizes: list[int], whole: _Whole, taken: Codes, ids: pd.Series
) -> pd.DataFrame:
    before = np.cumsum([0, *sizes])
    of = [
        np.asarray(unpacked(table, ["row"]).column(0).combine_chunks(), dtype="int64") + start
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
            columns[name] = _column(tables, name, kind, kept)
    for field in unpacked(tables[0]).schema if tables else ():
        if field.name not in FAILURES and field.name != "row":
            columns[field.name] = _column(tables, field.name, _kind_of(field.type), kept)
    return pd.DataFrame(columns)


def _kind_of(kind: Any) -> str:
    return "category" if pa.types.is_dictionary(kind) else "float64" if pa.types.is_floating(kind) else "str"


def _column(tables: Sequence[bytes], name: str, kind: str, kept: Codes) -> Any:
    """One column of all pieces as a log has it, of the rows that are kept."""
    if kind == "category":
        return _words(tables, name).where(kept).category()
    found = _plain(tables, name)
    if not kept.all():
        found = found.filter(pa.array(kept))
    if kind == "str":
        return pd.array(found.cast(pa.large_string()).combine_chunks(), dtype="str")
    if kind == "Int64":
        return found.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get).array
    return found.to_pandas().astype(kind).array


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
            once |= {note.once} - {None}
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
