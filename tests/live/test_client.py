"""One call to an API server and how it fails: each answer has its words, in one line. The real server: tests/cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.errors import UsageError
from kfm_checks.live import client, patience
from kfm_checks.live.client import Connection, Refusal, connect, kubeconfigs
from kfm_checks.live.patience import Patience, resource_of

Answer = tuple[int, dict[str, str], bytes]


class Served(ThreadingHTTPServer):
    """Answers whatever a test says."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.heard = answer, list[dict[str, str]]()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One answer for each call."""

    server: Served

    def do_GET(self) -> None:
        """Ask the test."""
        self.server.heard.append({"path": self.path, **dict(self.headers)})
        status, headers, text = self.server.answer(self.path)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def served(answer: Callable[[str], Answer]) -> Iterator[Served]:
    """A server, for as long as the context lasts."""
    running = Served(answer)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


def config(folder: Path, server: str, name: str = "here", token: str = "secret-token") -> Path:
    """A kubeconfig of one context."""
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def to(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection to it."""
    monkeypatch.setenv("KUBECONFIG", str(config(tmp_path, f"http://127.0.0.1:{server.server_address[1]}")))
    return connect("here", tmp_path / "overlay")


def status(code: int, message: str, **details: str) -> bytes:
    """A Status as the API server gives it."""
    return json.dumps({"kind": "Status", "code": code, "message": message, "details": details}).encode()


@pytest.mark.parametrize(
    ("code", "text", "says"),
    [
        (400, status(400, "bad"), "refused: bad"),
        (401, status(401, "Unauthorized"), "the token was refused (401)"),
        (403, status(403, "pods is forbidden"), "forbidden: pods is forbidden"),
        (404, status(404, 'pods "a" not found', kind="pods", name="a"), "not found"),
        (404, status(404, "no", kind="namespaces", name="a"), "the namespace a is not in the cluster"),
        (410, status(410, "too old"), "the list expired while it was read (410): too old"),
        (422, status(422, "spec.x"), "refused: spec.x"),
        (500, b"<html>oops</html>", "the server answered 500"),
        (302, b"", "the server answered 302"),
        (200, b"<html>login</html>", "the answer is no JSON object"),
        (200, b"[]", "the answer is no JSON object"),
        (403, status(403, "a\nb\x1b[2Jc\u2028d"), r"forbidden: a b\x1b[2Jc d"),
        (403, b'{"message": {"a": 1}}', "forbidden: {'a': 1}"),
        (404, b'{"details": [1]}', "not found"),
    ],
)
def test_each_answer_has_its_words(
    code: int, text: bytes, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is one printable line with its status; nothing is followed or guessed."""
    with served(lambda _: (code, {"Location": "http://127.0.0.1:1/"}, text)) as server:
        with pytest.raises(Refusal) as caught:
            to(server, tmp_path, monkeypatch).get("/api/v1/pods")
        assert len(server.heard) == 1
    assert (caught.value.reason, caught.value.status) == (says, code)


def test_a_long_message_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of hostile text fills no report."""
    with served(lambda _: (403, {}, status(403, "x" * 100_000))) as server, pytest.raises(Refusal) as caught:
        to(server, tmp_path, monkeypatch).get("/api/v1/pods")
    assert len(caught.value.reason) == client.SHOWN


def test_what_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token as a bearer's, kfm-checks as the client, and only the query parameters that were given."""
    with served(lambda _: (200, {}, b"{}")) as server:
        assert to(server, tmp_path, monkeypatch).get("/api/v1/pods", limit=5, **{"continue": ""}) == {}
    [heard] = server.heard
    assert heard["path"] == "/api/v1/pods?limit=5"
    assert (heard["authorization"], heard["User-Agent"]) == ("Bearer secret-token", "kfm-checks")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 1), ("0", 0.1), ("0.5", 0.5), ("3600", client.PATIENCE), ("-5", 1), ("soon", 1), ("1.2.3", 1), ("inf", 1)],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    """Seconds within bounds; what is no number counts as one second."""
    assert client._seconds(header) == seconds


def test_an_answer_that_never_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A little now and then keeps each wait short and the whole long: the whole has a limit, too."""
    monkeypatch.setattr(client, "WHOLE", 0.3)
    done = threading.Event()

    class Dripping(Handler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not done.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()

    with served(lambda _: (200, {}, b"")) as server:
        server.RequestHandlerClass = Dripping
        with pytest.raises(Refusal, match="the answer was not complete within 0 s"):
            to(server, tmp_path, monkeypatch).get("/api/v1/pods")
        done.set()


def test_one_slow_resource_is_asked_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three calls without an answer; others are asked as before, and the server is not taken for gone."""
    monkeypatch.setattr(client, "READ", 0.1)
    slow = threading.Event()

    def answer(path: str) -> Answer:
        if "widgets" in path:
            slow.wait(5)
        return 200, {}, b"{}"

    with served(answer) as server:
        connection = to(server, tmp_path, monkeypatch)
        for number in range(10):
            with pytest.raises(Refusal) as caught:
                connection.get(f"/apis/example.org/v1/namespaces/n{number}/widgets/w")
        assert caught.value.reason == "the server did not answer within 0 s, 3 times in a row; not asked again"
        assert connection.get("/api/v1/pods") == {}
        slow.set()
    assert sum("widgets" in one["path"] for one in server.heard) == patience.SILENT


