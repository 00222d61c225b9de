"""What a problem did, counted, and its failed executions retried from a notebook: shown first, confirmed by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from incident_nb.actions import plans, recover, told
from incident_nb.actions.replays import Choice, Plan
from incident_nb.desk import Desk
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Step
from incident_nb.record import Incident
from incident_nb.ui.blocks import Line, Tone
from incident_nb.ui.confirmed import Act, Confirmed
from incident_nb.ui.steps import StepPanel

SHOWN = 5  # retries of each kind that stand by themselves


def controls(panel: StepPanel, incident: Incident) -> list[Any]:
    """Count what was affected; see what would be retried; retry it. Folded away."""
    from incident_nb.ui import controls as c

    place = Confirmed(panel)
    keyed = c.choice("Writes under a key", (("leave them", False), ("retry them, too", True)), width="20rem")
    named = c.field("Also these executions", "their numbers, with commas", width="26rem")
    typed = c.field(f"To retry them, type {incident.id}", width="20rem")

    def retry() -> Act:
        ids = tuple(name.strip() for name in named.value.split(",") if name.strip())
        return _retrying(Choice(executions=ids, keyed=bool(keyed.value)))

    def count() -> bool:
        return panel.with_desk(plans.counted, "Counted.")

    parts = [c.button("Count what was affected", count)]
    if incident.fixed is not None:
        parts += [
            c.row(keyed, named, c.button("Show what would be retried", lambda: place.look(retry))),
            c.form("Retry them", partial(place.act, retry), typed),
            place.sheet,
        ]
    return [c.fold("What was affected, and failed executions retried", *parts)]


def _retrying(choice: Choice) -> Act:
    def carry_out(server: N8n, plan: Plan, desk: Desk) -> Iterator[Step]:
        return recover.recover(server, plan, desk, choice, recover.Pace())

    return Act(partial(plans.replaying, choice=choice), told.replayed, carry_out)


def recovered_lines(incident: Incident) -> list[Line]:
    """What was affected, and how the retries went."""
    lines = []
    if harm := incident.harm:
        lines += [
            Line("affected", text, f"counted {harm.at:%Y-%m-%d %H:%M} UTC", "warn") for _, text in told.harm(harm)
        ]
    kinds: tuple[tuple[str, str, Tone], ...] = (
        ("well", "went well", "good"), ("failed", "failed again", "bad"), ("going_on", "goes on", "warn"),
        ("asked", "is begun, and not known how it went", "bad"), ("never", "was never begun", "muted"),
    )  # fmt: skip
    for state, words, tone in kinds:
        mine = [one for one in incident.retries.values() if one.state == state]
        if not mine:
            continue
        names = ", ".join(one.execution_id for one in mine[:SHOWN]) + f" and {len(mine) - SHOWN} more" * (
            len(mine) > SHOWN
        )
        retry = "retry" if len(mine) == 1 else "retries"
        lines.append(Line("retried", f"{len(mine)} {retry}: {words} (execution {names})", mine[-1].by, tone))
    return lines
