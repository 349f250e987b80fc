"""Which folder of the overlay serves which intent, and where each kind of object belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kfm_checks.config import Config
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.references import References
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.tree_names import names
from kfm_checks.facts.workloads import POD_TEMPLATES
from kfm_checks.model import Manifest, ObjectKey, Source
from kfm_checks.readme import Readme
from kfm_checks.values import Value

INTENTS = ("patches", "platform", "policies", "apps", "secrets")
#: What the governing document's "what belongs here" column says, in a few words.
PURPOSES: Mapping[str, str] = {
    "patches": "replicas, limits, spread, disruption budgets",
    "platform": "ingress, certificates, monitoring, backups",
    "policies": "network policies, RBAC, quotas, admission policies",
    "apps": "GitOps Applications, ApplicationSets or Kustomizations",
    "secrets": "ExternalSecrets, SealedSecrets, secret stores",
}
_GROUPS: Mapping[str, str] = {
    "argoproj.io": "apps",
    "kustomize.toolkit.fluxcd.io": "apps",
    "helm.toolkit.fluxcd.io": "apps",
    "source.toolkit.fluxcd.io": "apps",
    "image.toolkit.fluxcd.io": "apps",
    "notification.toolkit.fluxcd.io": "apps",
    "source.extensions.fluxcd.io": "apps",
    "fluxcd.controlplane.io": "apps",
    "kargo.akuity.io": "apps",
    "promoter.argoproj.io": "apps",
    "fleet.cattle.io": "apps",
    "external-secrets.io": "secrets",
    "generators.external-secrets.io": "secrets",
    "bitnami.com": "secrets",
    "secrets-store.csi.x-k8s.io": "secrets",
    "isindir.github.com": "secrets",
    "secrets.hashicorp.com": "secrets",
    "secrets.doppler.com": "secrets",
    "secrets.infisical.com": "secrets",
    "onepassword.com": "secrets",
    "spv.no": "secrets",
    "k8s.bitwarden.com": "secrets",
    "ricoberger.de": "secrets",
    "kyverno.io": "policies",
    "policies.kyverno.io": "policies",
    "templates.gatekeeper.sh": "policies",
    "constraints.gatekeeper.sh": "policies",
    "config.gatekeeper.sh": "policies",
    "policy.sigstore.dev": "policies",
    "policies.kubewarden.io": "policies",
    "rbac.authorization.k8s.io": "policies",
    "networking.istio.io": "platform",
    "security.istio.io": "policies",
    "policy.linkerd.io": "policies",
    "cilium.io": "policies",
    "crd.projectcalico.org": "policies",
    "projectcalico.org": "policies",
    "policy.networking.k8s.io": "policies",
    "gateway.networking.k8s.io": "platform",
    "route.openshift.io": "platform",
    "cert-manager.io": "platform",
    "trust.cert-manager.io": "platform",
    "monitoring.coreos.com": "platform",
    "monitoring.googleapis.com": "platform",
    "operator.victoriametrics.com": "platform",
    "karpenter.sh": "platform",
    "velero.io": "platform",
    "storage.k8s.io": "platform",
    "scheduling.k8s.io": "platform",
    "traefik.io": "platform",
    "opentelemetry.io": "platform",
    "autoscaling": "patches",
    "autoscaling.k8s.io": "patches",
    "keda.sh": "patches",
}
_KINDS: Mapping[tuple[str, str], str] = {
    ("", "ResourceQuota"): "policies",
    ("", "LimitRange"): "policies",
    ("", "Namespace"): "policies",
    ("networking.k8s.io", "NetworkPolicy"): "policies",
    ("networking.k8s.io", "Ingress"): "platform",
    ("networking.k8s.io", "IngressClass"): "platform",
    ("policy", "PodDisruptionBudget"): "patches",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): "policies",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): "policies",
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): "policies",
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): "policies",
    ("argoproj.io", "Rollout"): "workload",
    ("argoproj.io", "Workflow"): "workload",
    ("argoproj.io", "WorkflowTemplate"): "workload",
    ("argoproj.io", "CronWorkflow"): "workload",
}


def home(key: ObjectKey) -> str:
    """The intent that a kind belongs to, ``workload`` for what makes pods, "" where it may stand anywhere."""
    kind = (key.group, key.kind)
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in POD_TEMPLATES:
        return "workload"
    return _GROUPS.get(key.group, "")


def read_by_policies(inventory: Inventory) -> frozenset[str]:
    """The names of the objects that the policies of the render read: parameters, and what Kyverno's context names."""
    return frozenset(name for obj in inventory if home(obj.key) == "policies" for name in _read(obj.get("spec")))


