"""Which severity the known facts suggest: a table of rules and one of questions, and the few lines that read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from incident_nb.models import Cause, Frozen, Severity
from incident_nb.policy.facts import SeverityFacts, consistent, failed, failures
from incident_nb.policy.load import load
from incident_nb.policy.tables import Limits, Policy


class Question(Frozen):
    """Something only a person can tell whose answer could change the suggestion: the fact it sets, and how to ask."""

    fact: str
    text: str


class SeveritySuggestion(Frozen):
    """The suggested severity, the reasons for it (each names its rule and row), and at most two open questions."""

    suggested: Severity
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    questions: tuple[Question, ...] = ()


def suggest(facts: SeverityFacts, policy: Policy | None = None) -> SeveritySuggestion:
    """The severity of the gravest rule that applies; P3 when none does, since too little is known to call it harmless.

    The rules are `RULES`; the figures they use are `[limits]` of the policy.
    """
    limits = (policy or load()).limits
    rules = _decisive(facts, limits)
    return SeveritySuggestion(
        suggested=rules[0].severity,
        reasons=tuple(f"{rule.reason(facts)} ({rule.id}, {rule.row})" for rule in rules),
        rules=tuple(rule.id for rule in rules),
        questions=_open_questions(facts, limits, rules[0].severity),
    )


@dataclass(frozen=True)
class Rule:
    """When `applies` holds, the situation is at least that severe, because of `reason`. `row`: the procedure's line."""

    id: str
    row: str
    severity: Severity
    applies: Callable[[SeverityFacts, Limits], bool]
    reason: Callable[[SeverityFacts], str]


def _all_down(f: SeverityFacts, limits: Limits) -> bool:
    return f.workflows_total is not None and limits.all_workflows_min <= f.workflows_total == f.workflows_down


def _no_data(f: SeverityFacts, _: Limits) -> bool:
    # A refused credential does not heal by itself, so one failure is enough while nothing has succeeded since.
    succeeded = (
        f.data_flowing is True or f.successes_since_onset or f.intermittent is True or f.consecutive_failures == 0
    )
    return f.cause is Cause.CREDENTIALS and not succeeded and _harm(f)


def _incomplete(f: SeverityFacts, _: Limits) -> bool:
    return f.output_incomplete is True or (bool(f.items_lost) and f.output_incomplete is None and _harm(f))


def _slow(f: SeverityFacts, limits: Limits) -> bool:
    return f.slow is True or (f.duration_ratio is not None and f.duration_ratio >= limits.slow_ratio)


def _harm(f: SeverityFacts) -> bool:
    return f.output_affected is not False


def _sporadic(f: SeverityFacts, limits: Limits) -> bool:
    mixed = f.intermittent is True or (failures(f) > 1 and bool(f.successes_since_onset))
    return failed(f) and mixed and not consistent(f, limits)


def _unexplained(f: SeverityFacts, limits: Limits) -> bool:
    visible = failed(f) or _slow(f, limits) or f.duplicates or f.alert_fired or f.cosmetic_only
    return not visible


def _runs(f: SeverityFacts) -> str:
    if f.runs_since_onset and f.successes_since_onset is not None:
        return f"{failures(f)} of {f.runs_since_onset} runs since onset failed"
    if f.consecutive_failures:
        return f"the newest {f.consecutive_failures} runs failed" if failures(f) > 1 else "the newest run failed"
    return {True: "some runs fail", False: "every run fails", None: "something failed"}[f.intermittent]


def _every_run(f: SeverityFacts) -> str:
    if failures(f) == 2 and f.hours_failing and f.hours_between_runs:
        apart = f"{f.hours_failing:.0f} hours apart"
        return f"{_runs(f)}, {apart}, after good runs {f.hours_between_runs:.0f} hours apart"
    return _runs(f)


def _of(f: SeverityFacts) -> str:
    return f"{f.workflows_down} of {f.workflows_total}" if f.workflows_total else f"{f.workflows_down}"


def _items(f: SeverityFacts) -> str:
    return "1 item" if f.items_lost == 1 else f"{f.items_lost} items"


def _slowness(f: SeverityFacts) -> str:
    return f"runs take {f.duration_ratio:.1f} times as long as before" if f.duration_ratio else "it is slow"


