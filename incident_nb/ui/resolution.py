"""Step 3: what to do about the accepted cause, with this client's names filled in; workaround, waiting, the fix."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from incident_nb.desk.known import Known, known_of
from incident_nb.desk.paths import Path, Row, path_of
from incident_nb.desk.request import Request
from incident_nb.desk.told import promise_words
from incident_nb.errors import UsageError
from incident_nb.policy import State
from incident_nb.record import Incident
from incident_nb.ui import containment, recovery
from incident_nb.ui.blocks import Line, Sheet, Tone
from incident_nb.ui.steps import StepPanel

SHORT = 2  # facts that stand below their row; more are folded away
AROUND = "Work around it (WA-1 to WA-3)"


class Resolution(StepPanel):
    """The resolution rows of the accepted cause, each with links and commands, begun and ticked as it is done."""

    number = 3
    _known: Known | None = None

    def path(self, incident: Incident) -> Path:
        """What to do, from the record and the case that the notebook has."""
        if self._known is None:
            found = self.follow.diagnosis
            self._known = known_of(self.follow.case.log, found.problem, found.findings)
        return path_of(
            incident, self.follow.desk.settings if self.follow.desk else self.follow.case.settings, self._known
        )

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """The rows, with what was done."""
        path = self.path(incident)
        if path.note:
            sheet = sheet.text(path.note, "muted")
        around, rows = _split(path)
        for row in rows:
            sheet = _row(sheet, row)
        if path.request:
            sheet = sheet.fold("Message to the client, where signing in is theirs", _asked(path.request))
        folded = Sheet()
        for row in around:
            folded = _row(folded, row)
        sheet = sheet.fold(AROUND, folded)
        lines = self._happened(incident)
        return sheet.items(lines) if lines else sheet

    def _happened(self, incident: Incident) -> list[Line]:
        """Workaround, waiting, what is stopped, and the fix."""
        lines = []
        if known := incident.workaround:
            promise = self.follow.standing.promise if self.follow.standing else None
            late: Tone = "bad" if promise and promise.state is State.MISSED else "warn"
            due = (
                promise_words(promise, self.follow.now)
                if promise
                else f"permanent fix by {known.due:%Y-%m-%d %H:%M} UTC"
            )
            lines.append(Line("in place", f"Workaround: {known.text}", due, late))
        for span in incident.waiting:
            until = f" to {span.until:%Y-%m-%d %H:%M}" if span.until else ""
            when = f"from {span.since:%Y-%m-%d %H:%M}{until} UTC"
            lines.append(Line("waited" if span.until else "waits", f"For the client: {span.why}", when, "muted"))
        lines += containment.held_lines(incident)
        if fix := incident.fixed:
            lines.append(Line("done", f"Fix: {fix.text}", f"{fix.at:%Y-%m-%d %H:%M} UTC, {fix.by}", "good"))
        return lines + recovery.recovered_lines(incident)

    def state(self) -> Any:
        """Which rows there are to tick, and whether the client is waited for."""
        one = self.incident
        cause = one and one.cause and (one.cause.cause, one.cause.detail)
        return one and (bool(one.closed), cause, one.is_waiting, bool(one.held_back), bool(one.fixed))

    def controls(self) -> list[Any]:
        """Rows to begin and tick, commands and the message to copy, workaround, waiting, the fix."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None or incident.closed:
            return []
        path = self.path(incident)
        around, rows = _split(path)
        made = [self._controls(row) for row in rows]
        if path.request:
            made.append(self._message(path.request, incident.is_waiting))
        what = c.field("Workaround", "what was done for the time being", width="28rem")
        due = c.field("Permanent fix by", "2026-12-01 17:00 (UTC)", width="20rem")
        form = c.form("Record the workaround", self._worked_around, what, due)
        made.append(c.fold(AROUND, *map(self._controls, around), form))
        made += containment.controls(self, incident)
        if incident.is_waiting:
            made.append(c.button("The client has done it", lambda: self.add("waiting_ended", "The clock runs again.")))
        else:
            made.append(
                c.form("Wait for the client", self._wait, c.field("The client has to", "sign in again", width="28rem"))
            )
        made.append(
            c.form("The fix is in place", self._fix, c.field("Fix", "what was changed", width="28rem"), main=True)
        )
        if self.follow.desk is not None and self.follow.desk.settings.n8n:
            made += recovery.controls(self, incident)
        return made

    def _controls(self, row: Row) -> Any:
        from incident_nb.ui import controls as c

        copies = (c.copy_button(command, self.say) for command in row.commands)
        return c.row(self.box(row.id, row.label), self.begin(row.id), *copies)

    def _message(self, request: Request, waits: bool) -> Any:
        """The message to change and to copy, and that the client was asked."""
        from incident_nb.ui import controls as c

        to = c.field("To", "whom to write to", value=request.to or "")
        subject = c.field("Subject of the message", value=request.subject)
        text = c.area("Message", rows=14, value=request.text)
        asked = c.button("The client was asked: wait", lambda: self._wait(request.what))
        copy = c.copy_button(lambda: f"{subject.value}\n\n{text.value}", self.say, "Copy the message")
        return c.fold("Message to the client", to, subject, text, copy, *([] if waits else [asked]))

    def _wait(self, why: str) -> bool:
        return self.add("waiting_began", "The clock is paused.", why=why)

    def _fix(self, what: str) -> bool:
        return self.add("fixed", "On record; verify it next.", what=what)

    def _worked_around(self, what: str, due: str) -> bool:
        return self.with_desk(
            lambda desk, number: desk.add(number, "worked_around", what=what, due=instant(due)), "On record."
        )


def _split(path: Path) -> tuple[list[Row], list[Row]]:
    """The rows of a workaround, and the others."""
    return [row for row in path.rows if row.id.startswith("WA-")], [
        row for row in path.rows if not row.id.startswith("WA-")
    ]


def _row(sheet: Sheet, row: Row) -> Sheet:
    state = "done" if row.done else "begun" if row.begun else "open"
    tone: Tone = "good" if row.done else "warn" if row.begun else ""
    sheet = sheet.items([Line(state, f"{row.label}: {row.asks} ({row.id})", row.when, tone)])
    if row.done:
        return sheet.fold("How", _how(Sheet(), row))
    return _how(sheet, row)


def _how(sheet: Sheet, row: Row) -> Sheet:
    sheet = sheet.listing(row.todo).links(row.links)
    for command in row.commands:
        sheet = sheet.code(command)
    if len(row.facts) > SHORT:
        sheet = sheet.fold(f"What is known of it ({len(row.facts)})", Sheet().listing(row.facts))
    elif row.facts:
        sheet = sheet.listing(row.facts)
    return sheet.text(f"Not known: {'; '.join(row.missing)}.", "warn") if row.missing else sheet


def _asked(request: Request) -> Sheet:
    sheet = Sheet().text(f"To {request.to or '{address}: the settings have no contact for the client'}")
    sheet = sheet.letter(f"{request.subject}\n\n{request.text}")
    return sheet.text(f"To be filled in: {'; '.join(request.missing)}.", "warn") if request.missing else sheet


def instant(text: str) -> datetime:
    """A date and time as somebody types it, UTC. Raises UsageError for what is none."""
    try:
        at = datetime.fromisoformat(text.strip().removesuffix("UTC").strip())
    except ValueError as error:
        raise UsageError(f"{text!r} is no date. Write it like 2026-12-01 17:00 (UTC).") from error
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
