"""Notebook 12 on the sample: what each part shows, and that a context and a snapshot come from cell or environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfm_checks import seen
from kfm_checks.notebook import live, open_notebook
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.halt import GateClosed, NoVerdict
from kfm_checks.notebook.pictures import Said
from tests.conftest import AS_OF
from tests.live import sample
from tests.test_notebooks import FOLDER, HOSTILE, SHOP, harmless, run, text

SECTIONS = (live.drift, live.timeline, live.health, live.enforcement, live.access, live.ways_in, live.probes)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set but the day."""
    for name in ("KFM_CONTEXT", "KFM_SNAPSHOT", "KFM_CHECKS_CONTEXT", "KFM_CHECKS_SNAPSHOT", "KFM_CHECKS_GATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KFM_CHECKS_AS_OF", AS_OF)
    monkeypatch.chdir(FOLDER)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sample's overlay and snapshot."""
    return sample.write(tmp_path_factory.mktemp("sample"))


def opened(places: tuple[Path, Path], as_of: str = AS_OF) -> Book:
    """Notebook 12 on the sample."""
    return open_notebook("12-live-drift", str(places[0]), as_of, snapshot=str(places[1]))


def test_the_drift_table_has_each_kind(places: tuple[Path, Path]) -> None:
    """What nobody committed first; the manager and the time beside each field; Secrets withheld."""
    lines = text(live.drift(opened(places))).splitlines()
    assert [line.partition(" | ")[0] for line in lines[1:9]] == [
        *["not in git"] * 2,
        "not in the cluster",
        *["changed"] * 5,
    ]
    assert (
        "changed | shop/Deployment/web | /spec/replicas | 2 | 7 | kubectl-scale (Update) | 2026-11-21 17:40 | " in lines
    )
    assert any("shadow exposure" in line for line in lines)
    assert lines[-1] == "5 objects are as git says."


def test_the_timeline_is_a_picture_and_a_list(places: tuple[Path, Path]) -> None:
    """In the order of time; the deletion, whose time nobody knows, is in the list alone."""
    made = live.timeline(opened(places))
    listed = text(made).splitlines()[2:]
    assert len(listed) == 8
    assert listed[0].startswith("2026-11-21 17:31: argocd-server (Update): argocd/Application/shop changed")
    assert listed[-1] == "nobody knows when: nobody said who: shop/NetworkPolicy/deny not in the cluster"
    assert str(made._repr_html_()).count("<g><title>") == 7
    assert repr(made) == repr(live.timeline(opened(places)))


def test_health_enforcement_access_and_ways_in(places: tuple[Path, Path]) -> None:
    """The controller's word, what got in, git beside the server, the door that nobody committed."""
    book = opened(places)
    assert "Argo CD says it is OutOfSync" in text(live.health(book))
    assert "is privileged ✗ let in" in text(live.enforcement(book))
    assert "create pods/exec: Group:deployers ✗ git: no; cluster: shop" in text(live.access(book))
    assert "nobody committed it | shop/Service/db-debug | NodePort" in text(live.ways_in(book))
    assert "shop.example.org:443 | https | yes | 200" in text(live.probes(book))


def test_files_and_cluster_stand_side_by_side(places: tuple[Path, Path]) -> None:
    """A row that only a cluster tells, one with both, and the shop without a cluster."""
    shown = text(live.side_by_side(opened(places)))
    assert "GIT-04 | The live state equals the rendered state | not met | cannot tell | 8 of 13 wrong" in shown
    assert "MEM-02 | No public route leads to a datastore | not met | 1 looked at, all right | 1 of 1 wrong" in shown
    without = text(live.side_by_side(open_notebook("12-live-drift", str(SHOP), AS_OF)))
    assert (
        "GIT-04 | The live state equals the rendered state | not verified | cannot tell | cluster not looked at"
        in without
    )


def test_without_a_cluster_nothing_is_claimed() -> None:
    """Each part says the same sentence, and each row is not verified."""
    book = open_notebook("12-live-drift", str(SHOP), AS_OF)
    assert text(live.whole(book)).startswith(f"{seen.NOT_LOOKED_AT} Name one as CONTEXT")
    for section in SECTIONS:
        assert text(section(book)) == seen.NOT_LOOKED_AT
    assert {row.status for row in book.report.requirements} == {"not-verified"}


def test_an_old_snapshot_is_shown_and_counts_for_nothing(places: tuple[Path, Path]) -> None:
    """Drift and age are shown, with the reason why no row rests on them."""
    book = opened(places, "2026-11-25")
    assert "Age | 3 days at the end of 2026-11-25; the limit is 24h" in text(live.whole(book))
    assert "This counts for no verdict: the snapshot was taken at" in text(live.whole(book))
    assert "db-debug" in text(live.drift(book))
    assert {row.status for row in book.report.requirements} == {"not-verified"}


@pytest.mark.parametrize("variable", ["KFM_SNAPSHOT", "KFM_CHECKS_SNAPSHOT"])
def test_the_snapshot_may_come_from_the_environment(
    variable: str, places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `make notebooks` and the site give it; the other notebooks say the same of the rows."""
    monkeypatch.setenv(variable, str(places[1]))
    shown = run(FOLDER / "12-live-drift.ipynb", OVERLAY=str(places[0]))
    for each in shown:
        harmless(each)
    assert "db-debug" in "".join(map(text, shown))
    assert open_notebook("06-gitops-and-metadata", str(places[0]), AS_OF).all_rows["GIT-04"].status == "not-met"


def test_the_gate_closes_on_drift(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable set, in one line."""
    monkeypatch.setenv("KFM_CHECKS_GATE", "1")
    with pytest.raises(GateClosed, match=r"Musts not met: GIT-04, GIT-05, OPS-03, OPS-04\."):
        opened(places).gate()


def test_what_cannot_be_looked_at_is_one_line(places: tuple[Path, Path], tmp_path: Path) -> None:
    """A folder that is not there, one that is no snapshot, a context beside a snapshot."""
    overlay = str(places[0])
    with pytest.raises(NoVerdict, match="no such file; give the folder of a snapshot as SNAPSHOT"):
        open_notebook("12-live-drift", overlay, AS_OF, snapshot=str(tmp_path / "gone"))
    with pytest.raises(NoVerdict, match="is no snapshot"):
        open_notebook("12-live-drift", overlay, AS_OF, snapshot=str(tmp_path))
    with pytest.raises(NoVerdict, match="a context and a snapshot were given"):
        open_notebook("12-live-drift", overlay, AS_OF, context="prod", snapshot=str(places[1]))


def test_hostile_text_of_a_cluster_is_text(tmp_path: Path) -> None:
    """Managers, names and messages that try to be markup."""
    from kfm_checks.live.snapshot import write_snapshot

    overlay, snapshot = sample.write(tmp_path)
    hostile = sample.to_text(sample.cluster()).replace("kubectl-edit", HOSTILE).replace("db-debug", HOSTILE)
    write_snapshot(sample.from_text(hostile.replace("forbidden: pods", HOSTILE)), snapshot)
    book = open_notebook("12-live-drift", str(overlay), AS_OF, snapshot=str(snapshot))
    shown: list[Any] = [live.whole(book), *(section(book) for section in SECTIONS)]
    assert not any(isinstance(each, Said) for each in shown)
    for each in shown:
        harmless(each)
    assert HOSTILE in "".join(map(text, shown))
