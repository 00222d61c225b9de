"""What each node gave out and how long it took, in every run: one row a node's run, as arrays that stay small."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int32]]
_TEXT = pa.large_string()


class NodeRuns(NamedTuple):
    """Node runs in the order of the executions and, within each, of its nodes; all arrays but `names` of one length.

    `position`: of the execution in the table it was made from. `node`: code, its name is `names[node]`. `items`, `ms`:
    how many items the node gave out and how many milliseconds it took in all its runs, NaN where that is not known.
    """

    names: np.ndarray[Any, Any]
    position: Ints
    node: Ints
    items: Floats
    ms: Floats


class _Lists(NamedTuple):
    """The lines of texts: those of row r are `values[starts[r] : starts[r] + lengths[r]]`, a missing text has none."""

    values: pa.Array
    starts: np.ndarray[Any, Any]
    lengths: np.ndarray[Any, Any]


def node_runs(executions: pd.DataFrame) -> NodeRuns:
    """The node runs of executions, of their columns `nodes_run`, `node_items` and `node_ms`.

    An execution without data has none. Where items or times are not as many as the nodes, which of them is whose is not
    known, and all of that execution's are missing.
    """
    nodes = _lines(executions["nodes_run"])
    encoded = pc.dictionary_encode(nodes.values)
    names = encoded.dictionary.to_numpy(zero_copy_only=False)
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    return NodeRuns(
        names,
        np.repeat(np.arange(len(executions), dtype=np.int32), nodes.lengths),
        codes[_places(nodes.starts, nodes.lengths)],
        _numbers(_lines(executions["node_items"]), nodes.lengths),
        _numbers(_lines(executions["node_ms"]), nodes.lengths),
    )


def _lines(column: pd.Series) -> _Lists:
    """The lines of each row's text; each distinct one of a category is split once."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, distinct = column.cat.codes.to_numpy(), column.cat.categories
    else:
        distinct = column.dropna()
        known = column.notna().to_numpy()
        codes = np.where(known, np.cumsum(known) - 1, -1)
    if not len(distinct):
        nothing = np.zeros(len(codes), dtype=np.int64)
        return _Lists(pa.array([], _TEXT), nothing, nothing)
    texts = pa.array(distinct, _TEXT)
    split = pc.split_pattern(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts, "\n")
    offsets = split.offsets.to_numpy()
    return _Lists(split.values, offsets[:-1][codes], np.where(codes < 0, 0, np.diff(offsets)[codes]))


def _places(starts: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where in the values each row's lines are, one row after the other."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)


def _numbers(lines: _Lists, expected: np.ndarray[Any, Any]) -> Floats:
    """The lines as numbers, as many in each row as `expected`; NaN where they are others or none."""
    values = _as_numbers(lines.values)
    fits = lines.lengths == expected
    if fits.all():
        every: Floats = values[_places(lines.starts, lines.lengths)]
        return every
    found: Floats = np.full(int(expected.sum()), np.nan, dtype=np.float32)
    found[np.repeat(fits, expected)] = values[_places(lines.starts[fits], lines.lengths[fits])]
    return found


def _as_numbers(texts: pa.Array) -> Floats:
    try:  # all of them numbers, which is quick
        return _floats(pc.cast(texts, pa.float32()))
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(texts, r"^[0-9]+(\.[0-9]+)?$")
        return _floats(pc.cast(pc.if_else(plain, texts, pa.scalar(None, _TEXT)), pa.float32()))


def _floats(numbers: pa.Array) -> Floats:
    found: Floats = numbers.to_numpy(zero_copy_only=False)
    return found if np.isfinite(found).all() else np.where(np.isfinite(found), found, np.float32(np.nan))
