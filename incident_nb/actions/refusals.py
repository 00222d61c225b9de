"""What an error says of how far a node's call got: never sent, refused by the service, or perhaps carried out."""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from incident_nb.actions.deeds import Deed
from incident_nb.readers.node_input import Json, as_dict, as_list

# A service that answers one of these did not do what it was asked for. Others of 400 and above may come after it did:
# 408 and 409 of a request that was sent twice, 412 and 425 as well, 5xx of whatever stands before the service.
REFUSED = (400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 429, 431)
# Node's codes for a connection that never came about.
NEVER_CONNECTED = ("ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH")
_TLS = re.compile(
    r"^(?:SSL Issue\b|self[- ]signed certificate|certificate has expired|unable to verify the first certificate)", re.I
)
# n8n's own words for what it finds before it sends anything.
_BEFORE = (
    "Credentials not found", "URL parameter must be a string", "Referenced node doesn't exist", "Invalid URL",
    "password authentication failed for user", "The provided authorization grant", "Workflow does not exist",
    "Workflow is not active and cannot be executed",
)  # fmt: skip
_STATUS = re.compile(r"^(\d{3})\b")
_ADDRESS = re.compile(r"connect ECONNREFUSED \S*:(\d+)$")
_HOST = re.compile(r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (\S+?)(?::\d+)?$")


class Reach(NamedTuple):
    """How far the call got, in a word and in words; `item`: at which item the node stopped, where the error tells."""

    how: Literal["unsent", "refused", "open"]
    words: str
    item: int | None = None


def reach(error: Json, done: Deed) -> Reach:
    """How far the call that ended with this error got; `open` whenever it may have been carried out."""
    item = as_dict(error.get("context")).get("itemIndex")
    number = item if isinstance(item, int) and not isinstance(item, bool) else None
    code, message = str(error.get("httpCode") or ""), str(error.get("message") or "")
    said = [str(one) for one in (message, error.get("description"), *as_list(error.get("messages"))) if one]
    if code in NEVER_CONNECTED:
        if _elsewhere(error, said):
            return Reach("open", "a connection failed, but to another place than the request's", number)
        return Reach("unsent", f"no connection came about ({code})", number)
    status = _status(code, said)
    if status is not None:
        if status in REFUSED:
            return Reach("refused", f"the service refused the call ({status})", number)
        return Reach("open", f"the service answered {status}, which may come after it did what it was asked", number)
    if code and code != "EAUTH":
        return Reach("open", f"the call ended without an answer ({code}), and may have been carried out", number)
    invalid = as_dict(error.get("failure")).get("cause") == "credential-invalid"
    if code == "EAUTH" or invalid or message.startswith(_BEFORE) or _TLS.match(message):
        return Reach("unsent", "nothing was sent", number)
    if any(word in one for word in done.refused for one in said):
        return Reach("refused", "the service refused the call", number)
    if not error:
        return Reach("open", "how the call ended is not known", number)
    return Reach("open", "the error does not say whether the call was carried out", number)


def _status(code: str, said: list[str]) -> int | None:
    """The HTTP status, by the error's own field or by how n8n quotes the answer: `429 - "…"`."""
    for text in (code, *said):
        if (found := _STATUS.match(text)) and (text == found[1] or text[3:].startswith(" - ")):
            return int(found[1])
    return None


def _elsewhere(error: Json, said: list[str]) -> bool:
    """Whether the connection that failed was to another port or host than was asked, as after a redirect."""
    request: Any = as_dict(as_dict(error.get("context")).get("request")).get("uri")
    if not isinstance(request, str):
        return False
    try:
        asked = urlsplit(request)
        port = asked.port or {"http": 80, "https": 443}.get(asked.scheme)
    except ValueError:
        return True
    for text in said:
        if (found := _ADDRESS.search(text)) and int(found[1]) != port:
            return True
        if (found := _HOST.search(text)) and found[1].lower() != (asked.hostname or ""):
            return True
    return False
