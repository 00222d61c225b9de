"""Connections that end by a deadline, at addresses that were looked at; and what went wrong with one, in words."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import httpcore

from ..errors import UnreachableError

Reason = Literal["not_allowed", "dns", "refused", "tls", "reset", "timeout", "too_large", "bad_answer"]


class RequestError(UnreachableError):
    """A request brought no answer. `reason` says which way, the message what was asked, without path and query."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass
class Timing:
    """Seconds from the start of a request until each step was done; None for what did not happen (a kept connection).

    `valid_until`: when the certificate that the server showed runs out (UTC).
    """

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None
    valid_until: datetime | None = None


class Clock:
    """The time of the request that the thread is at: its start, its end, and what it notes down."""

    def __init__(self, timing: Timing, deadline: float) -> None:
        self.timing, self.deadline, self.start = timing, deadline, time.monotonic()

    @property
    def passed(self) -> float:
        return time.monotonic() - self.start


_current = threading.local()


@contextmanager
def now(timing: Timing, deadline: float) -> Iterator[Clock]:
    _current.clock = clock = Clock(timing, deadline)
    try:
        yield clock
    finally:
        _current.clock = None


@contextmanager
def told(place: str, clock: Clock) -> Iterator[None]:
    """Whatever goes wrong below, as a RequestError that names the place."""
    try:
        yield
    except RequestError:
        raise
    except (httpcore.TimeoutException, TimeoutError) as error:
        raise RequestError("timeout", f"{place} did not answer in time (after {clock.passed:.1f} s)") from error
    except ssl.SSLError as error:
        raise RequestError("tls", f"{place}: the secure connection failed: {words_of(error)}") from error
    except httpcore.ConnectError as error:
        tls = isinstance(error.__context__, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
        kind: Reason = "tls" if tls else "refused"
        raise RequestError(
            kind, f"{place}: {'the secure ' if tls else 'the '}connection failed: {words_of(error)}"
        ) from error
    except (httpcore.ReadError, httpcore.WriteError, OSError) as error:
        raise RequestError("reset", f"{place} closed the connection (after {clock.passed:.1f} s)") from error
    except httpcore.LocalProtocolError as error:  # its words quote the header, which may be the key
        raise RequestError(
            "bad_answer", f"{place} was not asked: a header, such as the key, holds what HTTP does not allow"
        ) from error
    except (httpcore.ProtocolError, zlib.error, ValueError) as error:
        if "disconnected" in str(error) or "peer closed" in str(error):
            raise RequestError("reset", f"{place} closed the connection (after {clock.passed:.1f} s)") from error
        raise RequestError("bad_answer", f"{place} did not answer in HTTP: {words_of(error)}") from error


def words_of(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_names = ThreadPoolExecutor(max_workers=16, thread_name_prefix="names")


class Network(httpcore.NetworkBackend):
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
        addresses = self._resolved(host, port)
        for number, address in enumerate(addresses):
            if self._public and not _is_public(address):
                raise RequestError("not_allowed", f"{host} is at a private address, which is not asked")
            share = _left() / (len(addresses) - number)  # one that is silent leaves the others their time
            try:
                stream = self._plain.connect_tcp(address, port, timeout=share, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
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
            raise RequestError("dns", f"the name {host} could not be resolved: {words_of(error)}") from error
        _current.clock.timing.dns = _current.clock.passed
        return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found))

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _is_public(address: str) -> bool:
    """Whether an address is one of the public net, also by what is packed into it (IPv4 in IPv6, NAT64, 6to4)."""
    at = ipaddress.ip_address(address)
    if isinstance(at, ipaddress.IPv6Address):
        inner = at.ipv4_mapped or at.sixtofour
        if at in _NAT64:
            inner = ipaddress.IPv4Address(int(at) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return at.is_global and not at.is_multicast


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
        _current.clock.timing.valid_until = _valid_until(stream.get_extra_info("ssl_object"))
        return _Stream(stream)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _valid_until(secured: Any) -> datetime | None:
    shown = secured.getpeercert() if secured is not None else None
    end = shown.get("notAfter") if shown else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC) if end else None


def _left(timeout: float | None = None) -> float:
    left = float(_current.clock.deadline - time.monotonic())
    if left <= 0:
        raise httpcore.ReadTimeout("no time is left")
    return left if timeout is None else min(left, timeout)


@cache
def trust() -> ssl.SSLContext:
    """The system's certificates and, where it has none of its own (a Python from python.org), those that pip brings."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
