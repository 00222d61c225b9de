"""False greens: a node that ran without an error and still did not do its work, as the data of its run shows.

n8n's own record of errors is read elsewhere (`incident_nb.readers.failures`); here is what it takes for a success.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from incident_nb.escape import printable
from incident_nb.readers.node_input import as_dict, as_list, runs_of
from incident_nb.redact import redact_text

Json = dict[str, Any]

MOST = 1_000  # items of a run that are looked at
LONGEST = 120
_ENVELOPE = {"status", "message", "data", "code"}  # of an answer that says by "status" how it went (JSend and its like)


class Before(NamedTuple):
    """What the node gave in a good run before it failed: how many items that hold something, and of them error bodies."""

    execution_id: str
    items: int
    errors: int


def hollow(execution: Json, node: str, before: Callable[[], Before | None]) -> str:
    """Why a run's success is none at this node, to go on after “execution 812 …”; empty where it is one.

    `execution`: as n8n's API gives it, with its data. `before` is asked only where the run alone does not tell.
    """
    if node in as_dict(as_dict(as_dict(execution.get("data")).get("resultData")).get("pinData")):
        return f"shows pinned data at “{node}”: the node did nothing"
    runs = runs_of(execution, node)
    if not any(as_dict(run.get("data")) for run in runs):
        return f"was kept without what “{node}” gave, so that nobody can tell how it did"
    items, errors = _given(execution, node)
    if errors and not ((known := before()) and known.errors and errors * known.items <= known.errors * len(items)):
        said = next(why for item in items if (why := error_body(as_dict(item.get("json")))))
        of = f" ({errors} of {len(items)} items)" if len(items) > 1 else ""
        if known and known.errors:
            of += f", in execution {known.execution_id} {known.errors} of {known.items}"
        return f"is marked a success, but what “{node}” got back is an error{of}: {said}"
    if items:
        return ""
    known = before()
    if known is None:
        return f"got nothing at “{node}”, and no good run from before is kept that says whether that is right"
    return (
        f"got nothing at “{node}”; in execution {known.execution_id} it was {known.items} items" if known.items else ""
    )


def given(execution: Json, node: str) -> Before | None:
    """What a node gave in an execution; None where n8n kept nothing of it."""
    if not any(as_dict(run.get("data")) for run in runs_of(execution, node)):
        return None
    items, errors = _given(execution, node)
    return Before(str(execution.get("id")), len(items), errors)


def _given(execution: Json, node: str) -> tuple[list[Json], int]:
    """The items of all of a node's runs that hold something, and how many of them are error bodies."""
    found: list[Json] = []
    for run in runs_of(execution, node):
        for outputs in as_dict(run.get("data")).values():
            found += [as_dict(item) for output in as_list(outputs) for item in as_list(output)]
    filled = [item for item in found[:MOST] if item.get("json") or item.get("binary")]
    return filled, sum(bool(error_body(as_dict(item.get("json")))) for item in filled)


def error_body(body: Json) -> str:
    """What a service's answer says of a failure, in a few words through the gate; empty where it says none.

    A full response with a status of 400 or more; `error` or `errors` that hold something; `success` or `ok` that is false;
    `status` “error” or “fail” in an answer that holds little else.
    """
    code = body.get("statusCode")
    if isinstance(code, int) and code >= 400 and ("body" in body or "headers" in body):
        return f"status {code}"
    if "statusCode" in body and "body" in body:
        return error_body(as_dict(body["body"]))
    for name in ("error", "errors"):
        if body.get(name):
            return _words(name, body[name], body)
    for name in ("success", "ok"):
        if body.get(name) is False:
            return _words(f"{name}: false", None, body)
    if body.get("status") in ("error", "fail") and body.keys() <= _ENVELOPE:
        return _words(f"status: {body['status']}", None, body)
    return ""


def _words(name: str, value: Any, body: Json) -> str:
    first = value[0] if isinstance(value, list) and value else value
    for said in (first, as_dict(first).get("message"), body.get("message"), body.get("error_description")):
        if isinstance(said, str) and said.strip():
            text = " ".join(printable(redact_text(said)).split())
            return f"{name} “{text if len(text) <= LONGEST else f'{text[: LONGEST - 1]}…'}”"
    return name
