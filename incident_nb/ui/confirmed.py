"""What acts on n8n from a notebook: the plan is shown first, then only what was shown is done, by typing the incident's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from incident_nb.actions.told import Lines
from incident_nb.desk import Desk
from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.n8n.workflows import Step
from incident_nb.redact import redact_text
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel


class Act(NamedTuple):
    """Something that can be done: its plan, with whatever carries it out; the plan in words; and the doing."""

    planned: Callable[[Desk, int], AbstractContextManager[tuple[Any, Any]]]
    lines: Callable[[Any], Lines]
    carry_out: Callable[[Any, Any, Desk], Iterable[Step]]


class Confirmed:
    """A place in a panel where acts are shown and done. Where something changed since it was shown, it is shown anew."""

    def __init__(self, panel: StepPanel, nothing: str = "Nothing was changed") -> None:
        from incident_nb.ui import controls as c

        self.panel, self.nothing, self.sheet = panel, nothing, c.html()
        self._shown: Any = None

    def look(self, wanted: Callable[[], Act]) -> bool:
        """Shows the plan."""

        def look(desk: Desk, number: int) -> None:
            act = wanted()
            with act.planned(desk, number) as (_, plan):
                self._show(act, plan)

        return self.panel.with_desk(look, f"{self.nothing}.")

    def act(self, wanted: Callable[[], Act], typed: str) -> bool:
        """Does what was shown, if that is still the plan and the incident's name was typed."""

        def done(desk: Desk, number: int) -> None:
            if typed.strip().upper() != f"INC-{number}":
                raise UsageError(f"{self.nothing}: type INC-{number} to confirm it.")
            act, steps = wanted(), list[Step]()
            with act.planned(desk, number) as (means, plan):
                if plan != self._shown:
                    self._show(act, plan)
                    raise UsageError(f"{self.nothing}: this was not shown before. Look at it, and confirm it.")
                self._shown = None
                for step in act.carry_out(means, plan, desk):
                    steps.append(step)
                    self.panel.say(_told(step))
            left = [step for step in steps if step.outcome != "done"]
            told_of = "; ".join(map(_told, left or steps))
            if left:
                raise UsageError(f"Not all of it could be done. {told_of}")
            self.panel.after = told_of or "There was nothing to do."

        return self.panel.with_desk(done)

    def _show(self, act: Act, plan: Any) -> None:
        self._shown = plan
        self.sheet.value = sheet_of(act.lines(plan)).view.framed


def sheet_of(lines: Lines) -> Sheet:
    """A plan in words as blocks, through the gate."""
    sheet = Sheet()
    for label, text in lines:
        if label == "#":
            sheet = sheet.heading(clean(text))
        elif label:
            sheet = sheet.items([Line(clean(label), clean(text))])
        else:
            sheet = sheet.text(clean(text), "muted")
    return sheet


def clean(text: str) -> str:
    """What n8n holds, without secrets."""
    return printable(redact_text(text))


def _told(step: Step) -> str:
    return f"{clean(step.name)}: {clean(step.told)}"
