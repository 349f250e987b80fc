"""Secrets that leave their namespace without RBAC: replicators, reflectors, cluster-wide stores and policies that copy.

Sources: the documentation of External Secrets Operator (``ClusterSecretStore.spec.conditions``, referent
authentication), emberstack/reflector, mittwald/kubernetes-replicator, kubeops config-syncer and Kyverno (generate).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.facts.access.rules import texts
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value

REFLECTOR = "reflector.v1.k8s.emberstack.com/"
REPLICATOR = "replicator.v1.mittwald.de/"
SYNCER = "kubed.appscode.com/sync"
ESO = "external-secrets.io"
#: Objects whose Secret carries annotations of their own, with the path to them.
CARRIERS: tuple[tuple[str, str, Path], ...] = (
    ("", "Secret", ("metadata", "annotations")),
    (ESO, "ExternalSecret", ("spec", "target", "template", "metadata", "annotations")),
    (ESO, "ClusterExternalSecret", ("spec", "externalSecretSpec", "target", "template", "metadata", "annotations")),
    ("bitnami.com", "SealedSecret", ("spec", "template", "metadata", "annotations")),
    ("cert-manager.io", "Certificate", ("spec", "secretTemplate", "annotations")),
)
#: Names that no team chooses: what matches one of them was not written for named namespaces.
PROBES = ("zz-nobody-7", "q", "x9-unnamed-namespace")


class Shared(Value, frozen=True):
    """One way in which a Secret can be had in other namespaces. ``ok`` None: nobody can tell."""

    obj: Manifest
    path: Path
    ok: bool | None
    message: str
    observed: str = ""


def shared_secrets(inventory: Inventory) -> tuple[Shared, ...]:
    """Everything in the render that hands Secrets to other namespaces, or is restricted to named ones."""
    found = [
        *(shared for kind in CARRIERS for shared in _carried(inventory, *kind)),
        *(shared for obj in inventory.of("ClusterSecretStore", ESO) for shared in _store(obj)),
        *(shared for obj in inventory.of("ClusterExternalSecret", ESO) for shared in _spread(obj)),
        *(shared for obj in inventory.of("SecretStore", ESO) for shared in _remote(obj)),
        *(
            shared
            for kind in ("ClusterPolicy", "Policy")
            for obj in inventory.of(kind, "kyverno.io")
            for shared in _cloned(obj)
        ),
    ]
    return tuple(sorted(found, key=lambda s: (s.obj.key, tuple(map(str, s.path)))))


def _carried(inventory: Inventory, group: str, kind: str, path: Path) -> Iterator[Shared]:
    for obj in inventory.of(kind, group):
        annotations = dig(obj, *path)
        for key, value in sorted(annotations.items(), key=str) if isinstance(annotations, dict) else ():
            message = _replication(str(key), str(value), obj.key.namespace, annotations)
            if message:
                yield Shared(obj, (*path, key), False, message, str(value))


def _replication(key: str, value: str, namespace: str, annotations: Mapping[Any, Any]) -> str:
    """What an annotation of a replicator does, "" where it hands nothing on."""
    if key in (f"{REFLECTOR}reflects", f"{REPLICATOR}replicate-from"):
        home = value.partition("/")[0] if "/" in value else namespace
        return "" if home == namespace else f"a replicator copies a Secret of the namespace {home} here"
    if key in (f"{REFLECTOR}reflection-allowed", f"{REPLICATOR}replication-allowed"):
        allowed = annotations.get(f"{key}-namespaces")
        where = f"namespaces that match {allowed}" if allowed else "any namespace"
        return f"{where} may copy this Secret" if value == "true" else ""
    if key in (f"{REPLICATOR}replicate-to", f"{REPLICATOR}replicate-to-matching"):
        return f"a replicator copies this Secret to {value}"
    if key == SYNCER:
        return f"a syncer copies this Secret to {'namespaces with ' + value if value else 'every namespace'}"
    return ""


def _store(obj: Manifest) -> Iterator[Shared]:
    conditions = dig(obj, "spec", "conditions")
    if isinstance(conditions, list) and conditions:
        for index, condition in enumerate(conditions):
            path = ("spec", "conditions", index)
            ok = _condition(condition)
            if ok is None:
                yield Shared(obj, path, None, "the condition can't be read", "unreadable")
            else:
                what = "names who may use the store" if ok else "lets namespaces use the store that nobody named"
                yield Shared(obj, path, ok, f"the condition {what}", _short(condition))
        return
    referent = _referent(dig(obj, "spec", "provider"))
    message = (
        "every namespace may use the store, each with an identity of its own"
        if referent
        else "every namespace may read what the store can read: it has no conditions"
    )
    yield Shared(obj, ("spec", "conditions"), referent, message, "absent")


def _short(condition: Any) -> str:
    return ", ".join(sorted(map(str, condition))) if isinstance(condition, dict) else str(type(condition).__name__)


def _condition(condition: Any) -> bool | None:
    """Whether a condition lets in only namespaces that somebody named; None where it can't be read."""
    if not isinstance(condition, dict):
        return None
    selector = condition.get("namespaceSelector")
    try:
        wide = isinstance(selector, dict) and any(matches(selector, _bare(name)) for name in PROBES)
        patterns = texts(condition, "namespaceRegexes")
        wide = wide or any(all(re.search(pattern, name) for name in PROBES) for pattern in patterns)
    except (re.error, ValueError, AttributeError, TypeError):
        return None
    return not wide and (selector is None or isinstance(selector, dict))


