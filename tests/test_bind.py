"""``bind`` finds the requirement behind a checklist item, and says when it can't."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfm_checks.bind import Proposal, Runner, propose, words_of, write
from kfm_checks.readme import parse_readme
from kfm_checks.requirements import CATALOGUE

SEED = Path(__file__).parents[2] / "shared" / "seed" / "production-cluster-README.md"

#: The checklist items of the governing document, in order.
SEED_ITEMS = [
    *("SEC-01", "SEC-02", "SEC-03", "SEC-04", "SEC-05"),
    *("DOD-01", "DOD-02", "DOD-03", "DOD-04", "DOD-05"),
    *("GATE-01", "GATE-02", "GATE-03", "GATE-04", "GATE-05"),
]
SEED_CELLS = ["META-01", "META-02", "META-03", "META-04", "META-05", "META-06", "META-07"]

#: READMEs in other words; what is meant stands in brackets and is taken out before the README is read.
STAGE = """# Staging
## Before you merge
- [ ] The merge request was looked at and signed off by the code owners (DOD-01)
- [ ] All jobs of the pipeline are green (DOD-02)
- [ ] The diff introduces no passwords and no internal database addresses (DOD-03)
- [ ] You wrote down how to undo it, and it can be undone (DOD-04)
- [ ] Alerts and dashboards still fit (DOD-05)
## Handling of credentials
- [ ] Nothing confidential in git: passwords, tokens, certificates' keys (SEC-01)
- [ ] Values are fetched from HashiCorp Vault (SEC-02)
- [ ] A team's namespace can't see another team's credentials (SEC-03)
- [ ] Passwords get renewed every 90 days and we tried it (SEC-04)
- [ ] There is an emergency procedure to exchange leaked keys (SEC-05)
## Guard rails
- [ ] Every pod has health checks (RAIL-02)
- [ ] CPU/memory requests and limits on each container (RAIL-03)
- [ ] Quotas on all namespaces (RAIL-01)
- [ ] no NodePorts (RAIL-07)
- [ ] Pods comply with the restricted Pod Security Standard (RAIL-08)
## Leisure
- [ ] The coffee machine is clean (-)
"""
SHOP = """# Online shop, production
## Automated checks in CI
- [ ] Overlay renders (GATE-01)
- [ ] All manifests are schema-valid (GATE-02)
- [ ] Images: digest required, latest forbidden (GATE-04)
- [ ] Manifest diff attached to PR (GATE-05)
## Exposure
- [ ] Only the storefront and the checkout API are exposed (MEM-01)
- [ ] MySQL and Redis aren't reachable from the internet (MEM-02)
- [ ] NetworkPolicies deny everything unless allowed (MEM-03)
- [ ] Certificates by cert-manager for all hosts (MEM-07)
- [ ] no wildcard verbs in Roles (MEM-06)
## Wrap-up
- [ ] Team lunch (-)
- [ ] Tell the marketing department (-)
"""
#: Written after the words and weights were settled: what a stranger's README gets.
UNSEEN = """# Genomics platform
## Ready?
- [ ] at least one owner other than you approved (DOD-01)
- [ ] CI is green on the last commit (DOD-02)
- [ ] no secrets or internal endpoints sneaked in (DOD-03)
- [ ] the way back is described and was tried (DOD-04)
- [ ] on-call knows what to watch: panels, alarms (DOD-05)
## Keys and passwords
- [ ] repo is free of tokens, private keys and passwords (SEC-01)
- [ ] every secret lives in Azure Key Vault, not in git (SEC-02)
- [ ] one namespace's secrets are invisible to the others (SEC-03)
- [ ] key rotation happens quarterly and was rehearsed (SEC-04)
- [ ] we know what to do when a key leaks at 3 am (SEC-05)
## Workloads
- [ ] liveness + readiness (RAIL-02)
- [ ] requests/limits (RAIL-03)
- [ ] images by digest (RAIL-06)
- [ ] disruption budgets for the gateway (RAIL-04)
- [ ] volumes of the databases are backed up daily (RAIL-12)
## Patients' data
- [ ] nothing identifying in the logs (SEN-03)
- [ ] restricted cohorts aren't published (SEN-01)
- [ ] each release was approved by a steward (DAT-06)
- [ ] checksums of all files were compared (DAT-02)
- [ ] locations are blurred to a coarse grid (SEN-04)
"""


def strip(text: str) -> tuple[str, list[str]]:
    """The README without the answers, and the answers."""
    answer = re.compile(r" \(([A-Z]+-\d+|-)\)")
    return answer.sub("", text), answer.findall(text)


def answers(text: str) -> list[tuple[str, str, bool]]:
    """What is meant, what was proposed, and whether the proposal called itself ambiguous."""
    readme, wanted = strip(text)
    found = propose(parse_readme(readme), CATALOGUE)
    return [(want, p.id, p.ambiguous) for want, p in zip(wanted, found, strict=True)]


def test_the_governing_document() -> None:
    """Each checklist item and each metadata cell of the document itself gets its own row, without doubt."""
    if not SEED.exists():
        pytest.skip("the governing document is not beside this checkout")
    found = propose(parse_readme(SEED.read_text(encoding="utf-8")), CATALOGUE)
    assert [p.id for p in found if p.column is None] == SEED_ITEMS
    assert [p.id for p in found if p.column is not None] == SEED_CELLS
    assert not any(p.ambiguous for p in found)


@pytest.mark.parametrize("text", [STAGE, SHOP], ids=["stage", "shop"])
def test_other_words(text: str) -> None:
    """Other teams' words lead to the same rows, and what is no requirement gets none."""
    assert [(want, "-" if ambiguous else id) for want, id, ambiguous in answers(text)] == [
        (want, want) for want, _, _ in answers(text)
    ]


