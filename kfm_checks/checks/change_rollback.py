"""CHG-06 and GATE-05: whether the change can be taken back, and whether reviewers get to see what it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kfm_checks.evidence import fails, file_key, holds, unknown
from kfm_checks.facts.change_base import Rehearsal
from kfm_checks.facts.change_irreversible import irreversible, kept
from kfm_checks.facts.change_model import Diff, ObjectChange
from kfm_checks.facts.change_request import ChangeRequest
from kfm_checks.model import Evidence

#: Kinds that keep data: a revert that takes a new one away takes along what was written since.
_KEEPS = frozenset({"PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition"})


def rollback_is_feasible(pull_request: ChangeRequest, diff: Diff, rollback: Rehearsal) -> Iterator[Evidence]:
    """Reverting the change applies cleanly, renders, and has no step to undo that can't be undone.

    The revert is tried in a scratch place, on what the base branch is or will be. Named is what git can't bring back:
    volumes, claims, namespaces and CustomResourceDefinitions that the change deletes, fields that the API server does
    not let be updated (Kubernetes API reference), bytes of datasets that are gone. What the change adds and a revert
    takes away again is shown. NIST SP 800-53 CP-10.

    Remedy: split the irreversible step from the rest, keep the storage (Prune=false, reclaim policy Retain), and say in
    the pull request how its data comes back.
    """
    yield from _applied(pull_request, rollback)
    for change in diff.changes:
        steps = irreversible(change)
        for step in steps:
            yield fails(
                change.obj,
                step.path if change.head is not None else (),
                message=step.message,
                expected="a step that a revert takes back",
                observed=change.change,
                about=f"{step.what} {'/'.join(map(str, step.path))}",
                source=change.source(),
            )
        if not steps:
            yield _back(change)
    for reason in diff.unseen:
        yield unknown(pull_request.key, message=f"not compared, so not tried: {reason}", about=reason)


def _applied(request: ChangeRequest, rollback: Rehearsal) -> Iterator[Evidence]:
    expected = "a revert without conflicts"
    for path in rollback.unmergeable:
        message = f"the change itself conflicts with its base in {path}, so its rollback can't be tried"
        yield unknown(file_key(path), message=message, expected=expected, about="merge")
    for path in rollback.conflicts:
        message = f"reverting the change conflicts in {path}: {rollback.where} has changed the same lines"
        yield fails(file_key(path), message=message, expected=expected, observed="a conflict", about="revert")
    if rollback.unmergeable or rollback.conflicts:
        return
    if rollback.error:
        message = f"the reverted overlay does not render: {rollback.error}"
        yield fails(request.key, message=message, expected="an overlay that renders", about="render")
    else:
        how = "gives the base back byte for byte" if rollback.exact else "applies cleanly and renders"
        yield holds(request.key, message=f"reverting the change on {rollback.where} {how}", expected=expected)
    for entry in rollback.gone:
        message = f"the revert brings back a dataset whose bytes are gone: {entry}"
        yield fails(request.key, message=message, expected="bytes of that checksum", about=entry)
    for entry in rollback.unseen:
        message = f"whether the bytes of a dataset that comes back are still there was not looked at: {entry}"
        yield unknown(request.key, message=message, about=entry)


def _back(change: ObjectChange) -> Evidence:
    """A change that a revert takes back, with what goes along."""
    key = change.obj.key
    message = f"a revert takes back that {key.kind} {key.name} is {change.change}"
    storing = key.kind in _KEEPS or (key.kind == "StatefulSet" and change.obj.get("spec", {}) and _claims(change))
    if change.change == "added" and storing and not kept(change.obj):
        message = (
            f"a revert deletes the new {key.kind} {key.name}, or leaves it behind: what was written since goes unused"
        )
    return holds(change.obj, message=message, about=change.change, source=change.source())


def _claims(change: ObjectChange) -> bool:
    spec = change.obj.get("spec")
    return isinstance(spec, dict) and bool(spec.get("volumeClaimTemplates"))


def diff_summary_is_generated(pull_request: ChangeRequest, diff: Diff) -> Iterator[Evidence]:
    """Reviewers get a summary of what changes in the rendered objects.

    Two lines of a patch can change forty objects; the reviewer must see those (NIST SP 800-53 CM-4). The summary is
    made here, from both sides rendered; what could not be rendered is missing in it and is named.

    Remedy: run `kfm-checks diff --git BASE..HEAD PATH --format markdown` in CI and post it on the pull request.
    """
    counts = Counter(change.change for change in diff.changes)
    risks = sorted({risk.name for change in diff.changes for risk in change.risks})
    parts = ", ".join(f"{counts[word]} {word}" for word in ("added", "removed", "changed") if counts[word])
    message = f"the summary shows {len(diff.changes)} of {diff.compared} objects: {parts or 'nothing changes'}"
    observed = f"risks: {', '.join(risks)}" if risks else "no risk was recognised"
    yield holds(pull_request.key, message=message, expected="a summary of both renders", observed=observed)
    for reason in diff.unseen:
        yield unknown(pull_request.key, message=f"missing in the summary: {reason}", about=reason)
