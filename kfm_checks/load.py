"""Load an overlay: render it, follow the GitOps objects in it, and say where each object came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfm_checks.ahead import Ahead, likely_reconcilers
from kfm_checks.errors import KfmChecksError, RenderError
from kfm_checks.render import Render, Renderer, Version, find_renderer

if TYPE_CHECKING:
    # Only named here: the render begins before anything else is imported.
    from kfm_checks.config import Config, Settings
    from kfm_checks.facts.references import References
    from kfm_checks.facts.tree import Tree
    from kfm_checks.judged import Options
    from kfm_checks.model import Manifest
    from kfm_checks.provenance import Provenance
    from kfm_checks.target import Target


@dataclass
class Loading:
    """Renderers at work, or a render that was made elsewhere."""

    render: Render | None
    tool: Renderer | None
    given: tuple[Manifest, ...] = ()
    elsewhere: str = ""
    second: Render | None = None
    ahead: Ahead = field(default_factory=Ahead)
    _version: Version | None = None

    def look_ahead(self, config: Config, target: Target, tree: Tree, references: References) -> None:
        """While the overlay renders, begin the renders that following its GitOps objects will most likely want."""
        from kfm_checks.follow import look_ahead

        if self.tool is None:
            return
        try:
            look_ahead(self.ahead, likely_reconcilers(tree, references), config, target, self.tool)
        except Exception:
            # The files may hold anything, and patches may yet mend it. What is wrong with the objects themselves is
            # said where they are followed, after the render: nothing is lost by guessing no further.
            return

    def inputs(self, settings: Settings, target: Target, origins: Provenance) -> dict[str, Any]:
        """The inputs that the render gives: objects with those of followed sources, reconcilers elsewhere."""
        from kfm_checks.delivery import delivering, delivery_of, postbuild
        from kfm_checks.follow import follow
        from kfm_checks.manifests import parse_rendered
        from kfm_checks.model import Manifest

        text = self.render.text() if self.render else ""
        # Asked only now: before, it would have kept the renderer from its work. The answer is awaited last.
        self._version = self.tool.version() if self.tool else None
        objects = origins.parse(text, target.path) if self.render else tuple(origins.place(self.given))
        config, outside = settings.config, reconcilers(settings, target)
        # Filled in before anything is read of them: a variable may stand in a path that is followed.
        jobs = delivering(objects, outside, config, target)
        filled = postbuild(jobs)
        objects = tuple(filled(obj) for obj in objects)
        delivery = delivery_of(jobs, objects)
        followed, more = follow(objects, outside, config, target, self.tool, self.ahead, delivery)
        self.ahead.stop()
        given = {"gitops_objects": outside, "followed": followed, "delivery": delivery}
        inputs: dict[str, Any] = {"objects": (*objects, *more), **given}
        if self.second is not None:
            second = map(Manifest, parse_rendered(self.second.text()))
            inputs["second_render"] = tuple(filled(obj) for obj in second)
        return inputs

    def renderer(self) -> str:
        """Who rendered, with the version; asked for by ``inputs``."""
        return self._version.text() if self._version else f"rendered elsewhere ({self.elsewhere})"

    def stop(self) -> None:
        """End the renderers: something else went wrong."""
        self.ahead.stop()
        for job in (self.render, self.second, self._version):
            if job is not None:
                job.stop()


def start(target: Target, options: Options) -> Loading:
    """Begin to render the overlay, or read the render that was given. Raises KfmChecksError."""
    if options.rendered is not None:
        from kfm_checks.manifests import load_manifests

        objects = tuple(load_manifests(options.rendered))
        if not objects:
            raise RenderError("there is no object in it", file=str(options.rendered), remedy="give a whole render")
        return Loading(None, None, objects, options.rendered.name)
    tool = find_renderer(options.kustomize, options.loosened)
    other = find_renderer(None, options.loosened) if options.kustomize else tool
    # One renderer against itself proves nothing: a second render is made only by a tool of another make.
    second = other.start(target.folder) if other.make != tool.make else None
    return Loading(tool.start(target.folder), tool, second=second)


def reconcilers(settings: Settings, target: Target) -> tuple[Manifest, ...]:
    """Objects of the files and folders that ``gitops.manifests`` names: they live outside the overlay."""
    from kfm_checks.config import NAME
    from kfm_checks.target import manifests_of, relative

    found: list[Manifest] = []
    for name in settings.config.gitops.manifests:
        path = (target.folder / name).resolve()
        outside = target.root not in (path, *path.parents)
        if outside or not path.exists():
            file, line = settings.origins.get(("gitops", "manifests"), (NAME, None))
            wrong = "outside the repository" if outside else "which isn't there"
            remedy = "mend the path, which starts from the file that names it"
            written = relative(path, (target.root / file).parent)
            raise KfmChecksError(f"gitops.manifests names {written}, {wrong}", file=file, line=line, remedy=remedy)
        found.extend(manifests_of(path, target.root))
    return tuple(found)
