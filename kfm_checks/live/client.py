"""One connection to an API server: JSON in and out, a time limit on each call, and a reason for each that fails."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kfm_checks.errors import UsageError, one_line
from kfm_checks.live.patience import Patience, resource_of

#: Seconds: to connect, to wait for an answer's next part, and for the whole of it.
CONNECT, READ, WHOLE = 5.0, 20.0, 60.0
#: How often, and for how many seconds in all, a server that is busy (429, 503) is asked again.
TRIES, PATIENCE = 4, 20.0
#: What the server's audit log has as the client.
AGENT = "kfm-checks"
#: What of a server's message is shown.
SHOWN = 600


class Refusal(Exception):  # noqa: N818 - an answer, too: it says why there is none
    """A call that gave no answer; ``reason`` is one line for the reader, ``status`` the HTTP status or 0."""

    def __init__(self, reason: str, status: int = 0) -> None:
        self.reason, self.status = one_line(reason)[:SHOWN], status
        super().__init__(self.reason)


class Connection:
    """Calls to one API server through the official client's own transport (TLS, tokens, exec plugins, proxies)."""

    def __init__(self, api: Any, context: str = "") -> None:
        self._api, self.context = api, context
        self._pool = api.rest_client.pool_manager
        self._patience = Patience()

    def get(self, path: str, *, accept: str = "application/json", **query: Any) -> dict[str, Any]:
        """Read something. Raises Refusal."""
        return self.call("GET", path, accept=accept, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One call, repeated while the server asks for patience. Raises Refusal."""
        resource = resource_of(path)
        if why := self._patience.closed(resource):
            raise Refusal(why)
        url = self._api.configuration.host.rstrip("/") + path
        given = {key: value for key, value in (query or {}).items() if value not in (None, "")}
        url += f"?{urlencode(given)}" if given else ""
        sent = {"Accept": accept, "Content-Type": content_type, **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE
        for left in range(TRIES - 1, -1, -1):
            status, text, wait = self._answered(resource, method, url, data, sent)
            if status not in (429, 503) or not left or time.monotonic() + wait > deadline:
                break
            if not self._patience.wait(wait):
                break
        return _answer(status, text)

    def _answered(self, resource: str, *call: Any) -> tuple[int, bytes, float]:
        try:
            answer = self._send(*call)
        except Refusal as refusal:
            if self._patience.unanswered(resource, refusal.reason):
                self._give_up_unless_there()
            raise
        self._patience.answered(resource)
        return answer

    def _give_up_unless_there(self) -> None:
        """Many calls in a row got no answer. Some resources may be slow; or the server is gone, which is asked once."""
        url = self._api.configuration.host.rstrip("/") + "/version"
        try:
            self._send("GET", url, None, {"Accept": "application/json"}, read=CONNECT)
        except Refusal as refusal:
            self._patience.give_up(refusal.reason)
        else:
            self._patience.answered("")

    def _send(
        self, method: str, url: str, data: bytes | None, sent: Mapping[str, str], read: float | None = None
    ) -> tuple[int, bytes, float]:
        from urllib3 import Timeout

        headers = {"User-Agent": AGENT, **sent}
        timeout = Timeout(connect=CONNECT, read=READ if read is None else read)
        deadline = time.monotonic() + WHOLE
        try:
            self._api.update_params_for_auth(headers, [], ["BearerToken"], "", method, None)
            answer = self._pool.request(
                method, url, body=data, headers=headers, timeout=timeout, retries=False, redirect=False,
                preload_content=False,
            )  # fmt: skip
            text = _read(answer, deadline)
        except Refusal:
            raise
        except Exception as error:
            raise Refusal(_why(error)) from error
        return answer.status, text, _seconds(answer.headers.get("Retry-After"))


def connect(context: str | None, overlay: Path) -> Connection:
    """A connection by a kubeconfig's context, or by the service account of the pod that this runs in (None).

    The kubeconfig is the one that kubectl would use (``KUBECONFIG``, else ``~/.kube/config``); files inside the
    overlay are left out: what a pull request brings must not choose a server. Raises UsageError for a context that is
    not there, or a kubeconfig that can't be read; Refusal for a plugin that gives no credentials in time.
    """
    if context is None:
        return _connected(None, overlay)
    from kfm_checks.live.login import in_time, refuse_impersonation

    connection = in_time(lambda: _connected(context, overlay))
    refuse_impersonation(context, kubeconfigs(overlay))
    return connection


def _connected(context: str | None, overlay: Path) -> Connection:
    from kubernetes import client, config
    from kubernetes.config.config_exception import ConfigException

    settings = client.Configuration()
    settings.retries = False
    settings.connection_pool_maxsize = 16
    files = kubeconfigs(overlay) if context is not None else ""
    try:
        if context is None:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        else:
            with _plugins_heard():
                config.load_kube_config(  # type: ignore[no-untyped-call]
                    files, context, client_configuration=settings, persist_config=False
                )
    except Refusal:
        raise
    except ConfigException as error:
        where = "this is no pod of a cluster" if context is None else f"the context {context!r} can't be used"
        raise UsageError(f"{where}: {error}"[:SHOWN], remedy="see `kubectl config get-contexts`") from error
    except Exception as error:  # a kubeconfig is hostile text, too: whatever it breaks is said in one line
        raise UsageError(f"the kubeconfig can't be read ({type(error).__name__})", remedy="mend it") from error
    return Connection(client.ApiClient(settings), context or "")


@contextmanager
def _plugins_heard() -> Iterator[None]:
    """The official client only logs that a plugin failed, and goes on as nobody. Its words may hold a token."""
    heard = list[logging.LogRecord]()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record)

    listening = Listening(logging.ERROR)
    root = logging.getLogger()
    root.addHandler(listening)
    try:
        yield
    finally:
        root.removeHandler(listening)
    if heard:
        raise Refusal("the context's plugin gave no credentials")


def kubeconfigs(overlay: Path) -> str:
    """The kubeconfig files that kubectl would read, without those inside the overlay. Raises UsageError for none."""
    named = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    paths = [Path(name).expanduser() for name in named.split(os.pathsep) if name]
    home = overlay.resolve()
    kept = [path for path in paths if path.is_file() and home not in path.resolve().parents]
    if not kept:
        raise UsageError("there is no kubeconfig outside the overlay", remedy="set KUBECONFIG, or use --snapshot")
    return os.pathsep.join(map(str, kept))


def _read(answer: Any, deadline: float) -> bytes:
    """The whole body: a server that keeps sending a little is not waited for without end."""
    parts = []
    while part := answer.read1(1 << 20):
        parts.append(part)
        if time.monotonic() > deadline:
            answer.close()
            raise Refusal(f"the answer was not complete within {WHOLE:.0f} s")
    answer.release_conn()
    return b"".join(parts)


def _answer(status: int, text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if 200 <= status < 300 and isinstance(value, dict):
        return value
    said = str(value.get("message") or "") if isinstance(value, dict) else ""
    words = {
        400: "refused",
        401: "the token was refused (401)",
        403: "forbidden",
        404: "not found",
        410: "the list expired while it was read (410)",
        422: "refused",
        429: "the server asks for patience (429)",
    }
    known = words.get(status) or (f"the server answered {status}" if status >= 300 else "the answer is no JSON object")
    about = value.get("details") if isinstance(value, dict) else None
    if status == 404 and isinstance(about, dict) and about.get("kind") == "namespaces":
        known = f"the namespace {about.get('name')} is not in the cluster"
    raise Refusal(f"{known}: {said}" if said and status not in (401, 404) else known, status)


def _why(error: Exception) -> str:
    """One line on a call that got no answer; never the text of the exception, which may quote a header."""
    from urllib3 import exceptions

    reason = getattr(error, "reason", None) or error
    if isinstance(reason, exceptions.SSLError) or isinstance(error, exceptions.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(reason, exceptions.NewConnectionError):
        return "the server can't be reached"
    if isinstance(reason, exceptions.ConnectTimeoutError):
        return f"the server was not reached within {CONNECT:.0f} s"
    if isinstance(reason, exceptions.ReadTimeoutError):
        return f"the server did not answer within {READ:.0f} s"
    if isinstance(reason, exceptions.ProtocolError):
        return "the connection was cut"
    return f"the call failed ({type(error).__name__})"


def _seconds(text: str | None) -> float:
    return min(max(float(text), 0.1), PATIENCE) if text and text.replace(".", "", 1).isdigit() else 1.0
