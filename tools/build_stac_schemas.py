"""Pack the JSON Schemas of STAC 1.0.0 and 1.1.0 that pystac carries into kfm_checks/schemas/stac.json.xz.

    python tools/build_stac_schemas.py FOLDER_OF_PYSTAC_1_10 FOLDER_OF_PYSTAC_1_15

The folders are unpacked wheels of pystac (Apache-2.0); the schemas are the STAC specification's own (Apache-2.0).
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path

OUT = Path(__file__).parent.parent / "kfm_checks" / "schemas" / "stac.json.xz"


def main() -> None:
    """Write the file; the same wheels give the same bytes."""
    found = {}
    for folder in sys.argv[1:]:
        for path in sorted(Path(folder).glob("pystac/validation/jsonschemas/**/*.json")):
            schema = json.loads(path.read_text(encoding="utf-8"))
            id = str(schema.get("$id") or schema.get("id"))
            # Some ids are misspelt; references go by the file's name.
            base = "https://geojson.org/schema" if path.parent.name == "geojson" else id.rpartition("/")[0]
            found[f"{base}/{path.name}"] = schema
    text = json.dumps(found, sort_keys=True, separators=(",", ":"))
    OUT.write_bytes(lzma.compress(text.encode(), preset=9))
    sys.stdout.write("\n".join(sorted(found)) + f"\n{OUT.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
