"""What would be done on an n8n server, workflow by workflow, before anything is: a pure function of what the server has.

An error workflow that is set is never replaced: people rely on it. A workflow whose draft differs from what is published
is never written to, because on n8n 2.x the call that changes a setting saves and publishes the draft along with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from incident_nb.error_workflow.build import OWN_MARK, SEND, SENDS_MARK, TRIGGER_TYPE, Json, Wanted, fragment, workflow
from incident_nb.models import Frozen
from incident_nb.n8n.workflows import named

# What the API takes of a node and of the settings (1.123 and 2.40); n8n refuses a workflow with anything else in it.
_NODE = """id name webhookId disabled notesInFlow notes type typeVersion executeOnce alwaysOutputData retryOnFail maxTries
waitBetweenTries continueOnFail onError position parameters credentials customTelemetryTags createdAt updatedAt"""
_SETTINGS = """saveExecutionProgress saveManualExecutions saveDataErrorExecution saveDataSuccessExecution executionTimeout
errorWorkflow timezone executionOrder callerPolicy callerIds timeSavedPerExecution availableInMCP"""
_NEWER_SETTINGS = "binaryMode timeSavedMode redactionPolicy customTelemetryTags credentialResolverId"
NODE_KEYS, SETTINGS_KEYS = frozenset(_NODE.split()), frozenset(_SETTINGS.split())
NEWER_SETTINGS_KEYS = SETTINGS_KEYS | set(_NEWER_SETTINGS.split())

State = Literal["set", "done", "sends", "kept", "by_hand", "left"]
Own = Literal["make", "ready", "publish", "credential", "by_hand"]


class Row(Frozen):
    """One workflow and what becomes of it.

    `set`: gets the error workflow. `done`: has it. `sends`: its own error workflow sends to incident-nb already. `kept`: has
    another one, which stays; its nodes can be added. `by_hand`: can't be set safely. `left`: none of this applies.
    """

    workflow_id: str
    name: str
    state: State
    why: str = ""
    error_workflow: str | None = None


class Addition(Frozen):
    """The nodes to add to an error workflow that is there already, beside its Error Trigger."""

    workflow_id: str
    name: str
    trigger: str
    nodes: Json


class Plan(Frozen):
    """All of it: the state of the error workflow itself (its id where it is there), each chosen workflow, nodes to add."""

    wanted: Wanted
    own: Own
    own_id: str | None
    rows: tuple[Row, ...]
    additions: tuple[Addition, ...]

    def of(self, state: State) -> tuple[Row, ...]:
        """The rows in this state."""
        return tuple(row for row in self.rows if row.state == state)


def plan(there: Sequence[Json], chosen: Sequence[str] | None, wanted: Wanted, *, publishes: bool) -> Plan:
    """What is to be done on a server that has the workflows `there`; `chosen`: ids or names, None for all.

    `publishes`: the server keeps drafts apart from what is published (2.x). Raises UsageError for a choice that is not there.
    """
    mine = [flow for flow in there if is_own(flow, wanted)]
    own = max(mine, key=lambda flow: bool(flow.get("active")), default=None)
    own_id = str(own["id"]) if own else None
    by_id = {str(flow["id"]): flow for flow in there}
    rows = tuple(judge(flow, own_id, by_id, publishes=publishes) for flow in _chosen(there, chosen))
    targets = dict.fromkeys(row.error_workflow for row in rows if row.state == "kept")
    additions = [_addition(by_id[target], wanted) for target in targets if target in by_id]
    return Plan(
        wanted=wanted,
        own=own_state(own, wanted, publishes=publishes),
        own_id=own_id,
        rows=rows,
        additions=tuple(addition for addition in additions if addition is not None),
    )


def judge(flow: Json, own_id: str | None, by_id: Mapping[str, Json], *, publishes: bool) -> Row:
    """What becomes of one workflow."""

    def row(state: State, why: str = "", error_workflow: str | None = None) -> Row:
        name = str(flow.get("name") or "")
        return Row(workflow_id=str(flow["id"]), name=name, state=state, why=why, error_workflow=error_workflow)

    if _marked(flow, OWN_MARK):
        return row("left", "it is the one that passes failures on")
    if flow.get("isArchived"):
        return row("left", "it is archived and does not run")
    if current := error_workflow_of(flow):
        other = by_id.get(current)
        if current == own_id:
            return row("done", "", current)
        if other is None:
            return row(
                "kept", f"its error workflow ({current}) can't be seen on this server: look at its settings", current
            )
        if _marked(other, SENDS_MARK):
            return row("sends", f"“{other.get('name')}” sends to incident-nb", current)
        return row("kept", f"“{other.get('name')}” stays its error workflow", current)
    if trigger_of(flow):
        if _marked(flow, SENDS_MARK):
            return row("sends", "it sends to incident-nb itself")
        return row("kept", "it has an Error Trigger and handles its own failures", str(flow["id"]))
    why = unsafe(flow, publishes=publishes)
    return row("by_hand", why) if why else row("set")


def unsafe(flow: Json, *, publishes: bool) -> str | None:
    """Why a setting of this workflow can't be changed through the API without touching more than that; None if it can."""
    published = flow.get("activeVersionId")
    if published and published != flow.get("versionId"):
        return "it has changes that are not published"
    known = NEWER_SETTINGS_KEYS if publishes else SETTINGS_KEYS
    if unknown := sorted(set(flow.get("settings") or {}) - known):
        return f"n8n's API does not take its setting {', '.join(unknown)[:80]}"
    for node in flow.get("nodes") or []:
        if unknown := sorted(set(node) - NODE_KEYS):
            return f"n8n's API does not take {', '.join(unknown)[:80]} of its node “{node.get('name')}”"
        if not node.get("disabled") and any(not _has_id(given) for given in (node.get("credentials") or {}).values()):
            return f"its node “{node.get('name')}” has a credential by name only, which n8n would fill in"
    return None


