"""The n8n server that an incident is about, and how its workflows hang together: what starts one, what calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from incident_nb import live
from incident_nb.desk.folder import sources_of
from incident_nb.errors import UsageError
from incident_nb.n8n import N8n
from incident_nb.probes.target import running_nodes
from incident_nb.record import Incident
from incident_nb.settings import Settings

BUDGET_S = 300.0
CALLERS = ("executeWorkflow", "toolWorkflow")  # nodes that run another workflow
_STARTS = ("trigger", "webhook", "cron", "interval", "emailreadimap", "ssetrigger")

Json = dict[str, Any]


@contextmanager
def server_of(
    incident: Incident, settings: Settings, name: str | None = None, budget_s: float = BUDGET_S
) -> Iterator[N8n]:
    """The server of this name, else the incident's own; it is asked for `budget_s` seconds in all.

    Raises UsageError where it is none, or nobody knows which.
    """
    sources = [f"{live.WORD}:{name}"] if name else sources_of(incident, settings)
    if not settings.n8n:
        live.named(live.WORD, settings)  # says how to configure one
    names = [one for source in sources for one in live.named(source, settings)]
    if len(names) != 1:
        there = ", ".join(settings.n8n) or "none"
        raise UsageError(
            f"{incident.id} does not say on which n8n server it is. Name it with --server; configured: {there}."
        )
    with live.session(settings, budget_s) as session:
        yield N8n(names[0], settings.n8n[names[0]].url, session)


def version_of(flow: Json) -> str | None:
    """The version of a workflow that runs, None where it does not run or n8n does not tell."""
    found = flow.get("activeVersionId") or (flow.get("versionId") if flow.get("active") else None)
    return str(found) if found else None


def starts_of(flow: Json) -> tuple[str, ...]:
    """The names of the nodes by which a workflow is started from outside, as it runs."""
    return tuple(
        str(node.get("name"))
        for node in _on(flow)
        if (kind := _kind(node).lower()).endswith(_STARTS) and not kind.startswith("executeworkflow")
    )


def called_by(flow: Json) -> set[str]:
    """The ids of the workflows that a workflow runs, as it runs itself."""
    found = set()
    for node in _on(flow):
        given = (node.get("parameters") or {}).get("workflowId") if _kind(node) in CALLERS else None
        target = given.get("value") if isinstance(given, dict) else given
        if target:
            found.add(str(target))
    return found


def uses(flow: Json, credential: str) -> bool:
    """Whether a workflow signs in with a credential of this id or name, as it runs."""
    return any(
        credential in (str(given.get("id")), given.get("name"))
        for node in _on(flow)
        for given in (node.get("credentials") or {}).values()
        if isinstance(given, dict)
    )


def as_they_run(server: N8n, there: Sequence[Json]) -> list[Json]:
    """The workflows, those with a draft read once more by themselves where the list does not hold what is published of them."""
    return [
        (server.workflow(str(flow["id"])) or flow)
        if flow.get("active") and "activeVersion" not in flow and version_of(flow) != flow.get("versionId")
        else flow
        for flow in there
    ]


def going_on(server: N8n) -> Callable[[str], list[str]]:
    """The ids of a workflow's executions that run or wait now, by its id; asked once, when it is needed first.

    n8n 1.x leaves those that began to wait since it was started out of its lists, or not, as it comes.
    """

    @cache
    def known() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for status in ("running", "waiting"):
            for row in server.executions(data=False, status=status).rows():
                found.setdefault(str(row.get("workflowId")), []).append(str(row["id"]))
        return found

    return lambda workflow: known().get(workflow, [])


def _on(flow: Json) -> list[Json]:
    return [node for node in running_nodes(flow) if not node.get("disabled")]


def _kind(node: Json) -> str:
    return str(node.get("type")).rpartition(".")[2]
