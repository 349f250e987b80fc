"""Load an overlay: render it, follow the GitOps objects in it, and say where each object came from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfm_checks.config import Config
from kfm_checks.errors import KfmChecksError, RenderError
from kfm_checks.facts.references import references
from kfm_checks.facts.tree import Tree
from kfm_checks.model import Manifest
from kfm_checks.provenance import Provenance
from kfm_checks.render import Renderer, find_renderer, render
from kfm_checks.target import Target

if TYPE_CHECKING:
    from kfm_checks.run import Options


@dataclass(frozen=True)
class Loaded:
    """What the renderers wrote. It is parsed on the calling thread: see ``manifest_fast`` for why."""

    text: str
    renderer: str
    tool: Renderer | None
    given: tuple[Manifest, ...] = ()
    second: str | None = None

    def inputs(self, config: Config, target: Target, origins: Provenance) -> dict[str, Any]:
        """The inputs that the render gives: objects with those of followed sources, reconcilers elsewhere."""
        from kfm_checks.follow import follow
        from kfm_checks.manifests import parse_rendered

        objects = tuple(origins.place(self.given)) if self.given else parsed(self.text, target.path, origins)
        outside = reconcilers(config, target)
        followed, more = follow(objects, outside, config, target, self.tool)
        inputs: dict[str, Any] = {"objects": (*objects, *more), "gitops_objects": outside, "followed": followed}
        if self.second is not None:
            inputs["second_render"] = tuple(parse_rendered(self.second))
        return inputs


def load_overlay(target: Target, options: Options) -> Loaded:
    """Render the overlay, or read the render that was given. Raises KfmChecksError."""
    if options.rendered is not None:
        from kfm_checks.manifests import load_manifests

        objects = tuple(load_manifests(options.rendered))
        if not objects:
            raise RenderError("there is no object in it", file=str(options.rendered), remedy="give a whole render")
        return Loaded("", f"rendered elsewhere ({options.rendered.name})", None, objects)
    tool = find_renderer(options.kustomize, options.loosened)
    with ThreadPoolExecutor(1) as pool:
        version = pool.submit(tool.version)
        text = render(target.folder, tool)
        return Loaded(text, version.result(), tool, (), _second(target, options, tool))


def parsed(text: str, shown: str, origins: Provenance) -> tuple[Manifest, ...]:
    """The objects of a render, each with its origin. Raises RenderError where there is none."""
    from kfm_checks.manifests import parse_rendered

    objects = parse_rendered(text)
    if not objects:
        raise RenderError("it renders to nothing", file=shown, remedy="name its resources")
    return tuple(origins.place(objects))


def provenance(tree: Tree, target: Target) -> Provenance:
    """The index of the files that the overlay is made from."""
    return Provenance(tree, references(tree), target.path)


def _second(target: Target, options: Options, tool: Renderer) -> str | None:
    """The render of a tool of another make: the bundled kubectl beside a chosen kustomize. None: there is none."""
    if not options.kustomize:
        return None
    other = find_renderer(None, options.loosened)
    if other.make == tool.make:
        return None
    return render(target.folder, other)


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
