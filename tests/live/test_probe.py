"""Probes against a server of our own on loopback: its certificate, its status, and ports that are open or closed."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kfm_checks.live import probe as probes
from kfm_checks.live.probe import _https, _tcp, probe
from tests.live.certificates import Made, make


class Handler(BaseHTTPRequestHandler):
    """Answers 204 to HEAD."""

    def do_HEAD(self) -> None:
        """The only method that a probe uses."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


class Server(HTTPServer):
    """Gives nothing out when a client breaks off."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate breaks off: that is what the tests want."""


@contextmanager
def https(made: Made) -> Iterator[int]:
    """A server with this certificate; its port."""
    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def trusting(made: Made) -> ssl.SSLContext:
    """A client that trusts this certificate alone."""
    return ssl.create_default_context(cafile=str(made.certificate))


def test_a_valid_certificate(tmp_path: Path) -> None:
    """Served, valid, and until when."""
    made = make(tmp_path, "localhost")
    with https(made) as port:
        found = _https("localhost", port, trusting(made))
    assert (found.answered, found.status, found.certificate, found.problem) == (True, 204, True, "")
    assert found.until == made.until.isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("name", "days", "trusted", "says"),
    [
        ("other.example.org", 30, True, "Hostname mismatch"),
        ("localhost", -1, True, "certificate has expired"),
        ("localhost", 30, False, "self-signed certificate"),
    ],
    ids=["of another host", "expired", "of nobody known"],
)
def test_a_certificate_that_is_not_valid(tmp_path: Path, name: str, days: int, trusted: bool, says: str) -> None:
    """It answers, and the certificate is at fault: OpenSSL's own words."""
    made = make(tmp_path, name, days=days)
    with https(made) as port:
        found = _https("localhost", port, trusting(made) if trusted else None)
    assert (found.answered, found.certificate, found.until) == (True, False, "")
    assert found.problem.startswith("certificate: ")
    assert says in found.problem


def test_a_host_that_speaks_no_tls() -> None:
    """Something answers on the port, and it is no HTTPS."""
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        found = _https("localhost", server.server_address[1])
        thread.join(5)
    assert (found.answered, found.certificate) == (False, None)
    assert found.problem == "the connection failed (SSLError)"


def test_a_host_that_is_not_there() -> None:
    """Refused, and a name that nobody knows."""
    assert _https("localhost", free()).problem == "the connection was refused"
    assert _https("nobody.invalid").problem == "the name does not resolve"


def test_a_host_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit ends it."""
    monkeypatch.setattr(probes, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = _https("localhost", silent.getsockname()[1])
    assert (found.answered, found.certificate) == (False, None)
    assert found.problem.startswith("no answer within")


def free() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def test_an_open_port_and_a_closed_one() -> None:
    """Open: it answered. Closed: it was refused. A name that does not resolve tells neither."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert _tcp("127.0.0.1", listening.getsockname()[1]).answered is True
    assert _tcp("127.0.0.1", free()).answered is False
    unknown = _tcp("nobody.invalid", 5432)
    assert (unknown.answered, unknown.problem) == (None, "the name does not resolve")


def test_each_is_asked_once_and_in_order() -> None:
    """Wildcards are no host; doors follow hosts, both sorted."""
    closed = free()
    found = probe(["b.invalid", "*.example.org", "", "a.invalid", "b.invalid"], [("127.0.0.1", closed)] * 2)
    assert [(one.host, one.asks) for one in found] == [
        ("a.invalid", "https"),
        ("b.invalid", "https"),
        ("127.0.0.1", "tcp"),
    ]
