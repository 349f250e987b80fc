"""Provenance: each object and field points at the file and line to edit, as kustomize made it."""

from __future__ import annotations

from pathlib import Path

from kfm_checks.judged import Options
from kfm_checks.model import Manifest
from kfm_checks.run import judge

BASE = """\
# a comment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: proxy
          image: proxy:1
        - name: api
          image: api:1
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: api
          image: api:2
"""
FILES = {
    "prod/kustomization.yaml": "namespace: shop\nnamePrefix: live-\nresources: [../base, ../twice/a, ../twice/b]\npatches: [{path: scale.yaml}]\n"
    "configMapGenerator:\n  - name: settings\n    literals: [a=b]\n",
    "prod/scale.yaml": PATCH,
    "base/kustomization.yaml": "resources: [api.yaml, list.json]\n",
    "base/api.yaml": BASE,
    "base/list.json": '{"apiVersion": "v1", "kind": "List", "items": [\n{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}},\n'
    '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "two"}}]}\n',
    "twice/base/kustomization.yaml": "resources: [config.yaml]\n",
    "twice/base/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: same}\ndata: {a: b}\n",
    "twice/a/kustomization.yaml": "nameSuffix: -a\nresources: [../base]\n",
    "twice/b/kustomization.yaml": "nameSuffix: -b\nresources: [../base]\n",
}


def objects(scratch: Path) -> dict[str, Manifest]:
    """The rendered objects by kind and name."""
    for name, text in FILES.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (scratch / ".git").mkdir()
    judged = judge(scratch / "prod", Options(as_of="2026-11-22", only=("overlay-renders",)))
    return {f"{obj.key.kind}/{obj.key.name}": obj for obj in judged.objects}


def test_objects_point_at_their_files(tmp_path: Path) -> None:
    """Through prefixes, suffixes, lists, generators and a base that is used twice."""
    found = {name.partition("-gk")[0]: str(obj.origin.source()) for name, obj in objects(tmp_path).items()}
    generated = next(name for name in found if name.startswith("ConfigMap/live-settings"))
    assert found.pop(generated) == "prod/kustomization.yaml:6"
    assert found == {
        "Deployment/live-api": "base/api.yaml:2",
        "Service/live-one": "base/list.json:2",
        "Service/live-two": "base/list.json:3",
        "ConfigMap/live-same-a": "twice/base/config.yaml:1",
        "ConfigMap/live-same-b": "twice/base/config.yaml:1",
    }


def test_fields_point_at_the_patch_that_set_them_else_at_the_base(tmp_path: Path) -> None:
    """List items are matched by their name: kustomize puts the patched container first."""
    api = objects(tmp_path)["Deployment/live-api"]
    containers = api["spec"]["template"]["spec"]["containers"]
    place = {
        c["name"]: str(api.origin.source(("spec", "template", "spec", "containers", i, "image")))
        for i, c in enumerate(containers)
    }
    assert str(api.origin.source(("spec", "replicas"))) == "prod/scale.yaml:6"
    assert place == {"api": "prod/scale.yaml:11", "proxy": "base/api.yaml:12"}


def test_a_field_that_nobody_wrote_points_at_its_nearest_parent(tmp_path: Path) -> None:
    """What is missing is to be added there."""
    api = objects(tmp_path)["Deployment/live-api"]
    assert str(api.origin.source(("spec", "template", "spec", "securityContext", "runAsNonRoot"))) == "base/api.yaml:9"
