"""Keep reports in the cluster: one OpenReports object for each overlay, by server-side apply.

This alone writes to a cluster, and it writes nothing else; ``--store-reports`` asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.cluster import ApiKind
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.discovery import path_of

#: The only kind that is ever written.
KIND = ApiKind("openreports.io", "v1alpha1", "ClusterReport", "clusterreports", namespaced=False)
MANAGER = "kfm-checks"
_REMEDIES = {
    403: "let the account create and patch this one object: see how to run in the cluster",
    404: "install the definitions of openreports.io/v1alpha1",
    413: "narrow the run with --only",
}


def store(documents: Sequence[Mapping[str, Any]], connection: Connection) -> tuple[str, ...]:
    """Store each document; what was there under its name is replaced. It returns the names.

    Raises KfmChecksError where one could not be stored: a report that nobody kept must not look kept.
    """
    return tuple(_stored(document, connection) for document in documents)


def _stored(document: Mapping[str, Any], connection: Connection) -> str:
    name = str(document["metadata"]["name"])
    query = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
    try:
        connection.call(
            "PATCH", path_of(KIND, name=name), document, query=query, content_type="application/apply-patch+yaml"
        )
    except Refusal as refusal:
        raise KfmChecksError(
            f"the report could not be stored: {refusal.reason}",
            file=f"{KIND.resource}/{name}",
            remedy=_REMEDIES.get(refusal.status, ""),
        ) from refusal
    return name
