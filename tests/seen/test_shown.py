"""Access, attempts and ways in of the sample: git and cluster side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfm_checks import seen
from kfm_checks.engine import Facts
from kfm_checks.errors import NotVerified
from kfm_checks.run import Options, judge
from kfm_checks.seen.access import by_permission
from tests.conftest import AS_OF
from tests.live import sample


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """The facts of the sample, once for all tests that read them."""
    overlay, snapshot = sample.write(tmp_path_factory.mktemp("sample"))
    return judge(overlay, Options(as_of=AS_OF, snapshot=snapshot)).facts


def test_git_and_the_server_are_compared_permission_by_permission(facts: Facts) -> None:
    """Equal, different, and not answered: a refusal to answer is never a no."""
    found = {(pair.subject, pair.permission): (pair.verdict, pair.text) for pair in seen.pairs(facts)}
    assert found == {
        ("Group:deployers", "create pods/exec"): ("differs", "git: no; cluster: shop"),
        ("Group:deployers", "create rolebindings.rbac.authorization.k8s.io"): ("equal", "no"),
        ("Group:deployers", "delete deployments.apps"): ("differs", "git: no; cluster: shop"),
        ("Group:deployers", "get secrets"): ("differs", "git: no; cluster: shop"),
        ("Group:deployers", "patch deployments.apps"): ("equal", "shop"),
        ("Group:operators", "get secrets"): ("unknown", "git: no; cluster: not known"),
    }


def test_what_nobody_may_on_either_side_is_not_drawn(facts: Facts) -> None:
    """The rest is, with every subject that was asked about."""
    subjects, rows = by_permission(seen.pairs(facts))
    assert subjects == ["Group:deployers", "Group:operators"]
    assert list(rows) == ["create pods/exec", "delete deployments.apps", "get secrets", "patch deployments.apps"]


def test_an_attempt_is_right_where_the_server_did_as_it_must(facts: Facts) -> None:
    """A privileged pod that got in is wrong; one that nobody could try is neither."""
    kinds, rows = seen.tried(facts)
    assert kinds[0] == "conforming"
    assert {kind: rows["shop"][kind].verdict for kind in kinds} == {
        "conforming": "right",
        "host-network": "wrong",
        "latest-tag": "unknown",
        "no-limits": "right",
        "privileged": "wrong",
    }


def test_a_door_that_nobody_committed_comes_first(facts: Facts) -> None:
    """And one that both know shows the address that the cluster gave it."""
    shadow, known = seen.doors(facts)
    assert (shadow.entry.name, shadow.known, shadow.leads_to) == ("db-debug", "cluster", "shop/StatefulSet/db")
    assert (known.entry.name, known.known, known.addresses) == ("web", "both", ("203.0.113.7",))


def test_what_was_looked_at_says_when(facts: Facts) -> None:
    """Time, version, and how much was read."""
    shown = dict(seen.looked(facts).facts)
    assert shown["Taken"] == sample.TAKEN
    assert shown["Kubernetes"] == "v1.37.2"
    assert shown["Read"] == "26 lists asked for, 26 read"


def test_without_a_cluster_nothing_is_shown(tmp_path: Path) -> None:
    """No look, no facts: the words say so, and every picture raises the reason."""
    overlay, _ = sample.write(tmp_path)
    facts = judge(overlay, Options(as_of=AS_OF)).facts
    assert seen.looked(facts).facts == ()
    assert seen.looked(facts).origin == seen.NOT_LOOKED_AT
    for fact in (seen.pairs, seen.tried, seen.doors):
        with pytest.raises(NotVerified):
            fact(facts)