def test_unseen_words_are_right_or_doubtful() -> None:
    """On words that nobody tuned for most proposals are right, and hardly a confident one is wrong."""
    found = answers(UNSEEN)
    right = [want for want, id, ambiguous in found if want == id and not ambiguous]
    wrong = [(want, id) for want, id, ambiguous in found if want != id and not ambiguous]
    assert len(right) >= 12, found
    assert len(wrong) <= 2, wrong


def test_a_table_of_folders_is_no_table_of_fields() -> None:
    """``platform/`` says what belongs where; it is not the platform's name and version, written as code or not."""
    text = "# R\n## Layout\n| Folder | Holds |\n|---|---|\n| platform/ | the gateway |\n| apps/ | wiring |\n"
    assert propose(parse_readme(text), CATALOGUE) == []
    assert propose(parse_readme(text.replace("platform/", "Platform version").replace("apps/", "x")), CATALOGUE)


def test_write_binds_once() -> None:
    """Writing twice changes nothing more, and what was bound by hand stays."""
    readme, _ = strip(STAGE)
    by_hand = readme.replace("- [ ] no NodePorts", "- [ ] no NodePorts <!-- req: MEM-01 -->")
    once = write(by_hand, propose(parse_readme(by_hand), CATALOGUE))
    assert "- [ ] no NodePorts <!-- req: MEM-01 -->\n" in once
    assert "- [ ] Quotas on all namespaces <!-- req: RAIL-01 -->\n" in once
    assert "coffee machine is clean\n" in once
    assert write(once, propose(parse_readme(once), CATALOGUE)) == once
    assert [item.text for item in parse_readme(once).unbound] == ["The coffee machine is clean"]


def test_write_keeps_everything_else() -> None:
    """Line ends, several-line items and escaped bars survive; the comment stands behind the item's last line."""
    items = ["# T", "", "- [ ] Quotas on all", "  namespaces  ", ""]
    text = "\r\n".join([*items, "| Field | Value |", "|---|---|", "| Cluster name | a\\|b |", ""])
    written = write(text, propose(parse_readme(text), CATALOGUE))
    assert "- [ ] Quotas on all\r\n  namespaces <!-- req: RAIL-01 -->\r\n" in written
    assert "| Cluster name | a\\|b <!-- req: META-02 --> |\r\n" in written
    assert parse_readme(written).ids == {"RAIL-01", "META-02"}


def test_doubt_is_said() -> None:
    """A weak score, a near runner-up and nothing at all are ambiguous."""
    assert Proposal(1, 1, "x", "A-1", 0.9, (Runner("A-2", 0.88),)).ambiguous
    assert Proposal(1, 1, "x", "A-1", 0.3).ambiguous
    assert Proposal(1, 1, "x", "", 0.0).ambiguous
    assert not Proposal(1, 1, "x", "A-1", 0.9, (Runner("A-2", 0.5),)).ambiguous


def test_words() -> None:
    """Words are brought to a common form."""
    assert words_of("Secrets rotated") == words_of("password rotation")
    assert words_of("readinessProbe") == ["readiness", "prob"]


@settings(deadline=None)
@given(st.text(alphabet="-[] x|#\n<!>req:ABC01", max_size=80))
def test_any_text(text: str) -> None:
    """No text makes it fail, and writing stays idempotent."""
    once = write(text, propose(parse_readme(text), CATALOGUE))
    assert write(once, propose(parse_readme(once), CATALOGUE)) == once
