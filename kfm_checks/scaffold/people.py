"""Who is bound to what, for the team to say who plays which role."""

from __future__ import annotations

from kfm_checks.engine import Facts
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest
from kfm_checks.scaffold.lines import Section
from kfm_checks.scaffold.services import place

PERSONAS = ("platform-operator", "application-deployer", "data-steward", "auditor")


def personas(facts: Facts) -> Section:
    """Nobody is put into a role: the subjects are listed with what they are bound to."""
    section = Section("personas")
    bound = _bound(facts)
    if bound:
        section.say("Who plays which role? The render binds:")
        for subject, why in bound:
            section.say(f"  {subject}: {why}")
    for persona in PERSONAS:
        section.raw(f"#  {persona}: []")
    return section


def _bound(facts: Facts) -> list[tuple[str, str]]:
    inventory = facts.get("inventory")
    group = "rbac.authorization.k8s.io"
    found: dict[str, list[str]] = {}
    for binding in (*inventory.of("ClusterRoleBinding", group), *inventory.of("RoleBinding", group)):
        role = f"{dig(binding, 'roleRef', 'kind')} {dig(binding, 'roleRef', 'name')}, {place(binding)}"
        for subject in items(binding, "subjects"):
            found.setdefault(_name(subject, binding), []).append(role)
    return sorted((name, "; ".join(roles)) for name, roles in found.items())


def _name(subject: dict[str, object], binding: Manifest) -> str:
    kind, name = str(subject.get("kind")), str(subject.get("name"))
    return (
        f"{kind}:{subject.get('namespace') or binding.key.namespace}/{name}"
        if kind == "ServiceAccount"
        else f"{kind}:{name}"
    )
