"""What a probe is told and what it may ask with: the problem as the records show it, and the ways to live systems."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.executions import ExecutionLog
from incident_nb.http import Session
from incident_nb.models import Cause, Evidence, Fact, Outcome, Probed
from incident_nb.n8n import N8n
from incident_nb.settings import Settings

CURRENT = timedelta(hours=24)
MOST_WORKFLOWS = 20_000


@dataclass(frozen=True)
class Target:
    """The problem that is looked into, as the records tell it; without a failure (`node`, `cause` None) a workflow or all.

    Times are UTC. All texts have passed the gate. `nodes` are the workflow's nodes as the newest failing run saw them,
    `good_nodes` as the last good run before the onset did (name -> type, type_version, parameters, credentials, ...;
    empty where not known). `execution_id` is the newest failing execution, `good_execution_id` the last good run of the
    node before the onset. `url` has no query. `goes_on`: nothing got past the node since. `complete_until`: by instance,
    until when all its runs are in the log.
    """

    log: ExecutionLog
    now: datetime
    instance: str | None = None
    client: str | None = None
    workflow_id: str | None = None
    workflow: str | None = None
    node: str | None = None
    node_type: str | None = None
    execution_id: str | None = None
    good_execution_id: str | None = None
    failing_ids: tuple[str, ...] = ()
    cause: Cause | None = None
    detail: str | None = None
    message: str | None = None
    description: str | None = None
    http_code: str | None = None
    host: str | None = None
    url: str | None = None
    credential_id: str | None = None
    credential_type: str | None = None
    credential: str | None = None
    onset: datetime | None = None
    onset_not_before: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    goes_on: bool = False
    complete_until: dict[str, datetime] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    good_nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def is_anothers(self, client: Any) -> bool:
        """Whether what belongs to this client (None: not known) is known to be another one's than the problem's."""
        return self.client is not None and isinstance(client, str) and client != self.client

    def naming(self, workflow_id: Any, name: Any, client: Any) -> str:
        """How a workflow is called here: one that is known to be another client's by its id only."""
        if self.is_anothers(client):
            return f"workflow {workflow_id} of another client"
        return f"“{name if isinstance(name, str) and name else workflow_id}”"

    @property
    def current(self) -> bool:
        """Whether what is seen now can speak of the problem: it goes on, and was last seen within a day."""
        return self.goes_on and self.last_seen is not None and self.now - self.last_seen <= CURRENT


@dataclass
class Tools:
    """The ways to live systems that probes share. Safe to use from several threads.

    `n8n` is the server of the target's instance, or None with the reason in `no_n8n`. `execution_of` gives an execution
    by id as n8n's public API shows it, raw: what it holds has NOT passed the gate; None where no source has it.
    """

    session: Session
    settings: Settings
    n8n: N8n | None = None
    no_n8n: str = "no n8n server is configured for these records"
    execution_of: Callable[[str], Any] = lambda _: None
    _known: dict[str, Any] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def server(self) -> N8n:
        """The n8n server. Raises CouldNotLookError where there is none to ask."""
        if self.n8n is None:
            raise CouldNotLookError(self.no_n8n)
        return self.n8n

    def workflow(self, workflow_id: str) -> Any:
        """A workflow as it is on the server now, raw; None if it has none of this id. Asked once, whoever asks."""
        return self.once(f"workflow {workflow_id}", lambda: shaped(self.server().workflow(workflow_id)))

    def workflows(self) -> list[Any]:
        """All workflows as they are on the server now, raw; what a list broke off at is left out. Asked once."""
        return list(self.once("workflows", self._workflows)[0])

    def workflows_missing(self) -> str | None:
        """Why not all workflows are in `workflows()`; None where they are."""
        missing: str | None = self.once("workflows", self._workflows)[1]
        return missing

    def _workflows(self) -> tuple[list[Any], str | None]:
        listing = self.server().workflows()
        rows = [shaped(row) for row in islice(listing.rows(), MOST_WORKFLOWS)]
        return rows, listing.partial or (f"only {len(rows):,} were read" if len(rows) >= MOST_WORKFLOWS else None)

    def execution(self, execution_id: str) -> Any:
        """An execution with its data, raw, from the source or else the server. Asked once, whoever asks.

        Raises NotThereError where neither has it, and whatever else keeps the server from telling.
        """
        return self.once(f"execution {execution_id}", lambda: self._execution(execution_id))

    def _execution(self, execution_id: str) -> Any:
        kept = self.execution_of(execution_id)
        return self.server().plain_execution(execution_id) if kept is None else kept

    def once(self, key: str, ask: Callable[[], Any]) -> Any:
        """What `ask` gives, asked once under this key, whoever asks; an error of ours is kept and raised again."""
        known = self._known
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in known:
                try:
                    known[key] = ask()
                except IncidentNbError as error:
                    known[key] = error
        if isinstance(known[key], IncidentNbError):
            raise known[key]
        return known[key]

    def client_of(self, workflow: Any) -> str | None:
        """The code of the client that a workflow on the server, raw, belongs to; None when no rule says."""
        tags = [str(tag.get("name")) for tag in workflow.get("tags") or () if isinstance(tag, dict)]
        shared = [one.get("project") for one in workflow.get("shared") or () if isinstance(one, dict)]
        names = [str(one["name"]) for one in shared if isinstance(one, dict) and one.get("name")]
        return self.settings.client_of(workflow.get("name"), tags, next(iter(names), None))

    def is_own(self, host: str | None) -> bool:
        """Whether a host is one that the agency runs itself."""
        return host is not None and any(fnmatchcase(host.lower(), glob.lower()) for glob in self.settings.own_hosts)


