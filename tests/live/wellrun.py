"""Clusters made of objects: for examples from what is written there, for mutations from the shipped render itself."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kfm_checks.facts.access.rules import Request
from kfm_checks.facts.cluster import Answer, ApiKind, Attempt, Cluster, Comparison, Listing, Probe
from kfm_checks.facts.live import namespaces_of, tried_in
from kfm_checks.facts.objects import inventory
from kfm_checks.judged import Judged
from kfm_checks.live.attempts import BREAKS, CONFORMING
from kfm_checks.live.kinds import SERVED, WANTED
from kfm_checks.live.reviews import questions
from kfm_checks.manifests import parse_manifests
from kfm_checks.model import Manifest

TAKEN = "2026-11-22T08:00:00+00:00"
APPLIED = "2026-11-21T08:00:00Z"
Key = tuple[str, str, str, str]


def identity(obj: Manifest) -> Key:
    """Group, kind, namespace and name."""
    return (obj.key.group, obj.key.kind, obj.key.namespace, obj.key.name)


def listings(objects: Iterable[Manifest], unread: Mapping[str, str] | None = None) -> tuple[Listing, ...]:
    """One listing for each kind that is asked for or there; those of ``unread`` carry a problem and no object."""
    by_kind: dict[tuple[str, str], list[Manifest]] = {(group, kind or "*"): [] for group, kind in (*WANTED, *SERVED)}
    for obj in objects:
        by_kind.setdefault((obj.key.group, obj.key.kind), []).append(obj)
    found = []
    for (group, kind), listed in sorted(by_kind.items()):
        version = listed[0].key.api_version.rpartition("/")[2] if listed else "v1"
        one = Listing(ApiKind(group, version, kind, f"{kind.lower()}s"), "", tuple(listed))
        problem = (unread or {}).get(str(one.kind), "")
        found.append(replace(one, objects=(), problem=problem) if problem else one)
    return tuple(found)


def compared(rendered: Iterable[Manifest], live: Iterable[Manifest], how: Any) -> tuple[Comparison, ...]:
    """Each rendered object beside the live one of its name."""
    by_name = {identity(obj): obj for obj in live}
    return tuple(Comparison(obj.key, by_name.get(identity(obj)), obj, how) for obj in rendered)


def of_example(content: Mapping[str, Any], rendered: Iterable[Manifest]) -> Cluster:
    """The cluster of an example: ``live`` has its objects, ``unread`` the kinds refused, ``cluster`` the rest."""
    live = inventory(parse_manifests(content.get("live") or "")).objects
    given = dict(content.get("cluster") or {})
    more: dict[str, Any] = {
        "attempts": tuple(Attempt(**item) for item in given.pop("attempts", ())),
        "answers": tuple(Answer(**item) for item in given.pop("answers", ())),
        "probes": tuple(Probe(**item) for item in given.pop("probes", ())),
    }
    how = given.pop("how", "field-subset")
    made = Cluster(taken=TAKEN, listings=listings(live, content.get("unread")), **more)
    if given.pop("compared", True):
        made = replace(made, comparisons=compared(inventory(rendered).objects, live, how))
    return replace(made, **given)


def well_run(judged: Judged) -> Cluster:
    """A cluster in which everything is as the shipped overlay says, with what controllers add."""
    seen, config, access = (judged.facts.get(name) for name in ("inventory", "config", "access"))
    rendered = seen.objects
    live = [_running(obj) for obj in rendered] + [one for obj in _applications(rendered) for one in _generated(obj)]
    tried = sorted(tried_in(seen, config))
    attempts = [Attempt(name, CONFORMING, True, "admitted") for name in tried]
    attempts += [Attempt(name, breaks, False, "denied by a policy") for name in tried for breaks in BREAKS]
    asked = questions(judged.facts.get("personas"), namespaces_of(seen))
    answers = (
        replace(one, allowed=access.allows(one.subject, Request(one.verb, one.group, one.resource), one.namespace))
        for one in asked
    )
    return Cluster(
        context="production", taken=TAKEN, version={"gitVersion": "v1.37.2"},
        listings=listings(live), comparisons=compared(rendered, live, "server-side-apply"),
        attempts=tuple(attempts), answers=tuple(answers),
    )  # fmt: skip


def _running(obj: Manifest) -> Manifest:
    """A rendered object as the cluster has it: managed by Argo CD, with the status that its controller gives."""
    made: dict[str, Any] = copy.deepcopy(dict(obj))
    metadata = made.setdefault("metadata", {})
    metadata["annotations"] = {**metadata.get("annotations", {}), "argocd.argoproj.io/tracking-id": "kfm-prod:x"}
    metadata["generation"] = 1
    metadata["managedFields"] = [{"manager": "argocd-controller", "operation": "Apply", "time": APPLIED}]
    if obj.key.kind in ("Deployment", "StatefulSet"):
        number = made["spec"].setdefault("replicas", 1)
        made["status"] = {"observedGeneration": 1, "updatedReplicas": number, "availableReplicas": number}
    elif obj.key.kind == "Ingress":
        made["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}
    elif obj.key.kind == "Application":
        made["status"] = _healthy()
    return Manifest(made)


def _healthy() -> dict[str, Any]:
    return {
        "sync": {"status": "Synced", "revision": "0" * 40},
        "health": {"status": "Healthy"},
        "reconciledAt": TAKEN,
        "operationState": {"phase": "Succeeded"},
    }


def _applications(rendered: Iterable[Manifest]) -> list[Manifest]:
    return [obj for obj in rendered if obj.key.kind == "ApplicationSet"]


def _generated(generator: Manifest) -> list[Manifest]:
    """The Applications of an ApplicationSet with a list generator."""
    key = generator.key
    owner = {"kind": key.kind, "name": key.name, "controller": True, "apiVersion": key.api_version, "uid": "0"}
    made = []
    for element in generator["spec"]["generators"][0]["list"]["elements"]:
        spec = copy.deepcopy(generator["spec"]["template"]["spec"])
        spec["source"]["path"] = element["path"]
        metadata = {"name": element["name"], "namespace": key.namespace, "ownerReferences": [owner]}
        content = {"apiVersion": key.api_version, "kind": "Application", "metadata": metadata, "spec": spec}
        made.append(Manifest({**content, "status": _healthy()}))
    return made
