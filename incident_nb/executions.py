"""What was read of n8n: executions and the failures in them as two tables, with what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a command that reads no executions need not load it
    import pandas as pd


@dataclass(frozen=True)
class Skipped:
    """Something in a source that was not read: where it lies, how many rows, and why."""

    source: str
    where: str
    reason: str
    rows: int = 1


@dataclass(frozen=True)
class Snapshot:
    """A workflow's nodes as they were when an execution ran, through the redaction gate.

    `nodes` maps a node's name to `{type, type_version, parameters, credentials, disabled, on_error, retry}`, n8n's own
    shapes inside.
    """

    id: str
    nodes: dict[str, dict[str, Any]]


EXECUTION_COLUMNS = {
    "instance": "category",
    "execution_id": "str",
    "workflow_id": "category",
    "workflow": "category",
    "client": "category",
    "mode": "category",
    "status": "category",
    "started_at": "datetime64[us, UTC]",
    "stopped_at": "datetime64[us, UTC]",
    "at": "datetime64[us, UTC]",
    "duration_s": "float64",
    "retry_of": "str",
    "parent_execution_id": "str",
    "parent_workflow_id": "str",
    "last_node": "category",
    "nodes_run": "category",
    "node_items": "category",
    "node_ms": "str",
    "snapshot": "category",
    "data": "category",
    "source": "category",
}

FAILURE_COLUMNS = {
    "instance": "category",
    "execution_id": "str",
    "workflow_id": "category",
    "workflow": "category",
    "client": "category",
    "at": "datetime64[us, UTC]",
    "place": "category",
    "node": "category",
    "node_type": "category",
    "run": "Int64",
    "items": "Int64",
    "error_name": "category",
    "http_code": "category",
    "message": "str",
    "description": "str",
    "stack": "str",
    "host": "category",
    "url": "str",
    "credential_type": "category",
    "credential_id": "category",
    "credential": "category",
    "child_execution_id": "str",
    "child_workflow_id": "str",
    "child_node": "str",
}


@dataclass(frozen=True)
class ExecutionLog:
    """What was read from one or more sources: executions, the failures in them, and what could not be read.

    Everything in it has passed the redaction gate. Times are UTC and zone-aware. Missing text is a missing value
    (`NaN`), never `""`. Rows are sorted by time, oldest first; keys are (`instance`, `execution_id`).

    `executions`, one row an execution:

    - `instance`, `execution_id`, `workflow_id`, `workflow` (name), `client` (by the workspace's rules, may be missing)
    - `mode` (webhook, trigger, manual, retry, integrated, error, cli), `status` (success, error, crashed, canceled,
      waiting, running, new)
    - `started_at`, `stopped_at`: as n8n says, either may be missing. `at`: the first of started and stopped that
      is known; the instant to sort and count by. `duration_s`: seconds
    - `retry_of`: id of the execution that this one retries. `parent_execution_id`, `parent_workflow_id`: the caller
      of a sub-workflow run, or the failed execution that an error-workflow run was started for
    - `last_node`; `nodes_run`: names of the nodes that ran, one a line, in the order n8n kept them. `node_items`: how
      many items each of them gave out in all its runs, one a line in the same order, an empty line where that is not
      known (a run that failed; a model's, a tool's or a memory's, which give nothing out on `main`). `node_ms`: how many
      milliseconds each took in all its runs, likewise. Both missing without the run's data
    - `snapshot`: key into `snapshots`
    - `data`: `full`, `missing` (saved or exported without data), `redacted` (by n8n), `too_large`, `error_only` (from
      an error workflow's alert), `damaged`
    - `source`: file or address the row came from

    `failures`, one row an error at a node (an execution may hold several; one marked success may hold some):

    - the same first five columns and `at` (UTC, when the node failed; the execution's end where n8n does not say)
    - `place`: `execution` (the error that ended it), `node` (an error in a node's run that did not), `item` (an item
      that carries an error because the node continues on failure), `body` (an item that is an error: a service gave it as
      the body of a good answer), `hint` (n8n's own warning on a run), `subworkflow`
      (an Execute Workflow node failed because of its child: `child_*` name it, and the error is the child's),
      `trigger` (a trigger or activation failed), `crash` (n8n died under it), `canceled` (stopped on time-out or by
      hand), `status` (the status says it failed; the source holds no data)
    - `node`, `node_type`, `run` (index of the node's run), `items` (how many items carried the same error)
    - `error_name`, `http_code` (text; may be a Node code such as ECONNREFUSED), `message`, `description`, `stack`
    - `host`, `url` (without query), `credential_type`, `credential_id`, `credential` (name): where to, and signed in by
    - `child_execution_id`, `child_workflow_id`, `child_node`

    `active`, under (`instance`, `workflow_id`): whether n8n starts a workflow by its triggers, as of the reading, where the
    source holds workflows themselves.

    Sources: n8n's public API, database and export formats (n8n 1.x and 2.x), see docs/sources.md.
    """

    executions: pd.DataFrame
    failures: pd.DataFrame
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    active: dict[tuple[str, str], bool] = field(default_factory=dict)
