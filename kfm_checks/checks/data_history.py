"""Versions that stay what they are, and a way back to each (DAT-03, DAT-05)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_history import DataHistory, Resolved, Revision, changed_fields
from kfm_checks.facts.datasets_manifest import PATH
from kfm_checks.model import Evidence


def dataset_versions_are_immutable(datasets: tuple[Dataset, ...], data_history: DataHistory) -> Iterator[Evidence]:
    """An entry of the data manifest changes only together with its release tag.

    Two different datasets under one tag can't be told apart or rolled back. Each entry is compared with every earlier
    revision of the manifest on the first-parent line of git that has the same dataset under the same tag: checksum,
    size, version, media type, class and generalisation are the same. Titles, stewards, mirrors and approvals may be
    mended. That the manifest changes by pull request only is the row CHG-01.

    Remedy: give changed content a new release tag, and leave the old one as it was.
    """
    if any(_raw(revision.datasets) != _raw(datasets) for revision in data_history.revisions):
        for dataset in datasets:
            yield _compared(dataset, data_history.revisions)
    if data_history.cut:
        yield unknown(
            file_key(PATH), message=f"Not all earlier revisions were compared: {data_history.cut}.", about="cut"
        )


def _raw(datasets: tuple[Dataset, ...]) -> list[Mapping[str, Any]]:
    return [dataset.raw for dataset in datasets]


def _compared(dataset: Dataset, revisions: tuple[Revision, ...]) -> Evidence:
    tagged = [d for r in revisions for d in r.datasets if (d.id, d.release) == (dataset.id, dataset.release)]
    for other in tagged:
        fields = changed_fields(other, dataset)
        if fields:
            message = (
                f"{dataset.id}: {', '.join(fields)} changed since an earlier revision, "
                f"and the release tag {dataset.release} did not"
            )
            path = (*dataset.path, fields[0])
            return fails(
                dataset.subject,
                path,
                message=message,
                expected="a new release tag",
                observed=fields,
                source=dataset.source,
                about=dataset.id,
            )
    message = f"{dataset.id}: {dataset.release} has never stood for anything else"
    shown = {"observed": dataset.release, "source": dataset.source, "about": dataset.id}
    return holds(dataset.subject, dataset.path, message=message, **shown)


def data_rollback_resolves(
    rollbacks: tuple[Resolved, ...], data_history: DataHistory, datasets: tuple[Dataset, ...]
) -> Iterator[Evidence]:
    """Every earlier revision of the data manifest within its retention still resolves to its bytes.

    Reverting the manifest helps only while the old bytes are there (NIST SP 800-53 CP-9). Bytes in the folder or in
    git are read and held against the checksum; what lies elsewhere is not fetched and not verified. The retention is
    `retention` of the manifest, all revisions without it; a withdrawal recorded with reason and name is no failure.

    Remedy: restore the bytes of the release, or record under `withdrawals` who took it back, when and why.
    """
    current = {(dataset.id, dataset.sha256) for dataset in datasets}
    past = [one for one in rollbacks if (one.dataset.id, one.dataset.sha256) not in current]
    for one in past or (rollbacks if len(data_history.revisions) > 1 else ()):
        message = f"{one.dataset.id} of the earlier release {one.dataset.release}: {one.how}"
        about = f"{one.dataset.id} {one.dataset.release} {one.dataset.sha256[:12]}"
        yield judged(
            one.ok, file_key(PATH), message=message, expected=one.dataset.sha256, observed=one.how, about=about
        )
    if data_history.cut and past:
        yield unknown(file_key(PATH), message=f"Not every earlier revision was tried: {data_history.cut}.", about="cut")
    elif data_history.cut:
        yield unknown(file_key(PATH), message=f"No earlier revision could be tried: {data_history.cut}.", about="cut")
