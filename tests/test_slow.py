"""Workflows that take longer: since an instant or more and more, and what only looks like it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from incident_nb.patterns.columns import SLOW_COLUMNS
from incident_nb.patterns.slow import slow
from tests.histories import START, fleet, history, times

HOURLY = times()
COUNT = len(HOURLY)
RANDOM = np.random.default_rng(11)
TOOK = RANDOM.lognormal(1.5, 0.3, COUNT)  # about 4.5 seconds
ITEMS = RANDOM.poisson(20, COUNT) + 1
SINCE = np.arange(COUNT) >= 700
ONSET = START + pd.Timedelta(hours=700)
END = START + pd.Timedelta(days=400)
RISING = np.exp(np.linspace(0, 1.2, COUNT))


def found(runs: pd.DataFrame) -> list[dict[str, Any]]:
    table = slow(runs, END)
    assert list(table.columns) == SLOW_COLUMNS
    return table.to_dict("records")


def test_longer_since_an_instant() -> None:
    (row,) = found(history(HOURLY, ITEMS, took=TOOK * np.where(SINCE, 2, 1)))
    assert (row["shape"], row["node"], row["runs"]) == ("step", None, pytest.approx(COUNT - 700, abs=5))
    assert abs(row["since"] - ONSET) <= pd.Timedelta("4h")
    assert row["p50_now"] / row["p50_before"] == pytest.approx(2, rel=0.1) and row["p95_now"] > row["p50_now"]
    assert row["confidence"] > 0.8 and row["execution_ids"][0] == f"wf1-{COUNT - 1}"


def test_longer_and_longer() -> None:
    (row,) = found(history(HOURLY, ITEMS, took=TOOK * RISING))
    assert row["shape"] == "creep" and row["since"] < START + pd.Timedelta(days=14)
    assert row["p50_now"] > 1.5 * row["p50_before"] and "longer and longer" in row["why"]
    late = np.exp(np.clip(np.linspace(-1.5, 1.5, COUNT), 0, None))
    (row,) = found(history(HOURLY, ITEMS, took=TOOK * late))
    assert row["shape"] == "creep" and abs(row["since"] - START - pd.Timedelta(days=21)) < pd.Timedelta(days=6)


def test_the_node_that_it_is_due_to_is_named() -> None:
    mine = np.where(SINCE, 6000, 1000) * RANDOM.lognormal(0, 0.2, COUNT)
    (row,) = found(history(HOURLY, ITEMS, took=3 + mine / 1000, ms={"Filter": mine}))
    assert row["node"] == "Filter" and row["p50_now"] == pytest.approx(6, rel=0.1) and "“Filter”" in row["why"]


def test_a_node_is_told_of_where_the_whole_hides_it() -> None:
    mine = np.where(SINCE, 6000, 2000) * RANDOM.lognormal(0, 0.1, COUNT)
    (row,) = found(history(HOURLY, ITEMS, took=60 + mine / 1000, ms={"Filter": mine}))
    assert (row["node"], row["shape"]) == ("Filter", "step") and abs(row["since"] - ONSET) <= pd.Timedelta("4h")


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("as ever", history(HOURLY, ITEMS, took=TOOK)),
        ("a third more", history(HOURLY, ITEMS, took=TOOK * np.where(SINCE, 1.33, 1))),
        ("a few hundredths", history(HOURLY, ITEMS, took=TOOK / 20 * np.where(SINCE, 2, 1))),
        ("more items", history(HOURLY, (ITEMS * np.where(SINCE, 3, 1)).astype(int), took=TOOK * np.where(SINCE, 2.6, 1))),
        ("growing with its items", history(HOURLY, (ITEMS * RISING).astype(int), took=TOOK * RISING)),
        ("slow at night", history(HOURLY, ITEMS, took=TOOK * np.where(HOURLY.hour < 6, 4, 1))),
        ("slow on weekends", history(HOURLY, ITEMS, took=TOOK * np.where(HOURLY.day_of_week >= 5, 4, 1))),
        ("slow for a while", history(HOURLY, ITEMS, took=TOOK * np.where(SINCE & (np.arange(COUNT) < 760), 3, 1))),
        ("three slow runs", history(HOURLY, ITEMS, took=TOOK * np.where(np.arange(COUNT) >= COUNT - 3, 9, 1))),
        ("faster", history(HOURLY, ITEMS, took=TOOK / RISING)),
        ("by hand", history(HOURLY, ITEMS, took=TOOK * np.where(SINCE, 3, 1), mode=np.where(SINCE, "manual", "trigger"))),
        ("failing", history(HOURLY, ITEMS, took=TOOK * np.where(SINCE, 3, 1), status=np.where(SINCE, "error", "success"))),
        ("new", history(HOURLY[:140], ITEMS[:140], took=(TOOK * RISING**9)[:140])),
        ("few", history(HOURLY[::60], ITEMS[::60], took=(TOOK * np.where(SINCE, 2, 1))[::60])),
        ("days that differ", history(HOURLY, ITEMS, took=TOOK * RANDOM.lognormal(0, 0.5, 43)[np.arange(COUNT) // 24])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_near_misses(name: str, runs: pd.DataFrame) -> None:
    assert found(runs) == [], name


def test_each_workflow_is_measured_by_itself() -> None:
    rows = found(
        fleet(
            history(HOURLY, ITEMS, took=TOOK * 10),
            history(HOURLY, ITEMS, flow="wf2", took=TOOK * np.where(SINCE, 3, 1)),
            history(HOURLY, ITEMS, flow="wf3", took=TOOK * RISING),
        )
    )
    assert {(row["workflow_id"], row["shape"]) for row in rows} == {("wf2", "step"), ("wf3", "creep")}
    assert slow(history(HOURLY).head(0), END).empty
