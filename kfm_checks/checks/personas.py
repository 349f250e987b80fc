"""The check of separation: platform operators, application deployers, data stewards and auditors hold their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.access.capabilities import BY_NAME, OPERATORS_ONLY, Capability, Writes, mutations
from kfm_checks.facts.access.grants import Access, Grant
from kfm_checks.facts.access.personas import (
    AUDITOR,
    DEPLOYER,
    OPERATOR,
    PERSONAS,
    STEWARD,
    Personas,
    proposal,
    subject_matrix,
)
from kfm_checks.facts.access.rules import ALL, Rule
from kfm_checks.facts.objects import labels_of
from kfm_checks.model import Evidence, ObjectKey
from kfm_checks.values import Value

CONFIG = file_key("kfm-checks.yaml")
#: What a persona may not do whoever else does: capabilities, by the persona that they belong to.
FORBIDDEN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    OPERATOR: {},
    DEPLOYER: {OPERATOR: OPERATORS_ONLY},
    STEWARD: {OPERATOR: OPERATORS_ONLY, DEPLOYER: ("deploy workloads", "run commands in pods")},
}


class Overlap(Value, frozen=True):
    """One entry of ``personas.allowed-overlap``: ``[PERSONA+PERSONA:] [VERB] RESOURCE[.GROUP]``, or the pair alone."""

    pair: frozenset[str]
    verb: str
    resource: str

    def allows(self, write: Writes, *personas: str) -> bool:
        """Whether it lets these personas share a permission."""
        if self.pair and not self.pair.issuperset(personas):
            return False
        name = str(write).removeprefix(f"{write.verb} ")
        return (not self.verb or self.verb == write.verb) and (not self.resource or self.resource == name)


def parse_overlap(entry: str) -> Overlap:
    """Read an entry; a pair is two personas with ``+`` between them."""
    head, colon, rest = entry.rpartition(":")
    names = frozenset(name.strip() for name in (head if colon else entry).split("+"))
    if names and names <= frozenset(PERSONAS):
        permission = rest if colon else ""
    else:
        names, permission = frozenset(), entry
    verb, _, resource = permission.strip().rpartition(" ")
    return Overlap(names, verb.strip(), resource)


def rbac_roles_are_separated(access: Access, personas: Personas, config: Config) -> Iterator[Evidence]:
    """Platform operators, application deployers, data stewards and auditors each hold permissions of their own.

    Who can both change and approve, or audit and change, is no control (NIST SP 800-53 AC-5, separation of duties).
    Separated means, on the permissions computed from roles, aggregation, bindings and implied groups: nobody is in two
    personas; auditors change nothing, open no stream into a pod and read no Secret; data stewards neither deploy
    workloads nor run commands in pods; application deployers and data stewards change no RBAC, policy, quota, namespace
    or cluster-wide object, nor act as others; and no permission to change something is held by two personas, where a
    platform operator's wildcards don't count, since who runs the cluster holds everything. What
    `personas.allowed-overlap` names is let through. A persona that nobody declares, or whose subjects hold nothing
    here, and a person who may change something and has no persona: not verified.

    Remedy: bind each persona to roles of its own and take out the rules that overlap, or declare the overlap in
    kfm-checks.yaml, for example `allowed-overlap: ["application-deployer+data-steward: create jobs.batch"]`.
    """
    if not access.grants:
        raise NotVerified("the render binds no role to anybody: RBAC that lives elsewhere was not looked at")
    lines = _lines(access, personas, config)
    yield from _undeclared(access, personas)
    for persona in PERSONAS:
        yield from _members(persona, access, personas, lines)
    yield from _strangers(access, personas)


def _undeclared(access: Access, personas: Personas) -> Iterator[Evidence]:
    missing = [persona for persona in PERSONAS if persona not in personas.declared]
    for persona in missing:
        matrix = "; ".join(f"{subject}: {what} ({where})" for subject, what, where in subject_matrix(access))
        yield unknown(
            CONFIG,
            ("personas", persona),
            message=f"nobody declares who the {persona}s are; the permissions computed are shown",
            expected="personas in kfm-checks.yaml, or the label conformance.kfm/persona",
            observed=matrix if persona == missing[0] else "",
            patch=proposal(access),
        )
    for name in personas.misnamed:
        yield unknown(
            CONFIG, ("personas",), about=name, message=f"{name} is no subject", expected="Group:NAME and the like"
        )
    for obj in personas.mislabelled:
        path = ("metadata", "labels", "conformance.kfm/persona")
        observed = labels_of(obj)["conformance.kfm/persona"]
        yield unknown(obj, path, message="the label names no persona", expected=PERSONAS, observed=observed)


def _members(persona: str, access: Access, personas: Personas, lines: Lines) -> Iterator[Evidence]:
    subjects = sorted(personas.of.get(persona, frozenset()))
    held = {subject: access.of(subject) for subject in subjects}
    if subjects and not any(held.values()):
        message = f"nothing here grants anything to the {persona}s declared, so their permissions were not looked at"
        yield unknown(CONFIG, ("personas", persona), message=message, observed=subjects)
        return
    for subject, grants in held.items():
        both = personas.held_by(subject)
        if len(both) > 1 and persona == both[0] and not lines.same_people(both):
            key: ObjectKey = grants[0].binding.key if grants else CONFIG
            message = f"{subject} is {' and '.join(both)} at once"
            yield fails(key, about=subject, message=message, expected="one persona", observed=both)
        for grant in grants:
            yield _judged(subject, persona, grant, lines)


def _judged(subject: str, persona: str, grant: Grant, lines: Lines) -> Evidence:
    about = f"{subject} {persona}"
    if grant.rules is None and persona != OPERATOR:
        message = f"{grant.role}, which {subject} holds, is neither rendered nor built in"
        return unknown(grant.binding, grant.path, about=about, message=message, observed=grant.role)
    wrong = lines.crossed(persona, grant)
    where = f"in {grant.namespace}" if grant.namespace else "in the whole cluster"
    message = f"{subject}, {persona}, {'holds what belongs to others' if wrong else 'holds its own'} {where}"
    return judged(
        not wrong,
        grant.binding,
        grant.path,
        about=about,
        message=f"{message} by {grant.role}",
        expected="to change nothing and read no Secret" if persona == AUDITOR else "no permission of another persona",
        observed="; ".join(wrong) or "none",
    )


class Held(Value, frozen=True):
    """Changes that a persona may make, to be asked often: an overlay has tens of thousands of pairs."""

    #: (API group, resource, verb) -> name ("" for all) -> namespaces ("" for the cluster).
    exact: Mapping[tuple[str, str, str], Mapping[str, set[str]]]
    wild: tuple[Writes, ...]

    def shares(self, write: Writes) -> bool:
        """Whether some request is allowed by a change here and by ``write``."""
        if ALL in (write.api_group, write.verb) or ALL in write.resource:
            return any(write.shares(other) for other in (*self._all(), *self.wild))
        names = self.exact.get((write.api_group, write.resource, write.verb), {})
        for name, places in names.items():
            if (name in ("", write.name) or not write.name) and (not write.namespace or places & {"", write.namespace}):
                return True
        return any(write.shares(other) for other in self.wild)

    def _all(self) -> Iterator[Writes]:
        for (group, resource, verb), names in self.exact.items():
            for name, places in names.items():
                yield from (Writes(place, group, resource, name, verb) for place in places)


class Lines(Value, frozen=True):
    """The lines between personas: what each may not hold, and what others hold already."""

    overlaps: tuple[Overlap, ...]
    #: Changes that platform operators and application deployers hold.
    held: Mapping[str, Held]

    def same_people(self, personas: tuple[str, ...]) -> bool:
        """Whether one subject may be all of these."""
        return any(o.pair.issuperset(personas) and not o.resource for o in self.overlaps)

    def crossed(self, persona: str, grant: Grant) -> list[str]:
        """Permissions of a grant that the persona may not hold, in words, sorted."""
        found = set()
        for rule in grant.effective:
            for write in mutations(rule, grant.namespace):
                owners = [other for other in self._owners(persona, write) if not self._declared(write, persona, other)]
                if owners:
                    found.add(f"{write} ({owners[0]})")
            if persona == AUDITOR and BY_NAME["read Secrets"].given(rule, grant.namespace):
                found.add("read Secrets (nobody who audits)")
        return sorted(found)

    def _owners(self, persona: str, write: Writes) -> list[str]:
        """To whom else a change belongs: by its nature, or because they hold it too."""
        if persona == AUDITOR:
            return ["nobody who audits"]
        by_nature = [owner for owner, names in FORBIDDEN[persona].items() if any(_is(write, BY_NAME[n]) for n in names)]
        others = PERSONAS[: PERSONAS.index(persona)]
        return by_nature + [o for o in others if o not in by_nature and self._holds(o, write)]

    def _holds(self, persona: str, write: Writes) -> bool:
        return persona in self.held and self.held[persona].shares(write)

    def _declared(self, write: Writes, persona: str, other: str) -> bool:
        return any(overlap.allows(write, persona, other) for overlap in self.overlaps)


def _lines(access: Access, personas: Personas, config: Config) -> Lines:
    held = {persona: _held(persona, access, personas) for persona in (OPERATOR, DEPLOYER)}
    return Lines(tuple(parse_overlap(entry) for entry in config.personas.allowed_overlap), held)


def _held(persona: str, access: Access, personas: Personas) -> Held:
    """What a persona may change; a platform operator's wildcards are left out, since they mean everything."""
    writes = {w for s in personas.of.get(persona, frozenset()) for grant in access.of(s) for w in _writes(grant)}
    wild = {write for write in writes if ALL in (write.api_group, write.verb) or ALL in write.resource}
    exact: dict[tuple[str, str, str], dict[str, set[str]]] = {}
    for write in writes - wild:
        names = exact.setdefault((write.api_group, write.resource, write.verb), {})
        names.setdefault(write.name, set()).add(write.namespace)
    return Held(exact, tuple(sorted(wild)) if persona != OPERATOR else ())


