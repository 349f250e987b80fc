"""The cluster's name and distribution by the cluster's own word."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.objects import dig, labels_of
from kfm_checks.model import Manifest, Path

#: Labels by which providers name the cluster on its nodes (documentation of eksctl, AKS, and Cluster API).
NODE_LABELS = ("alpha.eksctl.io/cluster-name", "kubernetes.azure.com/cluster", "cluster.x-k8s.io/cluster-name")
#: Names that installers give to every cluster.
NO_NAMES = {"", "kubernetes", "kind", "default", "in-cluster", "cluster"}


def names(cluster: Cluster) -> Iterator[tuple[Manifest, Path, str]]:
    """Object, path and name, for each place that tells one; one node stands for all that say the same."""
    for config in cluster.of("ConfigMap"):
        if (config.key.namespace, config.key.name) == ("kube-system", "kubeadm-config"):
            text = str(dig(config, "data", "ClusterConfiguration", default=""))
            found = re.search(r"^clusterName:\s*(\S+)\s*$", text, re.MULTILINE)
            if found and found[1] not in NO_NAMES:
                yield config, ("data", "ClusterConfiguration"), found[1]
    said = set()
    for node in cluster.of("Node"):
        for label in NODE_LABELS:
            name = labels_of(node).get(label, "")
            if name not in NO_NAMES and name not in said:
                said.add(name)
                yield node, ("metadata", "labels", label), name
