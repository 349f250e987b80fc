"""Pictures of notebook 08: what each namespace enforces, and which control each workload meets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfm_checks.checks.pod_security import policy_versions
from kfm_checks.facts.criticality import outside
from kfm_checks.facts.pod_security import Enforcement, enforcement, parse_version, violations
from kfm_checks.facts.pod_security_baseline import BASELINE
from kfm_checks.facts.pod_security_model import Control
from kfm_checks.facts.pod_security_restricted import RESTRICTED
from kfm_checks.facts.workloads import Workload
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.matrix import LIMIT, honest
from kfm_checks.notebook.pictures import Cell, Grid, Said
from kfm_checks.notebook.tables import table
from kfm_checks.notebook.text import listed

if TYPE_CHECKING:
    import pandas as pd


@honest
def namespaces(book: Book) -> pd.DataFrame | Said:
    """Each declared namespace with the level that it enforces, and how many workloads run there."""
    inventory, config = book.fact("inventory"), book.fact("config")
    counted: dict[str, int] = {}
    for workload in book.fact("workloads"):
        counted[workload.namespace] = counted.get(workload.namespace, 0) + 1
    lines = []
    for name in sorted({*inventory.namespaces, *counted}):
        found = enforcement(inventory.namespaces.get(name))
        level = _level(found) if name in inventory.namespaces else "not declared here, so nobody can tell"
        owner = "the platform's, by declaration" if outside(name, config) else ""
        lines.append((name, level, found.version if found.labelled else "", str(counted.get(name, 0)), owner))
    columns = ("namespace", "enforces", "version", "workloads", "apart")
    return table(lines, columns) if lines else Said("There is no namespace and no workload here.")


def _level(found: Enforcement) -> str:
    if found.problem:
        return f"its label is wrong: {found.problem}"
    return found.level if found.labelled else "nothing: no label"


@honest
def by_control(book: Book, level: str) -> Grid | Said:
    """Workloads down, the controls of a level (``baseline`` or ``restricted``) across."""
    inventory, config, given = book.fact("inventory"), book.fact("config"), book.fact("kubernetes_versions")
    judged = [workload for workload in book.fact("workloads") if not outside(workload.namespace, config)]
    if not judged:
        return Said(f"The {level} controls: no pod outside Kubernetes' own and the platform's namespaces.")
    controls = BASELINE if level == "baseline" else RESTRICTED
    rows = []
    for workload in sorted(judged, key=lambda each: each.id):
        enforced = enforcement(inventory.namespaces.get(workload.namespace))
        binding = enforced.level == "restricted" or enforced.level == level
        versions = policy_versions(enforced if binding else None, given)
        rows.append((workload.id, _controls(workload, level, controls, versions)))
    note = f"{len(rows) - LIMIT} more workloads are not drawn." if len(rows) > LIMIT else ""
    # Those with the most trouble are drawn, where not all can be.
    rows = sorted(sorted(rows, key=lambda row: -sum(cell.tone == "not-met" for cell in row[1]))[:LIMIT])
    about = {
        "baseline": "Baseline keeps out the known ways from a pod to its machine.",
        "restricted": "Restricted is what Kubernetes recommends beyond that; a should, or a must where enforced.",
    }[level]
    return Grid(f"The {level} controls", about, "workload", [control.name for control in controls], rows, note)


def _controls(workload: Workload, level: str, controls: tuple[Control, ...], versions: tuple[str, ...]) -> list[Cell]:
    bad: dict[str, list[str]] = {}
    for version in versions:
        for found in violations(workload.template, level, version):
            bad.setdefault(found.check, []).append(found.message)
    cells = []
    for control in controls:
        if control.id in bad:
            cells.append(Cell("not-met", "", listed(sorted(set(bad[control.id])), 4)))
        elif all(control.at(parse_version(version)) is None for version in versions):
            cells.append(Cell("not-applicable", "", "this version has no such control"))
        else:
            cells.append(Cell("met"))
    return cells


@honest
def tokens(book: Book) -> pd.DataFrame | Said:
    """Each workload with its service account, and whether the account's token is mounted."""
    found = book.evidence("service-account-tokens-are-needed", limit=60)
    return found
