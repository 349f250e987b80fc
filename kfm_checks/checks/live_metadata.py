"""META-02 in the cluster: the name that the cluster bears by its own word."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.evidence import holds
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_names import names
from kfm_checks.model import Evidence


def cluster_name_is_known_live(cluster: Cluster) -> Iterator[Evidence]:
    """The cluster itself tells its name.

    Read from kubeadm's configuration, or from the labels that providers put on nodes: the provider's own word, whatever
    git says. A cluster that tells none leaves it to git.

    Remedy: write the name into the GitOps destination, and compare it with what the provider's console says.
    """
    for obj, path, name in names(cluster):
        yield holds(obj, path, message="the cluster tells its name", observed=name)
