"""The time that an analysis covers, and whether there was more before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow

from incident_nb.executions import ExecutionLog
from incident_nb.models import Window
from incident_nb.patterns.states import Floats

# n8n counts a server's executions up from 1. Where at least so many were read, at least this share of the numbers between
# the first and the last is among them, and the first is at least FIRST, what was read is a full list that begins late.
READ, SHARE, FIRST = 50, 0.5, 100


def window(log: ExecutionLog) -> Window:
    """The time the log covers. `pruned_before`: before then there were executions that it does not hold.

    That is told by the ids: see `pruned_before`. Of several servers it is the latest such time.
    """
    at = log.executions["at"].dropna()
    if at.empty:
        return Window()
    return Window(from_=at.min().to_pydatetime(), to=at.max().to_pydatetime(), pruned_before=_pruned(log.executions))


def _pruned(executions: pd.DataFrame) -> pd.Timestamp | None:
    """The latest start of a server's list that is full, but begins with an execution that is not its first.

    A list of failures only, of one client or of one workflow has many numbers missing, and says nothing; neither does one
    whose numbers do not grow with time, as after a move to another server.
    """
    found = []
    for _, rows in executions.groupby("instance", observed=True).indices.items():
        if len(rows) < READ:
            continue
        table = executions[["execution_id", "at"]].take(rows)
        numbers = _numbers(table["execution_id"])
        dated = ~np.isnan(numbers) & table["at"].notna().to_numpy()
        numbers, at = numbers[dated], table["at"][dated]
        if len(numbers) < READ:
            continue
        low, high = numbers.min(), numbers.max()
        if low < FIRST or len(numbers) < SHARE * (high - low + 1):
            continue
        tenth = max(len(numbers) // 10, 1)  # the times are in order; its oldest tenth must have the low numbers
        if np.median(numbers[:tenth]) <= np.quantile(numbers, 0.25):
            found.append(at.iloc[0])
    return max(found).to_pydatetime() if found else None


def _numbers(ids: pd.Series) -> Floats:
    """The ids as numbers, those that are none missing."""
    try:
        return np.asarray(pyarrow.array(ids, from_pandas=True).cast(pyarrow.float64()), dtype=np.float64)
    except pyarrow.ArrowInvalid:
        return np.asarray(pd.to_numeric(ids, errors="coerce"), dtype=np.float64)


def window_words(seen: Window) -> str:
    """The window in a sentence: from when to when, and what is known of executions before it."""
    if seen.from_ is None or seen.to is None:
        return "No execution that was read has a time."
    spans = f"From {seen.from_:%Y-%m-%d %H:%M} to {seen.to:%Y-%m-%d %H:%M} UTC"
    if seen.pruned_before is None:
        return f"{spans}; whether there were executions before it, what was read does not tell."
    if seen.pruned_before <= seen.from_:
        return (
            f"{spans}; n8n ran before it, and those executions were pruned or not read: what began earlier looks new."
        )
    return (
        f"{spans}; of a server's executions before {seen.pruned_before:%Y-%m-%d %H:%M} UTC some were pruned or not read: "
        "what began earlier looks new."
    )
