"""RC-4: is the workflow active, and is what it calls? Workflows that it starts, and webhooks of n8n that it requests.

n8n 2.x runs a called workflow only if it is published (`activeVersionId`); 1.x runs deactivated ones, too. A webhook
answers only while its workflow is active, on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from incident_nb.errors import IncidentNbError
from incident_nb.models import Cause, Evidence, Probed
from incident_nb.probes.target import Target, Tools, clean, could_not_look, found, running_nodes, seen

C = Cause
MOST_CALLED = 20
_CALLERS = (".executeWorkflow", ".toolWorkflow")
_REQUESTS = (".httpRequest", ".httpRequestTool")
_ANSWERERS = (".webhook", ".formTrigger")
_HOOK = re.compile(r"/(webhook|webhook-test|form|form-test)/([^?#\s'\"]+)")
_PLAIN = re.compile(r"[\w.~/-]+", re.ASCII)
_BY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}/")  # so begins the address of a webhook whose path holds parameters

GONE, TEST, NO_PATH = "does not exist", "answers only while somebody listens in the editor", "no workflow has"
PUBLISH = "Publish {name} in n8n (1.x: activate it) if it is meant to run; see who switched it off, and when."
MEND = {
    GONE: "Look for {name} in n8n, archived ones too: bring it back, or have “{node}” call another one.",
    TEST: "Have “{node}” call the production address (/webhook/ instead of /webhook-test/).",
    NO_PATH: "Look for the workflow that had {name}, or correct the address in “{node}”.",
}


class State(NamedTuple):
    """What is wrong with one workflow, in words; None if nothing is. `unknown`: why that could not be found out."""

    name: str
    wrong: str | None
    unknown: str | None = None


def look(target: Target, tools: Tools) -> Probed:
    """The state of the failing workflow and of everything that its failing node, then its other nodes, call."""
    if target.workflow_id is None:
        return could_not_look("No workflow is known whose state could be asked for.")
    workflow = tools.workflow(target.workflow_id)
    name = f"“{target.workflow or target.workflow_id}”"
    if workflow is None:
        gone = f"{name} is not on the server any more: deleted, or the key may not see it."
        return found(gone, [seen(gone, {C.WORKFLOW_INACTIVE: 2.0})], next_look=f"Look for {name} in n8n.")
    itself = _state(workflow, called=False)
    facts: list[Evidence] = []
    if itself:
        # It ran when it failed; so its being switched off now is a consequence, or the work of somebody.
        facts.append(seen(f"{name} itself {itself} now."))
    checked, wrong, told, unknown = 0, [], [], []
    for node, state in _called(workflow, target, tools):
        checked += 1
        if state.unknown:
            open_why = f"Whether anything answers at {state.name} is not known ({state.unknown})"
            unknown.append(f"{open_why}; “{node}” calls it.")
        if state.wrong:
            text = f"“{node}” calls {state.name}, which {state.wrong}."
            facts.append(seen(text, _effects(target, node)))
            wrong.append(state)
            told.append(text)
    if wrong:
        step = MEND.get(wrong[0].wrong or "", PUBLISH).format(name=wrong[0].name, node=target.node or "the node")
        return found(" ".join([*told, *unknown]), facts, next_look=step)
    if itself:
        return found(" ".join([facts[0].fact.text, *unknown]), facts)
    if unknown:
        return could_not_look(" ".join(unknown))
    what = (
        f" and all {checked} that it calls are"
        if checked > 1
        else " and the one that it calls are"
        if checked
        else " is"
    )
    well = f"{name}{what} active."
    return clean(well, [seen(well, {C.WORKFLOW_INACTIVE: 0.3} if target.current else {})])


def _effects(target: Target, node: str) -> dict[Cause, float]:
    """What it means that a node calls something that is off: much where it is the failing node, as its error may say."""
    if node != target.node and target.node is not None:
        return {C.WORKFLOW_INACTIVE: 1.5} if target.current else {}
    if not target.current:
        return {C.WORKFLOW_INACTIVE: 3.0}
    # n8n answers 404 for a webhook that is off, and refuses to run a workflow that is: the call can't have worked.
    fits = target.http_code in (None, "404")
    proof = {C.WORKFLOW_INACTIVE: 100.0, C.EXTERNAL_API_CHANGED: 0.1, C.WORKFLOW_CONFIG: 0.5}
    return proof if fits else {C.WORKFLOW_INACTIVE: 3.0}


def _state(workflow: Any, *, called: bool) -> str | None:
    """What is wrong with a workflow's state; `called`: as one that another workflow starts."""
    if workflow.get("isArchived"):
        return "is archived"
    if "activeVersionId" in workflow and not workflow.get("activeVersionId") and not workflow.get("active"):
        return "is not published"
    if not called and workflow.get("active") is False:
        return "is not active"
    return None