def _read(value: object, under: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        if under in {"paramRef", "configMap"}:
            name = str(value.get("name") or "")
            yield "" if "{{" in name else name
        for key, inner in value.items():
            yield from _read(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _read(inner, under)


class Layout(Value, frozen=True):
    """The folder of each intent, relative to the overlay; None where the team declares that there is none."""

    folders: Mapping[str, str | None]

    def intent_of(self, path: str) -> str:
        """The intent whose folder holds a file (relative to the overlay), or ""."""
        found = [(len(f), intent) for intent, f in self.folders.items() if f and path.startswith(f.strip("/") + "/")]
        return max(found, default=(0, ""))[1]


def layout(config: Config, readme: Readme | None) -> Layout:
    """The folders as configured; where the configuration is silent, as a folder table of the README binds them."""
    configured = {intent: getattr(config.layout, intent) for intent in INTENTS}
    named = _named_by_readme(readme)
    standard = {intent: intent for intent in INTENTS}
    return Layout({i: named.get(i, f) if f == standard[i] else f for i, f in configured.items()})


#: The row of each intent: a README's table cell bound to it names the folder.
_ROWS = {"LAY-04": "patches", "LAY-05": "platform", "LAY-06": "policies", "LAY-07": "apps", "LAY-08": "secrets"}


def _named_by_readme(readme: Readme | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in readme.folders if readme else ():
        path = folder.path.strip("/")
        for id in _ROWS.keys() & set(folder.bindings):
            if path:
                found.setdefault(_ROWS[id], path)
    return found


class Placed(Value, frozen=True):
    """One object or document in the overlay's folder: what it is and where it stands."""

    key: ObjectKey
    file: str
    source: Source
    #: How the kustomizations refer to its file: ``patch``, ``resource``, or "" where nothing does.
    used_as: str
    obj: Manifest | None = None

    @property
    def subject(self) -> Manifest | ObjectKey:
        """What evidence is about."""
        return self.obj if self.obj is not None else self.key


_PATCH_FIELDS = ("patches", "patchesStrategicMerge", "patchesJson6902")


def written(tree: Tree, references: References) -> tuple[Placed, ...]:
    """Every Kubernetes object in the overlay's files, rendered or not."""
    patches = {r.target for r in references.of(*_PATCH_FIELDS)}
    resources = {r.target for r in references.of("resources", "bases", "crds")}
    return tuple(item for file in tree.files for item in _documents(file, patches, resources))


def placed(tree: Tree, written: tuple[Placed, ...], inventory: Inventory) -> tuple[Placed, ...]:
    """What is written in the overlay's files, and every object that a generator there makes."""
    found = list(written)
    known = {(item.file, item.key.kind, item.key.name) for item in found}
    prefix = f"{tree.source_path}/" if tree.source_path else ""
    for obj in inventory:
        file = obj.origin.file
        path = file.removeprefix(prefix)
        if file and file.startswith(prefix) and (path, obj.key.kind, obj.key.name) not in known:
            found.append(Placed(obj.key, path, obj.origin.source(), "resource", obj))
    return tuple(found)


def _documents(file: TreeFile, patches: set[str], resources: set[str]) -> Iterator[Placed]:
    used_as = "patch" if file.source_path in patches else "resource" if file.source_path in resources else ""
    for found in names(file):
        if not found.key.api_version.startswith(("kustomize.config.k8s.io/", "kfm-checks/")):
            yield Placed(found.key, file.path, file.at(found.line), used_as)
