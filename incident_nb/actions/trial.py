"""VER-1, a workflow triggered with test data: the request to its webhook, planned and sent once; for others, how to do it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from incident_nb.actions.target import version_of
from incident_nb.desk import Desk
from incident_nb.errors import UnreachableError, UsageError
from incident_nb.http import RequestError
from incident_nb.models import Frozen
from incident_nb.n8n import N8n
from incident_nb.probes.target import running_nodes
from incident_nb.readers.node_input import as_dict
from incident_nb.record import Incident

Json = dict[str, Any]

WEBHOOK = "n8n-nodes-base.webhook"
METHODS = ("POST", "PUT", "PATCH")
LARGEST = 1_000_000  # bytes of test data
NEWEST = 50  # executions among which the new one is looked for
TRIES, PAUSE_S = 20, 1.0

# By the end of a trigger's type, what starts the workflow; the first that fits.
HOW_TO = (
    (
        "webhook",
        "{name}: send it a request; `incident-nb verify {incident} --send FILE` shows the request, --yes sends it.",
    ),
    ("formtrigger", "{name}: fill in its form with test data ({url}/form/…, the node shows the address)."),
    ("chattrigger", "{name}: write to its chat, with words of the kind that failed."),
    ("errortrigger", "{name}: let a workflow fail that has this one as its error workflow."),
    ("executeworkflowtrigger", "{name}: run a workflow that calls this one."),
    ("emailreadimap", "{name}: send an e-mail with test data to its mailbox."),
    ("", "{name}: open {url}/workflow/{workflow}, choose this trigger, and click “Execute workflow”."),
)
BY_EDITOR = ("scheduletrigger", "manualtrigger", "cron", "interval", "start")


class Trial(Frozen):
    """A request that triggers a workflow: method and path of its webhook, size of the body in bytes, its top-level keys."""

    number: int
    instance: str
    workflow_id: str
    workflow: str
    version: str | None
    method: str
    path: str
    size: int
    keys: tuple[str, ...]


class Sent(Frozen):
    """What came of it: n8n's status, and the execution that it began, where that can be told."""

    status: int
    execution_id: str | None = None


def how_to(flow: Json, incident: Incident, url: str) -> list[str]:
    """How each trigger of a workflow is set off with test data, a sentence each."""
    told = []
    for node in running_nodes(flow):
        kind = str(node.get("type")).rpartition(".")[2].lower()
        if node.get("disabled") or not _starts(kind):
            continue
        text = next(text for end, text in HOW_TO if kind.endswith(end))
        if not text.startswith("{name}: open") or kind in BY_EDITOR:
            told.append(
                text.format(name=f"“{node.get('name')}”", incident=incident.id, url=url, workflow=flow.get("id"))
            )
        else:
            told.append(f"“{node.get('name')}”: let happen in the other system what it waits for, with test data.")
    return [
        *told,
        "A run in the editor takes what is saved there: on n8n 2.x the draft, which need not be what is published.",
    ]


def _starts(kind: str) -> bool:
    return kind.endswith(("trigger", "webhook", "emailreadimap")) or kind in BY_EDITOR


