"""In what a live object differs, before anybody asks whose it is; and what is said of each difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kfm_checks.config import Config
from kfm_checks.facts.cluster import ApiKind, Cluster, Comparison, Listing
from kfm_checks.facts.gitops import reconcilers
from kfm_checks.facts.live_drift import Drift, drift
from kfm_checks.facts.live_fields import leaves
from kfm_checks.facts.objects import inventory
from kfm_checks.facts.secrets_makers import secret_makers
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest, Overlay
from tests.live.wellrun import of_example

OVERLAY = Overlay("", "", "", 0, "2026-11-22")
SUBSET, DRY_RUN = "field-subset", "server-side-apply"


def found(
    rendered: str, live: str | None, how: str = SUBSET, wanted: str = "", **more: Any
) -> list[tuple[str, str, str]]:
    """The drift of a render beside a cluster: what, pointer and whose it is."""
    return [
        (one.change, one.pointer, one.owner.manager if one.owner else "")
        for one in told(rendered, live, how, wanted, **more)
    ]


def told(rendered: str, live: str | None, how: str = SUBSET, wanted: str = "", **more: Any) -> tuple[Drift, ...]:
    """The same in full."""
    objects = parse_manifests(rendered)
    known = inventory(objects)
    cluster = of_example({"live": live, "cluster": {"how": how}}, objects)
    if wanted:
        made = parse_manifests(wanted)
        pairs = zip(cluster.comparisons, made, strict=True)
        cluster = replace(cluster, comparisons=tuple(replace(one, wanted=obj) for one, obj in pairs))
    cluster = replace(cluster, **more)
    return drift(cluster, known, Config(), OVERLAY, reconcilers(known, ()), secret_makers(known))


BOTH = pytest.mark.parametrize("how", [SUBSET, DRY_RUN])
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: app%s}\ndata: {%s}\n"


@BOTH
@pytest.mark.parametrize(
    ("git", "live", "pointers"),
    [
        ("", "", []),
        (", labels: {a: b}", ", labels: {a: c}", ["/metadata/labels/a"]),
        (", labels: {a: b, c: d}", "", ["/metadata/labels/a", "/metadata/labels/c"]),
        (", annotations: {a: b, c: d}", ", annotations: {c: d}", ["/metadata/annotations/a"]),
        (", annotations: {a: b}", "", ["/metadata/annotations/a"]),
    ],
)
def test_labels_are_told_one_by_one(how: str, git: str, live: str, pointers: list[str]) -> None:
    """Also where the live object has none at all."""
    changed = [("changed", pointer, "") for pointer in pointers]
    assert found(CONFIG % (git, "k: v"), CONFIG % (live, "k: v"), how) == (changed or [("same", "", "")])


def test_what_the_server_adds_is_told_only_beside_what_it_would_make() -> None:
    """A dry run knows every default, and what is more is somebody's; the render alone knows its own fields."""
    more = CONFIG % (", labels: {a: b}", "k: v, more: x")
    assert found(CONFIG % ("", "k: v"), more) == [("same", "", "")]
    assert [pointer for _, pointer, _ in found(CONFIG % ("", "k: v"), more, DRY_RUN)] == [
        "/data/more",
        "/metadata/labels/a",
    ]


BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a, namespace: app}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: User, name: ann}%s]
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app%s}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {%s}
"""


@pytest.mark.parametrize(
    ("git", "live", "pointers"),
    [
        (BINDING % "", BINDING % ", {kind: User, name: eve}", ["/subjects/1"]),
        # A list whose items are merged by name may have more; one that is a whole may not.
        (DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1'}]"),
         DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1'}, {name: b, image: 'b:1'}]"), []),
        (DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1', args: [x]}]"),
         DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1', args: [x, z]}]"),
         ["/spec/template/spec/containers/0/args/1"]),
        (DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1'}]"),
         DEPLOYMENT % ("", "containers: [{name: a, image: 'a:1'}], hostNetwork: true"), []),
    ],
)  # fmt: skip
def test_one_item_more_in_a_whole_list(git: str, live: str, pointers: list[str]) -> None:
    """Beside the render alone: a subject more is a grant, a container more may be an injector's."""
    assert [pointer for change, pointer, _ in found(git, live) if change == "changed"] == pointers


