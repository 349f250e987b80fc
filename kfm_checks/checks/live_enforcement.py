"""OPS-04: the required policies are enforced in the live namespaces, tried and not assumed."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import judged, unknown
from kfm_checks.facts.cluster import Attempt, Cluster
from kfm_checks.facts.live import tried_in
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Evidence, ObjectKey

CONFORMING = "conforming"


def live_policies_are_enforced(cluster: Cluster, inventory: Inventory, config: Config) -> Iterator[Evidence]:
    """In each live namespace a pod that breaks the rails is refused, and one that keeps them is admitted.

    Each pod is offered to the server in a dry run, so nothing is persisted; the refusal's own words name the policy.
    A pod without limits counts as held back, too, where the namespace's LimitRange gives it some. Where the conforming
    pod is refused, the other refusals prove nothing (Kubernetes documentation, Pod Security Admission, Validating
    Admission Policy, API Concepts: dry-run).

    Remedy: install and bind the policy in the cluster, and set its failure policy to Fail.
    """
    if not cluster.attempts:
        raise NotVerified("nothing was tried in the cluster")
    by_namespace: dict[str, list[Attempt]] = {}
    for one in cluster.attempts:
        by_namespace.setdefault(one.namespace, []).append(one)
    for namespace in sorted(tried_in(inventory, config)):
        subject = inventory.namespaces.get(namespace) or ObjectKey("v1", "Namespace", "", namespace)
        tried = by_namespace.get(namespace, [])
        if not tried:
            yield unknown(subject, message="nothing was tried in this namespace")
        passes = next((one.admitted for one in tried if one.breaks == CONFORMING), None)
        for one in sorted(tried, key=lambda one: one.breaks):
            yield _evidence(one, subject, passes)


def _evidence(one: Attempt, subject: object, passes: bool | None) -> Evidence:
    what = "a conforming pod" if one.breaks == CONFORMING else f"a pod that breaks the rails ({one.breaks})"
    if one.admitted is None:
        return unknown(subject, message=f"{what} was not tried: {one.message}", about=one.breaks)  # type: ignore[arg-type]
    if one.breaks == CONFORMING:
        ok: bool | None = one.admitted
    elif one.completed or one.admitted:
        ok = one.completed
    else:
        ok = True if passes else None
    state = "was admitted" if one.admitted else "was refused"
    doubt = "; so is the conforming one, so that it proves nothing" if ok is None else ""
    expected = "admitted" if one.breaks == CONFORMING else "refused, or completed by a LimitRange"
    return judged(
        ok,
        subject,  # type: ignore[arg-type]
        message=f"{what} {state}{doubt}{_said(one.message)}",
        expected=expected,
        observed=state.removeprefix("was "),
        about=one.breaks,
    )


def _said(message: str) -> str:
    """The server's own words behind a verdict: what only repeats it is left away."""
    words = message.removeprefix("refused: ").removeprefix("forbidden: ")
    return "" if words in ("", "admitted") else f": {words}"
