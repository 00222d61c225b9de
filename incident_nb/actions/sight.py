"""What one n8n server has of executions and workflows, each asked for once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from incident_nb.errors import UnreachableError
from incident_nb.n8n import N8n, NotThereError
from incident_nb.readers.node_input import Json

ENOUGH = 250  # good executions that are looked at, of which one not by hand is enough
SKEW = timedelta(minutes=10)  # by which n8n's clock and ours may differ
BEYOND = 25  # numbers after the newest that is listed: one that waits for its turn is on no list
MOST_HIDDEN = 400  # numbers that no list has and that are asked for one by one


class Sight:
    """Looks at a server as it is when something is first asked for. `since` (UTC): older executions are not listed.

    All calls raise UnreachableError where the server can't be asked.
    """

    def __init__(self, server: N8n, since: datetime) -> None:
        self.server, self.since = server, since
        self._executions: dict[str, Json | None] = {}
        self._workflows: dict[str, Json | None] = {}
        self._runs: dict[str, dict[str, Json]] = {}
        self._keeps: dict[str, bool] = {}

    def execution(self, name: str) -> Json | None:
        """An execution with its data; None if it is gone."""
        if name not in self._executions:
            self._executions[name] = self._asked(name, data=True)
        return self._executions[name]

    def forget(self, name: str) -> None:
        """Lets go of an execution's data."""
        self._executions.pop(name, None)

    def workflow(self, name: str) -> Json | None:
        """A workflow as it is; None if it is gone."""
        if name not in self._workflows:
            self._workflows[name] = self.server.workflow(name)
        return self._workflows[name]

    def runs(self, workflow: str) -> list[Json]:
        """A workflow's executions since then, newest first, without data, as far as they are on a list."""
        if workflow not in self._runs:
            # Running ones first: those are on no other list, and one that ends meanwhile is then on both.
            self._runs[workflow] = self._listed(workflow, "running") | self._listed(workflow, None)
        return list(self._runs[workflow].values())

    def keeps_good(self, workflow: str) -> bool:
        """Whether the server shows a good execution of a workflow that nobody started by hand: then it keeps them."""
        if workflow not in self._keeps:
            good = self.server.executions(data=False, workflow=workflow, status="success").rows()
            self._keeps[workflow] = any(run.get("mode") != "manual" for run in islice(good, ENOUGH))
        return self._keeps[workflow]

    def retries(self, workflow: str, execution: str) -> list[Json]:
        """The retries of an execution that are on a list, newest first."""
        return [run for run in self.runs(workflow) if str(run.get("retryOf")) == execution]

    def status(self, name: str) -> Json | None:
        """An execution without its data, as it is now; None if it is gone."""
        return self._asked(name, data=False)

    def unlisted(self, since: datetime) -> Iterator[Json] | None:
        """The executions that began since then (UTC) and are on no list, asked for by their numbers; None: too many to ask.

        n8n's lists leave out what waits for its turn (2.x: status new), and 1.x what it holds in memory while it waits. The
        numbers are counted up by the server, whichever workflow they are of.
        """
        known = [str(row["id"]) for row in self._rows(None, since - SKEW)]
        if not known or not all(name.isdecimal() for name in known):
            return None
        first = min(map(int, known))
        listed = {int(name) for name in known} | {int(row["id"]) for row in self._rows("running", None)}
        hidden = [number for number in range(first, max(listed) + BEYOND + 1) if number not in listed]
        if len(hidden) > MOST_HIDDEN:
            return None
        return (row for number in reversed(hidden) if (row := self._asked(str(number), data=False)) is not None)

    def _rows(self, status: str | None, since: datetime | None) -> Iterator[Json]:
        """The listed executions of all workflows, newest first, to the first one that began before then."""
        listing = self.server.executions(data=False, status=status)
        for row in listing.rows():
            yield row
            if since is not None and (begun := _begun(row)) is not None and begun < since:
                return
        if listing.partial:
            raise UnreachableError(f"Not all executions could be read: {listing.partial}. Do it again later.")

    def _asked(self, name: str, *, data: bool) -> Json | None:
        try:
            return self.server.plain_execution(name, data=data)
        except NotThereError:
            return None

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


def _begun(row: Json) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(row.get("startedAt")))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
