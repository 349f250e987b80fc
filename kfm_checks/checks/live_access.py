"""MEM-05 in the cluster: the server's own answers against the permissions computed from the render."""

from __future__ import annotations

from collections.abc import Iterator

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import file_key, judged, unknown
from kfm_checks.facts.access.grants import Access
from kfm_checks.facts.access.personas import Personas
from kfm_checks.facts.access.rules import Request
from kfm_checks.facts.cluster import Answer, Cluster
from kfm_checks.model import Evidence, ObjectKey


def rbac_roles_are_separated_live(cluster: Cluster, access: Access, personas: Personas) -> Iterator[Evidence]:
    """The API server gives each persona exactly what was computed from Git.

    For every declared subject the server is asked, by access reviews, what it may do and what it may not; each answer
    is held against the permissions computed from the rendered roles and bindings. Any difference is a finding: a grant
    that is in no file, or one that did not reach the cluster (Kubernetes documentation, SubjectAccessReview).

    Remedy: find the binding that git does not know and delete or commit it; let the controller apply what is missing.
    """
    if not cluster.answers:
        raise NotVerified("nobody asked the server: no persona is declared, or the snapshot has no access reviews")
    by_subject: dict[str, list[Answer]] = {}
    for one in cluster.answers:
        by_subject.setdefault(one.subject, []).append(one)
    for subject, answers in sorted(by_subject.items()):
        yield from _compared(subject, answers, access, " and ".join(personas.held_by(subject)) or "no persona")


def _compared(subject: str, answers: list[Answer], access: Access, persona: str) -> Iterator[Evidence]:
    key = _key(subject)
    agree = 0
    for one in answers:
        request = Request(one.verb, one.group, one.resource, one.name, "")
        computed = access.allows(subject, request, one.namespace)
        if one.allowed is None:
            continue
        if one.allowed == computed:
            agree += 1
            continue
        more = "may, though no rendered grant says so" if one.allowed else "may not, though a rendered grant says so"
        yield judged(
            False,
            key,
            message=f"{subject} ({persona}) {more}: {_words(one)}",
            expected="allowed" if computed else "denied",
            observed="allowed" if one.allowed else "denied",
            about=_words(one),
        )
    unasked = [one for one in answers if one.allowed is None]
    if unasked:
        yield unknown(key, message=f"{len(unasked)} questions were not answered: {unasked[0].problem}")
    if agree:
        text = f"{subject} ({persona}): the server's answer is the computed one, {agree} times"
        yield judged(True, key, message=text, expected="as computed", observed="as computed")


def _words(one: Answer) -> str:
    group = f".{one.group}" if one.group else ""
    resource, _, subresource = one.resource.partition("/")
    where = f" in {one.namespace}" if one.namespace else " everywhere"
    return f"{one.verb} {resource}{group}" + (f"/{subresource}" if subresource else "") + where


def _key(subject: str) -> ObjectKey:
    kind, _, name = subject.partition(":")
    namespace, slash, account = name.partition("/")
    if kind == "ServiceAccount" and slash:
        return ObjectKey("v1", kind, namespace, account)
    return ObjectKey("rbac.authorization.k8s.io/v1", kind, "", name) if kind else file_key("kfm-checks.yaml")
