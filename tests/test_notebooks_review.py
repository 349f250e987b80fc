"""Notebook 09 on a real change, and notebook 11 on policies that do not hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kfm_checks.notebook import admission, open_notebook, review
from kfm_checks.notebook.book import Book
from kfm_checks.notebook.catalogue import notebook
from kfm_checks.notebook.halt import GateClosed, NoVerdict
from kfm_checks.run import Options, exit_status, judge
from tests.change.cases import commit, git, put, request, start, write
from tests.conftest import AS_OF, ROOT
from tests.test_notebooks import FOLDER, SHOP, harmless, run, text

SECTIONS = (
    review.whole, review.rules, review.risks, review.objects, review.fields, review.reach, review.intent,
    review.reviews, review.approvals, review.rollback,
)  # fmt: skip
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: app}\ndata: {k: %s}\n"
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: books, namespace: app}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: app}
stringData: {password: %s}
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set but the day."""
    for name in ("KFM_OVERLAY", "KFM_CHECKS_OVERLAY", "KFM_CHANGE", "KFM_CHECKS_CHANGE", "KFM_CHECKS_GATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KFM_CHECKS_AS_OF", AS_OF)
    monkeypatch.chdir(FOLDER)


def changed(scratch: Path, **said: Any) -> tuple[Path, Path]:
    """A change that removes a claim, and touches a setting and a Secret: the overlay and the change's facts."""
    root = scratch / "repository"
    start(root)
    base = {"kustomization.yaml": "resources: [all.yaml]\n"}
    put(root, {".github/CODEOWNERS": "* @alice\n"})
    put(root / "prod", {**base, "all.yaml": "---\n".join([MAP % "before", CLAIM, SECRET % "oldpassword1"])})
    before = commit(root)
    git(root, "checkout", "-q", "-b", "feature")
    put(root / "prod", {"all.yaml": "---\n".join([MAP % "after", SECRET % "newpassword2"])})
    after = commit(root)
    return root / "prod", write(scratch / "change.json", request(before, after, said))


def opened(overlay: Path, change: Path | str = "") -> Book:
    """Notebook 09 on an overlay."""
    return open_notebook("09-change-review", str(overlay), AS_OF, str(change))


def test_a_change_is_shown_with_its_risks_its_owners_and_its_way_back(tmp_path: Path) -> None:
    """The lost claim is called out, the field is shown before and after, no Secret's value is."""
    overlay, change = changed(tmp_path)
    shown = run(FOLDER / "09-change-review.ipynb", OVERLAY=str(overlay), CHANGE=str(change))
    for each in shown:
        harmless(each)
    page = "\n".join(map(text, shown))
    assert "Pull request #12 by bob, from feature to main, at commit " in page
    assert "3 of 3 objects change: 1 removed, 2 changed." in page
    assert "data may be lost | app/PersistentVolumeClaim/books" in page
    assert "app/ConfigMap/settings | /data/k | before | after | prod/all.yaml" in page
    assert "oldpassword1" not in page
    assert "newpassword2" not in page
    assert "prod/all.yaml | @alice | yes | alice approved the head commit" in page
    assert "alice | approved | counts" in page
    assert "how to go back | said | Revert this pull request" in page
    assert "The revert was tried on " in page
    assert "leaves the configuration and the records that it is judged by as they are" in page


def test_what_the_change_does_not_say_is_shown_as_missing(tmp_path: Path) -> None:
    """A description without a rollback plan, no approval, and a base that is not there."""
    overlay, change = changed(tmp_path, description="## Why\nBecause maps are slow.\n", reviews=[])
    book = opened(overlay, change)
    assert "how to go back | not said | no heading asks for it" in text(review.intent(book))
    assert "Nobody has approved" in text(review.reviews(book))
    assert "prod/all.yaml | @alice | no | no owner approved" in text(review.approvals(book))
    away = write(tmp_path / "away.json", request("1" * 40, git(overlay.parent, "rev-parse", "HEAD")))
    book = opened(overlay, away)
    for section in (review.rules, review.risks, review.objects, review.fields, review.reach, review.rollback):
        assert text(section(book)).startswith("Not verified: the base commit 111111111111 is not in this clone")
    assert "What it changes is not verified: the base commit" in text(review.whole(book))


