"""What makes each Secret of the cluster: a reference, ciphertext, an operator, or a plain manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.facts.secrets_operators import operator_secrets
from kfm_checks.facts.secrets_stores import ESO, Backing, external_secret_backing
from kfm_checks.facts.secrets_values import secret_entries
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Manifest, Path
from kfm_checks.values import Value


class Maker(Value, frozen=True):
    """What makes a Secret. ``controlled``: from a controlled backend (None: nobody could tell; ``why`` says it)."""

    obj: Manifest
    namespace: str
    secret: str
    controlled: bool | None
    why: str
    path: Path = ()


def secret_makers(inventory: Inventory) -> tuple[Maker, ...]:
    """What makes each Secret that the render makes, in the order of the objects."""
    return tuple(maker for obj in inventory for maker in _makers(obj, inventory))


def _makers(obj: Manifest, inventory: Inventory) -> Iterator[Maker]:
    key = obj.key
    kind = (key.group, key.kind)
    if kind == ("", "Secret"):
        yield plain_secret(obj)
    elif kind == (ESO, "ExternalSecret"):
        name = str(dig(obj, "spec", "target", "name", default="") or key.name)
        yield Maker(obj, key.namespace, name, *external_secret_backing(dig(obj, "spec"), key.namespace, inventory))
    elif kind == (ESO, "ClusterExternalSecret"):
        yield from _cluster_external_secret(obj, inventory)
    elif kind == ("bitnami.com", "SealedSecret"):
        name = str(dig(obj, "spec", "template", "metadata", "name", default="") or key.name)
        yield Maker(obj, key.namespace, name, True, "the sealed-secrets controller decrypts it in the cluster")
    elif kind == ("isindir.github.com", "SopsSecret"):
        for item in items(obj, "spec", "secretTemplates"):
            yield Maker(obj, key.namespace, str(item.get("name")), True, "the SOPS operator decrypts it in the cluster")
    elif kind == ("secrets-store.csi.x-k8s.io", "SecretProviderClass"):
        yield from _provider_class(obj)
    else:
        yield from _by_operator(obj)


def plain_secret(obj: Manifest) -> Maker:
    """Judge a Secret written as a manifest by what its entries hold."""
    key = obj.key
    entries = secret_entries(obj)
    grades = {entry.grade for entry in entries}
    first = next((entry.path for entry in entries if entry.grade in ("credential", "unclear")), ())
    if str(dig(obj, "type", default="")) == "kubernetes.io/service-account-token" and not entries:
        backing = Backing(True, "the cluster fills in the service account's token")
    elif "secret-generator.v1.mittwald.de/autogenerate" in annotations_of(obj) and "credential" not in grades:
        backing = Backing(True, "the secret generator makes its values in the cluster")
    elif "credential" in grades:
        backing = Backing(False, "it is a plain Secret with its value in the manifest")
    elif "unclear" in grades:
        backing = Backing(None, "it is a plain Secret, and nobody can tell whether its values are secret")
    elif "ciphertext" in grades:
        backing = Backing(True, "its values are ciphertext that a controller decrypts")
    elif "reference" in grades:
        backing = Backing(True, "its values are references that are filled in later")
    elif entries:
        backing = Backing(True, "it holds no secret value")
    else:
        backing = Backing(None, "it is empty in the render, and what fills it can't be seen")
    return Maker(obj, key.namespace, key.name, *backing, path=first)


def _cluster_external_secret(obj: Manifest, inventory: Inventory) -> Iterator[Maker]:
    spec = dig(obj, "spec", "externalSecretSpec")
    name = str(dig(spec, "target", "name", default="") or dig(obj, "spec", "externalSecretName", default=obj.key.name))
    selectors = [dig(obj, "spec", "namespaceSelector"), *items(obj, "spec", "namespaceSelectors")]
    listed = dig(obj, "spec", "namespaces", default=[])
    namespaces = {str(namespace) for namespace in listed} if isinstance(listed, list) else set()
    for namespace in inventory.namespaces:
        labels = inventory.namespace_labels(namespace)
        if any(isinstance(selector, dict) and _matches(selector, labels) for selector in selectors):
            namespaces.add(namespace)
    for namespace in sorted(namespaces) or [""]:
        yield Maker(obj, namespace, name, *external_secret_backing(spec, namespace, inventory))


def _matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    try:
        return matches(selector, labels)
    except (ValueError, AttributeError, TypeError):
        return False


def _provider_class(obj: Manifest) -> Iterator[Maker]:
    provider = str(dig(obj, "spec", "provider", default=""))
    controlled = bool(provider) or None
    why = f"the secrets store driver fetches it from {provider}" if provider else "the class names no provider"
    for item in items(obj, "spec", "secretObjects"):
        yield Maker(obj, obj.key.namespace, str(item.get("secretName")), controlled, why)
    if not items(obj, "spec", "secretObjects"):
        yield Maker(obj, obj.key.namespace, "", controlled, why)


def _by_operator(obj: Manifest) -> Iterator[Maker]:
    key = obj.key
    why = f"the operator of {key.kind} makes it in the cluster"
    for namespace, secret in operator_secrets(obj):
        yield Maker(obj, namespace, secret, True, why)
    account = dig(obj, "spec", "acme", "privateKeySecretRef", "name")
    if key.group == "cert-manager.io" and isinstance(account, str):
        yield Maker(obj, key.namespace or "cert-manager", account, True, "cert-manager makes the account's key")
    connection = dig(obj, "spec", "writeConnectionSecretToRef")
    if isinstance(dig(connection, "name"), str):
        yield Maker(obj, str(dig(connection, "namespace", default=key.namespace)), connection["name"], True, why)
    if any(name in annotations_of(obj) for name in ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")):
        for _, secret in tls_secrets(obj):
            yield Maker(
                obj, key.namespace, secret, True, "cert-manager makes the certificate that the annotation asks for"
            )


def tls_secrets(obj: Manifest) -> Iterator[tuple[Path, str]]:
    """The Secrets that an Ingress or a Gateway serves its certificates from."""
    if obj.key.kind == "Ingress":
        for index, item in enumerate(_listed(obj, "spec", "tls")):
            if isinstance(dig(item, "secretName"), str):
                yield ("spec", "tls", index, "secretName"), item["secretName"]
    if obj.key.kind == "Gateway":
        for index, listener in enumerate(_listed(obj, "spec", "listeners")):
            for at, reference in enumerate(_listed(listener, "tls", "certificateRefs")):
                if (
                    isinstance(dig(reference, "name"), str)
                    and str(dig(reference, "kind", default="Secret")) == "Secret"
                ):
                    yield ("spec", "listeners", index, "tls", "certificateRefs", at, "name"), reference["name"]


def _listed(value: Any, *steps: str) -> list[Any]:
    found = dig(value, *steps)
    return found if isinstance(found, list) else []
