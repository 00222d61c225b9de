"""What was done to n8n for an incident: workflows stopped and put back (WA-1, ESC-4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from incident_nb.incidents.payload import Changes, Name, Payload, Words
from incident_nb.models import Frozen
from incident_nb.record import Incident
from incident_nb.said import Held, HeldState, Said

SHOWN = 8  # names in a line
States = Sequence[tuple[tuple[str, ...] | dict[str, str], HeldState | None]]


class Running(Frozen):
    """A workflow that runs, and which version of it does (None where n8n does not tell)."""

    workflow_id: Name
    workflow: Name
    version: Name | None = None


class Stopping(Payload):
    """That these workflows are about to be stopped: on record before the first one is touched."""

    kind: ClassVar[str] = "stopping"
    instance: Name
    scope: Words
    workflows: Annotated[tuple[Running, ...], Field(min_length=1)]

    def change(self, incident: Incident, said: Said) -> Changes:
        held = {
            key_of(self.instance, one.workflow_id): Held(
                at=said.at, by=said.by, text=self.scope, instance=self.instance, workflow_id=one.workflow_id,
                workflow=one.workflow, version=one.version, state="to_stop", since=said.at,
            )
            for one in self.workflows
        }  # fmt: skip
        return {"held": {**incident.held, **held}}

    def told(self) -> str:
        return f"Stopping {_listed([one.workflow for one in self.workflows])} ({self.scope})"


class Stopped(Payload):
    """What came of it: the ids of the workflows that are stopped, and of those that run on, each with the reason."""

    kind: ClassVar[str] = "stopped"
    instance: Name
    workflows: tuple[Name, ...] = ()
    left: dict[str, Words] = Field(default_factory=dict)

    def change(self, incident: Incident, said: Said) -> Changes:
        return _held(incident, said, self.instance, [(self.workflows, "stopped"), (self.left, "runs")])

    def told(self) -> str:
        left = f"; not stopped: {_listed(self.left)}" if self.left else ""
        return f"Stopped {_listed(self.workflows)}{left}"


class Restored(Payload):
    """The ids of the workflows that run again as they did; of those that are `left` stopped, and of those with which it
    is `over` otherwise, each with the reason.
    """

    kind: ClassVar[str] = "restored"
    instance: Name
    workflows: tuple[Name, ...] = ()
    left: dict[str, Words] = Field(default_factory=dict)
    over: dict[str, Words] = Field(default_factory=dict)

    def change(self, incident: Incident, said: Said) -> Changes:
        states: States = [(self.workflows, "restored"), (self.over, "restored"), (self.left, None)]
        return _held(incident, said, self.instance, states)

    def told(self) -> str:
        left = f"; not restored: {_listed(self.left)}" if self.left else ""
        over = f"; {', '.join(f'{name}: {why}' for name, why in [*self.over.items()][:SHOWN])}" if self.over else ""
        return f"Restored {_listed(self.workflows)}{left}{over}"


def key_of(instance: str, workflow_id: str) -> str:
    """The name of a workflow among those that are held."""
    return f"{instance}/{workflow_id}"


def _held(incident: Incident, said: Said, instance: str, states: States) -> Changes:
    """The workflows in their new states (None: as before), with the reason where there is one."""
    held = dict(incident.held)
    for names, state in states:
        for name in names:
            if known := held.get(key := key_of(instance, name)):
                why = names[name] if isinstance(names, dict) else ""
                new = {"at": said.at, "by": said.by, "text": why, "state": state or known.state}
                held[key] = known.model_copy(update=new)
    return {"held": held}


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return (", ".join(shown[:SHOWN]) or "nothing") + more
