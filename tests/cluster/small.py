"""A small overlay, and a run that looks at a cluster for it: for tests of how looking goes wrong."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from kfm_checks.judged import Judged
from kfm_checks.run import Options, judge
from tests.cluster.controlplane import ControlPlane
from tests.conftest import AS_OF

DIGEST = "sha256:" + "a" * 64
OVERLAY = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: small, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: small}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: web
          image: registry.example.org/web@{DIGEST}
          resources: {{requests: {{cpu: 10m, memory: 16Mi}}, limits: {{cpu: 10m, memory: 16Mi}}}}
          securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: small}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings, namespace: small}}
data: {{LEVEL: info}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: deployer, namespace: small}}
rules: [{{apiGroups: [apps], resources: [deployments], verbs: [get, list]}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: deployer, namespace: small}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}}
subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: deployers}}]
"""
CONFIG = """
schema: kfm-checks/config/v1
personas: {application-deployer: ["Group:deployers"]}
"""
#: Rows that a small overlay's cluster decides: drift, enforcement, access.
ROWS = ("GIT-04", "OPS-04", "MEM-05")


def write(folder: Path, more: str = "", name: str = "small") -> Path:
    """The overlay in a folder, which is a repository of its own; ``more`` are further objects."""
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text("resources: [all.yaml]\n", encoding="utf-8")
    text = OVERLAY + (f"---\n{more}" if more else "")
    (folder / "all.yaml").write_text(text.replace("small", name), encoding="utf-8")
    (folder / "kfm-checks.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def apply(plane: ControlPlane, overlay: Path) -> None:
    """Put the overlay's objects onto the cluster, as somebody with kubectl would."""
    plane.kubectl("apply", "--server-side", "-k", str(overlay))


def look(kubeconfig: Path, overlay: Path, only: Sequence[str] = ROWS, **options: Any) -> Judged:
    """A run with ``--context``."""
    os.environ["KUBECONFIG"] = str(kubeconfig)
    context = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["current-context"]
    return judge(overlay, Options(context=context, as_of=AS_OF, only=tuple(only), **options))


def outcomes(judged: Judged) -> dict[str, str]:
    """Each live check's outcome."""
    return {result.check: result.outcome for result in judged.report.results}


def messages(judged: Judged, check: str) -> list[str]:
    """What a check's evidence says, and its reason."""
    result = judged.report.result(check)
    return [*(one.message for one in result.evidence), result.reason or ""]
