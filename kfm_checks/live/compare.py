"""Each rendered object beside the live one, and what the server would make of the render, were it applied now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kfm_checks.facts.cluster import AS_RENDERED, DIFFERS, ApiKind, Comparison, Listing
from kfm_checks.facts.live_owners import CONTROLLERS
from kfm_checks.facts.objects import items
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.discovery import Served, path_of
from kfm_checks.live.kinds import kept
from kfm_checks.live.listing import WORKERS
from kfm_checks.model import Manifest

OURS = "kfm-checks"
Live = Mapping[tuple[str, str, str, str], Manifest]


def compare(
    connection: Connection, served: Served, rendered: Sequence[Manifest], listings: Sequence[Listing], *, dry_run: bool
) -> tuple[Comparison, ...]:
    """One comparison a rendered object, in the order of their keys.

    By server-side apply in dry run where that is permitted, so that the server's own defaulting, conversion and list
    keys decide; else the rendered object itself stands for what is wanted (``field-subset``).
    """
    live = {(o.key.group, o.key.kind, o.key.namespace, o.key.name): o for listing in listings for o in listing.objects}
    problems = {(x.kind.group, x.kind.kind, x.namespace): x.problem for x in listings if x.problem}
    ask = _Asking(connection, served, live, problems, dry_run)
    with ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(ask, sorted(rendered, key=lambda obj: obj.key)))
    return tuple(found)


class _Asking:
    """Asks for one object; remembers where the dry run of a kind is forbidden, so that each is refused only once."""

    def __init__(
        self,
        connection: Connection,
        served: Served,
        live: Live,
        problems: Mapping[tuple[str, str, str], str],
        dry_run: bool,
    ) -> None:
        self._connection, self._served, self._live, self._problems = connection, served, live, problems
        self._forbidden: dict[tuple[str, str, str], str] = {}
        self._why_not = "" if dry_run else "no dry run is tried here"

    def __call__(self, obj: Manifest) -> Comparison:
        key = obj.key
        kind = self._served.find(key.group, key.kind, key.api_version.rpartition("/")[2])
        if kind is None:
            problem = self._served.problems.get(key.group, "")
            # Another version of the kind may be served, and the object be there.
            live = self._live.get((key.group, key.kind, key.namespace, key.name))
            refused = f"{key.api_version} {key.kind} is not served"
            return Comparison(key, live, _shown(obj), problem=problem, refused=refused)
        namespace = key.namespace if kind.namespaced else ""
        problem = next((p for place in (namespace, "") if (p := self._problems.get((key.group, key.kind, place)))), "")
        live = self._live.get((key.group, key.kind, namespace, key.name))
        if not (obj.get("metadata") or {}).get("name"):
            return Comparison(key, None, _shown(obj), problem="the server makes its name (generateName)")
        if (key.group, key.kind) == ("", "Secret"):
            return self._secret(obj, kind, live, problem)
        wanted, refused = self._applied(obj, kind, live)
        if wanted is None:
            return Comparison(key, live, _shown(obj), "field-subset", problem, refused)
        return Comparison(key, live, wanted, "server-side-apply", problem, "")

    def _applied(self, obj: Manifest, kind: ApiKind, live: Manifest | None) -> tuple[Manifest | None, str]:
        place = (kind.group, kind.kind, obj.key.namespace)
        closed = self._why_not or self._forbidden.get(place)
        if closed:
            return None, closed
        query = {"dryRun": "All", "force": "true", "fieldManager": manager_of(live), "fieldValidation": "Strict"}
        path = path_of(kind, obj.key.namespace, obj.key.name)
        try:
            made = self._connection.call(
                "PATCH", path, dict(obj), query=query, content_type="application/apply-patch+yaml"
            )
        except Refusal as refusal:
            if refusal.status == 403 and _may_not(refusal.reason):
                self._forbidden[place] = refusal.reason
            return None, refusal.reason
        return Manifest(kept(made, whole=False)), ""

    def _secret(self, obj: Manifest, kind: ApiKind, live: Manifest | None, problem: str) -> Comparison:
        """A Secret's values are compared here and replaced: neither side's leaves this function."""
        if live is not None or problem:  # who may not list Secrets may be allowed to read this one
            try:
                found = self._connection.get(path_of(kind, obj.key.namespace, obj.key.name))
            except Refusal as refusal:
                return Comparison(obj.key, live, _shown(obj), problem=problem or refusal.reason)
            live, problem = Manifest(kept(_withheld(found, _values(obj)), whole=True)), ""
        return Comparison(obj.key, live, _shown(obj), "field-subset", problem, "Secrets are compared by value, here")


def manager_of(live: Manifest | None) -> str:
    """The GitOps controller that applies the object, where one does; else ours."""
    entries = items(live, "metadata", "managedFields")
    applied = {e.get("manager") for e in entries if e.get("operation") == "Apply" and not e.get("subresource")}
    return next((name for name in CONTROLLERS if name in applied), OURS)


def _may_not(reason: str) -> bool:
    """Whether it is about the verb: an admission policy's 403, and the right to create, are about one object alone."""
    return " cannot patch resource " in reason


def _values(obj: Mapping[str, Any]) -> dict[str, str]:
    import base64

    plain = {str(k): base64.b64encode(str(v).encode()).decode() for k, v in (obj.get("stringData") or {}).items()}
    return {**{str(k): _encoded(v) for k, v in (obj.get("data") or {}).items()}, **plain}


def _encoded(value: object) -> str:
    """Base64 as the server gives it back: it reads over line breaks, and keeps the bytes."""
    import base64
    import binascii

    text = "" if value is None else str(value)
    try:
        return base64.b64encode(base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)).decode()
    except (binascii.Error, ValueError):
        return text  # the server refuses it


def _withheld(found: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, Any]:
    data = {k: AS_RENDERED if wanted.get(k) == v else DIFFERS for k, v in (found.get("data") or {}).items()}
    return {**{k: v for k, v in found.items() if k not in {"data", "stringData"}}, "data": data}


def _shown(obj: Manifest) -> Manifest:
    if (obj.key.group, obj.key.kind) != ("", "Secret"):
        return obj
    shown = {k: v for k, v in obj.items() if k not in {"data", "stringData"}}
    return Manifest({**shown, "data": dict.fromkeys(_values(obj), AS_RENDERED)}, obj.origin)
