"""Step 6: all that happened, in its order, with room for a note and for putting an entry right."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from incident_nb.desk import Desk
from incident_nb.desk.told import moment
from incident_nb.desk.told import told as event_words
from incident_nb.documents.incident import SUMMED
from incident_nb.errors import UsageError
from incident_nb.incidents import Event
from incident_nb.incidents.events import read
from incident_nb.incidents.kinds.recovering import Retried, Retrying
from incident_nb.record import Incident
from incident_nb.ui.blocks import Sheet
from incident_nb.ui.steps import StepPanel

MANY = 6  # entries of a kind after each other, from which on they are one row


class Timeline(StepPanel):
    """Every entry with its number, instant and author."""

    number = 6
    boxed = False

    def told(self, sheet: Sheet, _: Incident) -> Sheet:
        """The entries, oldest first."""
        put_right = {event.payload.get("seq") for event in self.follow.events if event.kind == "corrected"}
        rows = []
        for kind, group in groupby(_but_settled(self.follow.events), key=lambda one: one.kind):
            several = list(group)
            first, last = several[0], several[-1]
            if kind in SUMMED and len(several) >= MANY and not put_right & {one.seq for one in several}:
                said = [payload for one in several if (payload := read(one))]
                rows.append((f"{first.seq} to {last.seq}", _when(first), SUMMED[kind](said), first.by))
                continue
            for one in several:
                words = event_words(one) + " (corrected)" * (one.seq in put_right)
                rows.append((str(one.seq), _when(one), words, one.by))
        return sheet.table(("No.", "When (UTC)", "What", "Who"), rows)

    def state(self) -> Any:
        """Whether there is an incident: a note can be added to a closed one, too."""
        return bool(self.incident)

    def controls(self) -> list[Any]:
        """Add a note, withdraw an entry."""
        from incident_nb.ui import controls as c

        if self.incident is None:
            return []
        note = c.field("Note", "what you saw or did")
        number, why = c.field("Entry", "number", width="10rem"), c.field("Reason", "why it is not so", width="24rem")

        def add(text: str) -> bool:
            return self.add("note", "Noted.", text=text)

        return [c.form("Add note", add, note, main=True), c.form("Withdraw the entry", self._withdraw, number, why)]

    def _withdraw(self, number: str, why: str) -> bool:
        def withdraw(desk: Desk, incident: int) -> None:
            if not number.strip().isdecimal():
                raise UsageError("Give the number of the entry, as in the first column.")
            desk.add(incident, "corrected", seq=int(number), reason=why)

        return self.with_desk(withdraw, "Withdrawn; the entry stays readable.")


def _when(one: Event) -> tuple[str, str]:
    return f"{moment(one):%Y-%m-%d %H:%M}", "when"


def _but_settled(events: Iterable[Event]) -> list[Event]:
    """The entries without those that a retry is about to begin, where it is known what came of it."""
    known = list(events)
    ended = {_of(one): place for place, one in enumerate(known) if one.kind == Retried.kind}
    return [one for place, one in enumerate(known) if one.kind != Retrying.kind or ended.get(_of(one), -1) < place]


def _of(event: Event) -> tuple[str, str]:
    return str(event.payload.get("instance")), str(event.payload.get("execution_id"))
