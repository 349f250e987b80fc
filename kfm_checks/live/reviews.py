"""Access, asked of the server: what each persona may do and may not, by SubjectAccessReview."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kfm_checks.facts.access.capabilities import CAPABILITIES
from kfm_checks.facts.access.personas import Personas
from kfm_checks.facts.cluster import Answer
from kfm_checks.live.client import Connection, Refusal
from kfm_checks.live.listing import WORKERS

_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_SELF = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
#: One verb of each sort is asked: whoever may create may seldom not update, and each question costs a call.
_VERBS = ("get", "list", "create", "patch", "delete", "escalate", "bind", "impersonate")
#: Resources of each capability that are asked about, the first ones.
_RESOURCES = 3


def questions(personas: Personas, namespaces: Iterable[str]) -> tuple[Answer, ...]:
    """What is asked, in a fixed order: each subject of each persona, each capability, each namespace and everywhere."""
    subjects = sorted({subject for held in personas.of.values() for subject in held})
    places = ["", *sorted(namespaces)]
    asked = dict.fromkeys(
        Answer(subject, verb, resource, group, place)
        for subject in subjects
        for place in places
        for verb, resource, group, everywhere in _asked()
        if not (place and everywhere)
    )
    return tuple(asked)


def _asked() -> Iterator[tuple[str, str, str, bool]]:
    for capability in CAPABILITIES:
        pairs = [(group, name) for group, names in capability.resources for name in names if name != "*"]
        for group, name in pairs[:_RESOURCES]:
            for verb in (verb for verb in _VERBS if verb in capability.verbs):
                yield verb, name, group, capability.cluster


def ask(connection: Connection, asked: Sequence[Answer]) -> tuple[Answer, ...]:
    """Ask the server. Where reviews for others are forbidden, it is asked as the subject itself (impersonation)."""
    if not asked:
        return ()
    first = _reviewed(connection, asked[0])
    review = _reviewed
    if first.allowed is None:
        instead = _as_subject(connection, asked[0])
        if instead.allowed is None:
            return tuple(replace(one, problem=first.problem) for one in asked)
        first, review = instead, _as_subject
    with ThreadPoolExecutor(WORKERS) as pool:
        return (first, *pool.map(lambda one: review(connection, one), asked[1:]))


def _attributes(one: Answer) -> dict[str, str]:
    resource, _, subresource = one.resource.partition("/")
    wanted = {
        "verb": one.verb, "resource": resource, "subresource": subresource, "group": one.group,
        "namespace": one.namespace, "name": one.name,
    }  # fmt: skip
    return {key: value for key, value in wanted.items() if value}


def _identity(subject: str) -> tuple[str, list[str]]:
    """User name and groups of a subject; a group is asked about through a user who is only in that group."""
    kind, _, name = subject.partition(":")
    if kind == "Group":
        return "kfm-checks:somebody", [name, "system:authenticated"]
    if kind == "ServiceAccount":
        namespace, _, account = name.partition("/")
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        return f"system:serviceaccount:{namespace}:{account}", groups
    return name, ["system:authenticated"]


def _reviewed(connection: Connection, one: Answer) -> Answer:
    user, groups = _identity(one.subject)
    spec = {"user": user, "groups": groups, "resourceAttributes": _attributes(one)}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return _told(connection, _PATH, body, one, {})


def _as_subject(connection: Connection, one: Answer) -> Answer:
    user, groups = _identity(one.subject)
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": _attributes(one)},
    }
    # Whoever is asked as a service account is in its groups without being told so (Kubernetes, user impersonation).
    named = [] if one.subject.startswith("ServiceAccount:") else groups[:-1]
    headers = {"Impersonate-User": user, **({"Impersonate-Group": named[0]} if named else {})}
    return _told(connection, _SELF, body, one, headers)


def _told(connection: Connection, path: str, body: object, one: Answer, headers: dict[str, str]) -> Answer:
    try:
        status = connection.call("POST", path, body, headers=headers).get("status") or {}
    except Refusal as refusal:
        return replace(one, problem=refusal.reason)
    if status.get("evaluationError") and not status.get("allowed"):
        return replace(one, problem="the server could not evaluate every rule")
    return replace(one, allowed=bool(status.get("allowed")))
