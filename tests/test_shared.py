"""Which factor explains a set of failures, and when nothing does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from incident_nb.case import Case
from incident_nb.causes.label import label
from incident_nb.diagnose.survey import survey
from incident_nb.executions import ExecutionLog
from incident_nb.patterns import problems, seen_by, shared
from incident_nb.patterns.columns import SHARED_COLUMNS
from incident_nb.probes import vendors
from tests.builders import HOUR, START, UNAUTHORISED, call, error, flow, log_of, run, runs

DOWN = error(502)
OK, DAY = "." * 48, timedelta(days=1)
Json = dict[str, Any]


def of(log: ExecutionLog, **more: Any) -> pd.DataFrame:
    failures = problems(label(log.failures, ()))
    return shared(failures, log.executions, log.snapshots, vendors.name_of, **more)


def fleet(*rows: tuple[Json, str], wrong: Json = UNAUTHORISED, every: timedelta = HOUR) -> ExecutionLog:
    """Workflows with the course of their runs, each a few minutes after the one before."""
    made: list[Json] = []
    for place, (mine, signs) in enumerate(rows):
        made += runs(
            signs, mine, wrong=wrong, first=1 + 1000 * place, start=START + place * timedelta(minutes=5), every=every
        )
    return log_of(*made)


def uses(number: int, credential: str, host: str = "api.shop.example", client: str = "ACME", **more: Any) -> Json:
    return flow(number, f"[{client}] Flow {number}", call(credential=credential, host=host, **more))


def only(table: pd.DataFrame) -> Json:
    (row,) = table.to_dict("records")
    return row


def name(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["factor"], table["value"], strict=True))


BROKEN = OK + "X" * 12
FINE = OK + "." * 12


def test_the_credential_that_was_refused_everywhere() -> None:
    log = fleet(
        (uses(1, "k"), BROKEN), (uses(2, "k"), OK + "XXXX.XXXXXXX"), (uses(3, "k", client="BETA"), BROKEN),
        (uses(4, "other"), FINE), (uses(5, "third"), FINE),
    )  # fmt: skip
    row = only(of(log))
    assert (row["factor"], row["value"], row["label"], row["cause"]) == ("credential", "k", "Key k", "credentials")
    assert (row["failed"], row["runs"]) == (35, 36)
    assert (row["rate"], row["rest_rate"], row["covers"]) == (pytest.approx(35 / 36), 0.0, 1.0)
    assert row["since"] == START + 48 * HOUR
    assert START + 47 * HOUR < row["not_before"] < row["since"] <= row["not_after"]
    assert row["workflows"] == ["[ACME] Flow 1", "[ACME] Flow 2", "[BETA] Flow 3"]
    assert row["clients"] == ["ACME", "BETA"]
    assert len(row["problem"]) == 3
    assert row["counterexamples"] == ["1053"]
    assert row["uncovered"] == []
    assert row["lift"] > 10
    assert row["confidence"] > 0.9
    assert row["why"] == (
        "35 of 36 runs with the credential “Key k” failed since 2026-03-04 08:00 UTC, 0 of 22 without it; "
        "three workflows of two clients; 1 went well: 1053"
    )


def test_a_broader_factor_wins_where_it_explains_more() -> None:
    """The host is down: two credentials fail at it, and one of them works elsewhere."""
    log = fleet(
        (uses(1, "k"), BROKEN), (uses(2, "l"), BROKEN), (uses(3, "k", "fine.example.com"), FINE),
        (uses(4, "m", "fine.example.com"), FINE), wrong=DOWN,
    )  # fmt: skip
    assert name(of(log)) == [("host", "api.shop.example")]


def test_a_narrower_factor_wins_where_others_of_the_broad_one_go_well() -> None:
    log = fleet((uses(1, "k"), BROKEN), (uses(2, "k"), BROKEN), (uses(3, "l"), FINE), (uses(4, "m"), FINE), wrong=DOWN)
    assert name(of(log)) == [("credential", "k")]


@pytest.mark.parametrize(
    ("wrong", "first", "other"),
    [(UNAUTHORISED, ("credential", "k"), "host api.k.example"), (DOWN, ("host", "api.k.example"), "credential Key k")],
    ids=["refused", "down"],
)
def test_what_cannot_be_told_apart_is_said_so(wrong: Json, first: tuple[str, str], other: str) -> None:
    log = fleet(
        (uses(1, "k", "api.k.example"), BROKEN), (uses(2, "k", "api.k.example"), BROKEN),
        (uses(3, "l", "api.l.example"), FINE), (uses(4, "l", "api.l.example"), FINE), wrong=wrong,
    )  # fmt: skip
    found = of(log)
    assert name(found) == [first]
    assert f"{other}: cannot be told apart" in only(found)["others"]


def test_the_vendor_of_several_hosts() -> None:
    log = fleet(
        (uses(1, "k", "slack.com"), BROKEN), (uses(2, "l", "files.slack.com"), BROKEN),
        (uses(3, "k", "fine.example.com"), FINE), (uses(4, "l", "fine.example.com"), FINE), wrong=DOWN,
    )  # fmt: skip
    if vendors.name_of("files.slack.com", None) != "Slack":
        pytest.skip("the table of vendors knows no second host of Slack")
    assert name(of(log)) == [("vendor", "Slack")]


def test_a_factor_that_all_runs_have_explains_nothing() -> None:
    assert of(fleet((uses(1, "k"), BROKEN), (uses(2, "k"), BROKEN))).empty


def test_without_good_runs_to_compare_with_nothing_is_said() -> None:
    assert of(fleet((uses(1, "k"), "X" * 9), (uses(2, "k"), "X" * 9))).empty


def test_one_workflow_shares_nothing() -> None:
    assert of(fleet((uses(1, "k"), BROKEN), (uses(2, "l"), FINE), (uses(3, "m"), FINE))).empty


def test_problems_that_began_days_apart_are_not_one_set() -> None:
    log = fleet(
        (uses(1, "k"), OK + "." * 40 + "X" * 12), (uses(2, "k"), "." * 10 + "X" * 90), (uses(3, "l"), OK * 2 + "....")
    )
    assert of(log).empty


def test_other_causes_do_not_belong_to_a_set() -> None:
    mine = runs(BROKEN, uses(1, "k"), first=1)
    other = runs(
        BROKEN, uses(2, "k"), wrong=error(None, "Cannot read properties of undefined", name="TypeError"), first=1000
    )
    assert of(log_of(*mine, *other, *runs(FINE, uses(3, "l"), first=2000))).empty


def test_earlier_failures_and_other_problems_do_not_blur_it() -> None:
    stray = "..X" + "." * 20 + "X" + "." * 24
    log = fleet(
        (uses(1, "k"), stray + "X" * 12), (uses(2, "k"), stray + "X" * 12), (uses(3, "l"), "." * 30 + "X" + "." * 29),
        (uses(4, "m"), "." * 40 + "X" + "." * 19),
    )  # fmt: skip
    row = only(of(log))
    assert (row["value"], row["failed"], row["since"]) == ("k", 24, START + 48 * HOUR)


def test_an_outage_that_is_over_is_found_with_its_own_runs_only() -> None:
    log = fleet(
        (uses(1, "k"), OK + "XXXXXX" + OK), (uses(2, "k"), OK + "XXXXXX" + OK), (uses(3, "l"), OK + "......" + OK),
        (uses(4, "m"), OK + "......" + OK),
    )  # fmt: skip
    row = only(of(log))
    assert (row["value"], row["failed"], row["runs"]) == ("k", 12, 12)
    assert of(log, since=START + 70 * HOUR).empty
    assert len(of(log, since=START + 50 * HOUR)) == 1


def test_two_outages_of_one_thing_are_two_rows() -> None:
    twice, never = OK + "XXXXXX" + OK + "XXXXXX" + OK, "." * 156
    log = fleet(*((uses(n, "k"), twice) for n in (1, 2, 3)), (uses(4, "l"), never), (uses(5, "m"), never))
    assert name(of(log)) == [("credential", "k")] * 2
    assert list(of(log)["failed"]) == [18, 18]


def test_two_things_at_once_are_two_rows() -> None:
    log = fleet(
        (uses(1, "k", "a.example.com"), BROKEN), (uses(2, "k", "b.example.com"), BROKEN),
        (uses(3, "l", "a.example.com"), BROKEN), (uses(4, "l", "b.example.com"), BROKEN),
        (uses(5, "m", "a.example.com"), FINE), (uses(6, "m", "b.example.com"), FINE), (uses(7, "k"), BROKEN),
        (uses(8, "l"), BROKEN),
    )  # fmt: skip
    assert set(name(of(log))) == {("credential", "k"), ("credential", "l")}


def test_runs_whose_data_was_not_kept_count_as_neither() -> None:
    log = fleet(
        (uses(1, "k"), BROKEN), (uses(2, "k"), BROKEN), (uses(3, "k"), FINE), (uses(4, "l"), FINE), (uses(5, "l"), FINE)
    )
    assert only(of(log))["runs"] == 35, "the newest run of the third began after the last failure"
    unknown = (log.executions["workflow_id"] == "wf3") & (log.executions["at"] >= START + 48 * HOUR)
    log.executions["nodes_run"] = log.executions["nodes_run"].astype("object").where(~unknown, None).astype("category")
    assert only(of(log))["runs"] == 24


def test_runs_whose_data_was_not_kept_are_not_taken_for_runs_without_the_factor() -> None:
    log = fleet((uses(1, "k"), BROKEN), (uses(2, "k"), BROKEN), (uses(3, "l"), FINE), (uses(4, "l"), FINE))
    assert only(of(log))["rest_runs"] == 22
    unknown = (log.executions["workflow_id"] == "wf4") & (log.executions["at"] >= START + 48 * HOUR)
    log.executions["nodes_run"] = log.executions["nodes_run"].astype("object").where(~unknown, None).astype("category")
    assert only(of(log))["rest_runs"] == 11


def test_runs_by_hand_are_left_out() -> None:
    by_hand = runs("X" * 12, uses(2, "k"), first=900, start=START + 48 * HOUR, mode="manual")
    rest = fleet((uses(1, "k"), BROKEN), (uses(3, "l"), FINE))
    log = log_of(*runs(BROKEN, uses(1, "k")), *by_hand, *runs(FINE, uses(3, "l"), first=2000))
    assert of(rest).empty
    assert of(log).empty


# The clock


def nightly(number: int, hour: int = 2, days: int = 6, **more: Any) -> list[Json]:
    """A workflow that runs every hour and fails in one of them."""
    signs = "".join("X" if (8 + n) % 24 == hour else "." for n in range(24 * days))
    return runs(signs, uses(number, f"c{number}"), wrong=DOWN, first=1 + 1000 * number, **more)


def test_an_hour_of_the_night_explains_one_workflow() -> None:
    row = only(of(log_of(*nightly(1), *runs("." * 144, uses(2, "l"), first=9000))))
    assert (row["factor"], row["value"], row["label"]) == ("hour", "2", "02:00 to 03:00 UTC")
    assert (row["failed"], row["runs"], row["rest_failed"]) == (6, 6, 0)
    assert row["why"].startswith("6 of 6 runs from 02:00 to 03:00 UTC failed since 2026-03-03 02:00 UTC, 0 of 1")
    assert "at other times; one workflow" in row["why"]


def test_workflows_that_fail_in_the_same_hour_are_one_row() -> None:
    row = only(
        of(
            log_of(
                *nightly(1), *nightly(2, start=START + timedelta(minutes=7)), *runs("." * 144, uses(3, "l"), first=9000)
            )
        )
    )
    assert (row["value"], row["workflow_ids"]) == ("2", ["wf1", "wf2"])


def test_a_workflow_that_runs_only_then_fails_then_and_that_is_no_finding() -> None:
    daily = runs("..XXXX.XX", uses(1, "k"), every=DAY, first=1)
    assert of(log_of(*daily, *runs("." * 200, uses(2, "l"), first=1000))).empty


def test_an_hour_that_mostly_goes_well_explains_nothing() -> None:
    signs = "".join("X" if n % 96 == 18 else "." for n in range(24 * 24))
    rest = runs("." * 576, uses(2, "l"), first=1000)
    assert of(log_of(*runs(signs, uses(1, "k")), *rest)).empty
    assert not of(log_of(*runs(signs.replace("X", "."), uses(1, "k")), *nightly(3, days=24), *rest)).empty


def test_one_bad_night_is_no_hour_of_the_day() -> None:
    signs = "".join("X" if n == 18 else "." for n in range(120))
    rapid = runs("X" * 20, uses(1, "k"), first=5000, start=START + 18 * HOUR, every=timedelta(minutes=2))
    assert of(log_of(*runs(signs, uses(1, "k")), *rapid, *runs("." * 120, uses(2, "l"), first=1000))).empty


def test_a_weekday_explains_what_runs_every_day() -> None:
    signs = "".join("X" if n % 7 == 2 else "." for n in range(35))  # START is a Monday
    row = only(of(log_of(*runs(signs, uses(1, "k"), every=DAY), *runs("." * 35, uses(2, "l"), first=1000, every=DAY))))
    assert (row["factor"], row["value"], row["label"]) == ("weekday", "2", "Wednesday")
    assert "runs on a Wednesday failed" in row["why"]


# The version


def changed(number: int = 1) -> Json:
    mine = uses(number, "k")
    mine["nodes"][1]["parameters"] = {"url": "https://api.shop.example/v2/orders"}
    return mine


def versions(before: str, after: str, back: str = "") -> ExecutionLog:
    start = START + len(before) * HOUR
    mine = [*runs(before, uses(1, "k")), *runs(after, changed(), first=500, start=start)]
    mine += runs(back, uses(1, "k"), first=800, start=start + len(after) * HOUR) if back else []
    return log_of(*mine, *runs("." * 120, uses(2, "l"), first=2000))


def test_a_version_explains_one_workflow() -> None:
    row = only(of(versions(OK, "XXXXXX")))
    assert (row["factor"], row["failed"], row["runs"], row["rest_failed"], row["rest_runs"]) == ("version", 6, 6, 0, 48)
    assert row["label"] == "version of “[ACME] Flow 1” that first ran 2026-03-04 08:00 UTC"
    assert row["why"].startswith("6 of 6 runs of the version of “[ACME] Flow 1”")
    assert only(of(versions(OK, "XXXXXX", "....")))["rest_runs"] == 52


@pytest.mark.parametrize(
    ("before", "after"),
    [(OK + "XX", "XXXXXX"), (OK, "....XXXXXX"), ("...", "XXXXXX"), (OK, "XX")],
    ids=["failed before", "worked at first", "little before", "few failures"],
)
def test_a_version_that_did_not_begin_it_is_no_finding(before: str, after: str) -> None:
    assert of(versions(before, after)).empty


# What is shown to whom


TWO_CLIENTS = (
    (uses(1, "k"), BROKEN), (uses(2, "k", client="BETA"), OK + "XXXX.XXXXXXX"), (uses(3, "l"), FINE), (uses(4, "m"), FINE),
)  # fmt: skip


def test_a_client_sees_nothing_that_is_another_ones() -> None:
    log = fleet(*TWO_CLIENTS)
    whole = of(log)
    whole["label"] = "Hub BETA"
    whole["others"] = [
        ["host api.shop.example: 24 of 25 runs", "workflow [BETA] Flow 2: 11 of 12 runs", "client BETA: 3"]
    ]
    row = only(seen_by(whole, "ACME", log.executions, ["BETA", "Beta Ltd"]))
    for word in ("BETA", "Flow 2", "1053", "1050", "wf2"):
        assert word not in json.dumps(row, default=str)
    assert row["clients"] == ["ACME", "another client"]
    assert (row["workflows"], row["workflow_ids"]) == (["[ACME] Flow 1"], ["wf1"])
    assert row["label"] == "Hub another client"
    assert row["value"] is None
    assert row["execution_ids"] == [str(n) for n in range(60, 50, -1)], "of the newest twenty"
    assert row["others"][0].startswith("host")
    assert "two workflows of more than one client" in row["why"]


def test_what_concerns_a_client_not_at_all_is_not_shown_to_it() -> None:
    log = fleet(*TWO_CLIENTS)
    assert seen_by(of(log), "GAMMA", log.executions).empty
    whole = of(log)
    whole["factor"], whole["value"] = "client", "BETA"
    assert seen_by(whole, "ACME", log.executions).empty


def test_what_is_one_clients_alone_is_shown_as_it_is() -> None:
    log = fleet((uses(1, "k"), BROKEN), (uses(2, "k"), BROKEN), (uses(3, "l"), FINE), (uses(4, "m"), FINE))
    whole = of(log)
    pd.testing.assert_frame_equal(seen_by(whole, "ACME", log.executions, ["BETA"]), whole)


# The table and the JSON


def test_the_table_has_its_columns_also_without_rows() -> None:
    for log in (fleet(*TWO_CLIENTS), fleet((uses(1, "k"), "....")), log_of()):
        table = of(log)
        assert list(table.columns) == SHARED_COLUMNS
        assert str(table["since"].dtype) == "datetime64[us, UTC]"


def test_a_survey_holds_it_and_writes_times_with_z() -> None:
    found = survey(Case(fleet(*TWO_CLIENTS), datetime(2026, 4, 1, tzinfo=UTC)))
    (row,) = json.loads(json.dumps(found.as_json()))["shared"]
    assert list(row) == SHARED_COLUMNS
    assert row["since"] == "2026-03-04T08:00:00.000Z"
    assert row["clients"] == ["ACME", "BETA"]
    assert set(row["problem"]) == set(found.groups["fingerprint"])


def test_it_is_the_same_whatever_the_order_of_rows() -> None:
    log = fleet(*TWO_CLIENTS)
    failures = problems(label(log.failures, ()))
    turned = shared(failures.iloc[::-1], log.executions.iloc[::-1], log.snapshots, vendors.name_of)
    pd.testing.assert_frame_equal(turned, of(log))


def test_failures_of_runs_that_are_not_in_the_table_do_no_harm() -> None:
    log = fleet(*TWO_CLIENTS)
    failures = problems(label(log.failures, ()))
    assert shared(failures, log.executions.iloc[:0], log.snapshots).empty
    assert shared(failures.iloc[:0], log.executions, log.snapshots).empty


def test_a_burst_of_one_workflow_beside_it_does_not_speak_for_all() -> None:
    rapid = [
        run(5000 + n, START + 48 * HOUR + n * timedelta(seconds=30), UNAUTHORISED, uses(1, "k")) for n in range(300)
    ]
    made = [
        *runs(BROKEN, uses(1, "k")),
        *rapid,
        *runs(BROKEN, uses(2, "l"), first=1000),
        *runs(FINE, uses(3, "m"), first=2000),
    ]
    made += runs(FINE, uses(4, "n", "fine.example.com"), first=3000)
    assert "credential" not in of(log_of(*made))["factor"].tolist()
