"""Write a realistic overlay of about a thousand objects, as kustomize bases: ``python -m benchmarks.generate FOLDER``.

Each team has a namespace with its quota, limit range, default deny and role bindings, three services and one datastore;
every service is a base of seven objects that the overlay patches. The same number gives the same files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

#: 32 teams are 995 objects.
TEAMS = 32
SERVICES = ("api", "web", "jobs")
DIGEST = "sha256:" + "5" * 64
_RBAC = "rbac.authorization.k8s.io"
_AMOUNTS = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}
_LOCKED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
_POD = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
Objects = dict[str, list[dict[str, Any]]]


def obj(api: str, kind: str, name: str, spec: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An object without a namespace: its kustomization gives it one."""
    body = {} if spec is None else {"spec": spec}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **body, **more}


def container(name: str, port: int) -> dict[str, Any]:
    """A container as the rails want it."""
    probe = {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 10}
    return {
        "name": name,
        "image": f"registry.example.org/teams/{name}@{DIGEST}",
        "ports": [{"name": "http", "containerPort": port}],
        "env": [
            {"name": "SETTINGS", "value": "/etc/app/settings.yaml"},
            {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
        ],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "resources": _AMOUNTS,
        "securityContext": _LOCKED,
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app"}],
    }


def service(name: str) -> list[dict[str, Any]]:
    """The base of a service: seven objects."""
    labels = {"app.kubernetes.io/name": name}
    pod = {
        "serviceAccountName": name,
        "automountServiceAccountToken": False,
        "securityContext": _POD,
        "containers": [container(name, 8080)],
        "volumes": [{"name": "settings", "configMap": {"name": f"{name}-settings"}}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    into = [{"from": [{"podSelector": {}}], "ports": [{"port": "http"}]}]
    out = [
        {"to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "database"}}}], "ports": [{"port": 5432}]}
    ]
    policy = {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": into,
        "egress": out,
    }
    return [
        obj("v1", "ServiceAccount", name),
        obj("apps/v1", "Deployment", name, {"selector": {"matchLabels": labels}, "template": template}),
        obj("v1", "Service", name, {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}),
        obj("v1", "ConfigMap", f"{name}-settings", data={"settings.yaml": f"name: {name}\nlevel: info\n" * 5}),
        obj("policy/v1", "PodDisruptionBudget", name, budget),
        obj("autoscaling/v2", "HorizontalPodAutoscaler", name,
            {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 6, "metrics": [metric]}),
        obj("networking.k8s.io/v1", "NetworkPolicy", name, policy),
    ]  # fmt: skip


def database() -> list[dict[str, Any]]:
    """The base of a datastore."""
    labels = {"app.kubernetes.io/name": "database"}
    box = {**container("database", 5432), "image": f"docker.io/postgis/postgis@{DIGEST}"}
    pod = {"automountServiceAccountToken": False, "securityContext": _POD, "containers": [box],
           "volumes": [{"name": "settings", "emptyDir": {}}]}  # fmt: skip
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
             "resources": {"requests": {"storage": "10Gi"}}}}  # fmt: skip
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {
        "serviceName": "database",
        "selector": {"matchLabels": labels},
        "template": template,
        "volumeClaimTemplates": [claim],
    }
    into = [{"from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "api"}}}], "ports": [{"port": 5432}]}]
    return [
        obj("apps/v1", "StatefulSet", "database", spec),
        obj("v1", "Service", "database", {"clusterIP": "None", "selector": labels, "ports": [{"port": 5432}]}),
        obj("networking.k8s.io/v1", "NetworkPolicy", "database", {
            "podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress", "Egress"], "ingress": into}),
    ]  # fmt: skip


def zone() -> list[dict[str, Any]]:
    """What every namespace has."""
    hard = {"requests.cpu": "8", "requests.memory": "8Gi", "limits.cpu": "16", "limits.memory": "16Gi"}
    limit = {"type": "Container", "default": _AMOUNTS["limits"], "defaultRequest": _AMOUNTS["requests"]}
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    return [
        obj("v1", "ResourceQuota", "compute", {"hard": hard}),
        obj("v1", "LimitRange", "containers", {"limits": [limit]}),
        obj("networking.k8s.io/v1", "NetworkPolicy", "default-deny", {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        obj("networking.k8s.io/v1", "NetworkPolicy", "dns", {
            "podSelector": {}, "policyTypes": ["Egress"],
            "egress": [{"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}]}]}),
        obj("external-secrets.io/v1", "ExternalSecret", "database", {
            "refreshInterval": "1h", "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {"name": "database"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "database", "property": "password"}}]}),
    ]  # fmt: skip


def team(name: str) -> list[dict[str, Any]]:
    """What the overlay has for each team: its namespace and who may do what there."""
    label = {"kubernetes.io/metadata.name": name, "pod-security.kubernetes.io/enforce": "restricted"}
    roles = {"deployers": "deployer", "auditors": "view"}
    return [
        obj("v1", "Namespace", name, metadata={"labels": label}),
        *(
            obj(f"{_RBAC}/v1", "RoleBinding", group, metadata={"namespace": name},
                roleRef={"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
                subjects=[{"apiGroup": _RBAC, "kind": "Group", "name": group}])
            for group, role in roles.items()
        ),
    ]  # fmt: skip


def _verbs(group: str, *resources: str) -> dict[str, Any]:
    return {
        "apiGroups": [group],
        "resources": list(resources),
        "verbs": ["get", "list", "watch", "create", "update", "patch"],
    }


def cluster() -> list[dict[str, Any]]:
    """Cluster-wide objects, and the one way in."""
    backend = {"service": {"name": "api", "port": {"name": "http"}}}
    rule = {"host": "api.example.org", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": ["api.example.org"], "secretName": "api-tls"}]
    rules = [
        _verbs("apps", "deployments", "statefulsets"),
        _verbs("", "configmaps", "services"),
        _verbs("autoscaling", "horizontalpodautoscalers"),
    ]
    return [
        obj(f"{_RBAC}/v1", "ClusterRole", "deployer", rules=rules),
        obj("external-secrets.io/v1", "ClusterSecretStore", "vault", {
            "conditions": [{"namespaces": [f"team-{n:02}" for n in range(TEAMS)]}],
            "provider": {"vault": {"server": "https://vault.example.org", "path": "kv"}}}),
        obj("networking.k8s.io/v1", "Ingress", "api", {"rules": [rule], "tls": tls}, metadata={"namespace": "team-00"}),
    ]  # fmt: skip


def declared(teams: int) -> dict[str, Any]:
    """The configuration that such a team would write."""
    names = [f"team-{number:02}" for number in range(teams)]
    return {
        "entry": {"gateways": ["team-00/Deployment/api"], "hosts": ["api.example.org"]},
        "workloads": {"critical": [f"{name}/Deployment/api" for name in names]},
        "datastores": [
            {"workload": f"{name}/StatefulSet/database", "ports": [5432], "clients": [f"{name}/Deployment/api"]}
            for name in names
        ],
        "personas": {"platform-operator": ["Group:operators"], "application-deployer": ["Group:deployers"],
                     "data-steward": ["Group:stewards"], "auditor": ["Group:auditors"]},
    }  # fmt: skip


def folders(teams: int) -> Iterator[tuple[str, list[str], str, list[dict[str, Any]]]]:
    """Folder, further resources, namespace and objects of each kustomization."""
    for name in SERVICES:
        yield f"apps/{name}/base", [], "", service(name)
    yield "apps/database/base", [], "", database()
    yield "platform/zone/base", [], "", zone()
    bases = [*(f"../../../apps/{name}/base" for name in (*SERVICES, "database")), "../../../platform/zone/base"]
    for number in range(teams):
        name = f"team-{number:02}"
        yield f"clusters/prod/{name}", bases, name, []
    yield (
        "clusters/prod/policies",
        [],
        "",
        [*cluster(), *(found for n in range(teams) for found in team(f"team-{n:02}"))],
    )


def generate(root: Path, teams: int = TEAMS) -> Path:
    """Write the overlay and its bases below a folder; returns the overlay."""
    for folder, resources, namespace, objects in folders(teams):
        path = root / folder
        path.mkdir(parents=True, exist_ok=True)
        files = []
        for found in objects:
            meta = found["metadata"]
            files.append(
                "-".join(filter(None, (found["kind"].lower(), meta.get("namespace", ""), meta["name"]))) + ".yaml"
            )
            (path / files[-1]).write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")
        content: dict[str, Any] = {"resources": [*resources, *files]}
        if namespace:
            content = {"namespace": namespace, **content}
        (path / "kustomization.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    overlay = root / "clusters/prod"
    listed = [*(f"team-{number:02}" for number in range(teams)), "policies"]
    (overlay / "kustomization.yaml").write_text(yaml.safe_dump({"resources": listed}), encoding="utf-8")
    (overlay / "kfm-checks.yaml").write_text(yaml.safe_dump(declared(teams)), encoding="utf-8")
    (overlay / "README.md").write_text("# Production\n\nSecrets are rotated every 90 days.\n", encoding="utf-8")
    (root / ".git").mkdir(exist_ok=True)
    return overlay


if __name__ == "__main__":
    print(generate(Path(sys.argv[1])))
