"""What the controllers say of themselves: GitOps controllers of their sync, workloads of their rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from kfm_checks.facts.cluster import Cluster
from kfm_checks.facts.gitops import ARGO, FLUX, FLUX_SOURCES, Reconciler, application
from kfm_checks.facts.live_age import moment
from kfm_checks.facts.objects import dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value

#: A controller that has said nothing for so long is not believed: Argo CD compares every 3 minutes, Flux at most daily
#: (Argo CD documentation, timeout.reconciliation; Flux documentation, Kustomization interval).
_FRESH_AFTER = {"Argo CD": timedelta(hours=1), "Flux": timedelta(hours=24)}


class Health(Value, frozen=True):
    """One statement of a controller. ``ok`` None: it says nothing, or nothing that still holds."""

    obj: Manifest
    ok: bool | None
    what: str
    message: str
    observed: str = ""
    expected: str = ""


def controllers(
    cluster: Cluster, reconcilers: Sequence[Reconciler], followed: Sequence[Any] = (), head: str = ""
) -> tuple[Health, ...]:
    """What the live Applications, Kustomizations and GitRepositories of this overlay say, each in several statements.

    Live objects are those of the rendered reconcilers, and what an ApplicationSet of them made. A source that nothing
    in the cluster reconciles is told, too: nobody says anything of it.
    """
    names = {(r.obj.key.group, r.obj.key.kind, r.obj.key.namespace, r.obj.key.name): r for r in reconcilers}
    found: list[Health] = []
    for obj in cluster.objects:
        key = obj.key
        known = names.get((key.group, key.kind, key.namespace, key.name)) or _generator(obj, names)
        if known is None:
            continue
        if (key.group, key.kind) == (ARGO, "Application"):
            found += _argo(obj, cluster, head or cluster.head)
        elif (key.group, key.kind) == (FLUX, "Kustomization"):
            found += _flux(obj, cluster, head or cluster.head)
    found += _sources(cluster, reconcilers)
    found += _unreconciled(cluster, reconcilers, followed) if found else []
    return tuple(found)


def _unreconciled(cluster: Cluster, reconcilers: Sequence[Reconciler], followed: Sequence[Any]) -> Iterator[Health]:
    """Reconcilers of git that the cluster does not have, and sources of theirs that no live object has."""
    for one in reconcilers:
        key = one.obj.key
        home, name = key.namespace, key.name
        mine = [o for o in cluster.of(key.kind, key.group) if (o.key.namespace, o.key.name) == (home, name)]
        if key.kind == "ApplicationSet":
            mine = [o for o in cluster.of("Application", ARGO) if o.key.namespace == home and _made_by(o, name)]
        live = {s.path for o in mine if key.group == ARGO for s in application(o, dig(o, "spec", default={}), ())}
        wanted = {item.path for item in followed if item.subject == key and item.state != "missing"}
        absent = sorted(wanted - live) if key.group == ARGO and followed else [] if mine else ["its source"]
        for path in absent:
            yield Health(one.obj, None, f"reconciles {path}", f"nothing in the cluster reconciles {path} for it")


def _made_by(obj: Manifest, name: str) -> bool:
    owners = items(obj, "metadata", "ownerReferences")
    return any((owner.get("kind"), owner.get("name")) == ("ApplicationSet", name) for owner in owners)


def _generator(obj: Manifest, names: dict[tuple[str, str, str, str], Reconciler]) -> Reconciler | None:
    for owner in items(obj, "metadata", "ownerReferences"):
        if owner.get("kind") == "ApplicationSet":
            return names.get((ARGO, "ApplicationSet", obj.key.namespace, str(owner.get("name"))))
    return None


def _argo(obj: Manifest, cluster: Cluster, head: str) -> Iterator[Health]:
    """Argo CD documentation, *Resource Health* and the Application's status."""
    status = dig(obj, "status", default={})
    sync, health = dig(status, "sync", "status", default=""), dig(status, "health", "status", default="")
    if not sync or not health:
        yield Health(
            obj, None, "status", "the controller has not said anything of it yet", "no status", "Synced, Healthy"
        )
        return
    stale = _stale(cluster, str(dig(status, "reconciledAt", default="")), "Argo CD")
    if stale:
        yield Health(
            obj, None, "reconciledAt", f"its status is stale: {stale}", str(dig(status, "reconciledAt", default=""))
        )
    believed = None if stale else True
    yield Health(
        obj, believed if sync == "Synced" else False, "sync", f"Argo CD says it is {sync}", str(sync), "Synced"
    )
    yield Health(
        obj,
        believed if health == "Healthy" else False,
        "health",
        f"Argo CD says it is {health}",
        str(health),
        "Healthy",
    )
    several = dig(status, "sync", "revisions", default=[])  # an Application of several sources
    revision = str(dig(status, "sync", "revision", default="")) or ", ".join(map(str, several))
    yield from _revision(obj, revision, head, believed)
    yield from _complaints(obj, status)


