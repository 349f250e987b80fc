"""DAT-07: the catalogue tells the truth about the data."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.evidence import file_key, holds, judged
from kfm_checks.facts.datasets_stac import Record
from kfm_checks.model import Evidence


def stac_items_are_valid(stac_records: tuple[Record, ...]) -> Iterator[Evidence]:
    """STAC items and collections are valid, and agree with the data manifest.

    A catalogue that contradicts the data misleads each of its readers. Each record is held against the JSON Schemas of
    STAC 1.0.0 or 1.1.0, its bounding box against its geometry, its checksums against the file extension, and its id,
    version, release, licence, checksum and size against the manifest's entry. Schemas of extensions are not fetched.

    Remedy: correct the record named; `pystac` validates it in the same way, with the network for extensions.
    """
    for record in stac_records:
        subject = file_key(record.path)
        source = record.file.at() if record.file else None
        for fault in record.faults:
            yield judged(
                None if fault.unknown else False,
                subject,
                fault.path,
                message=fault.message,
                expected=fault.expected,
                observed=fault.observed,
                source=source,
                about=fault.message,
            )
        if not record.faults:
            agrees = f" and agrees with {record.dataset.id} {record.dataset.text('version')}" if record.dataset else ""
            yield holds(subject, message=f"it is valid STAC{agrees}", source=source)
