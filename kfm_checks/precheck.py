"""Refuse, before kustomize meets them, inputs that would keep it busy for minutes: huge files and YAML bombs."""

from __future__ import annotations

import re

from kfm_checks.errors import RenderError
from kfm_checks.facts.references import References
from kfm_checks.facts.tree import Tree

#: A manifest of this size is a mistake or an attack.
INPUT_LIMIT = 32 * 1024 * 1024
_ALIAS = re.compile(r"[\s,\[{]\*[\w-]+")


def precheck(tree: Tree, references: References) -> None:
    """Look at every file that the overlay reaches. Raises RenderError."""
    for path in references.reached:
        file = tree.read(path)
        if file is None:
            continue
        if file.size > INPUT_LIMIT:
            limit = f"{INPUT_LIMIT // 1024 // 1024} MiB"
            raise RenderError(
                f"the file is larger than {limit}", file=path, remedy="split it, or deliver it another way"
            )
        if file.is_manifest_file and "&" in file.text and _ALIAS.search(file.text) and "expand" in file.problem:
            raise RenderError(file.problem, file=path, remedy="write the values out instead of aliases of aliases")
