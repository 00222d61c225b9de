"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

from typing import Any

import msgspec

_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Flatted:
    """A stored document whose parts are decoded only when asked for. Raises `msgspec.DecodeError` when damaged."""

    def __init__(self, document: bytes) -> None:
        self._raw = _raws.decode(document)

    def part(self, *keys: str) -> Any:
        """The object or list at the path `keys` below the root, its own text values still indices; None if absent."""
        value = self._at("0")
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                return None
            value = self._at(value[key])
        return value

    def tree(self) -> Any:
        """The whole document, plain. Shared parts stay shared, so a cycle in the original is a cycle here."""
        return self._grow("0", {})

    def _at(self, reference: Any) -> Any:
        if not isinstance(reference, str):
            return reference
        try:
            return msgspec.json.decode(self._raw[int(reference)])
        except (ValueError, IndexError) as error:
            raise msgspec.DecodeError(f"index {reference!r:.20} points nowhere") from error

    def _grow(self, root: str, grown: dict[str, Any]) -> Any:
        # A list of work in place of recursion: client data may be nested deeper than Python's stack.
        work: list[Any] = []

        def resolve(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            if value not in grown:
                grown[value] = self._at(value)
                if isinstance(grown[value], dict | list):
                    work.append(grown[value])
            return grown[value]

        tree = resolve(root)
        while work:
            node = work.pop()
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                node[key] = resolve(value)
        return tree
