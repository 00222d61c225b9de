"""How often workflows fail against the time before, what is new, and whether there was more than was read."""

from __future__ import annotations

from datetime import timedelta
from math import comb
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from incident_nb.models import Window
from incident_nb.patterns import groups, new_since, problems, rates, sequences, window, window_words
from incident_nb.patterns.columns import RATE_COLUMNS
from incident_nb.patterns.rates import adjusted, two_shares, wilson
from tests.builders import HOUR, START, error, flow, log_of, run, runs

FLOWS = [flow(1), flow(2), flow(3)]


def test_the_interval_of_a_share() -> None:
    low, high = wilson(np.array([0.0, 5, 10]), np.array([10.0, 10, 10]))
    assert np.round(low, 3).tolist() == [0.0, 0.237, 0.722]
    assert np.round(high, 3).tolist() == [0.278, 0.763, 1.0]


@pytest.mark.parametrize(
    "counts",
    [
        (3, 10, 0, 10),
        (8, 10, 1, 10),
        (1, 10, 8, 10),
        (9, 10, 3, 10),
        (1, 1000, 6, 1000),
        (2, 7, 30, 900),
        (0, 10, 0, 10),
    ],
)
def test_two_shares_of_few_failures_by_all_the_ways_they_could_have_fallen(counts: tuple[int, int, int, int]) -> None:
    failed, runs_, failed_before, runs_before = counts
    bad = failed + failed_before
    ways = [comb(runs_, k) * comb(runs_before, bad - k) for k in range(bad + 1)]
    assert two_shares(*counts) == pytest.approx(sum(one for one in ways if one <= ways[failed]) / sum(ways))


def test_two_shares_of_many_failures() -> None:
    z = (0.1 - 0.05) / (0.075 * 0.925 * 2 / 400) ** 0.5
    assert two_shares(40, 400, 20, 400) == pytest.approx(2 * (1 - NormalDist().cdf(z)))
    assert two_shares(10, 10, 10, 10) == 1.0


def test_of_many_tests_some_are_significant_by_chance() -> None:
    assert np.round(adjusted(np.array([0.01, 0.04, np.nan, 0.03, 0.5])), 4).tolist()[:2] == [0.04, 0.0533]
    assert np.isnan(adjusted(np.array([np.nan]))).all()


def test_a_workflow_that_fails_more_often_than_before() -> None:
    log = log_of(
        *runs("." * 20 + "X" * 12 + "." * 8, FLOWS[0]), *runs("." * 40, FLOWS[1], first=100),
        *runs("X" * 15 + "." * 25, FLOWS[2], first=200),
    )  # fmt: skip
    found = rates(log, START + 20 * HOUR, START + 40 * HOUR)
    assert list(found.columns) == RATE_COLUMNS
    rows = found.set_index("workflow_id")
    assert rows["trend"].to_dict() == {"wf1": "rising", "wf2": "steady", "wf3": "falling"}
    first = rows.loc["wf1"]
    assert (first["runs"], first["failed"], first["before_runs"], first["before_failed"]) == (20, 12, 20, 0)
    assert first["rate_low"] < first["rate"] == 0.6 < first["rate_high"]
    assert first["p"] < 0.001
    assert "12 of 20 runs failed (60.0%, 95 % interval" in first["why"] and "corrected for 3 workflows" in first["why"]


def test_without_a_time_before_there_is_no_trend() -> None:
    found = rates(log_of(*runs("..XX")), START + HOUR)
    assert (found["trend"][0], found["runs"][0], found["failed"][0]) == ("unknown", 3, 2)
    assert found[["before_runs", "before_failed", "before_rate", "p"]].isna().all(axis=None)
    assert "does not reach back" in found["why"][0]


def test_what_was_read_may_reach_back_further_than_the_part_that_is_asked_about() -> None:
    log = log_of(*runs("..XX"))
    seen = Window(from_=START - 10 * HOUR, to=START + 3 * HOUR)
    (told,) = rates(log, START, START + 3 * HOUR, seen)["why"]
    assert "did not run in the time of the same length before" in told


def test_runs_by_hand_of_others_and_unfinished_ones_are_not_counted() -> None:
    modes = ("manual", "error", "integrated")
    others = [run(90 + n, START + 3 * HOUR, error(401), mode=mode) for n, mode in enumerate(modes)]
    found = rates(log_of(*runs("...X"), *others, run(99, START + 3 * HOUR, status="running", stoppedAt=None)), START)
    assert (found["runs"][0], found["failed"][0]) == (4, 1)


