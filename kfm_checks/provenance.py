"""Where each rendered object and field comes from: one walk of the kustomizations, names as kustomize makes them.

kustomize can annotate objects with their origin itself; on the shipped overlay that makes the render five times slower
(``docs/decisions/0004-provenance.md``), and a render made elsewhere has no annotations. Files are scanned for the names
of their objects; a file is parsed, for the lines of its fields, only when somebody asks.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kfm_checks.errors import RenderError
from kfm_checks.evidence import LIST_KEYS
from kfm_checks.facts.objects import dig
from kfm_checks.facts.references import Kustomization, Reference, References
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.facts.tree_names import names
from kfm_checks.facts.tree_yaml import Document
from kfm_checks.model import Manifest, ObjectKey, Origin, Path, Source
from kfm_checks.render_errors import COMPONENT, is_component

DEPTH = 32
_HASH = re.compile(r"-[bcdfghjklmnpqrstvwxz0-9]{10}$")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")


@dataclass(frozen=True)
class _Context:
    """What the kustomizations above do to the objects of a folder."""

    namespace: str = ""
    prefix: str = ""
    suffix: str = ""
    #: Innermost first: the last one that sets a field decides it.
    patches: tuple[Reference, ...] = ()

    def within(self, kustomization: Kustomization) -> _Context:
        content = kustomization.content
        own = tuple(r for r in kustomization.references if r.name in _PATCHES and r.role == "file")
        return _Context(
            self.namespace or str(dig(content, "namespace", default="")),
            self.prefix + str(dig(content, "namePrefix", default="")),
            str(dig(content, "nameSuffix", default="")) + self.suffix,
            own + self.patches,
        )


@dataclass(frozen=True)
class _Place:
    """One object in a file: its own names there, and what happens to it on the way to the render."""

    file: TreeFile
    line: int
    kind: str
    name: str
    namespace: str
    context: _Context
    generated: bool = False


class Provenance:
    """The index from rendered names to places, for one render."""

    def __init__(self, tree: Tree, references: References, render: str) -> None:
        self._tree, self._render = tree, render
        self._folders = {k.folder: k for k in references.kustomizations}
        self._exact: dict[tuple[str, str, str], _Place] = {}
        self._named: dict[tuple[str, str], list[_Place]] = defaultdict(list)
        for place in self._walk(tree.source_path, _Context(), DEPTH):
            context = place.context
            name = place.name if place.kind == "Namespace" else f"{context.prefix}{place.name}{context.suffix}"
            self._exact.setdefault((place.kind, context.namespace or place.namespace, name), place)
            self._named[place.kind, name].append(place)

    def parse(self, text: str, shown: str) -> tuple[Manifest, ...]:
        """The objects of a render, each with its origin. Raises RenderError where there is none."""
        from kfm_checks.manifests import parse_rendered

        objects = parse_rendered(text)
        if not objects:
            component = is_component(self._tree.root)
            cause, remedy = COMPONENT if component else ("it renders to nothing", "name its resources")
            raise RenderError(cause, file=shown, remedy=remedy)
        return tuple(self.place(objects))

    def place(self, objects: Iterable[dict[str, Any]]) -> list[Manifest]:
        """The objects, each with its origin."""
        placed = []
        for obj in objects:
            manifest = Manifest(obj)
            manifest.origin = self._origin(manifest)
            placed.append(manifest)
        return placed

    def _origin(self, obj: Manifest) -> Origin:
        found = self._find(obj.key)
        if found is None:
            return Origin(render=self._render)
        return Origin(found.file.source_path, found.line, _Fields(self._tree, found, obj), self._render)

    def _find(self, key: ObjectKey) -> _Place | None:
        for name in (key.name, _HASH.sub("", key.name)):
            for namespace in (key.namespace, ""):
                found = self._exact.get((key.kind, namespace, name))
                if found and (name == key.name or found.generated):
                    return found
            alike = self._named.get((key.kind, name), [])
            if len({place.file.source_path for place in alike}) == 1:
                return alike[0]
        return None

    def _walk(self, folder: str, above: _Context, depth: int) -> Iterator[_Place]:
        kustomization = self._folders.get(folder)
        if kustomization is None or depth == 0:
            return
        context = above.within(kustomization)
        yield from _generators(kustomization, context)
        for reference in kustomization.references:
            if reference.role == "folder":
                yield from self._walk(reference.target, context, depth - 1)
            elif reference.role == "file" and reference.name in {"resources", "bases", "crds"}:
                file = self._tree.read(reference.target)
                for place in scan(file) if file else ():
                    yield replace(place, context=context)


def _generators(kustomization: Kustomization, context: _Context) -> Iterator[_Place]:
    for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
        entries = kustomization.content.get(field)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            name, namespace = str(dig(entry, "name", default="")), str(dig(entry, "namespace", default=""))
            line = kustomization.document.line_of(field, index)
            yield _Place(kustomization.file, line, kind, name, namespace, context, generated=True)


def scan(file: TreeFile) -> list[_Place]:
    """The objects of a file, without what happens to them on the way."""
    return [_Place(file, n.line, n.key.kind, n.key.name, n.key.namespace, _Context()) for n in names(file)]


class _Fields:
    """Sources of an object's fields: the outermost patch that sets a field, else its own file. Found on demand."""

    def __init__(self, tree: Tree, place: _Place, obj: Manifest) -> None:
        self._tree, self._place, self._object = tree, place, obj

    def source(self, path: Path) -> Source:
        """The file and line of a field, or of its nearest parent in the object's own file."""
        if path and not self._place.generated:
            for reference in reversed(self._place.context.patches):
                line = self._patched(reference, path)
                if line:
                    return Source(reference.target, line)
        return Source(self._place.file.source_path, self._own(path))

    def _patched(self, reference: Reference, path: Path) -> int | None:
        file = self._tree.read(reference.target)
        for document in file.documents if file else ():
            value = document.value
            if isinstance(value, dict) and _identity(value) == (self._place.kind, self._place.name):
                at = _aligned(self._object, value, path)
                if len(at) == len(path):
                    return document.line_of(*at)
        return None

    def _own(self, path: Path) -> int:
        found = _by_name(self._place.file).get((self._place.kind, self._place.name, self._place.namespace))
        if found is None:
            return self._place.line
        document, value, base = found
        return document.line_of(*base, *_aligned(self._object, value, path))


