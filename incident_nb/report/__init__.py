"""Turns an executed notebook into the report: one self-contained HTML file, and Markdown with its pictures."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter, MarkdownExporter

from incident_nb.escape import markdown_text
from incident_nb.files import private_folder, read_notebook, write_atomic
from incident_nb.report.prepare import SHOWN_TYPES, for_report
from incident_nb.report.sanitise import clean_html, clean_markdown, fenced, html_text
from incident_nb.resources import templates

PICTURES = "report_files"


@dataclass(frozen=True)
class Exported:
    """The files of one report; the Markdown's pictures lie in `report_files` next to it."""

    html: Path
    markdown: Path


def export(
    notebook: Path,
    out_dir: Path,
    *,
    title: str,
    generated_at: datetime,
    banner: str | None = None,
    client_copy: bool = False,
) -> Exported:
    """The report of an executed notebook: `report.html` and `report.md` in `out_dir` (a 0700 folder of 0600 files).

    `banner` is shown at the very top (a run that failed in the middle: `NotebookRun.banner`); `generated_at` is
    zone-aware. `client_copy` leaves out cells tagged `internal`. The HTML holds no script and loads nothing; what is
    shown of the notebook, `report.prepare.for_report` says. Raises `UsageError` for an unreadable notebook,
    `OutputError` if the files cannot be written.
    """
    shown = for_report(read_notebook(notebook), client_copy=client_copy)
    when = generated_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")
    facts = {"title": " ".join(title.split()), "banner": banner, "generated": when, "client_copy": client_copy}
    html, _ = _exporter(HTMLExporter, "incident", sanitize_html=True, exclude_anchor_links=True).from_notebook_node(
        shown, {"report": facts}
    )
    markdown, pictures = _exporter(MarkdownExporter, "incident-md").from_notebook_node(
        shown, {"report": facts, "unique_key": "chart", "output_files_dir": PICTURES}
    )
    private_folder(out_dir)
    _write_pictures(out_dir / PICTURES, {Path(name).name: data for name, data in pictures["outputs"].items()})
    return Exported(
        html=write_atomic(out_dir / "report.html", html), markdown=write_atomic(out_dir / "report.md", markdown)
    )


def _exporter(kind: Any, template: str, **options: Any) -> Any:
    exporter = kind(template_name=template, extra_template_basedirs=[str(templates() / "nbconvert")], **options)
    for filter_ in (clean_html, clean_markdown, fenced, html_text, markdown_text):
        exporter.register_filter(filter_.__name__, filter_)
    exporter.register_filter("best", _best_for_html if kind is HTMLExporter else _best_for_markdown)
    return exporter


def _best_for_html(data: Any) -> str:
    return next(kind for kind in SHOWN_TYPES if kind in data)


def _best_for_markdown(data: Any) -> str:
    order = ("text/markdown", "image/png", "text/plain", "text/html")
    return next(kind for kind in order if kind in data)


def _write_pictures(folder: Path, pictures: dict[str, bytes]) -> None:
    """Replaces the pictures of an earlier export of the same report."""
    if pictures:
        private_folder(folder)
    for name, data in pictures.items():
        write_atomic(folder / name, data)
    for old in folder.glob("chart_*.png"):
        if old.name not in pictures:
            old.unlink()
    with contextlib.suppress(OSError):  # not there, or holds files of someone else
        folder.rmdir()
