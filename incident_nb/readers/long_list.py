"""A long JSON list of executions cut between two of them, so that several processes read it, each a range of its bytes.

Where the cuts lie is guessed by how the first execution begins: going through all of it would take as long as reading. A
range that ends elsewhere than between two executions is no list by itself, and the first begins with one, so a wrong guess
is always found out: then, as with damage, the file has to be read whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from incident_nb.errors import SourceError
from incident_nb.readers.api import execution_row, is_run, taken
from incident_nb.readers.rows import Row, whole_characters
from incident_nb.readers.shapes import RAWS
from incident_nb.readers.stored import Range

_SCALAR = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+.\deE]+|true|false|null)'
_HEAD = re.compile(rb'\s*(\{\s*"data"\s*:\s*)?\[\s*')
_TAIL = re.compile(rb'\]\s*(?:(?:,\s*"nextCursor"\s*:\s*(?:null|"[^"\\]*")\s*)?(\}))?\s*\Z')
_FIELD = re.compile(rb'[{,]\s*("[A-Za-z]+")\s*:\s*' + _SCALAR)
_LONGEST_TAIL, _LONGEST_FIELD = 4096, 400
_FIELDS, _LEAST = 4, 3  # keys that an execution is known by; items and nodes begin with an id and little else in common


def byte_ranges(content: memoryview, step: int) -> list[Range]:
    """The bytes of a list, or of the API's page of one, as ranges of about `step`; nothing where it is some other document."""
    head = _HEAD.match(content)
    end = len(content) - _LONGEST_TAIL
    if head is None or end < step:
        return []
    tail = _TAIL.search(content, end)
    begin = _beginning(bytes(content[head.end() : head.end() + _FIELDS * _LONGEST_FIELD]))
    if tail is None or bool(head[1]) != bool(tail[1]) or begin is None:
        return []
    starts = [head.end()]
    while starts[-1] + step < end:
        found = begin.search(content, starts[-1] + step)
        if found is None:
            break
        starts.append(found.end(1))
    return list(pairwise([*starts, tail.start()])) if len(starts) > 1 else []


def _beginning(text: bytes) -> re.Pattern[bytes] | None:
    """What finds the comma before an execution like the one that `text` begins with."""
    keys: list[bytes] = []
    place = 0
    while len(keys) < _FIELDS and (found := _FIELD.match(text, place)):
        keys.append(found[1])
        place = found.end()
    if len(keys) < _LEAST:
        return None
    fields = rb"\s*,\s*".join(re.escape(key) + rb"\s*:\s*" + _SCALAR for key in keys)
    return re.compile(rb"\}(\s*,)(?=\s*\{\s*" + fields + rb")")


def read_range(content: memoryview, ids: Range, source: str) -> Iterator[Row]:
    """The executions of a range, numbered from its first. Raises SourceError where there is anything else in it."""
    low, high = ids
    part = content[low:high]
    text = b"".join((b"[", part[:-1] if bytes(part[-1:]) == b"," else part, b"]"))
    del part
    try:
        try:
            elements = RAWS.decode(text)
        except ValueError:
            elements = RAWS.decode(whole_characters(text))
        del text
        for position, element in enumerate(elements, 1):
            execution, whole = taken(element)
            if not is_run(execution):
                raise SourceError(f"{source} holds something else than executions.")
            yield execution_row(execution, f"row {position}", whole)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{source} can't be read in parts: {error}") from error


def numbered(where: str, before: int) -> str:
    """The place of a row that so many came before, in the ranges before its own."""
    return re.sub(r"\Arow (\d+)\Z", lambda found: f"row {int(found[1]) + before}", where) if before else where
