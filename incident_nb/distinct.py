"""The different rows of a table, so that what is asked of each is worked out once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Numbers = np.ndarray[Any, np.dtype[np.int64]]


def distinct(table: pd.DataFrame, columns: list[str]) -> tuple[Numbers, Numbers]:
    """For each row the number of its combination of values (missing ones are equal), and where each first occurs."""
    number = np.zeros(len(table), dtype=np.int64)
    for column in columns:
        codes, values = codes_of(table[column])
        number, _ = pd.factorize(number * (len(values) + 1) + codes.astype(np.int64) + 1)
    first = np.full(int(number.max(initial=-1)) + 1, len(table), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(table)))
    return number, first


def codes_of(column: pd.Series) -> tuple[Numbers, pd.Index]:
    """A column as numbers of its different values, -1 where it is missing."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories
    codes, values = pd.factorize(column)
    return codes, pd.Index(values)
