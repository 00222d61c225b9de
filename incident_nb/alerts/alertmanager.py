"""What Prometheus' Alertmanager posts to a webhook (version 4), and Grafana in the same shape: several alerts at once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from incident_nb.alerts.alert import Alert, alert, instant
from incident_nb.alerts.body import BodyError, Json, document, part

ALERTS = 1_000  # in one body; Alertmanager's `max_alerts` is without a limit unless set
LABELS = 200  # of one alert, and as many annotations
LONGEST = 20_000  # characters of one of them

VERSIONS = ("4", "1")  # Alertmanager's; Grafana calls the same shape 1
STATES = {"firing": False, "resolved": True}

# Which labels, else annotations, say what an alert is about; the first that is there counts.
ABOUT = {
    "instance": ("n8n_instance", "n8n"),
    "client": ("client",),
    "workflow_id": ("workflow_id",),
    "workflow": ("workflow", "workflow_name"),
    "execution_id": ("execution_id",),
    "execution_url": ("execution_url",),
}
ERROR = {
    "message": ("summary", "message", "title", "description"),
    "description": ("description",),
    "error_name": ("alertname",),
    "node": ("node_name",),
    "http_code": ("http_code", "status_code"),
}


def read(body: bytes, *, received: datetime, instance: str = "default", delivery_id: str | None = None) -> list[Alert]:
    """The alerts of one notification, in order, those that are over included (`resolved`).

    Each has its Alertmanager fingerprint as `problem`, the same from firing to resolved. `instance` counts where no label
    names an n8n server. Raises BodyError for what is no notification.
    """
    sent = document(body)
    version = part(sent, "version", str)
    if version not in VERSIONS:
        raise BodyError("“version” is not 4: this is no Alertmanager notification, or one of another version.")
    found = part(sent, "alerts", list, longest=ALERTS)
    if not found:
        raise BodyError("“alerts” is missing or empty.")
    left_out = part(sent, "truncatedAlerts", int) or 0
    note = f"Alertmanager left out {left_out} more alerts of this group." if left_out > 0 else ""
    return [_alert(entry, note, received, instance, delivery_id) for entry in found]


def _alert(entry: object, note: str, received: datetime, instance: str, delivery_id: str | None) -> Alert:
    if not isinstance(entry, dict):
        raise BodyError("“alerts” holds something that is no object.")
    status = part(entry, "status", str)
    if status not in STATES:
        raise BodyError("“status” of an alert is neither firing nor resolved.")
    labels, annotations = _texts(entry, "labels"), _texts(entry, "annotations")
    if not labels:
        raise BodyError("“labels” of an alert is missing or empty.")
    said = {**annotations, **labels}
    about = {name: _first(said, keys) for name, keys in ABOUT.items()}
    error = {name: _first(said, keys) for name, keys in ERROR.items()}
    if error["description"] == error["message"]:
        error["description"] = None
    resolved = STATES[status]
    return alert(
        "alertmanager",
        {**about, "instance": about["instance"] or instance, "problem": _problem(entry, labels)},
        {**error, "message": error["message"] or error["error_name"], "host": _host(labels.get("instance"))},
        details={**labels, **annotations, "generator": part(entry, "generatorURL", str, longest=LONGEST), "note": note},
        at=_time(entry, "endsAt") if resolved else _time(entry, "startsAt"),
        received=received,
        resolved=resolved,
        delivery_id=delivery_id,
    )


def _problem(entry: Json, labels: dict[str, str]) -> str:
    """Alertmanager's own fingerprint, which is one of the labels; where an older version sends none, one like it."""
    known: str | None = part(entry, "fingerprint", str, longest=200)
    if known:
        return known
    return hashlib.sha256(repr(sorted(labels.items())).encode("utf-8", "replace")).hexdigest()[:16]


def _texts(entry: Json, name: str) -> dict[str, str]:
    found = part(entry, name, dict, longest=LABELS) or {}
    if not all(isinstance(value, str) for value in found.values()):
        raise BodyError(f"“{name}” holds a value that is no text.")
    if any(len(value) > LONGEST or len(key) > LONGEST for key, value in found.items()):
        raise BodyError(f"“{name}” holds a text of more than {LONGEST:,} characters.")
    return found


def _first(said: dict[str, str], keys: tuple[str, ...]) -> str | None:
    return next((said[key] for key in keys if said.get(key)), None)


def _time(entry: Json, name: str) -> datetime | None:
    """A time as Go writes it; its zero, in the year 1, is none."""
    return instant(part(entry, name, str, longest=100))


def _host(target: str | None) -> str | None:
    """The host of a Prometheus target, which is an address or a host with a port."""
    try:
        return urlsplit(target if "://" in (target or "") else f"//{target}").hostname if target else None
    except ValueError:
        return None