def _complaints(obj: Manifest, status: Any) -> Iterator[Health]:
    """What Argo CD reports beside sync and health: a sync that failed, and errors."""
    phase = dig(status, "operationState", "phase", default="")
    if phase in {"Failed", "Error"}:
        yield Health(obj, False, "operation", f"its last sync ended in {phase}", str(phase), "Succeeded")
    for condition in items(status, "conditions"):
        if str(condition.get("type", "")).endswith("Error"):
            yield Health(obj, False, "condition", f"it reports {condition['type']}", str(condition["type"]), "no error")


def _flux(obj: Manifest, cluster: Cluster, head: str) -> Iterator[Health]:
    """Flux documentation, *Kustomization* status; kstatus for observedGeneration, Ready and Stalled."""
    if dig(obj, "spec", "suspend") is True:
        yield Health(obj, False, "suspend", "it is suspended", "true", "false")
    ready = next((c for c in items(obj, "status", "conditions") if c.get("type") == "Ready"), None)
    if ready is None:
        yield Health(obj, None, "Ready", "the controller has not said anything of it yet", "no Ready condition", "True")
        return
    behind = dig(obj, "status", "observedGeneration", default=-1) != dig(obj, "metadata", "generation", default=-1)
    stale = "it has not looked at the present generation" if behind else _stale(cluster, _handled(obj, ready), "Flux")
    if stale:
        yield Health(obj, None, "observedGeneration", f"its status is stale: {stale}")
    state = str(ready.get("status"))
    believed = None if stale else True
    yield Health(obj, believed if state == "True" else False, "Ready", f"Flux says Ready is {state}", state, "True")
    if any(c.get("type") == "Stalled" and c.get("status") == "True" for c in items(obj, "status", "conditions")):
        yield Health(obj, False, "Stalled", "it is stalled", "True", "not stalled")
    yield from _revision(obj, str(dig(obj, "status", "lastAppliedRevision", default="")), head, believed)


def _handled(obj: Manifest, ready: dict[str, object]) -> str:
    """When the controller last spoke: history, or the time of the condition."""
    history = items(obj, "status", "history")
    return str((history[0].get("lastReconciled") if history else "") or ready.get("lastTransitionTime") or "")


def _sources(cluster: Cluster, reconcilers: Sequence[Reconciler]) -> Iterator[Health]:
    wanted = {
        (str(dig(r.obj, "spec", "sourceRef", "namespace", default=r.obj.key.namespace)),
         str(dig(r.obj, "spec", "sourceRef", "name", default="")))
        for r in reconcilers
        if r.tool == "Flux"
    }  # fmt: skip
    for obj in cluster.of("GitRepository", FLUX_SOURCES):
        if (obj.key.namespace, obj.key.name) in wanted:
            ready = next((c for c in items(obj, "status", "conditions") if c.get("type") == "Ready"), {})
            state = str(ready.get("status", "unknown"))
            ok = None if state == "unknown" else state == "True" and dig(obj, "spec", "suspend") is not True
            yield Health(obj, ok, "Ready", f"Flux says of the source: Ready is {state}", state, "True")


def _revision(obj: Manifest, revision: str, head: str, believed: bool | None) -> Iterator[Health]:
    """The revision applied against the commit that was looked at: another one is told, and is no fault by itself."""
    if not revision:
        yield Health(obj, None, "revision", "it names no revision that it applied", "", head)
    elif head and head not in revision:
        message = "it applied another commit than the one looked at here"
        yield Health(obj, None, "revision", message, revision, head)
    else:
        yield Health(
            obj, believed, "revision", "it applied this very commit" if head else "it names what it applied", revision
        )


def _stale(cluster: Cluster, spoken: str, tool: str) -> str:
    now, then = moment(cluster.taken), moment(spoken)
    if then is None:
        return "it does not say when it looked"
    if now is not None and now - then > _FRESH_AFTER[tool]:
        return f"it last looked at {spoken}, the cluster was read at {cluster.taken}"
    return ""
