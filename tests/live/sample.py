"""A small overlay and a snapshot of a cluster that drifted from it in every way: for the notebook and the site.

It is made up, and serves to show how drift reads; nothing here says anything of a real cluster.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml

from kfm_checks.facts.cluster import (
    Answer,
    ApiKind,
    Attempt,
    Cluster,
    Comparison,
    Listing,
    Probe,
    from_plain,
    to_plain,
)
from kfm_checks.live.kinds import SERVED as ALSO
from kfm_checks.live.kinds import WANTED
from kfm_checks.live.snapshot import write_snapshot
from kfm_checks.model import Manifest

TAKEN = "2026-11-22T08:30:00Z"
APPLIED = "2026-11-20T09:00:00Z"
DIGEST = "sha256:" + "a" * 64
#: Groups of the kinds that this made-up server serves beside those of its objects.
SERVED = frozenset({"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io"})
RBAC = "rbac.authorization.k8s.io"
REPOSITORY = "https://git.example.org/shop/infra.git"

OVERLAY = f"""
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {{pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop, labels: {{app: web}}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: web
          image: registry.example.org/web@{DIGEST}
          ports: [{{containerPort: 8080}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db, namespace: shop, labels: {{app: db}}}}
spec:
  serviceName: db
  replicas: 1
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: db
          image: registry.example.org/postgres@{DIGEST}
          ports: [{{containerPort: 5432}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: shop}}
spec:
  tls: [{{hosts: [shop.example.org], secretName: web-tls}}]
  rules:
    - host: shop.example.org
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny, namespace: shop}}
spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: session, namespace: shop}}
type: Opaque
stringData: {{key: "(from the backend)"}}
---
apiVersion: {RBAC}/v1
kind: Role
metadata: {{name: deployer, namespace: shop}}
rules: [{{apiGroups: [apps], resources: [deployments], verbs: [get, list, patch]}}]
---
apiVersion: {RBAC}/v1
kind: RoleBinding
metadata: {{name: deployer, namespace: shop}}
roleRef: {{apiGroup: {RBAC}, kind: Role, name: deployer}}
subjects: [{{apiGroup: {RBAC}, kind: Group, name: deployers}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: "{REPOSITORY}", targetRevision: main, path: overlay}}
  destination: {{server: "https://kubernetes.default.svc", namespace: shop}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""
CONFIG = f"""
schema: kfm-checks/config/v1
gitops: {{repository: "{REPOSITORY}", branch: main, path: overlay}}
entry: {{gateways: [shop/Deployment/web], hosts: [shop.example.org]}}
workloads: {{critical: [shop/Deployment/web], platform-namespaces: [argocd]}}
datastores: [{{workload: shop/StatefulSet/db, ports: [5432], clients: [shop/Deployment/web]}}]
personas: {{platform-operator: ["Group:operators"], application-deployer: ["Group:deployers"]}}
"""
RESOURCES = {
    "Namespace": ("namespaces", False),
    "Deployment": ("deployments", True),
    "StatefulSet": ("statefulsets", True),
    "Service": ("services", True),
    "Ingress": ("ingresses", True),
    "NetworkPolicy": ("networkpolicies", True),
    "Secret": ("secrets", True),
    "Role": ("roles", True),
    "RoleBinding": ("rolebindings", True),
    "Application": ("applications", True),
}


def write(folder: Path) -> tuple[Path, Path]:
    """The overlay's folder and the snapshot's."""
    overlay, snapshot = folder / "overlay", folder / "snapshot"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text("resources: [all.yaml]\n", encoding="utf-8")
    (overlay / "all.yaml").write_text(OVERLAY, encoding="utf-8")
    (overlay / "kfm-checks.yaml").write_text(CONFIG, encoding="utf-8")
    write_snapshot(cluster(), snapshot)
    return overlay, snapshot


def rendered() -> list[dict[str, Any]]:
    """The objects that the overlay renders to."""
    return [dict(document) for document in yaml.safe_load_all(OVERLAY)]


def written(manager: str, operation: str, at: str, fields: dict[str, Any]) -> dict[str, Any]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "time": at, "fieldsType": "FieldsV1",
            "fieldsV1": fields}  # fmt: skip


