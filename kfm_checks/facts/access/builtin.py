"""The roles that every cluster has before anything is applied, as the API server of Kubernetes 1.37 makes them.

Source: Kubernetes documentation, *Using RBAC Authorization*, "Default roles and role bindings". The user-facing
roles (``cluster-admin``, ``admin``, ``edit``, ``view``) are whole, with the labels by which others aggregate into
them. Of the ``system:`` roles those are here that overlays bind; another one counts as not in the render.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kfm_checks.facts.access.rules import Rule

VERSION = "1.37"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
DEFAULTS = {"kubernetes.io/bootstrapping": "rbac-defaults"}

_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_EVENTS = ("core events.k8s.io", "events", "create patch update")
_SCALED = (
    "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale "
    "statefulsets statefulsets/scale"
)
_STATUSES = (
    "daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale "
    "replicasets/status"
)

#: Rules as (API groups, resources or URLs, verbs[, names]); "core" stands for the group "".
_RULES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cluster-admin": (("*", "*", "*"), ("url", "*", "*")),
    "system:aggregate-to-admin": (
        ("authorization.k8s.io", "localsubjectaccessreviews", "create"),
        ("rbac.authorization.k8s.io", "rolebindings roles", f"{_WRITE} {_READ}"),
    ),
    "system:aggregate-to-edit": (
        ("core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ),
        ("core", "serviceaccounts", "impersonate"),
        ("core", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
        ("core", "pods/eviction", "create"),
        (
            "core",
            "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
            "serviceaccounts services services/proxy",
            _WRITE,
        ),
        ("core", "serviceaccounts/token", "create"),
        ("core events.k8s.io", "events", _WRITE),
        ("apps", _SCALED, _WRITE),
        ("autoscaling", "horizontalpodautoscalers", _WRITE),
        ("batch", "cronjobs jobs", _WRITE),
        (
            "extensions",
            "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets "
            "replicasets/scale replicationcontrollers/scale",
            _WRITE,
        ),
        ("policy", "poddisruptionbudgets", _WRITE),
        ("networking.k8s.io", "ingresses networkpolicies", _WRITE),
        ("coordination.k8s.io", "leases", f"{_WRITE} {_READ}"),
        ("resource.k8s.io", "resourceclaims resourceclaimtemplates", _WRITE),
    ),
    "system:aggregate-to-view": (
        (
            "core",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
            "replicationcontrollers/scale serviceaccounts services services/status",
            _READ,
        ),
        (
            "core",
            "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas "
            "resourcequotas/status",
            _READ,
        ),
        ("core", "namespaces", _READ),
        ("core events.k8s.io", "events", _READ),
        ("discovery.k8s.io", "endpointslices", _READ),
        ("apps", f"controllerrevisions {_STATUSES} statefulsets statefulsets/scale statefulsets/status", _READ),
        ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", _READ),
        ("batch", "cronjobs cronjobs/status jobs jobs/status", _READ),
        (
            "extensions",
            f"{_STATUSES} ingresses ingresses/status networkpolicies replicationcontrollers/scale",
            _READ,
        ),
        ("policy", "poddisruptionbudgets poddisruptionbudgets/status", _READ),
        ("networking.k8s.io", "ingresses ingresses/status networkpolicies", _READ),
        ("resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates", _READ),
    ),
    "system:auth-delegator": (
        ("authentication.k8s.io", "tokenreviews", "create"),
        ("authorization.k8s.io", "subjectaccessreviews", "create"),
    ),
    "system:basic-user": (
        ("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
        ("authentication.k8s.io", "selfsubjectreviews", "create"),
    ),
    "system:discovery": (
        (
            "url",
            "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
            "get",
        ),
    ),
    "system:kubelet-api-admin": (
        ("core", "nodes", _READ),
        ("core", "nodes", "proxy"),
        ("core", "nodes/log nodes/metrics nodes/proxy nodes/stats", "*"),
        ("core", "nodes/configz nodes/healthz nodes/pods", "*"),
    ),
    "system:monitoring": (
        (
            "url",
            "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz",
            "get",
        ),
        ("core", "nodes/metrics", "get"),
    ),
    "system:node-problem-detector": (("core", "nodes", "get"), ("core", "nodes/status", "patch"), _EVENTS),
    "system:node-proxier": (
        ("core", "endpoints services", "list watch"),
        ("core", "nodes", _READ),
        _EVENTS,
        ("networking.k8s.io", "servicecidrs", "list watch"),
        ("discovery.k8s.io", "endpointslices", "list watch"),
    ),
    "system:persistent-volume-provisioner": (
        ("core", "persistentvolumes", f"create delete {_READ}"),
        ("core", "persistentvolumeclaims", f"update {_READ}"),
        ("storage.k8s.io", "storageclasses", _READ),
        ("core", "events", "watch"),
        _EVENTS,
    ),
    "system:public-info-viewer": (("url", "/healthz /livez /readyz /version /version/", "get"),),
    "system:service-account-issuer-discovery": (
        (
            "url",
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
            "get",
        ),
    ),
    "system:volume-scheduler": (
        ("core", "persistentvolumes", f"patch update {_READ}"),
        ("storage.k8s.io", "storageclasses", _READ),
        ("core", "persistentvolumeclaims", f"patch update {_READ}"),
    ),
}

#: The one namespaced role that overlays bind: (namespace, name).
_NAMESPACED: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("kube-system", "extension-apiserver-authentication-reader"): (
        ("core", "configmaps", _READ, "extension-apiserver-authentication"),
    ),
}


def _rule(groups: str, what: str, verbs: str, names: str = "") -> Rule:
    if groups == "url":
        return Rule(verbs=tuple(verbs.split()), non_resource_urls=tuple(what.split()))
    return Rule(
        verbs=tuple(verbs.split()),
        api_groups=tuple("" if group == "core" else group for group in groups.split()),
        resources=tuple(what.split()),
        resource_names=tuple(names.split()),
    )


def _aggregating(level: str) -> dict[str, Any]:
    return {"clusterRoleSelectors": [{"matchLabels": {f"{AGGREGATE}{level}": "true"}}]}


def _labels(name: str) -> dict[str, str]:
    prefix = "system:aggregate-to-"
    own = name.removeprefix(prefix) if name.startswith(prefix) else ""
    level = {"view": "edit", "edit": "admin"}.get(name, own)
    return {**DEFAULTS, f"{AGGREGATE}{level}": "true"} if level else dict(DEFAULTS)


#: Built-in cluster roles: name -> (labels, rules, aggregation rule or None).
CLUSTER_ROLES: Mapping[str, tuple[dict[str, str], tuple[Rule, ...], dict[str, Any] | None]] = {
    **{name: (_labels(name), tuple(_rule(*rule) for rule in rules), None) for name, rules in _RULES.items()},
    **{name: (_labels(name), (), _aggregating(name)) for name in ("admin", "edit", "view")},
}
#: Built-in namespaced roles: (namespace, name) -> rules.
ROLES: Mapping[tuple[str, str], tuple[Rule, ...]] = {
    key: tuple(_rule(*rule) for rule in rules) for key, rules in _NAMESPACED.items()
}
