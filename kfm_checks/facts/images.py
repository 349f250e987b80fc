"""Image references by the full grammar, and every place of the rendered objects that names one.

Grammar: https://pkg.go.dev/github.com/distribution/reference; a name without a registry is one of docker.io.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.image_kinds import IMAGE_FIELDS, ImageField
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
#: Digest algorithms that registries and container runtimes know, with the length of their value.
_ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
#: Longest repository name that the grammar allows.
_MAX_NAME = 255


class ImageReference(Value, frozen=True):
    """A parsed reference; registry and repository are normalised, ``tag`` and ``digest`` are "" where absent."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"

    @property
    def blank(self) -> bool:
        """Whether the digest is all zeros: no bytes have it, so that somebody has yet to fill it in."""
        return bool(self.digest) and not self.digest.partition(":")[2].strip("0")

    @property
    def pinned(self) -> bool:
        """Whether a digest of a known algorithm names the bytes."""
        return bool(self.digest) and not self.blank

    @property
    def latest(self) -> bool:
        """Whether the tag is ``latest``, written or implied, with no digest that overrules it."""
        return not self.digest and self.tag in {"", "latest"}

    def within(self, prefix: str) -> bool:
        """Whether it lies in a registry or repository given as text: ``registry.example``, ``docker.io/library``."""
        wanted = prefix.strip().rstrip("/").removeprefix("https://").removeprefix("http://")
        if wanted == "index.docker.io" or wanted.startswith("index.docker.io/"):
            wanted = wanted.removeprefix("index.")
        return bool(wanted) and (self.name == wanted or self.name.startswith(wanted + "/"))


def parse_image(text: str) -> ImageReference:
    """Parse an image reference. Raises ValueError, with the reason, on what the grammar doesn't allow."""
    if _IDENTIFIER.fullmatch(text):
        raise ValueError("64 hexadecimal digits alone are an image's identifier, no reference")
    rest, at, digest = text.partition("@")
    if at:
        _require_digest(digest)
    name, tag = rest, ""
    slash, colon = rest.rfind("/"), rest.rfind(":")
    if colon > slash:
        name, tag = rest[:colon], rest[colon + 1 :]
        if not _TAG.fullmatch(tag):
            raise ValueError("the tag is malformed")
    registry, repository = _split(name)
    if len(repository) > _MAX_NAME or not _PATH.fullmatch(repository):
        raise ValueError("the repository's name is malformed (it is lower case letters, digits and separators)")
    if not _DOMAIN.fullmatch(registry):
        raise ValueError("the registry's host is malformed")
    return ImageReference(registry, repository, tag, digest)


def _require_digest(digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    if not _DIGEST.fullmatch(digest):
        raise ValueError("the digest is malformed (it is sha256: and 64 hexadecimal digits)")
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"{algorithm} is no known digest algorithm")
    if len(value) != _ALGORITHMS[algorithm] or value != value.lower():
        raise ValueError(f"the digest is malformed ({algorithm} has {_ALGORITHMS[algorithm]} lower case hex digits)")


def _split(name: str) -> tuple[str, str]:
    """Registry and repository; the first part is a registry if it has a dot, a colon or a capital, or is localhost."""
    first, slash, rest = name.partition("/")
    if not slash or not (any(c in first for c in ".:[") or first == "localhost" or first != first.lower()):
        registry, repository = "docker.io", name
    else:
        registry, repository = ("docker.io" if first == "index.docker.io" else first), rest
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository


class ImageUse(Value, frozen=True):
    """One place that names an image. ``path`` leads to the text, or to where it is missing, from the object's root."""

    obj: Manifest
    path: Path
    text: str
    #: What uses it, in words: ``container api``, ``volume models``, ``field imageName``.
    user: str
    #: The reference, or None where it is malformed, empty or given by a parameter; ``problem`` says which.
    reference: ImageReference | None
    problem: str = ""
    #: Whether only a run decides the image (a template's parameter), so that nobody can judge it here.
    open: bool = False


def image_uses(inventory: Inventory, workloads: tuple[Workload, ...]) -> tuple[ImageUse, ...]:
    """Every image that the objects name: containers of every role, image volumes, fields of known custom resources."""
    found = [use for workload in workloads for use in _of_pod(workload.obj, workload.spec, workload.path)]
    for (group, kind), fields in IMAGE_FIELDS.items():
        for obj in inventory.of(kind, group):
            found += [use for field in fields for use in _of_field(obj, field)]
    return tuple(found)


def _of_pod(obj: Manifest, spec: Mapping[str, Any], path: Path) -> Iterator[ImageUse]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        listed = spec.get(field)
        for index, container in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(container, dict):
                name = container.get("name") or index
                yield image_use(obj, (*path, field, index, "image"), container.get("image"), f"container {name}")
    volumes = spec.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else []):
        source = dig(volume, "image")
        if isinstance(source, dict):
            place = (*path, "volumes", index, "image", "reference")
            yield image_use(obj, place, source.get("reference"), f"volume {volume.get('name') or index}")


def _of_field(obj: Manifest, field: ImageField) -> Iterator[ImageUse]:
    for path, value in reach(obj, field.path, ()):
        if field.what == "pod":
            if isinstance(value, dict):
                yield from _of_pod(obj, value, path)
        elif field.what == "containers":
            yield from _each(obj, path, value)
        elif value is not None:
            yield image_use(obj, path, value, "field " + ".".join(str(step) for step in path[1:]))


def _each(obj: Manifest, path: Path, value: Any) -> Iterator[ImageUse]:
    for index, container in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(container, dict) and container.get("image") is not None:
            at = (*path, index) if isinstance(value, list) else path
            yield image_use(obj, (*at, "image"), container["image"], f"container {container.get('name') or path[-1]}")


def reach(value: Any, steps: tuple[str, ...], path: Path) -> Iterator[tuple[Path, Any]]:
    """Every value at a path in which ``*`` stands for each item of a list."""
    if not steps:
        if value is not None:
            yield path, value
        return
    step, *rest = steps
    if step == "*":
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield from reach(item, tuple(rest), (*path, index))
    elif isinstance(value, dict) and step in value:
        yield from reach(value[step], tuple(rest), (*path, step))


def image_use(obj: Manifest, path: Path, value: Any, user: str) -> ImageUse:
    """Read one place."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if not text.strip():
        return ImageUse(obj, path, "", user, None, "no image is given")
    if "{{" in text or "$(" in text or "${" in text:
        return ImageUse(obj, path, text, user, None, "a parameter gives the image when it runs", open=True)
    try:
        return ImageUse(obj, path, text, user, parse_image(text))
    except ValueError as error:
        return ImageUse(obj, path, text, user, None, str(error))
