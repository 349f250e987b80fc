"""Which checks of a row speak of the files, and which of the cluster."""

from __future__ import annotations

from kfm_checks.model import CheckResult, Requirement


def is_live(requirement: Requirement, result: CheckResult, *, looked: bool) -> bool:
    """Whether a check speaks of the cluster alone: a live check, or one of a row that only a cluster can tell.

    Where nobody looked, a check that could have read the cluster too speaks of what it did read: the files.
    """
    if result.check in requirement.live or set(requirement.by) - {"attestation"} == {"cluster"}:
        return True
    return looked and set(result.methods) == {"cluster"}
