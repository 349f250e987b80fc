"""Whether anybody looked at a cluster, at which one, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from kfm_checks.engine import Facts
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.live_age import moment

#: The words wherever no cluster was given.
NOT_LOOKED_AT = "No cluster was looked at: neither a context nor a snapshot was given."


@dataclass(frozen=True)
class Looked:
    """What was looked at. ``cluster`` is None where nothing was."""

    cluster: Cluster | None
    #: Why a snapshot counts no more, or why the server was not reached; "" where it can be relied on.
    doubt: str = ""
    age: str = ""

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
        served = [each for each in cluster.listings if not each.unserved]
        made, failed = len(served), sum(bool(each.problem) for each in served)
        read = f"{made} lists asked for, {made - failed} read" + (f", {failed} not" if failed else "")
        found = (
            ("What was looked at", self.origin),
            ("Taken", cluster.taken or "nobody knows when"),
            ("Age", self.age),
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
    cluster = facts.inputs.get("seen") or facts.inputs.get("cluster")
    if not isinstance(cluster, Cluster):
        return Looked(None)
    doubt = "" if "cluster" in facts.inputs else facts.absent.get("cluster", "nobody said why")
    return Looked(cluster, doubt, _age(cluster, str(facts.inputs.get("as_of") or ""), facts))


def shown(facts: Facts) -> Facts:
    """The facts by which pages show what was seen, also where no row may rest on it: an old snapshot is shown, too."""
    cluster = looked(facts).cluster
    if cluster is None or cluster.problem or "cluster" in facts.inputs:
        return facts
    return Facts({**facts.inputs, "cluster": cluster}, facts.absent, facts.functions)


def _age(cluster: Cluster, as_of: str, facts: Facts) -> str:
    """How old a snapshot is at the end of the day that is judged by; "" for what was read just now."""
    taken = moment(cluster.taken)
    if cluster.origin == "cluster" or taken is None or not as_of:
        return ""
    end = datetime.combine(datetime.fromisoformat(as_of).date() + timedelta(days=1), time(), UTC)
    hours = int((end - taken).total_seconds() // 3600)
    limit = facts.get("config").thresholds.snapshot_age
    if hours < 0:
        return f"taken after {as_of}, the day judged by; the limit is {limit}"
    old = f"{hours} hours" if hours < 72 else f"{hours // 24} days"
    return f"{old} at the end of {as_of}; the limit is {limit}"
