"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

_NOWHERE = "an index in it points nowhere"
_NONE = msgspec.Raw(b"")


class _Head(msgspec.Struct, array_like=True, gc=False):
    """The array's first elements, still JSON; the rest is checked, not kept."""

    e0: msgspec.Raw = _NONE
    e1: msgspec.Raw = _NONE
    e2: msgspec.Raw = _NONE
    e3: msgspec.Raw = _NONE
    e4: msgspec.Raw = _NONE
    e5: msgspec.Raw = _NONE
    e6: msgspec.Raw = _NONE
    e7: msgspec.Raw = _NONE


class _Root(msgspec.Struct, gc=False):
    resultData: Any = None
    parentExecution: Any = None
    redactionInfo: Any = None


class _Result(msgspec.Struct, gc=False):
    runData: Any = None
    lastNodeExecuted: Any = None


_root, _result = msgspec.json.Decoder(_Root), msgspec.json.Decoder(_Result)
_any = msgspec.json.Decoder()
_PLACES = {str(index): index for index in range(len(_Head.__struct_fields__))}
_head, _parts = msgspec.json.Decoder(_Head), msgspec.json.Decoder(list[msgspec.Raw])


def _indices(count: int, known: list[str] = []) -> list[str]:  # noqa: B006 - kept on purpose, the same for all
    """At least the first `count` indices as texts, made once."""
    known.extend(map(str, range(len(known), count)))
    return known


class Flatted:
    """A stored document whose parts are decoded only when asked for. Raises `msgspec.DecodeError` when damaged.

    n8n writes what a run's path is told by (the root, its result, the names of the nodes that ran) at the array's
    beginning, so that the rest, which holds all data of the run, is not even split.
    """

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._parts: Sequence[msgspec.Raw] = msgspec.structs.astuple(_head.decode(document))

    def size(self) -> int:
        """Bytes of JSON that `tree` would decode."""
        return len(self._document)

    def mentions(self, word: bytes) -> bool:
        """Whether `word`, JSON as it stands there, is anywhere in the document."""
        return word in self._document

    def path(self, *, parent_in_runs: bool) -> tuple[dict[str, Any], Any, Any, Any]:
        """How a run went: its nodes by name, the last node, the parent execution, n8n's redaction.

        `parent_in_runs`: whether to look for the parent in the first run, where the data does not name one itself.
        """
        root: _Root = self._at("0", _root)
        result: _Result = self._at(root.resultData, _result) or _Result()
        runs, parent = self._at(result.runData) or {}, self._at(root.parentExecution)
        if not parent and parent_in_runs:
            first = self._get(self._get(runs, next(iter(runs), "")), 0)
            parent = self._get(self._get(first, "metadata"), "parentExecution")
        if isinstance(parent, dict):
            parent = {key: self._at(parent[key]) for key in ("executionId", "workflowId") if key in parent}
        return runs, self._at(result.lastNodeExecuted), parent, self._at(root.redactionInfo)

    def _get(self, holder: Any, key: str | int) -> Any:
        """What `key` of an object or list from here leads to, its own text values still indices; None if absent."""
        try:
            return self._at(holder[key])
        except (KeyError, IndexError, TypeError):
            return None

    def _at(self, reference: Any, decoder: msgspec.json.Decoder[Any] = _any) -> Any:
        if not isinstance(reference, str):
            return reference
        place = _PLACES.get(reference)
        if place is None:
            place = self._beyond_the_head(reference)
        try:
            return decoder.decode(self._parts[place])
        except (ValueError, IndexError) as error:
            raise msgspec.DecodeError(_NOWHERE) from error

    def _beyond_the_head(self, reference: str) -> int:
        """The index that a text stands for; from now on all parts are split."""
        if len(self._parts) == len(_PLACES):
            self._parts = _parts.decode(self._document)
        return int(reference) if reference.isdecimal() else len(self._parts)

    def tree(self) -> Any:
        """The whole document, plain. Shared parts stay shared, so a cycle in the original is a cycle here."""
        parts = _any.decode(self._document)
        places = dict(zip(_indices(len(parts)), parts, strict=False))
        try:
            for part in parts:
                if type(part) is dict:
                    for key, value in part.items():
                        if type(value) is str:
                            part[key] = places[value]
                elif type(part) is list:
                    part[:] = [places[value] if type(value) is str else value for value in part]
        except KeyError as error:
            raise msgspec.DecodeError(_NOWHERE) from error
        return parts[0]
