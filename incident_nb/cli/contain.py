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
    from incident_nb.actions import contain as stopping
    from incident_nb.actions import restore as restoring
    from incident_nb.n8n.workflows import Step

MOST_SHOWN = 200
WorkflowOption = Annotated[
    list[str] | None,
    typer.Option("--workflow", metavar="ID_OR_NAME", help="This one; again for more.", show_default=False),
]
ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="NAME", help="The server, as [n8n.NAME] calls it; else the incident's."),
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
    from incident_nb.actions import target
    from incident_nb.desk import Desk, on_record
    from incident_nb.n8n.workflows import look

    if sum((bool(workflows), credential is not None, every)) > 1:
        raise UsageError("Choose one of --workflow, --credential and --all.")
    settings = settings_of(config)
    desk = on_record(settings)
    one = desk.records.get(Desk.number_of(incident))
    with target.server_of(one, settings, server) as n8n:
        there, drafts = look(n8n)
        plan = do.plan(
            target.as_they_run(n8n, there),
            do.Choice(workflows=tuple(workflows or ()), credential=credential, every=every),
            one, n8n.name, drafts=drafts, client_of=settings.client_of, going_on=target.going_on(n8n),
        )  # fmt: skip
        if json_to is None:
            _show_stops(plan, one.id)
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
    from incident_nb.actions import restore as do
    from incident_nb.actions import target
    from incident_nb.desk import Desk, on_record
    from incident_nb.n8n.workflows import look

    settings = settings_of(config)
    desk = on_record(settings)
    one = desk.records.get(Desk.number_of(incident))
    with target.server_of(one, settings, server) as n8n:
        there, drafts = look(n8n)
        plan = do.plan(there, one, n8n.name, drafts=drafts, workflows=workflows or (), changed=changed)
        if json_to is None:
            _show_returns(plan, one.id)
        steps = _done(do.restore(n8n, plan, desk)) if yes else []
    end_plan(plan, steps, yes=yes, json_to=json_to, nothing="There was nothing to put back.")


def _show_stops(plan: stopping.Plan, name: str) -> None:
    lines = [("#", f"To stop for {name} on n8n “{plan.instance}”: {plan.scope}")]
    for row in plan.of("stop")[:MOST_SHOWN]:
        whose = f" of {row.client}" if row.client else ""
        started = f"; started by {', '.join(row.starts)}" if row.starts else "; runs only when another one calls it"
        lines.append((row.workflow_id, f"{row.workflow}{whose}{started}"))
        if row.callers:
            lines.append(("", f"called by {', '.join(row.callers)}: {_of_callers(plan.drafts)}"))
        if row.going_on:
            lines.append(("", f"going on now, and not ended by this: execution {', '.join(row.going_on)}"))
    if len(plan.of("stop")) > MOST_SHOWN:
        lines.append(("", f"and {len(plan.of('stop')) - MOST_SHOWN:,} more: --json has all"))
    lines += [(row.workflow_id, f"{row.workflow}: stopped for {name} already") for row in plan.of("stopped")]
    for row in plan.of("off"):
        more = f"; called by {', '.join(row.callers)}, which n8n 1.x lets run it all the same" if row.callers else ""
        lines.append((row.workflow_id, f"{row.workflow}: is not active{more}"))
    if plan.others:
        lines.append(
            ("", f"The same credential is used by {', '.join(plan.others[:20])}: --credential stops those, too.")
        )
    show_rows([(clean(label), clean(text)) for label, text in lines])


def _of_callers(drafts: bool) -> str:
    return "their runs will fail at that node" if drafts else "n8n 1.x lets them run it all the same"


def _show_returns(plan: restoring.Plan, name: str) -> None:
    lines = [("#", f"To put back for {name} on n8n “{plan.instance}”")]
    for row in plan.rows:
        how = row.why or (f"in version {row.version}" if plan.drafts else "as it is saved")
        lines.append((row.workflow_id, f"{row.workflow}: {how}"))
    show_rows([(clean(label), clean(text)) for label, text in lines])


def _done(steps: Iterable[Step]) -> list[Step]:
    done = []
    for step in steps:
        done.append(step)
        say_step(step)
    return done
