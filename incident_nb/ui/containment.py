"""Workflows stopped and put back from a notebook: the plan first, then only by typing the incident's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

from incident_nb.actions import contain, plans, restore, told
from incident_nb.desk import Desk
from incident_nb.errors import UsageError
from incident_nb.escape import printable
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Step
from incident_nb.record import Incident
from incident_nb.redact import redact_text
from incident_nb.ui.blocks import Line, Sheet
from incident_nb.ui.steps import StepPanel

CHOICES = (
    ("the workflow that failed", "own"),
    ("these workflows", "named"),
    ("all with this credential", "credential"),
    ("all workflows of the server", "all"),
)


class _Act(NamedTuple):
    """Something that can be done: its plan with the server, the plan in words, and the doing."""

    planned: Callable[[Desk, int], AbstractContextManager[tuple[N8n, Any]]]
    lines: Callable[[Any], told.Lines]
    carry_out: Callable[[N8n, Any, Desk], Iterable[Step]]


class Containment:
    """The controls of it in a panel. What was shown is what is done: where the server changed since, it is shown anew."""

    def __init__(self, panel: StepPanel) -> None:
        self.panel = panel
        self._plan: Any = None
        self._sheet: Any = None

    def controls(self, incident: Incident) -> list[Any]:
        """Two forms, folded away: to stop, and, where something is stopped, to put it back."""
        from incident_nb.ui import controls as c

        self._plan, self._sheet = None, c.html()
        which = c.choice("Workflows", CHOICES, width="22rem")
        names = c.field("Which", "ids or names, with commas; or the credential's", width="26rem")
        typed = c.field(f"To stop them, type {incident.id}", width="20rem")

        def stop() -> _Act:
            return _stopping(which.value, names.value)

        parts = [
            c.row(which, names, c.button("Show what that stops", lambda: self._look(stop))),
            c.form("Stop them", lambda name: self._act(stop, name), typed),
        ]
        if incident.held_back:
            again = c.field(f"To put back what was stopped, type {incident.id}", width="28rem")
            parts.append(c.button("Show what would be put back", lambda: self._look(_returning)))
            parts.append(c.form("Put them back", lambda name: self._act(_returning, name), again))
        return [c.fold("Stop workflows on n8n, put them back", *parts, self._sheet)]

    def _look(self, wanted: Callable[[], _Act]) -> bool:
        def look(desk: Desk, number: int) -> None:
            act = wanted()
            with act.planned(desk, number) as (_, plan):
                self._show(act, plan)

        return self.panel.with_desk(look, "Nothing was changed.")

    def _act(self, wanted: Callable[[], _Act], typed: str) -> bool:
        def done(desk: Desk, number: int) -> None:
            if typed.strip().upper() != f"INC-{number}":
                raise UsageError(f"Nothing was changed: type INC-{number} to confirm it.")
            act, steps = wanted(), list[Step]()
            with act.planned(desk, number) as (server, plan):
                if plan != self._plan:
                    self._show(act, plan)
                    raise UsageError("Nothing was changed: this was not shown before. Look at it, and confirm it.")
                steps += act.carry_out(server, plan, desk)
            self._plan = None
            left = [step for step in steps if step.outcome != "done"]
            told_of = "; ".join(f"{_clean(step.name)}: {_clean(step.told)}" for step in left or steps)
            if left:
                raise UsageError(f"Not all of it could be done. {told_of}")
            self.panel.after = told_of or "There was nothing to do."

        return self.panel.with_desk(done)

    def _show(self, act: _Act, plan: Any) -> None:
        self._plan = plan
        (_, head), *rows = act.lines(plan)
        sheet = Sheet().text(_clean(head)).items(Line(_clean(label), _clean(text)) for label, text in rows)
        self._sheet.value = sheet.view.framed


def _stopping(which: str, names: str) -> _Act:
    given = tuple(name.strip() for name in names.split(",") if name.strip())
    if which in ("named", "credential") and not given:
        raise UsageError("Nothing was changed: say which, by id or name.")
    choice = contain.Choice(
        workflows=given if which == "named" else (),
        credential=names.strip() if which == "credential" else None,
        every=which == "all",
    )
    return _Act(partial(plans.stopping, choice=choice), told.stops, contain.contain)


def _returning() -> _Act:
    return _Act(plans.returning, told.returns, restore.restore)


def held_lines(incident: Incident) -> list[Line]:
    """A line for each workflow that is stopped."""
    return [
        Line("stopped", f"{one.workflow} on n8n “{one.instance}”", f"{one.at:%Y-%m-%d %H:%M} UTC, {one.by}", "warn")
        for one in incident.held_back
    ]


def _clean(text: str) -> str:
    """What n8n holds, without secrets."""
    return printable(redact_text(text))
