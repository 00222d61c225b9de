"""An incident's folder in the workspace: its case, and its own copy of the notebook to carry it through.

incidents/INC-1/case/            what the notebook reads
incidents/INC-1/incident.ipynb   the notebook, set to this incident
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from incident_nb.case import INCIDENTS, Case, read_case
from incident_nb.diagnose.subject import execution_of, workflow_of
from incident_nb.errors import IncidentNbError, UsageError
from incident_nb.executions import ExecutionLog
from incident_nb.files import private_folder, read_notebook, write_atomic
from incident_nb.incidents import Event
from incident_nb.logfile import nothing
from incident_nb.record import Incident
from incident_nb.resources import notebooks
from incident_nb.settings import Settings

NOTEBOOK = "incident.ipynb"
RECORD = "record.jsonl"

Progress = Callable[[int, int, str], None]


def folder_of(settings: Settings, number: int) -> Path:
    """Where the files of an incident lie in the workspace. Raises UsageError where there is no workspace."""
    if settings.path is None:
        raise UsageError(
            "An incident's files lie in a workspace, and there is none here. Make one with `incident-nb init DIR`."
        )
    return settings.path.parent / INCIDENTS / f"INC-{number}"


def sources_of(incident: Incident, settings: Settings) -> list[str]:
    """Where the executions of an incident can be read when nobody names a source: its n8n server, if one is configured.

    One that covers several has none: it is not about one workflow.
    """
    if incident.subject.shared:
        return []
    name = incident.subject.instance
    if name in settings.n8n:
        return [f"n8n:{name}"]
    return ["n8n"] if len(settings.n8n) == 1 and name in (None, "default") else []


def case_of(
    incident: Incident, settings: Settings, now: datetime, sources: list[str], *, log: ExecutionLog | None = None,
    unattended: bool = False, offline: bool = False, **options: Any,
) -> Case:  # fmt: skip
    """The case of an incident, not yet saved: its executions from `sources` (none: `log`, else nothing), seen from `now`.

    The subject is its execution, else its workflow, as far as the executions hold it; else all of its client's.
    """
    if sources:
        case = read_case(sources, settings, now, unattended=unattended, offline=offline, **options)
    else:
        case = Case(log or nothing(), now, settings, unattended=unattended, offline=offline)
    case = replace(case, incident=incident.id)
    execution, workflow = incident.subject.execution_id, incident.subject.workflow_id
    if execution is not None and _holds(lambda: execution_of(case.log.executions, execution, settings)):
        return replace(case, execution=execution)
    if workflow is not None and _holds(lambda: workflow_of(case.log.executions, workflow)):
        return replace(case, workflow=workflow)
    known = (case.log.executions["client"].astype("str") == str(incident.client)).any()
    return replace(case, client=incident.client if known else None)


def _holds(look: Callable[[], Any]) -> bool:
    try:
        look()
    except IncidentNbError:
        return False
    return True


def keep_record(case: Case, events: tuple[Event, ...]) -> None:
    """Puts the record as it is into the case, so that its report can be made again from the case alone."""
    if case.folder is not None:
        lines = (json.dumps(event.model_dump(mode="json"), ensure_ascii=False) for event in events)
        write_atomic(case.folder / RECORD, "\n".join(lines) + "\n")


def kept_record(case: Case) -> tuple[Event, ...]:
    """The record that a case holds, empty where it holds none. Raises UsageError for one that can't be read."""
    path = case.folder / RECORD if case.folder else None
    if path is None or not path.exists():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # a text may hold what else counts as a line's end
        return tuple(Event.model_validate_json(line) for line in lines if line)
    except (OSError, ValueError) as error:
        raise UsageError(f"The record in {path} can't be read; make the case again.") from error


def put_notebook(folder: Path, incident: Incident) -> Path:
    """The incident's own notebook in its folder, set to it; one that is there already stays as it is."""
    import nbformat  # here, since it takes seconds to load, and a notebook that follows an incident does not need it
    from nbformat.sign import NotebookNotary

    path = private_folder(folder) / NOTEBOOK
    if path.exists():
        return path
    notebook = read_notebook(notebooks() / NOTEBOOK)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = "\n".join(_set(line, incident.id) for line in cell.source.splitlines())
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    write_atomic(path, str(nbformat.writes(notebook)) + "\n")  # type: ignore[no-untyped-call]
    notary: Any = NotebookNotary()  # type: ignore[no-untyped-call]
    notary.sign(read_notebook(path))
    return path


def _set(line: str, name: str) -> str:
    return line.replace('"sample"', f'"{name}"', 1) if line.startswith("case") else line
