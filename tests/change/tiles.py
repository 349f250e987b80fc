"""A realistic change of the shipped overlay: a service for map tiles, with a database of its own."""

from __future__ import annotations

from pathlib import Path

from tests.change.cases import commit, git, put, start
from tests.test_mutations import OVERLAY, apply, copy

#: What its pull request says.
DESCRIPTION = """\
## What
Adds a service for map tiles, kfm-tiles, and its own database, tiles-cache.

## Why
The maps of the autumn release doubled the load on PostGIS.

## Verification
Rendered it with kustomize, compared both renders, tried it on the staging cluster.

## Rollback
Revert this pull request; the cache is filled again from PostGIS, so its volume may go.
"""
SERVICE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: kfm-tiles, namespace: kfm-app, labels: {app.kubernetes.io/name: kfm-tiles}}
spec:
  replicas: 2
  selector: {matchLabels: {app.kubernetes.io/name: kfm-tiles}}
  template:
    metadata: {labels: {app.kubernetes.io/name: kfm-tiles}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: tiles
          image: ghcr.io/bartytime4life/kfm-tiles@sha256:0000000000000000000000000000000000000000000000000000000000000016
          ports: [{name: http, containerPort: 8080}]
          resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 500m, memory: 256Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: kfm-tiles, namespace: kfm-app}
spec: {selector: {app.kubernetes.io/name: kfm-tiles}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: tiles-cache, namespace: kfm-data, labels: {app.kubernetes.io/name: tiles-cache}}
spec:
  serviceName: tiles-cache
  replicas: 1
  selector: {matchLabels: {app.kubernetes.io/name: tiles-cache}}
  template:
    metadata: {labels: {app.kubernetes.io/name: tiles-cache}}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: postgres
          image: docker.io/postgis/postgis@sha256:0000000000000000000000000000000000000000000000000000000000000007
          ports: [{name: postgres, containerPort: 5432}]
          resources: {requests: {cpu: 100m, memory: 256Mi}, limits: {cpu: 500m, memory: 512Mi}}
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
---
apiVersion: v1
kind: Service
metadata: {name: tiles-cache, namespace: kfm-data}
spec: {selector: {app.kubernetes.io/name: tiles-cache}, ports: [{name: postgres, port: 5432}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: tiles-cache, namespace: kfm-data}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: tiles-cache}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kfm-app}}
          podSelector: {matchLabels: {app.kubernetes.io/name: kfm-tiles}}
      ports: [{port: 5432}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: kfm-tiles, namespace: kfm-app}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: kfm-tiles}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kfm-data}}
          podSelector: {matchLabels: {app.kubernetes.io/name: tiles-cache}}
      ports: [{port: 5432}]
"""
DECLARED = "datastores:\n  - workload: kfm-data/StatefulSet/tiles-cache\n    ports: [5432]\n    clients:\n      - kfm-app/Deployment/kfm-tiles\n"


def service_with_database(root: Path) -> Path:
    """A repository with the shipped overlay on main, and the change on the branch feature, checked out."""
    start(root)
    copy(root)
    put(root, {".github/CODEOWNERS": "* @alice\n"})
    commit(root, "base")
    git(root, "checkout", "-q", "-b", "feature")
    put(
        root,
        {
            "infra/apps/kfm-tiles/base/kustomization.yaml": "resources: [tiles.yaml]\n",
            "infra/apps/kfm-tiles/base/tiles.yaml": SERVICE,
        },
    )
    apply(
        [
            {"file": str(OVERLAY / "kustomization.yaml"), "find": "  - ../../apps/kfm-api/base\n",
             "replace": "  - ../../apps/kfm-api/base\n  - ../../apps/kfm-tiles/base\n"},
            {"file": str(OVERLAY / "kfm-checks.yaml"), "find": "datastores:\n", "replace": DECLARED},
        ],
        root,
    )  # fmt: skip
    commit(root, "A service for tiles, with its cache")
    return root
