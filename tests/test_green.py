"""Falsely green runs: each rule with what it is for, and with what only looks like it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from incident_nb.patterns import changed
from incident_nb.patterns.columns import GREEN_COLUMNS
from incident_nb.patterns.green import false_greens
from tests.histories import NO_ERRORS, NODES, START, Array, errors, fleet, history, office, times

HOURLY = times()
COUNT = len(HOURLY)
RANDOM = np.random.default_rng(7)
ITEMS = RANDOM.poisson(20, COUNT) + 1
LATE = np.arange(COUNT) >= COUNT - 60  # the last two and a half days
ONSET = START + pd.Timedelta(hours=COUNT - 60)
END = START + pd.Timedelta(days=400)
WEEKEND = HOURLY.day_of_week >= 5
NIGHT = HOURLY.hour < 6


def found(runs: pd.DataFrame, failures: pd.DataFrame = NO_ERRORS, until: pd.Timestamp = END) -> list[dict[str, Any]]:
    table = false_greens(runs, failures, until)
    assert list(table.columns) == GREEN_COLUMNS
    return table.to_dict("records")


def is_at(row: dict[str, Any], onset: pd.Timestamp, within: str = "1h") -> bool:
    return bool(abs(row["since"] - onset) <= pd.Timedelta(within) and row["not_before"] <= row["since"])


def test_nothing_where_there_used_to_be_something() -> None:
    (row,) = found(history(HOURLY, {"Get orders": ITEMS * ~LATE, "Filter": ITEMS, "Send": 1}))
    assert (row["kind"], row["node"], row["runs"], row["of"], row["now"]) == ("zero_items", "Get orders", 60, 60, 0)
    assert is_at(row, ONSET) and 18 <= row["before"] <= 24 and row["confidence"] > 0.8
    assert (
        row["not_before"] < ONSET and row["execution_ids"][0] == f"wf1-{COUNT - 1}" and len(row["execution_ids"]) == 20
    )
    assert "60 of 60 runs got nothing at “Get orders”" in row["why"] and "none did" in row["why"]


def test_a_poll_that_is_empty_every_second_time_is_told_when_it_is_empty_for_days() -> None:
    items = ITEMS * (RANDOM.random(COUNT) < 0.5)
    assert found(history(HOURLY, items)) == []
    (row,) = found(history(HOURLY, items * ~LATE))
    assert row["kind"] == "zero_items" and is_at(row, ONSET, "8h")
    assert "% did" in row["why"]


def test_a_workflow_that_is_empty_on_weekends_and_at_night_is_told_of_by_day() -> None:
    items = ITEMS * ~(WEEKEND | NIGHT)
    assert found(history(HOURLY, items)) == []
    dry = START + pd.Timedelta(days=35, hours=6) <= HOURLY  # from a Monday on
    (row,) = found(history(HOURLY, items * ~dry))
    assert row["kind"] == "zero_items" and is_at(row, START + pd.Timedelta(days=35, hours=6), "3D")


def test_a_stretch_that_is_over_says_so() -> None:
    dry = (np.arange(COUNT) >= COUNT - 260) & (np.arange(COUNT) < COUNT - 140)
    (row,) = found(history(HOURLY, ITEMS * ~dry))
    assert is_at(row, START + pd.Timedelta(hours=COUNT - 260)) and "over since" in row["why"]
    assert row["last_seen"] < START + pd.Timedelta(hours=COUNT - 140)


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("never changed", history(HOURLY, ITEMS)),
        ("three empty runs", history(HOURLY, ITEMS * (np.arange(COUNT) < COUNT - 3))),
        ("an empty long weekend", history(HOURLY, ITEMS * ~((HOURLY.day_of_year >= 170) & (HOURLY.day_of_year <= 173)))),
        ("more empty runs than before", history(HOURLY, ITEMS * ~(LATE & (RANDOM.random(COUNT) < 0.25)))),
        ("an empty public holiday, as there was one before", history(HOURLY, ITEMS * ~np.isin(HOURLY.day_of_year, [165, 192]))),
        ("new", history(HOURLY[:144], (ITEMS * ~LATE[::-1])[:144])),
        ("only by hand", history(HOURLY, ITEMS * ~LATE, mode="manual")),
        ("of late only by hand", history(HOURLY, ITEMS * ~LATE, mode=np.where(LATE, "manual", "trigger"))),
        ("always empty", history(HOURLY, 0)),
        ("growing", history(HOURLY, (ITEMS * np.linspace(1, 6, COUNT)).astype(int))),
        ("the end of the month", history(HOURLY, ITEMS * np.where(HOURLY.day >= 28, 6, 1))),
        ("weekends", history(HOURLY, (ITEMS * np.where(WEEKEND, 0.1, 1)).astype(int))),
        ("a little less", history(HOURLY, (ITEMS * np.where(LATE, 0.75, 1)).astype(int))),
        ("without data of late", history(HOURLY, ITEMS).assign(nodes_run=lambda t: t["nodes_run"].where(~LATE))),
        ("eleven runs a month", history(HOURLY[::60], (ITEMS * ~LATE)[::60])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_near_misses_of_items(name: str, runs: pd.DataFrame) -> None:
    assert found(runs) == [], name


def few_items(seed: int) -> pd.DataFrame:
    """A poll in office hours that finds something now and then, once two and once fifty."""
    at, rng = office(times("30min", 28)), np.random.default_rng(seed)
    return history(at, rng.lognormal(1.6, 1.0, len(at)).astype(int) * (rng.random(len(at)) < 0.1))


def days_that_differ(seed: int) -> pd.DataFrame:
    """A frequent poll, of which a day's runs have more or less to do together."""
    at, rng = times("5min", 16), np.random.default_rng(seed)
    return history(at, rng.poisson(rng.lognormal(-0.5, 1.0, 30)[(at - START).days]))


