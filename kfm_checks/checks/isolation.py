"""MEM-03: namespaces deny by default, judged by the isolation of their pods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from kfm_checks import remedies
from kfm_checks.config import Config
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.network.isolation import Isolation, isolation
from kfm_checks.facts.network.others import not_evaluated
from kfm_checks.facts.network.policies import DIRECTIONS, Direction
from kfm_checks.facts.network.reach import Network
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Evidence, Manifest, ObjectKey

_WORD = {"Ingress": "in", "Egress": "out"}


def namespaces_deny_by_default(inventory: Inventory, network: Network, config: Config) -> Iterator[Evidence]:
    """Every namespace with workloads denies traffic by default, in both directions.

    Without a policy that selects it, a pod accepts every connection and may open any. What counts is that each pod is
    isolated by all policies together: a policy that selects no pod isolates none, and one that allows everybody undoes
    the rest. A rule for some ports, some peers or the addresses of the internet alone doesn't. The verdict assumes a
    network plugin that enforces NetworkPolicy; policies of other kinds are named and not evaluated. Kubernetes
    documentation, *Network Policies*, default policies; CIS Kubernetes Benchmark 5.3.2.

    Remedy: add a NetworkPolicy with an empty `podSelector` and `policyTypes: [Ingress, Egress]`, take out the rule that
    allows everybody, then allow DNS and what is needed.
    """
    for policy, reason in network.unread:
        yield unknown(policy, ("spec",), message=f"the API server would refuse this policy: {reason}")
    by_namespace: dict[str, list[int]] = defaultdict(list)
    for position, endpoint in enumerate(network.endpoints[: network.stranger]):
        if not endpoint.namespace.startswith("kube-"):
            by_namespace[endpoint.namespace].append(position)
    for namespace in sorted(by_namespace):
        yield from _namespace(inventory, network, config, namespace, by_namespace[namespace])


def _namespace(
    inventory: Inventory, network: Network, config: Config, namespace: str, pods: list[int]
) -> Iterator[Evidence]:
    subject = inventory.namespaces.get(namespace) or ObjectKey("v1", "Namespace", "", namespace)
    others = not_evaluated(inventory, namespace)
    node = [pod for pod in pods if network.endpoints[pod].host_network]
    for pod in node:
        yield _in_node_network(network, pod, namespace in config.workloads.platform_namespaces)
    pods = [pod for pod in pods if pod not in node]
    for direction in DIRECTIONS if pods else ():
        found = {pod: isolation(network, pod, direction) for pod in pods}
        if blocking := [obj for obj in others if not _only_a_fallback(obj, found.values())]:
            yield _beyond(subject, namespace, direction, blocking)
        else:
            yield from _direction(inventory, network, subject, direction, found)


def _only_a_fallback(obj: Manifest, found: Iterable[Isolation]) -> bool:
    """A BaselineAdminNetworkPolicy decides only where no NetworkPolicy selects the pod."""
    return obj.key.kind == "BaselineAdminNetworkPolicy" and all(one.state != "open" for one in found)


def _beyond(subject: Manifest | ObjectKey, namespace: str, direction: Direction, policies: list[Manifest]) -> Evidence:
    named = ", ".join(f"{obj.key.kind} {obj.key.name}" for obj in policies)
    return unknown(
        subject,
        message=f"{named} also decides about traffic in namespace {namespace}, and is not evaluated",
        expected=f"pods isolated for {direction.lower()}",
        observed=named,
        about=direction,
    )


def _direction(
    inventory: Inventory,
    network: Network,
    subject: Manifest | ObjectKey,
    direction: Direction,
    found: dict[int, Isolation],
) -> Iterator[Evidence]:
    expected = f"every pod isolated for {direction.lower()}, and not opened to everybody"
    seen: set[tuple[str, object]] = set()
    for pod, one in found.items():
        if one.state == "undone" and one.policy and one.rule and (one.policy.id, one.rule.path) not in seen:
            seen.add((one.policy.id, one.rule.path))
            text = f"this rule lets everybody {_WORD[direction]}: it undoes the default deny for {_name(network, pod)}"
            yield fails(one.policy.obj, one.rule.path, message=text, expected=expected, observed="allows everybody")
    bare = sorted({_name(network, pod) for pod, one in found.items() if one.state == "open"})
    namespace = network.endpoints[next(iter(found))].namespace
    if bare:
        declared = namespace in inventory.namespaces or namespace == "default"
        rendered = any(one.state == "open" and network.endpoints[pod].workload for pod, one in found.items())
        text = f"namespace {namespace}: no policy isolates {', '.join(bare)} for {direction.lower()}"
        text += "" if declared else "; the namespace is not declared here, and its policies may lie elsewhere"
        yield judged(
            False if declared and rendered else None,  # an operator's pods may carry labels that nobody documents
            subject,
            message=text,
            expected=expected,
            observed=f"not isolated: {', '.join(bare)}",
            about=direction,
            patch=remedies.default_deny(namespace),
        )
    elif not seen:
        yield _denied(network, subject, namespace, direction, found, expected)


def _denied(
    network: Network,
    subject: Manifest | ObjectKey,
    namespace: str,
    direction: Direction,
    found: dict[int, Isolation],
    expected: str,
) -> Evidence:
    policies = sorted({policy.obj.key.name for pod in found for policy in network.isolating(pod, direction)})
    text = f"namespace {namespace} denies {direction.lower()} by default"
    deaf = sorted({_name(network, pod) for pod, one in found.items() if not one.dns})
    if deaf:
        text += f"; warning: nothing lets DNS out for {', '.join(deaf)}"
    return holds(subject, message=text, expected=expected, observed=", ".join(policies), about=direction)


def _in_node_network(network: Network, pod: int, platform: bool) -> Evidence:
    endpoint = network.endpoints[pod]
    if endpoint.workload is None:
        raise AssertionError("only a rendered workload can ask for the node's network")
    path = (*endpoint.workload.path, "hostNetwork")
    text = f"{endpoint.id} runs in the node's network, where the effect of NetworkPolicy is undefined"
    return judged(
        True if platform else None,
        endpoint.workload.obj,
        path,
        message=text + ("; its namespace is declared as the platform's" if platform else ""),
        expected="pods in the pod network, or a declared platform namespace",
        observed="hostNetwork: true",
    )


def _name(network: Network, pod: int) -> str:
    return network.endpoints[pod].id
