"""`incident-nb serve`: the receiver of alerts."""

from __future__ import annotations

from typing import Annotated

import typer

from incident_nb.cli import app
from incident_nb.cli.common import ConfigOption, settings_of, words
from incident_nb.errors import UsageError

HEADER_BYTES = 32_768


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen at.", min=0, max=65_535)] = 8787,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only take alerts in; there are no jobs yet, so it does so anyway.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Take alerts in: n8n, Slack, Alertmanager, plain JSON. Each is stored, in one incident, before it is answered.

    Without INCIDENT_NB_ALERT_TOKEN or INCIDENT_NB_ALERT_SIGNING_SECRET it listens on this machine only.
    """
    import uvicorn

    from incident_nb.http import is_loopback
    from incident_nb.incidents import records_of
    from incident_nb.serve import Access, app_of

    del no_worker
    settings, access = settings_of(config), Access.from_environment()
    if access.is_open and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached by others, and nothing says who may send: set "
            "INCIDENT_NB_ALERT_TOKEN, or listen at 127.0.0.1."
        )
    records = records_of(settings)
    words.print(f"Alerts go to {records.place}; listening at http://{host}:{port}", markup=False, soft_wrap=True)
    uvicorn.run(
        app_of(settings, records, access), host=host, port=port, log_level="warning", access_log=False, server_header=False,
        h11_max_incomplete_event_size=HEADER_BYTES, timeout_keep_alive=30, proxy_headers=False,
    )  # fmt: skip
