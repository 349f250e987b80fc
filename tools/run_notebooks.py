"""Run the committed notebooks on the shipped overlay, on the pinned day, and write their outputs back.

python tools/run_notebooks.py            # writes
python tools/run_notebooks.py --check    # writes nothing; exits 1 where a committed output is stale
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from kfm_checks.notebook.execution import executed, text_of
from kfm_checks.notebook.given import VARIABLES

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
#: The day of the committed outputs; `make test` uses the same.
AS_OF = "2026-11-22"


def main() -> int:
    """Run them all, or those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="notebooks to run (all), such as 05-safety-rails")
    parser.add_argument("--check", action="store_true", help="compare only")
    given = parser.parse_args()
    # Writing goes on where a gate is closed, so that the page can say so; comparing does not.
    gate = "1" if given.check else ""
    unset = [name for parameter, names in VARIABLES.items() if parameter != "AS_OF" for name in names]
    os.environ |= {"KFM_CHECKS_AS_OF": AS_OF, "KFM_CHECKS_GATE": gate, **dict.fromkeys(unset, "")}
    paths = [path for path in sorted(FOLDER.glob("*.ipynb")) if not given.names or path.stem in given.names]
    stale = 0
    for path, book in executed(paths, FOLDER):
        before, after = path.read_text(encoding="utf-8"), text_of(book)
        stale += before != after
        print(
            f"{path.name}: {'as committed' if before == after else 'stale' if given.check else 'written'}", flush=True
        )
        if before != after and not given.check:
            path.write_text(after, encoding="utf-8")
    return int(bool(stale and given.check))


if __name__ == "__main__":
    sys.exit(main())
