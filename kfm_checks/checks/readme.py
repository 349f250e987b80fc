"""REF: what the README refers to is there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from kfm_checks.config import Config
from kfm_checks.evidence import file_key, judged
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.model import Evidence, Source
from kfm_checks.readme import Link, Readme, parse_readme
from kfm_checks.values import Value

_PLACEHOLDER = re.compile(r"[<>{}$*?\[\]…\s]|\.\.\.|(^|/)[A-Z]{2,}(/|\.[a-z]+$|$)")
_API_VERSION = re.compile(r"(^|/)v\d+((alpha|beta)\d+)?(/|$)")
_CODE_LINES = re.compile(r"L\d+(C\d+)?(-L?\d+(C\d+)?)?")
#: Names that are written in capitals and are files all the same.
_CAPITALS = re.compile(
    r"(^|/)(README|LICENSE|CHANGELOG|CONTRIBUTING|CODEOWNERS|SECURITY|NOTICE|OWNERS|Kustomization)\b"
)


def readme_references_resolve(readme: Readme, tree: Tree, config: Config) -> Iterator[Evidence]:
    """Every reference, link and path that the README names leads to something that is there.

    A runbook that points to a file which has gone fails at the moment it is needed. Links are followed as GitHub
    follows them: relative to the README, `/` meaning the repository's root, anchors as GitHub makes them from
    headings. The folder map's entries must exist. A path in a code span is judged where it can only be one: it ends
    in `/` or has an extension, and its first folder exists. Titles without a target are not applicable. Links to the
    web are not followed offline: each is shown, and the row is then not verified; those to this very repository are
    looked up in it. A badge's picture is decoration and no reference.

    Remedy: correct the path, the anchor or the link at the line that is named.
    """
    seen: set[tuple[str, int, str]] = set()
    for found in (*_links(readme, tree, config), *_folders(readme, tree), *_named(readme, tree)):
        key = (found.target, found.line, found.kind)
        if key not in seen:
            seen.add(key)
            yield _evidence(found, readme)


class _Found(Value, frozen=True):
    """A reference and whether it resolves; None: nobody could tell."""

    target: str
    line: int
    kind: str
    ok: bool | None
    message: str


def _evidence(found: _Found, readme: Readme) -> Evidence:
    return judged(
        found.ok,
        file_key(readme.path),
        message=found.message,
        expected="something that is there",
        observed=found.target,
        about=f"{found.kind} {found.target}",
        source=Source(readme.path, found.line),
    )


def _links(readme: Readme, tree: Tree, config: Config) -> Iterator[_Found]:
    for link in readme.links:
        if link.kind == "named" or not link.target.strip():
            continue
        target = _own(link.target.strip(), config)
        if _is_web(target):
            if link.kind == "link":
                message = f"{link.target} is a web page; web links are not followed offline"
                yield _Found(link.target, link.line, link.kind, None, message)
            continue
        ok, why = _resolve(target, readme, tree)
        yield _Found(link.target, link.line, link.kind, ok, f"The {link.kind} to {link.target} {why}")


def _own(target: str, config: Config) -> str:
    """A link to a file of the declared repository on its host, as a path from the repository's root."""
    repository = config.gitops.repository.removesuffix(".git").rstrip("/")
    if not repository.startswith("http"):
        return target
    found = re.match(re.escape(repository) + r"/(?:-/)?(?:blob|tree|raw)/([^/]+)/(.*)$", target)
    return f"/{found[2]}" if found and found[1] in (config.gitops.branch, "HEAD") else target


def _is_web(target: str) -> bool:
    try:
        return bool(urlsplit(target).scheme) or target.startswith("//")
    except ValueError:  # such as an unclosed bracket in the host
        return True


def _resolve(target: str, readme: Readme, tree: Tree) -> tuple[bool | None, str]:
    """Whether a relative link leads somewhere, and how to say so."""
    path, _, fragment = target.partition("#")
    path, fragment = unquote(path.partition("?")[0]), unquote(fragment)
    if not path:
        return _anchor(fragment, readme)
    start = "" if path.startswith("/") else posixpath.dirname(readme.path)
    resolved = posixpath.normpath(posixpath.join(start, path.lstrip("/") if path.startswith("/") else path))
    if resolved.startswith(".."):
        return None, "leads out of the repository, where nobody looked"
    if _is_folder(tree, resolved):
        return True, "leads to a folder that is there"
    file = _file(tree, resolved)
    if file is None or path.endswith("/"):
        return False, f"leads nowhere: the repository has no {resolved}"
    markdown = file.suffix in (".md", ".markdown") and not file.unread
    if not fragment or _CODE_LINES.fullmatch(fragment) or not markdown:
        return True, "leads to a file that is there"
    return _anchor(fragment, parse_readme(file.text, file.source_path))


