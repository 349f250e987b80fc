"""What a live cluster, or a snapshot of one, shows: the only importer of the ``kubernetes`` client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfm_checks.errors import UsageError
from kfm_checks.facts.cluster import Cluster

if TYPE_CHECKING:
    from kfm_checks.engine import Facts
    from kfm_checks.judged import Options


def see(options: Options, facts: Facts, render: str) -> Cluster:
    """Look at what the options name: a context, the cluster around this process, or a snapshot.

    ``facts`` say which objects, namespaces and personas to ask about; ``render`` is the digest of the rendered objects.
    Raises UsageError for an unknown context or a folder that is no snapshot. A server that can't be reached is no
    error: the cluster carries the reason.
    """
    if options.snapshot is not None:
        from kfm_checks.live.snapshot import read_snapshot

        return read_snapshot(options.snapshot)
    try:
        from kfm_checks.live.look import look_at

        return look_at(options, facts, render)
    except ModuleNotFoundError as error:
        if error.name not in {"kubernetes", "urllib3"}:
            raise
        raise UsageError(
            "the client of Kubernetes is not installed", remedy="pip install 'kfm-checks[live]'"
        ) from error
