"""The command line. Data goes to stdout, words to stderr; exit codes: 0 done, 1 failed, 2 bad usage or input, 3 done
but some checks could not look (`--strict` only). One file a group of commands.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from incident_nb.errors import IncidentNbError
from incident_nb.escape import printable

app = typer.Typer(
    name="incident-nb",
    help="From an n8n failure to a diagnosed, readable incident report.\n\n"
    "Begin with `incident-nb demo`, then `incident-nb investigate YOUR-EXPORT --out DIR`.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 some checks could not look (--strict only).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code. No error of the user's shows a traceback."""
    from incident_nb.cli import (  # noqa: F401 - they register
        classify,
        contain,
        doctor,
        documents,
        error_workflow,
        fetch,
        incidents,
        investigate,
        jobs,
        patterns,
        problems,
        recover,
        redact,
        report,
        review,
        serve,
        steps,
        tell,
        verify,
        worker,
        workspace,
    )

    # Nothing here checks addresses by jsonschema, which would build a grammar for them whenever a notebook is read.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    words = Console(stderr=True)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # data is UTF-8, whatever the locale
    given = _optional_files(sys.argv[1:] if arguments is None else arguments)
    try:
        app(given, standalone_mode=True)
    except IncidentNbError as error:
        words.print(f"[bold red]error:[/] {escape(printable(str(error)))}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        words.print("Interrupted. What was written so far is complete files only; run the same command again.")
        sys.exit(130)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"incident-nb {metadata.version('incident-nb')}\n")
        raise typer.Exit


@app.callback()
def everything(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Holds what goes with every command."""


def _optional_files(arguments: list[str]) -> list[str]:
    """`--json` without a file means stdout: typer has no options with an optional value, so `-` is put in here."""
    if arguments[:1] == ["redact"]:
        return arguments  # there --json names the input
    given: list[str] = []
    for position, argument in enumerate(arguments):
        given.append(argument)
        following = arguments[position + 1] if position + 1 < len(arguments) else "--"
        if argument == "--json" and following.startswith("-") and following != "-":
            given.append("-")
    return given
