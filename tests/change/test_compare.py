"""Two renders compared as Kubernetes means it, and what each change puts at risk."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.change.sides import Comparison
from kfm_checks.change.sides import view as view_of_facts
from kfm_checks.change.write_html import write as write_html
from kfm_checks.change.write_json import document
from kfm_checks.change.write_markdown import write as write_markdown
from kfm_checks.change.write_table import write as write_table
from kfm_checks.config import Config, Settings
from kfm_checks.engine import Facts
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_risks import compare_views
from kfm_checks.judged import Judged
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest, Overlay, Report
from kfm_checks.run import check_objects
from kfm_checks.target import Target


def facts(text: str | list[dict[str, Any]]) -> Facts:
    """The facts of one side."""
    objects = parse_manifests(text) if isinstance(text, str) else [Manifest(obj) for obj in text]
    return Facts({"objects": tuple(objects), "gitops_objects": (), "followed": (), "config": Config()})


def compare(base: str | list[dict[str, Any]], head: str | list[dict[str, Any]]) -> Diff:
    """The diff of two texts of manifests."""
    return compare_views(view_of_facts(facts(base)), view_of_facts(facts(head)))


def comparison(base: str, head: str) -> Comparison:
    """The same, as writers take it."""
    from pathlib import Path

    report = Report(Overlay("", "", "", 0, "2026-11-22"), "cannot-be-decided", (), ())
    side = Judged(report, facts(base), Settings(Config()), (), Target(Path(), Path(), "", False, False), ())
    return Comparison(side, side, compare(base, head), "base", "head")


def pointers(diff: Diff) -> list[str]:
    """``change name /path`` of each field."""
    return [
        f"{change.change} {change.key.name} /{'/'.join(map(str, item.path))}" if change.fields else ""
        for change in diff.changes
        for item in change.fields
    ]


POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: a}
spec:
  containers:
    - name: x
      image: x:1
      %s
"""


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("resources: {limits: {cpu: 1000m, memory: 1Gi}}", "resources: {limits: {cpu: 1, memory: 1024Mi}}"),
        ("resources: {limits: {cpu: 0.5}}", "resources: {limits: {cpu: '500m'}}"),
        ("ports: [{containerPort: 80}]", "ports: [{containerPort: 80, protocol: TCP}]"),
        ("env: [{name: A, value: x}, {name: B, value: y}]", "env: [{name: B, value: y}, {name: A, value: x}]"),
        ("volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /b}]",
         "volumeMounts: [{name: v, mountPath: /b}, {name: v, mountPath: /a}]"),
        ("securityContext: {capabilities: {drop: [A, B]}}", "securityContext: {capabilities: {drop: [B, A]}}"),
        ("securityContext: null", "stdin: null"),
        ("imagePullPolicy: IfNotPresent", "terminationMessagePath: /dev/termination-log"),
    ],
)  # fmt: skip
def test_what_is_the_same_to_kubernetes(base: str, head: str) -> None:
    """Units, defaults, null and order that means nothing are no change."""
    assert compare(POD % base, POD % head).changes == ()


@pytest.mark.parametrize(
    ("base", "head", "pointer"),
    [
        ("args: [a, b]", "args: [b, a]", "/spec/containers/0/args"),
        ("env: [{name: A, value: x}, {name: B, value: $(A)}]", "env: [{name: B, value: $(A)}, {name: A, value: x}]",
         "/spec/containers/0/env"),
        ("env: [{name: A, value: '1'}]", "env: [{name: A, value: '1.0'}]", "/spec/containers/0/env/0/value"),
        ("tty: true", "tty: 1", "/spec/containers/0/tty"),
        ("resources: {limits: {cpu: 1}}", "resources: {limits: {cpu: 1001m}}", "/spec/containers/0/resources/limits/cpu"),
        ("ports: [{containerPort: 80}]", "ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]",
         "/spec/containers/0/ports/1"),
    ],
)  # fmt: skip
def test_what_is_not_the_same(base: str, head: str, pointer: str) -> None:
    """Order that does something, text that looks like a number, true and 1, a second protocol."""
    found = pointers(compare(POD % base, POD % head))
    assert found
    assert all(line.split()[-1].startswith(pointer) for line in found)


