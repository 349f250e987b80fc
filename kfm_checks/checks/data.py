"""The data manifest: that it is whole, that datasets are classified, that checksums match (META-07, DAT-01, DAT-02)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from kfm_checks.evidence import fails, file_key, holds, judged, unknown
from kfm_checks.facts.datasets import DataManifest, Dataset
from kfm_checks.facts.datasets_bytes import Located
from kfm_checks.facts.datasets_manifest import SENSITIVITIES
from kfm_checks.model import Evidence

#: Tags that move: a release under one of these is no release.
_MOVING = frozenset(
    {"latest", "main", "master", "head", "current", "stable", "dev", "snapshot", "trunk", "edge", "nightly"}
)
_PLACEHOLDER = re.compile(
    r"^\W*(todo|tbd|tbc|fixme|xxx+|changeme|placeholder|unknown|none|n/?a|\?+|\.\.\.|…)\W*$", re.IGNORECASE
)
#: What every entry says in words, so that a placeholder can't stand for it.
_WORDS = ("title", "version", "release", "licence", "provenance", "steward")


def is_placeholder(text: str) -> bool:
    """Whether a text only holds a place: TODO, TBD, a row of question marks."""
    return not text.strip() or bool(_PLACEHOLDER.match(text.strip()))


def data_classification_is_known(datasets: tuple[Dataset, ...]) -> Iterator[Evidence]:
    """Each dataset has a sensitivity class, and the restricted layers are listed.

    Protection follows classification: what nobody classified can't be fenced (NIST SP 800-53 RA-2). The classes are
    public, restricted and sensitive-location; each dataset's class is shown with the place where it was read.

    Remedy: write `sensitivity` for each dataset in data/manifest.yaml.
    """
    for dataset in datasets:
        found = dataset.sensitivity
        why = dataset.text("note") or dataset.text("reason")
        message = f"{dataset.id} is {found}" + (f": {why}" if why and dataset.is_sensitive else "")
        yield judged(
            bool(found),
            dataset.subject,
            (*dataset.path, "sensitivity"),
            message=message if found else f"nobody classified {dataset.id}",
            expected=", ".join(SENSITIVITIES),
            observed=found or dataset.text("sensitivity") or "absent",
            source=dataset.source,
            about=dataset.id,
        )


def data_manifest_is_valid(data_manifest: DataManifest) -> Iterator[Evidence]:
    """The data manifest names for each dataset its URI, checksum, release tag, sensitivity and steward.

    What is in production must be readable without asking the database. The manifest is held against its published
    JSON Schema; beyond that, ids are unique, a release tag is none that moves, a multihash agrees with the checksum,
    what is not public says why, and no field is a placeholder.

    Remedy: mend the entry; `docs/reference/data-manifest.md` has the schema, `kfm-checks data verify` the checksums.
    """
    wrong = {(problem.file, problem.path[:2]) for problem in data_manifest.problems}
    for problem in data_manifest.problems:
        yield fails(
            file_key(problem.file), problem.path, message=problem.message, source=problem.source, about=problem.message
        )
    ids = Counter(dataset.id for dataset in data_manifest.datasets)
    for dataset in data_manifest.datasets:
        faults = list(_faults(dataset, ids))
        for field, fault in faults:
            path = (*dataset.path, field) if field else dataset.path
            yield fails(dataset.subject, path, message=f"{dataset.id}: {fault}", source=dataset.source, about=fault)
        if not faults and (dataset.file, dataset.path) not in wrong:
            message = f"{dataset.id} {dataset.text('version')}, release {dataset.release}, is named in full"
            yield holds(dataset.subject, dataset.path, message=message, source=dataset.source, about=dataset.id)


def _faults(dataset: Dataset, ids: Counter[str]) -> Iterator[tuple[str, str]]:
    if ids[dataset.id] > 1:
        yield "id", "two entries have this id"
    for name in _WORDS:
        if name in dataset.raw and dataset.text(name) and is_placeholder(dataset.text(name)):
            yield name, f"{name} is a placeholder"
    if dataset.release.lower() in _MOVING:
        yield "release", f"{dataset.release} is a tag that moves"
    multihash = dataset.text("multihash")
    if multihash and multihash != f"1220{dataset.sha256}":
        yield "multihash", "the multihash is not that of the checksum (1220 and the sha256)"
    if dataset.is_sensitive and not dataset.text("reason"):
        yield "reason", f"it is {dataset.sensitivity}, and nothing says why"
    yield from _generalisation_faults(dataset)


def _generalisation_faults(dataset: Dataset) -> Iterator[tuple[str, str]]:
    said = dataset.part("generalisation")
    needed = {"geohash": "length", "grid": "degrees", "bbox": "degrees", "area": "area"}.get(str(said.get("method")))
    if said and needed and not said.get(needed):
        yield "generalisation", f"generalisation by {said.get('method')} needs {needed}"


def dataset_checksums_match(located: tuple[Located, ...], datasets: tuple[Dataset, ...]) -> Iterator[Evidence]:
    """The bytes at each dataset's URI have the size and the checksum that the manifest gives.

    A URI says where data lies, only a checksum says which data it is (NIST SP 800-53 SI-7). Files of the repository are
    read; what lies elsewhere is named and not verified, since a run fetches nothing: `kfm-checks data verify` does.

    Remedy: run `kfm-checks data verify`; publish changed bytes under a new release tag, and mend the URI that leads
    nowhere.
    """
    for one in located:
        yield _checksum(one)
    for dataset in datasets:
        if not dataset.uris:
            message = f"{dataset.id} has no address"
            yield fails(
                dataset.subject, (*dataset.path, "uris"), message=message, source=dataset.source, about=dataset.id
            )


def _checksum(one: Located) -> Evidence:
    dataset, path = one.dataset, (*one.dataset.path, "uris", one.index)
    said: dict[str, object] = {"source": dataset.source, "about": one.uri}
    if one.where == "elsewhere":
        message = f"{dataset.id}: nobody fetched {one.uri}; run `kfm-checks data verify`"
        return unknown(dataset.subject, path, message=message, **said)
    if one.where == "outside":
        message = f"{dataset.id}: {one.uri} leads out of the repository, where nobody looked"
        return unknown(dataset.subject, path, message=message, **said)
    if one.file is None:
        message = f"{dataset.id}: there is no file {one.uri}"
        return fails(dataset.subject, path, message=message, expected="a file", observed="absent", **said)
    if one.pointer and one.pointer == dataset.sha256:
        message = f"{dataset.id}: a git-lfs pointer to these bytes is here, the bytes are not; run `git lfs pull`"
        return unknown(dataset.subject, path, message=message, **said)
    if dataset.size is not None and one.file.size != dataset.size and not one.pointer:
        message = f"{dataset.id}: the file has {one.file.size} bytes, the manifest says {dataset.size}"
        return fails(
            dataset.subject,
            path,
            message=message,
            expected=f"{dataset.size} bytes",
            observed=f"{one.file.size} bytes",
            **said,
        )
    found = one.pointer or one.file.sha256
    have = "have" if found == dataset.sha256 else "have not"
    message = f"{dataset.id}: the bytes at {one.uri} {have} the checksum declared"
    return judged(
        found == dataset.sha256, dataset.subject, path, message=message, expected=dataset.sha256, observed=found, **said
    )
