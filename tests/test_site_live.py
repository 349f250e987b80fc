"""The page of the live cluster, and the rows that a cluster has a word in: the sample, an old one, and none at all."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from kfm_checks.facts.cluster import Answer, Attempt, Cluster, Probe
from kfm_checks.judged import Judged
from kfm_checks.live.snapshot import write_snapshot
from kfm_checks.run import Options, judge
from kfm_checks.site import Built, build
from kfm_checks.sphinx_ext.html import fill
from kfm_checks.sphinx_ext.live import content
from kfm_checks.sphinx_ext.view import ORDER, View
from tests.conftest import AS_OF
from tests.live import sample

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site of the sample, once for all tests that read it."""
    folder = tmp_path_factory.mktemp("live")
    overlay, snapshot = sample.write(folder)
    return build(overlay, folder / "out", Options(as_of=AS_OF, snapshot=snapshot), notebooks=False)


def page(built: Built, name: str) -> str:
    """The markup of one page."""
    return (built.index.parent / name).read_text(encoding="utf-8")


def words(markup: str) -> str:
    """What a reader sees, in one line."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<wbr>|<[^>]+>", lambda tag: "" if tag[0] == "<wbr>" else " ", text)).split())


def test_each_drift_is_there_with_who_and_when(built: Built) -> None:
    """Missing, changed and extra, the manager and the time; the build warns of nothing there."""
    assert not [warning for warning in built.warnings if "live/" in warning]
    shown = words(page(built, "live/cluster.html"))
    assert "not in git Service db-debug in shop a shadow exposure" in shown
    assert "not in git RoleBinding quick-fix in shop" in shown
    assert "not in the cluster NetworkPolicy deny in shop" in shown
    assert "/spec/replicas 2 7 kubectl-scale (Update) 2026-11-21 17:40" in shown
    assert "restricted privileged kubectl-label (Update) 2026-11-22 02:11" in shown
    assert "5 objects are as git says" in shown


def test_the_snapshot_says_its_age(built: Built) -> None:
    """When it was taken, how old it is, and the limit; the front page leads there."""
    shown = words(page(built, "live/cluster.html"))
    assert f"Taken {sample.TAKEN}" in shown
    assert "15 hours at the end of 2026-11-22; the limit is 24h" in shown
    assert f"a snapshot, {sample.TAKEN}" in words(page(built, "index.html"))


def test_the_other_parts_are_there(built: Built) -> None:
    """The timeline with its list, the controller's word, what was let in, access and ways in."""
    markup = page(built, "live/cluster.html")
    shown = words(markup)
    assert markup.count("<g><title>") == 7
    assert "Argo CD says it is OutOfSync" in shown
    assert "create pods/exec ✗ git: no; cluster: shop" in shown
    assert "✗ nobody committed it Service db-debug in shop NodePort shop/StatefulSet/db TCP 5432" in shown
    assert "203.0.113.7" in shown
    assert "shop.example.org:443 (https): answered, status 200" in shown


def test_files_and_cluster_stand_side_by_side(built: Built) -> None:
    """A row with a live half has both; its live evidence is headed as such; a row without has neither."""
    shown = words(page(built, "live/requirements/mem.html"))
    row = shown.partition("MEM-02 ·")[2].partition("MEM-03 ·")[0]
    assert re.search(r"The files say .*✓ holds .*The cluster says .*✗ fails .*snapshot of 2026-11-22", row)
    assert "In the cluster" in row
    assert "The files say" not in shown.partition("MEM-03 ·")[2].partition("MEM-04 ·")[0]


def filled(cluster: Cluster, folder: Path, as_of: str = AS_OF) -> tuple[Judged, str]:
    """The page's content and the rows of the trust membrane, without a build around them."""
    overlay, snapshot = sample.write(folder)
    write_snapshot(cluster, snapshot)
    judged = judge(overlay, Options(as_of=as_of, snapshot=snapshot))
    view = View(judged)
    shared = {
        "view": view,
        "report": view.report,
        "uri": lambda page, anchor="": page,
        "row_uri": lambda id: id,
        "check_uri": lambda name: name,
        "object_uri": lambda key: "",
        "ORDER": ORDER,
    }
    rows = [fill("row.html", row=row, form="", was=None, **shared) for row in view.sections["MEM"]]
    return judged, "\n".join([fill("live.html", **shared, **content(view)), *rows])


def test_an_old_snapshot_is_shown_and_counts_for_nothing(tmp_path: Path) -> None:
    """The drift is there; the page and the rows say that it is too old."""
    judged, markup = filled(sample.cluster(), tmp_path, as_of="2026-11-25")
    shown = words(markup)
    assert "This counts for no verdict: the snapshot was taken at 2026-11-22T08:30:00Z, more than 24h before" in shown
    assert "db-debug" in shown
    assert {row.id: row.status for row in judged.report.requirements}["GIT-04"] == "not-verified"
    assert "The cluster says not verified: the snapshot was taken" in shown


def test_a_server_that_was_not_reached_is_named(tmp_path: Path) -> None:
    """The reason stands on the page, in place of all that could not be seen."""
    unread = {"listings": (), "comparisons": (), "attempts": (), "answers": (), "probes": ()}
    _, markup = filled(replace(sample.cluster(**unread), problem="the server can't be reached"), tmp_path)
    shown = words(markup)
    assert "This counts for no verdict: the cluster could not be read: the server can't be reached." in shown
    assert "No difference was found" not in shown


def test_nothing_of_a_cluster_runs(tmp_path: Path) -> None:
    """Whatever a manager, a policy's message, a name or an address says, it is text."""
    text = sample.to_text(sample.cluster()).replace("kubectl-edit", SCRIPT).replace("db-debug", SCRIPT)
    hostile = replace(
        sample.from_text(text),
        context=SCRIPT,
        attempts=(Attempt(SCRIPT, SCRIPT, False, SCRIPT),),
        answers=(Answer(f"User:{SCRIPT}", SCRIPT, SCRIPT, SCRIPT, SCRIPT, SCRIPT, None, SCRIPT),),
        probes=(Probe(SCRIPT, answered=None, problem=SCRIPT),),
    )
    _, markup = filled(hostile, tmp_path)
    assert SCRIPT not in markup
    assert words(markup).count(SCRIPT) > 10
