"""Roles resolved to their rules: rendered ones, built-in ones, and what aggregation makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfm_checks.facts.access import builtin
from kfm_checks.facts.access.rules import Rule, rules_of
from kfm_checks.facts.objects import Inventory, annotations_of, labels_of
from kfm_checks.facts.selectors import matches
from kfm_checks.model import Manifest
from kfm_checks.values import Value

GROUP = "rbac.authorization.k8s.io"
AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"


class Definition(Value, frozen=True):
    """One definition of a ClusterRole: rendered, or built in (``obj`` is None)."""

    labels: Mapping[str, str]
    rules: tuple[Rule, ...]
    #: None: it doesn't aggregate. Else its label selectors.
    selectors: tuple[Any, ...] | None = None
    obj: Manifest | None = None


@dataclass(frozen=True)
class RoleBook:
    """Every role by name, with the rules in force."""

    cluster: Mapping[str, tuple[Definition, ...]]
    namespaced: Mapping[tuple[str, str], tuple[Definition, ...]]
    _memo: dict[str, tuple[Rule, ...]] = field(default_factory=dict, repr=False, compare=False)

    def cluster_rules(self, name: str) -> tuple[Rule, ...] | None:
        """Rules in force of a ClusterRole, aggregation done, sorted; None where nobody knows the role."""
        if name not in self.cluster:
            return None
        if name not in self._memo:
            self._memo[name] = _ordered(self._in_force(name, frozenset()))
        return self._memo[name]

    def role_rules(self, namespace: str, name: str) -> tuple[Rule, ...] | None:
        """Rules of a Role; None where it is not in the render."""
        found = self.namespaced.get((namespace, name))
        return None if found is None else _ordered(rule for definition in found for rule in definition.rules)

    def objects(self, kind: str, namespace: str, name: str) -> tuple[Manifest, ...]:
        """The rendered objects that a role reference means."""
        found = self.cluster.get(name, ()) if kind == "ClusterRole" else self.namespaced.get((namespace, name), ())
        return tuple(definition.obj for definition in found if definition.obj is not None)

    def _in_force(self, name: str, above: frozenset[str]) -> set[Rule]:
        """A role's own rules, or those of the roles that it selects.

        The rules of an aggregating role are written by a controller, which overwrites what a manifest says (Kubernetes
        documentation, "Aggregated ClusterRoles"). It applies them server-side: where it finds none, what was written
        stays in force. Of roles that select each other in a circle the order of events decides, so all of it counts.
        """
        definitions = self.cluster[name]
        written = {rule for definition in definitions for rule in definition.rules}
        if all(definition.selectors is None for definition in definitions):
            return written
        found = {rule for definition in definitions if definition.selectors is None for rule in definition.rules}
        for other in self._selected(name):
            if other in above:
                found |= written | {rule for definition in self.cluster[other] for rule in definition.rules}
            elif other != name:
                found |= self._in_force(other, above | {name})
        return found or written

    def _selected(self, name: str) -> tuple[str, ...]:
        selectors = [selector for definition in self.cluster[name] for selector in definition.selectors or ()]
        return tuple(
            other
            for other, definitions in self.cluster.items()
            if any(_selects(selector, one.labels) for selector in selectors for one in definitions)
        )


def role_book(inventory: Inventory) -> RoleBook:
    """All roles of the render, over the built-in ones.

    A built-in role that the render defines too has the rules of both: at each start the API server adds to its default
    roles what is missing, unless the annotation ``rbac.authorization.kubernetes.io/autoupdate`` is ``"false"``.
    """
    cluster: dict[str, list[Definition]] = defaultdict(list)
    namespaced: dict[tuple[str, str], list[Definition]] = defaultdict(list)
    for obj in inventory.of("ClusterRole", GROUP):
        cluster[obj.key.name].append(_definition(obj))
    for obj in inventory.of("Role", GROUP):
        namespaced[obj.key.namespace, obj.key.name].append(Definition(labels_of(obj), rules_of(obj), None, obj))
    for name, (labels, rules, aggregation) in builtin.CLUSTER_ROLES.items():
        if not any(_frozen(definition) for definition in cluster[name]):
            cluster[name].append(Definition(labels, rules, _selectors(aggregation)))
    for key, rules in builtin.ROLES.items():
        namespaced[key].append(Definition({}, rules))
    return RoleBook({k: tuple(v) for k, v in cluster.items()}, {k: tuple(v) for k, v in namespaced.items()})


def _definition(obj: Manifest) -> Definition:
    return Definition(labels_of(obj), rules_of(obj), _selectors(obj.get("aggregationRule")), obj)


def _selectors(aggregation: Any) -> tuple[Any, ...] | None:
    if not isinstance(aggregation, dict):
        return None
    found = aggregation.get("clusterRoleSelectors")
    return tuple(found) if isinstance(found, list) else ()


def _frozen(definition: Definition) -> bool:
    return definition.obj is not None and annotations_of(definition.obj).get(AUTOUPDATE) == "false"


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """A selector that the API server would refuse selects nothing: the role that carries it can't exist."""
    if not isinstance(selector, dict):
        return False
    try:
        return matches(selector, labels)
    except (ValueError, AttributeError, TypeError):
        return False


def _ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(
        sorted(set(rules), key=lambda r: (r.api_groups, r.resources, r.resource_names, r.non_resource_urls, r.verbs))
    )
