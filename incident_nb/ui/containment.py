"""Workflows stopped and put back from a notebook: the plan first, then only by typing the incident's name."""

from __future__ import annotations

from functools import partial
from typing import Any

from incident_nb.actions import contain, plans, restore, told
from incident_nb.errors import UsageError
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line
from incident_nb.ui.confirmed import Act, Confirmed
from incident_nb.ui.steps import StepPanel

CHOICES = (
    ("the workflow that failed", "own"),
    ("these workflows", "named"),
    ("all with this credential", "credential"),
    ("all workflows of the server", "all"),
)
RETURNING = Act(plans.returning, told.returns, restore.restore)


def controls(panel: StepPanel, incident: Incident) -> list[Any]:
    """Two forms, folded away: to stop, and, where something is stopped, to put it back."""
    from incident_nb.ui import controls as c

    place = Confirmed(panel)
    which = c.choice("Workflows", CHOICES, width="22rem")
    names = c.field("Which", "ids or names, with commas; or the credential's", width="26rem")
    typed = c.field(f"To stop them, type {incident.id}", width="20rem")

    def stop() -> Act:
        return _stopping(which.value, names.value)

    parts = [
        c.row(which, names, c.button("Show what that stops", lambda: place.look(stop))),
        c.form("Stop them", partial(place.act, stop), typed),
    ]
    if incident.held_back:
        again = c.field(f"To put back what was stopped, type {incident.id}", width="28rem")
        parts.append(c.button("Show what would be put back", lambda: place.look(lambda: RETURNING)))
        parts.append(c.form("Put them back", partial(place.act, lambda: RETURNING), again))
    return [c.fold("Stop workflows on n8n, put them back", *parts, place.sheet)]


def _stopping(which: str, names: str) -> Act:
    given = tuple(name.strip() for name in names.split(",") if name.strip())
    if which in ("named", "credential") and not given:
        raise UsageError("Nothing was changed: say which, by id or name.")
    choice = contain.Choice(
        workflows=given if which == "named" else (),
        credential=names.strip() if which == "credential" else None,
        every=which == "all",
    )
    return Act(partial(plans.stopping, choice=choice), told.stops, contain.contain)


def held_lines(incident: Incident) -> list[Line]:
    """A line for each workflow that is stopped."""
    return [
        Line("stopped", f"{one.workflow} on n8n “{one.instance}”", f"{one.at:%Y-%m-%d %H:%M} UTC, {one.by}", "warn")
        for one in incident.held_back
    ]
