"""The Pod Security Standards by policy version, as the admission controller of Kubernetes evaluates them.

https://kubernetes.io/docs/concepts/security/pod-security-standards/. Pure: a pod (or a pod template) in, violations
out, so that admission policies and live objects are judged by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal

from kfm_checks.facts.objects import labels_of
from kfm_checks.facts.pod_security_baseline import BASELINE
from kfm_checks.facts.pod_security_model import Control, Violation, view
from kfm_checks.facts.pod_security_restricted import RESTRICTED
from kfm_checks.values import Value

__all__ = ["CONTROLS", "LATEST", "Enforcement", "Violation", "enforcement", "parse_version", "violations"]

Level = Literal["privileged", "baseline", "restricted"]
LEVELS: tuple[Level, ...] = ("privileged", "baseline", "restricted")
#: The newest policy version known here; a later one is judged as this, as an API server of this version would.
LATEST = (1, 37)
#: Every control, by its id.
CONTROLS: Mapping[str, Control] = {control.id: control for control in (*BASELINE, *RESTRICTED)}

_VERSION = re.compile(r"v?1\.(0|[1-9][0-9]{0,3})")


class Enforcement(Value, frozen=True):
    """What the labels of a namespace enforce. ``problem`` says what is wrong with a label, "" where nothing is."""

    level: Level
    version: str
    #: Whether the level is written; without a label Kubernetes enforces ``privileged``.
    labelled: bool
    problem: str = ""


def parse_version(version: str) -> tuple[int, int]:
    """``v1.24``, ``1.24`` or ``latest`` as (major, minor), never above LATEST. Raises ValueError on anything else."""
    if version == "latest":
        return LATEST
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no policy version: write latest or v1.N")
    return min((1, int(found[1])), LATEST)


def violations(pod: Mapping[str, Any], level: str, version: str = "latest") -> list[Violation]:
    """Everything in a pod that a level forbids; [] where the pod meets it.

    ``pod`` has ``metadata`` and ``spec``: a Pod or a pod template. ``level`` is ``privileged``, ``baseline`` or
    ``restricted``; restricted includes what baseline forbids. Paths in the answer start at the pod:
    ``("spec", "hostNetwork")``.
    Raises ValueError on an unknown level or version.
    """
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no level of the Pod Security Standards")
    seen = view(pod)
    return [found for run in _checks(level, parse_version(version)) for found in run(seen)]


@cache
def _checks(level: str, version: tuple[int, int]) -> tuple[Callable[[Any], Iterator[Violation]], ...]:
    if level == "privileged":
        return ()
    controls = BASELINE if level == "baseline" else (*BASELINE, *RESTRICTED)
    active = [(control, run) for control in controls if (run := control.at(version)) is not None]
    overridden = {name for control, _ in active for name in control.overrides}
    return tuple(run for control, run in active if control.id not in overridden)


def enforcement(namespace: Mapping[str, Any] | None) -> Enforcement:
    """What a Namespace object enforces by ``pod-security.kubernetes.io/enforce`` and ``…/enforce-version``."""
    labels = labels_of(namespace) if namespace is not None else {}
    raw = labels.get("pod-security.kubernetes.io/enforce")
    version = labels.get("pod-security.kubernetes.io/enforce-version", "latest")
    problem = ""
    try:
        parse_version(version)
    except ValueError as error:
        problem, version = str(error), "latest"
    if raw is None:
        return Enforcement("privileged", version, False, problem)
    level = next((known for known in LEVELS if known == raw), None)
    if level is None:
        return Enforcement("privileged", version, True, f"{raw!r} is no level of the Pod Security Standards")
    return Enforcement(level, version, True, problem)
