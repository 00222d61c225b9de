"""All workflows of an n8n server, and what became of one that was to be changed."""

from __future__ import annotations

from typing import Any, Literal

from incident_nb.errors import UnreachableError
from incident_nb.models import Frozen
from incident_nb.n8n import N8n

Outcome = Literal["done", "not_done", "unsure"]


class Step(Frozen):
    """One thing that was to be done: with which workflow, how it went, and in words what was found afterwards."""

    workflow_id: str | None
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


def keeps_drafts(server: N8n, workflow_id: str) -> bool:
    """Whether a server keeps drafts apart from what is published; `workflow_id` is any of its workflows."""
    return server.history(workflow_id) is not None
