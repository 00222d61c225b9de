"""Turns an executed notebook into the report: one self-contained HTML file, and Markdown with its pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from incident_nb.escape import markdown_text, printable
from incident_nb.files import private_folder, read_notebook, staged, write_atomic
from incident_nb.outputs import SHOWN_TYPES
from incident_nb.redact import sealed
from incident_nb.report.prepare import for_report
from incident_nb.resources import templates
from incident_nb.sanitise import clean_html, clean_markdown, fenced, html_text

NAME = "report"
PICTURES = f"{NAME}_files"


@dataclass(frozen=True)
class Exported:
    """The files of one report; the Markdown's pictures lie in `report_files` (`NAME_files`) next to it."""

    html: Path
    markdown: Path


def export(
    notebook: Path,
    out_dir: Path,
    *,
    title: str,
    generated_at: datetime,
    banner: str | None = None,
    name: str = NAME,
) -> Exported:
    """The report of an executed notebook: `report.html` and `report.md` in `out_dir` (a 0700 folder of 0600 files).

    With another `name` they are called by that.
    `banner` is shown at the very top (a run that failed in the middle: `NotebookRun.banner`); `generated_at` is
    zone-aware. The HTML holds no script and loads nothing; what is shown of the notebook, `report.prepare.for_report`
    says. It is for the house: what a client may see is `report.client`. Raises `UsageError` for an unreadable notebook,
    `OutputError` if the files cannot be written.
    """
    from nbconvert import HTMLExporter, MarkdownExporter

    shown = for_report(read_notebook(notebook))
    when = generated_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")
    facts = {"title": " ".join(printable(title).split()), "banner": banner and printable(banner), "generated": when}
    to_html = _exporter(HTMLExporter, "incident", _best_for_html, sanitize_html=True, exclude_anchor_links=True)
    html, _ = to_html.from_notebook_node(shown, {"report": facts})
    markdown, pictures = _exporter(MarkdownExporter, "incident-md", _best_for_markdown).from_notebook_node(
        shown, {"report": facts, "unique_key": "chart", "output_files_dir": f"{name}_files"}
    )
    with staged(out_dir, gone=(f"{name}_files/chart_*.png",)) as draft:
        for picture, data in pictures["outputs"].items():
            write_atomic(private_folder(draft / f"{name}_files") / Path(picture).name, data)
        write_atomic(draft / f"{name}.html", sealed(f"{name}.html", html))
        write_atomic(draft / f"{name}.md", sealed(f"{name}.md", markdown))
    return Exported(html=out_dir / f"{name}.html", markdown=out_dir / f"{name}.md")


def _exporter(kind: Any, template: str, best: Callable[[Any], str], **options: Any) -> Any:
    exporter = kind(template_name=template, extra_template_basedirs=[str(templates() / "nbconvert")], **options)
    for filter_ in (clean_html, clean_markdown, fenced, html_text, markdown_text, printable):
        exporter.register_filter(filter_.__name__, filter_)
    exporter.register_filter("best", best)
    return exporter


def _best_for_html(data: Any) -> str:
    return next(kind for kind in SHOWN_TYPES if kind in data)


def _best_for_markdown(data: Any) -> str:
    order = ("text/markdown", "image/png", "text/plain", "text/html")
    return next(kind for kind in order if kind in data)
