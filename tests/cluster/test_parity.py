"""Parity: the offline verdict and the API server's verdict on the same objects. docs/agreement/api-server.md shows it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kfm_checks import load_manifests
from kfm_checks.admission.defaults import completed, undetermined
from kfm_checks.facts.access import can
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.pod_security import violations
from kfm_checks.facts.quantities import quantity
from kfm_checks.facts.schemas import schemas
from kfm_checks.model import Manifest
from kfm_checks.run import Options, judge
from tests.cluster.controlplane import ControlPlane
from tests.cluster.parity import BUILT_IN, Tally, corpus, in_parallel, path_of, told
from tests.conftest import AS_OF, CORPORA, ROOT

pytestmark = pytest.mark.cluster
# -- Pod Security --------------------------------------------------------------------------------------------------------


def test_pod_security(plane: ControlPlane) -> None:
    """Every pod of ``psa``, at its level and each of its versions up to the server's, is admitted exactly where we say."""
    cases = [
        (case, level, version)
        for case in corpus("psa")
        if case["maps_to"] in ("pss_baseline", "pss_restricted")
        for level in (case["level"],)
        for version in _versions(case)
    ]
    for level in ("baseline", "restricted"):
        for version in sorted({v for _, _, v in cases}):
            name = f"psa-{level}-{version.replace('.', '-')}"
            labels = {
                f"pod-security.kubernetes.io/{k}": v for k, v in (("enforce", level), ("enforce-version", version))
            }
            plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
            account = {"metadata": {"name": "default"}}
            plane.request("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)
    tally = Tally("Pod Security")
    tally.add(in_parallel(lambda case: _pod_security(plane, *case), cases))
    told(tally)


def _versions(case: dict[str, Any]) -> list[str]:
    """The first and the last version that the case names, and the server's own."""
    known = [v for v in case["versions"] if int(v.partition(".")[2]) <= 37]
    return sorted({known[0], known[-1]}) if known else []


def _pod_security(plane: ControlPlane, case: dict[str, Any], level: str, version: str) -> tuple[str, bool, bool, str]:
    (manifest,) = [Manifest(o) for o in load_manifests(CORPORA / case["path"]) if o["kind"] == "Pod"]
    namespace = f"psa-{level}-{version.replace('.', '-')}"
    # Two of their pods have a name that no server takes; the name is not what is asked here.
    metadata = {**manifest["metadata"], "name": manifest["metadata"]["name"].replace("_", "-"), "namespace": namespace}
    pod = {**manifest, "metadata": metadata}
    status, answer = plane.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
    ours = not violations(pod, level, version)
    said = answer.get("message", "") if isinstance(answer, dict) else str(answer)
    return f"{case['id']} {level} {version}", ours, status == 201, said


# -- schema --------------------------------------------------------------------------------------------------------------


def test_strict_schema_of_the_overlays_own_objects_mutated(plane: ControlPlane) -> None:
    """The overlay's built-in objects, each broken in several ways, are refused exactly where ``objects-match-schema`` is."""
    objects = judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF, only=("GATE-01",))).objects
    served = [o for o in objects if o.key.group in BUILT_IN and o.key.kind != "Secret"]
    for name in {o.key.namespace for o in served if o.key.namespace}:
        plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    cases = [case for obj in served for case in _broken(obj)]
    checker = schemas(inventory(objects))
    tally = Tally("Strict field validation")
    theirs = in_parallel(lambda case: _strict(plane, *case), cases)
    ours = [not [p for version in checker for p in version.problems(obj) or []] for _, obj in cases]
    tally.add((name, verdict, taken, said) for (name, taken, said), verdict in zip(theirs, ours, strict=True))
    told(tally)


def _broken(obj: Manifest) -> Iterator[tuple[str, Manifest]]:
    """The object as it is, and with one thing wrong at each of a few places that a fixed seed draws."""
    yield "as it is", obj
    drawn = random.Random(str(obj.key))
    places = list(_places(dict(obj), ()))
    for path, kind in drawn.sample(places, min(6, len(places))):
        yield f"{kind} at /{'/'.join(map(str, path))}", _with(obj, path, kind)


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if path[:1] in (("metadata",), ("apiVersion",), ("kind",), ("data",)):
        return
    if isinstance(value, dict):
        if path:
            yield path, "unknown field"
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, (*path, index))
    elif isinstance(value, bool):
        yield path, "text for a boolean"
    elif isinstance(value, int):
        yield path, "text for a number"
    elif isinstance(value, str):
        yield path, "a list for a text"


def _with(obj: Manifest, path: tuple[Any, ...], kind: str) -> Manifest:
    made = json.loads(json.dumps(obj))
    at = made
    for step in path[:-1]:
        at = at[step]
    if kind == "unknown field":
        at[path[-1]]["notAField"] = True
    else:
        at[path[-1]] = {"text for a boolean": "maybe", "text for a number": "many", "a list for a text": ["x"]}[kind]
    return Manifest(made)


