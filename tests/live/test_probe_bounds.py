"""What a probe puts up with, and whom it asks at all."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.cluster import ApiKind, Cluster, Listing
from kfm_checks.facts.objects import inventory
from kfm_checks.live import look
from kfm_checks.live import probe as probes
from kfm_checks.live.probe import _https, _tcp
from kfm_checks.model import Manifest
from tests.live.certificates import Made, make


@contextmanager
def sending(made: Made, *parts: bytes, pause: float = 0.0) -> Iterator[int]:
    """A host that sends these parts over TLS, with a pause after each; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    over = threading.Event()

    def serve() -> None:
        with listening, listening.accept()[0] as plain, context.wrap_socket(plain, server_side=True) as sock:
            sock.recv(1000)
            for part in parts:
                try:
                    sock.sendall(part)
                except OSError:
                    return
                if over.wait(pause):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        over.set()
        thread.join(5)


def asked(tmp_path: Path, *parts: bytes, pause: float = 0.0) -> Any:
    """What a probe of such a host finds."""
    made = make(tmp_path, "localhost")
    with sending(made, *parts, pause=pause) as port:
        return _https("localhost", port, ssl.create_default_context(cafile=str(made.certificate)))


def test_a_host_that_sends_a_little_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait is short and the whole would be long: the whole has a limit."""
    monkeypatch.setattr(probes, "PATIENCE", 0.6)
    started = time.monotonic()
    found = asked(tmp_path, *[b"H"] * 300, pause=0.1)
    assert time.monotonic() - started < 10
    assert (found.answered, found.problem) == (False, "no answer within 1 s")


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), 204),
        ((b"HT", b"TP/1.0 50", b"3 x\r\n"), 503),
        ((b"HTTP/1.1 200",), 200),
        ((b"SSH-2.0-x\r\n",), 0),
        ((b"HTTP/1.1 2000 x\r\n",), 0),
        ((b"HTTP/1.1 abc\r\n",), 0),
        ((b"x" * 5000,), 0),
        ((), 0),
    ],
)
def test_its_status_is_read_or_it_speaks_no_http(tmp_path: Path, parts: tuple[bytes, ...], status: int) -> None:
    """In one piece or in several; the certificate was valid in any case."""
    found = asked(tmp_path, *parts)
    assert (found.status, found.answered, found.certificate) == (status, bool(status), True)
    assert found.problem == ("" if status else "the answer is no HTTP")


@pytest.mark.parametrize("host", ["a" * 70 + ".example.org", ".example.org", "a..b", "a\r\nX-Evil: 1", "a\x00b"])
def test_a_name_that_no_host_has(host: str) -> None:
    """What a manifest calls a host may be none: that is said, and nothing breaks."""
    for found in (_https(host), _tcp(host, 5432)):
        assert not found.answered
        assert found.problem in ("this is no name of a host", "the name does not resolve")


def test_addresses_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Datastores' ports are tried where the overlay itself has an address, not at each load balancer of the cluster."""
    tried: list[Any] = []
    monkeypatch.setattr(probes, "probe", lambda hosts, doors: tried.append((hosts, doors)))
    rendered = inventory([Manifest({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})])

    class Store:
        ports = (5432,)

    facts = {"inventory": rendered, "public_hosts": (), "datastores": (Store(),)}
    services = (balanced("ours", "192.0.2.1"), balanced("theirs", "192.0.2.2"))
    cluster = Cluster(listings=(Listing(ApiKind("", "v1", "Service", "services"), objects=services),))
    look._probes(cluster, facts)  # type: ignore[arg-type]
    assert tried == [(set(), {("192.0.2.1", 5432)})]


def balanced(namespace: str, address: str) -> Manifest:
    """A Service with an external address."""
    return Manifest(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "door", "namespace": namespace},
            "status": {"loadBalancer": {"ingress": [{"ip": address}]}},
        }
    )
