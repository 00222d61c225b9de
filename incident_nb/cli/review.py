"""`incident-nb review`: how a client's incidents went over a period, for the house and as a copy for the client."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from incident_nb.cli import app
from incident_nb.cli.common import (
    ConfigOption,
    InstanceOption,
    JsonOption,
    SourcesArgument,
    cleaned,
    default_now,
    instant,
    progress,
    put_json,
    reading,
    settings_of,
    words,
)
from incident_nb.errors import UsageError

if TYPE_CHECKING:
    from incident_nb.record import Incident
    from incident_nb.review.kept import History, Material
    from incident_nb.review.period import Period
    from incident_nb.settings import Settings


@app.command()
def review(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="The client's code.", show_default=False)],
    source: SourcesArgument = None,
    period: Annotated[
        str, typer.Option("--period", help="The last week, month or quarter that is over, in the client's time zone.")
    ] = "week",
    since: Annotated[
        str | None, typer.Option("--since", metavar="ISO", help="Instead: from then on, as 2026-11-01.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="ISO", help="Up to then; without --since, the last PERIOD that was over then."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where it goes; else into the workspace's `reviews`.")
    ] = None,
    json_to: JsonOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server; read its archive.")] = False,
    instance: InstanceOption = "default",
    config: ConfigOption = None,
) -> None:
    """Make a client's review: incidents, deadlines, times, runs, what came again; and a copy for the client.

    Incidents come from the workspace, runs from SOURCE, or from the configured n8n servers. With `sample`, both are made up.

    With --json and without --out no page is made.
    """
    from incident_nb.review.gather import folder_of, is_sample
    from incident_nb.review.kept import SAMPLE_SETTINGS
    from incident_nb.review.paper import check_folder, write_review

    given = source or []
    settings = settings_of(config)
    known = SAMPLE_SETTINGS if is_sample(given) else settings
    now = default_now(given)
    chosen = _period(client, known, period, since, until, now)
    target = out or (None if json_to is not None else folder_of(settings, client, chosen))
    if target is not None:
        check_folder(target)
    material = _material(client, given, known, chosen, now, offline=offline, instance=instance)
    found, failed = material.review(), False
    if target is not None:
        with progress() as shown:
            task = shown.add_task("running the notebook", total=None)
            found, run = write_review(
                material, target, on_cell=lambda done, total, _: shown.update(task, completed=done, total=total)
            )
        failed = run.outcome != "done"
        if failed:
            words.print(
                f"The notebook stopped before its end: {run.error}. The review says so at its top.",
                style="yellow",
                markup=False,
            )
        count = len(found.lines)
        told = f"{count} incident{'s' * (count != 1)}" if count else "No incidents"
        back = f", and {len(found.relapses)} of before that came back" if found.relapses else ""
        words.print(f"{told} in {chosen.name} ({chosen.zone}){back}", markup=False, soft_wrap=True)
        words.print(f"review: {target / 'review.html'}", markup=False, soft_wrap=True)
    if json_to is not None:
        put_json(cleaned(found.as_json()), json_to)
    if failed:
        raise typer.Exit(1)


def _period(client: str, settings: Settings, kind: str, since: str | None, until: str | None, now: datetime) -> Period:
    from incident_nb.review.gather import zone_of
    from incident_nb.review.period import KINDS, chosen_period, last_period

    if kind not in KINDS:
        raise UsageError(f"--period {kind!r} is none of {', '.join(KINDS)}. For other days give --since and --until.")
    zone = zone_of(settings, client)
    end = instant(until, "--until", ZoneInfo(zone)) or now
    begin = instant(since, "--since", ZoneInfo(zone))
    if end > now:
        raise UsageError(f"--until {until!r} lies ahead. Leave it out for what is known up to now.")
    if begin is not None:
        return chosen_period(begin, end, zone)
    return last_period(kind, end, zone, settings.review)


def _material(
    client: str, source: list[str], settings: Settings, period: Period, now: datetime, *, offline: bool, instance: str
) -> Material:
    from incident_nb.incidents import records_of
    from incident_nb.review.gather import gather, is_sample, read_runs
    from incident_nb.review.kept import sample_events, sample_incidents

    def made(known: list[Incident], events: History) -> Material:
        with reading() as on_progress:
            runs = read_runs(settings, now, source, offline=offline, instance=instance, on_progress=on_progress)
        return gather(known, settings, client, period, now, runs, events)

    if is_sample(source):
        return made(sample_incidents(), sample_events)
    with closing(records_of(settings)) as records:
        return made(records.incidents(), records.events)