def _called(workflow: Any, target: Target, tools: Tools) -> Iterator[tuple[str, State]]:
    """Each workflow that the nodes call, the failing node's first."""
    nodes = [node for node in running_nodes(workflow) if not node.get("disabled")]
    nodes.sort(key=lambda node: node.get("name") != target.node)
    count = 0
    for node in nodes:
        for state in _of_node(node, target, tools):
            yield str(node.get("name")), state
            count += 1
            if count >= MOST_CALLED:
                return


def _of_node(node: Any, target: Target, tools: Tools) -> Iterator[State]:
    kind, parameters = str(node.get("type")), node.get("parameters") or {}
    if kind.endswith(_CALLERS):
        choice = parameters.get("workflowId")
        number = choice.get("value") if isinstance(choice, dict) else choice
        if not isinstance(number, str | int) or not re.fullmatch(r"[A-Za-z0-9]{1,32}", str(number)):
            return  # an expression: which one is called is known only when it runs
        other = tools.workflow(str(number))
        if other is None:
            yield State(f"the workflow {number}", GONE)
            return
        # Only n8n 2.x, which has this field, refuses to run one that is not published.
        wrong = _state(other, called=True) if "activeVersionId" in other and _is_2(other, tools) else None
        yield State(_name(other, target, tools), wrong)
    elif kind.endswith(_REQUESTS):
        yield from _hook(str(parameters.get("url") or ""), target, tools)


def _is_2(workflow: Any, tools: Tools) -> bool:
    """Whether the server is n8n 2.x. Late 1.x has the same fields; what it lacks are node groups and /discover."""
    if "nodeGroups" in workflow:
        return True
    return bool(tools.once("discover", lambda: tools.server().health("api/v1/discover").status) != 404)


def _name(workflow: Any, target: Target, tools: Tools) -> str:
    return target.naming(workflow.get("id"), workflow.get("name"), tools.client_of(workflow))


def _hook(url: str, target: Target, tools: Tools) -> Iterator[State]:
    """A webhook of this n8n that a node requests; those of others, also of our own, are not in its list of workflows."""
    here, address = tools.server().url, url.removeprefix("=").strip()
    at = _HOOK.match(address, len(here)) if address.startswith(f"{here}/") else None
    if at is None:
        return
    path = at[2].strip("/")
    name = f"/{at[1]}/{path}"
    if at[1].endswith("-test"):
        yield State(f"the test address {name.partition('{{')[0]}", TEST)
        return
    if "{{" in path:
        return  # which one is called is known only when it runs
    try:
        flows, missing = tools.workflows(), tools.workflows_missing()
    except IncidentNbError as error:
        yield State(name, None, str(error).rstrip("."))
        return
    holders = [one for one in flows if any(_answers(node, path) for node in _hooks(one))]
    if not holders and missing:
        yield State(name, None, f"not all workflows could be read: {missing.rstrip('.')}")
    elif not holders and (why := _why_open(path, flows)):
        yield State(name, None, why)
    elif not holders:
        yield State(name, NO_PATH)
    elif not any(one.get("active") for one in holders):
        wrong = _state(holders[0], called=False) or "is not active"
        yield State(f"{name} of {_name(holders[0], target, tools)}", wrong)
    else:
        yield State(_name(holders[0], target, tools), None)


def _hooks(workflow: Any) -> Iterator[Any]:
    """The nodes of a workflow that may answer at an address of their own."""
    for node in running_nodes(workflow):
        if not node.get("disabled") and (node.get("webhookId") or str(node.get("type")).endswith(_ANSWERERS)):
            yield node


def _answers(node: Any, path: str) -> bool:
    """Whether a node answers there: by its path, or by its id and what follows, as paths with parameters and chats do."""
    number = str(node.get("webhookId") or "").strip("/")
    return path in _paths(node) or (bool(number) and f"{path}/".startswith(f"{number}/"))


def _paths(node: Any) -> list[str]:
    """The paths that a node's settings name, as they stand there."""
    parameters = node.get("parameters") or {}
    options = parameters.get("options")
    named = [parameters.get("path"), options.get("path") if isinstance(options, dict) else None]
    return [path.strip("/") for path in named if isinstance(path, str) and path.strip("/")]


def _why_open(path: str, flows: list[Any]) -> str | None:
    """Why a path that no workflow seems to have may be one's all the same; None where it can't."""
    if not _PLAIN.fullmatch(path):
        return "its path is no plain one"
    if _BY_ID.match(path):
        return "its path begins like one with parameters, and no webhook has that id"
    if any(named.startswith("=") or "{{" in named for flow in flows for node in _hooks(flow) for named in _paths(node)):
        return "some webhook's path is put together only when it is published"
    return None
