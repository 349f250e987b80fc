"""Policies that verify image signatures at admission: which images each covers, with what trust, enforcing or not.

Kyverno verifyImages and ImageValidatingPolicy, sigstore policy-controller, Ratify with Gatekeeper, Connaisseur.
Whether a signature is there can't be known without the registry; whether it would be asked for can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from kfm_checks.admission import lib_image
from kfm_checks.admission.kyverno_exceptions import excepted
from kfm_checks.admission.kyverno_match import UNJUDGED, rule_matches
from kfm_checks.admission.kyverno_policy import exceptions_of, overridden
from kfm_checks.admission.kyverno_values import wildcard
from kfm_checks.admission.matching import Matcher, texts
from kfm_checks.admission.model import Candidate, NotEvaluated
from kfm_checks.admission.resources import Resources
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest
from kfm_checks.values import Value

#: Whether a policy asks for a signature: ``enforced``, ``audited`` (recorded or warned), or nobody can tell.
Covered = Literal["enforced", "audited", "unknown"]


class Verifier(Value, frozen=True):
    """One rule that verifies signatures. ``covers`` says of a Pod and an image whether it is asked for (None: not)."""

    obj: Manifest
    rule: str
    trust: str
    #: What is wrong with the trust root, "" where nothing is.
    weak: str
    covers: Callable[[Candidate, str], Covered | None]


def normalised(image: str) -> str:
    """The reference with its registry, and ``latest`` where it has no tag and no digest."""
    try:
        found = lib_image.image(image)
    except ValueError:
        return image
    repository = str(found["repository"])
    if found["registry"] == "docker.io":
        repository = repository.removeprefix("library/")
    tag = found["tag"] or ("" if found["digest"] else "latest")
    text = f"{found['registry']}/{repository}" + (f":{tag}" if tag else "")
    return text + (f"@{found['digest']}" if found["digest"] else "")


def verifiers(inventory: Inventory, resources: Resources) -> tuple[Verifier, ...]:
    """Every rule of the render that verifies signatures."""
    from kfm_checks.admission.signatures_others import others

    return (*_kyverno(inventory), *_image_validating(inventory, resources), *others(inventory))


def _kyverno(inventory: Inventory) -> Iterator[Verifier]:
    for policy in (*inventory.of("ClusterPolicy", "kyverno.io"), *inventory.of("Policy", "kyverno.io")):
        for rule in items(policy, "spec", "rules"):
            for verification in items(rule, "verifyImages"):
                yield _kyverno_rule(policy, rule, verification, inventory)


def _kyverno_rule(
    policy: Manifest, rule: Mapping[str, Any], verification: Mapping[str, Any], inventory: Inventory
) -> Verifier:
    wanted = texts(verification.get("imageReferences")) or _texts_of(verification.get("image"))
    skipped = texts(verification.get("skipImageReferences"))
    chosen = verification.get("failureAction") or dig(policy, "spec", "validationFailureAction") or "Audit"
    asked = verification.get("required") is not False and dig(policy, "spec", "admission") is not False
    overrides = () if verification.get("failureAction") else items(policy, "spec", "validationFailureActionOverrides")
    exceptions = exceptions_of(policy, inventory)
    namespace = policy.key.namespace if policy.key.kind == "Policy" else ""
    hangs = bool(rule.get("preconditions"))

    def covers(pod: Candidate, image: str) -> Covered | None:
        full = normalised(image)
        if pod.namespace in UNJUDGED or not _any(wanted, full) or _any(skipped, full):
            return None
        try:
            if not rule_matches(rule, pod, namespace):
                return None
            if excepted(exceptions, str(rule.get("name") or ""), rule, pod, inventory) is not None:
                return None
        except NotEvaluated:
            return "unknown"
        action = overridden(overrides, pod) or chosen
        return "unknown" if hangs else "enforced" if asked and str(action).lower() == "enforce" else "audited"

    trust, weak = _attestors(verification)
    return Verifier(policy, str(rule.get("name") or ""), trust, weak or _fails_open(policy), covers)


def _fails_open(policy: Manifest) -> str:
    """Said of a policy that lets images by whenever it can't be asked."""
    failing = (dig(policy, "spec", "failurePolicy"), dig(policy, "spec", "webhookConfiguration", "failurePolicy"))
    return "it fails open (failurePolicy: Ignore): an error lets the image by" if "Ignore" in failing else ""


