"""`incident-nb incidents`: the steps of an incident on the command line; each can print JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, instant, put_json, put_rows, settings_of, words
from incident_nb.errors import UsageError
from incident_nb.models import Severity

if TYPE_CHECKING:
    from incident_nb.desk import Desk

group = typer.Typer(
    help="Carry an incident through its steps: open, acknowledge, severity, notes, resolve, close.",
    no_args_is_help=True,
)
app.add_typer(group, name="incidents")

IncidentArgument = Annotated[str, typer.Argument(metavar="INCIDENT", help="INC-42, or 42.", show_default=False)]
TextArgument = Annotated[list[str], typer.Argument(metavar="TEXT", help="In your words.", show_default=False)]
AtOption = Annotated[str | None, typer.Option("--at", metavar="ISO", help="When it happened; else now.")]
ReasonsOption = Annotated[
    list[str] | None,
    typer.Option("--open", metavar="ROW=REASON", help="A row of the checklist left open, and why (once for each)."),
]


@group.command("list")
def list_all(
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones, too.", show_default=False)] = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """The open incidents, the most urgent first, with what is due and what to do next."""
    from incident_nb.desk.told import as_json, line

    rows = desk_of(config).board(closed=closed)
    if json_to is not None:
        put_json([as_json(row) for row in rows], json_to)
        return
    for row in rows:
        sys.stdout.write(line(row) + "\n")
    if not rows:
        words.print("No incident is open." if not closed else "There is no incident yet.")


@group.command()
def show(incident: IncidentArgument, json_to: JsonOption = None, config: ConfigOption = None) -> None:
    """How an incident stands: clocks, steps, checklists, what was recorded."""
    desk = desk_of(config)
    show_standing(desk, desk.number_of(incident), json_to)


@group.command("open")
def open_one(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT|FILE|-]", help="A pasted alert or e-mail, an execution's address, a file, or stdin."
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="What to call it; else it is read from the text.")
    ] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CODE", help="Whose it is.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="slack, email, monitoring or form; else it is read from the text.")
    ] = None,
    detected: Annotated[str | None, typer.Option("--detected", metavar="ISO", help="When it was detected.")] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answer", metavar="FACT=yes|no", help="An answer to a question about the severity (once for each)."
        ),
    ] = None,
    new: Annotated[
        bool,
        typer.Option("--new", help="Open a new one although one for the same problem is open.", show_default=False),
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.", show_default=False)] = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Open an incident. One that is open for the same problem takes the occurrence instead."""
    from incident_nb.desk.intake import take_in

    desk = desk_of(config)
    draft = take_in(
        _text(text), desk.settings, desk.clock(), source=_source(source), records=desk.records, offline=offline,
        answers={fact: value.lower() in ("yes", "true", "1") for fact, value in map(_answer, answers or ())},
    )  # fmt: skip
    for question in draft.suggestion.questions if draft.suggestion else ():
        words.print(f"{question.text} (--answer {question.fact}=yes or no)", markup=False, soft_wrap=True)
    for sentence in draft.unknown:
        words.print(sentence, style="yellow", markup=False, soft_wrap=True)
    if draft.alike and not new:
        known = draft.alike[0]
        desk.add(known.number, "occurred", at=draft.detected_at, execution_id=draft.subject.execution_id)
        words.print(f"{known.id} is open for the same problem and took this occurrence (--new opens another one).")
        show_standing(desk, known.number, json_to)
        return
    changes = {"title": title, "client": client, "detected_at": instant(detected, "--detected")}
    made = draft.opened.model_copy(update={name: value for name, value in changes.items() if value is not None})
    opened = desk.open(type(made).model_validate(made.model_dump()))
    if draft.suggested:
        desk.add(opened.number, "severity_suggested", **draft.suggested.model_dump())
    words.print(f"{opened.id} is open.")
    show_standing(desk, opened.number, json_to)


@group.command()
def ack(
    incident: IncidentArgument, at: AtOption = None, json_to: JsonOption = None, config: ConfigOption = None
) -> None:
    """Acknowledge it: you work on it from now on."""
    put_on_record(incident, "acknowledged", at, json_to, config)


