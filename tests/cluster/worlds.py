"""Random sets of roles and bindings, each with names of its own, so that thousands live on one server side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfm_checks.facts.access import identities
from tests.cluster.asking import Server
from tests.facts.test_access import binding, role

Object = dict[str, Any]
Asked = tuple[str, ...]
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
SELF = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#: Groups that every set would share.
SHARED = ("system:authenticated",)


@dataclass(frozen=True)
class World:
    """One set of roles and bindings, and questions about it."""

    number: int
    objects: tuple[Object, ...]
    asked: tuple[Asked, ...]

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Its two namespaces."""
        return tuple(_named(home, self.number) for home in ("a", "b"))

    @property
    def shares(self) -> bool:
        """Whether it binds a group that everybody is in."""
        return any(s["name"] in SHARED for o in self.objects for s in o.get("subjects") or ())

    @property
    def turns(self) -> bool:
        """Whether aggregating roles select each other in a circle: what they keep hangs on who was first."""
        roles = {o["metadata"]["name"]: o for o in self.objects if "aggregationRule" in o}
        return any(name in _reached(name, roles) for name in roles)


def _reached(name: str, roles: dict[str, Object]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for selector in roles[todo.pop()]["aggregationRule"]["clusterRoleSelectors"]:
            for other, found_role in roles.items():
                labels = found_role["metadata"].get("labels") or {}
                if other not in found and selector["matchLabels"].items() <= labels.items():
                    found.add(other)
                    todo.append(other)
    return found


def _named(text: str, number: int) -> str:
    return f"w{number}-{text}" if text else ""


words = st.sampled_from


def _some(*values: str, most: int = 2) -> st.SearchStrategy[list[str]]:
    return st.lists(words(values), min_size=1, max_size=most, unique=True)


_on_resources = st.builds(
    lambda verbs, groups, resources, names: {
        "verbs": verbs, "apiGroups": groups, "resources": resources, **({"resourceNames": names} if names else {}),
    },
    _some("get", "list", "create", "*"), _some("", "apps", "*"),
    _some("pods", "pods/exec", "*/exec", "*", "pods/*", "secrets", "deployments/scale"),
    words([[], [], ["one"], ["one", "two"]]),
)  # fmt: skip
_on_urls = st.builds(
    lambda verbs, urls: {"verbs": verbs, "nonResourceURLs": urls}, _some("get", "*"), _some("/a", "/a/*", "*")
)
_rules = st.lists(_on_resources | _on_resources | _on_urls, min_size=1, max_size=3)
_people = _some("User:u", "Group:g", "ServiceAccount:a/x", "ServiceAccount:b/x", "Group:system:serviceaccounts:a",
                "Group:system:authenticated")  # fmt: skip
_marks: tuple[dict[str, str], ...] = ({"l": "1"}, {"l": "2"}, {"m": "1"}, {"l": "1", "m": "1"})
_requests = st.tuples(
    words(["User:u", "Group:g", "ServiceAccount:a/x", "ServiceAccount:b/x"]), words(["get", "list", "create", "watch"]),
    words(["", "apps"]), words(["pods", "pods/exec", "secrets", "deployments/scale", "nodes"]), words(["", "a", "b"]),
    words(["", "one", "three"]), words(["", "", "", "/a", "/a/b", "/b"]),
)  # fmt: skip


@st.composite
def sets(draw: st.DrawFn, aggregating: bool) -> list[Object]:
    """Three cluster roles, a role, and some bindings of them, which a server accepts."""
    found = []
    for name in ("p", "q", "r"):
        labels = draw(words(({}, *_marks)))
        if aggregating and draw(st.booleans()):
            more = {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": draw(words(_marks))}]}}
            found.append(role(name, *draw(_rules), labels=labels, **more))
        else:
            found.append(role(name, *draw(_rules), labels=labels))
    found.append(role("p", *draw(st.lists(_on_resources, min_size=1, max_size=2)), namespace="a"))
    for number in range(draw(st.integers(1, 4))):
        home = draw(words(["", "a", "b"]))
        kind = draw(words(["ClusterRole", "ClusterRole", "Role"])) if home else "ClusterRole"
        name = draw(words(["p", "q", "r", "gone"]))
        found.append(binding(name, *draw(_people), namespace=home, kind=kind, name=f"b{number}"))
    return found


def drawn(number: int, *, aggregating: bool = False) -> Iterator[World]:
    """As many sets as asked for, each with eight questions; the same at every run."""
    found: list[tuple[list[Object], list[Asked]]] = []

    @settings(
        max_examples=number, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(sets(aggregating), st.lists(_requests, min_size=8, max_size=8, unique=True))
    def collect(objects: list[Object], asked: list[Asked]) -> None:
        found.append((objects, asked))

    collect()
    for index, (objects, asked) in enumerate(found):
        yield World(index, tuple(_own(o, index) for o in objects), tuple(_question(one, index) for one in asked))


def _own(obj: Object, number: int) -> Object:
    metadata = {**obj["metadata"], "name": _named(obj["metadata"]["name"], number)}
    if "namespace" in metadata:
        metadata["namespace"] = _named(metadata["namespace"], number)
    metadata["labels"] = _labels(metadata.get("labels"), number)
    made = {**obj, "metadata": metadata}
    if "aggregationRule" in obj:
        selectors = obj["aggregationRule"]["clusterRoleSelectors"]
        chosen = [{"matchLabels": _labels(one["matchLabels"], number)} for one in selectors]
        made["aggregationRule"] = {"clusterRoleSelectors": chosen}
    if "roleRef" in obj:
        made["roleRef"] = {**obj["roleRef"], "name": _named(obj["roleRef"]["name"], number)}
        made["subjects"] = [_subject(one, number) for one in obj["subjects"]]
    return made


def _labels(labels: dict[str, str] | None, number: int) -> dict[str, str]:
    return {key: _named(value, number) for key, value in (labels or {}).items()}


def _subject(subject: Object, number: int) -> Object:
    name = subject["name"]
    prefix, _, home = name.rpartition(":")
    if prefix == "system:serviceaccounts":
        return {**subject, "name": f"{prefix}:{_named(home, number)}"}
    made = (
        subject if name in SHARED or subject["kind"] == "ServiceAccount" else {**subject, "name": _named(name, number)}
    )
    return {**made, "namespace": _named(made["namespace"], number)} if "namespace" in made else made


def _question(asked: Asked, number: int) -> Asked:
    subject, verb, group, resource, namespace, name, url = asked
    kind, _, who = subject.partition(":")
    return (f"{kind}:{_named(who, number)}", verb, group, resource, _named(namespace, number), name, url)


def spec_of(asked: Asked) -> Object:
    """The spec of an access review, with the groups that the server's authentication would add."""
    subject, verb, group, resource, namespace, name, url = asked
    users = [one.removeprefix("User:") for one in identities(subject) if one.startswith("User:")]
    groups = sorted(one.removeprefix("Group:") for one in identities(subject) if one.startswith("Group:"))
    spec: Object = {"user": users[0] if users else "somebody", "groups": groups}
    if url:
        return {**spec, "nonResourceAttributes": {"path": url, "verb": verb}}
    plural, _, sub = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": sub, "namespace": namespace}
    return {**spec, "resourceAttributes": {**attributes, "name": name}}


def reviewed(server: Server, asked: Asked) -> bool:
    """The server's answer."""
    answer = server.request("POST", REVIEWS, {"spec": spec_of(asked)})
    assert answer.accepted, answer.message
    return bool(answer.body["status"]["allowed"])