def quiet_weekends(seed: int) -> pd.DataFrame:
    """Two weeks from a Sunday evening on, with few runs at weekends, which mostly find nothing."""
    at, rng = times("40min", 14 - 4 / 24, start=START - pd.Timedelta(hours=4), seed=seed), np.random.default_rng(seed)
    at = at[rng.random(len(at)) < np.where(at.day_of_week >= 5, 0.35, 1)]
    return history(at, rng.poisson(np.where(at.day_of_week >= 5, 0.55, 4)))


@pytest.mark.parametrize("habit", [few_items, days_that_differ, quiet_weekends])
def test_what_swings_is_told_of_in_no_more_than_one_of_twenty_workflows(habit: Callable[[int], pd.DataFrame]) -> None:
    assert sum(bool(found(habit(seed))) for seed in range(30)) <= 1


def test_fewer_items_are_told_at_the_first_node_that_gives_them() -> None:
    fewer = (ITEMS * np.where(LATE, 0.3, 1)).astype(int) + 1
    (row,) = found(history(HOURLY, {"Get orders": ITEMS, "Filter": fewer, "Send": fewer}))
    assert (row["kind"], row["node"]) == ("fewer_items", "Filter") and is_at(row, ONSET, "3h")
    assert row["before"] > 2.5 * row["now"] and "“Filter” gave" in row["why"]


def test_a_daily_workflow_is_told_of_after_days_and_not_at_once() -> None:
    daily = times("1D", 90)
    items = RANDOM.poisson(30, 90) + 1
    (row,) = found(history(daily, items * (np.arange(90) < 83)))
    assert row["kind"] == "zero_items" and is_at(row, START + pd.Timedelta(days=83), "1D") and row["of"] == 7
    assert found(history(daily, items * (np.arange(90) < 87))) == []


def test_a_change_of_the_workflow_is_named_and_makes_it_less_sure() -> None:
    version = np.where(LATE, "v2", "v1")
    few = (ITEMS * np.where(LATE, 0.2, 1)).astype(int)
    (row,) = found(history(HOURLY, {"Get orders": ITEMS, "Filter": few, "Send": 1}, version=version))
    assert (
        f"execution wf1-{COUNT - 60} (" in row["why"] and "another version" in row["why"] and row["confidence"] <= 0.6
    )
    long_ago = np.where(np.arange(COUNT) > 300, "v2", "v1")
    (row,) = found(history(HOURLY, {"Get orders": ITEMS, "Filter": few, "Send": 1}, version=long_ago))
    assert "version" not in row["why"] and row["confidence"] > 0.6


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("node", "swallowed_error"),
        ("item", "swallowed_error"),
        ("hint", "swallowed_error"),
        ("body", "error_body"),
    ],
)
def test_errors_in_runs_that_count_as_a_success(place: str, kind: str) -> None:
    runs = history(HOURLY, ITEMS)
    now = LATE & (RANDOM.random(COUNT) < 0.7)
    (row,) = found(runs, errors(runs, now, place))
    assert (row["kind"], row["node"], row["runs"]) == (kind, "Send", int(now.sum())) and is_at(row, ONSET, "6h")
    assert row["before"] == 0 and 0.5 < row["now"] <= 1 and row["execution_ids"][0] in set(runs["execution_id"][now])


