"""Which objects a policy's ``matchConstraints`` reach: rules, exclusions, selectors, equivalent versions.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ and the API reference of
``MatchResources``; for the meaning of ``*`` and ``/``: ``k8s.io/apiserver/.../webhook/predicates/rules``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.admission.model import Candidate, NotEvaluated
from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import dig, items
from kfm_checks.facts.selectors import matches
from kfm_checks.values import Value

#: Policies never judge these: a broken policy must not lock out its own repair.
_EXEMPT = frozenset(
    ("admissionregistration.k8s.io", f"{kind}{end}")
    for kind in ("validatingadmissionpolic", "mutatingadmissionpolic")
    for end in ("ies", "ybindings")
)
_NAME_LABEL = "kubernetes.io/metadata.name"


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list; () where it is none."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


class Rule(Value, frozen=True):
    """One resource rule."""

    groups: tuple[str, ...]
    versions: tuple[str, ...]
    operations: tuple[str, ...]
    resources: tuple[str, ...]
    names: tuple[str, ...]
    scope: str

    @classmethod
    def read(cls, rule: Mapping[str, Any]) -> Rule:
        """Read one entry."""
        return cls(
            texts(rule.get("apiGroups")),
            texts(rule.get("apiVersions")),
            texts(rule.get("operations")) or ("*",),
            texts(rule.get("resources")),
            texts(rule.get("resourceNames")),
            str(rule.get("scope") or "*"),
        )

    def reaches(self, group: str, resource: str, operation: str) -> bool:
        """Group, resource and operation, whatever the version."""
        return (
            ("*" in self.groups or group in self.groups)
            and ("*" in self.operations or operation in self.operations)
            and any(_resource(pattern, resource) for pattern in self.resources)
        )

    def names_it(self, candidate: Candidate) -> bool:
        """Scope and name of the one object."""
        if self.scope != "*" and (self.scope == "Namespaced") != bool(candidate.namespace):
            return False
        return not self.names or (candidate.name in self.names and not candidate.derived)


def _resource(pattern: str, resource: str) -> bool:
    name, _, subresource = pattern.partition("/")
    return name in ("*", resource) and subresource in ("", "*")


class Matcher(Value, frozen=True):
    """Compiled ``MatchResources``. ``everything``: absent rules match all, as they do in a binding."""

    rules: tuple[Rule, ...]
    excluded: tuple[Rule, ...]
    namespace_selector: Mapping[str, Any]
    object_selector: Mapping[str, Any]
    equivalent: bool
    everything: bool

    @classmethod
    def read(cls, constraints: Any, *, everything: bool) -> Matcher:
        """Read it; what has another type than the API gives it counts as absent."""
        given: Mapping[str, Any] = constraints if isinstance(constraints, dict) else {}
        return cls(
            tuple(Rule.read(rule) for rule in items(given, "resourceRules")),
            tuple(Rule.read(rule) for rule in items(given, "excludeResourceRules")),
            _selector(given.get("namespaceSelector")),
            _selector(given.get("objectSelector")),
            given.get("matchPolicy") != "Exact",
            everything,
        )

    def match(self, candidate: Candidate, resources: Resources) -> bool:
        """Whether it reaches the candidate. Raises NotEvaluated where labels or a conversion aren't known here."""
        if (candidate.group, candidate.resource) in _EXEMPT:
            return False
        if any(self._rule(rule, candidate, resources) for rule in self.excluded):
            return False
        if (self.rules or not self.everything) and not any(self._rule(r, candidate, resources) for r in self.rules):
            return False
        return selected(self.object_selector, candidate.labels) and in_namespace(self.namespace_selector, candidate)

    def always(self, group: str, version: str, resource: str, operation: str) -> bool:
        """Whether it reaches every object of a version of a resource, whatever its name, labels and namespace."""
        if self.excluded or self.namespace_selector or self.object_selector or (group, resource) in _EXEMPT:
            return False
        if not self.rules:
            return self.everything
        return any(
            rule.reaches(group, resource, operation)
            and rule.scope == "*"
            and not rule.names
            and bool({"*", version} & set(rule.versions))
            for rule in self.rules
        )

    def _rule(self, rule: Rule, candidate: Candidate, resources: Resources) -> bool:
        if not rule.reaches(candidate.group, candidate.resource, candidate.operation) or not rule.names_it(candidate):
            return False
        if "*" in rule.versions or candidate.version in rule.versions:
            return True
        return self.equivalent and _equivalent(rule, candidate, resources)


def _selector(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _equivalent(rule: Rule, candidate: Candidate, resources: Resources) -> bool:
    """Another version of the same resource: the server converts the object to the rule's version first."""
    key = (candidate.group, candidate.resource)
    served = resources.versions.get(key, ())
    if not set(served) & set(rule.versions):
        return False
    if key in resources.same_shape:
        return True
    raise NotEvaluated(
        f"the rule is for {candidate.group}/{rule.versions[0]}, the object of {candidate.version}; it is converted"
    )


def selected(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A label selector that selects everything where it is empty. Raises NotEvaluated on a malformed one."""
    if not selector:
        return True
    try:
        return matches(selector, labels)
    except (ValueError, AttributeError, TypeError) as error:
        raise NotEvaluated("a selector is malformed") from error


def in_namespace(selector: Mapping[str, Any], candidate: Candidate) -> bool:
    """A namespace selector: cluster-scoped objects always match, a Namespace by its own labels."""
    if not selector or (not candidate.namespace and candidate.kind != "Namespace"):
        return True
    if candidate.kind == "Namespace" and not candidate.namespace:
        return selected(selector, {**candidate.labels, _NAME_LABEL: candidate.name})
    if not candidate.namespace_known and not _keys(selector) <= {_NAME_LABEL}:
        raise NotEvaluated(f"the labels of the namespace {candidate.namespace} are not in the render")
    return selected(selector, candidate.namespace_labels)


def _keys(selector: Mapping[str, Any]) -> set[str]:
    labels = dig(selector, "matchLabels", default={})
    own = set(labels) if isinstance(labels, dict) else set()
    return own | {str(e.get("key")) for e in items(selector, "matchExpressions")}
