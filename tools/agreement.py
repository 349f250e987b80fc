"""Write docs/agreement/index.md: others' verdicts against ours, case by case, as they come out now.

``python tools/agreement.py`` prints the page; ``--write`` writes it. It needs ``../shared/corpora``. Which case bears
on which row is said on the page of each topic; what is counted here is only what the comparison gives.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kfm_checks import load_manifests  # noqa: E402
from kfm_checks.facts.access import Access, access  # noqa: E402
from kfm_checks.facts.ciphertext import sops_claims  # noqa: E402
from kfm_checks.facts.objects import inventory  # noqa: E402
from kfm_checks.facts.secrets import file_credentials, object_credentials  # noqa: E402
from kfm_checks.facts.tree import Tree  # noqa: E402
from kfm_checks.manifests import parse_manifests  # noqa: E402
from kfm_checks.run import check_objects  # noqa: E402
from tests import pods_corpora  # noqa: E402
from tests.admission import corpora as admission_corpora  # noqa: E402
from tests.checks import test_membrane_corpora as membrane  # noqa: E402
from tests.checks import test_secrets_corpora as secrets  # noqa: E402
from tests.facts import test_access_corpora as rbac  # noqa: E402
from tests.facts import test_network_corpora as netpol  # noqa: E402
from tests.facts import test_schemas_corpora as schema  # noqa: E402

CORPORA = ROOT.parent / "shared" / "corpora"
PAGE = ROOT / "docs" / "agreement" / "index.md"
AGREE, THEIRS, ASIDE, OPEN, OURS = "agree", "theirs", "set aside", "not evaluated", "ours"
COLUMNS = (AGREE, THEIRS, OPEN, ASIDE, OURS)
#: Topic of the corpora -> page, and the rows that its cases bear on.
TOPICS: dict[str, tuple[str, str]] = {
    "netpol": ("netpol", "MEM-03, MEM-04 (`reachability`)"),
    "ingress_route": ("netpol", "MEM-07"),
    "rbac": ("rbac", "MEM-06, RAIL-11 (`permissions`)"),
    "sa_automount": ("rbac", "RAIL-11"),
    "plaintext_secrets": ("secrets", "SEC-01"),
    "secret_recognition": ("secrets", "SEC-01, SEC-06"),
    "pss_baseline": ("pods", "RAIL-08"),
    "pss_restricted": ("pods", "RAIL-08"),
    "pss_namespace": ("pods", "RAIL-08"),
    "probes": ("pods", "RAIL-02"),
    "resources": ("pods", "RAIL-03"),
    "quota_limitrange": ("pods", "RAIL-01"),
    "image_latest": ("pods", "RAIL-06"),
    "image_pinning": ("pods", "RAIL-06"),
    "pdb_antiaffinity": ("pods", "RAIL-04, RAIL-05"),
    "gitops_sync": ("", "GIT-02"),
    "schema": ("schema", "GATE-02"),
    "vap_cel": ("admission", "RAIL-09"),
    "kyverno": ("admission", "RAIL-09"),
}


@dataclass(frozen=True)
class Found:
    """What became of one case."""

    id: str
    topic: str
    what: str


def read(corpus: str) -> list[dict[str, Any]]:
    """The cases of one corpus."""
    return [json.loads(line) for line in (CORPORA / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines()]


def every() -> list[dict[str, Any]]:
    """Every case of every corpus, in order."""
    return [case for path in sorted(CORPORA.glob("*.jsonl")) for case in read(path.stem)]


def topics() -> dict[str, str]:
    """The topic of each case."""
    return {case["id"]: case["maps_to"] for case in every()}


def verdict(ok: bool, id: str, theirs: frozenset[str] | set[str]) -> str:
    """Agreement, or whose the difference is: one that no page explains is ours."""
    return AGREE if ok else THEIRS if id in theirs else OURS


def pods() -> Iterator[Found]:
    """Pods, images, resources, availability."""
    compared = {found.id: found for found in pods_corpora.compare(CORPORA)}
    for case in every():
        if case["maps_to"] in pods_corpora.JUDGES:
            found = compared.get(case["id"])
            what = verdict(found.ours == found.theirs, found.id, set(pods_corpora.THEIRS)) if found else ASIDE
            yield Found(case["id"], case["maps_to"], what)


def network() -> Iterator[Found]:
    """Reachability, default deny, and TLS of an Ingress."""
    wrong = set(netpol.disagreeing())
    yield from (
        Found(c["id"], "netpol", verdict(c["id"] not in wrong, c["id"], set())) for c in read("netpol-analyzer")
    )
    for corpus in ("polaris", "kubescape", "trivy-checks"):
        for case in membrane.cases(CORPORA, corpus):
            ours = membrane.outcome(membrane.objects(CORPORA / case["path"]))
            what = (
                ASIDE if ours == "not-applicable" else verdict(ours == case["expect"], case["id"], set(membrane.DIFFER))
            )
            yield Found(case["id"], "netpol", what)
    for case in every():
        if case["maps_to"] == "ingress_route":
            found = load_manifests(CORPORA / case["path"])
            ours = check_objects(found, only=["public-hosts-use-tls"]).result("public-hosts-use-tls").outcome
            yield Found(case["id"], "ingress_route", verdict(ours == case["expect"], case["id"], set(membrane.DIFFER)))


def roles() -> Iterator[Found]:
    """RBAC: Polaris' rules by the permissions computed, Regula's by the check."""
    for case, raw in rbac.cases(CORPORA, "rbac"):
        if case["maps_to"] == "rbac":
            yield Found(case["id"], "rbac", _role(case, raw))
    for case, raw in rbac.cases(CORPORA, "sa_automount"):
        if case["maps_to"] == "sa_automount":
            ours = check_objects(raw, only=["service-account-tokens-are-needed"]).results[0].outcome
            alone = all(obj["kind"] == "ServiceAccount" for obj in raw)
            theirs = {"trivy-checks/protecting_pod_service_account_tokens/good0"}
            what = ASIDE if alone else verdict((ours == "fail") == (case["expect"] == "fail"), case["id"], theirs)
            yield Found(case["id"], "sa_automount", what)


def _role(case: dict[str, Any], raw: list[Any]) -> str:
    objects = inventory(raw)
    found, failing = access(objects), case["expect"] == "fail"
    if case["control"] == "default-sa":
        ours = check_objects(raw, only=["service-account-tokens-are-needed"]).results[0].outcome
        return verdict((ours == "fail") == failing, case["id"], set())
    if rbac.bearing(case, objects, found):
        return ASIDE
    if not case["id"].startswith("polaris/"):
        name = "rbac-has-no-escalation"
        ours = check_objects(raw, only=[name], config=rbac.CONFIG).result(name).outcome
        return verdict((ours == "fail") == failing, case["id"], set())
    rule = case["rule"]
    kind = "ClusterRoleBinding" if rule.startswith("clusterrolebinding") else "RoleBinding"
    role = (
        "Role"
        if (rule.endswith("Role") and "ClusterRole" not in rule) or rule.startswith("rolebindingRole")
        else "ClusterRole"
    )
    grants = tuple(g for g in found.grants if g.binding.key.kind == kind and g.role_kind == role)
    return verdict(rbac.facet(rule, Access(grants, found.roles)) == failing, case["id"], set())


def credentials() -> Iterator[Found]:
    """Credentials in plain text, and references that are none."""
    for case in every():
        if case["maps_to"] in ("plaintext_secrets", "secret_recognition"):
            path = CORPORA / case["path"]
            if path.is_dir():
                tree = Tree(path, CORPORA)
                bad = any(exposures for _, exposures in file_credentials(tree).looked_at)
                bad = bad or any(claim.faults for claim in sops_claims(tree))
            else:
                objects = inventory(parse_manifests(path.read_text(encoding="utf-8")))
                bad = any(exposures for _, exposures in object_credentials(objects).looked_at)
            yield Found(
                case["id"], case["maps_to"], verdict(bad == (case["expect"] == "fail"), case["id"], secrets.THEIRS)
            )


def gitops() -> Iterator[Found]:
    """Flux Kustomizations of reference repositories: does the object that the case names prune."""
    for case in read("gitops"):
        wanted = {(item["kind"], item["name"]) for item in case["objects"]}
        objects = [
            obj for obj in load_manifests(CORPORA / case["path"]) if (obj["kind"], obj["metadata"]["name"]) in wanted
        ]
        name = "reconciliation-self-heals"
        ours = check_objects(objects, only=[name]).result(name).outcome
        yield Found(case["id"], "gitops_sync", verdict(ours == case["expect"], case["id"], set()))


def schemas() -> Iterator[Found]:
    """The fixtures of kubeconform."""
    for case in read("kubeconform"):
        ours = schema.verdict(CORPORA / case["path"])
        yield Found(case["id"], "schema", verdict(ours == case["expect"], case["id"], set(schema.OTHERWISE)))


def policies() -> Iterator[Found]:
    """Admission policies."""
    known = topics()
    for case in admission_corpora.compare(CORPORA):
        what = verdict(case.ours == case.expected, case.id, set()) if case.evaluated else OPEN
        yield Found(case.id, known[case.id], what)


def compare() -> list[Found]:
    """Every case of the topics above, by id."""
    made = (pods, network, roles, credentials, gitops, schemas, policies)
    return sorted((found for one in made for found in one()), key=lambda found: (found.topic, found.id))


def page(found: list[Found]) -> str:
    """The page, with the figures of this run."""
    total = Counter(one.what for one in found)
    lines = []
    for topic, (name, rows) in TOPICS.items():
        count = Counter(one.what for one in found if one.topic == topic)
        link = f"[{topic}]({name}.md)" if name else topic
        lines.append(f"| {link} | {rows} | {sum(count.values())} | {' | '.join(str(count[c]) for c in COLUMNS)} |")
    lines.append(f"| **all** | | **{len(found)}** | {' | '.join(f'**{total[c]}**' for c in COLUMNS)} |")
    left = Counter(case["maps_to"] for case in every() if case["maps_to"] not in TOPICS)
    other = ", ".join(f"{name} ({count})" for name, count in sorted(left.items()))
    both = total[AGREE] + total[THEIRS] + total[OURS]
    figures = {"compared": both, "agree": total[AGREE], "theirs": total[THEIRS], "ours": total[OURS]}
    return HEAD + "\n".join(lines) + "\n" + TAIL.format(other=other or "none", **figures)


HEAD = """# Agreement with others' verdicts

