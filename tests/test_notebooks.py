"""The notebooks: what each must have, that they run on anybody's overlay, and that their gates say what `check` says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from kfm_checks.cli import main
from kfm_checks.notebook import open_notebook
from kfm_checks.notebook.book import Verdict
from kfm_checks.notebook.catalogue import NOTEBOOKS, notebook
from kfm_checks.notebook.flow import Flow, Node
from kfm_checks.notebook.halt import GateClosed, Halt, NoVerdict
from kfm_checks.notebook.pictures import Board, Cell, Grid, Said
from kfm_checks.notebook.tables import shown_html, shown_text, table
from kfm_checks.requirements import CATALOGUE
from tests.conftest import AS_OF, ROOT
from tests.examples import commit_all

FOLDER = ROOT / "notebooks"
FILES = sorted(FOLDER.glob("*.ipynb"))
SHOP = ROOT / "tests/fixtures/shop/deploy/overlays/live"
HOSTILE = "<script>alert(1)</script>"
#: Variables that decide what a notebook looks at.
VARIABLES = ("KFM_OVERLAY", "KFM_CHECKS_OVERLAY", "KFM_CHANGE", "KFM_CHECKS_CHANGE", "KFM_CHECKS_GATE")


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set but the day; notebooks work from their own folder."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KFM_CHECKS_AS_OF", AS_OF)
    monkeypatch.chdir(FOLDER)


def cells(path: Path) -> list[Any]:
    """The cells of a notebook."""
    return list(nbformat.read(path, as_version=4).cells)


def run(path: Path, **parameters: str) -> list[Any]:
    """Execute a notebook's cells here; what each shows, in order. ``parameters`` are set as papermill would."""
    names: dict[str, Any] = {}
    shown = []
    for cell in cells(path):
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.name, "exec"), names)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), path.name, "eval"), names))
        if "parameters" in cell.metadata.get("tags", ()):
            names.update(parameters)
    return shown


def html(shown: Any) -> str:
    """What a browser gets."""
    return shown_html(shown) if isinstance(shown, pd.DataFrame) else str(shown._repr_html_())


def text(shown: Any) -> str:
    """What a terminal gets."""
    return shown_text(shown) if isinstance(shown, pd.DataFrame) else repr(shown)


def harmless(shown: Any) -> None:
    """No markup from a manifest, no absolute path."""
    page = html(shown)
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
    assert str(ROOT) not in page + text(shown)
    assert "/tmp/" not in page + text(shown)


# -- what each must have ------------------------------------------------------------------------------------------------


def test_the_catalogue_has_each_file_and_each_file_is_in_the_catalogue() -> None:
    """No notebook without a line, no line without a notebook; the start page leads to all others."""
    assert [path.stem for path in FILES] == sorted(entry.name for entry in NOTEBOOKS)
    start = "".join(cell.source for cell in cells(FILES[0]) if cell.cell_type == "markdown")
    assert all(f"({entry.file})" in start for entry in NOTEBOOKS[1:])


