"""Bytes from anywhere, streamed: bounded in memory, size and time, resumed where they broke off, kept by checksum.

Addresses of ``file`` are read directly, all others by fsspec. A redirect may only lead from http to https or stay
where it is; a body that is longer than declared is cut off at once; what is kept is renamed into place only when its
checksum fits.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from kfm_checks.errors import one_line
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_bytes import relative_path, scheme_of

CHUNK = 1 << 20
#: Without a declared size nothing longer than this (bytes) is read.
MOST = 50 * 1024**3
#: Schemes that are tried; others would let a manifest reach for what nobody meant (ssh, a local shell, memory).
SCHEMES = frozenset({"file", "http", "https", "s3", "gs", "gcs", "az", "abfs", "abfss", "adl"})
_WEB = frozenset({"http", "https"})


class FetchError(Exception):
    """Bytes that could not be had, or are not the ones declared. ``mismatch``: they came, and are others."""

    def __init__(self, message: str, *, mismatch: bool = False, observed: str = "") -> None:
        self.message, self.mismatch, self.observed = one_line(message), mismatch, observed
        super().__init__(self.message)


@dataclass(frozen=True)
class Fetcher:
    """How bytes are fetched. ``folder`` is what relative addresses start from; ``cache`` None keeps nothing.

    ``timeout`` in seconds is that of one answer, ``patience`` that of the whole of one address.
    """

    folder: Path | None = None
    cache: Path | None = None
    timeout: float = 30.0
    patience: float = 3600.0
    offline: bool = False
    options: dict[str, dict[str, Any]] = field(default_factory=dict)

    def verify(self, dataset: Dataset, uri: str, told: Callable[[int], None] = lambda _: None) -> Path | None:
        """Hold the bytes at an address against size and checksum; its path if local or kept. Raises FetchError."""
        local = self.local(uri)
        if local is not None:
            with _opened(local) as stream:
                _check(dataset, _Sum(dataset, time.monotonic() + self.patience).feed(stream, told))
            return local
        kept = self._kept(dataset)
        if kept is not None and kept.is_file():
            with _opened(kept) as stream:
                _check(dataset, _Sum(dataset, time.monotonic() + self.patience).feed(stream, told))
            return kept
        if self.offline:
            raise FetchError("offline: nobody fetched it")
        return self._remote(dataset, uri, kept, told)

    def local(self, uri: str) -> Path | None:
        """The path of a ``file`` address within the folder; None for any other. Raises FetchError for one outside."""
        if scheme_of(uri) != "file":
            return None
        path = relative_path(uri)
        if path is None or self.folder is None:
            raise FetchError("a file address has to be relative to the manifest, and the manifest to lie in a folder")
        root = self.folder.resolve()
        found = (root / path).resolve()
        if not found.is_relative_to(_repository(root)):
            raise FetchError("the address leads out of the repository")
        return found

    def _kept(self, dataset: Dataset) -> Path | None:
        digest = dataset.sha256
        return self.cache / "sha256" / digest[:2] / digest if self.cache and len(digest) == 64 else None

    def _remote(self, dataset: Dataset, uri: str, kept: Path | None, told: Callable[[int], None]) -> Path | None:
        if scheme_of(uri) not in SCHEMES:
            raise FetchError(f"addresses of {scheme_of(uri) or 'no'} scheme are not fetched")
        deadline = time.monotonic() + self.patience
        if kept is None:
            with _translated(self), self._open(uri, 0) as (stream, _):
                _check(dataset, _Sum(dataset, deadline).feed(stream, told))
            return None
        part = kept.with_suffix(f".{os.getpid()}.part") if _busy(kept) else kept.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            _check(dataset, self._resumed(dataset, uri, part, deadline, told))
        except FetchError as error:
            if error.mismatch:  # what broke off is kept, and read on from next time
                part.unlink(missing_ok=True)
            raise
        part.replace(kept)
        return kept

    def _resumed(self, dataset: Dataset, uri: str, part: Path, deadline: float, told: Callable[[int], None]) -> _Sum:
        """Read on from where a part file ends; from the start where the server can't."""
        sums = _Sum(dataset, deadline)
        if part.is_file():
            with _opened(part) as stream:
                sums.feed(stream, told)
            if sums.size == dataset.size:
                return sums
        with _translated(self), self._open(uri, sums.size) as (stream, start):
            if start != sums.size:
                sums = _Sum(dataset, deadline)
            with part.open("ab" if start else "wb") as out:
                sums.feed(stream, told, out)
        return sums

    @contextmanager
    def _open(self, uri: str, start: int) -> Iterator[tuple[BinaryIO, int]]:
        """The stream of an address and the offset that it really starts at."""
        from fsspec import open as open_any  # type: ignore[import-untyped,unused-ignore]

        scheme = scheme_of(uri)
        if scheme in _WEB:
            with _web(uri, start, self.timeout) as opened:
                yield opened
            return
        options = {**(_s3(self.timeout) if scheme == "s3" else {}), **self.options.get(scheme, {})}
        try:
            opener: Any = open_any
            stream = opener(uri, "rb", **options).open()
        except ImportError as error:
            raise FetchError(f"addresses of {scheme} need a package more: {one_line(str(error))[:120]}") from error
        with stream:
            at = 0
            if start and getattr(stream, "size", None) and start <= stream.size:
                at = stream.seek(start)
            yield stream, at


