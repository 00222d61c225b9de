"""An alert as every dialect gives it: what failed, where, when and in which words, all of it through the gate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import pandas as pd

from incident_nb.alerts.body import Json
from incident_nb.escape import printable
from incident_nb.executions import FAILURE_COLUMNS
from incident_nb.models import ErrorRecord, Frozen
from incident_nb.readers import limits
from incident_nb.readers.collect import ClientOf
from incident_nb.readers.rows import WorkflowRow
from incident_nb.readers.tables import KEPT_TEXT
from incident_nb.record import Source
from incident_nb.redact import redact_text, redact_tree

Dialect = Literal["n8n", "slack", "alertmanager", "generic"]
Fingerprints = Callable[[Mapping[str, str | None]], str]

TITLE = 140
GATED = 16_000  # characters of one text that the gate is given, since a sender waits; KEPT_TEXT of them are kept
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # nothing that sends alerts is older
_LINES = {"workflow": "Workflow", "node": "Node", "message": "Error", "description": "Description",
          "http_code": "Status", "execution_url": "Execution"}  # fmt: skip
_NAMES = {"instance", "client", "workflow_id", "workflow", "node", "node_type", "execution_id", "retry_of", "mode", "problem",
          "error_name", "http_code", "host", "credential_type", "credential_id", "credential", "place"}  # fmt: skip


class Called(Frozen):
    """The failure of a sub-workflow, which its caller's alert passes on: the place where it really began."""

    execution_id: str | None = None
    workflow_id: str | None = None
    error: ErrorRecord


class Alert(Frozen):
    """One alert. Every text has passed the gate and has a bounded length; `at` is UTC, never later than its receipt.

    `dialect` is how it came, `instance` the n8n server that it speaks of, `client` only where the sender names one.
    `place` is as in the execution log's failures. `error` is what a classifier takes; an alert that is only a text has one
    with a message, or an empty one. `called`: where it began, if that is in a sub-workflow. `problem` is the sender's own
    name for the problem, the same each time it speaks of it. `resolved`: the sender says that it is over; `at` is then
    that instant. `text` is all of it for a person to read.
    """

    dialect: Dialect
    instance: str | None = None
    client: str | None = None
    workflow_id: str | None = None
    workflow: str | None = None
    execution_id: str | None = None
    execution_url: str | None = None
    retry_of: str | None = None
    mode: str | None = None
    place: str = "execution"
    error: ErrorRecord = ErrorRecord()
    credential_id: str | None = None
    credential: str | None = None
    called: Called | None = None
    problem: str | None = None
    at: datetime
    resolved: bool = False
    title: str
    text: str = ""
    delivery_id: str | None = None

    @property
    def source(self) -> Source:
        """Where an incident that it opens came from (ACK-1)."""
        return "slack" if self.dialect == "slack" else "monitoring"

    @property
    def node(self) -> str | None:
        """The node that failed."""
        return self.error.node


def alert(
    dialect: Dialect, about: Json, error: Json, *, received: datetime, at: datetime | None = None, called: Json | None = None,
    title: str | None = None, text: str | None = None, details: Json | None = None, resolved: bool = False,
    delivery_id: str | None = None,
) -> Alert:  # fmt: skip
    """The alert made of raw parts, which go through the gate here, together and each under its own name.

    `about` and `error` hold fields of Alert and of its ErrorRecord, `called` the latter with `execution_id` and
    `workflow_id`; `details` are names and values of the sender's, added to the text. Without a time `received` counts.
    """
    clean = gated(
        {"about": about, "error": error, "called": called or {}, "title": title, "text": text, "details": details or {}}
    )
    known, wrong = _named(clean["about"]), _named(clean["error"])
    lines = (
        [clean["text"]]
        if clean["text"]
        else [f"{_LINES[k]}: {v}" for k, v in {**known, **wrong}.items() if k in _LINES]
    )
    lines += [f"{name}: {value}" for name, value in clean["details"].items() if value not in (None, "", {}, [])]
    whole = "\n".join(lines)[:KEPT_TEXT]
    return Alert(
        dialect=dialect, **known, error=_record(wrong), called=_called(_named(clean["called"])),
        at=_not_after(at, received), resolved=resolved, delivery_id=delivery_id, text=whole,
        title=_title(clean["title"], known.get("workflow"), wrong.get("message"), whole),
    )  # fmt: skip


def gated(tree: Any) -> Any:
    """A tree of raw values, each text of it printable, redacted with its key as context, and no longer than is kept."""
    return _each(redact_tree(_each(tree, _short)), lambda text: printable(text)[:KEPT_TEXT])


