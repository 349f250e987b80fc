"""Pictures of notebook 04: what each folder of the overlay is for, what it holds, and what was found there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kfm_checks.facts.layout import PURPOSES
from kfm_checks.model import Evidence
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import grid, honest
from kfm_checks.notebook.pictures import Grid, Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd

CHECKS: Mapping[str, str] = {
    "overlay-has-expected-layout": "LAY-01 expected",
    "overlay-holds-only-delta": "LAY-02 only the delta",
    "entrypoint-has-no-literal-secrets": "LAY-03 no secret in the recipe",
    "patches-are-patches": "LAY-04 patches",
    "platform-has-no-tenant-apps": "LAY-05 platform",
    "policies-are-operative": "LAY-06 policies",
    "apps-are-gitops-wiring": "LAY-07 wiring",
    "secrets-are-references": "LAY-08 references",
    "remote-bases-are-pinned": "LAY-09 pinned",
    "no-orphan-manifests": "LAY-10 no orphan",
    "folders-hold-what-they-are-for": "LAY-11 its purpose",
}
TOP, OUTSIDE = "(top)", "(shared, outside the overlay)"


@honest
def by_folder(book: Book) -> Grid | Said:
    """Folders down, statements about the layout across."""
    home, folders = book.judged.target.path, _folders(book)
    return grid(
        book,
        "What was found in which folder",
        "A line for each folder of the overlay, by the file that each finding is about.",
        "folder",
        CHECKS,
        lambda item: _folder(item, home, folders),
    )


def _folders(book: Book) -> frozenset[str]:
    tree = book.judged.facts.inputs.get("tree")
    return frozenset(file.path.partition("/")[0] for file in tree.files if "/" in file.path) if tree else frozenset()


def _folder(item: Evidence, home: str, folders: frozenset[str]) -> str:
    path = item.subject.name if item.subject.kind == "File" else item.source.file if item.source else ""
    prefix = f"{home}/" if home not in ("", ".") else ""
    inside = path.removeprefix(prefix)
    if path == home or not path:
        return TOP
    if inside == path and prefix and item.subject.kind != "File":
        return OUTSIDE
    first = inside.partition("/")[0]
    return f"{first}/" if first in folders or "/" in inside else TOP


@honest
def holdings(book: Book) -> pd.DataFrame | Said:
    """Each folder with its purpose and the kinds of objects that its files hold."""
    layout = book.fact("layout")
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in book.fact("placed"):
        folder = one.file.partition("/")[0] + "/" if "/" in one.file else TOP
        found[folder][one.key.kind] += 1
    intents = {f"{folder.strip('/').partition('/')[0]}/": intent for intent, folder in layout.folders.items() if folder}
    for folder in intents:
        found.setdefault(folder, Counter())
    lines = []
    for folder, kinds in sorted(found.items()):
        words = listed([f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda i: (-i[1], i[0]))], 12)
        intent = intents.get(folder, "")
        lines.append((folder, intent, PURPOSES.get(intent, ""), words or "no Kubernetes object"))
    none = [intent for intent, folder in layout.folders.items() if folder is None]
    note = f"Declared to have no folder: {', '.join(none)}." if none else ""
    return table(lines, ("folder", "serves as", "is for", "holds"), note=note) if lines else Said("There is no folder.")
