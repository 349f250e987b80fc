"""Load an overlay: render it, follow the GitOps objects in it, and say where each object came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfm_checks.config import Config
from kfm_checks.errors import KfmChecksError, RenderError
from kfm_checks.model import Manifest
from kfm_checks.origins import with_origins
from kfm_checks.render import Renderer, find_renderer, render
from kfm_checks.target import Target, relative

if TYPE_CHECKING:
    from kfm_checks.run import Options


@dataclass(frozen=True)
class Loaded:
    """The overlay's own objects, and what is needed to follow its sources."""

    objects: tuple[Manifest, ...]
    renderer: str
    tool: Renderer | None
    second: tuple[dict[str, Any], ...] | None = None

    def inputs(self, config: Config, target: Target) -> dict[str, Any]:
        """The inputs that the render gives: objects with those of followed sources, reconcilers elsewhere."""
        from kfm_checks.follow import follow

        outside = reconcilers(config, target)
        followed, more = follow(self.objects, outside, config, target, self.tool)
        inputs: dict[str, Any] = {
            "objects": (*self.objects, *more),
            "gitops_objects": outside,
            "followed": followed,
        }
        if self.second is not None:
            inputs["second_render"] = self.second
        return inputs


def load_overlay(target: Target, options: Options) -> Loaded:
    """Render the overlay, or read the render that was given. Raises KfmChecksError."""
    if options.rendered is not None:
        from kfm_checks.manifests import load_manifests

        objects = tuple(load_manifests(options.rendered))
        if not objects:
            raise RenderError("there is no object in it", file=str(options.rendered), remedy="give a whole render")
        return Loaded(objects, f"rendered elsewhere ({options.rendered.name})", None)
    tool = find_renderer(options.kustomize, options.loosened)
    objects = render_objects(target.folder, target.root, tool)
    return Loaded(objects, tool.version(), tool, _second(target, options, tool))


def render_objects(
    folder: Path, root: Path, tool: Renderer, overrides: dict[str, object] | None = None
) -> tuple[Manifest, ...]:
    """Render a kustomize folder to objects with their origins."""
    from kfm_checks.manifests import parse_rendered

    text, base = render(folder, tool, overrides=overrides)
    return tuple(with_origins(parse_rendered(text), base, root, relative(folder, root)))


def _second(target: Target, options: Options, tool: Renderer) -> tuple[dict[str, Any], ...] | None:
    """The render of a tool of another make: the bundled kubectl beside a chosen kustomize. None: there is none."""
    from kfm_checks.manifests import parse_rendered

    if not options.kustomize:
        return None
    other = find_renderer(None, options.loosened)
    if other.make == tool.make:
        return None
    text, _ = render(target.folder, other, origins=False)
    return tuple(parse_rendered(text))


def reconcilers(config: Config, target: Target) -> tuple[Manifest, ...]:
    """Objects of the files and folders that ``gitops.manifests`` names: they live outside the overlay."""
    from kfm_checks.manifests import load_manifests

    found: list[Manifest] = []
    for name in config.gitops.manifests:
        path = (target.folder / name).resolve()
        if not path.exists():
            raise KfmChecksError(f"gitops.manifests names {name}, which isn't there", remedy="mend kfm-checks.yaml")
        if target.root not in (path, *path.parents):
            raise KfmChecksError(
                f"gitops.manifests names {name}, outside the repository", remedy="mend kfm-checks.yaml"
            )
        found.extend(load_manifests(path))
    return tuple(found)
