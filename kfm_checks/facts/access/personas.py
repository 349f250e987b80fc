"""The four personas: who they are, as declared, and what they may do, as computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kfm_checks.errors import UsageError
from kfm_checks.facts.access.capabilities import CAPABILITIES, Capability
from kfm_checks.facts.access.grants import (
    ANONYMOUS,
    AUTHENTICATED,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
    Access,
    canonical,
    identities,
)
from kfm_checks.facts.access.secrets import home_of
from kfm_checks.facts.objects import Inventory, labels_of
from kfm_checks.model import Manifest
from kfm_checks.values import Value

if TYPE_CHECKING:
    from kfm_checks.config import Config

EVERYBODY = (AUTHENTICATED, UNAUTHENTICATED, ANONYMOUS)
LABEL = "conformance.kfm/persona"
OPERATOR, DEPLOYER, STEWARD, AUDITOR = PERSONAS = (
    "platform-operator",
    "application-deployer",
    "data-steward",
    "auditor",
)


class Personas(Value, frozen=True):
    """Subjects of each persona. A persona that nobody declared is missing from ``declared``."""

    of: Mapping[str, frozenset[str]]
    declared: frozenset[str]
    #: Entries of the configuration that are no subject, and objects with an unknown label value.
    misnamed: tuple[str, ...] = ()
    mislabelled: tuple[Manifest, ...] = ()

    def held_by(self, subject: str) -> tuple[str, ...]:
        """The personas of a subject, by its own name or by a group that it is always in."""
        names = identities(subject)
        return tuple(persona for persona in PERSONAS if names & self.of.get(persona, frozenset()))

    def is_operator(self, subject: str) -> bool:
        """Whether a subject is a declared platform operator."""
        return OPERATOR in self.held_by(subject)


def personas(inventory: Inventory, access: Access, config: Config) -> Personas:
    """Personas from the configuration, and from the label ``conformance.kfm/persona`` for subjects it doesn't name.

    The label stands on a binding, on the role that is bound, or on a ServiceAccount.
    """
    of: dict[str, set[str]] = defaultdict(set)
    declared, misnamed = set(), []
    for persona in PERSONAS:
        names = getattr(config.personas, persona.replace("-", "_"))
        if names is not None:
            declared.add(persona)
        for name in names or ():
            try:
                of[persona].add(canonical(name))
            except UsageError:
                misnamed.append(name)
    written = {subject for subjects in of.values() for subject in subjects}
    mislabelled = []
    for obj, subjects in _labelled(inventory, access):
        persona = labels_of(obj)[LABEL]
        if persona not in PERSONAS:
            mislabelled.append(obj)
            continue
        declared.add(persona)
        of[persona].update(subject for subject in subjects if subject not in written)
    return Personas({k: frozenset(v) for k, v in of.items()}, frozenset(declared), tuple(misnamed), tuple(mislabelled))


def standing(subject: str, personas: Personas, config: Config) -> tuple[bool | None, str]:
    """What a grant fit only for platform operators means for this subject: fine, wrong, or undecided; and why.

    Undecided is a subject while no platform operator is declared, and one of a declared platform namespace; never
    everybody, a group of service accounts, a default service account, or the holder of another persona.
    """
    held = personas.held_by(subject)
    if OPERATOR in held:
        return True, "a declared platform operator"
    if held:
        return False, f"declared as {' and '.join(held)}"
    if subject in EVERYBODY or subject.startswith(SERVICE_ACCOUNTS) or _is_default(subject):
        return False, "whom no declaration can make a platform operator"
    if OPERATOR not in personas.declared:
        return None, "while no platform operator is declared"
    home = home_of(subject)
    if home and home in config.workloads.platform_namespaces:
        return None, "of a platform namespace and not declared as a platform operator"
    return False, "not a declared platform operator"


def _is_default(subject: str) -> bool:
    return subject.startswith("ServiceAccount:") and subject.endswith("/default")


def _labelled(inventory: Inventory, access: Access) -> Iterable[tuple[Manifest, list[str]]]:
    by_object: dict[int, tuple[Manifest, list[str]]] = {}
    for grant in access.grants:
        home = grant.binding.key.namespace
        for obj in (grant.binding, *access.roles.objects(grant.role_kind, home, grant.role_name)):
            if LABEL in labels_of(obj):
                by_object.setdefault(id(obj), (obj, []))[1].append(canonical(grant.subject))
    for obj in inventory.of("ServiceAccount"):
        if LABEL in labels_of(obj):
            by_object[id(obj)] = (obj, [f"ServiceAccount:{obj.key.namespace}/{obj.key.name}"])
    return sorted(by_object.values(), key=lambda pair: pair[0].key)


def reach(access: Access, subject: str, capability: Capability) -> frozenset[str]:
    """The namespaces in which a subject has a capability; "*" stands for the whole cluster."""
    return frozenset(
        grant.namespace or "*"
        for grant in access.of(subject)
        if any(capability.given(rule, grant.namespace) for rule in grant.effective)
    )


def persona_matrix(access: Access, personas: Personas) -> tuple[tuple[str, str, str], ...]:
    """What each persona may do: (persona, capability, scope), in fixed order.

    The scope is "" for nowhere, "cluster" for everywhere, else the namespaces, sorted, with commas between them.
    Every persona and every capability is there; a persona without a declared subject has "" throughout.
    """
    rows = []
    for persona in PERSONAS:
        subjects = sorted(personas.of.get(persona, frozenset()))
        for capability in CAPABILITIES:
            places = {place for subject in subjects for place in reach(access, subject, capability)}
            rows.append((persona, capability.name, _scope(places)))
    return tuple(rows)


def subject_matrix(access: Access) -> tuple[tuple[str, str, str], ...]:
    """The same for every subject of a binding: (subject, capability, scope), only where it may do something."""
    return tuple(
        (subject, capability.name, _scope(places))
        for subject in sorted(access.by_subject)
        for capability in CAPABILITIES
        if (places := reach(access, subject, capability))
    )


def _scope(places: Iterable[str]) -> str:
    found = sorted(set(places))
    return "cluster" if "*" in found else ", ".join(found)


def proposal(access: Access) -> str:
    """A ``personas:`` section to paste, from what each person and group may do: a proposal, never a verdict."""
    guessed: dict[str, list[str]] = {persona: [] for persona in PERSONAS}
    for subject in sorted(access.by_subject):
        if not subject.startswith("ServiceAccount:") and not subject.startswith("Group:system:"):
            guessed[_likely(access, subject)].append(subject)
    lines = [f"  {persona}: [{', '.join(_quoted(s) for s in subjects)}]" for persona, subjects in guessed.items()]
    return "\n".join(["personas:", *lines, "  allowed-overlap: []", ""])


def _quoted(text: str) -> str:
    import json

    return json.dumps(text)


def _likely(access: Access, subject: str) -> str:
    able = {capability.name for capability in CAPABILITIES if reach(access, subject, capability)}
    if able & {"change RBAC", "change policies and quotas", "change namespaces", "change the cluster"}:
        return OPERATOR
    if "deploy workloads" in able:
        return DEPLOYER
    return STEWARD if any(c.writes and c.name in able for c in CAPABILITIES) else AUDITOR
