"""MEM-04: who can connect to a datastore, by all NetworkPolicies, against who may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.datastores import Datastore, place
from kfm_checks.facts.network.others import not_evaluated
from kfm_checks.facts.network.ports import PortSet, intersection, text
from kfm_checks.facts.network.reach import STRANGER, Network
from kfm_checks.facts.network.views import clients
from kfm_checks.facts.objects import Inventory
from kfm_checks.model import Evidence, Manifest, ObjectKey, Path

_OUTSIDE = "external:"


def datastores_reached_only_by_approved(
    inventory: Inventory, network: Network, datastores: tuple[Datastore, ...], config: Config
) -> Iterator[Evidence]:
    """Only approved workloads can connect to a datastore.

    Reachability is computed from all NetworkPolicies, both ends together, on the ports that serve data; the list of
    approved clients is only ever declared. Addresses outside count, and so does any other pod that may run in the
    cluster: a pod without labels in a namespace that no policy names. The verdict assumes a network plugin that
    enforces NetworkPolicy. What a policy does to a pod in the node's network is undefined: where the verdict would rest
    on that, it is not verified, declared platform namespaces apart. NIST SP 800-53 AC-4; Kubernetes documentation,
    *Network Policies*.

    Remedy: narrow the policy rule that lets the workload in, or add the workload to `datastores[].clients` in
    kfm-checks.yaml.
    """
    if not datastores:
        raise NotVerified(
            "no datastore is declared in kfm-checks.yaml, labelled conformance.kfm/datastore, or recognised by image"
        )
    for store in datastores:
        subject = store.obj if store.obj is not None else ObjectKey("", *place(store.id))
        if reason := _unseen(inventory, network, store):
            yield unknown(subject, message=f"who reaches {store.id} can't be told: {reason}", observed=store.why)
        elif store.clients is None:
            yield _undeclared(subject, network, store)
        else:
            yield from _clients(subject, network, store, store.clients, config)
            yield from _in_node_network(subject, network, store, store.clients, config)


def _unseen(inventory: Inventory, network: Network, store: Datastore) -> str:
    if store.obj is None:
        return "it is declared, and not in the render"
    if not store.visible:
        return "an operator makes its pods, and no public source tells their labels"
    if not network.find(store.id):
        return "the render has no pods for it"
    if store.operated and (name := _beyond_labels(network, store)):
        return f"NetworkPolicy {name} selects by labels that the operator's documentation doesn't promise"
    isolated = all(network.isolating(pod, "Ingress") for pod in network.find(store.id))
    others = [obj for obj in not_evaluated(inventory, store.namespace) if obj.key.kind != "EgressFirewall"]
    others = [obj for obj in others if not (isolated and obj.key.kind == "BaselineAdminNetworkPolicy")]
    if others:
        return f"{others[0].key.kind} {others[0].key.name} also decides, and is not evaluated"
    return ""


def _beyond_labels(network: Network, store: Datastore) -> str:
    """A policy that may select an operator's pods by labels beyond those known; "" where none does."""
    for policy in network.policies:
        if policy.namespace == store.namespace:
            for pod in network.find(store.id):
                if _may_select(policy.selector, network.endpoints[pod].labels):
                    return policy.obj.key.name
    return ""


