"""DAT-06: a steward let each release go to users."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.checks.data import is_placeholder
from kfm_checks.config import Config
from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_history import DataHistory
from kfm_checks.model import Evidence, Path
from kfm_checks.records import Record

ROW = "DAT-06"
STEWARD = "data-steward"


def datasets_are_approved(
    datasets: tuple[Dataset, ...],
    records: tuple[Record, ...] | None,
    data_history: DataHistory | None,
    config: Config,
    as_of: str,
) -> Iterator[Evidence]:
    """A data steward approved each dataset's release before it reaches users.

    Whether data may be seen is a judgement that no pipeline makes (NIST SP 800-53 CM-3; CARE Principles). The approval
    stands in the manifest (`approval`: by, role, date, and the release it is for), or in `governance/` as an
    attestation of DAT-06 that names dataset and release. It is by the role that `attesters` allows, a data steward
    unless it says otherwise, dated, and not carried over from an earlier release.

    Remedy: have the steward write `approval` into the entry with the release tag it is for, in the same pull request.
    """
    roles = tuple(config.attesters.get(ROW, (STEWARD,)))
    for dataset in datasets:
        record = _record(dataset, records or (), roles, as_of)
        if record is not None:
            message = f"{dataset.id} {dataset.release}: a record of {record.by} ({record.role}), {record.date}"
            yield holds(dataset.subject, dataset.path, message=message, source=dataset.source, about=dataset.id)
            continue
        field, ok, message = _approval(dataset, data_history, roles, as_of)
        path: Path = (*dataset.path, "approval", field) if field else (*dataset.path, "approval")
        make = {True: holds, False: fails, None: unknown}[ok]
        yield make(
            dataset.subject,
            path,
            message=f"{dataset.id} {dataset.release}: {message}",
            expected=f"approval by {' or '.join(roles)}",
            observed=dataset.text("approval", "by") or "absent",
            source=dataset.source,
            about=dataset.id,
        )


def _record(dataset: Dataset, records: tuple[Record, ...], roles: tuple[str, ...], as_of: str) -> Record | None:
    for record in records:
        if (
            record.kind == "attestation"
            and record.requirement == ROW
            and record.role in roles
            and not record.expired(as_of)
        ):
            said = f"{record.statement} {record.evidence}"
            if dataset.release and dataset.id in said and dataset.release in said:
                return record
    return None


def _approval(
    dataset: Dataset, history: DataHistory | None, roles: tuple[str, ...], as_of: str
) -> tuple[str, bool | None, str]:
    """The field to look at, the verdict, and what to say."""
    by, role, day, release = (dataset.text("approval", name) for name in ("by", "role", "date", "release"))
    if not dataset.part("approval"):
        return "", False, "nobody approved this release"
    if is_placeholder(by):
        return "by", False, "the approval names nobody"
    if role not in roles:
        return "role", False, f"it was approved as {role or 'no role'}, which may not approve data"
    if not day or day > as_of:
        return "date", False, f"the approval is dated {day or 'never'}, after the day of this report"
    if release and release != dataset.release:
        return "release", False, f"the approval is for {release}"
    stale = _earlier(dataset, history)
    if not release and stale:
        return (
            "release",
            None,
            f"the same approval stood under {stale} already, and doesn't say which release it is for",
        )
    return "", True, f"approved by {by} ({role}), {day}"


def _earlier(dataset: Dataset, history: DataHistory | None) -> str:
    """An earlier release with the very same approval, "" where there is none."""
    for revision in history.revisions if history else ():
        for other in revision.datasets:
            if (
                other.id == dataset.id
                and other.release != dataset.release
                and other.part("approval") == dataset.part("approval")
            ):
                return other.release
    return ""
