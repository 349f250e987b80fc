"""The library behind the notebooks: they import, evaluate and display; whatever thinks is here or below.

A notebook starts with ``book = open_notebook(NAME, OVERLAY, AS_OF)``, shows what the modules beside this one make of
the book, and ends with ``book.gate()``. To add one: a line in ``catalogue.py``, and the file in ``notebooks/``.
"""

from kfm_checks.notebook.book import Book, open_notebook
from kfm_checks.notebook.given import given

__all__ = ["Book", "given", "open_notebook"]
