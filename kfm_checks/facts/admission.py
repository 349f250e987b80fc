"""Admission policies of the render: compiled, tried on every object, and tried with what the rails forbid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfm_checks.config import Config
from kfm_checks.facts.criticality import outside
from kfm_checks.facts.objects import Inventory
from kfm_checks.facts.objects import inventory as index
from kfm_checks.facts.workloads import POD_TEMPLATES, Workload
from kfm_checks.model import Manifest
from kfm_checks.values import Value

if TYPE_CHECKING:
    import pandas as pd

    from kfm_checks.admission.attempts import Attempt
    from kfm_checks.admission.engine import Policies
    from kfm_checks.admission.model import Candidate, Standing, Verdict
    from kfm_checks.admission.signatures import Verifier

#: Groups whose objects are, or configure, admission policies of any engine that is known here.
GROUPS = frozenset(
    {"admissionregistration.k8s.io", "kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh",
     "constraints.gatekeeper.sh", "policies.kubewarden.io", "policy.jspolicy.com"}
)  # fmt: skip


Candidates = dict[int, "tuple[Candidate, ...]"]


class AdmissionRun(Value, frozen=True):
    """Every object tried and every verdict. ``present`` is False where no policy is there at all."""

    present: bool
    candidates: tuple[Candidate, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


class ImageCoverage(Value, frozen=True):
    """One image of one workload: ``covered`` is enforced, audited, unknown or none; ``by`` the rule that says so.

    ``rules`` is how many rules on signatures there are in all.
    """

    workload: Workload
    image: str
    path: tuple[str | int, ...]
    covered: str
    by: Verifier | None
    rules: int


def admission_policies(inventory: Inventory, extra_policies: tuple[Manifest, ...] | None) -> Policies | None:
    """The policies of the render and of ``--policies``, compiled once; None where there is none of any engine."""
    given = index(extra_policies) if extra_policies else None
    if not any(obj.key.group in GROUPS for obj in (*inventory, *(given or ()))):
        return None
    from kfm_checks.admission.engine import compile_policies

    known = inventory if given is None else Inventory((*inventory.objects, *given.objects))
    return compile_policies(known)


def admission_candidates(
    inventory: Inventory, extra_policies: tuple[Manifest, ...] | None
) -> dict[int, tuple[Candidate, ...]]:
    """Each object as the server completes it, with what it makes, by the identity (``id``) of the rendered object."""
    from kfm_checks.admission.candidates import expanded
    from kfm_checks.admission.resources import resources

    names = resources(Inventory((*inventory.objects, *index(extra_policies or ()).objects)))
    return {id(obj): tuple(expanded(obj, inventory, names)) for obj in inventory}


def admission_run(
    inventory: Inventory, admission_policies: Policies | None, admission_candidates: Candidates
) -> AdmissionRun:
    """Every rendered object, and the Pods that workloads make, through every policy."""
    if admission_policies is None or not admission_policies.any:
        return AdmissionRun(False)
    from kfm_checks.admission.candidates import limited

    made = (candidate for obj in inventory for candidate in admission_candidates[id(obj)])
    candidates = tuple(limited(candidate, inventory) for candidate in made)
    return AdmissionRun(True, candidates, admission_policies.judge_all(candidates))


def admission_standing(
    inventory: Inventory, admission_policies: Policies | None, workloads: tuple[Workload, ...], config: Config
) -> tuple[Standing, ...]:
    """How each policy stands: bound, enforcing, failing open, with which namespaces of workloads let off."""
    if admission_policies is None:
        return ()
    from kfm_checks.admission.standing import standings

    used = sorted({w.namespace for w in workloads if w.namespace and not outside(w.namespace, config)})
    return standings(admission_policies, tuple(used))


def admission_attempts(
    inventory: Inventory,
    admission_policies: Policies | None,
    admission_candidates: Candidates,
    workloads: tuple[Workload, ...],
    config: Config,
) -> tuple[Attempt, ...]:
    """What the rails forbid, tried on each workload and Service outside the cluster's and the platform's namespaces."""
    from kfm_checks.admission import attempts
    from kfm_checks.admission.engine import compile_policies
    from kfm_checks.admission.settle import settle
    from kfm_checks.admission.standing import unread

    policies = admission_policies if admission_policies is not None else compile_policies(index(()))
    trier = attempts.Trier(policies, inventory)
    found: list[Any] = []
    for workload in workloads:
        # A PodTemplate makes no pods by itself.
        if not outside(workload.namespace, config) and workload.kind != "PodTemplate":
            made = admission_candidates[id(workload.obj)]
            found.extend(trier.workload(workload, made, _patterns(workload, config)))
    for obj in inventory.of("Service"):
        if not outside(obj.key.namespace, config):
            found.append(trier.service(admission_candidates[id(obj)][0]))
    others = unread(policies.inventory) if admission_policies is not None else ()
    return tuple(settle(policies, found, others))


def _patterns(workload: Workload, config: Config) -> tuple[Any, ...]:
    """The patterns that the team's own declarations leave: CPU limits and immutable tags are governed."""
    from kfm_checks.admission.patterns import PATTERNS

    left = []
    for pattern in PATTERNS:
        if pattern.words == "sets no CPU limit" and config.thresholds.cpu_limits == "memory-only":
            continue
        if pattern.words == "has an image with a tag and no digest" and _immutable(workload, config):
            continue
        left.append(pattern)
    return tuple(left)