def _may_select(selector: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """Whether it asks for a label that the operator may set too: one beside a known one, or of the same domain."""
    wanted = {str(key): str(value) for key, value in (selector.get("matchLabels") or {}).items()}
    keys = {*wanted, *(str(one.get("key")) for one in selector.get("matchExpressions") or [])}
    domains = {key.partition("/")[0] for key in known if "/" in key}
    near = {key for key in keys if key in known or key.partition("/")[0] in domains}
    contradicted = any(key in known and known[key] != value for key, value in wanted.items())
    return bool(near and keys - {*known} and not contradicted)


def _undeclared(subject: Manifest | ObjectKey, network: Network, store: Datastore) -> Evidence:
    """Nobody said who may: the computed list, and a configuration to cut down and paste."""
    reached = clients(network, store)
    inside = [name for name in reached if not name.startswith(_OUTSIDE) and name != STRANGER]
    lines = [f"  - workload: {store.id}", f"    ports: [{', '.join(map(str, store.ports))}]", "    clients:"]
    lines = lines if inside else [*lines[:2], "    clients: []"]
    return unknown(
        subject,
        message=f"nobody declared who may connect to the datastore {store.id} ({store.why}); today "
        f"{_summary(reached)} can",
        expected="approved clients under `datastores` in kfm-checks.yaml",
        observed="; ".join(f"{name} ({text(ports)})" for name, ports in reached.items()) or "nobody",
        patch="\n".join(["datastores:", *lines, *(f"      - {name}" for name in inside)]) + "\n",
    )


def _summary(reached: dict[str, PortSet]) -> str:
    inside = sum(not name.startswith(_OUTSIDE) and name != STRANGER for name in reached)
    words = [f"{inside} workload{'s' * (inside != 1)} of the render"]
    words += ["any other pod"] if STRANGER in reached else []
    words += ["addresses outside"] if any(name.startswith(_OUTSIDE) for name in reached) else []
    return ", ".join(words)


def _clients(
    subject: Manifest | ObjectKey, network: Network, store: Datastore, approved: tuple[str, ...], config: Config
) -> Iterator[Evidence]:
    reached = clients(network, store)
    for name in approved:
        yield _approved(subject, network, store, name, reached)
    outside = [name for name in reached if name.startswith(_OUTSIDE) and name not in approved]
    for name in reached:
        if name not in approved and not name.startswith(_OUTSIDE):
            yield _intruder(subject, network, store, name, name, reached[name], config)
    if outside:
        shown = outside[0] if len(outside) == 1 else f"{outside[0]} and {len(outside) - 1} more ranges"
        yield _intruder(subject, network, store, outside[0], shown, reached[outside[0]], config)
    if not approved and not reached:
        text_ = f"nobody can connect to the datastore {store.id} ({store.why}), and nobody may"
        yield holds(subject, message=text_, expected="nobody", observed="nobody")


def _approved(
    subject: Manifest | ObjectKey, network: Network, store: Datastore, name: str, reached: dict[str, PortSet]
) -> Evidence:
    how = f"can connect on {text(reached[name])}" if name in reached else "can't connect today"
    if name not in reached and not network.find(name):
        how = "is not in the render"
    return holds(
        subject,
        message=f"{name} is approved for {store.id} ({store.why}), and {how}",
        expected="approved clients only",
        observed=text(reached.get(name, ())),
        about=name,
    )


def _intruder(
    subject: Manifest | ObjectKey,
    network: Network,
    store: Datastore,
    name: str,
    shown: str,
    ports: PortSet,
    config: Config,
) -> Evidence:
    """A connection that nobody approved, at the rule that lets it in; where no policy does, at the datastore."""
    source = next(bit for bit in range(len(network.endpoints) + len(network.ranges)) if network.name(bit) == name)
    where, path = _culprit(network, store, source, ports) or (subject, ())
    message = f"{shown} can connect to the datastore {store.id} ({store.why}) and is not approved"
    details = {
        "expected": "approved clients only",
        "observed": f"{shown} on {text(ports)}",
        "about": f"{store.id} {name}",
    }
    if _on_node(network, source) and network.endpoints[source].namespace in config.workloads.platform_namespaces:
        message = f"{shown} runs in the node's network, in a declared platform namespace: NetworkPolicy can't bar it"
        return holds(where, path, message=message, **details)
    return fails(where, path, message=message, **details)


def _in_node_network(
    subject: Manifest | ObjectKey, network: Network, store: Datastore, approved: tuple[str, ...], config: Config
) -> Iterator[Evidence]:
    """Ends in the node's network, whom the policies would have to keep apart: nobody can tell whether they do."""
    undefined = "runs in the node's network, where the effect of NetworkPolicy is undefined"
    expected = "both ends in the pod network"
    if any(network.endpoints[pod].host_network for pod in network.find(store.id)):
        text_ = f"the datastore {store.id} {undefined}"
        yield unknown(subject, message=text_, expected=expected, observed="hostNetwork: true", about="hostNetwork")
    on_node = [endpoint for endpoint in network.endpoints[: network.stranger] if endpoint.host_network]
    reached = clients(network, store) if on_node else {}
    for endpoint in on_node:
        known = endpoint.id in approved or endpoint.id in reached or endpoint.id == store.id
        platform = endpoint.namespace in config.workloads.platform_namespaces
        if not known and not platform and not endpoint.namespace.startswith("kube-"):
            text_ = f"{endpoint.id} is not approved for {store.id}, and {undefined}"
            yield unknown(subject, message=text_, expected=expected, observed="hostNetwork: true", about=endpoint.id)


def _on_node(network: Network, source: int) -> bool:
    return source < len(network.endpoints) and network.endpoints[source].host_network


def _culprit(network: Network, store: Datastore, source: int, ports: PortSet) -> tuple[Manifest, Path] | None:
    for pod in network.find(store.id):
        for policy, rule, mask, granted in network.grants(pod, "Ingress"):
            if mask >> source & 1 and intersection(granted, ports):
                return policy.obj, rule.path
    return None
