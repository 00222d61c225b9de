"""Test data sent to a workflow's webhook from a notebook (VER-1): the request first, then only by typing the incident's name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from incident_nb.actions import told
from incident_nb.actions.trial import Sent, Trial
from incident_nb.actions.watching import trial_of
from incident_nb.desk import Desk
from incident_nb.n8n.workflows import Step
from incident_nb.record import Incident
from incident_nb.ui.confirmed import Act, Confirmed
from incident_nb.ui.steps import StepPanel

pause = time.sleep  # between looks for the execution that it began

Send = Callable[[Callable[[float], Any]], Sent]


def controls(panel: StepPanel, incident: Incident) -> list[Any]:
    """The data, a look at the request, and the confirmation, folded away."""
    from incident_nb.ui import controls as c

    place = Confirmed(panel, "Nothing was sent")
    data = c.area("Test data", '{"order": 7}', rows=4)
    typed = c.field(f"To send it, type {incident.id}", width="20rem")

    def send() -> Act:
        return Act(partial(_planned, data.value.encode()), lambda plan: told.request(plan[0]), _sent)

    parts = (
        data,
        c.button("Show the request", lambda: place.look(send)),
        c.form("Send it", partial(place.act, send), typed),
        place.sheet,
    )
    return [c.fold("Trigger the workflow with test data, by its webhook (VER-1)", *parts)]


@contextmanager
def _planned(content: bytes, desk: Desk, number: int) -> Iterator[tuple[Send, tuple[Trial, bytes]]]:
    """What sends it; and the request with its content, which has to be what was shown."""
    with trial_of(desk, number, content) as (trial, send):
        yield send, (trial, content)


def _sent(send: Send, plan: tuple[Trial, bytes], _: Desk) -> Iterator[Step]:
    execution = send(pause).execution_id
    began = f"it began execution {execution}; " if execution else ""
    yield Step(
        workflow_id=plan[0].workflow_id, name=plan[0].workflow, outcome="done", told=f"sent; {began}VER-1 is ticked"
    )
