"""The folder of a review: its case, the executed notebook, the report for the house, and the client's copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from incident_nb.errors import OutputError
from incident_nb.files import only_for, staged
from incident_nb.notebook import NotebookRun, run_notebook
from incident_nb.report import export
from incident_nb.report.client import CLIENT_FILES
from incident_nb.resources import notebooks
from incident_nb.review.client import client_review, write_client_review
from incident_nb.review.kept import ABOUT, Material
from incident_nb.review.model import Review

NAME, EXECUTED = "review", "review.ipynb"
GONE = (f"{NAME}_files/chart_*.png", *CLIENT_FILES)


def check_folder(out: Path) -> None:
    """Raises OutputError where `out` is no folder or holds anything but an earlier review."""
    only_for(out, f"case/{ABOUT}", "a review")


def is_made(out: Path) -> bool:
    """Whether a whole review lies in the folder: its page is put there last."""
    return (out / "case" / ABOUT).is_file() and (out / f"{NAME}.html").is_file()


def write_review(
    material: Material, out: Path, *, whole: bool = False, on_cell: Callable[[int, int, str], None] | None = None
) -> tuple[Review, NotebookRun]:
    """The review and how its notebook's run ended; `review.html`, `review.md`, `client.html`, `client.md`, the executed
    notebook and the case are in `out` (0700, files 0600) then, all at once.

    Until then `out` holds what was there. A run that does not come to its end gives a report that says so at its top; with
    `whole` it gives none, and raises OutputError. The client's copy is made of the figures, not of the notebook.
    """
    found = material.review()
    with staged(out, gone=GONE, last=f"{NAME}.html") as draft:
        material.save(draft / "case")
        run = run_notebook(
            notebooks() / "client_review.ipynb", draft / EXECUTED, {"case": "case"}, cwd=draft, on_cell=on_cell,
            limits=material.case.settings.notebooks,
        )  # fmt: skip
        if whole and run.outcome != "done":
            raise OutputError(f"could not write the review into {out}: {run.banner}")
        title = f"Review: {found.name or found.client}, {found.period.name.replace('-to-', ' to ')}"
        export(run.output, draft, title=title, banner=run.banner, generated_at=found.now, name=NAME)
        write_client_review(client_review(material.review(told=True), material.others), draft)
    return found, run
