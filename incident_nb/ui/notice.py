"""Step 5: what the client has to be told, section by section from the record, what is still open, and when it was sent."""

from __future__ import annotations

from typing import Any

from incident_nb.desk import Desk
from incident_nb.desk.written import write_documents
from incident_nb.documents.gaps import Gap, gaps_of, left_in
from incident_nb.documents.letter import HEADINGS, Letter, letter_of
from incident_nb.errors import OutputError
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel

KINDS = (("notice", "notice"), ("holding notice", "holding"), ("brief e-mail", "brief"))


class Notice(StepPanel):
    """Whether a notice is due, the letter from the record, what it lacks, and what was sent."""

    number = 5

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """What the policy asks, what was sent, the letter, and what is open in it."""
        letter = self._letter(incident)
        lines = [Line("policy", letter.rule)]
        if letter.why_not:
            lines.append(Line("nothing to send", letter.why_not))
        for sent in incident.notices:
            lines.append(Line("sent", f"{sent.kind}: {sent.text}", f"{sent.at:%Y-%m-%d %H:%M} UTC, {sent.by}", "good"))
        if not letter.why_not:
            lines.append(Line("subject", letter.subject))
            lines += [gap_line(gap) for gap in self._gaps(incident)]
        sheet = sheet.items(lines)
        return sheet.code(letter.text) if letter.text else sheet

    def state(self) -> Any:
        """The letter, and what is open in it."""
        incident = self.incident
        return incident and (self._letter(incident), self._gaps(incident))

    def controls(self) -> list[Any]:
        """Write a section, leave a gap with a reason, copy the letter, make the mail, say that it was sent."""
        from incident_nb.ui import controls as c

        incident = self.incident
        if incident is None:
            return []
        letter = self._letter(incident)
        if letter.why_not:
            return []
        names = (("the subject", "subject"), *((heading.capitalize(), name) for heading, name in HEADINGS.items()))
        which, text = c.choice("Section", names, width="20rem"), c.area("Its words", "empty: the draft", rows=4)
        made: list[Any] = [c.form("Put it into the letter", self._worded, which, text)]
        if open_ := [gap.name for gap in self._gaps(incident) if gap.is_open]:
            gap = c.choice("Leave open", open_, width="18rem")
            made.append(c.form("Leave it so", self._waived, gap, c.field("Left because", width="26rem")))
        kind = c.choice("Sent as", KINDS, letter.kind, width="16rem")
        to = c.field("Sent to", value=", ".join(address for _, address in letter.people.to))
        shown = f"Subject: {letter.subject}\n\n{letter.text}"
        return [
            *made,
            c.row(c.copy_button(shown, self.say, "Copy the letter"), c.button("Write text and mail", self._write)),
            c.form("It was sent", self._sent, kind, to, main=True),
        ]

    def _letter(self, incident: Incident) -> Letter:
        return letter_of(incident, self.follow.everybody, self._now(incident), by=self._by())

    def _gaps(self, incident: Incident) -> tuple[Gap, ...]:
        found = gaps_of(incident, self.follow.everybody, self._now(incident), by=self._by())
        kind = self._letter(incident).kind
        return tuple(gap for gap in found if "letter" in gap.of and (not gap.is_open or gap in left_in(kind, found)))

    def _now(self, incident: Incident) -> Any:
        one = self.follow.standing
        return one.now if one else incident.changed_at

    def _by(self) -> str:
        return self.follow.desk.by if self.follow.desk else ""

    def _worded(self, section: str, text: str) -> bool:
        return self.add("worded", "It stands in the letter.", section=section, text=text)

    def _waived(self, gap: str, reason: str) -> bool:
        return self.add("waived", "Left so; the reason is on record.", gap=gap, reason=reason)

    def _write(self) -> None:
        def write(desk: Desk, number: int) -> None:
            (put,) = write_documents(desk, number, only=["notice"]).put
            if put.state == "failed":
                raise OutputError(put.words)
            self.after = f"{put.path}: {put.words}" if put.path else put.words

        self.with_desk(write)

    def _sent(self, kind: str, to: str) -> bool:
        incident = self.incident
        subject = self._letter(incident).subject if incident else ""
        return self.add("notified", "On record.", notice=kind, subject=subject, to=to)


def gap_line(gap: Gap) -> Line:
    """A gap: what it is and what closes it, or why it is left."""
    if gap.is_open:
        return Line("open", f"{gap.what} ({gap.name})", gap.close, "warn")
    return Line("left", f"{gap.what} ({gap.name})", gap.waived, "muted")
