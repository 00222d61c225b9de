"""`incident-nb investigate`: what failed, since when, why, how bad; as text, as JSON, or as a folder with a report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import (
    ClientOption,
    ConfigOption,
    InstanceOption,
    JsonOption,
    SourcesArgument,
    StrictOption,
    asking,
    default_now,
    instant,
    progress,
    put_json,
    reading,
    settings_of,
    show_rows,
    words,
)
from incident_nb.errors import UsageError
from incident_nb.models import Diagnosis, Outcome

if TYPE_CHECKING:
    from incident_nb.case import Case


@app.command()
def investigate(
    source: SourcesArgument = None,
    execution: Annotated[
        str | None,
        typer.Option("--execution", metavar="ID_OR_URL", help="The execution to explain, by id or n8n address."),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option("--workflow", metavar="ID_OR_NAME", help="The workflow to explain; part of its name will do."),
    ] = None,
    incident: Annotated[
        str | None,
        typer.Option(
            "--incident", metavar="ID", help="The incident on record, as INC-42; SOURCE may be left out then."
        ),
    ] = None,
    client: ClientOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no live system: n8n as its archive has it.", show_default=False)
    ] = False,
    now: Annotated[
        str | None, typer.Option("--now", metavar="ISO", help="See it from this instant: later runs are left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder for report, notebook, JSON and case.")
    ] = None,
    client_copy: Annotated[
        bool,
        typer.Option("--client-copy", help="With --out: also a page that its client may see, client.html and .md."),
    ] = False,
    json_to: JsonOption = None,
    instance: InstanceOption = "default",
    strict: StrictOption = False,
    config: ConfigOption = None,
) -> None:
    """Find the cause of a failure, with its evidence, severity and next step.

    Without --execution, --workflow or --incident it takes the gravest problem, then the newest, and lists the others.

    Without --out it prints the answer within seconds; with it, a report is made.
    """
    from incident_nb.case import read_case
    from incident_nb.desk import on_record
    from incident_nb.desk.paper import check_folder
    from incident_nb.diagnose import investigate as look
    from incident_nb.diagnose import run_checks

    if sum(map(bool, (execution, workflow, incident))) > 1:
        raise UsageError("Give one of --execution, --workflow and --incident, not several.")
    if not source and not incident:
        raise UsageError("Name a SOURCE: an export, `sample`, or `n8n`; or an incident on record with --incident.")
    if client_copy and out is None:
        raise UsageError("--client-copy needs a folder to go to: give --out DIR, too.")
    if out is not None:
        check_folder(out)
    settings, given = settings_of(config), source or []
    seen_from = instant(now, "--now") or default_now(given)
    desk = on_record(settings) if incident else None
    with reading() as on_progress:
        if desk is not None and incident is not None:
            case = desk.case(
                incident, given, seen_from, unattended=out is not None, offline=offline, instance=instance,
                on_progress=on_progress,
            )  # fmt: skip
        else:
            case = read_case(
                given, settings, seen_from,
                execution=execution, workflow=workflow, client=client, instance=instance, on_progress=on_progress,
                unattended=out is not None, offline=offline,
            )  # fmt: skip
    with asking() as on_answer:
        # With a report its notebook asks the live systems; what only the records' files can tell is told here.
        checks = run_checks(case, on_answer, records_only=out is not None)
    diagnosis = look(case, checks)
    for part in case.log.skipped[:5]:
        words.print(f"skipped: {part.source} {part.where}: {part.reason}", style="yellow", markup=False, soft_wrap=True)
    if len(case.log.skipped) > 5:
        words.print(f"skipped: {len(case.log.skipped) - 5} more", style="yellow")
    if desk is not None and incident is not None:
        desk.diagnosed(desk.number_of(incident), diagnosis)
    failed = False
    if out is not None:
        kept = replace(case, answers=checks.answers, not_asked=checks.why_not)
        failed, diagnosis = write_folder(kept, diagnosis, out, client_copy)
    if json_to is not None:
        put_json(diagnosis.as_json(), json_to)
    elif out is None:
        _print(diagnosis)
    if failed:
        raise typer.Exit(1)
    if strict and any(finding.outcome is Outcome.COULD_NOT_LOOK for finding in diagnosis.findings):
        raise typer.Exit(3)


def _print(diagnosis: Diagnosis) -> None:
    from incident_nb import display

    if not sys.stdout.isatty():
        sys.stdout.write(display.summary(diagnosis).markdown)
        sys.stdout.write("\n## Other problems\n\n" + display.others(diagnosis).markdown if diagnosis.others else "")
        return
    show_rows(display.glance(diagnosis))


def write_folder(case: Case, diagnosis: Diagnosis, out: Path, client_copy: bool) -> tuple[bool, Diagnosis]:
    """Writes the folder and says where it is: whether the notebook's run failed, and what it found."""
    from incident_nb.desk import on_record
    from incident_nb.desk.paper import write_paper

    record = on_record(case.settings).of(case.incident) if case.incident is not None else ()
    with progress() as shown:
        task = shown.add_task("running the notebook", total=None)
        paper = write_paper(
            case, diagnosis, out, record=record, client_copy=client_copy,
            on_cell=lambda done, total, _: shown.update(task, completed=done, total=total),
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
