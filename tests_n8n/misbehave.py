"""An HTTP service on loopback that behaves as told: `with Service() as service: service.set("/orders", status(503))`.

It listens at any address of 127.0.0.0/8 that is asked for, so that n8n sees several hosts, and what a path does can be
changed while it runs: good yesterday, failing today. Only Linux has all these addresses without further ado.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

MINUTE = 60.0


@dataclass(frozen=True)
class Request:
    """What a client sent."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Behaviour:
    """What is answered, and how.

    `wait`: seconds before the answer, unless released; `drip`: bytes one by one, that many seconds apart; `announced`: a
    Content-Length that is not the body's, as of an answer that is cut off; `hang_up`: the connection is reset instead.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drip: float = 0.0
    announced: int | None = None
    hang_up: bool = False


Act = Behaviour | Callable[[Request], Behaviour]


def reply(body: Any, status: int = 200, **headers: str) -> Behaviour:
    """JSON, with further headers as `retry_after="30"`."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Behaviour(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


def page(text: str, status: int = 200) -> Behaviour:
    """An HTML page."""
    body = f"<!DOCTYPE html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>".encode()
    return Behaviour(status, body, {"Content-Type": "text/html; charset=utf-8"})


def text(body: str, content_type: str = "application/json", status: int = 200) -> Behaviour:
    """This text under this content type, whether or not it is that."""
    return Behaviour(status, body.encode(), {"Content-Type": content_type})


ORDERS = {"orders": [{"id": 1, "customer": {"email": "kim@customer.test"}, "total": 12.5}], "next": None}
OK = reply(ORDERS)
RENAMED = reply(
    {"orders": [{"id": 1, "customer": {"email_address": "kim@customer.test"}, "total": 12.5}], "next": None}
)
NO_LIST = reply({"count": 0})
TOTAL_AS_TEXT = reply({"orders": [{"id": 1, "customer": {"email": "kim@customer.test"}, "total": "12,50 EUR"}]})
CUT_JSON = text('{"orders": [{"id": 1, "customer": {"em')
EMPTY = Behaviour(200, b"", {"Content-Type": "application/json"})
AS_TEXT = text(json.dumps(ORDERS), "text/plain")

