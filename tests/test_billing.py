"""Who pays (BILL-1 to BILL-3), how much, and whether a client's text may speak of it (BILL-4)."""

from __future__ import annotations

import pytest

from incident_nb.models import Cause
from incident_nb.policy import bill, load
from tests.incidents import after, incident_of

AGAIN = ("reopened", 1000, {"reason": "it is back"})


def cause(minutes: float, name: str = "external_api_changed", detail: str | None = None):
    return ("cause_accepted", minutes, {"cause": name, "detail": detail})


def classified(minutes: float, row: str, hours: float | None = None):
    return ("billing_classified", minutes, {"row": row, "hours": hours})


def approved(minutes: float):
    return ("billing_approved", minutes, {"text": "Mia, by e-mail"})


RULED_OUT = ("cause_rejected", 25, {"cause": "external_api_changed", "reason": "their API is as it was"})

# What is suggested for each cause; None where a person has to decide, with the rows it may be.
SUGGESTED = {
    "endpoint_crash": ("BILL-1", {"BILL-1"}),
    "workflow_config": ("BILL-1", {"BILL-1"}),
    "infrastructure": ("BILL-1", {"BILL-1"}),
    "external_api_changed": ("BILL-2", {"BILL-2"}),
    "external_outage": ("BILL-2", {"BILL-2"}),
    "network": ("BILL-2", {"BILL-2"}),
    "timeout": (None, {"BILL-1", "BILL-2"}),  # a cold start of our own, or their slow service
    "rate_limit": (None, {"BILL-1", "BILL-2"}),  # our calls without a pause, or their new limit
    "credentials": (None, {"BILL-2", "BILL-3"}),
    "data_format": (None, {"BILL-2", "BILL-3"}),
    "workflow_inactive": (None, {"BILL-1", "BILL-3"}),
    "unknown": (None, set()),
}


@pytest.mark.parametrize("name", SUGGESTED)
def test_what_is_suggested_for_each_cause(name):
    row, named = SUGGESTED[name]
    found = bill(incident_of(cause(20, name)), after(30))
    assert found.suggested == row
    assert found.reason.startswith(name.replace("_", " "))
    ids = {one.id for one in load().billing if f"({one.id})" in found.reason or one.cause in found.reason}
    assert ids == named
    assert (found.row, found.billable, found.amount) == (None, None, None)  # a suggestion is nobody's word


def test_every_cause_is_in_the_table():
    assert set(SUGGESTED) == set(Cause)


def test_the_reason_names_the_detail_and_the_choice():
    found = bill(incident_of(cause(20, "credentials", "oauth_token")), after(30))
    assert found.reason == (
        "credentials, oauth token: External system change (BILL-2) or Client-caused (changed settings, revoked access) (BILL-3)"
    )
    assert bill(incident_of(cause(20)), after(30)).reason == "external api changed: External system change"
    assert bill(incident_of(cause(20, "unknown")), after(30)).reason == "unknown does not say who pays"
    assert bill(incident_of(), after(30)).reason == "no cause is accepted yet"
    assert bill(incident_of(cause(20), RULED_OUT), after(30)).suggested is None


# --- hours and amount ---------------------------------------------------------------------------------------------------

STEPS = [
    ("acknowledged", 5),
    ("severity_chosen", 6, {"severity": "P2"}),
    cause(66),
    ("fixed", 126, {"what": "x"}),
    ("resolved", 141),
]


@pytest.mark.parametrize(
    ("happened", "now", "hours"),
    [
        ([], 600, 0),
        (STEPS[:2], 6, 0),
        (STEPS[:2], 36, 0.5),
        (STEPS[:2], 26, 0.33),
        (STEPS[:3], 66, 1),
        (STEPS[:4], 126, 2),
        (STEPS, 141, 2.25),
        (STEPS, 9999, 2.25),
        ([*STEPS, ("notified", 200), ("documented", 300, {"path": "a.md"})], 9999, 2.25),
        ([*STEPS, ("closed", 300)], 9999, 2.25),
        ([*STEPS[:2], ("fixed", 126, {"what": "x"}), ("resolved", 141)], 9999, 2.25),
        ([*STEPS[:2], ("fixed", 126, {"what": "x"}), ("resolved", 141), cause(5000)], 9999, 2.25),
        ([*STEPS[:3], ("waiting_began", 70, {"why": "x"}), ("waiting_ended", 100), *STEPS[3:]], 9999, 1.75),
        ([*STEPS[:3], ("worked_around", 96, {"what": "x", "due": "2026-12-01T10:00Z"})], 9999, 1.5),
        ([*STEPS, AGAIN, ("acknowledged", 1003)], 1033, 0.5),
    ],
    ids=["nothing yet", "QR-1 is not counted", "QR-2", "QR-2, a third of an hour", "QR-2 done", "QR-3", "QR-4",
         "it stops when resolved", "QR-5 and QR-6 are not counted", "closed", "no cause: no minute counts twice",
         "cause accepted later", "waited", "worked around", "since it came back"],
)  # fmt: skip
def test_the_hours_that_are_proposed(happened, now, hours):
    found = bill(incident_of(*happened, severity="P2"), after(now))
    assert (found.hours_spent, found.hours) == (hours, hours)


