"""`incident-nb patterns`: every problem of a source, grouped, with count, onset and pattern."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import (
    ClientOption,
    ConfigOption,
    InstanceOption,
    JsonOption,
    SourceArgument,
    default_now,
    instant,
    put_json,
    put_text,
    reading,
    settings_of,
    show_rows,
    words,
)

if TYPE_CHECKING:
    from incident_nb.case import Case
    from incident_nb.diagnose import Survey


class Engine(StrEnum):
    """What reads files in parts."""

    PROCESS = "process"
    DASK = "dask"


_ONSET = ("onset_at", "onset_not_before", "onset_not_after")


@app.command()
def patterns(
    source: SourceArgument,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="ISO", help="Only executions from then on, as 2026-11-14 or 2026-11-14T08:30Z."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="ISO", help="Only executions up to then.")] = None,
    client: ClientOption = None,
    json_to: JsonOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one HTML file.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the problems as CSV, for a spreadsheet.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="Processes that read files; as many as there are processors, and one for a small source.",
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="What reads files in parts: processes of this machine, or Dask.")
    ] = Engine.PROCESS,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", metavar="URL", help="Dask's scheduler, as tcp://HOST:PORT; else a cluster of its own."
        ),
    ] = None,
    instance: InstanceOption = "default",
    config: ConfigOption = None,
) -> None:
    """List every problem of an export: what fails, how often, since when, in which pattern."""
    from functools import partial

    from incident_nb import display
    from incident_nb.case import read_case
    from incident_nb.diagnose import survey
    from incident_nb.diagnose.ahead import judge
    from incident_nb.readers import Spread

    settings = settings_of(config)
    spread = Spread(workers, engine.value, scheduler, partial(judge, own_hosts=settings.own_hosts))
    with reading() as on_progress:
        case = read_case(
            source, settings, instant(until, "--until") or default_now(source),
            since=instant(since, "--since"), client=client, instance=instance, on_progress=on_progress, spread=spread,
        )  # fmt: skip
    found = survey(case)
    if json_to is not None:
        put_json(found.as_json(), json_to)
    if html is not None:
        _write_html(case, html)
    if csv is not None:
        put_text(_as_csv(found), str(csv))
    if json_to is None and html is None and csv is None:
        if sys.stdout.isatty():
            show_rows(display.listing(found))
        else:
            sys.stdout.write(display.survey(found).markdown)


def _as_csv(found: Survey) -> str:
    """The problems as CSV with a mark that it is UTF-8, each text such that no spreadsheet takes it for a formula."""
    import csv
    import io

    from incident_nb.escape import spreadsheet_text
    from incident_nb.patterns import GROUP_COLUMNS

    rows = []
    for group in found.as_json()["groups"]:
        began = group.pop("onset") or {}
        group["execution_ids"] = " ".join(group["execution_ids"])
        rows.append(group | {name: began.get(name.removeprefix("onset_")) for name in _ONSET})
    written = io.StringIO()
    columns = [part for name in GROUP_COLUMNS for part in (_ONSET if name == "onset" else (name,))]
    sheet = csv.DictWriter(written, columns, quoting=csv.QUOTE_ALL)
    sheet.writeheader()
    sheet.writerows(
        {name: spreadsheet_text(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    )
    return "\ufeff" + written.getvalue()


def _write_html(case: Case, target: Path) -> None:
    """Runs the patterns notebook on the case and keeps its report."""
    from incident_nb.errors import OutputError
    from incident_nb.files import scratch, write_atomic
    from incident_nb.notebook import run_notebook
    from incident_nb.report import export
    from incident_nb.resources import notebooks

    if not target.parent.is_dir():
        raise OutputError(f"could not write {target}: the folder {target.parent} does not exist; make it first")
    with scratch() as work:
        case.save(work / "case")
        run = run_notebook(
            notebooks() / "error_patterns.ipynb", work / "patterns.ipynb", {"case": "case"}, cwd=work,
            limits=case.settings.notebooks,
        )  # fmt: skip
        made = export(run.output, work / "report", title="Error patterns", banner=run.banner, generated_at=case.now)
        write_atomic(target, made.html.read_bytes())
    words.print(f"report: {target}", markup=False)
