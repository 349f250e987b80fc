"""Which listeners of a Gateway a route is attached to."""

from __future__ import annotations

from typing import Any

import pytest

from kfm_checks.facts.network.entries_gateway import covers
from kfm_checks.run import check_objects
from tests.test_ordinary_cases import API, obj

LISTENERS = [
    {"name": "plain", "port": 80, "protocol": "HTTP"},
    {"name": "tls", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "tls"}]}},
]


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "A.B.Example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", ".example.org", False),
        ("*.example.org", "a.example.com", False),
        ("*.example.org", "xexample.org", False),
        ("*.example.org", "an-example.org", False),
        ("a.example.org", "A.example.org", True),
        ("a.example.org", "b.example.org", False),
    ],
)
def test_covers(pattern: str, host: str, covered: bool) -> None:
    """A wildcard stands for one label or more, whatever the case."""
    assert covers(pattern, host) is covered


@pytest.mark.parametrize(
    ("parent", "more", "outcome"),
    [
        ({}, {}, "fail"),  # attached to both, the plain one too
        ({"sectionName": "tls"}, {}, "pass"),
        ({"sectionName": "plain"}, {}, "fail"),
        ({"port": 443}, {}, "pass"),
        ({"port": 80}, {}, "fail"),
        ({}, {"hostname": "*.other.org"}, "not-applicable"),
        ({"port": 443}, {"hostname": "*.example.org"}, "pass"),
        ({}, {"allowedRoutes": {"kinds": [{"kind": "TCPRoute"}]}}, "not-applicable"),
        ({"port": 443}, {"allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}]}}, "pass"),
        ({"port": 443}, {"allowedRoutes": {"namespaces": {"from": "All"}}}, "pass"),
        ({"port": 443}, {"allowedRoutes": {"namespaces": {"from": "Selector"}}}, "not-applicable"),
    ],
)
def test_listeners(parent: dict[str, Any], more: dict[str, Any], outcome: str) -> None:
    """By name, by port, by host, by the kind and the namespace of the route: TLS is judged where it is attached."""
    api = "gateway.networking.k8s.io/v1"
    listeners = [{**listener, **more} for listener in LISTENERS]
    gateway = obj(api, "Gateway", "g", spec={"gatewayClassName": "x", "listeners": listeners})
    rules = [{"backendRefs": [{"name": "api", "port": 80}]}]
    refs = [{"name": "g", **parent}]
    route = obj(api, "HTTPRoute", "r", spec={"hostnames": ["a.example.org"], "parentRefs": refs, "rules": rules})
    assert check_objects([*API, gateway, route], only=["public-hosts-use-tls"]).results[0].outcome == outcome
