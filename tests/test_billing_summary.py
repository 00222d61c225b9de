"""Who pays, in a few lines for the house: class, reason, hours, amount, and what may be said."""

from __future__ import annotations

from typing import Any

import pytest

from incident_nb.documents.billing import billing_summary
from incident_nb.policy import bill
from tests.documented import NOW, through


def summary(*more: Any, rate: str = "$250/hr", without: tuple[str, ...] = ()) -> str:
    incident = through("credentials", *more, without=without)
    return billing_summary(incident, bill(incident, NOW, rate=rate))


def classified(row: str, **values: Any) -> tuple[str, float, dict[str, Any]]:
    return ("billing_classified", 90, {"row": row, **values})


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({"row": "BILL-1", "reason": "our mistake", "hours": 2},
         ["Class: Bug in our code (BILL-1), free, does not count toward the allocation", "Because: our mistake", "Hours: 2"]),
        ({"row": "BILL-2", "reason": "their API changed", "hours": 2, "uses": "rate"},
         ["Class: External system change (BILL-2), billable", "Uses: billed at the rate", "Amount: $500.00 at $250/hr"]),
        ({"row": "BILL-3", "reason": "their admin", "hours": 0.5, "uses": "allocation"},
         ["Class: Client-caused", "Uses: the client's allocation", "Amount: $125.00 at $250/hr (from the allocation)"]),
        ({"row": "BILL-3", "hours": 1}, ["Because: [to be written]", "Uses: [to be written]"]),
    ],
)  # fmt: skip
def test_what_it_says(values: dict[str, Any], lines: list[str]) -> None:
    told = summary(("billing_classified", 90, values)).replace("\\", "")
    for line in lines:
        assert f"- {line}" in told, told
    assert told.startswith("# Billing: INC-42 Invoices are not sent\n") and "- Client: BAY\n" in told
    assert ("Amount" in told) == (values["row"] != "BILL-1")


def test_what_nobody_has_said_is_a_blank_with_what_the_cause_suggests() -> None:
    told = summary(without=("billing_classified",)).replace("\\", "")
    assert "- Class: [to be written] (credentials, oauth token: External system change" in told
    assert "(BILL-2) or Client-caused" in told and "Amount" not in told
    assert "- Hours: 0.98\n" in told, "from the cause's search to the resolution, by the record"


def test_hours_of_a_person_stand_beside_those_of_the_record() -> None:
    assert "- Hours: 1.5 (the record counts 0.98)" in summary().replace("\\", "")


def test_what_may_be_said_to_the_client() -> None:
    assert "not to be mentioned: the client's approval is not on record" in summary()
    told = summary(("billing_approved", 95, {"text": "María, by mail"}))
    assert "- Approved: María, by mail (2026-11-23)" in told and "- To the client: may be said" in told


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        ("€220/hr", "€330.00 at €220/hr"), ("1,000 AUD per hour", "1,500.00 AUD at 1,000 AUD per hour"), ("180", "270.00 at 180"),
        ("$99.50/h", "$149.25 at $99.50/h"),
    ],
)  # fmt: skip
def test_the_amount_is_written_as_the_rate_is(rate: str, told: str) -> None:
    assert told in summary(rate=rate).replace("\\", "")


def test_text_of_others_is_text() -> None:
    told = summary(
        classified(
            "BILL-2",
            reason="<b>x</b>\n# y sk-ant-api03-FAKE0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B-AA",
        )
    )
    assert "<b>" not in told and "FAKE0a1B" not in told and "\n# y" not in told
