"""`incident-nb report`: an incident's report from its record and its case, without asking anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, settings_of
from incident_nb.cli.paper import notebook_ahead, write_folder


@app.command()
def report(
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-42, or 42.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where it goes; else `report` in the incident's folder.")
    ] = None,
    client_copy: Annotated[
        bool, typer.Option("--client-copy", help="Also a page that its client may see, client.html and .md.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make an incident's report again, from what its case and its record hold."""
    settings = settings_of(config)
    with notebook_ahead(settings, offline=True) as ahead:
        from incident_nb.case import open_case
        from incident_nb.desk import on_record
        from incident_nb.desk.folder import folder_of
        from incident_nb.desk.paper import check_folder

        desk = on_record(settings)
        number = desk.number_of(incident)
        target = out or folder_of(settings, number) / "report"
        check_folder(target)
        desk.room(number)
        kept = open_case(str(folder_of(settings, number) / "case"))
        case = replace(kept, settings=settings, incident=f"INC-{number}", unattended=True, offline=True)
        failed, _ = write_folder(case, target, ahead=ahead, client_copy=client_copy)
    if failed:
        raise typer.Exit(1)
