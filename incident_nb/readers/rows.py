"""What every format reader yields: one execution as n8n stored it, still raw, before the gate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from incident_nb.readers.plain import Plain

DataState = Literal["full", "missing", "redacted", "too_large", "error_only", "damaged"]


class Row(msgspec.Struct, gc=False, kw_only=True):
    """One execution as a source holds it. Nothing in it has passed the redaction gate; it never leaves the readers.

    `where` names the place inside the source where the id does not, `flow` is JSON of the workflow snapshot, `document`
    the execution's data: JSON, in n8n's `flatted` form where `flatted` says so, or decoded as far as needed. The rest are
    columns of the executions table, times in n8n's own text, UTC; the second half of them is filled in by the collector.
    """

    where: str = ""
    flow: bytes | None = None
    document: bytes | Plain | None = None
    flatted: bool = False

    execution_id: str
    workflow_id: str | None = None
    workflow: str | None = None
    mode: str | None = None
    status: str | None = None
    started_at: str | None = None
    stopped_at: str | None = None
    retry_of: str | None = None
    data: DataState = "full"

    instance: str = ""
    source: str = ""
    client: str | None = None
    snapshot: str | None = None
    last_node: str | None = None
    nodes_run: str | None = None
    node_items: str | None = None
    node_ms: str | None = None
    parent_execution_id: str | None = None
    parent_workflow_id: str | None = None


def place_of(row: Row) -> str:
    """Where a row lies inside its source, in words."""
    return row.where or f"execution {row.execution_id}"


@dataclass(slots=True)
class WorkflowRow:
    """What a source says of a workflow itself: its name, tags and project, which executions do not carry.

    `active`: whether its triggers start it, None where that is not said.
    """

    workflow_id: str
    name: str | None = None
    tags: tuple[str, ...] = ()
    project: str | None = None
    active: bool | None = None


# Half a character, as JSON.stringify writes it when a text was cut in the middle of an emoji; whole pairs are kept.
_HALF = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def whole_characters(document: bytes) -> bytes:
    """A JSON document with half characters replaced, which a strict decoder refuses."""
    return _HALF.sub(lambda found: found[1] or rb"\ufffd", document)


def text_or_none(value: object) -> str | None:
    """`value` as text; None for what is neither text nor a number. Ids are numbers in some formats, text in others."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value) if isinstance(value, str | int | float) else None


def ended_as(finished: object, stopped: object, wait_till: object) -> str | None:
    """The status of an execution that names none, as n8n's older versions leave it; None where it is not over."""
    if finished:
        return "success"
    return "error" if stopped and not wait_till else None
