"""A workflow that works and then fails: what a row of `workflows.CASES` says, and the place where it is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from incident_nb.models import Cause
from incident_nb.settings import Settings
from tests_n8n import misbehave
from tests_n8n.client import N8n
from tests_n8n.nodes import Workflow

# Hosts of the agency itself, for `own_hosts`; all others are somebody else's.
OWN = "127.0.2."
SETTINGS = Settings(own_hosts=(f"{OWN}*",))
PATH = "/v1/orders"


@dataclass
class Place:
    """Where one case is played: its own host, so that cases are no neighbours of one another, and its workflow.

    Names and paths say nothing of the case: the cause must come from the records.
    """

    n8n: N8n
    service: misbehave.Service
    number: int
    own: bool = False
    workflow: str = ""
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The workflow's name."""
        return f"[ACME] Orders {self.number:02}"

    @property
    def hook(self) -> str:
        """The path of its webhook."""
        return f"orders-{self.number:02}"

    @property
    def host(self) -> str:
        """The host that it calls."""
        return f"{OWN if self.own else '127.0.1.'}{self.number + 10}"

    @property
    def url(self) -> str:
        """The address that it calls."""
        return self.service.url(PATH, self.host)

    def answers(self, act: misbehave.Act) -> None:
        """From now on its service does that."""
        self.service.set(PATH, act, self.host)

    def credential(self, kind: str, data: dict[str, Any], name: str) -> str:
        """The id of a new credential."""
        made = self.n8n.api("POST", "/credentials", {"name": name, "type": kind, "data": data})
        self.kept["credential"] = made["id"]
        return str(made["id"])

    def edit(self, workflow: Workflow) -> None:
        """Puts other nodes in its workflow's place; on both versions that takes effect (2.x: is published) at once.

        With nodes that can't be activated both answer 400, and then 2.x goes on with the old ones while the new ones
        are its draft; 1.x has saved the new ones and deactivated the workflow.
        """
        self.n8n.api("PUT", f"/workflows/{self.workflow}", workflow)


@dataclass(frozen=True)
class Case:
    """One way to fail: `build` makes the workflow, `turn` is what makes it fail after `good` runs, `bad` times.

    `cause` is what the first hypothesis must be, `also` what could be defended as well where the records can't tell.
    `payloads`: what the webhook gets in good and in bad runs. `only`: the versions that it can be done on.
    """

    name: str
    cause: Cause
    build: Callable[[Place], Workflow]
    turn: Callable[[Place], None] = lambda _: None
    good: int = 2
    bad: int = 2
    also: tuple[Cause, ...] = ()
    own: bool = False
    payloads: tuple[Any, Any] = (None, None)
    only: str = ""

    def play(self, place: Place) -> list[str]:
        """The ids of the failing executions, after the good ones; AssertionError for a run that went otherwise."""
        place.answers(misbehave.OK)
        place.workflow = place.n8n.create(self.build(place))
        place.n8n.activate(place.workflow)
        for _ in range(self.good):
            self._run(place, self.payloads[0], good=True)
        self.turn(place)
        failed = [self._run(place, self.payloads[1], good=False) for _ in range(self.bad)]
        place.service.release()
        return failed

    def _run(self, place: Place, payload: Any, *, good: bool) -> str:
        execution = place.n8n.run(place.workflow, payload)
        status = place.n8n.api("GET", f"/executions/{execution}")["status"]
        assert (status == "success") == good, f"{self.name}: execution {execution} ended as {status}"
        return execution
