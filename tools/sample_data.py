# ruff: noqa: E501 - a table of records reads best one a line
"""Write the sample datasets of infra/clusters/prod/data and their STAC records; the manifest is edited by hand.

    .venv/bin/python tools/sample_data.py

Everything is made up, and plausible. Releases that are already there are never written anew: a release is immutable.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

DATA = Path(__file__).parent.parent / "infra" / "clusters" / "prod" / "data"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
VERSION = "https://stac-extensions.github.io/version/v1.2.0/schema.json"
Box = tuple[float, float, float, float]


def write(name: str, content: bytes) -> Path:
    """Write a file of a release, unless the release has it already."""
    path = DATA / "releases" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return path


def railways() -> bytes:
    """The release before the one in production: one line, digitised coarsely."""
    line = [[-95.68, 39.05], [-97.34, 38.05], [-100.02, 37.75]]
    properties = {"name": "Atchison, Topeka and Santa Fe", "opened": 1872, "from": "Topeka", "to": "Dodge City"}
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "LineString", "coordinates": line}}
    return (json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=1) + "\n").encode()


def polygon(box: Box) -> bytes:
    """A box as well-known binary."""
    west, south, east, north = box
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return struct.pack("<BIII", 1, 3, 1, len(ring)) + b"".join(struct.pack("<2d", *point) for point in ring)


def counties() -> bytes:
    """GeoParquet 1.1."""
    boxes = {
        "Riley": (-97.0, 39.0, -96.4, 39.6),
        "Ford": (-100.2, 37.5, -99.6, 37.9),
        "Ellis": (-99.6, 38.7, -99.0, 39.1),
    }
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": ["Polygon"], "bbox": [-100.2, 37.5, -96.4, 39.6]}
        },
    }
    table = pa.table(
        {"name": list(boxes), "as_of": [1890] * len(boxes), "geometry": [polygon(box) for box in boxes.values()]}
    ).replace_schema_metadata({"geo": json.dumps(geo)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="none")
    return sink.getvalue().to_pybytes()


def flood() -> bytes:
    """A GeoTIFF of 16 by 8 bytes, WGS 84, one hundredth of a degree a pixel, depth in decimetres."""
    width, height = 16, 8
    pixels = bytes(max(0, 40 - 9 * abs(y - 4 + (x % 5) // 3)) for y in range(height) for x in range(width))
    scale, tie = (0.01, 0.01, 0.0), (0.0, 0.0, 0.0, -94.75, 39.15, 0.0)
    keys = (1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)
    tags = [
        (256, 3, (width,)),
        (257, 3, (height,)),
        (258, 3, (8,)),
        (259, 3, (1,)),
        (262, 3, (1,)),
        (273, 4, (0,)),
        (277, 3, (1,)),
    ]
    tags += [(278, 3, (height,)), (279, 4, (width * height,)), (33550, 12, scale), (33922, 12, tie), (34735, 3, keys)]
    letters, start = {3: "H", 4: "I", 12: "d"}, 8
    after = start + 2 + 12 * len(tags) + 4
    extra, entries = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{letters[kind]}", *values)
        if tag == 273:
            packed = b"\0\0\0\0"
        if len(packed) > 4:
            place = struct.pack("<I", after + len(extra))
            extra += packed
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    strip = struct.pack("<I", after + len(extra))
    entries = entries.replace(struct.pack("<HHI", 273, 4, 1) + b"\0\0\0\0", struct.pack("<HHI", 273, 4, 1) + strip)
    return (
        struct.pack("<2sHI", b"II", 42, start) + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0" + extra + pixels
    )


def aerial() -> bytes:
    """A dataset that is a STAC record itself: a survey flight whose frames lie elsewhere."""
    item = stac_item(
        "aerial-survey-1937-frames",
        (-97.0, 38.9, -96.4, 39.3),
        "1937-08-14T00:00:00Z",
        "Aerial survey of 1937",
        "CC0-1.0",
    )
    item.pop("collection")
    item["links"] = []
    item["assets"] = {}
    item["properties"]["kfm:frames"] = 118
    return (json.dumps(item, indent=1) + "\n").encode()


def stac_item(id: str, box: Box | None, when: str, title: str, licence: str) -> dict[str, object]:
    """A STAC 1.1.0 item without assets."""
    item: dict[str, object] = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [],
        "id": id,
        "collection": "kfm-production",
    }
    geometry = None
    if box:
        west, south, east, north = box
        item["bbox"] = list(box)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        geometry = {"type": "Polygon", "coordinates": [ring]}
    item["geometry"] = geometry
    provider = {"name": "Kansas Frontier Matrix (sample data)", "roles": ["processor", "host"]}
    item["properties"] = {"datetime": when, "title": title, "license": licence, "providers": [provider]}
    item["links"] = [{"rel": "collection", "href": "./collection.json", "type": "application/json"}]
    return item


RECORDS: dict[str, tuple[str, str, str, Box | None, str, str, str]] = {
    # id: file, version, media type, box, day, title, licence
    "historical-railways": ("data-2026.10.1/historical-railways.geojson", "2026.3", "application/geo+json", (-101.59, 37.75, -94.63, 39.11), "2026-10-06", "Railway lines as opened before 1900", "CC0-1.0"),
    "county-boundaries-1890": ("data-2026.11.1/county-boundaries-1890.parquet", "1.5", "application/vnd.apache.parquet", (-100.2, 37.5, -96.4, 39.6), "2026-11-20", "County boundaries on the first of June 1890", "CC-BY-4.0"),
    "gazetteer": ("data-2026.10.1/gazetteer.csv", "12", "text/csv", (-99.34, 38.27, -96.49, 38.86), "2026-10-06", "Names of places, with the year each was first recorded", "CC0-1.0"),
    "flood-1903": ("data-2026.11.1/flood-1903.tif", "1", "image/tiff; application=geotiff", (-94.75, 39.07, -94.59, 39.15), "2026-11-20", "Depth of the flood of 1903 at Kansas City", "CC-BY-4.0"),
    "aerial-survey-1937": ("data-2026.11.1/aerial-survey-1937.json", "1", "application/geo+json", (-97.0, 38.9, -96.4, 39.3), "2026-11-20", "Aerial survey of 1937", "CC0-1.0"),
    "homestead-claims": ("data-2026.11.1/homestead-claims.csv", "6", "text/csv", None, "2026-11-20", "Homestead claims, totals by county", "LicenseRef-KFM-Restricted"),
    "archaeological-sites": ("data-2026.10.2/archaeological-sites.geojson", "0.9", "application/geo+json", (-97.03125, 38.583984375, -95.4052734375, 39.3310546875), "2026-10-21", "Archaeological sites, counted by cell", "LicenseRef-KFM-Sensitive"),
}  # fmt: skip


def main() -> None:
    """Write what is missing, and print checksums and sizes for the manifest."""
    write("data-2026.08.2/historical-railways.geojson", railways())
    write("data-2026.11.1/county-boundaries-1890.parquet", counties())
    write("data-2026.11.1/flood-1903.tif", flood())
    write("data-2026.11.1/aerial-survey-1937.json", aerial())
    rows = (
        "county,year,claims,acres\nRiley,1867,41,6240\nFord,1878,118,17920\nFord,1879,96,13840\nEllis,1878,204,31880\n"
    )
    write("data-2026.11.1/homestead-claims.csv", rows.encode())
    for id, (file, version, media, box, day, title, licence) in RECORDS.items():
        content = (DATA / "releases" / file).read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        item = stac_item(id, box, f"{day}T00:00:00Z", title, licence)
        item["stac_extensions"] = [FILE, VERSION]
        properties = item["properties"]
        assert isinstance(properties, dict)
        properties |= {"version": version, "kfm:release": file.partition("/")[0]}
        asset = {
            "href": f"../releases/{file}",
            "type": media,
            "roles": ["data"],
            "file:checksum": f"1220{digest}",
            "file:size": len(content),
        }
        item["assets"] = {"data": asset}
        (DATA / "stac" / f"{id}.json").write_text(json.dumps(item, indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(f"{id}: {digest} {len(content)}\n")
    collection = json.loads((DATA / "stac" / "collection.json").read_text(encoding="utf-8"))
    collection |= {"stac_version": "1.1.0", "license": "other"}
    collection["providers"] = [{"name": "Kansas Frontier Matrix (sample data)", "roles": ["processor", "host"]}]
    collection["links"] = [{"rel": "item", "href": f"./{id}.json", "type": "application/geo+json"} for id in RECORDS]
    (DATA / "stac" / "collection.json").write_text(json.dumps(collection, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
