"""Checks of who may do what: escalation, Secrets of other namespaces, service account tokens."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.evidence import holds, judged, unknown
from kfm_checks.facts.access.builtin import AGGREGATE, CLUSTER_ROLES
from kfm_checks.facts.access.grants import (
    MASTERS,
    Access,
    Grant,
)
from kfm_checks.facts.access.personas import Personas, standing
from kfm_checks.facts.access.powers import grant_powers, role_powers
from kfm_checks.facts.access.roles import GROUP as RBAC
from kfm_checks.facts.access.secrets import SecretReader, home_of
from kfm_checks.facts.access.sharing import Shared
from kfm_checks.facts.objects import Inventory, labels_of
from kfm_checks.model import Evidence, Manifest, ObjectKey


def rbac_has_no_escalation(
    access: Access, personas: Personas, config: Config, inventory: Inventory
) -> Iterator[Evidence]:
    """Nobody but platform operators is granted a wildcard or a permission that escalates.

    A wildcard grants what nobody has thought of yet. escalate, bind, impersonate, Secrets, pods/exec, tokens of other
    service accounts, nodes/proxy, certificate approval, admission control and namespace labels each lead to more than
    was given (Kubernetes documentation, Role Based Access Control Good Practices; CIS Kubernetes Benchmark 5.1). The
    permissions are computed: aggregation is followed, built-in roles are resolved, `*/exec` is `pods/exec`. Who makes
    pods in a namespace is as strong as the strongest service account there. A role that nobody is bound to grants
    nothing. Where no platform operator is declared, an escalating grant is not verified, unless it goes to everybody.

    Remedy: list verbs and resources one by one, limit Secrets with resourceNames, and leave the rest to platform
    operators, declared under `personas` in kfm-checks.yaml.
    """
    for grant in access.grants:
        yield _escalation(grant, access, personas, config)
    for obj in access.unread:
        yield unknown(obj, message=f"{obj.key.kind} of OpenShift's own authorization API is not evaluated")
    bound = {(g.role_kind, g.namespace if g.role_kind == "Role" else "", g.role_name) for g in access.grants}
    for kind in ("ClusterRole", "Role"):
        for role in inventory.of(kind, RBAC):
            yield from _unbound(role, bound, access)


def _escalation(grant: Grant, access: Access, personas: Personas, config: Config) -> Evidence:
    def evidence(ok: bool | None, message: str, observed: object = "", patch: str = "") -> Evidence:
        wanted = "no wildcard and no escalating permission"
        return judged(ok, grant.binding, grant.path, message=message, expected=wanted, observed=observed, patch=patch)

    if grant.subject == MASTERS or personas.is_operator(grant.subject):
        return evidence(True, f"{grant.subject} is a platform operator", "; ".join(grant_powers(grant, access)))
    if grant.rules is None:
        return evidence(
            None, f"{grant.role} is neither rendered nor built in: nobody can tell what it grants", grant.role
        )
    powers = grant_powers(grant, access)
    if not powers:
        return evidence(True, f"{grant.subject} gets nothing that escalates from {grant.role}", "none")
    ok, why = standing(grant.subject, personas, config)
    where = f"in {grant.namespace}" if grant.namespace else "in the whole cluster"
    message = f"{grant.subject}, {why}, {where}: {'; '.join(powers)}"
    return evidence(ok, message, "; ".join(powers), _declaration(grant.subject) if ok is None else "")


def _declaration(subject: str) -> str:
    return f'# kfm-checks.yaml, if this is one\npersonas:\n  platform-operator: ["{subject}"]\n'


def _unbound(role: Manifest, bound: set[tuple[str, str, str]], access: Access) -> Iterator[Evidence]:
    """A role that nobody is bound to grants nothing, unless it adds to a built-in role that is bound elsewhere."""
    if role.key.kind == "ClusterRole":
        rules = access.roles.cluster_rules(role.key.name) or ()
        for level in ("view", "edit", "admin"):
            if labels_of(role).get(AGGREGATE + level) == "true":
                added = sorted(set(role_powers(rules)) - set(_builtin_powers(level)))
                message = f"adds to the built-in role {level}, which others than those seen here may hold"
                path = ("metadata", "labels", AGGREGATE + level)
                observed = "; ".join(added) or "none"
                yield judged(None if added else True, role, path, message=message, observed=observed)
                return
    if (role.key.kind, role.key.namespace if role.key.kind == "Role" else "", role.key.name) not in bound:
        yield holds(role, ("rules",), message="nobody is bound to this role here, so it grants nothing")


def _builtin_powers(level: str) -> tuple[str, ...]:
    names = {"view": ("view",), "edit": ("view", "edit"), "admin": ("view", "edit", "admin")}[level]
    return role_powers(tuple(rule for name in names for rule in CLUSTER_ROLES[f"system:aggregate-to-{name}"][1]))


def secrets_are_isolated(
    access: Access,
    personas: Personas,
    config: Config,
    inventory: Inventory,
    secret_readers: tuple[SecretReader, ...],
    shared_secrets: tuple[Shared, ...],
) -> Iterator[Evidence]:
    """No service account of one namespace can read the Secrets of another.

    A leak in one namespace must end there (Kubernetes documentation, Good practices for Kubernetes Secrets). Reading is
    more than get, list and watch: who runs pods, runs commands in pods, takes tokens, acts as others or grants itself
    more in a namespace reads its Secrets too. A ClusterSecretStore passes with conditions that name namespaces, or
    without conditions where each caller logs in as itself; replicators and reflectors count as readers. Declared
    platform operators (GitOps, External Secrets, cert-manager, policy engines) are meant to. People belong to no
    namespace: what they may read is judged by MEM-05 and MEM-06.

    Remedy: bind a Role in the service account's own namespace; give each ClusterSecretStore `conditions` with
    `namespaces`; take the replication annotations off.
    """
    crossed: set[str] = set()
    ways: dict[int, list[str]] = {}
    for reader in secret_readers:
        ways.setdefault(id(reader.grant), []).append(f"{reader.way}{f' ({reader.name})' if reader.name else ''}")
    for grant in access.grants:
        evidence = _crossing(grant, ways.get(id(grant), []), personas, config)
        if evidence:
            crossed.add(grant.namespace if evidence.holds is not True else " ")
            yield evidence
    for shared in shared_secrets:
        yield judged(
            shared.ok,
            shared.obj,
            shared.path,
            message=shared.message,
            expected="only namespaces that are named, none by replication",
            observed=shared.observed,
        )
    for namespace in sorted(_namespaces(inventory)):
        if not crossed & {"", namespace}:
            subject = inventory.namespaces.get(namespace) or ObjectKey("v1", "Namespace", "", namespace)
            message = f"no service account of another namespace can read the Secrets of {namespace}"
            yield holds(subject, message=message, observed=f"{len(access.grants)} grants looked at")


def _namespaces(inventory: Inventory) -> set[str]:
    used = {obj.key.namespace for obj in inventory if obj.key.group not in (RBAC,)} | set(inventory.namespaces)
    return {name for name in used if name and not name.startswith("kube-")}


def _crossing(grant: Grant, ways: list[str], personas: Personas, config: Config) -> Evidence | None:
    """Evidence about a service account's grant outside its own namespace; None for people, and inside it."""
    home = home_of(grant.subject)
    if home is None or (home and home == grant.namespace):
        return None
    place = f"the namespace {grant.namespace}" if grant.namespace else "every namespace"
    if grant.rules is None:
        message = f"{grant.role} is neither rendered nor built in: nobody can tell whether it reads Secrets of {place}"
        ok: bool | None = True if personas.is_operator(grant.subject) else None
        return judged(ok, grant.binding, grant.path, message=message, observed=grant.role)
    if not ways:
        return holds(grant.binding, grant.path, message=f"{grant.subject} gets no Secrets of {place}", observed="none")
    ok, why = standing(grant.subject, personas, config)
    message = f"{grant.subject}, {why}, can read Secrets of {place}: {'; '.join(sorted(set(ways)))}"
    return judged(
        ok, grant.binding, grant.path, message=message, expected="its own namespace only", observed=sorted(set(ways))
    )
