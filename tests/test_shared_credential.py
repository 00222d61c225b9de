"""A credential that nothing gets through with any more, of which there are too few runs for a set; and what looks like it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from incident_nb.case import sample_case
from incident_nb.causes.label import label
from incident_nb.diagnose.survey import survey
from incident_nb.executions import ExecutionLog
from incident_nb.patterns import problems, shared
from incident_nb.probes import vendors
from tests.builders import HOUR, START, UNAUTHORISED, call, error, flow, log_of, run, runs

DAY = timedelta(days=1)
BAD_DATA = error(None, "Cannot read properties of undefined", name="TypeError")
Json = dict[str, Any]


def of(log: ExecutionLog, **more: Any) -> pd.DataFrame:
    failures = problems(label(log.failures, ()))
    return shared(failures, log.executions, log.snapshots, vendors.name_of, **more)


def uses(number: int, credential: str | None = "k", client: str = "ACME") -> Json:
    return flow(number, f"[{client}] Flow {number}", call(credential=credential))


def daily(number: int, signs: str, credential: str = "k", wrong: Json = UNAUTHORISED, **more: Any) -> list[Json]:
    """A workflow that runs once a day, an hour after the one before; each is another client's."""
    mine = uses(number, credential, f"C{number}")
    return runs(
        signs, mine, wrong=wrong, first=1000 * number, start=START + number * HOUR, every=DAY, **more
    )  # fmt: skip


def beside(days: int = 8) -> list[Json]:
    """Another workflow with a credential of its own that runs every few hours, and strays that were refused."""
    mine = flow(9, "[C9] Flow 9", call(credential="other"))
    return runs((("." * 6 + "X") * 2 * days)[: 8 * days - 1] + ".", mine, first=9000, every=3 * HOUR)


def credentials(table: pd.DataFrame) -> list[str]:
    return table.loc[table["factor"] == "credential", "value"].tolist()


def test_the_sample_names_the_credential_that_three_clients_share() -> None:
    (row,) = survey(sample_case()).shared.to_dict("records")  # type: ignore[union-attr]
    assert (row["factor"], row["value"], row["cause"]) == ("credential", "cred00dev0228074", "credentials")
    assert row["label"] == "Google Sheets – Northbeam shared"
    assert row["workflows"] == [
        "[EVRG] Churn risk digest", "[ALDER] Listings sync (Fieldstone CRM → Sheet)", "[BRXT] Appointment reminders (SMS)",
    ]  # fmt: skip
    assert row["clients"] == ["ALDER", "BRXT", "EVRG"]
    assert (row["failed"], row["runs"], row["rest_failed"]) == (7, 7, 0)
    assert f"{row['since']:%Y-%m-%d %H:%M}" == "2026-11-12 06:00"
    assert f"{row['not_before']:%Y-%m-%d %H:%M}" == "2026-11-11 06:15"
    assert row["not_after"] == row["since"]
    assert row["execution_ids"] == ["1205", "1199", "1110", "1101", "1022", "1008", "1005"]
    assert (row["counterexamples"], row["uncovered"], len(row["problem"])) == ([], [], 3)


def test_a_few_runs_are_enough_where_none_went_well_since() -> None:
    log = log_of(*daily(1, "...XX"), *daily(2, "...X"), *beside())
    (row,) = of(log).to_dict("records")
    assert (row["factor"], row["value"], row["clients"]) == ("credential", "k", ["C1", "C2"])
    assert (row["failed"], row["runs"]) == (3, 3)
    assert (row["not_before"], row["since"]) == (START + 2 * DAY + 2 * HOUR, START + 3 * DAY + HOUR)
    assert row["not_after"] == row["since"]
    assert 0.5 < row["confidence"] < 0.9
    assert row["why"].startswith("3 of 3 runs with the credential “Key k” failed since 2026-03-05 09:00 UTC, 0 of ")
    assert of(log, since=START + 5 * DAY).empty


@pytest.mark.parametrize(
    ("first", "second"),
    [("...X.", "...X"), ("...X", "....."), ("...XX", "...X.")],
    ids=["it worked since", "the other one works", "the other one recovered"],
)
def test_a_credential_that_was_used_well_since_is_not_named(first: str, second: str) -> None:
    assert credentials(of(log_of(*daily(1, first), *daily(2, second), *beside()))) == []


def test_one_workflow_is_no_sharing() -> None:
    assert credentials(of(log_of(*daily(1, "...XXX"), *daily(2, "..."), *beside()))) == []


def test_the_good_use_of_a_third_workflow_speaks_against_it() -> None:
    made = [*daily(1, "...XX"), *daily(2, "...X"), *beside()]
    assert credentials(of(log_of(*made, *daily(3, "...")))) == ["k"]
    assert credentials(of(log_of(*made, *daily(3, ".....")))) == []


def test_a_run_that_did_not_get_to_the_node_says_nothing() -> None:
    """It fails at another node before; where it fails behind, the credential has worked."""
    mine = flow(3, "[C3] Flow 3", call("Get", credential="own"), call(credential="k"), call("Put", credential="own"))
    made = [*daily(1, "...XX"), *daily(2, "...X"), *beside(), run(7000, START, of=mine)]
    late = START + 5 * DAY
    assert credentials(of(log_of(*made, run(7001, late, BAD_DATA, mine, node="Get")))) == ["k"]
    assert credentials(of(log_of(*made, run(7001, late, of=mine, node="Get")))) == ["k"], "it stopped before"
    assert credentials(of(log_of(*made, run(7001, late, BAD_DATA, mine, node="Call")))) == ["k"], "nobody knows"
    assert credentials(of(log_of(*made, run(7001, late, BAD_DATA, mine, node="Put")))) == []


