"""Checks of who may do what: escalation, Secrets of other namespaces, service account tokens."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from kfm_checks.config import Config
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.access.builtin import AGGREGATE, CLUSTER_ROLES
from kfm_checks.facts.access.grants import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
    Access,
    Grant,
)
from kfm_checks.facts.access.personas import OPERATOR, Personas
from kfm_checks.facts.access.powers import grant_powers, role_powers
from kfm_checks.facts.access.roles import GROUP as RBAC
from kfm_checks.facts.access.secrets import SecretReader, home_of
from kfm_checks.facts.access.sharing import Shared
from kfm_checks.facts.objects import Inventory, dig, labels_of
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, ObjectKey, Path

EVERYBODY = (AUTHENTICATED, UNAUTHENTICATED, ANONYMOUS)
#: The annotation by which Vault's injector adds an agent that logs in with the pod's own token.
VAULT = "vault.hashicorp.com/agent-inject"


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
    ok, why = _excused(grant.subject, personas, config)
    where = f"in {grant.namespace}" if grant.namespace else "in the whole cluster"
    message = f"{grant.subject}, {why}, {where}: {'; '.join(powers)}"
    return evidence(ok, message, "; ".join(powers), _declaration(grant.subject) if ok is None else "")


def _declaration(subject: str) -> str:
    return f'# kfm-checks.yaml, if this is one\npersonas:\n  platform-operator: ["{subject}"]\n'


def _excused(subject: str, personas: Personas, config: Config) -> tuple[bool | None, str]:
    """What a grant fit only for platform operators means for this subject: fine, wrong, or undecided; and why."""
    held = personas.held_by(subject)
    if OPERATOR in held:
        return True, "a declared platform operator"
    if held:
        return False, f"declared as {' and '.join(held)}"
    if subject in EVERYBODY or subject.startswith(SERVICE_ACCOUNTS) or subject.endswith("/default"):
        return False, "whom no declaration can make a platform operator"
    if OPERATOR not in personas.declared:
        return None, "while no platform operator is declared"
    home = home_of(subject)
    if home and home in config.workloads.platform_namespaces:
        return None, "of a platform namespace and not declared as a platform operator"
    return False, "not a declared platform operator"


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
    ok, why = _excused(grant.subject, personas, config)
    message = f"{grant.subject}, {why}, can read Secrets of {place}: {'; '.join(sorted(set(ways)))}"
    return judged(
        ok, grant.binding, grant.path, message=message, expected="its own namespace only", observed=sorted(set(ways))
    )


def service_account_tokens_are_needed(
    workloads: tuple[Workload, ...], inventory: Inventory, access: Access
) -> Iterator[Evidence]:
    """Pods mount a service account token only where it is granted something, and no default service account is.

    A token in a pod is what an intruder takes first (Kubernetes documentation, Configure Service Accounts for Pods; CIS
    Kubernetes Benchmark 5.1.5 and 5.1.6). A pod needs one where a rendered binding grants its service account
    something, by name or by a group of service accounts. The pod's `automountServiceAccountToken` beats its service
    account's; where neither says, the token is mounted. A projected token for another audience than the API server is
    asked for on purpose and passes, as does Vault's injected agent, which logs in with it.

    Remedy: set `automountServiceAccountToken: false` on the pod, or on its service account; give grants to a service
    account of its own instead of default.
    """
    for workload in workloads:
        if not workload.namespace.startswith("kube-"):
            yield _mounted(workload, inventory, access)
            yield from _projected(workload, access)
    for grant in access.grants:
        if _to_default(grant):
            yield fails(
                grant.binding,
                grant.path,
                message=f"{grant.subject} holds {grant.role}, and with it pods that asked for nothing",
                expected="a service account of its own",
                observed=grant.subject,
            )


def _to_default(grant: Grant) -> bool:
    if grant.subject.startswith("ServiceAccount:"):
        return grant.subject.endswith("/default")
    accounts = grant.subject == SERVICE_ACCOUNTS or grant.subject.startswith(f"{SERVICE_ACCOUNTS}:")
    return accounts and any(rule.resources for rule in grant.effective)


def _granted(workload: Workload, access: Access) -> list[Grant]:
    found = access.account_grants(workload.namespace, workload.service_account)
    return [grant for grant in found if grant.rules is None or grant.effective]


def _mounted(workload: Workload, inventory: Inventory, access: Access) -> Evidence:
    path: Path = (*workload.path, "automountServiceAccountToken")
    account = inventory.get("ServiceAccount", workload.service_account, workload.namespace)
    said = workload.spec.get("automountServiceAccountToken")
    where = "the pod says so"
    if not isinstance(said, bool):
        said, where = (
            dig(account, "automountServiceAccountToken"),
            f"service account {workload.service_account} says so",
        )
    if said is False:
        return holds(workload.obj, path, message=f"no token is mounted: {where}", observed=False)
    granted = _granted(workload, access)
    if granted:
        message = f"the token is needed: {granted[0].subject} holds {granted[0].role}"
        return holds(workload.obj, path, message=message, observed="mounted")
    if workload.pod_annotations.get(VAULT) == "true":
        return holds(workload.obj, path, message="Vault's agent logs in with the token", observed="mounted")
    wanted = {"expected": False, "patch": _patch(workload.obj, path)}
    if account is None and workload.service_account != "default" and said is not True:
        message = (
            f"service account {workload.service_account} is not in the render, which may say that no token is mounted"
        )
        return unknown(workload.obj, path, message=message, observed="absent", **wanted)
    message = f"a token of {workload.service_account} is mounted, and nothing here grants it anything"
    return fails(workload.obj, path, message=message, observed="absent" if said is None else said, **wanted)


def _patch(obj: Manifest, path: Path) -> str:
    """A strategic merge patch that switches the token off; JSON is YAML too, and quotes what is hostile."""
    content: object = False
    for step in reversed(path):
        content = {str(step): content}
    metadata = {"name": obj.key.name, "namespace": obj.key.namespace}
    assert isinstance(content, dict)
    return json.dumps(
        {"apiVersion": obj.key.api_version, "kind": obj.key.kind, "metadata": metadata, **content}, indent=2
    )


def _projected(workload: Workload, access: Access) -> Iterable[Evidence]:
    """Tokens that a volume asks for by itself."""
    volumes = workload.spec.get("volumes")
    for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
        sources = dig(volume, "projected", "sources")
        for at, source in enumerate(sources if isinstance(sources, list) else ()):
            token = dig(source, "serviceAccountToken")
            if isinstance(token, dict):
                audience = dig(token, "audience")
                ok = bool(audience) or bool(_granted(workload, access))
                yield judged(
                    ok,
                    workload.obj,
                    (*workload.path, "volumes", index, "projected", "sources", at, "serviceAccountToken"),
                    message="a projected token is for another audience, or is granted something"
                    if ok
                    else "a projected token for the API server is mounted, and nothing here grants it anything",
                    expected="an audience other than the API server, or a grant",
                    observed=str(audience or "the API server"),
                )
