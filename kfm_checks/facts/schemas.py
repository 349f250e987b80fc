"""The schemas that the objects are held against: Kubernetes' own kinds by version, custom resources by their CRDs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.schemas_custom import CustomKinds, custom_kinds, has_rules
from kfm_checks.facts.schemas_metadata import metadata_problems
from kfm_checks.facts.schemas_removed import Removal, removal
from kfm_checks.facts.schemas_rules import Problem, Problems, Rule
from kfm_checks.facts.schemas_store import Kind, bundled_versions, definitions, kinds, minor_version
from kfm_checks.facts.schemas_validator import OBJECT_META, Compiler
from kfm_checks.model import Path
from kfm_checks.values import Value

_REF = "$ref"


def kind_of_object(obj: Mapping[str, Any]) -> Kind:
    """Group, version and kind of an object."""
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    return Kind(group, version, str(obj.get("kind") or ""))


@dataclass
class VersionSchemas:
    """The rules of one Kubernetes version, compiled kind by kind as objects ask for them."""

    version: str
    custom: CustomKinds
    _compiler: Compiler = field(init=False, repr=False)
    _rules: dict[Kind, Rule | None] = field(init=False, repr=False, default_factory=dict)
    #: Schemas of custom kinds that have validation rules, None for the others.
    _with_rules: dict[Kind, Mapping[str, Any] | None] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._compiler = Compiler(definitions(self.version), version=self.version)

    def served(self, kind: Kind) -> bool:
        """Whether this version of Kubernetes itself serves the kind."""
        return kind in kinds(self.version)

    def rule(self, kind: Kind) -> Rule | None:
        """The rule of a kind, None where no schema is known."""
        if kind not in self._rules:
            name = kinds(self.version).get(kind)
            meta = self._compiler.named(OBJECT_META)
            self._rules[kind] = self._compiler.named(name) if name else self.custom.rule(kind, meta)
        return self._rules[kind]

    def removal(self, kind: Kind) -> Removal | None:
        """How this kind was removed from Kubernetes, where it was and no CRD brings it back."""
        if self.served(kind) or self.custom.knows(kind):
            return None
        return removal(kind, self.version) or self._vanished(kind)

    def _vanished(self, kind: Kind) -> Removal | None:
        """A kind that an older bundled version serves and this one doesn't."""
        if "." in kind.group and not kind.group.endswith(".k8s.io"):
            return None  # a group of somebody else's: no version of Kubernetes ever served it
        known = bundled_versions()
        older = known[: known.index(self.version)]
        last = next((v for v in reversed(older) if kind in kinds(v)), None)
        if last is None:
            return None
        newer = sorted(k.api_version for k in kinds(self.version) if (k.group, k.kind) == (kind.group, kind.kind))
        return Removal(known[known.index(last) + 1], newer[0] if newer else "")

    def problems(self, obj: Mapping[str, Any]) -> Problems | None:
        """What the API server would refuse of an object; None where its kind has no schema here."""
        rule = self.rule(kind_of_object(obj))
        if rule is None:
            return None
        found: Problems = []
        rule(obj, (), found)
        found.extend(metadata_problems(obj, self.version))
        if not found:
            # The server runs the validation rules of a definition on what its schema lets pass.
            found.extend(self._rule_problems(obj))
        return _once(found)

    def _rule_problems(self, obj: Mapping[str, Any]) -> Iterator[Problem]:
        kind = kind_of_object(obj)
        if kind not in self._with_rules:
            schema = None if self.served(kind) else self.custom.schema(kind)
            self._with_rules[kind] = schema if has_rules(schema) else None
        schema = self._with_rules[kind]
        if schema is None:
            return
        from kfm_checks.admission.crd import broken_rules

        for broken in broken_rules(obj, schema):
            words = "nobody can tell whether it keeps" if broken.unknown else "it breaks"
            message = f"{words} a validation rule of its definition: {broken.message}"
            observed = "not evaluated" if broken.unknown else "the rule does not hold"
            yield Problem(broken.path, message, broken.rule, observed, broken.unknown)


def _once(problems: Iterable[Problem]) -> Problems:
    """One problem a place and message, in the order of the places."""
    unique = {(problem.path, problem.message): problem for problem in problems}
    return sorted(unique.values(), key=lambda problem: tuple(str(step).zfill(6) for step in problem.path))


class Schemas(Value, frozen=True):
    """The schemas of each version that was chosen."""

    versions: tuple[VersionSchemas, ...]

    def __iter__(self) -> Iterator[VersionSchemas]:
        return iter(self.versions)


def schemas(
    inventory: Inventory, kubernetes_versions: tuple[str, ...] = (), extra_schemas: tuple[Mapping[str, Any], ...] = ()
) -> Schemas:
    """The schemas of the chosen Kubernetes versions (else the newest here), with the CRDs of the render and given ones.

    Raises UsageError for a version that this package has no schemas of.
    """
    chosen = tuple(dict.fromkeys(minor_version(text) for text in kubernetes_versions)) or bundled_versions()[-1:]
    rendered = inventory.of("CustomResourceDefinition", "apiextensions.k8s.io")
    custom = custom_kinds((*extra_schemas, *rendered))
    return Schemas(tuple(VersionSchemas(version, custom) for version in chosen))


def list_map_keys(group: str, version: str, kind: str, path: Path, kubernetes_version: str = "") -> tuple[str, ...]:
    """The fields that tell the items of a list apart (``x-kubernetes-list-map-keys``), () where there are none.

    ``path`` leads from the object's root to the list, for example ("spec", "template", "spec", "containers"); indexes
    on the way are skipped. For Kubernetes' own kinds, by the schemas of the newest bundled version unless one is given.
    """
    release = kubernetes_version or bundled_versions()[-1]
    name = kinds(release).get(Kind(group, version, kind))
    node: Mapping[str, Any] = {_REF: name} if name else {}
    for step in path:
        node = _child(_resolved(node, release), step)
    keys = _resolved(node, release).get("x-kubernetes-list-map-keys")
    return tuple(keys) if isinstance(keys, list) else ()


def _resolved(node: Mapping[str, Any], release: str) -> Mapping[str, Any]:
    return definitions(release).get(node[_REF], {}) if _REF in node else node


def _child(node: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
    if isinstance(step, int):
        found = node.get("items")
    else:
        found = dig(node, "properties", step) or node.get("additionalProperties")
    return found if isinstance(found, Mapping) else {}


def is_namespaced(kind: Kind, definitions_given: Iterable[Mapping[str, Any]] = ()) -> bool | None:
    """Whether objects of a custom kind live in namespaces, by its CRD; None where no CRD says so.

    Kubernetes' OpenAPI definitions don't carry the scope of its own kinds: see ``facts.scopes.is_cluster_scoped``.
    """
    for crd in definitions_given:
        if dig(crd, "spec", "group") == kind.group and dig(crd, "spec", "names", "kind") == kind.kind:
            scope = dig(crd, "spec", "scope")
            return None if scope is None else scope == "Namespaced"
    return None


__all__ = [
    "Kind",
    "Problem",
    "Schemas",
    "VersionSchemas",
    "bundled_versions",
    "is_namespaced",
    "list_map_keys",
    "schemas",
]