def _s3(timeout: float) -> dict[str, Any]:
    retries = {"max_attempts": 2}
    return {"config_kwargs": {"connect_timeout": timeout, "read_timeout": timeout, "retries": retries}}


@contextmanager
def _web(uri: str, start: int, timeout: float) -> Iterator[tuple[BinaryIO, int]]:
    """An http(s) address by fsspec's stream, one request, asked to start at an offset."""
    import aiohttp
    import fsspec

    limits = aiohttp.ClientTimeout(total=None, connect=timeout, sock_connect=timeout, sock_read=timeout)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
    files = fsspec.filesystem(
        "http", client_kwargs={"timeout": limits}, skip_instance_cache=True, use_listings_cache=False, headers=headers
    )
    stream = files.open(uri, "rb", block_size=0, size=MOST)
    try:
        answer = stream.r
        final = str(answer.url)
        hops = [uri, *(str(hop.url) for hop in answer.history), final]
        for one, other in pairwise(hops):
            if urlsplit(one).scheme == "https" and urlsplit(other).scheme != "https":
                raise FetchError(f"it redirects from https to {urlsplit(other).scheme}")
        at = start if answer.status == 206 else 0
        yield stream, at
    finally:
        stream.close()


@contextmanager
def _translated(fetcher: Fetcher) -> Iterator[None]:
    """Turn every library's error into one of ours, without an address's user part or query in it."""
    try:
        yield
    except FetchError:
        raise
    except FileNotFoundError as error:
        raise FetchError("it is not there (404)") from error
    except TimeoutError as error:
        raise FetchError(f"no answer within {fetcher.timeout:g} s") from error
    except PermissionError as error:
        raise FetchError("access is refused") from error
    except Exception as error:
        name = type(error).__name__
        if "Timeout" in name:
            raise FetchError(f"no answer within {fetcher.timeout:g} s") from error
        raise FetchError(_cause(error)) from error


def _cause(error: Exception) -> str:
    name = type(error).__name__
    if name in ("NonHttpUrlRedirectClientError", "InvalidUrlRedirectClientError"):
        return "it redirects to another scheme"
    if name in ("ClientPayloadError", "IncompleteReadError", "ContentLengthError", "ResponseStreamingError"):
        return "the body broke off"
    if name == "TooManyRedirects":
        return "it redirects in a circle"
    if name == "ClientResponseError":
        return f"the server answers {getattr(error, 'status', '')}"
    return f"it can't be read ({name})"


class _Sum:
    """Checksum and size of a stream, which is stopped as soon as it is longer than declared."""

    def __init__(self, dataset: Dataset, deadline: float) -> None:
        self._hash, self.size, self._deadline = hashlib.sha256(), 0, deadline
        self._limit = dataset.size if dataset.size is not None else MOST

    def feed(self, stream: BinaryIO, told: Callable[[int], None], out: BinaryIO | None = None) -> _Sum:
        """Read to the end. Raises FetchError for a stream that is too long or takes too long."""
        while True:
            piece = stream.read(CHUNK)
            if not piece:
                return self
            self.size += len(piece)
            if self.size > self._limit:
                raise FetchError(
                    f"it is longer than {self._limit} bytes", mismatch=True, observed=f"over {self._limit}"
                )
            if time.monotonic() > self._deadline:
                raise FetchError("it takes too long")
            self._hash.update(piece)
            if out is not None:
                out.write(piece)
            told(len(piece))

    @property
    def digest(self) -> str:
        """The checksum of what was read."""
        return self._hash.hexdigest()


def _check(dataset: Dataset, sums: _Sum) -> None:
    if dataset.size is not None and sums.size != dataset.size:
        message = f"it has {sums.size} bytes, {dataset.size} were declared"
        raise FetchError(message, mismatch=True, observed=f"{sums.size} bytes")
    if sums.digest != dataset.sha256:
        raise FetchError("its checksum is not the one declared", mismatch=True, observed=sums.digest)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FetchError("there is no such file") from None
    except OSError as error:
        raise FetchError(f"it can't be read: {error.strerror}") from error


def _repository(folder: Path) -> Path:
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def _busy(kept: Path) -> bool:
    """Whether another process writes the part file just now: it was touched within the last seconds."""
    try:
        return time.time() - kept.with_suffix(".part").stat().st_mtime < 5
    except OSError:
        return False
