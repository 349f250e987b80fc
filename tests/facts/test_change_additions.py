"""Credentials and sensitive addresses that a change brings in; the base is made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.facts.change_additions import additions
from kfm_checks.facts.change_base import Introduced
from kfm_checks.facts.tree import Tree
from tests.change.handmade import Made, compared, facts, graph

STORES = {"datastores": [{"workload": "data/StatefulSet/db", "clients": ["app/Deployment/api"]}]}
WORLD = """---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec: {serviceName: db-headless, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: 'postgres:17'}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: data}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: grafana, namespace: watch}
spec: {selector: {app: g}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: data}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: %s}\ndata: {a: x, URL: '%s'}\n"
READER = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: app}
spec: {template: {spec: {containers: [{name: c, image: i, %s}], volumes: [%s]}}}
"""
READS = "envFrom: [{configMapRef: {name: c}}]"


def addresses(base: str, head: str, settings: Mapping[str, Any] | None = None) -> list[tuple[str, str, bool | None]]:
    """The sensitive addresses that a change writes: where, which, and whether whoever reads it may know it."""
    given = facts(WORLD + head, STORES if settings is None else settings)
    found = additions(
        given.get("inventory"),
        given.get("workloads"),
        given.get("datastores"),
        compared(WORLD + base, WORLD + head),
        Made(),
        None,
        None,
    )
    return [("/".join(map(str, one.path)), one.address, one.allowed) for one in found.addresses]


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (CONFIG % ("app", "postgres://db.data:5432"), [("data/URL", "db.data", False)]), (CONFIG % ("app", "db.data.svc.cluster.local"), [("data/URL", "db.data", False)]),
        (CONFIG % ("data", "db.data"), []), (CONFIG % ("app", "web.data"), []), (CONFIG % ("app", "my-db.data"), []), (CONFIG % ("app", "db.database"), []),
        (CONFIG % ("app", "x.db.data"), []), (CONFIG % ("app", "http://grafana.watch"), [("data/URL", "grafana.watch", False)]),
        (CONFIG % ("app", "db.data") + READER % ("api", READS, ""), [("data/URL", "db.data", True)]),
        (CONFIG % ("app", "db.data") + READER % ("other", READS, ""), [("data/URL", "db.data", False)]),
        (CONFIG % ("app", "db.data") + READER % ("api", READS, "") + READER % ("other", READS, ""), [("data/URL", "db.data", False)]),
        (CONFIG % ("app", "db.data") + READER % ("api", "x: y", ""), [("data/URL", "db.data", False)]),
        (CONFIG % ("other", "db.data") + READER % ("api", READS, ""), [("data/URL", "db.data", False)]),
        *((CONFIG % ("app", "db.data") + READER % ("api", *how), [("data/URL", "db.data", True)]) for how in (
            ("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: URL}}}]", ""), ("x: y", "{name: v, configMap: {name: c}}"),
            ("x: y", "{name: v, projected: {sources: [{configMap: {name: c}}]}}"))),
        (CONFIG % ("app", "grafana.watch") + READER % ("api", READS, ""), [("data/URL", "grafana.watch", False)]),
        # A workload's own settings, and an alias for the store.
        (READER % ("api", "env: [{name: U, value: db.data}]", ""), [("spec/template/spec/containers/0/env/0/value", "db.data", True)]),
        (READER % ("other", "args: [--to=db.data]", ""), [("spec/template/spec/containers/0/args/0", "db.data", False)]),
        (READER % ("other", "command: [x, db.data]", ""), [("spec/template/spec/containers/0/command/1", "db.data", False)]),
        (READER % ("other", "workingDir: db.data", ""), []),
        ("---\napiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: app}\nspec: {type: ExternalName, externalName: db.data.svc.cluster.local}\n",
         [("spec/externalName", "db.data", False)]),
        ("---\napiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: app, annotations: {to: db.data}}\nspec: {a: b}\n", []),
        ("---\napiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: app}\nstringData: {URL: db.data}\n", []),
        ("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: app, annotations: {a: db.data}}\n", []),
    ],
)  # fmt: skip
def test_sensitive_addresses_that_are_written(head: str, found: list[Any]) -> None:
    """Of a datastore or an administration interface, in another namespace's configuration; by a declared client alone."""
    assert addresses("", head) == found