@pytest.mark.parametrize(
    ("api", "field", "said", "drifts"),
    [
        ("apps/v1", "paused", "false", False), ("apps/v1", "minReadySeconds", "0", False), ("apps/v1", "paused", "true", True),
        ("apps/v1", "minReadySeconds", "1", True), ("apps/v1", "strategy", "{}", False), ("apps/v1", "x", "''", False),
        ("apps/v1", "x", "[]", False), ("apps/v1", "replicas", "0", True), ("apps/v1", "revisionHistoryLimit", "0", True),
        ("apps/v1", "x", "false", True), ("apps/v1", "x", "a", True), ("example.org/v1", "paused", "false", True),
        ("example.org/v1", "x", "''", False),
    ],
)  # fmt: skip
def test_empty_values_that_the_server_leaves_out(api: str, field: str, said: str, drifts: bool) -> None:
    """False and 0 only where Kubernetes' own types have no pointer: elsewhere they say something."""
    text = f"apiVersion: {api}\nkind: Deployment\nmetadata: {{name: web, namespace: app}}\nspec: {{a: b%s}}\n"
    changed = [pointer for change, pointer, _ in found(text % f", {field}: {said}", text % "") if change == "changed"]
    assert changed == ([f"/spec/{field}"] if drifts else [])


SCALED = "apiVersion: %s\nkind: %s\nmetadata: {name: web, namespace: app}\nspec: {a: b%s}\n"


@pytest.mark.parametrize(
    ("api", "kind", "git", "live", "drifts"),
    [
        ("apps/v1", "Deployment", "", ", replicas: 0", True), ("apps/v1", "StatefulSet", "", ", replicas: 0", True),
        ("apps/v1", "ReplicaSet", "", ", replicas: 0", True), ("apps/v1", "Deployment", "", ", replicas: 1", False),
        ("apps/v1", "Deployment", ", replicas: 0", ", replicas: 0", False), ("apps/v1", "Thing", "", ", replicas: 0", False),
        ("x.io/v1", "Deployment", "", ", replicas: 0", False), ("apps/v1", "Deployment", ", replicas: 2", ", replicas: 0", True),
    ],
)  # fmt: skip
def test_a_workload_that_somebody_stopped(api: str, kind: str, git: str, live: str, drifts: bool) -> None:
    """Where git gives no number, nothing else tells it; it is told once."""
    changed = [one for one in told(SCALED % (api, kind, git), SCALED % (api, kind, live)) if one.change == "changed"]
    assert [(one.pointer, one.live) for one in changed] == ([("/spec/replicas", 0)] if drifts else [])


def owned(manager: str, fields: str, operation: str = "Update", when: str = "2026-11-21") -> str:
    """One entry of managed fields, as YAML."""
    return f"{{manager: {manager}, operation: {operation}, time: '{when}', fieldsV1: {fields}}}"


GITS = owned("argocd-controller", "{'f:metadata': {'f:labels': {'f:a': {}}}, 'f:data': {'f:k': {}}}", "Apply")


@pytest.mark.parametrize(
    ("entries", "hand"),
    [
        ([GITS, owned("kubectl-edit", "{'f:data': {'f:more': {}}}")], "kubectl-edit"),
        ([GITS, owned("some-operator", "{'f:data': {'f:more': {}}}")], ""),
        ([GITS, owned("kubectl-edit", "{'f:data': {'f:other': {}}}")], ""),
        # Who made the object anew by hand where a controller applies owns all of it, and what is more is his.
        ([owned("kubectl-create", "{'f:metadata': {'f:labels': {'f:a': {}}}, 'f:data': {'f:k': {}, 'f:more': {}}}"), GITS],
         "kubectl-create"),
        # Nobody but he applies it here: its defaults are his, too.
        ([owned("kubectl-create", "{'f:metadata': {'f:labels': {'f:a': {}}}, 'f:data': {'f:k': {}, 'f:more': {}}}")], ""),
    ],
)  # fmt: skip
@BOTH
def test_what_a_hand_added_beside_git(entries: list[str], hand: str, how: str) -> None:
    """Told by who manages it, whatever way is compared; a program's is its own."""
    git = CONFIG % (", labels: {a: b}", "k: v")
    live = CONFIG % (f", labels: {{a: b}}, managedFields: [{', '.join(entries)}]", "k: v, more: x")
    expected = [("changed", "/data/more", hand)] if hand else [("same", "", "")]
    assert found(git, live, how, wanted=live if how == DRY_RUN else "") == expected
    if hand and how == DRY_RUN:  # what a dry run shows as well is told once
        assert [pointer for _, pointer, _ in found(git, live, how)] == ["/data/more"]


APPLIED = "{'f:metadata': {'f:labels': {'f:a': {}}, 'f:annotations': {'f:b': {}}}, 'f:data': {'f:default': {}}}"
EDITED = "{'f:data': {'f:k': {}, 'f:more': {}}}"


