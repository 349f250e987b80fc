"""The site of a change and of a baseline: what changes in production, what is ready, what got worse; one build."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from tests.change.cases import git, request, write
from tests.change.tiles import DESCRIPTION, service_with_database
from tests.conftest import AS_OF, ROOT
from tests.test_mutations import OVERLAY


@dataclass(frozen=True)
class Shown:
    """A built site, and what the command said."""

    folder: Path
    status: int
    out: str
    err: str

    def page(self, name: str) -> str:
        """The text of a page without its tags, white space folded."""
        text = re.sub(r"<(script|style)\b.*?</\1>", " ", self.html(name), flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", text.replace("<wbr>", ""))).split())

    def html(self, name: str) -> str:
        """A page as it is."""
        return (self.folder / f"{name}.html").read_text(encoding="utf-8")

    def row(self, id: str) -> str:
        """What stands below a requirement, as HTML."""
        text = self.html(f"live/requirements/{id.partition('-')[0].lower()}").replace("<wbr>", "")
        return text.partition(f'<span id="{id}" class="kfm-anchor">')[2].partition('class="kfm-anchor">')[0]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command of ours, in a process of its own."""
    whole = [sys.executable, "-m", "kfm_checks", *command]
    return subprocess.run(whole, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False)


#: A failure of the baseline that is gone, and one of the change that the baseline has already.
GONE = "services-avoid-node-port: kfm-web/Service/maps"
OLD = "workloads-have-liveness-probe: kfm-app/Deployment/kfm-tiles"


def baseline(report: Path, into: Path) -> Path:
    """A baseline made of the change's own report: one failure is taken to be old, one more to have been there."""
    value = json.loads(report.read_text())
    old = {
        item["fingerprint"]: OLD
        for result in value["results"]
        for item in result["evidence"]
        if result["check"] == "workloads-have-liveness-probe" and item["subject"]["name"] == "kfm-tiles"
    }
    assert len(old) == 1
    rows = {row["id"]: row["status"] for row in value["requirements"]} | {"RAIL-09": "met", "RAIL-07": "not-met"}
    standing = {"path": str(OVERLAY), "rows": rows, "failing": {**old, "0" * 16: GONE}, "as-of": "2026-11-01"}
    return write(into, {"schema": "kfm-checks/baseline/v1", "overlays": [standing]})


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The site of the change beside a baseline, as the command builds it, without notebooks."""
    scratch = tmp_path_factory.mktemp("site")
    root = service_with_database(scratch / "repository")
    said = {"description": DESCRIPTION, "title": "A service for tiles <img src=x onerror=alert(1)>"}
    facts = write(
        scratch / "change.json", request(git(root, "rev-parse", "main"), git(root, "rev-parse", "HEAD"), said)
    )
    given = (str(root / OVERLAY), "--change", str(facts), "--as-of", AS_OF)
    report = scratch / "report.json"
    assert run("check", *given, "--output", f"json={report}").returncode == 1
    before = baseline(report, scratch / "baseline.json")
    done = run("site", *given, "--baseline", str(before), "--no-notebooks", "-o", str(scratch / "out"))
    return Shown(scratch / "out", done.returncode, done.stdout, done.stderr)


def test_the_command_says_what_got_worse(shown: Shown) -> None:
    """Status 1 for a new failure, the counts of the baseline, and no warning of the build."""
    assert shown.err == ""
    assert shown.status == 1
    lines = shown.out.splitlines()
    assert lines[0].startswith("Not compliant: ")
    assert re.fullmatch(r"against the baseline of 2026-11-01: \d+ new, 1 mended, 1 unchanged", lines[1])
    assert lines[-1].endswith("could not be verified by anybody.")


def test_the_page_of_the_change_says_what_changes(shown: Shown) -> None:
    """Which request it is, what becomes of the rules, each object with its risks, and who can connect now."""
    page = shown.page("live/change")
    assert "Pull request #12 “A service for tiles <img src=x onerror=alert(1)>” by bob, from feature to main" in page
    assert "<img src=x" not in shown.html("live/change")
    assert "setting datastores is changed: adds" in page
    assert "takes away" not in page
    assert re.search(r"6 of \d+ objects change: 6 added\.", page)
    for name in ("Deployment/kfm-tiles", "Service/kfm-tiles", "NetworkPolicy/kfm-tiles"):
        assert f"+ added kfm-app/{name}" in page
    for name in ("StatefulSet/tiles-cache", "Service/tiles-cache", "NetworkPolicy/tiles-cache"):
        assert f"+ added kfm-data/{name}" in page
    assert "kfm-app/Deployment/kfm-tiles more can connect other software runs needs more or less" in page
    assert "Can connect now: 1 pair from to before after" in page
    assert "kfm-app/Deployment/kfm-tiles kfm-data/StatefulSet/tiles-cache no TCP 5432" in page
    assert "infra/apps/kfm-tiles/base/tiles.yaml:1 · as rendered" in page
    assert 'href="objects/ns-kfm-app.html#object-' in shown.html("live/change")


def test_the_page_of_the_change_says_whether_it_is_ready(shown: Shown) -> None:
    """Each row on changes and of the Definition of Done, the author's words, the approvals, the way back."""
    page = shown.page("live/change")
    rows = ("CHG-01", "CHG-02", "CHG-03", "CHG-04", "CHG-06", "CHG-09", "DOD-01", "DOD-03", "DOD-04", "GATE-05")
    assert {id for id in rows if f"{id} ✓ met" not in page} == set()
    assert "CHG-07 ✗ not met" in page
    assert "DOD-02 ✗ not met" in page
    assert "the description says why : “" not in page
    assert "The maps of the autumn release doubled the load on PostGIS." in page
    assert "infra/apps/kfm-tiles/base/tiles.yaml: alice approved the head commit" in page
    assert "reverting the change on its merge with the base gives the base back byte for byte" in page
    assert "a revert deletes the new StatefulSet tiles-cache, or leaves it behind" in page


