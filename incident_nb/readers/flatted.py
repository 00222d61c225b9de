"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_NOWHERE = "an index in it points nowhere"
# One element of the array: objects and lists hold no others, since what they hold stands in the array itself. What has
# matched is never given back (the `+` after a count), so a match takes time in proportion to what it reads.
_HEAD_PARTS = 7
_TEXT = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PART = rb"\{[^\"{}]*+(?:%b[^\"{}]*+)*+\}|\[[^\"\[\]]*+(?:%b[^\"\[\]]*+)*+\]|%b|[^,\s\]\[{}\"]++" % (
    _TEXT,
    _TEXT,
    _TEXT,
)
_ELEMENT = re.compile(_PART)
_HEAD = re.compile(rb"\[" + rb",".join([rb"\s*(%b)\s*" % _PART] * _HEAD_PARTS) + rb"(?=[,\]])")


class _Root(msgspec.Struct, gc=False):
    resultData: Any = None
    parentExecution: Any = None
    redactionInfo: Any = None


class _Result(msgspec.Struct, gc=False):
    runData: Any = None
    lastNodeExecuted: Any = None


_root, _result = msgspec.json.Decoder(_Root), msgspec.json.Decoder(_Result)
_any = msgspec.json.Decoder()


def _indices(count: int, known: list[str] = []) -> list[str]:  # noqa: B006 - kept on purpose, the same for all
    """At least the first `count` indices as texts, made once."""
    known.extend(map(str, range(len(known), count)))
    return known


class Flatted:
    """A stored document whose first parts are decoded only when asked for. Raises `msgspec.DecodeError` when damaged.

    n8n writes what a run's path is told by (the root, its result, the names of the nodes that ran) at the array's
    beginning, so that the rest, which holds all data of the run, is not even split.
    """

    def __init__(self, document: bytes) -> None:
        self._document = document
        head = _HEAD.match(document)
        self._split: list[bytes] = list(head.groups()) if head else []
        self._end = head.end() if head else 1

    def path(self) -> tuple[dict[str, Any], Any, dict[str, Any], Any]:
        """How a run went: its nodes by name (each leading to its runs), the last node, parent execution, redaction."""
        root: _Root = self._at("0", _root)
        result: _Result = self._at(root.resultData, _result) if root.resultData else _Result()
        runs = self._at(result.runData) or {}
        parent = self._at(root.parentExecution)
        if isinstance(parent, dict):
            parent = {key: self._at(value) for key, value in parent.items()}
        redaction = self._at(root.redactionInfo)
        return runs, self._at(result.lastNodeExecuted), parent or {}, redaction

    def get(self, holder: Any, key: str | int) -> Any:
        """What `key` of an object or list from here leads to, its own text values still indices; None if absent."""
        try:
            return self._at(holder[key])
        except (KeyError, IndexError, TypeError):
            return None

    def _at(self, reference: Any, decoder: msgspec.json.Decoder[Any] = _any) -> Any:
        if not isinstance(reference, str):
            return reference
        if not reference.isdecimal():
            raise msgspec.DecodeError(_NOWHERE)
        try:
            position = int(reference)
            if position >= len(self._split):
                self._split_up_to(position)
            return decoder.decode(self._split[position])
        except (ValueError, IndexError) as error:
            raise msgspec.DecodeError(_NOWHERE) from error

    def _split_up_to(self, position: int) -> None:
        """Splits on to that position; where the array ends before it, the list stays too short."""
        while len(self._split) <= position and (found := _ELEMENT.search(self._document, self._end)):
            self._split.append(found[0])
            self._end = found.end()

    def tree(self) -> Any:
        """The whole document, plain. Shared parts stay shared, so a cycle in the original is a cycle here."""
        parts = _any.decode(self._document)
        places = dict(zip(_indices(len(parts)), parts, strict=False))
        try:
            for part in parts:
                if isinstance(part, dict):
                    for key, value in part.items():
                        if isinstance(value, str):
                            part[key] = places[value]
                elif isinstance(part, list):
                    part[:] = [places[value] if isinstance(value, str) else value for value in part]
        except KeyError as error:
            raise msgspec.DecodeError(_NOWHERE) from error
        return parts[0]
