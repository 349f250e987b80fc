"""Where the values of secrets come from: stores of External Secrets, and the generators beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest

ESO = "external-secrets.io"
GENERATORS = "generators.external-secrets.io"


class Backing(NamedTuple):
    """Whether values come from a controlled backend (None: nobody could tell), and why, in a few words."""

    controlled: bool | None
    why: str


def provider_backing(store: Manifest) -> Backing:
    """Judge the provider of a SecretStore or ClusterSecretStore (External Secrets, "Providers")."""
    provider = dig(store, "spec", "provider")
    if not isinstance(provider, dict) or not provider:
        return Backing(None, "the store names no provider")
    judged = [
        _provider(str(name), content) for name, content in sorted(provider.items(), key=lambda item: str(item[0]))
    ]
    return min(judged, key=lambda backing: {False: 0, None: 1, True: 2}[backing.controlled])


def _provider(name: str, content: Any) -> Backing:
    if name == "fake":
        return Backing(False, "the fake provider holds its values in the store object itself")
    if name == "kubernetes":
        server = str(dig(content, "server", "url", default=""))
        if server and "kubernetes.default" not in server and "localhost" not in server:
            return Backing(None, "the values come from another cluster, whose backend can't be seen")
        return Backing(False, "the kubernetes provider copies Secrets of this same cluster")
    if name == "webhook":
        return Backing(None, "a webhook answers with the values, and what stands behind it can't be seen")
    return Backing(True, f"the store's provider is {name}")


def external_secret_backing(spec: Any, namespace: str, inventory: Inventory) -> Backing:
    """Judge what an ExternalSecret (its spec) fetches from: its store, the stores of its sources, its generators."""
    judged = []
    if dig(spec, "secretStoreRef"):
        judged.append(_store(dig(spec, "secretStoreRef"), namespace, inventory))
    for item in [*items(spec, "data"), *items(spec, "dataFrom")]:
        source = dig(item, "sourceRef")
        if dig(source, "storeRef"):
            judged.append(_store(dig(source, "storeRef"), namespace, inventory))
        if dig(source, "generatorRef"):
            judged.append(_generator(dig(source, "generatorRef")))
    if not judged:
        return Backing(None, "it names no store")
    return min(judged, key=lambda backing: {False: 0, None: 1, True: 2}[backing.controlled])


def _store(reference: Any, namespace: str, inventory: Inventory) -> Backing:
    name, kind = str(dig(reference, "name", default="")), str(dig(reference, "kind", default="SecretStore"))
    store = inventory.get(kind, name, "" if kind == "ClusterSecretStore" else namespace, ESO)
    if store is None:
        return Backing(None, f"the {kind} {name} is not among the rendered objects, so its provider can't be seen")
    return provider_backing(store)


def _generator(reference: Any) -> Backing:
    kind = str(dig(reference, "kind", default=""))
    if kind == "Fake":
        return Backing(False, "the Fake generator holds its values in the object itself")
    if kind == "Webhook":
        return Backing(None, "a webhook answers with the values, and what stands behind it can't be seen")
    return Backing(True, f"the generator {kind or 'named'} makes the value in the cluster")
