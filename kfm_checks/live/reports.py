"""Keep reports in the cluster: one OpenReports object for each overlay, by server-side apply.

This alone writes to a cluster, and it writes nothing else; ``--store-reports`` asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from kfm_checks.errors import KfmChecksError

#: The plural of each kind that may be written, as the API server's URLs have it.
PLURALS = {"ClusterReport": "clusterreports"}
MANAGER = "kfm-checks"
#: Sends an apply patch to a path; it gives the status and the text of the answer. Raises OSError where nobody answers.
Apply = Callable[[str, bytes], tuple[int, str]]
_WHY = {
    401: "the credentials are not accepted",
    403: "not permitted",
    404: "the server serves no such kind",
    413: "it is larger than the server takes",
}
_REMEDIES = {
    403: "let the account create and patch this one object (docs: run in the cluster)",
    404: "install the definitions of openreports.io/v1alpha1",
    413: "narrow the run with --only",
}


def store(documents: Sequence[Mapping[str, Any]], apply: Apply) -> tuple[str, ...]:
    """Store each document; what was there under its name is replaced. It returns the names.

    Raises KfmChecksError where one could not be stored: a report that nobody kept must not look kept.
    """
    return tuple(_stored(document, apply) for document in documents)


def _stored(document: Mapping[str, Any], apply: Apply) -> str:
    name = str(document["metadata"]["name"])
    resource = PLURALS[str(document["kind"])]
    options = urlencode({"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"})
    path = f"/apis/{document['apiVersion']}/{resource}/{quote(name, safe='')}?{options}"
    shown = f"{resource}/{name}"
    try:
        status, text = apply(path, json.dumps(document).encode())  # JSON is YAML, and is read faster
    except OSError as error:
        raise KfmChecksError("the report could not be stored: the server did not answer", file=shown) from error
    if status not in (200, 201):
        why = _WHY.get(status) or _said(text) or f"the server answered {status}"
        raise KfmChecksError(f"the report could not be stored: {why}", file=shown, remedy=_REMEDIES.get(status, ""))
    return name


def _said(text: str) -> str:
    """The message of the server's Status object, in one line; "" where the answer is something else."""
    try:
        message = json.loads(text).get("message")
    except (ValueError, AttributeError):
        return ""
    return " ".join(message.split())[:300] if isinstance(message, str) else ""
