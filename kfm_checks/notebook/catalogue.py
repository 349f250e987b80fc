"""Every notebook: its file, what it decides, for whom, and the rows that its gate looks at."""

from __future__ import annotations

from dataclasses import dataclass

from kfm_checks.errors import UsageError
from kfm_checks.requirements import CATALOGUE


def rows_of(*sections: str) -> tuple[str, ...]:
    """The ids of whole sections: ``rows_of("LAY")``."""
    return tuple(row.id for row in CATALOGUE if row.section in sections)


@dataclass(frozen=True)
class Notebook:
    """A line of the catalogue. ``rows`` () means every row; ``beside`` are rows that are shown and don't decide."""

    name: str
    decides: str
    reader: str
    rows: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The file in ``notebooks/``."""
        return f"{self.name}.ipynb"

    @property
    def judged(self) -> tuple[str, ...]:
        """What to evaluate: the rows that decide and those shown beside them; () for everything."""
        return self.rows and tuple(dict.fromkeys((*self.rows, *self.beside)))


def _folded(*ids: str) -> tuple[str, ...]:
    """The rows that roll-ups fold."""
    return tuple(part for row in CATALOGUE if row.id in ids for part in row.rolls_up)


_DONE = rows_of("DOD", "GATE")
NOTEBOOKS: tuple[Notebook, ...] = (
    Notebook("00-start-here", "whether the overlay as a whole is what its README says", "everybody", ()),
    Notebook(
        "01-overlay-render-and-inventory",
        "whether the overlay builds, the same everywhere, to valid objects",
        "application deployers and reviewers",
        ("GATE-01", "GATE-02", "OPS-01"),
    ),
    Notebook(
        "02-definition-of-done",
        "whether a change is done: every item of the Definition of Done and of the CI gates",
        "whoever opens or approves a change",
        _DONE,
        _folded(*_DONE),
    ),
    Notebook(
        "03-secret-checklist",
        "whether passwords, keys and tokens are kept as they should be",
        "data stewards and platform operators",
        (*rows_of("SEC"), "LAY-03", "LAY-08"),
    ),
    Notebook(
        "04-what-goes-where",
        "whether each folder of the overlay holds what it is for, and nothing else",
        "reviewers",
        (*rows_of("LAY"), "REF-01"),
    ),
    Notebook(
        "05-safety-rails",
        "whether workloads run with the rails that keep a mistake small",
        "application deployers and platform operators",
        rows_of("RAIL"),
    ),
    Notebook(
        "06-gitops-and-metadata",
        "whether a controller keeps the cluster as git says, and whether production's key facts are known",
        "platform operators and auditors",
        rows_of("GIT", "META"),
    ),
    Notebook(
        "07-trust-membrane",
        "whether data can be reached only by those who may: from outside, inside, and by people",
        "data stewards, security reviewers and auditors",
        rows_of("MEM"),
    ),
    Notebook(
        "08-pod-security",
        "whether a workload that is taken over could take over its node or the cluster",
        "platform operators and security reviewers",
        ("RAIL-08", "RAIL-11"),
    ),
    Notebook(
        "09-change-review",
        "whether a change may go to production: what it does, what it puts at risk, who approved, and the way back",
        "whoever reviews or approves a change",
        (*rows_of("CHG"), "DOD-03", "GATE-05"),
        _folded("DOD-03"),
    ),
    Notebook(
        "10-data-promotion",
        "whether data reaches production as code does, and what is sensitive stays closed",
        "data stewards and auditors",
        rows_of("DAT", "SEN"),
        ("META-07",),
    ),
    Notebook(
        "11-admission",
        "whether the cluster refuses what the rails forbid, lets in what the overlay has, and asks for signatures",
        "platform operators and security reviewers",
        ("RAIL-09", "RAIL-10", "GATE-03"),
        ("RAIL-02", "RAIL-03", "RAIL-06", "RAIL-07", "RAIL-08"),
    ),
    Notebook(
        "12-live-drift",
        "whether the cluster is what git says, who changed what, and whether it is well and refuses what it must",
        "platform operators, security reviewers and auditors",
        ("GIT-04", "GIT-05", "OPS-02", "OPS-03", "OPS-04"),
        (
            "META-02",
            "META-03",
            "META-04",
            "MEM-01",
            "MEM-02",
            "MEM-05",
            "MEM-07",
            "SEC-03",
            "RAIL-08",
            "RAIL-09",
            "DAT-08",
        ),
    ),
)


def notebook(name: str) -> Notebook:
    """The notebook with this name. Raises UsageError where there is none."""
    for each in NOTEBOOKS:
        if each.name == name:
            return each
    raise UsageError(f"no notebook is called {name!r}", remedy="add it to kfm_checks/notebook/catalogue.py")
