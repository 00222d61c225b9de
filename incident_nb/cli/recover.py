"""`incident-nb impact` and `recover`: what a problem did, and its failed executions retried; planned first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import (
    ConfigOption,
    JsonOption,
    clean,
    cleaned,
    end_plan,
    progress,
    put_json,
    say_step,
    settings_of,
    show_rows,
    words,
)
from incident_nb.cli.contain import FromOption, ServerOption, YesOption
from incident_nb.cli.incidents import IncidentArgument

WorkflowsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--workflow",
        metavar="ID_OR_NAME",
        help="Also this one's failed executions; again for more.",
        show_default=False,
    ),
]


@app.command("impact")
def impact(
    incident: IncidentArgument,
    workflows: WorkflowsOption = None,
    server: ServerOption = None,
    sources: FromOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Count what a problem did since it began, and put it on record: failed runs, what was in them, what was written.

    It reads n8n, or exports, and changes nothing there.
    """
    from incident_nb.actions import plans, told
    from incident_nb.desk import on_record

    desk = on_record(settings_of(config))
    with _looking() as look:
        found, lacks = plans.counted(
            desk, desk.number_of(incident), workflows or (), server=server, sources=sources or (), on_progress=look
        )
    if json_to is not None:
        put_json(cleaned(found.model_dump(mode="json")), json_to)
        return
    show_rows([(clean(label), clean(text)) for label, text in told.harm(found)])
    if lacks:
        words.print(clean(lacks), style="yellow", markup=False, soft_wrap=True)


@app.command("recover")
def recover(
    incident: IncidentArgument,
    workflows: WorkflowsOption = None,
    executions: Annotated[
        list[str] | None,
        typer.Option(
            "--execution", metavar="ID", help="This one although its verdict asks a person; again for more.",
            show_default=False,
        ),
    ] = None,
    keyed: Annotated[bool, typer.Option("--keyed", help="Also those whose writes bear a key made from the data.")] = False,
    per_minute: Annotated[float, typer.Option("--per-minute", min=0.1, max=600, help="So many retries at most.")] = 30,
    server: ServerOption = None,
    yes: YesOption = False,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Show which failed executions would be retried, each with its verdict; with --yes, retry those that are safe.

    None is retried twice: the same command goes on where it was cut off. Exit code 1 where one was not retried, or failed
    again.
    """
    from incident_nb.actions import plans, told
    from incident_nb.actions import recover as do
    from incident_nb.actions.replays import Choice
    from incident_nb.desk import on_record

    desk = on_record(settings_of(config))
    number, choice = desk.number_of(incident), Choice(executions=tuple(executions or ()), keyed=keyed)
    steps = []
    with (
        _looking() as look,
        plans.replaying(desk, number, choice, workflows or (), server=server, on_progress=look) as (n8n, plan),
    ):
        if json_to is None:
            show_rows([(clean(label), clean(text)) for label, text in told.replayed(plan)])
        if yes:
            for step in do.recover(n8n, plan, desk, choice, do.Pace(per_minute)):
                steps.append(step)
                say_step(step)
                look(sum(one.execution_id is not None for one in steps), len(plan.of("retry")))
    end_plan(plan, steps, yes=yes, json_to=json_to, nothing="There was nothing to retry.")


@contextmanager
def _looking() -> Iterator[Any]:
    with progress() as shown:
        task = shown.add_task("looking at executions", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)
