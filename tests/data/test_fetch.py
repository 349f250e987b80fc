"""Bytes from a real HTTP server and a real S3 server on loopback, with what goes wrong there."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from kfm_checks.data.fetch import Fetcher, FetchError
from kfm_checks.facts.datasets import Dataset

BODY = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(BODY).hexdigest()


def dataset(*, sha256: str = DIGEST, size: int | None = len(BODY)) -> Dataset:
    """A dataset with these bytes declared."""
    return Dataset({"id": "d", "sha256": sha256, **({"bytes": size} if size is not None else {})}, "m", ())


class Handler(BaseHTTPRequestHandler):
    """Serves the body by path, rightly and wrongly."""

    protocol_version = "HTTP/1.1"
    ranges: ClassVar[list[str]] = []

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.send_error(405)

    def do_GET(self) -> None:
        getattr(self, f"_{self.path.strip('/').replace('-', '_')}", self._missing)()

    def _send(self, body: bytes, status: int = 200, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _whole(self) -> None:
        start = self.headers.get("Range")
        type(self).ranges.append(start or "")
        if start:
            at = int(start.removeprefix("bytes=").rstrip("-"))
            self._send(BODY[at:], 206, Content_Range=f"bytes {at}-{len(BODY) - 1}/{len(BODY)}")
        else:
            self._send(BODY)

    def _no_ranges(self) -> None:
        self._send(BODY)

    def _wrong(self) -> None:
        self._send(BODY[:-1] + b"?")

    def _truncated(self) -> None:
        self._send(BODY[:1000], length=len(BODY))
        self.close_connection = True

    def _short(self) -> None:
        self._send(BODY[:1000])

    def _endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            self.close_connection = True

    def _slow(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:10])
        self.wfile.flush()
        time.sleep(2)
        self.close_connection = True

    def _silent(self) -> None:
        time.sleep(2)
        self.close_connection = True

    def _redirect_file(self) -> None:
        self._send(b"", 302, Location="file:///etc/hostname")

    def _redirect_ftp(self) -> None:
        self._send(b"", 302, Location="ftp://127.0.0.1/x")

    def _redirect_here(self) -> None:
        self._send(b"", 302, Location="/whole")

    def _redirect_circle(self) -> None:
        self._send(b"", 302, Location="/redirect-circle")

    def _forbidden(self) -> None:
        self._send(b"", 403)

    def _broken(self) -> None:
        self._send(b"", 500)

    def _missing(self) -> None:
        self._send(b"", 404)


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """The address of the server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def fetcher(cache: Path | None = None, **given: Any) -> Fetcher:
    """A fetcher that gives up soon."""
    return Fetcher(**{"cache": cache, "timeout": 0.5, **given})


def test_the_right_bytes_are_verified_and_kept(web: str, tmp_path: Path) -> None:
    """A second look needs no server: the copy is found by its checksum."""
    kept = fetcher(tmp_path).verify(dataset(), f"{web}/whole")
    assert kept is not None and kept.read_bytes() == BODY
    assert fetcher(tmp_path, offline=True).verify(dataset(), "http://127.0.0.1:1/gone") == kept


def test_without_a_cache_nothing_is_kept(web: str) -> None:
    """The bytes pass through, and no path comes back."""
    assert fetcher().verify(dataset(), f"{web}/whole") is None


