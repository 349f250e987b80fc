"""All admission engines together: the policies of a render, compiled once, and what they say of candidates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from msgspec import field

from kfm_checks.admission import vap
from kfm_checks.admission.bound import Bound, Unit
from kfm_checks.admission.candidates import candidates, limited
from kfm_checks.admission.model import Candidate, Verdict
from kfm_checks.admission.mutators import Mutator, mutators
from kfm_checks.admission.resources import Resources, resources
from kfm_checks.admission.together import HOLDS, Group, groups, settled
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest, ObjectKey
from kfm_checks.values import Value

if TYPE_CHECKING:
    from kfm_checks.admission import gatekeeper, kyverno, kyverno_cel
    from kfm_checks.admission.kyverno import Policy as Rules

ADMISSION = "admissionregistration.k8s.io"
TEMPLATES, CONSTRAINTS = "templates.gatekeeper.sh", "constraints.gatekeeper.sh"


def _by_rules(evaluate: Any, policy: Any, known: Any, candidate: Candidate, locate: bool) -> Iterator[Verdict]:
    found: Iterator[Verdict] = evaluate(policy, candidate, known, locate=locate)
    return found


class Policies(Value, frozen=True):
    """The compiled policies of a render.

    ``inventory`` holds what policies may read (parameters, ConfigMaps, Namespaces); with ``--policies`` also objects
    that are not rendered, which are never tried themselves.
    """

    inventory: Inventory
    resources: Resources
    vaps: tuple[tuple[vap.Policy, tuple[vap.Binding, ...]], ...]
    kyverno: tuple[kyverno.Policy, ...]
    kyverno_cel: tuple[kyverno_cel.Policy, ...]
    constraints: tuple[gatekeeper.Constraint, ...]
    templates: tuple[gatekeeper.Template, ...]
    mutators: tuple[Mutator, ...]
    _bound: dict[tuple[str, str, str, str], Bound] = field(default_factory=dict)
    _groups: dict[tuple[str, str, str, str], tuple[Group, ...]] = field(default_factory=dict)
    _rules: dict[tuple[str, str, str], tuple[Rules, ...]] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether there is a policy that could judge an object: one that nothing binds can't."""
        return bool(any(bindings for _, bindings in self.vaps) or self.kyverno or self.kyverno_cel or self.constraints)

    @cached_property
    def dangling(self) -> tuple[tuple[Manifest, str], ...]:
        """Bindings whose policy is nowhere here, with the name that they want."""
        found = []
        for prefix in ("Validating", "Mutating"):
            names = {obj.key.name for obj in self.inventory.of(f"{prefix}AdmissionPolicy", ADMISSION)}
            for binding in self.inventory.of(f"{prefix}AdmissionPolicyBinding", ADMISSION):
                wanted = str(dig(binding, "spec", "policyName", default=""))
                if wanted not in names:
                    found.append((binding, wanted))
        return tuple(found)

    def bound(self, candidate: Candidate) -> Bound:
        """What is bound to the candidate's resource, looked up once for all objects of it."""
        key = (candidate.group, candidate.version, candidate.resource, candidate.operation)
        if key not in self._bound:
            group, _, resource, operation = key
            pairs = [
                (policy, binding, policy.matcher.always(*key) and binding.matcher.always(*key))
                for policy, bindings in self.vaps
                if not policy.refused and any(r.reaches(group, resource, operation) for r in policy.matcher.rules)
                for binding in bindings
            ]
            self._bound[key] = Bound(tuple(pairs), groups([p if always else None for p, _, always in pairs]))
        return self._bound[key]

    def rules(self, candidate: Candidate) -> tuple[Rules, ...]:
        """Kyverno's policies with a rule for the candidate's kind."""
        key = (candidate.group, candidate.version, candidate.kind)
        if key not in self._rules:
            self._rules[key] = tuple(p for p in self.kyverno if not p.refused and p.for_kind(candidate))
        return self._rules[key]

    def units(self, candidate: Candidate, first: ObjectKey | None, keys: frozenset[str]) -> Iterator[Unit]:
        """What may refuse the candidate because of some fields, one binding or policy at a time; no constraints.

        ``first``: the key of the one to begin with. What plainly holds, or doesn't read the fields, is left out.
        """
        bound = self.bound(candidate)
        asked = bound.asked(keys)
        at = asked.by_key.get(first) if first is not None else None
        if at is not None:
            yield self._unit(bound, at)
        others = list(self._others(candidate, keys))
        begin = next((unit for unit in others if unit.key == first), None)
        if begin is not None:
            yield begin
        plain = settled(asked.groups, candidate)
        yield from (self._unit(bound, place) for place in asked.places if place != at and place not in plain)
        told = self._plainly(candidate) if self.kyverno_cel and any(unit.parts for unit in others) else {}
        yield from (u for u in others if u is not begin and not (u.parts and all(part in told for part in u.parts)))

    def judges(self, candidate: Candidate, keys: frozenset[str]) -> bool:
        """Whether anything but Gatekeeper could refuse the candidate because of some fields."""
        return bool(self.bound(candidate).asked(keys).places) or next(self._others(candidate, keys), None) is not None

    def _unit(self, bound: Bound, place: int) -> Unit:
        policy, binding, always = bound.pairs[place]
        return Unit(binding.key, (policy.obj, binding.obj), partial(self._by_binding, policy, binding, always))

    def _others(self, candidate: Candidate, keys: frozenset[str]) -> Iterator[Unit]:
        if self.kyverno:
            from kfm_checks.admission import kyverno

            for rules in self.rules(candidate):
                if rules.reads(candidate, keys):
                    yield Unit(rules.obj.key, (rules.obj,), partial(_by_rules, kyverno.evaluate, rules, self.inventory))
        if self.kyverno_cel:
            from kfm_checks.admission import kyverno_cel

            for cel in self.kyverno_cel:
                if not cel.refused and "deny" in cel.actions and cel.may_read(candidate, keys):
                    judge = partial(_by_rules, kyverno_cel.evaluate, cel, self.resources)
                    parts = tuple(id(compiled) for compiled, _, _ in cel.for_kind(candidate))
                    yield Unit(cel.obj.key, (cel.obj,), judge, parts)

    def _by_binding(
        self, policy: vap.Policy, binding: vap.Binding, always: bool, candidate: Candidate, locate: bool
    ) -> Iterator[Verdict]:
        return vap.evaluate(policy, binding, candidate, self.inventory, self.resources, locate=locate, matched=always)

    def _webhooks(self, candidate: Candidate) -> Iterator[Verdict]:
        if self.kyverno:
            from kfm_checks.admission import kyverno

            for rules in self.rules(candidate):
                yield from kyverno.evaluate(rules, candidate, self.inventory)
        if self.kyverno_cel:
            from kfm_checks.admission import kyverno_cel

            plain = self._plainly(candidate)
            for cel in self.kyverno_cel:
                if not cel.refused:
                    yield from kyverno_cel.evaluate(cel, candidate, self.resources, plain=plain)

    def _plainly(self, candidate: Candidate) -> dict[int, int]:
        """What Kyverno's CEL policies plainly say, by the identity of what is compiled."""
        from kfm_checks.admission import kyverno_cel

        key = (candidate.group, candidate.version, candidate.resource, candidate.operation)
        if key not in self._groups:
            self._groups[key] = kyverno_cel.together(self.kyverno_cel, candidate)
        return settled(self._groups[key], candidate)

    def gatekeeper(self, tried: tuple[Candidate, ...]) -> Iterator[Verdict]:
        """Gatekeeper's verdicts."""
        if self.constraints and tried:
            from kfm_checks.admission import gatekeeper

            yield from gatekeeper.evaluate(self.constraints, tried, self.inventory)

    def judge_all(self, tried: tuple[Candidate, ...]) -> tuple[Verdict, ...]:
        """Every verdict on every candidate, in order of the candidates; Gatekeeper's come last."""
        found: list[Verdict] = []
        for candidate in tried:
            bound = self.bound(candidate)
            plain = settled(bound.groups, candidate)
            for place, (policy, binding, always) in enumerate(bound.pairs):
                said = plain.get(place)
                if said is None:
                    found.extend(self._by_binding(policy, binding, always, candidate, True))
                elif said == HOLDS:
                    found.extend(vap.passes(policy, binding, candidate))
            found.extend(self._webhooks(candidate))
        found.extend(self.gatekeeper(tried))
        return tuple(unsettled(self, verdict) for verdict in found)