def test_only_what_the_change_writes_is_told() -> None:
    """What stood there before is not of its making; a field that it sets is."""
    before = CONFIG % ("app", "db.data")
    assert addresses(before, before.replace("a: x", "a: z")) == []
    assert addresses(before, before.replace("a: x", "a: grafana.watch")) == [("data/a", "grafana.watch", False)]
    assert addresses(before, "") == []
    assert addresses(CONFIG % ("aaa", "x"), before) == [("data/URL", "db.data", False)]
    bare = "---\napiVersion: v1\nkind: Service\nmetadata: {name: bare, namespace: data}\nspec: {ports: [{port: 1}]}\n"
    assert addresses(bare, bare + CONFIG % ("app", "bare.data")) == []
    undeclared = {"datastores": [{"workload": "data/StatefulSet/db"}]}
    assert addresses("", before, undeclared) == [("data/URL", "db.data", None)]


# -- credentials -----------------------------------------------------------------------------------------------------

KEY = "AKIAIOSFODNN7QWERTYU"
SECRET = "password: k7Yw-2pQ9zLrT4vX"


def introduced(folder: Path, name: str, text: str, known: frozenset[str] = frozenset()) -> Introduced:
    """A version of a file that a commit brings in."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    file = Tree(folder, folder).get(name)
    assert file is not None
    return Introduced(file, "c1", known)


def brought(base: Made, head: str = "", before: str = "") -> list[tuple[str, str]]:
    """The credentials that a change brings in: where and by which commit."""
    given = facts(head)
    found = additions(
        given.get("inventory"),
        given.get("workloads"),
        given.get("datastores"),
        compared(before, head),
        base,
        None,
        None,
    )
    assert found.files == len(base.versions)
    return [(one.where, one.commit) for one in found.credentials]


def test_credentials_in_lines_that_the_base_does_not_have(tmp_path: Path) -> None:
    """Each version of a file, line by line."""
    text = f"a: b\n  {SECRET}\n"
    assert brought(Made(versions=(introduced(tmp_path, "x.yaml", text),))) == [("x.yaml", "c1")]
    assert brought(Made(versions=(introduced(tmp_path, "x.yaml", text, frozenset({SECRET})),))) == []
    assert brought(Made(versions=(introduced(tmp_path, "x.yaml", "a: b\n"),))) == []


def test_credentials_in_objects() -> None:
    """Of an object that is new, or of a field that the change sets; what goes brings nothing."""
    leaky, clean = CONFIG % ("app", f"https://u:k7Yw2pQ9zLrT4vX@example.org/{KEY}"), CONFIG % ("app", "x")
    assert {where for where, _ in brought(Made(), leaky)} == {"app/ConfigMap/c"}
    assert {where for where, _ in brought(Made(), leaky, clean)} == {"app/ConfigMap/c"}
    assert brought(Made(), leaky.replace("a: x", "a: z"), leaky) == []
    assert brought(Made(), "", leaky) == []


@pytest.mark.parametrize(
    ("at", "reached", "asked"),
    [
        ("prod", (), {"prod/a.yaml", "prod/gone.yaml"}), ("prod", ("base/b.yaml",), {"prod/a.yaml", "prod/gone.yaml", "base/b.yaml"}),
        (".", (), {"prod/a.yaml", "prod/gone.yaml", "base/b.yaml", "production/c.yaml", "docs/d.md"}), ("pro", (), set()),
    ],
)  # fmt: skip
def test_which_files_are_looked_at(tmp_path: Path, at: str, reached: tuple[str, ...], asked: set[str]) -> None:
    """Those of the overlay and of what it is made from, also those that a later commit took away again."""
    made = Made(
        changed=(("M", "prod/a.yaml"), ("M", "base/b.yaml"), ("A", "production/c.yaml"), ("M", "docs/d.md")),
        touched=frozenset({"prod/gone.yaml"}),
    )
    (tmp_path / at).mkdir(exist_ok=True)
    given = facts("")
    additions(
        given.get("inventory"),
        (),
        (),
        compared("", ""),
        made,
        Tree(tmp_path / at, tmp_path),
        graph(*reached),
    )
    assert made.asked == [frozenset(asked)]
    if at == "prod" and not reached:
        additions(given.get("inventory"), (), (), compared("", ""), made, None, None)
        assert made.asked[1] == frozenset(asked)
