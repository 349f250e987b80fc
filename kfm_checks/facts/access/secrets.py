"""Who can read the Secrets of a namespace: directly, or by way of pods, tokens and other identities there.

Source: Kubernetes documentation, *Role Based Access Control Good Practices* ("Workload creation", "Token request",
"Listing secrets") and *Good practices for Kubernetes Secrets*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kfm_checks.facts.access.grants import Access, Grant, canonical
from kfm_checks.facts.access.powers import READ, is_impersonation, makes_pods
from kfm_checks.facts.access.roles import GROUP as RBAC
from kfm_checks.facts.access.rules import Rule
from kfm_checks.values import Value


class SecretReader(Value, frozen=True):
    """A subject that can read Secrets of a namespace, and how. ``name`` "" means all of them."""

    subject: str
    #: "" is every namespace.
    namespace: str
    name: str
    way: str
    grant: Grant


def ways(rule: Rule) -> Iterator[tuple[str, str]]:
    """How a rule opens Secrets where it holds: (way, Secret's name or "" for all)."""
    if rule.touches(READ, "", "secrets"):
        yield from (("reads them", name) for name in rule.resource_names or ("",))
    if makes_pods(rule):
        yield "runs pods that mount them", ""
    if rule.touches(("create", "get"), "", "pods/exec") or rule.touches(("create", "get"), "", "pods/attach"):
        yield "runs commands in pods that hold them", ""
    if rule.touches(("update", "patch"), "", "pods/ephemeralcontainers"):
        yield "adds containers to pods that hold them", ""
    if rule.touches(("create",), "", "serviceaccounts/token"):
        yield "takes tokens of service accounts there", ""
    if is_impersonation(rule):
        yield "acts as others", ""
    if rule.touches(("escalate", "bind"), RBAC, "roles") or rule.touches(("escalate", "bind"), RBAC, "clusterroles"):
        yield "grants itself more", ""


def secret_readers(access: Access) -> tuple[SecretReader, ...]:
    """Every subject with every way to Secrets, sorted: an answer to "who reads which Secret"."""
    found = [
        SecretReader(grant.subject, grant.namespace, name, way, grant)
        for grant in access.grants
        for way, name in sorted({pair for rule in grant.effective for pair in ways(rule)})
    ]
    return tuple(
        sorted(found, key=lambda r: (r.subject, r.namespace, r.name, r.way, r.grant.binding.key, r.grant.index))
    )


def home_of(subject: str) -> str | None:
    """The namespace that a subject's service accounts live in: a name, "" for all namespaces; None for people."""
    if subject.startswith("ServiceAccount:"):
        return subject.removeprefix("ServiceAccount:").partition("/")[0]
    if subject in ("Group:system:serviceaccounts", "Group:system:authenticated"):
        return ""
    if subject.startswith("Group:system:serviceaccounts:"):
        return subject.removeprefix("Group:system:serviceaccounts:")
    if subject in ("Group:system:unauthenticated", "User:system:anonymous"):
        return ""
    account = canonical(subject)
    return home_of(account) if account.startswith("ServiceAccount:") else None


def readers_of(readers: Iterable[SecretReader], namespace: str) -> tuple[SecretReader, ...]:
    """Those who can read Secrets of one namespace."""
    return tuple(reader for reader in readers if reader.namespace in ("", namespace))
