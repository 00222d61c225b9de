"""Plans made for an incident on record, with the server that they are for at hand to carry them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from incident_nb.actions import contain, harm, replay_plan, replays, restore
from incident_nb.actions.affected import extent
from incident_nb.actions.target import as_they_run, going_on, server_of
from incident_nb.case import read_case
from incident_nb.desk import Desk
from incident_nb.errors import UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.incidents.kinds.recovering import Harmed
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import look
from incident_nb.patterns import decisions_of
from incident_nb.record import Incident
from incident_nb.watch.servers import read

REPLAYS_S = 6 * 3600.0  # retries take their time


@contextmanager
def stopping(
    desk: Desk, number: int, choice: contain.Choice, server: str | None = None
) -> Iterator[tuple[N8n, contain.Plan]]:
    """What would be stopped, as the server is now. Raises UsageError, UnreachableError."""
    incident = desk.records.get(number)
    with server_of(incident, desk.settings, server) as n8n:
        there, drafts = look(n8n)
        yield (
            n8n,
            contain.plan(
                as_they_run(n8n, there), choice, incident, n8n.name, drafts=drafts, client_of=desk.settings.client_of,
                going_on=going_on(n8n),
            ),
        )  # fmt: skip


@contextmanager
def returning(
    desk: Desk, number: int, workflows: Sequence[str] = (), *, changed: bool = False, server: str | None = None
) -> Iterator[tuple[N8n, restore.Plan]]:
    """What would be put back, as the server is now. Raises UsageError, UnreachableError."""
    incident = desk.records.get(number)
    with server_of(incident, desk.settings, server) as n8n:
        there, drafts = look(n8n)
        yield n8n, restore.plan(there, incident, n8n.name, drafts=drafts, workflows=workflows, changed=changed)


@contextmanager
def replaying(
    desk: Desk, number: int, choice: replays.Choice | None = None, workflows: Sequence[str] = (), *,
    server: str | None = None, on_progress: replay_plan.Progress = lambda *_: None,
) -> Iterator[tuple[N8n, replays.Plan]]:  # fmt: skip
    """What would be retried, and what was affected, as the server is now; `workflows`: also these, by id or name.

    Raises UsageError, UnreachableError.
    """
    incident, now = desk.records.get(number), desk.clock()
    with server_of(incident, desk.settings, server, REPLAYS_S) as n8n:
        known = read(n8n.name, desk.settings, now)
        named = [_id_of(known.log, n8n.name, name) for name in workflows]
        found = extent(known.log, incident, n8n.name, named, decisions_of(desk.settings))
        lacks = f"{known.why} All until {known.until:%Y-%m-%d %H:%M} UTC is here." if known.why else ""
        yield n8n, replay_plan.plan(n8n, found, incident, now, choice, lacks=lacks, on_progress=on_progress)


def _id_of(log: ExecutionLog, instance: str, name: str) -> str:
    """The id of a workflow that has run on a server. Raises UsageError where none of this id or name has, or several."""
    runs = log.executions[log.executions["instance"] == instance]
    ids = {str(one) for one in runs["workflow_id"].dropna().unique()}
    found = [name] if name in ids else sorted({str(one) for one in runs.loc[runs["workflow"] == name, "workflow_id"]})
    if len(found) != 1:
        many = f"{len(found)} workflows are called {name!r}: {', '.join(found[:10])}. Give the id of the one."
        raise UsageError(many if found else f"No workflow with the id or name {name!r} has run on {instance}.")
    return found[0]


def counted(
    desk: Desk, number: int, workflows: Sequence[str] = (), *, server: str | None = None, sources: Sequence[str] = (),
    on_progress: replay_plan.Progress = lambda *_: None,
) -> tuple[Harmed, str]:  # fmt: skip
    """What a problem did, counted just now and put on record where that is news; and what the server's list lacks.

    `sources`: exports, in place of the server. Raises as `replaying` does.
    """
    lacks = ""
    if sources:
        log, incident = read_case(list(sources), desk.settings, desk.clock()).log, desk.records.get(number)
        instance = _instance_of(log, incident)
        named = [_id_of(log, instance, name) for name in workflows]
        found = extent(log, incident, instance, named, decisions_of(desk.settings))
        known = harm.in_export(found, sources, on_progress)
    else:
        with replaying(desk, number, None, workflows, server=server, on_progress=on_progress) as (_, plan):
            known, lacks = plan.harm, plan.lacks
    harm.put_on_record(number, known, desk)
    return known, lacks


def _instance_of(log: ExecutionLog, incident: Incident) -> str:
    """The server that an export is of: the incident's, else the only one in it."""
    there = [str(one) for one in log.executions["instance"].dropna().unique()]
    if incident.subject.instance in there:
        return str(incident.subject.instance)
    if len(there) != 1:
        raise UsageError(
            f"The exports hold executions of {', '.join(there) or 'no server'}, not of {incident.subject.instance}."
        )
    return there[0]