def test_the_catalogue_names_rows_that_exist() -> None:
    """Each row of a notebook is in the catalogue of requirements, once."""
    known = {row.id for row in CATALOGUE}
    for entry in NOTEBOOKS:
        assert set(entry.judged) <= known, entry.name
        assert len(set(entry.rows)) == len(entry.rows), entry.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_notebook_opens_with_words_and_ends_with_its_gate(path: Path) -> None:
    """A heading with what it decides and for whom; parameters; the gate last; code folded away; tidy metadata."""
    found = cells(path)
    assert found[0].cell_type == "markdown"
    assert found[0].source.startswith("# ")
    assert "**What it decides:**" in found[0].source
    assert "**For whom:**" in found[0].source
    parameters = [cell for cell in found if "parameters" in cell.metadata.get("tags", ())]
    assert len(parameters) == 1
    assert "OVERLAY = " in parameters[0].source
    assert "AS_OF = " in parameters[0].source
    assert found[-1].source == "book.gate()"
    assert "gate" in found[-1].metadata.tags
    code = [cell for cell in found if cell.cell_type == "code"]
    assert all(cell.metadata.jupyter.source_hidden and "hide-input" in cell.metadata.tags for cell in code)
    assert all(re.fullmatch(r"[a-z-]+", cell.id) for cell in found)
    assert f'open_notebook("{path.stem}", OVERLAY, AS_OF' in "".join(cell.source for cell in code)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_notebook_has_no_logic(path: Path) -> None:
    """Cells import, evaluate and display: no loop, no condition, no function, no comprehension."""
    thinking = (ast.For, ast.While, ast.If, ast.IfExp, ast.FunctionDef, ast.Lambda, ast.ListComp, ast.Try, ast.With)
    for cell in cells(path):
        if cell.cell_type == "code":
            assert not any(isinstance(node, thinking) for node in ast.walk(ast.parse(cell.source))), cell.id


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_committed_outputs_are_whole_and_of_no_machine(path: Path) -> None:
    """Each showing cell has one output; nothing on stderr, no error, no path of a machine, no clock."""
    book = nbformat.read(path, as_version=4)
    assert set(book.metadata) == {"kernelspec", "language_info"}
    for cell in book.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.tags:
            assert [output.output_type for output in cell.outputs] == ["execute_result"], cell.id
            assert set(cell.outputs[0].data) == {"text/plain", "text/html"}
    written = path.read_text(encoding="utf-8")
    assert not re.search(r"/(work|home|root|tmp|Users)/", written)
    assert "0x7f" not in written


# -- anybody's overlay --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_notebooks_run_on_a_foreign_overlay(path: Path) -> None:
    """Top to bottom on a shop with no README and another layout; each shows something, and ends with a verdict."""
    shown = run(path, OVERLAY=str(SHOP))
    assert isinstance(shown[-1], Verdict)
    for each in shown:
        harmless(each)
        assert text(each).strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_notebooks_run_where_there_is_next_to_nothing(path: Path, tmp_path: Path) -> None:
    """One ConfigMap, no git, no README, no datastore: nothing crashes, and nothing is called compliant for it."""
    (tmp_path / "kustomization.yaml").write_text("resources: [one.yaml]\n")
    (tmp_path / "one.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n")
    shown = run(path, OVERLAY=str(tmp_path))
    assert isinstance(shown[-1], Verdict)
    if path.stem == "07-trust-membrane":
        assert "Not verified: no datastore" in "".join(map(text, shown))


def hostile(name: str) -> str:
    """Manifests whose every name is markup."""
    return f"""
apiVersion: v1
kind: Namespace
metadata: {{name: "{name}", labels: {{pod-security.kubernetes.io/enforce: "{name}"}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: "{name}", namespace: "{name}"}}
spec:
  template:
    metadata: {{labels: {{"{name}": "{name}", conformance.kfm/datastore: "true"}}}}
    spec:
      containers: [{{name: "{name}", image: "{name}", ports: "{name}", resources: "{name}"}}]
      volumes: "{name}"
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: "{name}", namespace: "{name}"}}
spec: {{rules: [{{host: "{name}", http: {{paths: [{{backend: {{service: {{name: "{name}"}}}}}}]}}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: "{name}", namespace: "{name}"}}
spec: {{selector: {{"{name}": "{name}"}}, ports: [{{port: 80}}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: "{name}", labels: {{conformance.kfm/persona: auditor}}}}
roleRef: {{kind: ClusterRole, name: cluster-admin, apiGroup: rbac.authorization.k8s.io}}
subjects: [{{kind: User, name: "{name}", apiGroup: rbac.authorization.k8s.io}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: "{name}", namespace: "{name}"}}
spec: {{source: {{repoURL: "https://git:hunter2secret@example.org/{name}", path: "{name}"}}, destination: {{name: "{name}"}}}}
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_hostile_names_are_text(path: Path, tmp_path: Path) -> None:
    """Markup in every name, wrong types, a password in a URL: no markup and no password gets out."""
    (tmp_path / "all.yaml").write_text(hostile(HOSTILE))
    shown = run(path, OVERLAY=str(tmp_path))
    for each in shown:
        harmless(each)
        assert "hunter2secret" not in html(each) + text(each)
    assert isinstance(shown[-1], Verdict)


# -- gates --------------------------------------------------------------------------------------------------------------


def broken(target: Path) -> Path:
    """The shipped overlay with two musts broken; the overlay's folder."""
    shutil.copytree(ROOT / "infra", target / "infra")
    overlay = target / "infra/clusters/prod"
    edits = {
        "infra/apps/kfm-api/base/deployment.yaml": ("livenessProbe:", "unknownProbe:"),
        "infra/clusters/prod/apps/kfm-prod.yaml": ("selfHeal: true", "selfHeal: false"),
    }
    for file, (find, replace) in edits.items():
        content = (target / file).read_text(encoding="utf-8")
        assert find in content
        (target / file).write_text(content.replace(find, replace), encoding="utf-8")
    commit_all(target)
    return overlay


