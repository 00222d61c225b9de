"""`incident-nb fetch`: the archive of configured n8n servers, brought up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, put_json, reading, settings_of, words
from incident_nb.errors import UnreachableError


@app.command()
def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Servers by their names in the settings; all without one.", show_default=False
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Archives go there, not into the workspace.")
    ] = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Keep what n8n holds before it prunes it: reads what is new into the archive, failing executions first.

    Can be interrupted: what was read is kept, and the next time goes on from there.
    """
    from incident_nb import live

    settings = settings_of(config)
    asked = list(dict.fromkeys(name for given in names or [live.WORD] for name in live.named(_source(given), settings)))
    told: list[dict[str, Any]] = []
    for name in asked:
        row: dict[str, Any] = {"server": name, "read": None, "partial": None, "skipped": None}
        told.append(row)
        try:
            with reading() as on_progress:
                update = live.fetch(name, settings, to, on_progress)
        except UnreachableError as error:
            row["partial"] = str(error)
            words.print(f"{name}: {error}", style="yellow", markup=False, soft_wrap=True)
            continue
        row |= {"read": update.rows, "partial": update.partial, "skipped": sum(part.rows for part in update.skipped)}
        words.print(f"{name}: {update.rows:,} executions read into {live.archive_of(name, settings, to)}", markup=False)
        if update.partial:
            words.print(f"{name}: not all of it: {update.partial}", style="yellow", markup=False, soft_wrap=True)
    if json_to is not None:
        put_json(told, json_to)
    if any(row["partial"] for row in told):
        raise typer.Exit(1)


def _source(name: str) -> str:
    from incident_nb.live import WORD, is_live

    return name if is_live(name) else f"{WORD}:{name}"
