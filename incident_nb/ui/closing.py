"""Step 6: prevention, documents, billing, the closing checklist, and the end."""

from __future__ import annotations

from typing import Any

from incident_nb.desk import Desk
from incident_nb.desk.written import write_documents
from incident_nb.documents.gaps import gaps_of
from incident_nb.errors import OutputError
from incident_nb.policy import Bill, load
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.notice import gap_line
from incident_nb.ui.resolution import instant
from incident_nb.ui.steps import StepPanel, gate_lines, left_open

USES = (("not said", None), ("the allocation", "allocation"), ("the rate", "rate"))


class Closing(StepPanel):
    """The rows FIN-1 to FIN-8 as the record knows them; closed only when all are done, or with a reason for each."""

    number = 6

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """Checklist, action items, billing."""
        one = self.follow.standing
        assert one is not None  # noqa: S101 - asked by the caller
        lines = []
        for action in incident.prevention:
            more = ", ".join(filter(None, (action.owner, f"by {action.due:%Y-%m-%d}" if action.due else "")))
            lines.append(
                Line("done" if action.done_at else "to do", action.text, more, "good" if action.done_at else "")
            )
        lines.append(_billing(one.bill))
        gaps = gaps_of(incident, self.follow.everybody, one.now)
        lines += [gap_line(gap) for gap in gaps if gap.is_open and {"incident", "billing"} & {*gap.of}]
        lines += [Line("left open", f"{row}: {why}") for row, why in incident.open_items.items()]
        if end := incident.closed:
            lines.append(Line("closed", f"By {end.by} on {end.at:%Y-%m-%d %H:%M} UTC", end.text, "good"))
        return sheet.items(gate_lines(one.closing)).items(lines)

    def state(self) -> Any:
        """Whether it can be closed or reopened, what is suggested of billing, and which actions are not done."""
        one = self.follow.standing
        if one is None:
            return None
        return (
            bool(one.incident.closed),
            one.incident.is_resolved,
            one.bill.suggested,
            one.bill.row,
            _undone(one.incident),
        )

    def controls(self) -> list[Any]:
        """Add an action, say who pays, note a document, close, reopen."""
        from incident_nb.ui import controls as c

        one, incident = self.follow.standing, self.incident
        if one is None or incident is None:
            return []
        made: list[Any] = []
        if not incident.closed:
            text = c.field("Action item", "what keeps it from happening again", width="26rem")
            owner, due = c.field("Owner", width="12rem"), c.field("Due", "2026-12-01", width="12rem")
            made.append(c.form("Add the action", self._prevent, text, owner, due))
        rows = [(f"{row.id} {row.cause}", row.id) for row in load().billing]
        who = c.choice("Who pays", rows, one.bill.row or one.bill.suggested, width="26rem")
        hours = c.field("Hours", width="10rem", value=f"{one.bill.hours:g}")
        uses, why = (
            c.choice("Uses", USES, one.bill.uses, width="14rem"),
            c.field("Paid so because", value=one.bill.why, width="26rem"),
        )
        made.append(c.form("Confirm billing", self._bill, who, hours, uses, why))
        approved = c.field("Approved by", "who approved billable hours, and how", width="26rem")
        made.append(c.form("Record the approval", self._approve, approved))
        if undone := _undone(incident):
            made.append(c.form("It is done", self._prevented, c.choice("Action", undone, width="26rem")))
        made.append(
            c.row(
                c.button("Write the documents", self._write, main=True),
                c.button("Make those anew that were changed by hand", lambda: self._write(yes=True)),
            )
        )
        if incident.is_resolved or incident.closed:
            made.append(c.form("Reopen", self._reopen, c.field("It came back", "what was seen", width="26rem")))
        if not incident.closed:
            left = [item.id for item in one.closing if item.needed]
            reasons = {row: c.field(f"Leave {row} open because", width="34rem") for row in left}
            made += [*left_open(reasons), c.button("Close the incident", lambda: self._close(reasons), main=True)]
        return made

    def _prevent(self, text: str, owner: str, due: str) -> bool:
        def add(desk: Desk, number: int) -> None:
            when = instant(due) if due.strip() else None
            desk.add(number, "prevention", text=text, owner=owner.strip() or None, due=when)

        return self.with_desk(add, "Added.")

    def _bill(self, row: str, hours: str, uses: str | None, why: str) -> bool:
        given = {"hours": hours.strip() or None, "uses": uses, "reason": why}
        return self.add("billing_classified", "On record.", row=row, **given)

    def _approve(self, text: str) -> bool:
        return self.add("billing_approved", "On record.", text=text)

    def _prevented(self, action: str) -> bool:
        return self.add("prevented", "On record.", action=action)

    def _write(self, *, yes: bool = False) -> None:
        def write(desk: Desk, number: int) -> None:
            papers = write_documents(desk, number, yes=yes)
            told = [f"{put.document}: {put.state.replace('_', ' ')}, {put.words}" for put in papers.put]
            self.after = "; ".join(told)
            if any(put.state == "failed" for put in papers.put):
                self.follow.refresh()  # the others are on record
                raise OutputError(self.after)

        self.with_desk(write)

    def _reopen(self, why: str) -> bool:
        return self.add("reopened", "Reopened; its clocks begin anew.", reason=why)

    def _close(self, reasons: dict[str, Any]) -> bool:
        given = {name: each.value for name, each in reasons.items()}
        return self.with_desk(lambda desk, number: desk.close(number, "", given), "Closed.")


def _undone(incident: Incident) -> list[str]:
    return [action.text for action in incident.prevention if not action.done_at]


def _billing(bill: Bill) -> Line:
    """Who pays, how much, and whether a client's text may say so."""
    if bill.row:
        amount = f", {bill.amount_told} at {bill.rate}" if bill.billable else ""
        told = "may be told to the client" if bill.may_be_mentioned else f"not to be mentioned yet: {bill.why_not}"
        return Line("billing", f"{bill.row}: {bill.hours:g} h{amount}", told)
    words = f"{bill.suggested} is suggested" if bill.suggested else "Somebody has to say who pays"
    return Line("billing", words, bill.reason)
