"""The section *How ordinary cases are judged* of the requirements, line by line.

For each sentence a well-run case that stays green (or honestly not verified), and a sloppy one that does not. The
objects are written short: what is not in question is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfm_checks.config import parse_settings
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import CheckResult
from kfm_checks.run import Options, check_objects, judge
from tests.conftest import AS_OF

DIGEST = "sha256:" + "a" * 64
HTTP = {"httpGet": {"path": "/", "port": 80}}
PROBES = {"livenessProbe": HTTP, "readinessProbe": HTTP}
AMOUNTS = {"cpu": "1", "memory": "1Gi"}
REPOSITORY = "https://git.example.org/acme/infra"


def obj(api: str, kind: str, name: str, namespace: str = "app", /, **body: Any) -> dict[str, Any]:
    """An object; a namespace of "" leaves it out."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **body.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **body}


def box(name: str = "main", **body: Any) -> dict[str, Any]:
    """A container."""
    return {"name": name, "image": f"registry.example.org/{name}@{DIGEST}", **body}


def work(kind: str, name: str, *containers: dict[str, Any], namespace: str = "app", **pod: Any) -> dict[str, Any]:
    """A workload; ``replicas`` goes to its spec, the rest to its pods'."""
    api = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    replicas = {"replicas": pod.pop("replicas")} if "replicas" in pod else {}
    spec = {"containers": list(containers) or [box()], **pod}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    if kind == "Pod":
        return obj(api, kind, name, namespace, metadata={"labels": {"app": name}}, spec=spec)
    if kind == "CronJob":
        return obj(
            api, kind, name, namespace, spec={"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}
        )
    selector = {"selector": {"matchLabels": {"app": name}}}
    return obj(api, kind, name, namespace, spec={**replicas, **selector, "template": template})


def zone(name: str = "app", **labels: str) -> dict[str, Any]:
    """A Namespace."""
    return obj("v1", "Namespace", name, "", metadata={"labels": {"kubernetes.io/metadata.name": name, **labels}})


def service(name: str, namespace: str = "app", **spec: Any) -> dict[str, Any]:
    """A Service of the workload of the same name."""
    return obj("v1", "Service", name, namespace, spec={"selector": {"app": name}, "ports": [{"port": 80}], **spec})


def policy(name: str = "deny", namespace: str = "app", **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy, for all pods and both directions unless said otherwise."""
    body = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], **spec}
    return obj("networking.k8s.io/v1", "NetworkPolicy", name, namespace, spec=body)


def ingress(service: str, namespace: str = "app", host: str = "api.example.org", **spec: Any) -> dict[str, Any]:
    """An Ingress of one host to one Service."""
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = {"tls": [{"hosts": [host], "secretName": "tls"}]}
    return obj("networking.k8s.io/v1", "Ingress", service, namespace, spec={"rules": [rule], **tls, **spec})


def role(kind: str, name: str, rules: list[dict[str, Any]], namespace: str = "") -> dict[str, Any]:
    """A Role or ClusterRole."""
    return obj("rbac.authorization.k8s.io/v1", kind, name, namespace, rules=rules)


def bind(name: str, to: str, subject: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    """A RoleBinding (in a namespace) or ClusterRoleBinding to a ClusterRole."""
    group = "rbac.authorization.k8s.io"
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    ref = {"apiGroup": group, "kind": "ClusterRole", "name": to}
    return obj(f"{group}/v1", kind, name, namespace, roleRef=ref, subjects=[subject])


def account(name: str, namespace: str = "app") -> dict[str, Any]:
    """A service account as a subject."""
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def group(name: str) -> dict[str, Any]:
    """A group as a subject."""
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def store(**spec: Any) -> dict[str, Any]:
    """A ClusterSecretStore."""
    return obj("external-secrets.io/v1", "ClusterSecretStore", "vault", "", spec=spec)


@dataclass(frozen=True)
class Line:
    """One case of one sentence."""

    sentence: str
    check: str
    outcome: str
    objects: list[dict[str, Any]]
    config: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)

    def run(self) -> CheckResult:
        """What the check says."""
        config = parse_settings(self.config).config
        return check_objects(self.objects, only=[self.check], config=config, as_of=AS_OF, **self.inputs).result(
            self.check
        )


def lines(sentence: str, check: str, *cases: tuple[Any, ...], **config: Any) -> list[Line]:
    """Cases of one sentence: (outcome, objects), or (outcome, objects, settings of its own)."""
    return [Line(sentence, check, case[0], case[1], case[2] if len(case) > 2 else config) for case in cases]


SIDECAR = work("Deployment", "api", box(**PROBES), initContainers=[box("side", restartPolicy="Always", **PROBES)])
BARE_SIDECAR = work("Deployment", "api", box(**PROBES), initContainers=[box("side", restartPolicy="Always")])
INIT = work("Deployment", "api", box(**PROBES), initContainers=[box("init")], ephemeralContainers=[box("debug")])
DEFAULTS = obj(
    "v1", "LimitRange", "d", spec={"limits": [{"type": "Container", "default": AMOUNTS, "defaultRequest": AMOUNTS}]}
)
FULL = {"requests": AMOUNTS, "limits": AMOUNTS}
NO_CPU_LIMIT = {"requests": AMOUNTS, "limits": {"memory": "1Gi"}}
SPREAD = {
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "api"}},
        }
    ]
}
BUDGET = obj(
    "policy/v1", "PodDisruptionBudget", "api", spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "api"}}}
)
TEMPLATE = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}, "maxReplicas": 9}
CRITICAL = {"workloads": {"critical": ["app/Deployment/api"]}}


def hpa(minimum: int) -> dict[str, Any]:
    """An autoscaler of api."""
    return obj("autoscaling/v2", "HorizontalPodAutoscaler", "api", spec={**TEMPLATE, "minReplicas": minimum})


NAMESPACES = [
    *lines(
        "the ones that the overlay declares are judged; kube-* never",
        "namespaces-enforce-pod-security",
        ("pass", [zone(**{"pod-security.kubernetes.io/enforce": "baseline"}), zone("kube-system")]),
        ("fail", [zone(), zone("kube-system")]),
    ),
    *lines(
        "platform namespaces by the exceptions declared for them",
        "pods-meet-baseline",
        ("pass", [work("Pod", "api"), work("DaemonSet", "cni", namespace="net", hostNetwork=True)]),
        ("fail", [work("Pod", "api"), work("DaemonSet", "cni", namespace="other", hostNetwork=True)]),
        workloads={"platform-namespaces": ["net"]},
    ),
    *lines(
        "a namespace only used and not declared is shown",
        "namespaces-are-known",
        ("pass", [zone(), work("Pod", "api", namespace="elsewhere")]),
        ("fail", [zone(), work("Pod", "api", namespace="")]),
    ),
]
OTHER_MEANS = [
    *lines(
        "RAIL-01 by other means: not verified, not failed, when such an object is there",
        "namespaces-have-quota",
        ("not-verified", [zone(), obj("capsule.clastix.io/v1beta2", "Tenant", "t", "", spec={})]),
        ("fail", [zone(), obj("v1", "ConfigMap", "quota-operator", data={"a": "b"})]),
    ),
    *lines(
        "RAIL-08 by other means: not verified, not failed, when such an object is there",
        "namespaces-enforce-pod-security",
        (
            "not-verified",
            [zone(), obj("constraints.gatekeeper.sh/v1beta1", "K8sPSPPrivilegedContainer", "p", "", spec={})],
        ),
        ("fail", [zone(), obj("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels", "p", "", spec={})]),
        # A namespace that says "privileged" itself is not governed by other means: it has opted out.
        (
            "fail",
            [
                zone(**{"pod-security.kubernetes.io/enforce": "privileged"}),
                obj("constraints.gatekeeper.sh/v1beta1", "K8sPSPPrivilegedContainer", "p", "", spec={}),
            ],
        ),
    ),
]
PROBED = [
    *lines(
        "every regular container of Deployments, StatefulSets, DaemonSets, and sidecars",
        "workloads-have-liveness-probe",
        ("pass", [SIDECAR, work("StatefulSet", "db", box(**PROBES)), work("DaemonSet", "agent", box(**PROBES))]),
        ("fail", [BARE_SIDECAR]),
        ("fail", [work("Deployment", "api", box("side", **PROBES), box())]),
        ("fail", [work("DaemonSet", "agent")]),
    ),
    *lines(
        "Jobs, CronJobs, init and ephemeral containers are not applicable",
        "workloads-have-readiness-probe",
        ("not-applicable", [work("Job", "j"), work("CronJob", "c")]),
        ("pass", [INIT]),
        ("fail", [work("Deployment", "api", initContainers=[box("init", **PROBES)])]),
    ),
    *lines(
        "a startup probe is not a liveness probe",
        "workloads-have-liveness-probe",
        ("pass", [work("Deployment", "api", box(startupProbe=HTTP, **PROBES))]),
        ("fail", [work("Deployment", "api", box(startupProbe=HTTP, readinessProbe=HTTP))]),
    ),
]
RESOURCES = [
    *lines(
        "pod-level resources count; ephemeral containers don't",
        "containers-set-limits",
        ("pass", [work("Deployment", "api", resources=FULL, ephemeralContainers=[box("debug")])]),
        ("fail", [work("Deployment", "api", resources={"requests": AMOUNTS})]),
    ),
    *lines(
        "a LimitRange default is shown, and does not satisfy 'sets'",
        "containers-set-requests",
        ("pass", [work("Deployment", "api", box(resources=FULL)), DEFAULTS]),
        ("fail", [work("Deployment", "api"), DEFAULTS]),
    ),
    *lines(
        "thresholds.cpu-limits: memory-only is one governed exception",
        "containers-set-limits",
        ("pass", [work("Deployment", "api", box(resources=NO_CPU_LIMIT))], {"thresholds": {"cpu-limits": "memory-only"}}),
        ("fail", [work("Deployment", "api", box(resources=NO_CPU_LIMIT))]),
        ("fail", [work("Deployment", "api", box(resources={"requests": AMOUNTS, "limits": {"cpu": 1}}))],
         {"thresholds": {"cpu-limits": "memory-only"}}),
    ),
]  # fmt: skip
AVAILABLE = [
    *lines(
        "HPA minReplicas decide (RAIL-04)",
        "critical-workloads-have-disruption-budget",
        ("pass", [work("Deployment", "api", replicas=1), hpa(2), BUDGET]),
        ("fail", [work("Deployment", "api", replicas=5), hpa(1), BUDGET]),
        **CRITICAL,
    ),
    *lines(
        "HPA minReplicas decide (RAIL-05)",
        "critical-workloads-are-spread",
        ("pass", [work("Deployment", "api", replicas=1, **SPREAD), hpa(2)]),
        ("fail", [work("Deployment", "api", replicas=5, **SPREAD), hpa(1)]),
        **CRITICAL,
    ),
    *lines(
        "declared singletons are named and need a waiver",
        "critical-workloads-are-spread",
        ("pass", [work("Deployment", "api", replicas=2, **SPREAD)], CRITICAL),
        ("fail", [work("Deployment", "api", replicas=1)],
         {"workloads": {"critical": ["app/Deployment/api"], "singletons": ["app/Deployment/api"]}}),
    ),
    *lines(
        "undeclared criticality is not verified",
        "critical-workloads-roll-out-progressively",
        ("not-verified", [work("Deployment", "api", replicas=2)]),
        ("pass", [work("Deployment", "api", replicas=2)], CRITICAL),
    ),
]  # fmt: skip
IMAGES = [
    *lines(
        "a tag counts as pinned where its registry is declared to have immutable tags",
        "images-are-pinned-by-digest",
        ("pass", [work("Pod", "p", {"name": "a", "image": "registry.example.org/kfm/api:1.2"})]),
        ("fail", [work("Pod", "p", {"name": "a", "image": "registry.example.org.evil.example/kfm/api:1.2"})]),
        ("fail", [work("Pod", "p", {"name": "a", "image": "registry.example.org/kfm/api:latest"})]),
        images={"immutable-tags": ["registry.example.org/kfm"]},
    ),
    *lines(
        "latest@sha256 passes the digest check and fails none",
        "images-are-pinned-by-digest",
        ("pass", [work("Pod", "p", {"name": "a", "image": f"api:latest@{DIGEST}"})]),
        ("fail", [work("Pod", "p", {"name": "a", "image": "api:latest"})]),
    ),
    *lines(
        "latest@sha256 fails none",
        "images-are-not-latest",
        ("pass", [work("Pod", "p", {"name": "a", "image": f"api:latest@{DIGEST}"})]),
        ("fail", [work("Pod", "p", {"name": "a", "image": "api"})]),
    ),
    *lines(
        "declared placeholders are not verified",
        "images-are-pinned-by-digest",
        ("not-verified", [work("Pod", "p")], {"images": {"placeholders": [DIGEST]}}),
        ("fail", [work("Pod", "p", box("a"), {"name": "b", "image": "b:1"})], {"images": {"placeholders": [DIGEST]}}),
    ),
    *lines(
        "image-updater write-back outside git is not verified",
        "images-are-pinned-by-digest",
        ("not-verified", [work("Pod", "p"), obj("argoproj.io/v1alpha1", "Application", "a", "argocd", metadata={
            "annotations": {"argocd-image-updater.argoproj.io/image-list": "registry.example.org/main"}})]),
        ("pass", [work("Pod", "p"), obj("argoproj.io/v1alpha1", "Application", "a", "argocd", metadata={
            "annotations": {"argocd-image-updater.argoproj.io/image-list": "registry.example.org/main",
                            "argocd-image-updater.argoproj.io/write-back-method": "git"}})]),
    ),
]  # fmt: skip
CONTROLLER = work(
    "Deployment",
    "nginx",
    {"name": "c", "image": f"registry.k8s.io/ingress-nginx/controller@{DIGEST}"},
    namespace="edge",
)
GATE = {"entry": {"gateways": ["app/Deployment/api"]}}
API = [work("Deployment", "api"), service("api")]
WEB = [work("Deployment", "web"), service("web")]
ROUTES: list[tuple[str, dict[str, Any]]] = [
    ("TCPRoute", obj("gateway.networking.k8s.io/v1alpha2", "TCPRoute", "r", spec={
        "parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]})),
    ("TLSRoute", obj("gateway.networking.k8s.io/v1alpha2", "TLSRoute", "r", spec={
        "parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]})),
    ("GRPCRoute", obj("gateway.networking.k8s.io/v1", "GRPCRoute", "r", spec={
        "parentRefs": [{"name": "g"}], "rules": [{"backendRefs": [{"name": "web", "port": 80}]}]})),
    ("VirtualService", obj("networking.istio.io/v1", "VirtualService", "r", spec={
        "hosts": ["w.example.org"], "gateways": ["g"],
        "http": [{"route": [{"destination": {"host": "web", "port": {"number": 80}}}]}]})),
    ("IngressRoute", obj("traefik.io/v1alpha1", "IngressRoute", "r", spec={
        "entryPoints": ["websecure"], "routes": [{"match": "Host(`w.example.org`)", "kind": "Rule",
                                                  "services": [{"name": "web", "port": 80}]}]})),
    ("OpenShift Route", obj("route.openshift.io/v1", "Route", "r", spec={
        "host": "w.example.org", "to": {"kind": "Service", "name": "web"}})),
    ("ingress-nginx tcp-services", obj("v1", "ConfigMap", "tcp-services", "ingress-nginx", data={"9000": "app/web:80"})),
]  # fmt: skip
ENTRY = [
    *lines(
        "the gateway's or ingress controller's own LoadBalancer and its node ports are the entry",
        "entry-only-through-gateway",
        ("pass", [CONTROLLER, service("nginx", "edge", type="LoadBalancer", ports=[{"port": 443, "nodePort": 30443}]), *API]),
        ("fail", [*WEB[:1], service("web", type="LoadBalancer"), *API]),
        ("fail", [*WEB[:1], service("web", type="NodePort"), *API]),
        ("fail", [*WEB[:1], service("web", externalIPs=["192.0.2.1"]), *API]),
        **GATE,
    ),
    *lines(
        "declared operator interfaces pass on their hosts",
        "entry-only-through-gateway",
        ("pass", [*WEB, ingress("web", host="ops.example.org")], {"entry": {**GATE["entry"], "operator-hosts": ["ops.example.org"]}}),
        ("fail", [*WEB, ingress("web", host="www.example.org")], {"entry": {**GATE["entry"], "operator-hosts": ["ops.example.org"]}}),
    ),
    *(
        Line(f"{name} counts as exposure", "entry-only-through-gateway", "fail", [*API, *WEB, route], GATE)
        for name, route in ROUTES
    ),
    *lines(
        "ExternalName counts as exposure",
        "entry-only-through-gateway",
        ("fail", [*WEB, obj("v1", "Service", "alias", "edge", spec={"type": "ExternalName", "externalName": "web.app.svc.cluster.local"}),
                  ingress("alias", "edge")]),
        ("pass", [*API, *WEB, ingress("api")]),
        **GATE,
    ),
    *lines(
        "kinds that expose and can't be read: not verified",
        "entry-only-through-gateway",
        ("not-verified", [*API, ingress("api"), obj("projectcontour.io/v1", "HTTPProxy", "p", spec={})]),
        **GATE,
    ),
]  # fmt: skip
DB = work(
    "StatefulSet",
    "db",
    {"name": "db", "image": f"postgis/postgis@{DIGEST}", "ports": [{"containerPort": 5432}]},
    namespace="data",
)
CLOUDNATIVE = obj("postgresql.cnpg.io/v1", "Cluster", "pg", "data", spec={"instances": 3})
QDRANT = obj("qdrant.io/v1", "QdrantCluster", "vectors", "data", spec={})
SHUT = policy("shut", "data", policyTypes=["Ingress"])
STORES = {"datastores": [{"workload": "data/StatefulSet/db", "ports": [5432], "clients": ["app/Deployment/api"]}]}
NODE = work("DaemonSet", "agent", hostNetwork=True)
OPEN_TO_API = policy("api", "data", policyTypes=["Ingress"], ingress=[{"from": [
    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "app"}}, "podSelector": {"matchLabels": {"app": "api"}}}]}])  # fmt: skip
DATA = [
    *lines(
        "no datastore found is not verified, never not applicable (MEM-02)",
        "datastores-are-private",
        ("not-verified", API),
        ("pass", [*API, DB]),
        ("fail", [*API, DB, service("db", "data", type="NodePort")]),
    ),
    *lines(
        "no datastore found is not verified, never not applicable (MEM-04)",
        "datastores-reached-only-by-approved",
        ("not-verified", API),
        ("pass", [*API, DB, OPEN_TO_API], STORES),
        ("fail", [*API, *WEB, DB], STORES),
    ),
    *lines(
        "an operator's datastore: judged by the labels its operator documents, else not verified",
        "datastores-reached-only-by-approved",
        ("pass", [CLOUDNATIVE, SHUT], {"datastores": [{"workload": "data/Cluster/pg", "clients": []}]}),
        ("fail", [CLOUDNATIVE], {"datastores": [{"workload": "data/Cluster/pg", "clients": []}]}),
        ("not-verified", [QDRANT, SHUT], {"datastores": [{"workload": "data/QdrantCluster/vectors", "clients": []}]}),
    ),
    *lines(
        "the node's network: what a policy does there is undefined",
        "datastores-reached-only-by-approved",
        ("not-verified", [DB, NODE, SHUT], STORES),
        ("pass", [DB, NODE, SHUT], {**STORES, "workloads": {"platform-namespaces": ["app"]}}),
        ("fail", [DB, NODE], STORES),
    ),
]
DNS = policy("dns", policyTypes=["Egress"], egress=[{"ports": [{"protocol": "UDP", "port": 53}]}])
DENY = [
    *lines(
        "deny-all plus DNS passes, deny-all without DNS passes with a warning; a policy that allows everything undoes it",
        "namespaces-deny-by-default",
        ("pass", [zone(), work("Deployment", "api"), policy(), DNS]),
        ("pass", [zone(), work("Deployment", "api"), policy()]),
        ("fail", [zone(), work("Deployment", "api"), policy(), policy("open", ingress=[{}])]),
        ("fail", [zone(), work("Deployment", "api"), policy("deny-all", podSelector={"matchLabels": {"app": "web"}})]),
        ("fail", [zone(), work("Deployment", "api"), policy("deny-all", policyTypes=["Ingress"])]),
    ),
    *lines(
        "policies of kinds not evaluated that touch the namespace: not verified",
        "namespaces-deny-by-default",
        *(
            (
                "not-verified",
                [
                    zone(),
                    work("Deployment", "api"),
                    policy(),
                    obj(api, kind, "x", namespace, spec={"subject": {"namespaces": {}}}),
                ],
            )
            for api, kind, namespace in (
                ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""),
                ("cilium.io/v2", "CiliumNetworkPolicy", "app"),
                ("projectcalico.org/v3", "NetworkPolicy", "app"),
            )
        ),
        (
            "pass",
            [
                zone(),
                work("Deployment", "api"),
                policy(),
                obj("cilium.io/v2", "CiliumNetworkPolicy", "x", "other", spec={}),
            ],
        ),
    ),
]
SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}
DEPLOYS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}
PERSONAS = {"personas": {"platform-operator": ["Group:ops", "ServiceAccount:argocd/controller"]}}
READS_ALL = {"provider": {"vault": {"server": "https://v.example.org"}}}
REFERENT = {"provider": {"vault": {"server": "https://v.example.org", "auth": {"kubernetes": {
    "mountPath": "kubernetes", "role": "r", "serviceAccountRef": {"name": "caller"}}}}}}  # fmt: skip
ACCESS = [
    *lines(
        "the built-in roles are resolved though absent from the render (MEM-06)",
        "rbac-has-no-escalation",
        ("pass", [bind("v", "view", account("robot"), "app")]),
        ("fail", [bind("e", "edit", account("robot"), "app")]),
        ("fail", [bind("a", "cluster-admin", account("robot"))]),
        ("pass", [bind("a", "cluster-admin", group("ops"))]),
        **PERSONAS,
    ),
    *lines(
        "platform controllers are classified as platform operators when declared (MEM-06)",
        "rbac-has-no-escalation",
        ("pass", [bind("a", "cluster-admin", account("controller", "argocd"))]),
        ("fail", [bind("a", "cluster-admin", account("controller", "argo"))]),
        **PERSONAS,
    ),
    *lines(
        "the built-in roles are resolved (SEC-03)",
        "secrets-are-isolated",
        ("pass", [zone(), zone("data"), bind("v", "view", account("robot"), "data")]),
        ("fail", [zone(), zone("data"), bind("v", "admin", account("robot"), "data")]),
        **PERSONAS,
    ),
    *lines(
        "ClusterSecretStore: conditions that name namespaces pass; `.*` or an empty selector fails",
        "secrets-are-isolated",
        ("pass", [zone(), store(**READS_ALL, conditions=[{"namespaces": ["app"]}])]),
        ("fail", [zone(), store(**READS_ALL, conditions=[{"namespaceRegexes": [".*"]}])]),
        ("fail", [zone(), store(**READS_ALL, conditions=[{"namespaceSelector": {}}])]),
    ),
    *lines(
        "no conditions pass only with a referent identity of the caller's",
        "secrets-are-isolated",
        ("pass", [zone(), store(**REFERENT)]),
        ("fail", [zone(), store(**READS_ALL)]),
    ),
    *lines(
        "replicators and reflectors count as readers",
        "secrets-are-isolated",
        ("fail", [zone(), obj("v1", "Secret", "s", metadata={"annotations": {"replicator.v1.mittwald.de/replicate-to": "*"}})]),
        ("fail", [zone(), obj("v1", "Secret", "s", metadata={"annotations": {
            "reflector.v1.k8s.emberstack.com/reflection-allowed": "true"}})]),
        ("pass", [zone(), obj("v1", "Secret", "s")]),
    ),
]  # fmt: skip
GATEWAY = [
    obj("gateway.networking.k8s.io/v1", "Gateway", "g", spec={"gatewayClassName": "x", "listeners": [
        {"name": "s", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "tls"}]}}]}),
    obj("gateway.networking.k8s.io/v1", "HTTPRoute", "r", spec={"hostnames": ["api.example.org"], "parentRefs": [{"name": "g"}],
        "rules": [{"backendRefs": [{"name": "api", "port": 80}]}]}),
]  # fmt: skip
PLAIN = obj("gateway.networking.k8s.io/v1", "Gateway", "g", spec={"gatewayClassName": "x", "listeners": [
    {"name": "p", "port": 80, "protocol": "HTTP"}]})  # fmt: skip
TLS = [
    *lines(
        "listeners of a Gateway count",
        "public-hosts-use-tls",
        ("pass", [*API, *GATEWAY]),
        ("fail", [*API, PLAIN, GATEWAY[1]]),
    ),
    *lines(
        "TLS at a cloud load balancer or a controller's default certificate: not verified",
        "public-hosts-use-tls",
        ("not-verified", [*API, ingress("api", tls=[{"hosts": ["api.example.org"]}])]),
        ("not-verified", [work("Deployment", "api"), service("api", type="LoadBalancer")]),
        ("fail", [*API, ingress("api", tls=[])]),
        ("pass", [*API, ingress("api")]),
    ),
]
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUX2V0\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nbm90IGEgcmVhbCBrZXkgYXQgYWxs\n-----END PRIVATE KEY-----\n"
ELSEWHERE = {"key": "password", "name": "db"}
CREDENTIALS = [
    *lines(
        "public certificates, CA bundles, digests, public keys, references and credential-free repository Secrets are none",
        "no-plaintext-credentials",
        (
            "pass",
            [
                obj("v1", "ConfigMap", "ca", data={"ca.crt": CERTIFICATE, "digest": DIGEST}),
                work("Pod", "p", box(env=[{"name": "PASSWORD", "valueFrom": {"secretKeyRef": ELSEWHERE}}])),
                obj("v1", "Secret", "repo", "argocd", metadata={"labels": {"argocd.argoproj.io/secret-type": "repository"}},
                    stringData={"type": "git", "url": "https://git.example.org/acme/infra"}),
            ],
        ),
        ("fail", [obj("v1", "ConfigMap", "ca", data={"ca.crt": CERTIFICATE, "tls.key": KEY})]),
        ("fail", [work("Pod", "p", box(env=[{"name": "PASSWORD", "value": "hunter2"}]))]),
        (
            "fail",
            [
                obj("v1", "Secret", "repo", "argocd", metadata={"labels": {"argocd.argoproj.io/secret-type": "repository"}},
                    stringData={"type": "git", "url": "https://git.example.org/acme/infra", "password": "hunter2"}),
            ],
        ),
    ),
    *lines(
        "`fake` and in-cluster `kubernetes` providers fail",
        "secrets-come-from-backend",
        ("pass", [store(**READS_ALL)]),
        ("fail", [store(provider={"fake": {"data": []}})]),
        ("fail", [store(provider={"kubernetes": {"remoteNamespace": "vault", "server": {"url": "https://kubernetes.default"}}})]),
    ),
    *lines(
        "certificates by cert-manager and passwords by an operator pass",
        "secrets-come-from-backend",
        ("pass", [obj("cert-manager.io/v1", "Certificate", "c", spec={"secretName": "tls"}), ingress("api")]),
        ("pass", [CLOUDNATIVE, work("Pod", "p", box(env=[{"name": "P", "valueFrom": {"secretKeyRef": {"name": "pg-app", "key": "password"}}}]),
                                    namespace="data")]),
        ("not-verified", [ingress("api")]),
    ),
]  # fmt: skip
CRD = obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.example.org", "", spec={
    "group": "example.org", "names": {"kind": "Thing", "plural": "things", "singular": "thing"}, "scope": "Namespaced",
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
        "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}}}]})  # fmt: skip
SCHEMAS = lines(
    "a kind without a schema makes the row not verified, by name, unless its CRD is in the render",
    "objects-match-schema",
    ("not-verified", [obj("example.org/v1", "Thing", "t", spec={"size": 1})]),
    ("pass", [CRD, obj("example.org/v1", "Thing", "t", spec={"size": 1})]),
    ("fail", [CRD, obj("example.org/v1", "Thing", "t", spec={"size": "one"})]),
)
GITOPS = {"gitops": {"repository": REPOSITORY, "path": "clusters/prod"}}


def application(name: str = "prod", revision: str = "main", **source: Any) -> dict[str, Any]:
    """An Argo CD Application that heals."""
    whole = {"repoURL": REPOSITORY, "targetRevision": revision, "path": "clusters/prod", **source}
    return obj("argoproj.io/v1alpha1", "Application", name, "argocd", spec={
        "project": "default", "source": {k: v for k, v in whole.items() if v is not None},
        "destination": {"server": "https://kubernetes.default.svc"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}}})  # fmt: skip


RECONCILED = [
    *lines(
        "the reconciling object absent from this repository: not verified",
        "overlay-is-reconciled",
        ("pass", [application()]),
        ("not-verified", [application(path="clusters/staging")]),
        ("not-verified", [zone()]),
        **GITOPS,
    ),
    *lines(
        "a controller that is neither Argo CD nor Flux: not verified",
        "overlay-is-reconciled",
        (
            "not-verified",
            [obj("fleet.cattle.io/v1alpha1", "GitRepo", "prod", "fleet", spec={"paths": ["clusters/prod"]})],
        ),
        **GITOPS,
    ),
    *lines(
        "a fixed tag or commit is a declared alternative to main",
        "reconciliation-tracks-main",
        ("pass", [application(revision="v1.4.0")], {"gitops": {**GITOPS["gitops"], "branch": "v1.4.0"}}),
        ("fail", [application(revision="v1.4.0")]),
        ("not-verified", [application(revision="HEAD")]),
        ("pass", [application()]),
        **GITOPS,
    ),
    *lines(
        "META-02: `in-cluster` is not a name",
        "cluster-name-is-known",
        ("not-verified", [{**application(), "spec": {**application()["spec"], "destination": {"name": "in-cluster"}}}]),
        ("pass", [{**application(), "spec": {**application()["spec"], "destination": {"name": "kansas-1"}}}]),
    ),
]
TWO_RENDERERS = [
    Line("one renderer against itself proves nothing", "render-is-reproducible", "not-verified", [zone()]),
    Line(
        "two renderers of different make", "render-is-reproducible", "pass", [zone()], {}, {"second_render": [zone()]}
    ),
    Line("two that differ", "render-is-reproducible", "fail", [zone()], {}, {"second_render": [zone("other")]}),
]
ALL = [
    *NAMESPACES, *OTHER_MEANS, *PROBED, *RESOURCES, *AVAILABLE, *IMAGES, *ENTRY, *DATA, *DENY, *ACCESS, *TLS, *CREDENTIALS,
    *SCHEMAS, *RECONCILED, *TWO_RENDERERS,
]  # fmt: skip


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=f"{number}-{line.check}-{line.outcome}") for number, line in enumerate(ALL)]
)
def test_sentence(line: Line) -> None:
    """The case comes out as the sentence says."""
    result = line.run()
    assert result.outcome == line.outcome, (
        line.sentence,
        result.reason,
        [e for e in result.evidence if e.holds is not True],
    )


def test_the_network_plugin_is_named() -> None:
    """NetworkPolicy verdicts assume a plugin that enforces them; the pages of the checks say so."""
    from kfm_checks.checks import CHECKS

    why = {check.name: " ".join(check.why.split()) for check in CHECKS}
    assert "assumes a network plugin that enforces NetworkPolicy" in why["namespaces-deny-by-default"]
    assert "assumes a network plugin that enforces NetworkPolicy" in why["datastores-reached-only-by-approved"]


# -- rendered from elsewhere: overlays in a folder ----------------------------------------------------------------------

PROBED_BASE = yaml.safe_dump(work("Deployment", "api", box(**PROBES)))
BARE_BASE = yaml.safe_dump(work("Deployment", "api"))
LIST = {"list": {"elements": [{"path": "apps/api"}, {"path": "apps/api"}]}}
GIT = {"git": {"repoURL": REPOSITORY, "revision": "main", "directories": [{"path": "apps/*"}]}}
MATRIX = {
    "matrix": {"generators": [{"list": {"elements": [{"unit": "api"}]}}, {"list": {"elements": [{"stage": "prod"}]}}]}
}


def application_set(generator: dict[str, Any], path: str) -> dict[str, Any]:
    """An ApplicationSet of one generator."""
    template = {"metadata": {"name": "x"}, "spec": application(path=path)["spec"]}
    return obj("argoproj.io/v1alpha1", "ApplicationSet", "set", "argocd", spec={
        "goTemplate": True, "generators": [generator], "template": template})  # fmt: skip


FLUX = [
    obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "api", "flux-system", spec={
        "interval": "5m", "prune": True, "path": "./apps/api", "sourceRef": {"kind": "GitRepository", "name": "infra"}}),
    obj("source.toolkit.fluxcd.io/v1", "GitRepository", "infra", "flux-system", spec={
        "interval": "5m", "url": REPOSITORY, "ref": {"branch": "main"}}),
]  # fmt: skip
FOLLOWED: list[tuple[str, list[dict[str, Any]]]] = [
    ("Application", [application(path="apps/api")]),
    ("two Applications of one source", [application(path="apps/api"), application("again", path="apps/api")]),
    ("list generator", [application_set(LIST, "{{ .path }}")]),
    ("git generator", [application_set(GIT, "{{ .path.path }}")]),
    ("matrix generator", [application_set(MATRIX, "apps/{{ .unit }}")]),
    ("Flux Kustomization", FLUX),
]


def overlay(root: Path, wiring: list[dict[str, Any]], base: str) -> CheckResult:
    """Judge an overlay that consists of GitOps wiring alone; the workloads are in a folder that it points to."""
    for folder, files in {
        "clusters/prod": {"kustomization.yaml": "resources: [apps.yaml]\n", "apps.yaml": yaml.safe_dump_all(wiring),
                          "kfm-checks.yaml": yaml.safe_dump(GITOPS)},
        "apps/api": {"kustomization.yaml": "resources: [api.yaml]\n", "api.yaml": base},
    }.items():  # fmt: skip
        (root / folder).mkdir(parents=True)
        for name, text in files.items():
            (root / folder / name).write_text(text, encoding="utf-8")
    (root / ".git").mkdir()
    name = "workloads-have-liveness-probe"
    return judge(root / "clusters/prod", Options(only=(name,), as_of=AS_OF)).report.result(name)


@pytest.mark.parametrize(("name", "wiring"), FOLLOWED)
def test_sources_in_the_repository_are_followed_once(name: str, wiring: list[dict[str, Any]], tmp_path: Path) -> None:
    """What a source in the repository renders is judged, once each; what it lacks fails."""
    green = overlay(tmp_path / "green", wiring, PROBED_BASE)
    assert (green.outcome, green.examined) == ("pass", 1), (name, green.reason)
    sloppy = overlay(tmp_path / "sloppy", wiring, BARE_BASE)
    assert [str(e.subject) for e in sloppy.evidence if e.holds is False] == ["app/Deployment/api"], name


@pytest.mark.parametrize(
    "away",
    [
        application("chart", path=None, repoURL="https://charts.example.org", chart="redis"),
        application("other", repoURL="https://git.example.org/others/thing"),
    ],
    ids=["a Helm repository", "another git repository"],
)
def test_sources_that_cant_be_had_are_named(away: dict[str, Any], tmp_path: Path) -> None:
    """A source that can't be had makes the rows on workloads not verified, by name; a failure beside it stays one."""
    wiring = [application(path="apps/api"), away]
    green = overlay(tmp_path / "green", wiring, PROBED_BASE)
    assert green.outcome == "not-verified"
    assert any(away["metadata"]["name"] == e.subject.name for e in green.evidence if e.holds is None)
    assert overlay(tmp_path / "sloppy", wiring, BARE_BASE).outcome == "fail"


def test_plain_text_is_read_as_written() -> None:
    """The objects of these cases survive being written and read: none relies on Python's types."""
    for line in ALL:
        again = parse_manifests(yaml.safe_dump_all(line.objects, sort_keys=True))
        assert [dict(obj) for obj in again] == line.objects
