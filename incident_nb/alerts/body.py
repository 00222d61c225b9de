"""A delivered body as JSON, within limits, and the one error that says why it is none."""

from __future__ import annotations

from typing import Any

import msgspec

from incident_nb.errors import UsageError
from incident_nb.readers.limits import MIB
from incident_nb.readers.rows import whole_characters

BODY = 4 * MIB  # n8n's alerts take 2 to 5 kB; one that carries a service's answer or a whole request takes more
DEPTH = 200  # of nesting: a service's own answer inside n8n's error, inside a sub-workflow's
PARTS = 200_000  # values in one body
LARGEST = 10**100  # of a whole number; what counts or names something is shorter

Json = dict[str, Any]
_KINDS = {str: "text", int: "a whole number", bool: "true or false", dict: "an object", list: "a list"}


class BodyError(UsageError):
    """A body that is no alert. The message is a reason for the sender, in words of ours: it quotes nothing of the body."""


def document(body: bytes, parts: int = PARTS) -> Json:
    """The object that a body holds. Raises BodyError for anything else, and for what lies beyond a limit.

    `parts`: how many values it may have.
    """
    if len(body) > BODY:
        raise BodyError(f"The body is longer than {BODY:,} bytes.")
    found = _decoded(body.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(found, dict):
        raise BodyError("The body is JSON, but no object.")
    _weigh(found, parts)
    return found


def part(holder: Json, name: str, *kinds: type, longest: int | None = None) -> Any:
    """The value under this name, None where it is missing or null. Raises BodyError if it is of none of these types."""
    value = holder.get(name)
    if value is None:
        return None
    # In Python true is a number; in JSON it is not.
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise BodyError(f"“{name}” is not {' or '.join(_KINDS[kind] for kind in kinds)}.")
    if longest is not None and isinstance(value, str | list | dict) and len(value) > longest:
        raise BodyError(f"“{name}” has more than {longest:,} {'characters' if isinstance(value, str) else 'entries'}.")
    return value


def name_in(holder: Json, name: str) -> str | None:
    """A name or an id as text, which may be written as a number; None where it is missing or null."""
    value = part(holder, name, str, int)
    return None if value is None else str(value)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise BodyError(f"The body is nested deeper than {DEPTH} levels.") from error
    except ValueError as error:
        mended = whole_characters(body)  # n8n writes what a service cut off as it came
        if mended == body:
            raise BodyError("The body is no valid JSON.") from error
    try:
        return msgspec.json.decode(mended)
    except (ValueError, RecursionError) as error:
        raise BodyError("The body is no valid JSON.") from error


def _weigh(found: Json, most: int) -> None:
    """Raises BodyError for what is nested too deep, has too many parts, or a number that is none of this world."""
    level: list[Any] = [found]
    depth = parts = 0
    while level:
        depth, parts = depth + 1, parts + len(level)
        if depth > DEPTH:
            raise BodyError(f"The body is nested deeper than {DEPTH} levels.")
        if parts > most:
            raise BodyError(f"The body has more than {most:,} parts.")
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
            elif isinstance(value, int) and abs(value) >= LARGEST:
                raise BodyError("The body holds a number that is too large.")
        level = deeper
