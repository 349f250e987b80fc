"""The site of any overlay: complete, self-contained, the same at each build, and safe whatever the manifests say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from kfm_checks.errors import UsageError
from kfm_checks.run import Options
from kfm_checks.site import MARK, Built, build
from kfm_checks.sphinx_ext.html import fill
from tests.conftest import AS_OF

# What Sphinx tells the authors of other extensions is not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

NO_ROWS = SimpleNamespace(by_id={})
SCRIPT = "<script>alert(1)</script>"
HOSTILE = "x\"><img src=//example.org/x onerror=alert(1)>'`{{7*7}}[[copy('id')]]{% x %}:ref:`y`|z|*b* ```"
README = f"""# Shop {SCRIPT}
<!-- a comment -->
![badge](https://img.shields.io/badge/a-b-red) ![shot](https://example.org/x.png)

- [ ] images pinned <!-- req: RAIL-06 -->
- [x] ticked {SCRIPT}
- [ ] no such row <!-- req: NOPE-99 -->

```{{include}} /etc/passwd
```

{{{{ 7 * 7 }}}} {{doc}}`secret` :ref:`x` <b onclick="alert(1)">bold</b>

[notes](notes.md) [gone](gone.md) [web](https://kubernetes.io)
"""


def overlay(folder: Path) -> Path:
    """An overlay whose every name and text tries to be something else, with a Secret."""
    root = folder / "repository"
    place = root / "deploy" / "live"
    place.mkdir(parents=True)
    (root / ".git").mkdir()
    (place / "README.md").write_text(README, encoding="utf-8")
    (place / "notes.md").write_text(f"# Notes\n\n{SCRIPT}\n\n[back](README.md)\n", encoding="utf-8")
    (place / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    (place / "all.yaml").write_text(
        f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations: {{note: {json.dumps(HOSTILE)}, "{SCRIPT}": a}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: "{SCRIPT}"
          image: "shop/web:latest"
          env: [{{name: A, value: {json.dumps(HOSTILE)}}}]
---
apiVersion: v1
kind: Secret
metadata: {{name: login, namespace: shop}}
stringData: {{token: not-to-be-seen-anywhere}}
---
apiVersion: "example.org/v1"
kind: "Odd"
metadata: {{name: odd, namespace: "shop"}}
spec: "{SCRIPT}"
""",
        encoding="utf-8",
    )
    (place / "data").mkdir()
    (place / "data" / "manifest.yaml").write_text(
        f"""schema: kfm-checks/data-manifest/v1
datasets:
  - {{id: shops, version: "2", release: data-1, sensitivity: sensitive-location, reason: "{SCRIPT}",
     uris: ["file:gone.csv", "https://user:not-to-be-seen-anywhere@example.org/x"], approval: [1]}}
  - {{id: {json.dumps(HOSTILE)}, uris: 7, sensitivity: [], stac: "{SCRIPT}", generalisation: "{SCRIPT}"}}
""",
        encoding="utf-8",
    )
    (place / "kfm-checks.yaml").write_text(
        f'requirements: [{{id: SHOP-1, level: must, statement: "{SCRIPT} [[copy]] {{{{x}}}}", '
        "checks: [images-are-not-latest]}]\n"
    )
    return place


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The site of the hostile overlay, without notebooks."""
    folder = tmp_path_factory.mktemp("site")
    return build(overlay(folder), folder / "out", Options(as_of=AS_OF), notebooks=False)


def pages(built: Built) -> Iterator[tuple[str, str]]:
    """Name and text of each page."""
    for path in sorted(built.index.parent.rglob("*.html")):
        yield path.relative_to(built.index.parent).as_posix(), path.read_text(encoding="utf-8")


def page(built: Built, name: str) -> str:
    """The text of one page."""
    return (built.index.parent / f"{name}.html").read_text(encoding="utf-8")


def test_no_warnings(built: Built) -> None:
    """The build is without a warning, with every reference checked."""
    assert built.warnings == ()


class Loads(HTMLParser):
    """What a page would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.handlers: list[str] = []
        self.inside = ""
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action") or (tag == "link" and name == "href"):
                self.fetched.append(value or "")
            if name.startswith("on"):
                self.handlers.append(f"{tag} {name}={value}")
        self.inside = tag if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def test_no_request_leaves_a_page(built: Built) -> None:
    """Nothing is fetched from elsewhere, and a policy in each page would refuse it."""
    for name, text in pages(built):
        loads = Loads()
        loads.feed(text)
        assert [url for url in loads.fetched if re.match(r"([a-z]+:)?//", url)] == [], name
        assert "Content-Security-Policy" in text, name
    for path in built.index.parent.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path.name


def test_nothing_of_a_manifest_runs(built: Built) -> None:
    """No script, handler or template of a manifest, README or configuration came through."""
    for name, text in pages(built):
        assert SCRIPT not in text, name
        loads = Loads()
        loads.feed(text)
        assert not any("alert" in script for script in loads.scripts), name
        assert not any("alert" in handler for handler in loads.handlers), name
        assert "root:x:0" not in text, name
    assert "{{ 7 * 7 }}" in page(built, "live/readme")
    assert "[[" not in page(built, "live/requirements/team") or "copy" in page(built, "live/requirements/team")


def test_secret_values_are_withheld(built: Built) -> None:
    """A Secret's value is on no page, in no index."""
    for path in built.index.parent.rglob("*"):
        if path.is_file():
            assert b"not-to-be-seen-anywhere" not in path.read_bytes(), path.name
    assert "(withheld)" in page(built, "live/objects/ns-shop")


def test_readme_is_live(built: Built) -> None:
    """Statuses stand in the README, unbound and unknown ones are named, badges are drawn here."""
    text = page(built, "live/readme")
    assert "RAIL-06 not met" in text
    assert "unbound" in text
    assert "NOPE-99 unknown" in text
    assert "kfm-badge" in text
    assert 'href="files/deploy-live-notes.html"' in text
    assert "example.org" not in text


def test_every_row_has_its_place(built: Built) -> None:
    """Each requirement is on the page of its section with its status word and, where looked at, its evidence."""
    text = page(built, "live/requirements/rail")
    assert 'id="RAIL-06"' in text
    assert "deploy/live/all.yaml:" in text.replace("<wbr>", "")
    for row in built.judged.report.requirements:
        section = row.id.partition("-")[0].lower()
        name = section if section != "shop" else "team"
        assert f'id="{row.id}"' in page(built, f"live/requirements/{name}")
    table = page(built, "live/requirements/index")
    assert all(f"{row.id}</a>" in table for row in built.judged.report.requirements)


def test_front_page(built: Built) -> None:
    """The decision in the contract's words, what is open by role, the counts by section."""
    text = page(built, "index")
    assert "Not compliant" in text
    assert "Platform operator" in text
    assert "Compliance and safety rails" in text
    assert AS_OF in text


def test_rows_that_somebody_may_vouch_for_have_a_form(built: Built) -> None:
    """Each row with letter A carries the form, no other does; a page with forms carries its script once."""
    rows = [row for row in built.judged.rows if "attestation" in row.by]
    assert rows
    whole = [(name, text) for name, text in pages(built) if name.startswith("live/requirements/")]
    assert sum(text.count('<form class="kfm-attest"') for _, text in whole) == len(rows)
    for name, text in whole:
        assert text.count("function kfmRecord(") == (1 if '<form class="kfm-attest"' in text else 0), name


def test_the_review_is_a_page(built: Built) -> None:
    """The review stands on a page of its own, which the front page leads to."""
    text = page(built, "live/review")
    assert "Open rows, by who must act" in text
    assert "Since the last review" in text
    assert 'href="live/review.html"' in page(built, "index")


def test_each_dataset_has_a_page(built: Built) -> None:
    """Its version, bytes, class and approval are shown, whatever they are; an odd id is no address."""
    listed = page(built, "live/datasets/index").replace("<wbr>", "")
    assert 'href="shops.html"' in listed
    assert 'href="dataset-2.html"' in listed
    text = page(built, "live/datasets/shops").replace("<wbr>", "")
    assert "data-1" in text
    assert "sensitive-location" in text
    assert "(withheld)" in text
    assert "should be in the repository and is not" in text


def test_no_cluster_was_looked_at(built: Built) -> None:
    """Without a context and a snapshot the page, the front page and the rows say so, and claim nothing."""
    shown = page(built, "live/cluster")
    assert "No cluster was looked at: neither a context nor a snapshot was given." in shown
    assert "What drifted" not in shown
    assert "not looked at" in page(built, "index")
    assert "cluster not looked at" in page(built, "live/requirements/mem")


def test_no_change_was_given(built: Built) -> None:
    """Without a pull request the page of the change says so."""
    assert "No pull request was given" in page(built, "live/change")


def test_records_name_their_commit() -> None:
    """Beside a record stand its state's reason and who committed it; a name that is not theirs is told."""
    claim = {"kind": "waiver", "requirement": "X-1", "reason": SCRIPT, "by": "Ada", "state": "unused", "note": "late"}
    signed = {"committed-by": "Bob", "committed-on": "2026-01-02", "commit": "0123456789abcdef", "author-differs": True}
    new = {"committed-by": "", "committed-on": "", "commit": "", "author-differs": True}
    records = [{**claim, **signed}, {**claim, **new}, claim]
    overlay = SimpleNamespace(as_of=AS_OF)
    found = fill("records.html", report=SimpleNamespace(records=records, overlay=overlay), view=NO_ROWS, row_uri=str)
    assert "Bob<br>2026-01-02" in found
    assert ">0123456789ab<" in found
    assert found.count("not whom it names") == 1
    assert found.count("not committed: it does not count") == 1
    assert found.count("not in git") == 1
    assert found.count(">late<") == 3
    assert SCRIPT not in found


def test_findings_by_file(built: Built) -> None:
    """The file to edit is named with the number of its findings."""
    text = page(built, "live/findings/by-file").replace("<wbr>", "")
    assert re.search(r"deploy/live/all\.yaml</code>: <strong>\d+ findings</strong>", text)


def test_internal_links_lead_somewhere(built: Built) -> None:
    """Each link and fragment between pages leads to something that is there."""
    root = built.index.parent
    ids = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in pages(built)}
    missing = []
    for name, text in pages(built):
        for target in set(re.findall(r'<a[^>]*\bhref="([^"]+)"', text)):
            if re.match(r"[a-z]+:", target) or target == "#":
                continue
            path, _, fragment = target.partition("#")
            to = (root / name).parent.joinpath(path).resolve().relative_to(root).as_posix() if path else name
            if to not in ids or (fragment and fragment not in ids[to]):
                missing.append(f"{name} -> {target}")
    assert missing == []