@pytest.mark.parametrize(
    ("path", "mismatch", "reason"),
    [
        ("wrong", True, "checksum is not the one"),
        ("truncated", False, "broke off"),
        ("short", True, "it has 1000 bytes"),
        ("endless", True, "longer than"),
        ("slow", False, "no answer within"),
        ("silent", False, "no answer within"),
        ("nowhere", False, "404"),
        ("redirect-file", False, "redirects to another scheme"),
        ("redirect-ftp", False, "redirects to another scheme"),
        ("redirect-circle", False, "in a circle"),
        ("forbidden", False, "403"),
        ("broken", False, "500"),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_what_goes_wrong_is_said_and_nothing_is_kept(
    web: str, tmp_path: Path, path: str, mismatch: bool, reason: str, cached: bool
) -> None:
    """Each fault has its reason, and whether other bytes came or none."""
    with pytest.raises(FetchError) as raised:
        fetcher(tmp_path if cached else None).verify(dataset(), f"{web}/{path}")
    assert (raised.value.mismatch, reason in raised.value.message) == (mismatch, True), raised.value.message
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".part"]


def test_a_redirect_on_the_same_scheme_is_followed(web: str) -> None:
    """Release servers redirect to their storage."""
    fetcher().verify(dataset(), f"{web}/redirect-here")


def test_an_endless_body_without_a_declared_size_ends_in_time(web: str) -> None:
    """The patience for one address is bounded as well."""
    begun = time.monotonic()
    with pytest.raises(FetchError, match="takes too long"):
        fetcher(patience=0.5).verify(dataset(size=None), f"{web}/endless")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(("path", "asked"), [("whole", True), ("no-ranges", False)])
def test_a_broken_download_is_read_on(web: str, tmp_path: Path, path: str, asked: bool) -> None:
    """What is there already is not fetched again; a server that can't do that sends all."""
    part = tmp_path / "sha256" / DIGEST[:2] / f"{DIGEST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:5000])
    long_ago = time.time() - 60
    __import__("os").utime(part, (long_ago, long_ago))
    Handler.ranges.clear()
    kept = fetcher(tmp_path).verify(dataset(), f"{web}/{path}")
    assert kept is not None and kept.read_bytes() == BODY
    assert ("bytes=5000-" in Handler.ranges) is asked


def test_a_truncated_part_is_kept_and_other_bytes_are_not(web: str, tmp_path: Path) -> None:
    """Only a part that may still become the right bytes is worth keeping."""
    with pytest.raises(FetchError):
        fetcher(tmp_path).verify(dataset(), f"{web}/truncated")
    parts = list(tmp_path.rglob("*.part"))
    with pytest.raises(FetchError):
        fetcher(tmp_path / "other").verify(dataset(), f"{web}/wrong")
    assert not list((tmp_path / "other").rglob("*.part"))
    assert all(BODY.startswith(part.read_bytes()) for part in parts)


def test_memory_stays_bounded(web: str) -> None:
    """An endless body of a dataset that declares a size is cut off after it, not held."""
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(FetchError):
        fetcher().verify(dataset(size=20_000_000), f"{web}/endless")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000


@pytest.mark.parametrize("uri", ["ssh://host/x", "memory://x", "shell:ls", "//host/x", "http://[bad"])
def test_addresses_of_other_schemes_are_not_tried(uri: str) -> None:
    """A manifest can't make the loader reach for what nobody meant."""
    with pytest.raises(FetchError):
        fetcher().verify(dataset(), uri)


def test_files_stay_within_the_repository(tmp_path: Path) -> None:
    """Neither by dots, nor by a link, nor by an absolute path."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    folder = tmp_path / "repo" / "data"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(BODY)
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "right").write_bytes(BODY)
    assert fetcher(folder=folder).verify(dataset(), "file:right") == folder / "right"
    for uri in ("file:../../secret", "file:link", f"file://{tmp_path}/secret", "file:..%2F..%2Fsecret"):
        with pytest.raises(FetchError):
            fetcher(folder=folder).verify(dataset(), uri)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    """moto's S3 server with one object; the options by which fsspec reaches it."""
    server = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("s3fs")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    options = {
        "key": "test",
        "secret": "test",
        "client_kwargs": {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"},
    }
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="kfm")
    client.put_object(Bucket="kfm", Key="data/right", Body=BODY)
    client.put_object(Bucket="kfm", Key="data/wrong", Body=BODY[:-1])
    client.close()
    yield options
    running.stop()


def test_an_object_store_is_read(s3: dict[str, Any], tmp_path: Path) -> None:
    """The right object is verified and kept, the wrong one refused, the missing one named."""
    from_s3 = fetcher(tmp_path, timeout=10, options={"s3": {**s3, "skip_instance_cache": True}})
    kept = from_s3.verify(dataset(), "s3://kfm/data/right")
    assert kept is not None and kept.read_bytes() == BODY
    other = fetcher(tmp_path / "2", timeout=10, options={"s3": {**s3, "skip_instance_cache": True}})
    with pytest.raises(FetchError) as wrong:
        other.verify(dataset(), "s3://kfm/data/wrong")
    with pytest.raises(FetchError) as missing:
        other.verify(dataset(), "s3://kfm/data/nowhere")
    assert (wrong.value.mismatch, "404" in missing.value.message) == (True, True)


def test_an_object_is_read_on_where_it_broke_off(s3: dict[str, Any], tmp_path: Path) -> None:
    """The part that is there is not fetched again."""
    part = tmp_path / "sha256" / DIGEST[:2] / f"{DIGEST}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:700_000])
    __import__("os").utime(part, (time.time() - 60,) * 2)
    from_s3 = fetcher(tmp_path, timeout=10, options={"s3": {**s3, "skip_instance_cache": True}})
    counted: list[int] = []
    kept = from_s3.verify(dataset(), "s3://kfm/data/right", counted.append)
    assert kept is not None and kept.read_bytes() == BODY
    assert sum(counted) == len(BODY)