def unsettled(policies: Policies, verdict: Verdict) -> Verdict:
    """A failure of an object that a mutating policy may mend first is not evaluated."""
    if verdict.result not in ("fail", "error") or not policies.mutators:
        return verdict
    changes = next((m for m in policies.mutators if m.changes(verdict.candidate, policies.resources)), None)
    if changes is None:
        return verdict
    text = f"{changes.obj.key.kind} {changes.obj.key.name} may change the object before it is judged; as written: "
    return verdict._replace(result="not-evaluated", message=text + verdict.message)


def compile_policies(inventory: Inventory) -> Policies:
    """Compile every policy of the objects. An engine's code is loaded only where it has an object."""
    bindings: dict[str, list[vap.Binding]] = {}
    for obj in inventory.of("ValidatingAdmissionPolicyBinding", ADMISSION):
        bindings.setdefault(str(dig(obj, "spec", "policyName", default="")), []).append(vap.compile_binding(obj))
    templates, constraints = _gatekeeper(inventory)
    return Policies(
        inventory,
        resources(inventory),
        tuple(
            (vap.compile_policy(obj), tuple(bindings.get(obj.key.name, ())))
            for obj in inventory.of("ValidatingAdmissionPolicy", ADMISSION)
        ),
        _kyverno(inventory),
        _kyverno_cel(inventory),
        constraints,
        templates,
        mutators(inventory),
    )