def test_who_applies_most_of_what_git_gives_is_no_hand() -> None:
    """Where no controller applies: of three fields two are his, so what is more of his is a default, and no one else's."""
    git = CONFIG % (", labels: {a: b}, annotations: {b: c}", "k: v")
    entries = f"{owned('terraform', APPLIED)}, {owned('kubectl-edit', EDITED)}"
    live = CONFIG % (
        f", labels: {{a: b}}, annotations: {{b: c}}, managedFields: [{entries}]",
        "k: v, more: x, default: z",
    )
    assert found(git, live) == [("changed", "/data/more", "kubectl-edit")]


def test_nobody_is_accused_of_a_stop_that_leaves_no_mark() -> None:
    """Whose tool wrote beside the number of replicas did not therefore set it."""
    entry = owned("kubectl-edit", "{'f:spec': {'f:a': {}}}")
    live = (SCALED % ("apps/v1", "Deployment", ", replicas: 0")).replace(
        "namespace: app", f"namespace: app, managedFields: [{entry}]"
    )
    [one] = told(SCALED % ("apps/v1", "Deployment", ""), live)
    assert (one.pointer, one.owner) == ("/spec/replicas", None)


def test_who_changed_and_who_took_away() -> None:
    """Of a changed field its owner; of one that is gone, whose tool wrote around it."""
    hand = owned("kubectl-edit", "{'f:data': {'f:a': {}, 'f:more': {}}}")
    live = CONFIG % (f", managedFields: [{GITS}, {hand}]", "a: y")
    assert found(CONFIG % ("", "a: x, k: v"), live) == [
        ("changed", "/data/a", "kubectl-edit"), ("changed", "/data/k", "kubectl-edit")
    ]  # fmt: skip
    git, more = CONFIG % ("", "a: x"), CONFIG % (f", managedFields: [{hand}]", "a: x, more: z")
    [one] = told(git, more, DRY_RUN)
    assert (one.pointer, one.note, one.wanted, one.live) == ("/data/more", "git does not have it", None, "z")


def test_an_excused_difference_hides_no_other() -> None:
    """The object is the same where all are excused, and says why."""
    mark = ", annotations: {app.kubernetes.io/instance: x}"
    [one] = told(CONFIG % ("", "k: v"), CONFIG % (mark, "k: v"), DRY_RUN)
    assert one.change == "same"
    assert "the controller's own mark" in one.note
    both = ", annotations: {app.kubernetes.io/instance: x, z: y}"
    assert [pointer for _, pointer, _ in found(CONFIG % ("", "k: v"), CONFIG % (both, "k: w"), DRY_RUN)] == [
        "/data/k", "/metadata/annotations/z"
    ]  # fmt: skip


A = CONFIG % ("", "k: v")


@pytest.mark.parametrize(
    ("text", "more", "change", "note"),
    [
        (A, {"live": None, "refused": "not found"}, "missing", ""),
        (A, {"live": None, "refused": "denied the request"}, "missing", "denied the request"),
        (A, {"live": None, "problem": "forbidden"}, "unknown", "forbidden"),
        (A, {"problem": "forbidden"}, "unknown", "forbidden"),
        (A, {"wanted": None, "refused": "denied the request"}, "unknown", "denied the request"),
        (A, {"wanted": None}, "unknown", "nothing to compare with"),
        (A, {}, "same", ""),
        (CONFIG % (", annotations: {helm.sh/hook: test}", ""), {"live": None}, "same", "need not be"),
        (CONFIG % (", annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}", ""), {}, "same", "only creates"),
    ],
)
def test_what_is_said_of_an_object(text: str, more: dict[str, Any], change: str, note: str) -> None:
    """Missing only where somebody looked; unknown wherever nobody can tell, and why."""
    [obj] = parse_manifests(text)
    given: Any = {"live": obj, "wanted": obj, **more}
    cluster = Cluster(comparisons=(Comparison(obj.key, **given),))
    [one] = drift(cluster, inventory([obj]), Config(), OVERLAY, (), ())
    assert (one.change, note in one.note, bool(one.note)) == (change, True, bool(note))


def test_what_was_not_compared_is_unknown_and_what_git_lacks_is_left() -> None:
    """A snapshot of the same render that has one object less, and one more."""
    [one], [two] = parse_manifests(A), parse_manifests(A.replace("name: a", "name: b"))
    cluster = Cluster(comparisons=(Comparison(two.key, two, two),))
    assert [(x.change, x.key.name) for x in drift(cluster, inventory([one]), Config(), OVERLAY, (), ())] == [
        ("unknown", "a")
    ]


