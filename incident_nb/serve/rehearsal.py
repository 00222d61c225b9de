"""What the first alert would have to wait for, made before there is one: rules, tables, patterns, prepared statements."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from incident_nb.alerts import n8n_trigger
from incident_nb.desk.arrivals import Arrival, Arrivals
from incident_nb.files import scratch
from incident_nb.incidents import Records
from incident_nb.settings import Settings

_NOW = datetime(2026, 1, 5, tzinfo=UTC)


def rehearse(settings: Settings) -> None:
    """Takes alerts through all that alerts go through, into records that are thrown away; three quarters of a second.

    Two fail for one reason, so that they are related, too. Raises OutputError where there is no place for a folder,
    UnreachableError where it can't be written.
    """
    with scratch() as folder:
        records = Records(folder / "record.db")
        arrivals = Arrivals(records, settings)
        for name in ("One", "Two", "Two"):
            body = _failed(name)
            arrivals.take([Arrival(n8n_trigger.read(body, received=_NOW), "n8n", body, "", _NOW)])
        records.close()


def _failed(workflow: str) -> bytes:
    node = {"name": "Send", "type": "n8n-nodes-base.slack", "credentials": {"slackApi": {"id": "1", "name": "A key"}}}
    error = {"message": "503 - the service is unavailable", "name": "NodeApiError", "httpCode": "503", "node": node}
    run = {"id": "1", "error": error, "lastNodeExecuted": "Send", "mode": "trigger", "url": "https://n8n.invalid/1"}
    return json.dumps({"execution": run, "workflow": {"id": workflow, "name": workflow}}).encode()
