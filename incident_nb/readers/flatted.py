"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

from typing import Any

import msgspec

_NOWHERE = "an index in it points nowhere"
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Flatted:
    """A stored document whose parts are decoded only when asked for. Raises `msgspec.DecodeError` when damaged."""

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._raw = _raws.decode(document)

    @property
    def root(self) -> Any:
        """The root object, its text values still indices."""
        root = self._at("0")
        if not isinstance(root, dict):
            raise msgspec.DecodeError("its first part is no object")
        return root

    def get(self, holder: Any, key: str | int) -> Any:
        """What `key` of an object or list from here leads to, its own text values still indices; None if absent."""
        try:
            return self._at(holder[key])
        except (KeyError, IndexError, TypeError):
            return None

    def _at(self, reference: Any) -> Any:
        if not isinstance(reference, str):
            return reference
        if not reference.isdecimal() or int(reference) >= len(self._raw):
            raise msgspec.DecodeError(_NOWHERE)
        return msgspec.json.decode(self._raw[int(reference)])

    def tree(self) -> Any:
        """The whole document, plain. Shared parts stay shared, so a cycle in the original is a cycle here."""
        parts = msgspec.json.decode(self._document)
        places = {str(index): part for index, part in enumerate(parts)}
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