def _is(write: Writes, capability: Capability) -> bool:
    return _gives(capability, write.api_group, write.resource, write.name, write.verb, bool(write.namespace))


@cache
def _gives(capability: Capability, group: str, resource: str, name: str, verb: str, placed: bool) -> bool:
    rule = Rule((verb,), (group,), (resource,), (name,) if name else ())
    return capability.given(rule, "some" if placed else "")


def _writes(grant: Grant) -> frozenset[Writes]:
    return frozenset(write for rule in grant.effective for write in mutations(rule, grant.namespace))


def _strangers(access: Access, personas: Personas) -> Iterator[Evidence]:
    """People and groups of people who belong to no persona."""
    for grant in access.grants:
        if grant.subject.startswith("ServiceAccount:") or grant.subject.startswith(("Group:system:", "User:system:")):
            continue
        if not personas.declared or personas.held_by(grant.subject):
            continue
        more = sorted(str(write) for write in _writes(grant))
        secrets = any(BY_NAME["read Secrets"].given(rule, grant.namespace) for rule in grant.effective)
        observed = "; ".join(more + ["read Secrets"] * secrets)
        if more or secrets or grant.rules is None:
            message = f"{grant.subject} belongs to no persona and holds {grant.role}"
            yield unknown(grant.binding, grant.path, message=message, expected="one persona", observed=observed)
        else:
            yield holds(
                grant.binding, grant.path, message=f"{grant.subject}, of no persona, only reads by {grant.role}"
            )
