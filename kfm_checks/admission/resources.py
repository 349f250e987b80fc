"""Names of resources: the plural that a policy's rules use for a kind, and other versions that the server converts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.values import Value

#: Plurals that no rule gives.
_IRREGULAR = {"endpoints": "endpoints"}
#: Kinds of Kubernetes that are served in several versions, so that a rule for one of them matches the others.
_SERVED = {("autoscaling", "horizontalpodautoscalers"): ("v1", "v2")}


class Resources(Value, frozen=True):
    """Plurals and versions, by the CRDs in the render and else as Kubernetes forms them."""

    plurals: Mapping[tuple[str, str], str]
    #: (group, plural) -> versions served; only for what is known.
    versions: Mapping[tuple[str, str], tuple[str, ...]]
    #: (group, plural) of CRDs whose versions are converted by changing the apiVersion alone.
    same_shape: frozenset[tuple[str, str]]
    #: (group, version, kind) -> the OpenAPI schema of a CRD in the render.
    schemas: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)

    def plural(self, group: str, kind: str) -> str:
        """``deployments`` for apps, Deployment."""
        return self.plurals.get((group, kind)) or pluralised(kind)


def pluralised(kind: str) -> str:
    """The plural as nearly all kinds form it."""
    name = kind.lower()
    if name in _IRREGULAR:
        return _IRREGULAR[name]
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def resources(inventory: Inventory) -> Resources:
    """Read the CustomResourceDefinitions of the render."""
    plurals: dict[tuple[str, str], str] = {}
    versions: dict[tuple[str, str], tuple[str, ...]] = dict(_SERVED)
    same = set()
    schemas: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for crd in inventory.of("CustomResourceDefinition", "apiextensions.k8s.io"):
        group, plural = str(dig(crd, "spec", "group", default="")), str(dig(crd, "spec", "names", "plural", default=""))
        plurals[group, str(dig(crd, "spec", "names", "kind", default=""))] = plural
        served = (str(v.get("name")) for v in items(crd, "spec", "versions") if v.get("served", True))
        versions[group, plural] = tuple(sorted(served))
        kind = str(dig(crd, "spec", "names", "kind", default=""))
        for version in items(crd, "spec", "versions"):
            schema = dig(version, "schema", "openAPIV3Schema")
            if isinstance(schema, dict):
                schemas[group, str(version.get("name")), kind] = schema
        if dig(crd, "spec", "conversion", "strategy", default="None") == "None":
            same.add((group, plural))
    return Resources(plurals, versions, frozenset(same), schemas)