def _immutable(workload: Workload, config: Config) -> bool:
    from kfm_checks.facts.images import parse_image

    for container in workload.containers:
        try:
            reference = parse_image(container.image)
        except ValueError:
            continue
        if any(reference.within(prefix) for prefix in config.images.immutable_tags):
            return True
    return False


def image_coverage(
    inventory: Inventory,
    extra_policies: tuple[Manifest, ...] | None,
    admission_candidates: Candidates,
    workloads: tuple[Workload, ...],
    config: Config,
) -> tuple[ImageCoverage, ...]:
    """For each image of each workload outside the platform: the rule that would ask for its signature."""
    from kfm_checks.admission.resources import resources
    from kfm_checks.admission.signatures import verifiers
    from kfm_checks.admission.standing import unread

    known = Inventory((*inventory.objects, *index(extra_policies or ()).objects))
    found = verifiers(known, resources(known))
    otherwise = "unknown" if unread(known) else "none"
    out = []
    for workload in workloads:
        if outside(workload.namespace, config) or (workload.obj.key.group, workload.kind) not in POD_TEMPLATES:
            continue
        pod = admission_candidates[id(workload.obj)][-1]
        for container in workload.containers:
            covered, by = _covered(found, pod, container.image)
            covered = otherwise if by is None else covered
            out.append(ImageCoverage(workload, container.image, (*container.path, "image"), covered, by, len(found)))
    return tuple(out)


def _covered(found: tuple[Verifier, ...], pod: Candidate, image: str) -> tuple[str, Verifier | None]:
    """The best that any rule does for an image: enforced with a sound trust root first."""
    answers = [(verifier, verifier.covers(pod, image)) for verifier in found]
    for wanted in ("enforced", "unknown", "audited"):
        matching = [verifier for verifier, answer in answers if answer == wanted]
        if matching:
            return wanted, min(matching, key=lambda v: bool(v.weak))
    return "none", None


def policy_matrix(objects: Any) -> pd.DataFrame:
    """Policy × workload: what each policy says of each workload and its Pods.

    Columns ``policy``, then one a workload (``namespace/Kind/name``); cells ``refused``, ``recorded``,
    ``not evaluated``, ``pass`` or "" (not matched). One row a policy, sorted.
    """
    import pandas as pd

    from kfm_checks.facts.workloads import workloads

    inventory = index(objects)
    run = admission_run(inventory, admission_policies(inventory, None), admission_candidates(inventory, None))
    columns = sorted({workload.id for workload in workloads(inventory)})
    cells: dict[str, dict[str, str]] = {}
    for verdict in run.verdicts:
        key = verdict.candidate.source.key
        name = f"{key.namespace}/{key.kind}/{key.name}"
        row = cells.setdefault(f"{verdict.policy.key.kind}/{verdict.policy.key.name}", {})
        row[name] = max(row.get(name, ""), _word(verdict), key=_WORDS.index)
    rows = [{"policy": policy, **{c: row.get(c, "") for c in columns}} for policy, row in sorted(cells.items())]
    return pd.DataFrame(rows, columns=["policy", *columns]).astype("string")


_WORDS = ("", "pass", "not evaluated", "recorded", "refused")


def _word(verdict: Verdict) -> str:
    if verdict.refuses:
        return "refused"
    if verdict.reports:
        return "recorded"
    return {"pass": "pass", "not-evaluated": "not evaluated"}.get(verdict.result, "")


def rail_matrix(objects: Any) -> pd.DataFrame:
    """Rail × enforcing policy: columns ``row``, ``pattern``, ``subject``, ``refused``, ``by``; one row an attempt."""
    import pandas as pd

    from kfm_checks.facts.workloads import workloads

    inventory = index(objects)
    made = admission_candidates(inventory, None)
    tried = admission_attempts(inventory, admission_policies(inventory, None), made, workloads(inventory), Config())
    rows = [
        (
            a.row,
            a.words,
            str(a.subject.key),
            "yes" if a.refused else "unknown" if a.unknown else "no",
            ", ".join(a.policies),
        )
        for a in tried
    ]
    frame = pd.DataFrame(sorted(rows), columns=["row", "pattern", "subject", "refused", "by"])
    return frame.astype("string")
