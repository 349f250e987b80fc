"""Parity of what the server makes of objects before policies judge them, and of amounts: in both directions."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks import load_manifests
from kfm_checks.admission.candidates import candidate
from kfm_checks.admission.defaults import undetermined
from kfm_checks.admission.engine import compile_policies
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.quantities import quantity
from kfm_checks.model import Manifest, Path
from kfm_checks.run import Options, judge
from tests.cluster.agreement import counted
from tests.cluster.argocd import prepare
from tests.cluster.asking import Server, server
from tests.cluster.controlplane import ControlPlane
from tests.cluster.parity import Case
from tests.cluster.programs import definitions
from tests.conftest import AS_OF, CORPORA, ROOT
from tests.facts.test_schemas_values import OBJECTS

pytestmark = pytest.mark.cluster
JOBS = "the server labels a Job and its pods by an identity that it makes up"
PROTECTED = "the server's plugins protect what is in use by finalizers, and count generations in annotations"
TRANSLATED = "an AppArmor profile in an annotation becomes a field, too"
#: Fields that differ, by kind and place, and why.
REASONS = {
    r"^Job .* (metadata/labels|metadata/name|spec/selector|spec/template/metadata/labels)": JOBS,
    r"metadata/(finalizers|annotations)$": PROTECTED,
    r"^Pod .* spec/containers/\d+/securityContext$": TRANSLATED,
}


@pytest.fixture(scope="module")
def found(plane: ControlPlane) -> Iterator[Server]:
    """A server whose controllers make service accounts."""
    prepare(plane)
    with server(plane) as asked:
        yield asked


def _overlay() -> list[Manifest]:
    return list(judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF, only=("GATE-01",))).objects)


def _differences(ours: Any, theirs: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every field, with both values; ``...`` where one side has none."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted({*ours, *theirs}):
            yield from _differences(ours.get(name, ...), theirs.get(name, ...), (*path, name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, (*path, index))
    else:
        yield path, ours, theirs


def _plain(value: Any) -> Any:
    """Without the random end of a volume's name; amounts by what they are; null is nothing."""
    if isinstance(value, str) and value.startswith("kube-api-access-"):
        return "kube-api-access-"
    amount = quantity(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    return (... if value is None else value) if amount is None else amount


def _compared(obj: Manifest, ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Case]:
    skipped = {
        *undetermined(obj),
        "managedFields",
        "creationTimestamp",
        "uid",
        "selfLink",
        "resourceVersion",
        "generation",
    }
    for path, mine, other in _differences(ours, theirs):
        if path[:1] == ("status",) or path[-1:] == ("status",) or path == ("metadata", "namespace"):
            continue
        if path[-1] not in skipped:
            place = "/".join(map(str, path))
            yield f"{obj.key.kind} {obj.key.name} {place}", True, _plain(mine) == _plain(other), f"{mine!r} {other!r}"


def _cases(asked: Server, objects: Iterable[Manifest]) -> list[Case]:
    given = [obj for path in definitions() for obj in load_manifests(path)]
    cases: list[Case] = []
    kept = list(objects)
    known = inventory([*(obj for obj in kept if obj.key.kind == "Namespace"), *given])
    resources = compile_policies(known).resources
    for obj in kept:
        answer = asked.dry_run(obj)
        if answer.accepted and obj.key.kind != "CustomResourceDefinition":
            cases += _compared(obj, candidate(obj, known, resources).obj, answer.body)
    return cases


def test_the_overlays_objects(found: Server) -> None:
    """Each field of each object, as the server would store it."""
    objects = _overlay()
    for obj in objects:
        if obj.key.kind == "Namespace":
            found.create(obj)
    renamed = [Manifest({**o, "metadata": {**o["metadata"], "name": f"{o.key.name[:50]}-y"}}) for o in objects]
    counted("Completed: the overlay's objects", _cases(found, renamed), REASONS, moves=True)


def test_other_objects(found: Server) -> None:
    """The same of objects with many other fields."""
    counted("Completed: other objects", _cases(found, map(Manifest, load_manifests(OBJECTS))), REASONS)


def test_objects_of_the_corpora(found: Server) -> None:
    """The same of every pod, workload and Service that others wrote and the server accepts."""
    if not CORPORA.is_dir():
        pytest.skip("../shared/corpora is absent: others' objects were not offered")
    counted("Completed: objects of the corpora", _cases(found, _others(found)), REASONS)


def _others(asked: Server) -> Iterator[Manifest]:
    seen: set[str] = set()
    for path in sorted(CORPORA.rglob("*.yaml")):
        try:
            objects = list(load_manifests(path))
        except Exception:
            continue  # broken on purpose
        for obj in objects:
            metadata = obj.get("metadata")
            if not isinstance(metadata, dict) or asked.path(obj) is None or str(obj) in seen:
                continue
            seen.add(str(obj))
            yield Manifest(
                {**obj, "metadata": {**metadata, "namespace": "default"} if metadata.get("namespace") else metadata}
            )


AMOUNTS = 3000


def _amounts() -> list[str]:
    """Texts near to amounts; the same at every run."""
    found: list[str] = []
    numbers = st.from_regex(r"[+-]?[0-9]{0,4}\.?[0-9]{0,4}", fullmatch=True)
    ends = st.sampled_from(["", "", "n", "u", "m", "k", "K", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "ki",
                            "e3", "E3", "e-2", "E+2", "e", "i", " ", "Mb", "%"])  # fmt: skip

    @settings(
        max_examples=AMOUNTS, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(numbers, ends)
    def collect(number: str, end: str) -> None:
        found.append(number + end)

    collect()
    return sorted(set(found))


def _milli(amount: Fraction) -> Fraction:
    """Amounts of resources are stored in thousandths, rounded away from zero."""
    rounded = Fraction(math.ceil(abs(amount) * 1000), 1000)
    return rounded if amount >= 0 else -rounded


def test_amounts(found: Server) -> None:
    """Whether a text is an amount, and which: the server writes it back in its own way."""
    cases: list[Case] = []
    for text in _amounts():
        obj = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "a", "namespace": "default"},
               "spec": {"hard": {"requests.storage": text}}}  # fmt: skip
        answer = found.dry_run(obj)
        mine = quantity(text)
        assert answer.code in (201, 400, 422), answer.message
        cases.append((f"{text!r} is one", mine is not None, answer.code != 400, answer.message))
        said = re.search(r'Invalid value: "([^"]*)"', answer.message)
        theirs = answer.body["spec"]["hard"]["requests.storage"] if answer.accepted else said and said[1]
        if answer.code != 400 and mine is not None:
            cases.append((f"{text!r} is {theirs}", True, quantity(theirs) == _milli(mine), answer.message))
    counted("Amounts", cases)
