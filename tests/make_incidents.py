"""Makes the bundled sample's incidents: those of a made-up agency's clients over two months, as events.

    python -m tests.make_incidents

They go with the bundled executions: workflows, errors and fingerprints of the last week are the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from incident_nb.incidents import Event
from incident_nb.resources import sample
from incident_nb.review.kept import SAMPLE_INCIDENTS
from tests.incidents import Happened, events_of, utc

H, D = 60.0, 24 * 60.0
KIM, ANNA = "Kim", "Anna"

QUOTES = {"workflow": "[CMPS] Rate quote responder", "workflow_id": "Y9mveTMwiYqVPe9M", "node": "OpenAI Chat Model",
          "fingerprint": "b0599e7f69da", "vendor": "OpenAI"}  # fmt: skip
TRACKING = {"workflow": "[CMPS] Shipment tracking poll", "workflow_id": "015H0kr3iuDxa35b", "node": "Get shipments",
            "fingerprint": "8c28de36ba67"}  # fmt: skip
ERP = {"workflow": "[CMPS] EDI 214 status push", "workflow_id": "EdnQFiRB9NqR1BBQ", "node": "Push to legacy ERP",
       "fingerprint": "abf97e6a4391"}  # fmt: skip
OCR = {"workflow": "[CMPS] Proof of delivery OCR", "workflow_id": "RYtXxIRG8E79hXZ7", "node": "Extract fields on Modal",
       "fingerprint": "91a454914d0b"}  # fmt: skip
CUSTOMS = {"workflow": "[CMPS] Customs form validation", "workflow_id": "Lq2f5wiGNzboI52c", "node": "Reject form",
           "fingerprint": "67c8711b9c7a"}  # fmt: skip
HISTORY = {"workflow": "[CMPS] Shipment history backfill", "workflow_id": "mhvg7Efg2Gfrf5YE", "node": "Fetch history",
           "fingerprint": "7f9b2f4fb051"}  # fmt: skip


def worked(acknowledged: float, diagnosed: float, cause: str, fixed: float, resolved: float) -> tuple[Happened, ...]:
    """What happens to each: minutes from the detection."""
    return (
        ("acknowledged", acknowledged, {"by": KIM}), ("cause_accepted", diagnosed, {"cause": cause, "by": KIM}),
        ("fixed", fixed, {"what": "The fix is in place", "by": KIM}), ("resolved", resolved, {"by": KIM}),
    )  # fmt: skip


def billed(at: float, row: str, hours: float | None = None) -> Happened:
    return ("billing_classified", at, {"row": row, "by": ANNA} | ({} if hours is None else {"hours": hours}))


def prevent(at: float, text: str, owner: str, due: str) -> Happened:
    return ("prevention", at, {"text": text, "owner": owner, "due": due, "by": KIM})


ROWS: list[tuple[str, str, str | None, str, dict[str, Any], tuple[Happened, ...]]] = [
    ("2026-09-22T06:20", "P2", "CMPS", "The ERP refuses our sign-in", ERP, (
        *worked(25, 70, "credentials", 4 * H, 5 * H), ("notified", 5.5 * H), billed(6 * H, "BILL-3", 2.0),
        prevent(6 * H, "Ask the client to tell us a week before the ERP's password changes", KIM, "2026-10-15T16:00Z"),
        ("closed", 7 * H))),
    ("2026-10-06T08:40", "P3", "CMPS", "Quotes are late: OpenAI throttles", QUOTES, (
        *worked(2 * H, 3 * H, "rate_limit", 5 * H, 6 * H), billed(7 * H, "BILL-1", 1.5),
        prevent(7 * H, "Answer quotes one after the other, not all at once", ANNA, "2026-10-12T16:00Z"),
        ("prevented", 6 * D, {"action": "Answer quotes one after the other, not all at once", "by": ANNA}), ("closed", 7 * D))),
    ("2026-10-20T13:10", "P3", "CMPS", "Some delivery notes are read late", OCR, (
        *worked(50, 4 * H, "timeout", D, 2 * D), billed(2 * D, "BILL-1", 1.0), ("closed", 2 * D))),
    ("2026-10-26T01:15", "P2", "CMPS", "No shipments are fetched", {**TRACKING, "fingerprint": "fa785de0d42c"}, (
        *worked(6 * H, 7 * H, "network", 8 * H, 9 * H), ("notified", 9.2 * H), billed(10 * H, "BILL-2", 1.5),
        ("billing_approved", 2 * D, {"text": "by telephone"}), ("closed", 2 * D))),
    ("2026-10-29T09:30", "P4", "CMPS", "A comment in the customs form is out of date", {**CUSTOMS, "fingerprint": None}, (
        ("acknowledged", 3 * H), ("scheduled", 3 * H, {"due": "2026-11-12T16:00Z"}),
        ("cause_accepted", 3 * H, {"cause": "workflow_config"}), ("resolved", 13 * D), billed(13 * D, "BILL-1", 0.25))),
    ("2026-11-02T10:05", "P3", "CMPS", "The history was fetched in part only", HISTORY, (
        *worked(30, 90, "timeout", 5 * H, 6 * H), billed(7 * H, "BILL-1", 1.0), ("closed", D))),
    ("2026-11-04T03:02", "P1", "CMPS", "Nothing runs: n8n is out of memory",
     {"instance": "default", "error": "Workflow did not finish, possible out-of-memory issue"}, (
        ("acknowledged", 18, {"by": KIM}), ("notified", 26, {"notice": "holding", "by": KIM}),
        *worked(18, 55, "infrastructure", 2 * H, 3.2 * H)[1:], ("notified", 3.5 * H), billed(5 * H, "BILL-1", 3.0),
        prevent(5 * H, "Give n8n more memory, and an alert before it is used up", KIM, "2026-11-18T16:00Z"),
        ("closed", D))),
    ("2026-11-07T02:05", "P2", "CMPS", "The carrier's system can't be reached", TRACKING, (
        *worked(40, 75, "network", 3 * H, 5 * H), ("notified", 6 * H), billed(8 * H, "BILL-2"),
        prevent(8 * H, "Ask the carrier about its nightly maintenance", ANNA, "2026-11-20T16:00Z"),
        ("reopened", 6 * D, {"reason": "It failed again at the same hour", "by": KIM}), ("acknowledged", 6 * D + 45),
        ("fixed", 6 * D + 2 * H, {"what": "The poll waits until the maintenance is over"}),
        ("resolved", 6 * D + 4 * H), ("notified", 6 * D + 5 * H))),
    ("2026-11-09T07:14", "P2", "CMPS", "The ERP refuses our sign-in", ERP, (
        ("acknowledged", 20, {"by": KIM}), ("cause_accepted", 45, {"cause": "credentials", "by": KIM}),
        ("waiting_began", 60, {"why": "a new password from the client", "by": KIM}),
        ("notified", 65, {"notice": "holding"}), ("waiting_ended", 28 * H), ("fixed", 29 * H, {"what": "The new password is in"}),
        ("resolved", 34 * H), ("notified", 35 * H), billed(36 * H, "BILL-3", 1.5),
        ("billing_approved", 37 * H, {"text": "by e-mail"}),
        prevent(36 * H, "Ask for a technical account whose password does not change", KIM, "2026-12-04T16:00Z"))),
    ("2026-11-09T09:05", "P3", "CMPS", "Quotes are late: OpenAI throttles", QUOTES, (
        ("severity_chosen", 12, {"severity": "P2", "reason": "Quotes are asked for by the client's own customers"}),
        ("related", 16, {"incident": "INC-12", "why": "it covers all that use OpenAI"}),
        *worked(10, 30, "rate_limit", 3 * H, 6 * H), ("notified", 7 * H), ("occurred", 4 * D, {"count": 24}),
        billed(8 * H, "BILL-1", 2.5),
        prevent(8 * H, "Wait and try again when OpenAI says so, longer each time", ANNA, "2026-11-13T12:00Z"))),
    ("2026-11-09T09:12", "P2", "DLTA", "Delta Meters: readings are not explained", {
        "workflow": "[DLTA] Meter readings ingest", "fingerprint": "d17a00000001", "vendor": "OpenAI"}, (
        ("related", 9, {"incident": "INC-12", "why": "it covers all that use OpenAI"}),
        *worked(15, 30, "rate_limit", 3 * H, 6 * H))),
    ("2026-11-09T09:20", "P2", None, "OpenAI fails for several clients", {
        "shared": "vendor:OpenAI", "vendor": "OpenAI", "fingerprint": "5ba7ed000001"}, (
        ("related", 1, {"incident": "INC-10", "why": "it uses OpenAI"}),
        ("related", 1, {"incident": "INC-11", "why": "it uses OpenAI"}),
        *worked(5, 25, "rate_limit", 3 * H, 6 * H))),
    ("2026-11-11T17:01", "P3", "CMPS", "A customs form was refused", CUSTOMS, (
        ("noticed", 30), *worked(15 * H, 16 * H, "data_format", 18 * H, 20 * H),
        ("notified", 40, {"notice": "brief"}), billed(21 * H, "BILL-3", 0.5))),
    ("2026-11-12T20:30", "P1", "EVRG", "Evergreen Gyms: nobody gets in", {"workflow": "[EVRG] Access gate sync"}, (
        *worked(5, 20, "external_outage", 60, 90), ("notified", 25))),
    ("2026-11-13T14:39", "P2", "CMPS", "The ERP does not take status messages any more",
     {**ERP, "fingerprint": "f78212e52ead"}, (
        ("acknowledged", 22, {"by": KIM}), ("cause_accepted", 55, {"cause": "external_api_changed", "by": KIM}),
        ("notified", 90, {"notice": "holding"}))),
]  # fmt: skip


def events() -> list[Event]:
    """The events of all of them."""
    made: list[Event] = []
    for number, (detected, severity, client, title, subject, happened) in enumerate(ROWS, start=1):
        about = {"instance": "default", **subject}
        at: datetime = utc(detected) + timedelta(seconds=25)
        ordered = sorted(happened, key=lambda one: one[1])
        made += events_of(
            *ordered, severity=severity, detected=at, number=number, client=client, title=title, subject=about,
            source="monitoring",
        )  # fmt: skip
    return made


def lines() -> str:
    """They as they are kept."""
    return "".join(event.model_dump_json(exclude_defaults=True) + "\n" for event in events())


if __name__ == "__main__":
    (sample() / SAMPLE_INCIDENTS).write_text(lines(), encoding="utf-8")
    print(f"{SAMPLE_INCIDENTS}: {len(ROWS)} incidents")
