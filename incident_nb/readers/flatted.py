"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

from typing import Any

import msgspec

from incident_nb.readers import levels, paths
from incident_nb.readers.paths import Path, Watch

_NOWHERE = "an index in it points nowhere"
_RUN_BYTES = 100  # of the record of a node's run, at least


class _Root(msgspec.Struct, gc=False):
    resultData: Any = None
    parentExecution: Any = None
    redactionInfo: Any = None


class _Result(msgspec.Struct, gc=False):
    runData: Any = None
    lastNodeExecuted: Any = None
    error: Any = None
    redactedError: Any = None


_any, _parts = msgspec.json.Decoder(), msgspec.json.Decoder(list[msgspec.Raw])
_root, _result = msgspec.json.Decoder(_Root), msgspec.json.Decoder(_Result)


_roots, _results = levels.Known(_root.decode), levels.Known(_result.decode)
_last = levels.Known(_any.decode)


class Flatted:
    """A stored document, split into its parts, which are decoded only when asked for.

    Raises `msgspec.DecodeError` when damaged.
    """

    __slots__ = ("_document", "_parts", "_places")

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._parts = _parts.decode(document)
        self._places = levels.places_of(len(self._parts))

    def size(self) -> int:
        """Bytes of JSON that `tree` would decode."""
        return len(self._document)

    def path(self, watch: Watch, *, parent_in_runs: bool) -> Path:
        """How the run went, and whether there may be an error in it.

        `parent_in_runs`: whether to look for the parent in the first run, where the data does not name one itself.
        """
        parts, size = self._parts, len(self._document)
        root: _Root = _roots[bytes(parts[0])]
        result: _Result = _results[bytes(self._part(root.resultData))] if root.resultData is not None else _Result()
        parent = self._at(root.parentExecution)
        try:
            names, items, ms, first, suspect = levels.told(parts, size, result.runData, watch)
        except (ValueError, LookupError, TypeError):  # not as n8n writes it: one by one, and what is wrong is not known
            names, items, ms, first = self._patiently(result.runData)
            suspect = bool(watch.nodes) or watch.warns or b'"error' in self._document
        if result.error is not None or result.redactedError is not None:
            suspect = True
        if not parent and parent_in_runs:
            parent = self._get(self._at(first), "parentExecution")
        if isinstance(parent, dict):
            parent = {key: self._at(parent[key]) for key in ("executionId", "workflowId") if key in parent}
        last = result.lastNodeExecuted
        last = _last[bytes(self._part(last))] if isinstance(last, str) else last
        return Path(names, items, ms, last, parent, self._at(root.redactionInfo), suspect)

    def _part(self, reference: Any) -> msgspec.Raw:
        """Raises `msgspec.DecodeError` when nothing is there."""
        try:
            return self._parts[self._places[reference]]
        except (LookupError, TypeError) as error:
            raise msgspec.DecodeError(_NOWHERE) from error

    def _patiently(self, reference: Any) -> tuple[str | None, str | None, str | None, Any]:
        """The same as `_told`, one by one."""
        runs = self._at(reference)
        if not isinstance(runs, dict) or not runs:
            return paths.names_of(runs) or None if runs else None, None, None, None
        every = {name: self._try(runs, name) for name in runs}
        levels.weigh(_RUN_BYTES * sum(map(_length, every.values())), len(self._document))
        plain = {
            name: [self._run(entries, index) for index in range(_length(entries))] for name, entries in every.items()
        }
        names, items, ms = paths.counts_of(plain)
        first = self._try(self._try(self._try(runs, next(iter(runs))), 0), "metadata")
        return names, items, ms, first

    def _run(self, entries: Any, index: int) -> dict[str, Any]:
        run = self._try(entries, index)
        main = self._try(self._try(run, "data"), "main")
        levels.weigh(_length(main), len(self._document))
        outputs = [self._try(main, number) for number in range(_length(main))] if isinstance(main, list) else None
        took = run.get("executionTime") if isinstance(run, dict) else None
        return {"executionTime": took, "data": {"main": outputs}}

    def _try(self, holder: Any, key: str | int) -> Any:
        """As `_get`, and `""`, which nothing can be taken from, where the way leads nowhere."""
        try:
            return self._at(holder[key])
        except (ValueError, LookupError, TypeError):
            return ""

    def _get(self, holder: Any, key: str | int) -> Any:
        """What `key` of an object or list from here leads to, its own text values still indices; None if absent."""
        try:
            return self._at(holder[key])
        except (KeyError, IndexError, TypeError):
            return None

    def _at(self, reference: Any, decoder: msgspec.json.Decoder[Any] = _any) -> Any:
        if not isinstance(reference, str):
            return reference
        try:
            return decoder.decode(self._parts[self._places[reference]])
        except (ValueError, LookupError) as error:
            raise msgspec.DecodeError(_NOWHERE) from error

    def tree(self) -> Any:
        """The whole document, plain. Shared parts stay shared, so a cycle in the original is a cycle here."""
        parts = _any.decode(self._document)
        place = self._places
        try:
            for part in parts:
                if type(part) is dict:
                    for key, value in part.items():
                        if type(value) is str:
                            part[key] = parts[place[value]]
                elif type(part) is list:
                    part[:] = [parts[place[value]] if type(value) is str else value for value in part]
        except LookupError as error:
            raise msgspec.DecodeError(_NOWHERE) from error
        return parts[0]


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0
