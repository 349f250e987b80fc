"""LAY-01 and LAY-11: the overlay's folders are there, and each holds what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.config import Config
from kfm_checks.evidence import fails, file_key, holds, judged
from kfm_checks.facts.layout import PURPOSES, Layout, Placed, home
from kfm_checks.facts.references import References
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Evidence, Source


def overlay_has_expected_layout(tree: Tree, layout: Layout, config: Config) -> Iterator[Evidence]:
    """The overlay has its entrypoint, its README and its folders.

    Whoever opens an overlay finds each thing where the layout says. Other names are as good: the configuration's
    `layout`, or a README table whose cells are bound to LAY-04 … LAY-08, maps them to these intents.

    Remedy: add what is missing, or say under `layout:` in kfm-checks.yaml which folder serves the intent (null: none).
    """
    entry = tree.entrypoint
    if entry is not None:
        yield holds(file_key(entry.path), message="the entrypoint", source=entry.at(1))
    readme = tree.get(config.readme)
    subject = file_key(config.readme)
    if readme is not None and readme.text.strip():
        yield holds(subject, message="the README", source=readme.at(1))
    else:
        yield fails(subject, message=f"there is no {config.readme}", expected="a README", observed="absent")
    for intent, folder in layout.folders.items():
        if folder is None:
            continue
        there = bool(tree.folder(folder))
        make = holds if there else fails
        yield make(
            file_key(folder),
            message=f"the folder for {intent}" if there else f"there is no folder for {intent} ({PURPOSES[intent]})",
            expected=f"a folder for {intent}",
            observed=f"{len(tree.folder(folder))} files" if there else "absent",
            source=Source(_joined(tree.source_path, folder)),
        )


def folders_hold_what_they_are_for(
    tree: Tree, layout: Layout, placed: tuple[Placed, ...], references: References
) -> Iterator[Evidence]:
    """Each folder holds what it is for.

    A folder that is empty, or that holds only things of another folder's, misleads whoever looks there. Read from the
    objects in the folder's files and from the bases that its kustomization draws in.

    Remedy: move each object to the folder of its intent; remove a folder that has no use, and declare it null.
    """
    for intent, folder in layout.folders.items():
        if folder is None:
            continue
        inside = [item for item in placed if layout.intent_of(item.file) == intent]
        yield _purpose(intent, folder, inside, tree, references)
        for item in inside:
            belongs = home(item.key)
            right = layout.folders.get(belongs) or belongs
            if belongs and belongs not in {intent, "workload"} and item.used_as != "patch":
                yield fails(
                    item.subject,
                    message=f"{item.key.kind} stands under {folder}/ and belongs under {right}/",
                    expected=PURPOSES[intent],
                    observed=item.file,
                    source=item.source,
                )


def _purpose(intent: str, folder: str, inside: list[Placed], tree: Tree, references: References) -> Evidence:
    fitting = [item for item in inside if home(item.key) == intent or (intent == "patches" and item.used_as == "patch")]
    prefix = _joined(tree.source_path, folder)
    drawn = [r for k in references.kustomizations if k.folder == prefix for r in k.references if r.role == "folder"]
    patched = [f for f in tree.folder(folder) if intent == "patches" and f.is_manifest_file]
    count = len(fitting) or len(drawn) or len(patched)
    # Kinds of a custom API that no list here has: they may well be what the folder is for.
    strange = sorted({item.key.kind for item in inside if "." in item.key.group and not home(item.key)})
    observed = f"{count} of its kind" if count else "empty" if not tree.folder(folder) else "nothing of its kind"
    message = f"{folder}/ holds {PURPOSES[intent]}" if count else f"{folder}/ holds nothing of what it is for"
    if strange and not count:
        message = f"{folder}/ holds kinds of which nobody here knows what they are for: {', '.join(strange)}"
    return judged(
        bool(count) or (None if strange else False),
        file_key(folder),
        message=message,
        expected=PURPOSES[intent],
        observed=observed,
        source=Source(prefix),
    )


def _joined(*parts: str) -> str:
    return "/".join(part for part in parts if part)
