"""Lists of objects: by kind, in pages, several at a time; a refusal is kept as the listing's problem."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kfm_checks.facts.cluster import ApiKind, Listing
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.discovery import Served, path_of
from kfm_checks.live.kinds import SERVED, WANTED, kept, without_values
from kfm_checks.model import Manifest

#: Objects a page, and calls at the same time.
PAGE, WORKERS = 500, 8
#: A list may grow while it is read; past so many pages it is given up.
PAGES = 400
SECRET = ("", "Secret")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Name = tuple[str, str, str, str]


def wanted_kinds(rendered: Iterable[Manifest], *, in_cluster: bool = False) -> list[tuple[str, str, str]]:
    """(group, kind, version) to ask for: those of the render in their version, then what checks need besides.

    From inside the cluster Secrets are asked for only where the render has one: who may list them may read them.
    """
    found: dict[tuple[str, str], str] = {}
    for obj in rendered:
        version = obj.key.api_version.rpartition("/")[2]
        found.setdefault((obj.key.group, obj.key.kind), version)
    for group, kind in WANTED:
        if not (in_cluster and (group, kind) == SECRET):
            found.setdefault((group, kind), "")
    return sorted((group, kind, version) for (group, kind), version in found.items())


def _also_served(served: Served, asked: Collection[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Kinds of other projects that this server knows, in the version that it prefers."""
    known = {(group, kind) for group, kind, _ in asked}
    found = {pair for pair in served.kinds if pair in SERVED or (pair[0], "") in SERVED} - known
    # The group of an aggregated API that is down is known by its name alone: what it serves, nobody can say.
    down = {(group, kind or "*") for group, kind in SERVED if group in served.problems} - known
    return sorted((group, kind, "") for group, kind in found | down)


def list_all(
    connection: Connection,
    served: Served,
    rendered: Collection[Manifest],
    namespaces: Collection[str],
    *,
    in_cluster: bool = False,
) -> tuple[Listing, ...]:
    """Every wanted kind, cluster-wide where that is permitted, else in each of the overlay's namespaces."""
    names = {(o.key.group, o.key.kind, o.key.namespace, o.key.name) for o in rendered}
    asked = wanted_kinds(rendered, in_cluster=in_cluster)
    asked = sorted([*asked, *_also_served(served, asked)])
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(_listed, connection, served, wanted, names, sorted(namespaces)) for wanted in asked]
        found = tuple(listing for job in jobs for listing in job.result())
    return found + tuple(_unserved(found))


def _unserved(found: Collection[Listing]) -> Iterator[Listing]:
    """Kinds of other projects that this server does not know: they were asked for, and nothing of them can be there."""
    known = {pair for x in found for pair in ((x.kind.group, x.kind.kind), (x.kind.group, ""))}
    for group, kind in sorted(SERVED - known):
        yield Listing(ApiKind(group, "", kind or "*"), unserved=True)


def _listed(
    connection: Connection, served: Served, wanted: tuple[str, str, str], names: set[Name], namespaces: list[str]
) -> list[Listing]:
    group, name, version = wanted
    kind = served.find(group, name, version) or served.find(group, name)
    if kind is None:
        problem = served.problems.get(group, "")
        return [Listing(ApiKind(group, version, name), problem=problem, unserved=not problem)]
    try:
        return [Listing(kind, "", tuple(_pages(connection, kind, "", names)))]
    except Refusal as refusal:
        if refusal.status != 403 or not kind.namespaced:
            return [Listing(kind, problem=refusal.reason)]
    return [_in_namespace(connection, kind, namespace, names) for namespace in namespaces]


def _in_namespace(connection: Connection, kind: ApiKind, namespace: str, names: set[Name]) -> Listing:
    try:
        return Listing(kind, namespace, tuple(_pages(connection, kind, namespace, names)))
    except Refusal as refusal:
        return Listing(kind, namespace, problem=refusal.reason)


def _pages(connection: Connection, kind: ApiKind, namespace: str, names: set[Name]) -> list[Manifest]:
    """All pages. A list that expires between two of them is read once more from the start. Raises Refusal."""
    try:
        return list(_once(connection, kind, namespace, names))
    except Refusal as refusal:
        if refusal.status != 410:
            raise
    return list(_once(connection, kind, namespace, names))


def _once(connection: Connection, kind: ApiKind, namespace: str, names: set[Name]) -> Iterator[Manifest]:
    secret = (kind.group, kind.kind) == SECRET
    accept = _METADATA if secret else "application/json"
    token = ""
    for _ in range(PAGES):
        query = {"limit": PAGE, "continue": token}
        page = connection.get(path_of(kind, namespace), accept=accept, **query)
        yield from (_object(item, kind, names) for item in page.get("items") or [])
        token = str((page.get("metadata") or {}).get("continue") or "")
        if not token:
            return
    raise Refusal(f"the list has more than {PAGES * PAGE} objects")


def _object(item: dict[str, Any], kind: ApiKind, names: set[Name]) -> Manifest:
    secret = (kind.group, kind.kind) == SECRET
    if secret:
        item = without_values(item)
    item = {"apiVersion": kind.api_version, "kind": kind.kind, **{k: v for k, v in item.items() if k not in _TYPE}}
    metadata = item.get("metadata") or {}
    name = (kind.group, kind.kind, str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
    # Of a Secret the managed fields are kept, too: they alone tell that somebody changed what a controller makes.
    return Manifest(kept(item, whole=secret or name in names))


_TYPE = ("apiVersion", "kind")
