"""Whether what was seen of a cluster may be judged by: it was reached, and a snapshot of it is fresh enough."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from kfm_checks.config import Config
from kfm_checks.config_rules import span_of
from kfm_checks.errors import ConfigError
from kfm_checks.facts.cluster import Cluster


def unusable(cluster: Cluster, config: Config, as_of: str) -> str:
    """Why no row may rest on it, "" where rows may. Raises ConfigError for a limit that is no time.

    A snapshot's age is counted at the end of the day that the run judges by, its only clock; one taken later is fresh.
    """
    if cluster.problem:
        return f"the cluster could not be read: {cluster.problem}"
    if cluster.origin == "cluster":
        return ""
    limit, taken = limit_of(config.thresholds.snapshot_age), moment(cluster.taken)
    if taken is None:
        return "the snapshot does not say when it was taken"
    end = datetime.combine(datetime.fromisoformat(as_of).date() + timedelta(days=1), time(), UTC)
    if end - taken > limit:
        age = config.thresholds.snapshot_age
        return f"the snapshot was taken at {cluster.taken}, more than {age} before the end of {as_of}"
    return ""


def limit_of(text: str) -> timedelta:
    """``24h``, ``90m`` or ``7d`` as a time. Raises ConfigError."""
    span = span_of(text)
    if span is None:
        raise ConfigError(f"thresholds.snapshot-age: {text!r} is no time", remedy="write 24h, 90m or 7d")
    return span


def moment(text: str) -> datetime | None:
    """A time with its zone, None where the text is none."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None
