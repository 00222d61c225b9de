"""When two failures are one problem, since when it is there, and how it recurs."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incident_nb.executions import ExecutionLog
from incident_nb.patterns import fingerprints, mask, onset, pattern_of, problems, sequences, stretch_end, window
from tests.builders import HOUR, START, call, error, flow, log_of, run, runs

MASKED = [
    # ids, numbers, dates, addresses
    ("Row 17 of 2,400 refused", "Row <n> of <n> refused"),
    ("took 12.5 s at 10:04:11", "took <n> s at <n>"),
    ("pointer 0x7ffe", "pointer <n>"),
    ("due on 2026-11-14", "due on <date>"),
    ("at 2026-11-14T08:30:00.123Z.", "at <date>."),
    ("since 14.11.2026 and 11/14/26", "since <date> and <date>"),
    ("record recA1b2C3d4E5 is gone", "record <id> is gone"),
    ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit <id>"),
    ("job 3f2504e0-4f89-11d3-9a0c-0305e82c3301 failed", "job <uuid> failed"),
    ("GET https://shop.example/v1/orders?id=3 failed", "GET <url> failed"),
    ("no mailbox jo.do+x@mail.example here", "no mailbox <email> here"),
    ("(item 3) bad [line 12]", "bad"),
    # what is quoted
    ('Credential "Sheets – shared" is gone', "Credential <value> is gone"),
    ("Problem in node ‘Send mail’", "Problem in node <value>"),
    ("invalid value 'blue' for 'colour'", "invalid value <value> for <value>"),
    # a masked secret, reduced to its kind: a rotated key is no new problem
    ("key [api_key:3f9a1c] refused", "key [api_key] refused"),
    ("two\n  lines\tof text ", "two lines of text"),
]

# What tells problems apart stays: words, codes, and a status where it is named as one.
KEPT = [
    "ECONNREFUSED",
    "connect ETIMEDOUT",
    "Request failed with status code 404",
    "HTTP 502 from upstream",
    '404 - "gone_away"',
    '"invalid_grant"',
    'duplicate key violates "patients_email_key"',
    "read 'ECONNRESET'",
    "The customer's order isn't there",
    "OAuth2 is set to v2",
    "deduplication was unsuccessful",
    "[ACME] Orders",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_what_varies_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", KEPT)
def test_what_tells_problems_apart_is_kept(text: str) -> None:
    assert mask(text) == text


def test_a_number_is_a_status_only_where_it_is_named_as_one() -> None:
    assert mask("after 404 rows") == "after <n> rows"
    assert mask("code 829312") == "code <n>"


def test_no_text_is_masked_as_no_text() -> None:
    assert mask(None) == mask("") == ""


@given(st.integers(0, 10**12), st.uuids(), st.dates())
def test_the_same_sentence_about_other_things_is_the_same(number: int, identifier: object, day: object) -> None:
    assert mask(f"order {number} ({identifier}) of {day} failed") == "order <n> (<uuid>) of <date> failed"


def prints(*wrong: dict, of: list[dict] | None = None) -> list[str]:
    """The fingerprints of runs that ended with these errors, in their order."""
    flows = of or [flow()] * len(wrong)
    log = log_of(*(run(n + 1, START + n * HOUR, each, flows[n]) for n, each in enumerate(wrong)))
    return list(fingerprints(log.failures))


def test_two_runs_of_one_problem_share_a_fingerprint() -> None:
    one, other = prints(
        error(429, "Slow down: 17 calls", "try at 10:04"), error(429, "Slow down: 900 calls", "try at 23:59")
    )
    assert one == other
    assert len(one) == 12


@pytest.mark.parametrize(
    "other",
    [
        error(403, "Refused"),
        error(401, "Refused", "scope missing"),
        error(401, "Denied"),
        error(401, "Refused", name="Error"),
    ],
    ids=["status", "description", "message", "class"],
)
def test_another_error_is_another_problem(other: dict) -> None:
    one, two = prints(error(401, "Refused"), other)
    assert one != two


@pytest.mark.parametrize(
    "other",
    [flow(2), flow(1, None, call("Second"))],
    ids=["workflow", "node"],
)
def test_the_same_error_elsewhere_is_another_problem(other: dict) -> None:
    one, two = prints(error(401), error(401), of=[flow(1), other])
    assert one != two


def test_what_is_cut_of_a_long_description_is_cut_after_masking() -> None:
    tail = " then words" * 40
    one, two = prints(error(400, "Bad", f"id {'1' * 4}{tail}"), error(400, "Bad", f"id {'1' * 90}{tail}"))
    assert one == two


def sequence(signs: str, every: timedelta = HOUR) -> tuple[pd.Series, pd.Series]:
    """Times and failures of a sequence in which `X` is a failing run."""
    times = pd.Series([pd.Timestamp(START + place * every) for place in range(len(signs))]).astype(
        "datetime64[us, UTC]"
    )
    return times, pd.Series([sign == "X" for sign in signs])


# Each: the runs, the position of the first failing run, of the last good one before it may have begun, and of the last run
# that it can have begun with.
ONSETS = [
    ("clean break", "......XXXX", 6, 5, 6),
    ("a lucky success inside", "......XX.XXX", 6, 2, 7),
    ("a lucky success inside a long one", "....................XX.XXXXXXXX", 20, 17, 20),
    ("failing half of the time", "............X.X..XX.X", 12, 5, 14),
    ("failing half of the time, long known", "............................................X.X..XX.X", 44, 38, 46),
    ("a stray failure just before", ".....X....XXX", 10, 4, 11),
    ("a stray failure or the beginning", ".....X..XXX", 8, 2, 8),
    ("a stray failure long before", ".X............XXXX", 14, 13, 15),
    ("few failures", "....XX", 4, 2, 4),
    ("recovered and back", "..XXXX....................XXX", 26, 25, 26),
    ("over", "....XXXX........", 4, 3, 4),
    ("all failing", "XXXXX", 0, None, 0),
    ("one run", "X", 0, None, 0),
    ("one failing run", ".....X.....", 5, 4, 5),
    ("began before the records", "XXXX", 0, None, 0),
]


@pytest.mark.parametrize(
    ("signs", "first", "before", "latest"), [row[1:] for row in ONSETS], ids=[row[0] for row in ONSETS]
)
def test_onset(signs: str, first: int, before: int | None, latest: int) -> None:
    times, failed = sequence(signs)
    found = onset(times, failed)
    assert found is not None
    assert found.position == first
    assert found.at == times[first]
    assert found.not_before == (None if before is None else times[before])
    assert found.not_after == times[latest]


OVER = "." * 20 + "XXXXXXXX.XX" + "." * 40
STRAYS = ("." * 60 + "X") * 3 + "." * 60
AFTERWARDS = [
    ("a stray failure since it was over", OVER + "X.", 20),
    ("the newest run fails since it was over", OVER + "X", 71),  # which may go on
    ("two failures since it was over", OVER + "XX.", 71),
    ("a stray failure after strays", STRAYS + "X.", 243),
]


@pytest.mark.parametrize(("signs", "first"), [row[1:] for row in AFTERWARDS], ids=[row[0] for row in AFTERWARDS])
def test_a_stray_failure_after_the_stretch_does_not_begin_the_problem(signs: str, first: int) -> None:
    times, failed = sequence(signs)
    found = onset(times, failed)
    assert found is not None
    assert (found.position, found.at, found.end) == (first, times[first], signs.rindex("X"))
    if first == 20:
        assert (found.not_before, found.not_after) == (times[18], times[20])


def test_no_failure_has_no_onset() -> None:
    assert onset(*sequence("....")) is None


def test_runs_of_the_same_instant_do_not_confuse_the_onset() -> None:
    times, failed = sequence("......XXXXXX", every=timedelta(0))
    found = onset(times, failed)
    assert found is not None
    assert (found.not_before, found.at, found.position) == (times[0], times[0], 6)


@given(st.text(alphabet=".X", min_size=1, max_size=60))
def test_an_onset_is_a_failing_run_between_its_bounds(signs: str) -> None:
    times, failed = sequence(signs)
    found = onset(times, failed)
    assert (found is None) == ("X" not in signs)
    if found is not None:
        assert signs[found.position] == signs[found.end] == "X"
        assert "X" not in signs[found.end + 1 :]
        assert found.at == times[found.position] <= found.not_after <= times[found.end]
        if found.not_before is not None:
            assert found.not_before < found.at
            assert signs[(found.not_before - START) // HOUR] == "."


@given(st.integers(3, 30), st.integers(3, 30))
def test_a_clean_break_is_found_exactly(good: int, bad: int) -> None:
    found = onset(*sequence("." * good + "X" * bad))
    assert found is not None
    assert found.position == good


# A failing run, and the last failure of the stretch that it belongs to.
STRETCH_ENDS = [
    ("..XXX", 3, 4),
    ("..XXX.......XX", 2, 4),  # back after seven good runs: another stretch
    ("..XXX.XX......", 2, 7),  # a lucky run inside an outage does not end it
    ("..X....X", 2, 2),  # four good runs outweigh a single failure,
    ("..X..X..", 2, 5),  # and two do not
    ("..XX...X..", 2, 7),
    ("..X.....XXX.....X", 8, 10),
    ("..X......XXXX", 2, 2),  # a stray failure is no part of what comes later, however long that is
    ("..X......XXXX", 9, 12),
]


@pytest.mark.parametrize(("signs", "run", "end"), STRETCH_ENDS)
def test_the_end_of_a_stretch(signs: str, run: int, end: int) -> None:
    assert stretch_end(sequence(signs)[1], run) == end


@given(st.text(alphabet=".X", min_size=1, max_size=40).filter(lambda signs: "X" in signs), st.data())
def test_seen_before_it_came_back_the_newest_stretch_is_that_of_the_run(signs: str, data: st.DataObject) -> None:
    run = data.draw(st.sampled_from([place for place, sign in enumerate(signs) if sign == "X"]))
    times, failed = sequence(signs)
    end = stretch_end(failed, run)
    found = onset(times[: end + 1], failed[: end + 1])
    assert found is not None
    assert found.position <= run <= found.end == end


# Each with a near miss behind it that belongs to another class.
PATTERNS = [
    ("one_off", ".....X....", HOUR),
    ("intermittent", ".....X..X.", HOUR),
    ("persistent", ".....XXXX", HOUR),
    ("burst", ".....XXXX...", HOUR),
    ("persistent", ".....XXXX..", HOUR),
    ("persistent", "XXXX", HOUR),
    ("recurring", "...X...X...X...X..", HOUR),
    ("intermittent", "...X.X.....X...X..", HOUR),
    ("intermittent", "...X...X...X......", HOUR),
    ("regression", ".XXX..............XXX", 6 * HOUR),
    ("persistent", ".XXX..............XXX", HOUR),
    ("persistent", ".............XXX", 6 * HOUR),
    ("persistent", "....XXXXX.XXXXX", HOUR),
    ("intermittent", "....XXX..XX.XX.", HOUR),
    # two failures that lie near together are no burst, however few there are else
    ("intermittent", "." * 60 + "X.X" + "." * 20, HOUR),
    ("burst", "." * 60 + "X.XX" + "." * 20, HOUR),
    ("intermittent", "...X.X.X....", HOUR),
    # nor are two pairs of them something that came back, where so many failures lie apart
    ("regression", "." * 30 + "XX" + "." * 80 + "XX" + "." * 90, HOUR),
    (
        "intermittent",
        "." * 30 + "XX" + "." * 80 + "XX" + ("." * 30 + "X" + "." * 19 + "X") * 4 + "." * 30 + "X.X...",
        HOUR,
    ),
]


@pytest.mark.parametrize(("pattern", "signs", "every"), PATTERNS)
def test_patterns(pattern: str, signs: str, every: timedelta) -> None:
    found, why, _ = pattern_of(*sequence(signs, every))
    assert found == pattern, why
    assert any(sign.isdigit() for sign in why)


def test_a_regular_problem_names_its_interval() -> None:
    found = pattern_of(*sequence("...X...X...X...X.."))
    assert found.period == "every 4 hours"
    assert "4 failures every 4 hours: 4 of 4 such times" in found.why


def test_records_of_failures_only_do_not_claim_that_nothing_succeeded_since() -> None:
    assert "since" not in pattern_of(*sequence("XXX"))[1]


ALONE = [
    ("persistent", [0, 24, 48, 72.2]),  # a schedule, which may be a little late
    ("persistent", [0, 24, 96, 120]),  # and may rest at weekends
    ("persistent", [0, 1, 2.3, 9, 23.5]),  # within a day
    ("intermittent", [0, 1, 2.3, 9, 24.5]),
    ("intermittent", [0, 24, 50, 72]),
    ("intermittent", [0, 24, 72.24]),  # one of twenty-five pairs of gaps is so even by chance
    ("persistent", [0, 24, 72.04]),
    ("intermittent", [0, 100]),
    ("intermittent", [0, 0, 0, 31]),
]


@pytest.mark.parametrize(("pattern", "hours"), ALONE)
def test_failures_with_no_good_run_beside_them(pattern: str, hours: list[float]) -> None:
    times = pd.Series([START + hour * HOUR for hour in hours])
    found = pattern_of(times, pd.Series([True] * len(times)))
    assert found.pattern == pattern, found.why
    assert "no good one is there to compare with" in found.why


@pytest.mark.parametrize(
    ("pattern", "hours"), [("burst", [0, 3, 20]), ("intermittent", [0, 3, 40]), ("burst", [0, 24, 48])]
)
def test_where_of_older_runs_only_failures_were_kept(pattern: str, hours: list[float]) -> None:
    times = pd.Series([START + hour * HOUR for hour in [*hours, *range(60, 70)]])
    found = pattern_of(times, pd.Series([True] * len(hours) + [False] * 10))
    assert found.pattern == pattern, found.why


def test_what_failed_where_only_failures_were_kept_is_no_stretch_of_what_failed_later() -> None:
    hours = [0, 5, 31, 58, 70, 100, *range(101, 160)]
    failed = pd.Series([place < 6 or place == 7 for place in range(len(hours))])
    times = pd.Series([START + hour * HOUR for hour in hours])
    found = pattern_of(times, failed)
    assert (found.pattern, "6 before the first good one that was read" in found.why) == ("intermittent", True)
    since = failed | pd.Series([place in (20, 21, 22, 23) for place in range(len(hours))])
    assert pattern_of(times, since & ~failed).pattern == "burst"
    later = pattern_of(times, since & pd.Series([place != 7 for place in range(len(hours))]))
    assert (later.pattern, "6 more failed before the first good run" in later.why) == ("burst", True)


def told(log: ExecutionLog) -> str:
    """The one problem's sequence as signs, oldest first."""
    failures = problems(log.failures)
    (table,) = sequences(failures, log.executions).values()
    return "".join("X" if failed else "." for failed in table["failed"])


