"""The check of service account tokens: mounted where they are needed, and never those of a default service account."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks import remedies
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.access.grants import SERVICE_ACCOUNTS, Access, Grant
from kfm_checks.facts.objects import Inventory, dig
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Path

#: The annotation by which Vault's injector adds an agent that logs in with the pod's own token.
VAULT = "vault.hashicorp.com/agent-inject"


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
    wanted = {"expected": False, "patch": remedies.no_token(workload.obj, path)}
    if account is None and workload.service_account != "default" and said is not True:
        message = (
            f"service account {workload.service_account} is not in the render, which may say that no token is mounted"
        )
        return unknown(workload.obj, path, message=message, observed="absent", **wanted)
    message = f"a token of {workload.service_account} is mounted, and nothing here grants it anything"
    return fails(workload.obj, path, message=message, observed="absent" if said is None else said, **wanted)


def _projected(workload: Workload, access: Access) -> Iterator[Evidence]:
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
