"""Step 1: acknowledge, and say how severe it is."""

from __future__ import annotations

from typing import Any

from incident_nb.models import Severity
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel


class Acknowledge(StepPanel):
    """Who works on it, the suggested severity with its reasons, and the one that was chosen."""

    number = 1

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """The rows ACK-1 and ACK-2 as they stand."""
        said = incident.since(incident.acknowledged)
        where = {"slack": "Slack", "email": "an e-mail", "monitoring": "monitoring", "form": "a form"}[incident.source]
        lines = [
            Line(
                "done", f"It came from {where}, detected {incident.detected_at:%Y-%m-%d %H:%M} UTC (ACK-1)", "", "good"
            ),
            Line("done", f"Acknowledged by {said.by} at {said.at:%H:%M} UTC", "", "good")
            if said
            else Line("open", "Acknowledge it", "", "warn"),
        ]
        chosen, suggested = incident.chosen, incident.suggested
        if suggested:
            lines.append(Line("suggested", f"Severity {suggested.severity}", suggested.text))
        lines.append(
            Line("done", f"Severity {chosen.severity}, chosen by {chosen.by} (ACK-2)", chosen.text, "good")
            if chosen
            else Line("open", "Take the suggestion, or choose another one and say why (ACK-2)", "", "warn")
        )
        if incident.noticed:
            lines.append(Line("known", "The client noticed"))
        return sheet.items(lines)

    def state(self) -> Any:
        """What is still to be done."""
        one = self.incident
        return one and (
            bool(one.closed),
            bool(one.since(one.acknowledged)),
            one.severity,
            bool(one.chosen),
            one.noticed,
        )

    def controls(self) -> list[Any]:
        """Acknowledge, choose, the client noticed."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None or incident.closed:
            return []
        made = []
        if not incident.since(incident.acknowledged):
            made.append(c.button("Acknowledge", lambda: self.add("acknowledged", "Acknowledged."), main=True))
        level = c.choice("Severity", map(str, Severity), str(incident.severity or Severity.P3), width="9rem")
        why = c.field("Reason", "needed for another one than was suggested", width="26rem")
        made.append(c.form("Choose severity", self._choose, level, why, main=not incident.chosen))
        made.append(c.check("The client noticed", incident.noticed, lambda on: self.add("noticed", noticed=on)))
        return made

    def _choose(self, level: str, why: str) -> bool:
        return self.with_desk(
            lambda desk, number: desk.choose(number, Severity(level), why), f"Severity {level} is on record."
        )
