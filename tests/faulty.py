"""A server on loopback that answers as it is told to, however wrong that is: bytes, when, and what then."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Reply = Callable[[socket.socket, "Asked"], None]


@dataclass
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Server:
    """What the server does with the next request, and what it was asked until now."""

    port: int
    reply: Reply
    asked: list[Asked] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(reply: Reply, *, deaf: bool = False) -> Iterator[Server]:
    """A server for as long as the block lasts; every connection takes one request and is closed.

    One that is `deaf` answers whatever it is sent, be it no HTTP.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1], reply)
        thread = threading.Thread(target=_serve, args=(listening, server, deaf), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with socket.create_connection(("127.0.0.1", server.port)):
                pass
            thread.join(timeout=10)


def _serve(listening: socket.socket, server: Server, deaf: bool) -> None:
    while not server.stopped.is_set():
        connection, _ = listening.accept()
        threading.Thread(target=_answer, args=(connection, server, deaf), daemon=True).start()


def _answer(connection: socket.socket, server: Server, deaf: bool) -> None:
    with connection:
        try:
            if deaf:
                connection.recv(65536)
                server.reply(connection, Asked("", "", {}))
                return
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
            first, *lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            asked = Asked(method, path, headers)
            server.asked.append(asked)
            server.reply(connection, asked)
        except OSError:
            pass  # the client had enough


def head(status: int = 200, **headers: object) -> bytes:
    """The head of an answer; names with _ for -."""
    lines = [f"HTTP/1.1 {status} Said", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(body: bytes | str | Any, status: int = 200, **headers: object) -> Reply:
    """A whole answer; what is neither bytes nor text is sent as JSON."""
    kind = "text/html" if isinstance(body, str) else "application/json"
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    whole = head(status, **{"content_type": kind, "content_length": len(data), **headers}) + data
    return lambda connection, _: connection.sendall(whole)


def drip(server_stopped: threading.Event, data: bytes, every_s: float = 0.05) -> Reply:
    """An answer that comes byte by byte, and never ends."""

    def reply(connection: socket.socket, _: Asked) -> None:
        sent = 0
        while not server_stopped.wait(every_s):
            connection.sendall(data[sent : sent + 1] or b"x")
            sent += 1

    return reply


def endless(connection: socket.socket, _: Asked) -> None:
    """A body without an end."""
    connection.sendall(head(200, content_type="application/json"))
    while True:
        connection.sendall(b'{"a":' * 10_000)


def silent(connection: socket.socket, _: Asked) -> None:
    """Takes the request and says nothing until the client leaves."""
    connection.recv(1)


def hang_up(connection: socket.socket, _: Asked) -> None:
    """Ends the connection without a word."""
    connection.close()


def half(connection: socket.socket, _: Asked) -> None:
    """Half of what was promised."""
    connection.sendall(head(200, content_type="application/json", content_length=4000) + b'{"data": [{"id": "1"')


def bomb(megabytes: int) -> Reply:
    """Megabytes of zeros, packed."""
    return answer(gzip.compress(bytes(megabytes * 1_000_000)), content_encoding="gzip")


def nonsense(connection: socket.socket, _: Asked) -> None:
    """No HTTP at all."""
    connection.sendall(b"220 mail.example.com ESMTP ready\r\n\r\n")