def _texts_of(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else ()


def _any(patterns: tuple[str, ...], image: str) -> bool:
    bare = image.partition("@")[0]
    return any(wildcard(p, image) or wildcard(p, bare) or wildcard(normalised_pattern(p), image) for p in patterns)


def normalised_pattern(pattern: str) -> str:
    """A pattern without a registry is one of docker.io."""
    head = pattern.partition("/")[0]
    return pattern if "." in head or "*" in head or ":" in head or "/" not in pattern else f"docker.io/{pattern}"


def _attestors(verification: Mapping[str, Any]) -> tuple[str, str]:
    entries = [e for a in items(verification, "attestors") for e in items(a, "entries")]
    entries += [
        e
        for attestation in items(verification, "attestations")
        for a in items(attestation, "attestors")
        for e in items(a, "entries")
    ]
    if verification.get("key"):
        return "a key", ""
    return trust_of(entries)


def trust_of(entries: list[dict[str, Any]]) -> tuple[str, str]:
    """What is trusted, in words, and what is wrong with it."""
    if not entries:
        return "nobody", "it names no attestor: any signature would do"
    found, weak = [], ""
    for entry in entries:
        keyless = entry.get("keyless")
        if not isinstance(keyless, dict):
            found.append("a key" if entry.get("keys") or entry.get("kms") else "a certificate")
            continue
        subject = str(keyless.get("subject") or keyless.get("subjectRegExp") or "")
        issuer = str(keyless.get("issuer") or keyless.get("issuerRegExp") or "")
        found.append(f"identity {subject or 'of anybody'}")
        if _anybody(subject) or _anybody(issuer):
            weak = "it trusts any identity (subject or issuer is left open)"
    return ", ".join(dict.fromkeys(found)), weak


def _anybody(pattern: str) -> bool:
    return pattern.strip("^$") in ("", "*", ".*", ".+", "**")


def _image_validating(inventory: Inventory, resources: Resources) -> Iterator[Verifier]:
    for kind in ("ImageValidatingPolicy", "NamespacedImageValidatingPolicy"):
        for policy in inventory.of(kind, "policies.kyverno.io"):
            yield _image_policy(policy, resources)


def _image_policy(policy: Manifest, resources: Resources) -> Verifier:
    references = items(policy, "spec", "matchImageReferences")
    globs = tuple(str(r["glob"]) for r in references if isinstance(r.get("glob"), str))
    hangs = any("expression" in r for r in references) or bool(items(policy, "spec", "matchConditions"))
    actions = texts(dig(policy, "spec", "validationActions")) or ("Deny",)
    enforced = "Deny" in actions and dig(policy, "spec", "evaluation", "admission", "enabled") is not False
    matcher = Matcher.read(dig(policy, "spec", "matchConstraints"), everything=False)
    verifies = "verifyImageSignatures" in str(dig(policy, "spec", "validations", default=""))

    def covers(pod: Candidate, image: str) -> Covered | None:
        own = policy.key.namespace if policy.key.kind.startswith("Namespaced") else pod.namespace
        if not verifies or pod.namespace in UNJUDGED or own != pod.namespace:
            return None
        if globs and not hangs and not _any(globs, normalised(image)):
            return None
        try:
            if not matcher.match(pod, resources):
                return None
        except NotEvaluated:
            return "unknown"
        return "unknown" if hangs else "enforced" if enforced else "audited"

    trust, weak = _image_attestors(policy)
    return Verifier(policy, "policy", trust, weak or _fails_open(policy), covers)


def _image_attestors(policy: Manifest) -> tuple[str, str]:
    entries: list[dict[str, Any]] = []
    for attestor in items(policy, "spec", "attestors"):
        cosign = attestor.get("cosign")
        if isinstance(cosign, dict):
            identities = items(cosign, "keyless", "identities")
            entries += [{"keyless": identity} for identity in identities] or [{"keys": cosign.get("key")}]
        elif isinstance(attestor.get("notary"), dict):
            entries.append({"certificates": True})
    return trust_of(entries)
