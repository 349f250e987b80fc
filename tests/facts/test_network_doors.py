"""Every kind of door, by what is behind it: hosts, the place in the object, ports, or why it leads nowhere."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from kfm_checks.facts.network import exposures
from kfm_checks.facts.network.entries import service_name
from kfm_checks.facts.network.ports import text
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.workloads import workloads

#: (means, hosts, pointer's last step, destination or note, ports in words)
Seen = tuple[str, tuple[str, ...], Any, str, str]

BACK = """
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: app}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: main}, {name: dns, port: 53, protocol: UDP, targetPort: 5353}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: app, labels: {app: web}}, spec: {containers: [{name: w, image: w, ports: [{name: main, containerPort: 8080}]}]}}
---
"""
WEB, HTTP, DNS = "app/Pod/web", "TCP 8080", "UDP 5353"


def alias(name: str, to: str, ports: str = "[]") -> str:
    """An ExternalName Service of the namespace app."""
    spec = f"{{type: ExternalName, externalName: {to}, ports: {ports}}}"
    return f"---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: app}}, spec: {spec}}}\n"


def ingress(service: str, port: str = "{number: 80}", api: str = "networking.k8s.io/v1") -> str:
    """An Ingress to a Service of the namespace app."""
    backend = f"{{service: {{name: {service}, port: {port}}}}}"
    rules = f"[{{host: a.example, http: {{paths: [{{backend: {backend}}}]}}}}]"
    return (
        f"---\n{{apiVersion: {api}, kind: Ingress, metadata: {{name: i, namespace: app}}, spec: {{rules: {rules}}}}}\n"
    )


def custom(api: str, kind: str, spec: str, namespace: str = "app") -> str:
    """Some object."""
    return f"---\n{{apiVersion: {api}, kind: {kind}, metadata: {{name: i, namespace: {namespace}}}, spec: {spec}}}\n"


def config_map(name: str, namespace: str, value: str = "app/web:80") -> str:
    """A ConfigMap of one entry."""
    return f"---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: {namespace}}}, data: {{'53': '{value}'}}}}\n"


def pod(spec: str) -> str:
    """A pod of the namespace node."""
    return f"---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: node}}, spec: {spec}}}\n"


GATEWAY = (
    "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: edge}, spec: {listeners: [%s]}}\n"
    "---\n{apiVersion: v1, kind: Namespace, metadata: {name: app, labels: {team: a}}}\n"
)
A = ("a.example",)
CASES: dict[str, tuple[str, list[Seen]]] = {
    "an alias of a Service, its port by number": (
        alias("other", "web.app.svc.cluster.local", "[{name: x, port: 80}]") + ingress("other"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an Ingress to a bucket": (
        custom("networking.k8s.io/v1", "Ingress", "{rules: [{host: a.example, http: {paths: [{backend: {resource: {kind: Bucket, name: b}}}]}}]}"),
        [("Ingress", A, "backend", "the backend is no Service", "no port")],
    ),
    "an alias whose port name is its own": (
        alias("other", "web.app.svc.cluster.local", "[{name: y, port: 1}, {name: x, port: 80}]")
        + ingress("other", "{name: x}"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an alias whose targetPort wins": (
        alias("other", "web.app", "[{name: x, port: 9, targetPort: 80}]") + ingress("other", "{name: x}"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an alias whose targetPort wins over its number": (
        alias("other", "web.app", "[{name: x, port: 9, targetPort: 80}]") + ingress("other", "{number: 9}"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an alias whose targetPort is a name": (
        alias("other", "web.app", "[{port: 80, targetPort: nobody}]") + ingress("other", "{number: 80}"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "a Route to a word that two ports carry": (
        "---\n{apiVersion: v1, kind: Service, metadata: {name: two, namespace: app}, spec: {selector: {app: web}, ports: [{name: main, port: 1, targetPort: 9}, {name: b, port: 2, targetPort: main}]}}\n"
        + custom("route.openshift.io/v1", "Route", "{host: a.example, to: {kind: Service, name: two}, port: {targetPort: main}}"),
        [("Route", A, "to", WEB, "TCP 9"), ("Route", A, "to", WEB, HTTP)],
    ),
    "a Route to a number of the Service's": (
        custom("route.openshift.io/v1", "Route", "{host: a.example, to: {kind: Service, name: web}, port: {targetPort: 80}}"),
        [("Route", A, "to", WEB, HTTP)],
    ),
    "a route to another group's Service, and one that spells the core group as null": (
        custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g}], hostnames: [1, a.example], rules: [{backendRefs: [{group: x.io, kind: Service, name: web, port: 80}, {group: null, name: web, port: 80}]}]}"),
        [("HTTPRoute", A, 0, "the backend is a Service", "no port"), ("HTTPRoute", A, 1, WEB, HTTP)],
    ),
    "a port of the node in UDP by a pod, and one of the node's network before it": (
        pod("{hostNetwork: true, containers: [{name: a, image: a, ports: [{containerPort: 53, protocol: UDP}]}]}"),
        [("hostNetwork", (), "hostNetwork", "node/Pod/p", "UDP 53")],
    ),
    "an alias of a port that it does not list": (
        alias("other", "web.app", "[{name: x, port: 9}]") + ingress("other", "{name: http}"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an alias of an alias": (
        alias("one", "two.app") + alias("two", "web.app") + ingress("one"),
        [("Ingress", A, "backend", WEB, HTTP)],
    ),
    "an alias of something outside": (
        alias("other", "db.example.org") + ingress("other"),
        [("Ingress", A, "backend", "alias of db.example.org, outside", "no port")],
    ),
    "two aliases of each other": (
        alias("one", "two.app") + alias("two", "one.app") + ingress("one"),
        [("Ingress", A, "backend", "an alias of", "no port")],
    ),
    "a Service that is not there": (ingress("gone"), [("Ingress", A, "backend", "app/Service/gone is not in the render", "no port")]),
    "a port that the Service does not have": (
        ingress("web", "{number: 81}"),
        [("Ingress", A, "backend", "leads to no pod of the render on this port", "no port")],
    ),
    "an Ingress of long ago": (
        "---\n{apiVersion: extensions/v1beta1, kind: Ingress, metadata: {name: i, namespace: app}, spec: {backend: {serviceName: web, servicePort: http}}}\n",
        [("Ingress", (), "backend", WEB, HTTP)],
    ),
    "an Ingress to an action of the controller": (
        ingress("web", "{name: use-annotation}"),
        [("Ingress", A, "backend", "an annotation of the controller's own", "no port")],
    ),
    "a load balancer with names": (
        "---\n{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: app, annotations: {external-dns.alpha.kubernetes.io/hostname: 'b.example, a.example,'}}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 53, protocol: UDP}]}}\n",
        [("LoadBalancer", ("a.example", "b.example"), "type", WEB, "UDP 53")],
    ),
    "external addresses": (
        "---\n{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: app}, spec: {externalIPs: [192.0.2.1], selector: {app: web}, ports: [{port: 53}]}}\n",
        [("externalIPs", (), "externalIPs", WEB, "TCP 53")],
    ),
    "an empty list of external addresses": (
        "---\n{apiVersion: v1, kind: Service, metadata: {name: lb, namespace: app}, spec: {externalIPs: [], selector: {app: web}, ports: [{port: 53}]}}\n",
        [],
    ),
    "the node's network, and a port of the node": (
        pod("{hostNetwork: true, containers: [{name: a, image: a, ports: [{containerPort: 9100}]}]}")
        + "---\n{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: node}, spec: {containers: [{name: a, image: a, ports: [{containerPort: 1}, {containerPort: 53, hostPort: 53, protocol: UDP}, {containerPort: 80, hostPort: 8080}]}]}}\n",
        [
            ("hostNetwork", (), "hostNetwork", "node/Pod/p", "TCP 9100"),
            ("hostPort", (), "hostPort", "node/Pod/q", "UDP 53"),
            ("hostPort", (), "hostPort", "node/Pod/q", "TCP 80"),
        ],
    ),
    "the node's network without a port declared": (
        pod("{hostNetwork: true, containers: [{name: a, image: a}]}"),
        [("hostNetwork", (), "hostNetwork", "node/Pod/p", "all ports")],
    ),
    "a port of the node's own loopback": (
        pod("{containers: [{name: a, image: a, ports: [{containerPort: 80, hostPort: 80, hostIP: 127.0.0.1}, {containerPort: 81, hostPort: 81, hostIP: '::1'}, {containerPort: 82, hostPort: 82, hostIP: 192.0.2.1}]}]}"),
        [("hostPort", (), "hostPort", "node/Pod/p", "TCP 82")],
    ),
    "a UDPRoute": (
        custom("gateway.networking.k8s.io/v1alpha2", "UDPRoute", "{parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 53}]}]}"),
        [("UDPRoute", (), 0, WEB, DNS)],
    ),
    "a route of the mesh and of a Gateway": (
        custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{group: '', kind: Service, name: web}, {name: g}], hostnames: [a.example], rules: [{backendRefs: [{name: web, port: 80}]}]}"),
        [("HTTPRoute", A, 0, WEB, HTTP)],
    ),
    "a backend that is no Service, and one that is": (
        custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g}], rules: [{backendRefs: [{group: x.io, kind: Bucket, name: b}, {group: '', kind: Service, name: web, port: 80}]}]}"),
        [("HTTPRoute", (), 0, "the backend is a Bucket", "no port"), ("HTTPRoute", (), 1, WEB, HTTP)],
    ),
    "requests mirrored": (
        custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g}], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}]}]}"),
        [("HTTPRoute", (), "backendRef", WEB, HTTP)],
    ),
    "a Gateway that chooses namespaces by label": (
        GATEWAY % "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}"
        + custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"),
        [("HTTPRoute", (), 0, WEB, HTTP)],
    ),
    "a Gateway that chooses other namespaces": (
        GATEWAY % "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: b}}}}}"
        + custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"),
        [],
    ),
    "a Gateway whose selector can't be read": (
        GATEWAY % "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: Is}]}}}}"
        + custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"),
        [],
    ),
    "a Gateway for its own namespace alone, which is the default": (
        GATEWAY % "{name: a, port: 80, protocol: HTTP}"
        + custom("gateway.networking.k8s.io/v1", "HTTPRoute", "{parentRefs: [{name: g, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}"),
        [],
    ),
    "a Route by its subdomain": (
        custom("route.openshift.io/v1", "Route", "{subdomain: front, to: {kind: Service, name: web}, port: {targetPort: 80}}"),
        [("Route", ("front",), "to", WEB, HTTP)],
    ),
    "a Route by the name of the Service's port": (
        custom("route.openshift.io/v1", "Route", "{host: a.example, to: {kind: Service, name: web}, port: {targetPort: http}}"),
        [("Route", A, "to", WEB, HTTP)],
    ),
    "a VirtualService by http and tls, with a destination outside first": (
        custom(
            "networking.istio.io/v1",
            "VirtualService",
            "{gateways: [mesh, g], hosts: [a.example], http: [{route: [{destination: {host: api.example.org}}, {destination: {host: web, port: {number: 80}}}]}], tls: [{route: [{destination: {host: web.app, port: {number: 53}}}]}]}",
        ),
        [
            ("VirtualService", A, "host", "the destination is no Service", "no port"),
            ("VirtualService", A, "host", WEB, HTTP),
            ("VirtualService", A, "host", WEB, DNS),
        ],
    ),
    "an IngressRoute to a TraefikService, then to a Service of another namespace": (
        custom(
            "traefik.io/v1alpha1",
            "IngressRoute",
            "{routes: [{match: 'Host(`a.example`)', services: [{kind: TraefikService, name: t}, {name: web, namespace: app, port: 80}]}]}",
            "edge",
        ),
        [
            ("IngressRoute", A, 0, "the backend is a TraefikService", "no port"),
            ("IngressRoute", A, 1, WEB, HTTP),
        ],
    ),
    "an IngressRouteUDP of the older group": (
        custom("traefik.containo.us/v1alpha1", "IngressRouteUDP", "{routes: [{services: [{name: web, port: 53}]}]}"),
        [("IngressRouteUDP", (), 0, WEB, DNS)],
    ),
    "an IngressRouteTCP for any name": (
        custom("traefik.io/v1alpha1", "IngressRouteTCP", "{routes: [{match: 'HostSNI(`*`)', services: [{name: web, port: 80}]}]}"),
        [("IngressRouteTCP", (), 0, WEB, HTTP)],
    ),
    "ingress-nginx by its argument": (
        pod("{containers: [{name: c, image: c, args: [/controller, --tcp-services-configmap=$(POD_NAMESPACE)/open]}]}")
        + config_map("open", "node")
        + config_map("open", "elsewhere"),
        [("ConfigMap", (), "53", WEB, HTTP)],
    ),
    "ingress-nginx by its command and another namespace": (
        pod("{containers: [{name: c, image: c, command: [--udp-services-configmap=other/open]}]}") + config_map("open", "other", "app/web:dns"),
        [("ConfigMap", (), "53", WEB, DNS)],
    ),
    "ingress-nginx by the name alone": (config_map("udp-services", "ingress-nginx"), [("ConfigMap", (), "53", WEB, HTTP)]),
    "ingress-nginx by its chart's name": (config_map("ingress-nginx-udp", "my-ingress"), [("ConfigMap", (), "53", WEB, HTTP)]),
    "a map of that name elsewhere": (config_map("tcp-services", "app"), []),
    "another map beside a controller": (config_map("settings", "ingress-nginx"), []),
    "a map that names no Service": (
        config_map("tcp-services", "ingress-nginx", "nonsense"),
        [("ConfigMap", (), "53", "the value names no Service", "no port")],
    ),
}  # fmt: skip


def _there(value: Any, path: tuple[Any, ...]) -> bool:
    """Whether a path leads to something in an object: evidence points at it."""
    for step in path:
        value = value[step]
    return value is not None


@pytest.mark.parametrize("name", CASES)
def test_a_door(name: str) -> None:
    """What opens it, for which hosts, at which place; the pods and ports behind it, or why there are none."""
    source, wanted = CASES[name]
    found = inventory([one for one in yaml.safe_load_all(BACK + source) if one])
    seen = [
        (door.means, door.hosts, door.path[-1], door.destination, door.note, text(door.ports))
        for door in exposures(found, workloads(found), ())
    ]
    assert len(seen) == len(wanted), seen
    assert all(_there(door.entry, door.path) for door in exposures(found, workloads(found), ()))
    for means, hosts, last, leads, ports in wanted:
        matching = [one for one in seen if one[:3] == (means, hosts, last) and one[5] == ports]
        assert any(one[3] == leads or (not one[3] and leads in one[4]) for one in matching), (leads, seen)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("web", ("here", "web")),
        ("web.app", ("app", "web")),
        ("web.app.svc", ("app", "web")),
        ("web.app.svc.cluster.local.", ("app", "web")),
        ("api.example.org", None),
        ("a.b.c.d.svc", None),
        ("", None),
    ],
)
def test_names_of_services(host: str, place: tuple[str, str] | None) -> None:
    """Short and long names of Services are told from hosts outside."""
    assert service_name(host, "here") == place


GRANTS: list[tuple[str, bool]] = [
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}], to: [{group: '', kind: Service}]}", True),
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}], to: [{kind: Service, name: web}]}", True),
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}], to: [{kind: Service, name: other}]}", False),
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}], to: [{kind: Secret}]}", False),
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: edge}], to: [{group: x.io, kind: Service}]}", False),
    ("{from: [{group: gateway.networking.k8s.io, kind: GRPCRoute, namespace: edge}], to: [{kind: Service}]}", False),
    ("{from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: app}], to: [{kind: Service}]}", False),
    ("{from: [], to: [{kind: Service}]}", False),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "permitted"), GRANTS)
def test_a_grant_permits_what_it_names(spec: str, permitted: bool) -> None:
    """A reference into another namespace needs a grant there, for this kind of route and this Service; one elsewhere is none."""
    elsewhere = custom("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", GRANTS[0][0], "other")
    grant = custom("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", spec)
    refs = "{parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, namespace: app, port: 80}]}]}"
    route = custom("gateway.networking.k8s.io/v1", "HTTPRoute", refs, "edge")
    found = inventory([one for one in yaml.safe_load_all(BACK + elsewhere + grant + route) if one])
    (door,) = exposures(found, workloads(found), ())
    assert (door.destination == WEB) is permitted
    assert ("no ReferenceGrant" in door.note) is not permitted