@group.command()
def note(
    incident: IncidentArgument, text: TextArgument, at: AtOption = None, json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Add a note to the timeline."""
    put_on_record(incident, "note", at, json_to, config, text=" ".join(text))


@group.command()
def severity(
    incident: IncidentArgument,
    level: Annotated[Severity, typer.Argument(metavar="P1|P2|P3|P4", case_sensitive=False, show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; needed for another one than was suggested.")] = "",
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Choose the severity. What was suggested is kept beside it."""
    desk = desk_of(config)
    desk.choose(desk.number_of(incident), level, reason)
    show_standing(desk, desk.number_of(incident), json_to)


@group.command()
def resolve(
    incident: IncidentArgument, text: Annotated[str, typer.Option("--text", help="How it was resolved.")] = "",
    reasons: ReasonsOption = None, json_to: JsonOption = None, config: ConfigOption = None,
) -> None:  # fmt: skip
    """Mark it as resolved, when the verification (VER-1 to VER-5) is done or each open row has a reason."""
    desk = desk_of(config)
    desk.resolve(desk.number_of(incident), text, _reasons(reasons))
    show_standing(desk, desk.number_of(incident), json_to)


@group.command()
def close(
    incident: IncidentArgument, text: Annotated[str, typer.Option("--text", help="A last word.")] = "",
    reasons: ReasonsOption = None, json_to: JsonOption = None, config: ConfigOption = None,
) -> None:  # fmt: skip
    """Close it, when the closing checklist (FIN-1 to FIN-8) is done or each open row has a reason."""
    desk = desk_of(config)
    desk.close(desk.number_of(incident), text, _reasons(reasons))
    show_standing(desk, desk.number_of(incident), json_to)


@group.command()
def reopen(
    incident: IncidentArgument, text: TextArgument, json_to: JsonOption = None, config: ConfigOption = None
) -> None:
    """Reopen it, because it has come back; its clocks begin anew."""
    put_on_record(incident, "reopened", None, json_to, config, reason=" ".join(text))


@group.command()
def record(
    incident: IncidentArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Such as cause_accepted; `help` lists them all.")],
    values: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="What it says.")] = None,
    at: AtOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Record any other step: a cause, a fix, a tick, a notice, billing, an escalation ..."""
    from incident_nb.incidents import KINDS

    if kind == "help":
        for name, payload in sorted(KINDS.items()):
            fields = " ".join(f"{field}=" for field in payload.model_fields)
            sys.stdout.write(f"{name:20} {fields}\n{'':20} {(payload.__doc__ or '').strip().splitlines()[0]}\n")
        return
    put_on_record(incident, kind, at, json_to, config, **dict(_pair(value, "NAME=VALUE") for value in values or ()))


@group.command("export")
def export_one(
    incident: IncidentArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="An empty or new folder.")],
    config: ConfigOption = None,
) -> None:
    """Put an incident's record into a folder, to be kept elsewhere or imported there."""
    from incident_nb.incidents.folder import put_into

    desk = desk_of(config)
    put_into(desk.records, desk.number_of(incident), out, now=desk.clock())
    words.print(f"The record is in {out}.", markup=False)


@group.command("import")
def import_one(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `incidents export` made.", show_default=False)],
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Bring an exported incident into this record, under the next number."""
    from incident_nb.incidents.folder import take_from

    desk = desk_of(config)
    taken = take_from(desk.records, folder, by=desk.by)
    words.print(f"It is {taken.id} here.")
    show_standing(desk, taken.number, json_to)


def desk_of(config: Path | None) -> Desk:
    from incident_nb.desk import on_record

    return on_record(settings_of(config))


def put_on_record(
    incident: str, kind: str, at: str | None, json_to: str | None, config: Path | None, **values: Any
) -> None:
    desk = desk_of(config)
    desk.add(desk.number_of(incident), kind, at=instant(at, "--at"), **values)
    show_standing(desk, desk.number_of(incident), json_to)


def show_standing(desk: Desk, number: int, json_to: str | None) -> None:
    from incident_nb.desk.told import as_json, glance

    found = desk.standing(number)
    events = desk.timeline(number)
    alike = desk.seen_before(number)
    if json_to is not None:
        put_json(as_json(found, events, alike), json_to)
        return
    put_rows(glance(found, events, alike))


def _reasons(given: Iterable[str] | None) -> dict[str, str]:
    return dict(_pair(each, "ROW=REASON") for each in given or ())


def _pair(text: str, form: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.strip():
        raise UsageError(f"{text!r} can't be read; write it as {form}.")
    return name.strip(), value.strip()


def _answer(text: str) -> tuple[str, str]:
    return _pair(text, "FACT=yes or FACT=no")


def _source(name: str | None) -> Any:
    if name is not None and name not in ("slack", "email", "monitoring", "form"):
        raise UsageError(f"--source is slack, email, monitoring or form, not {name!r}.")
    return name


def _text(given: str | None) -> str:
    """What was given: itself, the file of that name, or stdin."""
    if given is None or given == "-":
        if given is None and sys.stdin.isatty():
            raise UsageError("Give the alert's text, an execution's address or a file; or - to read from stdin.")
        return sys.stdin.read()
    path = Path(given)
    try:
        if len(given) < 1000 and "\n" not in given and path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        pass
    return given
