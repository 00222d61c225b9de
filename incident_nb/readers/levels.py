"""How a run went, read from its stored data (`flatted`) level by level, with what repeats from run to run worked out once.

n8n writes the data breadth first, and most runs of a workflow differ in times and values only: their lists and objects of
references are the same to the letter. So the parts of a level are put together, and what they refer to is looked up by
that text; only what is new is decoded. What varies anyway, the records of the runs and what the items hold, is decoded in
one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Annotated, Any, NamedTuple

import msgspec

from incident_nb.readers import limits, paths
from incident_nb.readers.paths import Watch

Parts = Sequence[msgspec.Raw]
Take = Callable[[Parts], Sequence[msgspec.Raw]]

_FREE = 2 * limits.MIB  # bytes that parts may be taken together to, whatever the size of the document
# Texts of a kind that are remembered, and bytes of one: some tens of MB in all. A reference weighs more than a letter.
_MOST_KEPT, _LONGEST_KEPT, _REFERENCE = 5_000, 2_000, 8
_MANY_PARTS, _MOST_PARTS = 500_000, 5_000_000  # a place takes some 120 bytes


class _Run(msgspec.Struct, gc=False):
    executionTime: Annotated[int, msgspec.Meta(ge=0, le=paths.MOST_MS)] | None = None
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


# Keys of an item's body that may tell of an error, as services spell them; `bodies` takes them in any spelling.
_ERRORS = ("error", "errors", "Error", "Errors", "ERROR", "ERRORS")
_FLAGS = ("success", "ok", "Success", "Ok", "OK", "SUCCESS")
_STATES = ("status", "Status", "STATUS")
_NUMBERS = ("code", "status_code", "error_code", "cod", "errorCode", "httpCode", "httpStatus", "http_code", "statuscode",
            "errorcode", "httpcode", "httpstatus", "Code", "ErrorCode", "HttpCode", "HttpStatus", "CODE")  # fmt: skip
_WHOLE = ("statusCode", "StatusCode")  # n8n's full response
_KEYS = (*_FLAGS, *_WHOLE, *_ERRORS, *_STATES, *_NUMBERS, "data")
# Its texts, lists and objects are references.
Body = msgspec.defstruct("Body", [(key, Any, None) for key in _KEYS], gc=False)


_by_name, _texts = msgspec.json.Decoder(dict[str, str]), msgspec.json.Decoder(list[list[str]])
_some_texts, _any_lists = msgspec.json.Decoder(list[list[str | None]]), msgspec.json.Decoder(list[list[Any]])
_runs, _given = msgspec.json.Decoder(list[_Run]), msgspec.json.Decoder(list[_Given])
_item, _bodies = msgspec.json.Decoder(list[_Item]), msgspec.json.Decoder(list[Body])  # type: ignore[valid-type]
_SILENT = Body()
_EMPTY, *_BLANK = map(msgspec.Raw, (b"[]", b"[]", b"{}", b'""', b"null"))
_FAILING = frozenset(b'"%b"' % word for word in (b"error", b"failed", b"fail", b"failure"))

_places: dict[str, int] = {}


class Known(dict[Any, Any]):
    """What `work` makes of a text or of references, made once; forgotten when it becomes too much."""

    def __init__(self, work: Callable[[Any], Any], size: Callable[[Any], int] = len) -> None:
        super().__init__()
        self._work, self._size = work, size

    def __missing__(self, key: Any) -> Any:
        found = self._work(key)
        if self._size(key) <= _LONGEST_KEPT:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[key] = found
        return found


def places_of(count: int) -> dict[str, int]:
    """The places that at least the first `count` indices stand for, made once. Raises TooLargeError for millions of them."""
    if count > _MOST_PARTS:
        raise limits.TooLargeError(f"it has more than {_MOST_PARTS:,} parts: it was not looked at")
    if len(_places) > max(4 * count, _MANY_PARTS):  # a large document's, which would be held for good
        _places.clear()
    if len(_places) < count:
        _places.update((str(index), index) for index in range(len(_places), count))
    return _places


def weigh(size: int, document: int) -> None:
    """Raises TooLargeError where a document of so many bytes refers to more of itself than it can hold once."""
    if size > _FREE + 3 * document:
        raise limits.TooLargeError("it refers to parts of itself again and again: it was not looked at")


# Names, items and milliseconds of the nodes; a reference to the first run's metadata; whether there may be an error.
Told = tuple[str | None, str | None, str | None, Any, bool]
NOTHING: Told = (None, None, None, None, False)


def told(parts: Parts, size: int, reference: Any, watch: Watch) -> Told:
    """What the `runData` at `reference` tells; `size`: bytes of the document.

    Raises ValueError, LookupError or TypeError where something is not as n8n writes it, TooLargeError where it refers to
    itself without end.
    """
    if reference is None:
        return NOTHING
    nodes = _nodes_of[bytes(parts[_places[reference]]), watch.nodes]
    if not nodes.names:
        return NOTHING
    free = _FREE // size  # so many parts weigh no more, whichever they are
    entries = _entries_of[_joined(nodes.take(parts), free, size)]
    records = _runs.decode(b"[%b]" % _joined(entries.take(parts), free, size))
    suspect = any([run.error is not None or run.redactedError is not None for run in records])
    if watch.warns and not suspect:
        suspect = any([run.hints is not None and parts[_places[run.hints]] != _EMPTY for run in records])
    took = [run.executionTime for run in records]
    given = _data_of[tuple([run.data for run in records])]
    mains = _mains_of[_joined(given(parts), free, size)]
    outputs = _outputs_of[_joined(mains.take(parts), free, size)]
    lists = _lists_of[_joined(outputs.take(parts), free, size)]
    found, counts, watched = lists.found, lists.counts, nodes.watched
    if not outputs.single or len(found) != len(records):
        found = _per_run(found, mains, outputs, records)
        counts = paths.shared(paths.lined(map(_length, found)))
    if entries.counts:
        took = _per_node(took, entries.counts)
        counts = paths.shared(paths.lined(_per_node(list(map(_length, found)), entries.counts)))
        owners = [of for of, count in enumerate(entries.counts) for _ in range(count)]
        watched = tuple([place for place, of in enumerate(owners) if of in watched])
    if watched and not suspect:
        items = tuple([item for place in watched for item in found[place] or ()])
        suspect = bool(items) and _errs(parts, free, size, items)
    lined = "\n".join(map(str, took)) if None not in took else paths.lined(took)
    first = records[0].metadata if records and (entries.counts is None or entries.counts[0]) else None
    return nodes.names, counts, lined, first, suspect


def _per_run(lists: list[Any], mains: _Mains, outputs: _Outputs, records: list[_Run]) -> list[Any]:
    """The references to the items of each run, of all its outputs; None where they are unknown."""
    rest, runs = iter(lists), iter(outputs.kept)
    merged = iter([[item for kept in next(runs) if kept for item in next(rest)] if has else None for has in mains.has])
    return [next(merged) if run.data is not None else None for run in records]


class _Nodes(NamedTuple):
    names: str
    watched: tuple[int, ...] = ()  # places of the nodes whose items are looked at
    take: Take = itemgetter(slice(0, 0))


class _Entries(NamedTuple):
    counts: tuple[int, ...] | None  # runs of each node, None where each has one
    take: Take


class _Mains(NamedTuple):
    has: tuple[bool, ...]
    take: Take


class _Outputs(NamedTuple):
    single: bool
    kept: tuple[tuple[bool, ...], ...]
    take: Take


class _Lists(NamedTuple):
    found: list[list[Any]]
    counts: str


class _Items(NamedTuple):
    errors: list[Any]
    take: Take


def _nodes(key: tuple[bytes, frozenset[str]]) -> _Nodes:
    runs = _by_name.decode(key[0])
    if not runs:
        return _Nodes("")
    watched = tuple([place for place, name in enumerate(runs) if name in key[1]])
    return _Nodes(paths.names_of(runs), watched, _taking(runs.values()))


def _entries(joined: bytes) -> _Entries:
    found = _texts.decode(b"[%b]" % joined)
    counts = tuple(map(len, found))
    return _Entries(None if set(counts) == {1} else counts, _taking([one for entry in found for one in entry]))


def _data(gave: tuple[Any, ...]) -> Take:
    return _taking([one for one in gave if one is not None])


def _mains(joined: bytes) -> _Mains:
    found = [one.main for one in _given.decode(b"[%b]" % joined)]
    return _Mains(tuple([main is not None for main in found]), _taking([main for main in found if main is not None]))


def _outputs(joined: bytes) -> _Outputs:
    found = _some_texts.decode(b"[%b]" % joined)
    kept = tuple([tuple([output is not None for output in run]) for run in found])
    take = _taking([output for run in found for output in run if output is not None])
    return _Outputs(all(one == (True,) for one in kept), kept, take)


def _lists(joined: bytes) -> _Lists:
    found = _any_lists.decode(b"[%b]" % joined)
    return _Lists(found, paths.shared(paths.lined(map(len, found))))


def _items(joined: bytes) -> _Items:
    found = _item.decode(b"[%b]" % joined)
    errors = [item.error for item in found if item.error is not None]
    bodies = dict.fromkeys([item.json for item in found if item.json is not None])  # nodes pass on the same ones
    return _Items(errors, _taking(bodies))


def _errs(parts: Parts, free: int, size: int, wanted: tuple[Any, ...]) -> bool:
    """Whether any of some items may carry an error or be one."""
    items = _items_of[_joined(_taking_of[wanted](parts), free, size)]
    if items.errors and any(_holds(parts, error) for error in items.errors):
        return True
    bodies = _bodies.decode(b"[%b]" % _joined(items.take(parts), free, size))
    return bodies.count(_SILENT) != len(bodies) and any(_is_bad(parts, body) for body in bodies)


def _is_bad(parts: Parts, body: Any) -> bool:
    told = {key: value for key, value in zip(_KEYS, msgspec.structs.astuple(body), strict=True) if value is not None}
    for key, value in told.items():
        if key in _FLAGS:
            bad = value is False
        elif key in _ERRORS:
            bad = _holds(parts, value)
        elif key in _WHOLE:
            bad = True
        elif key == "data":
            bad = isinstance(value, str) and "code" in told and b'"status":' in bytes(parts[_places[value]])
        else:
            bad = _is_failing(parts, value)
            if not bad and key in _STATES and isinstance(value, str):
                bad = bytes(parts[_places[value]]).lower() in _FAILING
        if bad:
            return True
    return False


def _is_failing(parts: Parts, code: Any) -> bool:
    if isinstance(code, str):
        return bytes(memoryview(parts[_places[code]])[:2]) in (b'"4', b'"5')
    return isinstance(code, int | float) and 400 <= code < 600


def _holds(parts: Parts, value: Any) -> bool:
    return parts[_places[value]] not in _BLANK if isinstance(value, str) else bool(value)


def _joined(found: Sequence[msgspec.Raw], free: int, size: int) -> bytes:
    """Parts one after another, with commas. Raises TooLargeError where one is referred to without end."""
    if len(found) > free:
        weigh(sum(memoryview(part).nbytes for part in found), size)
    return b",".join(found)


def _taking(references: Any) -> Take:
    """What takes the parts that are referred to."""
    found = [_places[one] for one in references]
    if len(found) > 1:
        return itemgetter(*found)
    return itemgetter(slice(found[0], found[0] + 1)) if found else itemgetter(slice(0, 0))


def _length(items: list[Any] | None) -> int | None:
    return None if items is None else len(items)


def _per_node(values: Sequence[int | None], counts: tuple[int, ...]) -> list[int | None]:
    """The values of runs summed up for each node."""
    left = iter(values)
    return [paths.total([next(left) for _ in range(count)]) for count in counts]


_nodes_of = Known(_nodes, lambda key: len(key[0]))
_entries_of, _mains_of = Known(_entries), Known(_mains)
_outputs_of, _lists_of, _items_of = Known(_outputs), Known(_lists), Known(_items)
_data_of, _taking_of = (Known(work, lambda key: _REFERENCE * len(key)) for work in (_data, _taking))
