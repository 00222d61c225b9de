"""Requests: only to where they may go, whatever an answer says; ended in time, whatever a server does."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import pytest

from incident_nb.http import Allowed, RequestError, Session, look, origin
from tests import faulty
from tests.faulty import answer, serving
from tests.secure import look_at_loopback, serving_securely


def session(*servers: faulty.Server, budget_s: float = 20.0, hosts: tuple[str, ...] = ()) -> Session:
    return Session(Allowed(frozenset(origin(server.url) for server in servers), hosts), budget_s=budget_s)


def test_an_answer_comes_with_its_timing() -> None:
    with serving(answer({"data": []}, x_one="1")) as server, session(server) as asked:
        got = asked.ask("GET", f"{server.url}/api?a=b", headers={"X-N8N-API-KEY": "k"})
    assert (got.status, got.body, got.headers["x-one"]) == (200, b'{"data": []}', "1")
    assert server.asked[0].path == "/api?a=b" and server.asked[0].headers["x-n8n-api-key"] == "k"
    steps = (got.timing.dns, got.timing.connect, got.timing.first_byte, got.timing.total)
    assert all(step is not None for step in steps) and list(steps) == sorted(steps, key=lambda step: step or 0)
    assert got.timing.tls is None


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_without_a_body_is_not_unpacked(method: str, status: int, encoding: str) -> None:
    head = faulty.head(status, content_encoding=encoding, content_length=0)
    with serving(lambda connection, _: connection.sendall(head)) as server, session(server) as asked:
        got = asked.ask(method, server.url)
    assert (got.status, got.body) == (status, b"")


def test_a_packed_answer_is_unpacked() -> None:
    data = b'{"data": "' + b"x" * 300_000 + b'"}'
    with serving(answer(gzip.compress(data), content_encoding="gzip")) as server, session(server) as asked:
        assert asked.ask("GET", server.url).body == data


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (faulty.silent, "timeout"),
        (faulty.hang_up, "reset"),
        (faulty.half, "reset"),
        (faulty.nonsense, "bad_answer"),
        (faulty.endless, "too_large"),
        (faulty.bomb(40), "too_large"),
        (answer(b"\x1f\x8b\x08 no gzip", content_encoding="gzip"), "bad_answer"),
        (answer(gzip.compress(b"x" * 100_000)[:60], content_encoding="gzip"), "bad_answer"),
        (answer(b"\x0b\x02\x80", content_encoding="br"), "bad_answer"),
        (answer(b"", content_length="many"), "bad_answer"),
        (answer(b"", **{f"x_{n}": "y" * 2000 for n in range(100)}), "bad_answer"),
    ],
    ids=["silent", "hang up", "half", "no HTTP", "endless", "bomb", "no gzip", "half gzip", "brotli", "length", "heads"],
)  # fmt: skip
def test_a_faulty_server_ends_in_time_with_its_reason(reply: faulty.Reply, reason: str) -> None:
    with serving(reply) as server, session(server) as asked, pytest.raises(RequestError) as caught:
        asked.ask("GET", server.url + "/secret-path?token=1", within=1.0, most=10_000_000)
    assert caught.value.reason == reason
    assert "127.0.0.1" in str(caught.value) and "secret" not in str(caught.value) and "token" not in str(caught.value)


@pytest.mark.parametrize(
    "sent", [b"", faulty.head(200) + b"{", b"HTTP/1.1 200 OK\r\nx-long: "], ids=["status", "body", "head"]
)
def test_what_drips_ends_at_the_deadline(sent: bytes) -> None:
    with serving(faulty.silent) as server:
        server.reply = faulty.drip(server.stopped, sent)
        with session(server, budget_s=1.0) as asked, pytest.raises(RequestError) as caught:
            asked.ask("GET", server.url, within=600)
        assert caught.value.reason == "timeout" or (sent == b"" and caught.value.reason == "bad_answer")
        assert asked.left <= 0  # the deadline ended it, not the ten minutes that were granted


def test_all_requests_share_one_deadline() -> None:
    with serving(faulty.silent) as server, session(server, budget_s=0.5) as asked:
        for _ in range(2):
            with pytest.raises(RequestError, match="in time"):
                asked.ask("GET", server.url, within=600)
        assert asked.left <= 0


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Session(Allowed(frozenset({f"http://127.0.0.1:{port}"}))) as asked, pytest.raises(RequestError) as caught:
        asked.ask("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.reason == "refused"


def test_a_name_without_an_address() -> None:
    with Session(Allowed(hosts=("*.invalid",))) as asked, pytest.raises(RequestError) as caught:
        asked.ask("GET", "https://nowhere.invalid/")
    assert caught.value.reason == "dns"


def test_what_answers_is_no_tls() -> None:
    with serving(faulty.nonsense, deaf=True) as server:
        place = f"https://127.0.0.1:{server.port}"
        with Session(Allowed(frozenset({place}))) as asked, pytest.raises(RequestError) as caught:
            asked.ask("GET", place)
    assert caught.value.reason == "tls"


def test_a_certificate_s_last_day_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
    look_at_loopback(monkeypatch)
    with serving_securely(tmp_path, until, monkeypatch) as port:
        timing = look("localhost", port)
        with Session(Allowed(frozenset({f"https://localhost:{port}"}))) as asked:
            got = asked.ask("GET", f"https://localhost:{port}/")
    assert timing.valid_until == got.timing.valid_until == until
    assert timing.tls is not None and timing.first_byte is None and got.body == b"{}"


def test_an_expired_certificate_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look_at_loopback(monkeypatch)
    with (
        serving_securely(tmp_path, datetime.now(UTC) - timedelta(days=1), monkeypatch) as port,
        pytest.raises(RequestError, match="certificate has expired") as caught,
    ):
        look("localhost", port)
    assert caught.value.reason == "tls"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    with serving(answer(b"{}")) as stranger:
        reply = answer(b"", status, location=f"{stranger.url}/take-the-key")
        with serving(reply) as server, session(server, stranger) as asked:
            got = asked.ask("GET", server.url, headers={"X-N8N-API-KEY": "k"})
        assert (got.status, got.headers["location"]) == (status, f"{stranger.url}/take-the-key")
        assert stranger.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example.com/", "https://n8n.example.com.evil.test/", "https://n8n.example.com:8443/",
        "http://n8n.example.com/", "https://n8n.example.com@evil.test/", "https://evil.test/?n8n.example.com",
        "https://evil.test#.modal.run", "https://a.modal.run.evil.test/health", "http://a.modal.run/health",
        "file:///etc/passwd", "ftp://n8n.example.com/", "", "n8n.example.com", "https://[::1", "https://a.modal.run:99999/",
    ],
)  # fmt: skip
def test_no_other_place_is_asked(url: str, connected: list[tuple[str, int]]) -> None:
    allowed = Allowed(frozenset({"https://n8n.example.com:443"}), ("*.modal.run",))
    with Session(allowed) as asked, pytest.raises(RequestError) as caught:
        asked.ask("GET", url)
    assert caught.value.reason == "not_allowed" and connected == []


def test_the_environment_sends_no_request_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"{}")) as proxy, serving(answer(b"{}")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with session(server) as asked:
            asked.ask("GET", server.url)
        assert (len(server.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00::1", "0.0.0.0"])
def test_a_look_at_a_strangers_host_never_reaches_a_private_address(
    host: str, connected: list[tuple[str, int]]
) -> None:
    with pytest.raises(RequestError) as caught:
        look(host)
    assert caught.value.reason == "not_allowed" and connected == []


@contextmanager
def addresses(*silent: str) -> Iterator[list[tuple[str, float]]]:
    """Gives localhost these addresses, at which nobody answers, before its own; and tells how much time each got."""
    tried: list[tuple[str, float]] = []
    connect, resolve = httpcore.SyncBackend.connect_tcp, socket.getaddrinfo

    def to(self: httpcore.SyncBackend, host: str, port: int, timeout: float, **more: Any) -> Any:
        tried.append((host, timeout))
        if host in silent:
            raise httpcore.ConnectTimeout("timed out")
        return connect(self, host, port, timeout=timeout, **more)

    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in (*silent, "127.0.0.1")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *more, **named: rows if host == "localhost" else resolve(host, *more, **named),
        )
        patch.setattr(httpcore.SyncBackend, "connect_tcp", to)
        yield tried


def test_an_address_that_is_silent_leaves_the_next_one_its_time() -> None:
    with (
        serving(answer({})) as server,
        Session(Allowed(frozenset({f"http://localhost:{server.port}"})), budget_s=30.0) as asked,
        addresses("192.0.2.1", "192.0.2.2") as tried,
    ):
        assert asked.ask("GET", f"http://localhost:{server.port}", within=30.0).status == 200
    assert [address for address, _ in tried] == ["192.0.2.1", "192.0.2.2", "127.0.0.1"]
    assert tried[0][1] <= 10.0 and tried[1][1] <= 15.0


def test_a_host_whose_addresses_are_all_silent_did_not_answer_in_time() -> None:
    with (
        Session(Allowed(frozenset({"http://localhost:80"}))) as asked,
        addresses("192.0.2.1", "127.0.0.1"),
        pytest.raises(RequestError, match="in time") as caught,
    ):
        asked.ask("GET", "http://localhost")
    assert caught.value.reason == "timeout"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every connection that is opened, as (address, port)."""
    opened: list[tuple[str, int]] = []

    def connect(self: object, host: str, port: int, **_: object) -> None:
        opened.append((host, port))
        raise httpcore.ConnectError("not in this test")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return opened