def live(obj: dict[str, Any]) -> dict[str, Any]:
    """An object as the server has it after Argo CD applied it."""
    made = copy.deepcopy(obj)
    fields = {f"f:{name}": {".": {}} for name in obj if name not in ("apiVersion", "kind", "metadata")}
    made["metadata"] |= {
        "uid": f"uid-{obj['kind']}-{obj['metadata']['name']}".lower(),
        "creationTimestamp": APPLIED,
        "generation": 3,
        "managedFields": [written("argocd-controller", "Apply", APPLIED, fields)],
    }
    if made["kind"] in ("Deployment", "StatefulSet"):
        count = made["spec"]["replicas"]
        made["status"] = {
            "observedGeneration": 3, "replicas": count, "updatedReplicas": count, "readyReplicas": count,
            "availableReplicas": count, "currentRevision": "1", "updateRevision": "1",
            "conditions": [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True"}],
        }  # fmt: skip
    if made["kind"] == "Ingress":
        made["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    if made["kind"] == "Application":
        made["status"] = {
            "sync": {"status": "OutOfSync", "revision": "1" * 40},
            "health": {"status": "Healthy"},
            "reconciledAt": "2026-11-22T08:20:00Z",
        }
    return made


def drifted(obj: dict[str, Any]) -> dict[str, Any] | None:
    """What became of a rendered object in the cluster; None for one that was deleted."""
    made = live(obj)
    fields = made["metadata"]["managedFields"]
    match made["kind"], made["metadata"]["name"]:
        case "NetworkPolicy", _:
            return None
        case "Namespace", _:
            made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"
            label = {"f:metadata": {"f:labels": {"f:pod-security.kubernetes.io/enforce": {}}}}
            fields.append(written("kubectl-label", "Update", "2026-11-22T02:11:00Z", label))
        case "Deployment", _:
            made["spec"]["replicas"] = 7
            container = made["spec"]["template"]["spec"]["containers"][0]
            container["image"] = "registry.example.org/web:latest"
            fields.append(written("kubectl-scale", "Update", "2026-11-21T17:40:00Z", {"f:spec": {"f:replicas": {}}}))
            image = {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}
            fields.append(
                written("kubectl-edit", "Update", "2026-11-21T18:02:00Z", {"f:spec": {"f:template": {"f:spec": image}}})
            )
        case "Secret", _:
            made["stringData"] = {"key": "(withheld, differs from the render)"}
            fields.append(written("kubectl-edit", "Update", "2026-11-21T18:05:00Z", {"f:stringData": {"f:key": {}}}))
        case "Application", _:
            del made["spec"]["syncPolicy"]["automated"]
            fields.append(written("argocd-server", "Update", "2026-11-21T17:31:00Z", {"f:spec": {"f:syncPolicy": {}}}))
    return made


def extras() -> list[dict[str, Any]]:
    """What nobody committed."""
    service = {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "db-debug", "namespace": "shop", "uid": "u1", "creationTimestamp": "2026-11-21T19:20:00Z",
                     "managedFields": [written("kubectl-expose", "Update", "2026-11-21T19:20:00Z", {"f:spec": {}})]},
        "spec": {"type": "NodePort", "selector": {"app": "db"},
                 "ports": [{"port": 5432, "targetPort": 5432, "nodePort": 30432, "protocol": "TCP"}]},
    }  # fmt: skip
    binding = {
        "apiVersion": f"{RBAC}/v1", "kind": "RoleBinding",
        "metadata": {"name": "quick-fix", "namespace": "shop", "uid": "u2", "creationTimestamp": "2026-11-22T01:55:00Z",
                     "managedFields": [written("kubectl-create", "Update", "2026-11-22T01:55:00Z", {"f:subjects": {}})]},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "deployers"}],
    }  # fmt: skip
    return [service, binding]


def cluster(**given: Any) -> Cluster:
    """The whole of what was seen."""
    wanted = rendered()
    pairs = [(obj, drifted(obj)) for obj in wanted]
    there = [found for _, found in pairs if found is not None] + extras()
    listings = tuple(
        Listing(
            ApiKind(*_group_version(kind, there + wanted), kind, resource, namespaced),
            "",
            tuple(Manifest(obj) for obj in there if obj["kind"] == kind),
        )
        for kind, (resource, namespaced) in RESOURCES.items()
    )
    asked = {(one.kind.group, one.kind.kind) for one in listings}
    # What else a look asks for this server does not serve, or has none of.
    listings += tuple(
        Listing(ApiKind(group, "v1", kind or "*", f"{kind.lower()}s"), unserved=group not in SERVED)
        for group, kind in (*WANTED, *sorted(ALSO))
        if (group, kind) not in asked
    )
    comparisons = tuple(
        Comparison(Manifest(obj).key, Manifest(found) if found else None, Manifest(live(obj)), "server-side-apply")
        for obj, found in pairs
    )
    seen = {
        "context": "sample",
        "taken": TAKEN,
        "version": {"gitVersion": "v1.37.2"},
        "head": "2" * 40,
        "listings": listings,
        "comparisons": comparisons,
        "attempts": attempts(),
        "answers": answers(),
        "probes": (
            Probe("shop.example.org", answered=True, status=200, certificate=True, until="2027-01-30T00:00:00Z"),
        ),
    }
    return Cluster(**{**seen, **given})


def _group_version(kind: str, objects: list[dict[str, Any]]) -> tuple[str, str]:
    version = next(obj["apiVersion"] for obj in objects if obj["kind"] == kind)
    group, _, name = version.rpartition("/")
    return group, name


def attempts() -> tuple[Attempt, ...]:
    """A namespace that was relabelled lets the privileged pod in."""
    return (
        Attempt("shop", "conforming", True),
        Attempt("shop", "privileged", True),
        Attempt("shop", "host-network", True),
        Attempt("shop", "no-limits", False, 'ValidatingAdmissionPolicy "limits" denied request: no limits'),
        Attempt("shop", "latest-tag", None, "forbidden: pods may not be created"),
    )


def answers() -> tuple[Answer, ...]:
    """The binding that nobody committed lets deployers do more."""
    asked = {("patch", "deployments", "apps"): True, ("delete", "deployments", "apps"): True, ("get", "secrets", ""): True,
             ("create", "pods/exec", ""): True, ("create", "rolebindings", RBAC): False}  # fmt: skip
    found = [
        Answer("Group:deployers", verb, resource, group, "shop", "", allowed)
        for (verb, resource, group), allowed in asked.items()
    ]
    unknown = Answer("Group:operators", "get", "secrets", "", "shop", "", None, "forbidden: subjectaccessreviews")
    return (*found, unknown)


def to_text(whole: Cluster) -> str:
    """A cluster as text, so that a test can put anything in any place."""
    return json.dumps(to_plain(whole))


def from_text(text: str) -> Cluster:
    """The inverse."""
    return from_plain(json.loads(text))