def running_nodes(workflow: Any) -> list[dict[str, Any]]:
    """The nodes of a workflow, raw, as it runs: those of its active version, else its own; empty for None."""
    if not isinstance(workflow, dict):
        return []
    active = workflow.get("activeVersion")
    return (_objects(active.get("nodes")) if isinstance(active, dict) else []) or _objects(workflow.get("nodes"))


def shaped(workflow: Any) -> Any:
    """A raw workflow (None: none) in the shape that n8n gives it; a part that has another one is left out."""
    if not isinstance(workflow, dict):
        return None
    active = workflow.get("activeVersion")
    kept = {**workflow, "activeVersion": _version(active) if isinstance(active, dict) else None}
    for name in ("tags", "shared"):
        kept[name] = _objects(workflow.get(name))
    return _version(kept if "activeVersion" in workflow else {k: v for k, v in kept.items() if k != "activeVersion"})


def _version(holder: dict[str, Any]) -> dict[str, Any]:
    nodes = [
        {
            key: value
            for key, value in node.items()
            if key not in ("parameters", "credentials") or isinstance(value, dict)
        }
        for node in _objects(holder.get("nodes"))
    ]
    return {**holder, "nodes": nodes, "workflowPublishHistory": _objects(holder.get("workflowPublishHistory"))}


def _objects(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


class CouldNotLookError(IncidentNbError):
    """A probe has nobody to ask; the words say why, and what to set up."""


def found(summary: str, evidence: Iterable[Evidence] = (), *, asked: str = "", next_look: str | None = None) -> Probed:
    """We looked, and this speaks of the problem."""
    return Probed(outcome=Outcome.FOUND, summary=summary, evidence=tuple(evidence), asked=asked, next_look=next_look)


def clean(summary: str, evidence: Iterable[Evidence] = (), *, asked: str = "", next_look: str | None = None) -> Probed:
    """We looked, and it was fine."""
    return Probed(outcome=Outcome.CLEAN, summary=summary, evidence=tuple(evidence), asked=asked, next_look=next_look)


def could_not_look(
    summary: str, evidence: Iterable[Evidence] = (), *, asked: str = "", next_look: str | None = None
) -> Probed:
    """We could not look, because."""
    outcome = Outcome.COULD_NOT_LOOK
    return Probed(outcome=outcome, summary=summary, evidence=tuple(evidence), asked=asked, next_look=next_look)


class Sign(NamedTuple):
    """A fact, and whether it is one of trouble: also where it does not weigh, as what is seen now of a problem that is over."""

    fact: Evidence
    bad: bool = False


def seen(
    text: str, effects: dict[Cause, float] | None = None, *executions: str, detail: str | None = None, at: datetime | None = None
) -> Evidence:  # fmt: skip
    """A fact seen at a live system, and its factors (none: it weighs nothing); the runner fills in its row.

    `detail`: which detail of the cause that it speaks for most it shows, such as `cold_start`. `at`: when something was
    changed, where that is the fact.
    """
    fact = Fact(text=text, executions=executions, at=at)
    return Evidence(kind="live", fact=fact, effects=effects or {}, detail=detail)