def _anchor(fragment: str, readme: Readme) -> tuple[bool, str]:
    wanted = fragment.removeprefix("user-content-")
    if wanted.lower() in {anchor.lower() for anchor in readme.anchors} or wanted in ("", "top"):
        return True, f"leads to a heading of {readme.path}"
    return False, f"leads nowhere: {readme.path} has no heading with this anchor"


def _folders(readme: Readme, tree: Tree) -> Iterator[_Found]:
    paths = [folder.path for folder in readme.folders if not _is_placeholder(folder.path)]
    titles = {path.partition("/")[0] for path in paths if _is_below_title(path, tree)}
    for folder in readme.folders:
        first, _, rest = folder.path.partition("/")
        path = rest if first in titles else folder.path
        if folder.path in paths and path:
            ok = _exists(path, tree)
            why = "is there" if ok else "is not there"
            yield _Found(folder.path, folder.line, "folder-map", ok, f"{folder.path} of the folder map {why}")


def _is_below_title(path: str, tree: Tree) -> bool:
    """A map drawn below a title that is no folder (``production-overlay/``): its entries are the overlay's own."""
    first, _, rest = path.partition("/")
    return bool(rest) and not _exists(f"{first}/", tree) and _exists(rest, tree)


def _named(readme: Readme, tree: Tree) -> Iterator[_Found]:
    for link in readme.links:
        if link.kind == "named" and _may_be_path(link):
            path = link.target.removeprefix("./")
            if _exists(path, tree):
                yield _Found(link.target, link.line, link.kind, True, f"The path {link.target} is there")
            elif _must_be_path(path, tree):
                yield _Found(link.target, link.line, link.kind, False, f"The path {link.target} is not there")


def _may_be_path(link: Link) -> bool:
    target = link.target
    looks = "/" in target and re.fullmatch(r"[\w./@+-]+", target) is not None
    return looks and not target.startswith("/") and not _is_placeholder(target) and not _API_VERSION.search(target)


def _is_placeholder(path: str) -> bool:
    return bool(_PLACEHOLDER.search(path)) and not _CAPITALS.search(path)


def _must_be_path(path: str, tree: Tree) -> bool:
    """Nothing else looks so: its form is that of a path, and its first folder exists."""
    first, _, rest = path.partition("/")
    formed = bool(rest) and (path.endswith("/") or re.search(r"\.[A-Za-z][A-Za-z0-9]*$", path) is not None)
    return formed and any(_is_folder(tree, posixpath.normpath(base)) for base in _places(first, tree))


def _exists(path: str, tree: Tree) -> bool:
    """A path of the README, from the overlay, from the repository's root, or from the folder above the overlay."""
    places = [posixpath.normpath(place) for place in _places(path.rstrip("/") or ".", tree)]
    inside = [place for place in places if not place.startswith("..")]
    return any(_is_folder(tree, place) or (not path.endswith("/") and _file(tree, place)) for place in inside)


def _file(tree: Tree, path: str) -> TreeFile | None:
    return tree.read(path) if _is_sane(path) else None


def _is_folder(tree: Tree, path: str) -> bool:
    return path == "." or (_is_sane(path) and tree.is_folder(path))


def _is_sane(path: str) -> bool:
    """What a file system can be asked: no zero byte, no name longer than any file system allows."""
    return "\0" not in path and len(path) < 2000 and all(len(part.encode()) < 256 for part in path.split("/"))


def _places(path: str, tree: Tree) -> tuple[str, ...]:
    """Where a path may be meant to start; a map may be drawn from the overlay's own folder name down."""
    own = posixpath.basename(tree.source_path)
    above = (posixpath.join(posixpath.dirname(tree.source_path), path),) if own and path.split("/")[0] == own else ()
    return (posixpath.join(tree.source_path, path), path, *above)
