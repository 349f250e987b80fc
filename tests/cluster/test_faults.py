"""What goes wrong between a run and a real API server: each ends as not verified with its reason, and others still run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfm_checks.judged import Judged
from kfm_checks.live import client
from tests.cluster import small
from tests.cluster.controlplane import USERS, ControlPlane, control_plane
from tests.cluster.programs import missing
from tests.cluster.proxy import Fault, Proxy, proxy

pytestmark = pytest.mark.cluster
ADMIN, NOBODY = USERS["admin"][0], USERS["nobody"][0]
DRIFT, ENFORCED, ACCESS = "live-matches-render", "live-policies-are-enforced", "rbac-roles-are-separated-live"
WIDGET = "apiVersion: down.example.org/v1\nkind: Widget\nmetadata: {name: one, namespace: small}\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ControlPlane]:
    """An API server of this module's own, without controllers."""
    absent = missing()
    assert not absent, f"not built: {', '.join(absent)}"
    with control_plane(controllers=False) as plane:
        yield plane


@pytest.fixture(scope="module")
def overlay(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small overlay, applied."""
    folder = small.write(tmp_path_factory.mktemp("overlay"))
    small.apply(server, folder)
    return folder


@pytest.fixture
def between(server: ControlPlane) -> Iterator[Proxy]:
    """A proxy in front of the server."""
    with proxy(server.port, server.authority) as running:
        yield running


@pytest.fixture
def looked(server: ControlPlane, overlay: Path, between: Proxy, tmp_path: Path) -> Callable[..., Judged]:
    """A run through the proxy, in which these faults are met."""

    def look(*faults: Fault) -> Judged:
        between.faults[:] = faults
        return small.look(server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}, server=between.url), overlay)

    return look


def unread(judged: Judged) -> dict[str, str]:
    """Each kind that could not be read, and why."""
    return {str(one.kind): one.problem for one in judged.facts.inputs["seen"].listings if one.problem}


def no_row_is_wrong(judged: Judged) -> None:
    """Nothing broke, nothing reads as absence, and each message is one line."""
    assert "error" not in small.outcomes(judged).values()
    said = [text for result in judged.report.results for text in small.messages(judged, result.check)]
    assert not [text for text in said if "it is not in the cluster" in text or "\n" in text]


def test_without_a_fault_all_is_read(looked: Callable[..., Judged]) -> None:
    """The proxy itself changes nothing: what the tests below see comes from their faults."""
    judged = looked()
    assert unread(judged) == {}
    found = small.outcomes(judged)
    # Nothing in the small overlay refuses a pod with the tag `latest`: the check sees that.
    assert (found[DRIFT], found[ACCESS], found[ENFORCED]) == ("pass", "pass", "fail")


def test_a_reader_without_rights(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """Every list, dry run and review is forbidden: no row is judged, each says so, and nothing is taken for absent."""
    judged = small.look(server.write_kubeconfig(tmp_path / "config", {"nobody": NOBODY}), overlay)
    no_row_is_wrong(judged)
    found = small.outcomes(judged)
    assert {found[name] for name in (DRIFT, ENFORCED, ACCESS)} == {"not-verified"}
    for name in (DRIFT, ENFORCED, ACCESS):
        assert any("forbidden" in text and "nobody" in text for text in small.messages(judged, name)), name


def test_one_kind_is_forbidden(looked: Callable[..., Judged]) -> None:
    """Its objects are not verified, those of other kinds are compared."""
    judged = looked(Fault(r"GET \S*/services\?", 403, message="services is forbidden"))
    no_row_is_wrong(judged)
    assert set(unread(judged)) == {"Service"}
    texts = small.messages(judged, DRIFT)
    assert small.outcomes(judged)[DRIFT] == "not-verified"
    assert sum("it is as git says" in text for text in texts) == 5
    assert any("services could not be listed: forbidden: " in text for text in texts)


def test_a_resource_that_is_not_there_when_it_is_listed(looked: Callable[..., Judged]) -> None:
    """Discovery named it and the list is not found: that is no empty list."""
    judged = looked(Fault(r"GET \S*/configmaps\?", 404, message="the server could not find the requested resource"))
    no_row_is_wrong(judged)
    assert unread(judged) == {"ConfigMap": "not found"}
    assert any("configmaps could not be listed: not found" in text for text in small.messages(judged, DRIFT))
    assert small.outcomes(judged)[DRIFT] == "not-verified"


def test_a_kind_that_is_not_served(server: ControlPlane, tmp_path: Path) -> None:
    """Nothing of it can be there: the object is missing, in the server's own words; the others are compared."""
    folder = small.write(tmp_path / "overlay", WIDGET)
    judged = small.look(server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}), folder)
    assert small.outcomes(judged)[DRIFT] == "fail"
    texts = small.messages(judged, DRIFT)
    assert "it is not in the cluster (down.example.org/v1 Widget is not served)" in texts
    assert sum("it is as git says" in text for text in texts) == 6


