"""All workflows of an n8n server, and what became of one that was to be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from incident_nb.errors import UnreachableError, UsageError
from incident_nb.models import Frozen
from incident_nb.n8n import N8n

Outcome = Literal["done", "not_done", "unsure"]


class Step(Frozen):
    """One thing that was to be done: with which workflow or execution, how it went, and in words what was found afterwards."""

    workflow_id: str | None
    execution_id: str | None = None
    name: str
    outcome: Outcome
    told: str


def look(server: N8n) -> tuple[list[dict[str, Any]], bool]:
    """All workflows of a server, and whether it keeps drafts apart from what is published (2.x).

    Raises UnreachableError where not all could be had: a plan made of half of them would do things twice, or not at all.
    """
    listing = server.workflows()
    there = [row for row in listing.rows() if isinstance(row, dict)]
    if listing.partial:
        raise UnreachableError(f"Not all workflows of {server} could be read: {listing.partial}. Nothing was changed.")
    return there, keeps_drafts(server, str(there[0]["id"])) if there else False


def named(there: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """The one of these workflows with this id, else this name. Raises UsageError where there is none, or more than one."""
    fits = [flow for flow in there if str(flow["id"]) == name] or [flow for flow in there if flow.get("name") == name]
    if not fits:
        raise UsageError(f"There is no workflow with the id or name {name!r} on this server.")
    if len(fits) > 1:
        ids = ", ".join(str(flow["id"]) for flow in fits[:10])
        raise UsageError(f"{len(fits)} workflows are called {name!r}. Give the id of the one: {ids}.")
    return fits[0]


def keeps_drafts(server: N8n, workflow_id: str) -> bool:
    """Whether a server keeps drafts apart from what is published; `workflow_id` is any of its workflows."""
    return server.history(workflow_id) is not None