@pytest.mark.parametrize(
    ("kind", "listed", "data", "change"),
    [
        ("ConfigMap", ("ConfigMap", "", ""), "k: v", "same"), ("ConfigMap", ("ConfigMap", "app", ""), "k: w", "changed"),
        ("ConfigMap", ("ConfigMap", "", ""), "k: v, more: x", "same"), ("ConfigMap", ("Secret", "", ""), "k: v", "unknown"), ("ConfigMap", ("ConfigMap", "other", ""), "k: v", "unknown"),
        ("ConfigMap", ("ConfigMap", "", "forbidden"), "k: v", "unknown"), ("Secret", ("Secret", "", ""), "k: v", "unknown"),
    ],
)  # fmt: skip
def test_a_snapshot_of_another_render(kind: str, listed: tuple[str, str, str], data: str, change: str) -> None:
    """Its objects are held against what git gives now; a Secret's values are not in it."""
    [obj], [live] = (parse_manifests((CONFIG % ("", text)).replace("ConfigMap", kind)) for text in ("k: v", data))
    name, home, problem = listed
    listing = Listing(ApiKind("", "v1", name), home, () if problem else (live,), problem)
    cluster = Cluster(render="sha256:other", listings=(listing,), comparisons=(Comparison(obj.key, None, obj),))
    [one] = drift(cluster, inventory([obj]), Config(), OVERLAY, (), ())
    assert one.change == change


APP = """---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: app, namespace: argocd}
spec:
  source: {repoURL: "https://git.example.org/a/b.git", path: overlay}
  ignoreDifferences: [{kind: ConfigMap, jqPathExpressions: [.data.k]}]
"""


def test_an_expression_that_nobody_evaluates_leaves_a_difference_open() -> None:
    """It may be the one that is ignored; the expression is named."""
    for data, change in (("k: w", "unknown"), ("k: v", "same")):
        seen = [one for one in told(A + APP, CONFIG % ("", data) + APP) if one.key.kind == "ConfigMap"]
        assert [one.change for one in seen] == [change]
        assert ("(.data.k)" in seen[0].note) is (change == "unknown")


@pytest.mark.parametrize(
    ("kind", "spec", "door", "seen"),
    [
        ("Service", "{type: NodePort}", True, "NodePort"), ("Service", "{type: ClusterIP}", False, "ClusterIP"),
        ("Service", "{}", False, None), ("Backup", "{type: NodePort}", False, None), ("Route", "{}", True, None),
    ],
)  # fmt: skip
def test_what_git_does_not_know_is_told_with_its_door(kind: str, spec: str, door: bool, seen: str | None) -> None:
    """Who made it, and whether it opens one."""
    home = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n"
    maker = f"managedFields: [{owned('kubectl-create', '{}', when='2026-01-01')}, {owned('other', '{}')}]"
    live = f"{home}---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: x, namespace: app, {maker}}}\nspec: {spec}\n"
    [one] = [one for one in told(home, live) if one.change == "extra"]
    assert one.owner is not None
    assert (one.owner.manager, one.live, "opens a door" in one.note) == ("kubectl-create", seen, door)


def test_the_leaves_of_a_value() -> None:
    """Each once, an empty mapping or list among them, and nothing that holds others."""
    value = {"a": {"b": 1, "c": [2, {}]}, "d": [], "e": None}
    assert list(leaves(value)) == [("a", "b"), ("a", "c", 0), ("a", "c", 1), ("d",), ("e",)]
    assert list(leaves(5)) == [()]


def test_what_may_be_made_of_git_is_unknown() -> None:
    """Its owner was not listed."""
    home = "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n"
    owner = "ownerReferences: [{apiVersion: x.io/v1, kind: Thing, name: t, uid: '1'}]"
    live = f"{home}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: x, namespace: app, {owner}}}\n"
    assert [one.change for one in told(home, live) if one.key.kind == "Pod"] == ["unknown"]


def test_a_secret_that_somebody_wrote_into_is_changed_and_shows_nothing() -> None:
    """Its entry and whose tool it was; no value."""
    maker = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: app}\nspec: {}\n"
    fields = owned("kubectl-patch", "{'f:data': {'f:password': {}}}")
    secret = f"---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: app, managedFields: [{fields}]}}\n"
    seen = [one for one in told(maker, maker + secret) if one.key.kind == "Secret"]
    assert [(one.change, one.pointer, one.how) for one in seen] == [("changed", "/data/password", "managed-fields")]
    assert {str(seen[0].wanted), str(seen[0].live)} == {"(withheld)"}


def test_a_withheld_value_that_differs_is_told() -> None:
    """The reader replaces each value by a word; git never has one of these words."""
    git = Manifest({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "app"}})
    live = Manifest({**git, "data": {"more": "(withheld, differs from the render)"}})
    cluster = Cluster(comparisons=(Comparison(git.key, live, git),))
    [one] = drift(cluster, inventory([git]), Config(), OVERLAY, (), ())
    assert (one.change, one.pointer) == ("changed", "/data")
