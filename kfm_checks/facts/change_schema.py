"""What the schemas say of a field: the keys of a list, whether its order matters, whether a value is a quantity."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from kfm_checks.facts.objects import dig
from kfm_checks.facts.schemas_store import Kind, bundled_versions, definitions, kinds

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
#: Lists of Kubernetes' own kinds whose order means nothing, though the schema calls them atomic: by API group.
_UNORDERED: Mapping[str, frozenset[str]] = {
    "rbac.authorization.k8s.io": frozenset(
        {"verbs", "resources", "apiGroups", "resourceNames", "nonResourceURLs", "subjects", "rules"}
    ),
    "networking.k8s.io": frozenset({"ingress", "egress", "from", "to", "ports", "policyTypes", "except", "tls"}),
}
#: The same for every group of Kubernetes.
_UNORDERED_ANYWHERE = frozenset(
    {
        "accessModes", "add", "drop", "tolerations", "values", "matchExpressions", "finalizers", "externalIPs",
        "loadBalancerSourceRanges", "scopes", "supplementalGroups", "hosts", "matchLabelKeys",
    }
)  # fmt: skip
#: Keyed lists whose order does something: containers that start one after the other, hooks in their order.
_ORDERED = frozenset({"initContainers", "webhooks"})
#: Fields that hold quantities in kinds without a schema.
_QUANTITY_PARENTS = frozenset({"requests", "limits", "hard", "capacity"})


class Node:
    """A place in a schema; one without a schema answers by the field's name."""

    __slots__ = ("_group", "_kubernetes", "_name", "_schema")

    def __init__(self, schema: Mapping[str, Any], group: str, name: str = "", *, kubernetes: bool = True) -> None:
        self._schema, self._group, self._name, self._kubernetes = schema, group, name, kubernetes

    def child(self, step: str | int) -> Node:
        """The node below; an item of a list keeps the list's name."""
        if isinstance(step, int):
            found = dig(self._schema, "items", default={})
            return Node(_resolved(found), self._group, self._name, kubernetes=self._kubernetes)
        found = dig(self._schema, "properties", step) or dig(self._schema, "additionalProperties", default={})
        resolved = _resolved(found) if isinstance(found, Mapping) else {}
        if not resolved and self._name in _QUANTITY_PARENTS and not self._schema:
            resolved = {"quantity": True}
        return Node(resolved, self._group, step, kubernetes=self._kubernetes)

    @property
    def known(self) -> bool:
        """Whether the kind is one of Kubernetes' own."""
        return self._kubernetes

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell the items of this list apart."""
        found = self._schema.get("x-kubernetes-list-map-keys")
        if isinstance(found, list):
            return tuple(found)
        merge = self._schema.get("x-kubernetes-patch-merge-key")
        return (merge,) if isinstance(merge, str) else ()

    @property
    def unordered(self) -> bool:
        """Whether the order of this list means nothing."""
        if self._schema.get("x-kubernetes-list-type") == "set":
            return True
        if not self._kubernetes:
            return False
        return self._name in _UNORDERED_ANYWHERE or self._name in _UNORDERED.get(self._group, ())

    @property
    def merged(self) -> bool:
        """Whether others may add items of their own: a list by keys, or a set (server-side apply)."""
        return bool(self.keys) or self._schema.get("x-kubernetes-list-type") == "set"

    @property
    def ordered(self) -> bool:
        """Whether the order of this keyed list does something."""
        return self._name in _ORDERED or not self._kubernetes

    @property
    def quantity(self) -> bool:
        """Whether the value is a resource quantity."""
        return bool(self._schema.get("quantity"))


def root(api_version: str, kind: str) -> Node:
    """The node of a kind; one that answers by names where no schema is known."""
    group, _, version = api_version.rpartition("/")
    name = _names().get(Kind(group, version, kind))
    return Node(_resolved({"$ref": name}) if name else {}, group, kubernetes=name is not None)


@cache
def _names() -> Mapping[Kind, str]:
    """Each kind by the newest version that serves it: what was removed is compared as it was meant."""
    found: dict[Kind, str] = {}
    for kind, name in kinds(bundled_versions()[-1]).items():
        found[kind] = name
    return found


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return node
    if reference.endswith(_QUANTITY):
        return {"quantity": True}
    found = definitions(bundled_versions()[-1]).get(reference.rpartition("/")[2], {})
    # What stands beside a reference (a list's own keys) counts too.
    return {**found, **{key: value for key, value in node.items() if key != "$ref"}}
