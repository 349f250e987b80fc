"""What others rightly own: differences between git and the cluster that are no drift, each with the reason.

Exceptions are read from the render alone: one that stands only in the cluster is itself drift, and excuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.live_flux import flux_ignores, under
from kfm_checks.facts.live_owners import owner_of
from kfm_checks.facts.objects import Inventory, annotations_of, dig, items
from kfm_checks.model import Manifest, ObjectKey, Path

#: Annotations and labels that controllers write on what they reconcile, to know it again.
TRACKING = frozenset(
    {
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/refresh",
        "reconcile.fluxcd.io/requestedAt",
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
_FLUX_LEAVES = {"ignore": "Flux ignores it", "ifnotpresent": "Flux only creates it"}
_INJECTED = (
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
)
_INJECTORS = frozenset({"cainjector", "cert-manager-cainjector"})
_HOOKS = ("argocd.argoproj.io/hook", "helm.sh/hook")
_RULE_KEYS = ("group", "kind", "name", "namespace")


@dataclass(frozen=True)
class Scaler:
    """What sets a workload's replicas. ``idle``: to none at all, too.

    A HorizontalPodAutoscaler leaves a workload alone that somebody scaled to 0 (Kubernetes documentation, *implicit
    maintenance-mode deactivation*), unless it may go so low itself.
    """

    name: str
    idle: bool


@dataclass(frozen=True)
class Ignored:
    """Knows of a difference whether somebody else rightly owns it."""

    inventory: Inventory
    reconcilers: tuple[Reconciler, ...] = ()
    scaled: Mapping[str, Scaler] = field(default_factory=dict)

    def why(self, obj: Manifest, live: Manifest, path: Path, *, absent: bool) -> str:
        """Why a difference at this path is no drift, "" where it is one. ``absent``: git has no such field."""
        if path[:1] == ("status",):
            return "status is the controllers'"
        if path[:1] == ("operation",) and live.key.group == "argoproj.io":
            return "an operation is what Argo CD is asked to do now"
        if absent and path[:1] == ("metadata",) and set(map(str, path)) & TRACKING:
            return f"{path[-1]} is the controller's own mark"
        if absent and path[:2] == ("metadata", "finalizers"):
            return "finalizers are the controllers'"
        if path[-1:] == ("caBundle",) and _injected(obj, live, path):
            return "the CA bundle is injected"
        if path[:1] == ("rules",) and obj.key.kind == "ClusterRole" and "aggregationRule" in obj:
            return "the rules of an aggregated role are its controller's"
        key = obj.key
        if path == ("spec", "replicas"):
            scaler = self.scaled.get(f"{key.namespace}/{key.kind}/{key.name}")
            if scaler and (scaler.idle or dig(live, *path) != 0):
                return f"{scaler.name} sets the replicas"
        argo = next((why for rule in self._argo(obj) if (why := _rule(rule, live, path))), "")
        return argo or flux_ignores(self.inventory, self.reconcilers, obj, live, path)

    def whole(self, wanted: Manifest) -> str:
        """The reason why the object as a whole is not held against git; "" where it is."""
        return _FLUX_LEAVES.get(annotations_of(wanted).get(_FLUX_SSA, "").lower(), "")

    def unread(self, obj: Manifest) -> list[str]:
        """Expressions for this object that nobody evaluates here."""
        return [str(e) for rule in self._argo(obj) for e in rule.get("jqPathExpressions") or []]

    def _argo(self, obj: Manifest) -> Iterator[Mapping[str, Any]]:
        """Argo CD documentation, *Diff Customization*: at the level of the Application that applies the object."""
        for one in self.reconcilers:
            if one.tool == "Argo CD" and reconciles(one, obj):
                for rule in items(one.obj, *one.spec, "ignoreDifferences"):
                    if _applies(rule, obj.key):
                        yield rule


def ignored(rendered: Inventory, reconcilers: tuple[Reconciler, ...]) -> Ignored:
    """From autoscalers and reconcilers, as git gives them."""
    return Ignored(rendered, reconcilers, dict(_scaled(rendered)))


def passing(obj: Manifest) -> str:
    """Why a rendered object may rightly be gone again, "" where it has to be there."""
    hook = next((name for name in _HOOKS if name in annotations_of(obj)), "")
    if hook:
        return f"it is a hook ({hook}), which its controller removes"
    after = dig(obj, "spec", "ttlSecondsAfterFinished")
    if (obj.key.group, obj.key.kind) == ("batch", "Job") and after is not None:
        return f"it is removed {after} s after it finished"
    return ""


def reconciles(one: Reconciler, obj: Manifest) -> bool:
    """Whether a reconciler applies a rendered object, by the folder that it was rendered from."""
    paths = {source.path for source in one.sources}
    return not obj.origin.render or obj.origin.render in paths or any("{{" in path for path in paths)


def _injected(obj: Manifest, live: Manifest, path: Path) -> bool:
    owner = owner_of(live, path, named=True)
    asked = any(name in annotations_of(obj) for name in _INJECTED)
    return asked or (owner is not None and owner.manager in _INJECTORS)


def _scaled(rendered: Inventory) -> Iterator[tuple[str, Scaler]]:
    for kind, group in (("HorizontalPodAutoscaler", "autoscaling"), ("ScaledObject", "keda.sh")):
        for obj in rendered.of(kind, group):
            target = dig(obj, "spec", "scaleTargetRef", "kind", default="Deployment")
            name = dig(obj, "spec", "scaleTargetRef", "name", default="")
            idle = kind == "ScaledObject" or dig(obj, "spec", "minReplicas") == 0
            yield f"{obj.key.namespace}/{target}/{name}", Scaler(f"{kind} {obj.key.name}", idle)


def _applies(rule: Mapping[str, Any], key: ObjectKey) -> bool:
    """Group and kind as Argo CD matches them, by pattern; an absent name or namespace matches any, ``*`` too."""
    actual = dict(zip(_RULE_KEYS, (key.group, key.kind, key.name, key.namespace), strict=True))
    for name, value in actual.items():
        wanted = str(rule.get(name) or "")
        if name in {"name", "namespace"}:
            if wanted not in {"", "*", value}:
                return False
        elif not fnmatchcase(value, wanted):
            return False
    return True


def _rule(rule: Mapping[str, Any], live: Manifest, path: Path) -> str:
    for pointer in rule.get("jsonPointers") or []:
        if under(path, str(pointer)):
            return f"Argo CD ignores {pointer}"
    managers = [str(name) for name in rule.get("managedFieldsManagers") or []]
    owner = owner_of(live, path, named=True) if managers else None
    return f"Argo CD leaves it to {owner.manager}" if owner and owner.manager in managers else ""