def plan(server: N8n, incident: Incident, content: bytes) -> Trial:
    """The request that `content` (JSON) would be sent with, as the workflow runs now; nothing is sent.

    Raises UsageError, saying what to do instead, where it has no webhook, several, or one that can't be told or used.
    """
    keys = _keys(content)
    flow = server.workflow(str(incident.subject.workflow_id))
    if flow is None:
        raise UsageError(f"{server} has no workflow {incident.subject.workflow_id}.")
    if not flow.get("active"):
        raise UsageError(
            f"“{flow.get('name')}” is not active, so that nothing listens at its webhook. Activate it first."
        )
    hooks = [node for node in running_nodes(flow) if node.get("type") == WEBHOOK and not node.get("disabled")]
    if len(hooks) != 1:
        names = ", ".join(f"“{node.get('name')}”" for node in hooks)
        why = (
            f"has {len(hooks)} Webhook triggers ({names}): send the request by hand"
            if hooks
            else "has no Webhook trigger"
        )
        raise UsageError(f"“{flow.get('name')}” {why}. " + " ".join(how_to(flow, incident, server.url)))
    given = as_dict(hooks[0].get("parameters"))
    method = given.get("httpMethod", "GET")
    methods = [one for one in (method if isinstance(method, list) else [method]) if one in METHODS]
    path = given.get("path")
    by_hand = "Send the request by hand, and tick VER-1."
    if given.get("authentication", "none") != "none":
        raise UsageError(
            f"The webhook “{hooks[0].get('name')}” asks for a credential, which is not ours to use. {by_hand}"
        )
    parts = path.split("/") if isinstance(path, str) else []
    if (
        not isinstance(path, str)
        or not path.strip("/")
        or path.startswith("=")
        or "{{" in path
        or {".", ".."} & {*parts}
    ):
        raise UsageError(f"The path of the webhook “{hooks[0].get('name')}” is not a plain text. {by_hand}")
    if any(part.startswith(":") for part in parts):
        raise UsageError(f"The path of the webhook “{hooks[0].get('name')}” has a part that varies ({path}). {by_hand}")
    if not methods:
        raise UsageError(f"The webhook “{hooks[0].get('name')}” takes no {', '.join(METHODS)}. {by_hand}")
    return Trial(
        number=incident.number, instance=server.name, workflow_id=str(flow["id"]), workflow=str(flow.get("name")),
        version=version_of(flow), method=methods[0], path=path.strip("/"), size=len(content), keys=keys,
    )  # fmt: skip


def send(server: N8n, trial: Trial, content: bytes, desk: Desk, wait: Callable[[float], Any]) -> Sent:
    """Sends it, once, and ticks VER-1 with the execution that it began.

    `wait` lets so many seconds pass between looks for the execution. Raises UnreachableError where n8n took it not, or
    nobody knows whether it did; then nothing is ticked.
    """
    known = _executions(server, trial)
    try:
        answer = server.webhook(trial.path, content, trial.method)
    except RequestError as error:
        raise UnreachableError(
            f"{error}. It is not known whether n8n took it: look for a new run in n8n before sending it again."
        ) from error
    if answer.status >= 400:
        raise UnreachableError(
            f"{server} answered the webhook with status {answer.status}; VER-1 is not ticked. Look for its run in n8n; 404 "
            "means that nothing listens there: webhooks may have another address than the editor, so send it by hand."
        )
    found: set[str] = set()
    for again in range(TRIES):
        if found := _executions(server, trial) - known:
            break
        if again < TRIES - 1:
            wait(PAUSE_S)
    execution = next(iter(found)) if len(found) == 1 else None
    text = f"test data sent to /webhook/{trial.path} ({trial.size} bytes)"
    text += f": execution {execution}" if execution else "; which execution it began can't be told"
    desk.add(trial.number, "ticked", row="VER-1", text=text, execution_id=execution, among=sorted(found - {execution}))
    return Sent(status=answer.status, execution_id=execution)


def _executions(server: N8n, trial: Trial) -> set[str]:
    """The ids of the workflow's newest executions that a webhook began, over or not."""
    lists = [server.executions(data=False, workflow=trial.workflow_id)]
    lists += [server.executions(data=False, workflow=trial.workflow_id, status=one) for one in ("running", "waiting")]
    rows = [row for listing in lists for row in islice(listing.rows(), NEWEST)]
    return {str(row["id"]) for row in rows if row.get("mode") == "webhook"}


def _keys(content: bytes) -> tuple[str, ...]:
    """The top-level keys of test data. Raises UsageError for what is no JSON object or list, or too much."""
    if len(content) > LARGEST:
        raise UsageError(f"The test data is larger than {LARGEST:,} bytes.")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError("The test data is no JSON. Write what the webhook is to get as a JSON object.") from error
    if not isinstance(found, dict | list):
        raise UsageError("The test data is no JSON object. Write what the webhook is to get as a JSON object.")
    return tuple(found) if isinstance(found, dict) else ()
