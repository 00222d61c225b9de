"""`incident-nb serve`: the receiver of alerts."""

from __future__ import annotations

import gc
import signal
import sys
from typing import Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, settings_of, words
from incident_nb.errors import IncidentNbError, UsageError

HEADER_BYTES = 32_768


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at.", min=0, max=65_535)] = 8787,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only take alerts in; `incident-nb worker` does the rest elsewhere.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Take alerts in: n8n, Slack, Alertmanager, plain JSON. Each is stored, in one incident, before it is answered.

    A worker beside it investigates each incident and tells Slack; it ends with this command.

    Without INCIDENT_NB_ALERT_TOKEN or INCIDENT_NB_ALERT_SIGNING_SECRET it listens on this machine only.
    """
    import uvicorn

    from incident_nb.http import is_loopback
    from incident_nb.incidents import records_of
    from incident_nb.jobs.owing import Owing
    from incident_nb.serve import Access, Beside, app_of, rehearse

    settings, access = settings_of(config), Access.from_environment()
    if access.is_open and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others, and nothing says who may send: set "
            "INCIDENT_NB_ALERT_TOKEN, or listen at 127.0.0.1."
        )
    records = records_of(settings)
    owing = Owing(records, settings)
    try:
        rehearse(settings)
    except IncidentNbError as error:
        words.print(f"The first alert will take a second longer: {error}", markup=False, soft_wrap=True)
    gc.freeze()  # what is there now stays: to look it through for garbage again and again would hold up alerts
    words.print(f"Alerts go to {records.place}; listening at http://{host}:{port}", markup=False, soft_wrap=True)
    beside = None
    if settings.path is None:
        words.print(
            "There is no workspace here: alerts are taken in, and a worker elsewhere does the rest.", markup=False
        )
    elif not no_worker:
        beside = Beside(settings.path)
        beside.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn ends, then raises again what ended it
    try:
        uvicorn.run(
            app_of(settings, records, access, owe=owing.want), host=host, port=port, log_level="warning", access_log=False,
            server_header=False, h11_max_incomplete_event_size=HEADER_BYTES, timeout_keep_alive=30, proxy_headers=False,
        )  # fmt: skip
    finally:
        if beside is not None:
            beside.stop()
        owing.close()
