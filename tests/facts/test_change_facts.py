"""What a change brings in, whose files it touches, and what it opens, without git: the base is made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kfm_checks.change.sides import view
from kfm_checks.config import parse_settings
from kfm_checks.engine import Facts
from kfm_checks.errors import ConfigError, NotVerified
from kfm_checks.facts.change import TEMPLATES, description, diff, ownership, pull_request, reviewers, rollback
from kfm_checks.facts.change_additions import additions
from kfm_checks.facts.change_base import Introduced, Rehearsal
from kfm_checks.facts.change_history import commit_of_request, is_shallow, reverts
from kfm_checks.facts.change_model import Diff
from kfm_checks.facts.change_request import ChangedFile, ChangeRequest, Codeowners, Commit, Review, Revision
from kfm_checks.facts.change_risks import View, compare_views
from kfm_checks.facts.repository import Repository
from kfm_checks.facts.tree import Tree
from kfm_checks.follow import Followed
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import ObjectKey
from tests.change.cases import commit, git, put, start

STORES = {"datastores": [{"workload": "data/StatefulSet/db", "clients": ["app/Deployment/api"]}]}


def facts(text: str, settings: Mapping[str, Any] | None = None) -> Facts:
    """The facts of one side."""
    config = parse_settings(dict(settings or {})).config
    return Facts({"objects": tuple(parse_manifests(text)), "gitops_objects": (), "followed": (), "config": config})


def compared(base: str, head: str, settings: Mapping[str, Any] | None = None) -> Diff:
    """What differs, with its risks."""
    return compare_views(view(facts(base, settings)), view(facts(head, settings)))


def graph(*reached: str) -> Any:
    """The kustomizations that reach these files."""
    return SimpleNamespace(reached=dict.fromkeys(reached))


@dataclass
class Made:
    """A base without git."""

    files: dict[str, str] = field(default_factory=dict)
    changed: tuple[tuple[str, str], ...] = ()
    touched: frozenset[str] = frozenset()
    versions: tuple[Introduced, ...] = ()
    asked: list[frozenset[str]] = field(default_factory=list)
    commit: str = "base"
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    answer: bool | None = None
    seen: Any = None

    @property
    def view(self) -> View:
        """The base's own."""
        found: View = self.seen
        return found

    def read(self, path: str) -> str | None:
        """A file of the base."""
        return self.files.get(path)

    def kept(self, commit: str) -> bool | None:
        """What it was told to say."""
        return self.answer

    def introduced(self, paths: frozenset[str]) -> tuple[Introduced, ...]:
        """What it was given, remembering what was asked for."""
        self.asked.append(paths)
        return self.versions

    def prefix(self) -> str:
        """The overlay's folder."""
        return "prod"


# -- addresses -------------------------------------------------------------------------------------------------------

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


# -- the request -----------------------------------------------------------------------------------------------------


def test_a_request_is_read_once() -> None:
    """From plain data, or as it is."""
    one = ChangeRequest(number=7)
    assert pull_request(one) is one
    assert pull_request({"schema": "kfm-checks/change/v1", "number": 7}).number == 7
    with pytest.raises(ConfigError):
        pull_request({})


@pytest.mark.parametrize("path", TEMPLATES)
def test_the_template_of_the_base_is_nobodys_words(tmp_path: Path, path: str) -> None:
    """From the base, or from the working tree where no base is at hand."""
    template = "## Why\nTell us why this is needed\n"
    request = ChangeRequest(description=template)
    assert description(request, Made(), None)["why"].text
    assert not description(request, Made(files={path: template}), None)["why"].text
    assert description(request, None, Tree(tmp_path, tmp_path))["why"].text
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(template)
    assert not description(request, None, Tree(tmp_path, tmp_path))["why"].text
    assert description(request, None, None)["why"].text


def test_a_description_that_nobody_told_is_not_empty() -> None:
    """Of a request and of a push."""
    for requested, words in ((True, "does not tell its description"), (False, "a push has none")):
        with pytest.raises(NotVerified, match=words):
            description(ChangeRequest(requested=requested), None, None)


OWNERS = "* @a\n/prod/ @b\n"


def owned(request: ChangeRequest, base: Made | None, tree: Tree | None, reached: tuple[str, ...] = ()) -> Any:
    """Path, whether it is governed, its owners and the line that says so."""
    found = ownership(request, base, tree, graph(*reached) if reached else None)
    return found.rules.of if found.rules else "", [
        (one.path, one.governed, one.owners, one.line) for one in found.paths
    ]