def test_a_list_that_takes_too_long(looked: Callable[..., Judged], monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit ends it; the others are read."""
    monkeypatch.setattr(client, "READ", 1.0)
    judged = looked(Fault(r"GET \S*/services\?", delay=4))
    no_row_is_wrong(judged)
    assert unread(judged) == {"Service": "the server did not answer within 1 s"}
    assert small.outcomes(judged)[DRIFT] == "not-verified"


def test_dry_runs_that_take_too_long(looked: Callable[..., Judged], monkeypatch: pytest.MonkeyPatch) -> None:
    """The fields that git gives are compared instead, and the evidence says which way it was."""
    monkeypatch.setattr(client, "READ", 1.0)
    judged = looked(Fault("PATCH ", delay=4))
    no_row_is_wrong(judged)
    assert small.outcomes(judged)[DRIFT] == "pass"
    assert any("by the fields that git gives" in text for text in small.messages(judged, DRIFT))


def test_a_busy_server_is_asked_again(looked: Callable[..., Judged], between: Proxy) -> None:
    """429 with Retry-After, twice: then it answers, and nothing is missing."""
    judged = looked(Fault(r"GET \S*/services\?", 429, {"Retry-After": "0.2"}, times=2))
    assert unread(judged) == {}
    assert small.outcomes(judged)[DRIFT] == "pass"
    assert sum("/services?" in call for call in between.calls) == 3


@pytest.mark.parametrize("after", ["0.2", "3600", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "x"])
def test_a_server_that_stays_busy_is_given_up(looked: Callable[..., Judged], after: str, between: Proxy) -> None:
    """Within the bound of one call, whatever it asks for."""
    started = time.monotonic()
    judged = looked(Fault(r"GET \S*/services\?", 429, {"Retry-After": after}, "too many requests"))
    assert time.monotonic() - started < client.PATIENCE + 30
    no_row_is_wrong(judged)
    assert unread(judged) == {"Service": "the server asks for patience (429): too many requests"}
    assert sum("/services?" in call for call in between.calls) <= client.TRIES


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(r"GET \S*/services\?", 500, message="etcdserver: no\nleader"), "the server answered 500: etcdserver: no leader"),
        (Fault(r"GET \S*/services\?", cut=True), "the connection was cut"),
        (Fault(r"GET \S*/services\?", 410, message="too old"), "the list expired while it was read (410): too old"),
        (Fault(r"GET \S*/services\?", 403, message="no\x1b[31m\u2028\r\nnot-met"), r"forbidden: no\x1b[31m not-met"),
    ],
    ids=["500", "cut", "410", "hostile"],
)  # fmt: skip
def test_one_list_fails(looked: Callable[..., Judged], fault: Fault, says: str) -> None:
    """Its kind alone is not verified, with the reason in one line."""
    judged = looked(fault)
    no_row_is_wrong(judged)
    assert unread(judged) == {"Service": says}
    assert small.outcomes(judged)[DRIFT] == "not-verified"
    assert small.outcomes(judged)[ACCESS] == "pass"


def test_a_list_that_expires_once_is_read_again(
    looked: Callable[..., Judged], between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages: from the start again, and nothing is missing or twice there."""
    monkeypatch.setattr("kfm_checks.live.listing.PAGE", 2)
    judged = looked(Fault(r"GET \S*/clusterroles\?\S*continue=", 410, times=1))
    assert unread(judged) == {}
    read = [one for one in judged.facts.inputs["seen"].listings if one.kind.kind == "ClusterRole"]
    names = [obj.key.name for one in read for obj in one.objects]
    assert len(names) == len(set(names)) > 50
    firsts = [call for call in between.calls if "/clusterroles?" in call and "continue=" not in call]
    assert len(firsts) == 2


def test_a_list_that_expires_twice_is_a_problem(
    looked: Callable[..., Judged], between: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a list is never taken for the whole."""
    monkeypatch.setattr("kfm_checks.live.listing.PAGE", 2)
    judged = looked(Fault(r"GET \S*/clusterroles\?\S*continue=", 410, message="expired"))
    assert unread(judged) == {
        "ClusterRole.rbac.authorization.k8s.io": "the list expired while it was read (410): expired"
    }
    assert sum("/clusterroles?" in call for call in between.calls) == 4


def test_an_expired_token(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """No row is judged, and the reason says what to renew; the token is in no message."""
    judged = small.look(server.write_kubeconfig(tmp_path / "config", {"old": "token-that-expired"}), overlay)
    unreached(judged, "the token was refused (401)")
    assert "token-that-expired" not in repr(judged.report)


def test_a_token_that_expires_in_the_middle(looked: Callable[..., Judged]) -> None:
    """What was read before counts, what was asked after is not verified."""
    judged = looked(Fault("(PATCH|POST) ", 401))
    no_row_is_wrong(judged)
    found = small.outcomes(judged)
    assert (found[DRIFT], found[ENFORCED], found[ACCESS]) == ("pass", "not-verified", "not-verified")


def unreached(judged: Judged, why: str) -> None:
    """Every live row says the reason, none is judged."""
    no_row_is_wrong(judged)
    for name in (DRIFT, ENFORCED, ACCESS):
        result = judged.report.result(name)
        assert (result.outcome, result.reason) == ("not-verified", f"the cluster could not be read: {why}")


def test_a_certificate_of_another_authority(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """It is not trusted, and no token is sent."""
    from tests.live.certificates import make

    other = make(tmp_path, "other").certificate
    config = server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}, authority=other)
    unreached(small.look(config, overlay), "the server's certificate is not trusted")


def test_nobody_listens(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """A wrong address."""
    config = server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}, server="http://127.0.0.1:1")
    unreached(small.look(config, overlay), "the server can't be reached")


def test_an_aggregated_api_that_is_down(server: ControlPlane, overlay: Path, tmp_path: Path) -> None:
    """Only the kinds of its group are not verified: they may be there."""
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    spec = {
        "group": "down.example.org", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15,
        "insecureSkipTLSVerify": True, "service": {"name": "nowhere", "namespace": "small"},
    }  # fmt: skip
    body = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.down.example.org"}}  # fmt: skip
    assert server.request("POST", path, {**body, "spec": spec})[0] == 201
    folder = small.write(tmp_path / "overlay", WIDGET)
    try:
        server.wait("the group", lambda: "down.example.org" in str(server.request("GET", "/apis")[1]))
        judged = small.look(server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}), folder)
    finally:
        server.request("DELETE", f"{path}/v1.down.example.org")
    no_row_is_wrong(judged)
    assert unread(judged) == {"Widget.down.example.org": "its API server does not answer"}
    assert small.outcomes(judged)[DRIFT] == "not-verified"
    assert sum("it is as git says" in text for text in small.messages(judged, DRIFT)) == 6


def test_the_namespace_is_not_there(server: ControlPlane, tmp_path: Path) -> None:
    """Nothing can be tried in it, and the message names it; its objects are missing, since the lists were read."""
    folder = small.write(tmp_path / "overlay", name="absent")
    judged = small.look(server.write_kubeconfig(tmp_path / "config", {"admin": ADMIN}), folder)
    [tried, *_] = [text for text in small.messages(judged, ENFORCED) if "was not tried" in text]
    assert tried.endswith("was not tried: the namespace absent is not in the cluster")
    assert small.outcomes(judged)[ENFORCED] == "not-verified"
    assert small.outcomes(judged)[DRIFT] == "fail"
