"""The report without a notebook: what the record says of an incident that could not be investigated, or holds others together."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from incident_nb.desk.folder import case_of
from incident_nb.desk.paper import EXECUTED
from incident_nb.desk.standing import standing
from incident_nb.escape import markdown_text
from incident_nb.files import staged, write_atomic
from incident_nb.incidents import Records
from incident_nb.redact import sealed
from incident_nb.report import export
from incident_nb.settings import Settings


def write_fallback(
    records: Records, settings: Settings, number: int, out: Path, why: str | None, now: datetime
) -> None:
    """Writes report and case of an incident into the folder `out`, from its record alone. Raises OutputError.

    `why` it could not be investigated; None for one that holds others together, each of which has its own report.
    """
    incident = records.get(number)
    subject, stands = incident.subject, standing(incident, now, settings)
    rows = {
        "Severity": incident.severity, "Client": incident.client, "Workflow": subject.workflow, "Node": subject.node,
        "Execution": subject.execution_id, "Error": subject.error,
        "Detected": f"{incident.detected_at:%Y-%m-%d %H:%M} UTC", "Occurrences": incident.occurrences,
        "Holds together": ", ".join(incident.related) or None, "Next step": stands.next_step,
    }  # fmt: skip
    lines = [f"- **{name}:** {markdown_text(str(value))}" for name, value in rows.items() if value is not None]
    told = f"# {incident.id}\n\n{markdown_text(incident.title)}\n\n" + "\n".join(lines)
    notebook = new_notebook(cells=[new_markdown_cell(told)])  # type: ignore[no-untyped-call]
    banner = f"The investigation could not be made: {why.rstrip('.')}. This is what the record says." if why else None
    with staged(out) as draft:
        case_of(incident, settings, now, []).save(draft / "case")
        write_atomic(draft / EXECUTED, sealed(EXECUTED, nbformat.writes(notebook)))  # type: ignore[no-untyped-call]
        export(draft / EXECUTED, draft, title=f"Incident: {incident.title}", banner=banner, generated_at=now)