def instant(value: object) -> datetime | None:
    """A time of the sender's as UTC: ISO 8601, one without a zone being UTC, or milliseconds. None where it is none."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        elif isinstance(value, int | float):
            found = datetime.fromtimestamp(value / 1000, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if found >= EARLIEST else None


def failures_of(alerts: Iterable[Alert], client_of: ClientOf = lambda _: None) -> pd.DataFrame:
    """The alerts' failures as rows of an execution log, in order: classifier, fingerprints and grouping take them.

    After the row of an alert that passes on a sub-workflow's failure stands that of the sub-workflow, if its node is
    known. `client_of` gives a workflow's client where the alert names none.
    """
    return pd.DataFrame([row for one in alerts for row in _rows(one, client_of)], columns=list(FAILURE_COLUMNS)).astype(
        FAILURE_COLUMNS
    )


def fingerprint(alert: Alert, of: Fingerprints, client_of: ClientOf = lambda _: None) -> str:
    """The key under which alerts are the same problem, 12 hex digits; `of` is `patterns.fingerprint_of`.

    It is the one that an investigation of the execution gives, through a sub-workflow the latter's. Where the sender
    has a name for the problem that decides; an alert that knows no workflow's id is told by its own words, among those
    of its dialect.
    """
    if alert.problem:
        parts = (alert.dialect, alert.instance or "", alert.problem)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]
    row = [*_rows(alert, client_of)][-1]
    if alert.workflow_id is None:
        own = f"{alert.dialect}:{alert.workflow or ''}"
        row |= {"workflow_id": own, "message": alert.error.message or alert.title}
    return of(row)


def _rows(alert: Alert, client_of: ClientOf) -> Iterable[Json]:
    flow = WorkflowRow(alert.workflow_id or "", alert.workflow)
    own = {
        "instance": alert.instance, "at": pd.Timestamp(alert.at), "place": alert.place, "execution_id": alert.execution_id,
        "workflow_id": alert.workflow_id, "workflow": alert.workflow, "client": alert.client or client_of(flow),
        "credential_id": alert.credential_id, "credential": alert.credential, **_columns(alert.error),
    }  # fmt: skip
    if alert.called is None:
        yield own
        return
    called = alert.called
    child = {"child_execution_id": called.execution_id, "child_workflow_id": called.workflow_id}
    yield {**own, **child, "child_node": called.error.node}
    if called.workflow_id and called.error.node:
        yield {
            "instance": alert.instance, "at": own["at"], "place": "execution", "execution_id": called.execution_id,
            "workflow_id": called.workflow_id, "client": client_of(WorkflowRow(called.workflow_id)),
            **_columns(called.error),
        }  # fmt: skip


def _columns(error: ErrorRecord) -> Json:
    return {name: value or None for name, value in error.model_dump(exclude={"id"}).items()}


def _record(fields: Json) -> ErrorRecord:
    return ErrorRecord(**{name: value for name, value in fields.items() if name in ErrorRecord.model_fields})


def _called(fields: Json) -> Called | None:
    if not fields:
        return None
    ids = {name: fields.get(name) for name in ("execution_id", "workflow_id")}
    return Called(**ids, error=_record(fields))


def _named(fields: Json) -> Json:
    """Fields without the empty ones, names no longer than names get."""
    return {
        name: value[: limits.NAME] if name in _NAMES else value
        for name, value in fields.items()
        if value not in (None, "")
    }


def _title(said: str | None, workflow: str | None, message: str | None, text: str) -> str:
    """The sender's title, else workflow and error, else the first line of its text; on one line."""
    told = said or ": ".join(filter(None, (workflow, message))) or text.lstrip().partition("\n")[0]
    told = " ".join(told.split()) or "An alert without words"
    return told if len(told) <= TITLE else f"{told[: TITLE - 1]}…"


def _not_after(at: datetime | None, received: datetime) -> datetime:
    return min(at or received, received).astimezone(UTC)


def _short(text: str) -> str:
    """A text that the gate can be given while a sender waits; of a longer one what comes before the cut, gated."""
    if len(text) <= GATED:
        return printable(text)
    # The cut may have gone through a secret, which then has no shape: what lies just before it goes, too.
    return redact_text(printable(text[:GATED]))[: -GATED // 8][:KEPT_TEXT]


def _each(tree: Any, change: Callable[[str], str]) -> Any:
    """The tree with every text in it changed, keys included."""
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {change(str(key)): _each(value, change) for key, value in tree.items()}
    return [_each(value, change) for value in tree] if isinstance(tree, list) else tree
