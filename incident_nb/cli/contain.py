"""`incident-nb contain` and `restore`: workflows stopped for an incident, and put back; planned first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, clean, end_plan, say_step, settings_of, show_rows
from incident_nb.cli.incidents import IncidentArgument
from incident_nb.errors import UsageError

if TYPE_CHECKING:
    from incident_nb.n8n.workflows import Step

WorkflowOption = Annotated[
    list[str] | None,
    typer.Option("--workflow", metavar="ID_OR_NAME", help="This one; again for more.", show_default=False),
]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="NAME", help="The server's name in the settings; else the incident's."),
]
FromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--from", metavar="SOURCE", help="Exports in place of the server; again for more.", show_default=False
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do what the plan says; without it, only the plan is shown.")]


@app.command("contain")
def contain(
    incident: IncidentArgument,
    workflows: WorkflowOption = None,
    credential: Annotated[
        str | None,
        typer.Option(
            "--credential", metavar="ID_OR_NAME", help="All that sign in with this credential.", show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All active workflows of the server (security).")] = False,
    server: ServerOption = None,
    yes: YesOption = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Show which workflows would be stopped for an incident, and what that stops; with --yes, stop them.

    Without a choice it is the workflow that failed. What ran, and in which version, is on record first, and `restore` puts
    it back. Exit code 1 where something could not be stopped.
    """
    from incident_nb.actions import contain as do
    from incident_nb.actions import plans, told
    from incident_nb.desk import on_record

    if sum((bool(workflows), credential is not None, every)) > 1:
        raise UsageError("Choose one of --workflow, --credential and --all.")
    desk = on_record(settings_of(config))
    choice = do.Choice(workflows=tuple(workflows or ()), credential=credential, every=every)
    with plans.stopping(desk, desk.number_of(incident), choice, server) as (n8n, plan):
        if json_to is None:
            _show(told.stops(plan))
        steps = _done(do.contain(n8n, plan, desk)) if yes else []
    end_plan(plan, steps, yes=yes, json_to=json_to, nothing="Nothing of it runs: there was nothing to stop.")


@app.command("restore")
def restore(
    incident: IncidentArgument,
    workflows: WorkflowOption = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="n8n 1.x: also what was saved anew meanwhile, as it is now.")
    ] = False,
    server: ServerOption = None,
    yes: YesOption = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Show which workflows that were stopped for an incident would run again; with --yes, put them back.

    Each gets exactly the version that ran before; a draft made meanwhile is not published. Exit code 1 where something is
    left stopped.
    """
    from incident_nb.actions import plans, told
    from incident_nb.actions import restore as do
    from incident_nb.desk import on_record

    desk = on_record(settings_of(config))
    number = desk.number_of(incident)
    with plans.returning(desk, number, workflows or (), changed=changed, server=server) as (n8n, plan):
        if json_to is None:
            _show(told.returns(plan))
        steps = _done(do.restore(n8n, plan, desk)) if yes else []
    end_plan(plan, steps, yes=yes, json_to=json_to, nothing="There was nothing to put back.")


def _show(lines: list[tuple[str, str]]) -> None:
    show_rows([(clean(label), clean(text)) for label, text in lines])


def _done(steps: Iterable[Step]) -> list[Step]:
    done = []
    for step in steps:
        done.append(step)
        say_step(step)
    return done