def test_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """Built again elsewhere, every file is the same, byte by byte."""
    again = build(overlay(tmp_path), tmp_path / "out", Options(as_of=AS_OF), notebooks=False)
    first = {p.relative_to(built.index.parent): p.read_bytes() for p in built.index.parent.rglob("*") if p.is_file()}
    second = {p.relative_to(again.index.parent): p.read_bytes() for p in again.index.parent.rglob("*") if p.is_file()}
    assert first.keys() == second.keys()
    assert [str(path) for path in first if first[path] != second[path]] == []


def test_without_a_readme(tmp_path: Path) -> None:
    """An overlay without a README has a site all the same, and says so."""
    place = overlay(tmp_path)
    (place / "README.md").unlink()
    found = build(place, tmp_path / "out", Options(as_of=AS_OF), notebooks=False)
    assert found.warnings == ()
    assert "has no README" in page(found, "live/readme")


def test_what_is_no_site_is_not_replaced(tmp_path: Path) -> None:
    """A folder that holds something else is left alone; one that holds a site is replaced."""
    place = overlay(tmp_path)
    out = tmp_path / "mine"
    out.mkdir()
    (out / "diary.txt").write_text("dear")
    with pytest.raises(UsageError, match="no site"):
        build(place, out, Options(as_of=AS_OF), notebooks=False)
    assert (out / "diary.txt").read_text() == "dear"
    assert not (out / MARK).exists()
