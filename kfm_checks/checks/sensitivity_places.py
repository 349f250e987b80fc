"""SEN-04: what is published of sensitive places is generalised to the declared cells."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.evidence import fails, holds, unknown
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_generalisation import Measured, has_limit
from kfm_checks.model import Evidence


def published_locations_are_generalised(
    datasets: tuple[Dataset, ...], generalisation: tuple[Measured, ...], as_of: str
) -> Iterator[Evidence]:
    """Published places are generalised as declared, until a governance review releases the exact ones.

    The coordinates are read from the bytes and measured. A coordinate is generalised when it is the centre or a corner
    of a declared cell; decimals alone decide nothing. Nothing beside the geometry may tell more: no finer coordinate
    in a property, no height, no two features that differ within one cell, no finer STAC record. A bounding box counts
    by its extent. After Chapman, Current Best Practices for Generalizing Sensitive Species Occurrence Data (GBIF,
    2020).

    Remedy: snap each coordinate to the centre of its cell (`geohash` 5 is about 5 km), drop the columns that tell more,
    and publish the result under a new release tag; or record the review that lets exact places out under `review`.
    """
    measures = {id(one.dataset): one for one in generalisation}
    for dataset in datasets:
        measured = measures.get(id(dataset))
        if has_limit(dataset):
            yield from _judged(dataset, measured, as_of)
        elif dataset.sensitivity == "public":
            message = f"{dataset.id} is classified public: exact places are meant, and no limit is declared"
            yield holds(
                dataset.subject,
                dataset.path,
                message=message,
                observed=dataset.sensitivity,
                source=dataset.source,
                about=dataset.id,
            )


def _judged(dataset: Dataset, measured: Measured | None, as_of: str) -> Iterator[Evidence]:
    path = (*dataset.path, "generalisation")
    shown: dict[str, object] = {"source": dataset.source}
    review = _review(dataset, as_of)
    if review:
        message = f"{dataset.id}: a governance review released exact places ({review})"
        yield holds(dataset.subject, (*dataset.path, "review"), message=message, about=dataset.id, **shown)
        return
    if not dataset.part("generalisation"):
        message = f"{dataset.id} tells sensitive places and declares no generalisation"
        yield fails(
            dataset.subject,
            path,
            message=message,
            expected="the declared cells, or a review",
            observed="absent",
            about=dataset.id,
            **shown,
        )
        return
    if measured is None or measured.why:
        why = measured.why if measured else "it has no address"
        yield unknown(
            dataset.subject, path, message=f"{dataset.id}: nobody measured its places: {why}", about=dataset.id, **shown
        )
        return
    expected = ", ".join(f"{key} {value}" for key, value in dataset.part("generalisation").items())
    for fault in measured.faults:
        message = f"{dataset.id}: {fault.what}"
        yield fails(
            dataset.subject,
            path,
            message=message,
            expected=expected,
            observed=fault.observed,
            about=f"{fault.where} {fault.what}",
            **shown,
        )
    if not measured.faults:
        message = f"{dataset.id} is generalised as declared: {measured.summary}"
        yield holds(
            dataset.subject,
            path,
            message=message,
            expected=expected,
            observed=measured.summary,
            about=dataset.id,
            **shown,
        )


def _review(dataset: Dataset, as_of: str) -> str:
    """Who released exact places, "" where nobody did, or not yet."""
    review = dataset.part("review")
    said = [review.get(name) for name in ("by", "role", "date", "record")]
    if not all(isinstance(item, str) and item.strip() for item in said) or str(review["date"]) > as_of:
        return ""
    return f"{review['by']}, {review['date']}, {review['record']}"
