"""A Secret on a real API server: that it was changed is seen, its value is in nothing that a run gives out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfm_checks.facts.cluster import AS_RENDERED, DIFFERS, WITHHELD
from kfm_checks.judged import Judged
from tests.cli.helper import run
from tests.cluster import small
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.conftest import AS_OF

pytestmark = pytest.mark.cluster
DRIFT = "live-matches-render"
GIVEN, KEPT, CHANGED = "given-in-the-render-41", "kept-in-the-render-42", "changed-by-hand-43"
FOREIGN = "of-a-secret-that-git-does-not-know-44"
PATH = "/api/v1/namespaces/small/secrets"
SECRET = f"""
apiVersion: v1
kind: Secret
metadata: {{name: session, namespace: small}}
stringData: {{key: {GIVEN}}}
data: {{other: {base64.b64encode(KEPT.encode()).decode()}}}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server of this module's own."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


@pytest.fixture(scope="module")
def overlay(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Applied as `kubectl apply` does by default, which repeats the whole object, values too, in an annotation."""
    folder = small.write(tmp_path_factory.mktemp("overlay"), SECRET)
    server.kubectl("apply", "-k", str(folder))
    a_foreign_one(server)
    return folder


def a_foreign_one(server: ControlPlane) -> None:
    """A Secret that git does not know."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "foreign"}, "stringData": {"key": FOREIGN}}
    assert server.request("POST", PATH, body)[0] == 201


@pytest.fixture(autouse=True)
def as_rendered(server: ControlPlane, overlay: Path) -> None:
    """The value is put back before each test."""
    assert overlay.is_dir()
    patched(server, GIVEN)


def patched(server: ControlPlane, value: str) -> None:
    """Somebody writes a value by hand."""
    kind = "application/merge-patch+json"
    assert server.request("PATCH", f"{PATH}/session", {"stringData": {"key": value}}, content_type=kind)[0] == 200


def of_the_secret(judged: Judged) -> list[tuple[bool | None, str]]:
    """What drift says of the Secret."""
    evidence = judged.report.result(DRIFT).evidence
    return [(one.holds, one.pointer) for one in evidence if "Secret/session" in str(one.subject)]


def no_value_in(text: str) -> None:
    """Neither plain, nor in base64 at any of its three offsets."""
    for value in (GIVEN, KEPT, CHANGED, FOREIGN):
        forms = [value, *(base64.b64encode(b"x" * shift + value.encode()).decode()[4:-4] for shift in range(3))]
        assert not [form for form in forms if form in text]


def test_the_annotation_has_the_value(server: ControlPlane) -> None:
    """What the tests below rest on: the server does give the values out, in two places."""
    found = server.request("GET", f"{PATH}/session")[1]
    assert found["data"]["key"] == base64.b64encode(GIVEN.encode()).decode()
    assert GIVEN in found["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]


def test_the_rendered_value_is_no_drift(server: ControlPlane, overlay: Path) -> None:
    """Plain in the render, base64 in the cluster: equal."""
    judged = small.look(server.kubeconfig, overlay)
    assert of_the_secret(judged) == [(True, "")]


def test_a_changed_value_is_drift_without_the_value(server: ControlPlane, overlay: Path) -> None:
    """GIT-04 is not met for the key that changed; neither value is in what was seen or said."""
    patched(server, CHANGED)
    judged = small.look(server.kubeconfig, overlay)
    [row] = [row for row in judged.report.requirements if row.id == "GIT-04"]
    assert row.status == "not-met"
    assert of_the_secret(judged) == [(False, "/data/key")]
    [one] = [one for one in judged.report.result(DRIFT).evidence if one.pointer == "/data/key"]
    assert (one.expected, one.observed) == (AS_RENDERED, WITHHELD)
    assert DIFFERS in repr(judged.facts.inputs["seen"])
    no_value_in(repr(judged.report))
    no_value_in(repr(judged.facts.inputs["seen"]))


@pytest.mark.parametrize("form", ["table", "json", "junit", "sarif", "markdown", "openreports"])
def test_no_value_in_any_output(
    server: ControlPlane, overlay: Path, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By context, and by the snapshot of it; and nothing in the snapshot's file."""
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
    patched(server, CHANGED)
    arguments = ("check", str(overlay), "--as-of", AS_OF, "--format", form)
    live = run(*arguments, "--context", "admin")
    kept = run("snapshot", str(overlay), "--context", "admin", "-o", str(tmp_path))
    assert (live.status, kept.status) == (1, 0)
    later = run(*arguments, "--snapshot", str(tmp_path))
    text = (tmp_path / "cluster.json").read_text(encoding="utf-8")
    assert DIFFERS in text
    for said in (live.out, live.err, kept.out, kept.err, later.out, later.err, text):
        no_value_in(said)
