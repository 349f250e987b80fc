"""The account of the run in the cluster: its roles grant exactly what that run asks for, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from kfm_checks.admission.resources import pluralised
from kfm_checks.exports.openreports import stored
from kfm_checks.facts.access import Access, Request
from kfm_checks.facts.live import namespaces_of
from kfm_checks.judged import Judged
from kfm_checks.live.listing import wanted_kinds
from kfm_checks.live.reports import KIND
from kfm_checks.run import Options, judge
from tests.conftest import AS_OF, ROOT

ACCOUNT = "ServiceAccount:kfm-conformance/kfm-conformance"
Permission = tuple[str, str, str, str, str]


@cache
def judged() -> Judged:
    """The shipped overlay."""
    return judge(ROOT / "infra/clusters/prod", Options(as_of=AS_OF, only=("GATE-01",)))


def granted() -> set[Permission]:
    """(namespace, group, resource, name, verb) that the account's bindings grant, by its own name alone."""
    access: Access = judged().facts.get("access")
    return {
        (grant.namespace, one.api_group, one.resource, one.resource_name, one.verb)
        for grant in access.grants
        if grant.subject == ACCOUNT
        for rule in grant.rules or ()
        for one in rule.tuples(urls=not grant.namespace)
    }


def asked() -> Iterator[Permission]:
    """The same of what the run asks for: a list of each kind in all namespaces, and one report."""
    for group, kind, _ in wanted_kinds(judged().objects, in_cluster=True):
        yield "", group, pluralised(kind), "", "list"
    [report] = stored([judged().report])
    for verb in ("create", "patch"):  # a server-side apply of a new object is authorised as both, by its name
        yield "", KIND.group, KIND.resource, report["metadata"]["name"], verb


def test_each_permission_is_asked_for_and_none_is_missing() -> None:
    """Neither more nor less: a kind that the client learns to list, or no longer lists, has to change the roles."""
    assert granted() == set(asked())


def test_the_account_reads_no_secret_and_no_pod_holds_its_token_but_one() -> None:
    """No Secrets in any namespace, no write beside the report, and one workload runs as it."""
    access: Access = judged().facts.get("access")
    for namespace in ("", *namespaces_of(judged().facts.get("inventory"))):
        for verb in ("get", "list", "watch"):
            assert not access.allows(ACCOUNT, Request(verb, "", "secrets"), namespace)
    assert {verb for *_, verb in granted()} == {"list", "create", "patch"}
    runs = [w for w in judged().facts.get("workloads") if (w.namespace, w.service_account) == ("kfm-conformance",) * 2]
    assert [run.id for run in runs] == ["kfm-conformance/CronJob/kfm-conformance"]


def test_the_container_that_clones_holds_no_token() -> None:
    """The token lies in a volume that one container mounts, where the client looks for it."""
    [run] = [w for w in judged().facts.get("workloads") if w.namespace == "kfm-conformance"]
    spec = run.spec
    assert spec["automountServiceAccountToken"] is False
    [volume] = [v["name"] for v in spec["volumes"] if "projected" in v]
    mounts = {
        c["name"]: [m["mountPath"] for m in c["volumeMounts"] if m["name"] == volume]
        for c in (*spec["initContainers"], *spec["containers"])
    }
    assert mounts == {"repository": [], "kfm-conformance": ["/var/run/secrets/kubernetes.io/serviceaccount"]}


def test_the_command_is_one_that_exists() -> None:
    """Each option of the CronJob's command is one that `check` takes."""
    import click

    from kfm_checks.cli import cli

    [run] = [w for w in judged().facts.get("workloads") if w.namespace == "kfm-conformance"]
    [container] = run.spec["containers"]
    command, _, *options = container["args"]
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    known = {name for each in found.params for name in each.opts}
    assert {option.partition("=")[0] for option in options} <= known