def test_a_container_that_moves_is_found_by_its_name() -> None:
    """Its one changed field is told at its new place."""
    base = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a, image: 'a:1'}, {name: b, image: 'b:1'}]}\n"
    head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: b, image: 'b:2'}, {name: a, image: 'a:1'}]}\n"
    assert pointers(compare(base, head)) == ["changed p /spec/containers/0/image"]


GENERATED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings-%s, namespace: a}
data: {k: %s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: a}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: 'a:1', envFrom: [{configMapRef: {name: settings-%s}}]}]}
"""


def test_a_generated_config_map_keeps_its_identity() -> None:
    """Its name changes with its content; so do the references, and they are no change of their own."""
    one, two = "6ct58987ht", "b4mm9cmd4h"
    diff = compare(GENERATED % (one, "v", one), GENERATED % (two, "w", two))
    assert pointers(diff) == [f"changed settings-{two} /data/k"]
    assert diff.changes[0].renamed_from == f"settings-{one}"


def test_a_name_that_only_looks_generated() -> None:
    """Two candidates for one stem can't be told apart: they are added and removed."""
    base = "".join(GENERATED.partition("---")[0] % (h, "v") for h in ["6ct58987ht"])
    head = "---".join(GENERATED.partition("---")[0] % (h, "v") for h in ["b4mm9cmd4h", "h4mm9cmd4h"])
    assert sorted(change.change for change in compare(base, head).changes) == ["added", "added", "removed"]


def test_the_api_version_is_none_of_the_identity() -> None:
    """autoscaling/v1 and v2 are views of one object."""
    text = "apiVersion: autoscaling/%s\nkind: HorizontalPodAutoscaler\nmetadata: {name: h, namespace: a}\nspec: {maxReplicas: 3}\n"
    assert pointers(compare(text % "v1", text % "v2")) == ["changed h /apiVersion"]


# -- risks -----------------------------------------------------------------------------------------------------------

STORE = """
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: 'postgres:17', ports: [{containerPort: 5432}]}]}
  volumeClaimTemplates:
    - {metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}
    - {metadata: {name: wal}, spec: {resources: {requests: {storage: 1Gi}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: app}
spec:
  selector: {matchLabels: {app: api}}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: 'api:1'}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: data}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: app}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: app}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: Group, name: auditors, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {selector: {app: db}, ports: [{port: 5432}]}
"""

RISKY = [
    ("a datastore is exposed", "spec: {selector: {app: db}", "spec: {type: LoadBalancer, selector: {app: db}",
     "Service/db", "exposure", "to the datastore data/StatefulSet/db on TCP 5432"),
    ("a role widens", "verbs: [get]", "verbs: [get, delete]",
     "Role/reader", "permission", "Group:auditors in app may now delete pods"),
    ("a binding goes to another group", "name: auditors", "name: everybody",
     "RoleBinding/reader", "permission", "Group:everybody in app may now get pods"),
    ("a StatefulSet loses a volume", "    - {metadata: {name: wal}, spec: {resources: {requests: {storage: 1Gi}}}}\n", "",
     "StatefulSet/db", "data-loss", "StatefulSet db loses its volume wal"),
    ("a StatefulSet's volume grows", "name: wal}, spec: {resources: {requests: {storage: 1Gi", "name: wal}, spec: {resources: {requests: {storage: 2Gi",
     "StatefulSet/db", "disruption", "the volume wal of StatefulSet db can't be updated"),
    ("a policy opens a datastore", "policyTypes: [Ingress]", "policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]",
     "NetworkPolicy/deny", "network-reach", "can now connect to the datastore data/StatefulSet/db"),
    ("a policy goes", "kind: NetworkPolicy\nmetadata: {name: deny, namespace: data}", "kind: NetworkPolicy\nmetadata: {name: deny, namespace: other}",
     "NetworkPolicy/deny", "network-reach", "can now connect to the datastore data/StatefulSet/db"),
    ("an image changes", "api:1", "api:2", "Deployment/api", "image", "image api:1 becomes api:2"),
    ("fewer replicas", "metadata: {name: api, namespace: app}\nspec:", "metadata: {name: api, namespace: app}\nspec:\n  replicas: 0",
     "Deployment/api", "disruption", "fewer replicas"),
    ("more requests", "image: 'api:1'", "image: 'api:1', resources: {requests: {cpu: 2}}",
     "Deployment/api", "capacity", "resources"),
    ("a namespace goes", "apiVersion: v1\nkind: Namespace\nmetadata: {name: data}\n---\n", "",
     "Namespace/data", "data-loss", "with the namespace data everything in it is deleted"),
    ("a Service leads elsewhere", "spec: {selector: {app: db}", "spec: {selector: {app: other}", "Service/db", "disruption", "leads elsewhere"),
    ("an immutable field", "serviceName: db", "serviceName: dbs", "StatefulSet/db", "disruption", "can't be updated"),
]  # fmt: skip


