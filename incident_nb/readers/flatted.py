"""Reading n8n's stored execution data, which is in the `flatted` format, without building what is not needed.

The format: a JSON array whose element 0 is the root. Inside an object or a list every text value is an index into that
array; numbers, booleans and null stand for themselves. An array element that is a text is that text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from incident_nb.readers import limits, paths
from incident_nb.readers.paths import Path, Watch

_FREE = 2 * limits.MIB  # bytes that parts may be taken together to, whatever the size of the document
_RUN_BYTES = 100  # of the record of a node's run, at least
_NOWHERE = "an index in it points nowhere"
_EMPTY, *_BLANK = map(msgspec.Raw, (b"[]", b"[]", b"{}", b'""', b"null"))
_FAILING = [msgspec.Raw(b'"%b"' % word) for word in (b"error", b"failed", b"fail", b"failure")]


class _Root(msgspec.Struct, gc=False):
    resultData: Any = None
    parentExecution: Any = None
    redactionInfo: Any = None


class _Result(msgspec.Struct, gc=False):
    runData: Any = None
    lastNodeExecuted: Any = None
    error: Any = None
    redactedError: Any = None


class _Run(msgspec.Struct, gc=False):
    executionTime: Any = None
    data: Any = None
    error: Any = None
    redactedError: Any = None
    hints: Any = None
    metadata: Any = None


class _Given(msgspec.Struct, gc=False):
    main: str | None = None


class _Item(msgspec.Struct, gc=False):
    json: Any = None
    error: Any = None


class _Body(msgspec.Struct, gc=False):
    error: Any = None
    errors: Any = None
    success: Any = None
    ok: Any = None
    status: Any = None
    code: Any = None
    statusCode: Any = None
    status_code: Any = None
    error_code: Any = None
    cod: Any = None
    data: Any = None
    body: Any = None


_any, _parts = msgspec.json.Decoder(), msgspec.json.Decoder(list[msgspec.Raw])
_root, _result, _body = msgspec.json.Decoder(_Root), msgspec.json.Decoder(_Result), msgspec.json.Decoder(_Body)
_by_name = msgspec.json.Decoder(dict[str, str])
_texts, _many_texts = msgspec.json.Decoder(list[str]), msgspec.json.Decoder(list[list[str]])
_runs, _given = msgspec.json.Decoder(list[_Run]), msgspec.json.Decoder(list[_Given])
_outputs, _lists = msgspec.json.Decoder(list[list[str | None]]), msgspec.json.Decoder(list[list[Any]])
_items, _bodies = msgspec.json.Decoder(list[_Item]), msgspec.json.Decoder(list[_Body])
_places: dict[str, int] = {}


def _places_of(count: int) -> dict[str, int]:
    """The places that at least the first `count` indices stand for, made once."""
    if len(_places) < count:
        _places.update((str(index), index) for index in range(len(_places), 2 * count))
    return _places


class Flatted:
    """A stored document, split into its parts, which are decoded only when asked for.

    Raises `msgspec.DecodeError` when damaged.
    """

    __slots__ = ("_document", "_parts", "_places")

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._parts = _parts.decode(document)
        self._places = _places_of(len(self._parts))

    def size(self) -> int:
        """Bytes of JSON that `tree` would decode."""
        return len(self._document)

    def path(self, watch: Watch, *, parent_in_runs: bool) -> Path:
        """How the run went, and whether there may be an error in it.

        `parent_in_runs`: whether to look for the parent in the first run, where the data does not name one itself.
        """
        root: _Root = self._at("0", _root)
        result: _Result = self._at(root.resultData, _result) or _Result()
        parent = self._at(root.parentExecution)
        try:
            names, items, ms, suspect, first = self._told(result.runData, watch)
        except (
            ValueError,
            LookupError,
            TypeError,
        ):  # not as n8n writes it: part by part, and what is wrong is not known
            names, items, ms, first = self._patiently(result.runData)
            suspect = b'"error' in self._document
        if result.error is not None or result.redactedError is not None:
            suspect = True
        if not parent and parent_in_runs:
            parent = self._get(self._at(first), "parentExecution")
        if isinstance(parent, dict):
            parent = {key: self._at(parent[key]) for key in ("executionId", "workflowId") if key in parent}
        return Path(names, items, ms, self._at(result.lastNodeExecuted), parent, self._at(root.redactionInfo), suspect)

    def _told(self, reference: Any, watch: Watch) -> tuple[str | None, str | None, str | None, bool, Any]:
        """Names, items and milliseconds of the nodes, whether there may be an error, and the first run's metadata.

        Goes down level by level, all of a level's parts in one call. Raises ValueError or LookupError where something is
        not as n8n writes it.
        """
        parts, place, joined = self._parts, self._places, self._joined
        runs = _by_name.decode(parts[place[reference]]) if reference is not None else None
        if not runs:
            return None, None, None, False, None
        entries = _many_texts.decode(joined(runs.values()))
        once = max(map(len, entries)) == 1 == min(map(len, entries))
        records = _runs.decode(joined([one[0] for one in entries] if once else [r for one in entries for r in one]))
        suspect = False
        for record in records:
            if record.error is not None or record.redactedError is not None:
                suspect = True
            elif record.hints is not None and watch.warns and parts[place[record.hints]] != _EMPTY:
                suspect = suspect or b'"fieldNotFound"' in self._document
        first = records[0].metadata if records else None
        names = paths.names_of(runs)
        took = [paths.milliseconds(record.executionTime) for record in records]
        gave = [record.data for record in records]
        counts, lists = self._counted(gave)
        if watch.nodes and lists and not suspect:
            owners = list(runs) if once else [name for name, one in zip(runs, entries, strict=True) for _ in one]
            seen = [item for owner, items in zip(owners, lists, strict=True) if owner in watch.nodes for item in items]
            suspect = bool(seen) and self._errs(seen)
        if not once:
            counts, took = _per_node(counts, entries), _per_node(took, entries)
        return names, paths.shared(paths.lined(counts)), paths.lined(took), suspect, first

    def _counted(self, gave: list[Any]) -> tuple[list[int | None], list[list[Any]]]:
        """For each reference to a run's data the number of its items, None where unknown, and the items themselves."""
        known = [one for one in gave if one is not None]
        mains = [one.main for one in _given.decode(self._joined(known))]
        outputs = _outputs.decode(self._joined([main for main in mains if main is not None]))
        lists = _lists.decode(self._joined([output for run in outputs for output in run if output is not None]))
        if len(lists) == len(gave) and all(len(run) == 1 for run in outputs):  # most: each run one output
            return [len(items) for items in lists], lists
        each, left, rest = [], iter(outputs), iter(lists)
        kept = iter([[item for output in next(left) if output is not None for item in next(rest)] if main is not None
                     else None for main in mains])  # fmt: skip
        each = [next(kept) if one is not None else None for one in gave]
        return [None if items is None else len(items) for items in each], [items or [] for items in each]

    def _errs(self, items: list[Any]) -> bool:
        """Whether any of some items may carry an error or be one."""
        found = _items.decode(self._joined(items))
        bodies = _bodies.decode(self._joined([item.json for item in found if item.json is not None]))
        return any(self._holds(item.error) for item in found) or any(self._is_bad(body) for body in bodies)

    def _is_bad(self, body: _Body) -> bool:
        if body.error is not None and self._holds(body.error):
            return True
        if body.success is False or body.ok is False:
            return True
        if body.errors is not None and self._holds(body.errors):
            return True
        if body.body is not None and body.statusCode is not None and self._is_inner_bad(body.body):
            return True
        if isinstance(body.status, str) and self._parts[self._places[body.status]] in _FAILING:
            return True
        codes = (body.status, body.code, body.statusCode, body.status_code, body.error_code, body.cod)
        if any(code is not None and self._is_failing(code) for code in codes):
            return True
        return body.code is not None and isinstance(body.data, str) and b'"status":' in bytes(self._part(body.data))

    def _is_inner_bad(self, reference: Any) -> bool:
        """Whether the body inside of n8n's full response is an error."""
        part = self._part(reference) if isinstance(reference, str) else _EMPTY
        return memoryview(part)[:1] == b"{" and self._is_bad(_body.decode(part))

    def _is_failing(self, code: Any) -> bool:
        if isinstance(code, str):
            part = bytes(self._part(code))
            return len(part) == 5 and part[:2] in (b'"4', b'"5')
        return isinstance(code, int | float) and 400 <= code < 600

    def _holds(self, value: Any) -> bool:
        if isinstance(value, str):
            return self._part(value) not in _BLANK
        return bool(value)

    def _part(self, reference: str) -> msgspec.Raw:
        return self._parts[self._places[reference]]

    def _joined(self, references: Collection[str]) -> bytes:
        """The parts that are referred to as one JSON list. Raises TooLargeError where one is referred to without end."""
        parts, place = self._parts, self._places
        found = [parts[place[one]] for one in references]
        if len(found) * len(self._document) > _FREE:  # else no repetition can make it large
            self._weigh(sum(memoryview(part).nbytes for part in found))
        return b"[%b]" % b",".join(found)

    def _weigh(self, size: int) -> None:
        if size > _FREE + 3 * len(self._document):
            raise limits.TooLargeError("it refers to parts of itself again and again: it was not looked at")

    def _patiently(self, reference: Any) -> tuple[str | None, str | None, str | None, Any]:
        """The same as `_told`, one by one."""
        runs = self._at(reference)
        if not isinstance(runs, dict) or not runs:
            return paths.names_of(runs) or None if runs else None, None, None, None
        every = {name: self._try(runs, name) for name in runs}
        self._weigh(_RUN_BYTES * sum(map(_length, every.values())))
        plain = {
            name: [self._run(entries, index) for index in range(_length(entries))] for name, entries in every.items()
        }
        names, items, ms = paths.counts_of(plain)
        first = self._try(self._try(self._try(runs, next(iter(runs))), 0), "metadata")
        return names, items, ms, first

    def _run(self, entries: Any, index: int) -> dict[str, Any]:
        run = self._try(entries, index)
        main = self._try(self._try(run, "data"), "main")
        self._weigh(_length(main))
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


def _per_node(values: list[int | None], entries: list[list[str]]) -> list[int | None]:
    """The values of runs summed up for each node."""
    left = iter(values)
    return [paths.total([next(left) for _ in one]) for one in entries]
