"""What a problem did, counted over the executions that it affected, and put on record."""

from __future__ import annotations

from incident_nb.actions.affected import Affected, Extent
from incident_nb.actions.contents import ITEMS, Things
from incident_nb.actions.verdict import Verdict
from incident_nb.desk import Desk
from incident_nb.incidents.entries import through_gate
from incident_nb.incidents.kinds.recovering import Harmed


class Counted:
    """What was in the affected executions, each thing once however often it failed."""

    def __init__(self) -> None:
        self.things: Things = {}
        self.plain = self.unseen = 0
        self.wrote: dict[str, int] = {}

    def add(self, one: Affected, verdict: Verdict, things: Things | None) -> None:
        for node in verdict.wrote:
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


def put_on_record(number: int, counted: Harmed, desk: Desk) -> None:
    """Puts what was counted on record, unless that is what it says already, or the incident is closed."""
    incident = desk.records.get(number)
    known = incident.harm
    safe = Harmed(**through_gate(counted.model_dump(mode="json")))  # as the record keeps it
    if incident.closed is None and (known is None or Harmed(**known.model_dump(exclude={"at", "by", "text"})) != safe):
        desk.add(number, Harmed.kind, **safe.model_dump())