@pytest.mark.parametrize(("about", "old", "new", "name", "risk", "words"), RISKY, ids=[case[0] for case in RISKY])
def test_a_risk_is_called_by_its_name(about: str, old: str, new: str, name: str, risk: str, words: str) -> None:
    """At the object that brings it, in a sentence."""
    assert old in STORE
    diff = compare(STORE, STORE.replace(old, new, 1))
    found = [r for change in diff.changes if str(change.key).endswith(name) for r in change.risks]
    assert any(r.name == risk and words in r.message for r in found), found


def test_a_stateful_set_that_keeps_no_volume_names_them_all() -> None:
    """The whole list goes at once: each claim is named, in one step that loses data."""
    start, end = STORE.index("  volumeClaimTemplates:"), STORE.index("---", STORE.index("  volumeClaimTemplates:"))
    diff = compare(STORE, STORE[:start] + STORE[end:])
    found = [risk.message for change in diff.changes for risk in change.risks if risk.name == "data-loss"]
    assert found == ["StatefulSet db loses its volume data, wal: what is on it is left behind"]


def test_what_a_star_already_covered_is_no_new_permission() -> None:
    """``*`` narrowed to some verbs grants nothing new."""
    base = STORE.replace("verbs: [get]", "verbs: ['*']")
    diff = compare(base, STORE)
    assert [risk for change in diff.changes for risk in change.risks if risk.name == "permission"] == []


def test_pairs_before_and_after() -> None:
    """Opened in one direction of the comparison, closed in the other."""
    opened = STORE.replace("policyTypes: [Ingress]", "policyTypes: [Ingress], ingress: [{ports: [{port: 5432}]}]")
    pair = ("app/Deployment/api", "data/StatefulSet/db")
    there = {(p.source, p.destination): (p.before, p.after) for p in compare(STORE, opened).opened}
    back = {(p.source, p.destination): (p.before, p.after) for p in compare(opened, STORE).closed}
    assert there[pair] == ((), (("TCP", 5432, 5432),))
    assert back[pair] == ((("TCP", 5432, 5432),), ())


def test_address_ranges_cut_anew_are_no_change() -> None:
    """A policy that draws another boundary changes only the addresses that it is about."""
    policy = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: app}
spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: %s}}]}]}
"""
    diff = compare(STORE + policy % "10.0.0.0/24", STORE + policy % "10.0.0.0/25")
    closed = [pair for pair in diff.closed if pair.source.startswith("app/")]
    assert {pair.destination for pair in closed} == {"external:10.0.0.128-10.0.0.255"}
    assert not diff.opened


# -- writers ---------------------------------------------------------------------------------------------------------

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: %s, user: %s}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {DB_PASSWORD: %s, x: %s}\n"


@pytest.mark.parametrize("write", [write_html, write_markdown, write_table, lambda c: str(document(c))])
def test_no_secret_value_in_any_format(write: Any) -> None:
    """That it changed is shown, not from what to what; nor a recognised credential elsewhere."""
    old, new = "k7Yw-2pQ9zLrT4vX", "m3Hq-8sD1nBwK6cZ"
    text = write(comparison(SECRET % (old, "ann", old, "y"), SECRET % (new, "bob", new, "z")))
    for value in (old, new, "ann", "bob"):
        assert value not in text
    assert "/stringData/password" in text.replace("\\", "")
    added = write(comparison("", SECRET % (old, "ann", old, "y")))
    assert old not in added


def test_hostile_text_is_harmless() -> None:
    """Markup, mentions, escape sequences and forged lines of a manifest stay text."""
    evil = "<script>alert(1)</script> @everyone | [x](http://evil) \\u001b[31m"
    head = f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{k: "{evil}\\n## Approved"}}\n'
    base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n"
    found = comparison(base, head)
    assert "<script>" not in write_html(found)
    assert "<script>" not in write_markdown(found) and "@everyone" not in write_markdown(found)
    assert "\n## Approved" not in write_markdown(found)
    assert "\x1b" not in write_table(found)


def many(count: int, tag: str = "1") -> list[dict[str, Any]]:
    """So many objects: Deployments, Services and ConfigMaps of twenty namespaces, with default-deny policies."""
    found: list[dict[str, Any]] = []
    for number in range(count // 3):
        meta = {"name": f"w{number}", "namespace": f"n{number % 20}"}
        labels = {"app": f"w{number}"}
        spec = {"containers": [{"name": "c", "image": f"i:{tag}", "env": [{"name": "A", "value": "b"}]}]}
        template = {"metadata": {"labels": labels}, "spec": spec}
        found.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
                      "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}})  # fmt: skip
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": meta,
                "spec": {"selector": labels, "ports": [{"port": 80}]},
            }
        )
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"k": tag}})
    return found


def test_a_thousand_objects_in_seconds_and_within_githubs_limit() -> None:
    """Two thirds of a thousand objects change; the Markdown says what it leaves out."""
    start = time.process_time()
    base, head = many(1_000), many(1_000, "2")
    diff = compare(base, head)
    spent = time.process_time() - start
    assert len(diff.changes) == 666
    assert spent < 5
    found = comparison("", "")
    text = write_markdown(Comparison(found.base, found.head, diff, "base", "head"))
    assert len(text) <= 65_536
    assert "left out here" in text


def test_many_new_pairs_are_counted_not_listed_without_end() -> None:
    """A workload that is new in an open cluster can reach everybody: some destinations are named, the rest counted."""
    diff = compare(many(600), [*many(600), *many(603)[-3:]])
    assert len(diff.opened) > 300
    lines = [risk for change in diff.changes for risk in change.risks if risk.name == "network-reach"]
    assert len(lines) < 40


# -- properties ------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "1", "1Gi", "x-6ct58987ht"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "spec", "ports", "env", "k"]), inner, max_size=3)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from([("v1", "Pod"), ("apps/v1", "StatefulSet"), ("v1", "Secret"), ("networking.k8s.io/v1", "NetworkPolicy"),
                         ("v1", "Service"), ("x.io/v1", "Thing"), ("rbac.authorization.k8s.io/v1", "Role")])  # fmt: skip


@given(KINDS, JSON, JSON)
@settings(max_examples=150, deadline=None)
def test_hostile_objects_never_break_it(kind: tuple[str, str], before: Any, after: Any) -> None:
    """Wrong types anywhere; the same on both sides is no change; every writer copes."""
    api, name = kind
    make = lambda value: [{"apiVersion": api, "kind": name, "metadata": {"name": "x"}, "spec": value, "data": value}]  # noqa: E731
    assert compare(make(before), make(before)).changes == ()
    found = comparison("", "")
    whole = Comparison(found.base, found.head, compare(make(before), make(after)), "base", "head")
    for write in (write_html, write_markdown, write_table, document):
        write(whole)


def test_a_report_without_a_change_never_says_met() -> None:
    """No change given: the rows of change control are not verified."""
    report = check_objects(
        parse_manifests(STORE), only=["CHG-01", "CHG-02", "CHG-03", "CHG-04", "CHG-06", "CHG-09", "GATE-05"]
    )
    assert {row.status for row in report.requirements} == {"not-verified"}
    assert {row.reason for row in report.requirements} == {"no pull request was given (--change)"}