def test_the_front_page_shows_the_baseline(shown: Shown) -> None:
    """How many are new, mended, accepted, unchanged; what is new and what was mended by name; rows that went worse."""
    page = shown.page("index")
    found = re.search(
        r"Against the baseline of 2026-11-01 ¶ Something got worse\..*? (\d+) new 1 mended 0 accepted 1 unchanged", page
    )
    assert found
    assert int(found[1]) > 1
    assert f"mended 1 failure {GONE}" in page
    assert "RAIL-09 ✗ not met worse: met → not met" in page
    assert "RAIL-07 ✓ met better: not met → met" in page
    assert page.index("RAIL-09 ✗ not met worse") < page.index("RAIL-07 ✓ met better")


def test_each_finding_and_row_says_what_became_of_it(shown: Shown) -> None:
    """On the row's page, by requirement, by file, and in the table of requirements."""
    probes = " ".join(re.sub(r"<[^>]+>", " ", shown.row("RAIL-02")).split())
    assert "✗ fails unchanged Deployment kfm-tiles" in probes
    assert "✗ fails new StatefulSet tiles-cache" in probes
    assert "Since the baseline 3 new, 1 unchanged" in probes
    ports = " ".join(re.sub(r"<[^>]+>", " ", shown.row("RAIL-07")).split())
    assert "Since the baseline better: not met → met; 1 mended" in ports
    assert f"mended 1 since the baseline {GONE}" in ports
    assert "since the baseline: 3 new, 1 unchanged" in shown.page("live/findings/by-requirement")
    assert re.search(r"tiles\.yaml : \d+ findings .{0,40}\d+ new 1 unchanged", shown.page("live/findings/by-file"))
    table = shown.page("live/requirements/index")
    assert "worse: met → not met" in table
    assert "3 new, 1 unchanged" in table
