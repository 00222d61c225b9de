"""`incident-nb redact`: text or JSON in, the same without its secrets out."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from incident_nb.cli import app
from incident_nb.cli.classify import opened
from incident_nb.cli.common import ConfigOption, settings_of, words
from incident_nb.errors import UsageError


@app.command(rich_help_panel="For pipelines")
def redact(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="What to redact; - is stdin.")] = "-",
    jsonl: Annotated[bool, typer.Option("--jsonl", help="The input is one JSON value a line.")] = False,
    json_in: Annotated[bool, typer.Option("--json", help="The input is one JSON document.")] = False,
    config: ConfigOption = None,
) -> None:
    """Mask secrets and personal data, line by line in text, by key in JSON. Equal secrets get equal masks."""
    from incident_nb.redact.stream import Unread, redact_lines

    if jsonl and json_in:
        raise UsageError("Give either --jsonl or --json, not both.")
    mode: Literal["text", "jsonl", "json"] = "jsonl" if jsonl else "json" if json_in else "text"
    settings_of(config)
    unread = Unread()
    with opened(file) as lines:
        for line in redact_lines(lines, mode, unread):
            sys.stdout.write(line if line.endswith("\n") else line + "\n")
    if unread.count:
        words.print(f"{unread.count} of the input's values were no JSON and were redacted as text.", style="yellow")
