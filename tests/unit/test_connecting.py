"""Source: P9, P25, P27. Before a request leaves: connection, TLS, and the name that TLS vouches for."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy
from sandboxes.kit import App, Server

CANARY = "canary-5b1d-secret"
SHORT = Timeouts(connect=0.5, read=0.3, total=0.9)


def _at(port: int, host: str = "127.0.0.1") -> HostRule:
    return HostRule((), sandbox=frozenset({f"{host}:{port}"}))


@pytest.mark.parametrize("effect", [False, True], ids=["read", "effect"])
def test_it_says_busy_when_no_connection_came_about(effect: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection, says nothing to the handshake
        port = silent.getsockname()[1]
        _expect_busy(f"https://127.0.0.1:{port}/", port, effect=effect)
    _expect_busy(f"http://127.0.0.1:{port}/", port, effect=effect)  # and now it refuses


def test_it_says_busy_when_the_other_side_speaks_no_tls() -> None:
    app = App()
    with Server(app) as server:
        _expect_busy(f"https://127.0.0.1:{server.port}/things", server.port, effect=True)
    assert app.requests == []


def _expect_busy(url: str, port: int, *, effect: bool) -> None:
    with pytest.raises(Busy, match="no connection") as busy:
        Http(hosts=_at(port), timeouts=SHORT).send("POST" if effect else "GET", url, effect=effect)
    assert busy.value.code == "network"


def _certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.mark.parametrize("certified", ["vendor.example", "other.example"])
def test_it_asks_the_checked_address_for_the_name_and_believes_only_the_name(tmp_path: Path, certified: str) -> None:
    file = _certificate(tmp_path, certified)
    asked: list[str | None] = []
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda sock, name, ctx: asked.append(name)

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                heard.append(secure.recv(65536))
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        except OSError:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        http = Http(
            hosts=_at(port, "vendor.example"),
            resolver=lambda host, port: ["127.0.0.1"],
            tls=ssl.create_default_context(cafile=str(file)),
        )
        url = f"https://vendor.example:{port}/x"
        if certified == "vendor.example":
            assert http.send("GET", url, headers={"Authorization": CANARY}).json() == {}
            assert f"\r\nHost: vendor.example:{port}\r\n".encode() in heard[0]
        else:
            with pytest.raises(Busy, match="no connection"):
                http.send("GET", url, headers={"Authorization": CANARY})
        thread.join(5)
        http.close()
    assert asked == ["vendor.example"]
    assert len(heard) == (certified == "vendor.example")
