"""Pictures of notebook 07: who reaches which datastore, the ways in from outside, and what each persona may do."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from kfm_checks.facts.access.capabilities import OPERATORS_ONLY
from kfm_checks.facts.access.personas import PERSONAS, persona_matrix
from kfm_checks.facts.network.views import datastore_matrix, exposure_paths
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.flow import Flow, Node
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed
from kfm_checks.wording import ROLES

if TYPE_CHECKING:
    import pandas as pd

_TONES = {"approved": "met", "unapproved": "not-met", "blocked": "not-applicable", "undeclared": "not-verified"}
_KEY = {
    "met": "can connect, and is approved",
    "not-met": "can connect, and is not approved",
    "not-applicable": "is approved, and can't connect",
    "not-verified": "can connect; nobody declared who may",
}
_NO_STORE = (
    "Not verified: no datastore is declared, labelled or recognised here, so nobody can say who reaches one. "
    "Declare them under `datastores` in kfm-checks.yaml."
)


@honest
def datastores(book: Book) -> pd.DataFrame | Said:
    """Each datastore, how it was recognised, its ports, and who is declared to be a client."""
    lines = [
        (
            store.id,
            store.why,
            ", ".join(map(str, store.ports)) or "unknown: every port counts",
            "nobody declared it" if store.clients is None else listed(list(store.clients)) or "nobody",
        )
        for store in book.fact("datastores")
    ]
    return table(lines, ("datastore", "how it is known", "ports", "approved clients")) if lines else Said(_NO_STORE)


@honest
def reach(book: Book) -> Grid | Said:
    """Whoever can connect or may, down; datastores across."""
    stores = book.fact("datastores")
    if not stores:
        return Said(_NO_STORE)
    found: dict[str, dict[str, Cell]] = defaultdict(dict)
    for client, store, ports, verdict in datastore_matrix(book.fact("network"), stores):
        found[client][store] = Cell(_TONES[verdict], "" if verdict == "blocked" else ports, verdict)
    columns = [store.id for store in stores]
    hidden = [store.id for store in stores if not book.fact("network").find(store.id)]
    rows = [(_end(client), [cells.get(store, Cell()) for store in columns]) for client, cells in _first(found)]
    rest = len(found) - len(rows)
    notes = [f"No pods in the render, so nobody can tell who reaches them: {listed(hidden)}."] if hidden else []
    notes += [f"{rest} more are not drawn."] if rest else []
    notes.append("Computed from all network policies together; it assumes a network plugin that enforces them.")
    about = "A line for whoever can connect to a datastore, or is approved to; an empty field means that it can't."
    if not rows:
        return Said(f"Who reaches which datastore: nobody can, and nobody is approved. {' '.join(notes)}")
    return Grid("Who reaches which datastore", about, "who", columns, rows, " ".join(notes), _KEY)


#: All addresses of IPv4 and of IPv6.
_ANYWHERE = {
    "external:0.0.0.0-255.255.255.255": "any address outside (IPv4)",
    "external:::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "any address outside (IPv6)",
}


def _end(name: str) -> str:
    """One end of a connection in words."""
    return _ANYWHERE.get(name, name.replace("external:", "addresses outside: ", 1))


def _first(found: dict[str, dict[str, Cell]]) -> list[tuple[str, dict[str, Cell]]]:
    """Who is not approved first, where not all can be drawn."""
    ordered = sorted(found.items(), key=lambda item: (all(c.tone != "not-met" for c in item[1].values()), item[0]))
    return sorted(ordered[:LIMIT])


@honest
def ways_in(book: Book) -> Flow | Said:
    """From a public host through its door and Service to a workload, and to the datastores that it reaches."""
    stores = book.fact("datastores")
    found = exposure_paths(book.fact("exposures"), book.fact("network"), stores)
    # A Service that is a door itself is drawn once.
    paths = [(*path[:2], "" if path[2] == path[1] else path[2], *path[3:]) for path in found]
    if not paths:
        return Said("Ways in from outside: none was found in the render.")
    direct = {store.id for store in stores}
    nodes = [sorted({_node(layer, path, direct) for path in paths if path[layer]}) for layer in range(5)]
    edges: set[tuple[int, str, str]] = set()
    for path in paths:
        present = [(layer, name) for layer, name in enumerate(path) if name]
        edges |= {(at, start, end) for (at, start), (_, end) in pairwise(present)}
    return Flow(
        "From outside to the data",
        "Each line is a way that traffic can take. A datastore may only stand in the last column, behind a workload.",
        ("from outside", "door", "Service", "workload", "datastore behind it"),
        nodes,
        sorted(edges),
        {"not-met": "a datastore that is open to the outside"},
    )


def _node(layer: int, path: tuple[str, ...], direct: set[str]) -> Node:
    exposed = layer == 3 and path[layer] in direct
    return Node(path[layer], "not-met" if exposed else "")


@honest
def personas(book: Book) -> Grid | Said:
    """What a person of each role may do, down; the four roles across."""
    declared, found = book.fact("personas"), book.fact("access")
    rows_: dict[str, dict[str, str]] = defaultdict(dict)
    for persona, capability, scope in persona_matrix(found, declared):
        rows_[capability][persona] = scope
    missing = [ROLES[persona] for persona in PERSONAS if persona not in declared.declared]
    if len(missing) == len(PERSONAS):
        return Said(
            "Not verified: nobody declared who the platform operators, application deployers, data stewards and "
            "auditors are. Declare them under `personas` in kfm-checks.yaml; the table below may help."
        )
    rows = [
        (capability, [_may(capability, scopes.get(persona, "")) for persona in PERSONAS])
        for capability, scopes in rows_.items()
    ]
    columns = [f"{ROLES[persona]}{'' if persona in declared.declared else ' (not declared)'}" for persona in PERSONAS]
    note = f"Not declared, so not known: {', '.join(missing)}." if missing else ""
    note = f"{note} Marked with an asterisk: what belongs to platform operators alone.".strip()
    about = "Computed from the rendered roles and bindings; an empty field means that the role can't."
    return Grid("What each role may do", about, "may", columns, rows, note)


def _may(capability: str, scope: str) -> Cell:
    """Where: the whole cluster, or so many namespaces."""
    if not scope:
        return Cell()
    mark = "*" if capability in OPERATORS_ONLY else ""
    places = scope.split(", ")
    if scope == "cluster":
        return Cell("n3", f"everywhere{mark}", "in every namespace")
    return Cell("n1", f"{len(places)} namespace{'s' * (len(places) != 1)}{mark}", scope)


@honest
def holders(book: Book) -> pd.DataFrame | Said:
    """Everybody who is bound to a role, with the persona that was declared and the roles."""
    declared = book.fact("personas")
    roles: dict[str, Counter[str]] = defaultdict(Counter)
    for grant in book.fact("access").grants:
        roles[grant.subject][f"{grant.role_kind} {grant.role_name} in {grant.namespace or 'the whole cluster'}"] += 1
    lines = [
        (subject, " and ".join(ROLES[p] for p in declared.held_by(subject)) or "none", listed(sorted(given), 8))
        for subject, given in sorted(roles.items())
    ]
    return table(lines, ("who", "declared as", "roles")) if lines else Said("Nobody is bound to a role here.")