def _gatekeeper(
    inventory: Inventory,
) -> tuple[tuple[gatekeeper.Template, ...], tuple[gatekeeper.Constraint, ...]]:
    written = inventory.of("ConstraintTemplate", TEMPLATES)
    # Ratify's constraint is about signatures, and its template asks Ratify itself.
    bound = [obj for obj in inventory.of_group(CONSTRAINTS) if "ratify" not in obj.key.kind.lower()]
    if not written and not bound:
        return (), ()
    from kfm_checks.admission import gatekeeper

    templates = tuple(gatekeeper.compile_template(t) for t in written)
    by_kind = {template.kind: template for template in templates}
    exempt = gatekeeper.exempt_namespaces(inventory)
    return templates, tuple(gatekeeper.compile_constraint(obj, by_kind, exempt) for obj in bound)


def _kyverno(inventory: Inventory) -> tuple[kyverno.Policy, ...]:
    found = [*inventory.of("ClusterPolicy", "kyverno.io"), *inventory.of("Policy", "kyverno.io")]
    judging = [obj for obj in found if any("validate" in rule for rule in items(obj, "spec", "rules"))]
    if not judging:
        return ()
    from kfm_checks.admission import kyverno

    return tuple(kyverno.compile_policy(obj, inventory) for obj in judging)


def _kyverno_cel(inventory: Inventory) -> tuple[kyverno_cel.Policy, ...]:
    kinds = ("ValidatingPolicy", "NamespacedValidatingPolicy")
    found = [obj for kind in kinds for obj in inventory.of(kind, "policies.kyverno.io")]
    if not found:
        return ()
    from kfm_checks.admission import kyverno_cel

    return tuple(kyverno_cel.compile_validating(obj, inventory) for obj in found)


def verdicts(objects: Any, policy_objects: Any = ()) -> tuple[Verdict, ...]:
    """Verdicts of all policies on plain objects: for notebooks and tests.

    ``objects`` and ``policy_objects`` are manifests (dicts); policies among ``objects`` count too.
    """
    from kfm_checks.facts.objects import inventory as index

    rendered = index(objects)
    policies = compile_policies(index([*rendered, *policy_objects]))
    made = candidates(rendered, policies.resources)
    return policies.judge_all(tuple(limited(candidate, policies.inventory) for candidate in made))
