"""A proxy in front of a real API server, on loopback: it delays, cuts, or answers itself, for chosen calls."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: Headers that are about one connection alone.
_HOP = frozenset({"connection", "content-length", "transfer-encoding", "host", "accept-encoding"})


@dataclass
class Fault:
    """What goes wrong with the calls that match."""

    #: Found in ``METHOD /path?query``.
    pattern: str
    #: The status that is answered instead of asking the server.
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    #: Seconds before anything happens.
    delay: float = 0
    #: The connection is closed in the middle of an answer.
    cut: bool = False
    #: After so many calls the fault is over; -1: never.
    times: int = -1

    def meets(self, call: str) -> bool:
        """Whether this call is hit; counts it."""
        if not self.times or not re.search(self.pattern, call):
            return False
        self.times -= 1
        return True


class Proxy(ThreadingHTTPServer):
    """Speaks plain HTTP to the client and TLS to the server; ``calls`` has every call in the order of arrival."""

    daemon_threads = True

    def __init__(self, port: int, authority: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind, self.context = port, ssl.create_default_context(cafile=str(authority))
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, call: str) -> Fault | None:
        """The first fault that meets a call."""
        with self.lock:
            self.calls.append(call)
            return next((one for one in self.faults if one.meets(call)), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting is what a test wants; it is no news."""


@contextmanager
def proxy(port: int, authority: Path) -> Iterator[Proxy]:
    """A proxy in front of the server at this port, for as long as the context lasts."""
    running = Proxy(port, authority)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault(f"{self.command} {self.path}")
        if fault is None:
            self._forward(body)
            return
        time.sleep(fault.delay)
        if fault.cut:
            self._cut()
        elif fault.status:
            self._answer(fault.status, fault.headers, _status(fault))
        else:
            self._forward(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle  # noqa: N815 - as http.server calls them

    def _forward(self, body: bytes) -> None:
        behind = http.client.HTTPSConnection("127.0.0.1", self.server.behind, context=self.server.context, timeout=30)
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            behind.request(self.command, self.path, body or None, sent)
            answer = behind.getresponse()
            text = answer.read()
        except OSError:
            self._cut()
            return
        finally:
            behind.close()
        self._answer(answer.status, dict(answer.getheaders()), text)

    def _answer(self, status: int, headers: Mapping[str, str], text: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"kind": "')
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


def _status(fault: Fault) -> bytes:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status, "message": fault.message}
    return json.dumps(body).encode()
