"""Parity of RBAC: what ``can`` says of thousands of random sets of roles, and what the API server's authorizer says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from kfm_checks.facts.access import can
from kfm_checks.facts.access.builtin import CLUSTER_ROLES
from kfm_checks.facts.access.roles import role_book
from kfm_checks.facts.access.rules import rules_of
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.schemas import schemas
from tests.cluster.agreement import counted
from tests.cluster.asking import Server, server
from tests.cluster.controlplane import ControlPlane, control_plane
from tests.cluster.parity import Case
from tests.cluster.worlds import SELF, Asked, Object, World, drawn, reviewed, spec_of

pytestmark = pytest.mark.cluster
#: Sets drawn, and those of them in which everybody is bound that are asked about one after the other.
ALONE, AGGREGATING, SHARING = 4000, 400, 80


@pytest.fixture(scope="module")
def all_worlds() -> list[World]:
    """Drawn once; the tests below share them out."""
    return list(drawn(ALONE))


@pytest.fixture(scope="module")
def asked() -> Iterator[Server]:
    """A server of its own, since thousands of roles are left there."""
    with control_plane(controllers=False) as plane, server(plane) as found:
        yield found


def _made(found: Server, world: World) -> list[Object]:
    """Create a set; what the server accepted of it is what there is to judge, here too."""
    for name in world.namespaces:
        assert found.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted
    kept = []
    (checker,) = schemas(inventory([])).versions
    for obj in world.objects:
        answer = found.create(obj)
        assert answer.accepted == (not checker.problems(obj)), f"{obj}: {answer.message} {checker.problems(obj)}"
        kept += [obj] if answer.accepted else []
    return kept


def ours(objects: Iterable[Object], asked: Asked) -> bool:
    """What is computed here."""
    subject, verb, group, resource, namespace, name, url = asked
    return can(objects, subject, verb, "" if url else resource, api_group=group, namespace=namespace, name=name,
               non_resource_url=url)  # fmt: skip


def _cases(found: Server, made: Iterable[tuple[World, list[Object]]]) -> list[Case]:
    return [
        (f"{world.number} {' '.join(one)}", ours(objects, one), reviewed(found, one), "")
        for world, objects in made
        for one in world.asked
    ]


def _in_force(found: Server) -> None:
    """The authorizer reads from a cache: a last binding in force says that the ones before are."""
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "the-last"}}
    found.create({**head, "kind": "ClusterRole", "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "the-last"}
    subject = {"kind": "User", "name": "the-last", "apiGroup": "rbac.authorization.k8s.io"}
    found.create({**head, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]})
    for _ in range(2000):
        if reviewed(found, ("User:the-last", "get", "", "pods", "", "", "")):
            return
    raise AssertionError("the authorizer's cache does not follow")


def test_random_sets(asked: Server, all_worlds: list[World]) -> None:
    """Sets without aggregation: roles, cluster roles, bindings, users, groups, service accounts, URLs, names."""
    chosen = [world for world in all_worlds if not world.shares]
    made = [(world, _made(asked, world)) for world in chosen]
    _in_force(asked)
    cases = _cases(asked, made)
    assert sum(case[1] for case in cases) > len(cases) / 20, "questions that are all answered no prove little"
    counted("RBAC, random sets", cases)


def test_random_sets_with_aggregation(plane: ControlPlane) -> None:
    """Aggregation by the real controller manager."""
    chosen = [world for world in drawn(AGGREGATING, aggregating=True) if not world.shares and not world.turns]
    with server(plane) as found:
        made = [(world, _made(found, world)) for world in chosen]
        for _, objects in made:
            plane.wait(f"aggregation in {objects}", lambda o=objects: _aggregated(found, o), 60)
        _in_force(found)
        counted("RBAC, aggregation by the controller manager", _cases(found, made))


def test_roles_that_select_each_other(plane: ControlPlane) -> None:
    """In a circle the order of events decides; whatever the server allows then is said to be possible here."""
    chosen = [world for world in drawn(AGGREGATING, aggregating=True) if not world.shares and world.turns]
    with server(plane) as found:
        made = [(world, _made(found, world)) for world in chosen]
        _in_force(found)
        cases = _cases(found, made)
    assert any(case[2] for case in cases)
    assert [case for case in cases if case[2] and not case[1]] == []


def _aggregated(found: Server, objects: list[Object]) -> bool:
    """Whether the rules of every aggregating role are those computed here: the controller was there."""
    book = role_book(inventory(objects))
    for obj in objects:
        if "aggregationRule" in obj:
            name = obj["metadata"]["name"]
            held = found.request("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}").body
            if set(rules_of(held)) != set(book.cluster_rules(name) or ()):
                return False
    return True


def test_groups_that_the_server_adds(asked: Server, all_worlds: list[World]) -> None:
    """Sets that bind everybody, one after the other; the server itself says who is in which group (impersonation)."""
    chosen = [world for world in all_worlds if world.shares][:SHARING]
    cases: list[Case] = []
    for world in chosen:
        objects = _made(asked, world)
        _until(asked, objects, present=True)
        cases += [(f"{world.number} {' '.join(q)}", ours(objects, q), _as_oneself(asked, q), "") for q in world.asked]
        for obj in objects:
            assert asked.request("DELETE", f"{asked.path(obj)}/{obj['metadata']['name']}").accepted
        _until(asked, objects, present=False)
    counted("RBAC, groups that the server adds", cases)


def _as_oneself(found: Server, question: Asked) -> bool:
    spec = spec_of(question)
    headers = {"Impersonate-User": spec["user"]}
    if question[0].startswith("Group:"):
        headers["Impersonate-Group"] = question[0].removeprefix("Group:")
    body = {"spec": {key: value for key, value in spec.items() if key not in ("user", "groups")}}
    answer = found.request("POST", SELF, body, headers)
    assert answer.accepted, answer.message
    return bool(answer.body["status"]["allowed"])


def _until(found: Server, objects: list[Object], *, present: bool) -> None:
    """Until the authorizer knows: it is asked about one rule of a binding of everybody."""
    for binding in objects:
        everybody = any(s["name"] == "system:authenticated" for s in binding.get("subjects") or ())
        question = _one(objects, binding) if everybody else None
        if question is not None and ours(objects, question):
            for _ in range(2000):
                if reviewed(found, question) is present:
                    return
            raise AssertionError(f"the authorizer's cache does not follow: {question}")


def _one(objects: list[Object], binding: Object) -> Asked | None:
    """A question that a binding answers with yes."""
    home = binding["metadata"].get("namespace", "")
    reference = binding["roleRef"]
    for role in objects:
        key = (role["kind"], role["metadata"]["name"], role["metadata"].get("namespace", ""))
        if key == (reference["kind"], reference["name"], home if reference["kind"] == "Role" else ""):
            for rule in role["rules"]:
                if rule.get("resources"):
                    name = (rule.get("resourceNames") or [""])[0]
                    plain = rule["resources"][0].replace("*/", "pods/")
                    return ("User:anybody", rule["verbs"][0], rule["apiGroups"][0], plain, home, name, "")
    return None


def test_built_in_roles(plane: ControlPlane) -> None:
    """Every role that is built in here has on the server the same rules, aggregation done."""
    book = role_book(inventory([]))
    with server(plane) as found:
        plane.wait("aggregation", lambda: _rules(found, "admin") >= _rules(found, "view"), 30)
        cases: list[Case] = []
        for name in sorted(CLUSTER_ROLES):
            mine = {one for rule in book.cluster_rules(name) or () for one in rule.tuples()}
            theirs = _rules(found, name)
            cases.append((name, True, mine == theirs, f"only here {sorted(mine - theirs)[:5]}, only there {sorted(theirs - mine)[:5]}"))  # fmt: skip
    counted("RBAC, built-in roles", cases)


def _rules(found: Server, name: str) -> set[object]:
    held = found.request("GET", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}")
    assert held.accepted, held.message
    return {one for rule in rules_of(held.body) for one in rule.tuples()}
