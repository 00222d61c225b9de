"""Who pays for an incident (BILL rows), in a few lines for the house: class, reason, hours, amount, and what may be said."""

from __future__ import annotations

from collections.abc import Iterator

from incident_nb.documents.plain import BLANK
from incident_nb.escape import markdown_text, printable
from incident_nb.policy import Bill, load
from incident_nb.record import Incident
from incident_nb.redact import redact_text

USES = {"allocation": "the client's allocation", "rate": "billed at the rate", None: BLANK}


def billing_summary(incident: Incident, bill: Bill) -> str:
    """The summary as Markdown; not for the client. Blanks are pointed out."""
    title = markdown_text(redact_text(printable(f"{incident.id} {incident.title}")))
    lines = "\n".join(
        f"- {name}: {markdown_text(redact_text(printable(value)))}" for name, value in _facts(incident, bill)
    )
    return f"# Billing: {title}\n\n{lines}\n"


def _facts(incident: Incident, bill: Bill) -> Iterator[tuple[str, str]]:
    rows = {row.id: row for row in load().billing}
    row = rows.get(bill.row or "")
    yield "Client", incident.client or BLANK
    if row is None:
        yield "Class", f"{BLANK} ({rows[bill.suggested].cause if bill.suggested else bill.reason})"
    else:
        yield (
            "Class",
            f"{row.cause} ({row.id}), {'billable' if row.billable else 'free, does not count toward the allocation'}",
        )
    yield "Because", bill.why or BLANK
    yield (
        "Hours",
        f"{bill.hours:g}" + (f" (the record counts {bill.hours_spent:g})" if bill.hours != bill.hours_spent else ""),
    )
    if row is not None and row.billable:
        yield "Uses", USES[bill.uses]
        yield (
            "Amount",
            f"{bill.amount_told} at {bill.rate}" + (" (from the allocation)" if bill.uses == "allocation" else ""),
        )
    approved = incident.approved
    yield "Approved", f"{approved.text} ({approved.at:%Y-%m-%d})" if approved else "not on record"
    yield "To the client", "may be said" if bill.may_be_mentioned else f"not to be mentioned: {bill.why_not}"
