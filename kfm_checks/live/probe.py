"""Probes of public addresses, only where they were asked for: HTTPS of each host, and that datastores stay closed."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from kfm_checks.facts.cluster import Probe

#: Seconds for a connection and for an answer.
PATIENCE = 5.0
WORKERS = 8
#: Bytes of an answer that are looked at for its status.
_LINE = 200


def probe(hosts: Iterable[str], doors: Iterable[tuple[str, int]]) -> tuple[Probe, ...]:
    """Ask each host over HTTPS, and each (address, port) of a datastore whether it answers."""
    named = sorted({host for host in hosts if host and "*" not in host})
    closed = sorted(set(doors))
    with ThreadPoolExecutor(WORKERS) as pool:
        return (*pool.map(_https, named), *pool.map(lambda door: _tcp(*door), closed))


def _https(host: str, port: int = 443, context: ssl.SSLContext | None = None) -> Probe:
    trust = context or ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), PATIENCE) as plain,
            trust.wrap_socket(plain, server_hostname=host) as sock,
        ):
            until = _until(sock)
            status = _status(sock, host)
        problem = "" if status else "the answer is no HTTP"
        return Probe(host, port, "https", bool(status), status, True, until, problem)
    except ssl.SSLCertVerificationError as error:
        return Probe(host, port, "https", True, 0, False, "", f"certificate: {error.verify_message}")
    except (OSError, ValueError) as error:
        return Probe(host, port, "https", False, 0, None, "", _why(error))


def _status(sock: ssl.SSLSocket, host: str) -> int:
    """The status that a HEAD request is answered with, 0 where the answer is no HTTP.

    By hand: the client of the standard library waits without end for a host that sends a little now and then.
    """
    headers = (f"Host: {host.encode('idna').decode()}", "User-Agent: kfm-checks", "Connection: close")
    sock.sendall("\r\n".join(("HEAD / HTTP/1.1", *headers, "", "")).encode())
    deadline, line = time.monotonic() + PATIENCE, b""
    while b"\n" not in line and len(line) < _LINE:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        part = sock.recv(_LINE - len(line))
        if not part:
            break
        line += part
    found = re.match(rb"HTTP/1\.[01] ([1-5]\d\d)\b", line)
    return int(found[1]) if found else 0


def _until(sock: ssl.SSLSocket) -> str:
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
    except (OSError, ValueError) as error:
        # A name that does not resolve, a network that is not there: nobody knows whether the port is closed.
        return Probe(host, port, "tcp", None, problem=_why(error))
    return Probe(host, port, "tcp", True)


def _why(error: Exception) -> str:
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return "this is no name of a host"  # a label too long, a character that a name can't have
    if isinstance(error, socket.gaierror):
        return "the name does not resolve"
    if isinstance(error, TimeoutError):
        return f"no answer within {PATIENCE:.0f} s"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return f"the connection failed ({type(error).__name__})"
