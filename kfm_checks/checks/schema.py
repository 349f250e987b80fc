"""GATE-02 and META-03: the objects against the schemas of Kubernetes, and which Kubernetes that is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.schemas import Schemas, VersionSchemas, kind_of_object
from kfm_checks.facts.schemas_removed import Removal, deprecations
from kfm_checks.facts.schemas_rules import Problem
from kfm_checks.facts.schemas_store import Kind, minor_version
from kfm_checks.model import Evidence, Manifest, ObjectKey

_SHOWN_NAMES = 5
_CLUSTER = ObjectKey("", "Cluster", "", "kubernetes")


def objects_match_schema(inventory: Inventory, schemas: Schemas) -> Iterator[Evidence]:
    """Every object is valid against the schema of its kind.

    The API server refuses, or with lenient validation silently drops, what its schema does not know: a misspelt field
    is a setting that never takes effect. Each object is held against the schema of its kind in the Kubernetes version
    chosen (`--kubernetes-version`, else the newest known here), as the API server's strict field validation does
    (Kubernetes API Concepts, Field validation): unknown fields, types, required fields, closed sets of values,
    duplicate list items, names and labels. So are values that the server's own validation refuses: ports, selectors
    that don't match the template, mounts without a volume, requests above limits, schedules. Removed APIs are named as
    removed. Custom resources are held against CustomResourceDefinitions in the render or given with `--schemas`, with
    their validation rules in CEL (`x-kubernetes-validations`, as on a creation); a kind without a schema is named,
    never passed.

    Remedy: correct the field named; give the CustomResourceDefinition in the overlay or by `--schemas`.
    """
    for version in schemas:
        missing: dict[Kind, list[Manifest]] = defaultdict(list)
        for obj in inventory:
            kind = kind_of_object(obj)
            removed = version.removal(kind)
            if removed is not None:
                yield _removed(obj, kind, removed, _about(schemas, version))
                continue
            problems = version.problems(obj)
            if problems is None:
                missing[kind].append(obj)
            else:
                yield from _judged(obj, kind, version, problems, _about(schemas, version))
        yield from _missing(missing, _about(schemas, version))


def _removed(obj: Manifest, kind: Kind, removed: Removal, about: str) -> Evidence:
    instead = f"write {removed.instead}" if removed.instead else "nothing replaces it"
    return fails(
        obj,
        ("apiVersion",),
        message=f"{kind.kind} of {kind.api_version} was removed in Kubernetes {removed.removed_in}; {instead}",
        expected=removed.instead or "a kind that Kubernetes serves",
        observed=kind.api_version,
        about=about,
    )


def _about(schemas: Schemas, version: VersionSchemas) -> str:
    """Findings are told apart by version only where several were chosen."""
    return f"Kubernetes {version.version}" if len(schemas.versions) > 1 else ""


def _judged(
    obj: Manifest, kind: Kind, version: VersionSchemas, problems: list[Problem], about: str
) -> Iterator[Evidence]:
    for problem in problems:
        yield judged(
            None if problem.unknown else False,
            obj,
            problem.path,
            message=f"{problem.message} ({_release(version, kind)})",
            expected=problem.expected,
            observed=problem.observed,
            about=f"{about} {problem.message}".strip() if _repeats(problem, problems) else about,
        )
    if not problems:
        notes = "; ".join(deprecations(kind, version.version))
        message = f"it matches the schema of {_release(version, kind)}" + (f"; {notes}" if notes else "")
        yield holds(obj, (), message=message, expected="valid against its schema", observed="valid", about=about)


def _repeats(problem: Problem, problems: list[Problem]) -> bool:
    return sum(other.path == problem.path for other in problems) > 1


def _release(version: VersionSchemas, kind: Kind) -> str:
    if version.served(kind):
        return f"Kubernetes {version.version}"
    return f"its CustomResourceDefinition, Kubernetes {version.version}"


def _missing(missing: dict[Kind, list[Manifest]], about: str) -> Iterator[Evidence]:
    """One piece of evidence a kind without a schema."""
    for kind, objects in sorted(missing.items()):
        names = ", ".join(sorted(str(obj.key) for obj in objects)[:_SHOWN_NAMES])
        more = f" and {len(objects) - _SHOWN_NAMES} more" if len(objects) > _SHOWN_NAMES else ""
        yield unknown(
            ObjectKey(kind.api_version, kind.kind, "", "*"),
            message=f"no schema is known for {kind.kind} of {kind.api_version}: "
            f"{len(objects)} not looked at ({names}{more})",
            expected="its CustomResourceDefinition in the overlay or in --schemas",
            observed="no schema",
            about=about,
        )


def kubernetes_version_is_known(
    schemas: Schemas, kubernetes_versions: tuple[str, ...], cluster: Cluster | None
) -> Iterator[Evidence]:
    """The Kubernetes distribution and version are known.

    APIs come and go with versions (Kubernetes documentation, Deprecated API Migration Guide): a manifest is valid only
    for a version. No manifest says which version runs: it is read from the cluster, or somebody vouches for it. Without
    either, what is shown is the version that the objects were held against; a version chosen by hand has to be the
    cluster's.

    Remedy: run with `--context` or `--snapshot`, or write an attestation that names the distribution and version.
    """
    held_against = [version.version for version in schemas]
    running = str(cluster.version.get("gitVersion") or "") if cluster is not None else ""
    if not running:
        for version in held_against:
            yield _not_confirmed(version, chosen=bool(kubernetes_versions))
        return
    agrees = not kubernetes_versions or minor_version(running) in held_against
    yield judged(
        agrees,
        _CLUSTER,
        message=f"the cluster runs Kubernetes {running}, {distribution(running)}; "
        f"the objects were held against {', '.join(held_against)}",
        expected="one of the versions chosen" if kubernetes_versions else "a version that the cluster tells",
        observed=running,
    )


def _not_confirmed(version: str, *, chosen: bool) -> Evidence:
    how = "chosen by --kubernetes-version" if chosen else "the newest known here; nothing was chosen"
    return unknown(
        _CLUSTER,
        message=f"the objects were held against Kubernetes {version} ({how}); "
        "nobody confirmed that the cluster runs it",
        expected="distribution and version, read from the cluster or vouched for",
        observed="not confirmed",
        about=version,
    )


def distribution(git_version: str) -> str:
    """The distribution, as far as the version's suffix tells: ``v1.34.1+k3s1`` is k3s."""
    names = {"k3s": "k3s", "rke2": "RKE2", "eks": "Amazon EKS", "gke": "Google GKE"}
    found = next((name for mark, name in names.items() if mark in git_version), "")
    return f"by its suffix {found}" if found else "whose version names no distribution"
