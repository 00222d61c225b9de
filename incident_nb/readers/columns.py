"""Columns of all pieces put together, as a log has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from incident_nb.readers.tables import categorical

Codes = np.ndarray[Any, np.dtype[Any]]
Tables = Sequence[pa.Table]


class Words(NamedTuple):
    """A column of few different texts: a code a row (-1: missing) into `words`."""

    codes: Codes
    words: list[str]

    def where(self, kept: Codes) -> Words:
        return Words(self.codes[kept], self.words)

    def category(self, clean: Callable[[str], str] = str) -> pd.Categorical:
        """As a categorical of what is used of it."""
        used = np.flatnonzero(np.bincount(self.codes[self.codes >= 0], minlength=len(self.words)))
        again = np.full(len(self.words) + 1, -1)
        again[used] = np.arange(len(used))
        return categorical(again[self.codes], [self.words[place] for place in used], clean)


def words(tables: Tables, name: str) -> Words:
    """One column of all pieces; equal texts get one code."""
    known: dict[str, int] = {}
    found = []
    for table in tables:
        column = table[name].combine_chunks()
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        places = np.array([*(known.setdefault(word, len(known)) for word in column.dictionary.to_pylist()), -1])
        found.append(places[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)].astype("int32"))
    return Words(np.concatenate(found) if found else np.array([], dtype="int32"), list(known))


def plain(tables: Tables, name: str) -> Any:
    """One column of all pieces as an Arrow array."""
    chunks = [chunk for table in tables for chunk in table[name].chunks]
    return pa.chunked_array(chunks, None if chunks else pa.null())


def kind_of(kind: Any) -> str:
    return "category" if pa.types.is_dictionary(kind) else "float64" if pa.types.is_floating(kind) else "str"


def column(tables: Tables, name: str, kind: str, kept: Codes) -> Any:
    """One column of all pieces as a log has it, of the rows that are kept."""
    if kind == "category":
        return words(tables, name).where(kept).category()
    found = plain(tables, name)
    if not kept.all():
        found = found.filter(pa.array(kept))
    if kind == "str":
        return pd.array(found.cast(pa.large_string()).combine_chunks(), dtype="str")
    if kind == "Int64":
        return found.cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get).array
    return found.to_pandas().astype(kind).array