def _identity(value: dict[str, Any]) -> tuple[str, str]:
    key = Manifest(value).key
    return key.kind, key.name


_Written = tuple[Document, dict[str, Any], Path]


def _by_name(file: TreeFile) -> dict[tuple[str, str, str], _Written]:
    """The objects of a file by kind, name and namespace, the first of each; kept with the file, which may be long."""
    known: dict[tuple[str, str, str], _Written] | None = file.__dict__.get("_by_name")
    if known is None:
        known = {}
        for written in _objects(file):
            key = Manifest(written[1]).key
            known.setdefault((key.kind, key.name, key.namespace), written)
        file.__dict__["_by_name"] = known
    return known


def _objects(file: TreeFile) -> Iterator[tuple[Document, dict[str, Any], Path]]:
    for document in file.documents if file.is_manifest_file else ():
        value = document.value
        if (
            isinstance(value, dict)
            and str(value.get("kind", "")).endswith("List")
            and isinstance(value.get("items"), list)
        ):
            for index, item in enumerate(value["items"]):
                if isinstance(item, dict):
                    yield document, item, ("items", index)
        elif isinstance(value, dict):
            yield document, value, ()


def _aligned(rendered: Any, written: Any, path: Path) -> Path:
    """As much of the path as is written in the source, list items matched by their key rather than their index."""
    steps: list[str | int] = []
    for step in path:
        rendered = dig(rendered, step)
        if isinstance(step, int) and isinstance(written, list):
            index = _twin(rendered, written, step)
            if index is None:
                break
            step = index
        if not (isinstance(written, dict) and step in written) and not isinstance(step, int):
            break
        written = dig(written, step)
        steps.append(step)
    return tuple(steps)


def _twin(item: Any, written: list[Any], index: int) -> int | None:
    """The index in the source of a rendered list item."""
    name = next((key for key in LIST_KEYS if isinstance(item, dict) and key in item), None)
    if name is not None:
        return next((i for i, w in enumerate(written) if isinstance(w, dict) and w.get(name) == item[name]), None)
    return next((i for i, w in enumerate(written) if w == item), index if index < len(written) else None)
