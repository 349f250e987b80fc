"""The overlay's README, parsed once."""

from __future__ import annotations

import posixpath

from kfm_checks.config import Config
from kfm_checks.errors import NotVerified
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.readme import LIMIT, Readme, parse_readme


def readme(tree: Tree, config: Config) -> Readme:
    """The README that the configuration names, relative to the overlay; its path is that from the repository's root.

    Raises NotVerified where there is none, or where it can't be read as text.
    """
    file = _find(tree, config.readme)
    if file is None:
        raise NotVerified(f"the overlay has no {config.readme}")
    if file.unread or file.is_binary:
        raise NotVerified(f"{file.source_path} was not read: {file.unread or 'it is no text'}")
    if len(file.text) > LIMIT:
        raise NotVerified(f"{file.source_path} was not read: it has more than {LIMIT} characters")
    return parse_readme(file.text, file.source_path)


def _find(tree: Tree, name: str) -> TreeFile | None:
    """By its exact name, else by one that differs in case or ending alone (``readme.md``)."""
    exact = tree.get(name)
    if exact is not None:
        return exact
    outside = posixpath.normpath(posixpath.join(tree.source_path, name))
    if name.startswith(".."):
        return tree.read(outside)
    alike = [file for file in tree.files if file.path.lower() in (name.lower(), "readme.markdown")]
    return alike[0] if alike else None
