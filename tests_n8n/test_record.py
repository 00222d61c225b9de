"""What real n8n says of a failure leads to the cause: the whole way from its public API to the first hypothesis."""

from __future__ import annotations

import pytest

from incident_nb.diagnose import diagnose
from tests_n8n.client import N8n
from tests_n8n.record import Record
from tests_n8n.stage import SETTINGS, Case
from tests_n8n.workflows import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_first_hypothesis_is_the_cause(n8n: N8n, played: Record, case: Case) -> None:
    if not n8n.version.startswith(case.only):
        pytest.skip(f"can't be done on {n8n.version}")
    if case.name in played.broken:
        raise played.broken[case.name]
    workflow = played.workflows[case.name]
    found = diagnose(played.analysis, now=played.now, workflow=workflow, settings=SETTINGS)
    assert found.hypotheses, found.headline
    best = found.hypotheses[0]
    told = "\n".join(
        f"{each.cause} {each.confidence}: {[fact.text for fact in each.for_]}" for each in found.hypotheses
    )
    assert best.cause in (case.cause, *case.also), f"{best.cause} instead of {case.cause}\n{told}"


def test_healthy_workflows_have_no_hypothesis(played: Record) -> None:
    for workflow in played.healthy:
        found = diagnose(played.analysis, now=played.now, workflow=workflow, settings=SETTINGS)
        assert not found.hypotheses, found.headline


def test_nothing_of_the_export_is_skipped_and_every_failure_is_found(played: Record) -> None:
    assert not played.log.skipped
    assert set(played.log.executions["execution_id"].astype("str")) == set(played.listed)
    seen = set(played.log.failures["execution_id"].astype("str"))
    assert {run for runs in played.failed.values() for run in runs} <= seen
