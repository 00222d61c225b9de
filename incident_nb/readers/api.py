"""n8n's JSON: public API pages, bare arrays, single executions, the editor's own answers, JSON lines, workflow lists."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from incident_nb.errors import SourceError
from incident_nb.executions import Skipped
from incident_nb.readers import limits
from incident_nb.readers.plain import Plain, Told
from incident_nb.readers.rows import Row, WorkflowRow, ended_as, text_or_none, whole_characters
from incident_nb.readers.shapes import (
    ALERT,
    EDITOR_LIST,
    INNER,
    LISTED,
    ONE,
    RAWS,
    TYPED,
    Execution,
    from_alert,
)

Found = Row | WorkflowRow | Skipped

_ALONE = msgspec.Raw(b"")

_NEXT_ROW = re.compile(rb'[,\[]\s*(?=\{\s*"id"\s*:)')
_LINE_END = re.compile(rb"\n")
_OPEN, _DEEP = re.compile(rb"[\[{]"), 400  # far less than what any decoder takes
_BETWEEN = re.compile(  # two rows: of one list, or the last of one page and the first of the next
    rb'\s*(?:,\s*|\]\s*(?:,\s*"nextCursor"\s*:\s*(?:null|"[^"]*")\s*)?\}?\s*(?:\{[^{}\[\]]*)?\[?\s*)'
)
_TOO_MANY = f"more than {limits.BAD_PARTS:,} damaged parts: the rest of the file was not read"
_NEXT_LINE = re.compile(rb"\n\{")


def read_json(content: memoryview, source: str) -> Iterator[Found]:
    """Rows of one JSON document or of JSON lines; what is damaged comes as `Skipped` with its place.

    Raises SourceError when the content is JSON but nothing of n8n's.
    """
    content = content[3:] if bytes(content[:3]) == b"\xef\xbb\xbf" else content
    elements, damaged = None, False
    try:
        elements = _mended(content)
    except (ValueError, RecursionError):
        damaged = True
    if elements is None and bytes(content[:64]).lstrip()[:1] == b"{" and _NEXT_LINE.search(content):
        yield from _lines(content, source)
        return
    if damaged:
        yield from _salvage(content, source)
        return
    yield from _each(elements, content, source)


def _each(elements: Iterable[msgspec.Raw | Execution] | None, content: memoryview, source: str) -> Iterator[Found]:
    """Rows of a document's elements, decoded one at a time, so that never all of them are held."""
    before: list[Found] = []  # what came before it was clear that these are executions or workflows
    known, bad, position = False, 0, 0
    for position, element in enumerate(elements or (), 1):
        where = f"row {position}"
        try:
            one, whole = taken(element)
        except (ValueError, RecursionError) as error:
            bad += 1
            if bad > limits.BAD_PARTS and not known:
                break
            if bad > limits.BAD_PARTS:
                yield Skipped(source, where, _TOO_MANY)
                return
            where += _byte_of(element, content)
            found: list[Found] = [Skipped(source, where, f"damaged, or not as n8n writes it: {error}")]
        else:
            found = [execution_row(one, where, whole)] if is_run(one) else [*_as_row(one, where)]
            if not known and (is_run(one) or _is_workflow(one)):
                known = True
                yield from before
                before.clear()
        if known:
            yield from found
        else:
            before += found
    if bad and not known:
        yield from _salvage(content, source)
    elif not known and (position or elements is None):  # an empty list may be one of executions
        raise SourceError(
            f"{source} is JSON, but no n8n export: expected executions as the public API gives them "
            "({data: [...], nextCursor}), a list of them, or one. See docs/sources.md for how to export."
        )


def _byte_of(element: msgspec.Raw | Execution, content: memoryview) -> str:
    """Where an element lies in the document that it was taken from."""
    starts = [np.frombuffer(memoryview(part), "u1").ctypes.data for part in (element, content)]  # type: ignore[arg-type]
    offset = starts[0] - starts[1]
    return f", byte {offset}" if 0 <= offset < len(content) else ""


