"""Which of a client's Pydantic models stands for the failing node, what it is asked of, and what its answer weighs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from incident_nb.models import Cause, Evidence
from incident_nb.probes import model_check
from incident_nb.probes.model_check import Judgement, Refusal
from incident_nb.probes.parts import failing_run
from incident_nb.probes.shapes import VALUES
from incident_nb.probes.target import CouldNotLookError, Target, Tools, seen
from incident_nb.readers.node_input import Json, all_inputs, as_dict, error_of, node_input

C = Cause
MOST = 200  # payloads of one kind
SHOWN = 8
_WEBHOOK = {"headers", "params", "query", "body"}


class Payloads(NamedTuple):
    """What the model may be meant for, in words, from the failing run and from good ones."""

    name: str
    failing: list[Any]
    good: list[Any]


class Asked(NamedTuple):
    """What came of asking the model. `remarks`: sentences that weigh nothing, such as why it could not be asked."""

    facts: tuple[Evidence, ...] = ()
    remarks: tuple[str, ...] = ()
    refuses: bool = False
    weighs: bool = False
    next_look: str | None = None


def ask_model(target: Target, tools: Tools, failing: Json, node: str, good: list[Json]) -> Asked:
    """What the model that the settings map the node, or the endpoint that it calls, to says of the failing payload."""
    client = tools.settings.clients.get(target.client or "")
    spec, by_path = _spec(client.models, node, target.url) if client else (None, False)
    if client is None or spec is None:
        return Asked()
    try:
        folder = tools.settings.repository_of(target.client)
        if folder is None:
            raise CouldNotLookError(
                f"The model {spec} can't be found: set `repository` under [clients.{target.client}] in the settings."
            )
        every = list(_payloads(failing, node, good, sent_first=by_path))
        if not every:
            raise CouldNotLookError(f"The model {spec} has nothing to judge: no input and no request is recorded.")
        return _ask(folder, spec, every, tools)
    except CouldNotLookError as error:
        return Asked(remarks=(str(error),), next_look=f"Mend that, so that {spec} can be asked.")


def _ask(repository: Path, spec: str, every: list[Payloads], tools: Tools) -> Asked:
    groups = [some for one in every for some in (one.failing, one.good)]
    judged = model_check.check(repository, spec, groups, tools.session.left - 0.5)
    pairs = list(zip(every, judged[::2], judged[1::2], strict=True))
    # The one that the model is meant for is the one that it takes, or takes most of.
    payloads, mine, usual = min(pairs, key=lambda pair: (pair[1].valid < pair[1].of, len(pair[1].refused)))
    count = f"{mine.of} payload{'s' * (mine.of != 1)}"
    if mine.valid == mine.of:
        text = f"The model {spec} takes {payloads.name} ({count})."
        return Asked((seen(text, {C.DATA_FORMAT: 0.6}),), weighs=True)
    known = {(one.where, one.kind) for one in usual.refused}
    new = [one for one in mine.refused if (one.where, one.kind) not in known]
    shown = "; ".join(_words(one, mine) for one in (new or mine.refused)[:SHOWN])
    step = f"Update {spec} to the new format if it is meant, add validation, and redeploy (RES-5)."
    if not new:
        text = f"The model {spec} refuses {payloads.name}, but that of good runs just so: {shown}."
        return Asked((seen(text),), next_look=f"See whether {spec} is the model of this node.")
    text = f"The model {spec} refuses {payloads.name} ({mine.of - mine.valid} of {count}): {shown}."
    if usual.of and usual.valid == usual.of:
        text += " It takes that of the good runs."
    return Asked((seen(text, {C.DATA_FORMAT: 5.0}),), refuses=True, weighs=True, next_look=step)


def _words(one: Refusal, of: Judgement) -> str:
    part = f" in {one.payloads} of {of.of}" if one.payloads < of.of else ""
    return f"{one.where}: {one.words} ({one.kind}){part}"


def _spec(models: dict[str, str], node: str, url: str | None) -> tuple[str | None, bool]:
    """The model of the node, or of the endpoint's path; and whether it is the latter."""
    if node in models:
        return models[node], False
    path = urlsplit(url or "").path.rstrip("/")
    for key, spec in models.items():
        if key.startswith("/") and path and path == key.rstrip("/"):
            return spec, True
    return None, False


def _payloads(failing: Json, node: str, good: list[Json], *, sent_first: bool) -> Iterator[Payloads]:
    """What may be meant: the input, the body of a webhook's request in it, or the body that the node sent."""
    mine = [_json(item) for item in node_input(failing, node, failing_run(failing, node)).items][:MOST]
    usual = [_json(item) for one in good for got in all_inputs(one, node) for item in got.items][:MOST]
    sent = [
        Payloads("what the node sent, as its error has it", _bounded([body]), [])
        for body in [_sent(failing, node)]
        if isinstance(body, dict | list)
    ]
    got = [Payloads("the input of the node", _bounded(mine), _bounded(usual))] if mine else []
    if mine and all(isinstance(one, dict) and one.keys() >= _WEBHOOK for one in mine):
        bodies, before = ([as_dict(one).get("body") for one in some] for some in (mine, usual))
        got.append(Payloads("the body that the webhook was sent", _bounded(bodies), _bounded(before)))
    yield from [*sent, *got] if sent_first else [*got, *sent]


def _sent(failing: Json, node: str) -> Any:
    """The body of the request that failed, where n8n recorded it."""
    body = as_dict(as_dict(error_of(failing, node).get("context")).get("request")).get("body")
    if isinstance(body, str) and body[:1] in ("{", "["):
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            return None
    return body


def _json(item: Any) -> Any:
    return item.get("json", {}) if isinstance(item, dict) else item


def _bounded(payloads: list[Any]) -> list[Any]:
    """The payloads, as long as they are of a size to be sent on. Raises CouldNotLookError."""
    left, waiting = VALUES, [(0, payload) for payload in payloads]
    while waiting:
        depth, value = waiting.pop()
        left -= 1
        if left < 0 or depth > 100:
            raise CouldNotLookError(f"The input is nested too deep or holds more than {VALUES:,} values for a model.")
        if isinstance(value, dict):
            waiting += ((depth + 1, entry) for entry in value.values())
        elif isinstance(value, list):
            waiting += ((depth + 1, entry) for entry in value)
    return payloads
