"""Remedies as patches: valid YAML, and pasting them turns the failing example."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kfm_checks import remedies
from kfm_checks.config import parse_settings
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Evidence, Manifest, ObjectKey
from kfm_checks.render import find_renderer, render
from kfm_checks.run import check_objects
from tests.conftest import AS_OF
from tests.examples import Case, cases

#: Checks whose failing examples are mended by their patches alone, whatever the case.
MENDED = {
    "namespaces-have-quota",
    "namespaces-have-limit-range",
    "workloads-have-liveness-probe",
    "workloads-have-readiness-probe",
    "containers-set-requests",
    "containers-set-limits",
    "namespaces-enforce-pod-security",
    "service-account-tokens-are-needed",
    "services-avoid-node-port",
    "reconciliation-self-heals",
    "pods-meet-restricted",
    "critical-workloads-roll-out-progressively",
}
#: Cases of these that a patch can't mend, and why.
BEYOND = {
    "a default service account is granted something": "who should hold the grant is the team's to say",
    "the default service account gets its grant by the group of all service accounts": "the same",
    "a projected token for the API server beside automount false": "volumes are lists of lists: no merge key",
    "a text where a boolean belongs": "kustomize keeps the quotes of the value that a patch replaces",
    "an Argo Workflow whose template takes back what stands above it": "a list in a custom resource: no merge key",
}
#: Checks of other topics, whose evidence their own tests look at.
OTHERS = ("admission-policies-are-enforced", "objects-pass-admission-policies", "image-signatures-are-verified")


def failing() -> list[Case]:
    """Each failing example that is a set of objects."""
    return [case for case in cases() if case.outcome == "fail" and "objects" in case.content]


def failures(case: Case, text: str) -> tuple[str, list[Evidence]]:
    """The outcome and the failing evidence of a case's check on other objects."""
    config = parse_settings(case.content.get("config") or {}).config
    result = check_objects(parse_manifests(text), only=[case.check], config=config, as_of=AS_OF).result(case.check)
    return result.outcome, [e for e in result.evidence if e.holds is False]


def paste(folder: Path, text: str, patches: list[str]) -> str:
    """Objects with patches applied by kustomize: one for an object that is there patches it, another adds it."""
    present = {identity(obj) for obj in parse_manifests(text)}
    names = itertools.count()
    listed: dict[str, list[Any]] = {"resources": ["objects.yaml"], "patches": []}
    (folder / "objects.yaml").write_text(text, encoding="utf-8")
    for patch in dict.fromkeys(patches):
        name = f"p{next(names)}.yaml"
        (folder / name).write_text(patch, encoding="utf-8")
        if identity(yaml.safe_load(patch)) in present:
            listed["patches"].append({"path": name})
        else:
            listed["resources"].append(name)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
    return render(folder, find_renderer())


def identity(obj: Any) -> tuple[str, ...]:
    """What kustomize finds an object by."""
    metadata = obj["metadata"]
    return obj["apiVersion"], obj["kind"], metadata.get("namespace") or "default", metadata["name"]


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=f"{c.check}-{c.about[:50]}") for c in failing() if c.check in MENDED and c.about not in BEYOND],
)
def test_pasting_the_patches_mends_the_example(case: Case, tmp_path: Path) -> None:
    """The patches of the failing evidence, applied by kustomize, turn the check to pass."""
    text = case.content["objects"]
    for attempt in range(2):  # one finding may stand before another
        outcome, found = failures(case, text)
        if outcome != "fail":
            break
        assert all(evidence.patch for evidence in found), [e.message for e in found if not e.patch]
        folder = tmp_path / str(attempt)
        folder.mkdir()
        text = paste(folder, text, [evidence.patch for evidence in found])
    assert failures(case, text)[0] in {"pass", "not-verified"}


@pytest.mark.parametrize(
    "case", [pytest.param(c, id=f"{c.check}-{c.section}-{c.about[:50]}") for c in failing() if c.check not in OTHERS]
)
def test_each_failure_is_good_to_read(case: Case) -> None:
    """It says what was found and what would be right, and its patch, where it has one, is a YAML mapping."""
    for evidence in failures(case, case.content["objects"])[1]:
        assert evidence.message
        assert evidence.expected, evidence.message
        assert evidence.observed, evidence.message
        assert not evidence.patch or isinstance(yaml.safe_load(evidence.patch), dict)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, min_size=1, max_size=3) | st.dictionaries(st.text(), x, min_size=1, max_size=3)))  # fmt: skip
def test_any_value_is_quoted(value: Any) -> None:
    """Whatever a manifest holds comes back from the YAML of a patch as it went in."""
    key = ObjectKey("v1", "ConfigMap", "a: b", "true")
    read = yaml.safe_load(remedies.whole(key, {"data": value}))
    assert read["data"] == value
    assert read["metadata"] == {"name": "true", "namespace": "a: b"}


def test_a_list_without_a_merge_key_has_no_patch() -> None:
    """A patch that would replace a list whole is not offered."""
    obj = Manifest(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"tolerations": [{"key": "a"}]}}
    )
    assert remedies.merge(obj, ("spec", "tolerations", 0, "effect"), "NoExecute") == ""
    assert remedies.merge(obj, ("spec", "containers", 0, "image"), "a") == ""
