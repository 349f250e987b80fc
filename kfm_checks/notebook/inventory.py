"""Pictures and tables of notebook 01: what the overlay renders to, and where each object comes from."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from kfm_checks.inventory import in_order
from kfm_checks.model import Manifest
from kfm_checks.notebook.book import Book, source_name
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Grid, Said, heat
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the picture, at most.
_FOLDERS = 14


@honest
def by_source(book: Book) -> Grid | Said:
    """Kinds down, folders of the source files across, the number of objects in each field."""
    objects = book.judged.objects
    if not objects:
        return Said("Nothing was rendered.")
    folders = _folders(book, objects)
    counted = Counter((obj.key.kind, folder) for obj, folder in zip(objects, folders, strict=True))
    columns = sorted(set(folders))
    kinds = sorted({kind for kind, _ in counted}, key=lambda k: (-sum(counted[k, f] for f in columns), k))
    most = max(counted.values())
    rows = [(kind, [heat(counted[kind, folder], most) for folder in columns]) for kind in kinds[:LIMIT]]
    note = f"{len(kinds) - LIMIT} rarer kinds are not drawn." if len(kinds) > LIMIT else ""
    about = f"{len(objects)} objects of {len(kinds)} kinds; the stronger the colour, the more objects of a folder."
    return Grid("What is rendered, by kind and by the folder it comes from", about, "kind", columns, rows, note)


def _folders(book: Book, objects: tuple[Manifest, ...]) -> list[str]:
    """The folder of each object: those of the overlay by their first part, others as deep as the picture bears."""
    home = book.judged.target.path
    for depth in (3, 2, 1):
        found = [_folder(obj.origin.file, home, depth) for obj in objects]
        if len(set(found)) <= _FOLDERS:
            break
    return found


def _folder(file: str, home: str, depth: int) -> str:
    if not file:
        return "made while rendering"
    inside = posixpath.relpath(file, home) if home not in ("", ".") else file
    folder = posixpath.dirname(inside if not inside.startswith("..") else file)
    parts = folder.split("/") if folder else []
    if not inside.startswith(".."):
        return f"overlay: {parts[0]}" if parts else "overlay: top"
    return "/".join(parts[:depth]) or "top"


def by_namespace(book: Book) -> pd.DataFrame:
    """One line for each namespace: how many objects, and of which kinds."""
    found: dict[str, list[Manifest]] = defaultdict(list)
    for obj in book.fact("inventory"):
        found[obj.key.namespace].append(obj)
    lines = []
    for namespace, objects in sorted(found.items()):
        kinds = Counter(obj.key.kind for obj in objects)
        words = listed([f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda i: (-i[1], i[0]))], 30)
        lines.append((namespace or "(whole cluster)", len(objects), words))
    return table(lines, ("namespace", "objects", "kinds"))


def objects(book: Book) -> pd.DataFrame:
    """Every rendered object with the file that it comes from."""
    lines = [
        (obj.key.kind, obj.key.name, obj.key.namespace, str(obj.origin.source()) if obj.origin.file else "")
        for obj in in_order(book.fact("inventory"))
    ]
    return table(lines, ("kind", "name", "namespace", "file"), limit=400)


@honest
def sources(book: Book) -> pd.DataFrame | Said:
    """What GitOps objects of the overlay point to, and whether it was rendered too."""
    words = {"overlay": "it is this overlay", "rendered": "rendered with it", "unavailable": "not looked at"}
    lines = [
        (source_name(source), words.get(source.state, source.state), source.reason)
        for source in book.judged.facts.inputs.get("followed", ())
    ]
    return (
        table(lines, ("source", "what became of it", "why"))
        if lines
        else Said("The overlay points to no other source.")
    )
