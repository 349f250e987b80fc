"""Parity, field by field: objects changed in every way are refused by ``objects-match-schema`` where the server refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from kfm_checks import load_manifests
from kfm_checks.admission.vap import compile_policy
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.schemas import VersionSchemas, kind_of_object, schemas
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest
from kfm_checks.run import Options, judge
from tests.cluster.agreement import counted
from tests.cluster.argocd import prepare
from tests.cluster.asking import Answer, Server, server
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.parity import Case
from tests.cluster.programs import definitions
from tests.conftest import AS_OF, CORPORA, ROOT
from tests.facts.mutations import drawn
from tests.facts.test_schemas import STRUCTURAL, crd
from tests.facts.test_schemas_values import OBJECTS, RECORDED, SAMPLE, recorded

pytestmark = pytest.mark.cluster
#: Drawn of each kind; every kind of the overlay and of objects.yaml has its share.
OF_EACH_KIND = 150
NAMES = (
    "a", "A", "a_b", "a.b", "1a", "-a", "a-", "a..b", "a b", "a/b", "a%b", ".", "..", "a:b", "ä", "kube-a", "system-a",
    "x" * 52, "x" * 53, "x" * 63, "x" * 64, "x" * 253, "x" * 254, "a" * 63 + ".b",
)  # fmt: skip
BYTES = "bytes may be given as a list of numbers, too, which no documentation says"
NO_DOOR = "a dry run allocates no node port; when the Service is created the server refuses it"
TWICE = "create takes an item of a keyed list twice; server-side apply refuses it"
NAMELESS = "the server makes up a name for a LimitRange; kubectl and Argo CD need one to apply it"


@pytest.fixture(scope="module")
def bare() -> Iterator[Server]:
    """A server without controllers, with the definitions of custom resources: objects are offered to it, none is kept."""
    with control_plane(controllers=False) as plane:
        prepare(plane)
        plane.wait("the custom resources", lambda: _served(plane))
        with server(plane) as asked:
            yield asked


def _served(plane: ControlPlane) -> bool:
    return all(plane.request("GET", f"/apis/{group}")[0] == 200 for group in ("argoproj.io/v1alpha1", "velero.io/v1"))


@pytest.fixture(scope="module")
def overlay() -> list[Manifest]:
    """The shipped overlay's own objects."""
    return list(judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF, only=("GATE-01",))).objects)


@pytest.fixture(scope="module")
def more() -> list[Manifest]:
    """Objects with many other fields."""
    return list(load_manifests(OBJECTS))


@pytest.fixture(scope="module")
def checker(overlay: list[Manifest]) -> VersionSchemas:
    """What the objects are held against: the newest schemas here, and the definitions that the server has."""
    given = [obj for path in definitions() for obj in load_manifests(path)]
    return schemas(inventory([*overlay, *given])).versions[0]


def ours(checker: VersionSchemas, obj: dict[str, Any]) -> bool:
    """Whether nothing here refuses it: its schema, and for a policy the check of its expressions."""
    problems = checker.problems(obj)
    assert problems is not None, f"no schema of {kind_of_object(obj)}"
    if obj["kind"] == "ValidatingAdmissionPolicy" and not problems:
        return not compile_policy(Manifest(obj)).refused
    return not problems


def offered(asked: Server, checker: VersionSchemas, cases: Iterable[tuple[str, dict[str, Any]]]) -> list[Case]:
    """Each object with both verdicts."""
    return [
        (name, ours(checker, obj), answer.accepted, answer.message)
        for name, obj in cases
        for answer in [_try(asked, obj)]
    ]


def _try(asked: Server, obj: dict[str, Any]) -> Answer:
    """What the server says; an object that is there already was found valid before."""
    answer = asked.dry_run(obj)
    assert answer.code in (201, 400, 403, 409, 422), f"{answer.code} {answer.message}"
    return Answer(201, answer.body) if answer.code == 409 else answer


def test_the_overlay_itself_is_accepted(bare: Server, checker: VersionSchemas, overlay: list[Manifest]) -> None:
    """Every object of the shipped overlay is accepted under strict field validation; no kind is left out."""
    for obj in overlay:
        if obj.key.kind == "Namespace":
            assert bare.create(obj).accepted
    counted(
        "The overlay's objects", offered(bare, checker, [(str(obj.key), _renamed(obj)) for obj in overlay]), moves=True
    )


def _renamed(obj: Manifest) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "name": f"{obj.key.name[:50]}-x"}}


def test_every_change_of_the_overlays_objects(bare: Server, checker: VersionSchemas, overlay: list[Manifest]) -> None:
    """The overlay's objects, changed."""
    cases = offered(bare, checker, drawn(map(_renamed, overlay), OF_EACH_KIND))
    counted(
        "The overlay's objects, changed", cases, {"twice at": TWICE, "^LimitRange .* at metadata(/name)?$": NAMELESS}
    )


def test_every_change_of_other_objects(bare: Server, checker: VersionSchemas, more: list[Manifest]) -> None:
    """Objects with other fields, changed; unchanged they are accepted by both."""
    as_they_are = offered(bare, checker, [(f"{obj.key} as it is", dict(obj)) for obj in more])
    cases = [*as_they_are, *offered(bare, checker, drawn(more, OF_EACH_KIND * 3))]
    reasons = {
        "twice at": TWICE,
        "^LimitRange .* at metadata(/name)?$": NAMELESS,
        "an empty list at (data|binaryData)/": BYTES,
        "below 0 at spec/ports/1/nodePort": NO_DOOR,
    }
    counted("Other objects, changed", cases, reasons)


