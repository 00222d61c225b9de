"""`incident-nb jobs`: what is owed to incidents, what was set aside, and asking for it again."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, put_json, settings_of, words


@app.command()
def jobs(
    again: Annotated[
        str | None, typer.Option("--again", metavar="INCIDENT", help="Have this incident investigated (again).")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is done.", show_default=False)] = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Show which investigations wait, run, or were set aside because they failed too often; or ask for one again."""
    from incident_nb.desk import Desk
    from incident_nb.incidents import records_of
    from incident_nb.jobs import owed
    from incident_nb.jobs.owing import Owing

    settings = settings_of(config)
    records = records_of(settings)
    if again is not None:
        owing = Owing(records, settings)
        number = Desk.number_of(again)
        owing.ask(number)
        owing.close()
        words.print(f"INC-{number} will be investigated by the next worker that is free.", markup=False)
    states = ("running", "waiting", "set_aside", *(("done",) if every else ()))
    with records.reading() as connection:
        rows = sorted(owed.those(connection, *states), key=lambda row: (states.index(row.state), row.incident))
    records.close()
    if json_to is not None:
        put_json([_as_json(row) for row in rows], json_to)
        return
    for row in rows:
        since = row.ended_at or row.beat_at or row.wanted_at
        told = f"{row.state.replace('_', ' '):9} attempt {row.attempt}, {row.why}, {since:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"INC-{row.incident:<6} {told}{f': {row.error}' if row.error else ''}")
    if not rows and again is None:
        words.print("Nothing waits, nothing runs, nothing was set aside.", markup=False)


def _as_json(row: Any) -> dict[str, Any]:
    times = {
        name: value.isoformat().replace("+00:00", "Z")
        for name, value in row._asdict().items()
        if hasattr(value, "isoformat")
    }
    return {**row._asdict(), **times, "incident": f"INC-{row.incident}"}
