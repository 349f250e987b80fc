"""Others' verdicts on RBAC and service account tokens: which cases bear on which row, and that none disagrees for us.

Which cases bear on which row, and why, is written out in ``docs/agreement/rbac.md``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kfm_checks import load_manifests
from kfm_checks.config import parse_settings
from kfm_checks.facts.access import Access, Request, access
from kfm_checks.facts.objects import Inventory, inventory
from kfm_checks.run import check_objects

#: Somebody is declared, so that everybody else is known not to be a platform operator.
CONFIG = parse_settings({"personas": {"platform-operator": ["Group:platform-operators"]}}).config
#: Verbs that their rule for cluster-admin lists.
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
RBAC = "rbac.authorization.k8s.io"


def cases(corpora: Path, *topics: str) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Cases of the topics with their objects."""
    for corpus in sorted(corpora.glob("*.jsonl")):
        for line in corpus.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if {case["maps_to"], *(case.get("also") or [])} & set(topics) and (corpora / case["path"]).exists():
                yield case, list(load_manifests(corpora / case["path"]))


def bindings(objects: Inventory) -> list[Any]:
    """Every binding."""
    return [*objects.of("RoleBinding", RBAC), *objects.of("ClusterRoleBinding", RBAC)]


def facet(rule: str, found: Access) -> bool:
    """What a rule of theirs asks, answered by the permissions computed: True is what their rule fails."""
    grants = [(grant.subject, grant.namespace) for grant in found.grants]
    if "PodExecAttach" in rule:
        wanted = [Request(verb, "", f"pods/{way}") for verb in ("get", "create") for way in ("exec", "attach")]
        return any(found.allows(who, request, where) for who, where in grants for request in wanted)
    everything = [Request(verb, "any.example", "anything") for verb in VERBS]
    return any(all(found.allows(who, request, where) for request in everything) for who, where in grants)


def bearing(case: dict[str, Any], objects: Inventory, found: Access) -> str:
    """Whether a case of Polaris bears on a grant at all: "" where it does, else why not."""
    if not bindings(objects):
        return "no binding: a role alone grants nobody anything"
    if any(grant.rules is None for grant in found.grants):
        return "the role bound is not in the case"
    exempt = ("system:", "gce:podsecuritypolicy:calico-sa")
    if case["expect"] == "pass" and any(
        b.key.name.startswith(exempt) or b.key.name == "cluster-admin" for b in bindings(objects)
    ):
        return "exempt by the name of the binding"
    return ""


def test_permissions_agree_with_polaris(corpora: Path) -> None:
    """Each rule of Polaris, answered from the permissions computed, on every case in which something is granted."""
    counted: Counter[str] = Counter()
    for case, raw in cases(corpora, "rbac"):
        if not case["id"].startswith("polaris/"):
            continue
        objects = inventory(raw)
        found = access(objects)
        why = bearing(case, objects, found)
        counted[why or "bears"] += 1
        if why:
            continue
        rule = case["rule"]
        # Their rules for one kind of binding pass whatever another kind of binding in the same file grants.
        kind = "ClusterRoleBinding" if rule.startswith("clusterrolebinding") else "RoleBinding"
        role = (
            "Role"
            if (rule.endswith("Role") and "ClusterRole" not in rule) or rule.startswith("rolebindingRole")
            else "ClusterRole"
        )
        grants = tuple(g for g in found.grants if g.binding.key.kind == kind and g.role_kind == role)
        assert facet(rule, Access(grants, found.roles)) is (case["expect"] == "fail"), case["id"]
    assert counted == {
        "bears": 79,
        "no binding: a role alone grants nobody anything": 34,
        "the role bound is not in the case": 3,
        "exempt by the name of the binding": 14,
    }


def test_what_others_fail_is_not_met(corpora: Path) -> None:
    """MEM-06 asks more than each of their rules: what is granted and fails there, fails here; none crashes."""
    for case, raw in cases(corpora, "rbac"):
        result = check_objects(raw, only=["rbac-has-no-escalation"], config=CONFIG).result("rbac-has-no-escalation")
        assert result.outcome != "error", case["id"]
        objects = inventory(raw)
        if case["expect"] == "fail" and case["control"] == "rbac" and not bearing(case, objects, access(objects)):
            assert result.outcome == "fail", case["id"]


def test_tokens_agree(corpora: Path) -> None:
    """RAIL-11 on every case with a pod; a ServiceAccount alone mounts nothing; one case is about another namespace."""
    theirs = []
    for case, raw in cases(corpora, "sa_automount"):
        result = check_objects(raw, only=["service-account-tokens-are-needed"]).result(
            "service-account-tokens-are-needed"
        )
        if all(obj["kind"] == "ServiceAccount" for obj in raw):
            assert result.outcome == "not-applicable", case["id"]
        elif (result.outcome == "fail") is not (case["expect"] == "fail"):
            theirs.append(case["id"])
    assert theirs == ["trivy-checks/protecting_pod_service_account_tokens/good0"]


def test_default_service_account_bindings_agree(corpora: Path) -> None:
    """Regula's rule is the second half of RAIL-11."""
    for case, raw in cases(corpora, "rbac"):
        if case["control"] == "default-sa":
            result = check_objects(raw, only=["service-account-tokens-are-needed"]).result(
                "service-account-tokens-are-needed"
            )
            assert (result.outcome == "fail") is (case["expect"] == "fail"), case["id"]
