"""Which workflow was called in vain: named in a fact and in the next step, where the record tells it."""

from __future__ import annotations

from typing import Any

import pytest

from incident_nb import display
from incident_nb.diagnose import diagnose
from incident_nb.models import Cause, Diagnosis
from tests.builders import HOUR, NOW, START, Json, error, flow, log_of, run, runs

ID = "veEJ4oSzaILnYcx9"
INACTIVE = "Workflow is not active and cannot be executed."
MISSING = "Workflow does not exist."
TRACE = (
    "Error: Workflow is not active\n    at getPublishedWorkflowData (/n8n/src/data.ts:239:8)\n    at abcdefghijklmnop"
)


def refused(message: str = INACTIVE, extra: Json | None = None, **more: Any) -> Json:
    """n8n's own error at an Execute Workflow node."""
    kept = {"workflowId": ID} if extra is None else extra
    return {"name": "Error", "message": message, "extra": kept, "stack": TRACE, **more}


def caller(choice: object = None) -> Json:
    parameters = {"workflowId": choice or {"__rl": True, "mode": "id", "value": ID}}
    return flow(1, None, {"name": "Ask", "type": "n8n-nodes-base.executeWorkflow", "parameters": parameters})


def child(name: str, number: str = ID) -> list[Json]:
    """Good runs of the called workflow, from before it was switched off."""
    return runs("..", {**flow(2, name), "id": number}, first=51, mode="integrated")


def judged(wrong: Json, of: Json | None = None, others: tuple[Json, ...] = (), **asked: Any) -> Diagnosis:
    failing = [run(n, START + n * HOUR, wrong, of or caller()) for n in (5, 6, 7)]
    return diagnose(log_of(*failing, *others), now=NOW, **asked)


LISTED = {"__rl": True, "mode": "list", "value": ID, "cachedResultName": "[ACME] Quotes (listed)"}
NAMED = [
    # its own runs name it, before what the calling node keeps
    (refused(), caller(LISTED), tuple(child("[ACME] Quotes")), "“[ACME] Quotes”", "execution 52 at 2026-03-02 09:00"),
    (refused(), caller(LISTED), (), "“[ACME] Quotes (listed)”", f"({ID}); the records hold no run of it"),
    (refused(), caller(), (), f"“{ID}”", f"the workflow with the id {ID}"),
    # the name that the node keeps is another workflow's
    (refused(), caller({**LISTED, "value": "other"}), (), f"“{ID}”", f"the workflow with the id {ID}"),
    # an inner error's name is no id
    (refused(cause={"name": "ActivationsError"}), caller(), (), f"“{ID}”", ID),
    # ids of older servers are numbers
    (refused(extra={"workflowId": "17"}), caller("17"), tuple(child("[ACME] Old", "17")), "“[ACME] Old”", "(17)"),
]


@pytest.mark.parametrize(("wrong", "of", "others", "shown", "told"), NAMED)
def test_the_called_workflow_is_named(wrong: Json, of: Json, others: tuple[Json, ...], shown: str, told: str) -> None:
    found = judged(wrong, of, others, execution="7")
    best = found.hypotheses[0]
    assert best.cause is Cause.WORKFLOW_INACTIVE
    (fact,) = [each for each in best.for_ if each.text.startswith("What it calls is")]
    assert told in fact.text
    assert fact.executions == (("52",) if others else ())
    assert found.next_step is not None and f"Publish {shown} in n8n" in found.next_step
    assert told in display._grounds(found)[0]


def test_a_workflow_that_does_not_exist_is_to_be_looked_for() -> None:
    found = judged(refused(MISSING))
    assert found.next_step is not None
    assert f"Look for “{ID}” in n8n" in found.next_step
    assert "have “Ask” call another workflow" in found.next_step


NOT_NAMED = [
    refused(extra={}),
    refused(extra={"workflowId": "the quotes flow"}),
    refused(extra={"workflowId": None}, cause={"name": "ActivationsError"}),
    error(404, description='The requested webhook "POST quotes" is not registered.'),
]


@pytest.mark.parametrize("wrong", NOT_NAMED, ids=["nothing", "no id but words", "the name of an error", "a webhook"])
def test_what_the_record_does_not_name_is_not_guessed(wrong: Json) -> None:
    found = judged(wrong)
    assert found.hypotheses[0].cause is Cause.WORKFLOW_INACTIVE
    assert not [each for each in found.hypotheses[0].for_ if "calls" in each.text]
    assert found.next_step is not None and "whether the called workflow is active" in found.next_step


def test_another_cause_names_no_called_workflow() -> None:
    found = judged(error(401, description="invalid token", extra={"workflowId": ID}))
    assert found.hypotheses[0].cause is Cause.CREDENTIALS
    assert ID not in str(found.as_json()["hypotheses"])


def test_a_name_of_another_client_is_kept_from_the_one_that_was_asked_for() -> None:
    others = tuple(child("[BETA] Quotes"))
    assert "[BETA] Quotes" in str(judged(refused(), None, others).as_json())
    kept = judged(refused(), None, others, client="ACME")
    assert "[BETA] Quotes" not in str(kept.as_json())
    assert kept.next_step is not None and ID in kept.next_step
