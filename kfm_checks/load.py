"""Load an overlay: render it, follow the GitOps objects in it, and say where each object came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfm_checks.config import Config
from kfm_checks.errors import KfmChecksError, RenderError
from kfm_checks.model import Manifest
from kfm_checks.provenance import Provenance
from kfm_checks.render import Render, Renderer, Version, find_renderer
from kfm_checks.target import Target

if TYPE_CHECKING:
    from kfm_checks.judged import Options


@dataclass(frozen=True)
class Loading:
    """Renderers at work, or a render that was made elsewhere."""

    render: Render | None
    version: Version | None
    tool: Renderer | None
    given: tuple[Manifest, ...] = ()
    elsewhere: str = ""
    second: Render | None = None

    @property
    def renderer(self) -> str:
        """Who rendered, with the version."""
        return self.version.text() if self.version else f"rendered elsewhere ({self.elsewhere})"

    def inputs(self, config: Config, target: Target, origins: Provenance) -> dict[str, Any]:
        """The inputs that the render gives: objects with those of followed sources, reconcilers elsewhere."""
        from kfm_checks.follow import follow
        from kfm_checks.manifests import parse_rendered

        given = tuple(origins.place(self.given))
        objects = origins.parse(self.render.text(), target.path) if self.render else given
        outside = reconcilers(config, target)
        followed, more = follow(objects, outside, config, target, self.tool)
        inputs: dict[str, Any] = {"objects": (*objects, *more), "gitops_objects": outside, "followed": followed}
        if self.second is not None:
            inputs["second_render"] = tuple(parse_rendered(self.second.text()))
        return inputs

    def stop(self) -> None:
        """End the renderers: something else went wrong."""
        for job in (self.render, self.second):
            if job is not None:
                job.stop()
        if self.version is not None:
            self.version.process.stop()


def start(target: Target, options: Options) -> Loading:
    """Begin to render the overlay, or read the render that was given. Raises KfmChecksError."""
    if options.rendered is not None:
        from kfm_checks.manifests import load_manifests

        objects = tuple(load_manifests(options.rendered))
        if not objects:
            raise RenderError("there is no object in it", file=str(options.rendered), remedy="give a whole render")
        return Loading(None, None, None, objects, options.rendered.name)
    tool = find_renderer(options.kustomize, options.loosened)
    other = find_renderer(None, options.loosened) if options.kustomize else tool
    # One renderer against itself proves nothing: a second render is made only by a tool of another make.
    second = other.start(target.folder) if other.make != tool.make else None
    return Loading(tool.start(target.folder), tool.version(), tool, second=second)


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
