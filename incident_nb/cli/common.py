"""What the commands share: options, settings, progress, and writing JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from incident_nb import redact
from incident_nb.errors import OutputError, UsageError
from incident_nb.escape import printable
from incident_nb.files import write_atomic
from incident_nb.models import Frozen, Probed
from incident_nb.redact import sealed
from incident_nb.settings import Settings, load

if TYPE_CHECKING:
    from incident_nb.n8n.workflows import Step

words = Console(stderr=True)
WIDEST = 100  # columns that a line of words is easily read in

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings file; else the nearest incident-nb.toml upwards."),
]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="[FILE]", help="Write JSON to FILE; without FILE, or with -, to stdout.")
]
_SOURCE = typer.Argument(
    metavar="SOURCE",
    help="n8n exports: files, folders or globs (API pages, JSON lines, SQLite, export:entities; also .gz, .zst). "
    "Or `sample`, the built-in export; `n8n` or `n8n:NAME`, the configured servers; `postgresql://USER@HOST/NAME`, n8n's "
    "database. `NAME=SOURCE` says which server one is of.",
    show_default=False,
)
SourceArgument = Annotated[list[str], _SOURCE]
SourcesArgument = Annotated[list[str] | None, _SOURCE]
InstanceOption = Annotated[
    str, typer.Option("--instance", metavar="NAME", help="What to call the n8n server that the exports come from.")
]
ClientOption = Annotated[str | None, typer.Option("--client", metavar="CODE", help="Only this client's workflows.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 3 when some checks could not look.")]


def settings_of(config: Path | None) -> Settings:
    """The settings in force for a command; from here on masks are made with the workspace's key, if there is one."""
    settings = load(config)
    if settings.path:
        redact.use_workspace(settings.path.parent, personal=settings.redaction.personal)
    if not redact.redaction_key().lasting:
        words.print(
            "No lasting redaction key could be kept, so masks of this run can't be compared with those of another. "
            "Set INCIDENT_NB_REDACTION_KEY.",
            style="yellow",
        )
    return settings


def instant(text: str | None, name: str, zone: tzinfo = UTC) -> datetime | None:
    """An option's ISO 8601 time as UTC, taken as one of `zone` when it names none. Raises UsageError for anything else."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{name} {text!r} is no ISO 8601 time. Write it like 2026-11-14T08:30:00Z.") from error
    if not 1970 <= at.year <= 2200:
        raise UsageError(f"{name} {text!r} is not a year that executions have. Write it like 2026-11-14T08:30:00Z.")
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def default_now(source: list[str]) -> datetime:
    """The instant to see a source from when none is given: the present, for the sample its own."""
    from incident_nb.case import SAMPLE, SAMPLE_NOW

    return SAMPLE_NOW if source == [SAMPLE] else datetime.now(UTC)


def put_json(value: Any, target: str) -> None:
    """`value` as JSON to a file, or to stdout for `-`."""
    put_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", target)


def put_text(text: str, target: str) -> None:
    """`text` to a file, or to stdout for `-`."""
    text = sealed("stdout" if target == "-" else target, text)
    if target == "-":
        sys.stdout.write(text)
        return
    path = Path(target)
    if not path.parent.is_dir():
        raise OutputError(f"could not write {target}: the folder {path.parent} does not exist; make it first")
    write_atomic(path, text)


def show_rows(lines: list[tuple[str, str]]) -> None:
    """Labels and texts to a terminal as two columns, as `display.glance` gives them; a long text goes on below itself."""
    shown = Console(highlight=False)
    shown.width = min(shown.width, WIDEST)
    for heading, block in groupby(lines, key=lambda line: line[0] == "#"):
        if heading:
            for _, text in block:
                shown.print(Text(text, style="bold"))
            continue
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for label, text in block:
            table.add_row(Text(label), Text(text))
        shown.print(table)


def put_rows(lines: list[tuple[str, str]]) -> None:
    """The same to a terminal; elsewhere each as one line, a heading after an empty one."""
    if sys.stdout.isatty():
        show_rows(lines)
        return
    plain = (f"\n{text}\n" if label == "#" else f"{label}: {text}\n" if label else f"{text}\n" for label, text in lines)
    put_text("".join(plain).lstrip(), "-")


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress display on stderr that leaves nothing behind; silent where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=words, transient=True, disable=not words.is_terminal) as shown:
        yield shown


@contextmanager
def reading() -> Iterator[Any]:
    """Progress for `readers.read`: what it takes as `on_progress`."""
    with progress() as shown:
        task = shown.add_task("reading", total=None)

        def on_progress(done: int, total: int, name: str) -> None:
            shown.update(task, completed=done, total=total or None, description=f"reading {name}"[:60])

        yield on_progress


@contextmanager
def asking() -> Iterator[Any]:
    """Progress for `run_checks`: what it takes as `on_answer`."""
    with progress() as shown:
        task = shown.add_task("asking live systems", total=None)

        def on_answer(done: int, total: int, answer: Probed) -> None:
            told = f"{answer.check} {str(answer.outcome).replace('_', ' ')}"
            shown.update(task, completed=done, total=total, description=f"asking live systems: {told}")

        yield on_answer


def clean(text: str) -> str:
    """A text that names what n8n holds, without secrets and fit for a terminal."""
    return printable(redact.redact_text(text))


def cleaned(value: Any) -> Any:
    """The same tree with its texts cleaned, keys included: some are names."""
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    return clean(value) if isinstance(value, str) else value


def say_step(step: Step) -> None:
    """One step of a plan to stderr, as it was done."""
    label = f"{step.name} ({step.workflow_id})" if step.workflow_id else step.name
    style = None if step.outcome == "done" else "yellow"
    words.print(clean(f"{label}: {step.told}"), style=style, markup=False, highlight=False, soft_wrap=True)


def end_plan(plan: Frozen, steps: list[Step], *, yes: bool, json_to: str | None, nothing: str) -> None:
    """The end of a command that shows a plan and, with `yes`, does it; `nothing` is said where there was nothing to do.

    Raises typer.Exit(1) where something was not done.
    """
    if json_to is not None:
        done = [step.model_dump(mode="json") for step in steps] if yes else None
        put_json(cleaned({"plan": plan.model_dump(mode="json"), "steps": done}), json_to)
    if not yes:
        words.print("Nothing was changed. The same command with --yes does what the plan says.", soft_wrap=True)
    elif not steps:
        words.print(nothing)
    if any(step.outcome != "done" for step in steps):
        raise typer.Exit(1)
