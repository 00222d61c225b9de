"""An n8n workflow that passes failures on to the receiver: made, planned for a server, and set there without risk."""

from __future__ import annotations

from incident_nb.error_workflow.build import CHANNEL, CREDENTIAL, SLACK_CREDENTIAL, Wanted, address, fragment, workflow
from incident_nb.error_workflow.install import install, steps_for, steps_for_own
from incident_nb.error_workflow.plan import Addition, Plan, Row, plan

__all__ = [
    "CHANNEL",
    "CREDENTIAL",
    "SLACK_CREDENTIAL",
    "Addition",
    "Plan",
    "Row",
    "Wanted",
    "address",
    "fragment",
    "install",
    "plan",
    "steps_for",
    "steps_for_own",
    "workflow",
]