def _strict(plane: ControlPlane, what: str, obj: Manifest) -> tuple[str, bool, str]:
    body = {**obj, "metadata": {**obj["metadata"], "name": f"{obj.key.name}"[:50]}}
    status, answer = plane.request("POST", f"{path_of(obj)}?dryRun=All&fieldValidation=Strict", body)
    said = str(answer.get("message", "")) if isinstance(answer, dict) else str(answer)
    return f"{obj.key} {what}", status in (201, 409), said


def test_kubeconform(plane: ControlPlane) -> None:
    """Others' cases for schemas, where they are of kinds that this server serves."""
    tally = Tally("kubeconform's cases")
    for case in corpus("kubeconform"):
        try:
            objects = [Manifest(o) for o in load_manifests(CORPORA / case["path"])]
        except Exception:
            continue
        checker = schemas(inventory(objects))
        for obj in objects:
            if obj.key.group not in BUILT_IN or not obj.key.name:
                continue
            problems = [p for version in checker for p in version.problems(obj) or []]
            if any(version.problems(obj) is None for version in checker):
                continue
            plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": obj.key.namespace or "default"}})
            status, answer = plane.request("POST", f"{path_of(obj)}?dryRun=All&fieldValidation=Strict", dict(obj))
            if status == 404:
                continue
            tally.add([(f"{case['id']} {obj.key}", not problems, status in (201, 409), str(answer)[:300])])
    told(tally)


# -- RBAC ----------------------------------------------------------------------------------------------------------------

GROUP = "rbac.authorization.k8s.io"
_VERBS, _RESOURCES = (
    ("get", "list", "create", "delete", "*"),
    ("pods", "pods/exec", "secrets", "deployments", "*", "*/scale"),
)
_GROUPS, _HOMES, _NAMES = ("", "apps", "*"), ("one", "two"), ("", "a", "b")
SETS, QUESTIONS = 200, 20


def test_rbac(plane: ControlPlane) -> None:
    """Random sets of roles and bindings, aggregation by the real controller manager: access reviews and ``can`` agree."""
    tally = Tally("RBAC")
    for number in range(SETS):
        tally.add(_role_set(plane, random.Random(number), number))
    told(tally)


def _role_set(plane: ControlPlane, drawn: random.Random, number: int) -> list[tuple[str, bool, bool, str]]:
    homes = [f"rbac-{number}-{home}" for home in _HOMES]
    objects = list(_roles(drawn, number, homes))
    for home in homes:
        plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": home}})
    for obj in objects:
        status, answer = plane.request("POST", path_of(obj), dict(obj))
        assert status == 201, answer
    _aggregated(plane, objects)
    asked = [_question(drawn, number, homes) for _ in range(QUESTIONS)]
    return in_parallel(lambda one: _review(plane, objects, one), asked)


def _aggregated(plane: ControlPlane, objects: list[Manifest]) -> None:
    """Wait until the controller manager has filled in what aggregates."""
    rules = {o.key.name: o.get("rules") or [] for o in objects if o.key.kind == "ClusterRole"}
    for obj in objects:
        if "aggregationRule" in obj:
            part = obj["aggregationRule"]["clusterRoleSelectors"][0]["matchLabels"]["part"]
            wanted = sum(
                len(rules[o.key.name]) for o in objects if (o["metadata"].get("labels") or {}).get("part") == part
            )
            path = f"{path_of(obj)}/{obj.key.name}"
            plane.wait(
                "aggregation",
                lambda p=path, w=wanted: len(plane.request("GET", p)[1].get("rules") or []) >= min(w, 1),
                20,
            )


def _roles(drawn: random.Random, number: int, homes: list[str]) -> Iterator[Manifest]:
    names = [f"set-{number}-{letter}" for letter in "abc"]
    part = f"part-{number}"
    for index, name in enumerate(names):
        labels = {"part": part} if drawn.random() < 0.5 else {}
        yield _role("ClusterRole", name, "", [_rule(drawn) for _ in range(drawn.randint(1, 2))], labels=labels)
        yield _role("Role", name, homes[index % 2], [_rule(drawn)])
    whole = _role("ClusterRole", f"set-{number}-whole", "", [])
    yield Manifest({**whole, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"part": part}}]}})
    for index in range(5):
        home = drawn.choice(["", *homes])
        kind = drawn.choice(["Role", "ClusterRole"]) if home else "ClusterRole"
        name = drawn.choice([*names, f"set-{number}-whole"] if kind == "ClusterRole" else names)
        yield _binding(f"set-{number}-{index}", home, kind, name, _subject(drawn, number, homes))


def _rule(drawn: random.Random) -> dict[str, Any]:
    found: dict[str, Any] = {
        "apiGroups": [drawn.choice(_GROUPS)],
        "resources": drawn.sample(_RESOURCES, 2),
        "verbs": drawn.sample(_VERBS, 2),
    }
    name = drawn.choice(_NAMES)
    return {**found, "resourceNames": [name]} if name else found


