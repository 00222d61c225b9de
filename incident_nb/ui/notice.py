"""Step 5: what the client has to be told, as a draft to copy, and when it was sent."""

from __future__ import annotations

from typing import Any

from incident_nb.desk.draft import draft_of
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel

KINDS = (("notice", "notice"), ("holding notice", "holding"), ("brief e-mail", "brief"))


class Notice(StepPanel):
    """Whether a notice is due, the draft from the record, and what was sent."""

    number = 5

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """What the policy asks, what was sent, and the draft."""
        draft = draft_of(incident, self.follow.case.settings)
        lines = [Line("policy", draft.rule)]
        for sent in incident.notices:
            lines.append(Line("sent", f"{sent.kind}: {sent.text}", f"{sent.at:%Y-%m-%d %H:%M} UTC, {sent.by}", "good"))
        sheet = sheet.items(lines)
        return sheet.code(draft.text) if draft.text else sheet

    def state(self) -> Any:
        """The draft."""
        return self.incident and draft_of(self.incident, self.follow.case.settings)

    def controls(self) -> list[Any]:
        """Copy the draft, say that it was sent."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None:
            return []
        draft = draft_of(incident, self.follow.case.settings)
        if not draft.text:
            return []
        kind = c.choice("Sent as", KINDS, draft.kind, width="16rem")
        subject = c.field("Subject", value=draft.subject)
        text = c.area("Draft", rows=12, value=draft.text)
        return [
            subject,
            text,
            c.copy_button(lambda: str(text.value), self.say, "Copy the draft"),
            c.form("It was sent", self._sent, kind, subject, main=True),
        ]

    def _sent(self, kind: str, subject: str) -> bool:
        return self.add("notified", "On record.", notice=kind, subject=subject)