@pytest.mark.parametrize(
    ("row", "hours", "billable", "counted", "amount"),
    [
        ("BILL-1", None, False, 2.25, 0),
        ("BILL-1", 8, False, 8, 0),
        ("BILL-2", None, True, 2.25, 562.5),
        ("BILL-2", 1.5, True, 1.5, 375),
        ("BILL-2", 0, True, 0, 0),
        ("BILL-3", None, True, 2.25, 562.5),
        ("BILL-3", 0.1, True, 0.1, 25),
        ("BILL-3", 1 / 3, True, 1 / 3, 83.33),
    ],
)
def test_hours_and_amount(row, hours, billable, counted, amount):
    found = bill(incident_of(*STEPS, classified(150, row, hours)), after(200))
    assert (found.row, found.billable, found.hours, found.amount) == (row, billable, counted, amount)
    assert (found.hours_spent, found.rate) == (2.25, "$250/hr")


def test_the_newest_word_on_billing_counts():
    found = bill(incident_of(*STEPS, classified(150, "BILL-2", 3), classified(160, "BILL-1")), after(200))
    assert (found.row, found.amount, found.suggested) == ("BILL-1", 0, "BILL-2")


@pytest.mark.parametrize(
    ("rate", "amount"), [("$250/hr", 500), ("$1,250.50 an hour", 2501), ("180 EUR/h", 360), ("by agreement", 0)]
)
def test_the_rate_is_the_policys(rate, amount):
    rules = load()
    other = rules.model_copy(update={"settings": rules.settings.model_copy(update={"billing_rate": rate})})
    found = bill(incident_of(*STEPS, classified(150, "BILL-2", 2)), after(200), policy=other)
    assert (found.amount, found.rate) == (amount, rate)


# --- BILL-4: whether it may be mentioned --------------------------------------------------------------------------------

NO_CAUSE, NOBODY = "the cause is not confirmed", "nobody has said who pays"
NOT_APPROVED, TOO_OLD = (
    "the client's approval is not on record",
    "the client's approval is older than the accepted cause",
)
MENTIONED = [
    ("nothing", [], NO_CAUSE),
    ("diagnosed only", [("diagnosed", 5, {"headline": "x", "cause": "external_api_changed", "confidence": 1})], NO_CAUSE),
    ("approved without a cause", [classified(30, "BILL-2"), approved(40)], NO_CAUSE),
    ("free without a cause", [classified(30, "BILL-1")], NO_CAUSE),
    ("the cause is unknown", [cause(20, "unknown"), classified(30, "BILL-2"), approved(40)], NO_CAUSE),
    ("the cause was ruled out", [cause(20), RULED_OUT, classified(30, "BILL-2"), approved(40)], NO_CAUSE),
    ("a cause, nobody said who pays", [cause(20)], NOBODY),
    ("approved, nobody said who pays", [cause(20), approved(40)], NOBODY),
    ("BILL-1 is free", [cause(20), classified(30, "BILL-1")], ""),
    ("BILL-2 not approved", [cause(20), classified(30, "BILL-2")], NOT_APPROVED),
    ("BILL-3 not approved", [cause(20), classified(30, "BILL-3", 2)], NOT_APPROVED),
    ("BILL-2 approved", [cause(20), classified(30, "BILL-2"), approved(40)], ""),
    ("BILL-3 approved", [cause(20), classified(30, "BILL-3"), approved(40)], ""),
    ("approved, then classified", [cause(20), approved(30), classified(40, "BILL-2")], ""),
    ("approved in the same minute as the cause", [cause(20), classified(20, "BILL-2"), approved(20)], ""),
    ("approved before the cause", [approved(10), cause(20), classified(30, "BILL-2")], TOO_OLD),
    ("another cause after the approval", [cause(20), classified(30, "BILL-2"), approved(40), cause(50, "network")], TOO_OLD),
    ("approved anew for it", [cause(20), classified(30, "BILL-2"), approved(40), cause(50, "network"), approved(60)], ""),
    ("our bug after all", [cause(20), classified(30, "BILL-2"), approved(40), cause(50, "endpoint_crash"),
                           classified(55, "BILL-1")], ""),
    ("reopened with the same cause", [cause(20), classified(30, "BILL-2"), approved(40), ("resolved", 50), AGAIN], ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("happened", "why_not"), [row[1:] for row in MENTIONED], ids=[f"BILL-4 {row[0]}" for row in MENTIONED]
)
def test_whether_it_may_be_mentioned(happened, why_not):
    found = bill(incident_of(*happened), after(2000))
    assert (found.may_be_mentioned, found.why_not) == (not why_not, why_not)
