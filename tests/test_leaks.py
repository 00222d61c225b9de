"""A credential in an error record is raised as a finding of its own, with its kind and place, never its value."""

from __future__ import annotations

import pytest

from incident_nb import display
from incident_nb.diagnose import diagnose
from incident_nb.models import Diagnosis, Finding, Outcome
from incident_nb.settings import Client, Settings
from tests.builders import HOUR, NOW, START, Json, error, flow, log_of, run, runs

KEY = "sk_live_FAKE0a1B2c3D4e5F6g7H8i9J"
OTHER = "sk_live_FAKE9z8Y7x6W5v4U3t2S1r0Q"


def found(*executions: Json, **asked: object) -> Finding:
    diagnosis: Diagnosis = diagnose(log_of(*executions, settings=asked.pop("settings", None)), now=NOW, **asked)  # type: ignore[arg-type]
    finding = next(row for row in diagnosis.findings if row.check == "SEV-X3")
    assert "sk_live" not in diagnosis.model_dump_json()
    return finding


LEAKING = [
    (error(500, f"Could not bill with {KEY}"), "in the message of “Call”"),
    (error(500, description=f"key {KEY} has no account"), "in the description of “Call”"),
    (error(500, stack=f"Error: boom\n    at bill ({KEY})"), "in the technical details of “Call”"),
    # said three times, it stands where one reads it first
    (error(500, f"no {KEY}", f"no {KEY}", stack=f"Error: no {KEY}"), "in the message of “Call”"),
]


@pytest.mark.parametrize(("wrong", "place"), LEAKING)
def test_a_credential_in_a_record_is_found_with_kind_and_place(wrong: Json, place: str) -> None:
    finding = found(*runs("..XX", wrong=wrong))
    assert finding.outcome is Outcome.FOUND
    assert finding.summary.startswith("1 credential stands in the error records of 2 executions")
    assert "P1" in finding.summary
    (fact,) = finding.evidence
    assert fact.text == f"A credential (api key) {place} of “[ACME] Flow 1”: 2 executions."
    assert fact.executions == ("4", "3")


CLEAN = [
    error(401),
    error(400, "Contact ann@shop.example, +49 30 12345678, is no customer"),  # personal data is no credential
    error(401, "Incorrect API key provided: sk-proj-****wxyz"),  # the service has masked it
    error(401, "Your API key has expired"),
]


@pytest.mark.parametrize("wrong", CLEAN)
def test_a_record_without_a_credential_is_clean(wrong: Json) -> None:
    finding = found(*runs("..XX", wrong=wrong))
    assert (finding.outcome, finding.evidence) == (Outcome.CLEAN, ())


def test_where_no_record_has_a_text_nothing_was_looked_at() -> None:
    bare = {**run(1, wrong=error()), "data": None}
    assert found(bare).outcome is Outcome.COULD_NOT_LOOK


def test_the_same_credential_counts_once_and_another_one_twice() -> None:
    two = [run(9 + n, START + n * HOUR, error(500, f"no {key}"), flow(2)) for n, key in enumerate((KEY, OTHER))]
    finding = found(*runs("XX", wrong=error(500, f"no {KEY}")), *two)
    assert finding.summary.startswith("2 credentials stand in the error records of 4 executions")


def test_the_problem_in_question_comes_first_and_a_long_list_is_cut() -> None:
    many = [run(10 + n, START, error(500, f"no {KEY}"), flow(10 + n)) for n in range(7)]
    finding = found(*many, run(99, START + HOUR, error(500, f"no {KEY}"), flow(99)), execution="99")
    assert "“[ACME] Flow 99”" in finding.evidence[0].text
    assert finding.evidence[-1].text == "4 more places."
    assert len(finding.evidence) == 5


def test_a_refused_credential_is_said_to_be_refused() -> None:
    (fact,) = found(*runs("..XX", wrong=error(401, description=f"Invalid key {KEY}"))).evidence
    assert fact.text.endswith("2 executions, where the service refused to let it in.")


def test_another_client_is_not_named() -> None:
    settings = Settings(clients={code: Client(name_prefix=(f"[{code}]",)) for code in ("ACME", "BOLT")})
    foreign = run(50, START, error(500, f"no {KEY}"), flow(2, "[BOLT] Billing"))
    finding = found(*runs("..XX"), foreign, client="ACME", settings=settings)
    assert finding.outcome is Outcome.CLEAN


def test_the_first_screen_says_so() -> None:
    shown = [
        display.summary(diagnose(log_of(*runs("..XX", wrong=wrong)), now=NOW)).markdown
        for wrong in (error(500, f"Could not bill with {KEY}"), error(500))
    ]
    assert ["Credentials in error records" in text for text in shown] == [True, False]
