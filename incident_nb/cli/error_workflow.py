"""`incident-nb n8n-error-workflow`: the n8n workflow that passes failures on, printed, or planned and set on a server."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from incident_nb import error_workflow as ew
from incident_nb.cli import app
from incident_nb.cli.common import (
    ConfigOption,
    JsonOption,
    clean,
    cleaned,
    end_plan,
    put_text,
    say_step,
    settings_of,
    show_rows,
)
from incident_nb.error_workflow.build import SEND
from incident_nb.errors import UsageError
from incident_nb.n8n import N8n
from incident_nb.n8n.workflows import Step, look

BUDGET_S = 300.0
MOST_SHOWN = 200  # lines a heading
HEADINGS = {
    "set": "Get it",
    "done": "Have it already",
    "sends": "Send to incident-nb through their own error workflow",
    "kept": "Keep the error workflow they have",
    "by_hand": "Can't be set safely from here",
    "left": "Left as they are",
}
OWN = {
    "make": "would be made, with the credential “{credential}”, and published where n8n wants that (2.x)",
    "ready": "is there ({id})",
    "publish": "is there ({id}), not published: it would be",
    "credential": "is there ({id}), without its credential",
    "by_hand": "is there ({id}), not published and changed since",
}


@app.command("n8n-error-workflow")
def n8n_error_workflow(
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="URL", help="The receiver's address for alerts of n8n.", show_default=False),
    ] = None,
    instance: Annotated[
        str, typer.Option("--instance", metavar="NAME", help="What the receiver is to call this n8n.")
    ] = "default",
    on: Annotated[
        str | None,
        typer.Option("--install", metavar="NAME", help="The server's name in the settings.", show_default=False),
    ] = None,
    workflows: Annotated[
        list[str] | None,
        typer.Option(
            "--workflow", metavar="ID_OR_NAME", help="A workflow to set it for; again for more.", show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Set it for all workflows that have none.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do what the plan says; without it, only the plan is shown.")
    ] = False,
    credential: Annotated[
        str, typer.Option("--credential", metavar="NAME", help="The Header Auth credential in n8n with the token.")
    ] = ew.CREDENTIAL,
    slack_credential: Annotated[
        str | None,
        typer.Option(
            "--slack-credential",
            metavar="NAME",
            help="The Slack API credential in n8n; with --install, Slack is told only if it is given.",
            show_default=False,
        ),
    ] = None,
    slack_channel: Annotated[
        str, typer.Option("--slack-channel", metavar="NAME", help="Where Slack is told when the receiver is down.")
    ] = ew.CHANNEL,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Print the n8n workflow that passes failures on to the receiver; with --install, plan and set it on a server.

    An error workflow that is set already is never replaced, and no draft is published.
    """
    if on is None and (workflows or every or yes or json_to is not None):
        raise UsageError(
            "--workflow, --all, --yes and --json go with --install NAME; without it the workflow is printed."
        )
    if on is not None and bool(workflows) == every:
        raise UsageError("Say which workflows: --workflow ID_OR_NAME (again for more), or --all.")
    if on is not None and instance not in ("default", on):
        raise UsageError("--instance and --install name different servers; --install alone is enough.")
    wanted = ew.Wanted(
        to=ew.address(to, on or instance),
        credential=credential,
        slack_credential=slack_credential or ew.SLACK_CREDENTIAL,
        channel=slack_channel,
        slack=on is None or slack_credential is not None,
    )
    if on is None:
        put_text(json.dumps(ew.workflow(wanted), indent=2, ensure_ascii=False) + "\n", "-")
        return
    _on_server(on, wanted, None if every else workflows, yes=yes, json_to=json_to, config=config)


def _on_server(
    name: str, wanted: ew.Wanted, chosen: list[str] | None, *, yes: bool, json_to: str | None, config: Any
) -> None:
    from incident_nb import live

    settings = settings_of(config)
    (name,) = live.named(f"{live.WORD}:{name}", settings)
    steps: list[Step] = []
    with live.session(settings, BUDGET_S) as session:
        server = N8n(name, settings.n8n[name].url, session)
        there, publishes = look(server)
        plan = ew.plan(there, chosen, wanted, publishes=publishes)
        if json_to is None:
            _show(plan, name)
        if yes:
            for step in ew.install(server, plan):
                steps.append(step)
                say_step(step)
    end_plan(plan, steps, yes=yes, json_to=json_to, nothing="There was nothing to change.")


def _show(plan: ew.Plan, name: str) -> None:
    """The plan to stdout, in two columns, with what a person has to do; then the nodes to add, as JSON."""
    own = OWN[plan.own].format(credential=plan.wanted.credential, id=plan.own_id)
    lines = [("#", f"Plan for n8n “{name}”, sending to {plan.wanted.to}"), ("Error workflow", own)]
    if todo := ew.steps_for_own(plan.own, plan.wanted.credential):
        lines.append(("", todo))
    for state, heading in HEADINGS.items():
        rows = [row for row in plan.rows if row.state == state]
        if not rows:
            continue
        lines.append(("#", f"{heading}: {len(rows):,}"))
        for row in rows[:MOST_SHOWN]:
            lines.append((row.workflow_id, f"{row.name}{f': {row.why}' if row.why else ''}"))
            if state == "by_hand":
                lines.append(("", ew.steps_for(row)))
        if rows[MOST_SHOWN:]:
            lines.append(("", f"and {len(rows) - MOST_SHOWN:,} more: --json has all"))
    show_rows([(clean(label), clean(text)) for label, text in lines])
    for addition in plan.additions:
        how = (
            "Copy the nodes below and paste them into it in n8n's editor, below its other nodes; connect its "
            f"“{addition.trigger}” to “{SEND}” beside what it has, choose the credentials, and save (2.x: publish)."
        )
        show_rows([("#", clean(f"To add to “{addition.name}” ({addition.workflow_id})")), ("", clean(how))])
        put_text(json.dumps(cleaned(addition.nodes), indent=2, ensure_ascii=False) + "\n", "-")