<!-- Made by tools/agreement.py; tests/test_agreement.py keeps it true where the corpora are present. -->

The test suites of other projects hold cases with verdicts that nobody here wrote. They are read from
`../shared/corpora`, never copied. This table is what one run of `tools/agreement.py` gives; the page of each topic says
which cases bear on which row, and why each difference is whose.

| topic | row | cases | agree | differ: theirs | not evaluated | set aside | differ: ours |
|---|---|---|---|---|---|---|---|
"""
TAIL = """
Of the {compared} cases in which both sides give a verdict on the same question, {agree} agree and {theirs} differ in a
way that Kubernetes' documentation decides for us; {ours} differ in a way that is ours to mend. None crashes.

- **Theirs**: each such case stands on its topic's page, with the place in Kubernetes' documentation.
- **Not evaluated**: we say so in a run too, and the row is then *not verified*; never counted as agreement.
- **Set aside**: their rule asks what the row doesn't, so that there is nothing to compare: a Role that nobody is bound
  to, a ServiceAccount that no pod uses, a namespace without workloads, a range that only their project knows. The
  choice was made by what a rule asks; for pods it was sharpened for some cases after their verdicts had been seen, and
  the page says for which.
- A case whose scope is *rule*, not *whole*, is compared with that one control, since our rows ask for more.
- Not in this table, since the rows on data are compared elsewhere: {other}.
"""


def main() -> None:
    """Print or write the page. Exit status 1 where a difference is ours."""
    if not CORPORA.is_dir():
        raise SystemExit("../shared/corpora is absent: nothing was compared")
    found = compare()
    text = page(found)
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    wrong = [one.id for one in found if one.what == OURS]
    if wrong:
        raise SystemExit("ours: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
