"""Which gateways ask a policy engine before they hand out data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.config import Config
from kfm_checks.evidence import file_key
from kfm_checks.facts.datasets_loading import config_maps, text_of
from kfm_checks.facts.datastores import Datastore
from kfm_checks.facts.network.others import repository
from kfm_checks.facts.network.ports import intersection
from kfm_checks.facts.network.reach import Network
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.facts.selectors import matches_map
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Manifest, ObjectKey, Path
from kfm_checks.values import Value

#: Policy engines by the last part of their image's name.
ENGINES = frozenset(
    {"opa", "opa-envoy-plugin", "opa-envoy", "cerbos", "openfga", "keto", "spicedb", "permify", "topaz", "eopa"}
)
#: What may follow ``service.namespace``: nothing that makes another host of it.
_DOMAIN = r"(?:\.svc(?:\.[a-z0-9.-]+)?)?"
_AUTH_URL = ("nginx.ingress.kubernetes.io/auth-url", "haproxy.org/auth-url", "haproxy-ingress.github.io/auth-url")


class PolicyCheck(Value, frozen=True):
    """One gateway that reaches a datastore, and the engine that it asks. ``ok`` None: none was seen."""

    subject: Manifest | ObjectKey
    path: Path
    ok: bool | None
    engine: str
    message: str


def policy_checks(
    inventory: Inventory,
    workloads: tuple[Workload, ...],
    network: Network,
    datastores: tuple[Datastore, ...],
    config: Config,
) -> tuple[PolicyCheck, ...] | None:
    """One answer for each declared gateway that reaches a datastore; None where no gateway is declared."""
    if config.entry.gateways is None:
        return None
    engines = [w for w in workloads if any(repository(c.image, 1) in ENGINES for c in w.containers)]
    found = [
        _gateway(workload, inventory, engines, network)
        for workload in workloads
        if workload.id in config.entry.gateways and _reaches(workload.id, network, datastores)
    ]
    missing = sorted(set(config.entry.gateways) - {workload.id for workload in workloads})
    found += [
        PolicyCheck(
            file_key("kfm-checks.yaml"), ("entry", "gateways"), None, "", f"the gateway {id} is not in the render"
        )
        for id in missing
    ]
    return tuple(found)


def _reaches(id: str, network: Network, datastores: tuple[Datastore, ...]) -> bool:
    return any(
        intersection(network.ports(source, target), datastore.port_set)
        for datastore in datastores
        for source in network.find(id)
        for target in network.find(datastore.id)
    )


def _gateway(workload: Workload, inventory: Inventory, engines: list[Workload], network: Network) -> PolicyCheck:
    beside = next((c for c in workload.containers if repository(c.image, 1) in ENGINES), None)
    if beside is not None:
        message = f"{workload.id} has the policy engine {beside.name} beside it"
        return PolicyCheck(workload.obj, beside.path, True, beside.name, message)
    text = " ".join(_told(workload, inventory))
    for engine in engines:
        for name in sorted(_names(engine, inventory)):
            if re.search(rf"(?<![\w.-]){re.escape(name)}{'' if name.startswith('//') else _DOMAIN}(?![\w.-])", text):
                met = any(network.ports(s, t) for s in network.find(workload.id) for t in network.find(engine.id))
                how = "asks" if met else "is told to ask, and can't reach,"
                message = f"{workload.id} {how} the policy engine {engine.id}"
                return PolicyCheck(workload.obj, workload.path, met, engine.id, message)
    outer = next(iter(_outer(workload, inventory)), None)
    if outer is not None:
        message = f"{workload.id} is asked for through {outer.key}, which asks first"
        return PolicyCheck(outer, (), True, str(outer.key), message)
    message = f"no policy engine is seen that {workload.id} asks; it may check in its own code, which no file shows"
    return PolicyCheck(workload.obj, workload.path, None, "", message)


def _told(workload: Workload, inventory: Inventory) -> Iterator[str]:
    """Everything that the gateway's containers are told: arguments, environment, mounted and sourced ConfigMaps."""
    names = set(config_maps(workload.spec))
    for container in workload.containers:
        yield from (str(container.spec.get(field) or "") for field in ("command", "args", "env"))
        names |= {str(dig(source, "configMapRef", "name")) for source in items(container.spec, "envFrom")}
    for name in sorted(names):
        obj = inventory.get("ConfigMap", name, workload.namespace)
        if obj is not None:
            yield text_of(obj)


def _names(engine: Workload, inventory: Inventory) -> set[str]:
    """The names under which a Service of the engine is called."""
    found = set()
    for service in inventory.of("Service"):
        selector = dig(service, "spec", "selector")
        near = service.key.namespace == engine.namespace and isinstance(selector, dict) and selector
        if near and matches_map(selector, engine.pod_labels):
            found |= {f"{service.key.name}.{service.key.namespace}", f"//{service.key.name}"}
    return found


def _outer(workload: Workload, inventory: Inventory) -> Iterator[Manifest]:
    """An authorisation in front: Istio's CUSTOM action on these pods, or external authentication of the Ingress."""
    for policy in inventory.of("AuthorizationPolicy", "security.istio.io"):
        selector: Any = dig(policy, "spec", "selector", "matchLabels", default={})
        custom = dig(policy, "spec", "action") == "CUSTOM" and policy.key.namespace == workload.namespace
        if custom and isinstance(selector, dict) and matches_map(selector, workload.pod_labels):
            yield policy
    for ingress in inventory.of("Ingress", "networking.k8s.io"):
        if ingress.key.namespace == workload.namespace and any(annotations_of(ingress).get(name) for name in _AUTH_URL):
            yield ingress
