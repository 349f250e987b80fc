"""Write the pages whose number depends on the overlay: sections, namespaces, checks, documents, notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kfm_checks.errors import NotVerified
from kfm_checks.requirements import SECTIONS
from kfm_checks.sphinx_ext.data import entries
from kfm_checks.sphinx_ext.documents import documents
from kfm_checks.sphinx_ext.view import View

#: Folder of the written pages, below the sources; it is no part of the repository.
FOLDER = "live"
OWN = "The team's own requirements"
HIDDEN_TOC = "```{toctree}\n:hidden:\n:titlesonly:\n\n%s\n```\n"


def write_pages(view: View, sources: Path) -> None:
    """Write every page below ``sources/live``; pages of an earlier build that are no longer wanted are removed."""
    folder = sources / FOLDER
    wanted = dict(_pages(view, sources))
    for path in sorted(folder.rglob("*.md")) if folder.is_dir() else []:
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _pages(view: View, sources: Path) -> Iterable[tuple[str, str]]:
    files = [page for page in documents(view).values() if page.startswith("live/files/")]
    yield "readme.md", "```{kfm-readme}\n```\n"
    for page in files:
        yield f"{page.removeprefix('live/')}.md", f"```{{kfm-document}} {page}\n```\n"
    yield from _requirements(view)
    yield "findings/by-requirement.md", _page("Findings by requirement", "kfm-findings", "by-requirement")
    yield "findings/by-file.md", _page("Findings by the file to edit", "kfm-findings", "by-file")
    yield from _objects(view)
    yield "records.md", _page("Records", "kfm-records")
    yield from _datasets(view)
    yield "change.md", _page("The change", "kfm-change")
    yield "cluster.md", _page("The live cluster", "kfm-live")
    yield "review.md", _page("Review", "kfm-review")
    yield "settings.md", _page("Settings in force", "kfm-settings")
    names = sorted(view.checks)
    yield "checks/index.md", _page("Checks", "kfm-checks")
    for name in names:
        # Outside the navigation: sixty entries there would hide the rest, and are drawn anew on every page.
        yield f"checks/{name}.md", "---\norphan: true\n---\n\n" + _page(name, "kfm-check", name)
    yield (
        "notebooks.md",
        _listed("Notebooks", sources / "notebooks", "*.ipynb", _NOTEBOOKS, "There are no notebooks here."),
    )
    for name, (title, about) in _FOLDERS.items():
        yield f"{name}.md", _listed(title, sources / "docs" / name, "*.md", about, "There is nothing here yet.")


#: Folders of hand-written pages that may grow: each gets a list.
_FOLDERS: Mapping[str, tuple[str, str]] = {
    "decisions": ("Decisions", "Short records of what was decided in building this, and why."),
    "agreement": ("Agreement with others' verdicts", "How our verdicts compare with those that others wrote down."),
}
_NOTEBOOKS = (
    "Each notebook was executed on this overlay when the site was built; it opens with what it decides and for whom."
)


_TABLE_NOTE = "Click a column to sort by it; type to search. Each id leads to the requirement with its evidence."


def _page(title: str, directive: str, argument: str = "") -> str:
    return f"# {title}\n\n```{{{directive}}} {argument}\n```\n".replace("} \n", "}\n")


def _toc(entries: Iterable[str]) -> str:
    listed = "\n".join(entries)
    return "\n" + HIDDEN_TOC % listed if listed else ""


def _requirements(view: View) -> Iterable[tuple[str, str]]:
    keys = list(view.sections)
    columns, widths = (
        ("id;title;level;status;since;who;found", "9,21,8,14,14,12,22")
        if view.since
        else ("id;title;level;status;who;found", "9,25,8,14,14,30")
    )
    table = (
        f"```{{needtable}}\n:types: req\n:style: datatables\n:columns: {columns}\n"
        f":colwidths: {widths}\n:class: kfm-needs\n:sort: id\n```\n"
    )
    yield (
        "requirements/index.md",
        f"---\nhide-toc: true\n---\n\n# Requirements\n\n{_TABLE_NOTE}\n\n{table}" + _toc(key.lower() for key in keys),
    )
    for key in keys:
        yield f"requirements/{key.lower()}.md", _page(SECTIONS.get(key, OWN), "kfm-section", key)


def _objects(view: View) -> Iterable[tuple[str, str]]:
    pages = [(namespace, page) for namespace, (page, _) in view.object_pages.items()]
    yield "objects/index.md", _page("Rendered objects", "kfm-objects") + _toc(page for _, page in pages)
    for namespace, page in pages:
        safe = namespace if page.startswith("ns-") else "" if not namespace else page
        yield f"objects/{page}.md", _page(f"Namespace {safe}" if safe else "Cluster scope", "kfm-objects", page)


def _datasets(view: View) -> Iterable[tuple[str, str]]:
    yield "datasets/index.md", _page("Datasets", "kfm-datasets")
    try:
        found = entries(view)
    except NotVerified:
        return  # the list says why
    for entry in found:
        if entry.page:
            # Outside the navigation: there may be hundreds.
            yield (
                f"datasets/{entry.page}.md",
                "---\norphan: true\n---\n\n" + _page(entry.name, "kfm-datasets", entry.page),
            )


def _listed(title: str, folder: Path, pattern: str, about: str, nothing: str) -> str:
    """A page with a list of the files of a folder."""
    found = sorted(path for path in folder.glob(pattern) if path.stem.lower() != "readme")
    if not found:
        return f"# {title}\n\n{nothing}\n"
    base = "" if folder.name == "notebooks" else "docs/"
    entries = "\n".join(f"/{base}{folder.name}/{path.stem}" for path in found)
    return f"# {title}\n\n{about}\n\n```{{toctree}}\n:titlesonly:\n\n{entries}\n```\n"
