"""LAY-02 and LAY-04 … LAY-07: what may stand in the overlay, and in which of its folders."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds, unknown
from kfm_checks.facts.layout import Layout, Placed, home, read_by_policies
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.tree import Tree
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence

#: Endings of application source; a script that a generator delivers is configuration and stands elsewhere.
SOURCE_CODE = {
    ".py", ".js", ".ts", ".jsx", ".tsx", ".go", ".java", ".kt", ".rb", ".rs", ".c", ".cc", ".cpp", ".h", ".cs", ".php",
    ".scala", ".swift", ".ipynb", ".jar", ".war", ".whl", ".class",
}  # fmt: skip
PROSE = {".md", ".txt", ".rst", ".adoc", ".pdf", ".docx", ".pptx", ".html"}
#: Images of well-known cluster services, for workloads under ``platform/`` in a namespace that nobody declared.
CLUSTER_SERVICES = (
    "ingress-nginx", "cert-manager", "velero", "prometheus", "grafana", "opentelemetry-collector", "fluent-bit",
    "fluentd", "external-dns", "external-secrets", "kube-state-metrics", "node-exporter", "metrics-server", "traefik",
    "envoy",
    "istio", "cilium", "calico", "coredns", "kyverno", "gatekeeper", "loki", "promtail", "alertmanager", "vector",
    "cluster-autoscaler", "csi-", "sealed-secrets", "reloader", "descheduler", "kube-vip", "metallb", "argocd",
    "fluxcd",
)  # fmt: skip


def overlay_holds_only_delta(tree: Tree, workloads: tuple[Workload, ...], layout: Layout) -> Iterator[Evidence]:
    """Shared workloads come from a base; the overlay holds only the production delta.

    A workload written out in the overlay is a copy that drifts from the other environments. What serves this cluster
    alone may stand under `platform/`, where LAY-05 judges it.

    Remedy: move the manifest to a base and list the base under `resources`.
    """
    prefix = f"{tree.source_path}/" if tree.source_path else ""
    for workload in workloads:
        origin = workload.obj.origin
        if not origin.file:
            yield unknown(workload.obj, message="nobody can tell which file it comes from")
            continue
        path = origin.file.removeprefix(prefix)
        inside = bool(origin.file.startswith(prefix)) and tree.get(path) is not None
        if inside and layout.intent_of(path) != "platform":
            yield fails(
                workload.obj, message="a whole workload stands in the overlay", expected="a base", observed=origin.file
            )
        else:
            where = "a cluster service of this overlay" if inside else "it comes from a base"
            yield holds(workload.obj, message=where, expected="a base", observed=origin.file)


def patches_are_patches(tree: Tree, layout: Layout, placed: tuple[Placed, ...]) -> Iterator[Evidence]:
    """The folder for patches holds patches and small companions, such as PodDisruptionBudgets.

    Application source and whole workloads belong to a base, objects of another intent to their own folder.

    Remedy: move the file to a base, or to the folder of its intent; keep here only what changes a base's object.
    """
    folder = _folder(tree, layout, "patches")
    yield from _source_code(tree, folder)
    for item in _inside(placed, layout, "patches"):
        belongs = home(item.key)
        if item.used_as == "patch":
            yield holds(item.subject, message="a patch", observed=item.file, source=item.source)
        elif belongs == "workload":
            wanted = "a patch of a base's object"
            yield fails(
                item.subject,
                message="a whole workload, not a patch",
                expected=wanted,
                observed=item.file,
                source=item.source,
            )
        elif belongs in {"", "patches"}:
            yield holds(item.subject, message="a companion of the patches", observed=item.file, source=item.source)
        else:
            message = f"neither a patch nor a companion: it belongs under {layout.folders.get(belongs) or belongs}/"
            wanted = "a patch, or a small companion"
            yield fails(item.subject, message=message, expected=wanted, observed=item.file, source=item.source)
    for file in tree.folder(folder):
        if file.is_manifest_file and any(isinstance(d.value, list) for d in file.documents):
            yield holds(file_key(file.path), message="a JSON patch", source=file.at(1))


def platform_has_no_tenant_apps(
    tree: Tree, layout: Layout, placed: tuple[Placed, ...], config: Config, workloads: tuple[Workload, ...]
) -> Iterator[Evidence]:
    """The folder for the platform holds cluster services only, no tenant's workload.

    A workload there is a cluster service where its namespace is declared a platform namespace, or where it runs the
    image of a well-known one. A workload in a namespace of the team's own declared workloads is a tenant's.

    Remedy: move the workload to its base and wire it through `apps/`, or declare its namespace under
    `workloads.platform-namespaces`.
    """
    yield from _source_code(tree, _folder(tree, layout, "platform"))
    images = {w.obj.key: " ".join(c.image for c in w.containers) for w in workloads}
    tenants = _tenant_namespaces(config)
    for item in _inside(placed, layout, "platform"):
        if home(item.key) != "workload" or item.used_as == "patch":
            yield holds(item.subject, message="no workload", observed=item.file, source=item.source)
            continue
        image = next((text for key, text in images.items() if key[1:] == item.key[1:] or _same(key, item)), "")
        if _is_platform(item.key.namespace, config) or any(name in image for name in CLUSTER_SERVICES):
            yield holds(item.subject, message="a cluster service", observed=item.file, source=item.source)
        elif item.key.namespace in tenants:
            wanted = "a cluster service"
            yield fails(
                item.subject, message="a tenant's workload", expected=wanted, observed=item.file, source=item.source
            )
        else:
            message = "a workload of which nobody says whether it is a cluster service"
            yield unknown(item.subject, message=message, observed=item.file, source=item.source)


def policies_are_operative(
    tree: Tree, layout: Layout, placed: tuple[Placed, ...], inventory: Inventory
) -> Iterator[Evidence]:
    """The folder for policies holds operative policy objects only.

    Documents with no operational value hide what is enforced; objects of another kind hide there themselves. A
    ConfigMap belongs there where a policy reads it (`paramRef`, Kyverno's `context`).

    Remedy: move prose to the documentation, and each object to the folder of its intent.
    """
    folder = _folder(tree, layout, "policies")
    for file in tree.folder(folder):
        if file.suffix in PROSE:
            wanted = "policy objects alone"
            yield fails(
                file_key(file.path),
                message="prose, not a policy",
                expected=wanted,
                observed=file.path,
                source=file.at(1),
            )
    read = read_by_policies(inventory)
    for item in _inside(placed, layout, "policies"):
        if item.used_as != "patch" and not _operative(item, read):
            text = f"a {item.key.kind} is no policy"
            yield fails(item.subject, message=text, expected="a policy object", observed=item.file, source=item.source)
        else:
            yield holds(item.subject, message="a policy object", observed=item.file, source=item.source)


def _operative(item: Placed, read: frozenset[str]) -> bool:
    """Whether an object may stand among the policies; ``read`` has "" where a policy chooses what it reads by labels.

    Kustomize may put something before and after the name that is written.
    """
    if item.key.kind == "ConfigMap":
        return "" in read or any(item.key.name in name for name in read)
    return home(item.key) in {"policies", ""} and item.key.kind not in {"Service", "Secret"}


def apps_are_gitops_wiring(tree: Tree, layout: Layout, placed: tuple[Placed, ...]) -> Iterator[Evidence]:
    """The folder for applications holds GitOps wiring only, no base manifests.

    Applications, ApplicationSets, Kustomizations and HelmReleases say what runs here; what runs is in its base.

    Remedy: move the manifest to the application's base, and point a GitOps object at it.
    """
    yield from _source_code(tree, _folder(tree, layout, "apps"))
    for item in _inside(placed, layout, "apps"):
        wiring = home(item.key) == "apps" or item.used_as == "patch"
        message = "GitOps wiring" if wiring else f"a {item.key.kind} is no GitOps wiring: it belongs to a base"
        make = holds if wiring else fails
        yield make(item.subject, message=message, expected="GitOps objects", observed=item.file, source=item.source)


def _folder(tree: Tree, layout: Layout, intent: str) -> str:
    """The folder of an intent, "" where the team declares that it has none. Raises NotVerified where it isn't there."""
    folder = layout.folders[intent]
    if folder is None:
        return ""
    if not tree.folder(folder):
        raise NotVerified(f"there is no folder {folder}/; say under layout.{intent} which folder serves the intent")
    return folder


def _inside(placed: tuple[Placed, ...], layout: Layout, intent: str) -> Iterator[Placed]:
    return (item for item in placed if layout.intent_of(item.file) == intent)


def _source_code(tree: Tree, folder: str) -> Iterator[Evidence]:
    for file in tree.folder(folder):
        if file.suffix in SOURCE_CODE or file.name == "Dockerfile":
            wanted = "manifests and patches"
            yield fails(
                file_key(file.path),
                message="application source",
                expected=wanted,
                observed=file.path,
                source=file.at(1),
            )


def _same(key: tuple[str, ...], item: Placed) -> bool:
    return (key[1], key[3]) == (item.key.kind, item.key.name) and not item.key.namespace


def _is_platform(namespace: str, config: Config) -> bool:
    return namespace in config.workloads.platform_namespaces or namespace.startswith("kube-")


def _tenant_namespaces(config: Config) -> set[str]:
    """Namespaces of the workloads that the team declares its own."""
    names = [*(config.workloads.critical or ()), *(config.entry.gateways or ()), *config.workloads.singletons]
    for datastore in config.datastores or ():
        names += [datastore.workload, *(datastore.clients or ())]
    return {name.split("/")[0] for name in names if "/" in name}
