"""Incidents to write documents of, carried through all steps, and the settings that name who writes to whom.

through("credentials", severity="P1")           resolved, with everything on record
through("network", without=("harmed", "fixed")) with blanks
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from incident_nb.incidents import Event, fold
from incident_nb.record import Incident
from incident_nb.settings import Settings
from tests.incidents import after, events_of

NOW = after(200)
CLIENTS = {
    "BAY": {"name": "Bay Bikes", "contact": "María López <maria@bay.example>", "greeting": "María", "time_zone": "Europe/Berlin"},
    "OTH": {"name": "Otherwise Ltd", "contact": "it@otherwise.example"},
}  # fmt: skip
SENDER = {"name": "Kim Park", "email": "kim@agency.example"}
SETTINGS = Settings.model_validate({"clients": CLIENTS, "sender": SENDER})
SUBJECT = {
    "workflow": "[BAY] Invoices by mail", "workflow_id": "wf1A2b3C4d5E6f7G", "node": "HTTP Request3", "instance": "default",
    "execution_id": "471112", "execution_url": "https://n8n.agency.example/workflow/wf1A2b3C4d5E6f7G/executions/471112",
    "fingerprint": "a1b2c3d4e5f6", "error": "401 - invalid_grant at https://oauth2.internal.example/token (x.js:12:4)",
    "credential": "Gmail account of Otherwise", "credential_id": "cr3d1d", "host": "api.internal.example",
}  # fmt: skip
DETAILS = {"credentials": "oauth_token", "rate_limit": "quota", "timeout": "external"}

Steps = list[tuple[str, float] | tuple[str, float, dict[str, Any]]]


def steps(cause: str, *, severity: str = "P2", recovered: bool = True) -> Steps:
    """What happens to an incident from the first look to the paperwork, as `tests.incidents.events_of` takes it."""
    retries: Steps = []
    for name in ("1", "2", "3", "4") if recovered else ():
        run = {"instance": "default", "execution_id": name}
        retries += [
            ("retrying", 34, {**run, "workflow": "Invoices"}),
            ("retried", 35, {**run, "state": "well", "retry_id": f"9{name}"}),
        ]
    return [
        ("acknowledged", 5),
        ("severity_chosen", 6, {"severity": severity, "reason": "said so"}),
        ("diagnosed", 7, {"headline": "Node “HTTP Request3” fails", "cause": cause, "confidence": 0.93}),
        ("occurred", 8, {"execution_id": "471113", "count": 3}),
        ("cause_accepted", 15, {"cause": cause, "detail": DETAILS.get(cause), "reason": "api.internal.example says so"}),
        ("ticked", 30, {"row": "RES-1", "text": "with wf1A2b3C4d5E6f7G"}),
        ("fixed", 31, {"what": "set OAUTH_KEY in n8n and redeployed orders_modal.py"}),
        ("harmed", 33, {"instance": "default", "since": after(-20).isoformat(), "failed": 4, "workflows": ["Invoices"],
                        "clients": ["BAY"], "items": {"invoices": 3}, "wrote": {"HTTP Request3": 1}}),
        *retries,
        *[("run_watched", 40.0 + run, {"execution_id": f"50{run}", "good": True}) for run in range(3)],
        ("ticked", 60, {"row": "VER-3", "text": "three invoices in the mailbox"}),
        ("resolved", 65, {"text": "three good runs", "open_items": {"VER-1": "no test data"}}),
        ("prevention", 66, {"text": "Ask for a new sign-in a week before it ends", "owner": "Kim",
                            "due": after(6000).isoformat()}),
        ("billing_classified", 70, {"row": "BILL-3", "reason": "they changed the password", "uses": "rate", "hours": 1.5}),
    ]  # fmt: skip


def events_through(
    cause: str = "credentials", *more: Any, severity: str = "P2", recovered: bool = True, without: Collection[str] = (),
    subject: dict[str, Any] | None = None, **opened: Any,
) -> tuple[Event, ...]:  # fmt: skip
    """The events of an incident carried through all steps but those of the kinds in `without`, then `more`."""
    happened = [step for step in steps(cause, severity=severity, recovered=recovered) if step[0] not in without]
    return events_of(*happened, *more, subject={**SUBJECT, **(subject or {})}, **{"source": "slack", **opened})


def through(cause: str = "credentials", *more: Any, **options: Any) -> Incident:
    """The incident that these events make."""
    return fold(events_through(cause, *more, **options))
