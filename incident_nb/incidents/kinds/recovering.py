"""What a problem did, counted, and the failed executions that were retried for it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from incident_nb.incidents.kinds.acting import key_of
from incident_nb.incidents.payload import Changes, Instant, Name, Payload, Text
from incident_nb.record import Incident
from incident_nb.said import Harm, Retry, Said

Count = Annotated[int, Field(ge=0)]
CAME_OF_IT = {
    "well": "went well",
    "failed": "failed again",
    "going_on": "goes on",
    "never": "was never begun",
}


class Harmed(Payload):
    """What the problem did since `since`, as counted on a server; the fields are those of `Harm`."""

    kind: ClassVar[str] = "harmed"
    instance: Name
    since: Instant
    failed: Count
    green: Count = 0
    workflows: tuple[Name, ...] = ()
    clients: tuple[Name, ...] = ()
    items: dict[str, Count] = Field(default_factory=dict)
    wrote: dict[str, Count] = Field(default_factory=dict)
    unseen: Count = 0

    def change(self, incident: Incident, said: Said) -> Changes:
        return {"harm": Harm(at=said.at, by=said.by, **self.model_dump())}

    def told(self) -> str:
        items = ", ".join(f"{count} {name}" for name, count in self.items.items())
        green = f", {self.green} only looked well" if self.green else ""
        return f"Affected since {self.since:%Y-%m-%d %H:%M} UTC: {self.failed} failed{green}{f' ({items})' if items else ''}"


class Retrying(Payload):
    """That a failed execution is about to be retried: on record before n8n is asked, so that none is retried twice.

    `current`: with the workflow as it is now. `known`: its retries that n8n has already.
    """

    kind: ClassVar[str] = "retrying"
    instance: Name
    execution_id: Name
    workflow: Name
    current: bool = False
    known: tuple[Name, ...] = ()

    def change(self, incident: Incident, said: Said) -> Changes:
        made = Retry(
            at=said.at, by=said.by, instance=self.instance, execution_id=self.execution_id, workflow=self.workflow,
            known=self.known,
        )  # fmt: skip
        return {"retries": {**incident.retries, key_of(self.instance, self.execution_id): made}}

    def told(self) -> str:
        how = " as the workflow is now" if self.current else ""
        return f"Retrying execution {self.execution_id} of {self.workflow}{how}"


class Retried(Payload):
    """What came of it, as n8n shows it; `retry_id` is the execution that it made."""

    kind: ClassVar[str] = "retried"
    instance: Name
    execution_id: Name
    state: Literal["well", "failed", "going_on", "never"]
    retry_id: Name | None = None
    text: Text = ""

    def change(self, incident: Incident, said: Said) -> Changes:
        key = key_of(self.instance, self.execution_id)
        if (known := incident.retries.get(key)) is None:
            return {}
        new = {"state": self.state, "retry_id": self.retry_id or known.retry_id, "text": self.text, "at": said.at}
        return {"retries": {**incident.retries, key: known.model_copy(update=new)}}

    def told(self) -> str:
        by = f" (execution {self.retry_id})" if self.retry_id else ""
        return f"The retry of execution {self.execution_id} {CAME_OF_IT[self.state]}{by}{f': {self.text}' if self.text else ''}"
