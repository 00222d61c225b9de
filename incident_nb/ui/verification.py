"""Step 4: is it really fixed? The rows VER-1 to VER-5, the runs since the fix, and the end."""

from __future__ import annotations

from functools import partial
from typing import Any

from incident_nb.actions import told
from incident_nb.actions.watching import picture, tick_checked
from incident_nb.desk import Desk
from incident_nb.record import Incident
from incident_nb.ui import trial
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.confirmed import clean, sheet_of
from incident_nb.ui.steps import StepPanel, gate_lines, left_open

BY_HAND = ("VER-1", "VER-2")
CHECKED = "VER-3"


class Verification(StepPanel):
    """How far the fix is verified; resolved only when all is, or with a reason for each open row."""

    number = 4
    seen: Sheet | None = None  # what the newest look showed
    _shown_runs: Any = None

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """The rows as they stand now."""
        one = self.follow.standing
        assert one is not None  # noqa: S101 - asked by the caller
        lines = gate_lines(one.verification)
        if incident.is_resolved:
            last = incident.resolved[-1]
            lines.append(Line("resolved", f"By {last.by} on {last.at:%Y-%m-%d %H:%M} UTC", last.text, "good"))
        return sheet.items(lines)

    def state(self) -> Any:
        """Whether there is something to verify, and whether somebody has seen the output."""
        one = self.incident
        return one and (bool(one.closed), one.is_resolved, one.fixed, one.severity, self._is_ticked(CHECKED))

    def controls(self) -> list[Any]:
        """Ticks, a look at n8n, watched runs, resolve."""
        from incident_nb.ui import controls as c

        one, incident = self.follow.standing, self.incident
        if one is None or incident is None or incident.closed or incident.is_resolved or incident.fixed is None:
            return []
        made: list[Any] = []
        made += [self.box(item.id, item.label) for item in one.verification if item.id in BY_HAND]
        if self._is_ticked(CHECKED):
            made.append(c.button(f"{CHECKED} is not done after all", self._not_checked))
        else:
            note = c.field("What you saw", "which data arrived there, and that it is right", width="34rem")
            made.append(c.form(f"{CHECKED} is done", self._checked, note))
        if self.follow.desk is not None and self.follow.desk.settings.n8n:
            self._shown_runs = c.html(self.seen.view.framed if self.seen else "")
            made += [c.button("Look at n8n now", self._look), self._shown_runs, *trial.controls(self, incident)]
        run = c.field("Execution", "its number", width="14rem")
        went_well = c.button("It went well", lambda: self._watched(run.value, True))
        failed = c.button("It failed", lambda: self._watched(run.value, False))
        left = [item.id for item in one.verification if item.needed]
        reasons = {row: c.field(f"Leave {row} open because", width="34rem") for row in left}
        words = c.field("Resolved by", "how it was resolved, in a sentence")
        end = c.form("Mark as resolved", partial(self._resolve, reasons), words, main=True)
        return [*made, c.row(run, went_well, failed), *left_open(reasons), end]

    def _look(self) -> bool:
        def look(desk: Desk, number: int) -> None:
            shown = picture(desk, number)
            sheet = sheet_of(told.runs(shown.seen))
            more = [f"Not all is known: {shown.seen.why}"] if shown.seen.why else []
            more += [shown.estimate.text] if shown.estimate else []
            for text in (*more, *shown.how_to):
                sheet = sheet.text(clean(text))
            self.seen = sheet
            self._shown_runs.value = sheet.view.framed
            new = len(shown.seen.recorded)
            self.after = f"{shown.good} of {shown.of} good runs; {new or 'no'} new entr{'y' if new == 1 else 'ies'}."

        return self.with_desk(look)

    def _checked(self, note: str) -> bool:
        return self.with_desk(lambda desk, number: tick_checked(desk, number, note), "On record.")

    def _not_checked(self) -> bool:
        return self.add("ticked", "On record.", row=CHECKED, done=False)

    def _watched(self, execution: str, good: bool) -> bool:
        return self.add(
            "run_watched", "Counted." if good else "The count begins again.", execution_id=execution, good=good
        )

    def _resolve(self, reasons: dict[str, Any], text: str) -> bool:
        given = {name: each.value for name, each in reasons.items()}
        return self.with_desk(lambda desk, number: desk.resolve(number, text, given), "Resolved.")
