"""Which kinds a server serves, by its own discovery documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from kfm_checks.facts.cluster import ApiKind
from kfm_checks.live.client import Connection, Refusal

#: Aggregated discovery: every group in one answer (Kubernetes API Concepts, Aggregated discovery; stable in 1.30).
_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True)
class Served:
    """Kinds by group and kind, the version that the server prefers first; groups that could not be asked."""

    kinds: Mapping[tuple[str, str], tuple[ApiKind, ...]] = field(default_factory=dict)
    #: Group -> why its kinds are unknown: an aggregated API that is down.
    problems: Mapping[str, str] = field(default_factory=dict)

    def find(self, group: str, kind: str, version: str = "") -> ApiKind | None:
        """A kind in one version, or in the preferred one; None where it is not served."""
        known = self.kinds.get((group, kind), ())
        return next((one for one in known if not version or one.version == version), None)


def discover(connection: Connection) -> Served:
    """Ask what is served. Raises Refusal where the server does not even tell its groups."""
    kinds: dict[tuple[str, str], list[ApiKind]] = {}
    problems: dict[str, str] = {}
    for path in ("/api", "/apis"):
        answer = connection.get(path, accept=_ACCEPT)
        groups = answer.get("items") if answer.get("kind") == "APIGroupDiscoveryList" else None
        found = _aggregated(groups, problems) if groups is not None else _each(connection, path, answer, problems)
        for one in found:
            kinds.setdefault((one.group, one.kind), []).append(one)
    return Served({key: tuple(value) for key, value in kinds.items()}, problems)


def _aggregated(groups: list[Any], problems: dict[str, str]) -> Iterator[ApiKind]:
    for group in groups:
        name = str((group.get("metadata") or {}).get("name") or "")
        for version in group.get("versions") or []:
            if version.get("freshness") == "Stale":
                problems[name] = "its API server does not answer"
            for resource in version.get("resources") or []:
                kind = (resource.get("responseKind") or {}).get("kind")
                if kind and "list" in (resource.get("verbs") or []):
                    namespaced = resource.get("scope") == "Namespaced"
                    yield ApiKind(name, str(version["version"]), str(kind), str(resource["resource"]), namespaced)


def _each(connection: Connection, path: str, answer: Mapping[str, Any], problems: dict[str, str]) -> Iterator[ApiKind]:
    """Servers before 1.26: one document a group and version."""
    if path == "/api":
        versions = [("", str(version)) for version in answer.get("versions") or []]
    else:
        groups = answer.get("groups") or []
        versions = [(str(g["name"]), str(v["version"])) for g in groups for v in g.get("versions") or []]
    for group, version in versions:
        try:
            listed = connection.get(f"{path}/{group}/{version}" if group else f"{path}/{version}")
        except Refusal as refusal:
            problems[group] = refusal.reason
            continue
        for resource in listed.get("resources") or []:
            if "/" not in str(resource["name"]) and "list" in (resource.get("verbs") or []):
                namespaced = bool(resource.get("namespaced"))
                yield ApiKind(group, version, str(resource["kind"]), str(resource["name"]), namespaced)


def path_of(kind: ApiKind, namespace: str = "", name: str = "") -> str:
    """The URL path of a kind, in a namespace where it has one, or of one object.

    What a manifest names is hostile text: a name with ``?`` would put ``dryRun`` out of force, one with ``/`` lead
    elsewhere. Each is one segment of the path, whatever it holds.
    """
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    inside = f"/namespaces/{_segment(namespace)}" if namespace and kind.namespaced else ""
    return f"{root}{inside}/{kind.resource}" + (f"/{_segment(name)}" if name else "")


def _segment(name: str) -> str:
    # The transport resolves segments of dots alone, which no escape of the standard library covers.
    return "%2E" * len(name) if name in {".", ".."} else quote(name, safe=":")
