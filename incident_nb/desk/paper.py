"""The folder of an investigation: its case, the executed notebook, the report, the diagnosis as JSON."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from incident_nb.case import Case, open_case
from incident_nb.desk.folder import RECORD, keep_record
from incident_nb.diagnose import Analysis, Checks, analyse, investigate, within
from incident_nb.files import only_for, staged, write_atomic
from incident_nb.incidents import Event, fold
from incident_nb.models import Diagnosis
from incident_nb.notebook import NotebookRun, run_notebook
from incident_nb.notebook_ahead import notebook_env
from incident_nb.prepared import Prepared
from incident_nb.record import Incident
from incident_nb.report import PICTURES, export
from incident_nb.report.client import CLIENT_FILES, write_client_copy
from incident_nb.resources import notebooks

GONE = ("case/diagnosis.json", f"case/{RECORD}", f"{PICTURES}/chart_*.png", *CLIENT_FILES)
EXECUTED = "investigation.ipynb"


@dataclass(frozen=True)
class Paper:
    """What an investigation's notebook found, and how its run ended."""

    diagnosis: Diagnosis
    run: NotebookRun


def check_folder(out: Path) -> None:
    """Raises OutputError where `out` is no folder or holds anything but an earlier investigation."""
    only_for(out, "case/case.json", "an investigation")


def write_paper(
    case: Case, out: Path, *, record: tuple[Event, ...] = (), client_copy: bool = False,
    on_cell: Callable[[int, int, str], None] | None = None, prepared: Prepared | None = None,
    analysis: Analysis | None = None,
) -> Paper:  # fmt: skip
    """The folder of a case: the notebook is run, its report written; `record` is the incident's, kept with the case.

    `prepared`: made by `Ahead`. `analysis`: the case's log, if it is judged already (`Checks.analysis`); else it is
    judged while the notebook runs.

    Until all of it is there, `out` holds what an earlier investigation put there. A run that does not come to its end
    gives a report that says so at its top.
    """
    incident = fold(record) if record else None
    with staged(out, gone=GONE) as draft:
        saved = case.save(draft / "case")
        if record:
            keep_record(saved, record)
        with ThreadPoolExecutor(1) as beside:
            judged = beside.submit(_meanwhile, case, analysis)
            run = run_notebook(
                notebooks() / "incident.ipynb", draft / EXECUTED, {"case": "case"}, cwd=draft,
                env=notebook_env(case.settings, case.offline), limits=case.settings.notebooks, on_cell=on_cell,
                prepared=prepared,
            )  # fmt: skip
        kept = open_case(str(draft / "case"))
        # With what the notebook's checks answered.
        found = investigate(kept, Checks(kept.answers, kept.not_asked, judged.result()))
        export(run.output, draft, title=_title(found, incident), banner=run.banner, generated_at=case.now)
        kept.hand_over()
        if client_copy:
            write_client_copy(found, case, draft, incident)
        write_atomic(draft / "diagnosis.json", (draft / "case" / "diagnosis.json").read_bytes())
    return Paper(found, run)


def _meanwhile(case: Case, analysis: Analysis | None) -> Analysis:
    """What is needed once the notebook has run: the case's log, judged, and the library that writes reports."""
    importlib.import_module("nbconvert")
    return analysis or analyse(within(case.log, None, case.now), case.settings)


def _title(diagnosis: Diagnosis, incident: Incident | None) -> str:
    if incident:
        return f"{incident.id}: {incident.title}"
    return f"Incident: {diagnosis.subject.workflow or 'n8n'}" if diagnosis.problem else "Nothing to diagnose"
