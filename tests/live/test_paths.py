"""What a manifest names never becomes another path of the server, or outdoes the query."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from kfm_checks.facts.cluster import ApiKind
from kfm_checks.live.discovery import path_of

POD = ApiKind("", "v1", "Pod", "pods")
_NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(_NAME, _NAME)
@example("small/pods?x=", "web")
@example("small", "web?x=")
@example("small", "web#")
@example("small", "..")
@example(".", "a/../../b")
@example("small", "%2e%2e%2f")
def test_a_name_is_one_segment(namespace: str, name: str) -> None:
    """As the transport sends it and as the server reads it, the dry run stays one."""
    sent = parse_url(f"http://127.0.0.1:1{path_of(POD, namespace, name)}?dryRun=All")
    assert sent.fragment is None
    assert parse_qs(sent.query or "") == {"dryRun": ["All"]}
    parts = [unquote(part) for part in (sent.path or "").split("/")]
    assert parts == ["", "api", "v1", "namespaces", namespace, "pods", name]


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "path"),
    [
        (POD, "small", "web", "/api/v1/namespaces/small/pods/web"),
        (POD, "", "", "/api/v1/pods"),
        (ApiKind("apps", "v1", "Deployment", "deployments"), "a", "", "/apis/apps/v1/namespaces/a/deployments"),
        (ApiKind("", "v1", "Node", "nodes", namespaced=False), "a", "node-1", "/api/v1/nodes/node-1"),
        (
            ApiKind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False),
            "", "system:node", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        ),
    ],
)  # fmt: skip
def test_ordinary_paths(kind: ApiKind, namespace: str, name: str, path: str) -> None:
    """Those of the API's own documentation."""
    assert path_of(kind, namespace, name) == path
