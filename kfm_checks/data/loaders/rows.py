"""Records of a dataset, one after the other: from GeoJSON, GeoParquet or a table in text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from kfm_checks.data.loaders import LoadError
from kfm_checks.facts.datasets import Dataset
from kfm_checks.facts.datasets_places import CSV, GEOJSON, PARQUET

#: GeoJSON is one value and has to be read whole: larger files (bytes) come as GeoParquet.
GEOJSON_LIMIT = 512 * 1024 * 1024
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """One record; its geometry as GeoJSON text, as well-known binary, or not at all."""

    properties: dict[str, Any]
    geojson: str | None = None
    wkb: bytes | None = None


def rows(dataset: Dataset, path: Path) -> Iterator[Row]:
    """The records of a file, by its media type. Raises LoadError for a format that has none."""
    media = dataset.media_type
    if media in GEOJSON or path.suffix == ".geojson":
        yield from _geojson(path)
    elif media in PARQUET:
        yield from _parquet(path)
    elif media in CSV:
        yield from _csv(path, "\t" if "tab" in media else ",")
    else:
        raise LoadError(f"there are no records in {media}")


def _geojson(path: Path) -> Iterator[Row]:
    if path.stat().st_size > GEOJSON_LIMIT:
        raise LoadError(f"GeoJSON of more than {GEOJSON_LIMIT // 1024 // 1024} MiB; publish it as GeoParquet")
    try:
        value = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise LoadError("it is not valid JSON") from error
    features = (
        value.get("features") if isinstance(value, dict) and value.get("type") == "FeatureCollection" else [value]
    )
    for feature in features if isinstance(features, list) else []:
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise LoadError("it has something that is no feature")
        geometry = feature.get("geometry")
        text = msgspec.json.encode(geometry).decode() if geometry is not None else None
        yield Row(feature.get("properties") or {}, geojson=text)


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]
    import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]

    try:
        with pq.ParquetFile(path) as file:
            column = _geometry_column(file.schema_arrow.metadata or {})
            for batch in file.iter_batches(_BATCH):
                for record in batch.to_pylist():
                    wkb = record.pop(column, None) if column else None
                    yield Row(record, wkb=wkb)
    except (pa.ArrowException, OSError) as error:
        raise LoadError("it is no Parquet file") from error


def _geometry_column(metadata: dict[bytes, bytes]) -> str:
    """The primary column of GeoParquet; "" for a table without geometry."""
    if b"geo" not in metadata:
        return ""
    try:
        geo = msgspec.json.decode(metadata[b"geo"])
        name = str(geo["primary_column"])
        encoding = geo["columns"][name]["encoding"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise LoadError("its GeoParquet metadata can't be read") from error
    if encoding != "WKB":
        raise LoadError(f"its geometry is written as {encoding}; only WKB is loaded")
    return name


def _csv(path: Path, delimiter: str) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for record in csv.DictReader(stream, delimiter=delimiter):
                yield Row({str(key): value for key, value in record.items() if key is not None})
    except (UnicodeDecodeError, csv.Error) as error:
        raise LoadError("it is no table in UTF-8") from error
