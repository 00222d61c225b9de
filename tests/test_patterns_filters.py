"""A part of a survey, chosen: the same as a survey of that part alone; and the panel that chooses it."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incident_nb.case import Case, sample_case
from incident_nb.diagnose import Survey, survey
from incident_nb.diagnose.chosen import FAILED, Choice, chosen, is_among
from incident_nb.diagnose.going_on import standing
from incident_nb.executions import ExecutionLog
from incident_nb.patterns.columns import GREEN_COLUMNS, RATE_COLUMNS, SHARED_COLUMNS, SILENT_COLUMNS, SLOW_COLUMNS
from incident_nb.settings import Client, Settings
from incident_nb.ui import fleet
from tests.builders import HOUR, NOW, START, call, error, flow, log_of, run, runs

RULES = Settings(clients={"ACME": Client(name_prefix=("[ACME]",)), "BAY": Client(name_prefix=("[BAY]",))})
LIMIT = error(429)


def history() -> ExecutionLog:
    """Three workflows of two clients over days, each with good runs and with failures of several causes."""
    two = (call("First"), call("Second", host="b.example"))
    mixed = flow(1, "[ACME] Orders", *two)
    return log_of(
        *runs("....XX....XXX", mixed), *runs("..X..", mixed, wrong=LIMIT, first=101, start=START + 40 * HOUR, node="First"),
        *runs(".X.X.X...", flow(2, "[ACME] Mail"), wrong=LIMIT, first=201, every=9 * HOUR),
        *runs("..XXXXX", flow(3, "[BAY] Stock"), first=301, every=11 * HOUR),
        settings=RULES,
    )  # fmt: skip


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(history(), NOW, RULES)


@pytest.fixture(scope="module")
def whole(case: Case) -> Survey:
    return survey(case)


def same(one: Survey, other: Survey) -> None:
    """That two surveys say the same of problems and counts."""
    assert one.totals == other.totals
    assert one.window == other.window
    pd.testing.assert_frame_equal(one.groups, other.groups, check_dtype=False)
    keys = ["instance", "execution_id", "fingerprint"]
    for table, wanted in ((one.failures, keys), (one.log.executions, keys[:2])):
        twin = other.failures if table is one.failures else other.log.executions
        assert table[wanted].astype("str").values.tolist() == twin[wanted].astype("str").values.tolist()


def of(log: ExecutionLog, runs_: pd.DataFrame, failures: pd.DataFrame | None = None) -> ExecutionLog:
    """A log of these executions alone."""
    failures = log.failures if failures is None else failures
    kept = failures[is_among(failures, runs_)].reset_index(drop=True)
    return replace(log, executions=runs_.reset_index(drop=True), failures=kept)


def test_all_of_it_is_the_survey_itself(whole: Survey) -> None:
    assert chosen(whole, Choice()) is whole


@pytest.mark.parametrize("client", ["ACME", "BAY"])
def test_a_client_is_a_survey_of_the_client(case: Case, whole: Survey, client: str) -> None:
    own = survey(replace(case, client=client))
    part = chosen(whole, Choice(client=client))
    assert part.window == whole.window  # the time that was read, whoever ran in it
    same(replace(part, window=own.window), own)
    assert 0 < len(part.groups) < len(whole.groups)


@pytest.mark.parametrize("workflow", ["wf1", "wf2", "wf3"])
def test_a_workflow_is_a_survey_of_the_workflow(case: Case, whole: Survey, workflow: str) -> None:
    table = case.log.executions
    own = survey(replace(case, log=of(case.log, table[table["workflow_id"].astype("str") == workflow])))
    same(replace(chosen(whole, Choice(workflow=("default", workflow))), window=own.window), own)


@pytest.mark.parametrize("hours", [1, 24, 60, 70])
def test_a_window_is_a_survey_since_then(case: Case, whole: Survey, hours: int) -> None:
    since = whole.window.to - timedelta(hours=hours) if whole.window.to else None
    same(chosen(whole, Choice(since=since)), survey(replace(case, since=since)))


@pytest.mark.parametrize("cause", ["credentials", "rate_limit"])
def test_a_cause_is_a_survey_without_the_failures_of_others(case: Case, whole: Survey, cause: str) -> None:
    mine = whole.failures[whole.failures["cause"] == cause]
    runs_ = case.log.executions
    kept = runs_[~runs_["status"].isin(FAILED).to_numpy() | is_among(runs_, mine)]
    other = case.log.failures.loc[mine.index]
    own = survey(replace(case, log=of(case.log, kept, other)))
    same(replace(chosen(whole, Choice(cause=cause)), window=own.window), own)
    assert own.totals["failed"] and own.totals["failed"] < whole.totals["failed"]


@given(
    client=st.sampled_from([None, "ACME", "BAY"]), workflow=st.sampled_from([None, "wf1", "wf3"]),
    cause=st.sampled_from([None, "credentials", "rate_limit"]), hours=st.sampled_from([None, 30, 90]),
)  # fmt: skip
@settings(deadline=None)
def test_choices_in_any_order_and_together_add_up(
    client: str | None, workflow: str | None, cause: str | None, hours: int | None
) -> None:
    found = survey(Case(LOG, NOW, RULES))
    since = found.window.to - timedelta(hours=hours) if hours and found.window.to else None
    all_at_once = chosen(found, Choice(client, ("default", workflow) if workflow else None, cause, since))
    steps = [Choice(cause=cause), Choice(since=since), Choice(workflow=("default", workflow) if workflow else None)]
    part = found
    for step in [*steps, Choice(client=client)]:
        part = chosen(part, step)
    assert part.totals == all_at_once.totals
    assert sorted(part.groups["fingerprint"]) == sorted(all_at_once.groups["fingerprint"])
    groups = all_at_once.groups
    assert groups["count"].sum() == len(
        all_at_once.failures[all_at_once.failures["origin"]].drop_duplicates(["fingerprint", "execution_id"])
    )


LOG = history()


def test_a_run_of_the_same_id_on_another_server_is_another_run() -> None:
    one = log_of(*runs("..XX", flow(1, "[ACME] Orders")), settings=RULES)
    both = replace(
        one,
        executions=pd.concat(
            [one.executions, one.executions.assign(instance="eu", status="success")], ignore_index=True
        ),
    )
    found = chosen(survey(Case(both, NOW, RULES)), Choice(workflow=("default", "wf1")))
    assert found.totals["executions"] == 4 and found.totals["failed"] == 2
    assert is_among(both.executions, one.failures).tolist() == [False, False, True, True, *[False] * 4]


def tables(found: Survey) -> Survey:
    """The survey with a row of each table for each workflow, as their columns are documented."""
    places = found.log.executions[["instance", "client", "workflow_id", "workflow"]].astype("object").drop_duplicates()
    made: dict[str, Any] = {}
    for name, columns in (
        ("rates", RATE_COLUMNS), ("false_green", GREEN_COLUMNS), ("silent", SILENT_COLUMNS), ("slow", SLOW_COLUMNS),
    ):  # fmt: skip
        made[name] = places.reindex(columns=columns).reset_index(drop=True)
    by = {of: part["fingerprint"].tolist() for of, part in found.groups.groupby(["workflow_id", "cause"])}
    keys, limits = ("wf1", "credentials"), ("wf2", "rate_limit")
    lists: dict[str, Any] = {"workflows": [], "clients": [], "counterexamples": [], "uncovered": [], "factor": "host"}
    for name in ("false_green", "slow"):
        made[name] = made[name].assign(execution_ids=[[]] * len(places))
    counts = {"failed": 1, "runs": 1}
    rows = [
        {"label": "one", "problem": by[keys] + by["wf3", "credentials"], **lists, **counts},
        {"label": "two", "problem": by[limits], **lists, **counts},
    ]
    return replace(found, shared=pd.DataFrame(rows).reindex(columns=SHARED_COLUMNS), **made)


def test_the_tables_are_those_of_the_part(whole: Survey) -> None:
    part = chosen(tables(whole), Choice(client="BAY"))
    for name in ("rates", "false_green", "silent", "slow"):
        assert getattr(part, name)["workflow_id"].tolist() == ["wf3"], name
    assert part.shared is not None and part.shared["label"].tolist() == ["one"]
    both = chosen(tables(whole), Choice(cause="rate_limit"))
    assert both.shared is not None and both.shared["label"].tolist() == ["two"]


def test_what_is_not_over() -> None:
    log = log_of(
        *runs("..XX", flow(1, "[ACME] Open")), *runs("XX..", flow(2, "[ACME] Over"), first=101),
        *runs(".X", flow(3, "[ACME] By hand"), first=201),
        run(299, START + 9 * HOUR, of=flow(3, "[ACME] By hand"), mode="manual"),
        settings=RULES,
    )  # fmt: skip
    rows = standing(survey(Case(log, NOW, RULES))).set_index("workflow")
    assert rows["open"].to_dict() == {"[ACME] Open": True, "[ACME] Over": False, "[ACME] By hand": True}
    assert rows["good_since"].to_dict() == {"[ACME] Open": 0, "[ACME] Over": 2, "[ACME] By hand": 0}


def test_an_export_of_failures_does_not_tell_what_is_over() -> None:
    rows = standing(survey(Case(log_of(*runs("XX")), NOW)))
    assert rows["open"].isna().all()


# The panel


@pytest.fixture
def shown(case: Case, whole: Survey) -> Any:
    return fleet(case, tables(whole))


def lists(panel: Any) -> dict[str, Any]:
    """The lists of the panel by the words that stand on them."""
    panel._repr_mimebundle_()
    row = panel._body.children[0]
    return {made.description: made for made in row.children}


def test_a_choice_is_seen_in_every_view_that_is_shown(shown: Any) -> None:
    filters, glance, problems = shown.filters(), shown.glance(), shown.problems()
    controls = lists(filters)
    glance._repr_mimebundle_(), problems._repr_mimebundle_()
    assert "[BAY] Stock" in problems._shown.value and "All that was read" in glance._shown.value
    controls["Client"].value = "ACME"
    assert "[BAY] Stock" not in problems._shown.value and "[ACME] Mail" in problems._shown.value
    assert "Only client ACME" in glance._shown.value and "Only client ACME" in filters._shown.value
    controls["Cause"].value = "credentials"
    assert "[ACME] Mail" not in problems._shown.value and "[ACME] Orders" in problems._shown.value


def test_the_workflows_to_choose_from_are_the_clients(shown: Any) -> None:
    controls = lists(shown.filters())
    assert [label for label, _ in controls["Workflow"].options] == [
        "all workflows", "[ACME] Mail", "[ACME] Orders", "[BAY] Stock",
    ]  # fmt: skip
    controls["Workflow"].value = ("default", "wf3")
    controls["Client"].value = "ACME"
    assert [label for label, _ in controls["Workflow"].options] == ["all workflows", "[ACME] Mail", "[ACME] Orders"]
    assert controls["Workflow"].value == "" and shown.choice == Choice(client="ACME")


def test_all_of_it_again(shown: Any) -> None:
    filters = shown.filters()
    controls = lists(filters)
    controls["Client"].value, controls["Cause"].value = "BAY", "credentials"
    controls["Window"].value = controls["Window"].options[1][1]
    assert shown.choice.since is not None
    filters._body.children[1].click()
    assert [made.index for made in lists(filters).values()] == [0, 0, 0, 0]  # None would leave them blank
    assert shown.choice == Choice() and shown.found is shown.whole
    assert [made.value for made in controls.values()] == [""] * 4
    assert len(controls["Workflow"].options) == 4


def test_a_window_is_counted_back_from_the_end_of_what_was_read(shown: Any) -> None:
    controls = lists(shown.filters())
    assert controls["Window"].options == (("all that was read", ""), ("the last 24 hours", 1))
    controls["Window"].value = 1
    assert shown.choice.since == shown.whole.window.to - timedelta(days=1)


def test_nothing_is_worked_out_again(shown: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("analyse", "survey"):
        monkeypatch.setattr(sys.modules["incident_nb.diagnose.survey"], name, None)
    lists(shown.filters())["Client"].value = "BAY"
    assert shown.found.totals["groups"] == 1


def test_a_part_without_anything_says_so(shown: Any) -> None:
    views = [
        shown.glance(),
        shown.problems(),
        shown.busiest(),
        shown.onsets(),
        shown.heat(),
        shown.causes(),
        shown.new(),
    ]
    shown.choose(client="BAY", workflow=("default", "wf1"))
    told = [str(view.view().framed) for view in views]
    assert "Nothing failed." in told[0] and "Nothing failed in 0 executions" in told[1]
    assert all("nan" not in text and "None" not in text for text in told)
    assert "no runs with a time were read" in told[4]


def test_nobody_who_looks_gets_no_widgets(case: Case, whole: Survey) -> None:
    inert = fleet(replace(case, unattended=True), whole)
    for view in (inert.filters(), inert.glance(), inert.heat()):
        shown = view._repr_mimebundle_()
        data = shown[0] if isinstance(shown, tuple) else shown
        assert set(data) <= {"text/html", "text/markdown", "text/plain", "image/png"}


def test_a_case_of_one_client_has_no_clients_to_choose_from(case: Case) -> None:
    mine = replace(case, client="BAY")
    shown = fleet(mine, survey(mine))
    assert [label for label, _ in shown.filters().clients()] == ["BAY"]
    assert "[ACME]" not in str(shown.filters().workflows())


def test_the_sample_is_chosen_from_in_every_way() -> None:
    sample = sample_case()
    shown = fleet(sample, survey(sample))
    counts = 0
    for label, client in shown.filters().clients()[1:]:
        shown.choose(client=client)
        assert set(shown.found.groups["client"].dropna().unique()) <= {label}
        counts += shown.found.totals["failed"]
    assert counts == shown.whole.totals["failed"]


@pytest.mark.parametrize(
    ("zones", "client", "chosen_", "zone"),
    [
        ({}, None, None, "UTC"),
        ({"ACME": "Europe/Berlin"}, None, None, "Europe/Berlin"),
        ({"ACME": "Europe/Berlin", "BAY": "America/New_York"}, None, None, "UTC"),
        ({"ACME": "Europe/Berlin", "BAY": "America/New_York"}, "BAY", None, "America/New_York"),
        ({"ACME": "Europe/Berlin", "BAY": "America/New_York"}, None, "ACME", "Europe/Berlin"),
        ({"ACME": "Europe/Berlin"}, None, "OTHER", "UTC"),
        ({"ACME": "Mars/Base"}, None, None, "UTC"),
    ],
)
def test_the_time_zone_is_the_clients(
    case: Case, whole: Survey, zones: dict[str, str], client: str | None, chosen_: str | None, zone: str
) -> None:
    rules = Settings(clients={code: Client(time_zone=name) for code, name in zones.items()})
    shown = fleet(replace(case, settings=rules, client=client), whole)
    shown.choose(client=chosen_)
    assert shown.zone == zone
    assert chosen_ == "OTHER" or f"({zone})" in shown.heat().view().chart.alt
