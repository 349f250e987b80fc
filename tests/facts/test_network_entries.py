"""Ways in from outside: each door is followed to the pods, and no shape of an object crashes."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks.checks import CHECKS
from kfm_checks.config import Config
from kfm_checks.facts.datastores import datastores, operated
from kfm_checks.facts.network import exposure, exposures, network
from kfm_checks.facts.network.addresses import Block, cut, network_range
from kfm_checks.facts.network.tls import public_hosts
from kfm_checks.facts.network.views import datastore_matrix, exposure_paths
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

BACK = """
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: app}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: main}, {name: admin, port: 81, targetPort: 9000}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: app, labels: {app: web}}, spec: {containers: [{name: w, image: w, ports: [{name: main, containerPort: 8080}]}]}}
---
"""
DOORS = {
    "Ingress by number": (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: app}, spec: {rules: [{http: {paths: [{backend: {service: {name: web, port: {number: 80}}}}]}}]}}",
        8080,
    ),
    "Ingress default backend by name": (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: app}, spec: {defaultBackend: {service: {name: web, port: {name: admin}}}}}",
        9000,
    ),
    "Route by target port name": (
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: i, namespace: app}, spec: {to: {kind: Service, name: web}, port: {targetPort: main}}}",
        8080,
    ),
    "Route by the number of the Service's port": (
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: i, namespace: app}, spec: {to: {kind: Service, name: web}, port: {targetPort: 81}}}",
        9000,
    ),
    "Route's alternate backend": (
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: i, namespace: app}, spec: {to: {name: other}, alternateBackends: [{name: web}], port: {targetPort: http}}}",
        8080,
    ),
    "HTTPRoute": (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: i, namespace: app}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 81}]}]}}",
        9000,
    ),
    "GRPCRoute": (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: i, namespace: app}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        8080,
    ),
    "VirtualService by long name": (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: i, namespace: x}, spec: {gateways: [g], hosts: [a], tcp: [{route: [{destination: {host: web.app.svc.cluster.local, port: {number: 80}}}]}]}}",
        8080,
    ),
    "IngressRoute": (
        "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: i, namespace: app}, spec: {routes: [{match: Host(`a`), services: [{name: web, port: admin}]}]}}",
        9000,
    ),
    "node port": (
        "{apiVersion: v1, kind: Service, metadata: {name: n, namespace: app}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 1, targetPort: 8080}]}}",
        8080,
    ),
}
CLOSED = {
    "a VirtualService of the mesh": "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: i, namespace: app}, spec: {hosts: [a], http: [{route: [{destination: {host: web}}]}]}}",
    "a VirtualService that names the mesh": "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: i, namespace: app}, spec: {gateways: [mesh], hosts: [a], http: [{route: [{destination: {host: web}}]}]}}",
    "a route attached to a Service (GAMMA)": "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: i, namespace: app}, spec: {parentRefs: [{group: '', kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 81}]}]}}",
    "a reference that no grant permits": "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: i, namespace: x}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, namespace: app, port: 81}]}]}}",
    "a ClusterIP": "{apiVersion: v1, kind: Service, metadata: {name: n, namespace: app}, spec: {selector: {app: web}, ports: [{port: 1, targetPort: 8080}]}}",
    "a node port of a name that no container has": "{apiVersion: v1, kind: Service, metadata: {name: n, namespace: app}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 1, targetPort: gone}]}}",
}


STORE = """
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: data}, spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: d, image: postgres}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: n, namespace: data}, spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: app}}}]}]}}
---
"""


def load(text: str) -> list[dict[str, Any]]:
    """The objects of a text."""
    return [obj for obj in yaml.safe_load_all(text) if obj]


@pytest.mark.parametrize("name", DOORS)
def test_a_door_leads_to_the_pods_port(name: str) -> None:
    """Each kind of door ends at the right port of the right workload."""
    text, port = DOORS[name]
    rows = list(exposure(load(BACK + text)).itertuples(index=False, name=None))
    assert rows == [("external", "app/Pod/web", "TCP", port, port)]


@pytest.mark.parametrize("name", CLOSED)
def test_what_opens_nothing(name: str) -> None:
    """What looks like a door and is none gives no row, and the columns keep their types."""
    frame = exposure(load(BACK + CLOSED[name]))
    assert len(frame) == 0
    assert [str(kind) for kind in frame.dtypes] == ["string"] * 3 + ["int64"] * 2


def test_ranges_of_a_block() -> None:
    """Cutting covers both families whole, without a gap or an overlap."""
    block = Block(network_range("10.0.0.0/8"), (network_range("10.255.0.0/16"),))
    parts = cut([block])
    assert [part.id for part in parts if block.holds(part)] == ["external:10.0.0.0-10.254.255.255"]
    for version, bits in ((4, 32), (6, 128)):
        family = [part for part in parts if part.version == version]
        assert family[0].first == 0
        assert family[-1].last == (1 << bits) - 1
        assert all(a.last + 1 == b.first for a, b in itertools.pairwise(family))


def test_the_size_and_the_host_bits_of_a_range() -> None:
    """Both ends count, and a CIDR with host bits set is read as its network."""
    assert (network_range("10.0.0.0/24").size, network_range("10.0.0.7/32").size) == (256, 1)
    assert network_range("10.0.0.7/24") == network_range("10.0.0.0/24")


def test_views_for_notebooks() -> None:
    """The matrix and the paths are plain tuples: outside, entry, Service, workload, datastore."""
    found = inventory(load(BACK + STORE + DOORS["Ingress by number"][0]))
    made = workloads(found)
    config = Config()
    net, stores = network(found, made, operated(found)), datastores(found, made, config)
    assert datastore_matrix(net, stores) == [("app/Pod/web", "data/StatefulSet/db", "TCP 5432", "undeclared")]
    paths = exposure_paths(exposures(found, made, ()), net, stores)
    assert paths == [("Ingress", "app/Ingress/i", "app/Service/web", "app/Pod/web", "data/StatefulSet/db")]


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 9), st.sampled_from(["", "web", "LoadBalancer", "*", "a.b/c"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                [
                    "rules",
                    "http",
                    "paths",
                    "backend",
                    "service",
                    "name",
                    "port",
                    "number",
                    "ports",
                    "selector",
                    "type",
                    "externalIPs",
                    "parentRefs",
                    "backendRefs",
                    "to",
                    "tls",
                    "hosts",
                    "host",
                    "gateways",
                    "servers",
                    "routes",
                    "match",
                    "services",
                    "targetPort",
                    "listeners",
                    "allowedRoutes",
                    "namespaces",
                    "from",
                    "kinds",
                    "filters",
                    "requestMirror",
                    "backendRef",
                    "hostnames",
                    "destination",
                    "route",
                    "tcp",
                    "subject",
                    "template",
                    "spec",
                    "containers",
                    "image",
                    "args",
                    "externalName",
                    "template",
                    "metadata",
                    "labels",
                    "nodeSets",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)
KINDS = [
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "Ingress"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
    ("route.openshift.io/v1", "Route"),
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1", "Gateway"),
    ("traefik.io/v1alpha1", "IngressRoute"),
    ("postgresql.cnpg.io/v1", "Cluster"),
    ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("apps/v1", "Deployment"),
]
MINE = {
    "entry-only-through-gateway",
    "datastores-are-private",
    "namespaces-deny-by-default",
    "datastores-reached-only-by-approved",
    "public-hosts-use-tls",
}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(KINDS), ANYTHING), min_size=1, max_size=4))
def test_no_shape_of_an_entry_crashes(drawn: list[tuple[tuple[str, str], Any]]) -> None:
    """Wrong types anywhere end in a verdict, not in a traceback."""
    objects = load(BACK) + [
        {"apiVersion": api, "kind": kind, "metadata": {"name": "web", "namespace": "app"}, "spec": spec, "data": spec}
        for (api, kind), spec in drawn
    ]
    found = inventory(objects)
    made, config = workloads(found), Config()
    known = {
        "inventory": found,
        "workloads": made,
        "config": config,
        "datastores": datastores(found, made, config),
        "network": network(found, made, operated(found)),
        "exposures": exposures(found, made, operated(found)),
        "public_hosts": public_hosts(found),
    }
    for check in CHECKS:
        if check.name in MINE:
            import contextlib
            import inspect

            from kfm_checks.errors import NotVerified

            with contextlib.suppress(NotVerified):
                list(check.function(**{name: known[name] for name in inspect.signature(check.function).parameters}))
