"""The procedure's severity examples that begin as an execution log: diagnosed, at most two questions answered, graded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from incident_nb.diagnose import analyse, diagnose, gravity
from incident_nb.diagnose.scene import Scene
from incident_nb.policy import SeverityFacts, load, suggest
from tests.builders import HOST, HOUR, NOW, OUT_OF_MEMORY, START, Json, call, error, flow, log_of, run, runs

DAY = timedelta(days=1)
EXPIRED = error(401, description="The access token expired", name="NodeApiError")
TIMED_OUT = {"name": "NodeApiError", "message": "The connection timed out, consider setting the 'Retry on Fail' option"}
SOFT = call(onError="continueRegularOutput")


def fleet(signs: Iterable[str], wrong: Json) -> list[Json]:
    """One workflow a string of signs, each with its own host and credential."""
    flows = [flow(n, None, call(host=f"h{n}.example", credential=f"c{n}")) for n in range(1, 10)]
    pairs = enumerate(zip(signs, flows, strict=False))
    return [each for n, (sign, of) in pairs for each in runs(sign, of, wrong=wrong, first=100 * n + 1)]


def with_bad_items(signs: str) -> list[Json]:
    """Runs that all succeed; at `X`, 3 of 10 items carry an error."""
    bad: list[Json] = [{"json": {"error": "Request failed with status code 422"}}] * 3
    good: list[Json] = [{"json": {}}] * 7
    of = flow(1, None, SOFT)
    return [run(n + 1, START + n * HOUR, None, of, items=good + bad * (sign == "X")) for n, sign in enumerate(signs)]


def with_alerts(*executions: Json) -> list[Json]:
    """The executions, and for each failed one a run of the error workflow."""
    alarm = flow(9, "[ACME] Error alarm", {"name": "Notify", "type": "n8n-nodes-base.slack", "parameters": {}})
    alerts = []
    for each in executions:
        if each["status"] == "error":
            alert = run(900 + int(each["id"]), START + 30 * HOUR, None, alarm, mode="error")
            alert["data"]["parentExecution"] = {"executionId": each["id"], "workflowId": each["workflowId"]}
            alerts.append(alert)
    return [*executions, *alerts]


@dataclass(frozen=True)
class Situation:
    row: str
    severity: str
    executions: list[Json]
    answers: dict[str, bool] = field(default_factory=dict)
    rule: str = ""


def apart(*hours: float, wrong: int = 2) -> list[Json]:
    """Runs so many hours after one another, of which the last few failed; others go well all the while."""
    at, executions = START, []
    for number, pause in enumerate((0.0, *hours), 1):
        at += pause * HOUR
        failed = number > len(hours) + 1 - wrong
        executions.append(run(number, at, error(400, "Bad request") if failed else None))
    others = [runs("......", flow(n), first=100 * n, every=DAY) for n in (2, 3, 4)]
    return [*executions, *(each for other in others for each in other)]


OTHERS = ["......."] * 3
EXAMPLES = [
    Situation("SEV-X1", "P1", fleet(["....XXX"] * 4, OUT_OF_MEMORY), rule="all_workflows_down"),
    Situation("SEV-X4", "P2", fleet(["....XXX", *OTHERS], error(400, "Bad request")), rule="failing_consistently"),
    # failed on two days in a row, as a daily workflow
    Situation("SEV-X4", "P2", apart(24, 24, 24, 24), rule="failing_consistently"),
    Situation(
        "SEV-X5", "P2", fleet([".....XX", *OTHERS], EXPIRED), {"data_flowing": False}, rule="credential_without_data"
    ),
    Situation("SEV-X6", "P2", with_bad_items("...X.X."), {"output_incomplete": True}, rule="output_incomplete"),
    Situation("SEV-X7", "P3", fleet(["...X..X...X.X..", *OTHERS], TIMED_OUT), rule="intermittent_timeout"),
    Situation(
        "SEV-X9", "P3", with_alerts(*runs("....XXX", wrong=error(400, "Bad request"))), {"output_affected": False},
        rule="harmless_failure",
    ),
]  # fmt: skip

NEAR_MISSES = [
    # most workflows are not all of them
    Situation("SEV-X1", "P2", fleet([*["....XXX"] * 3, "......."], OUT_OF_MEMORY)),
    # a workflow that was not due to run since is not known to be down
    Situation("SEV-X1", "P2", fleet([*["....XXX"] * 3, "..."], OUT_OF_MEMORY)),
    # once is not consistently
    Situation("SEV-X4", "P3", fleet([".....X.", *OTHERS], error(400, "Bad request"))),
    # two in a row of a workflow that runs all the time, though a quiet night lies between
    Situation("SEV-X4", "P3", apart(0.02, 0.02, 0.02, 0.02)),
    Situation("SEV-X4", "P3", apart(1, 1, 1, 14)),
    # a daily run and its retry are not two days
    Situation("SEV-X4", "P3", apart(24, 24, 24, 0.5)),
    # never seen to go well often enough to know how often it runs
    Situation("SEV-X4", "P3", apart(24, 24)),
    Situation("SEV-X4", "P3", apart(24, 24, 24, 24, wrong=1)),
    # the token expired, and data flows again
    Situation("SEV-X5", "P3", fleet([".....XX", *OTHERS], EXPIRED), {"data_flowing": True}),
    # the items that failed were made up for
    Situation("SEV-X6", "P3", with_bad_items("...X.X."), {"output_incomplete": False}),
    # it no longer comes and goes
    Situation("SEV-X7", "P2", fleet(["...XXXXXXXXX", *OTHERS], TIMED_OUT)),
    # the alert is right: a result suffers
    Situation(
        "SEV-X9", "P2", with_alerts(*runs("....XXX", wrong=error(400, "Bad request"))), {"output_affected": True}
    ),
]  # fmt: skip


def facts_of(executions: list[Json]) -> SeverityFacts:
    """What the log tells of its gravest problem, as the diagnosis that is given for it knew it."""
    analysis = analyse(log_of(*executions))
    found = diagnose(analysis, now=NOW)
    assert found.problem is not None
    assert found.severity is not None
    best = found.hypotheses[0]
    group = analysis.groups[analysis.groups["fingerprint"] == found.problem.fingerprint].iloc[0]
    known = gravity.facts(Scene(analysis, group), best.cause, best.detail)
    suggestion = suggest(known)
    assert (found.severity.suggested, found.severity.reasons) == (suggestion.suggested, suggestion.reasons)
    return known


def name(situation: Situation) -> str:
    return f"{situation.row}-{situation.severity}"


@pytest.mark.parametrize("situation", EXAMPLES + NEAR_MISSES, ids=name)
def test_severity_of_a_log(situation: Situation) -> None:
    known = facts_of(situation.executions)
    asked = {question.fact for question in suggest(known).questions}
    assert set(situation.answers) <= asked
    assert len(situation.answers) <= 2
    suggestion = suggest(known.answered(**situation.answers))
    assert suggestion.suggested == situation.severity, suggestion
    if situation in EXAMPLES:
        assert situation.rule in suggestion.rules
        assert next(row for row in load().examples if row.id == situation.row).severity == situation.severity


def slowed(before: float, now: float) -> list[Json]:
    return [run(n + 1, START + n * HOUR, took=now if n >= 20 else before) for n in range(25)]


def test_slow_runs_without_a_failure_are_no_problem_but_are_told() -> None:
    found = diagnose(log_of(*slowed(20, 48)), now=NOW, workflow="wf1")
    assert found.hypotheses == ()
    assert found.headline == (
        "None of the 25 runs of “[ACME] Flow 1” in the window failed, "
        "but the newest take 2.4 times as long as those before."
    )
    assert found.severity is not None
    assert found.severity.suggested == "P4"
    assert "slow_within_sla, SEV-X11" in found.severity.reasons[0]
    assert found.severity.questions == ("Is the response time still within what is agreed?",)


@pytest.mark.parametrize(
    "executions",
    [slowed(20, 22), slowed(0.2, 0.6), slowed(48, 20), slowed(20, 48)[11:]],
    ids=["hardly slower", "not to be noticed", "faster", "too few to compare with"],
)
def test_what_is_not_slow(executions: list[Json]) -> None:
    found = diagnose(log_of(*executions), now=NOW, workflow="wf1")
    assert found.severity is None
    assert found.headline.endswith("failed: nothing to diagnose.")


def test_slow_beyond_what_is_agreed_is_graver() -> None:
    runs_of_it = log_of(*slowed(20, 48)).executions
    ratio = gravity.duration_ratio(runs_of_it)
    assert ratio == pytest.approx(2.4)
    known = SeverityFacts(failing=False, runs_since_onset=25, successes_since_onset=25, duration_ratio=ratio)
    assert suggest(known.answered(within_sla=True)).suggested == "P4"
    assert suggest(known.answered(within_sla=False)).suggested == "P3"


def test_an_alert_counts_only_for_its_own_failure() -> None:
    failing = runs("....XXX", wrong=error(400, "Bad request"))
    assert facts_of(with_alerts(*failing)).alert_fired is True
    stranger = with_alerts(*failing)[len(failing) :]
    for alert in stranger:
        alert["data"]["parentExecution"]["executionId"] = "77"
    assert facts_of([*failing, *stranger]).alert_fired is None


def test_items_that_failed_in_runs_that_went_on_are_no_failed_runs() -> None:
    known = facts_of(with_bad_items("...X.X."))
    assert known.items_lost == 6
    assert (known.runs_since_onset, known.successes_since_onset, known.consecutive_failures) == (4, 4, 0)


def test_the_facts_of_a_log_carry_its_figures() -> None:
    known = facts_of(fleet(["..X.XXX", *OTHERS], error(400, f"Bad request to {HOST}")))
    assert (known.runs_since_onset, known.successes_since_onset, known.consecutive_failures) == (5, 1, 3)
    assert (known.workflows_total, known.workflows_down, known.intermittent) == (4, 0, True)
    assert (known.hours_failing, known.hours_between_runs) == (4, 1)
