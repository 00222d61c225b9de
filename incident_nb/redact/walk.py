"""A walk through a tree: each value masked by its shape, by its key and by what stands around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from .keys import anything, stand_in, without_scheme
from .masking import Mask
from .personal import PERSONAL_KINDS
from .rules import MASK, bare
from .trees import (
    VALUES,
    in_query,
    is_chat,
    is_credential,
    is_credential_data,
    is_query,
    labels,
    masked_call,
    may_name_next,
    name_among,
    names_credential,
    names_next,
    names_of,
    of_key,
    one_of,
    rule_of,
    singular,
)

MAX_DEPTH = 200

Place = str | None
"""The key or the name under which a value stands, if it has one."""


class Walk:
    """A way through trees: `text` gives back a text without secrets, `mask` the mask of a kind and a secret.

    What is judged is what will stand there when the walk is over, and where that says more, what stood there before it:
    so another walk finds nothing new. A mask counts as nothing, whatever its digits look like.
    """

    def __init__(self, text: Callable[[str], str], mask: Mask, personal: bool) -> None:
        self._text, self._mask, self._personal = text, mask, personal

    def tree(self, value: Any, key: Place = None, in_credential: bool = False, depth: int = 0) -> Any:
        """The value with secrets masked, as it stands under this key, inside a credential's data or not."""
        if isinstance(value, str):
            return self._value(value, key, in_credential)
        if isinstance(value, dict):
            if depth >= MAX_DEPTH:
                return self._mask("too_deep", "object")
            return self._object(masked_call(value, self._mask), key, in_credential, depth)
        if isinstance(value, list | tuple):
            if depth >= MAX_DEPTH:
                return self._mask("too_deep", "list")
            return self._list(value, key, in_credential, depth)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value, key)
        return value

    def _object(self, tree: dict[Any, Any], key: Place, in_credential: bool, depth: int) -> dict[Any, Any]:
        """An object. Names are done before the values that they name."""
        opened = in_credential or is_credential(tree)
        private, one, asked = of_key(tree), singular(key), is_query(key)
        new = {name: self._text(name) if isinstance(name, str) else name for name in tree}
        done: dict[Any, Any] = {}
        named: tuple[Place, ...] = ()
        for name in tree if VALUES.isdisjoint(tree) else sorted(tree, key=VALUES.__contains__):
            child = tree[name]
            if name in private and isinstance(child, str):
                done[name] = child if MASK.fullmatch(child) else self._mask("private_key", child)
                continue
            places: tuple[Place, ...]
            if name in VALUES:
                places = named = named or self._named(done, tree, key)
            else:
                places = (str(new[name]),)
            if is_chat(name, tree) or (key == "credentials" and self._names_credential(name, child)):
                places = (None,)
            inside = in_credential or is_credential_data(name) or (opened and name == "data")
            kinds = [one or in_query(key, place) for place in places] if one or asked else ()
            done[name] = self._placed(child, places, kinds, inside, depth + 1)
        return {new[name]: done[name] for name in tree}

    def _named(self, done: dict[Any, Any], tree: dict[Any, Any], key: Place) -> tuple[Place, ...]:
        """The places of an object's values by its names: as they are now that they are done, and as they were."""
        names = names_of(done)
        place = name_among(names) or key
        if not any("[" in name for name in names):
            return (place,)
        return place, name_among(names_of(tree)) or key

    def _list(self, items: list[Any] | tuple[Any, ...], key: Place, in_credential: bool, depth: int) -> list[Any]:
        """A list, whose items may be names and values in turn."""
        one = singular(key)
        done: list[Any] = []
        for index, child in enumerate(items):
            places: tuple[Place, ...] = (key,)
            if index and isinstance(before := items[index - 1], str) and may_name_next(before):
                clean = self._text(child) if isinstance(child, str) else child
                still = before if done[-1] == before and names_next(before, clean) else None
                places = tuple(dict.fromkeys((still or key, before if names_next(before, child) else key)))
            done.append(self._placed(child, places, [one] * len(places) if one else (), in_credential, depth + 1))
        return done

    def _placed(
        self, value: Any, places: tuple[Place, ...], kinds: Sequence[str | None], in_credential: bool, depth: int
    ) -> Any:
        """A value under the first of its places that makes a secret of it, by its name or by the kind that is told with it.

        The first place is the one that it will have, the second the one that it had before its name was masked.
        """
        if not isinstance(value, str | int | float) or (len(places) == 1 and not kinds):
            return self.tree(value, places[0], in_credential, depth)
        clean = self._text(value) if isinstance(value, str) else value
        for place, kind in zip_longest(places, kinds):
            if kind and isinstance(value, str) and any(one_of(kind, text) for text in (value, self._text(value))):
                return self._mask(kind, value)
            new = self.tree(value, place, in_credential, depth)
            if new != clean:
                return new
        return clean

    def _names_credential(self, key: object, value: object) -> bool:
        """Whether a value is the name of a credential, before it is masked and after that."""
        return isinstance(value, str) and names_credential(key, value) and names_credential(key, self._text(value))

    def _value(self, text: str, key: Place, in_credential: bool) -> str:
        """A text under its key. Its shape, where it has one, says more than the key does."""
        clean, rule = self._text(text), rule_of(key)
        if not key or (rule is None and not in_credential):
            return clean
        rest = without_scheme(clean)[1]
        left = bare(rest)
        if in_credential and (rule is None or not rule[1](left)) and not labels(key, left):
            rule = ("credential", anything)
        if rule is None or (rule[0] in PERSONAL_KINDS and not self._personal):
            return clean
        if stand_in(rest) or stand_in(clean) or not rule[1](left):
            return clean
        scheme, secret = without_scheme(text)
        return scheme + self._mask(rule[0], secret)

    def _number(self, number: float, key: Place) -> float | str:
        """Numbers are kept, but for those under the key of a password or of personal data."""
        rule = rule_of(key)
        if rule is None or not (rule[0] in ("password", "otp") or (self._personal and rule[0] in PERSONAL_KINDS)):
            return number
        return self._mask(rule[0], str(number)) if rule[1](str(number)) else number
