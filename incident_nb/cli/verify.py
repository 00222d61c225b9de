"""`incident-nb verify`: is an incident's fix verified, by the runs since?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import (
    ConfigOption,
    JsonOption,
    clean,
    cleaned,
    progress,
    put_json,
    settings_of,
    show_rows,
    words,
)
from incident_nb.cli.contain import FromOption, ServerOption
from incident_nb.cli.incidents import IncidentArgument
from incident_nb.errors import UnreachableError, UsageError

if TYPE_CHECKING:
    from incident_nb.actions.verify import Watching
    from incident_nb.actions.watching import Picture

pause = time.sleep  # between two looks


@app.command("verify")
def verify(
    incident: IncidentArgument,
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking until it is verified, or fails again.")] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=1, help="Between two looks of --watch.")
    ] = 30,
    checked: Annotated[
        str | None,
        typer.Option("--checked", metavar="NOTE", help="VER-3: you saw the output; what you saw.", show_default=False),
    ] = None,
    send: Annotated[
        Path | None,
        typer.Option("--send", metavar="FILE", help="VER-1: JSON for the workflow's webhook.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Send what --send shows, once.")] = False,
    server: ServerOption = None,
    sources: FromOption = None,
    json_to: JsonOption = None,
    config: ConfigOption = None,
) -> None:
    """Show how far a fix is verified by the runs since, and put on record what they say (VER-1 to VER-5).

    A run counts if it went through the node that failed, and not only by its mark. Exit code 0 where VER-2, VER-4 and, for
    P1, VER-5 are done; 1 where they are not yet, it failed again, or not all is known.
    """
    from incident_nb.actions import told
    from incident_nb.actions.watching import picture, tick_checked, trial_of
    from incident_nb.desk import on_record

    if yes and send is None:
        raise UsageError("--yes sends what --send shows. Name a file with --send.")
    if send is not None and sources:
        raise UsageError("--send needs the server; leave --from away.")
    desk = on_record(settings_of(config))
    number = desk.number_of(incident)
    if checked is not None:
        tick_checked(desk, number, checked)
    if send is not None:
        with trial_of(desk, number, _content(send), server) as (plan, do):
            show_rows([(clean(label), clean(text)) for label, text in told.request(plan)])
            if not yes:
                words.print("Nothing was sent. The same command with --yes sends it, once.")
            elif (sent := do(pause)).execution_id:
                words.print(f"Sent: execution {clean(sent.execution_id)}. VER-1 is ticked.")
            else:
                words.print("Sent; which execution it began can't be told. VER-1 is ticked.")

    def once() -> Picture:
        return picture(desk, number, server=server, sources=sources or ())

    shown = once()
    if watch and not shown.ends(shown.last_bad):
        try:
            shown = _watched(shown, once, every)
        except KeyboardInterrupt:
            words.print("No longer watched. What was seen is on record; the same command goes on.", soft_wrap=True)
    if json_to is None:
        lines = told.watched(shown.seen, shown.rows, shown.estimate) + [("", text) for text in shown.how_to]
        show_rows([(clean(label), clean(text)) for label, text in lines])
    else:
        put_json(cleaned(shown.as_json()), json_to)
    if not shown.verified:
        raise typer.Exit(1)


def _watched(shown: Picture, once: Any, every: float) -> Picture:
    """Looks again and again until there is nothing to wait for; what is new is told as it is seen."""
    known = {one.execution_id for one in shown.seen.runs if one.judged != "going_on"}
    bad = shown.last_bad
    with _bar() as draw:
        draw(shown)
        while not shown.ends(bad):
            pause(every)
            try:
                shown = once()
            except UnreachableError as error:  # it may answer the next time
                words.print(clean(str(error)), style="yellow", markup=False, soft_wrap=True)
                continue
            except UsageError as error:  # somebody else opened it again, or closed it
                words.print(clean(str(error)), style="yellow", markup=False, soft_wrap=True)
                break
            for line in _news(shown.seen, known):
                words.print(clean(line), markup=False, highlight=False, soft_wrap=True)
            draw(shown)
    return shown


def _news(seen: Watching, known: set[str]) -> Iterator[str]:
    from incident_nb.actions.told import JUDGED

    for one in seen.runs:
        if one.judged != "going_on" and one.execution_id not in known:
            known.add(one.execution_id)
            yield f"{one.at:%H:%M} UTC execution {one.execution_id}: {JUDGED[one.judged]}: it {one.text}"
    if seen.reopened:
        yield f"INC-{seen.number} is open again."


@contextmanager
def _bar() -> Iterator[Any]:
    """Draws how many of the good runs are in, where stderr is a terminal."""
    with progress() as bar:
        task = bar.add_task("good runs", total=None)

        def draw(shown: Picture) -> None:
            about = f"{shown.good} of {shown.of} good runs"
            when = f", by about {shown.estimate.at:%H:%M} UTC" if shown.estimate and shown.estimate.at else ""
            bar.update(task, total=shown.of, completed=min(shown.good, shown.of), description=clean(about + when))

        yield draw


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"Could not read {file}: {error.strerror or error}.") from error
