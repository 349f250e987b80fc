"""Entries of the data manifest that a revert brings back: whether the bytes that they name are still there."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

from kfm_checks.errors import KfmChecksError
from kfm_checks.facts.objects import dig, items
from kfm_checks.yamlfile import read_yaml

MANIFEST = "data/manifest.yaml"


def bytes_of(overlay: Path, touched: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(addresses whose bytes are gone or others, addresses elsewhere that nobody looked at), for a change of data.

    () and () where the change does not touch the data manifest or its files.
    """
    if not touched:
        return (), ()
    gone, unseen = [], []
    for name, uri, checksum in _entries(overlay / MANIFEST):
        place = _inside(overlay, uri)
        if place is None:
            unseen.append(f"{name}: {uri}")
        elif not place.is_file() or (checksum and _sha256(place) != checksum):
            gone.append(f"{name}: {uri}")
    return tuple(sorted(gone)), tuple(sorted(unseen))


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    """(dataset, address, checksum) of each entry; a manifest that can't be read is another row's business (DAT-01)."""
    if not path.is_file():
        return
    try:
        content: Any = read_yaml(path, shown=MANIFEST).value
    except KfmChecksError:
        return
    for entry in items(content, "datasets"):
        single, many = entry.get("uri"), dig(entry, "uris", default=[])
        for uri in [single] if isinstance(single, str) else many if isinstance(many, list) else []:
            yield str(entry.get("id") or "?"), str(uri), str(entry.get("sha256") or "").lower()


def _inside(overlay: Path, uri: str) -> Path | None:
    """The file that an address of this repository names, relative to the manifest's folder; None for one elsewhere."""
    if uri.startswith("file:"):
        uri = uri.removeprefix("file:").removeprefix("//")
    elif ":" in uri:
        return None
    place = (overlay / MANIFEST).parent / uri
    return place if place.resolve().is_relative_to(overlay.parent.resolve()) else None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
