"""`incident-nb tell`: an incident told in Slack now, or what is pending."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, put_json, settings_of, words
from incident_nb.errors import UsageError


@app.command()
def tell(
    incident: Annotated[
        str | None, typer.Argument(metavar="[INCIDENT]", help="INC-42, or 42; else all that is pending.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the message as JSON (Block Kit), and send nothing.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Also try what was set aside once more.")] = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell Slack of an incident as it stands now; without INCIDENT what is pending, and say what is set aside.

    Without INCIDENT_NB_SLACK_WEBHOOK messages go to the log and to outbox.jsonl in the workspace. Exit code 1 where
    something could not be told.
    """
    from incident_nb.desk import Desk
    from incident_nb.incidents import records_of
    from incident_nb.outbox import send, store

    settings = settings_of(config)
    records = records_of(settings)
    number = None if incident is None else Desk.number_of(incident)
    if dry_run:
        if number is None:
            raise UsageError("--dry-run shows the message of one incident. Name it: incident-nb tell INC-42 --dry-run.")
        put_json(send.message_now(records, settings, number, datetime.now(UTC)), json_to or "-")
        return
    if again:
        with records.at_once() as writing:
            store.again(writing.connection, datetime.now(UTC))
    done = send.tell(records, settings, number) if number is not None else send.deliver(records, settings)
    with records.at_once() as writing:
        left = store.kept(writing.connection)
    if json_to is not None:
        rows = [_row(one) for one in left]
        put_json({"messages": done.messages, "lines": done.lines, "problems": done.problems, "left": rows}, json_to)
    else:
        words.print(f"{done.messages} messages went to {send.place(settings)}.", markup=False, soft_wrap=True)
        for one in left:
            words.print(_told(one), markup=False, soft_wrap=True)
    for problem in done.problems:
        words.print(problem, style="red", markup=False, soft_wrap=True)
    if done.problems:
        raise typer.Exit(1)


def _told(one: Any) -> str:
    name = f"INC-{one.line.incident}" if one.line.incident is not None else "of no incident"
    when = f"waits until {one.due:%Y-%m-%d %H:%M:%S} UTC" if one.due else "is set aside (--again tries it once more)"
    tried = f" after {one.line.tries} tries: {one.error}" if one.error else ""
    return f"{name}, {one.line.about.replace('_', ' ')} of {one.line.at:%Y-%m-%d %H:%M} UTC {when}{tried}"


def _row(one: Any) -> dict[str, Any]:
    line = one.line
    return {
        "incident": None if line.incident is None else f"INC-{line.incident}", "about": line.about, "text": line.text,
        "at": _z(line.at), "due": one.due and _z(one.due), "set_aside": one.due is None, "tries": line.tries,
        "error": one.error,
    }  # fmt: skip


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