BAD_KEY = reply({"error": {"code": "invalid_api_key", "message": "The API key is not valid."}}, 401)
EXPIRED = reply(
    {"message": "Token has expired", "statusCode": 401}, 401, www_authenticate='Bearer error="invalid_token"'
)
BARE_401 = text("Unauthorized", "text/plain", 401)
INVALID_GRANT = reply({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
NO_SCOPE = reply({"error": "insufficient_scope", "message": "This token lacks the scope orders:read."}, 403)
BLOCKED = page("Access denied", 403)

NOT_FOUND = reply({"message": "Not Found"}, 404)
NO_ROUTE = text("Cannot GET /v1/orders", "text/plain", 404)
NOT_ALLOWED = reply({"detail": "Method Not Allowed"}, 405)
GONE = reply({"message": "API version 1 was retired. Use /v2."}, 410)
DUPLICATE = reply({"error": "conflict", "message": "An order with the number 1001 already exists."}, 409)
INVALID = reply(
    {"message": "Validation failed", "errors": [{"field": "email", "message": "is not a valid e-mail"}]}, 400
)
UNPROCESSABLE = reply(
    {"detail": [{"loc": ["body", "total"], "msg": "value is not a valid float", "type": "type_error.float"}]}, 422
)

TOO_MANY = reply({"error": {"type": "rate_limit", "message": "Too many requests."}}, 429, retry_after="30")
QUOTA_IN_200 = reply({"ok": False, "error": "Daily quota exceeded: 10000 of 10000 requests used"})

CRASHED = reply({"detail": "Internal Server Error"}, 500)
TRACEBACK = text("Traceback (most recent call last):\n  File \"app.py\", line 12\nKeyError: 'total'", "text/plain", 500)
BAD_GATEWAY = page("502 Bad Gateway", 502)
UNAVAILABLE = reply({"error": "Service temporarily unavailable"}, 503, retry_after="120")
MAINTENANCE = page("Down for maintenance", 503)
GATEWAY_TIMEOUT = page("504 Gateway Time-out", 504)

SLOW = Behaviour(200, OK.body, OK.headers, wait=10 * MINUTE)
DRIP = Behaviour(200, OK.body, OK.headers, drip=0.5)
CUT_OFF = Behaviour(200, OK.body[:20], OK.headers, announced=len(OK.body))
HANG_UP = Behaviour(hang_up=True)


def big(megabytes: float) -> Behaviour:
    """A JSON body of that size."""
    return reply({"orders": [{"id": 1, "note": "x" * int(megabytes * 1_000_000)}]})


def redirect(to: str, status: int = 302) -> Behaviour:
    """A redirect, which may lead back to itself."""
    return Behaviour(status, b"", {"Location": to})


def guarded(header: str, value: str, good: Behaviour = OK, bad: Behaviour = BAD_KEY) -> Callable[[Request], Behaviour]:
    """`good` for requests that bear this header with this value, `bad` for all others."""
    return lambda request: good if request.headers.get(header.lower()) == value else bad


class Service:
    """Answers by path at every address asked for; paths that were not set answer 404."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._acts: dict[tuple[str, str], Act] = {}
        self._listeners: dict[str, ThreadingHTTPServer] = {}
        self._released = threading.Event()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        for host in list(self._listeners):
            self.close(host)

    def set(self, path: str, act: Act, host: str = "") -> None:
        """From now on requests for this path get that: at this host, or at every host that has nothing of its own."""
        self._acts[host, path] = act

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        """The address of a path at a host of 127.0.0.0/8; it listens there from the first time on."""
        if host not in self._listeners:
            self._listeners[host] = server = _listener(self, host)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://{host}:{self._listeners[host].server_address[1]}{path}"

    def close(self, host: str) -> None:
        """Stops listening there: connections are refused from now on."""
        server = self._listeners.pop(host)
        server.shutdown()
        server.server_close()

    def release(self) -> None:
        """Ends all waiting and dripping: answers that are held back go out at once."""
        self._released.set()
        self._released = threading.Event()

    def act(self, request: Request) -> tuple[Behaviour, threading.Event]:
        """What this request gets, and the event that ends its waiting."""
        self.requests.append(request)
        everywhere = self._acts.get(("", request.path), NOT_FOUND)
        act = self._acts.get((request.host, request.path), everywhere)
        return (act(request) if callable(act) else act), self._released


def _listener(service: Service, host: str) -> ThreadingHTTPServer:
    class Handler(_Handler):
        owner = service

    return _Server((host, 0), Handler)


class _Server(ThreadingHTTPServer):
    # Handlers that wait must not hold up the end of a test.
    daemon_threads = True
    block_on_close = False

    def shutdown_request(self, request: Any) -> None:
        """Closes without the usual end first, so that a linger of zero seconds becomes a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go when they like; anything else is a fault of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    owner: Service
    protocol_version = "HTTP/1.1"
    timeout = MINUTE

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        host, path = str(self.headers.get("Host", "")).rpartition(":")[0], urlsplit(self.path).path
        act, released = self.owner.act(Request(self.command, host, path, headers, self.rfile.read(length)))
        # Each answer on a connection of its own, so that one that is cut off leaves nothing behind.
        self.close_connection = True
        with suppress(OSError):
            if act.wait:
                released.wait(act.wait)
            if act.hang_up:
                # Closing with a linger of zero seconds sends a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            self.send_response(act.status)
            sent = {
                "Content-Length": str(len(act.body) if act.announced is None else act.announced),
                "Connection": "close",
            }
            for name, value in {**act.headers, **sent}.items():
                self.send_header(name, value)
            self.end_headers()
            if not act.drip:
                self.wfile.write(act.body)
                return
            for byte in act.body:
                self.wfile.write(bytes([byte]))
                released.wait(act.drip)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

    def log_message(self, *_: object) -> None:
        """Nothing: requests are kept in `Service.requests`."""
