"""The made-up fleets: the same seed makes the same fleet, they hold what their truth says, and only the truth gets full marks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pandas as pd
import pytest

from benchmarks.fleets.check import complaints
from benchmarks.fleets.faults import Problem
from benchmarks.fleets.scenarios import FAMILIES, SCENARIOS, Made, chosen, make
from benchmarks.fleets.score import Mark, judge, same
from incident_nb.patterns import Onset
from incident_nb.patterns.columns import GREEN_COLUMNS, SHARED_COLUMNS, SILENT_COLUMNS, SLOW_COLUMNS

# One of each family, and of each way in which a truth is told.
SOME = ("stray_before", "below_others", "nightly", "credential_across", "poll_empty", "fails_then_stops", "much_slower",
        "off_untold")  # fmt: skip
GROUP = ["fingerprint", "instance", "workflow_id", "workflow", "node", "pattern", "onset", "execution_ids", "why"]


@dataclass
class Answer:
    """What a survey gives that is marked."""

    groups: pd.DataFrame
    false_green: pd.DataFrame | None = None
    silent: pd.DataFrame | None = None
    slow: pd.DataFrame | None = None
    shared: pd.DataFrame | None = None


@cache
def made(name: str, which: str = "dev", seed: int = 1) -> Made:
    return make(chosen(which, name)[0], which, seed)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def group_of(number: int, problem: Problem, wide: timedelta = timedelta(minutes=5)) -> dict[str, object]:
    flow, onset = problem.flow, None
    if problem.onset is not None:
        onset = Onset(at(problem.onset), at(problem.onset) - wide, at(problem.onset) + wide, 0, 0)
    return {
        "fingerprint": f"f{number}", "instance": flow.instance, "workflow_id": flow.id, "workflow": flow.name,
        "node": flow.nodes[problem.node].name, "pattern": (problem.patterns or ("intermittent",))[0], "onset": onset,
        "execution_ids": sorted(problem.ids)[:100], "why": "",
    }  # fmt: skip


def truthful(fleet: Made) -> Answer:
    """An answer that says what is true and nothing else."""
    truth = fleet.truth
    problems = truth.problems
    numbers = {id(problem): number for number, problem in enumerate(problems)}

    def where(flow: object) -> dict[str, object]:
        return {name: getattr(flow, name) for name in ("instance", "client")} | {
            "workflow_id": flow.id,
            "workflow": flow.name,
        }

    shared = [
        {"factor": fault.factors[0][0], "value": fault.factors[0][1], "clients": sorted(fault.clients),
         "problem": [f"f{numbers[id(problem)]}" for problem in fault.problems]}
        for fault in truth.shared
    ]  # fmt: skip
    green = [where(one.flow) | {"kind": one.kinds[0], "since": at(one.since), "node": None} for one in truth.greens]
    silent = [where(one.flow) | {"last_run": at(one.last_run)} for one in truth.silents]
    slow = [
        where(one.flow) | {"shape": one.shape, "since": at(one.since) if one.since else None, "node": None}
        for one in truth.slows
    ]
    return Answer(
        pd.DataFrame([group_of(number, one) for number, one in enumerate(problems)], columns=GROUP),
        pd.DataFrame(green, columns=GREEN_COLUMNS),
        pd.DataFrame(silent, columns=SILENT_COLUMNS),
        pd.DataFrame(slow, columns=SLOW_COLUMNS),
        pd.DataFrame(shared, columns=SHARED_COLUMNS),
    )


def asked(marks: list[Mark]) -> dict[str, list[float]]:
    """The marks by measure, without widths."""
    found: dict[str, list[float]] = {}
    for mark in marks:
        if mark.measure != "onset, width":
            found.setdefault(mark.measure, []).append(float(mark.value))
    return found


def test_there_are_enough_scenarios_of_every_family() -> None:
    for which in ("dev", "test"):
        rows = chosen(which)
        faulty = [row for row in rows if row.family != "clean"]
        assert len(faulty) >= 60
        assert len(rows) - len(faulty) >= 25
        assert {row.family for row in rows} == set(FAMILIES)
    assert len({row.name for row in SCENARIOS}) == len(SCENARIOS)
    assert not {row.name for row in SCENARIOS} & set(FAMILIES)


def test_a_seed_makes_the_same_fleet_again_and_another_one_another() -> None:
    one, again = made("below_others"), make(chosen("dev", "below_others")[0], "dev", 1)
    pd.testing.assert_frame_equal(one.log.executions, again.log.executions)
    pd.testing.assert_frame_equal(one.log.failures, again.log.failures)
    assert one.log.snapshots == again.log.snapshots
    assert one.truth.problems[0].ids == again.truth.problems[0].ids
    others = [make(chosen(which, "below_others")[0], which, seed) for which, seed in (("dev", 2), ("test", 1))]
    for other in others:
        assert set(other.log.executions["workflow_id"]).isdisjoint(set(one.log.executions["workflow_id"]))


@pytest.mark.parametrize("name", SOME)
def test_a_fleet_holds_what_its_truth_says(name: str) -> None:
    assert complaints(made(name)) == []


def test_what_does_not_fit_its_truth_is_told() -> None:
    fleet = made("stray_before")
    one = fleet.truth.problems[0]
    early = replace(fleet.truth, problems=[replace(one, onset=fleet.world.start, patterns=("one_off",))])
    told = " ".join(complaints(replace(fleet, truth=early)))
    assert "no good run before the onset" in told
    assert "one_off with" in told


@pytest.mark.parametrize("name", SOME)
def test_the_truth_gets_full_marks(name: str) -> None:
    fleet = made(name)
    marks = judge(fleet, truthful(fleet))
    assert marks
    for measure, values in asked(marks).items():
        assert set(values) == {0.0 if measure.startswith("elsewhere") else 1.0}, (measure, marks)


@pytest.mark.parametrize("name", [name for name in SOME if name != "off_untold"])
def test_an_empty_answer_gets_none(name: str) -> None:
    found = asked(judge(made(name), Answer(pd.DataFrame(columns=GROUP))))
    measures = {measure for measure in found if not measure.startswith("elsewhere")}
    assert measures
    assert all(set(found[measure]) == {0.0} for measure in measures)


def test_a_wrong_onset_class_or_factor_gets_none() -> None:
    fleet = made("credential_across")
    right = truthful(fleet)
    early = [Onset(one.at - timedelta(days=9), None, one.at - timedelta(days=8), 0, 0) for one in right.groups["onset"]]
    wrong = replace(
        right,
        groups=right.groups.assign(onset=early),
        shared=right.shared.assign(factor="client", value=fleet.truth.problems[0].flow.client),
    )
    found = asked(judge(fleet, wrong))
    assert set(found["onset, each of several"]) == {0.0}
    assert found["cross"] == [0.0]
    one = made("stray_before")
    burst = replace(truthful(one), groups=truthful(one).groups.assign(pattern="burst"))
    assert asked(judge(one, burst))["pattern"] == [0.0]


def test_all_clients_have_to_be_named() -> None:
    fleet = made("credential_across")
    right = truthful(fleet)
    some = [names[:1] for names in right.shared["clients"]]
    assert asked(judge(fleet, replace(right, shared=right.shared.assign(clients=some))))["cross"] == [0.0]


def test_a_wide_interval_shows_in_its_width() -> None:
    fleet = made("stray_before")
    problem = fleet.truth.problems[0]

    def width(wide: timedelta) -> float:
        table = pd.DataFrame([group_of(0, problem, wide)])
        return next(mark.value for mark in judge(fleet, Answer(table)) if mark.measure == "onset, width")

    assert width(timedelta(hours=1)) < width(timedelta(days=3))


def test_a_row_about_another_workflow_is_told_as_one_elsewhere() -> None:
    fleet = made("poll_empty")
    right = truthful(fleet)
    other = next(flow for flow in fleet.world.flows if flow is not fleet.truth.greens[0].flow)
    row = right.false_green.assign(workflow_id=other.id, instance=other.instance, workflow=other.name)
    found = asked(judge(fleet, replace(right, false_green=row)))
    assert found["green"] == [0.0]
    assert found["elsewhere, false_green"] == [1.0]


@pytest.mark.parametrize("pattern", ["persistent", "regression", "recurring", "burst", "intermittent", "one_off"])
def test_loud_groups_are_findings_on_a_clean_fleet_and_stray_failures_are_none(pattern: str) -> None:
    fleet = made("off_untold")
    noise = fleet.log.failures.iloc[0]
    group = {name: noise.get(name) for name in GROUP} | {"fingerprint": "f0", "pattern": pattern, "execution_ids": []}
    quiet = pattern in ("intermittent", "one_off")
    assert asked(judge(fleet, Answer(pd.DataFrame([group]))))["clean"] == [float(quiet)]


def test_what_nobody_can_tell_counts_neither_way() -> None:
    fleet = made("off_untold")
    off = {flow for table, flow in fleet.truth.spared if table == "silent"}
    assert off
    for flow in fleet.world.flows[:6]:
        row = {
            "instance": flow.instance,
            "workflow_id": flow.id,
            "workflow": flow.name,
            "last_run": at(fleet.world.now),
        }
        silent = pd.DataFrame([row], columns=SILENT_COLUMNS)
        answer = Answer(pd.DataFrame(columns=GROUP), silent=silent)
        assert asked(judge(fleet, answer))["clean"] == [float(flow.id in off)]


@pytest.mark.parametrize(
    ("factor", "answer", "truth", "equal"),
    [
        ("hour", "02:00", "2", True),
        ("hour", "0", "0", True),
        ("hour", "12", "2", False),
        ("weekday", "Monday", "Monday", True),
        ("weekday", "0", "Monday", True),
        ("weekday", "1", "Monday", False),
        ("vendor", "Google Workspace", "Google", True),
        ("vendor", "Slack", "Google", False),
        ("credential", "main/abc", "abc", True),
        ("credential", "abcd", "abc", False),
    ],
)
def test_values_are_the_same_however_they_are_written(factor: str, answer: str, truth: str, equal: bool) -> None:
    assert same(factor, answer, truth) is equal