def test_an_error_body_explains_why_there_are_fewer_items() -> None:
    runs = history(HOURLY, np.where(LATE, 1, ITEMS))
    (row,) = found(runs, errors(runs, LATE, "body", "Get orders"))
    assert (row["kind"], row["node"]) == ("error_body", "Get orders")


@pytest.mark.parametrize(
    ("which", "place", "status"),
    [
        (RANDOM.random(COUNT) < 0.3, "node", "success"),  # it has always done so
        (np.ones(COUNT, dtype=bool), "body", "success"),
        (np.arange(COUNT) % 300 == 0, "item", "success"),  # now and then
        (LATE, "node", "error"),  # those runs are red
        (LATE, "execution", "success"),
    ],
)
def test_near_misses_of_errors(which: Array, place: str, status: str) -> None:
    runs = history(HOURLY, ITEMS, status=np.where(which, status, "success"))
    assert found(runs, errors(runs, which, place)) == []


def test_a_node_that_is_not_reached_any_more() -> None:
    runs = history(HOURLY, ITEMS, without={"Send": LATE})
    (row,) = found(runs)
    assert (row["kind"], row["node"]) == ("short_runs", "Send") and is_at(row, ONSET)
    sometimes = RANDOM.random(COUNT) < 0.4
    assert found(history(HOURLY, ITEMS, without={"Send": sometimes})) == []


def test_runs_that_are_over_much_sooner() -> None:
    took = RANDOM.lognormal(3, 0.3, COUNT)
    (row,) = found(history(HOURLY, 1, took=took * np.where(LATE, 0.2, 1)))
    assert (
        (row["kind"], row["node"]) == ("short_runs", None)
        and is_at(row, ONSET, "3h")
        and row["before"] > 4 * row["now"]
    )
    assert found(history(HOURLY, 1, took=took * np.where(LATE, 0.6, 1))) == []  # faster is no failure
    assert found(history(HOURLY, 1, took=took / 100 * np.where(LATE, 0.2, 1))) == []  # nor a few hundredths
    assert found(history(HOURLY, 1, took=took * np.where(NIGHT, 0.2, 1))) == []


def test_two_things_of_one_workflow_at_different_times_and_of_two_workflows_are_told_apart() -> None:
    dry = (np.arange(COUNT) >= 500) & (np.arange(COUNT) < 620)
    one = history(HOURLY, ITEMS * ~dry)
    other = history(HOURLY, ITEMS * ~LATE, flow="wf2")
    rows = found(fleet(one, other), errors(one, LATE))
    assert [(row["workflow_id"], row["kind"]) for row in rows] == [
        ("wf1", "swallowed_error"), ("wf2", "zero_items"), ("wf1", "zero_items"),
    ]  # fmt: skip


def test_what_is_not_known_is_not_told() -> None:
    """Records without the instant at which a run ended, and counts that no run can have."""
    runs = history(
        HOURLY, {"Get orders": ITEMS, "Filter": ITEMS}, without={"Send": LATE}, took=np.nan, ms=dict.fromkeys(NODES, 1)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,) = found(runs)
        assert (row["kind"], row["node"]) == ("short_runs", "Send") and np.isnan([row["before"], row["now"]]).all()
        huge = history(HOURLY, ITEMS).assign(
            node_items=lambda table: table["node_items"].str.replace("\n", "\n" + "9" * 60, n=1)
        )
        assert found(huge) == []


def test_what_comes_after_until_is_not_looked_at_and_few_runs_say_nothing() -> None:
    runs = history(HOURLY, ITEMS * ~LATE)
    assert found(runs, until=ONSET) == []
    assert found(runs.head(0)) == [] and found(runs.tail(20)) == []


def test_office_hours_are_known() -> None:
    at = office(HOURLY)
    items = RANDOM.poisson(20, len(at)) + 1
    assert found(history(at, items)) == []
    late = at >= at[-30]
    (row,) = found(history(at, items * ~late))
    assert row["of"] == 30 and row["node"] == NODES[1]


def test_days_that_differ_count_as_so_many_runs() -> None:
    seconds = np.arange(96.0 * 20) * 900
    off = np.where(np.arange(96 * 20) // 96 % 2 == 0, 1.0, -1.0)  # a good day, a bad day, in turn
    assert changed._clumped(off, np.ones(len(off)), seconds) == (96.0, 20)


def test_how_much_days_differ_is_told_by_few_days_less_surely() -> None:
    few, many = (changed._by_few(8.0, days) for days in (6, 10_000))
    assert few < 5 and 7.9 < many < 8.0
    assert changed._by_few(-1.0, 6) == -1.0
