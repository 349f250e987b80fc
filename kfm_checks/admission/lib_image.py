"""Image references taken apart, as the ``image()`` library of Kyverno and Kubernetes' CEL does."""

from __future__ import annotations

import re
from typing import Any

Value = dict[str, Any]
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_HOST = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")


def image(text: str) -> Value:
    """Registry, repository, tag and digest of a reference; docker.io and ``library/`` filled in. Raises ValueError."""
    rest, at, digest = text.partition("@")
    host, slash, path = rest.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, path = "docker.io", rest
    head, colon, tag = path.rpartition(":")
    if not colon:
        head, tag = path, ""
    sound = _HOST.fullmatch(host) and _PATH.fullmatch(head) and len(head) < 256
    if not sound or (colon and not _TAG.fullmatch(tag)) or (at and not _DIGEST.fullmatch(digest)):
        raise ValueError(f"could not parse reference: {text[:200]}")
    if host == "docker.io" and "/" not in head:
        head = f"library/{head}"
    return {"@type": "image", "registry": host, "repository": head, "tag": tag, "digest": digest}


def is_image(text: str) -> bool:
    """``isImage(TEXT)``."""
    try:
        image(text)
    except ValueError:
        return False
    return True


def contains_digest(value: Value) -> bool:
    """Whether the reference has a digest."""
    return bool(value["digest"])


def registry(value: Value) -> str:
    """The registry's host."""
    return "index.docker.io" if value["registry"] == "docker.io" else str(value["registry"])


def repository(value: Value) -> str:
    """The path within the registry."""
    return str(value["repository"])


def identifier(value: Value) -> str:
    """The digest where there is one, else the tag, ``latest`` where that is absent."""
    return str(value["digest"] or value["tag"] or "latest")


def tag(value: Value) -> str:
    """The tag; ``latest`` where there is neither tag nor digest."""
    return str(value["tag"]) if value["tag"] or value["digest"] else "latest"


def digest(value: Value) -> str:
    """The digest, "" where there is none."""
    return str(value["digest"])
