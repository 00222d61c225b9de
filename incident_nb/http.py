"""Requests that go only where they may, end in time, and bring no more than they should.

A `Session` knows the places that may be asked and one deadline for all that is asked through it. Redirects are not
followed, the environment's proxies and passwords are not used, and an address is checked once more after its name was
resolved, so that neither an answer nor a name server can send a request, and the key it bears, somewhere else.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpcore

from incident_nb.errors import IncidentNbError

Reason = Literal["not_allowed", "dns", "refused", "tls", "reset", "timeout", "too_large", "bad_answer"]
PORTS = {"http": 80, "https": 443}
MAX_BODY = 64_000_000
CHUNK = 64_000
_KEPT = "/?&=%:@!$'()*+,;~[]"


class RequestError(IncidentNbError):
    """A request brought no answer. `reason` says which way, the message what was asked, without path and query."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Allowed:
    """Where requests may go: `origins` as `https://n8n.example.com:443`, and `hosts` as globs, by https only."""

    origins: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()

    def __contains__(self, url: str) -> bool:
        place = origin(url)
        scheme, _, host = place.rpartition(":")[0].partition("://")
        return place in self.origins or (
            scheme == "https" and any(fnmatchcase(host, glob.lower()) for glob in self.hosts)
        )


@dataclass
class Timing:
    """Seconds from the start of a request until each step was done; None for what did not happen (a kept connection)."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (names in small letters), body, and how long each step took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    timing: Timing = field(default_factory=Timing)


def origin(url: str) -> str:
    """Scheme, host and port of an address, in one form; empty for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname.lower()}:{port}" if parts.hostname and port else ""


class Session:
    """Requests to the allowed places, all of them done by one deadline. Safe to use from several threads."""

    def __init__(self, allowed: Allowed, *, budget_s: float = 20.0) -> None:
        self.allowed = allowed
        self.deadline = time.monotonic() + budget_s
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(), max_connections=32, network_backend=_Network(self.deadline), retries=0
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    @property
    def left(self) -> float:
        """The seconds that are left."""
        return self.deadline - time.monotonic()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        within: float = 10.0,
        most: int = MAX_BODY,
    ) -> Answer:
        """The answer to one request, whatever its status; a redirect comes back as it is.

        `within` seconds, or less where the session's deadline is nearer, until the last byte; `most` bytes unpacked.
        Raises RequestError.
        """
        place = origin(url)
        if url not in self.allowed:
            raise RequestError("not_allowed", f"{place or 'an address without a host'} is not among the places to ask")
        parts = urlsplit(url)
        sent = {"host": parts.netloc.rpartition("@")[2], "accept": "*/*", "accept-encoding": "gzip",
                "user-agent": "incident-nb", **(headers or {})}  # fmt: skip
        if content is not None or method in ("POST", "PUT", "PATCH"):
            sent["content-length"] = str(len(content or b""))
        timing = Timing()
        with _now(timing, min(self.deadline, time.monotonic() + within)) as clock, _told(place, clock):
            # Put together from what was checked, so that no other reading of the address can lead elsewhere.
            target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_KEPT)
            where = httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)
            request = httpcore.Request(
                method, where, headers=[(name.encode(), value.encode()) for name, value in sent.items()],
                content=content or b"", extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), within)},
            )  # fmt: skip
            answer = self._pool.handle_request(request)
            try:
                timing.first_byte = clock.passed
                got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
                body = b"".join(_body(answer.iter_stream(), got.get("content-encoding", ""), most, place))
            finally:
                answer.close()
            timing.total = clock.passed
            return Answer(answer.status, got, body, timing)


def look(host: str, port: int = 443, *, within: float = 5.0) -> Timing:
    """How long DNS, connection and TLS take at a public host that no request may be sent to; nothing is sent.

    Raises RequestError: `not_allowed` for an address that is not public.
    """
    timing = Timing()
    network = _Network(time.monotonic() + within, public=True)
    with _now(timing, network.deadline) as clock, _told(f"{host}:{port}", clock):
        stream = network.connect_tcp(host, port)
        try:
            stream.start_tls(_trust(), host, within)
        finally:
            stream.close()
        timing.total = clock.passed
    return timing


