"""Probes of public addresses, only where they were asked for: HTTPS of each host, and that datastores stay closed."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from kfm_checks.facts.cluster import Probe

#: Seconds for a connection and for an answer.
PATIENCE = 5.0
WORKERS = 8


def probe(hosts: Iterable[str], doors: Iterable[tuple[str, int]]) -> tuple[Probe, ...]:
    """Ask each host over HTTPS, and each (address, port) of a datastore whether it answers."""
    named = sorted({host for host in hosts if host and "*" not in host})
    closed = sorted(set(doors))
    with ThreadPoolExecutor(WORKERS) as pool:
        return (*pool.map(_https, named), *pool.map(lambda door: _tcp(*door), closed))


def _https(host: str, port: int = 443, context: ssl.SSLContext | None = None) -> Probe:
    connection = http.client.HTTPSConnection(
        host, port, timeout=PATIENCE, context=context or ssl.create_default_context()
    )
    try:
        connection.connect()
        until = _until(connection.sock)
        connection.request("HEAD", "/", headers={"User-Agent": "kfm-checks"})
        status = connection.getresponse().status
        return Probe(host, port, "https", True, status, True, until)
    except ssl.SSLCertVerificationError as error:
        return Probe(host, port, "https", True, 0, False, "", f"certificate: {error.verify_message}")
    except (OSError, http.client.HTTPException) as error:
        return Probe(host, port, "https", False, 0, None, "", _why(error))
    finally:
        connection.close()


def _until(sock: object) -> str:
    assert isinstance(sock, ssl.SSLSocket)
    certificate = sock.getpeercert() or {}
    seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _tcp(host: str, port: int) -> Probe:
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except TimeoutError:
        return Probe(host, port, "tcp", False, problem="no answer")
    except ConnectionRefusedError:
        return Probe(host, port, "tcp", False, problem="refused")
    except OSError as error:
        # A name that does not resolve, a network that is not there: nobody knows whether the port is closed.
        return Probe(host, port, "tcp", None, problem=_why(error))
    return Probe(host, port, "tcp", True)


def _why(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "the name does not resolve"
    if isinstance(error, TimeoutError):
        return f"no answer within {PATIENCE:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection failed ({type(error).__name__})"
