"""Kyverno's ``resource.Get``, answered from the render: what is rendered is what the cluster will have.

https://kyverno.io/docs/policy-types/cel-libraries/. What isn't rendered may be in the cluster all the same, and Secrets
are never read, since a policy's message may quote what it read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import Inventory

#: How an error starts that means *not evaluated*; the runtime hands on an error's text alone.
UNKNOWN = "kfm-checks cannot tell: "


class Lookup:
    """Named objects of the render, by the names that the API gives them."""

    def __init__(self, inventory: Inventory, resources: Resources, namespace: str = "") -> None:
        #: The one namespace that a namespaced policy looks into.
        self.namespace = namespace
        self._inventory = inventory
        self._resources = resources

    def named(self, api_version: str, resource: str, namespace: str, name: str) -> dict[str, Any]:
        """The object. Raises LookupError with the reason where the render doesn't tell."""
        where = f"{resource} {namespace}/{name}" if namespace else f"{resource} {name}"
        if resource == "secrets":
            raise LookupError(f"the policy reads the Secret {where}, which is never looked into")
        for obj in self._inventory:
            key = obj.key
            if (key.name, key.namespace, key.api_version) == (name, namespace, api_version) and (
                self._resources.plural(key.group, key.kind) == resource
            ):
                return dict(obj)
        raise LookupError(f"the object {where} that the policy reads is not in the render")


_current: ContextVar[Lookup | None] = ContextVar("looked_up", default=None)


@contextmanager
def looking_up(lookup: Lookup) -> Iterator[None]:
    """``resource.Get`` answers from this render within the block."""
    token = _current.set(lookup)
    try:
        yield
    finally:
        _current.reset(token)


def get(api_version: str, resource: str, namespace: str, name: str) -> dict[str, Any]:
    """``resource.Get(API_VERSION, RESOURCE, NAMESPACE, NAME)``."""
    lookup = _current.get()
    if lookup is None:
        raise ValueError(f"{UNKNOWN}there is no render to look into")
    try:
        return lookup.named(api_version, resource, namespace, name)
    except LookupError as error:
        raise ValueError(f"{UNKNOWN}{error.args[0]}") from error


def get_here(api_version: str, resource: str, name: str) -> dict[str, Any]:
    """``resource.Get(API_VERSION, RESOURCE, NAME)`` of a namespaced policy."""
    lookup = _current.get()
    if lookup is None or not lookup.namespace:
        raise ValueError("resource.Get takes a namespace in a policy of the cluster")
    return get(api_version, resource, lookup.namespace, name)
