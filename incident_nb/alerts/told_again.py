"""Alerts as they were kept, read once more: as a log of executions where nothing else is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import pandas as pd

from incident_nb.alerts import alertmanager, generic, n8n_trigger, slack
from incident_nb.alerts.alert import Alert, failures_of
from incident_nb.alerts.body import BodyError
from incident_nb.executions import EXECUTION_COLUMNS, FAILURE_COLUMNS, ExecutionLog
from incident_nb.models import NO_EXECUTION
from incident_nb.readers.collect import ClientOf

SOURCE = "alerts"

READERS: dict[str, Callable[..., list[Alert]]] = {
    "n8n": n8n_trigger.read, "generic": generic.read, "alertmanager": alertmanager.read,
}  # fmt: skip
"""By dialect, what reads a body that was let in."""


class Kept(Protocol):
    """An alert as it came (`incidents.deliveries.Kept`)."""

    @property
    def dialect(self) -> str:
        """How it came."""

    @property
    def received(self) -> datetime:
        """When, in UTC."""

    @property
    def body(self) -> bytes:
        """What."""


def read_again(kept: Iterable[Kept], instance: str | None = None) -> list[Alert]:
    """The alerts in bodies that were kept, those of n8n as being of `instance`; what can't be read any more is left out."""
    found: list[Alert] = []
    for one in kept:
        try:
            found += _alerts(one, instance or "default")
        except BodyError:  # a newer version may be stricter than the one that took it
            continue
    return found


def log_of(alerts: Sequence[Alert], client_of: ClientOf = lambda _: None) -> ExecutionLog:
    """The alerts as a log: an execution each, with its failures."""
    named = [
        one if one.execution_id else one.model_copy(update={"execution_id": f"{NO_EXECUTION}{nth}"})
        for nth, one in enumerate(alerts, 1)
    ]
    failures = failures_of(named, client_of).astype({"execution_id": "str"}).astype(FAILURE_COLUMNS)
    told = failures.drop_duplicates(["instance", "execution_id"])
    modes = {one.execution_id: one.mode for one in named}
    retries = {one.execution_id: one.retry_of for one in named}
    about = {
        name: told[name].astype("object") for name in ("instance", "execution_id", "workflow_id", "workflow", "client")
    }
    at = told["at"]
    rows = pd.DataFrame(
        {
            **{name: None for name in EXECUTION_COLUMNS}, **about, "status": "error", "started_at": at, "stopped_at": at,
            "at": at, "duration_s": float("nan"), "data": "error_only", "source": SOURCE,
            "mode": told["execution_id"].map(modes), "retry_of": told["execution_id"].map(retries),
            "last_node": told["node"].astype("object"),
        },
        index=told.index, columns=list(EXECUTION_COLUMNS),
    )  # fmt: skip
    executions = rows.sort_values("at", kind="stable", ignore_index=True).astype(EXECUTION_COLUMNS)
    return ExecutionLog(executions, failures)


def _alerts(one: Kept, instance: str) -> list[Alert]:
    if one.dialect == "n8n":
        return n8n_trigger.read(one.body, received=one.received, instance=instance)
    if one.dialect == "slack":
        if one.body.lstrip().startswith(b"{"):
            return list(slack.read(one.body, received=one.received).alerts)
        command = slack.read_command(one.body, received=one.received)
        return [command.alert] if command.alert else []
    return READERS[one.dialect](one.body, received=one.received) if one.dialect in READERS else []
