"""Renders begun on a guess, while the overlay itself still renders: one that turns out to be wanted is under way then.

A guess never decides anything. One that nobody asks for is ended unread, and so its failure is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kfm_checks.render import Render, Renderer

if TYPE_CHECKING:
    from kfm_checks.facts.references import References
    from kfm_checks.facts.tree import Tree
    from kfm_checks.model import Manifest

#: What the text of a file mentions that may hold a reconciler, or the source of one.
_SIGNS = ("argoproj.io/", "fluxcd.io/")


class Ahead:
    """Renders under way, by what they render; each is given away once."""

    def __init__(self) -> None:
        self._begun: dict[str, Render] = {}

    def begin(self, tool: Renderer, folder: Path, overrides: Mapping[str, object] | None) -> None:
        """Begin a render that may be wanted."""
        key = _key(folder, overrides)
        if key not in self._begun:
            self._begun[key] = tool.start(folder, overrides)

    def start(self, tool: Renderer, folder: Path, overrides: Mapping[str, object] | None) -> Render:
        """A render that is wanted: the one begun on a guess, else one begun now."""
        return self._begun.pop(_key(folder, overrides), None) or tool.start(folder, overrides)

    def stop(self) -> None:
        """End the renders that nobody wanted."""
        while self._begun:
            self._begun.popitem()[1].stop()

    def __len__(self) -> int:
        return len(self._begun)


def _key(folder: Path, overrides: Mapping[str, object] | None) -> str:
    return json.dumps([str(folder), overrides], sort_keys=True, default=str)


def likely_reconcilers(tree: Tree, references: References) -> tuple[Manifest, ...]:
    """Objects in the overlay's files that the render will most likely have, and that make a controller reconcile."""
    from kfm_checks.model import Manifest

    files = (tree.read(path) for path in references.reached)
    telling = (file for file in files if file and file.is_manifest_file and any(sign in file.text for sign in _SIGNS))
    values = (document.value for file in telling for document in file.documents)
    return tuple(Manifest(value) for value in values if isinstance(value, dict))
