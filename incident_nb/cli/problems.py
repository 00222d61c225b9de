"""`incident-nb problems`: problems put together and taken apart by a person, and what was decided so far."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, clean, cleaned, put_json, put_text, settings_of, words
from incident_nb.errors import UsageError

if TYPE_CHECKING:
    from incident_nb.patterns.decided import Decision
    from incident_nb.settings import Settings

group = typer.Typer(
    help="Put problems together that are one, take one apart that is two, and show what was decided.",
    no_args_is_help=True,
)
app.add_typer(group, name="problems")

WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for whoever meets it later.")]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who decides; else INCIDENT_NB_ENGINEER or your account.")
]


@group.command()
def merge(
    fingerprints: Annotated[
        list[str], typer.Argument(metavar="FINGERPRINT…", help="Two or more; the first one names them.")
    ],
    why: WhyOption,
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Put problems together: from now on they are one, in patterns, investigations, alerts and reviews."""
    from incident_nb.patterns.decided_kept import merge as decide

    settings = settings_of(config)
    _of_one_client(settings, fingerprints)
    _say(decide(settings, fingerprints, _reason(why), _who(by), datetime.now(UTC)))


@group.command()
def split(
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="The problem to take apart.")],
    where: Annotated[
        list[str],
        typer.Option(
            "--where",
            metavar="FIELD=TEXT",
            help="What the part is like, or FIELD~PART; again for more, of which all hold.",
        ),
    ],
    why: WhyOption,
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Take a problem apart: failures that are like this are a problem of their own from now on."""
    from incident_nb.patterns.decided_kept import split as decide

    settings = settings_of(config)
    _say(decide(settings, fingerprint, [clean(text) for text in where], _reason(why), _who(by), datetime.now(UTC)))


@group.command("list")
def show(json_to: JsonOption = None, config: ConfigOption = None) -> None:
    """Show all decisions, with who decided what, when and why."""
    from incident_nb.patterns.decided_kept import decisions_of

    known = decisions_of(settings_of(config))
    if json_to is not None:
        put_json(cleaned([_row(one) for one in known]), json_to)
        return
    put_text("".join(f"{clean(_told(one))}\n" for one in known), "-")
    if not known:
        words.print("Nothing was decided so far.")


@group.command()
def undo(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The decision, as `problems list` numbers it.")],
    by: ByOption = None,
    config: ConfigOption = None,
) -> None:
    """Let a decision hold no longer. It stays in the file, with who undid it and when."""
    from incident_nb.patterns.decided_kept import undo as decide

    _say(decide(settings_of(config), number, _who(by), datetime.now(UTC)))


def _of_one_client(settings: Settings, fingerprints: list[str]) -> None:
    """Raises UsageError where the incidents on record say that these problems are several clients'."""
    from incident_nb.incidents import records_of
    from incident_nb.incidents.store import DATABASE_URL, FILE

    kept = settings.path is not None and (settings.path.parent / FILE).exists()
    if not kept and not os.environ.get(DATABASE_URL):
        return
    records = records_of(settings)
    clients = {one.client for name in fingerprints for one in records.alike(name)}
    if len(clients) > 1:
        raise UsageError(
            "By the incidents on record these problems are not of one client. What several clients have in common is "
            "shown by `incident-nb patterns`, and stays a problem of each."
        )


def _reason(why: str) -> str:
    if not why.strip():
        raise UsageError("Say why: --why TEXT. Whoever meets the problem later needs it.")
    return clean(why.strip())


def _who(by: str | None) -> str:
    from incident_nb.desk.desk import engineer

    return clean((by or "").strip() or engineer())


def _say(one: Decision) -> None:
    words.print(clean(_told(one)), markup=False, highlight=False, soft_wrap=True)


def _told(one: Decision) -> str:
    if one.kind == "merge":
        what = f"{', '.join(one.of[1:])} put together with {one.of[0]}"
    else:
        what = f"{one.becomes} taken out of {one.of[0]} where {' and '.join(one.where)}"
    undone = f"; undone by {one.undone_by} on {one.undone_at:%Y-%m-%d}" if one.undone_at else ""
    return f"{one.number}: {what}, by {one.by} on {one.at:%Y-%m-%d %H:%M} UTC: {one.why}{undone}"


def _row(one: Decision) -> dict[str, Any]:
    row = one.model_dump(mode="json")
    return {**row, "becomes": one.becomes}