def _body(chunks: Iterable[bytes], encoding: str, most: int, place: str) -> Iterator[bytes]:
    """The body unpacked, as long as it stays below `most` bytes."""
    if encoding.lower() not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise RequestError("bad_answer", f"{place} answered in the encoding {encoding[:40]!r}, which was not asked for")
    packed = encoding.lower() not in ("", "identity")
    unpack = zlib.decompressobj(47) if packed else None  # gzip or zlib, told by its head
    size = 0
    for chunk in chunks:
        rest = chunk
        while rest:
            piece = unpack.decompress(rest, CHUNK) if unpack else rest
            rest = unpack.unconsumed_tail if unpack else b""
            size += len(piece)
            if size > most:
                raise RequestError("too_large", f"{place} answered with more than {most / 1e6:g} MB")
            yield piece
    if unpack and not unpack.eof:
        raise RequestError("bad_answer", f"{place} ended its answer in the middle of a compressed body")


class _Clock:
    """The time of the request that the thread is at: its start, its end, and what it notes down."""

    def __init__(self, timing: Timing, deadline: float) -> None:
        self.timing, self.deadline, self.start = timing, deadline, time.monotonic()

    @property
    def passed(self) -> float:
        return time.monotonic() - self.start


_current = threading.local()


@contextmanager
def _now(timing: Timing, deadline: float) -> Iterator[_Clock]:
    _current.clock = clock = _Clock(timing, deadline)
    try:
        yield clock
    finally:
        _current.clock = None


@contextmanager
def _told(place: str, clock: _Clock) -> Iterator[None]:
    """Whatever goes wrong below, as a RequestError that names the place."""
    try:
        yield
    except RequestError:
        raise
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise RequestError("timeout", f"{place} did not answer in time (after {clock.passed:.1f} s)") from error
    except ssl.SSLError as error:
        raise RequestError("tls", f"{place}: the secure connection failed: {_words(error)}") from error
    except httpcore.ConnectError as error:
        tls = isinstance(error.__context__, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
        kind: Reason = "tls" if tls else "refused"
        raise RequestError(
            kind, f"{place}: {'the secure ' if tls else 'the '}connection failed: {_words(error)}"
        ) from error
    except (httpcore.ReadError, httpcore.WriteError, OSError) as error:
        raise RequestError("reset", f"{place} closed the connection (after {clock.passed:.1f} s)") from error
    except (httpcore.ProtocolError, zlib.error, ValueError) as error:
        if "disconnected" in str(error) or "peer closed" in str(error):
            raise RequestError("reset", f"{place} closed the connection (after {clock.passed:.1f} s)") from error
        raise RequestError("bad_answer", f"{place} did not answer in HTTP: {_words(error)}") from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


_names = ThreadPoolExecutor(max_workers=16, thread_name_prefix="names")


class _Network(httpcore.NetworkBackend):
    """Connections whose every step ends by the deadline of the request that the thread is at."""

    def __init__(self, deadline: float, public: bool = False) -> None:
        self.deadline = deadline
        self._public = public
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        del timeout, local_address
        failed: Exception | None = None
        for address in self._resolved(host, port):
            if self._public and not ipaddress.ip_address(address).is_global:
                raise RequestError("not_allowed", f"{host} is at a private address, which is not asked")
            try:
                stream = self._plain.connect_tcp(address, port, timeout=_left(), socket_options=socket_options)
            except httpcore.ConnectError as error:
                failed = error
                continue
            _current.clock.timing.connect = _current.clock.passed
            return _Stream(stream)
        raise failed or httpcore.ConnectError(f"{host} has no address")

    def _resolved(self, host: str, port: int) -> list[str]:
        """The addresses of a name; the system's own resolver knows no time limit."""
        asked: Future[list[Any]] = _names.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = asked.result(timeout=_left())
        except TimeoutError as error:
            raise RequestError("dns", f"the name {host} could not be resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise RequestError("dns", f"the name {host} could not be resolved: {_words(error)}") from error
        _current.clock.timing.dns = _current.clock.passed
        return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection that is read and written as long as there is time, however slowly it drips."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        stream = self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=_left(timeout))
        _current.clock.timing.tls = _current.clock.passed
        return _Stream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None = None) -> float:
    left = float(_current.clock.deadline - time.monotonic())
    if left <= 0:
        raise httpcore.ReadTimeout("no time is left")
    return left if timeout is None else min(left, timeout)


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates and, where it has none of its own (a Python from python.org), those that pip brings."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
