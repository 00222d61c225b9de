"""Collected rows as the documented DataFrames, every text of them through the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from incident_nb import redact
from incident_nb.escape import printable
from incident_nb.readers import limits

KEPT_TEXT = 6_000
_EARLIEST, _LATEST = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
_TEXT = pa.large_string()
_LONG = {"node_items", "source"}  # of the categories those that are no names
_LINES = {"nodes_run"}  # and a name a line: each by itself, so that no line is lost
# Words of our own and ids of n8n's own making, which hold nothing from outside.
_OWN_WORDS = {"instance", "execution_id", "mode", "status", "data", "place", "snapshot", "node_items", "node_ms"}


class Gate(dict[str, str]):
    """Each distinct text made printable and redacted once, then cut to what is kept: never the other way round."""

    def __missing__(self, text: str) -> str:
        clean = printable(redact.redact_text(printable(text[: limits.TEXT])))  # JSON in it has been unescaped
        if len(text) > limits.TEXT:
            clean = clean[: -limits.TEXT // 8]  # the cut may have gone through a secret, which then has no shape
        self[text] = clean = clean[:KEPT_TEXT]
        return clean


def frame(
    rows: Collection[Any], read: Callable[[str], Callable[[Any], Any]], columns: dict[str, str], gate: Gate
) -> pd.DataFrame:
    """A DataFrame with `columns` (name to dtype) of rows, `read(name)` being what takes one from a row; times are UTC."""
    values = {name: list(map(read(name), rows)) for name in columns}
    return pd.DataFrame({name: _column(name, values[name], dtype, gate) for name, dtype in columns.items()})


def times(values: Sequence[Any]) -> pd.Series:
    """UTC times from n8n's texts (with Z, or the database's without zone) or from epoch milliseconds.

    What lies outside of the years that executions have is a missing time: most tools cannot even write it.
    """
    found = _times(values)
    return found.where((found >= _EARLIEST) & (found < _LATEST))


def _times(values: Sequence[Any]) -> pd.Series:
    first = next((value for value in values if value), "")
    if not isinstance(first, str):
        return pd.to_datetime(pd.Series(values, dtype="float64"), unit="ms", utc=True, errors="coerce").dt.round("ms")
    try:  # all as the first is written, which is quick; else each by itself
        found = pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC" if first.endswith("Z") else None))
        return pd.Series(found.to_numpy(zero_copy_only=False)).dt.tz_localize("UTC")
    except (ValueError, TypeError):
        return pd.Series(pd.to_datetime(np.array(values, dtype=object), utc=True, format="ISO8601", errors="coerce"))


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The rows by time, those of one moment by instance and execution."""
    table = table.sort_values("at", kind="stable", ignore_index=True)
    together = table.loc[table["at"].duplicated(keep=False), ["at", "instance", "execution_id"]]
    if together.empty:
        return table
    order = np.arange(len(table))  # comparing texts takes long: only those of one moment are
    order[together.index] = together.sort_values(list(together), kind="stable").index
    return table.take(order).reset_index(drop=True)


def _column(name: str, values: Sequence[Any], dtype: str, gate: Gate) -> Any:
    if dtype.startswith("datetime64"):
        return times(values).astype(dtype)
    if dtype not in ("str", "category"):
        return pd.Series(values, dtype=dtype)
    clean = str if name in _OWN_WORDS else gate.__getitem__
    if dtype == "category":
        if name in _LINES:
            return _category(values, lambda text: "\n".join([_one_line(clean(line)) for line in text.split("\n")]))
        return _category(values, clean if name in _LONG else lambda text: clean(text)[: limits.NAME])
    texts = (
        [clean(str(value)) or None if value not in (None, "") else None for value in values] if any(values) else None
    )
    return pd.array(pa.nulls(len(values), _TEXT) if texts is None else pa.array(texts, _TEXT), dtype="str")


def _one_line(text: str) -> str:
    return " ".join(text[: limits.NAME].splitlines())


def _category(values: Sequence[Any], clean: Callable[[str], str]) -> pd.Categorical:
    """The values as a categorical with sorted categories; what comes once among the distinct ones is cleaned once."""
    codes, found = pd.factorize(np.array(values, dtype=object), use_na_sentinel=True)
    return categorical(codes, found, clean)


def categorical(codes: np.ndarray, found: Sequence[Any], clean: Callable[[str], str]) -> pd.Categorical:
    """The values that codes (-1: missing) stand for as a categorical with sorted categories, each cleaned once."""
    texts = [None if value == "" else clean(str(value)) for value in found]
    categories = sorted({text for text in texts if text})
    place = {text: index for index, text in enumerate(categories)}
    of_code = np.array([*(place.get(text or "", -1) for text in texts), -1])  # what is missing has the code -1
    return pd.Categorical.from_codes(of_code[codes], categories=pd.Index(categories, dtype="str"))