def test_a_run_whose_nodes_were_not_kept_may_have_used_it() -> None:
    log = log_of(*daily(1, "...XX"), *daily(2, "...X."), *beside())
    log.executions["nodes_run"] = (
        log.executions["nodes_run"].astype("object").where(log.executions["execution_id"] != "2004", None)
    ).astype("category")
    assert credentials(of(log)) == []


def test_an_error_workflow_that_uses_it_well_speaks_against_it_and_a_run_by_hand_does_not() -> None:
    made, late = [*daily(1, "...XX"), *daily(2, "...X"), *beside()], START + 5 * DAY
    assert credentials(of(log_of(*made, run(7001, late, of=uses(3), mode="error")))) == []
    assert credentials(of(log_of(*made, run(7001, START, of=uses(3), mode="error")))) == ["k"]
    assert credentials(of(log_of(*made, run(7001, late, of=uses(3), mode="manual")))) == ["k"]


def test_failures_of_another_cause_do_not_count() -> None:
    made = [*daily(1, "...XX", wrong=BAD_DATA), *daily(2, "...X", wrong=BAD_DATA), *beside()]
    assert credentials(of(log_of(*made))) == []
    mixed = [*daily(1, "...XX"), *daily(2, "...X", wrong=BAD_DATA), *beside()]
    assert credentials(of(log_of(*mixed))) == []


def test_credentials_of_one_name_are_not_one_credential() -> None:
    made = [*daily(1, "...XX"), *daily(2, "...X", credential="l"), *beside()]
    text = log_of(*made)
    text.failures["credential"] = "Key k"
    assert credentials(of(text)) == []


def test_what_was_never_seen_to_work_is_not_named() -> None:
    """It may be that good runs are not kept."""
    assert credentials(of(log_of(*daily(1, "XXX"), *daily(2, "XXX"), *beside(12)))) == []


def test_a_credential_that_was_refused_now_and_then_takes_more() -> None:
    assert credentials(of(log_of(*daily(1, "......X"), *daily(2, "......X"), *beside()))) == ["k"]
    assert credentials(of(log_of(*daily(1, "X.X...X"), *daily(2, "...X..X"), *beside()))) == []


def test_two_refusals_after_two_good_runs_are_too_few() -> None:
    assert credentials(of(log_of(*daily(1, ".X"), *daily(2, ".X"), *beside()))) == []
    assert credentials(of(log_of(*daily(1, "..X"), *daily(2, "..X"), *beside()))) == ["k"]


def test_a_workflow_that_was_refused_while_it_worked_elsewhere_is_no_member() -> None:
    made = [*daily(1, "....XX"), *daily(2, "....XX"), *daily(3, "..XXXX"), *beside()]
    (row,) = of(log_of(*made)).query("factor == 'credential'").to_dict("records")
    assert (row["clients"], row["failed"]) == (["C1", "C2"], 4)
    assert credentials(of(log_of(*daily(1, "....XX"), *daily(3, "..XXXX"), *beside()))) == []


def test_refusals_without_it_that_began_at_the_same_time_are_told_and_too_many_of_them_speak_against_it() -> None:
    made = [*daily(1, "...XX"), *daily(2, "...X"), *beside()]
    (row,) = of(log_of(*made, *daily(3, "...X", credential="l"))).query("factor == 'credential'").to_dict("records")
    assert (row["value"], row["uncovered"], row["covers"]) == ("k", ["3003"], 0.75)
    others = [one for n in (3, 4, 5, 6) for one in daily(n, "...X", credential=f"l{n}")]
    assert credentials(of(log_of(*made, *others))) == []


def test_what_goes_with_it_in_every_run_is_named_beside() -> None:
    (row,) = of(log_of(*daily(1, "...XX"), *daily(2, "...X"), *beside())).to_dict("records")
    assert row["others"] == [], "others call the same host well"
    mine = [flow(n, f"[C{n}] Flow {n}", call(host="api.own.example", credential="k")) for n in (1, 2)]
    made = [one for n, of_it in enumerate(mine) for one in runs("...XX", of_it, first=1000 * (n + 1), every=DAY)]
    (row,) = of(log_of(*made, *beside())).to_dict("records")
    assert row["others"] == ["host api.own.example: cannot be told apart"]


def test_what_the_measure_of_chance_names_already_is_one_finding() -> None:
    busy = [one for n in (1, 2) for one in runs("." * 48 + "X" * 12, uses(n, client=f"C{n}"), first=1000 * n)]
    later = run(7000, START + 59 * HOUR, UNAUTHORISED, uses(3, client="C3"))
    assert credentials(of(log_of(*busy, later, *beside(8)))) == ["k"]


def test_an_outage_that_is_over_and_refusals_since_are_two() -> None:
    once, never = "." * 48 + "XXXXXX" + "." * 48, "." * 104
    busy = [one for n in (1, 2) for one in runs(once + "X", uses(n, client=f"C{n}"), first=1000 * n)]
    found = of(log_of(*busy, *runs(never, uses(9, "other"), first=9000)))
    assert credentials(found) == ["k", "k"]
    assert sorted(found["failed"]) == [2, 12]
