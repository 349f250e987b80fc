"""GATE-01 and OPS-01: the overlay renders, and two renderers of different make agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, file_key, holds
from kfm_checks.facts.objects import Delivery, Inventory
from kfm_checks.facts.objects import inventory as index
from kfm_checks.model import Evidence, Overlay


def overlay_renders(objects: tuple[Any, ...], overlay: Overlay) -> Iterator[Evidence]:
    """The overlay renders.

    What can't be rendered can't be reconciled: kustomize builds the overlay to at least one object. An overlay that
    can't be rendered has no report at all (exit status 2).

    Remedy: run `kfm-checks render PATH` and mend what it names.
    """
    if overlay.renderer == "none":
        raise NotVerified("plain objects were given, so nothing was rendered")
    yield holds(
        file_key(overlay.path),
        message=f"it renders to {len(objects)} objects",
        expected="a render without errors",
        observed=overlay.renderer,
    )


def render_is_reproducible(
    inventory: Inventory, second_render: tuple[dict[str, Any], ...], delivery: Delivery | None
) -> Iterator[Evidence]:
    """Two renderers of different make give the same objects.

    The governing document offers kustomize and kubectl as equals; they are only where both give the same objects.
    One renderer against itself proves nothing, so this is not verified unless `--kustomize` names a second one.

    Remedy: pin both to versions that carry the same kustomize, and avoid what only one of them knows.
    """
    other = index(second_render, delivery)
    wanted = {obj.key: obj for obj in other}
    own = [obj for obj in inventory if obj.key in wanted or obj.origin.render == _main_render(inventory)]
    for obj in own:
        twin = wanted.pop(obj.key, None)
        same = twin is not None and dict(twin) == dict(obj)
        message = (
            "both renderers make it" if same else "only one renderer makes it" if twin is None else "they differ on it"
        )
        seen = "the same" if same else "absent from the second" if twin is None else "another content"
        yield (holds if same else fails)(obj, message=message, expected="the same from both", observed=seen)
    for key in wanted:
        text = "only the second renderer makes it"
        yield fails(key, message=text, expected="the same from both", observed="absent from the first")


def _main_render(inventory: Inventory) -> str:
    """The overlay's own render: that of the first object (followed sources come after it)."""
    return next((obj.origin.render for obj in inventory), "")
