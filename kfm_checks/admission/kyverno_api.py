"""Kyverno's ``apiCall`` where the render can answer it: one object, by its name.

https://kyverno.io/docs/policy-types/cluster-policy/external-data-sources/#variables-from-kubernetes-api-server-calls.
Lists are the cluster's: it may hold more than what is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kfm_checks.admission.lib_resource import Lookup
from kfm_checks.admission.resources import resources
from kfm_checks.facts.objects import Inventory

_PATH = re.compile(
    r"/(?:api/(?P<core>v[^/]+)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[^/]+)/(?P<name>[^/?]+)"
)
_NAMESPACE = re.compile(r"/api/v1/namespaces/(?P<name>[^/?]+)")


def from_url(url: str, call: Mapping[str, Any], inventory: Inventory) -> dict[str, Any]:
    """The object that a call asks for. Raises LookupError with the reason where the render doesn't tell."""
    if call.get("service") or str(call.get("method") or "GET").upper() != "GET":
        raise LookupError("only a cluster or the network answers it")
    lookup = Lookup(inventory, resources(inventory))
    if (namespace := _NAMESPACE.fullmatch(url)) is not None:
        return lookup.named("v1", "namespaces", "", namespace["name"])
    found = _PATH.fullmatch(url)
    if found is None:
        raise LookupError(f"{url[:100]} is no object by its name, and only a cluster answers it")
    api_version = found["core"] or f"{found['group']}/{found['version']}"
    return lookup.named(api_version, found["resource"], found["namespace"] or "", found["name"])
