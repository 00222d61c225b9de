"""`incident-nb worker`: does what alerts made owed, and looks after what nobody asks for."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import Annotated, Any

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, settings_of, words


@app.command()
def worker(
    name: Annotated[
        str | None,
        typer.Option("--name", help="What this machine is called, where its host name changes (containers)."),
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input does: `serve` starts it so.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Investigate what alerts have opened: notebook, report, Slack. `serve` starts one; more share the work.

    It also watches clocks, silent failures, quiet workflows and third parties.
    """
    from incident_nb.incidents import records_of
    from incident_nb.jobs.worker import work

    settings = settings_of(config)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    for loud in ("httpx", "httpcore", "papermill", "traitlets", "matplotlib"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    ended = threading.Event()

    def end(*_: Any) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if with_parent:
        os.nice(19)  # whoever sends alerts waits for the receiver; nobody waits for a report of some seconds
        threading.Thread(target=_until_closed, args=(ended,), daemon=True).start()
    records = records_of(settings)
    words.print(f"Doing what is owed in {records.place}; end with Ctrl+C", markup=False, soft_wrap=True)
    work(records, settings, ended, host=name)
    records.close()
    os._exit(0)  # a job that goes on is taken up again; its notebook ends with this process


def _until_closed(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()