def taken(element: msgspec.Raw | Execution) -> tuple[Execution, msgspec.Raw]:
    """An element decoded, and its JSON. Raises ValueError where it is damaged."""
    if isinstance(element, Execution):
        return element, _ALONE
    with contextlib.suppress(msgspec.ValidationError):  # where the data has another shape, it stays raw
        return TYPED.decode(element), element
    return ONE.decode(element), element


def _mended(content: memoryview) -> list[msgspec.Raw] | list[Execution] | None:
    """`_document`, also of one that holds half characters: n8n writes what a service cut off as it came."""
    try:
        return _document(content)
    except ValueError:
        mended = whole_characters(bytes(content))
        if len(mended) == len(content) and mended == content:
            raise
        return _document(memoryview(mended))


def _document(content: memoryview) -> list[msgspec.Raw] | list[Execution] | None:
    """The elements of one document in any of its shapes, those of a list still JSON; None when it is some other JSON."""
    if bytes(content[:64]).lstrip()[:1] == b"[":
        return RAWS.decode(content)
    with contextlib.suppress(msgspec.ValidationError):
        return LISTED.decode(content).data
    return _single(content)


def _single(content: memoryview) -> list[msgspec.Raw] | list[Execution] | None:
    """The same of a document that is no list."""
    for decoder, unpack in (
        (ONE, lambda d: [d]),
        (INNER, lambda d: [d.data]),
        (EDITOR_LIST, lambda d: d.data.results),
    ):
        try:
            elements: list[Execution] = unpack(decoder.decode(content))
        except msgspec.ValidationError:
            continue
        if elements is not None and all(element.id is not None for element in elements):
            return elements
    try:
        return [from_alert(ALERT.decode(content))]
    except ValueError:
        return None


def _as_row(element: Execution, where: str, whole: msgspec.Raw = _ALONE) -> Iterator[Found]:
    if element.id in (None, ""):
        yield Skipped("", where, "no execution id in it")
    elif is_run(element):
        yield execution_row(element, where, whole)
    elif _is_workflow(element):
        tags = [str(tag["name"]) for tag in _objects(element.tags) if tag.get("name")]
        owners = _objects([share.get("project") for share in _objects(element.shared)])
        project = next((str(owner["name"]) for owner in owners if owner.get("name")), None)
        active = element.active if isinstance(element.active, bool) else None
        yield WorkflowRow(str(element.id), element.name, tuple(tags), project, active)
    else:
        yield Skipped("", where, "neither an execution nor a workflow")


def is_run(element: Execution) -> bool:
    """Every version says of a run how it was started and of which workflow; other things have a status, too."""
    flow = element.workflowId is not None or bytes(element.workflowData) not in (b"", b"null")
    return element.id not in (None, "") and ((element.mode is not None and flow) or element.errorOnly)


def _is_workflow(element: Execution) -> bool:
    return element.id not in (None, "") and element.mode is None and bool(element.nodes)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def execution_row(element: Execution, where: str, whole: msgspec.Raw = _ALONE) -> Row:
    """An execution as a row. `whole`: the element's JSON, where its data was decoded with it."""
    data, flatted = _data(element.data, whole)
    return Row(
        execution_id=str(element.id),
        where=where,
        workflow_id=text_or_none(element.workflowId),
        workflow=element.workflowName,
        mode=element.mode,
        status=element.status or ended_as(element.finished, element.stoppedAt, element.waitTill),
        started_at=element.startedAt,
        stopped_at=element.stoppedAt,
        retry_of=text_or_none(element.retryOf),
        flow=bytes(element.workflowData) or None,
        document=data,
        flatted=flatted,
        data="too_large" if element.dataTooLargeToDisplay else "error_only" if element.errorOnly else "full",
    )


