"""What others rightly own: differences between git and the cluster that are no drift, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import field

from kfm_checks.facts.live_owners import owner_of
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest, ObjectKey, Path
from kfm_checks.values import Value

#: Annotations and labels that controllers write on what they reconcile, to know it again.
TRACKING = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/refresh",
        "app.kubernetes.io/instance",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "kustomize.toolkit.fluxcd.io/checksum",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubectl.kubernetes.io/restartedAt",
        "kubernetes.io/metadata.name",
        "deployment.kubernetes.io/revision",
        "autoscaling.alpha.kubernetes.io/conditions",
        "autoscaling.alpha.kubernetes.io/current-metrics",
        "pv.kubernetes.io/bind-completed",
        "pv.kubernetes.io/bound-by-controller",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
        "volume.beta.kubernetes.io/storage-provisioner",
        "control-plane.alpha.kubernetes.io/leader",
    }
)
#: Flux: objects that it does not apply again (Flux documentation, Kustomization: controlling the apply behaviour).
_FLUX_SSA = "kustomize.toolkit.fluxcd.io/ssa"
_FLUX_LEAVES = {"Ignore": "Flux ignores it", "IfNotPresent": "Flux only creates it"}
_INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
)
_RULE_KEYS = ("group", "kind", "name", "namespace")


class Ignored(Value, frozen=True):
    """Knows of a difference whether somebody else rightly owns it."""

    scaled: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()

    def why(self, live: Manifest, path: Path, *, absent: bool) -> str:
        """Why a difference at this path is no drift, "" where it is one. ``absent``: git has no such field."""
        if path[:1] == ("status",):
            return "status is the controllers'"
        if path[:1] == ("operation",) and live.key.group == "argoproj.io":
            return "an operation is what Argo CD is asked to do now"
        if absent and path[:1] == ("metadata",) and set(map(str, path)) & TRACKING:
            return f"{path[-1]} is the controller's own mark"
        if absent and path[:2] == ("metadata", "finalizers"):
            return "finalizers are the controllers'"
        if path[-1:] == ("caBundle",) and any(name in annotations_of(live) for name in _INJECTED):
            return "the CA bundle is injected"
        key = live.key
        if path == ("spec", "replicas"):
            scaler = self.scaled.get(f"{key.namespace}/{key.kind}/{key.name}")
            if scaler:
                return f"{scaler} sets the replicas"
        return next((why for rule in self.rules if (why := _rule(rule, live, path))), "")

    def whole(self, wanted: Manifest) -> str:
        """The reason why the object as a whole is not held against git; "" where it is."""
        return _FLUX_LEAVES.get(annotations_of(wanted).get(_FLUX_SSA, ""), "")

    def unread(self, key: ObjectKey) -> list[str]:
        """Expressions for this object that nobody evaluates here."""
        return [str(e) for r in self.rules if _applies(r, key) for e in r.get("jqPathExpressions") or []]


def ignored(rendered: Inventory, live: Iterable[Manifest]) -> Ignored:
    """From autoscalers and from ``ignoreDifferences`` of Applications, rendered or live."""
    everything = (*rendered.objects, *live)
    return Ignored(dict(_scaled(everything)), tuple(_rules(everything)))


def _scaled(objects: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    for obj in objects:
        if (obj.key.group, obj.key.kind) in {("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject")}:
            kind = dig(obj, "spec", "scaleTargetRef", "kind", default="Deployment")
            name = dig(obj, "spec", "scaleTargetRef", "name", default="")
            yield f"{obj.key.namespace}/{kind}/{name}", f"{obj.key.kind} {obj.key.name}"


def _rules(objects: Iterable[Manifest]) -> Iterator[Mapping[str, Any]]:
    """Argo CD documentation, *Diff Customization*: at the level of the Application."""
    for obj in objects:
        if obj.key.group == "argoproj.io" and obj.key.kind == "Application":
            yield from items(obj, "spec", "ignoreDifferences")
        elif obj.key.group == "argoproj.io" and obj.key.kind == "ApplicationSet":
            yield from items(obj, "spec", "template", "spec", "ignoreDifferences")


def _applies(rule: Mapping[str, Any], key: ObjectKey) -> bool:
    """Group, kind, name and namespace as Argo CD matches them: absent name and namespace match any, ``*`` too."""
    actual = dict(zip(_RULE_KEYS, (key.group, key.kind, key.name, key.namespace), strict=True))
    for name, value in actual.items():
        wanted = str(rule.get(name) or "")
        if wanted in {"*", value} or (not wanted and name in {"name", "namespace"}):
            continue
        return False
    return True


def _rule(rule: Mapping[str, Any], live: Manifest, path: Path) -> str:
    if not _applies(rule, live.key):
        return ""
    for pointer in rule.get("jsonPointers") or []:
        steps = [re.sub("~0", "~", step.replace("~1", "/")) for step in str(pointer).split("/")[1:]]
        if [str(step) for step in path[: len(steps)]] == steps:
            return f"Argo CD ignores {pointer}"
    managers = [str(name) for name in rule.get("managedFieldsManagers") or []]
    owner = owner_of(live, path) if managers else None
    return f"Argo CD leaves it to {owner.manager}" if owner and owner.manager in managers else ""
