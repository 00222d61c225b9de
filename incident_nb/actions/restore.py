"""What was stopped for an incident put back: exactly the version that ran, and no draft that was made meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from incident_nb.actions.target import Json, called_by, version_of
from incident_nb.desk import Desk
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.models import Frozen
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Outcome, Step
from incident_nb.record import Incident
from incident_nb.said import Held

State = Literal["restore", "runs", "other", "changed", "gone"]
WHY: dict[State, str] = {
    "restore": "",
    "runs": "it runs again as it did",
    "other": "another version of it was published meanwhile and runs; it stays as it is",
    "changed": "it was saved anew meanwhile, and n8n 1.x runs what is saved last: look at it, and activate it in n8n or "
    "with --changed",
    "gone": "it was deleted or archived meanwhile",
}


class Row(Frozen):
    """A workflow that was stopped: whether it is to run again (`restore`), runs already, or why it stays as it is."""

    workflow_id: str
    workflow: str
    state: State
    version: str | None

    @property
    def why(self) -> str:
        """What keeps it from being restored, or that nothing has to be done."""
        return WHY[self.state]


class Plan(Frozen):
    """What would be put back on a server, in the order in which it can be: what is called before what calls it."""

    number: int
    instance: str
    drafts: bool
    changed: bool
    rows: tuple[Row, ...]


def plan(
    there: Sequence[Json], incident: Incident, instance: str, *, drafts: bool, workflows: Sequence[str] = (),
    changed: bool = False,
) -> Plan:  # fmt: skip
    """What is to be put back on a server that has the workflows `there`.

    `workflows`: only these, by id or name; `changed`: on n8n 1.x also what was saved anew meanwhile. Raises UsageError
    where nothing of it was stopped.
    """
    held = [one for one in incident.held_back if one.instance == instance]
    if workflows:
        wrong = [name for name in workflows if not any(name in (one.workflow_id, one.workflow) for one in held)]
        if wrong:
            raise UsageError(f"{incident.id} has not stopped {wrong[0]!r} on {instance}, or has restored it.")
        held = [one for one in held if one.workflow_id in workflows or one.workflow in workflows]
    if not held:
        raise UsageError(f"Nothing is stopped for {incident.id} on {instance}: there is nothing to restore.")
    by_id = {str(flow["id"]): flow for flow in there}
    rows = [_row(one, by_id.get(one.workflow_id), drafts=drafts, changed=changed) for one in _ordered(held, by_id)]
    return Plan(number=incident.number, instance=instance, drafts=drafts, changed=changed, rows=tuple(rows))


def restore(server: N8n, plan: Plan, desk: Desk) -> Iterator[Step]:
    """Each workflow as it was put back, or why not; what came of it is on record, whatever happens. It can be done again."""
    done: list[str] = []
    left: dict[str, str] = {}
    over: dict[str, str] = {}
    try:
        for row in plan.rows:
            state, step = _restored(server, row, plan) if row.state == "restore" else _left(row)
            if step.outcome == "not_done":
                left[row.workflow_id] = step.told
            elif step.outcome == "done" and state in ("other", "gone"):
                over[row.workflow_id] = step.told
            elif step.outcome == "done":
                done.append(row.workflow_id)
            yield step
            if step.outcome == "unsure":
                return
    finally:
        if done or left or over:
            desk.add(plan.number, "restored", instance=plan.instance, workflows=done, left=left, over=over)


def _row(one: Held, flow: Json | None, *, drafts: bool, changed: bool) -> Row:
    return Row(
        workflow_id=one.workflow_id, workflow=one.workflow, version=one.version,
        state=_state(one.version, flow, drafts=drafts, changed=changed),
    )  # fmt: skip


def _state(version: str | None, flow: Json | None, *, drafts: bool, changed: bool) -> State:
    """How a workflow stands now that ran in this version."""
    if flow is None or flow.get("isArchived"):
        return "gone"
    if flow.get("active"):
        return "runs" if version_of(flow) == version else "other"
    if not drafts and flow.get("versionId") != version and not changed:
        return "changed"
    return "restore"


def _restored(server: N8n, row: Row, plan: Plan) -> tuple[State, Step]:
    """Activates one in its version, after a fresh look, and looks again: how it stands then, by what the server has."""
    said, drafts = "", plan.drafts
    try:
        before = server.workflow(row.workflow_id)
        state = _state(row.version, before, drafts=drafts, changed=plan.changed)
        if before is None or state != "restore":
            return _left(row.model_copy(update={"state": state}))
        try:
            server.act(f"workflows/{row.workflow_id}/activate", {"versionId": row.version} if drafts else None)
        except UnreachableError as error:
            said = f" {error}"
        after = server.workflow(row.workflow_id)
    except UnreachableError as error:
        return _ended(row, "unsure", f"it is not known whether it runs: {said.strip() or error}")
    if after is None or not after.get("active"):
        return _ended(row, "not_done", f"n8n did not activate it.{said}")
    if drafts and version_of(after) != row.version:
        return _ended(row, "not_done", "n8n runs another version of it than before; look at it in n8n")
    if drafts and after.get("versionId") != before.get("versionId"):
        return _ended(row, "done", "it runs again as it did; somebody is changing its draft")
    return _ended(row, "done", WHY["runs"])


def _left(row: Row) -> tuple[State, Step]:
    return _ended(row, "not_done" if row.state == "changed" else "done", row.why)


def _ended(row: Row, outcome: Outcome, told: str) -> tuple[State, Step]:
    return row.state, Step(workflow_id=row.workflow_id, name=row.workflow, outcome=outcome, told=told)


def _ordered(held: Sequence[Held], by_id: dict[str, Json]) -> list[Held]:
    """Those that others run before these: n8n 2.x publishes no workflow that runs one which is not published."""
    known = {one.workflow_id: one for one in held}
    graph = {name: called_by(by_id[name]) & known.keys() if name in by_id else set() for name in known}
    try:
        return [known[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError:
        return list(held)
