"""Workflows stopped for an incident: what that stops, then done, with what ran before on record (WA-1, ESC-4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from incident_nb.actions.target import Json, called_by, starts_of, uses, version_of
from incident_nb.desk import Desk
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.incidents.kinds.acting import key_of
from incident_nb.models import Frozen
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Outcome, Step, named
from incident_nb.record import Incident

State = Literal["stop", "stopped", "off"]
GIVE_UP = 2  # of one after the other of which nobody knows what became: the server is not there


class Row(Frozen):
    """A workflow that is to be kept from running.

    `stop`: it runs, and is to be stopped. `stopped`: it was stopped for this incident. `off`: it does not run. `version`:
    the one that runs. `starts`: by what it is started; `callers`: active workflows that run it, whose runs will fail, or on
    n8n 1.x go on all the same; `going_on`: executions that stopping it does not end.
    """

    workflow_id: str
    workflow: str
    client: str | None
    state: State
    version: str | None = None
    starts: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    going_on: tuple[str, ...] = ()


class Plan(Frozen):
    """What would be stopped on a server, and in a few words why just these; `others`: active workflows that use the same."""

    number: int
    instance: str
    scope: str
    drafts: bool
    rows: tuple[Row, ...]
    others: tuple[str, ...] = ()

    def of(self, state: State) -> tuple[Row, ...]:
        """The rows in this state."""
        return tuple(row for row in self.rows if row.state == state)


class Choice(Frozen):
    """Which workflows are meant: by id or name, by a credential's id or name, or all; nothing of it: the incident's own."""

    workflows: tuple[str, ...] = ()
    credential: str | None = None
    every: bool = False


def plan(
    there: Sequence[Json], choice: Choice, incident: Incident, instance: str, *, drafts: bool,
    client_of: Callable[[str | None], str | None] = lambda _: None,
    going_on: Callable[[str], Sequence[str]] = lambda _: (),
) -> Plan:  # fmt: skip
    """What is to be stopped on a server that has the workflows `there`, seen as they run.

    `drafts`: the server keeps drafts apart (2.x). Raises UsageError for a choice that is not there, or none at all.
    """
    meant, scope = _meant(there, choice, incident)
    meant += [flow for flow in there if flow not in meant and _is_begun(flow, incident, instance)]
    active = [flow for flow in there if flow.get("active")]
    callers: dict[str, list[str]] = {}
    for flow in active:
        for target in called_by(flow):
            callers.setdefault(target, []).append(str(flow.get("name")))
    rows = tuple(_row(flow, incident, instance, callers, client_of, going_on) for flow in meant)
    ids = {row.workflow_id for row in rows}
    others = (
        [str(flow.get("name")) for flow in active if _shares(flow, incident) and str(flow["id"]) not in ids]
        if not choice.every and choice.credential is None
        else []
    )
    return Plan(
        number=incident.number, instance=instance, scope=scope, drafts=drafts, rows=rows, others=tuple(sorted(others))
    )


def contain(server: N8n, plan: Plan, desk: Desk) -> Iterator[Step]:
    """Each workflow as it was stopped, or not; what ran is on record before, and what came of it after, whatever happens.

    It can be done again: what is stopped stays so, and is told. Raises as `Desk.add`, before anything is done.
    """
    rows = plan.of("stop")
    if rows:
        running = [{"workflow_id": r.workflow_id, "workflow": r.workflow, "version": r.version} for r in rows]
        desk.add(plan.number, "stopping", instance=plan.instance, scope=plan.scope, workflows=running)
    steps: list[Step] = []
    try:
        for step in _stopped(server, rows):
            steps.append(step)
            yield step
    finally:
        known = [row.workflow_id for row in plan.of("stopped")]
        done = [step.workflow_id for step in steps if step.outcome == "done"]
        left = {str(step.workflow_id): step.told for step in steps if step.outcome == "not_done"}
        if done or left or _untold(desk, plan, known):
            desk.add(plan.number, "stopped", instance=plan.instance, workflows=[*known, *done], left=left)


def _stopped(server: N8n, rows: Sequence[Row]) -> Iterator[Step]:
    unsure = 0
    for row in rows:
        if unsure >= GIVE_UP:
            yield _step(row, "unsure", "it was not tried: the server is not to be reached; do it again later")
            continue
        step = _stop(server, row)
        unsure = unsure + 1 if step.outcome == "unsure" else 0
        yield step


def _stop(server: N8n, row: Row) -> Step:
    """Stops one, after a fresh look at it, and looks again: what the server has afterwards counts, not what it answered."""
    said = ""
    try:
        before = server.workflow(row.workflow_id)
        if before is None:
            return _step(row, "done", "it is gone")
        if before.get("active") and version_of(before) != row.version:
            return _step(row, "not_done", "another version of it runs since the plan was made; contain it once more")
        if before.get("active"):
            try:
                server.act(f"workflows/{row.workflow_id}/deactivate")
            except UnreachableError as error:
                said = f" {error}"
        after = server.workflow(row.workflow_id)
    except UnreachableError as error:
        return _step(row, "unsure", f"it is not known whether it runs: {said.strip() or error}")
    if after is not None and after.get("active"):
        return _step(row, "not_done", f"n8n did not stop it.{said}")
    return _step(row, "done", "stopped")


def _step(row: Row, outcome: Outcome, told: str) -> Step:
    return Step(workflow_id=row.workflow_id, name=row.workflow, outcome=outcome, told=told)


def _untold(desk: Desk, plan: Plan, known: Sequence[str]) -> bool:
    """Whether something is stopped of which the record does not say so yet: the last time did not come to its end."""
    held = desk.records.get(plan.number).held
    return any(held[key_of(plan.instance, name)].state == "to_stop" for name in known)


def _meant(there: Sequence[Json], choice: Choice, incident: Incident) -> tuple[list[Json], str]:
    """The workflows that are meant, and in a few words which those are."""
    if choice.every:
        return [flow for flow in there if flow.get("active")], "all workflows of the server"
    if choice.credential is not None:
        found = [flow for flow in there if flow.get("active") and uses(flow, choice.credential)]
        if not found:
            raise UsageError(f"No active workflow signs in with a credential {choice.credential!r}, by id or name.")
        return found, f"all that sign in with the credential {choice.credential}"
    if choice.workflows:
        return [named(there, name) for name in choice.workflows], "workflows that were named"
    if incident.subject.workflow_id is None:
        raise UsageError(f"{incident.id} names no workflow. Name one with --workflow, or a --credential, or --all.")
    return [named(there, incident.subject.workflow_id)], "the workflow that failed"


def _row(
    flow: Json, incident: Incident, instance: str, callers: dict[str, list[str]],
    client_of: Callable[[str | None], str | None], going_on: Callable[[str], Sequence[str]],
) -> Row:  # fmt: skip
    number, name = str(flow["id"]), str(flow.get("name") or "")
    held = incident.held.get(key_of(instance, number)) in incident.held_back
    state: State = "stop" if flow.get("active") else "stopped" if held else "off"
    return Row(
        workflow_id=number, workflow=name or number, client=client_of(name), state=state, version=version_of(flow),
        starts=starts_of(flow), callers=tuple(sorted(callers.get(number, ()))), going_on=tuple(going_on(number)),
    )  # fmt: skip


def _is_begun(flow: Json, incident: Incident, instance: str) -> bool:
    """Whether an earlier time, which did not come to its end, stopped it: it runs no more, so no choice finds it."""
    held = incident.held.get(key_of(instance, str(flow["id"])))
    return held is not None and held.state == "to_stop" and not flow.get("active")


def _shares(flow: Json, incident: Incident) -> bool:
    credential = incident.subject.credential_id
    return credential is not None and uses(flow, credential)