def test_nothing_read_has_no_rates() -> None:
    assert list(rates(log_of()).columns) == RATE_COLUMNS


def grouped(log: object) -> pd.DataFrame:
    failures = problems(log.failures.assign(cause="unknown", detail=None, confidence=0.5))  # type: ignore[attr-defined]
    return groups(failures, sequences(failures, log.executions), log.executions)  # type: ignore[attr-defined]


def test_what_is_new_since_last_week_and_what_went_away() -> None:
    day = timedelta(days=1)
    log = log_of(
        *runs("." * 20 + "XXX", FLOWS[0], every=day), *runs("...........XXX.........", FLOWS[1], first=100, every=day),
        *runs("X", FLOWS[2], first=200, start=START + 12 * day),
    )  # fmt: skip
    table, until = grouped(log), START + 22 * day
    name = table.set_index("workflow_id")["fingerprint"]
    found = new_since(table, until, seen=window(log))
    assert (found.new, found.gone) == ([name["wf1"]], [name["wf2"]])
    assert found.why.startswith("1 problem first seen since 2026-03-17 08:00 UTC, in what was read from 2026-03-02 on")
    short = new_since(table, until, seen=Window(from_=START + 10 * day, to=until))
    assert (short.new, short.gone) == (None, [name["wf2"]])
    assert "does not reach back 14 days: it is complete from 2026-03-12 08:00 UTC on" in short.why
    pruned = new_since(table, until, seen=Window(from_=START, to=until, pruned_before=START + 10 * day))
    assert pruned.new is None


def test_a_full_list_that_begins_late_was_pruned() -> None:
    found = window(log_of(*runs("." * 60, first=4711)))
    assert found.pruned_before == found.from_ == START
    assert "n8n ran before it, and those executions were pruned or not read" in window_words(found)


@pytest.mark.parametrize(
    "executions",
    [
        runs("." * 60),  # from its first on
        runs("." * 60, first=60),  # the first ones may have been deleted by hand
        runs("." * 40, first=4711),  # too few to tell
        [run(4711 + 5 * n, START + n * HOUR) for n in range(60)],  # of failures only, or of one workflow
        [run(4711 + 60 - n, START + n * HOUR) for n in range(60)],  # numbers that do not grow
        [run(n, START + n * HOUR) | {"id": f"run-{n}"} for n in range(60)],
    ],
    ids=["whole", "nearly", "few", "gaps", "backwards", "no numbers"],
)
def test_nothing_is_said_to_be_pruned_that_can_not_be_told(executions: list[dict]) -> None:
    found = window(log_of(*executions))
    assert found.pruned_before is None
    assert "does not tell" in window_words(found)


def test_of_several_servers_the_latest_start_counts() -> None:
    one, other = log_of(*runs("." * 60, first=4711)), log_of(*runs("." * 60, first=900, start=START + 5 * HOUR))
    second = other.executions.assign(instance="second")
    both = pd.concat([one.executions.astype({"instance": "object"}), second]).sort_values("at", ignore_index=True)
    found = window(type(one)(both, one.failures))
    assert (found.from_, found.pruned_before) == (START, START + 5 * HOUR)
    assert "of a server's executions before 2026-03-02 13:00 UTC some were" in window_words(found)
    assert window_words(Window()) == "No execution that was read has a time."


@pytest.mark.parametrize(("minutes", "tried"), [(5, True), (15, False)])
def test_a_retry_at_once_that_fails_again_is_known_as_one(minutes: int, tried: bool) -> None:
    later = START + 3 * HOUR + timedelta(minutes=minutes)
    log = log_of(*runs("...X"), run(9, later, error(401, description="invalid token"), mode="retry", retryOf="4"))
    (table,) = sequences(problems(log.failures), log.executions).values()
    assert list(table["failed"]) == [False, False, False, True, True]
    assert list(table["again"]) == [False, False, False, False, tried]


def test_a_retry_that_went_well_is_a_run_of_its_own() -> None:
    log = log_of(*runs("...X"), run(9, START + 3 * HOUR + timedelta(minutes=1), mode="retry", retryOf="4"))
    (table,) = sequences(problems(log.failures), log.executions).values()
    assert (list(table["failed"]), table["again"].any()) == ([False, False, False, True, False], False)
