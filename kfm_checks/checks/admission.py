"""RAIL-09, RAIL-10, GATE-03: admission policies forbid what rails forbid, objects pass them, images are signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kfm_checks.errors import NotVerified
from kfm_checks.evidence import fails, holds, judged, unknown
from kfm_checks.facts.admission import AdmissionRun, ImageCoverage
from kfm_checks.facts.workloads import Workload
from kfm_checks.model import Evidence, Manifest, Path

if TYPE_CHECKING:
    from kfm_checks.admission.attempts import Attempt
    from kfm_checks.admission.engine import Policies
    from kfm_checks.admission.model import Standing, Verdict

_OTHERWISE = "a refusal by an enforcing policy"
#: An overlay that carries no law of its own may live under the platform's: nobody looked at that.
_NO_LAW = "no admission policy is rendered, or given with --policies; the platform's own were not looked at"


def admission_policies_are_enforced(
    admission_policies: Policies | None,
    admission_standing: tuple[Standing, ...],
    admission_attempts: tuple[Attempt, ...],
) -> Iterator[Evidence]:
    """Admission policies that are bound and enforcing refuse what the rails forbid.

    A policy that is not bound, only audits, leaves a namespace out or is refused by the server keeps nothing out. So
    each pattern of RAIL-02, 03, 06, 07 and 08 is tried: every workload and Service is changed to break it, and every
    policy (ValidatingAdmissionPolicy, Kyverno, Gatekeeper, and Pod Security for RAIL-08) is asked about the result.
    A refusal that rests on policies that fail open does not count: an error of theirs would let the object in.
    Kubernetes documentation, *Validating Admission Policy*; Kyverno and Gatekeeper documentation.

    Remedy: bind a policy with `validationActions: [Deny]` (Kyverno: `failureAction: Enforce`, Gatekeeper:
    `enforcementAction: deny`) and `failurePolicy: Fail` to every namespace with workloads.
    """
    if admission_policies is None and admission_attempts:
        raise NotVerified(_NO_LAW)
    for standing in admission_standing:
        yield from _standing(standing)
    for binding, wanted in admission_policies.dangling if admission_policies is not None else ():
        text = f"{binding.key.kind} {binding.key.name} binds the policy {wanted}, which is not in the render"
        yield fails(binding, ("spec", "policyName"), message=text, expected="a policy of the render", observed=wanted)
    by_rail: dict[tuple[int, str], list[Attempt]] = {}
    for attempt in admission_attempts:
        by_rail.setdefault((id(attempt.subject), attempt.row), []).append(attempt)
    for tried in by_rail.values():
        yield _rail(tried)


def _standing(standing: Standing) -> Iterator[Evidence]:
    key, subject = standing.policy.key, standing.policy
    for problem in standing.problems:
        breaks = "PolicyException" not in problem
        text = f"{key.kind} {key.name}: {problem}"
        yield judged(not breaks, subject, ("spec",), message=text, expected="in force", about=problem[:60])
    if standing.not_evaluated:
        text = f"{key.kind} {key.name}: {standing.not_evaluated}"
        yield unknown(subject, ("spec",), message=text, about="not evaluated")
    if not standing.problems and not standing.not_evaluated:
        acts = ", ".join(standing.actions) or "nothing"
        words = "is in force" if standing.enforcing else "is there, and refuses nothing"
        left = f"; it leaves out {', '.join(standing.exempt_namespaces)}" if standing.exempt_namespaces else ""
        text = f"{key.kind} {key.name} {words} (on a failure: {acts}){left}"
        yield holds(subject, ("spec",), message=text, observed=acts)


def _rail(tried: list[Attempt]) -> Evidence:
    """One rail on one workload or Service: every pattern of it has to be refused."""
    first = tried[0]
    key, subject, path, row = first.subject.key, first.subject, first.path, first.row
    what = f"{row}: {key.kind} {key.name}"
    let_in = [attempt for attempt in tried if not attempt.refused and not attempt.unknown]
    weak = [attempt for attempt in tried if attempt.refused and attempt.fails_open]
    doubted = [attempt for attempt in tried if not attempt.refused and attempt.unknown]
    names = ", ".join(sorted({name for attempt in tried for name in attempt.policies}))
    if let_in:
        text = f"{what} would be let in where it {_words(let_in)}: no enforcing policy refuses it"
        return fails(subject, path, message=text, expected=_OTHERWISE, observed="let in", about=row)
    if weak:
        by = ", ".join(sorted({name for attempt in weak for name in attempt.policies}))
        text = f"{what} is only refused, where it {_words(weak)}, by what fails open (failurePolicy: Ignore): {by}"
        return fails(subject, path, message=text, expected=_OTHERWISE, observed="let in on an error", about=row)
    if doubted:
        text = f"{what}, where it {_words(doubted)}: nobody can tell: {doubted[0].unknown}"
        return unknown(subject, path, message=text, expected=_OTHERWISE, about=row)
    text = f"{what} is refused where it {_words(tried)}: by {names}"
    return holds(subject, path, message=text, expected=_OTHERWISE, observed=names, about=row)


def _words(tried: list[Attempt]) -> str:
    return "; ".join(attempt.words for attempt in tried)


def objects_pass_admission_policies(admission_run: AdmissionRun, workloads: tuple[Workload, ...]) -> Iterator[Evidence]:
    """Every rendered object passes the admission policies.

    The policies of the render, and those given with `--policies`, judge each object as the API server completes it, and
    the Pods that workloads make: what one of them refuses would fail in the cluster. A policy that only warns or
    records is shown and doesn't fail; one that can't be evaluated here (it reads who asks, the cluster or the network)
    makes the object not verified. Kubernetes documentation, *Validating Admission Policy*; Kyverno and Gatekeeper
    documentation.

    Remedy: change the object as the policy's message says, in the file that is named.
    """
    by_source: dict[int, list[Verdict]] = {}
    for verdict in admission_run.verdicts:
        by_source.setdefault(id(verdict.candidate.source), []).append(verdict)
    for candidate in admission_run.candidates:
        if not candidate.derived:
            yield from _object(candidate.source, by_source.get(id(candidate.source), []))


def _object(subject: Manifest, verdicts: list[Verdict]) -> Iterator[Evidence]:
    key, said = subject.key, set()
    sound = True
    for verdict in verdicts:
        if verdict.result in ("pass", "skip") or (verdict.result == "not-evaluated" and "deny" not in verdict.actions):
            continue
        # A workload and the Pod that it makes break the same rule in the same place.
        identity = (verdict.policy.key, _rule(verdict), verdict.containers, verdict.result == "not-evaluated")
        if identity in said:
            continue
        said.add(identity)
        sound = sound and verdict.reports
        yield _verdict(subject, verdict)
    if sound and not said:
        passed = {v.policy.key for v in verdicts if v.result == "pass"}
        text = f"{key.kind} {key.name} passes {len(passed)} {'policy' if len(passed) == 1 else 'policies'}"
        if not passed:
            text = f"no policy refuses {key.kind} {key.name}: none of them is for it"
        yield holds(subject, (), message=text, observed=", ".join(sorted(f"{p.kind} {p.name}" for p in passed)))


def _rule(verdict: Verdict) -> str:
    return verdict.rule.removeprefix("autogen-").removeprefix("cronjob-")


def _verdict(subject: Manifest, verdict: Verdict) -> Evidence:
    policy = verdict.policy.key
    path: Path = verdict.candidate.source_path(verdict.path)
    about = f"{policy.kind}/{policy.name}/{_rule(verdict)}"
    where = f", container {', '.join(verdict.containers)}" if verdict.containers else ""
    made = f" (its {verdict.candidate.kind})" if verdict.candidate.derived else ""
    said = "its message may quote the Secret and is withheld" if subject.key.kind == "Secret" else verdict.message
    head = f"{policy.kind} {policy.name}, {_rule(verdict)}: {subject.key.kind} {subject.key.name}{made}{where}"
    if verdict.result == "not-evaluated":
        return unknown(subject, path, message=f"{head} is not evaluated: {verdict.message}", about=about)
    if verdict.refuses:
        text = f"{head} would be refused: {said}"
        return fails(subject, path, message=text, expected="admitted", observed="refused", about=about)
    text = f"{head} would be let in, and {' and '.join(verdict.actions)} recorded: {said}"
    return holds(subject, path, message=text, expected="admitted", observed=", ".join(verdict.actions), about=about)


def image_signatures_are_verified(
    image_coverage: tuple[ImageCoverage, ...], admission_policies: Policies | None
) -> Iterator[Evidence]:
    """Every image's signature is verified at admission.

    A digest says which bytes run, a signature who made them. Judged is whether an enforcing rule asks for a signature
    of each image, and whom it trusts: Kyverno verifyImages and ImageValidatingPolicy, policy-controller, Ratify;
    Connaisseur is recognised and not evaluated. Whether the signature is there only the registry can say.
    SLSA v1.0, *Verifying artifacts*; NIST SP 800-190, 4.1.5.

    Remedy: add the image to a rule that verifies signatures, enforce it, and name the identity or key that is trusted.
    """
    if admission_policies is None and image_coverage and not any(one.rules for one in image_coverage):
        raise NotVerified(_NO_LAW)
    for one in image_coverage:
        yield _coverage(one)


def _coverage(one: ImageCoverage) -> Evidence:
    subject, expected = one.workload.obj, "a rule that enforces a signature"
    if one.by is None and one.covered == "unknown":
        text = f"no rule that is evaluated here asks for a signature of {one.image}; another admission engine may"
        return unknown(subject, one.path, message=text, expected=expected, observed=one.image)
    if one.by is None:
        text = f"no rule asks for a signature of {one.image}"
        return fails(subject, one.path, message=text, expected=expected, observed=one.image)
    rule = f"{one.by.obj.key.kind} {one.by.obj.key.name}, rule {one.by.rule}"
    if one.covered == "unknown":
        text = f"{rule} may ask for a signature of {one.image}; that is not evaluated here"
        return unknown(subject, one.path, message=text, expected=expected, observed=one.image)
    if one.covered == "audited":
        text = f"{rule} asks for a signature of {one.image}, and lets it in without one"
        return fails(subject, one.path, message=text, expected=expected, observed="recorded only")
    if one.by.weak:
        text = f"{rule} asks for a signature of {one.image}, but {one.by.weak}"
        return fails(subject, one.path, message=text, expected=expected, observed=one.by.trust)
    text = f"{rule} asks for a signature of {one.image} by {one.by.trust}"
    return holds(subject, one.path, message=text, expected=expected, observed=one.image)
