"""What one n8n server has of executions and workflows, each asked for once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from incident_nb.errors import UnreachableError
from incident_nb.n8n import N8n, NotThereError
from incident_nb.readers.node_input import Json

ENOUGH = 250  # good executions that are looked at, of which one not by hand is enough


class Sight:
    """Looks at a server as it is when something is first asked for. `since` (UTC): older executions are not listed.

    All calls raise UnreachableError where the server can't be asked.
    """

    def __init__(self, server: N8n, since: datetime) -> None:
        self.server, self.since = server, since
        self._executions: dict[str, Json | None] = {}
        self._workflows: dict[str, Json | None] = {}
        self._runs: dict[str, list[Json]] = {}

    def execution(self, name: str) -> Json | None:
        """An execution with its data; None if it is gone."""
        if name not in self._executions:
            try:
                self._executions[name] = self.server.plain_execution(name)
            except NotThereError:
                self._executions[name] = None
        return self._executions[name]

    def workflow(self, name: str) -> Json | None:
        """A workflow as it is; None if it is gone."""
        if name not in self._workflows:
            self._workflows[name] = self.server.workflow(name)
        return self._workflows[name]

    def runs(self, workflow: str) -> list[Json]:
        """A workflow's executions since then, newest first, without data, those that run now included."""
        if workflow not in self._runs:
            # Running ones first: those are on no other list, and one that ends meanwhile is then on both.
            found = self._listed(workflow, "running") | self._listed(workflow, None)
            self._runs[workflow] = list(found.values())
        return self._runs[workflow]

    def _listed(self, workflow: str, status: str | None) -> dict[str, Json]:
        """The executions since then by their ids. Raises UnreachableError also where not all could be had."""
        listing = self.server.executions(data=False, workflow=workflow, status=status)
        found: dict[str, Json] = {}
        for row in listing.rows():
            if (begun := _begun(row)) is not None and begun < self.since:
                return found
            found[str(row["id"])] = row
        if listing.partial:
            raise UnreachableError(
                f"Not all executions of {workflow} could be read: {listing.partial}. Do it again later."
            )
        return found

    def keeps_good(self, workflow: str) -> bool:
        """Whether the server shows a good execution of a workflow that nobody started by hand: then it keeps them."""
        return any(
            run.get("mode") != "manual"
            for run in islice(self.server.executions(data=False, workflow=workflow, status="success").rows(), ENOUGH)
        )

    def retries(self, workflow: str, execution: str) -> list[Json]:
        """The retries of an execution that the server shows, newest first."""
        return [run for run in self.runs(workflow) if str(run.get("retryOf")) == execution]


def _begun(row: Json) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(row.get("startedAt")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
