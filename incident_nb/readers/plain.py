"""Execution data as the public API gives it: what a run's path is told by is decoded, what its nodes did stays JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from incident_nb.readers import paths
from incident_nb.readers.bodies import error_in
from incident_nb.readers.paths import Path, Watch

_NULL = msgspec.Raw(b"null")
_NOTHING = (_NULL, msgspec.Raw(b"[]"))


class _Given(msgspec.Struct, gc=False):
    main: list[list[msgspec.Raw] | None] | None = None


class _Run(msgspec.Struct, gc=False):
    executionTime: Any = None
    data: _Given | None = None
    error: msgspec.Raw = _NULL
    redactedError: msgspec.Raw = _NULL
    hints: msgspec.Raw = _NULL
    metadata: msgspec.Raw = _NULL


class _Result(msgspec.Struct, gc=False):
    runData: dict[str, list[_Run]] | None = None
    lastNodeExecuted: Any = None
    error: msgspec.Raw = _NULL
    redactedError: msgspec.Raw = _NULL


class Told(msgspec.Struct, gc=False):
    """The parts of an execution's data that its path is read from; the rest is skipped."""

    resultData: _Result | None = None
    parentExecution: Any = None
    redactionInfo: Any = None


class _OddResult(_Result, gc=False):
    runData: Any = None


class _Odd(Told, gc=False):
    """The same of data whose nodes did not leave what n8n writes."""

    resultData: _OddResult | None = None


class _Holder(msgspec.Struct, gc=False):
    data: msgspec.Raw = _NULL


_told, _odd = msgspec.json.Decoder(Told), msgspec.json.Decoder(_Odd)
_holder, _any = msgspec.json.Decoder(_Holder), msgspec.json.Decoder()


class Plain:
    """An execution's data, looked into only as far as is asked. Raises `msgspec.DecodeError` when damaged.

    `document`: JSON of it; or, where `told` has been decoded from it already, JSON of the execution that holds it.
    """

    __slots__ = ("_document", "_inside", "_odd", "_told")

    def __init__(self, document: bytes | msgspec.Raw, told: Told | None = None) -> None:
        self._document, self._inside = document, told is not None
        self._odd = False
        if told is None:
            try:
                told = _told.decode(document)
            except msgspec.ValidationError:
                told, self._odd = _odd.decode(document), True
        self._told: Told = told

    def json(self) -> bytes:
        """The data as JSON."""
        return bytes(_holder.decode(self._document).data if self._inside else self._document)

    def size(self) -> int:
        """Bytes of JSON that `tree` would decode."""
        return memoryview(self._document).nbytes

    def tree(self) -> Any:
        """All of it decoded, in n8n's own shape."""
        return _any.decode(self.json())

    def path(self, watch: Watch, *, parent_in_runs: bool) -> Path:
        """How the run went, and whether there may be an error in it.

        `parent_in_runs`: whether to look for the parent in the first run, where the data does not name one itself.
        """
        result = self._told.resultData or _Result()
        runs, parent = result.runData or {}, self._told.parentExecution
        suspect = _holds(result.error) or _holds(result.redactedError)
        if self._odd:
            names, items, ms = paths.counts_of(runs)
            if runs and names is None:
                names = paths.names_of(runs)
            suspect = suspect or bool(watch.nodes) or watch.warns or b'"error' in bytes(self._document)
        else:
            names, items, ms = _counted(runs) if runs else (None, None, None)
            suspect = suspect or _suspects(runs, watch)
        if not parent and parent_in_runs and runs:
            parent = _parent(runs)
        return Path(names, items, ms, result.lastNodeExecuted, parent, self._told.redactionInfo, suspect)


def _counted(runs: dict[str, list[_Run]]) -> tuple[str, str, str]:
    items = [paths.total([_items(run) for run in entries]) for entries in runs.values()]
    took = [paths.total([paths.milliseconds(run.executionTime) for run in entries]) for entries in runs.values()]
    return paths.names_of(runs), paths.shared(paths.lined(items)), paths.lined(took)


def _items(run: _Run) -> int | None:
    if run.data is None or run.data.main is None:
        return None
    return sum([len(output) for output in run.data.main if output])


def _suspects(runs: dict[str, list[_Run]], watch: Watch) -> bool:
    warns, listened = watch
    for node, entries in runs.items():
        for run in entries:
            if run.error != _NULL or run.redactedError != _NULL:
                return True
            if warns and run.hints not in _NOTHING and b'"fieldNotFound"' in bytes(run.hints):
                return True
            if node in listened and run.data is not None:
                for output in run.data.main or ():
                    for item in output or ():
                        if _may_err(item):
                            return True
    return False


def _may_err(item: msgspec.Raw) -> bool:
    found = _any.decode(item)
    if not isinstance(found, dict):
        return False
    body = found.get("json")
    return bool(found.get("error") or (isinstance(body, dict) and (body.get("error") or error_in(body))))


def _parent(runs: Any) -> Any:
    first = next(iter(runs.values())) if isinstance(runs, dict) else None
    run = first[0] if isinstance(first, list) and first else None
    found = (
        run.get("metadata") if isinstance(run, dict) else _any.decode(run.metadata) if isinstance(run, _Run) else None
    )
    return found.get("parentExecution") if isinstance(found, dict) else None


def _holds(part: msgspec.Raw) -> bool:
    return part != _NULL