def test_a_server_that_is_gone_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many calls without an answer nothing is tried any more."""
    monkeypatch.setenv("KUBECONFIG", str(config(tmp_path, "http://127.0.0.1:1")))
    connection = connect("here", tmp_path / "overlay")
    sent: list[str] = []
    send = connection._send
    monkeypatch.setattr(connection, "_send", lambda *a, **k: (sent.append(a[1]), send(*a, **k))[1])
    for number in range(40):
        with pytest.raises(Refusal) as caught:
            connection.get(f"/api/v1/kind{number}")
    assert caught.value.reason == "the server can't be reached; given up after 8 calls without an answer"
    assert len(sent) == patience.GONE + 1


def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits together have a bound."""
    slept: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", slept.append)
    shared = Patience()
    assert [shared.wait(200) for _ in range(4)] == [True, True, False, False]
    assert slept == [200, 200]


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/version", "/version"),
        ("/api", "/api"),
        ("/api/v1/pods", "/api/v1/pods"),
        ("/api/v1/namespaces", "/api/v1/namespaces"),
        ("/api/v1/namespaces/a", "/api/v1/namespaces"),
        ("/api/v1/namespaces/a/pods/b", "/api/v1/pods"),
        ("/apis/apps/v1/namespaces/a/deployments", "/apis/apps/v1/deployments"),
    ],
)
def test_the_resource_of_a_path(path: str, resource: str) -> None:
    """Namespaces and names left out."""
    assert resource_of(path) == resource


def test_a_kubeconfig_inside_the_overlay_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not alone, not beside another, not behind a link: what a pull request brings chooses no server."""
    overlay = tmp_path / "overlay"
    inside = config(overlay / "deep", "http://127.0.0.1:1", "evil")
    outside = config(tmp_path / "home", "http://127.0.0.1:1")
    link = tmp_path / "link"
    link.symlink_to(inside)
    monkeypatch.setenv("KUBECONFIG", f"{inside}:{link}:{outside}")
    assert kubeconfigs(overlay) == str(outside)
    with pytest.raises(UsageError, match="the context 'evil' can't be used"):
        connect("evil", overlay)
    monkeypatch.setenv("KUBECONFIG", f"{inside}:{link}")
    with pytest.raises(UsageError, match="there is no kubeconfig outside the overlay"):
        connect("evil", overlay)


@pytest.mark.parametrize(
    "text", ["{", "[]", "\x00", "a: *b", "{kind: Config}", "clusters: 5\ncontexts: [a]\n", "!!python/object:os.system {}"]
)  # fmt: skip
def test_a_broken_kubeconfig_is_one_line(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it breaks."""
    (tmp_path / "config").write_text(text, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(UsageError) as caught:
        connect("here", tmp_path / "overlay")
    assert "\n" not in str(caught.value)


def plugged(folder: Path, server: str, script: str) -> Path:
    """A kubeconfig whose user has a plugin for credentials."""
    path = config(folder, server)
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    content["users"][0]["user"] = {"exec": {**plugin, "command": "sh", "args": ["-c", script]}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_plugin_gives_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with kubectl: a context that was named may run what it says."""
    given = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "of-the-plugin"},
    }
    with served(lambda _: (200, {}, b"{}")) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("KUBECONFIG", str(plugged(tmp_path, url, f"echo '{json.dumps(given)}'")))
        connect("here", tmp_path / "overlay").get("/version")
    assert server.heard[0]["authorization"] == "Bearer of-the-plugin"


@pytest.mark.parametrize(
    "script", ["echo leaked-token >&2; exit 3", "echo leaked-token", "echo '{}'", "no-such-program"]
)
def test_a_plugin_that_fails(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody is asked without credentials, and what the plugin said is repeated nowhere."""
    monkeypatch.setenv("KUBECONFIG", str(plugged(tmp_path, "http://127.0.0.1:1", script)))
    with pytest.raises(Refusal, match=r"^the context's plugin gave no credentials$"):
        connect("here", tmp_path / "overlay")
    assert "leaked-token" not in "".join(capfd.readouterr())


def of(error: Any) -> str:
    """The words for a transport's exception."""
    return client._why(error)


def test_what_an_exception_quotes_is_never_said() -> None:
    """It may hold a header: only its class is named."""
    assert of(ValueError("Bearer secret-token")) == "the call failed (ValueError)"
