"""`incident-nb investigate`: what failed, since when, why, how bad; as text, as JSON, or as a folder with a report."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
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
    put_json,
    reading,
    settings_of,
    show_rows,
    words,
)
from incident_nb.cli.paper import notebook_ahead, write_folder
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
    if sum(map(bool, (execution, workflow, incident))) > 1:
        raise UsageError("Give one of --execution, --workflow and --incident, not several.")
    if not source and not incident:
        raise UsageError("Name a SOURCE: an export, `sample`, or `n8n`; or an incident on record with --incident.")
    if client_copy and out is None:
        raise UsageError("--client-copy needs a folder to go to: give --out DIR, too.")
    settings, given = settings_of(config), source or []
    seen_from = instant(now, "--now") or default_now(given)
    asks_nobody = offline or given == ["sample"]
    with notebook_ahead(settings, offline=asks_nobody, wanted=out is not None) as ahead:
        from incident_nb.case import read_case
        from incident_nb.desk import on_record
        from incident_nb.diagnose import investigate as look
        from incident_nb.diagnose import run_checks
        from incident_nb.diagnose.ahead import judge
        from incident_nb.readers import Spread

        if out is not None:
            from incident_nb.desk.paper import check_folder

            check_folder(out)
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
                    spread=Spread(judge=partial(judge, own_hosts=settings.own_hosts)),
                )  # fmt: skip
        with asking() as on_answer:
            # With a report its notebook asks the live systems; what only the records' files can tell is told here.
            checks = run_checks(case, on_answer, records_only=out is not None)
        diagnosis = look(case, checks)
        _say_skipped(case)
        if desk is not None and incident is not None:
            desk.diagnosed(desk.number_of(incident), diagnosis)
        failed = False
        if out is not None:
            kept = replace(case, answers=checks.answers, not_asked=checks.why_not)
            failed, diagnosis = write_folder(kept, out, ahead=ahead, client_copy=client_copy, analysis=checks.analysis)
    if json_to is not None:
        put_json(diagnosis.as_json(), json_to)
    elif out is None:
        _print(diagnosis)
    if failed:
        raise typer.Exit(1)
    if strict and any(finding.outcome is Outcome.COULD_NOT_LOOK for finding in diagnosis.findings):
        raise typer.Exit(3)


def _say_skipped(case: Case) -> None:
    for part in case.log.skipped[:5]:
        words.print(f"skipped: {part.source} {part.where}: {part.reason}", style="yellow", markup=False, soft_wrap=True)
    if len(case.log.skipped) > 5:
        words.print(f"skipped: {len(case.log.skipped) - 5} more", style="yellow")


def _print(diagnosis: Diagnosis) -> None:
    from incident_nb import display

    if not sys.stdout.isatty():
        sys.stdout.write(display.summary(diagnosis).markdown)
        sys.stdout.write("\n## Other problems\n\n" + display.others(diagnosis).markdown if diagnosis.others else "")
        return
    show_rows(display.glance(diagnosis))
