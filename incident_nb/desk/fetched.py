"""One execution, fetched from its own server by its address, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from incident_nb import readers
from incident_nb.diagnose import diagnose
from incident_nb.diagnose.aim import aim
from incident_nb.diagnose.gravity import facts
from incident_nb.diagnose.subject import address_of
from incident_nb.executions import ExecutionLog
from incident_nb.files import scratch
from incident_nb.live import session
from incident_nb.models import Diagnosis
from incident_nb.n8n import N8n, key_of
from incident_nb.policy import SeverityFacts, load
from incident_nb.settings import Settings

BUDGET_S = 10.0


@dataclass(frozen=True)
class Fetched:
    """An execution as its server has it: the log of it alone, its diagnosis and what it says of the severity.

    Where it was not fetched `why` says so, and the rest is None.
    """

    log: ExecutionLog | None = None
    diagnosis: Diagnosis | None = None
    facts: SeverityFacts | None = None
    instance: str | None = None
    why: str = ""

    @property
    def client(self) -> str | None:
        """Whose workflow it is, by the workspace's rules."""
        return self.diagnosis.subject.client if self.diagnosis else None

    @property
    def at(self) -> datetime | None:
        """When it failed."""
        problem = self.diagnosis.problem if self.diagnosis else None
        return problem.last_seen if problem else None


def fetched(url: str, settings: Settings) -> Fetched:
    """What the execution at this address shows. Only a configured server is asked, the one with the same origin.

    Raises UsageError for an address of no such server, UnreachableError where it does not answer, SettingsError without
    its key.
    """
    instance, execution_id = address_of(url, settings)
    with session(settings, BUDGET_S) as asked, scratch() as folder:
        server = N8n(instance, settings.n8n[instance].url, asked, key_of(instance))
        (folder / "execution.json").write_bytes(server.execution(execution_id))
        log = readers.read(
            str(folder / "execution.json"), instance=instance,
            client_of=lambda row: settings.client_of(row.name, row.tags, row.project),
        )  # fmt: skip
    now = datetime.now(UTC) + timedelta(minutes=1)
    diagnosis = diagnose(log, now=now, execution=execution_id, settings=settings)
    meant = aim(log, now=now, settings=settings, policy=load(), execution=execution_id)
    known = None
    if meant.scene is not None and diagnosis.hypotheses:
        known = facts(meant.scene, diagnosis.hypotheses[0].cause, diagnosis.hypotheses[0].detail)
    return Fetched(log, diagnosis, known, instance)
