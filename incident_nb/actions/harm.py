"""What a problem did, counted over the executions that it affected, and put on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from incident_nb.actions.affected import Affected, Extent
from incident_nb.actions.contents import ITEMS, Things, things_at
from incident_nb.actions.verdict import wrote
from incident_nb.desk import Desk
from incident_nb.incidents.entries import through_gate
from incident_nb.incidents.kinds.recovering import Harmed
from incident_nb.readers.single import Executions


class Counted:
    """What was in the affected executions, each thing once however often it failed."""

    def __init__(self) -> None:
        self.things: Things = {}
        self.plain = self.unseen = 0
        self.wrote: dict[str, int] = {}

    def add(self, one: Affected, wrote: Iterable[str], things: Things | None) -> None:
        """Counts one: the nodes that had written in it, and what reached the one that failed (None: not kept)."""
        for node in wrote:
            self.wrote[node] = self.wrote.get(node, 0) + 1
        if one.child is not None or one.retry_of is not None:
            return  # it is counted where it failed, and failed first
        if things is None:
            self.unseen += 1
        elif one.green:  # of its items only some failed, and which is not told
            self.plain += one.items or 1
        else:
            for name, ids in things.items():
                self.things.setdefault(name, set()).update(ids)

    def told(self, found: Extent) -> Harmed:
        """All of it."""
        counts = {name: len(ids) for name, ids in self.things.items()}
        if self.plain:
            counts[ITEMS] = counts.get(ITEMS, 0) + self.plain
        first = [one for one in found.executions if one.retry_of is None]
        green = sum(one.green for one in first)
        return Harmed(
            instance=found.instance, since=found.since, failed=len(first) - green, green=green,
            workflows=tuple(dict.fromkeys(one.workflow for one in found.executions)),
            clients=tuple(sorted({one.client for one in found.executions if one.client})),
            items=dict(sorted(counts.items(), key=lambda pair: -pair[1])), wrote=self.wrote, unseen=self.unseen,
        )  # fmt: skip


def in_export(found: Extent, sources: Sequence[str], on_progress: Callable[[int, int], None]) -> Harmed:
    """What was affected, counted from exports alone. Raises SourceError where none can be read."""
    look = Executions(sources, also=[one.execution_id for one in found.executions])
    counted = Counted()
    for number, one in enumerate(found.executions):
        on_progress(number, len(found.executions))
        execution, node = look(one.execution_id), one.node or ""
        held = execution if execution and execution["data"] else None
        counted.add(one, wrote(held, node) if held else (), things_at(held, node) if held else None)
    return counted.told(found)


def put_on_record(number: int, counted: Harmed, desk: Desk) -> None:
    """Puts what was counted on record, unless that is what it says already, or the incident is closed."""
    incident = desk.records.get(number)
    known = incident.harm
    safe = Harmed(**through_gate(counted.model_dump(mode="json")))  # as the record keeps it
    if incident.closed is None and (known is None or Harmed(**known.model_dump(exclude={"at", "by", "text"})) != safe):
        desk.add(number, Harmed.kind, **safe.model_dump())