def test_what_is_recorded_of_the_server_is_what_it_says(bare: Server, more: list[Manifest]) -> None:
    """``tests/facts/server_verdicts.yaml``, by which the tests without a server go."""
    said: dict[str, list[str]] = {"accepted": [], "refused": []}
    for name, obj in drawn(more, SAMPLE):
        answer = _try(bare, obj)
        if answer.code != 400:  # what strict decoding refuses has tests enough
            said["accepted" if answer.accepted else "refused"].append(name)
    assert said == recorded(), f"write this to {RECORDED.name}:\n{yaml.safe_dump(said, width=200)}"


def test_a_door_below_0_is_refused_when_it_is_made(bare: Server) -> None:
    """So the one disagreement about node ports is about dry runs."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "below", "namespace": "default"},
               "spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": -1}]}}  # fmt: skip
    assert bare.dry_run(service).accepted
    assert bare.create(service).code == 422


@pytest.mark.parametrize("place", ["env", "finalizers"])
def test_what_is_there_twice_is_refused_by_apply(bare: Server, place: str) -> None:
    """So the one disagreement about lists is about the way in: server-side apply, which Argo CD uses here, refuses."""
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
                           "spec": {"containers": [{"name": "a", "image": "b"}]}}  # fmt: skip
    if place == "env":
        pod["spec"]["containers"][0]["env"] = [{"name": "A"}, {"name": "A"}]
    else:
        pod["metadata"]["finalizers"] = ["example.org/a", "example.org/a"]
    assert bare.dry_run(pod).accepted is (place == "finalizers" or place == "env")
    path = f"{bare.path(pod)}/a?dryRun=All&fieldManager=test&force=true"
    answer = bare.request("PATCH", path, pod, {"Content-Type": "application/apply-patch+yaml"})
    assert "duplicate entries for key" in answer.message


def test_names(bare: Server, checker: VersionSchemas, overlay: list[Manifest], more: list[Manifest]) -> None:
    """Twenty-odd names for one object of each kind: the same ones are valid."""
    one = {(obj.key.group, obj.key.kind): obj for obj in [*overlay, *more]}
    cases: list[Case] = []
    for obj in one.values():
        for name in NAMES:
            named = {**obj, "metadata": {**obj["metadata"], "name": name}}
            answer = bare.dry_run(named)
            problems = checker.problems(named) or []
            mine = not any(problem.path[:2] == ("metadata", "name") for problem in problems)
            cases.append((f"{obj.key.kind} {name}", mine, "metadata.name" not in answer.message, answer.message))
    counted("Names", cases)


def test_structural_schemas(bare: Server) -> None:
    """Definitions with one keyword each, and a value: the cases of ``tests/facts/test_schemas.py``."""
    cases: list[Case] = []
    for number, (schema, spec, _) in enumerate(STRUCTURAL):
        definition, kettle = parse_manifests(_numbered(crd(schema) + f"spec: {spec}\n", number))
        if not bare.create(definition).accepted:
            continue  # no definition that a server has: nothing to compare
        _established(bare, kettle)
        found = schemas(inventory([definition])).versions[0].problems(kettle)
        answer = bare.dry_run(kettle)
        cases.append((f"{schema} {spec}", not found, answer.accepted, answer.message))
    counted("Keywords of definitions", cases)


def _numbered(text: str, number: int) -> str:
    return text.replace("kettles", f"kettles{number}s").replace("Kettle", f"Kettle{number}")


def _established(bare: Server, obj: Manifest) -> None:
    for _ in range(200):
        bare.forget()
        if bare.path(obj) is not None and bare.dry_run(obj).code != 404:
            return
    raise AssertionError(f"{obj.key} is not served")


def test_every_object_of_the_corpora(bare: Server, checker: VersionSchemas) -> None:
    """Every object of every corpus that this server serves: hundreds that nobody here wrote."""
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is absent: others' objects were not offered")
    counted("Objects of the corpora", offered(bare, checker, _of_corpora(bare)), _BY_THE_CLUSTER)


#: What hangs on the cluster and not on the object.
_BY_THE_CLUSTER = {
    "anypattern_skip_error/": "an address of a Service has to be in the range that the cluster was started with",
}


def _of_corpora(bare: Server) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: set[str] = set()
    for path in sorted(CORPORA.rglob("*")):
        if path.suffix not in (".yaml", ".yml", ".json") or "licences" in path.parts:
            continue
        try:
            found = load_manifests(path)
        except Exception:
            continue  # broken on purpose, or no manifest
        for index, obj in enumerate(found):
            text = json.dumps(obj, sort_keys=True, default=str)
            if text not in seen and bare.path(obj) is not None:
                seen.add(text)
                yield f"{path.relative_to(CORPORA)} {index}", _at_home(obj)


def _at_home(obj: Manifest) -> dict[str, Any]:
    """In the namespace that is there."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("namespace"), str):
        return dict(obj)
    return {**obj, "metadata": {**metadata, "namespace": "default"}}
