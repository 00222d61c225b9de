"""When live systems are asked, what of their answers is kept with a case, and what a person sees of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from incident_nb import display
from incident_nb.case import Case, open_case, read_case, sample_case
from incident_nb.diagnose import Checks, investigate, run_checks, survey
from incident_nb.models import Cause, Outcome, Probed
from incident_nb.n8n import variable
from incident_nb.probes import PROBES, Probe
from incident_nb.probes.target import clean, could_not_look, found, seen
from incident_nb.settings import Probes, Server, Settings
from incident_nb.sign_in import credentials
from tests import faulty
from tests.builders import HOUR, flow, page, runs
from tests.served import KEY, Kept, serving_n8n

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


def says(name: str, answer: Probed, check: str = "DX-2", records: bool = False) -> Probe:
    return Probe(name, check, f"what {name} says", lambda *_: answer, records)


LIVE, RECORDS = says("live", clean("All is well.")), says("records", clean("The input is the same."), "RC-3", True)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    source = tmp_path / "page.json"
    source.write_text(page(runs("....XXX", start=NOW - 7 * HOUR)))
    return read_case([str(source)], Settings(), NOW)


@pytest.fixture
def clock() -> Iterator[Any]:
    yield lambda: NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("change", "after", "why"),
    [
        ({}, timedelta(minutes=2), None),
        ({}, timedelta(minutes=61), "it is seen from 2026-03-09 12:00 UTC"),
        ({}, timedelta(days=-400), "it is seen from"),
        ({"offline": True}, timedelta(0), "offline"),
        ({"now": NOW + timedelta(days=9)}, timedelta(days=9), "the last failure was 9 days ago"),
        ({"now": NOW + timedelta(days=6)}, timedelta(days=6), None),
    ],
)  # fmt: skip
def test_when_live_systems_are_asked(case: Case, change: Any, after: timedelta, why: str | None) -> None:
    checks = run_checks(replace(case, **change), probes=(LIVE, RECORDS), clock=lambda: NOW + after)
    assert [answer.probe for answer in checks.answers] == (["records"] if why else ["live", "records"])
    assert (why in checks.why_not) if why and checks.why_not else checks.why_not is None and why is None


def test_a_case_keeps_the_answers_and_reports_them_a_year_later(case: Case, tmp_path: Path, clock: Any) -> None:
    effect = says(
        "live", found("It fails.", [seen("It fails.", {Cause.ENDPOINT_CRASH: 30.0, Cause.CREDENTIALS: 0.01})])
    )
    kept = case.save(tmp_path / "case")
    before = investigate(kept, run_checks(kept, probes=(effect, RECORDS), clock=clock))
    assert before.not_asked is None
    again = open_case(str(tmp_path / "case"))
    assert {answer.probe for answer in again.answers} == {"live", "records"}
    checks = run_checks(again, probes=(LIVE, RECORDS), clock=lambda: NOW + timedelta(days=365))
    after = investigate(again, checks)
    assert after.as_json() == before.as_json()
    assert after.hypotheses[0].cause is Cause.ENDPOINT_CRASH
    assert investigate(open_case(str(tmp_path / "case"))).as_json() == before.as_json()


def test_a_case_keeps_why_no_live_system_was_asked(case: Case, tmp_path: Path) -> None:
    """What the records answered is no sign that anybody else was asked."""
    kept = replace(case, offline=True).save(tmp_path / "case")
    told = investigate(kept, run_checks(kept, probes=(LIVE, RECORDS)))
    again = open_case(str(tmp_path / "case"))
    assert again.answers and told.not_asked == again.not_asked == "it is read offline"
    assert investigate(again).as_json() == told.as_json()


def test_a_late_check_of_the_records_is_no_sign_that_live_systems_were_asked(case: Case, tmp_path: Path) -> None:
    release = threading.Event()

    def late(*_: Any) -> Probed:
        release.wait(60)
        return clean("The input is the same.")

    offline = replace(case, offline=True, settings=Settings(probes=Probes(budget_s=0.2)))
    try:
        checks = run_checks(offline, probes=(LIVE, Probe("records", "RC-3", "the input", late, records=True)))
    finally:
        release.set()
    (answer,) = checks.answers
    assert answer.outcome is Outcome.COULD_NOT_LOOK and answer.at is None
    assert checks.why_not == "it is read offline"


def test_asking_again_replaces_what_was_answered(case: Case, tmp_path: Path, clock: Any) -> None:
    kept = case.save(tmp_path / "case")
    run_checks(kept, probes=(says("live", could_not_look("It is away.")), RECORDS), clock=clock)
    again = open_case(str(tmp_path / "case"))
    answers = run_checks(again, probes=(LIVE, says("records", found("Not asked."), "RC-3", True)), clock=clock).answers
    # The case's folder does not know the export any more: what that has answered stays.
    assert [answer.summary for answer in answers] == ["All is well.", "The input is the same."]


def test_only_the_records_where_a_report_asks_the_rest(case: Case, clock: Any) -> None:
    checks = run_checks(case, records_only=True, probes=(LIVE, RECORDS), clock=clock)
    assert [answer.probe for answer in checks.answers] == ["records"]


def test_the_sample_is_never_asked_about() -> None:
    case = sample_case()
    checks = run_checks(case, clock=lambda: case.now)
    assert checks.why_not and all(answer.at is None for answer in checks.answers)


# One row a check


ROWS = (
    says("one", found("The endpoint fails.", [seen("The endpoint fails.")])),
    says("two", could_not_look("Modal is not signed in.")),
    says("three", clean("Nothing on its page."), "DX-4"),
)


def test_answers_of_one_row_are_told_together(case: Case, clock: Any) -> None:
    found_ = investigate(case, run_checks(case, probes=ROWS, clock=clock))
    rows = {row.check: row for row in found_.findings}
    assert rows["DX-2"].outcome is Outcome.FOUND
    assert rows["DX-2"].summary == "The endpoint fails. Could not look: Modal is not signed in."
    assert rows["DX-2"].asked == "what one says; what two says" and rows["DX-2"].at == NOW + timedelta(minutes=2)
    assert rows["DX-4"].outcome is Outcome.CLEAN and rows["DX-4"].summary == "Nothing on its page."
    assert len([row.check for row in found_.findings]) == len(rows)


def test_the_page_says_whether_live_systems_were_asked(case: Case, clock: Any) -> None:
    asked = investigate(case, run_checks(case, probes=ROWS, clock=clock))
    assert "Live systems were asked" in display.checklist(asked).html
    assert "2026-03-09 12:02 UTC" in display.checklist(asked).markdown
    not_asked = investigate(case, run_checks(replace(case, offline=True), probes=ROWS, clock=clock))
    assert "Live systems were not asked: it is read offline." in display.checklist(not_asked).html


def test_a_tie_names_the_check_that_would_settle_it(case: Case, clock: Any) -> None:
    even = [seen("Either.", {Cause.NETWORK: 100.0, Cause.EXTERNAL_OUTAGE: 100.0, Cause.CREDENTIALS: 0.001})]
    rows = (says("x", found("Either.", even)), says("y", could_not_look("The status page is away."), "DX-4"))
    best = investigate(case, run_checks(case, probes=rows, clock=clock)).hypotheses[0]
    assert (
        best.next_look and "DX-4 would tell it from" in best.next_look and "The status page is away." in best.next_look
    )


def test_what_is_found_beside_a_healthy_subject_is_said(tmp_path: Path, clock: Any) -> None:
    source = tmp_path / "page.json"
    source.write_text(page(runs("....", start=NOW - 4 * HOUR)))
    case = read_case([str(source)], Settings(), NOW)
    rows = (
        says("endpoint", could_not_look("It was not asked.", next_look="Put its host into [modal.apps].")),
        says("n8n", found("n8n does not answer.", next_look="Look at its host."), "RC-6"),
    )
    told = investigate(case, run_checks(case, probes=rows, clock=clock))
    assert (
        not told.hypotheses and "But: n8n does not answer." in told.headline and told.next_step == "Look at its host."
    )


def test_without_checks_a_case_says_so(case: Case) -> None:
    assert investigate(case).not_asked == "only the records were read"
    assert investigate(case, Checks()).not_asked is None


def test_only_what_checks_sign_in_with_goes_to_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "INCIDENT_NB_N8N_API_KEY__EU_1",
        "INCIDENT_NB_N8N_API_KEY",
        "MODAL_TOKEN_ID",
        "MODAL_CONFIG_PATH",
        "INCIDENT_NB_ALERT_TOKEN",
    ):
        monkeypatch.setenv(name, "x")
    settings = Settings(n8n={"eu-1": Server(url="https://n8n.example.com")})
    assert set(credentials(settings)) == {
        "INCIDENT_NB_N8N_API_KEY__EU_1", "MODAL_TOKEN_ID", "MODAL_CONFIG_PATH",
    }  # fmt: skip


# Whose records are these?


@contextmanager
def n8n_of(kept: Kept, monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[tuple[faulty.Server, Settings]]:
    """A server under these names in the settings, and those."""
    with serving_n8n(kept) as server:
        for name in names:
            monkeypatch.setenv(variable(name), KEY)
        yield server, Settings(n8n={name: Server(url=server.url) for name in names})


def known(name: str = "[ACME] Flow 1") -> Kept:
    """A server with the workflow of the case under this name, and with none of its runs."""
    return Kept(workflows=[{**flow(), "name": name, "active": True}])


def with_the_run(of: str) -> Kept:
    """A server with the newest failing run, as one of this workflow, and with no workflow."""
    kept = Kept()
    kept.add({**runs("X", first=7, start=NOW - HOUR)[0], "workflowId": of})
    return kept


WHOSE = {
    "the workflow by its name": (known(), True),
    "the workflow was renamed, and its run is kept": (with_the_run("wf1"), True),
    "another workflow of the same id": (known("[BETA] Else"), False),
    "a run of the same id": (with_the_run("wf2"), False),
    "neither": (Kept(), False),
}
STATE = tuple(probe for probe in PROBES if probe.name in ("workflow_state", "infrastructure", "recurrence"))


@pytest.mark.parametrize(("kept", "theirs"), WHOSE.values(), ids=WHOSE)
def test_an_export_is_not_looked_into_on_a_server_that_does_not_know_it(
    kept: Kept, theirs: bool, case: Case, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with n8n_of(kept, monkeypatch, "default") as (server, settings):
        answers = run_checks(replace(case, settings=settings), probes=STATE, clock=clock).answers
    said = [answer.summary for answer in answers if "may be of another server" in answer.summary]
    assert len(said) == (0 if theirs else len(STATE))
    if not theirs:
        assert {answer.outcome for answer in answers} == {Outcome.COULD_NOT_LOOK} and "--instance NAME" in said[0]
        assert len(server.asked) == 2 and not [piece for answer in answers for piece in answer.evidence]


def test_a_server_that_was_named_is_asked(tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "page.json"
    source.write_text(page(runs("....XXX", start=NOW - 7 * HOUR)))
    with n8n_of(Kept(), monkeypatch, "default", "main") as (_, settings):
        case = read_case([str(source)], settings, NOW, instance="main")
        answers = run_checks(case, probes=STATE, clock=clock).answers
    assert "is not on the server any more" in answers[0].summary


def test_what_was_read_from_the_server_is_its_own(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    kept.add(*runs("....XXX", start=NOW - 7 * HOUR))
    with n8n_of(kept, monkeypatch, "default") as (_, settings):
        case = read_case(["n8n"], settings, NOW)
        kept.executions.clear()
        answers = run_checks(case, probes=STATE, clock=clock).answers
    assert "is not on the server any more" in answers[0].summary


def test_what_stopped_is_told_up_to_the_present_where_the_server_gave_its_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, later = Kept(), NOW + 24 * HOUR
    kept.add(*runs("." * 30, start=NOW - 30 * HOUR))
    source = tmp_path / "page.json"
    source.write_text(page([*kept.executions.values()]))
    with n8n_of(kept, monkeypatch, "default") as (_, asking):
        settings = asking.model_copy(update={"path": tmp_path / "incident-nb.toml"})
        case = read_case(["n8n"], settings, later)
        again = open_case(str(case.save(tmp_path / "case").folder))
        kept.instead = lambda _: faulty.hang_up
        cut = read_case(["n8n"], settings, later)  # from the archive
        offline = read_case(["n8n"], settings, later, offline=True)
    for one in (case, again):
        assert one.current == ("default",)
        assert survey(one).silent["workflow_id"].tolist() == ["wf1"]
    for one in (cut, offline, read_case([str(source)], settings, later)):
        assert one.current == ()
        assert survey(one).silent.empty


def test_a_workflow_that_the_server_has_switched_off_is_quiet_on_purpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, later = known(), NOW + 24 * HOUR
    kept.add(*runs("." * 30, start=NOW - 30 * HOUR))
    kept.workflows.append({**flow(9), "active": True})
    with n8n_of(kept, monkeypatch, "default") as (_, asking):
        settings = asking.model_copy(update={"path": tmp_path / "incident-nb.toml"})
        on = read_case(["n8n"], settings, later)
        kept.workflows[:] = [{**kept.workflows[0], "active": False}]
        off = read_case(["n8n"], settings, later)
        archived = read_case(["n8n"], settings, later, offline=True)
    assert on.log.active == {("default", "wf1"): True, ("default", "wf9"): True}
    assert survey(on).silent["state"].tolist() == ["active"]
    for one in (off, archived, open_case(str(off.save(tmp_path / "case").folder))):
        assert one.log.active == {("default", "wf1"): False}
        assert survey(one).silent.empty


def test_a_server_that_is_away_is_told_in_the_checks_own_words(
    case: Case, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with n8n_of(Kept(instead=lambda _: faulty.hang_up), monkeypatch, "default") as (_, settings):
        answers = run_checks(replace(case, settings=settings), probes=STATE, clock=clock).answers
    assert "n8n does not answer from here" in answers[1].summary


def test_healthy_records_of_a_server_that_is_not_configured_are_not_looked_into_on_another(
    tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "page.json"
    source.write_text(page(runs("....", start=NOW - 4 * HOUR)))
    with n8n_of(Kept(), monkeypatch, "main") as (server, settings):
        answers = run_checks(read_case([str(source)], settings, NOW), probes=STATE, clock=clock).answers
    assert server.asked == [] and "there is no [n8n.default]" in answers[1].summary