def _bare(name: str) -> dict[str, str]:
    return {"kubernetes.io/metadata.name": name}


def _referent(provider: Any) -> bool:
    """Whether a store authenticates as its caller: every reference to an identity leaves the namespace open."""
    references = list(_references(provider))
    return bool(references) and not any(reference.get("namespace") for reference in references)


def _references(value: Any, key: str = "") -> Iterator[dict[str, Any]]:
    """References to Secrets and service accounts below a provider's ``auth``."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item, key)
    if not isinstance(value, dict):
        return
    lowered = key.lower()
    if "name" in value and ("key" in value or lowered.endswith("ref") or "serviceaccount" in lowered):
        yield value
        return
    for name in sorted(value, key=str):
        if str(name) not in ("caProvider", "server", "url"):
            yield from _references(value[name], str(name))


def _spread(obj: Manifest) -> Iterator[Shared]:
    several = dig(obj, "spec", "namespaceSelectors")
    count = len(several) if isinstance(several, list) else 0
    selectors = [("namespaceSelector",), *(("namespaceSelectors", index) for index in range(count))]
    for steps in selectors:
        selector = dig(obj, "spec", *steps)
        if selector is not None:
            ok = _condition({"namespaceSelector": selector})
            yield Shared(obj, ("spec", *steps), ok, "the selector says which namespaces get the Secret", "selector")


def _remote(obj: Manifest) -> Iterator[Shared]:
    kubernetes = dig(obj, "spec", "provider", "kubernetes")
    if isinstance(kubernetes, dict):
        remote = str(kubernetes.get("remoteNamespace") or "default")
        local = not dig(kubernetes, "server", "url") or "kubernetes.default" in str(dig(kubernetes, "server", "url"))
        ok = remote == obj.key.namespace if local else None
        message = f"the store reads Secrets of the namespace {remote}" + (
            "" if local else " of a cluster that can't be told"
        )
        yield Shared(obj, ("spec", "provider", "kubernetes", "remoteNamespace"), ok, message, remote)


def _cloned(obj: Manifest) -> Iterator[Shared]:
    for index, rule in enumerate(items(obj, "spec", "rules")):
        generate = rule.get("generate")
        kinds = {str(dig(generate, "kind")), *texts(generate, "cloneList", "kinds")}
        source = dig(generate, "clone", "namespace") or dig(generate, "cloneList", "namespace")
        if source and kinds & {"Secret", "v1/Secret"}:
            path: Path = ("spec", "rules", index, "generate")
            yield Shared(
                obj, path, False, f"the policy copies Secrets of the namespace {source} to others", str(source)
            )
