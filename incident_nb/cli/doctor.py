"""`incident-nb doctor`: whether settings, keys, servers and archive are as they should be, and how to mend what is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain
from typing import Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, JsonOption, progress, put_json, settings_of, show_rows

MARKS = {"ok": "ok", "warning": "look", "failed": "FAILED"}


@app.command()
def doctor(
    json_to: JsonOption = None,
    config: ConfigOption = None,
    vendors: Annotated[bool, typer.Option("--vendors", help="Also ask every vendor's status page.")] = False,
) -> None:
    """Check settings, keys, servers and the archive; say how to mend what is not as it should be.

    Exit code 1 if something will not work.
    """
    from incident_nb.doctor import Check, examine
    from incident_nb.probes.vendor_check import VendorCheck, check_vendors

    settings = settings_of(config)
    checks: Iterable[Check | VendorCheck] = chain(
        examine(settings, datetime.now(UTC)), check_vendors() if vendors else ()
    )
    found: list[Check | VendorCheck] = []
    with progress() as shown:
        task = shown.add_task("looking", total=None)
        for check in checks:
            found.append(check)
            shown.update(task, description=f"looked at {check.what}"[:60])
    if json_to is not None:
        put_json([check._asdict() for check in found], json_to)
    else:
        lines: list[tuple[str, str]] = []
        for check in found:
            lines.append((MARKS[check.state], f"{check.what}: {check.told}"))
            if check.mend:
                lines.append(("", check.mend))
        show_rows(lines)
    if any(check.state == "failed" for check in found):
        raise typer.Exit(1)
