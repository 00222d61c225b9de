"""`incident-nb incidents path`, `step`, `workaround`, `wait`, `fix`: the third step of an incident on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from incident_nb.cli.common import ConfigOption, JsonOption, clean, cleaned, instant, put_json, put_rows, put_text
from incident_nb.cli.incidents import (
    AtOption,
    IncidentArgument,
    TextArgument,
    desk_of,
    group,
    put_on_record,
)
from incident_nb.errors import UsageError

if TYPE_CHECKING:
    from incident_nb.desk.paths import Path, Row
    from incident_nb.desk.request import Request

TICKED = ("ACK", "DX", "RES", "CODE", "WA", "VER", "FIN")


@group.command()
def path(incident: IncidentArgument, json_to: JsonOption = None, config: ConfigOption = None) -> None:
    """What to do about its accepted cause, with its own names filled in, and a message to the client where one is needed."""
    from incident_nb.desk.known import kept_of
    from incident_nb.desk.paths import path_of

    desk = desk_of(config)
    one = desk.records.get(desk.number_of(incident))
    found = path_of(one, desk.settings, *kept_of(desk.settings, one.number))
    if json_to is not None:
        values = cleaned(found.model_dump(mode="json"))
        if found.request:  # whom to write to is the settings' own word
            values["request"]["to"] = found.request.to
        put_json(values, json_to)
        return
    put_rows(_told(found))
    if found.request:
        put_text(_asked(found.request), "-")


@group.command()
def step(
    incident: IncidentArgument,
    row: Annotated[str, typer.Argument(metavar="ROW", help="Such as RES-1 or CODE-2.", show_default=False)],
    begin: Annotated[bool, typer.Option("--begin", help="It is begun.", show_default=False)] = False,
    done: Annotated[bool, typer.Option("--done", help="It is done.", show_default=False)] = False,
    undone: Annotated[bool, typer.Option("--undone", help="It is not done after all.", show_default=False)] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What else to keep of it.")] = "",
    at: AtOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Say that a row of a checklist is begun, done, or not done after all; when, and by whom, is kept."""
    from incident_nb.policy import load

    if sum((begin, done, undone)) != 1:
        raise UsageError("Say one of --begin, --done and --undone.")
    name = row.strip().upper()
    known = [each.id for each in load().rows if each.id.split("-")[0] in TICKED]
    if name not in known:
        raise UsageError(f"{row!r} is no row that can be ticked. Name one like RES-1: of {', '.join(TICKED)}.")
    if begin:
        put_on_record(incident, "started", at, json_to, config, row=name, text=note)
    else:
        put_on_record(incident, "ticked", at, json_to, config, row=name, done=done, text=note)


@group.command()
def workaround(
    incident: IncidentArgument,
    text: TextArgument,
    until: Annotated[str, typer.Option("--until", metavar="ISO", help="When the permanent fix is to be there.")] = "",
    at: AtOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Record a workaround with the date of the permanent fix, which is told in Slack when it comes near and when it passes."""
    if not until:
        raise UsageError("A workaround needs the date of the permanent fix: --until 2026-12-01T17:00 (UTC).")
    put_on_record(
        incident, "worked_around", at, json_to, config, what=" ".join(text), due=instant(until, "--until")
    )  # fmt: skip


@group.command()
def wait(
    incident: IncidentArgument,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="What the client has to do.", show_default=False)
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="The client has done it.", show_default=False)] = False,
    at: AtOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Wait for the client: the clock for resolving stands still until --over."""
    if over == bool(text):
        raise UsageError("Say what the client has to do, or --over when it is done.")
    if over:
        put_on_record(incident, "waiting_ended", at, json_to, config)
    else:
        put_on_record(incident, "waiting_began", at, json_to, config, why=" ".join(text or ()))


@group.command()
def fix(
    incident: IncidentArgument, text: TextArgument, at: AtOption = None, json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Say that the fix is in place, and what was changed; it is verified next."""
    put_on_record(incident, "fixed", at, json_to, config, what=" ".join(text))


def _told(found: Path) -> list[tuple[str, str]]:
    lines = [
        ("#", f"{found.incident}: what to do about {found.cause}" if found.cause else f"{found.incident}: what to do")
    ]
    lines += [("", found.note)] if found.note else []
    lines += [(link.label.split(" ")[0], link.url) for link in found.links]
    for row in found.rows:
        lines += _row(row)
    return [(clean(label), clean(text)) for label, text in lines]


def _row(row: Row) -> list[tuple[str, str]]:
    state = "done" if row.done else "begun" if row.begun else "open"
    return [
        ("#", f"{row.id} {row.label} ({row.when or state})"),
        ("asked", row.asks),
        *(("do", text) for text in row.todo),
        *(("known", text) for text in row.facts),
        *(("run", text) for text in row.commands),
        *(("not known", text) for text in row.missing),
    ]


def _asked(request: Request) -> str:
    """The message as it can be copied, below what has to be known of it."""
    blanks = "".join(f"to be filled in: {clean(text)}\n" for text in request.missing)
    to = request.to or "{address} (the settings have no contact for the client)"
    head = f"\nMessage to the client, where signing in is theirs\n{blanks}to: {to}\n"
    return f"{head}subject: {clean(request.subject)}\n\n{clean(request.text)}"
