"""Requests that go only where they may, end in time, and bring no more than they should.

A `Session` knows the places that may be asked and one deadline for all that is asked through it. Redirects are not
followed and the environment's proxies and passwords are not used, so that no answer can send a request, and the key it
bears, somewhere else. A host that is only looked at is checked once more after its name was resolved: a public address.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

import httpcore

from .network import Network, Reason, RequestError, Timing, now, told, trust

__all__ = ["Allowed", "Answer", "Reason", "RequestError", "Session", "Timing", "is_loopback", "look", "origin"]

PORTS = {"http": 80, "https": 443}
MAX_BODY = 64_000_000
CHUNK = 64_000
BODILESS = (204, 304)
_NAME = re.compile(r"[a-z0-9_.-]+")  # what a glob may fit; no address in brackets, nothing that is read in two ways
_KEPT = "/?&=%:@!$'()*+,;~[]"


@dataclass(frozen=True)
class Allowed:
    """Where requests may go: `origins` as `https://n8n.example.com:443`, and `hosts` as globs, by https only."""

    origins: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()

    def __contains__(self, url: str) -> bool:
        place = origin(url)
        scheme, _, host = place.rpartition(":")[0].partition("://")
        return place in self.origins or (
            scheme == "https"
            and _NAME.fullmatch(host) is not None
            and any(fnmatchcase(host, glob.lower()) for glob in self.hosts)
        )


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


def is_loopback(host: str | None) -> bool:
    """Whether a host is this very machine, where nothing has a certificate, so that http will do."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class Session:
    """Requests to the allowed places, all of them done by one deadline. Safe to use from several threads."""

    def __init__(self, allowed: Allowed, *, budget_s: float = 20.0) -> None:
        self.allowed = allowed
        self.deadline = time.monotonic() + budget_s
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust(), max_connections=32, network_backend=Network(self.deadline), retries=0
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
        with now(timing, min(self.deadline, time.monotonic() + within)) as clock, told(place, clock):
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
                bare = method == "HEAD" or answer.status in BODILESS  # the head still tells how a body would be packed
                packed = "" if bare else got.get("content-encoding", "")
                body = b"".join(_body(answer.iter_stream(), packed, most, place))
            finally:
                answer.close()
            timing.total = clock.passed
            return Answer(answer.status, got, body, timing)


def look(host: str, port: int = 443, *, within: float = 5.0) -> Timing:
    """How long DNS, connection and TLS take at a public host that no request may be sent to; nothing is sent.

    Raises RequestError: `not_allowed` for an address that is not public.
    """
    timing = Timing()
    network = Network(time.monotonic() + within, public=True)
    with now(timing, network.deadline) as clock, told(f"{host}:{port}", clock):
        stream = network.connect_tcp(host, port)
        try:
            stream.start_tls(trust(), host, within)
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