def test_the_runs_that_speak_of_a_problem() -> None:
    assert told(log_of(*runs("..XX."))) == "..XX."


def test_a_run_that_failed_elsewhere_says_nothing() -> None:
    two = flow(1, None, call("First"), call("Second"))
    log = log_of(*runs("..XX", two), run(9, START + 9 * HOUR, error(500), two, node="First"))
    failures = problems(log.failures)
    second = failures.loc[failures["node"] == "Second", "fingerprint"].iloc[0]
    assert list(sequences(failures, log.executions)[second]["failed"]) == [False, False, True, True]


def test_a_good_run_that_did_not_get_to_the_node_says_nothing() -> None:
    two = flow(1, None, call("First"), call("Second"))
    assert told(log_of(*runs("..XX", two), run(9, START + 9 * HOUR, None, two, node="First"))) == "..XX"


def test_a_good_run_without_data_counts_as_good() -> None:
    assert told(log_of(*runs("..XX"), {**run(9, START + 9 * HOUR), "data": None})) == "..XX."


@pytest.mark.parametrize(("mode", "signs"), [("manual", "..XX"), ("trigger", "..XX.")])
def test_manual_runs_count_only_where_the_problem_was_seen_in_one(mode: str, signs: str) -> None:
    log = log_of(*runs("..XX"), run(9, START + 9 * HOUR, mode=mode))
    assert told(log) == signs