P1, P2, P3, P4 = Severity
RULES = (
    Rule("nothing_runs", "SEV-X1", P1, lambda f, _: f.nothing_runs is True, lambda _: "nothing runs at all"),
    Rule("all_workflows_down", "SEV-X1", P1, _all_down, lambda f: f"all {f.workflows_total} workflows are down"),
    Rule(
        "wrong_destination", "SEV-X2", P1,
        lambda f, _: f.wrong_destination is True,
        lambda _: "data was written to a system, account or client that it is not for",
    ),
    Rule(
        "credential_exposed", "SEV-X3", P1,
        lambda f, _: f.credential_exposed is True,
        lambda _: "a secret can be read by people it is not for",
    ),
    Rule(
        "unauthorised_access", "ESC-4", P1,
        lambda f, _: f.unauthorised_access is True,
        lambda _: "somebody got in who has no right to",
    ),
    Rule(
        "client_facing_down", "SEV-P1", P1,
        lambda f, _: f.client_facing_down is True,
        lambda _: "a service that the client's customers use is completely down",
    ),
    Rule(
        "data_loss_risk", "SEV-P1", P1,
        lambda f, _: f.data_loss_risk is True,
        lambda _: "data is lost, or about to be, that cannot be made again",
    ),
    Rule(
        "failing_consistently", "SEV-X4", P2,
        lambda f, limits: consistent(f, limits) and _harm(f),
        _every_run,
    ),
    Rule(
        "several_workflows_down", "SEV-P2", P2,
        lambda f, _: (f.workflows_down or 0) > 1 and _harm(f),
        lambda f: f"{_of(f)} workflows are down",
    ),
    Rule(
        "credential_without_data", "SEV-X5", P2, _no_data,
        lambda f: f"a credential is refused, {'no data flows' if f.data_flowing is False else 'no success since'}",
    ),
    Rule("no_data", "SEV-P2", P2, lambda f, _: f.data_flowing is False, lambda _: "no data reaches its destination"),
    Rule(
        "output_incomplete", "SEV-X6", P2, _incomplete,
        lambda f: f"{_items(f)} failed while their run went on" if f.items_lost else "output is incomplete",
    ),
    Rule(
        "output_wrong", "SEV-P2", P2,
        lambda f, _: f.output_affected is True,
        lambda _: "a result that somebody relies on is missing or wrong",
    ),
    Rule(
        "several_endpoints", "SEV-P2", P2,
        lambda f, _: failed(f) and (f.endpoints_affected or 0) > 1 and _harm(f),
        lambda f: f"{f.endpoints_affected} endpoints are affected",
    ),
    Rule(
        "duplicates_repeated", "SEV-P2", P2,
        lambda f, _: (f.duplicates or 0) > 1,
        lambda f: f"it happened twice again and again, at least {f.duplicates} times",
    ),
    Rule(
        "record_duplicated", "SEV-P2", P2,
        lambda f, _: bool(f.duplicates) and f.duplicate_of_record is True,
        lambda _: "a record or a payment was made twice",
    ),
    Rule(
        "intermittent_timeout", "SEV-X7", P3,
        lambda f, limits: f.cause is Cause.TIMEOUT and _sporadic(f, limits),
        lambda f: f"time-outs come and go: {_runs(f)}",
    ),
    Rule(
        "intermittent", "SEV-P3", P3,
        lambda f, limits: f.cause is not Cause.TIMEOUT and _sporadic(f, limits),
        lambda f: f"it comes and goes: {_runs(f)}",
    ),
    Rule("duplicate_once", "SEV-X8", P3, lambda f, _: f.duplicates == 1, lambda _: "a message went out twice, once"),
    Rule(
        "harmless_failure", "SEV-X9", P3,
        lambda f, _: (failed(f) or f.alert_fired is True) and not _harm(f),
        lambda f: f"an error is reported ({_runs(f)}), and no result suffers",
    ),
    Rule(
        "some_failure", "SEV-P3", P3,
        lambda f, limits: failed(f) and _harm(f) and not _sporadic(f, limits),
        _runs,
    ),
    Rule(
        "past_sla", "SEV-P3", P3,
        lambda f, limits: _slow(f, limits) and f.within_sla is False,
        lambda f: f"{_slowness(f)}, beyond what is agreed",
    ),
    Rule(
        "cosmetic", "SEV-P4", P4,
        lambda f, _: f.cosmetic_only is True,
        lambda _: "it is about looks or words only",
    ),
    Rule("slow_within_sla", "SEV-X11", P4, _slow, lambda f: f"{_slowness(f)}, and nothing says beyond what is agreed"),
)  # fmt: skip
LITTLE_KNOWN = Rule("little_known", "SEV-P3", P3, lambda *_: True, lambda _: "too little is known to call it harmless")

# What can be asked, in order of how much it tells, and when it makes sense to ask.
QUESTIONS: tuple[tuple[str, str, Callable[[SeverityFacts, Limits], bool]], ...] = (
    ("within_sla", "Is the response time still within what is agreed?", _slow),
    ("duplicate_of_record", "Was a record or payment made twice, not just a message?", lambda f, _: bool(f.duplicates)),
    ("output_incomplete", "Is anything still missing from the output?", lambda f, _: bool(f.items_lost)),
    ("data_flowing", "Does data still reach its destination?", lambda f, _: f.cause is Cause.CREDENTIALS),
    ("wrong_destination", "Was data written to the wrong system, account or client?", _unexplained),
    (
        "client_facing_down",
        "Is a service that the client's own customers use completely down?",
        lambda f, limits: consistent(f, limits) or (f.workflows_down or 0) > 1,
    ),
    (
        "data_loss_risk",
        "Is data lost, or about to be, that cannot be fetched or made again?",
        lambda f, _: bool(f.items_lost) or f.output_incomplete is True or f.cause is Cause.INFRASTRUCTURE,
    ),
    (
        "output_affected",
        "Is a result that somebody relies on missing or wrong?",
        lambda f, _: failed(f) or f.alert_fired is True,
    ),
    ("cosmetic_only", "Is it about looks or words only, with everything working?", _unexplained),
)
MOST_QUESTIONS = 2


def _decisive(facts: SeverityFacts, limits: Limits) -> list[Rule]:
    """The rules that decide: of those that apply, the ones of the gravest severity."""
    applying = [rule for rule in RULES if rule.applies(facts, limits)] or [LITTLE_KNOWN]
    gravest = min(rule.severity for rule in applying)
    return [rule for rule in applying if rule.severity is gravest]


def _open_questions(facts: SeverityFacts, limits: Limits, suggested: Severity) -> tuple[Question, ...]:
    """The first questions that make sense here, have no answer yet, and where an answer would change the result."""
    useful = (
        Question(fact=name, text=text)
        for name, text, sensible in QUESTIONS
        if getattr(facts, name) is None
        and sensible(facts, limits)
        and any(_decisive(facts.answered(**{name: a}), limits)[0].severity is not suggested for a in (True, False))
    )
    return tuple(question for question, _ in zip(useful, range(MOST_QUESTIONS), strict=False))
