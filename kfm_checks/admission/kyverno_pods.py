"""Kyverno's ``podSecurity`` subrules: the Pod Security Standards with exclusions.

https://kyverno.io/docs/policy-types/cluster-policy/validate/#pod-security
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kfm_checks.admission.kyverno_values import sprint, wildcard
from kfm_checks.admission.locate import pod_path
from kfm_checks.admission.matching import texts
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError
from kfm_checks.facts.objects import dig, items
from kfm_checks.facts.pod_security import Violation, violations

if TYPE_CHECKING:
    from kfm_checks.admission.kyverno_rules import Answer


def pod_security(candidate: Candidate, given: Any, name: str, message: str) -> Answer:
    """Judge the Pod, or the template of a workload."""
    from kfm_checks.admission.kyverno_rules import Answer

    path = pod_path(candidate)
    if not isinstance(given, dict) or path is None:
        raise PolicyError("podSecurity is for Pods and workloads")
    pod = dig(candidate.obj, *path[:-1]) if len(path) > 1 else candidate.obj
    try:
        found = violations(pod, str(given.get("level") or ""), str(given.get("version") or "latest"))
    except ValueError as error:
        raise NotEvaluated(f"podSecurity: {error}") from error
    left = [v for v in found if not any(_excluded(v, e, pod) for e in items(given, "exclude"))]
    if not left:
        return Answer("pass")
    text = message or f"Validation rule '{name}' failed."
    controls = ", ".join(sorted({v.control for v in left}))
    level, version = given.get("level"), given.get("version") or "latest"
    detail = f'It violates PodSecurity "{level}:{version}": {controls}'
    return Answer("fail", f"{text} {detail}", (*path[:-1], *left[0].path))


def _excluded(violation: Violation, exclusion: Mapping[str, Any], pod: Any) -> bool:
    wanted = str(exclusion.get("controlName") or "")
    if wanted.lower() != violation.control.lower():
        return False
    images, container = texts(exclusion.get("images")), violation.container
    if container is not None:
        image = str(dig(pod, "spec", *container, "image", default=""))
        if images and not any(wildcard(pattern, image) for pattern in images):
            return False
    elif images:
        return False
    field = str(exclusion.get("restrictedField") or "")
    if not field:
        return True
    values = texts(exclusion.get("values"))
    shown = ".".join(str(s) if isinstance(s, str) else "[*]" for s in violation.path).replace(".[*]", "[*]")
    observed = violation.observed if isinstance(violation.observed, list) else [violation.observed]
    return field == shown and all(any(wildcard(v, sprint(o)) for v in values) for o in observed)