def closed(name: str, overlay: Path | str) -> bool:
    """Whether a notebook's gate raises."""
    try:
        open_notebook(name, str(overlay), AS_OF).gate()
    except GateClosed as stop:
        assert stop._render_traceback_() == [stop.sentence]
        assert "\n" not in stop.sentence
        return True
    return False


def exits(rows: tuple[str, ...], overlay: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """The exit status of `kfm-checks check OVERLAY --only ROW…`."""
    only = [word for row in rows for word in ("--only", row)]
    with pytest.raises(SystemExit) as stop:
        raise SystemExit(main(["check", str(overlay), "--as-of", AS_OF, *only]))
    capsys.readouterr()
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def broken_overlay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A broken copy, once for all tests that read it."""
    return broken(tmp_path_factory.mktemp("broken"))


#: Each notebook on one overlay at least, and some on several: the command line judges anew each time.
PAIRS = [
    *(("broken", name) for name in ("00-start-here", "02-definition-of-done", "05-safety-rails", "07-trust-membrane")),
    *(("shop", name) for name in ("03-secret-checklist", "04-what-goes-where", "08-pod-security")),
    *(("shipped", name) for name in ("01-overlay-render-and-inventory", "05-safety-rails", "06-gitops-and-metadata")),
]


@pytest.mark.parametrize(("which", "name"), PAIRS)
def test_a_gate_raises_exactly_when_check_exits_1(
    which: str,
    name: str,
    broken_overlay: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On the shipped overlay, on a broken copy of it, and on a foreign one."""
    monkeypatch.setenv("KFM_CHECKS_GATE", "1")
    overlay = {"shipped": ROOT / "infra/clusters/prod", "broken": broken_overlay, "shop": SHOP}[which]
    assert closed(name, overlay) == (exits(notebook(name).rows, overlay, capsys) == 1)


def test_only_the_gates_of_broken_rows_close(broken_overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe and self-heal: the rails, GitOps and the whole; neither pod security nor the membrane."""
    assert not closed("05-safety-rails", broken_overlay), "without the variable no gate raises"
    monkeypatch.setenv("KFM_CHECKS_GATE", "1")
    names = ("05-safety-rails", "06-gitops-and-metadata", "07-trust-membrane", "08-pod-security")
    assert [closed(name, broken_overlay) for name in names] == [True, True, False, False]


def test_a_closed_gate_shows_one_line_in_a_real_kernel(broken_overlay: Path, tmp_path: Path) -> None:
    """What a steward sees in place of a traceback; by the command that `make notebooks` uses."""
    shutil.copy(FOLDER / "06-gitops-and-metadata.ipynb", tmp_path)
    command = [sys.executable, "-m", "kfm_checks.notebook", "--notebooks", str(tmp_path), "-o", str(tmp_path / "run")]
    variables = {"KFM_CHECKS_GATE": "1", "KFM_OVERLAY": str(broken_overlay), "JUPYTER_DATA_DIR": str(tmp_path / "data")}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env={**os.environ, **variables})
    found = cells(tmp_path / "run/06-gitops-and-metadata.ipynb")
    [output] = found[-1].outputs
    assert output.output_type == "error"
    assert len(output.traceback) == 1
    assert output.traceback[0].startswith("The rows of this notebook: Not compliant: ")
    assert "Musts not met: GIT-02." in output.traceback[0]
    assert not any(o.output_type in ("error", "stream") for cell in found[:-1] for o in cell.get("outputs", ()))


@pytest.mark.parametrize("content", ["resources: [gone.yaml]\n", "resources: [\n", "[]\n"])
def test_an_overlay_that_cannot_be_rendered_has_no_verdict(content: str, tmp_path: Path) -> None:
    """One line that says why, in place of a traceback."""
    (tmp_path / "kustomization.yaml").write_text(content)
    with pytest.raises(NoVerdict, match=r"^No verdict: [^\n]+; [^\n]+$"):
        open_notebook("00-start-here", str(tmp_path))


def test_an_absent_overlay_and_an_unknown_notebook_are_said_in_one_line() -> None:
    """A mistyped folder in the first cell; a file that is not in the catalogue."""
    with pytest.raises(Halt, match="no such file or folder"):
        open_notebook("00-start-here", "infra/clusters/prodd")
    with pytest.raises(Halt, match="no notebook is called"):
        open_notebook("99-nothing")


def test_the_overlay_is_found_from_the_repositorys_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """A steward writes the path as the repository has it; without one the shipped overlay is meant."""
    by_name = open_notebook("08-pod-security", "infra/clusters/prod", AS_OF)
    assert by_name.judged is open_notebook("08-pod-security", "", AS_OF).judged, "one evaluation a kernel"
    assert by_name.judged.report.overlay.path == "infra/clusters/prod"


# -- pictures -----------------------------------------------------------------------------------------------------------

PICTURES = (
    Said(HOSTILE),
    Grid(HOSTILE, HOSTILE, HOSTILE, [HOSTILE], [(HOSTILE, [Cell("not-met", HOSTILE, HOSTILE)])], HOSTILE),
    Board(HOSTILE, HOSTILE, [(HOSTILE, "met", [("not-met", HOSTILE, HOSTILE)])]),
    Flow(
        HOSTILE,
        HOSTILE,
        [HOSTILE, HOSTILE],
        [[Node(HOSTILE)], [Node(HOSTILE * 3, "not-met")]],
        [(0, HOSTILE, HOSTILE * 3)],
    ),
    Verdict("not-compliant", HOSTILE, HOSTILE),
    table([(HOSTILE, HOSTILE)], (HOSTILE, "b"), note=HOSTILE),
)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: type(picture).__name__)
def test_pictures_escape_everything_and_ask_for_nothing(picture: Any) -> None:
    """No markup of a manifest's, no address on the web, the same bytes twice, and words for those who can't see."""
    page = html(picture)
    harmless(picture)
    assert "alert(1)" in page, "it is shown, as text"
    assert not re.search(r"""(src|href)=|@import|url\(""", page)
    assert page == html(picture)
    assert text(picture).strip()


def test_control_and_direction_marks_are_shown_not_obeyed() -> None:
    """A name can't reorder or hide what stands beside it."""
    page = html(Said("a\u202eb\u0007c\nd"))
    assert "\u202e" not in page
    assert "a\\x202eb\\x07c d" in page


def test_long_tables_say_what_they_leave_out() -> None:
    """Nothing is cut in silence."""
    assert "40 more are not shown here" in shown_html(table([(str(n),) for n in range(100)], ("n",)))


def test_a_flow_with_too_many_boxes_is_a_list() -> None:
    """Hundreds of routes make no picture; the list has them all."""
    many = Flow("t", "a", ["x"], [[Node(f"n{n:03}") for n in range(200)]], [])
    page = html(many)
    assert "<svg" not in page
    assert "n199" in page


def test_copies_to_be_opened_are_as_jupyterlab_would_write_them(tmp_path: Path) -> None:
    """The kernel's own words on its language are kept, or a notebook would count as changed once it is opened."""
    (tmp_path / "given").mkdir()
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    nbformat.write(book, tmp_path / "given" / "one.ipynb")
    command = [sys.executable, "-m", "kfm_checks.notebook", "--notebooks", str(tmp_path / "given"), "-o", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=True)
    assert done.stderr == "== 1/1 one\n"
    found = nbformat.read(tmp_path / "one.ipynb", as_version=4)
    assert found.metadata["language_info"]["codemirror_mode"]
    assert found.metadata["language_info"]["version"]
    assert found.cells[0].outputs[0]["ename"] == "ZeroDivisionError"
