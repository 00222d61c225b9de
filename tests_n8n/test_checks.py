"""Each way to fail once more, through n8n's live API and with the whole checklist asked of the live systems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from incident_nb.case import Case as Investigated
from incident_nb.case import read_case
from incident_nb.diagnose import Analysis, analyse, investigate, run_checks
from incident_nb.models import Diagnosis, Outcome
from incident_nb.settings import Server
from tests_n8n.client import N8n
from tests_n8n.record import Record
from tests_n8n.stage import SETTINGS, Case
from tests_n8n.workflows import CASES


@pytest.fixture(scope="module")
def live(n8n: N8n, played: Record) -> Iterator[tuple[Investigated, Analysis]]:
    """Everything as it is read from the server, judged once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INCIDENT_NB_N8N_API_KEY", n8n.api_key)
        settings = SETTINGS.model_copy(update={"n8n": {"default": Server(url=n8n.url)}})
        case = read_case(["n8n"], settings, played.now)
        assert not case.log.skipped
        yield case, analyse(case.log, settings)


def looked_into(live: tuple[Investigated, Analysis], workflow: str) -> Diagnosis:
    """The diagnosis of a workflow with its checks asked."""
    case, analysis = live
    case = replace(case, workflow=workflow)
    checks = run_checks(case, analysis=analysis)
    assert checks.why_not is None
    assert not [answer.summary for answer in checks.answers if "please report" in answer.summary]
    return investigate(case, checks)


def told(found: Diagnosis) -> str:
    """All of it in words, for a test that fails."""
    lines = [f"{each.cause} {each.confidence}: {[fact.text for fact in each.for_]}" for each in found.hypotheses]
    return "\n".join([*lines, *(f"{row.check} {row.outcome}: {row.summary}" for row in found.findings)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_cause_comes_first_with_the_checklist_asked(
    n8n: N8n, played: Record, live: tuple[Investigated, Analysis], case: Case
) -> None:
    if not n8n.version.startswith(case.only):
        pytest.skip(f"can't be done on {n8n.version}")
    if case.name in played.broken:
        raise played.broken[case.name]
    found = looked_into(live, played.workflows[case.name])
    assert found.hypotheses and found.hypotheses[0].cause in (case.cause, *case.also), told(found)
    outcomes = {row.check: row.outcome for row in found.findings}
    assert outcomes["RC-6"] is not Outcome.COULD_NOT_LOOK, told(found)


def test_nothing_is_found_of_healthy_workflows(played: Record, live: tuple[Investigated, Analysis]) -> None:
    found = looked_into(live, played.healthy[0])
    assert not found.hypotheses
    states = {row.check: row.outcome for row in found.findings}
    assert states["RC-4"] is states["RC-6"] is Outcome.CLEAN, told(found)
