"""Run notebooks and keep them tidy: on the pinned day to commit them, on any overlay to open them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

#: Notebooks that run at a time: each has a kernel of its own.
AT_ONCE = 2
_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def executed(paths: Iterable[Path], folder: Path, *, show_errors: bool = False) -> Iterator[tuple[Path, Any]]:
    """Each notebook with its outputs, in order. ``folder`` is where the kernels work, as if the files were there.

    Raises ``nbclient.exceptions.CellExecutionError`` where a cell fails; with ``show_errors`` the cell shows
    it, and the cells after it show nothing.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [(path, pool.submit(_run, path, folder, show_errors)) for path in paths]
        for path, run in runs:
            yield path, run.result()


def _run(path: Path, folder: Path, show_errors: bool) -> Any:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        book,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        # Its notice on how it talks to us is nothing that a reader could act on.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    # What a cell showed before is of another run, perhaps of another overlay.
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    try:
        client.execute()
    except CellExecutionError:
        if not show_errors:
            raise
    language = book.metadata.get("language_info")
    tidied(book)
    if show_errors and language:
        # As the kernel says it: else JupyterLab would call a notebook changed as soon as it is opened.
        book.metadata = {**_METADATA, "language_info": language}
    return book


def tidied(book: Any) -> Any:
    """A notebook with nothing of the machine that ran it: metadata, timings and editors' marks are gone."""
    book.metadata = _METADATA
    book.nbformat, book.nbformat_minor = 4, 5
    for cell in book.cells:
        kept = {key: cell.metadata[key] for key in ("jupyter", "tags") if key in cell.metadata}
        cell.metadata = {**kept, "tags": sorted(kept["tags"])} if "tags" in kept else kept
        for output in cell.get("outputs", ()):
            if "metadata" in output:
                output.metadata = {}
    return book


def text_of(book: Any) -> str:
    """The file's text: sorted keys, one space of indent, a line feed at the end, as Jupyter writes it."""
    import nbformat

    written = nbformat.writes(book, version=4)  # type: ignore[no-untyped-call]
    return f"{str(written).rstrip()}\n"
