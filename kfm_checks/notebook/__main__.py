"""``python -m kfm_checks.notebook -o FOLDER``: copies of the notebooks, run on ``KFM_OVERLAY``, ready to be opened.

The committed notebooks show the overlay of this repository; whoever opens them on another must not read its verdicts.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kfm_checks.notebook.execution import executed


def main() -> int:
    """Run every notebook and write it to the folder; a cell that can't run shows why."""
    parser = argparse.ArgumentParser(
        prog="python -m kfm_checks.notebook", description="Run the notebooks on an overlay."
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), metavar="FOLDER")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    paths = sorted(given.notebooks.glob("*.ipynb"))
    if not paths:
        print(f"{given.notebooks}: there is no notebook", file=sys.stderr)
        return 2
    for number, (path, book) in enumerate(executed(paths, given.output.resolve(), show_errors=True), 1):
        print(f"== {number}/{len(paths)} {path.stem}", file=sys.stderr, flush=True)
        _write(book, given.output / path.name)
    return 0


def _write(book: object, path: Path) -> None:
    """Write a notebook and sign it: its pictures were made here, so JupyterLab may show them."""
    import nbformat
    from nbformat.sign import NotebookNotary

    nbformat.write(book, path)  # type: ignore[no-untyped-call]
    NotebookNotary().sign(nbformat.read(path, as_version=4))  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
