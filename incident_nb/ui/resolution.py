"""Step 3: what to do about the accepted cause, with this client's names filled in; workaround, waiting, the fix."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from incident_nb.errors import UsageError
from incident_nb.policy import load
from incident_nb.policy.tables import Item
from incident_nb.policy.tables import Resolution as ResolutionRow
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.containment import Containment, held_lines
from incident_nb.ui.steps import StepPanel, tick_line

CODE_CAUSES = ("RES-3", "RES-4", "RES-5")  # these are mended by a change of code


class Resolution(StepPanel):
    """The resolution rows of the accepted cause, each with its commands, ticked as it is done."""

    number = 3

    def rows(self, incident: Incident) -> list[Item]:
        """The rows to tick: the cause's resolutions, a change of code where they ask for one, the workarounds."""
        rules = load()
        found: list[Item] = []
        if incident.cause:
            paths = [
                row
                for row in rules.rows_for(incident.cause.cause, incident.cause.detail)
                if isinstance(row, ResolutionRow)
            ]
            found += [Item(id=row.id, label=row.cause, detail=row.resolution, commands=row.commands) for row in paths]
            if any(row.id in CODE_CAUSES for row in paths):
                found += rules.code_changes
        return [*found, *rules.workarounds]

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """The rows, with what was done."""
        if incident.cause is None:
            sheet = sheet.text(
                "Accept a cause in step 2 and its resolution stands here; a workaround needs none.", "muted"
            )
        for row in self.rows(incident):
            sheet = sheet.items([tick_line(row, incident)])
            for command in row.commands:
                sheet = sheet.code(self.filled(command, incident))
        lines = []
        if known := incident.workaround:
            late = known.due <= self.follow.now and incident.fixed is None
            due = f"permanent fix by {known.due:%Y-%m-%d %H:%M} UTC"
            lines.append(Line("in place", f"Workaround: {known.text}", due, "bad" if late else "warn"))
        for span in incident.waiting:
            until = f" to {span.until:%Y-%m-%d %H:%M}" if span.until else ""
            when = f"from {span.since:%Y-%m-%d %H:%M}{until} UTC"
            lines.append(Line("waited" if span.until else "waits", f"For the client: {span.why}", when, "muted"))
        lines += held_lines(incident)
        if fix := incident.fixed:
            lines.append(Line("done", f"Fix: {fix.text}", f"{fix.at:%Y-%m-%d %H:%M} UTC, {fix.by}", "good"))
        return sheet.items(lines) if lines else sheet

    def filled(self, command: str, incident: Incident) -> str:
        """A command with the client's code and the app's name, as far as they are known."""
        app = self._app()
        name = app.replace("-", "_") if app and "_modal.py" in command else app
        for word, value in (("{client}", incident.client), ("{name}", name)):
            command = command.replace(word, value) if value else command
        return command

    def _app(self) -> str | None:
        """The Modal app behind the failing node's host, as the settings map it."""
        log, problem = self.follow.case.log.failures, self.follow.diagnosis.problem
        hosts = log[log["execution_id"].isin(problem.execution_ids)]["host"].dropna() if problem else ()
        apps = self.follow.case.settings.modal.apps
        return next((apps[host].app for host in map(str, hosts) if host in apps), None)

    def state(self) -> Any:
        """Which rows there are to tick, and whether the client is waited for."""
        one = self.incident
        cause = one and one.cause and (one.cause.cause, one.cause.detail)
        return one and (bool(one.closed), cause, one.is_waiting, bool(one.held_back))

    def controls(self) -> list[Any]:
        """Ticks, commands to copy, workaround, waiting, the fix."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None or incident.closed:
            return []
        made: list[Any] = []
        for row in self.rows(incident):
            box = self.box(row.id, row.label)
            commands = (self.filled(command, incident) for command in row.commands)
            made.append(c.row(box, *(c.copy_button(command, self.say) for command in commands)))
        made += Containment(self).controls(incident)
        what = c.field("Workaround", "what was done for the time being", width="28rem")
        due = c.field("Permanent fix by", "2026-12-01 17:00 (UTC)", width="20rem")
        made.append(c.form("Record the workaround", self._worked_around, what, due))
        if incident.is_waiting:
            made.append(c.button("The client has done it", lambda: self.add("waiting_ended", "The clock runs again.")))
        else:
            made.append(
                c.form("Wait for the client", self._wait, c.field("The client has to", "sign in again", width="28rem"))
            )
        made.append(
            c.form("The fix is in place", self._fix, c.field("Fix", "what was changed", width="28rem"), main=True)
        )
        return made

    def _wait(self, why: str) -> bool:
        return self.add("waiting_began", "The clock is paused.", why=why)

    def _fix(self, what: str) -> bool:
        return self.add("fixed", "On record; verify it next.", what=what)

    def _worked_around(self, what: str, due: str) -> bool:
        return self.with_desk(
            lambda desk, number: desk.add(number, "worked_around", what=what, due=instant(due)), "On record."
        )


def instant(text: str) -> datetime:
    """A date and time as somebody types it, UTC. Raises UsageError for what is none."""
    try:
        at = datetime.fromisoformat(text.strip().removesuffix("UTC").strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is no date. Write it like 2026-12-01 17:00 (UTC).") from error
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
