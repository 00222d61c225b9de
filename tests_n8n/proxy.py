"""A TCP proxy on loopback before n8n, which cuts the network off at a retry: `with Proxy(n8n.url) as proxy: …`."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from urllib.parse import urlsplit

RETRY = re.compile(rb"POST /api/v1/executions/[^/ ]+/retry ")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
BYTES = 65536
Cut = Literal["before", "after"]


class Proxy:
    """Forwards connections to a server, and drops them all from the next retry's request on, as long as it is `cut`.

    `before`: that request does not reach the server. `after`: it does, whole, and `arrived` has returned before the
    connection is dropped; nothing of the answer comes back.
    """

    def __init__(self, to: str, cut: Cut, arrived: Callable[[], object] = lambda: None) -> None:
        parts = urlsplit(to)
        self.to, self.cut, self.arrived = (str(parts.hostname), int(parts.port or 80)), cut, arrived
        self.armed, self.down, self.retries = True, False, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def mend(self) -> None:
        """From now on everything is forwarded."""
        self.armed = self.down = False

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._drop_all()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.down:
                client.close()
                continue
            server = socket.create_connection(self.to)
            self._open |= {client, server}
            threading.Thread(target=self._up, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        """Requests; one of a retry is held until it is whole."""
        held = b""
        with suppress(OSError):
            while data := client.recv(BYTES):
                held += data
                if not RETRY.match(held):
                    server.sendall(held)
                    held = b""
                elif _is_whole(held):
                    self.retries += 1
                    if self.armed:
                        self.down = True
                        if self.cut == "after":
                            server.sendall(held)
                            self.arrived()
                        break
                    server.sendall(held)
                    held = b""
        if self.down:
            self._drop_all()
        _close(client, server)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        """Answers, none of them once it is down."""
        with suppress(OSError):
            while (data := source.recv(BYTES)) and not self.down:
                target.sendall(data)
        _close(source, target)

    def _drop_all(self) -> None:
        _close(*self._open)


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


def _close(*ends: socket.socket) -> None:
    for one in ends:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
