"""n8n's error object taken apart: what it says, where it happened, what was talked to and with which credential."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

Fields = dict[str, str | None]

_HOST_IN_TEXT = re.compile(r"(?:getaddrinfo \w+|connect \w+|Host:) ([\w.-]+\.[a-z]{2,})", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'`{}<>]+")
_TECHNICAL_LIMIT = 64_000  # the gate sees all of this; what is kept is cut after it


def error_fields(error: dict[str, Any], node: dict[str, Any] | None = None) -> Fields:
    """The fields of an error record, raw: error_name, http_code, message, description, stack, host, url, credential_*.

    `node` is the failing node as the workflow snapshot has it; the copy inside the error, if any, comes first.
    `stack` is all technical text: n8n's `messages` (the service's own answer), inner errors, then the stack trace.
    The request's body and headers are never taken over.
    """
    inner = error.get("node")
    node = inner if isinstance(inner, dict) and inner.get("type") else (node or {})
    message, description = _text(error.get("message")), _text(error.get("description"))
    url = _address(error, node)
    credential_type, credential = _credential(node)
    return {
        "error_name": _text(error.get("name") or error.get("type")),
        "http_code": _status(error),
        "message": message,
        "description": description,
        "stack": _technical(error),
        "host": _host(url, message, description, _first(error.get("messages"))),
        "url": url,
        "credential_type": credential_type,
        "credential_id": _text(credential.get("id")),
        "credential": _text(credential.get("name")),
    }


def _text(value: Any) -> str | None:
    if value is None or value in ("", {}, []):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(value: Any) -> str | None:
    return _text(value[0]) if isinstance(value, list) and value else None


def _status(error: dict[str, Any]) -> str | None:
    """The status as text: an HTTP code, or the Node code that n8n keeps in the same place."""
    inner = error.get("response")
    response = inner if isinstance(inner, dict) else {}
    for value in (error.get("httpCode"), error.get("status"), error.get("statusCode"), response.get("status")):
        if value not in (None, ""):
            return _text(value)
    return _text(error.get("code"))


def _technical(error: dict[str, Any]) -> str | None:
    parts: dict[str, None] = {}
    room = _TECHNICAL_LIMIT

    def add(value: Any) -> None:
        nonlocal room
        text = _text(value) if room > 0 else None
        if text and text not in parts:
            parts[text] = None
            room -= len(text)

    for entry in _list(error.get("messages")):
        add(entry)
    for key in ("cause", "errorResponse", "failure", "extra"):
        inner = error.get(key)
        if isinstance(inner, dict):
            for name in ("name", "message", "description", "code", "httpCode", "cause", "workflowId"):
                add(inner.get(name) if name not in ("code", "httpCode", "cause") else _labelled(name, inner.get(name)))
            for entry in _list(inner.get("messages")):
                add(entry)
        else:
            add(inner)
    context = error.get("context")
    if isinstance(context, dict):
        add(context.get("data"))
        add(context.get("descriptionTemplate"))
    response = error.get("response")
    if isinstance(response, dict):
        add(response.get("data") or response.get("body"))
    add(error.get("stack"))
    return "\n".join(parts)[:_TECHNICAL_LIMIT] or None


def _labelled(name: str, value: Any) -> str | None:
    text = _text(value)
    return f"{name}: {text}" if text else None


def _address(error: dict[str, Any], node: dict[str, Any]) -> str | None:
    """The address without query or user: of the request, else what the node's parameters hold literally."""
    context = error.get("context")
    request = context.get("request") if isinstance(context, dict) else None
    request = request if isinstance(request, dict) else {}
    parameters = node.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    base = request.get("baseURL")
    for candidate in (request.get("uri"), request.get("url"), parameters.get("url")):
        if not isinstance(candidate, str):
            continue
        whole = base.rstrip("/") + candidate if isinstance(base, str) and candidate.startswith("/") else candidate
        found = _ADDRESS.search(whole)
        if found:
            return _bare(found[0])
    return None


@lru_cache(maxsize=2_000)
def _bare(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return None


def _host(url: str | None, *texts: str | None) -> str | None:
    if url:
        return _host_of(url)
    for text in texts:
        found = _HOST_IN_TEXT.search(text or "")
        if found:
            return found[1].lower()
    return None


@lru_cache(maxsize=2_000)
def _host_of(url: str) -> str | None:
    return urlsplit(url).hostname


def _credential(node: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The credential the node signs in with. An HTTP Request node may keep several; its parameters say which counts."""
    credentials, parameters = node.get("credentials"), node.get("parameters")
    if not isinstance(credentials, dict) or not credentials:
        return None, {}
    wanted = parameters if isinstance(parameters, dict) else {}
    for name in (wanted.get("nodeCredentialType"), wanted.get("genericAuthType"), *credentials):
        if name in credentials:
            entry = credentials[name]
            return str(name), entry if isinstance(entry, dict) else {}
    return None, {}
