"""Pictures of notebook 03: every Secret with its origin, and who can get at the Secrets of which namespace."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd

_CONTROLLED = {True: "yes", False: "no", None: "nobody can tell"}


@honest
def origins(book: Book) -> pd.DataFrame | Said:
    """Every Secret that the render makes or uses: its maker, its backend, its users."""
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    for use in book.fact("secret_uses"):
        users[use.namespace, use.secret].add(f"{use.obj.key.kind} {use.obj.key.name}")
    lines, made = [], set()
    for maker in book.fact("secret_makers"):
        key = (maker.namespace, maker.secret)
        made.add(key)
        by = f"{maker.obj.key.kind} {maker.obj.key.name}"
        lines.append((*key, by, _CONTROLLED[maker.controlled], maker.why, listed(sorted(users[key]), 6)))
    for key in sorted(users.keys() - made):
        if users[key]:
            lines.append((*key, "not in the render", _CONTROLLED[None], "", listed(sorted(users[key]), 6)))
    if not lines:
        return Said("Nothing makes or uses a Secret.")
    columns = ("namespace", "Secret", "made by", "from a controlled backend", "why", "used by")
    return table(sorted(lines), columns, limit=120)


@honest
def readers(book: Book) -> Grid | Said:
    """Whoever is bound to a role down, namespaces across: in how many ways their Secrets can be got at."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    namespaces = sorted(book.fact("inventory").namespaces)
    for reader in book.fact("secret_readers"):
        places = [reader.namespace] if reader.namespace else (namespaces or ["every namespace"])
        for place in places:
            which = f"{reader.way} ({reader.name})" if reader.name else reader.way
            found[reader.subject][place].add(which)
    if not found:
        return Said("Who can get at Secrets: nobody, by the roles and bindings that are rendered here.")
    personas, columns = book.fact("personas"), sorted({place for places in found.values() for place in places})
    rows = []
    for subject in sorted(found)[:LIMIT]:
        held = ", ".join(personas.held_by(subject))
        cells = [_ways(found[subject].get(column, set())) for column in columns]
        rows.append((f"{subject} ({held})" if held else subject, cells))
    note = "Each number is a number of ways: reading them, running or entering pods that hold them, acting as others."
    if len(found) > LIMIT:
        note += f" {len(found) - LIMIT} more are not drawn."
    about = "The picture shows what the rendered roles allow; whether that is right is for SEC-03 to say."
    return Grid("Who can get at the Secrets of which namespace", about, "who", columns, rows, note)


def _ways(ways: set[str]) -> Cell:
    return Cell(f"n{min(4, len(ways))}", str(len(ways)), listed(sorted(ways))) if ways else Cell()