def own_state(own: Json | None, wanted: Wanted, *, publishes: bool) -> Own:
    """How the error workflow itself stands; anything but `ready` has to be mended before it is set anywhere."""
    if own is None:
        return "make"
    if not has_credential(own):
        return "credential"
    if not publishes or own.get("activeVersionId"):
        return "ready"
    return "publish" if _as_made(own, wanted) else "by_hand"


def is_own(flow: Json, wanted: Wanted) -> bool:
    """Whether a workflow is one that this command made, or that was imported from it, for the same place."""
    send = _send(flow)
    return (
        not flow.get("isArchived")
        and _marked(flow, OWN_MARK)
        and send is not None
        and (send.get("parameters") or {}).get("url") == wanted.to
    )


def has_credential(own: Json) -> bool:
    """Whether the sending node's credential is one that n8n has."""
    credentials = (_send(own) or {}).get("credentials") or {}
    return _has_id(credentials.get("httpHeaderAuth"))


def error_workflow_of(flow: Json) -> str | None:
    """The id of the error workflow that is set; older editors write DEFAULT where none is."""
    found = (flow.get("settings") or {}).get("errorWorkflow")
    return str(found) if found and found != "DEFAULT" else None


def trigger_of(flow: Json) -> str | None:
    """The name of its Error Trigger, if it has one that is on."""
    for node in flow.get("nodes") or []:
        if node.get("type") == TRIGGER_TYPE and not node.get("disabled"):
            return str(node.get("name"))
    return None


def _addition(flow: Json, wanted: Wanted) -> Addition | None:
    trigger = trigger_of(flow)
    if trigger is None:
        return None
    nodes = fragment(wanted, trigger)
    return Addition(workflow_id=str(flow["id"]), name=str(flow.get("name") or ""), trigger=trigger, nodes=nodes)


def _chosen(there: Sequence[Json], chosen: Sequence[str] | None) -> list[Json]:
    if chosen is None:
        return list(there)
    return list({str(flow["id"]): flow for flow in (named(there, asked) for asked in chosen)}.values())


def _as_made(own: Json, wanted: Wanted) -> bool:
    def essence(flow: Json) -> dict[Any, Any]:
        return {node.get("name"): (node.get("type"), node.get("parameters")) for node in flow["nodes"] if _acts(node)}

    return essence(own) == essence(workflow(wanted)) and own.get("connections") == workflow(wanted)["connections"]


def _acts(node: Json) -> bool:
    return not node.get("disabled") and node.get("type") != "n8n-nodes-base.stickyNote"


def _send(flow: Json) -> Json | None:
    nodes = [node for node in flow.get("nodes") or [] if SENDS_MARK in str(node.get("notes") or "")]
    return next((node for node in nodes if node.get("name") == SEND), nodes[0] if nodes else None)


def _marked(flow: Json, mark: str) -> bool:
    return any(mark in str(node.get("notes") or "") for node in flow.get("nodes") or [])


def _has_id(given: Any) -> bool:
    return isinstance(given, dict) and bool(given.get("id") or given.get("__aiGatewayManaged"))
