"""The redaction gate: everything that is kept passes it once, on entry. Masks look like `[api_key:3f9a1c]`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from ..errors import LeakError
from .gate import Redactor
from .key import SAMPLE_KEY, RedactionKey, load_key
from .known import of_environment
from .tripwire import tripped

__all__ = [
    "SAMPLE_KEY",
    "RedactionKey",
    "Redactor",
    "in_force",
    "load_key",
    "redact_text",
    "redact_tree",
    "redaction_key",
    "sealed",
    "use_key",
    "use_workspace",
    "using",
]

_default: tuple[RedactionKey, Redactor] | None = None
_override: ContextVar[Redactor | None] = ContextVar("redactor", default=None)


def redact_text(text: str, *, personal: bool | None = None) -> str:
    """The text with its secrets masked; JSON in it is redacted as a tree.

    `personal=True` masks personal data whatever the settings say, as what leaves the house needs; `False` leaves it.
    """
    return in_force().text(text, personal)


def redact_tree(value: Any, *, personal: bool | None = None) -> Any:
    """The JSON-like value with secrets masked in keys and values, by shape, by key and by place. A new value."""
    return in_force().tree(value, personal)


def use_key(key: bytes) -> None:
    """Make this the process's redaction key."""
    _set(RedactionKey(key, "given"))


def use_workspace(folder: Path, *, personal: bool = True) -> RedactionKey:
    """The key of this workspace, from now on the process's; the environment's goes first. See `load_key`.

    `personal` is the workspace's word on whether personal data is masked in what stays in the house.
    """
    return _set(load_key(folder), personal)


def redaction_key() -> RedactionKey:
    """The process's key, loaded now if none was chosen. When it is not `lasting`, tell the user."""
    return _default[0] if _default else _set(load_key())


def sealed(name: str, content: str, *, by_hand: bool = False) -> str:
    """The content of an artefact as it is about to be written, looked through once more: the gate's tripwire.

    Raises LeakError when a secret that is known exactly or by its shape stands in it, escaped or not, with the line and
    the kind. Everything in it has passed the gate; this is for what the gate was never shown. Pictures are no text.
    `by_hand`: a person wrote it, who is asked to take the secret out.
    """
    advice = (
        "which somebody wrote there. Take it out of that file and try again; a real one has to be replaced, too."
        if by_hand
        else "which should have been masked on the way in. Report this as a fault, with the kind and what the line is about, "
        "not its text."
    )
    for line, kind in tripped(in_force(), content):
        raise LeakError(f"{name} was not written: line {line} of it holds what looks like a secret ({kind}), {advice}")
    return content


@contextmanager
def using(redactor: Redactor) -> Iterator[None]:
    """A context in which `redact_text` and `redact_tree` use this redactor: `with using(Redactor(SAMPLE_KEY)): ...`."""
    token = _override.set(redactor)
    try:
        yield
    finally:
        _override.reset(token)


def _set(key: RedactionKey, personal: bool = True) -> RedactionKey:
    global _default  # noqa: PLW0603  the process's one key
    _default = (key, Redactor(key.value, of_environment(os.environ), personal))
    return key


def in_force() -> Redactor:
    """The redactor that the gate uses here and now. Pickled, for another process of this run, it holds the key."""
    if override := _override.get():
        return override
    if _default is None:
        _set(load_key())
    assert _default is not None  # noqa: S101
    return _default[1]
