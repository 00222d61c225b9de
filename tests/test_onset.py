"""How often the interval of an onset holds the true change, and how short it is, on made-up sequences with a known one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from incident_nb.patterns import onset, pattern_of, stretch_end
from incident_nb.patterns.onset import began

HOUR = 3600 * 10**6  # microseconds


def told(
    seed: int, rate: float, *, uneven: bool = False, stray: float = 0.01, earlier: bool = False
) -> tuple[bool, int]:
    """Whether the interval holds the change of one sequence, and how many runs lie in it."""
    rng = np.random.default_rng(seed)
    good, bad = int(rng.integers(10, 200)), int(rng.integers(1, 40))
    pauses = rng.exponential(HOUR, good + bad) + 1 if uneven else np.full(good + bad, HOUR)
    at = np.cumsum(pauses).astype(np.int64)
    change = int(rng.integers(at[4], at[good - 1]))
    first = int(np.searchsorted(at, change))
    flags = rng.random(len(at)) < np.where(np.arange(len(at)) < first, stray, rate)
    if earlier and first > 40:
        flags[5:11] = True
    if not flags[first:].any():
        flags[-1] = True
    found = began(at, flags)
    assert found is not None
    low = -1 if found[1] is None else int(at[found[1]])
    return low <= change <= at[found[2]], found[2] - (-1 if found[1] is None else found[1])


# How the runs fail after the change, and how many runs lie in the interval on average, at most.
FLEETS = [
    ("all", {"rate": 1.0}, 2.5),
    ("all but lucky ones", {"rate": 0.95}, 9),
    ("half", {"rate": 0.5}, 15),
    ("three in ten", {"rate": 0.3}, 24),
    ("all, at an uneven cadence", {"rate": 1.0, "uneven": True}, 3),
    ("half, at an uneven cadence", {"rate": 0.5, "uneven": True}, 12),
    ("all, after an earlier outage", {"rate": 1.0, "earlier": True}, 3),
    ("all, of what never fails else", {"rate": 1.0, "stray": 0.0}, 2),
]


@pytest.mark.parametrize(("how", "width"), [row[1:] for row in FLEETS], ids=[row[0] for row in FLEETS])
def test_the_change_lies_in_the_interval_in_95_of_100_cases(how: dict, width: float) -> None:
    held, runs = zip(*(told(seed, **how) for seed in range(300)), strict=True)
    assert np.mean(held) >= 0.93  # of 300: two standard errors below 0.95 where that is the truth
    assert np.mean(runs) <= width


def flags(signs: str) -> pd.Series:
    return pd.Series([sign in "Xx" for sign in signs])


def again(signs: str) -> pd.Series:
    """`x` is a run that tried a failed one once more."""
    return pd.Series([sign == "x" for sign in signs])


def times(signs: str) -> pd.Series:
    return pd.Series(pd.date_range("2026-03-02T08:00Z", periods=len(signs), freq="h", unit="us"))


def test_a_failure_that_is_tried_again_in_vain_is_one_failure() -> None:
    signs = "....XxxX"
    once = onset(times("....XX"), flags("....XX"))
    twice = onset(times(signs), flags(signs), again(signs))
    assert once is not None and twice is not None
    assert (once.not_before, once.at) == (twice.not_before, twice.at)  # four failures would be certain: see there
    assert onset(times(signs), flags(signs)).not_before == times(signs)[3]  # type: ignore[union-attr]
    assert twice.end == 7


@pytest.mark.parametrize(
    ("signs", "run", "end"), [("..Xxx....", 2, 4), ("..Xxx....X", 3, 4), ("..Xx......XXXX", 12, 13)]
)
def test_the_end_of_a_stretch_that_was_tried_again(signs: str, run: int, end: int) -> None:
    assert stretch_end(flags(signs), run, again(signs)) == end


def test_one_failure_that_was_tried_again_is_a_one_off() -> None:
    found = pattern_of(times("....Xxx.."), flags("....Xxx.."), again("....Xxx.."))
    assert (found.pattern, found.why) == (
        "one_off",
        "1 of 7 runs failed this way, and again the 2 times it was tried once more",
    )
    assert pattern_of(times("....XXX.."), flags("....XXX..")).pattern == "persistent"


def test_two_failures_each_tried_again_in_vain_are_no_stretches() -> None:
    signs = "." * 10 + "Xxx" + "." * 40 + "Xx" + "." * 40
    found = pattern_of(times(signs), flags(signs), again(signs))
    assert (found.pattern, found.why) == ("intermittent", "2 of 92 runs failed, with good runs between")
    assert pattern_of(times(signs), flags(signs)).pattern == "regression"
    back = "." * 10 + "XxxX" + "." * 40 + "XxXx" + "." * 40
    assert pattern_of(times(back), flags(back), again(back)).pattern == "regression"


def test_a_long_sequence_is_told_like_a_short_one() -> None:
    signs = "." * 200_000 + "X" * 50_000
    found = began(np.arange(len(signs), dtype=np.int64) * HOUR, np.array([sign == "X" for sign in signs]))
    assert found == (200_000, 199_999, 200_000, 249_999)
