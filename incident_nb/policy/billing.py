"""Who pays for an incident, how much, and whether it may be mentioned to the client (BILL-1 to BILL-4)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from incident_nb.models import Cause, Frozen
from incident_nb.policy.load import load
from incident_nb.policy.steps import step_times
from incident_nb.policy.tables import Billing, Policy
from incident_nb.record import Incident
from incident_nb.said import Paid

WORKED = ("QR-2", "QR-3", "QR-4")
"""The steps whose time is proposed as hours: diagnosing, resolving, verifying."""


class Bill(Frozen):
    """Who pays, as far as known.

    `suggested` is a row (BILL-1 to BILL-3) with its `reason`, None where the cause does not say; `row` is what a person
    confirmed. `hours` are theirs, else those spent since it began or came back (`hours_spent`); `amount` is hours at the
    rate, 0 where it is free, None where nobody has classified it; `uses`: the client's allocation, or the rate. `why` is the
    sentence that justifies the class. `agreed`: the client approved these very hours, since it last came back.
    `may_be_mentioned`: whether a client's text may speak of it, and why not.
    """

    suggested: str | None
    reason: str
    row: str | None
    billable: bool | None
    hours: float
    hours_spent: float
    amount: float | None
    rate: str
    uses: Paid | None
    why: str
    agreed: bool
    may_be_mentioned: bool
    why_not: str

    @property
    def amount_told(self) -> str:
        """The amount as the rate is written: `$375.00` at `$250/hr`; empty where there is none."""
        if self.amount is None:
            return ""
        return _NUMBER.sub(f"{self.amount:,.2f}", re.sub(r"\s?(?:/|per )\s?h(?:r|our)?$", "", self.rate), count=1)


def bill(incident: Incident, now: datetime, *, rate: str | None = None, policy: Policy | None = None) -> Bill:
    """What the record says of billing at `now` (UTC). Nothing billable is mentioned before cause and approval are on it.

    `rate` is what an hour costs, as it is written ($250/hr); without it the policy's.
    """
    rules = policy or load()
    suggested, reason = _suggested(incident, rules)
    billed = incident.billing
    chosen = next((row for row in rules.billing if billed and row.id == billed.row), None)
    steps = (step for step in step_times(incident, now, policy=rules) if step.id in WORKED)
    spent = round(sum((step.spent or timedelta()) / timedelta(hours=1) for step in steps), 2)
    hours = billed.hours if billed and billed.hours is not None else spent
    costs = rate or rules.settings.billing_rate
    amount = None if chosen is None else round(hours * _amount(costs), 2) if chosen.billable else 0.0
    why_not = _why_not(incident, chosen)
    return Bill(
        suggested=suggested, reason=reason, row=chosen.id if chosen else None, billable=chosen.billable if chosen else None,
        hours=hours, hours_spent=spent, amount=amount, rate=costs, uses=billed.uses if billed else None,
        why=(billed.text if billed and billed.text else "") or (reason if not chosen or chosen.id == suggested else ""),
        agreed=bool(billed and incident.approved and incident.approved.at >= billed.at and incident.since((incident.approved,))),
        may_be_mentioned=not why_not, why_not=why_not,
    )  # fmt: skip


def _suggested(incident: Incident, policy: Policy) -> tuple[str | None, str]:
    if incident.cause is None:
        return None, "no cause is accepted yet"
    cause, detail = incident.cause.cause, incident.cause.detail
    fits = [row for row in policy.billing if cause in row.causes]
    told = ", ".join(part.replace("_", " ") for part in (cause, detail) if part)
    if len(fits) == 1:
        return fits[0].id, f"{told}: {fits[0].cause}"
    if fits:
        return None, f"{told}: {' or '.join(f'{row.cause} ({row.id})' for row in fits)}"
    return None, f"{told} does not say who pays"


def _why_not(incident: Incident, chosen: Billing | None) -> str:
    """Why no client's text may speak of billing; empty where one may."""
    if incident.cause is None or incident.cause.cause is Cause.UNKNOWN:
        return "the cause is not confirmed"
    if chosen is None:
        return "nobody has said who pays"
    if not chosen.billable:
        return ""
    if incident.approved is None:
        return "the client's approval is not on record"
    if incident.approved.at < incident.cause.at:
        return "the client's approval is older than the accepted cause"
    return ""


_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _amount(rate: str) -> float:
    """A rate as a number."""
    found = _NUMBER.search(rate)
    return float(found[0].replace(",", "")) if found else 0.0