def _data(found: msgspec.Raw | Told | str | None, whole: msgspec.Raw) -> tuple[bytes | Plain | None, bool]:
    """An element's data, and whether it is flatted: the editor's answer holds the stored text as a JSON string."""
    if found is None:
        return None, False
    if isinstance(found, Told):
        return Plain(whole, found), False
    if isinstance(found, str):
        return found.encode() or None, True
    raw = bytes(found)
    if raw[:1] != b'"':
        return (None if raw in (b"", b"null") else raw), False
    with contextlib.suppress(ValueError):  # damage is found out on reading
        return msgspec.json.decode(raw, type=str).encode() or None, True
    return raw, True


def _lines(content: memoryview, source: str) -> Iterator[Found]:
    """JSON lines: each line is any of the documents."""
    start, number, size = 0, 0, len(content)
    good = False
    bad: list[Skipped] = []
    while start < size:
        if len(bad) >= limits.BAD_PARTS:
            bad.append(Skipped(source, f"after line {number}", _TOO_MANY))
            break
        found = _LINE_END.search(content, start)
        end = found.start() if found else size
        number += 1
        line = content[start:end]
        start = end + 1
        if not bytes(line[:1024]).strip():
            continue
        try:
            elements = [taken(element) for element in _mended(line) or ()]
        except (ValueError, RecursionError) as error:
            bad.append(Skipped(source, f"line {number}", f"not readable: {error}"))
            continue
        if not elements:
            bad.append(Skipped(source, f"line {number}", "neither an execution nor a workflow"))
            continue
        good = good or (line[0] == ord("{") and any(is_run(one) or _is_workflow(one) for one, _ in elements))
        for element, whole in elements:
            yield from _as_row(element, f"line {number}", whole)
    if good:
        yield from bad
    else:  # documents one after another that take several lines each
        yield from _salvage(content, source)


def _salvage(content: memoryview, source: str) -> Iterator[Found]:
    """Row by row through a damaged document: good rows come out, bad ones are named with their byte."""
    text = bytes(content)
    characters = text.decode("latin-1")  # one character a byte: only the structure is looked at here
    scan = json.JSONDecoder().raw_decode
    good, position, number, lost = 0, 0, 0, False
    bad, passed, odd, left = 0, 0, "", limits.SALVAGE_PASSES * len(text) + limits.MIB
    for found in _NEXT_ROW.finditer(text):
        start = found.end()
        if start < max(position, passed):
            continue  # inside the row just read, or known to be nested too deep
        if position and not (start - position < 1000 and _BETWEEN.fullmatch(text, position, start)):
            odd = odd or f"byte {position}"
        where = f"row {number + 1}, byte {start}"
        if bad > limits.BAD_PARTS or left < 0:
            yield Skipped(source, where, _TOO_MANY)
            break
        try:
            _, position = scan(characters, start)
            element = ONE.decode(text[start:position])
        except (ValueError, RecursionError) as error:
            bad += 1
            reached = error.pos if isinstance(error, json.JSONDecodeError) else position
            if isinstance(error, RecursionError):  # so many brackets further on is still inside this row
                reached = passed = next((b.end() for b in islice(_OPEN.finditer(text, start), _DEEP, None)), len(text))
            left -= max(reached - start, 0)
            if not lost:
                number += 1
                yield Skipped(source, where, f"damaged, cut off, or not as n8n writes it: {error}")
            lost = lost or position <= start
            continue
        if lost and not (is_run(element) or _is_workflow(element)):
            continue  # a part of the damaged row
        number, lost = number + 1, False
        for row in _as_row(element, where):
            good += not isinstance(row, Skipped)
            yield row
    if good and odd and not bad:
        yield Skipped(source, odd, "something that belongs to no row: the row before it may be damaged")
    if not good:
        raise SourceError(
            f"{source} is damaged, or no n8n export: no execution could be read from it. "
            "Export it again; see docs/sources.md."
        )
