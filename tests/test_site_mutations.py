"""Break the shipped overlay in four places: on the site, too, exactly the right rows turn, each by its own place."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from kfm_checks import wording
from kfm_checks.baseline import standing
from kfm_checks.model import Report
from kfm_checks.run import Options
from kfm_checks.site import Built, build
from kfm_checks.sphinx_ext.html import SIGNS
from tests.conftest import AS_OF
from tests.examples import commit_all, content, files
from tests.test_mutations import OVERLAY, apply, before, copy

__all__ = ["before"]
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

#: Mutations of the examples whose rows have nothing in common, so that each turned row tells which one turned it; and
#: the object or file that each one breaks.
CHOSEN = {
    ("workloads-have-liveness-probe", "the API gateway loses its liveness probe"): "Deployment kfm-api",
    ("secrets-are-references", "a plain Secret beside the references"): "more",
    ("namespaces-have-quota", "the quota of kfm-app bounds nothing but the number of pods"): "kfm-app",
    ("reconciliation-self-heals", "self-heal is turned off"): "Application kfm-prod",
}
#: The value of the Secret that is added; the reference of checks shows it, as an example's text.
VALUE = "hunter2"


def mutations() -> dict[str, dict[str, Any]]:
    """The chosen mutations, by what they are about."""
    found = {(path.stem, case["about"]): case for path in files() for case in content(path).get("mutations") or []}
    return {about: found[check, about] for check, about in CHOSEN}


@pytest.fixture(scope="module")
def broken(before: Report, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site of the overlay with all of them, beside the untouched overlay as baseline, without notebooks."""
    root = copy(tmp_path_factory.mktemp("broken") / "repository")
    for case in mutations().values():
        apply(case["edits"], root)
    commit_all(root)
    then = {str(OVERLAY): standing(before)}
    return build(root / OVERLAY, root.parent / "out", Options(as_of=AS_OF), notebooks=False, baseline=then)


def html(built: Built, name: str) -> str:
    """A page, soft breaks taken out."""
    return (built.index.parent / f"{name}.html").read_text(encoding="utf-8").replace("<wbr>", "")


def plain(text: str) -> str:
    """HTML without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def section(built: Built, id: str) -> str:
    """What stands below a requirement on its page."""
    text = html(built, f"live/requirements/{id.partition('-')[0].lower()}")
    return text.partition(f'<span id="{id}" class="kfm-anchor">')[2].partition('class="kfm-anchor">')[0]


def expected(before: Report) -> dict[str, str]:
    """Every row's status: the untouched overlay's, but for those that the mutations name."""
    turned = {row: status for case in mutations().values() for row, status in case["turns"].items()}
    assert len(turned) == sum(len(case["turns"]) for case in mutations().values())  # nothing in common
    return {row.id: row.status for row in before.requirements} | turned


def test_the_table_of_requirements(broken: Built, before: Report) -> None:
    """In the searchable table of needs every row has its status: those named turned, no other did."""
    words = {f"{SIGNS[status]} {word}": status for status, word in wording.STATUSES.items()}
    shown = {}
    for row in re.findall(r"<tr\b.*?</tr>", html(broken, "live/requirements/index"), flags=re.DOTALL):
        cells = dict(re.findall(r'<td class="needs_(id|status)">(.*?)</td>', row, flags=re.DOTALL))
        if cells:
            shown[plain(cells["id"])] = words[plain(cells["status"])]
    assert shown == expected(before)


def test_the_pages_of_the_sections(broken: Built, before: Report) -> None:
    """Below each requirement stands the same status."""
    shown = {}
    for id in expected(before):
        found = re.search(r'class="kfm-status-line"><span class="kfm-chip kfm-([a-z-]+)"', section(broken, id))
        shown[id] = found[1] if found else "absent"
    assert shown == expected(before)


def test_the_readme(broken: Built, before: Report) -> None:
    """Beside each statement of the README stands the status of its row."""
    chips = re.findall(
        r'class="kfm-chip kfm-([a-z-]+)"[^>]*>(?:<span[^>]*>.</span>)?([A-Z]+-\d+) ', html(broken, "live/readme")
    )
    assert {id for _, id in chips} >= {"RAIL-02", "SEC-01", "GIT-02", "RAIL-01"}
    assert {id: status for status, id in chips} == {id: expected(before)[id] for _, id in chips}


def test_the_front_page_lists_what_turned(broken: Built) -> None:
    """Beside the untouched overlay as baseline exactly these rows went worse."""
    turned = {row for case in mutations().values() for row in case["turns"]}
    listed = re.findall(
        r'<a class="kfm-open-id" href="[^"]*#([A-Z]+-\d+)">', html(broken, "index").partition('id="open"')[0]
    )
    assert sorted(listed) == sorted(turned)


@pytest.mark.parametrize(("about", "broke"), [(about, broke) for (_, about), broke in CHOSEN.items()])
def test_each_row_names_what_turned_it(about: str, broke: str, broken: Built) -> None:
    """Each failing line below a row is of what this mutation broke; a roll-up names a row that this mutation turned."""
    turns = mutations()[about]["turns"]
    rows = {row.id: row for row in broken.judged.rows}
    for id in turns:
        failing = re.findall(r'<tr class="kfm-row-fails">.*?</tr>', section(broken, id), flags=re.DOTALL)
        if failing:
            assert [text for text in map(plain, failing) if broke not in text] == [], id
        else:
            assert set(rows[id].rolls_up) & set(turns), id


def test_the_secret_is_not_shown(broken: Built) -> None:
    """The value of the Secret that was added is on no page that shows the overlay."""
    assert VALUE in str(mutations())
    shown = [path for path in broken.index.parent.rglob("*.html") if "checks" not in path.parts]
    assert len(shown) > 50
    assert [path.name for path in shown if VALUE in path.read_text(encoding="utf-8")] == []
