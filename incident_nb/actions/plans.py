"""Plans made for an incident on record, with the server that they are for at hand to carry them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from incident_nb.actions import contain, restore
from incident_nb.actions.target import as_they_run, going_on, server_of
from incident_nb.desk import Desk
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import look


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
