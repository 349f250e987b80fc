"""META-01 and META-02: which environment and which cluster this is, and where that was read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.evidence import file_key, holds, judged
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.gitops import Reconciler
from kfm_checks.facts.live_names import names as live_names
from kfm_checks.facts.objects import Inventory, dig, labels_of
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Evidence

#: Words for one environment; each names it as well as the others.
ENVIRONMENTS = (
    frozenset({"prod", "production", "prd", "live"}),
    frozenset({"stage", "staging", "stg", "preprod", "nonprod", "uat"}),
    frozenset({"dev", "development", "sandbox"}),
    frozenset({"test", "testing", "qa", "ci"}),
)
LABELS = ("environment", "env", "app.kubernetes.io/environment", "kfm.io/environment", "topology.kfm/environment")
#: "non-prod" and "pre_production" are words of their own, and no production.
_NOT_PROD = re.compile(r"(?<![a-z0-9])(non|pre)[-_]?(?:prod|prd)(?:uction)?(?![a-z])")
#: Names that controllers give to the cluster that they run in: they name no cluster.
NO_NAMES = {"", "in-cluster", "default", "local", "kubernetes", "cluster"}
_NAME_KEYS = ("cluster-name", "clusterName", "cluster_name", "CLUSTER_NAME", "cluster")


def environment_is_production(
    tree: Tree, inventory: Inventory, config: Config, reconcilers: tuple[Reconciler, ...]
) -> Iterator[Evidence]:
    """The overlay's path, its labels and its GitOps destination agree on the environment.

    Read from the folder's name, the environment labels of the objects and the destination cluster's name; each that
    says something is compared with `environment` of the configuration.

    Remedy: mend the label or the path that says otherwise, or set `environment` in kfm-checks.yaml.
    """
    wanted = config.environment
    found = False
    for word in _words(tree.source_path):
        found = True
        yield _agrees(wanted, word, file_key(tree.source_path), "the folder's path", tree.source_path)
    for obj in inventory:
        for label, value in labels_of(obj).items():
            if (label in LABELS or label.endswith(("/environment", "/env"))) and _family(value):
                found = True
                ok = _family(value) == _family(wanted)
                message = f"its label {'agrees' if ok else 'says ' + value}"
                yield judged(ok, obj, ("metadata", "labels", label), message=message, expected=wanted, observed=value)
    for reconciler in reconcilers:
        for word in _words(reconciler.cluster):
            found = True
            yield _agrees(wanted, word, reconciler.obj, "its destination", reconciler.cluster)
    if not found:
        raise NotVerified("neither the path nor a label nor a GitOps destination names an environment")


def _agrees(wanted: str, word: str, subject: object, what: str, observed: str) -> Evidence:
    ok = _family(word) == _family(wanted)
    message = f"{what} {'agrees' if ok else 'says ' + word}"
    return judged(ok, subject, message=message, expected=wanted, observed=observed)  # type: ignore[arg-type]


def _words(text: str) -> list[str]:
    """Words of a path or name that stand for an environment."""
    return [word for word in re.split(r"[^a-z0-9]+", _joined(text)) if _family(word)]


def _family(word: str) -> frozenset[str]:
    return next((family for family in ENVIRONMENTS if _joined(word) in family), frozenset())


def _joined(text: str) -> str:
    return _NOT_PROD.sub(r"\1prod", text.lower())


def cluster_name_is_known(
    inventory: Inventory, reconcilers: tuple[Reconciler, ...], cluster: Cluster | None
) -> Iterator[Evidence]:
    """The cluster's name is known.

    Read from a GitOps destination, an Argo CD cluster Secret, a ConfigMap that carries a cluster name, or from the
    cluster itself where one was looked at. `in-cluster` names none.

    Remedy: write the name into the destination (`destination.name`), or into a ConfigMap under `cluster-name`.
    """
    names: list[Evidence] = []
    for reconciler in reconcilers:
        if reconciler.cluster not in NO_NAMES:
            path = (*reconciler.spec, "destination", "name")
            names.append(
                holds(reconciler.obj, path, message="the destination names the cluster", observed=reconciler.cluster)
            )
    for secret in inventory.of("Secret"):
        if labels_of(secret).get("argocd.argoproj.io/secret-type") == "cluster":
            name = str(dig(secret, "stringData", "name", default=secret.key.name))
            names.append(holds(secret.key, message=f"an Argo CD cluster: {name}", observed=name))
    for config in inventory.of("ConfigMap"):
        for key in _NAME_KEYS:
            value = dig(config, "data", key)
            if isinstance(value, str) and value not in NO_NAMES:
                names.append(holds(config, ("data", key), message="a ConfigMap names the cluster", observed=value))
    for obj, at, name in live_names(cluster) if cluster is not None else ():
        names.append(holds(obj, at, message="the cluster tells its name", observed=name))
    if not names:
        raise NotVerified("no GitOps destination, cluster Secret or ConfigMap names the cluster")
    yield from names
