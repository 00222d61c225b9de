"""A webhook on loopback: it keeps every message that comes, and answers as it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0NLYTESTS/B0NLYTESTS/w3bh00kSecret0fTheTests"

Reply = tuple[int, str, dict[str, str]]
OK: Reply = (200, "ok", {})


@dataclass
class Webhook:
    """What came, as JSON and in order; `reply` is asked for the answer to each."""

    port: int = 0
    got: list[Any] = field(default_factory=list)
    reply: Callable[[Any], Reply] = lambda _: OK
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Its address, which is a secret."""
        return f"http://127.0.0.1:{self.port}/services/{SECRET}"

    @property
    def texts(self) -> list[str]:
        """The words of each message for notifications."""
        return [message["text"] for message in self.got]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """The webhook for as long as the block lasts."""
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            message = json.loads(body)
            assert self.path == f"/services/{SECRET}" and self.headers["content-type"].startswith("application/json")
            with kept.lock:
                kept.got.append(message)
            status, text, headers = kept.reply(message)
            self.send_response(status)
            for name, value in {"content-type": "text/html", "content-length": str(len(text)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
