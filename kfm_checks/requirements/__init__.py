"""The requirement catalogue: each statement that the governing document makes, with a stable id.

Ids, levels and check names are a contract; the wording is the product's own. ``CATALOGUE`` keeps the order of the
design's tables; ``role_for`` says who must act on a row unless the configuration's ``attesters`` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kfm_checks.model import Requirement
from kfm_checks.requirements import (
    change,
    data,
    gates,
    gitops,
    layout,
    membrane,
    metadata,
    operations,
    rails,
    secrets,
    sensitivity,
)

#: Every row, in the order in which the governing document's subjects come.
CATALOGUE: tuple[Requirement, ...] = (
    *metadata.ROWS,
    *layout.ROWS,
    *change.ROWS,
    *gitops.ROWS,
    *membrane.ROWS,
    *sensitivity.ROWS,
    *secrets.ROWS,
    *rails.ROWS,
    *data.ROWS,
    *operations.ROWS,
    *gates.ROWS,
)

#: What a section is called, in the catalogue's order.
SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "META": "Production metadata",
        "LAY": "Layout: what goes where",
        "CHG": "Change control",
        "GIT": "GitOps reconciliation",
        "MEM": "The trust membrane",
        "SEN": "Data sensitivity",
        "SEC": "Secrets",
        "RAIL": "Compliance and safety rails",
        "DAT": "Data promotion",
        "OPS": "Operations",
        "DOD": "Definition of Done",
        "GATE": "CI gates",
        "REF": "References",
    }
)

#: Who must act on a section's rows; a section that is not named here falls to the platform operator.
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "SEN": "data-steward",
        "DAT": "data-steward",
        "CHG": "application-deployer",
        "DOD": "application-deployer",
    }
)
DEFAULT_ROLE = "platform-operator"


def role_for(id: str) -> str:
    """The role that must act on a requirement, by its id: ``data-steward`` for ``SEN-01``."""
    return ROLES.get(id.partition("-")[0], DEFAULT_ROLE)


def roles_for(id: str, attesters: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The roles that may sign for a requirement: those that ``attesters`` names, else the one that must act on it."""
    return tuple(attesters.get(id, (role_for(id),)))


def requirement(id: str) -> Requirement:
    """The catalogue's row with this id; KeyError where there is none."""
    return _BY_ID[id]


_BY_ID: Mapping[str, Requirement] = MappingProxyType({each.id: each for each in CATALOGUE})
