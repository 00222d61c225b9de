"""Test data sent to a workflow's webhook from a notebook (VER-1): the request first, then only by typing the incident's name."""

from __future__ import annotations

import time
from typing import Any

from incident_nb.actions import told
from incident_nb.actions.trial import Trial
from incident_nb.actions.watching import trial_of
from incident_nb.desk import Desk
from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel

pause = time.sleep  # between looks for the execution that it began


class Trying:
    """The controls of it in a panel. What was shown is what is sent: anything else is shown anew, and nothing is sent."""

    def __init__(self, panel: StepPanel) -> None:
        self.panel = panel
        self._shown: tuple[Trial, bytes] | None = None
        self._sheet: Any = None
        self._data: Any = None

    def controls(self, incident: Incident) -> list[Any]:
        """The data, a look at the request, and the confirmation, folded away."""
        from incident_nb.ui import controls as c

        self._sheet = c.html()
        self._data = c.area("Test data", '{"order": 7}', rows=4)
        typed = c.field(f"To send it, type {incident.id}", width="20rem")
        parts = (
            self._data,
            c.button("Show the request", self._look),
            c.form("Send it", self._send, typed),
            self._sheet,
        )
        return [c.fold("Trigger the workflow with test data, by its webhook (VER-1)", *parts)]

    def _look(self) -> bool:
        def look(desk: Desk, number: int) -> None:
            content = self._data.value.encode()
            with trial_of(desk, number, content) as (trial, _):
                self._show(trial, content)

        return self.panel.with_desk(look, "Nothing was sent.")

    def _send(self, typed: str) -> bool:
        def send(desk: Desk, number: int) -> None:
            if typed.strip().upper() != f"INC-{number}":
                raise UsageError(f"Nothing was sent: type INC-{number} to confirm it.")
            content = self._data.value.encode()
            with trial_of(desk, number, content) as (trial, do):
                if (trial, content) != self._shown:
                    self._show(trial, content)
                    raise UsageError("Nothing was sent: this was not shown before. Look at it, and confirm it.")
                self._shown = None
                sent = do(pause)
            execution = f": execution {_clean(sent.execution_id)}" if sent.execution_id else ""
            self.panel.after = f"Sent{execution}. VER-1 is ticked."

        return self.panel.with_desk(send)

    def _show(self, trial: Trial, content: bytes) -> None:
        self._shown = (trial, content)
        (_, head), *rows = told.request(trial)
        sheet = Sheet().text(_clean(head)).items(Line(_clean(label), _clean(text)) for label, text in rows)
        self._sheet.value = sheet.view.framed


def _clean(text: str) -> str:
    """What n8n holds, without secrets."""
    return printable(redact_text(text))
