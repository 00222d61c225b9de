"""`incident-nb classify`: error records in, causes out, one JSON line each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, Annotated

import typer
from pydantic import ValidationError

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, settings_of
from incident_nb.errors import SourceError


@app.command(rich_help_panel="For pipelines")
def classify(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="JSON lines of error records; - is stdin.")] = "-",
    config: ConfigOption = None,
) -> None:
    """Name the cause of each error record: JSON lines in, JSON lines out, same order.

    Fields: message and, as far as known, id, description, http_code, error_name, node, node_type, stack, host, url.
    """
    from incident_nb.causes import classify as judge
    from incident_nb.models import ErrorRecord

    own_hosts = settings_of(config).own_hosts
    with opened(file) as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = ErrorRecord.model_validate(json.loads(line))
            except ValidationError as error:
                raise SourceError(
                    f"Line {number} of {file} is JSON, but no object with the fields of an error."
                ) from error
            except (ValueError, RecursionError) as error:
                raise SourceError(
                    f"Line {number} of {file} is no JSON: {error}. Expected one error record a line."
                ) from error
            sys.stdout.write(json.dumps(judge(record, own_hosts).model_dump(mode="json"), ensure_ascii=False) + "\n")


def opened(file: str) -> IO[str]:
    """A text file to read, or stdin for `-`. Raises SourceError where it can't be opened."""
    if file == "-":
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
        return sys.stdin
    try:
        return Path(file).open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"Could not read {file}: {error.strerror}. Check the path and its permissions.") from error
