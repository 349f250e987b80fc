"""Whether anybody looked at a cluster, at which one, and when."""

from __future__ import annotations

from dataclasses import dataclass

from kfm_checks.engine import Facts
from kfm_checks.facts.cluster import Cluster

#: The words wherever no cluster was given.
NOT_LOOKED_AT = "No cluster was looked at: neither a context nor a snapshot was given."


@dataclass(frozen=True)
class Looked:
    """What was looked at. ``cluster`` is None where nothing was."""

    cluster: Cluster | None
    #: Why a snapshot counts no more, or why the server was not reached; "" where it can be relied on.
    doubt: str = ""

    @property
    def origin(self) -> str:
        """The kind of look, in words."""
        if self.cluster is None:
            return NOT_LOOKED_AT
        if self.cluster.origin == "snapshot":
            return "a snapshot: what was read earlier, and kept"
        return "the cluster itself, read for this run"

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What a reader has to know of the look: (what, value)."""
        cluster = self.cluster
        if cluster is None:
            return ()
        made, failed = len(cluster.listings), sum(bool(each.problem) for each in cluster.listings)
        read = f"{made} lists asked for, {made - failed} read" + (f", {failed} not" if failed else "")
        found = (
            ("What was looked at", self.origin),
            ("Taken", cluster.taken or "nobody knows when"),
            ("Context", cluster.context),
            ("Kubernetes", str(cluster.version.get("gitVersion") or "unknown")),
            ("Read", read),
            ("Objects seen", str(len(cluster.objects))),
            ("Compared by", compared_by(cluster)),
            ("Git's head at that time", cluster.head),
        )
        return tuple((name, value) for name, value in found if value)


def compared_by(cluster: Cluster) -> str:
    """How rendered and live objects were compared, with counts."""
    applied = sum(each.how == "server-side-apply" for each in cluster.comparisons)
    subset = len(cluster.comparisons) - applied
    parts = [f"{applied} by the server's own dry run"] if applied else []
    parts += [f"{subset} field by field, for want of a dry run"] if subset else []
    return ", ".join(parts) or "nothing was compared"


def looked(facts: Facts) -> Looked:
    """What this run looked at."""
    cluster = facts.inputs.get("cluster")
    if not isinstance(cluster, Cluster):
        return Looked(None)
    return Looked(cluster, f"the server was not reached: {cluster.problem}" if cluster.problem else "")