def _role(kind: str, name: str, home: str, rules: list[Any], **metadata: Any) -> Manifest:
    place = {"namespace": home} if home else {}
    return Manifest(
        {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": name, **place, **metadata}, "rules": rules}
    )


def _binding(name: str, home: str, kind: str, role: str, subject: dict[str, str]) -> Manifest:
    return Manifest(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleBinding" if home else "ClusterRoleBinding",
            "metadata": {"name": name, **({"namespace": home} if home else {})},
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": role},
            "subjects": [subject],
        }
    )


def _subject(drawn: random.Random, number: int, homes: list[str]) -> dict[str, str]:
    kind = drawn.choice(["User", "Group", "ServiceAccount", "Accounts"])
    if kind == "ServiceAccount":
        return {"kind": kind, "name": "worker", "namespace": homes[0]}
    if kind == "Accounts":
        return {"kind": "Group", "name": f"system:serviceaccounts:{homes[0]}", "apiGroup": GROUP}
    return {"kind": kind, "name": f"someone-{number}", "apiGroup": GROUP}


def _question(drawn: random.Random, number: int, homes: list[str]) -> dict[str, str]:
    return {
        "subject": drawn.choice(
            [f"User:someone-{number}", f"Group:someone-{number}", f"ServiceAccount:{homes[0]}/worker"]
        ),
        "verb": drawn.choice(_VERBS[:4]),
        "resource": drawn.choice(("pods", "pods/exec", "secrets", "deployments", "deployments/scale")),
        "group": drawn.choice(("", "apps")),
        "namespace": drawn.choice(["", *homes]),
        "name": drawn.choice(_NAMES),
    }


def _review(plane: ControlPlane, objects: list[Manifest], one: dict[str, str]) -> tuple[str, bool, bool, str]:
    from kfm_checks.facts.cluster import Answer
    from kfm_checks.live.reviews import _attributes, _identity

    user, groups = _identity(one["subject"])
    asked = Answer(one["subject"], one["verb"], one["resource"], one["group"], one["namespace"], one["name"])
    spec = {"user": user, "groups": groups, "resourceAttributes": _attributes(asked)}
    status, answer = plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})
    assert status == 201, answer
    ours = can(
        objects, one["subject"], one["verb"], one["resource"],
        api_group=one["group"], namespace=one["namespace"], name=one["name"],
    )  # fmt: skip
    return json.dumps(one), ours, bool(answer["status"]["allowed"]), str(answer["status"])


# -- defaults and quantities ------------------------------------------------------------------------------------------------


def test_defaults(plane: ControlPlane) -> None:
    """What the server makes of each of the overlay's objects has every default that we fill in, with our value."""
    objects = judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF, only=("GATE-01",))).objects
    served = [o for o in objects if o.key.group in BUILT_IN and o.key.kind not in ("Secret", "Namespace")]
    for name in {o.key.namespace for o in served if o.key.namespace}:
        plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    tally = Tally("Defaults")
    tally.add([one for found in in_parallel(lambda obj: _defaults(plane, obj), served) for one in found])
    told(tally)


def _defaults(plane: ControlPlane, obj: Manifest) -> list[tuple[str, bool, bool, str]]:
    status, answer = plane.request("POST", f"{path_of(obj)}?dryRun=All", dict(obj))
    if status != 201:
        return []
    ours = completed(obj)
    return [
        (
            f"{obj.key} /{'/'.join(map(str, path))}",
            True,
            _same(value, _at(answer, path)),
            f"{value!r} {_at(answer, path)!r}",
        )
        for path, value in _leaves(ours, ())
        if path[:1] == ("spec",) and not undetermined(obj) & {"/".join(map(str, path))}
    ]


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _same(ours: Any, theirs: Any) -> bool:
    if ours == theirs or (ours in ({}, [], None, "") and theirs in ({}, [], None, "")):
        return True
    left, right = quantity(ours), quantity(theirs)
    return left is not None and left == right


def test_quantities(plane: ControlPlane) -> None:
    """Which texts are quantities, and which two are equal, as the server judges a pod's requests against its limits."""
    texts = ("1", "1.0", "1000m", "0.5", "500m", "1e3", "1E3", "1k", "1Ki", "1024", "0", "1u", "1n", "1Mi", "1M", "2Gi", "-1",
             "+1", ".5", "5.", "1K", "1KB", "1 Gi", "1gi", "Ki", "", "1e", "1.2.3", "0x10", "1_000", ".", "+", "m", "e3", "+Ki", "1e-3", "1E", "1Ei", "1P")  # fmt: skip
    tally = Tally("Quantities")
    tally.add(in_parallel(lambda text: _quantity(plane, text), list(texts)))
    told(tally)


def _quantity(plane: ControlPlane, text: str) -> tuple[str, bool, bool, str]:
    limits = {"metadata": {"name": "q"}, "spec": {"hard": {"requests.storage": text}}}
    status, answer = plane.request("POST", "/api/v1/namespaces/default/resourcequotas?dryRun=All", limits)
    parsed = quantity(text)
    return repr(text), parsed is not None and parsed >= 0, status == 201, str(answer)[:200]
