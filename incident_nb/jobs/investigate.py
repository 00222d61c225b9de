"""An incident investigated with nobody at hand: its case from n8n, else from its alerts; its notebook; its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from incident_nb.alerts.told_again import log_of, read_again
from incident_nb.case import Case
from incident_nb.desk.folder import case_of, sources_of
from incident_nb.desk.paper import write_paper
from incident_nb.diagnose import run_checks
from incident_nb.errors import IncidentNbError
from incident_nb.executions import ExecutionLog, Skipped
from incident_nb.incidents import Records, deliveries
from incident_nb.logfile import merged, nothing
from incident_nb.models import Diagnosis
from incident_nb.record import Incident
from incident_nb.settings import Settings

Again = Callable[[], bool]
"""Waits a little for n8n to show an execution; False once that was long enough."""


@dataclass(frozen=True)
class Looked:
    """What an investigation found: the diagnosis, and why its notebook did not come to its end (None: it did)."""

    diagnosis: Diagnosis
    stopped: str | None


def look(
    records: Records, settings: Settings, number: int, out: Path, now: datetime, *, again: Again = lambda: False,
    **options: Any,
) -> Looked:  # fmt: skip
    """What an investigation of an incident found, with its report in `out`; `options` are those of `write_paper`.

    A server that can't be reached is no failure: the alerts say what they can. Raises IncidentNbError where not even a
    report can be written.
    """
    incident = records.get(number)
    case, late = case_for(records, incident, settings, now)
    while late and again():
        case, late = case_for(records, incident, settings, now)
    checks = run_checks(case, records_only=True)
    kept = replace(case, answers=checks.answers, not_asked=checks.why_not)
    paper = write_paper(kept, out, record=records.events(number), analysis=checks.analysis, **options)
    return Looked(paper.diagnosis, None if paper.run.outcome == "done" else paper.run.error or paper.run.outcome)


def case_for(records: Records, incident: Incident, settings: Settings, now: datetime) -> tuple[Case, bool]:
    """The case of an incident, not yet saved: from its n8n server, with its alerts for what that does not show.

    And whether n8n was read and does not show the execution that failed, which it may do a moment later.
    """
    live, why = None, "no n8n server is configured for it"
    if sources := sources_of(incident, settings):
        try:
            case = case_of(incident, settings, now, sources, unattended=True)
        except IncidentNbError as error:
            why = str(error)
        else:
            if case.execution == incident.subject.execution_id:
                return case, False
            live = case.log
    logs = [log for log in (alerts_of(records, incident, settings), live) if log is not None]
    log = merged(logs) if logs else nothing()
    if live is None:
        log = replace(log, skipped=(*log.skipped, Skipped("n8n", "all but the alerts", why)))
    return case_of(incident, settings, now, [], log=log, unattended=True), live is not None


def alerts_of(records: Records, incident: Incident, settings: Settings) -> ExecutionLog | None:
    """The alerts of an incident as a log; None where it has none that names what failed."""
    with records.reading() as connection:
        kept = deliveries.bodies(connection, incident.number)
    alerts = [one for one in read_again(kept, incident.subject.instance) if not one.resolved]
    return log_of(alerts, lambda flow: settings.client_of(flow.name)) if alerts else None
