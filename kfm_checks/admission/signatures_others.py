"""Signatures by other engines than Kyverno: sigstore policy-controller, Ratify with Gatekeeper, Connaisseur."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kfm_checks.admission.matching import in_namespace
from kfm_checks.admission.model import Candidate, NotEvaluated
from kfm_checks.admission.signatures import Covered, Verifier, normalised, trust_of
from kfm_checks.facts.objects import Inventory, dig, items
from kfm_checks.model import Manifest


def others(inventory: Inventory) -> tuple[Verifier, ...]:
    """Every rule of these engines that verifies signatures."""
    return (*_policy_controller(inventory), *_ratify(inventory), *_connaisseur(inventory))


def glob_pattern(glob: str) -> re.Pattern[str]:
    """policy-controller's globs: ``*`` stays within a part of the path, ``**`` doesn't."""
    if "/" not in glob and "*" not in glob:
        glob = f"index.docker.io/library/{glob}"
    parts = re.split(r"(\*\*|\*|\?)", glob)
    made = "".join({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)) for part in parts)
    return re.compile(made + r"(?::[\w.-]+)?(?:@.*)?")


def _policy_controller(inventory: Inventory) -> Iterator[Verifier]:
    for policy in inventory.of("ClusterImagePolicy", "policy.sigstore.dev"):
        yield _cluster_image_policy(policy)


def _cluster_image_policy(policy: Manifest) -> Verifier:
    patterns = [glob_pattern(str(i["glob"])) for i in items(policy, "spec", "images") if isinstance(i.get("glob"), str)]
    enforced = str(dig(policy, "spec", "mode", default="enforce")).lower() == "enforce"
    hangs = bool(items(policy, "spec", "match"))

    def covers(pod: Candidate, image: str) -> Covered | None:
        full = (
            normalised(image).replace("docker.io/", "index.docker.io/", 1)
            if "docker.io/" in image
            else normalised(image)
        )
        if not any(p.fullmatch(name) for p in patterns for name in (full, normalised(image))):
            return None
        selector = {"matchExpressions": [{"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]}]}
        try:
            if not in_namespace(selector, pod):
                return None
        except NotEvaluated:
            return "unknown"
        return "unknown" if hangs else "enforced" if enforced else "audited"

    entries: list[dict[str, Any]] = []
    passes = False
    for authority in items(policy, "spec", "authorities"):
        passes = passes or dig(authority, "static", "action") == "pass"
        identities = items(authority, "keyless", "identities")
        entries += [{"keyless": identity} for identity in identities]
        if not identities:
            entries.append({"keyless": {}} if "keyless" in authority else {"keys": authority.get("key")})
    trust, weak = trust_of(entries)
    return Verifier(
        policy, "policy", trust, "it lets images by without a signature (static: pass)" if passes else weak, covers
    )


def _ratify(inventory: Inventory) -> Iterator[Verifier]:
    """Ratify answers a Gatekeeper constraint; without its Verifier nothing says whom it trusts."""
    found = [o for o in inventory.of_group("config.ratify.deislabs.io") if o.key.kind.endswith("Verifier")]
    asked = [o for o in inventory.of_group("constraints.gatekeeper.sh") if "ratify" in o.key.kind.lower()]
    if not asked:
        return
    from kfm_checks.admission import gatekeeper

    exempt = gatekeeper.exempt_namespaces(inventory)
    for obj in asked:
        constraint = gatekeeper.compile_constraint(obj, {}, exempt)

        def covers(pod: Candidate, _image: str, constraint: gatekeeper.Constraint = constraint) -> Covered | None:
            try:
                if not gatekeeper.matches(constraint, pod):
                    return None
            except NotEvaluated:
                return "unknown"
            return "enforced" if "deny" in constraint.actions else "audited"

        trust = ", ".join(sorted(o.key.name for o in found))
        yield Verifier(
            obj, "violation", trust or "nobody", "" if found else "no Ratify Verifier is in the render", covers
        )


def _connaisseur(inventory: Inventory) -> Iterator[Verifier]:
    for obj in inventory.of("ConfigMap"):
        if "connaisseur" in obj.key.name and "policy" in str(obj.get("data")):
            yield Verifier(obj, "policy", "its validators", "", lambda _pod, _image: "unknown")
