"""The procedure's twelve examples and their near misses, from a text or from what a log shows, by the same rules."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from incident_nb.errors import UsageError
from incident_nb.models import Cause, Severity
from incident_nb.policy import SeverityFacts, facts_from_text, suggest
from incident_nb.policy import load as load_policy
from incident_nb.policy.intake import clauses, families
from incident_nb.policy.severity import LITTLE_KNOWN, QUESTIONS, RULES


@dataclass(frozen=True)
class Situation:
    """`start` is a pasted text, or the facts that reading an execution log yields; `answers` are given when asked."""

    row: str
    severity: str
    start: str | SeverityFacts
    answers: dict[str, bool] = field(default_factory=dict)
    rule: str | None = None


def facts_of(start: str | SeverityFacts) -> SeverityFacts:
    return facts_from_text(start) if isinstance(start, str) else start


def log(**facts) -> SeverityFacts:
    return SeverityFacts(workflows_total=7, **{"workflows_down": 0, **facts})


def all_runs_fail(runs: int, **facts) -> SeverityFacts:
    return log(**{
        "workflows_down": 1, "runs_since_onset": runs, "successes_since_onset": 0, "consecutive_failures": runs,
        "intermittent": False, "endpoints_affected": 1, **facts,
    })  # fmt: skip


EXAMPLES = [
    Situation(
        "SEV-X1", "P1", all_runs_fail(4, cause=Cause.INFRASTRUCTURE, workflows_down=7), rule="all_workflows_down"
    ),
    Situation("SEV-X1", "P1", "All our automations stopped at 9:10, nothing has run since.", rule="nothing_runs"),
    Situation(
        "SEV-X2",
        "P1",
        "Hi, since this morning our leads are being created in a different client's HubSpot. Best, Tom",
        rule="wrong_destination",
    ),
    Situation("SEV-X2", "P1", "The new orders look strange.", {"wrong_destination": True}, rule="wrong_destination"),
    Situation("SEV-X3", "P1", "Our Stripe API key got committed to a public repo!", rule="credential_exposed"),
    Situation("SEV-X4", "P2", all_runs_fail(6, cause=Cause.WORKFLOW_CONFIG), rule="failing_consistently"),
    Situation(
        "SEV-X4", "P2", all_runs_fail(2, hours_failing=24.0, hours_between_runs=24.0), rule="failing_consistently"
    ),
    Situation("SEV-X4", "P2", "The invoice sync has been failing on every run since noon", rule="failing_consistently"),
    Situation(
        "SEV-X5", "P2", all_runs_fail(2, cause=Cause.CREDENTIALS, detail="oauth_token"),
        {"data_flowing": False}, rule="credential_without_data",
    ),
    Situation(
        "SEV-X5", "P2",
        "The HubSpot OAuth token has expired and no new contacts have arrived since yesterday.",
        rule="credential_without_data",
    ),
    Situation(
        "SEV-X6", "P2", log(runs_since_onset=5, successes_since_onset=5, consecutive_failures=0, items_lost=14),
        {"output_incomplete": True}, rule="output_incomplete",
    ),
    Situation("SEV-X6", "P2", "3 invoices are missing in today's export, the rest is there", rule="output_incomplete"),
    Situation(
        "SEV-X7", "P3",
        log(runs_since_onset=40, successes_since_onset=34, consecutive_failures=1, intermittent=True,
            endpoints_affected=1, cause=Cause.TIMEOUT, detail="external"),
        rule="intermittent_timeout",
    ),
    Situation("SEV-X7", "P3", "The enrichment endpoint times out now and then", rule="intermittent_timeout"),
    Situation("SEV-X8", "P3", log(duplicates=1), {"duplicate_of_record": False}, rule="duplicate_once"),
    Situation("SEV-X8", "P3", "The client got the same reminder e-mail twice this morning", rule="duplicate_once"),
    Situation(
        "SEV-X9", "P3", all_runs_fail(5, cause=Cause.DATA_FORMAT, alert_fired=True),
        {"output_affected": False}, rule="harmless_failure",
    ),
    Situation(
        "SEV-X9", "P3",
        "The error trigger keeps firing for an optional lookup; it is harmless, the order itself went through",
        rule="harmless_failure",
    ),
    Situation("SEV-X10", "P4", "The log lines are badly indented since the update", rule="cosmetic"),
    Situation(
        "SEV-X11", "P4",
        log(runs_since_onset=20, successes_since_onset=20, consecutive_failures=0, failing=False, duration_ratio=2.4),
        {"within_sla": True}, rule="slow_within_sla",
    ),
    Situation("SEV-X11", "P4", "The lookup is slower than usual but within the agreed limits", rule="slow_within_sla"),
    Situation("SEV-X12", "P4", "A sticky note in the intake workflow still describes the old steps", rule="cosmetic"),
]  # fmt: skip

NEAR_MISSES = [
    # most workflows are not all of them
    Situation("SEV-X1", "P2", all_runs_fail(4, cause=Cause.INFRASTRUCTURE, workflows_down=6)),
    Situation("SEV-X1", "P3", "All workflows are running again, only the CRM sync failed once."),
    # right system, wrong label; a login to another system is no write to it
    Situation("SEV-X2", "P3", "Leads reach the right CRM but carry an odd label", {"wrong_destination": False}),
    Situation("SEV-X2", "P3", "I was logged in to a different account and could not find the run"),
    # a key that ran out has not leaked; a dummy key is no secret
    Situation("SEV-X3", "P2", "No key was leaked, the API key just expired"),
    Situation("SEV-X3", "P3", "A dummy key was committed to the public repo"),
    # once is not consistently; nine of ten good is not either
    Situation("SEV-X4", "P3", all_runs_fail(1, cause=Cause.WORKFLOW_CONFIG)),
    # of two failures the second must be long after the first, as the runs before were, and none may be good
    Situation("SEV-X4", "P3", all_runs_fail(2, hours_failing=1.0, hours_between_runs=24.0)),
    Situation("SEV-X4", "P3", all_runs_fail(2, hours_failing=24.0, hours_between_runs=1.0)),
    Situation("SEV-X4", "P3", all_runs_fail(2, hours_failing=24.0)),
    Situation("SEV-X4", "P3", all_runs_fail(1, hours_failing=0.0, hours_between_runs=24.0)),
    Situation(
        "SEV-X4", "P3", all_runs_fail(3, successes_since_onset=1, hours_failing=48.0, hours_between_runs=24.0)
    ),
    Situation(
        "SEV-X4", "P3", all_runs_fail(2, consecutive_failures=0, hours_failing=24.0, hours_between_runs=24.0)
    ),
    Situation("SEV-X4", "P3", "The invoice sync failed once last night, the next run was fine"),
    # the token expired, yet the data arrives
    Situation("SEV-X5", "P3", all_runs_fail(2, cause=Cause.CREDENTIALS), {"data_flowing": True}),
    Situation("SEV-X5", "P3", "The OAuth token expired but the retry worked and all leads arrived"),
    # the items that failed were made up for
    Situation(
        "SEV-X6", "P3", log(runs_since_onset=5, successes_since_onset=5, consecutive_failures=0, items_lost=14),
        {"output_incomplete": False},
    ),
    Situation("SEV-X6", "P1", "3 invoices were overwritten and cannot be recovered"),
    # every call, or every endpoint
    Situation("SEV-X7", "P2", all_runs_fail(12, cause=Cause.TIMEOUT, detail="external")),
    Situation("SEV-X7", "P2", "Several endpoints time out now and then"),
    # again and again, or money
    Situation("SEV-X8", "P2", log(duplicates=4, duplicate_of_record=False)),
    Situation("SEV-X8", "P2", "The same customer was charged twice"),
    # the alert is right: a result suffers
    Situation("SEV-X9", "P2", all_runs_fail(5, cause=Cause.DATA_FORMAT, alert_fired=True), {"output_affected": True}),
    Situation("SEV-X9", "P2", "The error trigger fired and the report shows wrong totals"),
    Situation("SEV-X9", "P2", "Error trigger firing for the shop: payments are not processed"),
    # the format of the log breaks something
    Situation("SEV-X10", "P3", "The log formatting broke the parser"),
    # slow beyond what was agreed, or slow until it fails
    Situation(
        "SEV-X11", "P3",
        log(runs_since_onset=20, successes_since_onset=20, consecutive_failures=0, failing=False, duration_ratio=2.4),
        {"within_sla": False},
    ),
    Situation("SEV-X11", "P3", "The lookup is so slow that a request timed out"),
    # what is outdated is not just a comment
    Situation("SEV-X12", "P3", "The workflow still calls the outdated endpoint and failed today"),
    Situation("SEV-X12", "P3", "The outdated note was e-mailed to our clients"),
]  # fmt: skip


def name(situation: Situation) -> str:
    return f"{situation.row}-{'text' if isinstance(situation.start, str) else 'log'}-{situation.severity}"


def decide(situation: Situation):
    """The suggestion after its questions were answered; a question can be answered only if it was asked."""
    facts = facts_of(situation.start)
    if situation.answers:
        asked = {question.fact for question in suggest(facts).questions}
        assert set(situation.answers) <= asked, asked
    return suggest(facts.answered(**situation.answers))


@pytest.mark.parametrize("situation", EXAMPLES, ids=name)
def test_examples(situation):
    suggestion = decide(situation)
    assert suggestion.suggested == situation.severity, suggestion
    assert situation.rule in suggestion.rules


@pytest.mark.parametrize("situation", NEAR_MISSES, ids=name)
def test_near_misses(situation):
    example = next(row for row in load_policy().examples if row.id == situation.row)
    suggestion = decide(situation)
    assert suggestion.suggested == situation.severity, suggestion
    assert suggestion.suggested is not example.severity


def test_every_example_has_its_severity_and_a_near_miss():
    examples = {row.id: row.severity for row in load_policy().examples}
    assert {s.row: Severity(s.severity) for s in EXAMPLES} == examples
    assert {s.row for s in NEAR_MISSES} == set(examples)


def test_reasons_carry_numbers_and_name_their_rule():
    suggestion = suggest(all_runs_fail(6, cause=Cause.CREDENTIALS))
    assert suggestion.rules == ("failing_consistently", "credential_without_data")
    assert suggestion.reasons == (
        "6 of 6 runs since onset failed (failing_consistently, SEV-X4)",
        "a credential is refused, no success since (credential_without_data, SEV-X5)",
    )


def test_two_failures_say_how_far_apart_they_are():
    suggestion = suggest(all_runs_fail(2, hours_failing=24.2, hours_between_runs=23.9))
    assert suggestion.reasons == (
        "2 of 2 runs since onset failed, 24 hours apart, after good runs 24 hours apart (failing_consistently, SEV-X4)",
    )


def test_counts_speak_before_words():
    said = facts_from_text("It fails on every run!")
    counted = log(runs_since_onset=40, successes_since_onset=37, consecutive_failures=0)
    assert suggest(said).suggested is Severity.P2
    assert suggest(counted.also(said)).suggested is Severity.P3


def test_also_keeps_what_is_known():
    both = SeverityFacts(failing=False, duplicates=1).also(SeverityFacts(failing=True, slow=True))
    assert (both.failing, both.duplicates, both.slow) == (False, 1, True)


def test_an_answer_to_no_question_is_refused():
    with pytest.raises(UsageError, match="within_slo"):
        SeverityFacts().answered(within_slo=True)


def test_one_workflow_alone_says_nothing_about_all():
    facts = all_runs_fail(9).model_copy(update={"workflows_total": 1})
    assert suggest(facts).suggested is Severity.P2


def test_nothing_known_is_not_called_harmless():
    suggestion = suggest(SeverityFacts())
    assert suggestion.suggested is Severity.P3
    assert suggestion.rules == (LITTLE_KNOWN.id,)
    assert len(suggestion.questions) == 2


@pytest.mark.parametrize("situation", EXAMPLES + NEAR_MISSES, ids=name)
def test_a_question_is_asked_only_if_an_answer_matters(situation):
    facts = facts_of(situation.start)
    suggestion = suggest(facts)
    assert len(suggestion.questions) <= 2
    for question in suggestion.questions:
        assert getattr(facts, question.fact) is None
        outcomes = {suggest(facts.answered(**{question.fact: answer})).suggested for answer in (True, False)}
        assert outcomes != {suggestion.suggested}


def test_the_vocabulary_names_no_severity_and_no_example():
    words = [example.text.lower() for example in load_policy().examples]
    for fact in SeverityFacts.model_fields:
        assert not set(fact.split("_")) & {"p1", "p2", "p3", "p4", "severity", "critical"}
        assert fact.replace("_", " ") not in words
    assert {fact for fact, _, _ in QUESTIONS} <= set(SeverityFacts.model_fields)


def test_every_rule_serves_a_row_and_agrees_with_its_severity():
    rules = load_policy()
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids))
    for rule in (*RULES, LITTLE_KNOWN):
        row = rules.row(rule.row)
        assert getattr(row, "severity", rule.severity) == rule.severity


TEXTS = [
    ("", {}),
    ("Hello team, thanks for the great work!", {}),
    ("Two of seven workflows are failing", {"workflows_down": 2, "workflows_total": 7, "failing": True}),
    ("5 of the last 6 runs failed", {"runs_since_onset": 6, "successes_since_onset": 1, "failing": True}),
    ("it failed 4 times in a row", {"consecutive_failures": 4, "failing": True, "intermittent": False}),
    ("12 of 80 rows were skipped", {"items_lost": 12, "output_incomplete": True}),
    ("No data was lost", {"data_loss_risk": False, "output_incomplete": False}),
    ("The token was not leaked.", {"credential_exposed": False}),
    ("Nothing is missing", {"output_incomplete": False}),
    ("duplicate key value violates unique constraint", {}),
    ("The node doesn’t work", {"failing": True}),
    ("HTTP 401 from the CRM", {"cause": Cause.CREDENTIALS}),
    ("There may be a memory leak in the worker", {}),
    ("None of the workflows ran into errors", {}),
    ("None of our workflows are running", {"nothing_runs": True}),
    ("Several workflows have crashed", {"workflows_down": 2, "failing": True}),
    ("The booking page is down", {"client_facing_down": True, "failing": True}),
    ("Visitors cannot check out", {"client_facing_down": True}),
    ("Customers can't log in", {"client_facing_down": True}),
    ("Someone got in with the login of a former colleague", {"unauthorised_access": True}),
    ("Too many requests", {"cause": Cause.RATE_LIMIT}),
    ("There is a typo in the node title", {"cosmetic_only": True}),
    ("There is a typo in the endpoint", {}),
    ("We keep getting alarms", {"alert_fired": True}),
    ("The same e-mail was sent 40 times", {"duplicates": 2, "duplicate_of_record": False}),
    ("The check ran 40 times and sent one e-mail", {}),
    ("n8n crashed", {"nothing_runs": True, "failing": True}),
    ("Orders meant for the shop landed in the archive", {"wrong_destination": True}),
    ("The export has blank phone numbers", {"output_incomplete": True}),
    ("No more alerts are coming in", {}),
    ("Payments are not processed", {"data_flowing": False}),
    ("The lookup is slow and misses the agreed time", {"slow": True, "within_sla": False}),
]


@pytest.mark.parametrize(("text", "facts"), TEXTS)
def test_texts(text, facts):
    assert {name: value for name, value in facts_from_text(text) if value is not None} == facts


@pytest.mark.parametrize("family", families(), ids=lambda family: f"{family.fact}-{family.value}")
def test_every_family_states_a_fact_and_is_seen_at_work(family):
    assert getattr(SeverityFacts.model_validate({family.fact: family.value}), family.fact) == family.value
    texts = [text for text, _ in TEXTS] + [s.start for s in EXAMPLES + NEAR_MISSES if isinstance(s.start, str)]
    assert family.value in [family.states(clause) for text in texts for clause in clauses(text)]