def test_who_owns_what_changes(tmp_path: Path) -> None:
    """By the base's file, by what the request tells of it, or by the working tree's; of renamed files both names."""
    (tmp_path / "prod").mkdir()
    tree = Tree(tmp_path / "prod", tmp_path)
    base = Made(
        files={"CODEOWNERS": OWNERS},
        changed=(("M", "prod/x"), ("M", "prod/x"), ("A", "docs/y"), ("M", "prod"), ("M", "products/z")),
    )
    assert owned(ChangeRequest(), base, tree) == (
        "the base",
        [
            ("docs/y", False, ("@a",), 1),
            ("prod", True, ("@a",), 1),
            ("prod/x", True, ("@b",), 2),
            ("products/z", False, ("@a",), 1),
        ],
    )
    assert owned(ChangeRequest(), base, tree, ("docs/y",))[1][0] == ("docs/y", True, ("@a",), 1)
    assert all(governed for _, governed, _, _ in owned(ChangeRequest(), base, None)[1])
    assert all(governed for _, governed, _, _ in owned(ChangeRequest(), base, Tree(tmp_path, tmp_path))[1])
    assert owned(ChangeRequest(), Made(changed=(("M", "prod/x"),)), tree) == ("", [("prod/x", True, (), None)])
    told = ChangeRequest(
        files=(ChangedFile("prod/x", "renamed", "docs/x"),), codeowners=Codeowners("CODEOWNERS", OWNERS)
    )
    assert owned(told, None, tree) == (
        "the change's facts",
        [("docs/x", False, ("@a",), 1), ("prod/x", True, ("@b",), 2)],
    )
    untold = ChangeRequest(files=(ChangedFile("prod/x"),))
    assert owned(untold, None, tree) == ("", [("prod/x", True, (), None)])
    (tmp_path / "CODEOWNERS").write_text(OWNERS)
    assert owned(untold, None, Tree(tmp_path / "prod", tmp_path)) == (
        "the working tree",
        [("prod/x", True, ("@b",), 2)],
    )
    with pytest.raises(NotVerified, match="was not looked at"):
        owned(untold, None, None)
    with pytest.raises(NotVerified, match="nobody told which files change"):
        owned(ChangeRequest(), None, tree)


APPROVED = (Review("ann", "approved", "c1"),)


@pytest.mark.parametrize(
    ("commits", "counts"),
    [
        # Without git: a commit of one parent came after, so it is another change; what a merge holds nobody can tell.
        ((Commit("c3", ("c2",)), Commit("c2", ("c1",))), False), ((Commit("c3", ("c1", "m"),),), None), ((Commit("c3", ("c2", "m")), Commit("c2", ("c1",))), False),
        ((Commit("c3", ("c2", "m")), Commit("c2", ("c1", "m"))), None), ((), None), ((Commit("c3"),), None), ((Commit("c3", ("c3", "m")),), None), (None, None),
    ],
)  # fmt: skip
def test_what_came_after_an_approval(commits: tuple[Commit, ...] | None, counts: bool | None) -> None:
    """By the parents that the request tells; with a base, by git."""
    request = ChangeRequest(author="bob", head=Revision(sha="c3"), reviews=APPROVED, commits=commits)
    assert [one.counts for one in reviewers(request, None)] == [counts]
    assert [one.counts for one in reviewers(request, Made(answer=True))] == [True]
    with pytest.raises(NotVerified, match="tells of no reviews"):
        reviewers(ChangeRequest(), None)


def test_a_source_that_was_not_rendered_is_told() -> None:
    """Nobody saw what changes in it."""

    def followed(state: Any, reason: str) -> Followed:
        return Followed(ObjectKey("a/v1", "Application", "n", "x"), "Argo CD", "", "p", "", state, reason)

    given = facts(WORLD)
    seen = view(facts(WORLD))
    names = ("inventory", "network", "exposures", "access", "datastores")
    sources = (followed("unavailable", "no network"), followed("rendered", "all well"))
    found = diff(*(given.get(name) for name in names), sources, Made(seen=seen))
    assert (found.changes, found.unseen) == ((), ("n/Application/x: its source was not rendered: no network",))
    changed = diff(*(facts(WORLD + CONFIG % ("app", "x")).get(name) for name in names), sources, Made(seen=seen))
    assert (len(changed.changes), changed.unseen) == (1, found.unseen)
    assert rollback(Made(rehearsal=Rehearsal(exact=True))).exact


# -- history ---------------------------------------------------------------------------------------------------------


def test_rollbacks_in_the_history(tmp_path: Path) -> None:
    """By the title, by a merge's second line, or by a commit of the branch that is named; not by one of elsewhere."""
    start(tmp_path)
    put(tmp_path, {"prod/a": "1"})
    first = commit(tmp_path, "one (#12)")
    titles = ['Revert "one"', "revert(api): it", "Merge branch 'x'\n\nRevert \"one\"", f"back again\n\nThis reverts commit {first}.",
              f"squashed\n\nThis reverts commit {'f' * 40}.", "Reverting is hard", "docs: revert", "Merge pull request #7 from x"]  # fmt: skip
    for number, title in enumerate(titles):
        put(tmp_path, {"prod/a": f"{number + 2}"})
        commit(tmp_path, title)
    put(tmp_path, {"docs": "x"})
    commit(tmp_path, "Revert: not of the overlay\n\nSee merge request org/repo!34")
    repository = Repository(tmp_path, "prod")
    found = reverts(repository)
    assert [one.subject for one in found] == ["back again", "Merge branch 'x'", "revert(api): it", 'Revert "one"']
    assert found[0].commits == (found[0].sha, first)
    subjects = [
        git(tmp_path, "log", "-1", "--format=%s", commit_of_request(repository, number)) for number in ("12", "7", "34")
    ]
    assert subjects == ["one (#12)", "Merge pull request #7 from x", "Revert: not of the overlay"]
    assert [commit_of_request(repository, number) for number in ("1", "2", "3")] == ["", "", ""]
    assert not is_shallow(repository)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}", str(tmp_path / "cut"))
    assert is_shallow(Repository(tmp_path / "cut", "prod"))
    (tmp_path / "none").mkdir()
    git(tmp_path / "none", "init", "-q")
    empty = Repository(tmp_path / "none", ".")
    assert (reverts(empty), commit_of_request(empty, "1"), is_shallow(empty)) == ((), "", False)
