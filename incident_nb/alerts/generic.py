"""Alerts of any other sender, as one JSON object with these fields. All but a message or a title may be missing or null.

| field | type | what it is |
| --- | --- | --- |
| `message` | text | the error's own words; needed where there is no `title` |
| `title` | text | what it is called, in a line; made of `workflow` and `message` where it is missing |
| `description` | text | what the service said, or more words |
| `http_code` | text or whole number | the HTTP status, or a Node code such as ECONNREFUSED |
| `error_name` | text | the error's class |
| `stack` | text | stack trace or other technical text |
| `host`, `url` | text | what was talked to |
| `credential_type` | text | n8n's name of the kind of credential |
| `instance` | text | the n8n server, by its name in the settings |
| `client` | text | the client's code |
| `workflow_id`, `workflow` | text or whole number, text | n8n's id and name of the workflow |
| `node`, `node_type` | text | the node that failed |
| `execution_id`, `execution_url` | text or whole number, text | the execution that failed |
| `retry_of` | text or whole number | the execution that it retries |
| `mode` | text | how the execution was started |
| `at` | text | when it failed, or ended: ISO 8601; UTC where it names no zone. The receipt counts where it is missing |
| `resolved` | true or false | that it is over; adds a note to the incident and resolves nothing |
| `problem` | text | your own key of the problem: alerts with the same one are the same problem |
| `text` | text | the whole message for a person to read; made of the fields where it is missing |
| `details` | object | anything else, shown below the text |

Names and ids take 1,000 characters, texts 16,000, `details` 200 entries. Other fields are let through and left out.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from incident_nb.alerts.alert import GATED, Alert, alert, gated, instant
from incident_nb.alerts.body import BodyError, Json, document, part
from incident_nb.readers.limits import NAME

ENTRIES = 200  # in `details`, values inside of its values included
DETAIL = 2_000  # characters of a detail that is itself an object or a list, as JSON

_ABOUT: dict[str, tuple[tuple[type, ...], int]] = {
    "instance": ((str,), NAME), "client": ((str,), 300), "workflow_id": ((str, int), NAME), "workflow": ((str,), NAME),
    "execution_id": ((str, int), NAME), "execution_url": ((str,), GATED), "retry_of": ((str, int), NAME), "mode": ((str,), NAME),
    "problem": ((str,), NAME),
}  # fmt: skip
_ERROR: dict[str, tuple[tuple[type, ...], int]] = {
    "message": ((str,), GATED), "description": ((str,), GATED), "stack": ((str,), GATED), "http_code": ((str, int), NAME),
    "error_name": ((str,), NAME), "node": ((str,), NAME), "node_type": ((str,), NAME), "host": ((str,), NAME),
    "url": ((str,), GATED), "credential_type": ((str,), NAME),
}  # fmt: skip


def read(body: bytes, *, received: datetime, instance: str = "default", delivery_id: str | None = None) -> list[Alert]:
    """The one alert of a body in the schema above. Raises BodyError for a wrong type, what is too long, or no words."""
    sent = document(body)
    about, error = _fields(sent, _ABOUT), _fields(sent, _ERROR)
    title, text = part(sent, "title", str, longest=GATED), part(sent, "text", str, longest=GATED)
    if not (error["message"] or title):
        raise BodyError("There is neither a “message” nor a “title” in it.")
    said = part(sent, "at", str, longest=NAME)
    at = instant(said)
    if said and at is None:
        raise BodyError("“at” is no time in ISO 8601.")
    return [
        alert(
            "generic",
            {**about, "instance": about["instance"] or instance},
            {**error, "message": error["message"] or title},
            at=at,
            received=received,
            title=title,
            text=text,
            details=_details(sent),
            resolved=part(sent, "resolved", bool) or False,
            delivery_id=delivery_id,
        )
    ]


def _fields(sent: Json, table: dict[str, tuple[tuple[type, ...], int]]) -> Json:
    found = {name: part(sent, name, *kinds, longest=longest) for name, (kinds, longest) in table.items()}
    return {name: None if value is None else str(value) for name, value in found.items()}


def _details(sent: Json) -> Json:
    """The details as texts, redacted as the tree that they are: what is nested becomes JSON."""
    found = part(sent, "details", dict, longest=ENTRIES) or {}
    if _size(found) > ENTRIES:
        raise BodyError(f"“details” has more than {ENTRIES:,} entries.")
    clean = gated(found)
    return {
        name: value if isinstance(value, str) else _short(value) for name, value in clean.items() if value is not None
    }


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= DETAIL else f"{text[: DETAIL - 1]}…"


def _size(value: Any) -> int:
    if isinstance(value, dict | list):
        return 1 + sum(map(_size, value.values() if isinstance(value, dict) else value))
    return 1
