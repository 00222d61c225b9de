"""The n8n workflow that passes failures on, and its nodes for an error workflow that is there already; both as n8n's JSON.

Node types and versions are those that n8n 1.x and 2.x both know. Neither holds a secret: the token is in a credential of n8n's,
which is named here and found by its name, and so is what Slack is signed in with.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from incident_nb.errors import UsageError
from incident_nb.models import Frozen

Json = dict[str, Any]

NAME = "incident-nb: pass failures on"
CREDENTIAL = "incident-nb alert token"
SLACK_CREDENTIAL = "incident-nb Slack"
CHANNEL = "#incidents"
RECEIVER = "http://127.0.0.1:8787"
TRIGGER, SEND, FALLBACK = "Error Trigger", "Send to incident-nb", "Tell Slack instead"
UNDELIVERED, NOTE = "Not delivered", "About this workflow"
TRIGGER_TYPE, HTTP_TYPE = "n8n-nodes-base.errorTrigger", "n8n-nodes-base.httpRequest"
OWN_MARK = "Made by incident-nb n8n-error-workflow"
SENDS_MARK = "Sends failures to incident-nb"
TRIES, WAIT_MS = 5, 5_000  # the most that n8n allows
TIMEOUT_MS = 10_000  # the receiver answers once it has written the alert down, within milliseconds


class Wanted(Frozen):
    """What the workflow is to be: where it sends, and the names of the credentials that it signs in with.

    `slack`: whether the message to Slack is switched on; n8n 2.x publishes no workflow with a node that lacks a credential.
    """

    to: str
    credential: str = CREDENTIAL
    slack_credential: str = SLACK_CREDENTIAL
    channel: str = CHANNEL
    slack: bool = True


def address(to: str | None, instance: str) -> str:
    """Where failures go: `to`, or the receiver's place for the n8n of this name. Raises UsageError for what is no address."""
    if to is None:
        return f"{RECEIVER}/alerts/n8n" + ("" if instance == "default" else f"/{quote(instance, safe='')}")
    try:
        parts = urlsplit(to)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and to.isprintable()
    except ValueError:
        fits = False
    if not fits or " " in to:
        raise UsageError("--to is no address. Write it like https://incidents.example.com/alerts/n8n.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            "--to has more than a place in it. Leave user, password and query out: the token is a credential."
        )
    return to


def workflow(wanted: Wanted) -> Json:
    """The whole workflow, ready to be imported or made through the API."""
    trigger = _node(TRIGGER, TRIGGER_TYPE, 1, {}, (0, 0), notes=OWN_MARK)
    # Without it a failure that reached nobody would be a green run, where Slack is switched off.
    said = "incident-nb did not take this failure: see what the node before says"
    stop = _node(UNDELIVERED, "n8n-nodes-base.stopAndError", 1, {"errorMessage": said}, (780, 160))
    return {
        "name": NAME,
        "nodes": [trigger, *_sending(wanted, TRIGGER), stop, _about(wanted)],
        "connections": {TRIGGER: {"main": [[_to(SEND)]]}, **_fallback(), FALLBACK: {"main": [[_to(UNDELIVERED)]]}},
        "settings": {"executionOrder": "v1", "callerPolicy": "any"},
    }


def fragment(wanted: Wanted, trigger: str) -> Json:
    """The nodes to paste into an error workflow that is there already; `trigger` is its Error Trigger's name.

    Whatever happens in them, the workflow's other nodes go on.
    """
    send, slack = _sending(wanted, trigger)
    return {"nodes": [send, {**slack, "onError": "continueRegularOutput"}], "connections": _fallback()}


def _sending(wanted: Wanted, trigger: str) -> list[Json]:
    send = _node(
        SEND,
        HTTP_TYPE,
        4.2,
        {
            "method": "POST",
            "url": wanted.to,
            "authentication": "genericCredentialType",
            "genericAuthType": "httpHeaderAuth",
            "sendBody": True,
            "specifyBody": "json",
            "jsonBody": "={{ JSON.stringify($json) }}",
            "options": {"timeout": TIMEOUT_MS, "redirect": {"redirect": {"followRedirects": False}}},
        },
        (260, 0),
        notes=SENDS_MARK,
        credentials={"httpHeaderAuth": {"id": None, "name": wanted.credential}},
        retryOnFail=True,
        maxTries=TRIES,
        waitBetweenTries=WAIT_MS,
        onError="continueErrorOutput",
    )
    slack = _node(
        FALLBACK,
        "n8n-nodes-base.slack",
        2.3,
        {
            "authentication": "accessToken",
            "resource": "message",
            "operation": "post",
            "select": "channel",
            "channelId": {"__rl": True, "mode": "name", "value": wanted.channel},
            "messageType": "text",
            "text": message(trigger),
            "otherOptions": {"includeLinkToWorkflow": False},
        },
        (520, 160),
        credentials={"slackApi": {"id": None, "name": wanted.slack_credential}},
        **({} if wanted.slack else {"disabled": True}),
    )
    return [send, slack]


def message(trigger: str) -> str:
    """What Slack is told, as an expression of n8n's: workflow, node, error and execution of the failure itself."""
    name = trigger.replace("\\", "\\\\").replace("'", "\\'").replace("{{", "{").replace("}}", "}")
    failure = f"$('{name}').first().json"

    def shown(value: str, instead: str) -> str:
        clean = ".slice(0, 300).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')"
        return f"{{{{ String({value} ?? '{instead}'){clean} }}}}"

    return (
        "=incident-nb did not take this failure, so it is told here.\n"
        f"Workflow: {shown(f'{failure}.workflow?.name', 'unknown')}\n"
        f"Node: {shown(f'{failure}.execution?.lastNodeExecuted', 'the trigger')}\n"
        f"Error: {shown(f'({failure}.execution ?? {failure}.trigger)?.error?.message', 'n8n gives none')}\n"
        f"Execution: {shown(f'{failure}.execution?.url', 'there is none: the trigger itself failed')}"
    )


def _about(wanted: Wanted) -> Json:
    content = f"""## Pass failures on to incident-nb
{OWN_MARK}; leave the notes of the nodes as they are, it knows its own by them.

**{SEND}** posts what failed to {wanted.to}, {TRIES} times with {WAIT_MS // 1000} seconds between. It needs a credential of
the kind Header Auth called “{wanted.credential}”: Name `Authorization`, Value `Bearer ` and the receiver's token.

**{FALLBACK}** speaks up when the receiver can't be reached or refuses. It needs a credential of the kind Slack API (a
bot's token that may write to {wanted.channel}). Without Slack, deactivate that node: then only this workflow's own failed
run (**{UNDELIVERED}**) tells of it.

n8n 2.x runs an error workflow only while it is published; 1.x runs it as it is saved."""
    return _node(NOTE, "n8n-nodes-base.stickyNote", 1, {"content": content, "height": 340, "width": 560}, (-40, -400))


def _fallback() -> Json:
    return {SEND: {"main": [[], [_to(FALLBACK)]]}}


def _to(name: str) -> Json:
    return {"node": name, "type": "main", "index": 0}


def _node(name: str, kind: str, version: float, parameters: Json, position: tuple[int, int], **more: Any) -> Json:
    made = {"id": str(uuid5(NAMESPACE_URL, f"incident-nb/{name}")), "name": name, "type": kind, "typeVersion": version}
    return {**made, "position": list(position), "parameters": parameters, **more}