def test_the_gate_of_a_change_closes_where_check_exits_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a change and without one: as `check --only ROW... --change FILE` decides."""
    overlay, change = changed(tmp_path)
    monkeypatch.setenv("KFM_CHECKS_GATE", "1")
    rows = notebook("09-change-review").rows
    assert exit_status(judge(overlay, Options(only=rows, as_of=AS_OF, change=change)).report) == 1
    with pytest.raises(GateClosed, match="CHG-06"):
        opened(overlay, change).gate()
    shipped = ROOT / "infra/clusters/prod"
    assert exit_status(judge(shipped, Options(only=rows, as_of=AS_OF)).report) == 0
    assert "Cannot be decided yet" in text(opened(shipped).gate())


def test_without_a_change_one_sentence_says_that_nothing_was_looked_at() -> None:
    """And no section claims anything."""
    book = opened(SHOP)
    assert text(review.whole(book)).startswith("Nothing of a change was looked at, because none was given")
    for section in SECTIONS[1:]:
        assert text(section(book)) == "Not verified: no pull request was given (--change)."
    assert {book.all_rows[id].status for id in ("CHG-01", "CHG-02", "CHG-03", "CHG-06", "CHG-09", "GATE-05")} == {
        "not-verified"
    }


def test_a_change_that_cannot_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped name, or no JSON; the variable names it as the first cell does."""
    with pytest.raises(NoVerdict, match="no such file"):
        opened(SHOP, "change-gone.json")
    (tmp_path / "change.json").write_text("{")
    with pytest.raises(NoVerdict, match="is no JSON"):
        opened(SHOP, tmp_path / "change.json")
    monkeypatch.setenv("KFM_CHANGE", str(tmp_path / "change.json"))
    with pytest.raises(NoVerdict, match="is no JSON"):
        run(FOLDER / "09-change-review.ipynb", OVERLAY=str(SHOP))


# -- admission ----------------------------------------------------------------------------------------------------------

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: pinned}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
    - {expression: "object.spec.template.spec.containers.all(c, c.image.contains('@sha256:'))", message: no digest}
    - {expression: "authorizer.group('').resource('pods').check('get').allowed()", message: who asks}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: pinned}
spec: {policyName: pinned, validationActions: [%s]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: app}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.org/web:1"}]}
"""


def admitted(folder: Path, action: str) -> Book:
    """Notebook 11 on a Deployment that breaks a policy."""
    folder.mkdir()
    (folder / "all.yaml").write_text(POLICY % action)
    (folder / "kustomization.yaml").write_text("resources: [all.yaml]\n")
    return open_notebook("11-admission", str(folder), AS_OF)


def test_what_would_be_refused_and_what_is_not_evaluated_are_named(tmp_path: Path) -> None:
    """A policy that denies: the Deployment is refused; what reads who asks is not evaluated."""
    book = admitted(tmp_path / "deny", "Deny")
    assert "app/Deployment/web: ValidatingAdmissionPolicy pinned ✗ refused" in text(admission.matrix(book))
    assert "no digest" in text(admission.refused(book))
    assert "ValidatingAdmissionPolicy pinned | " in text(admission.not_evaluated(book))
    assert "RAIL-08 | is privileged | 1 | 0 | 0 | 1 | nobody" in text(admission.enforced_by(book))
    assert "example.org/web:1 | app/Deployment/web | not asked for by the overlay | no rule" in text(
        admission.signatures(book)
    )


def test_a_policy_that_only_records_is_no_guard(tmp_path: Path) -> None:
    """Bound to Audit: the object is let in, and the policy is said to record."""
    book = admitted(tmp_path / "audit", "Audit")
    assert "✗" not in text(admission.matrix(book))
    assert "recorded" in text(admission.policies(book))
    assert "RAIL-02 | has no liveness probe | 1 | 0 | 1 | 0 | nobody" in text(admission.enforced_by(book))


@pytest.mark.parametrize("section", [admission.policies, admission.matrix, admission.refused, admission.not_evaluated])
def test_without_a_policy_nothing_is_claimed(section: Any) -> None:
    """The platform's own policies were not looked at: that is said, in place of a table."""
    assert text(section(open_notebook("11-admission", str(SHOP), AS_OF))) == admission.NO_POLICY


def test_without_a_policy_nobody_can_tell_what_is_let_in() -> None:
    """Pod Security alone was asked: the other rails are in doubt, not open."""
    shown = text(admission.enforced_by(open_notebook("11-admission", str(SHOP), AS_OF)))
    [probes] = [line for line in shown.splitlines() if line.startswith("RAIL-02 | has no liveness probe")]
    assert re.fullmatch(r"RAIL-02 \| has no liveness probe \| (\d+) \| 0 \| 0 \| \1 \| nobody", probes)
