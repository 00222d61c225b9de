"""What `investigate --out` and `report` share: the folder of a report, and the notebook's process that is made meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from incident_nb.cli.common import progress, words
from incident_nb.settings import Settings

if TYPE_CHECKING:
    from incident_nb.case import Case
    from incident_nb.diagnose import Analysis
    from incident_nb.models import Diagnosis
    from incident_nb.notebook_ahead import Ahead


@contextmanager
def notebook_ahead(settings: Settings, *, offline: bool, wanted: bool = True) -> Iterator[Ahead]:
    """A notebook's process that starts at once, if `wanted`, while its case is still read and judged."""
    from incident_nb.notebook_ahead import LIBRARIES, Ahead

    ahead = Ahead(settings, offline=offline, module=LIBRARIES)
    if wanted:
        ahead.make()
    try:
        yield ahead
    finally:
        ahead.close()


def write_folder(
    case: Case, out: Path, *, ahead: Ahead, client_copy: bool, analysis: Analysis | None = None
) -> tuple[bool, Diagnosis]:
    """Writes the folder and says where it is: whether the notebook's run failed, and what it found."""
    from incident_nb.desk import on_record
    from incident_nb.desk.paper import write_paper

    record = on_record(case.settings).of(case.incident) if case.incident is not None else ()
    with progress() as shown:
        task = shown.add_task("running the notebook", total=None)
        paper = write_paper(
            case, out, record=record, client_copy=client_copy, analysis=analysis,
            on_cell=lambda done, total, _: shown.update(task, completed=done, total=total), **ahead.options(),
        )  # fmt: skip
    failed = paper.run.outcome != "done"
    if failed:
        words.print(
            f"The notebook stopped before its end: {paper.run.error}. The report says so at its top.",
            style="yellow",
            markup=False,
        )
    words.print(paper.diagnosis.headline, markup=False, soft_wrap=True)
    words.print(f"report: {out / 'report.html'}", markup=False, soft_wrap=True)
    return failed, paper.diagnosis
