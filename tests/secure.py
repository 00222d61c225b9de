"""A server on loopback that speaks TLS with a certificate of our own making, and clients that trust its maker."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from incident_nb import http

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"


@contextmanager
def serving_securely(folder: Path, until: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server on localhost whose certificate is valid until then; requests trust it while the block lasts."""
    made = _certificate(folder, until)
    trusting = ssl.create_default_context(cafile=str(made))
    monkeypatch.setattr(http, "trust", lambda: trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(listening, context, stopped), daemon=True)
        thread.start()
        try:
            yield port
        finally:
            stopped.set()
            with socket.create_connection(("127.0.0.1", port)):
                pass
            thread.join(timeout=10)


def look_at_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a look at a stranger's host end at loopback, which it refuses otherwise."""
    real = http.Network
    monkeypatch.setattr(http, "Network", lambda deadline, public=False: real(deadline))


def _serve(listening: socket.socket, context: ssl.SSLContext, stopped: threading.Event) -> None:
    while not stopped.is_set():
        connection, _ = listening.accept()
        try:
            connection.settimeout(10)
            with context.wrap_socket(connection, server_side=True) as secured:
                if secured.recv(65536):
                    secured.sendall(ANSWER)
        except OSError:
            connection.close()  # the client did not like the certificate, or left


def _certificate(folder: Path, until: datetime) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(min(until, datetime.now(UTC)) - timedelta(days=90)).not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
