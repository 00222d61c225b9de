"""What the panels of the six steps have in common: the step's time box, and checklists with a state for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from incident_nb import display
from incident_nb.desk import Desk
from incident_nb.desk.told import row_words, span
from incident_nb.policy import GateItem
from incident_nb.policy.tables import Item
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Sheet, Tone
from incident_nb.ui.panel import Panel
from incident_nb.views import View

if TYPE_CHECKING:
    from incident_nb.ui.follow import Follow


class StepPanel(Panel):
    """A panel of step `number`; without a record it says what the procedure asks in that step."""

    follow: Follow
    number = 1
    boxed = True

    def __init__(self, follow: Follow) -> None:
        super().__init__(follow)
        self._boxes: dict[str, Any] = {}
        self._begins: dict[str, Any] = {}
        self._setting = False

    def sheet(self) -> Sheet:
        """The step's time box, and what `told` says."""
        one = self.follow.standing
        if one is None:
            return Sheet()
        step = one.steps[self.number - 1]
        spent = f", {span(step.spent)} so far" if step.progress == "running" and step.spent is not None else ""
        spent = f", took {span(step.spent)}" if step.progress == "done" and step.spent is not None else spent
        sheet = Sheet().box(f"{step.id} · {step.box}{spent}", "bad" if step.is_over else "") if self.boxed else Sheet()
        return self.told(sheet, one.incident)

    def told(self, sheet: Sheet, incident: Incident) -> Sheet:
        """What the panel says of an incident on record."""
        raise NotImplementedError

    def view(self) -> View:
        """What is on record; where nothing is, what the procedure asks in this step."""
        if self.follow.standing is None and self.boxed:
            return display.step(self.number, self.follow.diagnosis)
        return self.sheet().view

    @property
    def incident(self) -> Incident | None:
        """The incident on record; None where there is none."""
        return self.follow.standing.incident if self.follow.standing else None

    def state(self) -> Any:
        """Whether there is an incident, and whether it is closed."""
        return self.incident and bool(self.incident.closed)

    def box(self, row: str, label: str) -> Any:
        """A box to tick for a row of a checklist; it shows what is on record."""
        from incident_nb.ui import controls as c

        def change(on: bool) -> None:
            if not self._setting:
                self.add("ticked", row=row, done=on)

        self._boxes[row] = c.check(f"{row} {label}", self._is_ticked(row), change)
        return self._boxes[row]

    def begin(self, row: str) -> Any:
        """A button that says that a row is begun; out of sight once it is."""
        from incident_nb.ui import controls as c

        made = c.button("Begin", lambda: self.add("started", row=row), help=f"Begin {row}")
        self._begins[row] = made
        c.shown_if(made, self._may_begin(row))
        return made

    def sync(self) -> None:
        """Sets the boxes to what is on record."""
        for row, button in self._begins.items():
            button.layout.display = None if self._may_begin(row) else "none"
        self._setting = True
        for row, box in self._boxes.items():
            box.value = self._is_ticked(row)
        self._setting = False

    def _is_ticked(self, row: str) -> bool:
        tick = self.incident.ticks.get(row) if self.incident else None
        return tick is not None and tick.done

    def _may_begin(self, row: str) -> bool:
        return self.incident is not None and not self._is_ticked(row) and row not in self.incident.begun

    def add(self, kind: str, said: str = "", **values: Any) -> bool:
        """Records an event, and says what came of it: whether it is on record."""
        return self.with_desk(lambda desk, number: desk.add(number, kind, **values), said)

    def with_desk(self, what: Callable[[Desk, int], Any], said: str = "") -> bool:
        """Does something with the record of this incident, and says what came of it: whether it was done."""
        desk, number = self.follow.desk, self.follow.number
        return desk is not None and number is not None and self.do(lambda: what(desk, number), said)


def gate_lines(items: Iterable[GateItem]) -> list[Line]:
    """The rows of a gate with their states."""
    return [
        Line("done" if item.done else "not needed" if not item.needed else "open", f"{item.label} ({item.id})", item.basis,
             "good" if item.done else "muted" if not item.needed else "warn")
        for item in items
    ]  # fmt: skip


def tick_line(item: Item, incident: Incident) -> Line:
    """A row of the procedure that a person ticks."""
    tick = incident.ticks.get(item.id)
    done = bool(tick and tick.done)
    state = "done" if done else "begun" if item.id in incident.begun else "open"
    tone: Tone = "good" if done else "warn" if state == "begun" else ""
    return Line(state, f"{item.label}: {item.detail} ({item.id})", row_words(item.id, incident), tone)


def left_open(reasons: dict[str, Any]) -> list[Any]:
    """The fields for the reasons why rows are left open, folded away; none where no row is open."""
    from incident_nb.ui import controls as c

    return [c.fold(f"Leave rows open, each with a reason ({', '.join(reasons)})", *reasons.values())] if reasons else []
