"""The banner: what it is, how severe, which clocks run, what is owed, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incident_nb.desk.told import CLOCK_NAMES, promise_words, relations, span, timer_words
from incident_nb.policy.timers import State
from incident_nb.ui.blocks import Line, Sheet, Tone
from incident_nb.ui.panel import Panel

if TYPE_CHECKING:
    from incident_nb.ui.follow import Follow

NO_RECORD = "No incident is on record for this. Open one with `incident-nb incidents open`, or in the board."
TRIAL = "This is the built-in sample: try every button, nothing is kept."
TONES: dict[State, Tone] = {
    State.MET: "good", State.RUNNING: "", State.AT_RISK: "warn", State.MISSED: "bad", State.PAUSED: "muted", State.NONE: "muted",
}  # fmt: skip


class Banner(Panel):
    """Always up to date, and nothing to press."""

    follow: Follow

    def sheet(self) -> Sheet:
        """Title, state, clocks, duties, the next step."""
        one = self.follow.standing
        if one is None:
            return Sheet().text(NO_RECORD, "muted")
        incident = one.incident
        sheet = Sheet().heading(f"{incident.id} {incident.title}", incident.severity or "?")
        parts = [str(incident.status), f"client {incident.client}" if incident.client else "client not known"]
        parts += [f"{incident.occurrences} occurrences"] if incident.occurrences > 1 else []
        parts += [f"waits for the client: {incident.waiting[-1].why}"] if incident.is_waiting else []
        sheet = sheet.text(", ".join(parts))
        sheet = sheet.clocks(
            Line(
                str(timer.state).replace("_", " "),
                timer_words(timer),
                timer.basis,
                TONES[timer.state],
                CLOCK_NAMES[clock],
            )
            for clock, timer in one.timers.items()
        )
        if one.promise:
            state = one.promise.state
            words = promise_words(one.promise, one.now)
            sheet = sheet.items(
                [Line(str(state).replace("_", " "), words, f"WA-3; so far: {one.promise.meanwhile}", TONES[state])]
            )
        sheet = sheet.items(
            Line("done" if duty.done_at else "owed", duty.path, f"{duty.id}: {duty.why}", "good" if duty.done_at else "bad")
            for duty in one.duties
        ) if one.duties else sheet  # fmt: skip
        for words in relations(incident, self.follow.events):
            sheet = sheet.text(words, "muted")
        if one.unread:
            sheet = sheet.text(f"The clocks leave working hours and holidays out. {one.unread}", "warn")
        if one.paused:
            names = ", ".join(f"{other.id} ({other.severity or '?'})" for other in one.paused)
            sheet = sheet.text(f"Stop all other work (ACK-3): {names}.", "warn")
        now = next((step for step in one.steps if step.progress == "running"), None)
        if now:
            over = f", {span(now.spent)} so far" if now.spent is not None else ""
            sheet = sheet.box(f"{now.id} · {now.action}: {now.box}{over}", "bad" if now.is_over else "")
        sheet = sheet.text(f"Next: {one.next_step}", "next")
        return sheet.text(TRIAL, "muted") if self.follow.trial else sheet