def test_a_problem_seen_in_manual_runs_counts_them() -> None:
    assert told(log_of(*runs(".XX.", mode="manual"))) == ".XX."


def test_runs_that_are_not_over_say_nothing() -> None:
    assert told(log_of(*runs("..XX"), run(9, START + 9 * HOUR, status="running", stoppedAt=None))) == "..XX"


def calling(number: int, child: str, of: dict, **more: object) -> dict:
    """A run that failed because execution `child`, of the workflow wf2, did."""
    inner = error(401) | {"executionId": child, "workflowId": "wf2", "errorResponse": {"message": "Refused"}}
    return run(number, START + number * HOUR, inner, of, **more)


@pytest.mark.parametrize(("child_there", "origins"), [(True, [True, False]), (False, [True])])
def test_a_failure_that_a_child_in_the_log_explains_is_no_origin(child_there: bool, origins: list[bool]) -> None:
    parent = flow(1, None, {"name": "Ask", "type": "n8n-nodes-base.executeWorkflow", "parameters": {}})
    children = [run(1, START, error(401), flow(2))] if child_there else []
    log = log_of(*children, calling(2, "1", parent))
    assert list(problems(log.failures)["origin"]) == origins


def test_clients_that_are_not_known_are_one_value_not_many() -> None:
    log = log_of(*runs("XX", flow(1, "Flow without a client")))
    assert log.failures["client"].isna().all()
    assert told(log) == "XX"


def test_the_window_is_from_the_first_run_to_the_last() -> None:
    found = window(log_of(*runs("..", first=40)))
    assert (found.from_, found.to, found.pruned_before) == (START, START + HOUR, None)
    assert window(log_of()).from_ is None
