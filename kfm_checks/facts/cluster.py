"""What was seen of a live cluster: plain data, whether it was read just now or comes from a snapshot.

Secret values are never in it: the reader replaces each by ``AS_RENDERED``, ``DIFFERS`` or ``WITHHELD``. Whatever could
not be read carries the reason (``problem``): a refusal never reads as absence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, NamedTuple

from kfm_checks.model import Manifest, ObjectKey

AS_RENDERED = "(withheld, as rendered)"
DIFFERS = "(withheld, differs from the render)"
WITHHELD = "(withheld)"


class ApiKind(NamedTuple):
    """A kind as the server serves it; ``resource`` is the plural of its URL."""

    group: str
    version: str
    kind: str
    resource: str = ""
    namespaced: bool = True

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True)
class Listing:
    """All objects of one kind in one namespace ("" for every namespace), or why they could not be read."""

    kind: ApiKind
    namespace: str = ""
    objects: tuple[Manifest, ...] = ()
    problem: str = ""
    #: The server does not serve this kind at all: nothing of it can be there.
    unserved: bool = False

    @property
    def key(self) -> ObjectKey:
        """What evidence on the listing as a whole is about."""
        return ObjectKey(self.kind.api_version, self.kind.kind, self.namespace, "*")

    @property
    def refusal(self) -> str:
        """The problem in a sentence; what is there, nobody saw."""
        return f"{self.kind.resource or self.kind.kind} could not be listed: {self.problem}"


@dataclass(frozen=True)
class Comparison:
    """One rendered object beside the live one. ``wanted`` is what the server would make of the render."""

    key: ObjectKey
    live: Manifest | None = None
    wanted: Manifest | None = None
    #: How ``wanted`` was found. ``field-subset``: the rendered object itself, for want of permission to dry-run.
    how: Literal["server-side-apply", "field-subset"] = "field-subset"
    #: Why the live object could not be read; its absence is ``live is None`` without a problem.
    problem: str = ""
    #: Why the server refused the dry run, or why none was made; "" where it went through.
    refused: str = ""


@dataclass(frozen=True)
class Attempt:
    """A pod, or another object, that was offered to the server in a dry run. Nothing was persisted."""

    namespace: str
    #: ``conforming``, or what it breaks: ``privileged``, ``no-limits``, ``latest-tag``, ``host-network``…
    breaks: str
    admitted: bool | None = None
    #: The server's message, which names the policy that refused; or why nobody could try.
    message: str = ""
    #: It was admitted because the server itself set what was left out (a LimitRange's default).
    completed: bool = False


@dataclass(frozen=True)
class Answer:
    """The server's answer to one access review: whether a subject may do something."""

    subject: str
    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""
    allowed: bool | None = None
    problem: str = ""


@dataclass(frozen=True)
class Probe:
    """What a public host answered over HTTPS, or whether a datastore's port could be reached at its address."""

    host: str
    port: int = 443
    #: ``https`` for a public host, ``tcp`` for a port that has to be closed.
    asks: Literal["https", "tcp"] = "https"
    answered: bool | None = None
    status: int = 0
    #: Whether the certificate is valid for the host, and until which moment (ISO 8601, UTC).
    certificate: bool | None = None
    until: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Cluster:
    """Everything that a run saw of one cluster."""

    #: ``cluster``: read just now. ``snapshot``: read earlier and kept.
    origin: Literal["cluster", "snapshot"] = "cluster"
    context: str = ""
    #: When it was read: ISO 8601, UTC, seconds.
    taken: str = ""
    #: The server's ``/version``: ``gitVersion``, ``platform``…
    version: Mapping[str, Any] = field(default_factory=dict)
    #: Why not even the version could be read: the server was not reached.
    problem: str = ""
    #: Digest of the render that comparisons, attempts and answers were made for.
    render: str = ""
    #: The commit that the overlay's repository was at (its HEAD), "" where unknown.
    head: str = ""
    listings: tuple[Listing, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    answers: tuple[Answer, ...] = ()
    probes: tuple[Probe, ...] = ()

    @cached_property
    def objects(self) -> tuple[Manifest, ...]:
        """Every live object that was listed, each once, in a fixed order."""
        by_key = {(o.key.group, o.key.kind, o.key.namespace, o.key.name): o for x in self.listings for o in x.objects}
        return tuple(by_key[key] for key in sorted(by_key))

    def of(self, kind: str, group: str = "") -> Iterator[Manifest]:
        """Live objects of one kind."""
        return (o for x in self.listings if (x.kind.kind, x.kind.group) == (kind, group) for o in x.objects)

    def unread(self, kinds: Iterable[str]) -> Iterator[Listing]:
        """Of these kinds (``Service``, ``Ingress.networking.k8s.io``, ``*.skupper.io``) what nobody saw.

        Listings that failed, and kinds never asked for. A kind that the server does not serve was asked for.
        """
        wanted = set(kinds)
        yield from (x for x in self.listings if x.problem and wanted & {str(x.kind), f"*.{x.kind.group}"})
        asked = {name for x in self.listings for name in (str(x.kind), f"*.{x.kind.group}")}
        for name in sorted(wanted - asked):
            kind, _, group = name.partition(".")
            yield Listing(ApiKind(group, "v1", kind), problem="nobody asked for them")

    def partly(self, kinds: Iterable[str]) -> Iterator[tuple[ApiKind, int]]:
        """Of these kinds those that were listed in single namespaces alone, for want of permission; in how many."""
        for name in sorted(set(kinds)):
            found = [listing for listing in self.listings if str(listing.kind) == name and listing.namespace]
            if found:
                yield found[0].kind, len(found)

    def looked_at(self, kind: str) -> bool:
        """Whether a kind was asked for at all; ``Ingress.networking.k8s.io`` for one outside the core group."""
        return any(str(listing.kind) == kind for listing in self.listings)


def to_plain(cluster: Cluster) -> dict[str, Any]:
    """JSON-serialisable form; what is at its default is left out."""
    shown = {f.name: _plain(getattr(cluster, f.name)) for f in fields(cluster)}
    return {name: value for name, value in shown.items() if value not in ("", [], {})}


def from_plain(value: Mapping[str, Any]) -> Cluster:
    """The inverse of ``to_plain``. Raises ValueError where the form is another."""
    import msgspec

    unknown = sorted(set(value) - {f.name for f in fields(Cluster)})
    if unknown:
        raise ValueError(f"{unknown[0]} is not known")
    try:
        return msgspec.convert(value, Cluster, dec_hook=_object)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, ObjectKey | ApiKind):
        return list(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if hasattr(value, "__dataclass_fields__"):
        shown = {f.name: (getattr(value, f.name), f.default) for f in fields(value)}
        return {name: _plain(inner) for name, (inner, default) in shown.items() if inner != default}
    return value


def _object(type_: type, value: Any) -> Any:
    """A live object has at least what names it. Raises ValueError."""
    if type_ is not Manifest:
        raise NotImplementedError(type_)
    metadata = value.get("metadata") if isinstance(value, dict) else None
    names = (value.get("apiVersion"), value.get("kind"), metadata.get("name")) if isinstance(metadata, dict) else ()
    if not names or not all(name and isinstance(name, str) for name in names):
        raise ValueError("an object without apiVersion, kind or name")
    return Manifest(value)
